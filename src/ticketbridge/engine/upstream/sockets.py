"""Connections to platforms: opened when none is free, and kept while they are usable.

The module only sends requests and reads answers. It has no cookies, no redirects, no retries, and no proxy
except the one that is given.
"""

from __future__ import annotations

import asyncio
import random
import re
import socket
import ssl
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from aiohappyeyeballs import start_connection

from ticketbridge.engine.upstream.connection import Connection, ConnectionLost
from ticketbridge.engine.upstream.messages import NO_HEADERS, Incoming
from ticketbridge.engine.upstream.proxy import (
    LOG_IN_FIRST,
    ProxyError,
    open_tunnel,
    proxy_headers,
    refusal_of,
)
from ticketbridge.engine.upstream.tls import trusting_context
from ticketbridge.mapping.spec import ProxySpec

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
    """Sends requests over connections of its own; see Transport. The URL goes out unchanged.

    Raises OSError (ConnectionLost is one) and ValueError (NoHttp is one). *connect_timeout* is in
    seconds, for name, connection and TLS together. There is no other timeout: the caller's deadline
    cancels the call, and that closes its connection. The caller limits the number of calls at once.
    If *keep_alive* is False, each connection serves one call. With a *proxy*, all connections go
    through it.
    """

    def __init__(
        self,
        *,
        connect_timeout: float,
        tls: ssl.SSLContext | None,
        keep_alive: bool = True,
        proxy: ProxySpec | None = None,
    ) -> None:
        self._connect_timeout = connect_timeout
        self._tls = tls
        self._keep_alive = keep_alive
        self._proxy = proxy
        self._servers: dict[str, OriginPool] = {}
        self._latest = ""  # the origin of the request before, with a slash

    async def send(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        content: bytes | None,
        more: Mapping[str, str] = NO_HEADERS,
    ) -> Incoming:
        """Return the answer's head; see Transport."""
        server, target = self._located(url)
        head = server.head_of(headers) + header_lines(more)
        request = request_bytes(method, server.named(target), head, content)
        connection = server.kept() or await server.opened(self._connect_timeout)
        answer = await connection.ask(request)
        if answer.status == LOG_IN_FIRST and server.asks_proxy:
            connection.close()
            raise refusal_of(answer.status)
        return answer

    async def aclose(self) -> None:
        """Close all connections: the idle ones now, the others when their answer ends."""
        self._keep_alive = False
        for server in self._servers.values():
            server.close()

    def _located(self, url: str) -> tuple[OriginPool, str]:
        """Return the pool of the server of *url*, and the request target."""
        latest = self._latest  # most mappings have one server
        if latest and url.startswith(latest) and "#" not in url:
            return self._servers[latest[:-1]], url[len(latest) - 1 :]
        origin, target = split_url(url)
        server = self._servers.get(origin)
        if server is None:
            server = OriginPool(origin, self._tls, keep_alive=self._keep_alive, proxy=self._proxy)
            self._servers[origin] = server
        self._latest = f"{origin}/"
        return server, target


class OriginPool:
    """The connections to one scheme, host and port, through the *proxy* if one is given.

    *asks_proxy*: requests go to the proxy and name the platform. Otherwise they go to the platform.
    """

    def __init__(
        self,
        origin: str,
        tls: ssl.SSLContext | None,
        *,
        keep_alive: bool = True,
        proxy: ProxySpec | None = None,
    ) -> None:
        """Make an empty pool. *origin* is like "https://api.acme.example:8443"."""
        parts = urlsplit(origin)
        self._name = parts.hostname or ""
        self._port = parts.port or _PORTS[parts.scheme]
        self._tls = (tls or trusting_context()) if parts.scheme == "https" else None
        self.host = host_of(origin)
        self._idle: list[tuple[Connection, float]] = []
        self._sweeper: asyncio.TimerHandle | None = None
        self._addresses: tuple[list[Any], float] = ([], 0.0)
        self._keeps = keep_alive
        self._proxy = proxy
        self.asks_proxy = proxy is not None and self._tls is None
        self._origin = origin if self.asks_proxy else ""
        for_proxy = proxy_headers(proxy) if proxy and self.asks_proxy else {}
        self._last = {**for_proxy, **({} if keep_alive else {"Connection": "close"})}
        self._written_of: Mapping[str, str] | None = None  # nearly all requests have the same
        self._written = ""

    def named(self, target: str) -> str:
        """Return *target* as a request has it: a whole URL if the proxy must find the platform by it."""
        return f"{self._origin}{target}"

    def head_of(self, headers: Mapping[str, str]) -> str:
        """Return *headers*, and the pool's own, as they are sent."""
        if headers is not self._written_of:
            self._written = header_lines({"Host": self.host, **headers, **self._last})
            self._written_of = headers
        return self._written

    def kept(self) -> Connection | None:
        """Return the connection that was used last, of those that are still usable, or None."""
        now = time.monotonic()
        while self._idle:
            connection, since = self._idle.pop()
            is_fresh = now - since < KEPT_SECONDS and now < connection.best_before
            if is_fresh and connection.is_silent:
                return connection
            connection.close()
        return None

    async def opened(self, timeout: float) -> Connection:  # noqa: ASYNC109 - of the connection alone
        """Return a new connection."""
        try:
            async with asyncio.timeout(timeout):
                connection = await self._connected()
        except OSError as error:
            # The platform may have moved: the next connection looks its name up again.
            self._addresses = ([], 0.0)
            if self._proxy and isinstance(error, TimeoutError):
                raise ProxyError("the proxy gave no connection in time") from None
            raise
        # With TLS something always comes: what is not read yet are its own messages.
        if self._tls is None and not connection.is_silent:
            connection.close()
            raise ConnectionLost("bytes came before the request")
        return connection

    async def _connected(self) -> Connection:
        loop = asyncio.get_running_loop()
        stream = await self._reached()
        name = self._name.rstrip(".") if self._tls else None
        # Those that were opened together are not given up together.
        best_before = time.monotonic() + LIVED_SECONDS * random.uniform(0.8, 1.2)  # noqa: S311 - no secret
        _, connection = await loop.create_connection(
            lambda: Connection(self._free, best_before),
            sock=stream,
            ssl=self._tls,
            server_hostname=name,
        )
        return connection

    async def _reached(self) -> socket.socket:
        """Return a socket that leads to the platform, or to the proxy if requests go to it."""
        if self._proxy is None:
            return await self._stream()
        try:
            stream = await self._stream()
        except OSError as error:
            raise ProxyError("the proxy cannot be reached") from error
        if self._tls is None:
            return stream
        try:
            await open_tunnel(stream, self._tunnel_request(self._proxy))
        except BaseException:
            stream.close()
            raise
        return stream

    def _tunnel_request(self, proxy: ProxySpec) -> bytes:
        host = f"[{self._name}]" if ":" in self._name else self._name
        target = f"{host}:{self._port}"
        head = header_lines({"Host": target, **proxy_headers(proxy)})
        return request_bytes("CONNECT", target, head, None)

    async def _stream(self) -> socket.socket:
        return await start_connection(
            await self._resolved(), happy_eyeballs_delay=_SECOND_ADDRESS_SECONDS, interleave=1
        )

    async def _resolved(self) -> list[Any]:
        """Return the host's addresses. They are kept for a while, because name servers may be slow."""
        loop = asyncio.get_running_loop()
        addresses, since = self._addresses
        if not addresses or time.monotonic() - since > RESOLVED_SECONDS:
            host, port = self._name, self._port
            if self._proxy is not None:
                host, port = self._proxy.host, self._proxy.port
            addresses = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            self._addresses = (addresses, time.monotonic())
        return list(addresses)

    def _free(self, connection: Connection) -> None:
        if not self._keeps:
            connection.close()
            return
        self._idle.append((connection, time.monotonic()))
        if self._sweeper is None:
            self._sweeper = connection.loop.call_later(KEPT_SECONDS, self._sweep)

    def _sweep(self) -> None:
        """Close connections that were not used for a while."""
        oldest = time.monotonic() - KEPT_SECONDS
        for connection, since in self._idle:
            if since <= oldest:
                connection.close()
        self._idle = [(connection, since) for connection, since in self._idle if since > oldest]
        loop = asyncio.get_running_loop()
        self._sweeper = loop.call_later(KEPT_SECONDS, self._sweep) if self._idle else None

    def close(self) -> None:
        """Close the idle connections, and from now on each connection that becomes idle."""
        self._keeps = False
        if self._sweeper is not None:
            self._sweeper.cancel()
        for connection, _ in self._idle:
            connection.close()
        self._idle.clear()


def split_url(url: str) -> tuple[str, str]:
    """Return the scheme, host and port of *url*, and the target that a request has. Raises ValueError."""
    found = _URL.match(url)
    if found is None:
        raise ValueError("no URL of a server")
    origin, target = found.groups()
    return origin, target if target.startswith("/") else f"/{target}"


def host_of(origin: str) -> str:
    """Return the `Host` header of an *origin*, which is like "https://api.acme.example:8443"."""
    parts = urlsplit(origin)
    return parts.netloc.removesuffix(f":{_PORTS[parts.scheme]}")


def request_bytes(method: str, target: str, head: str, content: bytes | None) -> bytes:
    """Return a request as it is sent; *head* has its header lines. Raises ValueError for a bad *target*."""
    if _UNSAFE.search(target):
        raise ValueError("a blank or control character in a URL")
    length = ""
    if content is not None or method == "POST":
        length = f"Content-Length: {len(content or b'')}\r\n"
    # Text from a platform that is not UTF-8, for example a realm, goes back unchanged.
    text = f"{method} {target} HTTP/1.1\r\n{head}{length}\r\n"
    return text.encode(errors="surrogateescape") + (content or b"")


def header_lines(headers: Mapping[str, str]) -> str:
    """Return *headers* as they are sent. Raises ValueError if one would end its line early."""
    lines = "".join([f"{name}: {value}\r\n" for name, value in headers.items()])
    # Counted in one go, not searched for in each value.
    if not lines.count("\r") == lines.count("\n") == len(headers) or "\0" in lines:
        raise ValueError("a line break in a header")
    return lines
