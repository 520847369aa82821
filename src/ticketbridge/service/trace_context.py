"""What menta tech's request says of the trace that it belongs to (W3C Trace Context, level 1)."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

_TRACEPARENT = re.compile(
    rb"(?P<version>[0-9a-f]{2})-(?P<trace>[0-9a-f]{32})-(?P<span>[0-9a-f]{16})"
    rb"-(?P<flags>[0-9a-f]{2})(?P<more>-.*)?"
)
_SAMPLED = 0x01


class TraceParent(NamedTuple):
    """The span of the caller's that an answer belongs to. *flags* say whether it is recorded."""

    trace_id: str
    span_id: str
    flags: str


def trace_parent(given: Sequence[bytes]) -> TraceParent | None:
    """Return what the `traceparent` headers *given* say; None where they are not one valid header.

    A version that is not known yet is read as far as the known one goes, as the specification asks.
    `tracestate` is not looked at, and not passed on: it may hold anything.
    """
    found = _TRACEPARENT.fullmatch(given[0]) if len(given) == 1 else None
    if found is None:
        return None
    version, trace, span, flags = (
        found[name].decode() for name in ("version", "trace", "span", "flags")
    )
    is_known = version == "00"
    if version == "ff" or (is_known and found["more"]) or not (int(trace, 16) and int(span, 16)):
        return None
    return TraceParent(trace, span, f"{int(flags, 16) & _SAMPLED:02x}")
