"""What it costs to count an answer, and to make it a span: small answers from request to reply, in turns.

Without sockets, which would be more than half of such an answer: what is added weighs more here.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

from benchmarks.data import SECRET, USER, as_json, body_of
from benchmarks.growth import Platform
from benchmarks.ours import bridge_of, settle_in
from benchmarks.report import Part, Table, Target
from benchmarks.timing import Run, in_turns, middle, ratio
from ticketbridge.service import logs
from ticketbridge.service.app import create_app
from ticketbridge.service.metrics_server import MetricsPort
from ticketbridge.service.settings import Settings
from ticketbridge.service.spans import SHARE, Spans

TICKETS, BATCH = 4, 20
MOST = 1.03
"""How many times as long an answer may take when it is watched."""

ALONE, COUNTED, SOME, ALL = (
    "not watched",
    "counted",
    f"a span, {SHARE:.0%} recorded",
    "a span, recorded",
)
_NOTE = (
    f"CPU time of answers of {TICKETS} tickets without sockets. A recorded span is encoded as OTLP, and"
    " not sent."
)


def measure(*, quick: bool) -> Part:
    """Answers that nobody watches, that are counted, and that are spans."""
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere, asyncio.Runner() as runner:
        logs.configure(Settings(log_format="json"), nowhere, in_background=True)
        runs = {name: _answering(runner, options) for name, options in _ways().items()}
        settle_in()
        samples = in_turns(runs, rounds=15 if quick else 101, at_least=0.05)
        logs.flush()
    rows = [
        [
            name,
            f"{middle(samples, name) / BATCH * 1e6:.1f} us",
            f"{ratio(samples, name, ALONE):.3f}x",
        ]
        for name in runs
    ]
    table = Table("Small answers, watched", ["", "CPU", "to not watched"], rows, _NOTE)
    targets = [
        Target(f"small answers: CPU time of {name}", ratio(samples, name, ALONE), at_most=MOST)
        for name in (COUNTED, SOME)
    ]
    return Part([table], targets)


def _ways() -> Mapping[str, Mapping[str, Any]]:
    """What `create_app` is told for each."""
    return {
        ALONE: {},
        COUNTED: {"metrics": MetricsPort()},
        SOME: {"spans": _spans(SHARE)},
        ALL: {"spans": _spans(1.0)},
    }


def _spans(share: float) -> Spans:
    spans = Spans(share=share)
    spans.provider.add_span_processor(BatchSpanProcessor(_Encoder()))
    return spans


class _Encoder(SpanExporter):
    """Makes of spans what would be sent."""

    def export(self, spans: Any) -> SpanExportResult:
        """See OpenTelemetry."""
        encode_spans(spans).SerializeToString()
        return SpanExportResult.SUCCESS


def _answering(runner: asyncio.Runner, options: Mapping[str, Any]) -> Run:
    """BATCH answers, each from the request to the reply; a wrong one fails."""
    bridge = bridge_of("realistic", transport=Platform([as_json(body_of(TICKETS))]))
    endpoint = create_app([bridge], Settings(), **options).endpoints["/tickets"]
    scope: dict[str, Any] = {
        "type": "http",
        "method": "GET",
        "path": "/tickets",
        "query_string": f"user={quote(USER, safe='')}".encode(),
        "client": ("127.0.0.1", 1),
        "headers": [(b"host", b"127.0.0.1"), (b"x-menta-secret", SECRET.encode())],
        "extensions": {"ticketbridge.left": lambda _callback: None},
    }
    statuses: list[int] = []

    async def send(message: Any) -> None:
        statuses.append(message.get("status", 0))

    async def receive() -> Any:
        raise AssertionError("the server says itself when the caller leaves")

    async def batch() -> None:
        statuses.clear()
        for _ in range(BATCH):
            await endpoint({**scope}, receive, send)
        assert statuses == [200, 0] * BATCH

    return lambda: runner.get_loop().run_until_complete(batch())
