"""What spares a platform and us: the breaker, turns, the retry budget, and the bytes of one answer."""

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
    """The breaker of one platform.

    It opens after so many failures without a success between them. A call that got no answer is one
    failure for each answer, whoever is asked about. A 5xx is one failure for each user, however often it
    comes: the platform may fail for that user's data alone.

    Then one call is let through each *open* seconds, until one succeeds. A call that is let through and
    never ends holds nobody up: the next one has its turn all the same. A user whose own call was let
    through and got a 5xx waits twice as long, so that others have a turn in between.

    Users are kept as keyed hashes, and no more of them than *failures*.
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
        """`half-open`: the next call is let through to see, or one is under way that was."""
        if not self._is_open:
            return "closed"
        is_trying = self._on_trial is not None
        return "half-open" if is_trying or self._clock() >= self._next_trial else "open"

    @property
    def _is_open(self) -> bool:
        return len(self._failures) >= self._limit

    def refuse_if_open(self, user: str) -> None:
        """Raise UpstreamUnavailable, with the time of the next trial, unless *user* may be asked about."""
        if not self._is_open:
            return
        wait = self._next_trial - self._clock()
        if self._failed_trials and self._mark(user) in self._failed_trials:
            wait += self._pause
        if wait > 0:
            raise UpstreamUnavailable(log="the breaker is open", retry_after=math.ceil(wait))

    def admit(self, user: str) -> None:
        """A call is about to be made; raises as `refuse_if_open`. A trial keeps the next ones out."""
        self.refuse_if_open(user)
        if self._is_open:
            self._next_trial = self._clock() + self._pause
            self._on_trial = self._mark(user)

    def succeeded(self) -> None:
        """The platform has answered: all is well again."""
        self._failures.clear()
        self._failed_trials.clear()
        self._on_trial = None

    def got_no_answer(self, mark: object) -> None:
        """A call got no answer: one failure for each *mark*, which all calls of one answer share."""
        self._on_trial = None
        self._count(mark)

    def got_5xx(self, user: str) -> None:
        """A call about *user* got a 5xx that no rule expects: one failure for each user."""
        mark = self._mark(user)
        if mark == self._on_trial and mark not in self._failed_trials:
            self._failed_trials.append(mark)
        self._on_trial = None
        self._count(mark)

    def _count(self, failure: object) -> None:
        """Count *failure* once. One that comes after the breaker opened puts off no trial."""
        if self._is_open:
            return
        self._failures.add(failure)
        if self._is_open:
            self._next_trial = self._clock() + self._pause

    def _mark(self, user: str) -> bytes:
        text = user.lower().encode(errors="surrogatepass")
        return hashlib.blake2b(text, key=self._key, digest_size=16).digest()


class Slots:
    """At most *limit* calls in flight to one platform; the rest wait their turn. *taken* are in flight."""

    def __init__(self, limit: int) -> None:
        self._semaphore = asyncio.Semaphore(limit)
        self.taken = 0

    async def take(self, trace: AnswerTrace) -> None:
        """Wait for a turn, and take it; *trace* has the time that it took."""
        if not self._semaphore.locked():
            await self._semaphore.acquire()
        else:
            with trace.waiting:
                await self._semaphore.acquire()
        self.taken += 1

    def give(self) -> None:
        """Give the turn to the next."""
        self.taken -= 1
        self._semaphore.release()


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


class BodyBudget:
    """The bytes that all bodies of one answer may have together: ten times *max_body*.

    Those that are still on their way count with what has come of them: together they fill the memory too.
    """

    def __init__(self, max_body: int) -> None:
        self._most = self._left = _BODIES * max_body

    def take(self, size: int) -> None:
        """Count *size* bytes more. Raises MappingMismatch where they are too many."""
        self._left -= size
        if self._left < 0:
            raise MappingMismatch(
                "The platform's answers are larger together than allowed",
                log=f"max_body: more than {self._most} bytes in all bodies of one answer"
                f" ({_BODIES} times max_body)",
            )

    def give_back(self, size: int) -> None:
        """Count *size* bytes no longer: the body that they were of was given up."""
        self._left += size
