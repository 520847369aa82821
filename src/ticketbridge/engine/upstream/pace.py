"""How many calls a platform allows in a time, and whose turn it is."""

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
    """The place of one call; *rests_until* is when it is free again, infinity while nothing was sent."""

    rests_until: float = math.inf
    is_free: bool = False


class Pace:
    """At most so many calls to one platform in any window of so many seconds; see RateSpec.

    The rest wait, first come, first served. A platform counts a call when it arrives: that is after it was
    sent, and before its answer came. So a call's place is free again one window after its answer, or, where
    that takes long, after a quarter of the window: a slow platform is not asked less often for being slow.
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

        Raises Overloaded at once where none can be free before the deadline of the answer.
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
        """The call at *place* goes out now."""
        self._rest(place, self._window * (1 + _LATE))

    def give(self, place: CallPlace) -> None:
        """The call at *place* was answered, or given up: the platform has counted it, if it went out."""
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
        """Give free places to those who wait, and look again when the next one is free."""
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
        """Whoever waited for *turn* does not any more; a place that it had got is the next one's."""
        self._waiting.pop(turn, None)
        if not turn.cancelled():
            self._give_back(turn.result())

    def _require_in_time(self, deadline: float | None, now: float) -> None:
        """Raise Overloaded where the place after all that are waited for is free after *deadline*."""
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
    """Do as `take_turns`, once the platform's rate allows one more call.

    The rate comes first, so that it is known at once whether a call would come too late. Its window begins
    with the turn, so that calls that wait for one do not go out together when it comes.
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
