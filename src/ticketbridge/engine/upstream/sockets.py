"""Connections to platforms: opened where there is none to use, and kept while they are good.

There is nothing here beside requests and answers: no cookies, no redirects, no proxy, no second sending.
"""

from __future__ import annotations

import asyncio
import random
import re
import socket
import ssl
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from aiohappyeyeballs import start_connection

from ticketbridge.engine.upstream.connection import Connection, ConnectionLost
from ticketbridge.engine.upstream.messages import Incoming
from ticketbridge.engine.upstream.tls import trusting_context

KEPT_SECONDS = 15.0
LIVED_SECONDS = (
    300.0  # after which a connection is not used again: its host's name may lead elsewhere
)
RESOLVED_SECONDS = 30.0
_SECOND_ADDRESS_SECONDS = (
    0.25  # after which the next of a host's addresses is tried beside the first
)
_PORTS = {"http": 80, "https": 443}
_URL = re.compile(r"(https?://[^/?#]+)([^#]*)", re.IGNORECASE)
_UNSAFE = re.compile(r"[\x00-\x20\x7f]")


class SocketTransport:
    """Sends requests over connections of its own; see Transport. The URL goes out as it was made.

    Raises OSError (ConnectionLost is one) and ValueError (NoHttp is one). *connect_timeout* is in
    seconds, for name, connection and TLS together; there is no other: the caller's deadline cancels the
    call, which closes its connection. The calls under way at once are the caller's to bound.
    *keep_alive* False uses each connection for one call.
    """

    def __init__(
        self, *, connect_timeout: float, tls: ssl.SSLContext | None, keep_alive: bool = True
    ) -> None:
        self._connect_timeout = connect_timeout
        self._tls = tls
        self._keep_alive = keep_alive
        self._servers: dict[str, OriginPool] = {}

    async def send(
        self, method: str, url: str, headers: Mapping[str, str], content: bytes | None
    ) -> Incoming:
        """The answer's head; see Transport."""
        server, target = self._located(url)
        last = {} if self._keep_alive else {"Connection": "close"}
        request = request_bytes(method, target, {"Host": server.host, **headers, **last}, content)
        connection = server.kept() or await server.opened(self._connect_timeout)
        return await connection.ask(request)

    async def aclose(self) -> None:
        """Close all connections: the idle ones now, the others when their answer has ended."""
        self._keep_alive = False
        for server in self._servers.values():
            server.close()

    def _located(self, url: str) -> tuple[OriginPool, str]:
        """The server of *url*, and what is asked of it."""
        found = _URL.match(url)
        if found is None:
            raise ValueError("no URL of a server")
        origin, target = found.groups()
        server = self._servers.get(origin)
        if server is None:
            server = OriginPool(origin, self._tls, keep_alive=self._keep_alive)
            self._servers[origin] = server
        return server, target if target.startswith("/") else f"/{target}"


class OriginPool:
    """The connections to one scheme, host and port."""

    def __init__(self, origin: str, tls: ssl.SSLContext | None, *, keep_alive: bool = True) -> None:
        """*origin* is like "https://api.acme.example:8443"."""
        parts = urlsplit(origin)
        default = _PORTS[parts.scheme]
        self._name = parts.hostname or ""
        self._port = parts.port or default
        self._tls = (tls or trusting_context()) if parts.scheme == "https" else None
        self.host = parts.netloc.removesuffix(f":{default}")
        self._idle: list[tuple[Connection, float]] = []
        self._sweeper: asyncio.TimerHandle | None = None
        self._addresses: tuple[list[Any], float] = ([], 0.0)
        self._keeps = keep_alive

    def kept(self) -> Connection | None:
        """The connection that was used last, of those that may be used again; or None."""
        now = asyncio.get_running_loop().time()
        while self._idle:
            connection, since = self._idle.pop()
            is_fresh = now - since < KEPT_SECONDS and now < connection.best_before
            if is_fresh and connection.is_silent:
                return connection
            connection.close()
        return None

    async def opened(self, timeout: float) -> Connection:  # noqa: ASYNC109 - of the connection alone
        """A new connection."""
        try:
            async with asyncio.timeout(timeout):
                connection = await self._connected()
        except OSError:
            # The platform may have moved: the next connection looks its name up again.
            self._addresses = ([], 0.0)
            raise
        # With TLS something always comes: what is not read yet are its own messages.
        if self._tls is None and not connection.is_silent:
            connection.close()
            raise ConnectionLost("bytes came before the request")
        return connection

    async def _connected(self) -> Connection:
        loop = asyncio.get_running_loop()
        stream = await start_connection(
            await self._resolved(), happy_eyeballs_delay=_SECOND_ADDRESS_SECONDS, interleave=1
        )
        name = self._name.rstrip(".") if self._tls else None
        # Those that were opened together are not given up together.
        best_before = loop.time() + LIVED_SECONDS * random.uniform(0.8, 1.2)  # noqa: S311 - no secret
        _, connection = await loop.create_connection(
            lambda: Connection(self._free, best_before),
            sock=stream,
            ssl=self._tls,
            server_hostname=name,
        )
        return connection

    async def _resolved(self) -> list[Any]:
        """The host's addresses, which stay what they are for a while: a name server is not always fast."""
        loop = asyncio.get_running_loop()
        addresses, since = self._addresses
        if not addresses or loop.time() - since > RESOLVED_SECONDS:
            addresses = await loop.getaddrinfo(self._name, self._port, type=socket.SOCK_STREAM)
            self._addresses = (addresses, loop.time())
        return list(addresses)

    def _free(self, connection: Connection) -> None:
        loop = asyncio.get_running_loop()
        if not self._keeps:
            connection.close()
            return
        self._idle.append((connection, loop.time()))
        if self._sweeper is None:
            self._sweeper = loop.call_later(KEPT_SECONDS, self._sweep)

    def _sweep(self) -> None:
        """Close what nobody has used for a while."""
        loop = asyncio.get_running_loop()
        oldest = loop.time() - KEPT_SECONDS
        for connection, since in self._idle:
            if since <= oldest:
                connection.close()
        self._idle = [(connection, since) for connection, since in self._idle if since > oldest]
        self._sweeper = loop.call_later(KEPT_SECONDS, self._sweep) if self._idle else None

    def close(self) -> None:
        """Close the idle connections, and from now on each that becomes idle."""
        self._keeps = False
        if self._sweeper is not None:
            self._sweeper.cancel()
        for connection, _ in self._idle:
            connection.close()
        self._idle.clear()


def request_bytes(
    method: str, target: str, headers: Mapping[str, str], content: bytes | None
) -> bytes:
    """The request as it is sent; ValueError where a part of it would end its line early."""
    if _UNSAFE.search(target):
        raise ValueError("a blank or control character in a URL")
    lines = [
        f"{method} {target} HTTP/1.1",
        *[f"{name}: {value}" for name, value in headers.items()],
    ]
    if content is not None or method == "POST":
        lines.append(f"Content-Length: {len(content or b'')}")
    head = "\r\n".join([*lines, "", ""])
    # Counted in one go, not searched for in each value.
    if not head.count("\r") == head.count("\n") == len(lines) + 1 or "\0" in head:
        raise ValueError("a line break in a header")
    return head.encode() + (content or b"")
