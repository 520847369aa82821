"""Read bodies from the wire: decompress them in pieces, and count bytes before they are kept."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterable, Callable, Iterator

from ticketbridge.engine.problems import UpstreamUnreadable
from ticketbridge.engine.tickets.turns import with_turns

ACCEPTED_ENCODINGS = "gzip"
_PIECE = 64 * 1024


async def read_body(
    chunks: AsyncIterable[bytes], encoding: str, limit: int, count: Callable[[int], None]
) -> bytes:
    """Return the whole body. Raises UpstreamUnreadable beyond *limit* bytes, and for bad compression.

    *count* gets the number of bytes of each piece, and may raise. Other answers get turns in between, and the
    deadline is checked, because a few bytes may decompress to hundreds of megabytes.
    """
    body = bytearray()
    received = 0
    decode = _decoder(encoding)
    async for chunk in chunks:
        received += len(chunk)
        async for piece in with_turns(decode.feed(chunk)):
            body += piece
            if len(body) > limit:
                raise too_large(limit)
            count(len(piece))
        if received > limit:
            raise too_large(limit)
    decode.finish()
    return bytes(body)


async def gather(chunks: AsyncIterable[bytes]) -> bytes:
    """Return all *chunks* as one; the pieces are not kept beside it."""
    body = bytearray()
    async for chunk in chunks:
        body += chunk
    return bytes(body)


def too_large(limit: int) -> UpstreamUnreadable:
    """Return the problem of a body of more than *limit* bytes."""
    return UpstreamUnreadable(
        "The platform's answer is too large", log=f"a body over {limit} bytes"
    )


class _Identity:
    def feed(self, chunk: bytes) -> Iterator[bytes]:
        yield chunk

    def finish(self) -> None:
        pass


class _Gzip:
    """Gives at most 64 KiB at a time, so that a zip bomb is counted before it is large."""

    def __init__(self) -> None:
        self._member = zlib.decompressobj(wbits=31)
        self._has_begun = False

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        while chunk:
            self._has_begun = True
            if self._member.eof:
                self._member = zlib.decompressobj(wbits=31)
            try:
                yield self._member.decompress(chunk, _PIECE)
            except zlib.error:
                raise UpstreamUnreadable(log="a body that is no gzip") from None
            chunk = self._member.unconsumed_tail or self._member.unused_data

    def finish(self) -> None:
        # An answer without a body may still name the usual encoding.
        if self._has_begun and not self._member.eof:
            raise UpstreamUnreadable(log="a gzip body that ends too early")


def _decoder(encoding: str) -> _Identity | _Gzip:
    match encoding.strip().lower():
        case "" | "identity":
            return _Identity()
        case "gzip" | "x-gzip":
            return _Gzip()
        case _:
            raise UpstreamUnreadable(log="a content encoding that was not asked for")
