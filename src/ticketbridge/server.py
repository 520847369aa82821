"""uvicorn around the application, without what it would log or believe by default."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping
from pathlib import Path
from types import FrameType
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from ticketbridge import logs
from ticketbridge.app import Application, create_app
from ticketbridge.catalog import load_bridges, mapping_files
from ticketbridge.collector import calm_collector
from ticketbridge.mapping import Environment
from ticketbridge.protocol import BoundedProtocol
from ticketbridge.settings import Settings, settings_from

_FLUSH = 2.0  # seconds that answers which are made have to reach their readers, at the end


def serve(settings: Settings, environment: Mapping[str, str]) -> int:
    """Run the proxy until it is told to stop; the exit code. Raises what loading the mappings raises."""
    app = application(settings, environment)
    calm_collector()
    if settings.workers == 1:
        Server(server_config(app, settings)).run()
        return 0
    # Workers are processes of their own, which read the settings from their environment.
    os.environ.update(settings.as_environment())
    options = {**_options(settings), "factory": True, "workers": settings.workers}
    uvicorn.run(f"{__name__}:worker", **options)
    return 0


class Server(uvicorn.Server):
    """uvicorn's server, which ends with 0 when it is told to end: that is no failure."""

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
        "http": BoundedProtocol,
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


def application(settings: Settings, environment: Mapping[str, str]) -> Application:
    """The application that *settings* ask for; raises what loading the mappings raises."""
    files = mapping_files(map(Path, settings.mappings))
    bridges = load_bridges(files, Environment(environment))
    return create_app(bridges, settings, drains=True)


def worker() -> Application:
    """The application of one of several worker processes."""
    settings = settings_from(os.environ)
    logs.configure(settings)
    app = application(settings, os.environ)
    calm_collector()
    return app
