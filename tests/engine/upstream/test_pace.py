"""`upstream.rate`: what a platform is asked in a time, by its own clock, and whose turn it is."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from itertools import pairwise
from typing import Any, cast

import pytest

from tests.fake_platform import FakePlatform, Reply, Seen
from tests.support import (
    USER,
    item,
    order,
    orders,
    serving,
    spec_of,
    tickets_of,
)
from ticketbridge.engine.answer_trace import AnswerTrace
from ticketbridge.engine.bridge import Bridge, compile_mapping
from ticketbridge.engine.deadline import Deadline
from ticketbridge.engine.problems import Overloaded
from ticketbridge.engine.upstream.context import AnswerContext
from ticketbridge.engine.upstream.limits import BodyBudget
from ticketbridge.engine.upstream.messages import PlatformAnswer, PlatformRequest
from ticketbridge.engine.upstream.pace import CallPlace, Pace
from ticketbridge.mapping import MappingError
from ticketbridge.mapping.findings import Place
from ticketbridge.mapping.spec import RateSpec
from ticketbridge.workbench.cases.runner import SkippingLoop

pytestmark = pytest.mark.anyio

TWO_CALLS: Sequence[Any] = [
    {"name": "order", "get": "/orders", "query": {"email": "{user}"}, "each": "body.orders"},
    {"name": "event", "get": "/events/{order.event}", "query": {"of": "{user}"}, "take": "body"},
    {"name": "item", "each": "order.items"},
]


# --- by the platform's clock ----------------------------------------------------------------------


def most_in(window: float, times: Sequence[float]) -> int:
    """The most of *times* in any window of so many seconds."""
    return max(sum(start <= at < start + window for at in times) for start in times)


class Sending:
    """A *bridge* whose requests are noted as they go out: *sent* has the times of each target.

    The platform counts a request when it has come, which on a busy machine may be long after.
    """

    def __init__(self, bridge: Bridge, platform: FakePlatform) -> None:
        self.sent: dict[str, list[float]] = {}
        self._platform = platform
        self._send = bridge.last_stage
        self.bridge = bridge.with_last_stage(self.send)

    async def send(self, request: PlatformRequest, context: AnswerContext) -> PlatformAnswer:
        """See Send."""
        target = request.wire_url.removeprefix(self._platform.url)
        self.sent.setdefault(target, []).append(now())
        return await self._send(request, context)

    def counted_in(self, window: float) -> float:
        """The window within which the platform may count no more than the rate: at best all of *window*.

        A request that comes later than a quarter of it after it was sent was not waited for.
        """
        left = {target: iter(times) for target, times in self.sent.items()}
        late = max(seen.at - next(left[seen.target]) for seen in self._platform.seen)
        return window - max(0.0, late - window / 4) - 0.001


def user(number: int) -> str:
    """One of many users."""
    return f"u{number}@example.com"


def owning(seen: Seen) -> Reply:
    """The order of whoever is asked about."""
    email = dict(seen.query)["email"]
    return Reply(json=orders(order(item(1), email=email)))


def paced_bridge(platform: FakePlatform, rate: str, **changes: Any) -> Bridge:
    """MAPPING with two calls for an answer, at this rate."""
    platform.on("/orders", owning)
    platform.on("/events/fest", Reply(json={}))
    declared = {"source": TWO_CALLS, "upstream.timeout": "30s", "upstream.rate": rate, **changes}
    return compile_mapping(spec_of(declared, base_url=platform.url))


async def test_the_rate_holds_for_fifty_answers_at_once(platform: FakePlatform) -> None:
    """In no window the platform counts more calls than it allows, and every answer is whole."""
    bridge = paced_bridge(platform, "25/300ms")
    sending = Sending(bridge, platform)

    answers = await asyncio.gather(*(sending.bridge.answer(user(number)) for number in range(50)))

    assert [len(tickets_of(answer)) for answer in answers] == [1] * 50
    assert len(platform.seen) == 100
    assert most_in(sending.counted_in(0.3), [seen.at for seen in platform.seen]) <= 25
    times = [at for each in sending.sent.values() for at in each]
    assert max(times) - min(times) >= 0.3 * 3 - 0.001
    await bridge.aclose()


@pytest.mark.parametrize("keeps", [True, False])
async def test_a_platform_that_counts_refuses_none_at_its_rate(
    platform: FakePlatform, *, keeps: bool
) -> None:
    """One that takes ten calls refuses the eleventh; at its rate that one is never made."""

    def counting(seen: Seen) -> Reply:
        return owning(seen) if len(platform.seen) <= 10 else Reply(429, json={})

    bridge = paced_bridge(platform, "10/1m" if keeps else "1000/1s", **{"upstream.timeout": "20s"})
    platform.on("/orders", counting)

    came = await asyncio.gather(
        *(bridge.answer(user(number)) for number in range(25)), return_exceptions=True
    )

    kinds = Counter(type(each).__name__ for each in came)
    if keeps:
        assert (kinds, len(platform.seen)) == ({"Overloaded": 25}, 10)
    else:
        assert kinds["UpstreamUnavailable"] >= 15
    await bridge.aclose()


async def test_calls_that_hang_leave_no_trace(platform: FakePlatform) -> None:
    """Twice many calls hang, wait for a turn or a place, and are given up: then all goes on as before."""
    bridge = paced_bridge(platform, "20/50ms", **{"upstream.concurrency": 5})
    for _ in range(2):
        platform.on("/orders", Reply(hang=True))
        tasks = [asyncio.create_task(bridge.answer(user(number))) for number in range(60)]
        await asyncio.sleep(0.1)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    platform.on("/orders", owning)

    answers = await asyncio.gather(*(bridge.answer(user(number)) for number in range(20)))

    assert [len(tickets_of(answer)) for answer in answers] == [1] * 20
    await bridge.aclose()


async def test_who_leaves_holds_up_nobody(platform: FakePlatform) -> None:
    """Answers that are given up while they wait take no place: the others come, and later ones too."""
    bridge = paced_bridge(platform, "4/50ms")
    sending = Sending(bridge, platform)
    tasks = [asyncio.create_task(sending.bridge.answer(user(number))) for number in range(30)]
    await asyncio.sleep(0.02)

    for task in tasks[::2]:
        task.cancel()
    came = await asyncio.gather(*tasks, return_exceptions=True)
    later = await sending.bridge.answer(user(99))

    assert all(isinstance(each, asyncio.CancelledError) for each in came[::2])
    stayed = [cast("Any", each) for each in came[1::2]]
    assert [len(tickets_of(answer)) for answer in (*stayed, later)] == [1] * 16
    assert most_in(sending.counted_in(0.05), [seen.at for seen in platform.seen]) <= 4
    await bridge.aclose()


READY = Reply(json=orders(order(item(1))))
BUSY = Reply(503, json={})
NEXT = Reply(json={**orders(order(item(2))), "next": "/orders?email=ana%40example.com&p=2"})
LAST = Reply(json={**orders(order(item(1))), "next": None})


@pytest.mark.parametrize(
    ("replies", "changes"),
    [
        pytest.param([BUSY, BUSY, READY], {"upstream.retries": 2}, id="tries"),
        pytest.param(
            [Reply(202, json={}), Reply(202, json={}), READY],
            {"source.0.responses": [{"status": 202, "then": "poll", "after": "1ms"}]},
            id="polls",
        ),
        pytest.param([NEXT, LAST], {"source.0.pages": {"next_url": "body.next"}}, id="pages"),
        pytest.param(
            [READY],
            {
                "upstream.auth": {
                    "type": "session",
                    "login": {"post": "/login"},
                    "token": "body.token",
                }
            },
            id="logins",
        ),
    ],
)
async def test_each_request_counts(
    platform: FakePlatform, replies: Sequence[Reply], changes: dict[str, Any]
) -> None:
    """Tries, polls, pages and logins wait their turn as first calls do."""
    platform.on("/login", Reply(json={"token": "t0ken"}))
    platform.on("/orders", *replies)

    changes = {**changes, "upstream.rate": "1/100ms", "upstream.timeout": "30s"}
    bridge = compile_mapping(spec_of(changes, base_url=platform.url))
    sending = Sending(bridge, platform)
    await sending.bridge.answer(USER)

    times = [seen.at for seen in platform.seen]
    assert len(times) >= 2
    apart = sending.counted_in(0.1)
    assert all(after - before >= apart for before, after in pairwise(times))
    await bridge.aclose()


async def test_a_call_that_comes_too_late_is_refused_at_once(platform: FakePlatform) -> None:
    """Where no place is free before the deadline, the answer is `overloaded` now, and says until when."""
    bridge = paced_bridge(platform, "1/1m")

    async with serving(bridge) as client:
        answer = await client.get("/tickets", params={"user": USER})

    assert answer.status_code == 503
    assert answer.json()["type"] == "urn:ticketbridge:problem:overloaded"
    assert 20 <= int(answer.headers["retry-after"]) <= 60
    assert platform.paths == ["/orders"]
    await bridge.aclose()


def test_without_a_rate_there_is_no_stage() -> None:
    """A mapping that names none has nothing in its pipe for it."""
    assert compile_mapping(spec_of())._platform.pace is None
    assert compile_mapping(spec_of({"upstream.rate": "9/1s"}))._platform.pace is not None


# --- by a clock of its own: each wait is exact, and takes no time ---------------------------------


def run(work: Callable[[], Awaitable[None]]) -> None:
    """Run *work* in a loop whose time passes by waiting alone."""

    async def main() -> None:
        async with asyncio.timeout(1000):  # which are over at once where nobody will ever wake up
            await work()

    with asyncio.Runner(loop_factory=SkippingLoop) as runner:
        runner.run(main())


def now() -> float:
    """The loop's time."""
    return asyncio.get_running_loop().time()


def waiting_until(deadline: float = 1e9) -> AnswerContext:
    """What the calls of an answer with that *deadline* have in common."""
    limit = Deadline(1)
    limit.ends = deadline
    return AnswerContext(AnswerTrace(), {"user": USER}, limit, BodyBudget(1))


def pace_of(calls: int, seconds: float) -> Pace:
    """A pace of so many calls in so many seconds."""
    return Pace(RateSpec(calls, seconds, Place("acme.yaml", 1, 1)))


def done(pace: Pace, place: CallPlace) -> None:
    """The call at *place* was sent and answered in no time."""
    pace.start(place)
    pace.give(place)


async def call(pace: Pace, seconds: float, seen: list[float], arrives: float = 0.5) -> None:
    """A call that is answered after so many *seconds*, and counted by the platform on the way."""
    place = await pace.take(waiting_until())
    try:
        pace.start(place)
        await asyncio.sleep(seconds * arrives)
        seen.append(now())
        await asyncio.sleep(seconds * (1 - arrives))
    finally:
        pace.give(place)


@pytest.mark.parametrize("seed", range(10))
def test_no_window_has_more_whatever_the_platform_takes(seed: int) -> None:
    """Calls may arrive at any moment between sending and answer, up to a quarter of the window."""
    chance = random.Random(seed)  # noqa: S311 - a test's
    calls, seen = chance.randint(1, 7), list[float]()

    async def work() -> None:
        pace = pace_of(calls, 1.0)
        async with asyncio.TaskGroup() as group:
            for _ in range(60):
                seconds, arrives = chance.uniform(0, 0.25), chance.uniform(0, 1)
                task = group.create_task(call(pace, seconds, seen, arrives))
                if chance.random() < 0.2:
                    asyncio.get_running_loop().call_later(chance.uniform(0, 9), task.cancel)
                await asyncio.sleep(chance.choice([0, 0, 0.1]))

    run(work)

    assert most_in(1.0 - 1e-9, seen) <= calls


def test_the_first_to_come_is_the_first_to_go() -> None:
    """Turns are given in the order of asking, and none is lost with those who leave."""
    order_of: list[int] = []

    async def waiter(pace: Pace, number: int) -> None:
        done(pace, await pace.take(waiting_until()))
        order_of.append(number)

    async def work() -> None:
        pace = pace_of(2, 1.0)
        tasks = [asyncio.create_task(waiter(pace, number)) for number in range(12)]
        await asyncio.sleep(0.5)
        for number in (3, 4, 7):
            tasks[number].cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert now() == pytest.approx(4.0, abs=0.01)  # nine calls: two at once, then two a second

    run(work)

    assert order_of == [0, 1, 2, 5, 6, 8, 9, 10, 11]


@pytest.mark.parametrize("later", [1e-10, -1e-10], ids=["turn first", "leaving first"])
def test_a_turn_that_comes_as_its_owner_leaves_is_the_next_ones(later: float) -> None:
    """A waiter that is cancelled in the moment of its turn passes it on, and loses none."""

    async def work() -> None:
        pace = pace_of(1, 1.0)
        done(pace, await pace.take(waiting_until()))
        first, second = (asyncio.create_task(pace.take(waiting_until())) for _ in range(2))
        await asyncio.sleep(0)
        # With the alarm, in one step of the loop.
        asyncio.get_running_loop().call_at(1.0 + later, first.cancel)
        with suppress(asyncio.CancelledError):
            await first
        pace.start(await second)
        assert now() == pytest.approx(1.0, abs=0.01)

        third = asyncio.create_task(pace.take(waiting_until()))
        await asyncio.sleep(0)
        third.cancel()  # with nobody behind
        await asyncio.gather(third, return_exceptions=True)
        await pace.take(waiting_until())
        assert now() == pytest.approx(2.25, abs=0.01)  # the second one was never answered

    run(work)


def test_a_hanging_platform_keeps_no_place() -> None:
    """A call that is never answered is counted as sent: its place is free a quarter of the window late."""

    async def work() -> None:
        pace = pace_of(3, 1.0)
        for _ in range(6):
            pace.start(await pace.take(waiting_until()))
        assert now() == pytest.approx(1.25, abs=0.01)

    run(work)


def test_a_call_that_was_never_sent_costs_nothing() -> None:
    """A place that was given up in wait for a turn is free at once."""

    async def work() -> None:
        pace = pace_of(1, 1.0)
        for _ in range(3):
            pace.give(await pace.take(waiting_until()))
        assert now() == 0

    run(work)


def test_a_long_wait_for_a_turn_sends_nothing_too_early() -> None:
    """The window begins when the call goes out, however long it had its place before."""
    seen: list[float] = []

    async def work() -> None:
        pace = pace_of(2, 1.0)
        late = [await pace.take(waiting_until()) for _ in range(2)]
        others = [asyncio.create_task(call(pace, 0, seen)) for _ in range(4)]
        await asyncio.sleep(5)
        for place in late:
            seen.append(now())
            done(pace, place)
        await asyncio.gather(*others)

    run(work)

    assert seen == pytest.approx([5, 5, 6, 6, 7, 7], abs=0.01)


@pytest.mark.parametrize(
    ("ahead", "deadline", "comes"),
    [(2, 1.1, True), (2, 0.9, False), (3, 1.1, True), (4, 1.1, False), (4, 2.1, True)],
)
def test_a_turn_is_refused_that_would_come_too_late(
    ahead: int, deadline: float, *, comes: bool
) -> None:
    """With two calls a second, what can be known of a turn is known when it is asked for."""

    async def work() -> None:
        pace = pace_of(2, 1.0)
        others = [asyncio.create_task(call(pace, 0, [])) for _ in range(ahead)]
        await asyncio.sleep(0)
        trace = waiting_until(deadline)
        if comes:
            await pace.take(trace)
            assert now() < deadline
        else:
            with pytest.raises(Overloaded, match="rate: no call to the platform is left") as caught:
                await pace.take(trace)
            assert now() == 0
            assert caught.value.retry_after in {1, 2}
        for task in others:
            task.cancel()

    run(work)


# --- the key --------------------------------------------------------------------------------------


@pytest.mark.parametrize("rate", ["20", "0/1s", "20/s", "20 / 1s", "2.5/1s", "20/1d", ""])
def test_a_rate_has_its_form(rate: str) -> None:
    """It is a number of calls, a slash and a duration."""
    with pytest.raises(MappingError, match=r"a rate|empty"):
        spec_of({"upstream.rate": rate})


def test_a_rate_may_come_from_a_variable() -> None:
    """As a duration, it may differ from one environment to another."""
    rate = spec_of({"upstream.rate": "${ACME_RATE:-80/1m}"}).upstream.rate

    assert rate is not None
    assert (rate.calls, rate.seconds) == (80, 60)
    with pytest.raises(MappingError, match="at most 1h"):
        spec_of({"upstream.rate": "${ACME_RATE:-80/2h}"})
    with pytest.raises(MappingError, match="a number of calls"):
        spec_of({"upstream.rate": "${ACME_RATE:-many}"})
