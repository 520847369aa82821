"""Control Python's collector of reference cycles: answers have none, but a flood of requests does."""

from __future__ import annotations

import asyncio
import ctypes
import gc
import mmap
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import cast

GROWTH = 16_000_000
"""Growth of memory, in bytes, after which the process looks for free memory."""

LONGEST = 60.0
"""Seconds after which it looks in any case."""

_EVERY = 0.5  # seconds between two looks at the memory, which take some microseconds
_SHARE = 20  # a collection of one second is followed by so many without one
_STATM, _PAGE = Path("/proc/self/statm"), mmap.PAGESIZE


def calm_collector() -> None:
    """Let Python look for reference cycles rarely, and never among objects loaded at start.

    An answer is a large tree of plain values without cycles. By default the collector walks the whole tree
    again and again while it is built, so 10,000 tickets cost twice as much as needed. With this setting it
    never looks at old objects either; `collecting` does that.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 50)


@asynccontextmanager
async def collecting() -> AsyncIterator[None]:
    """Collect everything whenever memory has grown by GROWTH, and every LONGEST seconds."""
    task = asyncio.create_task(_collect_again_and_again())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _collect_again_and_again() -> None:
    memory, at = resident(), time.monotonic()
    while True:
        await asyncio.sleep(_EVERY)
        if resident() - memory < GROWTH and time.monotonic() - at < LONGEST:
            continue
        started = time.monotonic()
        collect()
        memory, at = resident(), time.monotonic()
        await asyncio.sleep((at - started) * _SHARE)


def collect() -> None:
    """Collect all reference cycles, and give free memory back to the system."""
    gc.collect()
    if _trim is not None:
        _trim(0)


def _find_trim() -> Callable[[int], object] | None:
    """Return the C library's function that gives free memory back; other libraries do it themselves."""
    try:
        return cast("Callable[[int], object]", ctypes.CDLL(None).malloc_trim)
    except (AttributeError, OSError, TypeError):
        return None


_trim = _find_trim()


def resident() -> int:
    """Return the bytes that the process has in memory; 0 if the system does not say."""
    try:
        return int(_STATM.read_bytes().split()[1]) * _PAGE
    except OSError:
        return 0
