"""The only door out: every request to the platform goes through here, signed, bounded and alone.

The transport is used without httpx's client around it: there is no cookie jar, no proxy of the
environment, no redirect and no credential that could follow a URL elsewhere.
"""

from __future__ import annotations

from typing import Any

import httpx

from ticketbridge import __version__
from ticketbridge.mapping.spec import UpstreamSpec
from ticketbridge.problems import UpstreamUnreadable
from ticketbridge.upstream.auth import compile_auth
from ticketbridge.upstream.decoding import ACCEPTED_ENCODINGS, read_body
from ticketbridge.upstream.errors import while_connecting, while_reading
from ticketbridge.upstream.messages import PlatformAnswer, PlatformRequest
from ticketbridge.upstream.transport import AiohttpTransport

_OWN_HEADERS = (
    ("Accept", "application/json"),
    ("Accept-Encoding", ACCEPTED_ENCODINGS),
    ("User-Agent", f"ticketbridge/{__version__}"),
)


class PlatformClient:
    """Sends requests to one platform.

    *transport* replaces the real one in tests. `send` raises NoAnswer where no complete answer came,
    and UpstreamUnreadable where it is too large or does not decompress.
    """

    def __init__(
        self, spec: UpstreamSpec, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self._transport = transport or AiohttpTransport(
            connections=spec.concurrency,
            connect_timeout=spec.connect_timeout,
            tls=spec.base_url.startswith("https:"),
        )
        self._sign = compile_auth(spec.auth)
        self._headers = tuple((name, value.reveal()) for name, value in spec.headers.items())
        self._max_body = spec.max_body

    async def send(self, request: PlatformRequest) -> PlatformAnswer:
        """The platform's answer to *request*."""
        response = await self._head(self._prepared(request))
        try:
            content = await self._body(response)
        finally:
            await response.aclose()
        headers = {name.lower(): value for name, value in response.headers.items()}
        return PlatformAnswer(response.status_code, headers, content)

    async def aclose(self) -> None:
        """Close the connections to the platform."""
        await self._transport.aclose()

    def _prepared(self, request: PlatformRequest) -> httpx.Request:
        signed = self._sign(request)
        return httpx.Request(
            "GET",
            signed.url,
            headers=_merged(_OWN_HEADERS, self._headers, signed.headers),
        )

    async def _head(self, request: httpx.Request) -> httpx.Response:
        with while_connecting():
            return await self._transport.handle_async_request(request)

    async def _body(self, response: httpx.Response) -> bytes:
        if int(_digits(response.headers.get("content-length", "")) or 0) > self._max_body:
            raise UpstreamUnreadable(
                "The platform's answer is too large", log=f"a body over {self._max_body} bytes"
            )
        encoding = response.headers.get("content-encoding", "")
        stream: Any = response.stream
        with while_reading():
            return await read_body(stream, encoding, self._max_body)


def _merged(*groups: tuple[tuple[str, str], ...]) -> list[tuple[str, str]]:
    """Headers of all groups; a later group's header replaces an earlier one's."""
    merged: dict[str, tuple[str, str]] = {}
    for group in groups:
        merged |= {name.lower(): (name, value) for name, value in group}
    return [(name, value) for name, value in merged.values()]


def _digits(text: str) -> str:
    return text if text.isascii() and text.isdigit() and len(text) < 20 else ""
