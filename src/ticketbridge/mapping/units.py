"""Durations and sizes, as people write them."""

from __future__ import annotations

import re
from decimal import Decimal

DURATION = re.compile(r"(?P<number>[0-9]+(?:\.[0-9]+)?)(?P<unit>ms|s|m|h)")
SIZE = re.compile(r"(?P<number>[0-9]+(?:\.[0-9]+)?)(?P<unit>KB|MB)")
SECONDS = {"ms": Decimal("0.001"), "s": Decimal(1), "m": Decimal(60), "h": Decimal(3600)}
BYTES = {"KB": 1_000, "MB": 1_000_000}
MIN_SECONDS = Decimal("0.001")
MIN_BYTES, MAX_BYTES = 1_000, 1_000_000_000


class UnitError(ValueError):
    """What is wrong with a duration or a size; the message never shows its text."""


def seconds(text: str, *, most_hours: int = 1) -> float:
    """`8s`, `500ms`, `1.5m` or `1h` in seconds; raises UnitError."""
    match = DURATION.fullmatch(text)
    if match is None:
        raise UnitError("should be a number with `ms`, `s`, `m` or `h`")
    amount = Decimal(match["number"]) * SECONDS[match["unit"]]
    if not MIN_SECONDS <= amount <= most_hours * SECONDS["h"]:
        raise UnitError(f"should be at least 1ms and at most {most_hours}h")
    return float(amount)


def size_in_bytes(text: str) -> int:
    """`500KB` or `10MB` in bytes, 1 KB being 1,000; raises UnitError."""
    match = SIZE.fullmatch(text)
    if match is None:
        raise UnitError("should be a number with `KB` or `MB`")
    amount = Decimal(match["number"]) * BYTES[match["unit"]]
    if not MIN_BYTES <= amount <= MAX_BYTES:
        raise UnitError("should be at least 1KB and at most 1000MB")
    return int(amount)
