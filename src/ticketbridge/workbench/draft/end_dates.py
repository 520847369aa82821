"""Guesses of when a ticket is over: a date that is compared with now, in the zone that it is meant in."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from ticketbridge.workbench.draft.candidates import Candidate, Guess, make_todo
from ticketbridge.workbench.draft.sample_values import is_nothing, write_is_none_of
from ticketbridge.workbench.draft.vocabulary import read_names

_ENDS = read_names(
    "expires expires_at expires_on expiry expiry_date expiration expiration_date expire_date valid_until"
    " valid_to valid_thru gueltig_bis valido_hasta valida_hasta fecha_caducidad fecha_expiracion ablaufdatum"
    " date_expiration"
)
_ZONES = read_names("timezone time_zone tz tzid zeitzone zona_horaria")
_LOCAL = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.,][0-9]+)?)?")
_OFFSET = re.compile(_LOCAL.pattern + r" ?(Z|z|[+-][0-9]{2}(:?[0-9]{2})?)")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_SECONDS = range(10**8, 10**11)


def is_end(words: tuple[str, ...]) -> bool:
    """Whether the words of a key say until when a ticket is good: `valid_until`, `expires_at`."""
    return (
        any(words[-len(end) :] == end for end in _ENDS if end[0] in {"valid", "gueltig"})
        or words in _ENDS
    )


def guess_over(candidate: Candidate, candidates: Sequence[Candidate]) -> Guess:
    """Return the condition that is true once the time of *candidate* has come."""
    there = [value for value in candidate.given if not is_nothing(value)]
    text = candidate.safe_text
    if all(_has_offset(value) for value in there):
        return _write_over(candidate, f"date({text})", "" if there else "; null in the samples")
    if all(isinstance(value, str) and _LOCAL.fullmatch(value) for value in there):
        zone = _find_zone(candidate, candidates)
        if zone is not None:
            why = f"; without an offset, so by the zone in `{zone.text}`"
            return _write_over(candidate, f"date({text}, `null`, {zone.text})", why)
        message = f"`{candidate.text}` has no offset; in which zone is it?"
        return make_todo(
            f"{message} {text} != `null` && date({text}, `null`, 'Europe/Madrid') <= now()"
        )
    if all(isinstance(value, str) and _DAY.fullmatch(value) for value in there):
        return make_todo(
            f"`{candidate.text}` is a day without a time: when, and in which zone, does it end?"
        )
    return make_todo(f"`{candidate.text}` says until when it is good: how is it read? See date()")


def _find_zone(near: Candidate, candidates: Sequence[Candidate]) -> Candidate | None:
    """Return the candidate that gives an IANA zone for each record, the closest to *near*, or None."""
    zones = [c for c in candidates if _is_zone(c) and not c.is_partial]
    return min(
        zones,
        key=lambda c: (c.around != near.around, bool(c.joined), c.depth, c.nested),
        default=None,
    )


def _is_zone(candidate: Candidate) -> bool:
    named = any({*candidate.words[-2:]}.issuperset(words) for words in _ZONES)
    return named and all(isinstance(v, str) and v in _list_zones() for v in candidate.given)


@cache
def _list_zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _has_offset(value: Any) -> bool:
    if isinstance(value, int):
        return value in _SECONDS
    return isinstance(value, str) and _OFFSET.fullmatch(value) is not None


def _write_over(candidate: Candidate, moment: str, more: str) -> Guess:
    nothing = [value for value in candidate.values if is_nothing(value)]
    text = f"{write_is_none_of(candidate.safe_text, [None, *nothing])} && {moment} <= now()"
    return Guess(text, "unsure" if more else "likely", f"by its name{more}")
