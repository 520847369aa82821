"""What a platform sends, in bytes: the words that the table of faults is written in."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Sequence
from typing import Any

from tests.fake_platform import CLOSE, Pause, Reply, Step
from tests.support import item, order, orders

GOOD = orders(order(item(1)))
BODY = json.dumps(GOOD).encode()
LENGTH = f"Content-Length: {len(BODY)}"
CHUNKED = "Transfer-Encoding: chunked"
STOLEN = json.dumps(orders(order(item("stolen"), email="bea@example.com"))).encode()
"""An answer about the user who asks next, though nobody asked."""


def sends(*steps: Step) -> Reply:
    """A connection that does this, and stays open where nothing ends it."""
    return Reply(steps=steps)


def head(*headers: str, status: str = "HTTP/1.1 200 OK", json_type: bool = True) -> bytes:
    """The head of an answer, as it stands on the wire."""
    lines = [status, *(["Content-Type: application/json"] if json_type else []), *headers]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def ok(*headers: str, body: bytes = BODY, status: str = "HTTP/1.1 200 OK") -> bytes:
    """A 200 with these headers, a length among them or not, and the good body or another."""
    return head(*headers, status=status) + body


def typed(*types: str) -> Reply:
    """The good body under these content types, each a header of its own."""
    headers = [f"Content-Type: {name}" for name in types]
    return sends(head(LENGTH, *headers, json_type=False) + BODY)


def answer(body: bytes, *headers: str) -> bytes:
    """A 200 of the right length."""
    return ok(f"Content-Length: {len(body)}", *headers, body=body)


def body(content: bytes) -> Reply:
    """A right answer with this body."""
    return Reply(body=content)


def text(content: str) -> Reply:
    """A right answer with this body."""
    return Reply(body=content.encode())


def encoded(name: str, content: bytes) -> Reply:
    """A body that is said to be compressed so."""
    return Reply(body=content, headers={"Content-Encoding": name})


def chunk(content: bytes, size: str | None = None) -> bytes:
    """One chunk, of its own size or of a *size* that is made up."""
    return (
        f"{len(content):x}".encode() * (size is None)
        + (size or "").encode()
        + (b"\r\n" + content + b"\r\n")
    )


def chunks(*parts: bytes) -> Reply:
    """A chunked answer made of these bytes, closed after them."""
    return sends(head(CHUNKED) + b"".join(parts), CLOSE)


def dripped(content: bytes, size: int = 1, pause: float = 0.0) -> Sequence[Step]:
    """*content* in pieces of *size*, with a turn or more for others after each."""
    pieces = [content[at : at + size] for at in range(0, len(content), size)]
    return [step for piece in pieces for step in (piece, Pause(pause))]


def members(*parts: bytes) -> bytes:
    """A gzip stream of several members."""
    return b"".join(map(gzip.compress, parts))


def spoilt(content: bytes, at: int) -> bytes:
    """*content* with one byte changed, counted from the end where *at* is negative."""
    changed = bytearray(content)
    changed[at] ^= 0xFF
    return bytes(changed)


def raw_deflate(content: bytes) -> bytes:
    """Deflate without any frame, as some servers send it."""
    made = zlib.compressobj(wbits=-15)
    return made.compress(content) + made.flush()


def items(*made: Any) -> Reply:
    """One order of the user's with these items."""
    return Reply(json=orders(order(*made)))


def page(*made: Any, **more: Any) -> dict[str, Any]:
    """One page: these items in one order, and whatever else."""
    return {**orders(order(*made)), **more}
