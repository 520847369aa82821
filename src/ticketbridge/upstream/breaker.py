"""When a platform is left alone: it has failed again and again, and more calls would only wait for it."""

from __future__ import annotations

import hashlib
import math
import secrets
import time
from collections import deque
from collections.abc import Callable
from typing import Literal

from ticketbridge.mapping.spec import BreakerSpec
from ticketbridge.problems import UpstreamUnavailable

State = Literal["closed", "open", "half-open"]


class Breaker:
    """The breaker of one platform.

    It opens after so many failures without a success between them. A call that got no answer is one
    failure for each pull, whoever is asked about. A 5xx is one failure for each user, however often it
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

    def got_no_answer(self, pull: object) -> None:
        """A call got no answer: one failure for each *pull* (an object that no other pull has)."""
        self._on_trial = None
        self._count(pull)

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
