"""Two workers under load: a reload each second, then a rotated secret, renewed tokens and a killed worker.

What fails of it, and how soon each worker serves the new mapping.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from benchmarks import servers
from benchmarks.data import SECRET
from benchmarks.ours import MAPPINGS
from benchmarks.proxy import PATH, request_of
from benchmarks.report import Part, Table, Target, milliseconds
from benchmarks.servers import OURS, Server

WORKERS = 2
CALLERS = 8
TICKETS = 4
_NEXT = "the-next-secret-of-menta-tech"
_PATIENCE = 30.0
_NOTE = (
    f"{WORKERS} workers, {CALLERS} callers, {TICKETS} tickets, each pull on a connection of its own. Live:"
    " from SIGHUP until the last worker says that it serves the new mapping."
)


@dataclass(frozen=True, slots=True)
class Pull:
    """One pull: when it began and ended, and what was wrong with it, or ""."""

    since: float
    until: float
    slip: str


@dataclass(slots=True)
class Pulls:
    """All pulls so far. *secret* is what the next ones bring."""

    port: int
    secret: str = SECRET
    made: list[Pull] = field(default_factory=list)

    async def pull_again_and_again(self) -> None:
        """Pull without a pause."""
        while True:
            since = time.monotonic()
            slip = await self._slip()
            self.made.append(Pull(since, time.monotonic(), slip))

    async def _slip(self) -> str:
        headers = {"X-Menta-Secret": self.secret, "Connection": "close"}
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
            writer.write(request_of(PATH, headers))
            answer = await reader.read()
            writer.close()
        except OSError as error:
            return repr(error)
        head, _, body = answer.partition(b"\r\n\r\n")
        if head.startswith(b"HTTP/1.1 200") and len(json.loads(body)["tickets"]) == TICKETS:
            return ""
        return repr(answer[:300])

    @property
    def failed(self) -> list[Pull]:
        """Those that went wrong."""
        return [pull for pull in self.made if pull.slip]

    def slowest(self) -> float:
        """The p99 of their seconds."""
        seconds = sorted(pull.until - pull.since for pull in self.made)
        return seconds[len(seconds) * 99 // 100]


class Log:
    """What the server logs, but for its answers."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._at = 0
        self._rest = b""
        self._lines: list[dict[str, object]] = []

    def events(self, event: str) -> list[dict[str, object]]:
        """The lines of one event."""
        with self.path.open("rb") as stream:
            stream.seek(self._at)
            new = stream.read()
        self._at += len(new)
        *whole, self._rest = (self._rest + new).split(b"\n")
        self._lines += [json.loads(line) for line in whole if b'"event":"answer"' not in line]
        return [line for line in self._lines if line["event"] == event]

    def workers(self) -> set[object]:
        """The processes that answer."""
        ended = {line["pid"] for line in self.events("worker ended")}
        return {line["pid"] for line in self.events("worker started")} - ended

    def times_read(self) -> dict[object, int]:
        """How often each worker has read the mappings again."""
        pids = [line["pid"] for line in self.events("mappings read again")]
        return {pid: pids.count(pid) for pid in self.workers()}


def measure(*, quick: bool) -> Part:
    """Thirty reloads, and the rotation."""
    reloads = 5 if quick else 30
    alone, lives, reloaded = asyncio.run(_reload_each_second(reloads))
    rotated, unexplained = asyncio.run(_rotate())
    rows = [
        ["no reload", *_row(alone), ""],
        [f"{reloads} reloads, one a second", *_row(reloaded), _range(lives)],
        ["secret, tokens and a killed worker", *_row(rotated), ""],
    ]
    table = Table("Reloads under load", ["", "pulls", "failed", "p99", "live"], rows, _NOTE)
    targets = [
        Target("pulls that failed of reloads", len(reloaded.failed), at_most=0),
        Target("seconds until the new mapping is live everywhere", max(lives), at_most=1.0),
        Target("pulls that failed outside of the killed worker", unexplained, at_most=0),
    ]
    return Part([table], targets)


def _row(pulls: Pulls) -> list[str]:
    return [f"{len(pulls.made):,}", str(len(pulls.failed)), milliseconds(pulls.slowest())]


def _range(seconds: list[float]) -> str:
    return f"{milliseconds(median(seconds))}, at most {milliseconds(max(seconds))}"


# --- the two runs ---------------------------------------------------------------------------------


async def _reload_each_second(reloads: int) -> tuple[Pulls, list[float], Pulls]:
    with _serving() as (server, folder, log):
        async with _pulling(server, log) as alone:
            await asyncio.sleep(reloads / 2)
        lives = []
        async with _pulling(server, log) as pulls:
            for number in range(1, reloads + 1):
                begun = time.monotonic()
                lives.append(await _reload(server, folder, log, f"version-{number}"))
                await asyncio.sleep(max(0.0, 1 - (time.monotonic() - begun)))
    return alone, lives, pulls


async def _reload(server: Server, folder: Path, log: Log, version: str) -> float:
    """Seconds until all workers serve the *version*."""
    text = (MAPPINGS / "reloaded.yaml").read_text("utf-8").replace("version-0", version)
    _put(folder / "bench.yaml", text)
    before = log.times_read()
    begun = time.monotonic()
    server.process.send_signal(signal.SIGHUP)
    await _until(lambda: _all_have_read(log, before))
    return time.monotonic() - begun


def _all_have_read(log: Log, before: dict[object, int]) -> bool:
    return all(times > before.get(pid, 0) for pid, times in log.times_read().items())


async def _rotate() -> tuple[Pulls, int]:
    """The pulls, and how many failed although no killed worker had them."""
    with _serving() as (server, folder, log):
        async with _pulling(server, log) as pulls:
            await asyncio.sleep(1)
            _put(folder / "next", _NEXT)
            await _reload(server, folder, log, "version-1")
            pulls.secret = _NEXT
            await asyncio.sleep(2.5)  # in which each worker's token expires twice
            killed = time.monotonic()
            victim = next(iter(log.workers()))
            assert isinstance(victim, int)
            os.kill(victim, signal.SIGKILL)
            await _until(lambda: victim not in log.workers())
            known = time.monotonic()
            await _until(lambda: len(log.events("Application startup complete.")) > WORKERS)
            await asyncio.sleep(1)
            _put(folder / "now", _NEXT)
            _put(folder / "next", "")
            await _reload(server, folder, log, "version-2")
            await asyncio.sleep(1)
    others = [pull for pull in pulls.failed if pull.since > known or pull.until < killed]
    return pulls, len(others) + max(0, len(pulls.failed) - CALLERS)


@contextmanager
def _serving() -> Iterator[tuple[Server, Path, Log]]:
    with tempfile.TemporaryDirectory() as name, servers.upstream() as platform:
        folder, log = Path(name), Log(Path(name) / "log")
        _put(folder / "bench.yaml", (MAPPINGS / "reloaded.yaml").read_text("utf-8"))
        _put(folder / "now", SECRET)
        _put(folder / "next", "")
        variables = {
            "MENTA_SECRET": "",
            "MENTA_SECRET_FILE": str(folder / "now"),
            "MENTA_SECRET_NEXT_FILE": str(folder / "next"),
            "TICKETBRIDGE_WORKERS": str(WORKERS),
            "TICKETBRIDGE_LOG_FORMAT": "json",
        }
        url = f"http://127.0.0.1:{platform.port}/{TICKETS}"
        with servers.serving(
            OURS,
            platform_url=url,
            mappings=(str(folder / "bench"),),
            variables=variables,
            log=log.path,
        ) as server:
            yield server, folder, log


@asynccontextmanager
async def _pulling(server: Server, log: Log) -> AsyncIterator[Pulls]:
    await _until(lambda: len(log.events("Application startup complete.")) >= WORKERS)
    pulls = Pulls(server.port)
    tasks = [asyncio.create_task(pulls.pull_again_and_again()) for _ in range(CALLERS)]
    try:
        yield pulls
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


def _put(file: Path, text: str) -> None:
    """Write a file at once: never is half of it there."""
    beside = file.with_name(f".{file.name}.new")
    beside.write_text(text, "utf-8")
    beside.replace(file)


async def _until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(_PATIENCE):
        while not condition():  # noqa: ASYNC110 - there is no event for it
            await asyncio.sleep(0.01)
