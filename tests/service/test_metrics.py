"""What is counted, how the counts of several processes come together, and the port that gives them."""

from __future__ import annotations

import asyncio
import errno
import fcntl
import io
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as plain

from tests.counting import counting
from tests.fake_platform import FakePlatform, Reply
from tests.support import (
    SECRET,
    events,
    item,
    order,
    orders,
    spec_of,
)
from ticketbridge.engine.answer_trace import AnswerTrace, Stopwatch
from ticketbridge.engine.bridge import compile_mapping
from ticketbridge.engine.problems import MappingMismatch, Overloaded, ProblemError, Unauthorized
from ticketbridge.service import metrics_export
from ticketbridge.service.app import create_app
from ticketbridge.service.connection_counts import ConnectionCounts
from ticketbridge.service.metric_specs import MetricSpec, all_metrics
from ticketbridge.service.metrics import MOST_VERDICTS, MOST_WORDS, Metrics, PlatformState, Samples
from ticketbridge.service.metrics_export import WorkerFile, make_folder, merge
from ticketbridge.service.metrics_server import MetricsPort
from ticketbridge.service.metrics_text import exposition
from ticketbridge.service.protocol import BoundedProtocol
from ticketbridge.service.settings import Settings, SettingsError, settings_from

pytestmark = pytest.mark.anyio

TICKETS = "/tickets?user=ana%40example.com"
HEADERS = {"X-Menta-Secret": SECRET}
STATE = PlatformState("acme", "d1", "half-open", 3, 2)
Values = Mapping[str, float]


def values(text: str) -> dict[str, float]:
    """The samples of an exposition, by name and labels."""
    return {
        f"{sample.name}{{{','.join(f'{key}={value}' for key, value in sorted(sample.labels.items()))}}}": (
            sample.value
        )
        for family in plain(text)
        for sample in family.samples
    }


def shown(samples: Samples) -> dict[str, float]:
    """The samples as Prometheus reads them."""
    return values(exposition(samples, "")[0].decode())


def asked(**changes: Any) -> AnswerTrace:
    """The trace of an answer that made one call."""
    trace = AnswerTrace(user="mark", secret=2, calls=1, verdicts={"returned": 2})
    trace.upstream.seconds = 0.02
    for name, value in changes.items():
        setattr(trace, name, value)
    return trace


def counted(*answers: tuple[AnswerTrace, int, ProblemError | None, float]) -> dict[str, float]:
    """What a platform's series are after *answers*."""
    metrics = Metrics()
    for trace, status, problem, seconds in answers:
        metrics.meter("acme").count_answer(trace, status, problem, seconds)
    return shown(metrics.samples([], 0, {}, {}))


# --- counting -------------------------------------------------------------------------------------


def test_an_answer_is_counted_by_what_it_was() -> None:
    """Status, problem, secret, verdicts and calls of an answer each rise by what it had."""
    verdicts = {"returned": 1, "not_eligible:REFUNDED": 2}
    mismatch = MappingMismatch()
    found = counted(
        (asked(), 200, None, 0.03),
        (asked(verdicts=verdicts, secret=1, calls=4, retries=1, logins=2), 502, mismatch, 0.03),
    )

    assert found["ticketbridge_answers_total{platform=acme,problem=none,status=200}"] == 1
    assert (
        found["ticketbridge_answers_total{platform=acme,problem=mapping-mismatch,status=502}"] == 1
    )
    assert found["ticketbridge_secret_uses_total{platform=acme,secret=1}"] == 1
    assert found["ticketbridge_secret_uses_total{platform=acme,secret=2}"] == 1
    assert found["ticketbridge_verdicts_total{detail=,platform=acme,verdict=returned}"] == 3
    assert (
        found["ticketbridge_verdicts_total{detail=REFUNDED,platform=acme,verdict=not_eligible}"]
        == 2
    )
    assert found["ticketbridge_calls_total{platform=acme}"] == 5
    assert found["ticketbridge_retries_total{platform=acme}"] == 1
    assert found["ticketbridge_logins_total{platform=acme}"] == 2


def test_each_problem_has_a_series_from_the_start() -> None:
    """A first problem is seen as a rise: Prometheus sees none in a series that begins with it."""
    metrics = Metrics()
    metrics.meter("acme")
    found = shown(metrics.samples([], 0, {}, {}))
    answers = [name for name in found if name.startswith("ticketbridge_answers_total")]

    assert "ticketbridge_answers_total{platform=acme,problem=internal-error,status=500}" in answers
    assert {found[name] for name in answers} == {0}
    assert not any("header-too-large" in name for name in answers)


def test_refused_callers_are_told_apart_and_not_timed() -> None:
    """A refusal is counted by its reason, and takes no part in the times of answers."""
    found = counted((AnswerTrace(), 401, Unauthorized(), 0.001))

    assert found["ticketbridge_refused_callers_total{platform=acme,reason=secret}"] == 1
    assert found["ticketbridge_refused_callers_total{platform=acme,reason=address}"] == 0
    assert found["ticketbridge_answer_duration_seconds_count{platform=acme}"] == 0


@pytest.mark.parametrize(
    ("seconds", "le", "within"),
    [
        (0.005, "0.005", 1),
        (0.0050001, "0.005", 0),
        (0.0050001, "0.01", 1),
        (99, "30.0", 0),
        (99, "+Inf", 1),
    ],
)
def test_a_time_is_within_its_bound(seconds: float, le: str, within: int) -> None:
    """A bucket counts what takes no longer than its bound, the bound included."""
    found = counted((asked(), 200, None, seconds))

    assert found[f"ticketbridge_answer_duration_seconds_bucket{{le={le},platform=acme}}"] == within
    assert found["ticketbridge_answer_duration_seconds_sum{platform=acme}"] == seconds


def test_the_time_of_the_mapping_is_only_its_own() -> None:
    """Calls are not in it; an answer with waits or retries, whose pauses are not known, is left out."""
    waited = asked()
    waited.waiting.starts, waited.waiting.seconds = 1, 0.5
    found = counted(
        (asked(), 200, None, 0.03),
        (waited, 200, None, 0.6),
        (asked(retries=1), 200, None, 0.6),
        (asked(calls=0), 200, None, 0.6),
    )

    assert found["ticketbridge_mapping_duration_seconds_count{platform=acme}"] == 1
    assert found["ticketbridge_mapping_duration_seconds_sum{platform=acme}"] == pytest.approx(0.01)
    assert found["ticketbridge_upstream_duration_seconds_count{platform=acme}"] == 3


def test_waits_for_a_turn_and_for_the_rate_are_told_apart() -> None:
    """A wait for the rate is one in wait for a call too, and counts once."""
    trace = asked()
    trace.waiting.starts, trace.waiting.seconds = 3, 0.75
    trace.rate_waiting = Stopwatch(seconds=0.5, starts=1)
    found = counted((trace, 200, None, 1.0))

    assert found["ticketbridge_turn_waits_total{platform=acme}"] == 2
    assert found["ticketbridge_turn_wait_seconds_total{platform=acme}"] == 0.25
    assert found["ticketbridge_rate_waits_total{platform=acme}"] == 1
    assert found["ticketbridge_rate_wait_seconds_total{platform=acme}"] == 0.5


def test_a_wait_without_a_call_counts() -> None:
    """An answer that never got its turn, or whose login was all that was sent, waited all the same."""
    trace = asked(calls=0, logins=1)
    trace.waiting.starts, trace.waiting.seconds = 1, 0.75
    found = counted((trace, 503, Overloaded(), 0.75))

    assert found["ticketbridge_turn_waits_total{platform=acme}"] == 1
    assert found["ticketbridge_turn_wait_seconds_total{platform=acme}"] == 0.75
    assert found["ticketbridge_logins_total{platform=acme}"] == 1


def test_unknown_words_and_verdicts_are_bounded() -> None:
    """A platform that says a new word each time makes no series without end."""
    words = [asked(unknown_words={f"W{number}": 1}) for number in range(MOST_WORDS + 5)]
    kinds = [asked(verdicts={f"violation:f{number}": 1}) for number in range(MOST_VERDICTS + 5)]
    found = counted(*[(trace, 200, None, 0.1) for trace in (*words, *words, *kinds)])
    series = [name for name in found if name.startswith("ticketbridge_unknown_status_words")]
    others = "ticketbridge_verdicts_total{detail=other,platform=acme,verdict=violation}"

    assert len(series) == MOST_WORDS + 1
    assert found["ticketbridge_unknown_status_words_total{platform=acme,word=other}"] == 10
    assert found["ticketbridge_unknown_status_words_total{platform=acme,word=W0}"] == 2
    # `returned` and `unknown_status` have a place each from the start.
    assert found[others] == 5 + 2


def test_what_is_as_it_is_at_the_moment() -> None:
    """States, reloads and refusals of the service each have their series."""
    metrics = Metrics()
    metrics.count_reload("acme.yaml", ok=False)
    metrics.count_reload("acme.yaml", ok=True)
    files = {"acme.yaml": True, "b.yaml": False}
    found = shown(metrics.samples([STATE], 7, {"bad-request": 4}, files))

    assert found["ticketbridge_mapping_broken{mapping=acme.yaml}"] == 0
    assert found["ticketbridge_mapping_broken{mapping=b.yaml}"] == 1
    assert found["ticketbridge_reloads_total{mapping=acme.yaml,result=ok}"] == 1
    assert found["ticketbridge_reloads_total{mapping=acme.yaml,result=failed}"] == 1
    states = [
        found[f"ticketbridge_breaker_state{{platform=acme,state={s}}}"]
        for s in ("closed", "half-open")
    ]
    assert states == [0, 1]
    assert found["ticketbridge_answers_in_flight{platform=acme}"] == 3
    assert found["ticketbridge_calls_in_flight{platform=acme}"] == 2
    assert found["ticketbridge_mapping_info{digest=d1,platform=acme}"] == 1
    assert found["ticketbridge_refused_requests_total{problem=bad-request}"] == 4
    assert found["ticketbridge_connections{}"] == 7


def test_the_meter_of_a_platform_stays() -> None:
    """A mapping that is read again goes on counting where it was."""
    metrics = Metrics()

    assert metrics.meter("acme") is metrics.meter("acme")
    assert metrics.meter("acme") is not metrics.meter("other")


# --- several processes ----------------------------------------------------------------------------


def test_counts_add_up_and_gauges_are_of_the_living() -> None:
    """Counts and times of all are summed; a gauge is the sum or the largest of those that run."""
    one, other, gone = Metrics(), Metrics(), Metrics()
    for metrics in (one, other, gone):
        metrics.meter("acme").count_answer(asked(), 200, None, 0.03)
    found = shown(
        merge(
            (
                metrics.samples([STATE], 1, {}, {"acme.yaml": metrics is one}),
                metrics is not gone,
            )
            for metrics in (one, other, gone)
        )
    )

    assert found["ticketbridge_answers_total{platform=acme,problem=none,status=200}"] == 3
    assert found["ticketbridge_answer_duration_seconds_count{platform=acme}"] == 3
    assert found["ticketbridge_answer_duration_seconds_sum{platform=acme}"] == pytest.approx(0.09)
    assert found["ticketbridge_answer_duration_seconds_bucket{le=0.05,platform=acme}"] == 3
    assert found["ticketbridge_workers{}"] == 2
    assert found["ticketbridge_answers_in_flight{platform=acme}"] == 6
    assert found["ticketbridge_mapping_info{digest=d1,platform=acme}"] == 1
    assert found["ticketbridge_mapping_broken{mapping=acme.yaml}"] == 1


def test_workers_read_what_the_others_wrote(tmp_path: Path) -> None:
    """A worker's file is whole at each moment, and says whether the worker still runs."""
    one, other = WorkerFile(tmp_path), WorkerFile(tmp_path)
    silent = WorkerFile(tmp_path)
    samples = Metrics().samples([STATE], 1, {}, {})
    one.write({})
    other.write(samples)
    other.write(samples)
    running = list(one.others())
    other.close()
    ended = list(one.others())
    with (tmp_path / f"{other._file.stem}.lock").open() as reader:
        fcntl.flock(reader, fcntl.LOCK_SH)  # as another worker that looks at the same moment
        looked_at = list(one.others())
    (tmp_path / "torn.json").write_text('{"ticketbridge_workers"')
    torn = list(one.others())
    next(tmp_path.glob(f"{other._file.stem}.lock")).unlink()
    swept = list(one.others())
    one.close()
    silent.close()

    assert running == [(samples, True)]
    assert ended == looked_at == torn == swept == [(samples, False)]


HOLDER = """
import sys
from pathlib import Path
from ticketbridge.service.metrics_export import WorkerFile
worker = WorkerFile(Path(sys.argv[1]))
worker.write({"ticketbridge_workers": {(): [1.0]}})
print("written", flush=True)
sys.stdin.read()
"""


def test_a_worker_that_is_killed_is_known_to_be_gone(tmp_path: Path) -> None:
    """However a process ends, its lock ends with it."""
    pipe = subprocess.PIPE
    command = [sys.executable, "-c", HOLDER, str(tmp_path)]
    with closing(WorkerFile(tmp_path)) as own:
        with subprocess.Popen(command, stdin=pipe, stdout=pipe) as process:  # noqa: S603 - our own
            assert process.stdout is not None
            assert process.stdout.readline() == b"written\n"
            running = [is_alive for _, is_alive in own.others()]
            process.kill()
            process.communicate()
        gone = [is_alive for _, is_alive in own.others()]

    assert (running, gone) == ([True], [False])


def test_without_room_a_worker_goes_on(tmp_path: Path) -> None:
    """Numbers that cannot be written stop no answer."""
    with closing(WorkerFile(tmp_path)) as worker:
        worker._file = tmp_path / "nowhere" / "file.json"
        worker.write({})
        worker.write({})

        assert not worker._file.exists()


def test_where_there_is_no_folder_the_settings_say_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A place that cannot be written is said with what would be right."""
    monkeypatch.setenv("TMPDIR", str(tmp_path / "nowhere"))
    with pytest.raises(SettingsError, match="TICKETBRIDGE_METRICS_PORT=0"):
        make_folder()


@pytest.mark.parametrize("is_there", [True, False])
def test_the_folder_is_in_memory_where_that_can_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, is_there: bool
) -> None:
    """Without a choice of the operator's, it is where no disk is needed."""
    monkeypatch.delenv("TMPDIR", raising=False)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    memory = tmp_path / "memory"
    if is_there:
        memory.mkdir()
    monkeypatch.setattr(metrics_export, "_IN_MEMORY", memory)

    assert make_folder().parent == (memory if is_there else tmp_path)


def test_what_was_left_behind_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of services that were killed nothing stays after a minute; what is in use, new, or unknown does."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    left, used, new = make_folder(), make_folder(), make_folder()
    other = tmp_path / "something-else"
    other.mkdir()
    gone = tmp_path / "ticketbridge-metrics-gone"
    gone.symlink_to(tmp_path / "nowhere")
    WorkerFile(left).close()
    with closing(WorkerFile(used)):
        for folder, age in ((left, 70), (used, 70), (other, 70), (new, 50)):
            os.utime(folder, (time.time() - age,) * 2)
        made = make_folder()

    assert set(tmp_path.iterdir()) == {used, new, other, gone, made}


# --- the port -------------------------------------------------------------------------------------


async def test_a_worker_without_a_place_for_its_metrics_answers(
    platform: FakePlatform, lines: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where nothing can be written any more, a worker serves, gives its own numbers, and says so once."""

    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    platform.on("/orders", Reply(json=orders()))
    monkeypatch.setattr("tempfile.mkstemp", full)
    async with counting(platform, workers=2) as (menta, place, _app):
        answer = await menta.get(TICKETS, headers=HEADERS)
        found = values((await menta.get(f"{place}/metrics")).text)
    (line,) = events(lines, "no place for the metrics of the workers")

    assert answer.status_code == 200
    assert found["ticketbridge_answers_total{platform=acme,problem=none,status=200}"] == 1
    assert line["reason"] == "No space left on device"


@pytest.mark.parametrize("workers", [1, 2])
async def test_the_metrics_are_on_their_own_port(platform: FakePlatform, workers: int) -> None:
    """Answers are counted where they are given, and read elsewhere: no port gives what is the other's."""
    platform.on("/orders", Reply(json=orders(order(item(1), item(2, state="REFUNDED")))))
    async with counting(platform, workers=workers) as (menta, place, _app):
        good = await menta.get(TICKETS, headers=HEADERS)
        await menta.get(TICKETS)
        read = await menta.get(f"{place}/metrics")
        probes = [await menta.get(f"{place}{path}") for path in ("/healthz", "/readyz")]
        others = [
            (await menta.get(url)).status_code
            for url in (f"{place}{TICKETS}", f"{place}/openapi.json", "/metrics")
        ]
        posted = await menta.post(f"{place}/metrics")
    found = values(read.text)

    assert good.status_code == 200
    assert read.headers["content-type"].startswith("text/plain")
    assert read.headers["cache-control"] == "no-store"
    assert found["ticketbridge_answers_total{platform=acme,problem=none,status=200}"] == 1
    assert found["ticketbridge_refused_callers_total{platform=acme,reason=secret}"] == 1
    assert (
        found["ticketbridge_verdicts_total{detail=REFUNDED,platform=acme,verdict=not_eligible}"]
        == 1
    )
    assert found["ticketbridge_connections{}"] == 1
    assert found["ticketbridge_answers_in_flight{platform=acme}"] == 0
    assert [probe.json()["status"] for probe in probes] == ["alive", "ready"]
    assert others == [404, 404, 404]
    assert (posted.status_code, posted.headers["allow"]) == (405, "GET, HEAD")


async def test_a_worker_leaves_its_last_counts_behind(tmp_path: Path) -> None:
    """What was counted since the last second is written when a worker ends."""
    numbers = [1.0]

    def read() -> Samples:
        return {"ticketbridge_clients_left": {("acme",): list(numbers)}}

    async def nothing(*_: object) -> None:
        """No probe is asked."""

    port = MetricsPort(folder=tmp_path)
    with closing(WorkerFile(tmp_path)) as other:
        async with port.serving(read, nothing):
            async with asyncio.timeout(10):
                while not list(other.others()):  # noqa: ASYNC110 - a file has no event
                    await asyncio.sleep(0.01)
            numbers[0] = 2.0
        left = list(other.others())

    assert left == [({"ticketbridge_clients_left": {("acme",): [2.0]}}, False)]


async def test_nothing_personal_is_in_the_metrics(platform: FakePlatform) -> None:
    """No user, no secret, no value of a ticket's and no host is named, whatever went wrong."""
    found = orders(
        order(item("T-4711", state="ana@example.com", zone="Z-88"), email="ana@example.com")
    )
    platform.on("/orders", Reply(json=found))
    async with counting(platform, {"ticket.on_violation": "omit"}) as (menta, place, _app):
        await menta.get(TICKETS, headers=HEADERS)
        await menta.get("/tickets?user=nobody", headers={"X-Menta-Secret": "wrong-secret"})
        text = (await menta.get(f"{place}/metrics")).text

    assert 'word="other"' in text
    for hidden in ("ana", "4711", "Z-88", SECRET, "wrong-secret", "127.0.0.1", "nobody"):
        assert hidden not in text


async def test_what_no_endpoint_sees_is_counted(platform: FakePlatform) -> None:
    """Requests that the protocol refuses are counted by their problem."""
    before = BoundedProtocol.shared.refused["bad-request"]
    async with counting(platform) as (menta, place, _app):
        reader, writer = await asyncio.open_connection(menta.base_url.host, menta.base_url.port)
        writer.write(b"nonsense\r\n\r\n")
        await reader.read()
        writer.close()
        found = values((await menta.get(f"{place}/metrics")).text)

    assert found["ticketbridge_refused_requests_total{problem=bad-request}"] == before + 1


def test_what_no_endpoint_sees_is_counted_from_0() -> None:
    """Each refusal has its series before the first one, so that an alert sees it rise."""
    slugs = "bad-request request-timeout content-too-large header-too-large overloaded"

    assert dict(ConnectionCounts().refused) == dict.fromkeys(slugs.split(), 0)


async def test_a_caller_who_leaves_is_counted(platform: FakePlatform) -> None:
    """What was done for a caller who left is counted too."""
    platform.on("/orders", Reply(hang=True))
    async with counting(platform) as (menta, place, _app):
        with pytest.raises(httpx.ReadTimeout):
            await menta.get(TICKETS, headers=HEADERS, timeout=0.2)
        async with asyncio.timeout(10):
            while True:
                found = values((await menta.get(f"{place}/metrics")).text)
                if found["ticketbridge_clients_left_total{platform=acme}"]:
                    break

    assert found["ticketbridge_calls_total{platform=acme}"] == 1
    assert found["ticketbridge_answers_in_flight{platform=acme}"] == 0


async def test_openmetrics_is_given_where_it_is_asked_for(platform: FakePlatform) -> None:
    """Prometheus asks for OpenMetrics, and gets what its own parser takes."""
    async with counting(platform) as (menta, place, _app):
        accept = {"Accept": "application/openmetrics-text;version=1.0.0"}
        read = await menta.get(f"{place}/metrics", headers=accept)
    names = {family.name for family in openmetrics(read.text)}  # type: ignore[no-untyped-call]  # it has no types

    assert read.headers["content-type"].startswith("application/openmetrics-text")
    assert names == {spec.name for spec in all_metrics()}


async def test_a_full_service_still_gives_its_metrics(
    platform: FakePlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Connections to the metrics do not count among those of callers."""
    async with counting(platform) as (menta, place, _app):
        monkeypatch.setattr(BoundedProtocol.shared, "taken", 10**6)
        turned_away = await menta.get("/healthz")
        read = await menta.get(f"{place}/metrics")

    assert (turned_away.status_code, read.status_code) == (503, 200)


def test_a_port_that_is_taken_is_said_to_be_the_metrics() -> None:
    """Who starts a second service is told which of its ports is meant, and how to do without."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        settings = Settings(metrics_port=taken.getsockname()[1])
        with pytest.raises(
            SettingsError, match=r"metrics: cannot listen .* 0 leaves the metrics out"
        ):
            MetricsPort().open(settings)


@pytest.mark.parametrize(
    ("host", "text"),
    [
        ("no-such-host.invalid", "TICKETBRIDGE_METRICS_HOST names another address"),
        ("192.0.2.1", "not have that address .TICKETBRIDGE_METRICS_HOST names another address"),
    ],
)
def test_a_wrong_host_of_the_metrics_is_named(host: str, text: str) -> None:
    """Another port would not help."""
    with pytest.raises(SettingsError, match=text):
        MetricsPort().open(Settings(metrics_host=host))


def test_one_port_for_both_is_no_other_program() -> None:
    """The port that is taken may be that of the service itself."""
    with socket.create_server(("127.0.0.1", 0)) as own:
        port = own.getsockname()[1]
        with pytest.raises(SettingsError, match=rf"port {port} is already that of the service"):
            MetricsPort().open(Settings(port=port, metrics_port=port))


def test_without_a_port_nothing_is_counted_nor_loaded(tmp_path: Path) -> None:
    """Port 0 leaves the counting out of an answer's way. Prometheus' library comes with the first read."""
    program = (
        "import sys; from ticketbridge.cli import main;"
        f" main(['serve', {str(tmp_path)!r}]); print(*sys.modules)"
    )
    (tmp_path / "acme.yaml").write_text("version: 1\n")
    for port, loads in (("0", False), ("9464", True)):
        environment = {**os.environ, "TICKETBRIDGE_METRICS_PORT": port}
        ran = subprocess.run(  # noqa: S603 - our own program
            [sys.executable, "-c", program],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        modules = ran.stdout.split()
        assert ("ticketbridge.service.metrics_server" in modules) is loads
        assert "prometheus_client" not in modules

    app = create_app([compile_mapping(spec_of({}))], Settings())
    assert app.watchers.metrics is None
    assert app.endpoints["/tickets"]._meter is None  # type: ignore[attr-defined]  # of an endpoint


def test_the_settings_name_the_port() -> None:
    """A flag beats the variable, and both say what is right."""
    settings = settings_from(
        {"TICKETBRIDGE_METRICS_PORT": "1", "TICKETBRIDGE_METRICS_HOST": "0.0.0.0"},
        {"METRICS_PORT": "9999"},
    )
    assert (settings.metrics_port, settings.metrics_host) == (9999, "0.0.0.0")
    assert (Settings().metrics_port, Settings().metrics_host) == (9464, "127.0.0.1")
    with pytest.raises(SettingsError, match=re.escape("--metrics-port must be a port from 1")):
        settings_from({}, {"METRICS_PORT": "x"})


# --- the page -------------------------------------------------------------------------------------


def row_of(spec: MetricSpec) -> str:
    """The row of a metric in `docs/reference/metrics.md`."""
    name = f"{spec.name}_total" if spec.kind == "counter" else spec.name
    labels = ", ".join(f"`{label}`" for label in spec.labels)
    return f"| `{name}` | {spec.kind} | {labels} | {spec.text} |"


def test_the_page_has_each_metric() -> None:
    """The page lists each metric with its type, labels and meaning, and no other, in order."""
    page = (Path(__file__).parents[2] / "docs" / "reference" / "metrics.md").read_text("utf-8")
    rows = [line for line in page.splitlines() if line.startswith("| `ticketbridge_")]

    assert rows == [row_of(spec) for spec in all_metrics()]
