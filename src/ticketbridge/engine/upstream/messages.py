"""One request to the platform and its answer."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from ticketbridge.engine.upstream.auth import Credentials
from ticketbridge.mapping.spec_compiler import Scope

ACCEPT_JSON = "application/json"
ACCEPT_XML = "application/xml, text/xml"


@dataclass(frozen=True, slots=True)
class PlatformRequest:
    """A request of *url*, with the *headers* that the mapping declares.

    *accept* is what `Accept` says where the mapping does not. Two requests are equal where the platform
    would see no difference. What follows tells the stages of the pipe more: *call* is the name of the call
    that asks; *scope* is what its templates were filled with; *credentials* come with the signing; no answer
    will do that did not come after *newer_than*, a time of `time.perf_counter`; *span_id* is that of the
    span that follows the request, where one does.
    """

    url: str = field(repr=False)
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    method: Literal["GET", "POST"] = "GET"
    content: bytes | None = field(default=None, repr=False)
    call: str = field(default="", compare=False)
    accept: str = ACCEPT_JSON
    scope: Scope = field(default_factory=dict, repr=False, compare=False)
    credentials: Credentials | None = field(default=None, repr=False, compare=False)
    newer_than: float = field(default=0.0, compare=False)
    span_id: str = field(default="", compare=False)

    @property
    def wire_url(self) -> str:
        """The URL as it is sent: a credential may be in its query."""
        return self.url if self.credentials is None else self.credentials.on(self.url)

    def signed(self, credentials: Credentials) -> PlatformRequest:
        """Return the same request with *credentials*."""
        return PlatformRequest(
            self.url,
            self.headers,
            self.method,
            self.content,
            self.call,
            self.accept,
            self.scope,
            credentials,
        )


@dataclass(frozen=True, slots=True)
class PlatformAnswer:
    """A complete answer: *headers* with lower-case names, *content* after decompression.

    *credentials* are those that its request was signed with; it came at the time *came_at*.
    """

    status: int
    headers: dict[str, str] = field(repr=False)
    content: bytes = field(repr=False)
    credentials: Credentials | None = field(default=None, repr=False, compare=False)
    came_at: float = field(default_factory=time.perf_counter, compare=False)

    @property
    def is_marked_off(self) -> bool:
        """Whether it says where it ends; else it ends where the connection does, be it cut or not."""
        return not {"content-length", "transfer-encoding"}.isdisjoint(self.headers)


class Incoming(Protocol):
    """An answer whose head is there: *headers* with lower-case names; the body comes in chunks."""

    status: int
    headers: dict[str, str]

    def chunks(self) -> AsyncIterator[bytes]:
        """The body as it comes off the wire, still compressed."""
        ...

    async def read(self) -> bytes:
        """The same in one piece, for a body whose length is known to be small enough."""
        ...

    async def aclose(self) -> None:
        """Give the connection back, or close it where the body was not read to its end."""
        ...


class Transport(Protocol):
    """What carries a request to the platform and brings the answer's head."""

    async def send(
        self, method: str, url: str, headers: Mapping[str, str], content: bytes | None
    ) -> Incoming:
        """Send a request. Raises what the client below raises; `errors` makes it ours."""
        ...

    async def aclose(self) -> None:
        """Close all connections."""
        ...
