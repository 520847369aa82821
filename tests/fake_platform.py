"""The one fake platform: a raw socket that answers what a test says, byte for byte if need be."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any, Self
from urllib.parse import parse_qsl, unquote, urlsplit


@dataclass(frozen=True)
class Seen:
    """A request as it came in: *target* undecoded, *path* and *query* decoded.

    *turn*: the number of the request on its connection, from 1; *content*: its body; *at*: when it was
    all there, by the platform's clock.
    """

    method: str
    target: str
    path: str
    query: tuple[tuple[str, str], ...]
    headers: Mapping[str, str]
    turn: int
    content: bytes = b""
    at: float = 0.0


class End(Enum):
    """How a connection ends."""

    CLOSE = "closed"
    RESET = "reset: what the other side has not read yet is lost to it"
    HANG = "left open, without a word, until the other side closes it"


CLOSE, RESET, HANG = End.CLOSE, End.RESET, End.HANG


@dataclass(frozen=True)
class Pause:
    """Nothing for so many seconds."""

    seconds: float


@dataclass(frozen=True)
class Until:
    """Nothing until the test says so."""

    event: asyncio.Event


Step = bytes | Pause | Until | End
"""What a connection does next: send, wait, or end."""


@dataclass(frozen=True)
class Reply:
    """An answer. *steps* replace all of it, after which the connection is kept, if none of them ends it.

    *raw* is the same, closed at its end; *cut* closes the connection after so many bytes of the body;
    *hang* never answers; *body* is sent as it is, *json* encoded; each of *cookies* is a `Set-Cookie`.
    """

    status: int = 200
    json: Any = None
    body: bytes | None = None
    content_type: str | None = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)
    raw: bytes | None = None
    cut: int | None = None
    hang: bool = False
    steps: Sequence[Step] | None = None
    cookies: Sequence[str] = ()

    def script(self) -> Sequence[Step]:
        """What the connection does."""
        if self.steps is not None:
            return self.steps
        if self.hang:
            return (HANG,)
        if self.raw is not None:
            return (self.raw, CLOSE)
        return (self._encoded(),) if self.cut is None else (self._encoded(), CLOSE)

    def _encoded(self) -> bytes:
        body = json.dumps(self.json).encode() if self.body is None else self.body
        lines = [f"HTTP/1.1 {self.status} Whatever", f"Content-Length: {len(body)}"]
        if self.content_type is not None:
            lines.append(f"Content-Type: {self.content_type}")
        lines += [f"{name}: {value}" for name, value in self.headers.items()]
        lines += [f"Set-Cookie: {cookie}" for cookie in self.cookies]
        head = "\r\n".join(lines).encode() + b"\r\n\r\n"
        return head + (body if self.cut is None else body[: self.cut])


Answers = Reply | Callable[[Seen], Reply]
"""A reply, or what makes one of the request."""


@dataclass
class _Route:
    path: str
    query: Mapping[str, str]
    replies: list[Answers]

    def fits(self, seen: Seen) -> bool:
        return self.path == seen.path and self.query.items() <= dict(seen.query).items()


class FakePlatform:
    """A platform on a free loopback port.

    `on` says what a path answers: the replies in order, the last one for ever. A request without a
    route is answered 500 and kept in *unexpected*. *greetings* are what connections do, in the order
    in which they are made, before they hear a word; those beyond the list say nothing.
    """

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls
        self.seen: list[Seen] = []
        self.unexpected: list[str] = []
        self.url = ""
        self.open_connections = 0
        self.greetings: list[Sequence[Step]] = []
        self._playing = 0
        self._routes: list[_Route] = []
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()

    def on(self, path: str, *replies: Answers, query: Mapping[str, str] | None = None) -> None:
        """Answer GETs of *path* (decoded) whose query has all of *query*; later routes win."""
        self._routes.insert(0, _Route(path, query or {}, list(replies)))

    @property
    def paths(self) -> Sequence[str]:
        """The paths asked for so far."""
        return [seen.path for seen in self.seen]

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0, ssl=self._tls)
        port = self._server.sockets[0].getsockname()[1]
        self.url = f"{'https' if self._tls else 'http'}://127.0.0.1:{port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    def forget(self) -> None:
        """Have no routes and have seen nothing, as at first; connections stay."""
        self.seen.clear()
        self.unexpected.clear()
        self.greetings.clear()
        self._routes.clear()

    async def settled(self) -> None:
        """Return when no connection has anything left to send or to wait for."""
        while self._playing:  # noqa: ASYNC110 - a test's wait, for what has no event
            await asyncio.sleep(0.002)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        self.open_connections += 1
        try:
            greeting = self.greetings.pop(0) if self.greetings else ()
            stays = await self._play(greeting, reader, writer)
            turn = 1
            while stays:
                stays = await self._serve_one(turn, reader, writer)
                turn += 1
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self.open_connections -= 1
            self._connections.discard(task)
            writer.close()

    async def _serve_one(
        self, turn: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        """Answer one request; whether the connection stays open."""
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            return False
        seen = _parsed(head, turn)
        length = int(seen.headers.get("content-length", 0))
        content = await reader.readexactly(length)
        seen = replace(seen, content=content, at=asyncio.get_running_loop().time())
        self.seen.append(seen)
        return await self._play(self._reply(seen).script(), reader, writer)

    async def _play(
        self, script: Sequence[Step], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        """Do what *script* says; whether the connection stays open."""
        self._playing += 1
        try:
            return await play(script, reader, writer)
        finally:
            self._playing -= 1

    def _reply(self, seen: Seen) -> Reply:
        for route in self._routes:
            if route.fits(seen):
                reply = route.replies.pop(0) if len(route.replies) > 1 else route.replies[0]
                return reply if isinstance(reply, Reply) else reply(seen)
        self.unexpected.append(seen.target)
        return Reply(500, json={"error": "no route"})


async def play(
    script: Sequence[Step], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> bool:
    """Do on a connection what *script* says; whether it stays open."""
    for step in script:
        match step:
            case bytes():
                if writer.is_closing():  # uvloop takes no word after that
                    return False
                writer.write(step)
                await writer.drain()
            case Pause(seconds):
                await asyncio.sleep(seconds)
            case Until(event):
                await event.wait()
            case _:
                await _end(step, reader, writer)
                return False
    return True


async def _end(end: End, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    if end is HANG:
        await reader.read()
    elif end is RESET:
        linger = struct.pack("ii", 1, 0)  # closed at once, with nothing sent after all
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        writer.transport.abort()


def _parsed(head: bytes, turn: int) -> Seen:
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
        turn,
    )
