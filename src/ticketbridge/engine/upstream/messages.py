"""One request to the platform and its answer."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Protocol

from ticketbridge.engine.upstream.auth import Credentials
from ticketbridge.mapping.spec_compiler import Scope

ACCEPT_JSON = "application/json"


# Not frozen: that takes three times as long to make, and each answer makes several.
@dataclass(slots=True, unsafe_hash=True)
class PlatformRequest:
    """A request of *url*, with the *headers* that the mapping declares.

    *accept* is what `Accept` says where the mapping does not. Two requests are equal where the platform
    would see no difference. What follows tells the stages of the pipe more: *call* is the name of the call
    that asks; *scope* is what its templates were filled with; *credentials* come with the signing; no answer
    will do that did not come after *newer_than*, a time of `time.perf_counter`; *host* is the name of the
    further host that it goes to; *cookies*, where they are kept, are all that `Cookie` says; *is_followed*:
    the platform has said to ask this in place of what the call asks. A request that places a token stands
    with a mask in its place until it is signed: *fill* makes the one that goes out, which has the other as
    *masked*. *span_id* is that of the span that follows the request, where one does.
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
    host: str | None = None
    cookies: str = field(default="", repr=False, compare=False)
    is_followed: bool = field(default=False, compare=False)
    fill: Callable[[Any], PlatformRequest] | None = field(default=None, repr=False, compare=False)
    masked: PlatformRequest | None = field(default=None, repr=False, compare=False)
    span_id: str = field(default="", compare=False)

    @property
    def shown(self) -> PlatformRequest:
        """The request as people may see it: without a token in its URL, headers and body."""
        return self if self.masked is None else replace(self.masked, credentials=self.credentials)

    @property
    def own_cookies(self) -> str:
        """What `Cookie` says by the mapping: by its headers, or by its credentials, which go before."""
        signed = self.credentials.headers if self.credentials else {}
        given = [(name.lower(), value) for name, value in (*self.headers, *signed.items())]
        return dict(given).get("cookie", "")

    @property
    def wire_url(self) -> str:
        """The URL as it is sent: a credential may be in its query."""
        return self.url if self.credentials is None else self.credentials.on(self.url)

    @property
    def wire_headers(self) -> Mapping[str, str]:
        """What the mapping and its `auth` have it carry; the connection adds its own."""
        signed = {} if self.credentials is None else self.credentials.headers
        kept = {"Cookie": self.cookies} if self.cookies else {}
        return merge_headers({"Accept": self.accept}, dict(self.headers), signed, kept)

    def signed(self, credentials: Credentials) -> PlatformRequest:
        """Return the same request with *credentials*. Raises MappingMismatch where they do not fit in."""
        if self.fill is not None:
            filled = self.fill(credentials.token)
            return replace(filled, scope=self.scope, credentials=credentials, masked=self)
        return PlatformRequest(
            self.url,
            self.headers,
            self.method,
            self.content,
            self.call,
            self.accept,
            self.scope,
            credentials,
            host=self.host,
            cookies=self.cookies,
            is_followed=self.is_followed,
        )


def merge_headers(*groups: Mapping[str, str]) -> dict[str, str]:
    """Return headers of all groups; a later group's replaces an earlier one's, whatever its case."""
    merged: dict[str, tuple[str, str]] = {}
    for group in groups:
        merged |= {name.lower(): (name, value) for name, value in group.items()}
    return dict(merged.values())


@dataclass(slots=True)  # see PlatformRequest
class PlatformAnswer:
    """A complete answer: *headers* with lower-case names, *content* after decompression.

    *credentials* are those that its request was signed with; it came at the time *came_at*; *set_cookies*
    are its `Set-Cookie` headers, one by one, which *headers* has joined.
    """

    status: int
    headers: dict[str, str] = field(repr=False)
    content: bytes = field(repr=False)
    credentials: Credentials | None = field(default=None, repr=False, compare=False)
    came_at: float = field(default_factory=time.perf_counter, compare=False)
    set_cookies: Sequence[str] = field(default=(), repr=False, compare=False)

    @property
    def is_marked_off(self) -> bool:
        """Whether it says where it ends; else it ends where the connection does, be it cut or not."""
        return not {"content-length", "transfer-encoding"}.isdisjoint(self.headers)


class Incoming(Protocol):
    """An answer whose head is there: *headers* with lower-case names; the body comes in chunks."""

    status: int
    headers: dict[str, str]
    set_cookies: list[str]

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
