"""HTTP in, with bounds: uvicorn's own protocols take a head of any size, for as long as it drips."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any, ClassVar

from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

Header = tuple[bytes, bytes]

LEFT = "ticketbridge.left"
"""The scope's extension that takes a callback, to be called if the caller leaves before the answer."""

AT_ONCE = "ticketbridge.at_once"
"""The scope's extension that sends a whole answer: of scope, status, headers and body to whether it did."""

_JOINED = 64 * 1024  # of a body, sent with its head

_REASONS = {
    400: b"Bad Request",
    408: b"Request Timeout",
    413: b"Content Too Large",
    431: b"Request Header Fields Too Large",
}


class BoundedProtocol(HttpToolsProtocol):
    """uvicorn's httptools protocol that closes a connection whose request is too large or too slow.

    A head over *head_limit* bytes is 431, one that is not whole *head_seconds* after its first byte is
    408, a body over *body_limit* bytes is 413, and what is no HTTP is 400: each a bare status, after
    which the connection is closed. Closed without a word are a connection on which nothing comes, and
    one whose body does not come; no endpoint reads one. Requests before the bad one are still answered.
    """

    head_limit: ClassVar[int] = 64 * 1024
    head_seconds: ClassVar[float] = 10.0
    body_limit: ClassVar[int] = 64 * 1024
    linger_seconds: ClassVar[float] = 1.0

    def __init__(self, *arguments: Any, **options: Any) -> None:
        """See uvicorn."""
        super().__init__(*arguments, **options)
        self._head_is_open = False
        self._body_is_open = False
        self._begun = 0  # heads, in the bytes at hand
        self._head_size = 0
        self._body_size = 0
        self._refused = False
        self._timer: asyncio.TimerHandle | None = None
        self._left: Callable[[], None] | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        """See asyncio."""
        super().connection_made(transport)
        self._start_timer()

    def connection_lost(self, exc: Exception | None) -> None:
        """See asyncio."""
        self._stop_timer()
        left, self._left = self._left, None
        if left is not None and self._is_answering():
            left()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """See asyncio."""
        if self._refused:
            return
        begins_here = not (self._head_is_open or self._body_is_open)
        self._begun = 0
        super().data_received(data)
        if self._head_is_open and self._begun <= begins_here:
            # Counted as it comes: the parser tells of a header only when it is whole. Not counted are
            # bytes with requests before this head in them: where it begins there, nobody says.
            self._head_size += len(data)
            if self._head_size > self.head_limit:
                self._refuse(431)
        if self._timer is None and self._is_waiting():
            self._start_timer()

    def on_message_begin(self) -> None:
        """See httptools."""
        super().on_message_begin()
        self._stop_timer()
        self._head_is_open = True
        self._begun += 1
        self._head_size = 0
        self._body_size = 0
        scope: dict[str, Any] = self.scope  # type: ignore[assignment]  # an extension is our own
        scope["extensions"] = {LEFT: self._watch, AT_ONCE: self._send_at_once}

    def on_headers_complete(self) -> None:
        """See httptools."""
        size, body = len(self.url), 0
        for name, value in self.headers:
            size += len(name) + len(value) + 4
            if name == b"content-length":
                body = int(value)
        if size > self.head_limit:
            self._refuse(431)
        elif body > self.body_limit:
            self._refuse(413)
        elif not self._refused:
            super().on_headers_complete()
            self._body_is_open = True
        self._head_is_open = False

    def on_body(self, body: bytes) -> None:
        """See httptools."""
        self._body_size += len(body)
        if self._body_size > self.body_limit:
            self._refuse(413)
        elif not self._refused:
            super().on_body(body)

    def on_message_complete(self) -> None:
        """See httptools."""
        if not self._refused:
            self._body_is_open = False
            self._stop_timer()
            super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """See uvicorn."""
        del msg
        self._refuse(400)

    def _is_answering(self) -> bool:
        # uvicorn declares that there is always a cycle; before the first request there is none.
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is not None and not cycle.response_complete

    def _send_at_once(
        self, scope: object, status: int, headers: Iterable[Header], body: bytes | bytearray
    ) -> bool:
        """Write head and body together: one packet, and one call of the system, where uvicorn makes two.

        What is not as simple goes uvicorn's way. Its look for line breaks in the headers is left out:
        they are the application's own, and nothing of a caller's or a platform's stands in them unchecked.
        """
        cycle = self.cycle
        # Of requests in a row, the last one's cycle is at hand alone.
        is_simple = cycle.scope is scope and cycle.keep_alive and not self.flow.write_paused
        if not is_simple or cycle.response_started or cycle.disconnected:
            return False
        lines: list[bytes | bytearray] = [STATUS_LINE[status]]
        for name, value in (*cycle.default_headers, *headers):
            lines += (name, b": ", value, b"\r\n")
        if cycle.scope["method"] == "HEAD":
            body = b""
        lines += (b"\r\n", body[:_JOINED])
        cycle.response_started = cycle.response_complete = True
        self.transport.write(b"".join(lines))
        if len(body) > _JOINED:
            self.transport.write(memoryview(body)[_JOINED:])  # not copied: it is long
        cycle.message_event.set()
        cycle.on_response()
        return True

    def _watch(self, callback: Callable[[], None] | None) -> None:
        self._left = callback

    # --- the bounds -----------------------------------------------------------------------------

    def _is_waiting(self) -> bool:
        """Whether it is the caller's turn, and uvicorn, which times idle connections, does not time it."""
        if self._refused:
            return False
        idle = self.timeout_keep_alive_task is None and not self._is_answering()
        return idle or self._head_is_open or self._body_is_open

    def _start_timer(self) -> None:
        self._timer = self.loop.call_later(self.head_seconds, self._too_slow)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _too_slow(self) -> None:
        self._timer = None
        if self.flow.read_paused:
            self._start_timer()  # it is uvicorn that does not read, until other requests are answered
        elif self._head_is_open:
            self._refuse(408)
        else:
            self.transport.close()

    def _refuse(self, status: int) -> None:
        """Take nothing more, answer with nothing but *status*, and close."""
        if self._refused or self.transport.is_closing():
            return
        self._refused = True
        self._stop_timer()
        if not self._is_answering():
            self._say(status)
        elif self._body_is_open:
            self.transport.close()  # the answer under way may be waiting for the body
        else:
            self.cycle.keep_alive = False  # closed after the answers to requests before

    def _say(self, status: int) -> None:
        line = b"HTTP/1.1 %d %s\r\n" % (status, _REASONS[status])
        self.transport.write(line + b"content-length: 0\r\nconnection: close\r\n\r\n")
        # Closed at once, with bytes of the request unread, the answer would never arrive.
        if self.transport.can_write_eof():
            self.transport.write_eof()
        self._timer = self.loop.call_later(self.linger_seconds, self.transport.close)
