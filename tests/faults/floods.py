"""Floods: what a stranger without the secret may send for as long as it is let."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

GET = b"GET /healthz HTTP/1.1\r\nHost: x\r\n"
CHUNKED = GET + b"Transfer-Encoding: chunked\r\n\r\n"
PULL = b"GET /tickets?user=ana%40example.com HTTP/1.1\r\nHost: x\r\n\r\n"


@dataclass(frozen=True)
class Flood:
    """*opening* once on each connection, then *piece* again and again until the server closes it.

    *reads*: the answers are read; else they stay in the way. *leaves*: the connection is closed after
    one piece, and another one is opened, some hundred a second.
    """

    name: str
    opening: bytes
    piece: bytes
    reads: bool = False
    leaves: bool = False


FLOODS: Sequence[Flood] = (
    Flood("trailers", CHUNKED + b"0\r\n", b"X: y\r\n" * 10_000),
    Flood("one trailer", CHUNKED + b"0\r\nX: ", b"x" * 65_536),
    Flood(
        "trailers that end", CHUNKED + b"0\r\n", b"X: y\r\n" * 8_000 + b"\r\n" + CHUNKED + b"0\r\n"
    ),
    Flood("requests in a row", b"", (GET + b"\r\n") * 2_000),
    Flood("requests in a row, answered", b"", (GET + b"\r\n") * 2_000, reads=True),
    Flood("requests without the secret", b"", PULL * 1_000, reads=True),
    Flood("requests without the secret, in a row", b"", PULL * 1_000),
    Flood("requests with bodies in a row", b"", (CHUNKED + b"1\r\nx\r\n0\r\n\r\n") * 1_000),
    Flood("an extension", CHUNKED + b"1;", b"x" * 65_536),
    Flood("extensions", CHUNKED, b"1;a=b\r\nx\r\n" * 8_000),
    Flood("tiny chunks", CHUNKED, b"1\r\nx\r\n" * 10_000),
    Flood("chunks of line breaks", CHUNKED, b"fff8\r\n" + b"\r\n" * 32_764 + b"\r\n"),
    Flood("zeros before a size", CHUNKED, b"0" * 65_536),
    Flood("blank lines", b"", b"\r\n" * 32_768),
    Flood(
        "blank lines between requests", GET + b"\r\n", b"\r\n" * 30_000 + GET + b"\r\n", reads=True
    ),
    Flood("headers", GET, b"a:\r\n" * 16_000),
    Flood("one header", GET + b"X: ", b"x" * 65_536),
    Flood("a first line", b"GET /", b"x" * 65_536),
    Flood("heads at the limit", b"", GET + b"a:\r\n" * 16_000 + b"\r\n", reads=True),
    Flood("no HTTP", b"", b"\x16\x03\x01" * 20_000),
    Flood("half a head, and gone", b"", GET + b"X: " + b"x" * 60_000, leaves=True),
    Flood("half a body, and gone", b"", CHUNKED + b"1\r\nx\r\n" * 2_000, leaves=True),
    Flood("a request in a row, and gone", b"", (GET + b"\r\n") * 2_000, leaves=True),
    Flood(
        "an upgrade", b"", (GET + b"Connection: upgrade\r\nUpgrade: x\r\n\r\n") * 1_000, reads=True
    ),
)


@contextmanager
def flooding(port: int, flood: Flood, connections: int = 4) -> Iterator[None]:
    """Have so many connections on loopback send it for as long as the context lasts."""
    over = threading.Event()
    threads = [
        threading.Thread(target=_send, args=(port, flood, over), daemon=True)
        for _ in range(connections)
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        over.set()
        for thread in threads:
            thread.join()


def _send(port: int, flood: Flood, over: threading.Event) -> None:
    while not over.is_set():
        with (
            contextlib.suppress(OSError),
            socket.create_connection(("127.0.0.1", port), timeout=5) as connection,
        ):
            connection.sendall(flood.opening)
            connection.settimeout(0.05)
            _send_pieces(connection, flood, over)
        time.sleep(0.01)


def _send_pieces(connection: socket.socket, flood: Flood, over: threading.Event) -> None:
    left = memoryview(flood.piece)
    while not over.is_set():
        with contextlib.suppress(TimeoutError):
            left = left[connection.send(left) :] or memoryview(flood.piece)
        if flood.reads:
            with contextlib.suppress(TimeoutError):
                connection.recv(1_000_000)
        if flood.leaves:
            return
