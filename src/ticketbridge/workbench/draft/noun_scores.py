"""How well the words of a key fit a noun: `event_id`, `event.id`, or `event` alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ticketbridge.engine.tickets.fields import table_key
from ticketbridge.workbench.draft.candidates import Candidate, Scored, is_link
from ticketbridge.workbench.draft.platform_words import ID_WORDS, make_singular
from ticketbridge.workbench.draft.vocabulary import Nouns

SHORT = 3
"""A value of fewer characters is different in each record by chance."""

_OF = frozenset({"order", "booking", "pedido"})
"""Words before others that say no more than where a value comes from: `order_session`."""


def score_nouns(candidates: Sequence[Candidate], nouns: Nouns) -> Iterator[Scored]:
    for candidate in candidates:
        score = measure_fit(candidate, nouns)
        if score > 0:
            partial = 0.5 if candidate.is_partial else 0.0
            joined = 1.5 if candidate.joined else 0.0
            outer = 0.2 * candidate.depth + 0.2 * max(0, candidate.nested - 1)
            link = 1.0 if is_link(candidate) else 0.0
            yield Scored(score - partial - joined - outer - link, candidate)


def measure_fit(candidate: Candidate, nouns: Nouns) -> float:
    """Return how well the words of a key fit *nouns*: `event_id`, `event.id`, or `event` alone."""
    words = candidate.words
    if len(words) > 1 and words[0] in _OF:
        words = words[1:]
    if not words:
        return 0.0
    cost = ID_WORDS.get(words[-1])
    if cost is not None and len(words) > 1:
        singular = tuple(make_singular("_".join(words[:-1])).split("_"))
        return max(weigh_noun(words[:-1], nouns), weigh_noun(singular, nouns)) - cost
    if cost is not None:
        above = weigh_noun(tuple(make_singular("_".join(candidate.above)).split("_")), nouns)
        return above - 0.5 - cost if above else 0.0
    # `tier_id` before `price_category`: several words without one for an id describe rather.
    return weigh_noun(words, nouns, whole=True) - (1.6 if len(words) > 1 else 1.0)


def weigh_noun(
    words: tuple[str, ...], nouns: Nouns, *, whole: bool = False, least: float = 0.0
) -> float:
    """Return the weight of the noun that *words* end with, a little less if they say more."""
    found = [
        weight - (0.0 if len(noun) == len(words) else 1.0)
        for noun, weight in nouns.items()
        if words[-len(noun) :] == noun and (not whole or len(words) == len(noun))
    ]
    return max(found, default=0.0) if max(found, default=0.0) >= least else 0.0


def explain_choice(scored: Scored) -> str:
    """Return why a candidate was taken."""
    candidate = scored.candidate
    where = f", found {candidate.joined}" if candidate.joined else ""
    return f"by the name `{candidate.label}`{where}"


def are_distinct(candidate: Candidate) -> bool:
    return len({table_key(value) for value in candidate.values}) == len(candidate.values)
