"""Our own HTTP connections: where an answer ends, how long a connection is kept, and TLS."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import trustme

from tests.fake_platform import CLOSE, HANG, RESET, FakePlatform, Pause, Reply, Step
from tests.support import USER, orders, spec_of
from ticketbridge.engine.bridge import compile_mapping
from ticketbridge.engine.upstream import sockets
from ticketbridge.engine.upstream.connection import (
    HEAD_LIMIT,
    HELD_LIMIT,
    Connection,
    ConnectionLost,
    NoHttp,
)
from ticketbridge.engine.upstream.messages import Incoming
from ticketbridge.engine.upstream.sockets import (
    OriginPool,
    SocketTransport,
    header_lines,
    request_bytes,
)
from ticketbridge.engine.upstream.tls import trusting_context

pytestmark = pytest.mark.anyio

OK = b"HTTP/1.1 200 OK\r\n"
PATIENCE = 20  # seconds after which a test gives up, far beyond what it waits for


@pytest.fixture(params=[False, True], ids=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    """Both event loops: where uvloop is not installed, the server runs on asyncio's."""
    return "asyncio", {"use_uvloop": request.param}


@asynccontextmanager
async def transport(*, connect_timeout: float = PATIENCE) -> AsyncIterator[SocketTransport]:
    """Connections, which are all closed in the end."""
    made = SocketTransport(connect_timeout=connect_timeout, tls=None)
    yield made
    await made.aclose()


async def get(platform: FakePlatform, made: SocketTransport) -> Incoming:
    """The head of the platform's answer."""
    async with asyncio.timeout(PATIENCE):
        return await made.send("GET", f"{platform.url}/x", {}, None)


async def body_of(answer: Incoming) -> bytes:
    """The body, as it comes; afterwards the answer is closed."""
    try:
        async with asyncio.timeout(PATIENCE):
            return b"".join([chunk async for chunk in answer.chunks()])
    finally:
        await answer.aclose()


async def heard(platform: FakePlatform, *steps: Step) -> tuple[Incoming, bytes]:
    """The answer that a platform gives in these steps, and its body."""
    platform.on("/x", Reply(steps=steps))
    async with transport() as made:
        answer = await get(platform, made)
        return answer, await body_of(answer)


async def until_closed(platform: FakePlatform) -> None:
    """Return when the platform has no open connection."""
    await until_open(platform, 0)


async def until_open(platform: FakePlatform, number: int) -> None:
    """Return when the platform has no more than *number* of open connections."""
    async with asyncio.timeout(PATIENCE):
        while platform.open_connections > number:  # noqa: ASYNC110 - the platform has no event for it
            await asyncio.sleep(0.005)


# --- where an answer ends -------------------------------------------------------------------------


async def test_a_body_without_a_length_lasts_until_the_connection_ends(
    platform: FakePlatform,
) -> None:
    """An old server gives no length, and closes."""
    _, body = await heard(platform, b"HTTP/1.0 200 OK\r\n\r\nab", Pause(0.02), b"cd", CLOSE)

    assert body == b"abcd"


async def test_a_body_without_a_length_that_is_reset_is_none(platform: FakePlatform) -> None:
    """An end that is no orderly one has cut it."""
    with pytest.raises(ConnectionLost):
        await heard(platform, OK + b"\r\nab", Pause(0.02), RESET)


async def test_a_body_that_we_end_ourselves_is_none(platform: FakePlatform) -> None:
    """Where a connection's end is the body's, closing it does not make the body whole."""
    platform.on("/x", Reply(steps=(OK + b"\r\nab", HANG)))
    async with transport() as made:
        answer = await get(platform, made)
        reading = asyncio.create_task(body_of(answer))
        await asyncio.sleep(0.02)
        answer._connection.close()  # type: ignore[attr-defined]  # as what cannot be parsed does
        with pytest.raises(ConnectionLost):
            await reading


@pytest.mark.parametrize("status", [204, 304])
async def test_some_answers_have_no_body(platform: FakePlatform, status: int) -> None:
    """204 and 304 end with their head, whatever else it says."""
    answer, body = await heard(platform, b"HTTP/1.1 %d x\r\nContent-Length: 9\r\n\r\n" % status)

    assert (answer.status, body) == (status, b"")


async def test_chunks_come_with_trailers(platform: FakePlatform) -> None:
    """A trailer is no header: it could not have been seen when the head was."""
    head = OK + b"Transfer-Encoding: chunked\r\nA: 1\r\n\r\n"
    answer, body = await heard(platform, head + b"2\r\nab\r\n0\r\nA: 2\r\nB: 3\r\n\r\n")

    assert body == b"ab"
    assert answer.headers == {"transfer-encoding": "chunked", "a": "1"}


async def test_interim_answers_are_passed_over(platform: FakePlatform) -> None:
    """100 and 103 announce an answer, and are none."""
    early = b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n"
    answer, body = await heard(platform, early + OK + b"Content-Length: 1\r\n\r\na")

    assert (answer.status, answer.headers, body) == (200, {"content-length": "1"}, b"a")


async def test_a_header_that_comes_twice_is_joined(platform: FakePlatform) -> None:
    """Names have no case; values have no blanks around them."""
    answer, _ = await heard(platform, OK + b"A:  1 \r\na: \xc3\xa9\r\nContent-Length: 0\r\n\r\n")

    assert answer.headers["a"] == "1, \xe9"


@pytest.mark.parametrize(
    "what",
    [
        b"hello\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        OK + b"A: " + b"x" * (HEAD_LIMIT + 1),
        OK + b"A: b\r\n" * (HEAD_LIMIT // 32),
        OK + b"A: b\0c\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" * 4_000,
        OK + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        OK + b"Content-Length: 1\r\n\r\na\xff\xff",
    ],
    ids=[
        "noise",
        "101",
        "a long header",
        "many headers",
        "NUL",
        "endless",
        "lengths",
        "more noise",
    ],
)
async def test_what_is_no_http_is_no_answer(platform: FakePlatform, what: bytes) -> None:
    """What the parser refuses, a head without bounds, and an answer with noise behind it."""
    with pytest.raises(NoHttp):
        await heard(platform, what, HANG)
    await until_closed(platform)


async def test_a_body_that_nobody_reads_stays_in_the_socket(platform: FakePlatform) -> None:
    """However much the platform sends, a slow reader holds little of it."""
    large = bytes(range(256)) * 40_000
    platform.on("/x", Reply(body=large))
    async with transport() as made:
        answer = await get(platform, made)
        await asyncio.sleep(0.1)
        assert answer.held <= 2 * HELD_LIMIT  # type: ignore[attr-defined]  # ours alone counts
        assert await body_of(answer) == large
        await body_of(await get(platform, made))

    assert [seen.turn for seen in platform.seen] == [1, 2]


async def test_a_body_may_be_read_whole(platform: FakePlatform) -> None:
    """Whether it came with the head or after it."""
    for steps in (
        (OK + b"Content-Length: 2\r\n\r\nab",),
        (OK + b"Content-Length: 2\r\n\r\n", b"ab"),
    ):
        platform.on("/x", Reply(steps=steps))
        async with transport() as made:
            answer = await get(platform, made)
            assert await answer.read() == b"ab"
            await answer.aclose()
            await answer.aclose()


# --- requests -------------------------------------------------------------------------------------


def test_a_request_is_sent_as_it_was_made() -> None:
    """The target and the headers go out byte for byte; a body has its length."""
    sent = request_bytes("POST", "/a%2Fb?c=%20", header_lines({"Host": "x", "A": "\xe9"}), b"body")

    assert sent == (
        b"POST /a%2Fb?c=%20 HTTP/1.1\r\nHost: x\r\nA: \xc3\xa9\r\nContent-Length: 4\r\n\r\nbody"
    )
    assert request_bytes("POST", "/", "", None).endswith(b"Content-Length: 0\r\n\r\n")
    assert b"Length" not in request_bytes("GET", "/", "", None)


@pytest.mark.parametrize(
    ("target", "value"),
    [
        ("/a b", ""),
        ("/a\r\nX: 1", ""),
        ("/\x7f", ""),
        ("/", "1\r\nX: 2"),
        ("/", "1\n"),
        ("/", "\0"),
    ],
)
def test_nothing_in_a_request_ends_its_line_early(target: str, value: str) -> None:
    """A line break in a URL or a header would make a header, or a request, of its own."""
    with pytest.raises(ValueError, match="in a"):
        request_bytes("GET", target, header_lines({"A": value}), None)


@pytest.mark.parametrize(
    ("url", "host", "target"),
    [
        ("http://a.example:80/x?y#z", "a.example", "/x?y"),
        ("HTTPS://a.example:443", "a.example", "/"),
        ("https://a.example:80?y", "a.example:80", "/?y"),
        ("http://[::1]:8080/", "[::1]:8080", "/"),
    ],
)
def test_a_url_names_a_server_and_a_target(url: str, host: str, target: str) -> None:
    """The Host header leaves out the scheme's own port; a fragment is not sent."""
    server, asked = SocketTransport(connect_timeout=1, tls=None)._located(url)

    assert (server.host, asked) == (host, target)


async def test_another_scheme_is_refused() -> None:
    """There are http and https."""
    async with transport() as made:
        with pytest.raises(ValueError, match="no URL"):
            await made.send("GET", "ftp://a.example/", {}, None)


# --- how long a connection is kept ----------------------------------------------------------------


async def test_an_idle_connection_is_closed_after_a_while(
    platform: FakePlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A connection that nobody uses is closed, without anybody asking for another."""
    monkeypatch.setattr(sockets, "KEPT_SECONDS", 0.1)
    platform.on("/x", Reply(json=1))
    async with transport() as made:
        await body_of(await get(platform, made))
        await until_closed(platform)


async def test_only_what_has_been_idle_for_a_while_is_closed(platform: FakePlatform) -> None:
    """Of two idle connections the older one is closed and forgotten; the other one stays, and is used."""
    platform.on("/x", Reply(json=1))
    async with transport() as made:
        for answer in [await get(platform, made), await get(platform, made)]:
            await body_of(answer)
        (server,) = made._servers.values()
        (old, since), young = server._idle
        server._idle = [(old, since - sockets.KEPT_SECONDS), young]

        server._sweep()

        assert server._idle == [young]
        assert server._sweeper is not None
        await until_open(platform, 1)
        assert (old.is_silent, young[0].is_silent) == (False, True)
        await body_of(await get(platform, made))

    assert [seen.turn for seen in platform.seen] == [1, 1, 2]


async def test_nothing_is_swept_where_nothing_is_idle(platform: FakePlatform) -> None:
    """The sweep ends with the last idle connection, and begins anew with the next one."""
    platform.on("/x", Reply(json=1))
    async with transport() as made:
        await body_of(await get(platform, made))
        (server,) = made._servers.values()
        server._idle = [(connection, since - 60) for connection, since in server._idle]
        server._sweep()
        assert (server._idle, server._sweeper) == ([], None)

        await body_of(await get(platform, made))
        assert len(server._idle) == 1
        assert server._sweeper is not None


async def test_a_connection_that_is_too_old_is_not_used(
    platform: FakePlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The platform may be about to close it."""
    platform.on("/x", Reply(json=1))
    async with transport() as made:
        await body_of(await get(platform, made))
        monkeypatch.setattr(sockets, "KEPT_SECONDS", 0)
        await body_of(await get(platform, made))

    assert [seen.turn for seen in platform.seen] == [1, 1]


async def test_a_connection_that_has_lived_long_is_not_used_again(
    platform: FakePlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However busy it is: its host's name may lead elsewhere by now."""
    monkeypatch.setattr(sockets, "LIVED_SECONDS", 0.2)
    platform.on("/x", Reply(json=1))
    async with transport() as made:
        started = asyncio.get_running_loop().time()
        while asyncio.get_running_loop().time() < started + 0.5:
            await body_of(await get(platform, made))
            await asyncio.sleep(0.01)

    turns = [seen.turn for seen in platform.seen]
    assert turns.count(1) > 1
    assert max(turns) > 1


async def test_a_name_that_moves_is_followed(
    platform: FakePlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once the connections to where it led before have lived long enough."""
    monkeypatch.setattr(sockets, "LIVED_SECONDS", 0.05)
    monkeypatch.setattr(sockets, "RESOLVED_SECONDS", 0.05)
    platform.on("/x", Reply(json=1))
    async with FakePlatform() as elsewhere, transport() as made:
        elsewhere.on("/x", Reply(json=2))
        here = [platform.url]

        async def look_up(*_: object, **__: object) -> list[Any]:
            port = int(here[0].rpartition(":")[2])
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]

        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", look_up, raising=False)
        before = await body_of(await made.send("GET", "http://platform.example/x", {}, None))
        here[0] = elsewhere.url
        await asyncio.sleep(0.1)
        after = await body_of(await made.send("GET", "http://platform.example/x", {}, None))

    assert (before, after) == (b"1", b"2")


async def test_closing_closes_all_connections(
    platform: FakePlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The idle ones now, the others with their answers, and not only when they have been idle for long."""
    monkeypatch.setattr(sockets, "KEPT_SECONDS", 10 * PATIENCE)
    platform.on("/x", Reply(json=1))
    async with transport() as made:
        idle, busy = await get(platform, made), await get(platform, made)
        await body_of(idle)
    await until_open(platform, 1)
    await body_of(busy)

    await until_closed(platform)


async def test_a_bridge_that_is_closed_closes_its_connections(
    platform: FakePlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was reloaded, or ends, leaves no connection behind."""
    monkeypatch.setattr(sockets, "KEPT_SECONDS", 10 * PATIENCE)
    platform.on("/orders", Reply(json=orders()))
    bridge = compile_mapping(spec_of(base_url=platform.url))
    await bridge.answer(USER)
    assert platform.open_connections == 1

    await bridge.aclose()

    await until_closed(platform)


async def test_an_answer_that_is_given_up_takes_its_connection_with_it(
    platform: FakePlatform,
) -> None:
    """What one answer said of a kept connection does not hold for the next: its rest is still to come."""
    rest = b"x" * 50 + OK + b"Content-Length: 7\r\n\r\nanother"
    cut = (OK + b"Content-Length: 100\r\n\r\n" + b"x" * 50, Pause(0.05), rest)
    platform.on("/x", Reply(json=1), Reply(steps=cut), Reply(json=3))
    async with transport() as made:
        assert await body_of(await get(platform, made)) == b"1"
        await (await get(platform, made)).aclose()
        assert await body_of(await get(platform, made)) == b"3"

    assert [seen.turn for seen in platform.seen] == [1, 2, 1]


async def test_bytes_before_the_first_request_are_seen_before_it_is_sent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A connection on which something waits is never asked, though the loop has not read it yet."""
    connect = OriginPool._connected

    async def connect_and_hear(server: OriginPool) -> Connection:
        connection = await connect(server)
        spoken.wait(PATIENCE)  # the loop has no turn in between
        time.sleep(0.02)  # noqa: ASYNC251 - likewise
        return connection

    monkeypatch.setattr(OriginPool, "_connected", connect_and_hear)
    spoken = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def speak() -> None:
            accepted, _ = listener.accept()
            with accepted:
                accepted.sendall(OK + b"Content-Length: 7\r\n\r\nanother")
                spoken.set()
                with suppress(ConnectionError):
                    asked.append(accepted.recv(100))

        asked: list[bytes] = []
        speaker = threading.Thread(target=speak)
        speaker.start()
        async with transport() as made:
            with pytest.raises(ConnectionLost, match="before the request"):
                await made.send("GET", f"http://127.0.0.1:{listener.getsockname()[1]}/x", {}, None)
        await asyncio.to_thread(speaker.join, PATIENCE)

    assert b"".join(asked) == b""


async def test_a_call_that_is_cancelled_closes_its_connection(platform: FakePlatform) -> None:
    """Its answer would be the next one's."""
    platform.on("/x", Reply(hang=True))
    async with transport() as made:
        call = asyncio.create_task(get(platform, made))
        async with asyncio.timeout(PATIENCE):
            while not platform.seen:  # noqa: ASYNC110 - nor for this
                await asyncio.sleep(0.005)
        call.cancel()
        await until_closed(platform)


async def test_a_connection_that_ends_before_it_is_asked_is_lost(
    platform: FakePlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A request is not written to where nobody reads it, to wait until the deadline."""
    platform.greetings = [(CLOSE,)]
    opened = OriginPool.opened

    async def opened_slowly(server: OriginPool, timeout: float) -> Any:  # noqa: ASYNC109 - as the other
        connection = await opened(server, timeout)
        await asyncio.sleep(0.05)
        return connection

    monkeypatch.setattr(OriginPool, "opened", opened_slowly)
    async with transport() as made:
        with pytest.raises(ConnectionLost):
            await get(platform, made)


# --- names and addresses --------------------------------------------------------------------------


async def test_a_host_is_looked_up_once_in_a_while(
    platform: FakePlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where connections are not kept, each of them would wait for a name server."""
    monkeypatch.setattr(sockets, "RESOLVED_SECONDS", 0.2)
    server = OriginPool(platform.url, None)
    first = await server._resolved()
    kept = await server._resolved()
    await asyncio.sleep(0.25)
    later = await server._resolved()

    assert first == kept == later
    assert kept[0] is first[0]
    assert later[0] is not first[0]


async def test_addresses_that_lead_nowhere_are_forgotten(platform: FakePlatform) -> None:
    """A platform that has moved is found by the next connection, however young its old addresses are."""
    server = OriginPool(platform.url, None)
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        gone = (socket.AF_INET, socket.SOCK_STREAM, 6, "", unheard.getsockname())
        server._addresses = ([gone], time.monotonic())
        with pytest.raises(ConnectionRefusedError):
            await server.opened(PATIENCE)

    connection = await server.opened(PATIENCE)

    assert connection.is_silent
    connection.close()


async def test_the_next_address_is_tried_where_one_does_not_answer(
    platform: FakePlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A host with a dead IPv6 address is reached by its other one."""
    port = int(platform.url.rpartition(":")[2])
    dead = (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("::1", port, 0, 0))
    good = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))

    async def resolved(_: OriginPool) -> list[Any]:
        return [dead, good]

    monkeypatch.setattr(OriginPool, "_resolved", resolved)
    platform.on("/x", Reply(json=1))
    async with transport() as made:
        assert await body_of(await get(platform, made)) == b"1"


async def test_connecting_has_a_time_of_its_own(
    platform: FakePlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It counts from the look-up of the name."""

    async def resolved(_: OriginPool) -> list[Any]:
        await asyncio.sleep(PATIENCE)
        return []

    monkeypatch.setattr(OriginPool, "_resolved", resolved)
    async with transport(connect_timeout=0.05) as made:
        with pytest.raises(TimeoutError):
            await get(platform, made)


# --- TLS ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """Who signs the certificates of these tests."""
    return trustme.CA()


@pytest.fixture
def trusted(authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine trusts *authority*."""
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))


@asynccontextmanager
async def secure(authority: trustme.CA, name: str = "127.0.0.1") -> AsyncIterator[FakePlatform]:
    """A platform with a certificate for *name*."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    async with FakePlatform(context) as platform:
        platform.on("/x", Reply(json=1))
        yield platform


@pytest.mark.usefixtures("trusted")
async def test_tls_connections_are_kept_too(authority: trustme.CA) -> None:
    """What TLS itself sends is nothing left over."""
    async with secure(authority) as platform, transport() as made:
        for _ in range(3):
            assert await body_of(await get(platform, made)) == b"1"

    assert [seen.turn for seen in platform.seen] == [1, 2, 3]


async def test_a_certificate_that_nobody_vouches_for_is_refused(authority: trustme.CA) -> None:
    """Nothing is sent to who might be anybody."""
    async with secure(authority) as platform, transport() as made:
        with pytest.raises(ssl.SSLCertVerificationError):
            await get(platform, made)

    assert platform.seen == []


@pytest.mark.usefixtures("trusted")
async def test_a_certificate_of_another_host_is_refused(authority: trustme.CA) -> None:
    """A certificate is for a name."""
    async with secure(authority, "elsewhere.example") as platform, transport() as made:
        with pytest.raises(ssl.SSLCertVerificationError):
            await get(platform, made)

    assert platform.seen == []


@pytest.mark.usefixtures("trusted")
async def test_no_keys_of_connections_are_written(
    authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`SSLKEYLOGFILE` of the environment is not honoured: it would open every answer to a reader."""
    keys = tmp_path / "keys"
    monkeypatch.setenv("SSLKEYLOGFILE", str(keys))
    async with secure(authority) as platform, transport() as made:
        assert await body_of(await get(platform, made)) == b"1"

    assert trusting_context().keylog_filename is None
    assert not keys.exists()


def test_a_context_verifies_as_the_usual_one_does() -> None:
    """But for the keys it is what Python makes by default: host names and certificates are verified."""
    ours, usual = trusting_context(), ssl.create_default_context()

    for name in ("verify_mode", "check_hostname", "verify_flags", "minimum_version", "options"):
        assert getattr(ours, name) == getattr(usual, name)
    assert [c["name"] for c in ours.get_ciphers()] == [c["name"] for c in usual.get_ciphers()]
