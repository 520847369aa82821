"""One request to the platform and its answer."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Literal, Protocol

from ticketbridge.engine.upstream.auth import Credentials
from ticketbridge.mapping.spec_compiler import Scope

ACCEPT_JSON = "application/json"


# Not frozen: that takes three times as long to make, and each answer makes several.
@dataclass(slots=True, unsafe_hash=True)
class PlatformRequest:
    """A request to *url*, with the *headers* that the mapping declares.

    *accept* is the `Accept` header if the mapping has none. *host* is the name of another host of the
    mapping. *cookies* is the whole `Cookie` header, if cookies are kept. Two requests are equal if
    the platform sees no difference.

    The other fields are for the stages of the pipeline. *call* is the name of the call. *scope*
    filled its templates. *credentials* are added when it is signed. An answer that others share
    counts only if it was asked for after *newer_than*, a time of `time.perf_counter`. *is_followed*
    is true if the platform named this URL to be asked instead. *span_id* is the id of the request's
    span, if it has one.

    A request that places a token has a mask in its place until it is signed. *fill* makes the request
    that is sent, and that one has the masked request as *masked*.
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
        """The request for people: without a token in its URL, headers and body."""
        return self if self.masked is None else replace(self.masked, credentials=self.credentials)

    @property
    def own_cookies(self) -> str:
        """The `Cookie` value of the mapping: from its credentials, which go first, or from its headers."""
        signed = self.credentials.headers if self.credentials else {}
        given = [(name.lower(), value) for name, value in (*self.headers, *signed.items())]
        return dict(given).get("cookie", "")

    @property
    def wire_url(self) -> str:
        """The URL as it is sent: it may have a credential in its query."""
        return self.url if self.credentials is None else self.credentials.on(self.url)

    @property
    def wire_headers(self) -> Mapping[str, str]:
        """The headers of the mapping and its `auth`; the connection adds its own."""
        signed = {} if self.credentials is None else self.credentials.headers
        kept = {"Cookie": self.cookies} if self.cookies else {}
        return merge_headers({"Accept": self.accept}, dict(self.headers), signed, kept)

    def signed(self, credentials: Credentials) -> PlatformRequest:
        """Return the same request with *credentials*. Raises MappingMismatch if they cannot be placed."""
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
    """Return the headers of all groups.

    A later group replaces headers of the same name in any letter case.
    """
    merged: dict[str, tuple[str, str]] = {}
    for group in groups:
        merged |= {name.lower(): (name, value) for name, value in group.items()}
    return dict(merged.values())


@dataclass(slots=True)  # see PlatformRequest
class PlatformAnswer:
    """A complete answer: *headers* with lower-case names, *content* after decompression.

    *credentials* signed its request; *came_at* is the time when it came; *set_cookies* are its `Set-Cookie`
    headers as a list, which *headers* joins.
    """

    status: int
    headers: dict[str, str] = field(repr=False)
    content: bytes = field(repr=False)
    credentials: Credentials | None = field(default=None, repr=False, compare=False)
    came_at: float = field(default_factory=time.perf_counter, compare=False)
    set_cookies: Sequence[str] = field(default=(), repr=False, compare=False)

    @property
    def is_marked_off(self) -> bool:
        """True if Content-Length or Transfer-Encoding frames the body.

        If false, the body ends with the connection, and a cut body cannot be told from a whole one.
        """
        return "content-length" in self.headers or "transfer-encoding" in self.headers


class Incoming(Protocol):
    """An answer after its head: *headers* with lower-case names; the body comes in chunks."""

    status: int
    headers: dict[str, str]
    set_cookies: list[str]

    def chunks(self) -> AsyncIterator[bytes]:
        """Yield the body as it comes from the wire, still compressed."""
        ...

    async def read(self) -> bytes:
        """Return the body in one piece; use it only for a body that is known to be small."""
        ...

    async def aclose(self) -> None:
        """Give the connection back, or close it if the body was not read to its end."""
        ...


NO_HEADERS: Mapping[str, str] = MappingProxyType({})


class Transport(Protocol):
    """Carries a request to the platform, and returns the answer's head."""

    async def send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        content: bytes | None,
        more: Mapping[str, str] = NO_HEADERS,
    ) -> Incoming:
        """Send a request with *headers*, which many requests share, and *more* of its own.

        Raises the errors of the client below; `failures` converts them.
        """
        ...

    async def aclose(self) -> None:
        """Close all connections."""
        ...
