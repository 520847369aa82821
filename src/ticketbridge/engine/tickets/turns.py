"""Give other answers turns of the event loop while a long list of records is processed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterable
from typing import TypeVar

_RECORDS = 50  # between two turns that other answers get
_SECONDS = 0.02  # likewise

T = TypeVar("T")


async def with_turns(items: Iterable[T]) -> AsyncIterator[T]:
    """Yield *items*; after some number of them, or some time, let other answers run."""
    last = time.perf_counter()
    for number, item in enumerate(items, 1):
        yield item
        if number % _RECORDS == 0 or time.perf_counter() - last > _SECONDS:
            await asyncio.sleep(0)
            last = time.perf_counter()
