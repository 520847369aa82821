"""One request to the platform and its answer."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from ticketbridge.upstream.auth import Credentials

ACCEPT_JSON = "application/json"
ACCEPT_XML = "application/xml, text/xml"


@dataclass(frozen=True, slots=True)
class PlatformRequest:
    """A request of *url*, with the headers that the mapping's call declares; credentials come later.

    *accept* is what `Accept` says where the mapping does not. *call* names who asks, for explanations;
    the same request of two calls is one.
    """

    url: str = field(repr=False)
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    method: Literal["GET", "POST"] = "GET"
    content: bytes | None = field(default=None, repr=False)
    call: str = field(default="", compare=False)
    accept: str = ACCEPT_JSON


@dataclass(frozen=True, slots=True)
class PlatformAnswer:
    """A complete answer: *headers* with lower-case names, *content* after decompression.

    *credentials* are those that its request was signed with.
    """

    status: int
    headers: dict[str, str] = field(repr=False)
    content: bytes = field(repr=False)
    credentials: Credentials | None = field(default=None, repr=False, compare=False)

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
