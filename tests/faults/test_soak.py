"""Faults of all kinds at once and for long: everyone gets what the table says, and nothing piles up.

The long run has floods between the answers, and is not among the others: `pytest -m soak`.
"""

from __future__ import annotations

import asyncio
import gc
import itertools
import random
import re
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.fake_platform import CLOSE, FakePlatform, Pause, Reply, Seen
from tests.faults.asking import asks_for, judged
from tests.faults.fault import ANA, ASKED, ONE, TIMEOUT, Expected, Tickets
from tests.faults.floods import FLOODS, flooding
from tests.faults.table import FAULTS
from tests.faults.wire import GOOD
from tests.support import SECRET, Changes, serving, spec_of
from ticketbridge.engine.bridge import compile_mapping
from ticketbridge.service.collector import calm_collector, collecting, resident

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(sys.platform != "linux", reason="memory and sockets are read from /proc"),
]

WORKERS = 25
CHANGES: Changes = {"upstream.timeout": "1s", "upstream.breaker": {"failures": 10_000}}
LEAVES_EVERY = 40  # requests, of which one caller does not wait for the answer
MEMORY = 8_000_000
FLOODED = 32_000_000  # bytes that a flood may leave, until the collector is called for
SOCKETS = 4 * WORKERS  # a connection has two ends here, and as many may be kept as are in use
TASKS = 2 * WORKERS


@dataclass(frozen=True)
class Case:
    """A row of the table, or a good answer, for any user."""

    name: str
    reply: Reply
    expected: Expected


@dataclass(frozen=True)
class Sample:
    """What the process holds: bytes of memory, sockets and files, tasks."""

    asked: int
    memory: int
    sockets: int
    tasks: int

    def __str__(self) -> str:
        memory = f"{self.memory / 1e6:.1f} MB"
        return (
            f"{self.asked:>6} asked  {memory:>9}  {self.sockets:>3} sockets  {self.tasks:>3} tasks"
        )


def cases() -> Iterator[Case]:
    """The rows that are about one answer to MAPPING as it is, each followed by a good answer."""
    for fault in FAULTS:
        replies = fault.routes.get(ASKED, ())
        if fault.changes or fault.greeting or len(replies) != 1:
            continue
        reply = replies[0]
        if not isinstance(reply, Reply) or not is_anyones(reply, fault.expected):
            continue
        if meets_the_next(reply, fault.expected):
            continue
        yield Case(f"{fault.section}: {fault.name}", reply, fault.expected)
        yield Case("good", Reply(json=GOOD), ONE)


def is_anyones(reply: Reply, expected: Expected) -> bool:
    """Whether the reply can be made one about another user."""
    owns_nothing = not isinstance(expected, Tickets) or not expected.tickets
    return owns_nothing or any(is_about_ana(step) for step in reply.script())


def meets_the_next(reply: Reply, expected: Expected) -> bool:
    """Whether a kept connection goes wrong a moment later, be it under the next request already.

    The table waits for that moment. HTTP cannot tell then whose answer it is that comes.
    """
    script = reply.script()
    pauses = any(isinstance(step, Pause) for step in script)
    return expected != TIMEOUT and (pauses or (isinstance(expected, Tickets) and CLOSE in script))


def is_about_ana(step: object) -> bool:
    """Whether these bytes name the user, and would be as good with another name."""
    return isinstance(step, bytes) and ANA.encode() in step and b"gzip" not in step


def user_of(number: int) -> str:
    """One of many users, whose addresses are as long as ANA's: the lengths on the wire stay right."""
    return f"u{number:05}@test.com"


def about(reply: Reply, user: str) -> Reply:
    """*reply* as the platform gives it of *user*."""
    ana, name = ANA.encode(), user.encode()
    steps = [one.replace(ana, name) if isinstance(one, bytes) else one for one in reply.script()]
    return Reply(steps=steps)


class Caller:
    """A caller with a connection of its own: a client with a pool takes longer than all the rest."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, user: str) -> httpx.Response:
        """What is answered about *user*."""
        reader, _ = await self._send(user)
        status, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = httpx.Headers(
            [(name, value) for name, _, value in (line.partition(": ") for line in lines if line)]
        )
        content = await reader.readexactly(int(headers["content-length"]))
        return httpx.Response(int(status.split()[1]), headers=headers, content=content)

    async def leave(self, user: str) -> None:
        """Ask about *user*, and be gone before the answer."""
        await self._send(user)
        await asyncio.sleep(0.002)
        self.close()

    async def _send(self, user: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port)
        head = f"GET {asks_for(user)} HTTP/1.1\r\nHost: x\r\nX-Menta-Secret: {SECRET}\r\n\r\n"
        self._streams[1].write(head.encode())
        return self._streams

    def close(self) -> None:
        """Leave."""
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


class Storm:
    """Users who ask, and a platform that answers each as the case says that is theirs."""

    def __init__(self, platform: FakePlatform, port: int) -> None:
        self._platform = platform
        self.port = port
        self._cases: Mapping[str, Case] = {}
        self.met: Counter[str] = Counter()
        self.wrong: list[tuple[str, object]] = []
        self.left = 0
        platform.on("/orders", self._reply)

    def _reply(self, seen: Seen) -> Reply:
        user = dict(seen.query)["email"]
        return about(self._cases[user].reply, user)

    async def blow(self, chosen: Sequence[Case]) -> None:
        """Ask for as many users as there are cases, some at a time."""
        self._cases = {user_of(number): case for number, case in enumerate(chosen)}
        asking = iter(self._cases.items())
        async with asyncio.TaskGroup() as group:
            for _ in range(WORKERS):
                group.create_task(self._work(asking))
        await self._platform.settled()
        self._platform.seen.clear()

    async def _work(self, asking: Iterator[tuple[str, Case]]) -> None:
        caller = Caller(self.port)
        for user, case in asking:
            if random.randrange(LEAVES_EVERY):  # noqa: S311 - anyone may leave
                found = judged(await caller.ask(user), user)
                self.met[case.name] += 1
                if found != case.expected:
                    self.wrong.append((case.name, found))
            else:
                self.left += 1
                await caller.leave(user)
        caller.close()


def sample(asked: int) -> Sample:
    """What the process holds now, and would not give up."""
    gc.collect()
    status = Path("/proc/self/status").read_text("ascii")
    memory = re.search(r"VmRSS:\s+(\d+) kB", status)
    assert memory is not None
    sockets = sum(1 for _ in Path("/proc/self/fd").iterdir())
    return Sample(asked, int(memory[1]) * 1024, sockets, len(asyncio.all_tasks()))


@pytest.fixture(params=[False, True], ids=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    """Both event loops: where uvloop is not installed, the server runs on asyncio's."""
    return "asyncio", {"use_uvloop": request.param}


@asynccontextmanager
async def storm(platform: FakePlatform) -> AsyncIterator[Storm]:
    """A storm over the real server."""
    async with serving(compile_mapping(spec_of(CHANGES, base_url=platform.url))) as menta:
        assert menta.base_url.port is not None
        yield Storm(platform, menta.base_url.port)


@pytest.mark.usefixtures("silence")
async def test_all_faults_at_once(platform: FakePlatform) -> None:
    """Among users whose answers fail in all ways at once, each gets what their own answer comes to."""
    chosen = [case for case in cases() if case.expected != TIMEOUT]
    random.shuffle(chosen)
    async with storm(platform) as blowing:
        await blowing.blow(chosen)

    assert blowing.wrong == []
    assert len(blowing.met) > 300


@pytest.mark.soak
@pytest.mark.usefixtures("silence", "collector")
async def test_nothing_piles_up_in_20_000_answers(
    platform: FakePlatform, capsys: pytest.CaptureFixture[str]
) -> None:
    """After 20,000 answers with all kinds of faults, and floods, it holds what it held after 4,000."""
    calm_collector()
    rounds, each = 10, 2_000
    endless = itertools.cycle(cases())
    floods = itertools.cycle(FLOODS)
    samples = []
    async with storm(platform) as blowing, collecting():
        start = resident()
        for number in range(rounds):
            for flood in itertools.islice(floods, 8):
                with flooding(blowing.port, flood):
                    await asyncio.sleep(0.5)
            await asyncio.sleep(1)
            assert resident() - start <= FLOODED
            chosen = list(itertools.islice(endless, each))
            random.shuffle(chosen)
            await blowing.blow(chosen)
            samples.append(sample((number + 1) * each))
            with capsys.disabled():
                sys.stdout.write(f"\n{samples[-1]}")
    with capsys.disabled():
        sys.stdout.write(f"\n{len(blowing.met)} kinds of answers, {blowing.left} callers left\n")

    assert blowing.wrong == []
    warm, end = samples[1], samples[-1]
    assert end.memory - warm.memory <= MEMORY
    assert end.sockets - warm.sockets <= SOCKETS
    assert end.tasks - warm.tasks <= TASKS
