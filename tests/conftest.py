"""Fixtures that all tests share."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.fake_platform import FakePlatform


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
