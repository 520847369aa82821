"""The one fake platform: a raw socket that answers what a test says, byte for byte if need be."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import parse_qsl, unquote, urlsplit


@dataclass(frozen=True)
class Seen:
    """A request as it came in: *target* undecoded, *path* and *query* decoded."""

    method: str
    target: str
    path: str
    query: tuple[tuple[str, str], ...]
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Reply:
    """An answer. *raw* replaces all of it; *cut* closes the connection after so many bytes of the body.

    *hang* never answers; *body* is sent as it is, *json* encoded.
    """

    status: int = 200
    json: Any = None
    body: bytes | None = None
    content_type: str | None = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    raw: bytes | None = None
    cut: int | None = None
    hang: bool = False

    def encoded(self) -> bytes:
        """The whole answer in bytes."""
        if self.raw is not None:
            return self.raw
        body = json.dumps(self.json).encode() if self.body is None else self.body
        lines = [f"HTTP/1.1 {self.status} Whatever", f"Content-Length: {len(body)}"]
        if self.content_type is not None:
            lines.append(f"Content-Type: {self.content_type}")
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        head = "\r\n".join(lines).encode() + b"\r\n\r\n"
        return head + (body if self.cut is None else body[: self.cut])


@dataclass
class _Route:
    path: str
    query: Mapping[str, str]
    replies: list[Reply]

    def fits(self, seen: Seen) -> bool:
        return self.path == seen.path and self.query.items() <= dict(seen.query).items()


class FakePlatform:
    """A platform on a free loopback port.

    `on` says what a path answers: the replies in order, the last one for ever. A request without a
    route is answered 500 and kept in *unexpected*.
    """

    def __init__(self) -> None:
        self.seen: list[Seen] = []
        self.unexpected: list[str] = []
        self.url = ""
        self.open_connections = 0
        self._routes: list[_Route] = []
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    def on(self, path: str, *replies: Reply, query: Mapping[str, str] | None = None) -> None:
        """Answer GETs of *path* (decoded) whose query has all of *query*; later routes win."""
        self._routes.insert(0, _Route(path, query or {}, list(replies)))

    @property
    def paths(self) -> Sequence[str]:
        """The paths asked for so far."""
        return [seen.path for seen in self.seen]

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        port = self._server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        self.open_connections += 1
        try:
            while await self._serve_one(reader, writer):
                pass
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self.open_connections -= 1
            self._connections.discard(task)
            writer.close()

    async def _serve_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Answer one request; whether the connection stays open."""
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            return False
        seen = _parsed(head)
        self.seen.append(seen)
        reply = self._reply(seen)
        if reply.hang:
            await reader.read()
            return False
        writer.write(reply.encoded())
        await writer.drain()
        return reply.raw is None and reply.cut is None

    def _reply(self, seen: Seen) -> Reply:
        for route in self._routes:
            if route.fits(seen):
                return route.replies.pop(0) if len(route.replies) > 1 else route.replies[0]
        self.unexpected.append(seen.target)
        return Reply(500, json={"error": "no route"})


def _parsed(head: bytes) -> Seen:
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ")
    pairs = [line.partition(":") for line in lines if line]
    url = urlsplit(target)
    return Seen(
        method,
        target,
        unquote(url.path),
        tuple(parse_qsl(url.query, keep_blank_values=True)),
        {name.lower(): value.strip() for name, _, value in pairs},
    )
