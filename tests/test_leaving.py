"""SIGTERM: the instance says that it leaves, finishes what is under way, and ends in time."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.fake_platform import FakePlatform, Pause, Reply
from tests.processes import HEADERS, PATIENCE, Program, serving_program
from tests.support import item, order, orders, spec_of
from ticketbridge.engine.bridge import Answer, compile_mapping
from ticketbridge.engine.problems import Overloaded, UpstreamError
from ticketbridge.service import admission
from ticketbridge.service.admission import Admission, Share
from ticketbridge.service.app import create_app
from ticketbridge.service.server import Server, server_config
from ticketbridge.service.settings import Settings

pytestmark = pytest.mark.anyio

GOOD = Reply(json=orders(order(item(1))))
TICKETS = "/tickets?user=ana%40example.com"


def slow(seconds: float) -> Reply:
    """A good answer that takes its time."""
    return Reply(steps=(Pause(seconds), *GOOD.script()))


@asynccontextmanager
async def asking() -> AsyncIterator[httpx.AsyncClient]:
    """menta tech, with a connection for each request of a test."""
    async with httpx.AsyncClient(headers=HEADERS, trust_env=False, timeout=PATIENCE) as menta:
        yield menta


async def until(condition: Callable[[], Awaitable[bool]] | Callable[[], bool]) -> None:
    """Wait for what comes in its own time."""
    async with asyncio.timeout(PATIENCE):
        while True:
            found = condition()
            if found if isinstance(found, bool) else await found:
                return
            await asyncio.sleep(0.02)


async def heard(menta: httpx.AsyncClient, url: str) -> httpx.Response:
    """The answer to a GET; of two workers, the one that has nothing under way ends first, perhaps on it."""
    async with asyncio.timeout(PATIENCE):
        while True:
            with suppress(httpx.TransportError):
                return await menta.get(url)


async def up(menta: httpx.AsyncClient, program: Program) -> None:
    """Wait until the first worker answers."""

    async def is_ready() -> bool:
        try:
            return (await menta.get(f"{program.url}/readyz")).status_code == 200
        except httpx.TransportError:
            return False

    await until(is_ready)


async def ended(program: Program) -> int:
    """The exit code, without standing in the way of the platform."""
    return await asyncio.to_thread(program.ended)


# --- a process ----------------------------------------------------------------------------------


@pytest.mark.parametrize("workers", ["1", "2"])
async def test_what_is_under_way_is_finished(
    platform: FakePlatform, tmp_path: Path, workers: str
) -> None:
    """`/readyz` turns 503 and the process goes on until its answers are out; then it ends with 0."""
    platform.on("/orders", slow(1.2))
    with serving_program(tmp_path, platform.url, TICKETBRIDGE_WORKERS=workers) as program:
        async with asking() as menta:
            await up(menta, program)
            pull = asyncio.create_task(menta.get(program.tickets))
            await until(lambda: bool(platform.seen))
            program.tell(signal.SIGTERM)

            async def is_leaving() -> bool:
                return (await heard(menta, f"{program.url}/readyz")).status_code == 503

            await until(is_leaving)
            ready = await heard(menta, f"{program.url}/readyz")
            health = await heard(menta, f"{program.url}/healthz")
            finished_by_then = pull.done()
            answer = await pull
            code = await ended(program)

    assert not finished_by_then
    assert ready.json()["status"] == "leaving"
    assert health.status_code == 200
    assert (answer.status_code, len(answer.json()["tickets"])) == (200, 1)
    assert {reply.headers["connection"] for reply in (ready, health, answer)} == {"close"}
    assert code == 0


@pytest.mark.parametrize("workers", ["1", "2"])
async def test_with_nothing_under_way_it_ends_after_a_moment(
    platform: FakePlatform, tmp_path: Path, workers: str
) -> None:
    """Neither idle connections nor half a request keep it from ending; new ones are answered till then."""
    platform.on("/orders", GOOD)
    with serving_program(tmp_path, platform.url, TICKETBRIDGE_WORKERS=workers) as program:
        async with asking() as menta:
            await up(menta, program)
            answer = await menta.get(program.tickets)
            _, writer = await asyncio.open_connection("127.0.0.1", program.port)
            writer.write(b"GET /tickets HTTP/1.1\r\nHost:")
            await writer.drain()
            program.tell(signal.SIGTERM)
            await asyncio.sleep(0.5)
            late = [await menta.get(f"{program.url}/readyz"), await menta.get(program.tickets)]
            async with asyncio.timeout(5):
                code = await ended(program)
            writer.close()

    assert (answer.status_code, code) == (200, 0)
    assert [reply.status_code for reply in late] == [503, 200]


async def test_it_ends_within_the_deadline_and_five_seconds(
    platform: FakePlatform, tmp_path: Path
) -> None:
    """A platform that hangs holds a leaving process for as long as the deadline, and no longer."""
    platform.on("/orders", Reply(hang=True))
    with serving_program(tmp_path, platform.url, {"upstream.timeout": "1s"}) as program:
        async with asking() as menta:
            await up(menta, program)
            pull = asyncio.create_task(menta.get(program.tickets))
            await until(lambda: bool(platform.seen))
            program.tell(signal.SIGTERM)
            async with asyncio.timeout(1 + 5):
                code = await ended(program)
            answer = await pull

    assert (answer.status_code, code) == (504, 0)


async def test_the_grace_ends_what_takes_too_long(platform: FakePlatform, tmp_path: Path) -> None:
    """TICKETBRIDGE_GRACE is the most that is waited; who waited is told to come again."""
    platform.on("/orders", Reply(hang=True))
    changes = {"upstream.timeout": "1h"}
    with serving_program(tmp_path, platform.url, changes, TICKETBRIDGE_GRACE="500ms") as program:
        async with asking() as menta:
            await up(menta, program)
            pull = asyncio.create_task(menta.get(program.tickets))
            await until(lambda: bool(platform.seen))
            program.tell(signal.SIGTERM)
            async with asyncio.timeout(5.5):
                code = await ended(program)
            answer = await pull
        await until(lambda: platform.open_connections == 0)

    assert (answer.status_code, answer.json()["retryable"]) == (503, True)
    assert answer.headers["retry-after"] == "1"
    assert code == 0
    assert [line["level"] for line in program.lines() if line["level"] == "error"] == []


async def test_a_reader_who_does_not_read_holds_nobody_up(
    platform: FakePlatform, tmp_path: Path
) -> None:
    """An answer that its caller does not take is given up."""
    items = [item(number, zone="z" * 200) for number in range(20_000)]
    platform.on("/orders", Reply(json=orders(order(*items))))
    with serving_program(tmp_path, platform.url) as program:
        async with asking() as menta:
            await up(menta, program)
        reader, writer = await asyncio.open_connection("127.0.0.1", program.port, limit=1024)
        head = "".join(f"{name}: {value}\r\n" for name, value in HEADERS.items())
        writer.write(f"GET {TICKETS} HTTP/1.1\r\nHost: x\r\n{head}\r\n".encode())
        assert (await reader.readline()).startswith(b"HTTP/1.1 200 ")
        program.tell(signal.SIGTERM)
        async with asyncio.timeout(5):
            code = await ended(program)
        writer.close()

    assert code == 0


# --- within one process -------------------------------------------------------------------------


@asynccontextmanager
async def leaving(platform: FakePlatform, grace: float = PATIENCE) -> AsyncIterator[str]:
    """The application as `serve` runs it, in the test's own process, and its URL.

    It must have ended by itself when the test is over.
    """
    bridge = compile_mapping(spec_of({"upstream.timeout": "1h"}, base_url=platform.url))
    settings = Settings(port=0, grace=grace)
    server = Server(server_config(create_app([bridge], settings, drains=True), settings))
    running = asyncio.create_task(server.serve())
    await until(lambda: server.started)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    await asyncio.wait_for(running, PATIENCE)


async def test_what_still_comes_is_answered_for_a_moment(
    platform: FakePlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pulls that a load balancer has sent already are answered; later ones go elsewhere."""
    monkeypatch.setattr(admission, "WELCOME", 0.5)
    platform.on("/orders", slow(1.5), GOOD)
    async with leaving(platform) as url, asking() as menta:
        first = asyncio.create_task(menta.get(url + TICKETS))
        await until(lambda: bool(platform.seen))
        os.kill(os.getpid(), signal.SIGTERM)
        second = await menta.get(url + TICKETS)
        await asyncio.sleep(0.6)
        third = await menta.get(url + TICKETS)
        unknown = await menta.get(url + "/elsewhere")
        assert (await first).status_code == 200

    assert (second.status_code, second.headers["connection"]) == (200, "close")
    assert (third.status_code, third.json()["type"]) == (503, "urn:ticketbridge:problem:overloaded")
    assert third.headers["connection"] == "close"
    assert (unknown.status_code, unknown.headers["connection"]) == (404, "close")
    assert len(platform.seen) == 2


async def test_an_interrupt_needs_no_moment(platform: FakePlatform) -> None:
    """Nobody stands in front of a desk: Ctrl-C ends at once, and ends the moment after SIGTERM too."""
    for numbers in ([signal.SIGINT], [signal.SIGTERM, signal.SIGINT]):
        async with asyncio.timeout(admission.WELCOME), leaving(platform):
            for number in numbers:
                os.kill(os.getpid(), number)
                await asyncio.sleep(0.05)


async def test_answers_that_come_in_the_moment_are_finished(
    platform: FakePlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That all were finished once does not end those that came after."""
    monkeypatch.setattr(admission, "WELCOME", 1.0)
    platform.on("/orders", slow(0.2), slow(1.5))
    async with leaving(platform) as url, asking() as menta:
        first = asyncio.create_task(menta.get(url + TICKETS))
        await until(lambda: bool(platform.seen))
        os.kill(os.getpid(), signal.SIGTERM)
        assert (await first).status_code == 200
        assert (await menta.get(url + TICKETS)).status_code == 200


@pytest.mark.parametrize(
    "numbers",
    [(signal.SIGINT, signal.SIGINT), (signal.SIGTERM, signal.SIGINT)],
    ids=["twice", "after SIGTERM"],
)
async def test_an_interrupt_is_not_waited_out(
    platform: FakePlatform, numbers: tuple[signal.Signals, signal.Signals]
) -> None:
    """Who presses Ctrl-C while it leaves wants it to end now; a second SIGTERM changes nothing."""
    platform.on("/orders", Reply(hang=True))
    async with leaving(platform) as url, asking() as menta:
        pull = asyncio.create_task(menta.get(url + TICKETS))
        await until(lambda: bool(platform.seen))
        first, second = numbers
        os.kill(os.getpid(), first)
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.sleep(0.2)
        assert not pull.done()
        os.kill(os.getpid(), second)
        assert (await pull).status_code == 503


async def test_the_signals_are_given_back(platform: FakePlatform) -> None:
    """What the process did with its signals before, it does again afterwards."""
    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)]
    async with leaving(platform):
        os.kill(os.getpid(), signal.SIGTERM)

    assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)] == before
    assert platform.seen == []


async def test_an_application_without_mappings_is_not_ready() -> None:
    """`/readyz` is 200 where pulls are answered, and nowhere else."""
    transport = httpx.ASGITransport(create_app([], Settings()))
    async with httpx.AsyncClient(transport=transport, base_url="http://bridge") as menta:
        ready = await menta.get("/readyz")
        health = await menta.get("/healthz")

    assert (ready.status_code, ready.json()["status"]) == (503, "no mappings")
    assert health.status_code == 200


# --- the count ----------------------------------------------------------------------------------


async def test_a_full_load_refuses_and_takes_again() -> None:
    """Beyond the cap an answer is refused; one that ends, however it does, makes room."""
    under_way = Admission(1).share()
    with under_way, pytest.raises(Overloaded):
        await asyncio.create_task(_enter(under_way))
    with pytest.raises(KeyError), under_way:
        raise KeyError
    await asyncio.create_task(_enter(under_way))


async def test_nothing_under_way_is_finished_at_once() -> None:
    """There is nothing to wait for."""
    under_way = Admission(1)
    under_way.leave()
    closes_at = under_way._closes_at
    under_way.leave()

    async with asyncio.timeout(PATIENCE):
        await under_way.finished()
    assert under_way._closes_at == closes_at
    assert closes_at is not None
    assert closes_at <= time.monotonic() + admission.WELCOME


async def test_another_failure_while_it_leaves_keeps_its_name() -> None:
    """Only what was stopped is told as `overloaded`: another failure stays what it is."""
    service = Admission(2)
    under_way = service.share()
    service.leave()
    service.stop()
    with pytest.raises(UpstreamError), under_way:
        raise UpstreamError
    with pytest.raises(Overloaded), under_way:
        raise asyncio.CancelledError


async def test_an_answer_that_fails_while_it_is_stopped_is_told_as_it_failed(
    platform: FakePlatform,
) -> None:
    """A pull of which the platform says 500 just before the end of the grace is `upstream-error`."""
    platform.on("/orders", Reply(500))
    bridge = compile_mapping(spec_of(base_url=platform.url))
    answer = bridge.answer

    async def held(*arguments: Any) -> Answer:
        try:
            await asyncio.sleep(PATIENCE)
        except asyncio.CancelledError:
            asking = asyncio.current_task()
            assert asking is not None
            asking.uncancel()
        return await answer(*arguments)

    bridge.answer = held  # type: ignore[method-assign,assignment]  # an answer that ends by itself
    settings = Settings(port=0, grace=0.3)
    server = Server(server_config(create_app([bridge], settings, drains=True), settings))
    running = asyncio.create_task(server.serve())
    await until(lambda: server.started)
    async with asking() as menta:
        port = server.servers[0].sockets[0].getsockname()[1]
        pull = asyncio.create_task(menta.get(f"http://127.0.0.1:{port}{TICKETS}"))
        await asyncio.sleep(0.2)
        os.kill(os.getpid(), signal.SIGTERM)
        reply = await pull
    await asyncio.wait_for(running, PATIENCE)

    assert (reply.status_code, reply.json()["type"][-14:]) == (502, "upstream-error")


async def _enter(under_way: Share) -> None:
    with under_way:
        await asyncio.sleep(0)
