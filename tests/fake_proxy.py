"""The one fake HTTP proxy: real sockets, CONNECT and whole URLs, and faults where a test wants them."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from contextlib import suppress
from typing import Self
from urllib.parse import urlsplit

from tests.fake_platform import Step, play


class FakeProxy:
    """A proxy on a free loopback port. With *authorization* it takes only requests that carry it.

    *heads* are those of the requests that came. *scripts* are what it does in place of an answer, in order;
    when they are used up it does what proxies do.
    """

    def __init__(self, authorization: str = "") -> None:
        self.heads: list[str] = []
        self.scripts: list[Sequence[Step]] = []
        self.connections = 0
        self.open_connections = 0
        self.port = 0
        self._authorization = authorization
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}"

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        self.open_connections += 1
        try:
            while await self._serve_one(reader, writer):
                pass
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self.open_connections -= 1
            self._tasks.discard(task)
            writer.close()

    async def _serve_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Do what one request asks for; whether another one may follow."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        self.heads.append(head)
        if self.scripts:
            await play(self.scripts.pop(0), reader, writer)
            return False
        if (
            self._authorization
            and f"\r\nProxy-Authorization: {self._authorization}\r\n" not in head
        ):
            writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
            return False
        method, target, _ = head.split(" ", 2)
        if method == "CONNECT":
            await _tunnel(target, reader, writer)
            return False
        await _forward(head, target, reader, writer)
        return True


async def _tunnel(target: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    host, _, port = target.rpartition(":")
    inner_reader, inner_writer = await asyncio.open_connection(host, int(port))
    writer.write(b"HTTP/1.1 200 Connection established\r\nContent-Length: 7\r\n\r\n")
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(_copy(reader, inner_writer))
            group.create_task(_copy(inner_reader, writer))
    finally:
        inner_writer.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while piece := await reader.read(65536):
            writer.write(piece)
            await writer.drain()
        writer.close()


async def _forward(
    head: str, url: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """Ask the platform for *url*, and hand its answer on. Both say how long they are."""
    parts = urlsplit(url)
    inner_reader, inner = await asyncio.open_connection(parts.hostname, parts.port)
    lines = [line for line in head.split("\r\n") if not line.startswith("Proxy-")]
    lines[0] = lines[0].replace(f"{parts.scheme}://{parts.netloc}", "")
    inner.write("\r\n".join(lines).encode() + await reader.readexactly(_length_of(head)))
    answer = await inner_reader.readuntil(b"\r\n\r\n")
    writer.write(answer + await inner_reader.readexactly(_length_of(answer.decode())))
    inner.close()


def _length_of(head: str) -> int:
    found = re.search(r"\r\ncontent-length: (\d+)\r\n", head, re.IGNORECASE)
    return int(found[1]) if found else 0
