"""Mappings that come, change, break and go while pulls are answered, by one process and by several."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.fake_platform import FakePlatform, Reply, Until
from tests.processes import PATIENCE, Program, own_process, port_in, running_program
from tests.support import NO_TLS, SECRET, TOKEN, Changes, item, mapping, order, orders

pytestmark = pytest.mark.anyio

GOOD = Reply(json=orders(order(item(1))))
PULL = "?user=ana%40example.com"
WORKERS = pytest.mark.parametrize("workers", [1, 2])


# --- what is served -------------------------------------------------------------------------------


def write(file: Path, changes: Changes | None = None, zone: str = "") -> str:
    """Write the changed MAPPING, whose tickets have the option *zone*, at once; its digest."""
    fields = {"ticket.fields.ticketOptionId": {"const": zone}} if zone else {}
    content = json.dumps(mapping({**fields, **(changes or {})})).encode()
    put(file, content)
    return hashlib.sha256(content).hexdigest()


def put(file: Path, content: bytes) -> None:
    """Write a file at once, as who deploys it does: never is half of it there."""
    beside = file.with_name(f".{file.name}.new")
    beside.write_bytes(content)
    beside.replace(file)


@contextmanager
def serving(
    folder: Path, platform: FakePlatform, workers: int, *flags: str, **variables: str
) -> Iterator[Program]:
    """`serve` of all mappings in *folder*, which ends well when it is told to."""
    log = folder.parent / "log"
    flags = ("--workers", str(workers), *flags)
    with running_program(folder, log, platform.url, *flags, **variables) as program:
        yield program
        program.tell(signal.SIGTERM)
        assert program.ended() == 0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty folder for mappings."""
    made = tmp_path / "mappings"
    made.mkdir()
    return made


async def until(condition: Callable[[], object]) -> None:
    """Wait for what comes in its own time."""
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 - there is no event for it
            await asyncio.sleep(0.02)


async def up(program: Program, workers: int) -> None:
    """Wait until all workers take connections."""
    await until(lambda: len(program.events("Application startup complete.")) >= workers)


async def live(program: Program, digest: str, workers: int) -> None:
    """Wait until so many processes have said that they serve this content."""
    await until(lambda: len(said(program, digest)) >= workers)


def said(program: Program, digest: str) -> set[int]:
    """The processes that have said that they serve this content."""
    loaded = program.events("mapping loaded")
    return {line["pid"] for line in loaded if line["digest"] == digest}


async def get(url: str, secret: str = SECRET) -> httpx.Response:
    """One request on a connection of its own."""
    headers = {"X-Menta-Secret": secret}
    async with httpx.AsyncClient(
        trust_env=False, timeout=PATIENCE, headers=headers, verify=NO_TLS
    ) as menta:
        return await menta.get(url)


async def zone_at(url: str) -> str:
    """The option of the one ticket at this path."""
    answer = await get(f"{url}{PULL}")
    (ticket,) = answer.json()["tickets"]
    return str(ticket["ticketOptionId"])


async def readiness(program: Program) -> Mapping[str, Any]:
    """What `/readyz` says, which is never that pulls are not answered."""
    answer = await get(f"{program.url}/readyz")
    assert answer.status_code == 200
    document: Mapping[str, Any] = answer.json()
    return document


# --- load -----------------------------------------------------------------------------------------


@dataclass
class Load:
    """Pulls without a pause, by several callers. *secret* may be changed meanwhile."""

    url: str
    secret: str = SECRET
    zones: list[tuple[float, str]] = field(default_factory=list)
    failed: list[tuple[float, float, str]] = field(default_factory=list)

    async def pull_again_and_again(self) -> None:
        """Pull, each time on a new connection, and take down what failed, with its begin and end."""
        while True:
            since = time.monotonic()
            try:
                answer = await get(f"{self.url}{PULL}", self.secret)
            except httpx.TransportError as error:
                self.failed.append((since, time.monotonic(), repr(error)))
                continue
            if answer.status_code == 200:
                self.zones.append((since, answer.json()["tickets"][0]["ticketOptionId"]))
            else:
                self.failed.append((since, time.monotonic(), answer.text))

    async def some(self, number: int = 20) -> None:
        """Wait until so many more pulls are answered."""
        wanted = len(self.zones) + number
        await until(lambda: len(self.zones) >= wanted)

    def asked_since(self, moment: float) -> set[str]:
        """What the pulls that were made after *moment* got."""
        return {zone for since, zone in self.zones if since > moment}


@asynccontextmanager
async def loaded(url: str, callers: int = 4) -> AsyncIterator[Load]:
    """Pulls of *url* for as long as the context lasts."""
    load = Load(url)
    tasks = [asyncio.create_task(load.pull_again_and_again()) for _ in range(callers)]
    try:
        await load.some()
        yield load
        await load.some()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


# --- changes --------------------------------------------------------------------------------------


@WORKERS
async def test_reloads_under_load_fail_no_pull(
    platform: FakePlatform, folder: Path, workers: int
) -> None:
    """Each SIGHUP has all workers serve the new mapping, whole, and no pull fails of it."""
    platform.on("/orders", GOOD)
    write(folder / "acme.yaml", zone="v0")
    with serving(folder, platform, workers) as program:
        await up(program, workers)
        async with loaded(program.tickets_of()) as load:
            for number in range(1, 6):
                digest = write(folder / "acme.yaml", zone=f"v{number}")
                program.tell(signal.SIGHUP)
                await live(program, digest, workers)
                moment = time.monotonic()
                await load.some()
                assert load.asked_since(moment) == {f"v{number}"}
            ready = await readiness(program)

    assert load.failed == []
    assert [each["digest"] for each in ready["platforms"]] == [digest]
    assert "broken" not in ready


@WORKERS
async def test_answers_under_way_finish_on_the_mapping_that_they_began_with(
    platform: FakePlatform, folder: Path, workers: int
) -> None:
    """A pull that began before gets what the old mapping says; then its connection is closed."""
    go_on = asyncio.Event()
    held = Reply(steps=(Until(go_on), *GOOD.script()))
    platform.on("/orders", held, GOOD)
    write(folder / "acme.yaml", zone="old")
    with serving(folder, platform, workers) as program:
        await up(program, workers)
        first = asyncio.create_task(zone_at(program.tickets_of()))
        await until(lambda: platform.seen)
        digest = write(folder / "acme.yaml", zone="new")
        program.tell(signal.SIGHUP)
        await live(program, digest, workers)
        second = await zone_at(program.tickets_of())
        assert not first.done()
        opened = platform.open_connections
        go_on.set()
        assert (await first, second, opened) == ("old", "new", 2)
        await until(lambda: platform.open_connections == 1)


@WORKERS
async def test_a_broken_file_keeps_the_last_good_content(
    platform: FakePlatform, folder: Path, workers: int
) -> None:
    """It is named in `/readyz` and in the log until it is repaired; a worker that is new serves it too."""
    platform.on("/orders", GOOD)
    good = write(folder / "acme.yaml", zone="good")
    other = write(folder / "other.yaml", {"platform": "other"}, zone="other")
    with serving(folder, platform, workers) as program:
        await up(program, workers)
        put(folder / "acme.yaml", b"version: 1\nplatform: acme\n")
        program.tell(signal.SIGHUP)
        await until(lambda: len(program.events("mapping broken")) == workers)
        ready = await readiness(program)
        assert await zone_at(program.tickets_of("acme")) == "good"
        if workers > 1:
            pid = workers_of(program)[0]
            os.kill(pid, signal.SIGKILL)
            await up(program, workers + 1)
            zones = [await zone_at(program.tickets_of("acme")) for _ in range(20)]
            assert set(zones) == {"good"}
        repaired = write(folder / "acme.yaml", zone="repaired")
        program.tell(signal.SIGHUP)
        await live(program, repaired, workers)
        after = await readiness(program)
        assert await zone_at(program.tickets_of("acme")) == "repaired"
        line = program.events("mapping broken")[0]

    codes = ["TB011"]
    assert ready["broken"] == [
        {"file": "acme.yaml", "codes": codes, "served": "the last good content"}
    ]
    assert {each["platform"]: each["digest"] for each in ready["platforms"]} == {
        "acme": good,
        "other": other,
    }
    assert "broken" not in after
    assert (line["level"], line["served"]) == ("error", "the last good content")
    assert "TB011" in line["reason"]


async def test_a_broken_file_stops_no_other_at_the_start(
    platform: FakePlatform, folder: Path
) -> None:
    """The others are served; what the file's path may be is 503, as 404 could mean: owns nothing."""
    platform.on("/orders", GOOD)
    put(folder / "broken.yaml", b"version: 1\nplatform: broken\n")
    write(folder / "acme.yaml", zone="good")
    with serving(folder, platform, 1) as program:
        await up(program, 1)
        ready = await readiness(program)
        assert await zone_at(program.tickets_of("acme")) == "good"
        missing = await get(f"{program.tickets_of('broken')}{PULL}")
        put(folder / "broken.yaml", b"")
        (folder / "broken.yaml").unlink()
        program.tell(signal.SIGHUP)
        await until(lambda: program.events("mappings read again"))
        unknown = await get(f"{program.tickets_of('broken')}{PULL}")

    assert ready["broken"] == [{"file": "broken.yaml", "codes": ["TB011"], "served": "nothing"}]
    assert (missing.status_code, missing.json()["retryable"]) == (503, True)
    assert unknown.status_code == 404


@WORKERS
async def test_files_come_and_go(platform: FakePlatform, folder: Path, workers: int) -> None:
    """A file that was added is served and one that was removed is not; who stays keeps its old path too."""
    platform.on("/orders", GOOD)
    write(folder / "acme.yaml", zone="first")
    with serving(folder, platform, workers) as program:
        await up(program, workers)
        added = write(folder / "second.yaml", {"platform": "second"}, zone="second")
        program.tell(signal.SIGHUP)
        await live(program, added, workers)
        paths = ["acme", "second", ""]
        both = [await zone_at(program.tickets_of(path)) for path in paths]
        (folder / "second.yaml").unlink()
        program.tell(signal.SIGHUP)
        await until(lambda: len(program.events("mapping removed")) == workers)
        gone = await get(f"{program.tickets_of('second')}{PULL}")
        left = await zone_at(program.tickets_of())

    assert both == ["first", "second", "first"]
    assert (gone.status_code, left) == (404, "first")


@WORKERS
async def test_watched_files_need_no_signal(
    platform: FakePlatform, folder: Path, workers: int
) -> None:
    """With `--watch` a changed mapping, and a changed file of a secret, are served by themselves."""
    platform.on("/orders", GOOD)
    secret = folder.parent / "secrets" / "menta"
    secret.parent.mkdir()
    put(secret, SECRET.encode())
    write(folder / "acme.yaml", zone="old")
    variables = {"OTHER_FILE": str(secret)}
    with serving(folder, platform, workers, "--watch", **variables) as program:
        await up(program, workers)
        digest = write(folder / "acme.yaml", {"endpoint.access.secrets": ["${OTHER}"]}, zone="new")
        await live(program, digest, workers)
        zone = await zone_at(program.tickets_of())
        put(secret, b"another-secret-of-menta")
        await until(lambda: len(program.events("mappings read again")) == 2 * workers)
        statuses = [
            (await get(f"{program.tickets_of()}{PULL}", each)).status_code
            for each in (SECRET, "another-secret-of-menta")
        ]
        text = program.log.read_text("utf-8")

    assert (zone, statuses) == ("new", [401, 200])
    assert "another-secret" not in text


async def test_a_file_that_is_written_anew_is_not_gone(
    platform: FakePlatform, folder: Path
) -> None:
    """Some editors move a file away and write it again: no pull is without its mapping meanwhile."""
    platform.on("/orders", GOOD)
    write(folder / "acme.yaml", zone="old")
    write(folder / "other.yaml", {"platform": "other"})
    with serving(folder, platform, 1, "--watch") as program:
        await up(program, 1)
        (folder / "acme.yaml").rename(folder / "acme.yaml~")
        await asyncio.sleep(0.6)
        kept = await zone_at(program.tickets_of("acme"))
        digest = write(folder / "acme.yaml", zone="new")
        await live(program, digest, 1)
        changed = await zone_at(program.tickets_of("acme"))
        (folder / "acme.yaml").unlink()
        await until(lambda: program.events("mapping removed"))

    assert (kept, changed) == ("old", "new")
    assert [each["platform"] for each in program.events("mapping removed")] == ["acme"]


async def test_a_reload_that_comes_too_early_ends_nothing(
    platform: FakePlatform, folder: Path
) -> None:
    """Who reloads right after the start, a script for example, finds it running."""
    write(folder / "acme.yaml")
    hangups = "import os, signal, threading, time; from ticketbridge.cli import main\n"
    hangups += "def tell():\n for _ in range(300): os.kill(os.getpid(), signal.SIGHUP); time.sleep(0.005)\n"
    hangups += "signal.signal(signal.SIGHUP, signal.SIG_DFL)\n"
    hangups += "timer = threading.Timer(0.005, tell); timer.daemon = True; timer.start()\n"
    hangups += "main(['serve', '--port', '0', os.environ['FOLDER']])"
    known = {"MENTA_SECRET": SECRET, "ACME_TOKEN": TOKEN, "ACME_API": platform.url}
    known |= {"TICKETBRIDGE_METRICS_PORT": "0", "FOLDER": str(folder)}
    log = folder.parent / "log"
    with log.open("wb") as stream:
        command = [sys.executable, "-c", hangups]
        with own_process(command, env={**os.environ, **known}, stderr=stream) as process:
            await until(lambda: port_in(log.read_text("utf-8")))
            assert process.poll() is None


# --- what stays -----------------------------------------------------------------------------------


async def test_what_did_not_change_keeps_its_token_and_connection(
    platform: FakePlatform, folder: Path
) -> None:
    """Upon SIGHUP only the changed one of two mappings logs in anew, on a new connection."""
    platform.on("/orders", GOOD)
    platform.on("/login", Reply(json={"token": "one"}))
    login = {
        "type": "session",
        "login": {"post": "/login", "json": {"key": "${ACME_TOKEN}"}},
        "token": "body.token",
        "expires_in": "1h",
    }
    for name in ("stays", "changes"):
        write(folder / f"{name}.yaml", {"platform": name, "upstream.auth": login}, zone=name)
    with serving(folder, platform, 1) as program:
        await up(program, 1)
        urls = [program.tickets_of(name) for name in ("stays", "changes")]
        before = [await zone_at(url) for url in urls]
        changes = {"platform": "changes", "upstream.auth": login}
        digest = write(folder / "changes.yaml", changes, zone="changed")
        program.tell(signal.SIGHUP)
        await live(program, digest, 1)
        known = len(platform.seen)
        after = [await zone_at(url) for url in urls]

    assert (before, after) == (["stays", "changes"], ["stays", "changed"])
    assert [seen.path for seen in platform.seen[known:]] == ["/orders", "/login", "/orders"]
    assert [seen.turn for seen in platform.seen[known:]] == [3, 1, 2]


async def test_many_reloads_leave_nothing_behind(platform: FakePlatform, folder: Path) -> None:
    """After dozens of reloads the process has as many files and threads open as after the first ones."""
    platform.on("/orders", GOOD)
    write(folder / "acme.yaml", zone="v0")
    with serving(folder, platform, 1) as program:
        await up(program, 1)
        held = []
        for number in range(1, 31):
            digest = write(folder / "acme.yaml", zone=f"v{number}")
            program.tell(signal.SIGHUP)
            await live(program, digest, 1)
            assert await zone_at(program.tickets_of()) == f"v{number}"
            held.append(things_open(program.process.pid))
        await until(lambda: platform.open_connections == 1)

    assert held[-1] <= held[4] + 2


def things_open(pid: int) -> int:
    """How many files and threads a process has."""
    home = Path(f"/proc/{pid}")
    return len(list((home / "fd").iterdir())) + len(list((home / "task").iterdir()))


# --- secrets, tokens and workers ------------------------------------------------------------------


def workers_of(program: Program) -> list[int]:
    """The worker processes that were started, oldest first, but for those that have ended."""
    ended = {line["pid"] for line in program.events("worker ended")}
    started = [line["pid"] for line in program.events("worker started")]
    return [pid for pid in started if pid not in ended]


async def test_a_secret_is_rotated_without_a_gap(platform: FakePlatform, folder: Path) -> None:
    """While a secret changes, tokens are renewed and a worker dies, only pulls of that worker fail."""
    platform.on("/orders", GOOD)
    tokens = iter(range(1_000_000))
    platform.on("/login", lambda _seen: Reply(json={"token": f"token{next(tokens)}"}))
    login = {
        "type": "session",
        "login": {"post": "/login", "json": {"key": "${ACME_TOKEN}"}},
        "token": "body.token",
        "expires_in": "1s",
    }
    secrets = ["${MENTA_SECRET}", "${MENTA_SECRET_NEXT:-}"]
    write(
        folder / "acme.yaml",
        {"endpoint.access.secrets": secrets, "upstream.auth": login},
        zone="all",
    )
    now, following = folder.parent / "now", folder.parent / "next"
    put(now, SECRET.encode())
    put(following, b"")
    variables = {
        "MENTA_SECRET": "",
        "MENTA_SECRET_FILE": str(now),
        "MENTA_SECRET_NEXT_FILE": str(following),
    }
    with serving(folder, platform, 2, **variables) as program:
        await up(program, 2)
        async with loaded(program.tickets_of()) as load:
            put(following, b"the-next-secret-of-menta")
            await reload(program)
            load.secret = "the-next-secret-of-menta"
            await load.some()
            logins = platform.paths.count("/login")
            killed = time.monotonic()
            os.kill(workers_of(program)[0], signal.SIGKILL)
            await until(lambda: program.events("worker ended"))
            known_dead = time.monotonic()
            await up(program, 3)
            await until(lambda: platform.paths.count("/login") >= logins + 4)
            put(now, b"the-next-secret-of-menta")
            put(following, b"")
            await reload(program)
            await load.some()
        old = await get(f"{program.tickets_of()}{PULL}")

    assert [each for each in load.failed if each[0] > known_dead or each[1] < killed] == []
    assert len(load.failed) <= 4
    assert old.status_code == 401


async def reload(program: Program) -> None:
    """Tell the program to read its mappings again, and wait until each of its workers has."""
    before = Counter(line["pid"] for line in program.events("mappings read again"))
    program.tell(signal.SIGHUP)

    def all_have() -> bool:
        after = Counter(line["pid"] for line in program.events("mappings read again"))
        return all(after[pid] > before[pid] for pid in workers_of(program))

    await until(all_have)


async def test_a_worker_that_dies_is_replaced(platform: FakePlatform, folder: Path) -> None:
    """Also one that dies at once, and again: the others are not told, and pulls are answered."""
    platform.on("/orders", GOOD)
    write(folder / "acme.yaml", zone="here")
    with serving(folder, platform, 2) as program:
        for ends in range(3):
            await up(program, 2 + ends)
            os.kill(workers_of(program)[0], signal.SIGKILL)
            await until(lambda: len(program.events("worker ended")) == ends + 1)  # noqa: B023 - awaited
            assert await zone_at(program.tickets_of()) == "here"
        await up(program, 5)
        codes = {line["exit_code"] for line in program.events("worker ended")}

    assert codes == {-signal.SIGKILL}


async def test_a_worker_that_does_not_leave_is_killed(platform: FakePlatform, folder: Path) -> None:
    """The program ends in time, whatever its workers do."""
    write(folder / "acme.yaml")
    with serving(folder, platform, 2, TICKETBRIDGE_GRACE="100ms") as program:
        await up(program, 2)
        stopped = workers_of(program)[0]
        os.kill(stopped, signal.SIGSTOP)

    (line,) = program.events("worker killed")
    assert line["pid"] == stopped
