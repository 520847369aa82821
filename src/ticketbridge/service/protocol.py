"""HTTP input with limits: each request is read separately, and completely, before it is answered."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, ClassVar

import httptools
from uvicorn.protocols.http.httptools_impl import (
    STATUS_LINE,
    HttpToolsProtocol,
    RequestResponseCycle,
)

from ticketbridge.engine.problems import (
    BadRequest,
    ContentTooLarge,
    HeaderTooLarge,
    Overloaded,
    ProblemError,
    RequestTimeout,
)
from ticketbridge.service.connection_counts import ConnectionCounts
from ticketbridge.service.framing import FRAMING_HEADERS, Framing, origin_form
from ticketbridge.service.listening import untaken_bytes
from ticketbridge.service.logs import log_event
from ticketbridge.service.replies import AT_ONCE, Header, problem_reply
from ticketbridge.service.settings import DEFAULT_CONNECTIONS

LEFT = "ticketbridge.left"
"""The scope's extension that takes a callback, which is called if the caller leaves before the answer."""

_Endpoint = Callable[[Any, Any, Any], Awaitable[None]]  # an ASGI application, as uvicorn has it
_JOINED = 64 * 1024  # of a body, sent with its head
_END = b"\r\n\r\n"  # of a head, and of a body in chunks
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"

# What a connection is in; there is never more than one request on the way. No Enum: it is looked at
# for each header, and the name of a member costs Python 3.11 a fifth of a microsecond.
_IDLE, _HEAD, _BODY, _ANSWER = range(4)


class BoundedProtocol(HttpToolsProtocol):
    """uvicorn's httptools protocol with limits. It takes one request at a time, and closes after a bad one.

    A request is answered only when it is whole: no platform is asked for a request that is refused
    later. Bytes after it are kept unread, and reading stops, until its answer is out. Bodies and
    trailers are dropped: no endpoint reads a body, and trailers are never headers.

    A head over *head_limit* bytes gets 431. A body gets 413 if it is over *body_limit* bytes, has
    more than as many bytes around it, or comes in more than *pieces_limit* pieces. A request that is
    not whole *head_seconds* after its first byte gets 408, and one that is not HTTP/1.1 gets 400.
    Each refusal is a problem document and a line in the log; then the connection is closed. A
    connection on which no request begins is closed in silence. If more than *held_limit* bytes would
    wait for their turn, the running answer is the last one.

    A caller who takes fewer than *taken_least* bytes of its answer in *taken_seconds* is cut off. If
    the process has *most_connections*, the one that waits longest between two requests is closed for
    a new one. If none waits, the new one gets a 503 and is closed, and its request is not read. If
    *turned_away_limit* of those are still there, a new one is closed without an answer.
    """

    head_limit: ClassVar[int] = 64 * 1024
    head_seconds: ClassVar[float] = 10.0
    body_limit: ClassVar[int] = 64 * 1024
    pieces_limit: ClassVar[int] = 4096
    held_limit: ClassVar[int] = 16 * 1024 * 1024
    linger_seconds: ClassVar[float] = 1.0
    taken_seconds: ClassVar[float] = 10.0
    taken_least: ClassVar[int] = 16 * 1024
    turned_away_limit: ClassVar[int] = 100

    shared: ClassVar[ConnectionCounts] = ConnectionCounts()

    def __init__(
        self, *arguments: Any, most_connections: int = DEFAULT_CONNECTIONS, **options: Any
    ) -> None:
        """Pass *arguments* and *options* to uvicorn. See the class for *most_connections*."""
        super().__init__(*arguments, **options)
        self._most_connections = most_connections
        self._is_taken = False
        self._phase = _IDLE
        self._size = 0  # bytes of the open head, or of the open body with its frames
        self._framing = Framing()
        self._content = 0  # bytes of the open body, without its frames
        self._pieces = 0  # of the open body
        self._last = b""  # the last bytes that were read, where an empty line may be cut in two
        self._has_trailers = False
        self._held = b""  # what came after the request that is being answered
        self._endpoint: _Endpoint | None = None
        self._refused = False
        self._timer: asyncio.TimerHandle | None = None
        self._taking: asyncio.Handle | None = None  # the next look at how much the caller took
        self._left: Callable[[], None] | None = None
        self._extensions = {LEFT: self._watch, AT_ONCE: self._send_at_once}

    # --- the connection -------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        """Take the connection, or turn it away if there are too many; see asyncio."""
        super().connection_made(transport)
        # So that `pause_writing` tells of each byte that the system did not take at once.
        transport.set_write_buffer_limits(high=0)
        if self.shared.taken < self._most_connections or self.shared.make_room():
            self._is_taken = True
            self.shared.taken += 1
            self._start_timer()
        elif len(self.connections) <= self.shared.taken + self.turned_away_limit:
            detail = "This service has as many connections as it takes"
            self._refuse(Overloaded(detail, log=f"{detail}: raise TICKETBRIDGE_MAX_CONNECTIONS"))
        else:
            self._refused = True
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the running answer that its caller left, and release all; see asyncio."""
        self._stop_timer()
        self._stop_looking()
        self.give_up_place()
        left, self._left = self._left, None
        if left is not None and self._phase == _ANSWER:
            left()
        super().connection_lost(exc)
        # Request and connection know each other: without this they would wait for the collector.
        self.scope = self.cycle = self.headers = self._endpoint = None  # type: ignore[assignment]
        self._extensions.clear()
        self._take_held()

    def data_received(self, data: bytes) -> None:
        """Read a request, or hold bytes that come before their turn; see asyncio."""
        if self._refused:
            return
        if self._phase == _ANSWER:
            # Line breaks before a request mean nothing; reading on shows whether the caller leaves.
            if self._held or data.strip(b"\r\n"):
                self._hold(data)
            return
        self._leave_rest()
        is_one_head = self._phase == _IDLE and data.endswith(_END)
        if is_one_head and data.find(_END) == len(data) - len(_END) <= self.head_limit:
            self._parse(data)
        else:
            self._read(data)
        self._time_what_is_open()

    def pause_writing(self) -> None:
        """Begin to watch how much the caller takes; see asyncio."""
        super().pause_writing()
        self._taking = self.loop.call_soon(self._look_at_taken, None)

    def resume_writing(self) -> None:
        """Stop to watch the caller; see asyncio."""
        super().resume_writing()
        self._stop_looking()

    def shutdown(self) -> None:
        """Close after the running answer, or at once if there is none; see uvicorn."""
        if self._phase == _ANSWER:
            self.cycle.keep_alive = False
        else:
            self.transport.close()

    def on_response_complete(self) -> None:
        """Go on with the next request, part of which may be held already; see uvicorn."""
        self._phase = _IDLE
        super().on_response_complete()
        if self.transport.is_closing():
            return
        if self._held:
            self._unset_keepalive_if_required()
            self._read(self._take_held())
            self._time_what_is_open()
        else:
            self.shared.idle[self] = None

    def give_up_place(self) -> None:
        """Count no more, neither as taken nor as idle."""
        self._leave_rest()  # uvicorn's own timer would outlive a connection that was reset
        self.shared.taken -= self._is_taken
        self._is_taken = False

    def _leave_rest(self) -> None:
        self.shared.idle.pop(self, None)
        self._unset_keepalive_if_required()

    # --- one request after the other ------------------------------------------------------------

    def _hold(self, data: bytes) -> None:
        """Keep bytes that come too early, and stop reading: further bytes wait in the caller's system."""
        self.flow.pause_reading()
        if self.shared.waiting + len(data) > self.held_limit:
            self.cycle.keep_alive = False
            return
        self._held += data
        self.shared.waiting += len(data)

    def _take_held(self) -> bytes:
        held, self._held = self._held, b""
        self.shared.waiting -= len(held)
        return held

    def _read(self, data: bytes) -> None:
        """Give the parser the bytes of one request, and hold the bytes after it."""
        at = 0
        while at < len(data) and not self._refused:
            if self._phase == _ANSWER:
                self._hold(data[at:])
                return
            end = self._end_of_piece(data, at)
            self._size += end - at
            if self._is_within_limits():
                piece = data[at:end]
                self._last = (self._last + piece)[-3:]
                self._parse(piece)
            at = end

    def _end_of_piece(self, data: bytes, at: int) -> int:
        """Return the end of a piece that has no byte after the end of the open request.

        A head ends with its first empty line. A body in chunks ends with one of its empty lines.
        """
        if self._phase == _IDLE:
            blanks = len(data) - at - len(data[at:].lstrip(b"\r\n"))
            if blanks:
                return at + blanks
        if self._phase == _BODY and self._framing.declared:
            return min(len(data), at + self._framing.declared - self._content)
        cut = (self._last + data[at : at + 3]).find(_END)
        if cut >= 0:
            return at + cut + len(_END) - len(self._last)
        end = data.find(_END, at)
        return len(data) if end < 0 else end + len(_END)

    def _is_within_limits(self) -> bool:
        if self._phase != _BODY:
            if self._size > self.head_limit:
                self._refuse(HeaderTooLarge())
        elif self._size > 2 * self.body_limit:
            self._refuse(ContentTooLarge())
        return not self._refused

    def _parse(self, data: bytes) -> None:
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            pass  # nothing is upgraded to: what follows is the next request
        except httptools.HttpParserError:
            self._refuse(BadRequest())
        if self._has_trailers and self._phase == _ANSWER:
            # The parser takes some of them for headers: `Connection: close` would be its last request.
            self._has_trailers = False
            self.parser = httptools.HttpRequestParser(self)

    # --- what the parser finds ------------------------------------------------------------------

    def on_message_begin(self) -> None:
        """Begin a request; see httptools."""
        super().on_message_begin()
        self._stop_timer()
        self._phase = _HEAD
        self._framing = Framing()
        scope: dict[str, Any] = self.scope  # type: ignore[assignment]  # an extension is our own
        scope["extensions"] = self._extensions

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header, or note that there are trailers; see httptools."""
        if self._phase != _HEAD:
            self._has_trailers = True  # which are never headers (RFC 9110, 6.5.1)
            return
        name, value = name.lower(), value.rstrip(b" \t")
        self.headers.append((name, value))
        if name in FRAMING_HEADERS:
            self._framing.note(name, value)

    def on_headers_complete(self) -> None:
        """Check the head, and refuse the request if it is wrong; see httptools."""
        self._phase, self._size, self._content, self._pieces = _BODY, 0, 0, 0
        problem = self._problem_of_head()
        if problem is not None:
            self._refuse(problem)
            return
        super().on_headers_complete()
        framing = self._framing
        if framing.expects_continue and framing.has_body and self.scope["http_version"] == "1.1":
            self.transport.write(_CONTINUE)

    def _problem_of_head(self) -> ProblemError | None:
        parser = self.parser
        slip = self._framing.slip(parser.get_http_version(), upgrades=parser.should_upgrade())
        if slip:
            return BadRequest(slip)
        target = origin_form(parser.get_method(), self.url)
        if target is None:
            return BadRequest("The target of the request is not a path, nor a whole URL")
        self.url = target
        return ContentTooLarge() if self._framing.declared > self.body_limit else None

    def on_body(self, body: bytes) -> None:
        """Count a piece of the body, and drop it; see httptools."""
        self._content += len(body)
        self._pieces += 1
        if self._content > self.body_limit or self._pieces > self.pieces_limit:
            self._refuse(ContentTooLarge())

    def on_message_complete(self) -> None:
        """Begin the answer, because the request is whole now; see httptools."""
        if self._refused:
            return
        self._stop_timer()
        self._phase, self._size, self._last = _ANSWER, 0, b""
        super().on_message_complete()
        endpoint, self._endpoint = self._endpoint, None
        assert endpoint is not None, "uvicorn names it with the head"  # noqa: S101
        super()._start_asgi_task(self.cycle, endpoint)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: _Endpoint) -> None:
        """Do nothing: uvicorn calls this at the head, but the body may still be refused."""
        del cycle
        self._endpoint = app

    # --- answers --------------------------------------------------------------------------------

    def _send_at_once(
        self, scope: object, status: int, lines: bytes, body: bytes | bytearray
    ) -> bool:
        """Write head and body together, and return whether that was possible.

        It makes one packet and one system call; uvicorn makes two. An answer that is not so simple
        goes uvicorn's way. The header *lines* are not searched for line breaks, as uvicorn does: they
        are the application's own, and text of a caller or a platform is in them only after a check.
        """
        cycle: RequestResponseCycle | None = self.cycle  # None once the connection is lost
        if cycle is None or cycle.scope is not scope or not cycle.keep_alive:
            return False
        if self.flow.write_paused or cycle.response_started or cycle.disconnected:
            return False
        if cycle.scope["method"] == "HEAD":
            body = b""
        head = _head(status, cycle.default_headers, lines)
        cycle.response_started = cycle.response_complete = True
        self.transport.write(head + body[:_JOINED])
        if len(body) > _JOINED:
            self.transport.write(memoryview(body)[_JOINED:])  # not copied: it is long
        cycle.message_event.set()
        cycle.on_response()
        return True

    def _watch(self, callback: Callable[[], None] | None) -> None:
        self._left = callback

    # --- the bounds -----------------------------------------------------------------------------

    def _time_what_is_open(self) -> None:
        """Start the timer for the caller, unless a timer runs already or the answer is due from us."""
        is_timed = self._timer is not None or self.timeout_keep_alive_task is not None
        if not is_timed and self._phase != _ANSWER and not self._refused:
            self._start_timer()

    def _start_timer(self) -> None:
        self._timer = self.loop.call_later(self.head_seconds, self._too_slow)

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _too_slow(self) -> None:
        self._timer = None
        if self._phase == _IDLE:
            self.transport.close()
        else:
            self._refuse(RequestTimeout())

    def _look_at_taken(self, before: int | None) -> None:
        """Cut off a caller who took too little since *before* bytes were left, or else look again later."""
        left = untaken_bytes(self.transport)
        if before is None or left <= before - self.taken_least:
            self._taking = self.loop.call_later(self.taken_seconds, self._look_at_taken, left)
            return
        self._taking = None
        log_event(
            "cut off", {"peer": self._peer(), "reason": "the caller does not take its answer"}
        )
        self.transport.abort()

    def _stop_looking(self) -> None:
        if self._taking is not None:
            self._taking.cancel()
            self._taking = None

    def _peer(self) -> str | None:
        return self.client and self.client[0]

    def _refuse(self, problem: ProblemError) -> None:
        """Answer with *problem*, read no more, and close."""
        if self._refused or self.transport.is_closing():
            return
        self._refused = True
        self.shared.refused[problem.slug] += 1
        self._stop_timer()
        request_id = os.urandom(16).hex()  # nothing of such a request is repeated, be it an id
        reply = problem_reply(problem, request_id).last()
        default = self.server_state.default_headers
        head = _head(problem.status, default, reply.lines_for(request_id))
        is_head = self.parser.get_method() == b"HEAD" if self._phase == _BODY else False
        self.transport.write(head + (b"" if is_head else reply.body))
        # Closed at once, with bytes of the request unread, the answer would never arrive.
        self.transport.write_eof()
        self._timer = self.loop.call_later(self.linger_seconds, self.transport.close)
        fields = {"request_id": request_id, "peer": self._peer()}
        problem_fields = {"status": problem.status, "problem": problem.slug, "reason": problem.log}
        log_event("refused", {**fields, **problem_fields})


def _head(status: int, default: Iterable[Header], lines: bytes) -> bytes:
    """Return the head of an answer as it is sent: *lines*, after the headers of all answers of the server."""
    given = b"".join([b"%b: %b\r\n" % header for header in default])
    return b"%b%b%b\r\n" % (STATUS_LINE[status], given, lines)
