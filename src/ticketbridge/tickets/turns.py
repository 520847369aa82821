"""Long lists of records leave turns of the event loop to other answers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import TypeVar

_RECORDS = 50  # between two turns that other answers get

T = TypeVar("T")


async def with_turns(items: Iterable[T]) -> AsyncIterator[T]:
    """*items*, with a turn for other answers every now and then."""
    for number, item in enumerate(items, 1):
        yield item
        if number % _RECORDS == 0:
            await asyncio.sleep(0)
