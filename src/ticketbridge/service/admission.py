"""The answers that are being made: how many at once, and how they end."""

from __future__ import annotations

import asyncio
import math
import time
from types import TracebackType

from ticketbridge.engine.problems import Overloaded

WELCOME = 1.5
"""Seconds after the order to stop in which new pulls are still answered: they are already on their way."""


class Admission:
    """The running answers of all platforms together. Each platform has a `share`.

    *most*: from this number of answers on, a platform gets no more than its share.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._shares = 0
        self._tasks: set[asyncio.Task[object]] = set()
        self._closes_at: float | None = None
        self._is_stopped = False
        self._ended = asyncio.Event()

    def share(self) -> Share:
        """Return the share of a new platform. All shares are equal."""
        self._shares += 1
        return Share(self)

    def take_back(self) -> None:
        """Remove the share of one platform."""
        self._shares -= 1

    @property
    def is_full(self) -> bool:
        """Whether a platform may have no more than its share."""
        return len(self._tasks) >= self._most

    @property
    def places_of_a_share(self) -> int:
        """The number of answers that other platforms cannot take from a platform: at least 1."""
        return math.ceil(self._most / max(1, self._shares))

    @property
    def is_leaving(self) -> bool:
        """Whether the service was told to stop: callers should go elsewhere."""
        return self._closes_at is not None

    def leave(self) -> None:
        """Let the running answers finish, and accept no new ones after `WELCOME` seconds."""
        if self._closes_at is None:
            self._closes_at = time.monotonic() + WELCOME

    @property
    def seconds_open(self) -> float:
        """The seconds, after `leave`, in which new answers are still accepted."""
        return max(0.0, (self._closes_at or 0.0) - time.monotonic())

    def stop(self) -> None:
        """End the running answers: each becomes Overloaded."""
        self._is_stopped = True
        for task in self._tasks:
            task.cancel()

    async def finished(self) -> None:
        """Return when nothing is running, after `leave`."""
        while self._tasks:
            self._ended.clear()
            await self._ended.wait()

    def begin(self) -> asyncio.Task[object]:
        """Count the current task's answer as running, and return the task.

        Raises Overloaded if the service has stopped.
        """
        if self._closes_at is not None and time.monotonic() >= self._closes_at:
            raise Overloaded("This instance is about to stop")
        task = _this_task()
        self._tasks.add(task)
        return task

    def end(self, error: BaseException | None) -> None:
        """Count the current task's answer as done. Raises Overloaded if `stop` cancelled it."""
        task = _this_task()
        self._tasks.discard(task)
        if self.is_leaving and not self._tasks:
            self._ended.set()
        if self._is_stopped and isinstance(error, asyncio.CancelledError):
            task.uncancel()
            raise Overloaded("This instance had to stop") from None


class Share:
    """The running answers of one platform. Put `with share:` around each of them.

    While the service is full, a platform that has its share gets no more: the answer is refused at once, and
    not queued. A platform below its share always gets one, so a platform that hangs takes no place of others.
    Raises Overloaded. *under_way* is their number.
    """

    def __init__(self, load: Admission) -> None:
        self.load = load
        self.under_way = 0

    def give_up(self) -> None:
        """Give the share back to the other platforms. Running answers go on."""
        self.load.take_back()

    def __enter__(self) -> asyncio.Task[object]:
        """Take a place for the current task, and return the task."""
        if self.load.is_full and self.under_way >= self.load.places_of_a_share:
            raise Overloaded
        task = self.load.begin()
        self.under_way += 1
        return task

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
