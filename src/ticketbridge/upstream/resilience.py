"""When a call is tried again, and how many calls a platform gets at once."""

from __future__ import annotations

import asyncio
import random

from ticketbridge.journal import Journal
from ticketbridge.upstream.errors import FailedTry, TryAgain

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


class Tries:
    """The tries of one call: at most *retries* more than one, each within the platform's *budget*.

    *repeatable*: the request may be sent again though it may have had its effect.
    """

    def __init__(self, retries: int, budget: RetryBudget, *, repeatable: bool) -> None:
        budget.earn()
        self._most = retries
        self._made = 0
        self._budget = budget
        self._repeatable = repeatable

    async def again(self, failure: FailedTry) -> None:
        """Wait for the next try; raises the problem of *failure* where there is none."""
        # What a rule of the mapping asks for is asked for by whoever knows the platform.
        allowed = self._repeatable or isinstance(failure, TryAgain)
        if not allowed or self._made == self._most or not self._budget.spend():
            raise failure.problem from failure
        self._made += 1
        await asyncio.sleep(wait_before(self._made))


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
