"""The studio as a program: a server on loopback that ends with Ctrl+C."""

from __future__ import annotations

import asyncio
import signal
import socket
import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path

import uvicorn

from ticketbridge.service.listening import close_all, open_listeners
from ticketbridge.workbench.studio.studio_app import make_studio_app
from ticketbridge.workbench.studio.studio_guard import make_token
from ticketbridge.workbench.studio.workshop import Workshop

LOOPBACK = "127.0.0.1"


class StudioServer(uvicorn.Server):
    """A server that ends in peace when it is told to stop: uvicorn's own raises the signal once more."""

    @contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        """See uvicorn."""
        is_main = threading.current_thread() is threading.main_thread()
        numbers = (signal.SIGINT, signal.SIGTERM) if is_main else ()
        before = {number: signal.signal(number, self.handle_exit) for number in numbers}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)


def serve_studio(
    mapping: Path, port: int, variables: Mapping[str, str], announce: Callable[[str], None]
) -> None:
    """Serve the page about *mapping* until the process is told to stop; *announce* gets its URL.

    *port* 0 takes any that is free. Raises SettingsError if it cannot listen.
    """
    doors = open_listeners(LOOPBACK, port)
    try:
        server, url = make_studio_server(mapping, doors[0], variables)
        announce(url)
        asyncio.run(server.serve(doors))
    finally:
        close_all(doors)


def make_studio_server(
    mapping: Path, door: socket.socket, variables: Mapping[str, str]
) -> tuple[uvicorn.Server, str]:
    """Return the server for the socket *door*, and the URL of its page."""
    port, token = door.getsockname()[1], make_token()
    hosts = [f"{LOOPBACK}:{port}", f"localhost:{port}"]
    app = make_studio_app(Workshop(mapping, variables), token, hosts)
    # The token is in each URL: no log of requests.
    config = uvicorn.Config(
        app,
        access_log=False,
        log_config=None,
        lifespan="off",
        ws="none",
        server_header=False,
        timeout_graceful_shutdown=3,
    )
    return StudioServer(config), f"http://{LOOPBACK}:{port}/{token}/"
