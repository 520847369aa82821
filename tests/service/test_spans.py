"""Spans of OpenTelemetry: what is recorded of an answer, what they hang on, and that they name nobody."""

from __future__ import annotations

import asyncio
import io
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON, ParentBased, Sampler
from opentelemetry.trace import SpanKind, StatusCode

from tests.conftest import logged_to
from tests.fake_platform import CLOSE, FakePlatform, Reply
from tests.processes import HEADERS, serving_program
from tests.support import NO_TLS, USER, Changes, PromptServer, item, mapping, order, orders, spec_of
from ticketbridge.engine.bridge import compile_mapping
from ticketbridge.service import server as server_module
from ticketbridge.service.app import create_app
from ticketbridge.service.server import server_config
from ticketbridge.service.settings import Settings, SettingsError
from ticketbridge.service.spans import SHARE, Spans, open_spans
from ticketbridge.service.trace_context import doubts_of_traces, wants_spans

pytestmark = pytest.mark.anyio

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
TICKETS = f"/tickets?user={USER}"
PARENT = {"traceparent": f"00-{TRACE}-{SPAN}-01", "X-Request-Id": "menta-7"}
TWO_CALLS: Changes = {
    "source": [
        {
            "name": "order",
            "get": "/users/{user}/orders",
            "query": {"q": "{user}"},
            "each": "body.orders",
        },
        {"name": "item", "get": "/items/{order.event}", "each": "body.items"},
    ],
    "upstream.retries": 1,
}


class Recorded:
    """Spans that are kept, and the application that makes them."""

    def __init__(self, sampler: Sampler = ALWAYS_ON) -> None:
        self.exporter = InMemorySpanExporter()
        self.spans = Spans(sampler)
        self.spans.provider.add_span_processor(SimpleSpanProcessor(self.exporter))

    def of(self, kind: SpanKind) -> list[ReadableSpan]:
        """The spans of that kind, in the order in which they ended."""
        return [span for span in self.exporter.get_finished_spans() if span.kind is kind]

    async def asked(
        self,
        platform: FakePlatform,
        changes: Changes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx.Response:
        """menta tech's answer from the changed MAPPING on *platform*."""
        bridge = compile_mapping(spec_of(changes, base_url=platform.url))
        settings = Settings(port=0, grace=1)
        app = create_app([bridge], settings, spans=self.spans)
        server = PromptServer(server_config(app, settings))
        running = asyncio.create_task(server.serve())
        while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.005)
        port = server.servers[0].sockets[0].getsockname()[1]
        url = f"http://127.0.0.1:{port}"
        try:
            async with httpx.AsyncClient(base_url=url, trust_env=False, verify=NO_TLS) as menta:
                return await menta.get(TICKETS, headers={**HEADERS, **(headers or {})})
        finally:
            await server.leave()
            await running


def attributes(span: ReadableSpan) -> dict[str, Any]:
    """What a span says."""
    return dict(span.attributes or {})


def hexes(span: ReadableSpan) -> tuple[str, str]:
    """The ids of a span and of its trace."""
    return f"{span.context.trace_id:032x}", f"{span.context.span_id:016x}"


async def test_an_answer_and_each_call_are_spans(platform: FakePlatform) -> None:
    """The answer's span follows menta's, each call's the answer's, and the platform may follow the call's."""
    platform.on(f"/users/{USER}/orders", Reply(503), Reply(json=orders(order())))
    platform.on("/items/fest", Reply(json={"items": [item()]}))
    recorded = Recorded()
    answer = await recorded.asked(platform, TWO_CALLS, PARENT)
    (made,) = recorded.of(SpanKind.SERVER)
    calls = recorded.of(SpanKind.CLIENT)
    port = int(platform.url.rpartition(":")[2])

    assert answer.status_code == 200
    assert (made.name, made.parent and made.parent.is_remote) == ("GET /tickets", True)
    assert (hexes(made)[0], f"{made.parent.span_id:016x}" if made.parent else "") == (TRACE, SPAN)
    assert attributes(made) == {
        "http.request.method": "GET",
        "http.route": "/tickets",
        "http.response.status_code": 200,
        "ticketbridge.platform": "acme",
        "ticketbridge.request_id": "menta-7",
    }
    assert [span.name for span in calls] == ["GET order", "GET order", "GET item"]
    assert [span.status.status_code for span in calls] == [
        StatusCode.ERROR,
        StatusCode.UNSET,
        StatusCode.UNSET,
    ]
    assert [span.parent and span.parent.span_id for span in calls] == [made.context.span_id] * 3
    assert attributes(calls[0]) == {
        "http.request.method": "GET",
        "http.response.status_code": 503,
        "server.address": "127.0.0.1",
        "server.port": port,
        "ticketbridge.call": "order",
        "ticketbridge.platform": "acme",
        "error.type": "503",
    }
    told = [seen.headers["traceparent"] for seen in platform.seen]
    assert told == [f"00-{TRACE}-{hexes(span)[1]}-01" for span in calls]
    assert {seen.headers["x-request-id"] for seen in platform.seen} == {"menta-7"}
    assert made.resource.attributes["service.name"] == "ticketbridge"


async def test_nobody_is_named_in_a_span(platform: FakePlatform) -> None:
    """No user, query, path of a request, credential or value of the platform's is in any span."""
    found = orders(order(item("T-4711", state="strange"), email="eve@example.com"))
    platform.on(f"/users/{USER}/orders", Reply(json=orders(order())))
    platform.on("/items/fest", Reply(500, json=found))
    recorded = Recorded()
    await recorded.asked(platform, TWO_CALLS)
    text = "".join(span.to_json() for span in recorded.exporter.get_finished_spans())

    assert '"http.response.status_code": 502' in text
    for hidden in ("ana", "example.com", "users", "4711", "strange", "s3cret", "t0ken", "q="):
        assert hidden not in text


@pytest.mark.parametrize(
    ("reply", "status", "problem", "call"),
    [
        (Reply(500), 502, "upstream-error", "500"),
        (Reply(steps=(CLOSE,)), 503, "upstream-unavailable", "NoAnswer"),
        (Reply(body=b"{"), 502, "upstream-unreadable", None),
    ],
)
async def test_a_failure_says_its_kind(
    platform: FakePlatform, reply: Reply, status: int, problem: str, call: str | None
) -> None:
    """The answer's span has the problem's name, the call's span what became of the request."""
    platform.on("/orders", reply)
    recorded = Recorded()
    await recorded.asked(platform)
    (made,), (sent,) = recorded.of(SpanKind.SERVER), recorded.of(SpanKind.CLIENT)

    assert made.status.status_code is StatusCode.ERROR
    assert not made.events
    assert attributes(made)["http.response.status_code"] == status
    assert attributes(made)["error.type"] == attributes(made)["ticketbridge.problem"] == problem
    assert attributes(sent).get("error.type") == call


async def test_the_text_of_an_exception_is_in_no_span() -> None:
    """Whatever an answer ends with, its span has no text that might name somebody."""
    recorded = Recorded()

    async def failing(*_: object) -> None:
        raise ValueError("ana@example.com")

    scope: dict[str, Any] = {"headers": [], "method": "BREW"}
    with pytest.raises(ValueError, match="ana"):
        await recorded.spans.around(failing, "/tickets", "acme")(scope, failing, failing)  # type: ignore[arg-type]
    (made,) = recorded.of(SpanKind.SERVER)

    assert made.name == "_OTHER /tickets"
    assert "ana" not in made.to_json()


async def test_a_refused_caller_is_no_failure_of_ours(platform: FakePlatform) -> None:
    """A 4xx has its problem's name, and is no error of the service."""
    recorded = Recorded()
    await recorded.asked(platform, None, {"X-Menta-Secret": "wrong"})
    (made,) = recorded.of(SpanKind.SERVER)

    assert made.status.status_code is StatusCode.UNSET
    assert attributes(made)["ticketbridge.problem"] == "unauthorized"
    assert "error.type" not in attributes(made)


@pytest.mark.parametrize(
    ("sampler", "headers", "number", "flags"),
    [
        (ALWAYS_OFF, {}, 0, "00"),
        (ALWAYS_ON, {}, 2, "01"),
        (ParentBased(ALWAYS_OFF), PARENT, 2, "01"),
        (ParentBased(ALWAYS_ON), {"traceparent": f"00-{TRACE}-{SPAN}-00"}, 0, "00"),
    ],
)
async def test_what_is_not_recorded_still_has_its_ids(
    platform: FakePlatform, sampler: Sampler, headers: dict[str, str], number: int, flags: str
) -> None:
    """Whether an answer is recorded is decided once; the platform is told of its trace in any case."""
    platform.on("/orders", Reply(json=orders()))
    recorded = Recorded(sampler)
    answer = await recorded.asked(platform, None, headers)
    (seen,) = platform.seen
    _, trace, span, told = seen.headers["traceparent"].split("-")

    assert len(recorded.exporter.get_finished_spans()) == number
    assert (told, len(trace), len(span)) == (flags, 32, 16)
    assert span not in {SPAN, "0" * 16}
    assert trace == TRACE or not headers
    assert seen.headers["x-request-id"] == answer.headers["x-request-id"]


@pytest.mark.parametrize(
    ("variables", "wanted"),
    [
        ({}, False),
        ({"OTEL_TRACES_EXPORTER": "otlp"}, True),
        ({"OTEL_TRACES_EXPORTER": "none", "OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"}, True),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://c:4318/v1/traces"}, True),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": ""}, False),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318", "OTEL_SDK_DISABLED": "TRUE"}, False),
        ({"OTEL_SERVICE_NAME": "x"}, False),
    ],
)
def test_the_usual_variables_turn_it_on(variables: dict[str, str], wanted: bool) -> None:
    """An exporter, or where to send to, asks for spans; `none` and a switched-off SDK do not."""
    assert wants_spans(variables) is wanted


@pytest.mark.parametrize(
    ("variables", "number"),
    [
        ({"OTEL_TRACES_EXPORTER": "zipkin"}, 1),
        ({"OTEL_TRACES_EXPORTER": "otlp,console"}, 1),
        ({"OTEL_TRACES_EXPORTER": "console", "OTEL_SDK_DISABLED": "true"}, 0),
        ({"OTEL_TRACES_EXPORTER": "otlp"}, 0),
        ({"OTEL_TRACES_EXPORTER": "none"}, 0),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://c:4318"}, 0),
    ],
)
def test_another_exporter_is_doubted(variables: dict[str, str], number: int) -> None:
    """Otherwise nobody sees why no span comes."""
    assert len(list(doubts_of_traces(variables))) == number


@pytest.mark.slow
@pytest.mark.parametrize("workers", ["1", "2"])
async def test_serve_says_once_what_is_not_read(
    platform: FakePlatform, tmp_path: Path, workers: str
) -> None:
    """At its start, one line for each variable, whatever the number of workers."""
    variables = {
        "OTEL_TRACES_EXPORTER": "zipkin",
        "TICKETBRIDGE_GRACES": "1s",
        "TICKETBRIDGE_WORKERS": workers,
        "TICKETBRIDGE_METRICS_PORT": "0",
    }
    with serving_program(tmp_path, platform.url, None, **variables) as program:
        program.process.terminate()
        await asyncio.to_thread(program.ended)
        lines = list(program.lines())

    told = [line["reason"].split()[0] for line in lines if line["event"] == "doubtful setting"]
    assert sorted(told) == ["OTEL_TRACES_EXPORTER", "TICKETBRIDGE_GRACES"]


@pytest.mark.parametrize(
    ("sampler", "headers", "drawn", "number"),
    [
        (None, {}, SHARE - 0.0001, 2),
        (None, {}, SHARE, 0),
        (None, {"traceparent": f"00-{'0' * 32}-{SPAN}-01"}, SHARE, 0),
        (None, PARENT, 0.9999, 2),
        (None, {"traceparent": f"00-{TRACE}-{SPAN}-00"}, 0.0, 0),
        ("always_on", {}, 0.9999, 2),
        ("parentbased_always_off", {}, 0.0, 0),
    ],
)
async def test_who_decides_what_is_recorded(
    platform: FakePlatform,
    sampler: str | None,
    headers: dict[str, str],
    drawn: float,
    number: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The operator's sampler does; without one menta tech does, and of the rest a small share is recorded."""
    variables = {
        "OTEL_SERVICE_NAME": "mine",
        **({"OTEL_TRACES_SAMPLER": sampler} if sampler else {}),
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("ticketbridge.service.spans.random.random", lambda: drawn)
    monkeypatch.setattr("ticketbridge.service.spans.OTLPSpanExporter", InMemorySpanExporter)
    platform.on("/orders", Reply(json=orders()))
    recorded = Recorded()
    recorded.spans = open_spans(variables)
    recorded.spans.provider.add_span_processor(SimpleSpanProcessor(recorded.exporter))
    await recorded.asked(platform, None, headers)
    spans = recorded.exporter.get_finished_spans()
    (seen,) = platform.seen

    assert len(spans) == number
    assert {span.resource.attributes["service.name"] for span in spans} <= {"mine"}
    assert seen.headers["traceparent"].endswith("-01" if number else "-00")


def ids_of(received: Sequence[bytes]) -> list[tuple[str, str]]:
    """Trace and name of each span that a collector got."""
    return [
        (span.trace_id.hex(), span.name)
        for body in received
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]


@pytest.mark.slow
@pytest.mark.parametrize("workers", ["1", "2"])
async def test_serve_sends_them_to_a_collector(
    platform: FakePlatform, tmp_path: Path, workers: str
) -> None:
    """With a collector in the variables `serve` sends what menta records, the last spans before it ends."""
    platform.on("/orders", Reply(json=orders()))
    platform.on("/v1/traces", Reply(body=b"", content_type="application/x-protobuf"))
    variables = {"OTEL_EXPORTER_OTLP_ENDPOINT": platform.url, "TICKETBRIDGE_WORKERS": workers}
    with serving_program(tmp_path, platform.url, None, **variables) as program:
        async with httpx.AsyncClient(
            headers={**HEADERS, **PARENT}, trust_env=False, verify=NO_TLS, timeout=30
        ) as menta:
            answer = await menta.get(program.tickets)
        program.process.terminate()
        code = await asyncio.to_thread(program.ended)
    received = [seen.content for seen in platform.seen if seen.path == "/v1/traces"]

    assert (answer.status_code, code) == (200, 0)
    assert sorted(ids_of(received)) == [(TRACE, "GET /tickets"), (TRACE, "GET order")]


@pytest.mark.slow
async def test_a_collector_that_is_away_holds_nothing_up(
    platform: FakePlatform, tmp_path: Path
) -> None:
    """Answers are given, the process ends in time, and no line has the collector's path."""
    platform.on("/orders", Reply(json=orders()))
    variables = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9/hidden?key=hidden"}
    with serving_program(tmp_path, platform.url, None, **variables) as program:
        async with httpx.AsyncClient(
            headers={**HEADERS, **PARENT}, trust_env=False, verify=NO_TLS, timeout=30
        ) as menta:
            answer = await menta.get(program.tickets)
        program.process.terminate()
        code = await asyncio.to_thread(program.process.wait, 10)
        lines = list(program.lines())

    assert (answer.status_code, code) == (200, 0)
    assert "answer" in [line["event"] for line in lines]
    assert "127.0.0.1" in str(lines)
    assert "hidden" not in str(lines)


ABSENT = """
import sys
sys.modules["opentelemetry"] = None
from ticketbridge.cli import main
main(["serve", "--port", "0", "nothing.yaml"])
"""


def test_without_the_extra_the_log_says_so(tmp_path: Path) -> None:
    """Where it is asked for and not installed, one line says what to do, and the service runs without it."""
    environment = {**os.environ, "OTEL_TRACES_EXPORTER": "otlp", "TICKETBRIDGE_LOG_FORMAT": "json"}
    ran = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", ABSENT],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert "pip install 'ticketbridge[otel]'" in ran.stderr
    assert "nothing.yaml: no such file or folder" in ran.stderr


@pytest.mark.parametrize(
    "variables",
    [
        {"OTEL_EXPORTER_OTLP_HEADERS": "Authorization: Bearer tokenSECRET123"},
        {"OTEL_EXPORTER_OTLP_TRACES_HEADERS": "a=b,key tokenSECRET123"},
        {"OTEL_RESOURCE_ATTRIBUTES": "tokenSECRET123"},
        {"OTEL_EXPORTER_OTLP_TIMEOUT": "tokenSECRET123"},
        {"OTEL_EXPORTER_OTLP_COMPRESSION": "tokenSECRET123"},
        {"OTEL_TRACES_SAMPLER": "tokenSECRET123"},
        {"OTEL_BSP_EXPORT_TIMEOUT": "tokenSECRET123"},
        {"OTEL_BSP_MAX_QUEUE_SIZE": "tokenSECRET123\\x"},
        {"OTEL_EXPERIMENTAL_RESOURCE_DETECTORS": "tokenSECRET123"},
        {"OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT": "tokenSECRET123"},
    ],
)
def test_no_line_has_the_value_of_a_variable(
    variables: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A value that OpenTelemetry cannot use may be a misplaced credential: only its name is logged."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    told, lines = "", io.StringIO()
    with logged_to(lines):
        try:
            server_module._find_spans({"OTEL_TRACES_EXPORTER": "otlp", **variables})
        except SettingsError as error:
            told = str(error)
    told += lines.getvalue()

    assert told
    assert "SECRET" not in told


def test_what_opentelemetry_raises_at_its_start_is_one_line(tmp_path: Path) -> None:
    """It reads some variables when it is loaded."""
    (tmp_path / "acme.yaml").write_text(json.dumps(mapping()))
    variables = {
        "OTEL_TRACES_EXPORTER": "otlp",
        "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT": "tokenSECRET123",
        "TICKETBRIDGE_METRICS_PORT": "0",
    }
    ran = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-m", "ticketbridge", "serve", "--port", "0", str(tmp_path / "acme.yaml")],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 2
    assert ran.stderr == (
        "ticketbridge: OpenTelemetry cannot use its variables OTEL_*:"
        " OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT must be a non-negative integer but got ********\n"
    )


def test_without_the_variables_nothing_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody pays for what nobody asks for."""
    monkeypatch.setitem(sys.modules, "ticketbridge.service.spans", None)

    assert server_module._find_spans({}) is None
