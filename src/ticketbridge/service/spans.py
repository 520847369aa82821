"""Spans of OpenTelemetry: one for each answer, and one for each request to a platform.

Needs `ticketbridge[otel]`, and is loaded only if the operator's OTEL_* variables ask for it. A span
has no user, no path of a request, no query, no body and no address of a caller.
"""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Final
from urllib.parse import urlsplit

from opentelemetry import trace as otel
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, Sampler
from opentelemetry.trace import (
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
)
from starlette.types import ASGIApp, Receive, Scope, Send

from ticketbridge import __version__
from ticketbridge.engine.answer_trace import AnswerTrace, TraceIds
from ticketbridge.engine.bridge import Bridge
from ticketbridge.engine.problems import ProblemError
from ticketbridge.engine.upstream.context import AnswerContext
from ticketbridge.engine.upstream.context import Send as SendRequest
from ticketbridge.engine.upstream.messages import PlatformAnswer, PlatformRequest
from ticketbridge.service.replies import METHODS
from ticketbridge.service.trace_context import (
    IDS,
    Headers,
    TraceParent,
    header_values,
    request_id_of,
    trace_parent,
)

SHARE: Final = 0.01
"""The share of answers without a trace of menta tech that are recorded, because recording costs CPU time."""

_RECORDED: Final = "01"  # the flags of a trace that is
_END_SECONDS: Final = 2.0  # in which the last spans may be sent
_CLIENT_ERROR, _SERVER_ERROR = 400, 500
_PORTS: Final = {"http": 80, "https": 443}


def open_spans(environment: Mapping[str, str]) -> Spans:
    """Return a Spans that sends its spans as OTLP over HTTP, as the variables OTEL_* say.

    Without OTEL_TRACES_SAMPLER it records the answers that menta tech records, and SHARE of those
    without a trace.
    """
    spans = Spans(share=None if environment.get("OTEL_TRACES_SAMPLER") else SHARE)
    spans.provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return spans


class Spans:
    """Makes the spans of a process, which go to *provider*.

    *share* is the part of the answers without a trace that is recorded. Of the others, those are
    recorded that the caller records. If *share* is None, *sampler* decides, or the one that the
    variables name.
    """

    def __init__(self, sampler: Sampler | None = None, share: float | None = None) -> None:
        self._share = share
        self.provider = TracerProvider(
            sampler=sampler if share is None else ALWAYS_ON,
            resource=_resource(),
            shutdown_on_exit=False,
        )
        self._tracer = self.provider.get_tracer("ticketbridge", __version__)

    def around(self, endpoint: ASGIApp, path: str, platform: str) -> ASGIApp:
        """Return *endpoint*, which answers at *path*, with a span for each answer."""

        async def followed(scope: Scope, receive: Receive, send: Send) -> None:
            if self._is_passed_over(scope["headers"]):
                await endpoint(scope, receive, send)
                return
            with self._answer(scope["headers"], scope["method"], path, platform) as scope[IDS]:
                await endpoint(scope, receive, send)

        return followed

    def _is_passed_over(self, headers: Headers) -> bool:
        """Return whether an answer is not recorded; this takes a tenth of a sampler's time."""
        if self._share is None:
            return False
        given = header_values(headers, b"traceparent")
        parent = trace_parent(given) if given else None
        if parent is not None:
            return parent.flags != _RECORDED
        return random.random() >= self._share  # noqa: S311 - no secret

    @contextmanager
    def _answer(
        self, headers: Headers, method: str, path: str, platform: str
    ) -> Iterator[TraceIds]:
        """Keep a span while one answer at *path* is made, and yield the ids of that answer.

        It is a child of the caller's span if *headers* name one.
        """
        request_id = request_id_of(headers)
        method = method if method in METHODS else "_OTHER"
        span = self._tracer.start_span(
            f"{method} {path}",
            _remote(trace_parent(header_values(headers, b"traceparent"))),
            SpanKind.SERVER,
            {
                "http.request.method": method,
                "http.route": path,
                "ticketbridge.platform": platform,
                "ticketbridge.request_id": request_id,
            },
        )
        named = span.get_span_context()
        with otel.use_span(
            span, end_on_exit=True, record_exception=False, set_status_on_exception=False
        ):
            yield TraceIds(request_id, f"{named.trace_id:032x}", f"{named.trace_flags & 1:02x}")

    def note(self, trace: AnswerTrace, status: int, problem: ProblemError | None) -> None:
        """Put the result on the span of the running answer."""
        if not _is_recorded(trace):
            return
        span = otel.get_current_span()
        span.set_attribute("http.response.status_code", status)
        if problem is not None:
            span.set_attribute("ticketbridge.problem", problem.slug)
        if problem is not None and status >= _SERVER_ERROR:
            _fail(span, problem.slug)

    def follow(self, bridge: Bridge) -> Bridge:
        """Return a copy of *bridge* whose requests to the platform are spans."""
        return bridge.with_last_stage(self._following(bridge.last_stage, bridge.spec.platform))

    def _following(self, send: SendRequest, platform: str) -> SendRequest:
        """Make a span for each request if the span of its answer is recorded."""

        async def following(request: PlatformRequest, context: AnswerContext) -> PlatformAnswer:
            if not _is_recorded(context.trace):
                return await send(request, context)
            span = self._tracer.start_span(
                f"{request.method} {request.call}".rstrip(),
                kind=SpanKind.CLIENT,
                attributes=_told(request, platform),
            )
            span_id = f"{span.get_span_context().span_id:016x}"
            try:
                answer = await send(replace(request, span_id=span_id), context)
            except BaseException as error:
                _fail(span, type(error).__name__)
                raise
            else:
                span.set_attribute("http.response.status_code", answer.status)
                if answer.status >= _CLIENT_ERROR:
                    _fail(span, str(answer.status))
            finally:
                span.end()
            return answer

        return following

    async def aclose(self) -> None:
        """Send the remaining spans, for a short time; after that they are lost."""
        ending = threading.Thread(target=self.provider.shutdown, daemon=True)
        ending.start()
        await asyncio.to_thread(ending.join, _END_SECONDS)


def _is_recorded(trace: AnswerTrace) -> bool:
    return trace.ids.flags == _RECORDED


def _resource() -> Resource:
    """Return the source of the spans: `ticketbridge`, unless the variables name another."""
    found = Resource.create()
    if str(found.attributes[SERVICE_NAME]).startswith("unknown_service"):
        return found.merge(Resource({SERVICE_NAME: "ticketbridge"}))
    return found


def _remote(parent: TraceParent | None) -> Context:
    """Return a context in which the caller's span, if any, is the current one."""
    context = Context()
    if parent is None:
        return context
    flags = TraceFlags(int(parent.flags, 16))
    named = SpanContext(
        int(parent.trace_id, 16), int(parent.span_id, 16), is_remote=True, trace_flags=flags
    )
    return otel.set_span_in_context(NonRecordingSpan(named), context)


def _told(request: PlatformRequest, platform: str) -> dict[str, str | int]:
    """Return the attributes of a request, without path and query, because both may name the user."""
    url = urlsplit(request.url)
    return {
        "http.request.method": request.method,
        "server.address": url.hostname or "",
        "server.port": url.port or _PORTS[url.scheme],
        "ticketbridge.call": request.call,
        "ticketbridge.platform": platform,
    }


def _fail(span: Span, kind: str) -> None:
    span.set_attribute("error.type", kind)
    span.set_status(Status(StatusCode.ERROR))
