"""Guesses of the owner, the buyer and the seat."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from ticketbridge.workbench.draft.candidates import (
    Candidate,
    Guess,
    Scored,
    Sureness,
    choose_best,
    make_todo,
    name_others,
)
from ticketbridge.workbench.draft.platform_words import is_bad_trace, split_key
from ticketbridge.workbench.draft.vocabulary import DOORS, ROWS, SEATS, SECTIONS
from ticketbridge.workbench.personal.personal_kinds import is_about_person, word_set

_EMAIL = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")
_PLAIN_EMAILS = {("email",), ("mail",)}
_OWNERS = word_set(
    "owner holder ticketholder propietario titular besitzer inhaber proprietaire titulaire proprietario"
    " titolare eigenaar houder"
)
_OF_OTHERS = word_set(
    "event show venue organizer organiser organisation organization shop account card cardholder company list"
    " previous original former old first anterior next new"
)
_BY_NAME = 12.0
"""More than any other reason: even where nobody in the samples is the asked user."""
_BUYER = ("buyer", "purchaser", "comprador", "bought", "purchased")


def guess_owner(candidates: Sequence[Candidate], user: str | None) -> Guess:
    """Return the expression whose value must be the asked user.

    An address that is called the owner's comes before any other: after a transfer the buyer has another.
    """
    first, near = choose_best(
        [Scored(_score_owner(c, user), c) for c in candidates if _is_email(c)], least=1.0
    )
    if first is None:
        why = "no value is an e-mail address; `owner: upstream` where the request alone sees to it"
        return make_todo(why)
    found = first.candidate
    matching = _count_matching(found, user)
    if user is None:
        why = "e-mail addresses; give --user to see whose they are"
    elif matching == len(found.values):
        why = "the asked user in all records"
    else:
        why = f"the asked user in {matching} of {len(found.values)} records"
    other = _find_other_person(candidates, found)
    if other is not None:
        why = f"{why}, by its name; TODO: `{other.text}` is somebody else: is that the buyer alone?"
        return Guess(_write_owner(found, other), "unsure", why)
    sure: Sureness = "likely" if user is not None and matching and not near else "unsure"
    return Guess(found.safe_text, sure, why + name_others(near))


def _find_other_person(candidates: Sequence[Candidate], owner: Candidate) -> Candidate | None:
    """Return the address beside one that is called the owner's, if it is somebody else's in a record."""
    if not _is_called_owner(owner):
        return None
    others = [
        c
        for c in candidates
        if _is_email(c) and not c.joined and not _is_called_owner(c) and not _is_trace(c)
    ]
    owners = [*map(_fold, owner.values)]
    differing = [c for c in others if [*map(_fold, c.values)] != owners]
    return min(differing, key=lambda c: (c.words not in _PLAIN_EMAILS, c.depth), default=None)


def _is_trace(candidate: Candidate) -> bool:
    """Whether it is there once something happened: `transferred_to.email`."""
    return any(is_bad_trace(tuple(split_key(key))) for key in candidate.place[1:])


def _write_owner(owner: Candidate, other: Candidate) -> str:
    """Return the owner, or the other one as long as the record names no owner."""
    text = f"null_if({owner.safe_text}, '')" if "" in owner.given else owner.safe_text
    is_partial = owner.is_partial or "" in owner.given
    return f"default({text}, {other.safe_text})" if is_partial else text


def guess_buyer(candidates: Sequence[Candidate], owner: Guess) -> Guess | None:
    """Return the original purchaser's address, by its name, or as another than the owner's; else the owner's.

    None if that is open.
    """
    named = [
        c for c in candidates if _is_email(c) and (c.mean(*_BUYER) or set(_BUYER) & set(c.above))
    ]
    if named:
        return Guess(named[0].safe_text, "likely", "by its name")
    if owner.is_open:
        return None
    owners = [c for c in candidates if c.text in owner.text and _is_called_owner(c)]
    other = _find_other_person(candidates, owners[0]) if owners else None
    if other is not None:
        return Guess(other.safe_text, "unsure", "not the owner, by the name of the other")
    return Guess(owner.text, "unsure", "the owner, as long as nobody passed the ticket on")


def _fold(value: object) -> str | None:
    return value.casefold() if isinstance(value, str) else None


def _is_called_owner(candidate: Candidate) -> bool:
    """Whether its name says that it is the owner's, of the ticket and of nothing else."""
    words = {word for key in candidate.place[1:] for word in split_key(key)}
    return not _OWNERS.isdisjoint(words) and _OF_OTHERS.isdisjoint(words)


def _is_email(candidate: Candidate) -> bool:
    given = [value for value in candidate.given if value != ""]
    return bool(given) and all(isinstance(v, str) and _EMAIL.fullmatch(v) for v in given)


def _score_owner(candidate: Candidate, user: str | None) -> float:
    """Return a score. The order's address comes before the attendee's: who bought it may sell it."""
    score = 5.0 + 1.2 * min(candidate.depth, 2) - 1.2 * max(0, candidate.nested - 1)
    if user is not None:
        score += 3.0 if _count_matching(candidate, user) else -3.0
    if _is_called_owner(candidate):
        return score + _BY_NAME
    if candidate.words not in _PLAIN_EMAILS and not is_about_person("_".join(candidate.above)):
        score -= 1.0
    if "attendee" in (*candidate.words, *(candidate.above if candidate.nested > 1 else ())):
        score -= 1.5
    return score - (1.5 if candidate.joined else 0.0)


def _count_matching(candidate: Candidate, user: str | None) -> int:
    folded = (user or "").casefold()
    return sum(isinstance(v, str) and v.casefold() == folded for v in candidate.values)


# --- seats ----------------------------------------------------------------------------------------


_PLACES: Mapping[str, frozenset[str]] = {
    "section": word_set(SECTIONS),
    "row": word_set(ROWS),
    "seat": word_set(SEATS),
    "door": word_set(DOORS),
}
_SEATING = word_set("seat seating place asiento")
_NAMING = word_set("name number label no")
_CALLED = _NAMING | {"code"}


def guess_seating(candidates: Sequence[Candidate]) -> dict[str, Guess]:
    """Return section, row, seat and door, if the record has keys of such names."""
    own = [c for c in candidates if c.depth == 0 and not c.joined and _is_text(c)]
    found: dict[str, Guess] = {}
    for name, words in _PLACES.items():
        fitting = [c for c in own if _is_named(c, words)]
        if fitting:
            chosen = min(fitting, key=lambda c: (c.words[-1] not in _NAMING, len(c.text)))
            found[name] = Guess(chosen.safe_text, "likely", "by its name")
    # A zone alone is the ticket's category, and no seat.
    return found if found.keys() & {"row", "seat"} else {}


def _is_named(candidate: Candidate, words: frozenset[str]) -> bool:
    inside = bool(_SEATING & set(candidate.above))
    if len(candidate.words) == 1 and candidate.words[0] in _CALLED and candidate.nested > 1:
        above = candidate.above[-1:]
        # A zone with a name is the ticket's category; `row.name` and `sector.code` say where the seat is.
        return bool(above) and above[0] in words - {"zone", "area"}
    if inside and "seat" in words and candidate.words in {(word,) for word in _NAMING}:
        return True  # `seat.number`
    if not candidate.words or not words & set(candidate.words):
        return False
    return inside or (len(candidate.words) <= 2 and candidate.words[-1] in words | _NAMING)


def _is_text(candidate: Candidate) -> bool:
    given = candidate.given
    return bool(given) and all(isinstance(v, str | int) and not isinstance(v, bool) for v in given)
