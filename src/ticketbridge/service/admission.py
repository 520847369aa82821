"""What the service has under way: how much of it at once, and how it comes to an end."""

from __future__ import annotations

import asyncio
import math
import time
from types import TracebackType

from ticketbridge.engine.problems import Overloaded

WELCOME = 1.5
"""Seconds after it is told to leave in which new pulls are still answered: they are on their way."""


class Admission:
    """The answers under way, of all platforms together. Each platform has a `share` of it.

    *most*: the number of answers at once from which a platform gets no more than its share.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._shares = 0
        self._tasks: set[asyncio.Task[object]] = set()
        self._closes_at: float | None = None
        self._is_stopped = False
        self._ended = asyncio.Event()

    def share(self) -> Share:
        """Return the share of one more platform. All shares are equal."""
        self._shares += 1
        return Share(self)

    def take_back(self) -> None:
        """Have one platform fewer."""
        self._shares -= 1

    @property
    def is_full(self) -> bool:
        """Whether a platform may have no more than its share."""
        return len(self._tasks) >= self._most

    @property
    def places_of_a_share(self) -> int:
        """The number of answers at once that no other platform can take from a platform: at least 1."""
        return math.ceil(self._most / max(1, self._shares))

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

    def begin(self) -> None:
        """Count the current task's answer as under way. Raises Overloaded when the service has left."""
        if self._closes_at is not None and time.monotonic() >= self._closes_at:
            raise Overloaded("This instance is about to stop")
        self._tasks.add(_this_task())

    def end(self, error: BaseException | None) -> None:
        """Count the current task's answer as done. Raises Overloaded when `stop` cancelled it."""
        task = _this_task()
        self._tasks.discard(task)
        if self.is_leaving and not self._tasks:
            self._ended.set()
        if self._is_stopped and isinstance(error, asyncio.CancelledError):
            task.uncancel()
            raise Overloaded("This instance had to stop") from None


class Share:
    """The answers of one platform that are under way. `with share:` around each of them.

    While the service is full, a platform that has its share gets no more: the answer is refused at
    once, and none is queued. A platform below its share always gets one, so that a platform that hangs
    takes no place of its neighbours. Raises Overloaded. *under_way* is their number.
    """

    def __init__(self, load: Admission) -> None:
        self.load = load
        self.under_way = 0

    def give_up(self) -> None:
        """Leave the other platforms larger shares. What is under way goes on."""
        self.load.take_back()

    def __enter__(self) -> None:
        if self.load.is_full and self.under_way >= self.load.places_of_a_share:
            raise Overloaded
        self.load.begin()
        self.under_way += 1

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        del kind, traceback
        self.under_way -= 1
        self.load.end(error)


def _this_task() -> asyncio.Task[object]:
    task = asyncio.current_task()
    assert task is not None, "an endpoint runs in a task"  # noqa: S101 - ASGI servers see to it
    return task
