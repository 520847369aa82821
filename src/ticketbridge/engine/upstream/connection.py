"""One connection to a platform: a request, and its answer as llhttp reads it.

Bytes that come before a request, or after the end of an answer, close the connection. Otherwise they would be
read as the answer to the next request, which belongs to another user.
"""

from __future__ import annotations

import asyncio
import select
from collections.abc import AsyncIterator, Callable, Mapping
from functools import lru_cache
from typing import cast

import httptools

from ticketbridge.engine.upstream.decoding import gather

HEAD_LIMIT = 64 * 1024
HELD_LIMIT = 256 * 1024  # of a body that is not read on, beyond which the rest stays in the socket
_FIELD_SIZE = 32  # what a header counts beside its characters, as in HTTP/2
_SWITCHING = 101
_BODILESS = frozenset({204, 304})


class ConnectionLost(ConnectionError):
    """The connection ended before the answer was complete."""


class NoHttp(ValueError):
    """The bytes are not an HTTP answer, or its head is too large."""


class PendingAnswer:
    """An answer whose body has not arrived in full; see Incoming.

    Its methods raise the error that ended it too early.
    """

    __slots__ = (
        "_connection",
        "_error",
        "_pieces",
        "_waiter",
        "has_head",
        "headers",
        "held",
        "is_whole",
        "set_cookies",
        "status",
    )

    def __init__(self, connection: Connection) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.set_cookies: list[str] = []
        self.has_head = self.is_whole = False
        self.held = 0
        self._connection = connection
        self._pieces: list[bytes] = []
        self._error: Exception | None = None
        self._waiter: asyncio.Future[None] | None = None

    # --- for the caller -------------------------------------------------------------------------

    async def chunks(self) -> AsyncIterator[bytes]:
        """Yield the body in chunks; see Incoming."""
        while True:
            if self._pieces:
                yield self._taken()
            elif self.is_whole:
                return
            else:
                await self.news()

    async def read(self) -> bytes:
        """Return the body in one piece; see Incoming."""
        if self.is_whole:  # as most are with their first packet
            return self._taken()
        return await gather(self.chunks())

    async def aclose(self) -> None:
        """Release the connection; see Incoming."""
        self._connection.release(self)

    def _taken(self) -> bytes:
        pieces, self._pieces = self._pieces, []
        self.held = 0
        self._connection.read_on()
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def news(self) -> asyncio.Future[None]:
        """Return a future that is done when more of the answer has come, or its end."""
        if self._error is not None:
            raise self._error
        self._waiter = self._connection.loop.create_future()
        return self._waiter

    # --- for the connection -----------------------------------------------------------------------

    def add(self, piece: bytes) -> None:
        """Add a piece of the body."""
        self._pieces.append(piece)
        self.held += len(piece)

    def fail(self, error: Exception, cause: Exception | None) -> None:
        """Record that the answer is invalid or will not be complete. The first reason counts."""
        self.is_whole = False
        if self._error is None:
            error.__cause__ = cause
            self._error = error

    def wake(self) -> None:
        """Wake the caller if it waits."""
        waiter, self._waiter = self._waiter, None
        if waiter is not None and not waiter.done():
            waiter.set_result(None)


class Connection(asyncio.Protocol):
    """An HTTP/1.1 connection with at most one request at a time.

    *on_free* is called when its answer was released and the connection can be used again. After
    *best_before*, a time of `time.monotonic`, it should not be used again.
    """

    def __init__(self, on_free: Callable[[Connection], None], best_before: float) -> None:
        self.best_before = best_before
        self._on_free = on_free
        self._parser = httptools.HttpResponseParser(self)
        # Other clients accept these from old platforms too. They do not change where an answer ends.
        self._parser.set_dangerous_leniencies(
            lenient_headers=True,
            lenient_optional_cr_before_lf=True,
            lenient_spaces_after_chunk_size=True,
        )
        self._answer: PendingAnswer | None = None
        self._bodiless = (
            0  # bytes since the last of a body: of the head, of chunks' frames, of trailers
        )
        self._fields_size = 0  # of headers and trailers
        self._has_begun = False
        self._ends_with_connection = False
        self._may_be_kept = False
        self._is_paused = False

    # --- for the pool -----------------------------------------------------------------------------

    async def ask(self, request: bytes) -> PendingAnswer:
        """Send *request* unchanged; return the answer when its head is there.

        If the call is cancelled, the connection closes.
        """
        if self._transport.is_closing():
            raise ConnectionLost("the connection ended before the request")
        answer = self._answer = PendingAnswer(self)
        self._bodiless = self._fields_size = 0
        self._has_begun = self._ends_with_connection = self._may_be_kept = False
        self._transport.write(request)
        try:
            while not answer.has_head:
                await answer.news()
        except BaseException:
            self.close()
            raise
        return answer

    @property
    def is_silent(self) -> bool:
        """Whether the connection is open and has no unread data, including an end from the other side."""
        return not (self._transport.is_closing() or self._poll.poll(0))

    def close(self) -> None:
        """Close at once, even during a request."""
        # An answer that lasts until the connection ends is not whole where the end is ours.
        self._may_be_kept = self._ends_with_connection = False
        self._transport.abort()

    # --- for the answer ---------------------------------------------------------------------------

    def release(self, answer: PendingAnswer) -> None:
        """Release *answer*. The connection is closed unless the whole answer came, and nothing after it."""
        if self._answer is not answer:
            return
        self._answer = None
        if self._may_be_kept:
            self._on_free(self)
        else:
            self.close()

    def read_on(self) -> None:
        """Read more from the socket after the caller took the data."""
        if self._is_paused:
            self._is_paused = False
            self._transport.resume_reading()

    # --- asyncio ----------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport; see asyncio."""
        self._transport = cast("asyncio.Transport", transport)
        self.loop = asyncio.get_running_loop()
        self._poll = select.poll()
        self._poll.register(transport.get_extra_info("socket").fileno(), select.POLLIN)

    def connection_lost(self, exc: Exception | None) -> None:
        """End the answer, which is whole only if it lasts until the connection ends; see asyncio."""
        self._may_be_kept = False
        del self._parser  # each holds the other, and would be left to the collector
        answer = self._answer
        if answer is None or answer.is_whole:
            return
        if exc is None and self._ends_with_connection:
            answer.is_whole = True
        else:
            answer.fail(ConnectionLost("the connection ended before the answer"), exc)
        answer.wake()

    def data_received(self, data: bytes) -> None:
        """Read more of the answer, or close if no answer is due; see asyncio."""
        answer = self._answer
        if answer is None or answer.is_whole:
            self.close()
            return
        # Counted as it comes: the parser tells of a header or a trailer only when it is whole.
        self._bodiless += len(data)
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserError as error:
            self._refuse(answer, error)
        if self._bodiless > HEAD_LIMIT and not answer.is_whole:
            self._refuse(answer, None)
        if answer.held > HELD_LIMIT and not (self._is_paused or answer.is_whole):
            self._is_paused = True
            self._transport.pause_reading()
        answer.wake()

    def _refuse(self, answer: PendingAnswer, error: Exception | None) -> None:
        answer.fail(NoHttp("no HTTP answer"), error)
        self.close()

    # --- llhttp -----------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        """Note that an answer begins. After a second one the connection is not kept; see httptools."""
        if self._has_begun:
            self._may_be_kept = False  # a second answer to one request
        self._has_begun = True

    def on_header(self, name: bytes, value: bytes) -> None:
        """Add a header to the answer; a trailer only counts; see httptools."""
        answer = self._answer
        if answer is None or answer.is_whole:
            return
        self._fields_size += _FIELD_SIZE + len(name) + len(value)
        if self._fields_size > HEAD_LIMIT or b"\0" in value:
            raise NoHttp
        if answer.has_head:
            return  # a trailer
        key = _key_of(name)
        text = value.decode("utf-8", "surrogateescape").strip(" \t")
        # A header that is given several times is joined, as HTTP says.
        headers = answer.headers
        headers[key] = f"{headers[key]}, {text}" if key in headers else text
        if key == "set-cookie":  # the one header that cannot be taken apart again
            answer.set_cookies.append(text)

    def on_headers_complete(self) -> None:
        """Take the status, unless the answer is interim; see httptools."""
        answer = self._answer
        status = self._parser.get_status_code()
        if status == _SWITCHING:
            raise NoHttp  # nobody asked for it
        if answer is None or answer.has_head or 100 <= status < 200:
            return
        answer.status = status
        answer.has_head = True
        self._ends_with_connection = status not in _BODILESS and _has_no_length(answer.headers)

    def on_body(self, body: bytes) -> None:
        """Add a piece of the body; see httptools."""
        self._bodiless = 0
        if self._answer is not None and not self._answer.is_whole:
            self._answer.add(body)

    def on_message_complete(self) -> None:
        """Note that the answer is whole, or wait for the one after an interim answer; see httptools."""
        answer = self._answer
        if answer is None or answer.is_whole:
            return
        if answer.has_head:
            answer.is_whole = True
            self._may_be_kept = self._parser.should_keep_alive()
        else:
            answer.set_cookies.clear()
            answer.headers.clear()  # those of an interim answer: the one that counts is yet to come
            self._has_begun = False


@lru_cache
def _key_of(name: bytes) -> str:
    return name.decode("latin-1").lower()


def _has_no_length(headers: Mapping[str, str]) -> bool:
    """Return whether a body with this head lasts until the connection ends."""
    coding = headers.get("transfer-encoding")
    if coding is not None:
        return coding.rpartition(",")[2].strip().lower() != "chunked"
    return "content-length" not in headers
