"""Fixtures that all tests share."""

from __future__ import annotations

import io
import logging
from collections.abc import AsyncIterator, Iterator

import pytest

from tests.fake_platform import FakePlatform
from ticketbridge import logs
from ticketbridge.settings import Settings


@pytest.fixture
def anyio_backend() -> str:
    """Tests marked with anyio run on asyncio alone: the server does."""
    return "asyncio"


@pytest.fixture
async def platform(anyio_backend: str) -> AsyncIterator[FakePlatform]:
    """A ticketing platform on a real socket that answers what the test says, and no more."""
    del anyio_backend
    async with FakePlatform() as fake:
        yield fake
    assert fake.unexpected == []


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """What is logged as JSON while the test runs; logging is as before afterwards."""
    names = (
        "ticketbridge",
        "uvicorn.error",
        "uvicorn.access",
        "httpx",
        "httpcore",
        "asyncio",
    )
    before = [
        (logger, logger.handlers[:], logger.propagate, logger.level)
        for logger in map(logging.getLogger, names)
    ]
    stream = io.StringIO()
    logs.configure(Settings(log_format="json"), stream)
    yield stream
    for logger, handlers, propagate, level in before:
        logger.handlers[:] = handlers
        logger.propagate = propagate
        logger.setLevel(level)
