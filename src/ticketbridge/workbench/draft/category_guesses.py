"""Guesses of the access category and of the type of price of a ticket."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ticketbridge.workbench.draft.candidates import (
    Candidate,
    Guess,
    Scored,
    choose_best,
    make_todo,
    name_others,
    rate_sureness,
)
from ticketbridge.workbench.draft.noun_scores import (
    SHORT,
    are_distinct,
    explain_choice,
    score_nouns,
    weigh_noun,
)
from ticketbridge.workbench.draft.platform_words import ID_WORDS, make_singular
from ticketbridge.workbench.draft.vocabulary import OPTION, PLACES, PRICE_TYPE
from ticketbridge.workbench.personal.personal_kinds import word_set

_PLACE_WORDS = word_set(PLACES)
_SURE = 6.0

_NAMES = frozenset({"name", "title", "label", "nombre", "nome", "nom", "naam", "bezeichnung"})

_EVENTS = frozenset({"event", "evento", "show", "concert", "festival", "session", "veranstaltung"})


def guess_option(candidates: Sequence[Candidate], record: str) -> tuple[Guess, str]:
    """Return the guess of the access category, and its expression. The record's own id is excluded."""
    near_record = [c for c in candidates if c.depth == 0]
    first, near = choose_best(_score_options(near_record))
    if first is None:
        first, near = choose_best(_score_options(candidates), least=6.0)
    if first is None:
        return make_todo(f"which value of {record} is the id of its category or zone?"), ""
    found = first.candidate
    sure, why = rate_sureness(first, near), explain_choice(first) + name_others(near)
    if found.depth or found.joined or _is_of_event(found):
        # An option of the whole event is the same for each of its tickets.
        sure, why = "unsure", f"{why}; is it of the ticket, and not of what is around it?"
    return Guess(found.safe_text, sure, why), found.text


def _score_options(candidates: Sequence[Candidate]) -> Iterator[Scored]:
    """Yield how well each fits; a value that is different in each record is rather the ticket's own.

    A place comes before a type of ticket.
    """
    scored = list(score_nouns(candidates, OPTION))
    places = any(_is_place(one.candidate) and one.score >= _SURE for one in scored)
    for one in scored:
        if places and one.candidate.words[-2:] and _is_type(one.candidate):
            continue
        own = len(one.candidate.values) >= SHORT and are_distinct(one.candidate)
        yield Scored(one.score - (3.0 if own else 0.0), one.candidate)


def is_bare_section(candidates: Sequence[Candidate], text: str) -> bool:
    """Whether it is the name of a section, which says where a seat is rather than what it costs."""
    return any(c.text == text and c.words == ("section",) for c in candidates)


def _is_place(candidate: Candidate) -> bool:
    """Whether it is the id of a place, such as a zone."""
    words = candidate.words
    named = words[:-1] or candidate.above
    return words[-1] in ID_WORDS and not _PLACE_WORDS.isdisjoint(named[-1:])


def _is_type(candidate: Candidate) -> bool:
    """Whether it is of a type of ticket, such as adult or child."""
    words = candidate.words
    named = words[:-1] if words[-1] in ID_WORDS else words
    return (named or candidate.above)[-1:] in {("type",), ("class",)}


def guess_option_name(candidates: Sequence[Candidate]) -> Guess | None:
    """Return a name in place of an id, such as `ticket_name`; None if none names a category."""
    names = [
        c
        for c in candidates
        if c.words and c.words[-1] in _NAMES and not c.depth and not c.joined and _are_classes(c)
    ]
    first, _ = choose_best(_score_names(names), least=5.0)
    if first is None:
        return None
    why = f"{explain_choice(first)}; no id of a category is here: is the name always the same?"
    return Guess(first.candidate.safe_text, "unsure", why)


def _score_names(candidates: Sequence[Candidate]) -> Iterator[Scored]:
    for c in candidates:
        words = c.words[:-1] or tuple(make_singular("_".join(c.above)).split("_"))
        yield Scored(weigh_noun(words, OPTION), c)


def _are_classes(candidate: Candidate) -> bool:
    """Whether the values are texts that some of the records share, and not all."""
    texts = bool(candidate.given) and all(isinstance(v, str) and v for v in candidate.given)
    return texts and 1 < len(set(candidate.given)) < len(candidate.values)


def _is_of_event(candidate: Candidate) -> bool:
    around = {*candidate.above, *candidate.words} if candidate.nested > 1 else set(candidate.words)
    return not _EVENTS.isdisjoint(around)


def guess_price_type(candidates: Sequence[Candidate]) -> Guess | None:
    own = [c for c in candidates if c.depth == 0 and not c.joined]
    first, near = choose_best(score_nouns(own, PRICE_TYPE), least=6.5)
    if first is None:
        return None
    text = first.candidate.safe_text
    if 0 in first.candidate.given:
        text = f"null_if({text}, `0`)"
    return Guess(text, rate_sureness(first, near), explain_choice(first) + name_others(near))
