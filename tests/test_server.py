"""The server's own bounds, over raw sockets: what is too large or too slow is closed."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest
import uvicorn

from tests.support import bridge_of
from ticketbridge.app import create_app
from ticketbridge.protocol import BoundedProtocol
from ticketbridge.server import calm_collector, server_config
from ticketbridge.settings import Settings

pytestmark = pytest.mark.anyio

GET = b"GET /healthz HTTP/1.1\r\nHost: x\r\n"
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Quick(BoundedProtocol):
    """The same, in less time than a test wants to wait."""

    head_seconds = 0.2
    linger_seconds = 0.2


@asynccontextmanager
async def connections(protocol: type[BoundedProtocol]) -> AsyncIterator[int]:
    """The port of a real server with this protocol."""
    bridge, _ = bridge_of()
    settings = Settings(port=0, grace=1)
    config = server_config(create_app([bridge], settings), settings)
    config.http = protocol
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve())
    try:
        while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.005)
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        await running


@asynccontextmanager
async def connected(protocol: type[BoundedProtocol] = Quick) -> AsyncIterator[Streams]:
    """One connection to such a server."""
    async with connections(protocol) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            yield reader, writer
        finally:
            writer.close()


async def rest(reader: asyncio.StreamReader) -> bytes:
    """All that comes until the connection is closed."""
    try:
        return await asyncio.wait_for(reader.read(), 20)
    except ConnectionError:
        return b""


def test_the_server_has_the_bounds_that_are_documented() -> None:
    """A head has 64 KiB and 10 s, and the served application has these bounds."""
    config = server_config(create_app([], Settings()), Settings())

    assert config.http is BoundedProtocol
    assert (BoundedProtocol.head_limit, BoundedProtocol.head_seconds) == (65_536, 10)


async def test_a_head_over_the_limit_is_431() -> None:
    """A head of more than 64 KiB is refused, whether or not it is whole."""
    for end in (b"\r\n\r\n", b""):
        async with connected() as (reader, writer):
            writer.write(GET + b"X: " + b"x" * 70_000 + end)
            assert (await rest(reader)).startswith(b"HTTP/1.1 431 ")


async def test_many_small_headers_count_together() -> None:
    """It is the head's size that counts, not a header's."""
    async with connected() as (reader, writer):
        writer.write(GET + b"X: 1234567890\r\n" * 5_000 + b"\r\n")
        assert (await rest(reader)).startswith(b"HTTP/1.1 431 ")


async def test_a_dripping_head_stops_at_the_limit() -> None:
    """A head that comes in pieces is counted as it comes."""
    async with connected(BoundedProtocol) as (reader, writer):
        writer.write(GET + b"X: ")
        for _ in range(20):
            writer.write(b"x" * 4_096)
            await asyncio.sleep(0)
        assert (await rest(reader)).startswith(b"HTTP/1.1 431 ")


async def test_a_head_within_the_limit_is_answered() -> None:
    """60 KiB of head are legal."""
    async with connected() as (reader, writer):
        writer.write(GET + b"Connection: close\r\nX: " + b"x" * 60_000 + b"\r\n\r\n")
        assert (await rest(reader)).startswith(b"HTTP/1.1 200 ")


async def test_a_half_sent_head_is_408() -> None:
    """A head that has begun and is not whole in time is refused."""
    async with connected() as (reader, writer):
        writer.write(GET)
        assert (await rest(reader)).startswith(b"HTTP/1.1 408 ")


async def test_a_second_head_has_its_time_too() -> None:
    """On a connection that is kept, each head is timed from its first byte."""
    async with connected() as (reader, writer):
        writer.write(GET + b"\r\n")
        assert (await reader.readuntil(b"}")).startswith(b"HTTP/1.1 200 ")
        writer.write(GET)
        assert b"HTTP/1.1 408 " in await rest(reader)


async def test_a_silent_connection_is_closed() -> None:
    """A connection without a byte is closed without a word."""
    async with connected() as (reader, _):
        assert await rest(reader) == b""


async def test_an_idle_connection_is_not_a_slow_head() -> None:
    """Between two requests the head's time does not run."""
    async with connected() as (reader, writer):
        for _ in range(3):
            writer.write(GET + b"\r\n")
            assert (await reader.readuntil(b"}")).startswith(b"HTTP/1.1 200 ")
            await asyncio.sleep(2 * Quick.head_seconds)


async def test_a_body_over_the_limit_closes_the_connection() -> None:
    """No endpoint reads a body: a large one is not taken in."""
    head = b"GET /tickets HTTP/1.1\r\nHost: x\r\nContent-Length: 9000000\r\n\r\n"
    async with connected() as (reader, writer):
        writer.write(head)
        for _ in range(100):
            writer.write(b"x" * 65_536)
            await asyncio.sleep(0)
        assert b"HTTP/1.1 200" not in await rest(reader)


async def test_a_small_body_of_a_get_is_passed_over() -> None:
    """A GET may have a body; it changes nothing."""
    async with connected() as (reader, writer):
        writer.write(GET + b"Connection: close\r\nContent-Length: 5\r\n\r\nhello")
        assert (await rest(reader)).startswith(b"HTTP/1.1 200 ")


async def test_pipelined_requests_are_all_answered() -> None:
    """Requests that come at once are answered in turn."""
    async with connected() as (reader, writer):
        writer.write((GET + b"\r\n") * 4 + GET + b"Connection: close\r\n\r\n")
        assert (await rest(reader)).count(b"HTTP/1.1 200 ") == 5


async def test_what_is_no_http_is_400() -> None:
    """Bytes that are no request get the server's 400."""
    async with connected() as (reader, writer):
        writer.write(b"\x16\x03\x01 hello\r\n\r\n")
        assert (await rest(reader)).startswith(b"HTTP/1.1 400 ")


async def test_no_timer_outlives_its_connection() -> None:
    """A connection that ends in the middle of a head leaves nothing behind."""
    fired: list[BoundedProtocol] = []

    class Watched(Quick):
        def _too_slow(self) -> None:
            fired.append(self)

    async with connections(Watched) as port:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(GET)
        await asyncio.sleep(0.05)
        writer.close()
        await asyncio.sleep(3 * Watched.head_seconds)

    assert fired == []


@pytest.fixture
def collector() -> Iterator[None]:
    """The collector is as before afterwards."""
    before = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*before)


@pytest.mark.usefixtures("collector")
def test_the_collector_is_calm_but_not_off() -> None:
    """Reference cycles are still found, only less often."""
    calm_collector()

    assert gc.isenabled()
    assert gc.get_threshold()[0] == 100_000
    assert gc.get_freeze_count() > 0
