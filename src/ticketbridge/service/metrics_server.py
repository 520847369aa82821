"""Serve `/metrics`, `/healthz` and `/readyz` on a separate port, hidden from those who pull tickets.

Each worker serves it on the same sockets, so any of them answers for all.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from ticketbridge.engine.answer_trace import new_id
from ticketbridge.engine.problems import MethodNotAllowed, NotFound
from ticketbridge.service.connection_counts import ConnectionCounts
from ticketbridge.service.listening import HostError, close_all, open_listeners, place_of
from ticketbridge.service.logs import log_event
from ticketbridge.service.metrics import Samples
from ticketbridge.service.metrics_export import WorkerFile, make_folder, merge
from ticketbridge.service.protocol import BoundedProtocol
from ticketbridge.service.replies import METHODS, Reply, problem_reply
from ticketbridge.service.settings import Settings, SettingsError

PATH: Final = "/metrics"
EVERY: Final = 1.0  # seconds after which a worker writes its numbers for the others
_PROBES: Final = frozenset({"/healthz", "/readyz"})
_MOST_CONNECTIONS: Final = 50


@dataclass(slots=True)
class MetricsPort:
    """The port of the metrics. *folder* has the numbers of several workers."""

    listeners: list[socket.socket] = field(default_factory=list)
    folder: Path | None = None

    def open(self, settings: Settings) -> None:
        """Open the sockets and, for several workers, the folder. Raises SettingsError if it cannot."""
        try:
            self.listeners += open_listeners(settings.metrics_host, settings.metrics_port)
        except HostError as error:
            hint = "TICKETBRIDGE_METRICS_HOST names another address"
            raise SettingsError(f"metrics: {error} ({hint})") from error
        except SettingsError as error:
            hint = "TICKETBRIDGE_METRICS_PORT names another port, and 0 leaves the metrics out"
            reason = str(error)
            if settings.metrics_port == settings.port:
                reason = f"port {settings.port} is already that of the service"
            raise SettingsError(f"metrics: {reason} ({hint})") from error
        if settings.workers > 1:
            self.folder = make_folder()

    def close(self) -> None:
        """Release everything."""
        close_all(self.listeners)
        if self.folder is not None:
            shutil.rmtree(self.folder, ignore_errors=True)

    @asynccontextmanager
    async def serving(self, read: Callable[[], Samples], app: ASGIApp) -> AsyncIterator[None]:
        """Serve the metrics while the context holds.

        *read* gives the numbers of this process, *app* answers the probes.
        """
        worker = self._worker_file()
        server = _server(_MetricsFace(worker, read, app))
        await server.startup(self.listeners)
        writing = asyncio.create_task(_write_again_and_again(worker, read))
        try:
            yield
        finally:
            writing.cancel()
            with suppress(asyncio.CancelledError):
                await writing
            await server.shutdown(self.listeners)
            if worker is not None:
                worker.write(read())
                worker.close()

    def _worker_file(self) -> WorkerFile | None:
        """Return the file that this process shares with the other workers; None if there are no others."""
        if self.folder is None:
            return None
        try:
            return WorkerFile(self.folder)
        except OSError as error:
            # Answers count for more than their count.
            fields = {"reason": error.strerror, "hint": "this worker gives its own numbers alone"}
            log_event("no place for the metrics of the workers", fields, logging.WARNING)
            return None

    @property
    def places(self) -> list[str]:
        """The URLs of the metrics."""
        return [f"{place_of(listener)}{PATH}" for listener in self.listeners]


class MetricsProtocol(BoundedProtocol):
    """A BoundedProtocol with counts of its own, so that it answers even if there is no room for callers."""

    shared = ConnectionCounts()


def _server(face: ASGIApp) -> uvicorn.Server:
    """Return a server beside the one that runs: it has no signals, no lifespan and no ticks of its own."""
    config = uvicorn.Config(
        face,
        http=partial(MetricsProtocol, most_connections=_MOST_CONNECTIONS),  # type: ignore[arg-type]  # makes one
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=False,  # the ticks would bring it up to date
        timeout_graceful_shutdown=1,
    )
    config.load()
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    return server


async def _write_again_and_again(worker: WorkerFile | None, read: Callable[[], Samples]) -> None:
    """Write the numbers for the other workers every second, if there are any."""
    while worker is not None:
        await asyncio.to_thread(worker.write, read())  # a disk may be slow
        await asyncio.sleep(EVERY)


class _MetricsFace:
    """The answers of the port, as an ASGI application."""

    def __init__(
        self, worker: WorkerFile | None, read: Callable[[], Samples], app: ASGIApp
    ) -> None:
        self._worker = worker
        self._read = read
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["path"] in _PROBES:
            await self._app(scope, receive, send)
            return
        request_id = new_id()
        reply = await self._reply(scope, request_id)
        await reply.send(scope, send, request_id)

    async def _reply(self, scope: Scope, request_id: str) -> Reply:
        if scope["path"] != PATH:
            return problem_reply(NotFound(), request_id)
        if scope["method"] not in METHODS:
            return problem_reply(MethodNotAllowed(), request_id)
        accept = b",".join(value for name, value in scope["headers"] if name == b"accept")
        # Of many platforms and workers it takes a while, in which answers have their turns.
        text, media_type = await asyncio.to_thread(
            _together, self._read(), self._worker, accept.decode("latin-1")
        )
        return Reply(200, text, media_type.encode())


def _together(own: Samples, worker: WorkerFile | None, accept: str) -> tuple[bytes, str]:
    # In the thread that writes it: it takes longer to load than all the rest of this port.
    from ticketbridge.service.metrics_text import exposition  # noqa: PLC0415 - see above

    others = [] if worker is None else worker.others()
    return exposition(merge([(own, True), *others]), accept)
