"""aiohttp's connections to one platform, and what they are kept from."""

from __future__ import annotations

import select
import ssl
from functools import partial
from typing import Any

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection


class ConnectionLost(aiohttp.ClientError):
    """The connection ended before the answer's head was there."""


def open_session(
    *, connections: int, connect_timeout: float, tls: ssl.SSLContext | bool
) -> aiohttp.ClientSession:
    """A session of the running event loop: no cookies, no proxy of the environment, no second sending."""
    return aiohttp.ClientSession(
        connector=CleanConnector(limit=connections, ssl=tls, ttl_dns_cache=30),
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
        auto_decompress=False,
        # No other timeout: the caller's deadline cancels the call, which closes its connection.
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=connect_timeout),
        middlewares=(_send_once,),
    )


class CleanConnector(aiohttp.TCPConnector):
    """Takes no connection on which bytes came that nobody had asked for.

    They would be read as the answer to the next request, which is another user's. aiohttp looks for
    them when an answer ends, and not for those that come later.
    """

    def __init__(self, **options: Any) -> None:
        """See aiohttp."""
        super().__init__(**options)
        self._factory = partial(_Line, loop=self._loop)  # type: ignore[assignment]  # is invariant

    async def connect(
        self,
        req: aiohttp.ClientRequest,
        traces: list[Any],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 - as aiohttp's
    ) -> Connection:
        """See aiohttp."""
        while True:
            connection = await super().connect(req, traces, timeout)
            line = connection.protocol
            assert isinstance(line, _Line), "all are made by the factory above"  # noqa: S101
            was_used = line.is_used
            if line.is_silent():
                line.take()
                connection.add_callback(line.rest)
                return connection
            connection.close()
            if not was_used:
                raise ConnectionLost("bytes came before the request")


class _Line(ResponseHandler):
    """aiohttp's side of a connection, which is closed by a byte that comes between two answers."""

    is_used = False
    _is_resting = False

    def take(self) -> None:
        """A request is about to be sent."""
        self.is_used = True
        self._is_resting = False

    def rest(self) -> None:
        """The answer has ended."""
        self._is_resting = True

    def data_received(self, data: bytes) -> None:
        """See asyncio."""
        if data and self._is_resting:  # aiohttp goes on with no data where it had paused
            self.close()
        else:
            super().data_received(data)

    def is_silent(self) -> bool:
        """Whether the connection is there and nothing has come on it, read or yet to be read."""
        if self.should_close or self.transport is None:
            return False
        waiting = select.poll()
        waiting.register(self.transport.get_extra_info("socket").fileno(), select.POLLIN)
        return not waiting.poll(0)


async def _send_once(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """aiohttp sends a request again whose connection ends: trying again is for the retry budget to allow."""
    try:
        return await handler(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise ConnectionLost from error
