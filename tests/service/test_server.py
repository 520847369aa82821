"""The server's own bounds, over raw sockets: what is too large or too slow is closed."""

from __future__ import annotations

import asyncio
import gc
import json
import signal
import weakref
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, ClassVar, cast

import pytest
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.server import ServerState

from tests.raw_http import PATIENCE, connections, rest, until
from tests.support import bridge_of
from ticketbridge.service import connection_counts
from ticketbridge.service.app import create_app
from ticketbridge.service.listening import unread_bytes, untaken_bytes
from ticketbridge.service.protocol import _ANSWER, _HEAD, BoundedProtocol
from ticketbridge.service.replies import Reply
from ticketbridge.service.server import Server, server_config
from ticketbridge.service.settings import Settings

pytestmark = pytest.mark.anyio

GET = b"GET /healthz HTTP/1.1\r\nHost: x\r\n"
LAST = GET + b"Connection: close\r\n"
END = b"\r\n"
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Quick(BoundedProtocol):
    """The same, in less time than a test wants to wait; for tests in which the time runs out."""

    head_seconds = 0.2
    linger_seconds = 0.2


class Watched(BoundedProtocol):
    """The same, within a test's reach."""

    made: ClassVar[list[Watched]] = []

    def __init__(self, *arguments: Any, **options: Any) -> None:
        """See uvicorn."""
        super().__init__(*arguments, **options)
        self.lost = asyncio.Event()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        """See asyncio."""
        super().connection_made(transport)
        self.made.append(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio."""
        super().connection_lost(exc)
        self.lost.set()


class Gate:
    """An application that answers when it is told to."""

    def __init__(self) -> None:
        self.asked = 0
        self.opened = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] == "lifespan":
            for phase in ("startup", "shutdown"):
                await receive()
                await send({"type": f"lifespan.{phase}.complete"})
            return
        self.asked += 1
        await self.opened.wait()
        await send({"type": "http.response.start", "status": 200, "headers": LENGTH_OF_OK})
        await send({"type": "http.response.body", "body": b"ok"})


LENGTH_OF_OK = [(b"content-length", b"2")]


@pytest.fixture(params=[False, True], ids=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    """Both event loops: where uvloop is not installed, the server runs on asyncio's."""
    return "asyncio", {"use_uvloop": request.param}


@asynccontextmanager
async def connected(
    protocol: type[BoundedProtocol] = BoundedProtocol, app: ASGIApp | None = None
) -> AsyncIterator[Streams]:
    """One connection to such a server."""
    Watched.made.clear()
    app = app or create_app([bridge_of()[0]], Settings())
    async with connections(app, protocol) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            yield reader, writer
        finally:
            writer.close()


async def watched() -> Watched:
    """The server's side of the test's connection."""
    await until(lambda: Watched.made)
    return Watched.made[0]


def is_answering(protocol: Watched) -> bool:
    """Whether the server has a whole request, and not yet its answer."""
    return protocol._phase == _ANSWER


async def answered(reader: asyncio.StreamReader) -> None:
    """One good answer of the application, read to its end."""
    answer = await asyncio.wait_for(reader.readuntil(b"}"), PATIENCE)
    assert answer.startswith(b"HTTP/1.1 200 ")


def test_the_server_has_the_bounds_that_are_documented() -> None:
    """A head has 64 KiB and 10 s, and the served application has these bounds."""
    config = server_config(create_app([], Settings()), Settings())

    assert cast("Any", config.http).func is BoundedProtocol
    assert cast("Any", config.http).keywords == {"most_connections": 2000}
    assert config.timeout_keep_alive == 75
    assert (BoundedProtocol.head_limit, BoundedProtocol.head_seconds) == (65_536, 10)


# --- size -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("end", [END + END, b""], ids=["whole", "unfinished"])
async def test_a_head_over_the_limit_is_431(end: bytes) -> None:
    """A head of more than 64 KiB is refused, whether or not it is whole."""
    async with connected() as (reader, writer):
        writer.write(GET + b"X: " + b"x" * 100_000 + end)
        answer = await rest(reader)

    assert answer.startswith(b"HTTP/1.1 431 ")
    assert b"\r\nconnection: close\r\n" in answer


async def test_the_target_counts_too() -> None:
    """It is the head that is bounded, its first line with it."""
    async with connected() as (reader, writer):
        writer.write(b"GET /" + b"x" * 70_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await rest(reader)).startswith(b"HTTP/1.1 431 ")


async def test_blank_lines_are_passed_over_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """Line breaks between requests cost no work each."""
    parsed: list[bytes] = []
    parse = Watched._parse

    def count(self: Watched, data: bytes) -> None:
        parsed.append(data)
        parse(self, data)

    monkeypatch.setattr(Watched, "_parse", count)
    async with connected(Watched) as (reader, writer):
        writer.write(END * 30_000 + LAST + END)
        assert (await rest(reader)).startswith(b"HTTP/1.1 200 ")

    assert len(parsed) < 50


async def test_many_small_headers_count_together() -> None:
    """It is the head's size that counts, not a header's."""
    async with connected() as (reader, writer):
        writer.write(GET + b"X: 1234567890\r\n" * 5_000 + END)
        assert (await rest(reader)).startswith(b"HTTP/1.1 431 ")


async def test_a_dripping_head_stops_at_the_limit() -> None:
    """A head that comes in pieces is counted as it comes, and is not taken beyond the limit."""
    async with connected(Watched) as (reader, writer):
        writer.write(GET + b"X: ")
        for _ in range(256):
            writer.write(b"x" * 4_096)
            await asyncio.sleep(0)
        answer = await rest(reader)

    assert answer.startswith(b"HTTP/1.1 431 ")
    assert (await watched())._size < 512 * 1024


async def test_a_head_within_the_limit_is_answered() -> None:
    """60 KiB of head are legal, in one piece or in many."""
    head = LAST + b"X: " + b"x" * 60 * 1024 + END + END
    for size in (len(head), 4_000):
        async with connected() as (reader, writer):
            for at in range(0, len(head), size):
                writer.write(head[at : at + size])
                await asyncio.sleep(0)
            assert (await rest(reader)).startswith(b"HTTP/1.1 200 ")


async def test_a_declared_body_over_the_limit_is_413() -> None:
    """A request with a large body is refused before the application sees it."""
    gate = Gate()
    async with connected(app=gate) as (reader, writer):
        writer.write(GET + b"Content-Length: 65537\r\n\r\n")
        assert (await rest(reader)).startswith(b"HTTP/1.1 413 ")

    assert gate.asked == 0


async def test_a_body_that_grows_over_the_limit_is_413() -> None:
    """A body of unknown length is taken up to the limit; beyond it the request is refused."""
    gate = Gate()
    async with connected(app=gate) as (reader, writer):
        writer.write(GET + b"Transfer-Encoding: chunked\r\n\r\n")
        writer.write((b"1000\r\n" + b"x" * 4096 + END) * 20)
        assert (await rest(reader)).startswith(b"HTTP/1.1 413 ")

    assert gate.asked == 0


@pytest.mark.parametrize(
    "body",
    [
        b"Content-Length: 5\r\n\r\nhello",
        b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    ],
    ids=["declared", "chunked"],
)
async def test_a_small_body_of_a_get_is_passed_over(body: bytes) -> None:
    """A GET may have a body; it changes nothing."""
    async with connected() as (reader, writer):
        writer.write(GET + body)
        await answered(reader)
        writer.write(LAST + body)
        assert (await rest(reader)).startswith(b"HTTP/1.1 200 ")


# --- answers --------------------------------------------------------------------------------------


class Recorder:
    """A transport that counts what is written to it."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self.written: list[bytes] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        """See asyncio."""
        self.written.append(data)
        self._transport.write(data)


class Recorded(Watched):
    """The same, with its transport in a recorder."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        """See asyncio."""
        self.recorder = Recorder(transport)
        super().connection_made(cast("asyncio.Transport", self.recorder))


@pytest.mark.parametrize("method", [b"GET", b"HEAD"])
async def test_an_answer_is_written_at_once(method: bytes) -> None:
    """Head and body are one packet; the connection is kept, and HEAD has no body."""
    async with connected(Recorded) as (reader, writer):
        for number in (1, 2):
            writer.write(GET.replace(b"GET", method) + END)
            head = await asyncio.wait_for(reader.readuntil(END + END), PATIENCE)
            body = b"" if method == b"HEAD" else await reader.readexactly(18)
            protocol = await watched()
            assert isinstance(protocol, Recorded)
            assert len(protocol.recorder.written) == number
            assert protocol.recorder.written[-1] == head + body

    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"\r\ncontent-length: 18\r\n" in head
    assert head.count(b"\r\ndate: ") == 1


async def test_a_long_answer_is_whole() -> None:
    """A body that is not sent with its head comes after it, to the last byte."""
    long = bytes(range(256)) * 4_000

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await Gate()(scope, receive, send)
        else:
            await Reply(200, long).send(scope, send, "1")

    async with connected(Recorded, app) as (reader, writer):
        for _ in range(2):
            writer.write(GET + END)
            await asyncio.wait_for(reader.readuntil(END + END), PATIENCE)
            assert await asyncio.wait_for(reader.readexactly(len(long)), PATIENCE) == long
        protocol = await watched()
        assert isinstance(protocol, Recorded)
        assert len(protocol.recorder.written) == 4


async def test_an_answer_that_nobody_takes_is_not_written_at_once() -> None:
    """While the caller takes nothing, the answer waits as uvicorn has it wait."""
    async with connected(Recorded) as (reader, writer):
        protocol = await watched()
        protocol.flow.pause_writing()
        writer.write(GET + END)
        await until(lambda: is_answering(protocol))
        assert isinstance(protocol, Recorded)
        assert protocol.recorder.written == []
        protocol.flow.resume_writing()
        await answered(reader)


# --- time -----------------------------------------------------------------------------------------


async def test_a_half_sent_head_is_408() -> None:
    """A head that has begun and is not whole in time is refused."""
    async with connected(Quick) as (reader, writer):
        writer.write(GET)
        assert (await rest(reader)).startswith(b"HTTP/1.1 408 ")


async def test_a_dripping_head_is_408() -> None:
    """The time is the head's, and does not begin again with every byte."""
    async with connected(Quick) as (reader, writer):
        answer = asyncio.create_task(rest(reader))
        writer.write(GET + b"X: ")
        while not answer.done():
            writer.write(b"x")
            await asyncio.sleep(Quick.head_seconds / 10)

        assert answer.result().startswith(b"HTTP/1.1 408 ")


async def test_a_second_head_has_its_time_too() -> None:
    """On a connection that is kept, each head is timed from its first byte."""
    async with connected(Quick) as (reader, writer):
        writer.write(GET + END)
        await answered(reader)
        writer.write(GET)
        assert (await rest(reader)).startswith(b"HTTP/1.1 408 ")


async def test_a_head_has_all_its_time() -> None:
    """The time that a connection waited for its first byte is not the head's."""
    async with connected(Watched) as (_, writer):
        protocol = await watched()
        silent = protocol._timer
        writer.write(GET)
        await until(lambda: protocol._phase == _HEAD)

        assert silent is not None
        assert silent.cancelled()
        assert protocol._timer is not None


async def test_a_silent_connection_is_closed() -> None:
    """A connection without a byte is closed without a word."""
    async with connected(Quick) as (reader, _):
        assert await rest(reader) == b""


@pytest.mark.parametrize("requests", [0, 1])
async def test_line_breaks_are_no_sign_of_life(requests: int) -> None:
    """Line breaks before a head are legal, and keep no connection open."""
    async with connected(Quick) as (reader, writer):
        for _ in range(requests):
            writer.write(GET + END)
            await answered(reader)
        writer.write(END)
        assert await rest(reader) == b""


async def test_a_body_that_does_not_come_is_408() -> None:
    """A body that drips keeps no connection open, and its request is not answered."""
    gate = Gate()
    async with connected(Quick, gate) as (reader, writer):
        writer.write(GET + b"Content-Length: 5\r\n\r\nh")
        assert (await rest(reader)).startswith(b"HTTP/1.1 408 ")

    assert gate.asked == 0


async def test_a_whole_request_has_the_time_that_its_answer_takes() -> None:
    """The time of a request ends with its last byte, a body's too."""
    gate = Gate()
    async with connected(Quick, gate) as (reader, writer):
        writer.write(LAST + b"Content-Length: 5\r\n\r\nhello")
        await asyncio.sleep(2 * Quick.head_seconds)
        gate.opened.set()
        assert (await rest(reader)).endswith(b"ok")


async def test_an_idle_connection_is_not_a_slow_head() -> None:
    """Between two requests the head's time does not run: uvicorn's own does."""
    async with connected(Watched) as (reader, writer):
        protocol = await watched()
        for _ in range(50):
            writer.write(GET + END)
            await answered(reader)
            await until(lambda: protocol.timeout_keep_alive_task)
            assert protocol._timer is None


# --- requests in a row ----------------------------------------------------------------------------


async def test_pipelined_requests_are_all_answered() -> None:
    """Requests that come at once are answered in turn."""
    async with connected() as (reader, writer):
        writer.write((GET + END) * 4 + LAST + END)
        assert (await rest(reader)).count(b"HTTP/1.1 200 ") == 5


async def test_requests_before_a_head_do_not_count_as_its_bytes() -> None:
    """Heads that are legal one by one are legal in a row, the last one cut anywhere."""
    long = GET + b"X: " + b"x" * 40_000 + END + END
    async with connected() as (reader, writer):
        writer.write(long * 3 + LAST)
        await answered(reader)
        writer.write(END)
        assert (await rest(reader)).count(b"HTTP/1.1 200 ") == 3


@pytest.mark.parametrize(
    "bad",
    [
        b"\x16\x03\x01 hello\r\n\r\n",
        GET + b"X: " + b"x" * 70_000,
        GET + b"Content-Length: 99999\r\n\r\n",
        GET + b"Transfer-Encoding: chunked\r\n\r\nno chunk\r\n",
    ],
    ids=["no HTTP", "large head", "large body", "no chunk"],
)
async def test_a_bad_request_does_not_take_the_answer_of_the_one_before(bad: bytes) -> None:
    """An answer under way is given whole, and the refusal of what follows comes after it."""
    gate = Gate()
    async with connected(Watched, gate) as (reader, writer):
        protocol = await watched()
        writer.write(GET + END)
        await until(lambda: gate.asked)
        writer.write(bad)
        await until(lambda: protocol._held)
        gate.opened.set()
        answer = await rest(reader)

    first, _, second = answer.partition(b"\r\n\r\nok")
    assert first.startswith(b"HTTP/1.1 200 ")
    assert second.startswith((b"HTTP/1.1 400 ", b"HTTP/1.1 413 ", b"HTTP/1.1 431 "))
    assert gate.asked == 1


async def test_a_head_that_is_not_read_is_not_slow() -> None:
    """While nothing is read, because an answer is under way, the rest of a head may come later."""
    gate = Gate()
    async with connected(Watched, gate) as (reader, writer):
        writer.write((GET + END) * 2 + LAST)
        protocol = await watched()
        await until(lambda: gate.asked and protocol.flow.read_paused)
        assert protocol._timer is None
        writer.write(END)
        gate.opened.set()
        answer = await rest(reader)

    assert answer.count(b"HTTP/1.1 200 ") == 3


async def test_nothing_is_read_while_a_request_waits() -> None:
    """Requests that come early are kept as bytes, at most one read of them, and the rest is not read."""
    gate = Gate()
    async with connected(Watched, gate) as (_, writer):
        writer.write((GET + END) * 100_000)
        protocol = await watched()
        await until(lambda: protocol._held)
        await asyncio.sleep(0.2)
        assert len(protocol._held) <= 256 * 1024
        assert protocol.flow.read_paused
        assert gate.asked == 1
        gate.opened.set()
        await until(lambda: gate.asked > 100)


async def test_line_breaks_behind_a_request_do_not_hide_that_its_caller_leaves() -> None:
    """What cannot be a request stops no reading, so that a closed connection is noticed."""
    gate = Gate()
    async with connected(Watched, gate) as (_, writer):
        protocol = await watched()
        writer.write(GET + END)
        await until(lambda: gate.asked)
        writer.write(END * 10)
        await asyncio.sleep(0.05)
        assert not protocol.flow.read_paused
        writer.close()
        await asyncio.wait_for(protocol.lost.wait(), PATIENCE)
        gate.opened.set()


async def test_too_many_bytes_in_wait_end_their_connections(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """All connections together keep no more than the limit: one too many is answered, and closed."""
    monkeypatch.setattr(Watched, "held_limit", 100)
    gate = Gate()
    async with connected(Watched, gate) as (reader, writer):
        writer.write((GET + END) * 20)
        await until(lambda: gate.asked)
        gate.opened.set()
        answer = await rest(reader)

    assert answer.count(b"HTTP/1.1 200 ") == 1
    assert b"connection: close" in answer
    assert Watched.shared.waiting == 0


async def test_what_is_no_http_is_400() -> None:
    """Bytes that are no request are refused."""
    async with connected() as (reader, writer):
        writer.write(b"\x16\x03\x01 hello\r\n\r\n")
        assert (await rest(reader)).startswith(b"HTTP/1.1 400 ")


async def test_a_refusal_is_said_once(caplog: pytest.LogCaptureFixture) -> None:
    """What follows a refused head is not read, whatever it is."""
    large = GET + b"X: " + b"x" * 70_000 + END
    body = b"Transfer-Encoding: chunked\r\n\r\n" + (b"8000\r\n" + b"x" * 0x8000 + END) * 4
    async with connected(Watched) as (reader, _):
        protocol = await watched()
        protocol.data_received(large + END + large + body + b"\x16\x03\x01 hello\r\n\r\n")
        assert (await rest(reader)).count(b"HTTP/1.1") == 1

    assert [record for record in caplog.records if record.name == "asyncio"] == []


# --- callers who do not take their answers --------------------------------------------------------


class Impatient(Watched):
    """The same, which waits less for a caller who takes nothing."""

    taken_seconds = 0.2


class Patient(Watched):
    """The same, which looks only when a test has it look."""

    taken_seconds = 1000.0


LONG = bytes(16 * 1024 * 1024)
"""More than the system keeps of an answer that nobody takes."""


async def long_answer(scope: Scope, receive: Receive, send: Send) -> None:
    """An application with a long answer, given as the real one gives its own."""
    if scope["type"] == "lifespan":
        await Gate()(scope, receive, send)
    else:
        await Reply(200, LONG, is_last=scope["path"] == "/last").send(scope, send, "1")


@pytest.mark.parametrize(
    "sent",
    [
        GET + END,
        GET.replace(b"/healthz", b"/last") + END,
        LAST + END,
        (GET + END) * 3,
        GET + END + GET + b"X: " + b"x" * 70_000 + END,
    ],
    ids=["kept", "last", "the caller's last", "in a row", "then a bad one"],
)
async def test_a_caller_who_takes_nothing_of_its_answer_is_cut_off(
    sent: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither its connection nor its answer is kept, however the answer is sent, and the log tells."""
    caplog.set_level("INFO", logger="ticketbridge")
    async with connected(Impatient, long_answer) as (_, writer):
        protocol = await watched()
        writer.write(sent)
        await until(lambda: protocol.flow.write_paused)
        await asyncio.wait_for(protocol.lost.wait(), PATIENCE)

        assert protocol._taking is None
        assert [r.msg for r in caplog.records if "cut off" in str(r.msg)] == ["cut off"]


async def test_a_caller_who_takes_its_answer_slowly_gets_it_whole() -> None:
    """What counts is what the caller has received, be it out of our hands or out of the system's."""
    async with connected(Patient, long_answer) as (reader, writer):
        protocol = await watched()
        writer.write(LAST + END)
        await until(lambda: protocol.flow.write_paused)
        for left in (12, 8, 4):
            before = untaken_bytes(protocol.transport)
            while before - untaken_bytes(protocol.transport) < Patient.taken_least:
                await asyncio.wait_for(reader.read(65_536), PATIENCE)
            protocol._look_at_taken(before)
            assert not protocol.lost.is_set(), left
        await rest(reader)
        assert protocol.lost.is_set()


async def test_a_caller_who_takes_a_little_now_and_then_is_cut_off() -> None:
    """A byte in ten seconds would keep an answer for months."""
    async with connected(Patient, long_answer) as (_, writer):
        protocol = await watched()
        writer.write(GET + END)
        await until(lambda: protocol.flow.write_paused)
        await asyncio.sleep(0.05)  # until the system has taken what it takes
        protocol._look_at_taken(untaken_bytes(protocol.transport) + Patient.taken_least - 1)
        await asyncio.wait_for(protocol.lost.wait(), PATIENCE)


async def test_an_answer_that_was_taken_leaves_no_timer() -> None:
    """Once a slow caller has all, nothing looks at it any more."""
    async with connected(Patient, long_answer) as (reader, writer):
        protocol = await watched()
        writer.write(GET + END)
        await until(lambda: protocol.flow.write_paused)
        await asyncio.wait_for(reader.readuntil(END + END), PATIENCE)
        await asyncio.wait_for(reader.readexactly(len(LONG)), PATIENCE)
        await until(lambda: protocol._taking is None)
        assert not protocol.lost.is_set()


# --- too many connections -------------------------------------------------------------------------


class Few(Watched):
    """The same, with room for two connections, and for one more to be told so."""

    linger_seconds = 1000.0
    turned_away_limit = 1

    def __init__(self, *arguments: Any, **options: Any) -> None:
        """See uvicorn."""
        super().__init__(*arguments, most_connections=2, **options)


async def test_a_connection_too_many_is_turned_away_and_the_others_are_served(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It gets a 503 at once, beyond some of those nothing; where one leaves, the next one is served."""
    caplog.set_level("INFO", logger="ticketbridge")
    Watched.made.clear()
    async with connections(create_app([bridge_of()[0]], Settings()), Few) as port:
        kept = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
        await until(lambda: Few.shared.taken == 2)
        told, telling = await asyncio.open_connection("127.0.0.1", port)
        head = await asyncio.wait_for(told.readuntil(END + END), PATIENCE)
        body = json.loads(await rest(told))
        silent, silenced = await asyncio.open_connection("127.0.0.1", port)
        assert await rest(silent) == b""

        for reader, writer in kept:
            writer.write(GET + END)
            await answered(reader)
        await until(lambda: len(Few.shared.idle) == 2)
        kept[0][1].close()
        await until(lambda: Few.shared.taken == 1)
        reader, last = await asyncio.open_connection("127.0.0.1", port)
        last.write(LAST + END)
        assert (await rest(reader)).startswith(b"HTTP/1.1 200 ")
        for writer in (kept[1][1], telling, silenced, last):
            writer.close()
        await until(lambda: all(protocol.lost.is_set() for protocol in Watched.made))

    assert Few.shared.taken == 0
    assert head.startswith(b"HTTP/1.1 503 ")
    assert b"\r\nretry-after: 1\r\n" in head
    assert (body["type"], body["retryable"]) == ("urn:ticketbridge:problem:overloaded", True)
    assert [r.msg for r in caplog.records if "refused" in str(r.msg)] == ["refused"]


async def test_the_longest_idle_connection_makes_room_for_a_new_one() -> None:
    """At the cap the new caller is served; of those between two requests, the longest idle one goes."""
    async with connections(create_app([bridge_of()[0]], Settings()), Few) as port:
        kept = [await idle_connection(port) for _ in range(2)]
        kept[0][1].write(GET + END)  # so that it is the other one that is idle longest
        await answered(kept[0][0])
        new = await idle_connection(port)
        assert await rest(kept[1][0]) == b""
        kept[0][1].write(LAST + END)
        assert (await rest(kept[0][0])).startswith(b"HTTP/1.1 200 ")
        for _, writer in (*kept, new):
            writer.close()
        await until(lambda: Few.shared.taken == 0)

    assert not Few.shared.idle


async def idle_connection(port: int) -> Streams:
    """A connection that has had an answer."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(GET + END)
    await answered(reader)
    return reader, writer


@pytest.mark.parametrize("more", [GET + END, GET], ids=["an answer under way", "half a head"])
async def test_no_connection_with_a_request_makes_room(more: bytes) -> None:
    """Who has an answer under way, or has begun to ask, keeps the connection: the new caller is told."""
    gate = Gate()
    gate.opened.set()
    async with connections(gate, Few) as port:
        streams = []
        for _ in range(2):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(GET + END)
            await reader.readuntil(b"ok")
            streams.append((reader, writer))
        gate.opened.clear()
        for _, writer in streams:
            writer.write(more)
        await until(lambda: not Few.shared.idle)
        told, telling = await asyncio.open_connection("127.0.0.1", port)
        assert (await rest(told)).startswith(b"HTTP/1.1 503 ")
        gate.opened.set()
        for reader, writer in streams:
            writer.write(END if more == GET else b"")
            assert (await reader.readuntil(b"ok")).startswith(b"HTTP/1.1 200 ")
            writer.close()
        telling.close()
        await until(lambda: Few.shared.taken == 0)


@pytest.mark.parametrize("name", ["unread_bytes", "untaken_bytes"])
async def test_no_connection_with_bytes_on_their_way_makes_room(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A request that was not read yet, and an answer that was not taken yet, are not lost."""
    async with connections(create_app([bridge_of()[0]], Settings()), Few) as port:
        kept = [await idle_connection(port) for _ in range(2)]
        monkeypatch.setattr(connection_counts, name, lambda _transport: 1)
        told, telling = await asyncio.open_connection("127.0.0.1", port)
        assert (await rest(told)).startswith(b"HTTP/1.1 503 ")
        for _, writer in kept:
            writer.close()
        telling.close()
        await until(lambda: Few.shared.taken == 0)


async def test_the_system_counts_what_was_not_read() -> None:
    """Bytes that came, and that the server did not read, are counted."""
    async with connected(Watched) as (_, writer):
        protocol = await watched()
        assert unread_bytes(protocol.transport) == 0
        protocol.transport.pause_reading()
        writer.write(GET)
        await until(lambda: unread_bytes(protocol.transport) == len(GET))


async def test_a_connection_that_was_reset_leaves_no_timer() -> None:
    """The time of an idle connection ends with the connection, however that ends."""
    async with connected(Watched) as (reader, writer):
        writer.write(GET + END)
        await answered(reader)
        protocol = await watched()
        await until(lambda: protocol.timeout_keep_alive_task)
        protocol.connection_lost(ConnectionResetError())
        assert protocol.timeout_keep_alive_task is None


async def test_an_idle_connection_is_closed_after_the_time_of_the_settings() -> None:
    """A caller who asks nothing for as long as TICKETBRIDGE_KEEP_ALIVE is closed, and not earlier."""
    app = create_app([bridge_of()[0]], Settings())
    async with connections(app, settings=Settings(keep_alive=0.3)) as port:
        reader, writer = await idle_connection(port)
        since = asyncio.get_running_loop().time()
        assert await rest(reader) == b""
        assert asyncio.get_running_loop().time() - since >= 0.25
        writer.close()


async def test_the_cap_is_the_operators() -> None:
    """A server is made with the cap of its settings."""
    app = create_app([bridge_of()[0]], Settings())
    config = server_config(app, Settings(max_connections=7))
    config.load()
    protocol = config.http_protocol_class(config, ServerState(), {})  # type: ignore[call-arg]

    assert cast("BoundedProtocol", protocol)._most_connections == 7


# --- the end --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "sent",
    [b"", GET, GET + END, GET + b"Content-Length: 5\r\n\r\n", GET + b"X: " + b"x" * 70_000],
    ids=["nothing", "half a head", "a request", "half a body", "too much"],
)
async def test_no_timer_outlives_its_connection(sent: bytes) -> None:
    """A connection that ends leaves nothing behind, wherever it was."""
    async with connected(Watched) as (_, writer):
        writer.write(sent)
        protocol = await watched()
        await until(lambda: not sent or protocol._phase or protocol._refused or protocol.headers)
        writer.close()
        await asyncio.wait_for(protocol.lost.wait(), PATIENCE)

        assert protocol._timer is None


def test_only_a_second_interrupt_forces_the_end() -> None:
    """Any signal asks for the end; answers under way are cut by Ctrl-C alone, and by its second time."""
    for first in (signal.SIGTERM, signal.SIGINT):
        server = Server(server_config(create_app([], Settings()), Settings()))
        server.handle_exit(first, None)
        server.handle_exit(signal.SIGTERM, None)
        assert (server.should_exit, server.force_exit) == (True, False)
        server.handle_exit(signal.SIGINT, None)
        assert server.force_exit


async def test_an_answer_under_way_is_given_when_the_server_leaves() -> None:
    """Its connection ends with it, as the caller is told."""
    gate = Gate()
    async with connected(Watched, gate) as (reader, writer):
        protocol = await watched()
        writer.write(GET + END)
        await until(lambda: gate.asked)
        protocol.shutdown()
        gate.opened.set()
        answer = await rest(reader)

    assert answer.startswith(b"HTTP/1.1 200 ")
    assert b"\r\nconnection: close\r\n" in answer
    assert answer.endswith(b"\r\n\r\nok")


async def test_half_a_head_does_not_keep_the_server_from_leaving() -> None:
    """A server that is told to stop closes connections that wait for the rest of a head."""
    async with connections(create_app([bridge_of()[0]], Settings())) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(GET + END)
        await answered(reader)
        writer.write(GET)

    assert b"HTTP/1.1 408" not in await rest(reader)
    writer.close()


@pytest.mark.parametrize(
    "sent",
    [
        GET + END,
        (GET + END) * 3,
        GET,
        GET + b"Content-Length: 5\r\n\r\nhe",
        GET + b"Transfer-Encoding: chunked\r\n\r\n0\r\nX: y\r\n\r\n",
        b"no HTTP\r\n\r\n",
    ],
    ids=["a request", "three", "half a head", "half a body", "a trailer", "no HTTP"],
)
async def test_a_connection_leaves_nothing_to_the_collector(sent: bytes) -> None:
    """What a connection took is free when it ends: no flood of connections waits for the collector."""
    async with connections(create_app([bridge_of()[0]], Settings()), Watched) as port:
        Watched.made.clear()
        gc.collect()
        gc.disable()
        try:
            left = await ended(port, sent)
            await until(lambda: left() is None)
        finally:
            gc.enable()


async def ended(port: int, sent: bytes) -> weakref.ref[Watched]:
    """The server's side of a connection on which *sent* came, and which is closed."""
    _, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    protocol = await watched()
    await until(lambda: protocol._phase or protocol._refused or protocol.cycle)
    await asyncio.sleep(0.05)
    writer.close()
    await asyncio.wait_for(protocol.lost.wait(), PATIENCE)
    Watched.made.clear()
    return weakref.ref(protocol)
