"""uvicorn around the application, with its access log and its trust in headers switched off."""

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
from collections.abc import Callable, Mapping, MutableSequence, Sequence
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from multiprocessing.context import SpawnContext
from types import FrameType
from typing import TYPE_CHECKING, Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.config import STARTUP_FAILURE

from ticketbridge.service import logs
from ticketbridge.service.accepting import GONE, Acceptor, Part
from ticketbridge.service.announcement import announce
from ticketbridge.service.app import Application, Watchers, owned, watched_application
from ticketbridge.service.collector import calm_collector
from ticketbridge.service.exporter_lines import mask_exporter
from ticketbridge.service.hangup import held_back
from ticketbridge.service.listening import allow_open_files, close_all, open_listeners
from ticketbridge.service.mapping_set import KeptMapping, MappingLoader, MappingSet
from ticketbridge.service.protocol import BoundedProtocol
from ticketbridge.service.reload import read_again, reloads
from ticketbridge.service.settings import Settings, SettingsError, doubts_of_variables
from ticketbridge.service.supervisor import Supervisor
from ticketbridge.service.trace_context import doubts_of_traces, wants_spans
from ticketbridge.service.watch import watching

if TYPE_CHECKING:
    from ticketbridge.service.metrics_server import MetricsPort
    from ticketbridge.service.spans import Spans

_OTHER_FILES = 200  # that a process has open beside its connections, with room
_FLUSH = 2.0  # seconds that answers which are made have to reach their readers, at the end


def serve(settings: Settings, environment: Mapping[str, str]) -> int:
    """Run the proxy until it is told to stop, and return the exit code.

    Raises what loading the mappings raises, and SettingsError if it cannot listen.
    """
    with held_back():
        metrics = _metrics_port(settings)
        # Each of several workers has its own.
        spans = _find_spans(environment) if settings.workers == 1 else None
        loader = MappingLoader(settings, environment, spans.follow if spans else None)
        mappings = loader.load()
        logs.log_doubts(doubts_of_variables(environment, mappings.contents))
        logs.log_doubts(doubts_of_traces(environment))
        listeners = open_listeners(settings.host, settings.port)
        try:
            if metrics is not None:
                metrics.open(settings)
            return _run(loader, mappings, settings, listeners, metrics, spans)
        finally:
            close_all(listeners)
            if metrics is not None:
                metrics.close()
            logs.flush()


def _metrics_port(settings: Settings) -> MetricsPort | None:
    """Return the port of the metrics, or None. Without metrics, the code for them is not loaded."""
    if not settings.metrics_port:
        return None
    from ticketbridge.service.metrics_server import MetricsPort  # noqa: PLC0415 - see above

    return MetricsPort()


def _find_spans(environment: Mapping[str, str]) -> Spans | None:
    """Return the maker of spans if *environment* asks for spans. Without it, its code is not loaded.

    Raises SettingsError, without a value, if OpenTelemetry cannot use its variables.
    """
    if not wants_spans(environment):
        return None
    try:
        from ticketbridge.service.spans import open_spans  # noqa: PLC0415 - see above

        return open_spans(environment)
    except ImportError:
        hint = "pip install 'ticketbridge[otel]', or unset the variables OTEL_*"
        logs.log_event("traces are asked for and not recorded", {"hint": hint}, logging.WARNING)
        return None
    except Exception as error:  # noqa: BLE001 - of any kind: its text may have a value
        reason = mask_exporter(str(error))
        raise SettingsError(f"OpenTelemetry cannot use its variables OTEL_*: {reason}") from None


def _run(
    loader: MappingLoader,
    mappings: MappingSet,
    settings: Settings,
    listeners: list[socket.socket],
    metrics: MetricsPort | None,
    spans: Spans | None,
) -> int:
    logs.configure(settings, in_background=True)
    _see_to_files(settings)
    if settings.workers > 1:
        announce(mappings, settings, listeners, metrics)
        return _supervise(loader, mappings, settings, listeners, metrics)
    app = application(loader, mappings, settings, metrics=metrics, spans=spans)
    calm_collector()
    started = partial(announce, mappings, settings, listeners, metrics)
    Server(server_config(app, settings), started).run(listeners)
    return 0  # pragma: no cover - see `work`


def application(
    loader: MappingLoader,
    mappings: MappingSet,
    settings: Settings,
    *,
    watch: bool = True,
    metrics: MetricsPort | None = None,
    spans: Spans | None = None,
) -> Application:
    """Return the application of a process of our own. It reads its mappings again when it is told to.

    If *watch* is False, only the supervisor looks for changed files. *metrics* is the port of its
    metrics. *spans* makes its answers spans.
    """
    reloading = reloads(loader, by_signal=True, watch=watch and settings.watch)
    app = watched_application(settings, [owned, reloading], Watchers(spans=spans), metrics)
    app.serve(mappings)
    return app


def _see_to_files(settings: Settings) -> None:
    """Allow open files for all connections, from callers and to platforms, or warn that there are too few."""
    wanted = 2 * settings.max_connections + _OTHER_FILES
    allowed = allow_open_files(wanted)
    if allowed < wanted:
        hint = "raise the limit (`ulimit -n`), or lower TICKETBRIDGE_MAX_CONNECTIONS"
        fields = {"allowed": allowed, "wanted": wanted, "hint": hint}
        logs.log_event("too few files may be open", fields, logging.WARNING)


class Server(uvicorn.Server):
    """uvicorn's server, but it ends with 0 when it is told to end: that is no failure.

    *started* is called when it takes connections. *part* is given if it is one of several processes.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        started: Callable[[], object] | None = None,
        *,
        part: Part | None = None,
    ) -> None:
        super().__init__(config)
        self._call_started = started
        self._part = part
        self._acceptor: Acceptor | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and accept connections by turns with the other processes if there are some; see uvicorn."""
        await super().startup(sockets if self._part is None else [])
        if self._part is not None:
            open_now = self.server_state.connections
            self._acceptor = Acceptor(
                sockets or [], self._protocol, lambda: len(open_now), self._part
            )
        if self._call_started is not None:
            self._call_started()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept no more connections, and shut down; see uvicorn."""
        if self._acceptor is not None:
            self._acceptor.stop()
        await super().shutdown(sockets)

    def _protocol(self) -> asyncio.Protocol:
        """Return the protocol of one more connection, as uvicorn makes it."""
        make: Any = self.config.http_protocol_class
        state = self.lifespan.state
        protocol: asyncio.Protocol = make(
            config=self.config, server_state=self.server_state, app_state=state
        )
        return protocol

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Ask the server to exit; a second SIGINT forces it.

        uvicorn's own handler would send the process the same signal again at the end.
        """
        del frame
        if self.should_exit and sig == signal.SIGINT:
            self.force_exit = True
        self.should_exit = True


def server_config(app: ASGIApp, settings: Settings) -> uvicorn.Config:
    """Return uvicorn's configuration for *app*."""
    protocol: Any = partial(BoundedProtocol, most_connections=settings.max_connections)
    return uvicorn.Config(
        app,
        host=settings.host,
        port=settings.port,
        http=protocol,
        ws="none",
        lifespan="on",
        workers=1,
        log_config=None,
        access_log=False,
        # Whom X-Forwarded-For is believed from is a setting of ours, and nobody by default.
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=settings.keep_alive,  # type: ignore[arg-type]  # it may be a fraction
        timeout_graceful_shutdown=max(1, round(min(settings.grace, _FLUSH))),
    )


# --- several workers ------------------------------------------------------------------------------


def _supervise(
    loader: MappingLoader,
    mappings: MappingSet,
    settings: Settings,
    listeners: Sequence[socket.socket],
    metrics: MetricsPort | None,
) -> int:
    """Run the workers. Each starts with the mappings that this process read last, if it still can."""
    spawn = multiprocessing.get_context("spawn")
    shared = replace(settings, log_key=settings.log_key or secrets.token_hex(32))
    latest = mappings

    counts = shared_counts(spawn, settings.workers)

    def start(slot: int) -> multiprocessing.process.BaseProcess:
        part = Part(counts, slot)
        given = shared, listeners, latest.kept(), part, metrics
        process = spawn.Process(target=work, args=given)
        process.start()
        return process

    def ended(slot: int, _pid: int) -> None:
        counts[slot] = GONE

    def reload() -> None:
        nonlocal latest
        latest = read_again(loader, latest)

    def wish() -> None:
        os.kill(os.getpid(), signal.SIGHUP)

    supervisor = Supervisor(settings.workers, start, reload, settings.grace, ended)
    with watching(loader, lambda: latest, wish) if settings.watch else nullcontext():
        return supervisor.run()


def shared_counts(context: SpawnContext, number: int) -> MutableSequence[int]:
    """Return numbers that processes share. If the system has no shared memory, each has its own."""
    try:
        shared: MutableSequence[int] = context.RawArray("i", [GONE] * number)
    except OSError:
        # It is a file in /dev/shm or /tmp: workers serve all the same, but take connections as they come.
        return [GONE] * number
    return shared


def work(
    settings: Settings,
    listeners: list[socket.socket],
    kept: Sequence[KeptMapping],
    part: Part,
    metrics: MetricsPort | None,
) -> None:
    """Serve as one of several worker processes, which share *metrics*.

    *kept* is what the supervisor read last.
    """
    _leave_with_the_supervisor()
    logs.configure(settings, in_background=True)
    try:
        spans = _find_spans(os.environ)
        loader = MappingLoader(settings, os.environ, spans.follow if spans else None)
        mappings = loader.load(loader.restore(kept))
    except Exception:  # noqa: BLE001 - whatever it is, the supervisor tries again
        logs.LOGGER.exception("this worker cannot start")
        logs.flush()
        sys.exit(STARTUP_FAILURE)
    app = application(loader, mappings, settings, watch=False, metrics=metrics, spans=spans)
    calm_collector()
    Server(server_config(app, settings), part=part).run(listeners)
    # Until 3.11 Python loses the trace of a function when tasks are cancelled in its event loop.
    logs.flush()  # pragma: no cover - see above


def _leave_with_the_supervisor() -> None:
    """End this process as SIGTERM does, if its supervisor was killed."""
    supervisor = multiprocessing.parent_process()
    if supervisor is None:
        return

    def watch(gone: int) -> None:
        multiprocessing.connection.wait([gone])
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, args=(supervisor.sentinel,), daemon=True).start()
