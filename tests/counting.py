"""The application with its metrics, on real sockets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx

from tests.fake_platform import FakePlatform
from tests.support import NO_TLS, Changes, PromptServer, spec_of
from ticketbridge.engine.bridge import compile_mapping
from ticketbridge.service.app import Application, create_app
from ticketbridge.service.metrics_server import MetricsPort
from ticketbridge.service.server import server_config
from ticketbridge.service.settings import Settings


@asynccontextmanager
async def counting(
    platform: FakePlatform, changes: Changes | None = None, workers: int = 1
) -> AsyncIterator[tuple[httpx.AsyncClient, str, Application]]:
    """The application with its metrics: a client for it, the URL of the other port, and itself."""
    settings = Settings(port=0, metrics_port=0, grace=1, workers=workers)
    metrics = MetricsPort()
    app = create_app(
        [compile_mapping(spec_of(changes, base_url=platform.url))], settings, metrics=metrics
    )
    metrics.open(settings)  # on any port that is free
    server = PromptServer(server_config(app, settings))
    running = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.005)
    url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    (place,) = metrics.places
    try:
        async with httpx.AsyncClient(base_url=url, trust_env=False, verify=NO_TLS) as client:
            yield client, place.removesuffix("/metrics"), app
    finally:
        await server.leave()
        await running
        metrics.close()
    assert metrics.folder is None or not metrics.folder.exists()
