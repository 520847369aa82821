"""Small answers made by hand, and problems as RFC 9457 documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import msgspec
from starlette.types import Scope, Send

from ticketbridge.engine.problems import MethodNotAllowed, ProblemError
from ticketbridge.engine.response import Body

METHODS = ("GET", "HEAD")
JSON = b"application/json"
PROBLEM = b"application/problem+json"

AT_ONCE = "ticketbridge.at_once"
"""The scope's extension that sends a whole answer, from scope, status, headers and body, if it can."""

Header = tuple[bytes, bytes]
_ALWAYS: tuple[Header, ...] = (
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
)


@dataclass(slots=True)  # not frozen: that takes three times as long to make
class Reply:
    """A complete answer. Each one forbids caches to store it, and browsers to sniff it.

    *is_last*: the connection is closed after it.
    """

    status: int
    body: Body = field(repr=False)
    media_type: bytes | None = None
    headers: tuple[Header, ...] = ()
    is_last: bool = False

    async def send(self, scope: Scope, send: Send, request_id: str) -> None:
        """Send it as the answer to the request of that *scope* and id."""
        headers = self.headers_for(request_id)
        if not self.is_last and _was_sent_at_once(scope, self.status, headers, self.body):
            return
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": self.body})

    def headers_for(self, request_id: str) -> list[Header]:
        """Return all headers of the answer to the request of that id."""
        headers = [
            *_ALWAYS,
            *self.headers,
            (b"x-request-id", request_id.encode("ascii")),
            (b"content-length", b"%d" % len(self.body)),
        ]
        if self.media_type is not None:
            headers.append((b"content-type", self.media_type))
        if self.is_last:
            headers.append((b"connection", b"close"))
        return headers

    def last(self) -> Reply:
        """Return a copy that is the last one on its connection."""
        return replace(self, is_last=True)


def _was_sent_at_once(scope: Scope, status: int, headers: Sequence[Header], body: Body) -> bool:
    """Return whether our own server sent the answer at once, which is faster than ASGI's two messages."""
    send = scope.get("extensions", {}).get(AT_ONCE)
    return send is not None and send(scope, status, headers, body)


def json_reply(document: Mapping[str, object], status: int = 200) -> Reply:
    """Return a document of our own."""
    return Reply(status, msgspec.json.encode(document), JSON)


def problem_reply(problem: ProblemError, request_id: str) -> Reply:
    """Return the problem as `application/problem+json`."""
    headers: list[Header] = []
    if problem.retry_after is not None:
        headers.append((b"retry-after", b"%d" % problem.retry_after))
    if isinstance(problem, MethodNotAllowed):
        headers.append((b"allow", ", ".join(METHODS).encode()))
    document = {
        "type": f"urn:ticketbridge:problem:{problem.slug}",
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
        "instance": request_id,
        "retryable": problem.retryable,
    }
    return Reply(problem.status, msgspec.json.encode(document), PROBLEM, tuple(headers))
