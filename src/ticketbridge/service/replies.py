"""Small answers made by hand, and problems as RFC 9457 documents."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import msgspec
from starlette.types import Scope, Send

from ticketbridge.engine.problems import MethodNotAllowed, ProblemError
from ticketbridge.engine.response import Body

METHODS = ("GET", "HEAD")
JSON = b"application/json"
PROBLEM = b"application/problem+json"

AT_ONCE = "ticketbridge.at_once"
"""The scope's extension that sends a whole answer, from scope, status, header lines and body, if it can."""

Header = tuple[bytes, bytes]
_ALWAYS = b"cache-control: no-store\r\nx-content-type-options: nosniff\r\n"


@dataclass(slots=True)  # not frozen: that takes three times as long to make
class Reply:
    """A complete answer. Each one forbids caches to store it, and browsers to sniff it.

    *lines* are headers of its own, as they are sent: names in small letters, each line with its end.
    To format them in one go is cheaper than to join pairs. *is_last*: the connection is closed after
    it.
    """

    status: int
    body: Body = field(repr=False)
    media_type: bytes | None = None
    lines: bytes = b""
    is_last: bool = False

    async def send(self, scope: Scope, send: Send, request_id: str) -> None:
        """Send it as the answer to the request of that *scope* and id."""
        lines = self.lines_for(request_id)
        if not self.is_last and _was_sent_at_once(scope, self.status, lines, self.body):
            return
        headers = _headers_of(lines)
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": self.body})

    def lines_for(self, request_id: str) -> bytes:
        """Return all header lines of the answer to the request of that id."""
        lines = b"%b%bx-request-id: %b\r\ncontent-length: %d\r\n" % (
            _ALWAYS,
            self.lines,
            request_id.encode("ascii"),
            len(self.body),
        )
        if self.media_type is not None:
            lines += b"content-type: %b\r\n" % self.media_type
        if self.is_last:
            lines += b"connection: close\r\n"
        return lines

    def last(self) -> Reply:
        """Return a copy that is the last one on its connection."""
        return replace(self, is_last=True)


def _headers_of(lines: bytes) -> list[Header]:
    """Return *lines* as ASGI has headers: pairs of name and value."""
    parts = (line.partition(b": ") for line in lines.splitlines())
    return [(name, value) for name, _, value in parts]


def _was_sent_at_once(scope: Scope, status: int, lines: bytes, body: Body) -> bool:
    """Return whether our own server sent the answer at once, which is faster than ASGI's two messages."""
    send = scope.get("extensions", {}).get(AT_ONCE)
    return send is not None and send(scope, status, lines, body)


def json_reply(document: Mapping[str, object], status: int = 200) -> Reply:
    """Return a document of our own."""
    return Reply(status, msgspec.json.encode(document), JSON)


def problem_reply(problem: ProblemError, request_id: str) -> Reply:
    """Return the problem as `application/problem+json`."""
    lines = b""
    if problem.retry_after is not None:
        lines += b"retry-after: %d\r\n" % problem.retry_after
    if isinstance(problem, MethodNotAllowed):
        lines += b"allow: %b\r\n" % ", ".join(METHODS).encode()
    document = {
        "type": f"urn:ticketbridge:problem:{problem.slug}",
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
        "instance": request_id,
        "retryable": problem.retryable,
    }
    return Reply(problem.status, msgspec.json.encode(document), PROBLEM, lines)
