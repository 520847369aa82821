"""The only door out: every request to the platform goes through here, signed, bounded and alone.

There is no cookie jar, no proxy of the environment, no redirect, and no credential that could follow
a URL elsewhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from ticketbridge import __version__
from ticketbridge.mapping.spec import UpstreamSpec
from ticketbridge.problems import UpstreamUnreadable
from ticketbridge.upstream.auth import Credentials
from ticketbridge.upstream.decoding import ACCEPTED_ENCODINGS, read_body, too_large
from ticketbridge.upstream.errors import FOREIGN_ERRORS, cut_short, unreachable
from ticketbridge.upstream.messages import (
    ACCEPT_JSON,
    Incoming,
    PlatformAnswer,
    PlatformRequest,
    Transport,
)

_OWN_HEADERS = {
    "Accept-Encoding": ACCEPTED_ENCODINGS,
    "Cache-Control": "no-cache",  # what a cache on the way has kept may not be true any more
    "User-Agent": f"ticketbridge/{__version__}",
}


class Client(Protocol):
    """What sends requests to one platform: PlatformClient, or what stands in for it or watches it."""

    async def send(
        self, request: PlatformRequest, credentials: Credentials | None
    ) -> PlatformAnswer:
        """The platform's answer to *request*, signed with *credentials*; see PlatformClient."""
        ...

    async def aclose(self) -> None:
        """Close the connections to the platform."""
        ...


class PlatformClient:
    """Sends requests to one platform, by *transport*.

    `send` raises NoAnswer where no complete answer came,
    and UpstreamUnreadable where it is too large or does not decompress.
    """

    def __init__(self, spec: UpstreamSpec, transport: Transport) -> None:
        self._transport = transport
        self._declared = {name: value.reveal() for name, value in spec.headers.items()}
        self._signed: tuple[Credentials, Mapping[str, str]] | None = None
        self._max_body = spec.max_body

    async def send(
        self, request: PlatformRequest, credentials: Credentials | None
    ) -> PlatformAnswer:
        """The platform's answer to *request*, signed with *credentials*.

        None sends the request as it is, without the headers of `upstream`: a token may come from
        another host, which none of them are for.
        """
        url = request.url if credentials is None else credentials.on(request.url)
        headers = self._headers_of(request, credentials)
        try:
            answer = await self._transport.send(request.method, url, headers, request.content)
        except FOREIGN_ERRORS as error:
            raise unreachable(error) from error
        try:
            content = await self._body(answer)
        except FOREIGN_ERRORS as error:
            raise cut_short(error) from error
        finally:
            await answer.aclose()
        return PlatformAnswer(answer.status, answer.headers, content, credentials)

    async def aclose(self) -> None:
        """Close the connections to the platform."""
        await self._transport.aclose()

    def _headers_of(
        self, request: PlatformRequest, credentials: Credentials | None
    ) -> Mapping[str, str]:
        own, asking = dict(request.headers), {"Accept": request.accept}
        if credentials is None:
            return _merged(_OWN_HEADERS, asking, own)
        if own or request.accept != ACCEPT_JSON:
            return _merged(_OWN_HEADERS, asking, self._declared, own, credentials.headers)
        # Nearly all requests have the same headers: those of the one before.
        if self._signed is None or self._signed[0] is not credentials:
            merged = _merged(_OWN_HEADERS, asking, self._declared, credentials.headers)
            self._signed = credentials, merged
        return self._signed[1]

    async def _body(self, answer: Incoming) -> bytes:
        length = answer.headers.get("content-length", "")
        encoding = answer.headers.get("content-encoding", "")
        if answer.headers.get("transfer-encoding", "chunked").lower() != "chunked":
            raise UpstreamUnreadable(log="a transfer encoding that was not asked for")
        known = length.isascii() and length.isdigit()
        if known and int(length[:20]) > self._max_body:
            raise too_large(self._max_body)
        if known and not encoding:
            # The client below reads no more than the length that the head gives.
            return await answer.read()
        return await read_body(answer.chunks(), encoding, self._max_body)


def _merged(*groups: Mapping[str, str]) -> dict[str, str]:
    """Headers of all groups; a later group's header replaces an earlier one's, whatever its case."""
    merged: dict[str, tuple[str, str]] = {}
    for group in groups:
        merged |= {name.lower(): (name, value) for name, value in group.items()}
    return dict(merged.values())
