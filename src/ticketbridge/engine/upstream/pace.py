"""Limit the number of calls to a platform in a time window, in the order of arrival."""

from __future__ import annotations

import asyncio
import heapq
import math
from collections import OrderedDict, deque
from dataclasses import dataclass
from itertools import count

from ticketbridge.engine.problems import Overloaded
from ticketbridge.engine.upstream.context import AnswerContext, Send
from ticketbridge.engine.upstream.limits import Breaker, Slots
from ticketbridge.engine.upstream.messages import PlatformAnswer, PlatformRequest
from ticketbridge.mapping.spec import RateSpec

_LATE = 0.25  # of the window
_LONGEST_RETRY_AFTER = 3600


@dataclass(slots=True, eq=False)
class CallPlace:
    """The place of one call. It is free again at *rests_until*; infinity if nothing was sent yet."""

    rests_until: float = math.inf
    is_free: bool = False


class Pace:
    """Limits the calls to one platform in any window of time; see RateSpec.

    Other calls wait, first come, first served. The platform counts a call when it arrives, which is
    between sending and answer. So a call's place is free again one window after its answer. It is
    free at the latest 1.25 windows after sending, so that a slow platform is not asked less often.
    """

    def __init__(self, spec: RateSpec) -> None:
        self._window = spec.seconds
        self._calls = self._free = spec.calls
        self._resting: list[tuple[float, int, CallPlace]] = []  # a heap; a place may be in it twice
        self._numbers = count()
        self._earliest: deque[float] = deque()  # when each place that is not free may be, at best
        self._waiting: OrderedDict[asyncio.Future[CallPlace], None] = OrderedDict()
        self._alarm: asyncio.TimerHandle | None = None

    async def take(self, context: AnswerContext) -> CallPlace:
        """Wait for a place, and return it.

        Raises Overloaded at once if no place can be free before the answer's deadline.
        """
        loop = asyncio.get_running_loop()
        self._serve()
        if self._free:  # then nobody waits
            return self._occupy(loop.time())
        self._require_in_time(context.deadline.ends, loop.time())
        turn: asyncio.Future[CallPlace] = loop.create_future()
        self._waiting[turn] = None
        self._set_alarm()
        with context.trace.wait_for_rate():
            try:
                return await turn
            except asyncio.CancelledError:
                self._leave(turn)
                raise

    def start(self, place: CallPlace) -> None:
        """Note that the call at *place* is sent now."""
        self._rest(place, self._window * (1 + _LATE))

    def give(self, place: CallPlace) -> None:
        """Note that the call at *place* was answered or given up. If it was sent, the platform counted it."""
        if place.rests_until == math.inf:
            self._give_back(place)
        else:
            self._rest(place, self._window)

    def _occupy(self, now: float) -> CallPlace:
        self._free -= 1
        self._earliest.append(now + self._window)
        return CallPlace()

    def _rest(self, place: CallPlace, seconds: float) -> None:
        until = asyncio.get_running_loop().time() + seconds
        if until < place.rests_until and not place.is_free:
            place.rests_until = until
            heapq.heappush(self._resting, (until, next(self._numbers), place))
            self._serve()

    def _give_back(self, place: CallPlace) -> None:
        place.is_free = True
        self._earliest.pop()
        self._free += 1
        self._serve()

    def _serve(self) -> None:
        """Give free places to the calls that wait, and run again when the next place is free."""
        now = asyncio.get_running_loop().time()
        while self._resting and self._resting[0][0] <= now:
            _, _, place = heapq.heappop(self._resting)
            if not place.is_free:
                place.is_free = True
                self._earliest.popleft()
                self._free += 1
        while self._free and self._waiting:
            turn, _ = self._waiting.popitem(last=False)
            if not turn.done():  # or it was cancelled in this very moment
                turn.set_result(self._occupy(now))
        self._set_alarm()

    def _set_alarm(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        if self._waiting and self._resting:
            self._alarm = asyncio.get_running_loop().call_at(self._resting[0][0], self._serve)

    def _leave(self, turn: asyncio.Future[CallPlace]) -> None:
        """Stop waiting for *turn*; a place that it already has goes to the next call."""
        self._waiting.pop(turn, None)
        if not turn.cancelled():
            self._give_back(turn.result())

    def _require_in_time(self, deadline: float | None, now: float) -> None:
        """Raise Overloaded if the place after all waiting calls is free only after *deadline*."""
        rounds, position = divmod(len(self._waiting), self._calls)
        at_best = self._earliest[position] + rounds * self._window
        if deadline is not None and at_best >= deadline:
            seconds = math.ceil(min(_LONGEST_RETRY_AFTER, max(1.0, at_best - now)))
            raise Overloaded(
                log=f"rate: no call to the platform is left before the deadline: {self._calls} in"
                f" {self._window:g}s, and {len(self._waiting)} wait",
                retry_after=seconds,
            )


def take_paced_turns(send: Send, slots: Slots, pace: Pace, breaker: Breaker) -> Send:
    """Wait for the platform's rate, and then for a turn as `take_turns` does.

    The rate comes first, so that a call that would come too late is known at once. Its window begins
    with the turn, so that calls that waited for a turn do not go out together.
    """

    async def waiting(request: PlatformRequest, context: AnswerContext) -> PlatformAnswer:
        breaker.refuse_if_open(context.scope["user"])
        place = await pace.take(context)
        try:
            await slots.take(context.trace)
            pace.start(place)
            try:
                return await send(request, context)
            finally:
                slots.give()
        finally:
            pace.give(place)

    return waiting
