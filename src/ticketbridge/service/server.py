"""uvicorn around the application, without what it would log or believe by default."""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import multiprocessing.connection
import os
import secrets
import signal
import socket
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

from ticketbridge.mapping import Environment, MappingError
from ticketbridge.service import logs
from ticketbridge.service.announcement import announce
from ticketbridge.service.app import Application, PathTaken, create_app
from ticketbridge.service.catalog import NoMappings, load_bridges, mapping_files
from ticketbridge.service.collector import calm_collector
from ticketbridge.service.listening import allow_open_files, close_all, open_listeners
from ticketbridge.service.protocol import BoundedProtocol
from ticketbridge.service.settings import Settings, SettingsError, settings_from
from ticketbridge.service.trace_context import wants_spans

if TYPE_CHECKING:
    from ticketbridge.service.metrics_server import MetricsPort
    from ticketbridge.service.spans import Spans

_START = 30  # seconds that a worker has to start, when it replaces another one
_OTHER_FILES = 200  # that a process has open beside its connections, with room
_FLUSH = 2.0  # seconds that answers which are made have to reach their readers, at the end


def serve(settings: Settings, environment: Mapping[str, str]) -> int:
    """Run the proxy until it is told to stop, and return the exit code.

    Raises what loading the mappings raises, and SettingsError where it cannot listen.
    """
    metrics = _metrics_port(settings)
    # Each of several workers has its own.
    spans = _find_spans(environment) if settings.workers == 1 else None
    app = application(settings, environment, metrics, spans)
    listeners = open_listeners(settings.host, settings.port)
    try:
        if metrics is not None:
            metrics.open(settings)
        return _run(app, settings, listeners, metrics)
    finally:
        close_all(listeners)
        if metrics is not None:
            metrics.close()
        logs.flush()


def _metrics_port(settings: Settings) -> MetricsPort | None:
    """Return where the metrics will be served. Without them nothing of what serves them is loaded."""
    if not settings.metrics_port:
        return None
    from ticketbridge.service.metrics_server import MetricsPort  # noqa: PLC0415 - see above

    return MetricsPort()


def _find_spans(environment: Mapping[str, str]) -> Spans | None:
    """Return what makes spans, where *environment* asks for it. Without that nothing of it is loaded."""
    if not wants_spans(environment):
        return None
    try:
        from ticketbridge.service.spans import open_spans  # noqa: PLC0415 - see above
    except ImportError:
        hint = "pip install 'ticketbridge[otel]', or unset the variables OTEL_*"
        logs.log_event("traces are asked for and not recorded", {"hint": hint}, logging.WARNING)
        return None
    return open_spans(environment)


def _run(
    app: Application,
    settings: Settings,
    listeners: list[socket.socket],
    metrics: MetricsPort | None,
) -> int:
    logs.configure(settings, in_background=True)
    _see_to_files(settings)
    if settings.workers == 1:
        calm_collector()

        def started() -> None:
            _outlive_hangups()
            announce(app, settings, listeners, metrics)

        Server(server_config(app, settings), started).run(listeners)
        return 0
    announce(app, settings, listeners, metrics)
    return _supervise(settings, listeners, metrics)


def _see_to_files(settings: Settings) -> None:
    """Have files for all connections, from callers and to platforms, or say that there are too few."""
    wanted = 2 * settings.max_connections + _OTHER_FILES
    allowed = allow_open_files(wanted)
    if allowed < wanted:
        hint = "raise the limit (`ulimit -n`), or lower TICKETBRIDGE_MAX_CONNECTIONS"
        fields = {"allowed": allowed, "wanted": wanted, "hint": hint}
        logs.log_event("too few files may be open", fields, logging.WARNING)


def _outlive_hangups() -> None:
    """Have SIGHUP end nothing. For inside the running event loop."""

    def told() -> None:
        hint = "mappings are read at start: stop the process with SIGTERM, and start it again"
        logs.log_event("SIGHUP changes nothing", {"hint": hint}, logging.WARNING)

    if hasattr(signal, "SIGHUP"):
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, told)


class Server(uvicorn.Server):
    """uvicorn's server, which ends with 0 when it is told to end: that is no failure.

    *started* is called once it takes connections.
    """

    def __init__(self, config: uvicorn.Config, started: Callable[[], object] | None = None) -> None:
        super().__init__(config)
        self._call_started = started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """See uvicorn."""
        await super().startup(sockets)
        if self._call_started is not None:
            self._call_started()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """See uvicorn, which would send itself the same signal once more when all is done."""
        del frame
        if self.should_exit and sig == signal.SIGINT:
            self.force_exit = True
        self.should_exit = True


def server_config(app: ASGIApp, settings: Settings) -> uvicorn.Config:
    """How uvicorn runs *app*."""
    return uvicorn.Config(app, **_options(settings))


def _options(settings: Settings) -> dict[str, Any]:
    return {
        "host": settings.host,
        "port": settings.port,
        "http": partial(BoundedProtocol, most_connections=settings.max_connections),
        "ws": "none",
        "lifespan": "on",
        "workers": 1,
        "log_config": None,
        "access_log": False,
        # Whom X-Forwarded-For is believed from is a setting of ours, and nobody by default.
        "proxy_headers": False,
        "server_header": False,
        "timeout_graceful_shutdown": max(1, round(min(settings.grace, _FLUSH))),
    }


def application(
    settings: Settings,
    environment: Mapping[str, str],
    metrics: MetricsPort | None = None,
    spans: Spans | None = None,
) -> Application:
    """The application that *settings* ask for; raises what loading the mappings raises."""
    files = mapping_files(map(Path, settings.mappings))
    bridges = load_bridges(files, Environment(environment))
    return create_app(bridges, settings, drains=True, metrics=metrics, spans=spans)


# --- several workers ------------------------------------------------------------------------------


def _supervise(
    settings: Settings, listeners: list[socket.socket], metrics: MetricsPort | None
) -> int:
    """Run the workers: processes of their own, which read the settings from their environment."""
    shared = replace(settings, log_key=settings.log_key or secrets.token_hex(32))
    os.environ.update(shared.as_environment())
    os.environ.pop("TICKETBRIDGE_LOG_KEY_FILE", None)  # its content is in the variable now
    options = {
        **_options(settings),
        "factory": True,
        "workers": settings.workers,
        "timeout_worker_healthcheck": _START,
    }
    config = uvicorn.Config(partial(worker, metrics), **options)
    supervisor = Multiprocess(config, listeners)
    supervisor.run()
    failed = [worker for worker in supervisor.processes if worker.exitcode == STARTUP_FAILURE]
    return 1 if failed else 0


def worker(metrics: MetricsPort | None) -> Application:
    """The application of one of several worker processes, which share *metrics*.

    Where it cannot be made any more, the process ends; the supervisor keeps the workers that it has.
    """
    if hasattr(signal, "SIGHUP"):
        signal.signal(signal.SIGHUP, signal.SIG_IGN)  # the supervisor replaces its workers upon it
    _leave_with_the_supervisor()
    settings = settings_from(os.environ)
    logs.configure(settings, in_background=True)
    try:
        app = application(settings, os.environ, metrics, _find_spans(os.environ))
    except (MappingError, NoMappings, PathTaken, SettingsError) as error:
        logs.log_event("this worker cannot start", {"reason": str(error)}, logging.ERROR)
        logs.flush()
        sys.exit(STARTUP_FAILURE)
    calm_collector()
    return app


def _leave_with_the_supervisor() -> None:
    """End this process as SIGTERM does, if its supervisor was killed."""
    supervisor = multiprocessing.parent_process()
    if supervisor is None:
        return

    def watch(gone: int) -> None:
        multiprocessing.connection.wait([gone])
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, args=(supervisor.sentinel,), daemon=True).start()
