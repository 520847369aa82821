"""Functions on dates."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from ticketbridge.jmes import kinds
from ticketbridge.jmes.dates import (
    Writer,
    has_offset,
    read_with,
    rfc3339,
    write_with,
    zone_named,
)
from ticketbridge.jmes.errors import ArgumentFault
from ticketbridge.jmes.kinds import Example, Function, Parameter

NOW = "now()"
"""The root that holds the moment of the answer."""
MOMENT = "moment()"
"""The root that holds the moment of a request that is signed."""


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
