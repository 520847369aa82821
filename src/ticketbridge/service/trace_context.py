"""The ids by which an answer is found: those that menta tech sends, or new ones.

A trace is named as in W3C Trace Context, level 1.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from ticketbridge.engine.answer_trace import TraceIds, new_id, new_ids

IDS = "ticketbridge.ids"
"""The scope's key for the TraceIds of an answer, if they are known before its endpoint runs."""

_SANE_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,128}")
_TRACEPARENT = re.compile(
    rb"(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?"
)
_KNOWN_VERSION = b"00"
_SAMPLED = 0x01
_EXPORTER = "OTEL_TRACES_EXPORTER"

Headers = Iterable[tuple[bytes, bytes]]


class TraceParent(NamedTuple):
    """The caller's span to which an answer belongs. *flags* say whether it is recorded."""

    trace_id: str
    span_id: str
    flags: str


def trace_parent(given: Sequence[bytes]) -> TraceParent | None:
    """Return the span that the `traceparent` headers *given* name, or None if they are not one valid header.

    A version that is not known yet is read like the known one, as the specification asks.
    `tracestate` is not read and not passed on, because it may hold anything.
    """
    found = _TRACEPARENT.fullmatch(given[0]) if len(given) == 1 else None
    if found is None:
        return None
    version, trace, span, flags, more = found.groups()
    if more and version == _KNOWN_VERSION:
        return None
    is_sampled = int(flags, 16) & _SAMPLED
    return TraceParent(trace.decode(), span.decode(), "01" if is_sampled else "00")


def doubts_of_traces(environment: Mapping[str, str]) -> Iterator[str]:
    """Yield a warning if OpenTelemetry's variables ask for an exporter that there is none of here."""
    if not _is_off(environment) and environment.get(_EXPORTER, "") not in {"", "otlp", "none"}:
        yield f"{_EXPORTER} is neither otlp nor none: only otlp is supported, and no span is sent"


def _is_off(environment: Mapping[str, str]) -> bool:
    return environment.get("OTEL_SDK_DISABLED", "").lower() == "true"


def wants_spans(environment: Mapping[str, str]) -> bool:
    """Return whether OpenTelemetry's variables ask for traces: an exporter, or an endpoint."""
    if _is_off(environment):
        return False
    exporter = environment.get(_EXPORTER, "")
    places = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
    return exporter == "otlp" or (not exporter and any(map(environment.get, places)))


def trace_ids_of(headers: Headers) -> TraceIds:
    """Return the ids of the answer to a request with *headers*."""
    names: list[bytes] = []
    parents: list[bytes] = []
    for name, value in headers:
        if name == b"x-request-id":
            names.append(value)
        elif name == b"traceparent":
            parents.append(value)
    if not (names or parents):
        return new_ids()
    request_id, parent = _sane(names), trace_parent(parents)
    if parent is None:
        return TraceIds(request_id, new_id())
    return TraceIds(request_id, parent.trace_id, parent.flags)


def request_id_of(headers: Headers) -> str:
    """Return the caller's id of a request with *headers* if it is well formed, else a new one."""
    return _sane(header_values(headers, b"x-request-id"))


def _sane(given: Sequence[bytes]) -> str:
    if len(given) == 1 and _SANE_REQUEST_ID.fullmatch(given[0]):
        return given[0].decode("ascii")
    return new_id()


def header_values(headers: Headers, name: bytes) -> list[bytes]:
    """Return all values of a header, by its name in lower case."""
    return [value for key, value in headers if key == name]
