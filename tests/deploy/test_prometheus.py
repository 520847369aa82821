"""The metrics as a real Prometheus has them: each one is there, and workers' counts add up.

On a desk without Prometheus these tests are skipped; where `CI` is set they are not.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from tests.counting import counting
from tests.deploy.programs import program, series_of
from tests.fake_platform import FakePlatform, Reply
from tests.processes import HEADERS, PATIENCE, own_process, serving_program, workers_of
from tests.support import NO_TLS, Changes, item, order, orders
from ticketbridge.service.mapping_set import BrokenMapping
from ticketbridge.service.metric_specs import all_metrics
from ticketbridge.service.metrics import Metrics, PlatformState
from ticketbridge.service.metrics_text import exposition
from ticketbridge.service.protocol import BoundedProtocol

pytestmark = [pytest.mark.anyio, pytest.mark.slow]

DASHBOARD = Path(__file__).parents[2] / "deploy" / "grafana" / "ticketbridge.json"
TICKETS = "/tickets?user=ana%40example.com"
SESSION: Changes = {
    "upstream.auth": {
        "type": "session",
        "login": {"post": "/login", "json": {}},
        "token": "body.t",
    },
    "upstream.retries": 1,
    "ticket.on_violation": "omit",
}
NAMED = re.compile(r"ticketbridge_[a-z_]+")


def free_port() -> int:
    """A port that nobody listens on yet."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


class Prometheus:
    """A running Prometheus, asked by *client*."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def ask(self, path: str, **parameters: str) -> Any:
        """The data of an answer that is no error."""
        answer = await self._client.get(path, params=parameters)
        document = answer.json()
        assert document["status"] == "success", document
        return document["data"]

    async def query(self, expression: str) -> Sequence[Mapping[str, Any]]:
        """The series that an expression gives now."""
        rows: Sequence[Mapping[str, Any]] = (await self.ask("/query", query=expression))["result"]
        return rows

    async def value(self, expression: str) -> float:
        """The one number that an expression gives; NaN where it gives none, or nobody answers yet."""
        try:
            rows = await self.query(expression)
        except (httpx.TransportError, ValueError):  # it says so in plain text while it starts
            rows = ()
        return float(rows[0]["value"][1]) if rows else float("nan")

    async def until(self, expression: str, expected: float) -> None:
        """Wait until an expression gives that number."""
        async with asyncio.timeout(2 * PATIENCE):
            while (await self.value(expression)) != expected:  # noqa: ASYNC110 - it has no events
                await asyncio.sleep(0.1)


@asynccontextmanager
async def prometheus(folder: Path, target: str) -> AsyncIterator[Prometheus]:
    """A Prometheus that reads the metrics at *target* several times a second, and has done so once."""
    configuration = {
        "global": {"scrape_interval": "500ms", "scrape_timeout": "500ms"},
        "scrape_configs": [
            {
                "job_name": "ticketbridge",
                "static_configs": [{"targets": [target]}],
            }
        ],
    }
    file, port = folder / "prometheus.yaml", free_port()
    file.write_text(yaml.safe_dump(configuration), "utf-8")
    command = [
        program("prometheus"),
        f"--config.file={file}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=error",
    ]
    url = f"http://127.0.0.1:{port}/api/v1"
    with own_process(command):
        async with httpx.AsyncClient(base_url=url, trust_env=False, verify=NO_TLS) as client:
            found = Prometheus(client)
            await found.until("sum(up)", 1)
            yield found


async def bad_request(client: httpx.AsyncClient) -> None:
    """Send what is no HTTP."""
    reader, writer = await asyncio.open_connection(client.base_url.host, client.base_url.port)
    writer.write(b"nonsense\r\n\r\n")
    await reader.read()
    writer.close()


async def everything(client: httpx.AsyncClient, app: Any, platform: FakePlatform) -> None:
    """Have each metric move, but for the waits, which a single user does not have."""
    platform.on("/login", Reply(json={"t": "token"}))
    found = orders(order(item(1), item(2, state="REFUNDED"), item(3, state="HELD")))
    platform.on("/orders", Reply(503), Reply(json=found))
    for _ in range(3):
        assert (await client.get(TICKETS, headers=HEADERS)).status_code == 200
    assert (await client.get(TICKETS)).status_code == 401
    await bad_request(client)
    app.watchers.metrics.count_reload("acme.yaml", ok=True)
    app.watchers.metrics.count_reload("acme.yaml", ok=False)
    broken = BrokenMapping(Path("b.yaml"), ValueError())
    app.serve(replace(app.mappings, broken=[broken]))


async def test_prometheus_has_each_metric(platform: FakePlatform, tmp_path: Path) -> None:
    """Each metric has a series, and the type and the text of its declaration; each panel shows something."""
    before = BoundedProtocol.shared.refused.total()  # of other tests in this process
    async with (
        counting(platform, SESSION) as (client, place, app),
        prometheus(tmp_path, place.removeprefix("http://")) as prom,
    ):
        await everything(client, app, platform)
        await prom.until("sum(ticketbridge_mapping_broken)", 1)
        # What rises is seen to rise only between two readings.
        await everything(client, app, platform)
        await prom.until("sum(ticketbridge_refused_requests_total)", before + 2)
        names = set(await prom.ask("/label/__name__/values"))
        told = await prom.ask("/metadata")
        shown = {query: await prom.query(as_asked(query)) for query in queries()}
        words = await prom.query("ticketbridge_unknown_status_words_total")

    for spec in all_metrics():
        assert set(series_of(spec)) <= names, spec.name
        (meta,) = told[spec.name]  # without `_total`, as OpenMetrics has it
        assert (meta["type"], meta["help"]) == (spec.kind, spec.text)
    assert [query for query, rows in shown.items() if not rows] == []
    assert [(row["metric"]["word"], row["value"][1]) for row in words] == [("HELD", "6")]


def queries() -> Iterator[str]:
    """The expressions of all panels."""
    for panel in json.loads(DASHBOARD.read_text("utf-8"))["panels"]:
        yield from (target["expr"] for target in panel.get("targets", ()))


def as_asked(query: str) -> str:
    """A query as Grafana sends it for all platforms."""
    asked = query.replace("$platform", ".*").replace("$__rate_interval", "1m")
    assert "$" not in asked
    return asked


def test_each_panel_names_metrics_that_exist() -> None:
    """No panel shows a series that the service does not have, and no metric is left out."""
    known = {name: spec.name for spec in all_metrics() for name in series_of(spec)}
    named = {name for query in queries() for name in NAMED.findall(query)}

    assert named <= known.keys()
    assert {known[name] for name in named} == set(known.values())


def test_what_is_given_passes_the_lint_of_prometheus() -> None:
    """Names, types and texts follow Prometheus' conventions."""
    metrics = Metrics()
    metrics.meter("acme")
    state = PlatformState("acme", "0" * 64, "open", 1, 2)
    text, _ = exposition(metrics.samples([state], 1, {"bad-request": 1}, {"acme.yaml": True}), "")
    ran = subprocess.run(  # noqa: S603 - Prometheus' own tool
        [program("promtool"), "check", "metrics"], input=text, capture_output=True, check=False
    )

    assert (ran.returncode, ran.stdout, ran.stderr) == (0, b"", b"")


async def test_counts_of_workers_add_up(platform: FakePlatform, tmp_path: Path) -> None:
    """Whichever worker is read says what all have counted, one that was killed too, but for its gauges."""
    platform.on("/orders", Reply(json=orders(order(item(1)))))
    port = free_port()
    variables = {
        "TICKETBRIDGE_WORKERS": "2",
        "TICKETBRIDGE_METRICS_PORT": str(port),
        "TMPDIR": str(tmp_path),  # it is killed at the end, and cleans nothing up
    }
    with serving_program(tmp_path, platform.url, None, **variables) as running:
        async with prometheus(tmp_path, f"127.0.0.1:{port}") as prom:
            await prom.until("ticketbridge_workers", 2)
            seen = await pull(running.tickets, 40)
            await prom.until('ticketbridge_answers_total{status="200"}', 40)
            await prom.until("ticketbridge_calls_total", 40)
            await prom.until("ticketbridge_answer_duration_seconds_count", 40)
            await prom.until('ticketbridge_secret_uses_total{secret="1"}', 40)
            await prom.until('ticketbridge_breaker_state{state="closed"}', 2)
            await prom.until("ticketbridge_mapping_info", 1)
            await until_written(tmp_path, 40)
            killed = workers_of(running)[0]
            os.kill(killed, signal.SIGKILL)
            async with asyncio.timeout(PATIENCE):
                while len({*workers_of(running)} - {killed}) < 2:  # noqa: ASYNC110 - as above
                    await asyncio.sleep(0.05)
            await pull(running.tickets, 10)
            await prom.until('ticketbridge_answers_total{status="200"}', 50)
            await until_written(tmp_path, 50)  # also by the new one
            await prom.until("ticketbridge_workers", 2)
            fell = await prom.value('resets(ticketbridge_answers_total{status="200"}[5m])')
    assert seen == {200}
    assert fell == 0


async def until_written(folder: Path, answers: int) -> None:
    """Wait until the workers' files have so many answers; a killed worker takes its last second along."""
    async with asyncio.timeout(PATIENCE):
        while answers_in(folder) != answers:  # noqa: ASYNC110 - files have no events
            await asyncio.sleep(0.05)


def answers_in(folder: Path) -> float:
    """The answers with status 200 in all workers' files."""
    files = folder.glob("ticketbridge-metrics-*/*.json")
    rows = [json.loads(file.read_text("utf-8")).get("ticketbridge_answers", []) for file in files]
    return float(
        sum(number for each in rows for (_, status, _), (number,) in each if status == "200")
    )


async def pull(url: str, times: int) -> set[int]:
    """The statuses of so many pulls, each on a connection of its own."""
    found: set[int] = set()
    for _ in range(times):
        async with httpx.AsyncClient(headers=HEADERS, trust_env=False, verify=NO_TLS) as client:
            found.add((await client.get(url)).status_code)
    return found
