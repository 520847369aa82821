"""Our server and raw connections to it, for requests that no client library would send."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

import uvicorn
from starlette.types import ASGIApp

from ticketbridge.service.protocol import BoundedProtocol
from ticketbridge.service.server import server_config
from ticketbridge.service.settings import Settings

SETTINGS = Settings()
PATIENCE = 20  # seconds after which a test gives up, far beyond what it waits for


async def until(condition: Callable[[], object]) -> None:
    """Wait for what the server does in its own time."""
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 - there is no event for it
            await asyncio.sleep(0.005)


@asynccontextmanager
async def connections(
    app: ASGIApp,
    protocol: type[BoundedProtocol] = BoundedProtocol,
    settings: Settings = SETTINGS,
) -> AsyncIterator[int]:
    """The port of a real server of *app* with this protocol."""
    config = server_config(app, replace(settings, port=0, grace=1))
    config.http = protocol
    server = uvicorn.Server(config)
    running = asyncio.create_task(server.serve())
    try:
        await until(lambda: server.started)
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        await asyncio.wait_for(running, PATIENCE)


async def rest(reader: asyncio.StreamReader) -> bytes:
    """All that comes until the connection is closed."""
    read = bytearray()
    try:
        while piece := await asyncio.wait_for(reader.read(65_536), PATIENCE):
            read += piece
    except ConnectionError:
        pass
    return bytes(read)


async def exchange(port: int, sent: bytes) -> bytes:
    """All that a connection of its own is answered to *sent*."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)
    try:
        return await rest(reader)
    finally:
        writer.close()
