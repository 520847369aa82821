"""The event loop of cases."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Coroutine
from typing import Any

import pytest

from ticketbridge.workbench.cases.runner import SkippingLoop


def _run(work: Coroutine[Any, Any, Any]) -> Any:
    with asyncio.Runner(loop_factory=SkippingLoop) as runner:
        return runner.run(work)


def test_a_wait_passes_time_and_takes_none() -> None:
    """An hour of waiting is an hour on the loop's clock alone."""

    async def wait() -> float:
        started = asyncio.get_running_loop().time()
        await asyncio.sleep(3600)
        return asyncio.get_running_loop().time() - started

    assert _run(wait()) == pytest.approx(3600)


def test_work_passes_no_time() -> None:
    """However long a computation takes, it is no nearer to a deadline."""

    async def work() -> float:
        sum(range(100_000))
        await asyncio.sleep(0)
        return asyncio.get_running_loop().time()

    assert _run(work()) == 0


def test_a_deadline_passes_where_the_wait_is_longer() -> None:
    """Timers go off in their order."""

    async def late() -> None:
        async with asyncio.timeout(1):
            await asyncio.sleep(2)

    with pytest.raises(TimeoutError):
        _run(late())


def test_a_thread_can_wake_the_loop() -> None:
    """Without a timer the loop waits for the world, as any loop does."""

    def late() -> int:
        time.sleep(0.05)  # until the loop has nothing else to do
        return 1

    async def ask() -> int:
        return await asyncio.to_thread(late)

    assert _run(ask()) == 1
