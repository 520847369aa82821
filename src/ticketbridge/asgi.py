"""`ticketbridge.asgi:app`, for who runs uvicorn, gunicorn or hypercorn: mappings by TICKETBRIDGE_MAPPINGS.

Bounds that `ticketbridge serve` keeps by its own server are that server's then: see
docs/how-to/run-under-another-server.md.
"""

from __future__ import annotations

import logging
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from starlette.types import Receive, Scope, Send

from ticketbridge.mapping import MappingError
from ticketbridge.service import logs
from ticketbridge.service.app import Application
from ticketbridge.service.catalog import NoMappings
from ticketbridge.service.collector import calm_collector, collecting
from ticketbridge.service.mapping_set import MappingLoader
from ticketbridge.service.reload import log_start, reloads
from ticketbridge.service.settings import doubts_of, doubts_of_variables, settings_from
from ticketbridge.terminal import UsageError

_ACCESS_LOGS = ("uvicorn.access", "gunicorn.access", "hypercorn.access")


class HostedApplication:
    """An application that reads its settings and mappings when its server starts it.

    *environment* has the variables. The application cannot know where the server listens: unless
    TICKETBRIDGE_HOST names an address, it assumes that everybody can reach it.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._app: Application | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI. Raises RuntimeError for a request if the application was not started."""
        if scope["type"] == "lifespan":
            try:
                self._app = self._load()
            except (MappingError, UsageError) as error:
                await receive()
                await send({"type": "lifespan.startup.failed", "message": str(error)})
                return
        if self._app is None:
            raise RuntimeError("the server has to run ASGI's lifespan (uvicorn: --lifespan on)")
        await self._app(scope, receive, send)

    def _load(self) -> Application:
        reached_by_all = {"TICKETBRIDGE_HOST": "0.0.0.0"}  # noqa: S104 - what has to be feared
        told = {name: value for name, value in self._environment.items() if value}
        settings = settings_from({**reached_by_all, **told})
        if not settings.mappings:
            raise NoMappings("set TICKETBRIDGE_MAPPINGS to a mapping or a folder of them")
        loader = MappingLoader(settings, self._environment)
        mappings = loader.load()
        # From here on: what keeps it from starting its server says in its own log, and ends at once.
        logs.configure(settings, in_background=True, is_hosted=True)
        for name in _ACCESS_LOGS:
            # They write URLs, and a URL holds the user. A level would be set anew by some servers.
            logging.getLogger(name).disabled = True
        logs.log_doubts(doubts_of(settings))
        logs.log_doubts(doubts_of_variables(self._environment, mappings.contents))
        reloading = reloads(loader, by_signal=False, watch=settings.watch)
        app = Application(settings, around=[_collected, reloading])
        app.serve(mappings)
        log_start(mappings)
        return app


@asynccontextmanager
async def _collected(_app: Application) -> AsyncIterator[None]:
    calm_collector()
    async with collecting():
        yield


app = HostedApplication(os.environ)
