"""The platform and the bridge in front of it, each on its own socket, in one event loop."""

from __future__ import annotations

import asyncio
import secrets
import socket
from collections.abc import AsyncIterator, Generator, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from importlib.resources import as_file, files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final

import uvicorn

from ticketbridge.demo.lantern import BASE_PATH, make_legacy_platform
from ticketbridge.engine.bridge import Bridge, compile_mapping
from ticketbridge.mapping import Environment, load_mapping
from ticketbridge.service.app import Observer, create_app
from ticketbridge.service.catalog import NoMappings
from ticketbridge.service.listening import close_all, open_listeners, url_of
from ticketbridge.service.server import server_config
from ticketbridge.service.settings import Settings, SettingsError

PORT: Final = 8080
LOOPBACK: Final = "127.0.0.1"
_MORE_PORTS = 19
_GRACE = 2.0  # seconds that answers under way have when the demo stops
_PACKAGED = files("ticketbridge.demo") / "demo.yaml"
_CHECKOUT = Path(__file__).parents[3] / "mappings" / "demo.yaml"


@dataclass(frozen=True, slots=True)
class Demo:
    """The addresses of a running demo, and the secrets for both."""

    api: str
    token: str = field(repr=False)
    tickets: str
    secret: str = field(repr=False)
    mapping: Path


@asynccontextmanager
async def running_demo(
    port: int = PORT, *, host: str = LOOPBACK, observe: Observer | None = None
) -> AsyncIterator[Demo]:
    """Run the platform and the bridge for as long as the context lasts.

    Raises NoMappings if the demo's mapping is not installed, and SettingsError if it cannot listen. The
    platform is on loopback, the bridge on *host*; *observe* is called with each answer of the bridge. If
    *port* is taken, the next free one is used; 0 takes any.
    """
    with as_file(mapping_file()) as mapping, ExitStack() as opened:
        platform_doors = _open_listeners(LOOPBACK, 0)
        opened.callback(close_all, platform_doors)
        doors = _open_listeners(host, port)
        opened.callback(close_all, doors)
        demo = Demo(
            api=f"{url_of(platform_doors[0])}{BASE_PATH}",
            token=secrets.token_hex(16),
            tickets=f"{url_of(doors[0])}/tickets",
            secret=secrets.token_hex(16),
            mapping=_make_relative(mapping),
        )
        settings = Settings(host=host, grace=_GRACE)
        app = create_app([_load_bridge(demo)], settings, observe=observe)
        platform = make_legacy_platform(demo.token)
        async with (
            _serving(server_config(platform, settings), platform_doors),
            _serving(server_config(app, settings), doors),
        ):
            yield demo


def mapping_file(packaged: Traversable = _PACKAGED, checkout: Path = _CHECKOUT) -> Traversable:
    """Return the demo's mapping: beside this module if installed, else in the checkout. Raises NoMappings."""
    for candidate in (packaged, checkout):
        if candidate.is_file():
            return candidate
    raise NoMappings(f"the demo's mapping is missing: neither {packaged} nor {checkout} is there")


def _load_bridge(demo: Demo) -> Bridge:
    """Return the compiled mapping; it sees no variable of the shell."""
    variables = {"DEMO_API": demo.api, "DEMO_TOKEN": demo.token, "DEMO_SECRET": demo.secret}
    return compile_mapping(load_mapping(demo.mapping, environment=Environment(variables)))


def _make_relative(path: Path) -> Path:
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


# --- sockets and servers --------------------------------------------------------------------------


def _open_listeners(host: str, port: int) -> list[socket.socket]:
    """Return sockets that listen on *port*, or on the next free one. Raises SettingsError."""
    if port not in range(65536):
        raise SettingsError(f"a port is a number from 0 to 65535, not {port}")
    return open_listeners(host, port, more_ports=_MORE_PORTS if port else 0)


class _Server(uvicorn.Server):
    """A uvicorn server that signals when it listens, and leaves signals to the owner of the process."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.listening = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and signal that the server listens; see uvicorn."""
        try:
            await super().startup(sockets)
        finally:
            self.listening.set()

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """Capture no signals: uvicorn's own method ends the process by the signal when the server is down."""
        yield


@asynccontextmanager
async def _serving(config: uvicorn.Config, doors: Sequence[socket.socket]) -> AsyncIterator[None]:
    server = _Server(config)
    task = asyncio.create_task(server.serve(list(doors)))
    try:
        await server.listening.wait()
        yield
    finally:
        server.should_exit = True
        await task
