"""What an answer is found by: the ids that menta tech names, and new ones for what it does not.

A trace is named as in W3C Trace Context, level 1.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from ticketbridge.engine.answer_trace import TraceIds, new_id, new_ids

IDS = "ticketbridge.ids"
"""The scope's key for the TraceIds of an answer, where they are known before its endpoint is asked."""

_NAMING = frozenset({b"x-request-id", b"traceparent"})
_SANE_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,128}")
_TRACEPARENT = re.compile(
    rb"(?P<version>[0-9a-f]{2})-(?P<trace>[0-9a-f]{32})-(?P<span>[0-9a-f]{16})"
    rb"-(?P<flags>[0-9a-f]{2})(?P<more>-.*)?"
)
_SAMPLED = 0x01


Headers = Iterable[tuple[bytes, bytes]]


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


def wants_spans(environment: Mapping[str, str]) -> bool:
    """Whether the variables of OpenTelemetry ask for traces: an exporter, or where to send them."""
    if environment.get("OTEL_SDK_DISABLED", "").lower() == "true":
        return False
    exporter = environment.get("OTEL_TRACES_EXPORTER", "")
    places = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
    return exporter == "otlp" or (not exporter and any(map(environment.get, places)))


def trace_ids_of(headers: Headers) -> TraceIds:
    """Return the ids of the answer to a request with *headers*."""
    if not [name for name, _ in headers if name in _NAMING]:
        return new_ids()
    request_id = request_id_of(headers)
    parent = trace_parent(header_values(headers, b"traceparent"))
    if parent is None:
        return TraceIds(request_id, new_id())
    return TraceIds(request_id, parent.trace_id, parent.flags)


def request_id_of(headers: Headers) -> str:
    """Return the caller's id of a request with *headers* where it is sane, else a new one."""
    given = header_values(headers, b"x-request-id")
    if len(given) == 1 and _SANE_REQUEST_ID.fullmatch(given[0]):
        return given[0].decode("ascii")
    return new_id()


def header_values(headers: Headers, name: bytes) -> list[bytes]:
    """Return all values of a header, by its name in lower case."""
    return [value for key, value in headers if key == name]
