"""When a platform is left alone: it has failed again and again, and more calls would only wait for it."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Literal

from ticketbridge.mapping.spec import BreakerSpec
from ticketbridge.problems import UpstreamUnavailable

State = Literal["closed", "open", "half-open"]


class Breaker:
    """The breaker of one platform.

    It opens after so many failures without a success between them, and then one call is let through
    each *open* seconds, until one succeeds. A call that is let through and never ends holds nobody up:
    the next one has its turn all the same.
    """

    def __init__(self, spec: BreakerSpec, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = spec.failures
        self._pause = spec.open
        self._clock = clock
        self._failures = 0
        self._next_trial = 0.0
        self._trying = False

    @property
    def state(self) -> State:
        """`half-open`: the next call is let through to see, or one is under way that was."""
        if self._failures < self._limit:
            return "closed"
        return "half-open" if self._trying or self._clock() >= self._next_trial else "open"

    def refuse_if_open(self) -> None:
        """Raise UpstreamUnavailable, with the time of the next trial, unless a call may be made now."""
        if self._failures < self._limit:
            return
        wait = self._next_trial - self._clock()
        if wait > 0:
            raise UpstreamUnavailable(log="the breaker is open", retry_after=math.ceil(wait))

    def admit(self) -> None:
        """A call is about to be made; raises as `refuse_if_open`. A trial keeps the next ones out."""
        self.refuse_if_open()
        if self._failures >= self._limit:
            self._next_trial = self._clock() + self._pause
            self._trying = True

    def succeeded(self) -> None:
        """The platform has answered: all is well again."""
        self._failures = 0
        self._trying = False

    def failed(self) -> None:
        """The platform has failed. A trial that fails leaves the time of the next one as it is."""
        self._failures += 1
        self._trying = False
        if self._failures == self._limit:
            self._next_trial = self._clock() + self._pause
