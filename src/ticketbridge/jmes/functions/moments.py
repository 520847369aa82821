"""Functions on dates: moments as RFC 3339 UTC text in whole seconds, and the time zones of clocks."""

from __future__ import annotations

import contextlib
import math
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import lru_cache
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ticketbridge.jmes import kinds
from ticketbridge.jmes.errors import ArgumentFault
from ticketbridge.jmes.kinds import NUMBERS, Example, Function, Parameter
from ticketbridge.jmes.values import exact, in_range

NOW = "now()"
"""The root that holds the moment of the answer."""
MOMENT = "moment()"
"""The root that holds the moment of a request that is signed."""

Reader: TypeAlias = Callable[[Any, ZoneInfo | None], str]
"""Reads a value as RFC 3339 UTC text. If the value has no offset, it is read in the zone."""
Writer: TypeAlias = Callable[[datetime], str]
"""Writes a moment, in UTC, as text."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ISO = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?:[Tt ]([0-9]{2}:[0-9]{2}(?::[0-9]{2})?)(?:(?<=:[0-9]{2}:[0-9]{2})[.,][0-9]+)?"
    r"(?: ?([Zz]|[+-][0-9]{2}:?[0-9]{2}|[+-][0-9]{2}))?)?"
)
_DIRECTIVE = re.compile(r"%(.?)", re.DOTALL)
_KNOWN = frozenset("aAbBcdfGHIjmMpSuUVwWxXyYz%")
_WHOLE_DATES = tuple(map(frozenset, ("Ymd", "Ybd", "YBd", "Yj", "GVu", "GVw", "GVa", "GVA")))


def rfc3339(moment: datetime) -> str:
    """Return *moment* in UTC, in whole seconds, with `Z`."""
    text = moment.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat()
    return f"{text}Z"


def read_with(layout: str | None) -> Reader:
    """Return a reader of dates in the strptime format *layout*. None means ISO 8601 text and Unix seconds."""
    if layout is None:
        return _from_any
    _check_layout(layout)

    def read(value: Any, zone: ZoneInfo | None) -> str:
        if type(value) is not str:
            raise ArgumentFault("only a string is read with a format")
        # The errors of datetime quote the data: none may be the context of ours.
        with contextlib.suppress(ValueError, OverflowError):
            moment = datetime.strptime(value, layout)  # noqa: DTZ007 - the next line sees to it
            return rfc3339(in_utc(moment, zone))
        raise ArgumentFault("the string is no date in this format")

    return read


def write_with(layout: str) -> Writer:
    """Return a writer of moments: as `unix`, `unix_ms`, `http`, or in the strftime format *layout*."""
    if layout in _WRITERS:
        return _WRITERS[layout]
    found = _DIRECTIVE.findall(layout)
    if not found or set(found) - _KNOWN:
        what = (
            "has a letter that strftime does not know" if found else "has no letter of strftime's"
        )
        raise ArgumentFault(f"the format {what}; others are {', '.join(map(repr, _WRITERS))}")
    return lambda moment: moment.strftime(layout)


_WRITERS: dict[str, Writer] = {
    "unix": lambda moment: str((moment - _EPOCH) // timedelta(seconds=1)),
    "unix_ms": lambda moment: str((moment - _EPOCH) // timedelta(milliseconds=1)),
    "http": lambda moment: format_datetime(moment, usegmt=True),
}


def has_offset(layout: str) -> bool:
    """Return whether a text in the strptime format *layout* has an offset."""
    return "z" in _DIRECTIVE.findall(layout)


def _check_layout(layout: str) -> None:
    found = set(_DIRECTIVE.findall(layout))
    if "Z" in found:
        raise ArgumentFault("%Z is read by the names of this machine's own zone; use %z")
    if found - _KNOWN:
        raise ArgumentFault("the format has a directive that strptime does not know")
    year = {"Y"} if "y" in found else set()
    if not any(whole <= found | year for whole in _WHOLE_DATES):
        raise ArgumentFault("the format has no whole date: it needs a year, a month and a day")
    if "H" not in found and ("I" in found) != ("p" in found):
        raise ArgumentFault("the format needs %I and %p together, or %H")
    try:
        datetime.strptime("", layout)  # noqa: DTZ007 - only to see whether the format is one
    except re.error:
        raise ArgumentFault("the format has the same directive twice") from None
    except ValueError:
        return


def _from_any(value: Any, zone: ZoneInfo | None) -> str:
    if type(value) in NUMBERS:
        return _from_seconds(value)
    found = _ISO.fullmatch(value)
    if found is None:
        raise ArgumentFault("the string is no ISO 8601 date")
    day, time, offset = found.groups()
    offset = "" if offset is None else "+00:00" if offset in "Zz" else offset
    with contextlib.suppress(ValueError, OverflowError):
        return rfc3339(in_utc(datetime.fromisoformat(f"{day}T{time or '00:00'}{offset}"), zone))
    raise ArgumentFault("the string is no date that exists")


def _from_seconds(value: Any) -> str:
    try:
        return rfc3339(_EPOCH + timedelta(seconds=math.floor(in_range(exact(value)))))
    except OverflowError:
        raise ArgumentFault(
            "the number is no date of the years 1 to 9999 in Unix seconds"
        ) from None


# --- time zones -----------------------------------------------------------------------------------

_LONGEST = 64
# The folder of a machine has more than IANA's names: `localtime`, `posixrules`, and `right/...`, whose
# clocks count leap seconds. None of these begins with a capital.
_NAME = re.compile(r"[A-Z][A-Za-z0-9_+-]*(?:/[A-Z][A-Za-z0-9_+-]*){0,2}")
_NO_ZONE = frozenset({"Factory"})


def zone_named(name: str | None) -> ZoneInfo | None:
    """Return the zone of this IANA name, which may come from a platform's data, or None for null.

    Raises ArgumentFault if there is none.
    """
    if name is None:
        return None
    if len(name) > _LONGEST or not _NAME.fullmatch(name):
        raise ArgumentFault("the text is no IANA name of a time zone, such as Europe/Madrid")
    zone = _found(name)
    if zone is None:
        # The name may be of the data: it is not shown.
        raise ArgumentFault("the IANA database has no time zone of this name")
    return zone


@lru_cache(maxsize=1024)
def _found(name: str) -> ZoneInfo | None:
    # A name that is not there would be looked for in several folders each time.
    try:
        return None if name in _NO_ZONE else ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def in_utc(moment: datetime, zone: ZoneInfo | None) -> datetime:
    """Return *moment* in UTC: by its own offset if it has one, else by the clock of *zone*.

    If the clock shows a time twice, it is the earlier one. Raises ArgumentFault without an offset and
    a zone, and for a time that the clock skips.
    """
    if moment.tzinfo is not None:
        return moment.astimezone(UTC)
    if zone is None:
        raise ArgumentFault(
            "the string has no offset, and date() no zone to read it in:"
            " write date(value, `null`, 'Europe/Madrid'), or the path of the zone's name"
        )
    found = moment.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if found.astimezone(zone).replace(tzinfo=None) != moment:
        raise ArgumentFault("the zone's clock skips this time")
    return found


# --- functions ------------------------------------------------------------------------------------


def _check_offset(literals: Mapping[int, Any]) -> None:
    layout = literals.get(1)
    if isinstance(layout, str) and not has_offset(layout) and literals.get(2, ...) is None:
        raise ArgumentFault(
            "a text in this format has no offset (%z), and there is no zone to read it in:"
            " name it as the third argument, for example 'Europe/Madrid'"
        )


def _now(scope: Mapping[str, Any]) -> str:
    return rfc3339(_held(scope, NOW))


def _moment(scope: Mapping[str, Any], write: Writer) -> str:
    return write(_held(scope, MOMENT).astimezone(UTC))


def _held(scope: Mapping[str, Any], root: str) -> datetime:
    """Return the moment that *scope* holds, or else that of the machine's clock."""
    moment = scope.get(root)
    return moment if isinstance(moment, datetime) else datetime.now(UTC)


MOMENTS = (
    Function(
        "date",
        (
            Parameter("value", kinds.NUMBER_OR_STRING),
            Parameter("format", kinds.STRING_OR_NULL, prepare=read_with, optional=True),
            Parameter("zone", kinds.STRING_OR_NULL, prepare=zone_named, optional=True),
        ),
        kinds.STRING,
        "The moment as RFC 3339 UTC text in whole seconds with `Z`. Without a format, or with null:"
        " ISO 8601 text, or a number of Unix seconds. With one: text in that strptime format, which"
        " must name a whole date. A date without a time is its midnight. Text with an offset is read"
        " by it; text without one needs `zone`, an IANA name, which may come from the data. A time"
        " that the zone's clock skips is an error; of one that it has twice, the earlier is taken.",
        (
            Example("date(at)", {"at": "2026-11-24T13:00:00+01:00"}, "2026-11-24T12:00:00Z"),
            Example("date(at)", {"at": 1795521600}, "2026-11-24T12:00:00Z"),
            Example(
                "date(ends, `null`, zone)",
                {"ends": "2026-11-28T20:00:00", "zone": "America/Los_Angeles"},
                "2026-11-29T04:00:00Z",
            ),
            Example(
                "date(at, '%d.%m.%Y %H:%M', 'Europe/Madrid')",
                {"at": "24.11.2026 13:00"},
                "2026-11-24T12:00:00Z",
            ),
        ),
        lambda value, read, zone: read(value, zone),
        check_literals=_check_offset,
    ),
    Function(
        "now",
        (),
        kinds.STRING,
        "The moment of the answer, the same in all its expressions, as `date` writes it.",
        (Example("now() > date(starts)", {"starts": "2024-05-01T20:00Z"}, result=True),),
        _now,
        scoped=True,
    ),
    Function(
        "moment",
        (Parameter("format", kinds.STRING, prepare=write_with, literal=True),),
        kinds.STRING,
        "The moment of the request that is being signed, new for each try of it, in UTC: in letters of"
        " strftime, or `unix` (seconds), `unix_ms` or `http` (as in a `Date` header). It is legal under"
        " `auth: {type: signature}` alone.",
        (Example("moment('%Y-%m-%d') > '2026-01-01'", None, result=True),),
        _moment,
        scoped=True,
        needs=MOMENT,
    ),
)
