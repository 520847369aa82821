"""HTTP as strangers send it: each request is refused or rightly answered, and the next one is served."""

from __future__ import annotations

import asyncio
import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.raw_http import connections, exchange, until
from tests.support import SECRET, USER, bridge_of, events, item, order, orders
from ticketbridge.service.app import create_app
from ticketbridge.service.settings import Settings

pytestmark = pytest.mark.anyio

TARGET = f"/tickets?user={USER.replace('@', '%40')}".encode()
SECRET_LINE = b"X-Menta-Secret: " + SECRET.encode()
CHUNKED = b"Transfer-Encoding: chunked"
NO_BODY = b"0\r\n\r\n"
MARK = b"zq7-a-mark-of-the-caller"
"""Stands in requests that are refused, and may stand in no line of the log."""

SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
LAST = (
    b"GET " + TARGET + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + SECRET_LINE + b"\r\n\r\n"
)


def head(*lines: bytes, first: bytes = b"GET " + TARGET + b" HTTP/1.1", host: bool = True) -> bytes:
    """A request's head: the right first line, Host and secret, and these lines."""
    hosts = [b"Host: bridge.example"] if host else []
    return b"\r\n".join([first, *hosts, SECRET_LINE, *lines, b"", b""])


@dataclass(frozen=True)
class Row:
    """What is sent, and the status of each answer to it, the last of which closes the connection."""

    name: str
    sent: bytes
    statuses: tuple[int, ...]


def refused(name: str, sent: bytes, status: int = 400) -> Row:
    """A request that is refused, and with it all that follows."""
    return Row(name, sent, (status,))


def answered(name: str, sent: bytes, *statuses: int) -> Row:
    """A request that keeps its connection, on which the good one that follows it is answered too."""
    return Row(name, sent + LAST, (*(statuses or (200,)), 200))


def hosts() -> Iterator[Row]:
    """Of HTTP/1.1, one Host header that names a host."""
    yield refused("no Host", head(host=False))
    yield refused("two Hosts", head(b"Host: other.example"))
    yield refused("two equal Hosts", head(b"host: bridge.example"))
    bad = [b"", b"a b", b"a/b", b"a@b", b"u:p@a", b"a:b", b"a:80:80", b"a:65536", b"a:999999"]
    bad += [
        b"[::1",
        b"::1",
        b"[1.2.3.4]",
        b"[::g]",
        b"[::1]x",
        b"a,b",
        b"a?b",
        b"a#b",
        b"<a>",
        b"a%zz",
    ]
    bad += [b"\xe9.example", b"http://a", b"a" * 400, b'"a"', b"a\\b"]
    for value in bad:
        if value != b"a,b":  # a comma is a legal sub-delimiter
            yield refused(f"Host: {value[:20]!r}", head(b"Host: " + value, host=False))
    good = [
        b"a",
        b"a.b:80",
        b"a:",
        b"[::1]",
        b"[::1]:8080",
        b"127.0.0.1:1",
        b"my_service:80",
        b"A%20b",
        b"a \t",
    ]
    for value in good:
        yield answered(f"Host: {value!r}", head(b"Host: " + value, host=False))
    old = b"GET " + TARGET + b" HTTP/1.0"
    yield Row("HTTP/1.0 without Host", head(first=old, host=False), (200,))
    yield refused("HTTP/1.0 with two Hosts", head(b"Host: x", first=old))


def framings() -> Iterator[Row]:
    """Where a request ends is certain, or the request is refused; no body is another request."""
    hidden = b"Content-Length: %d" % len(SMUGGLED)
    chunk = b"%x\r\n" % len(SMUGGLED) + SMUGGLED + b"\r\n0\r\n\r\n"
    yield answered("a body", head(hidden) + SMUGGLED)
    yield answered("a body in chunks", head(CHUNKED) + chunk)
    yield answered(
        "a body in chunks, with extensions", head(CHUNKED) + b"1;a=b;c\r\nx\r\n" + NO_BODY
    )
    yield answered("a body of no bytes", head(b"Content-Length: 0"))
    yield answered("a body of empty lines", head(b"Content-Length: 8") + b"\r\n" * 4)
    yield answered("chunks of empty lines", head(CHUNKED) + b"8\r\n" + b"\r\n" * 5 + NO_BODY)
    yield refused("length, then chunked", head(b"Content-Length: 5", CHUNKED) + NO_BODY + SMUGGLED)
    yield refused("chunked, then length", head(CHUNKED, b"Content-Length: 5") + NO_BODY + SMUGGLED)
    yield refused("two lengths", head(hidden, b"Content-Length: 0") + SMUGGLED)
    yield refused("two equal lengths", head(hidden, hidden) + SMUGGLED)
    for length in [b"5, 5", b"+5", b"-5", b"0x5", b"5 5", b"", b"5.0", b"5_0", b"9" * 30, b"\xb2"]:
        sent = head(b"Content-Length: " + length) + b"hello" + SMUGGLED
        yield refused(f"Content-Length: {length!r}", sent)
    codings = [
        b"chunked, identity",
        b"identity",
        b"identity, chunked",
        b"gzip, chunked",
        b"xchunked",
    ]
    codings += [
        b"chunked, chunked",
        b"chunked;q=1",
        b'"chunked"',
        b"\x0bchunked",
        b"",
        b"chunked,",
        b"\x00chunked",
    ]
    for coding in codings:
        sent = head(b"Transfer-Encoding: " + coding) + NO_BODY + SMUGGLED
        yield refused(f"Transfer-Encoding: {coding!r}", sent)
    yield answered("Transfer-Encoding: CHUNKED", head(b"Transfer-Encoding: CHUNKED ") + NO_BODY)
    yield refused("chunked, then identity", head(CHUNKED, b"Transfer-Encoding: identity") + NO_BODY)
    yield refused("identity, then chunked", head(b"Transfer-Encoding: identity", CHUNKED) + NO_BODY)
    yield refused("chunked twice", head(CHUNKED, CHUNKED) + NO_BODY)
    yield refused("chunked in HTTP/1.0", head(CHUNKED, first=b"GET / HTTP/1.0") + NO_BODY)
    yield refused("chunked without a chunk", head(CHUNKED) + SMUGGLED)
    bad = [b"5\nhello\r\n", b"5\r\nhello!\r\n", b"0x5\r\nhello\r\n", b"-1\r\n", b"5 \r\nhello\r\n"]
    bad += [
        b"5;a\nhello\r\n",
        b"5;\x00\r\nhello\r\n",
        b"f" * 17 + b"\r\n",
        b"\r\n",
        b"5\r\nhello0\r\n\r\n",
    ]
    for piece in bad:
        yield refused(f"chunk {piece!r}", head(CHUNKED) + piece + NO_BODY + SMUGGLED)
    yield refused("an upgrade with a body", head(*upgrade(b"h2c"), hidden) + SMUGGLED)
    yield refused("an upgrade with chunks", head(*upgrade(b"x"), CHUNKED) + chunk)


def upgrade(protocol: bytes) -> tuple[bytes, bytes]:
    """The two headers that ask for another protocol."""
    return b"Connection: Upgrade", b"Upgrade: " + protocol


def heads() -> Iterator[Row]:
    """What a head cannot hold."""
    yield refused("a folded header", head(b"X: a", b" b"))
    yield refused("a folded secret", head(b"X: a", b"\tX-Menta-Secret: b"))
    yield refused("a header before all", b"GET / HTTP/1.1\r\n Host: x\r\n\r\n")
    yield refused("LF for CRLF", head().replace(b"\r\n", b"\n"))
    yield refused("LF in a header", head(b"X: a\nY: b"))
    yield refused("CR in a header", head(b"X: a\rY: b"))
    yield refused("CR before CRLF", head(b"X: a\r"))
    yield refused("LF at the end", head()[:-2] + b"\n")
    for number in (0, 1, 8, 11, 27, 127):
        yield refused(f"byte {number} in a value", head(b"X: a" + bytes([number]) + b"b"))
        yield refused(f"byte {number} in a name", head(b"X" + bytes([number]) + b": a"))
        yield refused(
            f"byte {number} in the target", head(first=b"GET /" + bytes([number]) + b" HTTP/1.1")
        )
    yield refused("a blank before the colon", head(b"X : a"))
    yield refused("a blank in a name", head(b"X Y: a"))
    yield refused("no name", head(b": a"))
    yield refused("no colon", head(b"X"))
    yield refused("a name in Latin-1", head(b"X\xe9: a"))
    yield answered("a value in Latin-1", head(b"X: \xe9"))
    yield answered("an empty value", head(b"X:", b"Y: "))


def first_lines() -> Iterator[Row]:
    """Methods, targets and versions."""
    for version in (b"0.9", b"2.0", b"1.2", b"3.0", b"1.11", b"1", b"1.1 ", b"x"):
        yield refused(
            f"HTTP/{version.decode()}", head(first=b"GET " + TARGET + b" HTTP/" + version)
        )
    yield refused("a first line without a version", b"GET " + TARGET + b"\r\n\r\n")
    yield refused(
        "HTTP/2's preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00"
    )
    yield refused("TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500))
    yield refused("SSH", b"SSH-2.0-OpenSSH_9.2\r\n")
    yield refused("PROXY protocol", b"PROXY TCP4 203.0.113.9 127.0.0.1 1 2\r\n" + LAST)
    yield refused("an unknown method", head(first=b"FETCH " + TARGET + b" HTTP/1.1"))
    yield refused("a method in small letters", head(first=b"get " + TARGET + b" HTTP/1.1"))
    yield refused("CONNECT", head(first=b"CONNECT x:443 HTTP/1.1") + SMUGGLED)
    yield refused("CONNECT to a path", head(first=b"CONNECT " + TARGET + b" HTTP/1.1") + SMUGGLED)
    yield answered("OPTIONS *", head(first=b"OPTIONS * HTTP/1.1"), 404)
    yield refused("GET *", head(first=b"GET * HTTP/1.1"))
    for target in (
        b"tickets", b"x:443", b"ftp://a/tickets", b"http:///tickets", b"http://u:p@a/tickets",
        b"http://a:99999/tickets", TARGET + b"#a", b"/\xe9",
    ):  # fmt: skip
        yield refused(f"target {target!r}", head(first=b"GET " + target + b" HTTP/1.1"))
    yield answered(
        "a whole URL", head(first=b"GET http://other.example:80" + TARGET + b" HTTP/1.1")
    )
    yield answered("a whole https URL", head(first=b"GET HTTPS://[::1]" + TARGET + b" HTTP/1.1"))
    yield answered("a URL without a path", head(first=b"GET http://a HTTP/1.1"), 404)
    yield answered("a URL with a query alone", head(first=b"GET http://a?user=b HTTP/1.1"), 404)
    yield answered(
        "POST", head(b"Content-Length: 2", first=b"POST " + TARGET + b" HTTP/1.1") + b"{}", 405
    )
    yield answered("two slashes", head(first=b"GET /" + TARGET + b" HTTP/1.1"), 404)


def callers() -> Iterator[Row]:
    """The secret is one header of exactly that name, and nothing after the head is a header."""
    bare = [b"GET " + TARGET + b" HTTP/1.1", b"Host: x"]
    ends = [b"", b""]
    trailer = NO_BODY[:-2] + SECRET_LINE + b"\r\n\r\n"
    yield answered("no secret", b"\r\n".join([*bare, *ends]), 401)
    yield answered("a secret in a trailer", b"\r\n".join([*bare, CHUNKED, *ends]) + trailer, 401)
    yield answered(
        "a secret in a second trailer",
        b"\r\n".join([*bare, CHUNKED, *ends]) + b"0\r\nX: y\r\n" + SECRET_LINE + b"\r\n\r\n",
        401,
    )
    yield answered(
        "trailers beside the secret",
        head(CHUNKED)
        + b"0\r\nX-Menta-Secret: no\r\nHost: y\r\nConnection: close\r\nExpect: 100-continue\r\n\r\n",
    )
    yield refused(
        "a length in a trailer", head(CHUNKED) + b"0\r\nContent-Length: 9\r\nX: y\r\n\r\n"
    )
    yield refused(
        "a coding in a trailer", head(CHUNKED) + b"0\r\nTransfer-Encoding: chunked\r\nX: y\r\n\r\n"
    )
    yield answered(
        "a secret with underscores",
        b"\r\n".join([*bare, SECRET_LINE.replace(b"-", b"_", 2), *ends]),
        401,
    )
    yield answered("two secrets", head(SECRET_LINE), 401)
    yield answered("two secrets, one wrong", head(b"x-menta-secret: no"), 401)
    yield answered(
        "blanks around the secret",
        b"\r\n".join([*bare, SECRET_LINE.replace(b": ", b": \t ") + b" \t ", *ends]),
    )


def turns() -> Iterator[Row]:
    """Requests in a row, and such as ask for more than an answer."""
    yield answered("blank lines before", b"\r\n\r\n\n\r\n" + head())
    yield answered("three in a row", head() * 2, 200, 200)
    yield answered("an upgrade to h2c", head(*upgrade(b"h2c"), b"HTTP2-Settings: AAMAAABkAAQAAP__"))
    yield answered(
        "an upgrade to a web socket",
        head(
            *upgrade(b"websocket"),
            b"Sec-WebSocket-Version: 13",
            b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        ),
    )
    yield answered("an upgrade, then two", head(*upgrade(b"TLS/1.0")) + head(), 200, 200)
    yield answered("a list of upgrades", head(b"Connection: keep-alive, upgrade", b"Upgrade: a, b"))
    yield answered(
        "100-continue", head(b"Expect: 100-continue", b"Content-Length: 2") + b"{}", 100, 200
    )
    yield answered(
        "100-continue in chunks", head(b"Expect: 100-Continue", CHUNKED) + NO_BODY, 100, 200
    )
    yield answered("100-continue without a body", head(b"Expect: 100-continue"))
    yield refused(
        "100-continue, too large", head(b"Expect: 100-continue", b"Content-Length: 99999"), 413
    )
    yield answered(
        "another expectation", head(b"Expect: the-unexpected", b"Content-Length: 2") + b"{}"
    )
    yield Row("nothing after a close", head(b"Connection: close") + SMUGGLED, (200,))
    yield Row(
        "nothing after HTTP/1.0", head(first=b"GET " + TARGET + b" HTTP/1.0") + SMUGGLED, (200,)
    )


def sizes() -> Iterator[Row]:
    """What is over its limit."""
    yield refused("a large head", head(b"X: " + b"x" * 70_000), 431)
    yield refused("a large first line", head(first=b"GET /" + b"x" * 70_000 + b" HTTP/1.1"), 431)
    yield refused("blank lines without end", b"\r\n" * 40_000, 431)
    yield refused("a large body", head(b"Content-Length: 65537"), 413)
    yield refused(
        "a large body in chunks", head(CHUNKED) + (b"1000\r\n" + b"x" * 4096 + b"\r\n") * 17, 413
    )
    yield refused("a large extension", head(CHUNKED) + b"1;" + b"x" * 200_000, 413)
    yield refused(
        "many extensions",
        head(CHUNKED) + b"1;xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\nx\r\n" * 4000,
        413,
    )
    yield refused("tiny chunks", head(CHUNKED) + b"1\r\nx\r\n" * 5_000, 413)
    yield refused("a large trailer", head(CHUNKED) + b"0\r\nX: " + b"x" * 200_000, 413)
    yield refused("many trailers", head(CHUNKED) + b"0\r\n" + b"X: y\r\n" * 40_000, 413)
    whole = b"Content-Length: 65536"
    yield answered("a body at the limit", head(whole) + b"\r\n" * 32_768)
    yield answered(
        "a body at the limit, in chunks",
        head(CHUNKED) + (b"1000\r\n" + b"x" * 4096 + b"\r\n") * 16 + NO_BODY,
    )


ROWS = [
    row for rows in (hosts, framings, heads, first_lines, callers, turns, sizes) for row in rows()
]


@pytest.fixture(params=[False, True], ids=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    """Both event loops: where uvloop is not installed, the server runs on asyncio's."""
    return "asyncio", {"use_uvloop": request.param}


def statuses_of(answers: bytes) -> tuple[int, ...]:
    """The status of each answer in a row."""
    return tuple(map(int, re.findall(rb"HTTP/1\.1 ([0-9]{3}) ", answers)))


async def test_every_request_is_refused_or_rightly_answered() -> None:
    """Each row gets its answers, whole or in pieces, asks the platform no more often, and harms no other."""
    bridge, platform = bridge_of({}, {"/orders": orders(order(item(1)))})
    wrong = []
    async with connections(create_app([bridge], Settings())) as port:
        for row in ROWS:
            before = len(platform.requests)
            found = statuses_of(await exchange(port, row.sent))
            asked = len(platform.requests) - before
            if found != row.statuses or asked != row.statuses.count(200):
                wrong.append((row.name, found, row.statuses, asked))
            assert (row.name, statuses_of(await exchange(port, LAST))) == (row.name, (200,))

    assert wrong == []
    assert len({row.name for row in ROWS}) == len(ROWS)


async def test_it_does_not_matter_where_a_request_is_cut() -> None:
    """A request that comes in any two packets is answered as one that comes in one."""
    bridge, _ = bridge_of({}, {"/orders": orders(order(item(1)))})
    short = [row for row in ROWS if len(row.sent) < 600 and row.name in CUT]
    assert len(short) == len(CUT)
    async with connections(create_app([bridge], Settings())) as port:
        for row in short:
            cuts = range(1, len(row.sent))
            found = await asyncio.gather(*[in_two(port, row.sent, at) for at in cuts])
            for at, answers in zip(cuts, found, strict=True):
                assert (row.name, at, statuses_of(answers)) == (row.name, at, row.statuses)


CUT = [  # rows
    "a body in chunks",
    "chunks of empty lines",
    "trailers beside the secret",
    "a body",
    "an upgrade to h2c",
]


async def in_two(port: int, sent: bytes, at: int) -> bytes:
    """The answers to *sent* in two packets."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent[:at])
    await asyncio.sleep(0)
    await asyncio.sleep(0.001)
    writer.write(sent[at:])
    found = await reader.read()
    writer.close()
    return found


@pytest.mark.parametrize(
    ("sent", "status", "slug"),
    [
        pytest.param(b"GET /" + MARK + b" HTTP/1.1\r\n\r\n", 400, "bad-request", id="400"),
        pytest.param(MARK + b"\r\n\r\n", 400, "bad-request", id="400, no HTTP"),
        pytest.param(
            head(b"X-Request-Id: " + MARK, b"Content-Length: 99999"),
            413,
            "content-too-large",
            id="413",
        ),
        pytest.param(head(b"X: " + MARK * 9_000), 431, "header-too-large", id="431"),
    ],
)
async def test_a_refusal_is_a_problem_document_and_a_line(
    lines: io.StringIO, sent: bytes, status: int, slug: str
) -> None:
    """What the server answers itself is a problem; the log has its peer, and nothing that it sent."""
    async with connections(create_app([bridge_of()[0]], Settings())) as port:
        found = await exchange(port, sent)
    top, _, body = found.partition(b"\r\n\r\n")
    first, *rows = top.decode().split("\r\n")
    headers = dict(row.split(": ", 1) for row in rows)
    document = json.loads(body)

    assert first.startswith(f"HTTP/1.1 {status} ")
    assert headers["content-type"] == "application/problem+json"
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["connection"] == "close"
    assert headers["content-length"] == str(len(body))
    assert "date" in headers
    assert document["type"] == f"urn:ticketbridge:problem:{slug}"
    assert document["status"] == status
    assert document["instance"] == headers["x-request-id"]
    (line,) = events(lines, "refused")
    assert line["peer"] == "127.0.0.1"
    assert (line["status"], line["problem"]) == (status, slug)
    assert line["request_id"] == headers["x-request-id"]
    assert MARK not in lines.getvalue().encode() + found


async def test_a_refused_head_has_no_body() -> None:
    """The answer to HEAD is a head, whatever is wrong with the request."""
    first = b"HEAD " + TARGET + b" HTTP/1.1"
    async with connections(create_app([bridge_of()[0]], Settings())) as port:
        found = await exchange(port, head(b"Content-Length: 99999", first=first))

    assert found.startswith(b"HTTP/1.1 413 ")
    assert found.endswith(b"\r\n\r\n")
    assert b"\r\ncontent-length: 0\r\n" not in found


async def test_the_platform_is_asked_when_the_body_is_there() -> None:
    """Before the last byte of a body has come, it is not certain that there is a request."""
    bridge, platform = bridge_of({}, {"/orders": orders(order(item(1)))})
    async with connections(create_app([bridge], Settings())) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(head(CHUNKED) + b"1\r\nx\r\n")
        await asyncio.sleep(0.1)
        assert platform.requests == []
        writer.write(NO_BODY)
        await until(lambda: platform.requests)
        assert (await reader.readline()).startswith(b"HTTP/1.1 200 ")
        writer.close()
