"""What the service has under way: how much of it at once, and how it comes to an end."""

from __future__ import annotations

import asyncio
import time
from types import TracebackType

from ticketbridge.problems import Overloaded

WELCOME = 1.5
"""Seconds after it is told to leave in which new pulls are still answered: they are on their way."""


class Load:
    """The answers under way. `with load:` around each of them.

    Beyond *most* an answer is refused at once, and none is queued. Raises Overloaded.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._tasks: set[asyncio.Task[object]] = set()
        self._closes_at: float | None = None
        self._is_stopped = False
        self._ended = asyncio.Event()

    @property
    def is_leaving(self) -> bool:
        """Whether the service has been told to leave: callers should go elsewhere."""
        return self._closes_at is not None

    def leave(self) -> None:
        """Finish what is under way, and soon take nothing new."""
        if self._closes_at is None:
            self._closes_at = time.monotonic() + WELCOME

    def stop(self) -> None:
        """End what is under way: each answer becomes Overloaded."""
        self._is_stopped = True
        for task in self._tasks:
            task.cancel()

    async def finished(self) -> None:
        """Return once nothing is under way, after `leave`."""
        if self._tasks:
            await self._ended.wait()

    def __enter__(self) -> None:
        if len(self._tasks) >= self._most:
            raise Overloaded
        if self._closes_at is not None and time.monotonic() >= self._closes_at:
            raise Overloaded("This instance is about to stop")
        self._tasks.add(_this_task())

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        del kind, traceback
        task = _this_task()
        self._tasks.discard(task)
        if self.is_leaving and not self._tasks:
            self._ended.set()
        if self._is_stopped and isinstance(error, asyncio.CancelledError):
            task.uncancel()
            raise Overloaded("This instance had to stop") from None


def _this_task() -> asyncio.Task[object]:
    task = asyncio.current_task()
    assert task is not None, "an endpoint runs in a task"  # noqa: S101 - ASGI servers see to it
    return task
