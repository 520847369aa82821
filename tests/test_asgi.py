"""`ticketbridge.asgi:app` under servers of others: uvicorn as it comes, and gunicorn."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.fake_platform import FakePlatform, Pause, Reply
from tests.processes import HEADERS, PATIENCE, own_process
from tests.support import NO_TLS, SECRET, TOKEN, Changes, item, mapping, order, orders
from ticketbridge.asgi import HostedApplication

pytestmark = pytest.mark.anyio

APP = "ticketbridge.asgi:app"
GOOD = Reply(json=orders(order(item(1))))
PULL = "?user=ana%40example.com"
SERVERS = {
    "uvicorn": ["uvicorn", "--port", "0", "--no-proxy-headers", APP],
    "gunicorn": [
        *("gunicorn", "--bind", "127.0.0.1:0", "--worker-class", "asgi"),
        *("--access-logfile", "-", APP),
    ],
}
each_server = pytest.mark.parametrize("server", SERVERS)


def write(folder: Path, name: str = "acme", changes: Changes | None = None) -> Path:
    """Write the changed MAPPING of the platform *name*."""
    file = folder / f"{name}.yaml"
    file.write_text(json.dumps(mapping({"platform": name, **(changes or {})})), "utf-8")
    return file


@contextmanager
def hosted(
    server: str, named: Path, log: Path, platform_url: str, **variables: str
) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    """The application under a server that is not ours, and its URL."""
    environment = _environment(named, platform_url, variables)
    command = [sys.executable, "-m", *SERVERS[server]]
    with (
        log.open("wb") as stream,
        own_process(command, env=environment, stdout=stream, stderr=stream) as process,
    ):
        yield process, _url(process, log)


def _environment(named: Path, platform_url: str, variables: Mapping[str, str]) -> dict[str, str]:
    known = {"MENTA_SECRET": SECRET, "ACME_TOKEN": TOKEN, "ACME_API": platform_url}
    ours = {"TICKETBRIDGE_MAPPINGS": str(named), "TICKETBRIDGE_LOG_FORMAT": "json"}
    return {**os.environ, **known, **ours, **variables}


def _url(process: subprocess.Popen[bytes], log: Path) -> str:
    for _ in range(PATIENCE * 50):
        found = re.search(r"http://127\.0\.0\.1:[1-9]\d*", log.read_text("utf-8"))
        if found:
            return found[0]
        assert process.poll() is None, log.read_text("utf-8")
        try:
            process.wait(0.02)
        except subprocess.TimeoutExpired:
            continue
    raise AssertionError(log.read_text("utf-8"))


def lines_of(log: Path, event: str) -> list[dict[str, object]]:
    """Our lines of one event; the server's own are beside them."""
    rows = [json.loads(row) for row in log.read_text("utf-8").splitlines() if row.startswith("{")]
    return [row for row in rows if row["event"] == event]


def client() -> httpx.AsyncClient:
    """menta tech."""
    return httpx.AsyncClient(headers=HEADERS, trust_env=False, timeout=PATIENCE, verify=NO_TLS)


async def up(menta: httpx.AsyncClient, url: str) -> httpx.Response:
    """Wait until it is ready, and return what it says."""
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                return await menta.get(f"{url}/readyz")
            except httpx.TransportError:
                await asyncio.sleep(0.05)


@each_server
async def test_it_serves_under_other_servers(
    platform: FakePlatform, tmp_path: Path, server: str
) -> None:
    """Pulls, errors and probes are those of `serve`; what is under way is finished when it is told to end."""
    platform.on("/orders", GOOD, Reply(steps=(Pause(0.5), *GOOD.script())))
    folder = tmp_path / "mappings"
    folder.mkdir()
    write(folder, "acme")
    write(folder, "other")
    log = tmp_path / "log"
    with hosted(server, folder, log, platform.url) as (process, url):
        async with client() as menta:
            ready = await up(menta, url)
            answer = await menta.get(f"{url}/acme/tickets{PULL}")
            refused = await menta.get(f"{url}/acme/tickets{PULL}", headers={"X-Menta-Secret": "x"})
            invalid = await menta.get(f"{url}/other/tickets?user=nobody")
            last = asyncio.create_task(menta.get(f"{url}/other/tickets{PULL}"))
            while len(platform.seen) < 2:  # noqa: ASYNC110 - there is no event for it
                await asyncio.sleep(0.02)
            process.send_signal(signal.SIGTERM)
            finished = await last
        code = await asyncio.to_thread(process.wait, PATIENCE)
    text = log.read_text("utf-8")

    assert [each["platform"] for each in ready.json()["platforms"]] == ["acme", "other"]
    statuses = [reply.status_code for reply in (answer, refused, invalid, finished)]
    assert statuses == [200, 401, 400, 200]
    assert answer.headers["x-ticketbridge-verdicts"] == "returned=1"
    assert "user=" not in text
    assert "Logging error" not in text
    assert "ana@example.com" not in text
    assert len(lines_of(log, "answer")) == 4
    assert code in {0, -signal.SIGTERM}


@each_server
async def test_who_leaves_stops_the_calls(
    platform: FakePlatform, tmp_path: Path, server: str
) -> None:
    """Also under another server the platform is not asked for a caller who has gone."""
    platform.on("/orders", Reply(hang=True))
    with hosted(server, write(tmp_path), tmp_path / "log", platform.url) as (_, url):
        async with client() as menta:
            await up(menta, url)
            pull = asyncio.create_task(menta.get(f"{url}/tickets{PULL}"))
            while not platform.seen:  # noqa: ASYNC110 - there is no event for it
                await asyncio.sleep(0.02)
            pull.cancel()
        async with asyncio.timeout(PATIENCE):
            while platform.open_connections:  # noqa: ASYNC110 - there is no event for it
                await asyncio.sleep(0.02)

    (line,) = lines_of(tmp_path / "log", "client left")
    assert line["platform"] == "acme"


async def test_watched_files_are_read_again(platform: FakePlatform, tmp_path: Path) -> None:
    """With TICKETBRIDGE_WATCH a mapping that changes is served without a restart."""
    platform.on("/orders", GOOD)
    file, log = write(tmp_path), tmp_path / "log.txt"
    variables = {"TICKETBRIDGE_WATCH": "1", "TICKETBRIDGE_TRUSTED_PROXIES": "0.0.0.0/0"}
    with hosted("uvicorn", file, log, platform.url, **variables) as (_, url):
        async with client() as menta:
            await up(menta, url)
            write(tmp_path, "acme", {"ticket.fields.ticketOptionId": {"const": "new"}})
            async with asyncio.timeout(PATIENCE):
                while not lines_of(log, "mapping loaded"):  # noqa: ASYNC110 - there is no event for it
                    await asyncio.sleep(0.02)
            answer = await menta.get(f"{url}/tickets{PULL}")

    assert answer.json()["tickets"][0]["ticketOptionId"] == "new"
    assert len(lines_of(log, "doubtful setting")) == 1


@pytest.mark.parametrize(
    ("changes", "variables", "said"),
    [
        ({"ticket.owner": ...}, {}, "error[TB011]"),
        ({"endpoint.access": "open"}, {}, "`acme` has `access: open`"),
        ({}, {"TICKETBRIDGE_MAPPINGS": ""}, "set TICKETBRIDGE_MAPPINGS"),
        ({}, {"TICKETBRIDGE_GRACE": "soon"}, "TICKETBRIDGE_GRACE must be a duration"),
    ],
)
def test_what_keeps_it_from_starting_is_said(
    tmp_path: Path, changes: Changes, variables: Mapping[str, str], said: str
) -> None:
    """The server ends, and says why without a traceback. Where it listens the application cannot know."""
    file = write(tmp_path, "acme", changes)
    ended = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-m", *SERVERS["uvicorn"]],
        env=_environment(file, "http://127.0.0.1:9", variables),
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )

    assert ended.returncode != 0
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize(
    "variables",
    [
        {"TICKETBRIDGE_HOST": "127.0.0.1", "TICKETBRIDGE_TRUSTED_PROXIES": "0.0.0.0/0"},
        {"TICKETBRIDGE_ALLOW_OPEN": "1"},
    ],
)
@pytest.mark.usefixtures("collector")
async def test_open_access_takes_the_operators_word(
    tmp_path: Path, variables: Mapping[str, str]
) -> None:
    """Who says that it listens on loopback, or that something is in front, may serve `access: open`."""
    file = write(tmp_path, "acme", {"endpoint.access": "open"})
    app = HostedApplication(_environment(file, "http://127.0.0.1:9", variables))

    assert await lifespan_of(app) == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


async def lifespan_of(app: HostedApplication) -> Sequence[str]:
    """What the application says when it is started and stopped."""
    told: list[str] = []
    calls = iter(["lifespan.startup", "lifespan.shutdown"])

    async def receive() -> dict[str, str]:
        return {"type": next(calls)}

    async def send(message: Mapping[str, str]) -> None:
        told.append(message["type"])

    await app({"type": "lifespan"}, receive, send)
    return told


async def test_a_server_without_lifespan_is_told_so(tmp_path: Path) -> None:
    """A request to an application that was not started is an error of the server's, and no 404."""
    app = HostedApplication(_environment(write(tmp_path), "http://127.0.0.1:9", {}))
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://bridge") as menta:
        with pytest.raises(RuntimeError, match="--lifespan on"):
            await menta.get("/tickets")
