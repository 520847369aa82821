"""The deadline of an answer, told from other reasons for which its task may end."""

from __future__ import annotations

import asyncio

import pytest

from ticketbridge.engine.deadline import Deadline

pytestmark = pytest.mark.anyio

PATIENCE = 20


async def test_what_takes_too_long_is_ended() -> None:
    """It raises TimeoutError, after which the task goes on as if nothing had been."""
    deadline = Deadline(0.01)
    with pytest.raises(TimeoutError), deadline:
        await asyncio.sleep(PATIENCE)
    await asyncio.sleep(0)

    task = asyncio.current_task()
    assert deadline.has_passed
    assert task is not None
    assert task.cancelling() == 0


async def test_what_is_in_time_is_left_alone() -> None:
    """What it gives or raises comes out, and later nothing is ended."""
    deadline = Deadline(0.01)
    with pytest.raises(KeyError), deadline:
        raise KeyError
    await asyncio.sleep(0.03)

    assert not deadline.has_passed


@pytest.mark.parametrize("passes_too", [False, True])
async def test_who_is_stopped_by_somebody_else_is_not_late(*, passes_too: bool) -> None:
    """A caller who leaves ends the answer, also where its deadline passes in the same moment."""
    deadline = Deadline(PATIENCE)
    began = asyncio.Event()

    async def answer() -> None:
        with deadline:
            began.set()
            await asyncio.sleep(PATIENCE)

    task = asyncio.create_task(answer())
    await began.wait()
    task.cancel()
    if passes_too:
        deadline._end()

    with pytest.raises(asyncio.CancelledError):
        await task
    assert deadline.has_passed is passes_too
