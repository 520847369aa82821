"""Connections to the platform: aiohttp's, or in tests whatever speaks httpx's transport interface.

httpx's own pool loses places when waiting calls are cancelled; aiohttp's does not. The URL is sent
byte for byte as it was made.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Iterable, Mapping
from functools import partial
from typing import Any

import aiohttp
import httpx
from yarl import URL

from ticketbridge.upstream.connections import open_session
from ticketbridge.upstream.messages import Incoming


class AiohttpTransport:
    """Sends one request at a time a connection; no redirects; see `open_session`.

    Raises what aiohttp raises. *connect_timeout* is in seconds; there is no other: the caller's
    deadline cancels the call, which closes its connection. Without *tls* it connects by http alone.
    """

    def __init__(self, *, connections: int, connect_timeout: float, tls: bool) -> None:
        # Reading the trusted certificates takes tens of milliseconds: not while an answer waits.
        context = ssl.create_default_context() if tls else True
        self._open = partial(
            open_session, connections=connections, connect_timeout=connect_timeout, tls=context
        )
        self._session: aiohttp.ClientSession | None = None

    async def send(
        self, method: str, url: str, headers: Mapping[str, str], content: bytes | None
    ) -> Incoming:
        """The answer's head; see Transport."""
        if self._session is None:  # it is bound to the event loop that it is made in
            self._session = self._open()
        target = URL(url, encoded=True)
        answer = await self._session.request(
            method, target, headers=headers, data=content, allow_redirects=False
        )
        return _AiohttpAnswer(answer)

    async def aclose(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()


class _AiohttpAnswer:
    def __init__(self, answer: aiohttp.ClientResponse) -> None:
        self.status = answer.status
        self.headers = _lower(answer.headers.items())
        self._answer = answer

    def chunks(self) -> AsyncIterator[bytes]:
        return self._answer.content.iter_any()

    async def read(self) -> bytes:
        return await self._answer.content.read()

    async def aclose(self) -> None:
        self._answer.release()


class HttpxTransport:
    """An httpx transport (a mock, an application) in place of connections."""

    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        self._transport = transport

    async def send(
        self, method: str, url: str, headers: Mapping[str, str], content: bytes | None
    ) -> Incoming:
        """The answer's head; see Transport."""
        request = httpx.Request(method, url, headers=dict(headers), content=content)
        return _HttpxAnswer(await self._transport.handle_async_request(request))

    async def aclose(self) -> None:
        """Close the transport."""
        await self._transport.aclose()


class _HttpxAnswer:
    def __init__(self, answer: httpx.Response) -> None:
        self.status = answer.status_code
        self.headers = _lower(answer.headers.multi_items())
        self._answer = answer

    def chunks(self) -> AsyncIterator[bytes]:
        stream: Any = self._answer.stream
        return aiter(stream)

    async def read(self) -> bytes:
        return b"".join([chunk async for chunk in self.chunks()])

    async def aclose(self) -> None:
        await self._answer.aclose()


def _lower(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Headers by lower-case name; one that is given several times is joined, as HTTP says."""
    found: dict[str, str] = {}
    for name, value in headers:
        key = name.lower()
        found[key] = f"{found[key]}, {value}" if key in found else value
    return found
