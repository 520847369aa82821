"""Connections to the platform, by aiohttp under httpx's transport interface.

httpx's own pool loses places when waiting calls are cancelled, and hands bytes left over from one
answer to the next; aiohttp's does neither. The URL is sent byte for byte as it was made.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator

import aiohttp
import httpx
from yarl import URL


class AiohttpTransport(httpx.AsyncBaseTransport):
    """Sends one request at a time a connection; no cookies, no redirects, no proxy of the environment.

    Raises what aiohttp raises. *connect_timeout* is in seconds; there is no other: the caller's
    deadline cancels the call, which closes its connection. Without *tls* it connects by http alone.
    """

    def __init__(self, *, connections: int, connect_timeout: float, tls: bool) -> None:
        self._connections = connections
        # Reading the trusted certificates takes tens of milliseconds: not while an answer waits.
        self._tls: ssl.SSLContext | bool = ssl.create_default_context() if tls else True
        self._timeout = aiohttp.ClientTimeout(total=None, sock_connect=connect_timeout)
        self._session: aiohttp.ClientSession | None = None

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """The answer's head; its body comes with the stream."""
        session = self._session or self._open()
        answer = await session.request(
            request.method,
            URL(str(request.url), encoded=True),
            headers=request.headers.multi_items(),
            allow_redirects=False,
        )
        return httpx.Response(answer.status, headers=list(answer.raw_headers), stream=_Body(answer))

    async def aclose(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()

    def _open(self) -> aiohttp.ClientSession:
        """The session is bound to the event loop that it is made in: that of the first request."""
        connector = aiohttp.TCPConnector(limit=self._connections, ssl=self._tls, ttl_dns_cache=30)
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
            auto_decompress=False,
            timeout=self._timeout,
        )
        return self._session


class _Body(httpx.AsyncByteStream):
    """The body as it comes off the wire, still compressed."""

    def __init__(self, answer: aiohttp.ClientResponse) -> None:
        self._answer = answer

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._answer.content.iter_any():
            yield chunk

    async def aclose(self) -> None:
        """Give the connection back, or close it where the body was not read to its end."""
        self._answer.release()
