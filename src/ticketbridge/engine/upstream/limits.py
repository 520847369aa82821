"""Limits that protect a platform and us: the breaker, turns, the retry budget, bytes of an answer."""

from __future__ import annotations

import asyncio
import hashlib
import math
import random
import secrets
import time
from collections import deque
from collections.abc import Callable
from typing import Literal

from ticketbridge.engine.answer_trace import AnswerTrace
from ticketbridge.engine.problems import MappingMismatch, UpstreamUnavailable
from ticketbridge.mapping.spec import BreakerSpec

_RESERVE = 10.0
_SHARE = 0.2
_FIRST_WAIT = 0.1
_LONGEST_WAIT = 2.0
_BODIES = 10  # times `max_body` that all bodies of one answer may have together

State = Literal["closed", "open", "half-open"]


class Breaker:
    """The breaker of one platform. It opens after *failures* failures without a success between them.

    A call without an answer is one failure for each answer of ours, for any user. A 5xx is one
    failure for each user, however often it comes, because the platform may fail only for that user's
    data.

    When the breaker is open, one trial call may pass every *open* seconds, until one succeeds. A
    trial that never ends blocks no other call: the next one may pass after the same time. A user
    whose own trial got a 5xx waits twice as long, so that other users have a turn. Users are kept as
    keyed hashes, at most *failures* of them.
    """

    def __init__(self, spec: BreakerSpec, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = spec.failures
        self._pause = spec.open
        self._clock = clock
        self._key = secrets.token_bytes(16)
        self._failures: set[object] = set()
        self._next_trial = 0.0
        self._on_trial: bytes | None = None
        self._failed_trials: deque[bytes] = deque(maxlen=spec.failures)

    @property
    def state(self) -> State:
        """`closed`, `open`, or `half-open`: the next call may pass as a trial, or a trial is running."""
        if not self._is_open:
            return "closed"
        is_trying = self._on_trial is not None
        return "half-open" if is_trying or self._clock() >= self._next_trial else "open"

    @property
    def _is_open(self) -> bool:
        return len(self._failures) >= self._limit

    def refuse_if_open(self, user: str) -> None:
        """Raise UpstreamUnavailable, with the time of the next trial, unless a call for *user* may pass."""
        if not self._is_open:
            return
        wait = self._next_trial - self._clock()
        if self._failed_trials and self._mark(user) in self._failed_trials:
            wait += self._pause
        if wait > 0:
            raise UpstreamUnavailable(log="the breaker is open", retry_after=math.ceil(wait))

    def admit(self, user: str) -> None:
        """Note that a call starts; raises like `refuse_if_open`. A trial blocks other calls for a while."""
        self.refuse_if_open(user)
        if self._is_open:
            self._next_trial = self._clock() + self._pause
            self._on_trial = self._mark(user)

    def succeeded(self) -> None:
        """Note an answer of the platform: the breaker closes."""
        self._failures.clear()
        self._failed_trials.clear()
        self._on_trial = None

    def got_no_answer(self, mark: object) -> None:
        """Note a call without an answer: one failure for each *mark*.

        All calls of one answer share a mark.
        """
        self._on_trial = None
        self._count(mark)

    def got_5xx(self, user: str) -> None:
        """Note a 5xx that no rule expects, in a call for *user*: one failure for each user."""
        mark = self._mark(user)
        if mark == self._on_trial and mark not in self._failed_trials:
            self._failed_trials.append(mark)
        self._on_trial = None
        self._count(mark)

    def _count(self, failure: object) -> None:
        """Count *failure* once. A failure after the breaker opened does not delay the next trial."""
        if self._is_open:
            return
        self._failures.add(failure)
        if self._is_open:
            self._next_trial = self._clock() + self._pause

    def _mark(self, user: str) -> bytes:
        text = user.lower().encode(errors="surrogatepass")
        return hashlib.blake2b(text, key=self._key, digest_size=16).digest()


class Slots:
    """At most *limit* calls at once to one platform; the others wait. *taken* counts the running ones."""

    def __init__(self, limit: int) -> None:
        self._semaphore = asyncio.Semaphore(limit)
        self.taken = 0

    async def take(self, trace: AnswerTrace) -> None:
        """Wait for a turn, and take it; *trace* records the time."""
        if not self._semaphore.locked():
            await self._semaphore.acquire()
        else:
            with trace.waiting:
                await self._semaphore.acquire()
        self.taken += 1

    def give(self) -> None:
        """Give the turn to the next call."""
        self.taken -= 1
        self._semaphore.release()


class RetryBudget:
    """Retries of one platform: at most 20 % of its calls, with 10 in reserve.

    Without it, a platform that is down would get each call `retries` times more.
    """

    def __init__(self) -> None:
        self._left = _RESERVE

    def earn(self) -> None:
        """Note that a call is made."""
        self._left = min(_RESERVE, self._left + _SHARE)

    def spend(self) -> bool:
        """Return whether another try may be made; if so, count it."""
        if self._left < 1:
            return False
        self._left -= 1
        return True


def wait_before(attempt: int) -> float:
    """Return the seconds before retry number *attempt* (from 1): doubling, with full jitter."""
    longest = min(_LONGEST_WAIT, _FIRST_WAIT * 2.0**attempt)
    return random.uniform(0, longest)  # noqa: S311 - jitter needs no secrecy


class BodyBudget:
    """The bytes that all bodies of one answer may have together: ten times *max_body*.

    Bodies that are still arriving count with their bytes so far, because they use memory too.
    """

    def __init__(self, max_body: int) -> None:
        self._most = self._left = _BODIES * max_body

    def take(self, size: int) -> None:
        """Count *size* more bytes. Raises MappingMismatch if the sum is too large."""
        self._left -= size
        if self._left < 0:
            raise MappingMismatch(
                "The platform's answers are larger together than allowed",
                log=f"max_body: more than {self._most} bytes in all bodies of one answer"
                f" ({_BODIES} times max_body)",
            )

    def give_back(self, size: int) -> None:
        """Take *size* bytes off the count, for a body that was given up."""
        self._left += size
