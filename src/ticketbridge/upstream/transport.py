"""In tests: whatever speaks httpx's transport interface, in place of connections."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any

import httpx

from ticketbridge.upstream.decoding import gathered
from ticketbridge.upstream.messages import Incoming


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
        return await gathered(self.chunks())

    async def aclose(self) -> None:
        await self._answer.aclose()


def _lower(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Headers by lower-case name; one that is given several times is joined, as HTTP says."""
    found: dict[str, str] = {}
    for name, value in headers:
        key = name.lower()
        found[key] = f"{found[key]}, {value}" if key in found else value
    return found
