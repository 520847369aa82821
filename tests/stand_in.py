"""An httpx transport (a mock, an application) in place of connections, below the real last stage."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any

import httpx

from ticketbridge.engine.bridge import Bridge, compile_mapping
from ticketbridge.engine.upstream.context import Send
from ticketbridge.engine.upstream.decoding import gather
from ticketbridge.engine.upstream.messages import NO_HEADERS, Incoming
from ticketbridge.engine.upstream.wire import Wire
from ticketbridge.mapping import MappingSpec


def compiled_on(transport: httpx.AsyncBaseTransport, spec: MappingSpec) -> Bridge:
    """Return *spec*, compiled, whose platform is *transport*."""
    return compile_mapping(spec, last_stage=sending_by(transport, spec))


def sending_by(transport: httpx.AsyncBaseTransport, spec: MappingSpec) -> Send:
    """Return the last stage for *spec* over *transport*."""
    return Wire(HttpxTransport(transport), spec.upstream.max_body).send


class HttpxTransport:
    """Carries requests by an httpx transport; see Transport."""

    def __init__(self, transport: httpx.AsyncBaseTransport) -> None:
        self._transport = transport

    async def send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        content: bytes | None,
        more: Mapping[str, str] = NO_HEADERS,
    ) -> Incoming:
        """See Transport."""
        request = httpx.Request(method, url, headers={**headers, **more}, content=content)
        try:
            return _HttpxAnswer(await self._transport.handle_async_request(request))
        except httpx.HTTPError as error:
            raise ConnectionError from error

    async def aclose(self) -> None:
        """See Transport."""
        await self._transport.aclose()


class _HttpxAnswer:
    def __init__(self, answer: httpx.Response) -> None:
        self.status = answer.status_code
        self.headers = _lower(answer.headers.multi_items())
        self.set_cookies = answer.headers.get_list("set-cookie")
        self._answer = answer

    def chunks(self) -> AsyncIterator[bytes]:
        stream: Any = self._answer.stream
        return aiter(stream)

    async def read(self) -> bytes:
        return await gather(self.chunks())

    async def aclose(self) -> None:
        await self._answer.aclose()


def _lower(headers: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Headers by lower-case name; one that is given several times is joined, as HTTP says."""
    found: dict[str, str] = {}
    for name, value in headers:
        key = name.lower()
        found[key] = f"{found[key]}, {value}" if key in found else value
    return found
