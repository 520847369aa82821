"""Stop when told to: running answers are finished before the server gets the signal."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from types import FrameType
from typing import Any

from ticketbridge.service.admission import Admission

Handler = Callable[[int, FrameType | None], Any] | int | None
_SIGNALS = (signal.SIGTERM, signal.SIGINT)


@contextmanager
def draining(load: Admission, grace: float) -> Iterator[None]:
    """Hold SIGTERM and SIGINT back until *load* is finished, for at most *grace* seconds.

    A server that gets them stops listening at once. Then it could not answer whether it is ready, and
    new callers would be refused. After SIGTERM it listens as long as new answers are
    taken, even if none comes. A second SIGINT ends running answers. Use it in the main thread,
    inside the running event loop, after the server has set up its own handlers.
    """
    drain = _Drain(load, grace)
    drain.former = {number: signal.signal(number, drain.told) for number in _SIGNALS}
    try:
        yield
    finally:
        for number in _SIGNALS:
            signal.signal(number, drain.former[number])


class _Drain:
    def __init__(self, load: Admission, grace: float) -> None:
        self._load = load
        self._grace = grace
        self._loop = asyncio.get_running_loop()
        self._leaving: asyncio.Task[None] | None = None
        self._is_hurried = asyncio.Event()
        self.former: dict[signal.Signals, Handler] = {}

    def told(self, number: int, _frame: FrameType | None) -> None:
        """Handle a signal. This runs between any two instructions."""
        again = self._load.is_leaving
        self._load.leave()
        self._loop.call_soon_threadsafe(self._go, signal.Signals(number), again)

    def _go(self, number: signal.Signals, again: bool) -> None:
        if self._leaving is None:
            self._leaving = self._loop.create_task(self._leave(number))
        elif again and number == signal.SIGINT:
            self._load.stop()
            self._is_hurried.set()

    async def _be_found_leaving(self) -> None:
        """Wait a moment: a load balancer in front has to hear that others should be asked."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._is_hurried.wait(), self._load.seconds_open)

    async def _leave(self, number: signal.Signals) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(self._grace):
                if number == signal.SIGTERM:
                    await self._be_found_leaving()
                await self._load.finished()
        self._load.stop()
        signal.signal(number, self.former[number])
        signal.raise_signal(number)
