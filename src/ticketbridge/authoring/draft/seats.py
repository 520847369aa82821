"""Guesses of the optional parts of a ticket: seats, tags and the like."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ticketbridge.authoring.draft.candidates import Candidate
from ticketbridge.authoring.draft.guesses import Guess
from ticketbridge.authoring.personal.personal_kinds import word_set

_PLACES: Mapping[str, frozenset[str]] = {
    "section": word_set("section sector block zone area"),
    "row": word_set("row fila"),
    "seat": word_set("seat asiento butaca"),
    "door": word_set("door gate puerta entrance"),
}
_SEATING = word_set("seat seating place asiento")
_NAMING = word_set("name number label no")


def guess_seating(candidates: Sequence[Candidate]) -> dict[str, Guess]:
    """Section, row, seat and door, where the record has keys of such names."""
    own = [c for c in candidates if c.depth == 0 and not c.joined and _is_text(c)]
    found: dict[str, Guess] = {}
    for name, words in _PLACES.items():
        fitting = [c for c in own if _names(c, words)]
        if fitting:
            chosen = min(fitting, key=lambda c: (c.words[-1] not in _NAMING, len(c.text)))
            found[name] = Guess(chosen.safe_text, "likely", "by its name")
    # A zone alone is the ticket's category, and no seat.
    return found if found.keys() & {"row", "seat"} else {}


def _names(candidate: Candidate, words: frozenset[str]) -> bool:
    inside = bool(_SEATING & set(candidate.above))
    if inside and "seat" in words and candidate.words in {(word,) for word in _NAMING}:
        return True  # `seat.number`
    if not candidate.words or not words & set(candidate.words):
        return False
    return inside or (len(candidate.words) <= 2 and candidate.words[-1] in words | _NAMING)


def _is_text(candidate: Candidate) -> bool:
    given = candidate.given
    return bool(given) and all(isinstance(v, str | int) and not isinstance(v, bool) for v in given)
