"""When a call is tried again, and how many calls a platform gets at once."""

from __future__ import annotations

import asyncio
import random

from ticketbridge.journal import Journal

_RESERVE = 10.0
_SHARE = 0.2
_FIRST_WAIT = 0.1
_LONGEST_WAIT = 2.0


class RetryBudget:
    """Retries of one platform: at most 20 % of its calls, with 10 in reserve.

    A platform that is down would otherwise get each call `retries` times more.
    """

    def __init__(self) -> None:
        self._left = _RESERVE

    def earn(self) -> None:
        """A call is made."""
        self._left = min(_RESERVE, self._left + _SHARE)

    def spend(self) -> bool:
        """Whether another try may be made; it is counted if so."""
        if self._left < 1:
            return False
        self._left -= 1
        return True


def wait_before(attempt: int) -> float:
    """Seconds before try number *attempt* (1 is the first repetition): doubling, with full jitter."""
    longest = min(_LONGEST_WAIT, _FIRST_WAIT * 2.0**attempt)
    return random.uniform(0, longest)  # noqa: S311 - jitter needs no secrecy


class Slots:
    """At most *limit* calls in flight to one platform; the rest wait their turn."""

    def __init__(self, limit: int) -> None:
        self._semaphore = asyncio.Semaphore(limit)

    async def take(self, journal: Journal) -> None:
        """Wait for a turn, and take it; *journal* has the time that it took."""
        if not self._semaphore.locked():
            await self._semaphore.acquire()
            return
        with journal.waiting:
            await self._semaphore.acquire()

    def give(self) -> None:
        """Give the turn to the next."""
        self._semaphore.release()
