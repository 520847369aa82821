"""Functions on dates."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from ticketbridge.jmes import kinds
from ticketbridge.jmes.dates import read_with, rfc3339
from ticketbridge.jmes.kinds import Example, Function, Parameter

NOW = "now()"


def _date(value: Any, read: Callable[[Any], str]) -> str:
    return read(value)


def _now(scope: Mapping[str, Any]) -> str:
    moment = scope.get(NOW)
    return rfc3339(moment if isinstance(moment, datetime) else datetime.now(UTC))


MOMENTS = (
    Function(
        "date",
        (
            Parameter("value", kinds.NUMBER_OR_STRING),
            Parameter("format", kinds.STRING, prepare=read_with, optional=True),
        ),
        kinds.STRING,
        "The moment as RFC 3339 UTC text in whole seconds with `Z`. Without a format: ISO 8601"
        " text, or a number of Unix seconds. With one: text in that strptime format, which must"
        " name a whole date. Text without an offset is read as UTC, a date without a time as its"
        " midnight.",
        (
            Example("date(at)", {"at": "2026-11-24T13:00:00+01:00"}, "2026-11-24T12:00:00Z"),
            Example("date(at)", {"at": 1795521600}, "2026-11-24T12:00:00Z"),
            Example("date(at, '%d.%m.%Y')", {"at": "24.11.2026"}, "2026-11-24T00:00:00Z"),
        ),
        _date,
    ),
    Function(
        "now",
        (),
        kinds.STRING,
        "The moment of the answer, the same in all its expressions, as `date` writes it.",
        (Example("now() > date(starts)", {"starts": "2024-05-01"}, result=True),),
        _now,
        scoped=True,
    ),
)
