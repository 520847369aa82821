"""The breaker: what counts against a platform, and how it comes back."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import httpx
import pytest

from tests.fake_platform import CLOSE, FakePlatform, Pause, Reply
from tests.support import USER, item, mapping, order, orders, serving, spec_of
from ticketbridge.engine.bridge import Bridge, compile_mapping
from ticketbridge.engine.problems import UpstreamUnavailable
from ticketbridge.engine.upstream import limits
from ticketbridge.engine.upstream.limits import Breaker
from ticketbridge.mapping.spec import BreakerSpec

pytestmark = pytest.mark.anyio

TICKETS = "/tickets?user=ana%40example.com"
GOOD = Reply(json=orders(order(item(1))))
DOWN = Reply(500, json={})
LIMIT = 3
BREAKER = {"failures": LIMIT, "open": "1h"}
BRIEF = {"failures": LIMIT, "open": "100ms"}
OPEN = "upstream-unavailable"


def bridge_to(platform: FakePlatform, breaker: object = BREAKER, **upstream: Any) -> Bridge:
    """MAPPING on a fake platform, with a breaker that opens soon."""
    changes: Mapping[str, Any] = {
        "upstream.breaker": breaker,
        **{f"upstream.{name}": value for name, value in upstream.items()},
    }
    return compile_mapping(spec_of(changes, base_url=platform.url))


async def slugs(menta: httpx.AsyncClient, times: int) -> list[str]:
    """What so many pulls come to, one after the other."""
    return [slug(await menta.get(TICKETS)) for _ in range(times)]


async def slugs_of_users(menta: httpx.AsyncClient, times: int) -> list[str]:
    """What pulls of so many users come to, one after the other."""
    asked = [f"/tickets?user=user{number}%40example.com" for number in range(times)]
    return [slug(await menta.get(path)) for path in asked]


def slug(response: httpx.Response) -> str:
    """The problem, or "ok"."""
    if response.status_code == 200:
        return "ok"
    return str(response.json()["type"].rpartition(":")[2])


async def state(menta: httpx.AsyncClient) -> str:
    """The breaker's state, as a load balancer sees it."""
    ready = await menta.get("/readyz")
    assert ready.status_code == 200
    return str(ready.json()["platforms"][0]["breaker"])


async def until(condition: Callable[[], Awaitable[object]]) -> None:
    """Wait for what comes in its own time."""
    async with asyncio.timeout(20):
        while not await condition():  # noqa: ASYNC110 - there is no event for it
            await asyncio.sleep(0.01)


# --- the rule, by the clock ---------------------------------------------------------------------


class Clock:
    """A time that passes when it is told to."""

    now = 1000.0

    def __call__(self) -> float:
        """See time.monotonic."""
        return self.now


def breaker_of(failures: int = LIMIT, seconds: float = 5.0) -> tuple[Breaker, Clock]:
    """A breaker, and its clock."""
    clock = Clock()
    return Breaker(BreakerSpec(failures, seconds), clock), clock


def is_admitted(breaker: Breaker) -> bool:
    """Whether a call is let through now."""
    return is_admitted_for(breaker, USER)


def is_admitted_for(breaker: Breaker, user: str) -> bool:
    """Whether a call about *user* is let through now."""
    try:
        breaker.admit(user)
    except UpstreamUnavailable:
        return False
    return True


def test_consecutive_failures_open_it() -> None:
    """So many failures in a row, and no fewer, and none is left of those before a success."""
    breaker, _ = breaker_of()
    for _ in range(5):
        breaker.got_no_answer(object())
        breaker.got_no_answer(object())
        breaker.succeeded()
    assert (breaker.state, is_admitted(breaker)) == ("closed", True)

    for _ in range(LIMIT):
        breaker.got_no_answer(object())
    assert (breaker.state, is_admitted(breaker)) == ("open", False)


def test_an_open_breaker_says_when_to_come_back() -> None:
    """`Retry-After` is the time of the next trial, in whole seconds that are no less."""
    breaker, clock = breaker_of(seconds=5.0)
    for _ in range(LIMIT):
        breaker.got_no_answer(object())
    waits = []
    for now in (1000.0, 1000.5, 1004.9):
        clock.now = now
        with pytest.raises(UpstreamUnavailable) as caught:
            breaker.refuse_if_open(USER)
        waits.append(caught.value.retry_after)

    assert waits == [5, 5, 1]


def test_a_half_open_breaker_lets_one_call_through() -> None:
    """After its time one call is made to see; the others are refused until it has ended."""
    breaker, clock = breaker_of()
    for _ in range(LIMIT):
        breaker.got_no_answer(object())
    clock.now += 5

    assert breaker.state == "half-open"
    assert [is_admitted(breaker) for _ in range(3)] == [True, False, False]
    assert breaker.state == "half-open"


def test_a_trial_that_succeeds_closes_it() -> None:
    """Then everybody is let through again."""
    breaker, clock = breaker_of()
    for _ in range(LIMIT):
        breaker.got_no_answer(object())
    clock.now += 5
    breaker.admit(USER)
    breaker.succeeded()

    assert breaker.state == "closed"
    assert [is_admitted(breaker) for _ in range(3)] == [True, True, True]


def test_a_trial_that_fails_opens_it_again() -> None:
    """A platform that is still down is asked once each time, and not more often."""
    breaker, clock = breaker_of(seconds=5.0)
    for _ in range(LIMIT):
        breaker.got_no_answer(object())
    trials = 0
    for _ in range(60):
        clock.now += 1
        if is_admitted(breaker):
            trials += 1
            breaker.got_no_answer(object())
            assert breaker.state == "open"

    assert trials == 12


def test_a_trial_that_never_ends_holds_nobody_up() -> None:
    """A caller who leaves during the trial, or a call that hangs, does not keep the breaker open."""
    breaker, clock = breaker_of()
    for _ in range(LIMIT):
        breaker.got_no_answer(object())
    clock.now += 5
    assert is_admitted(breaker)
    clock.now += 5

    assert is_admitted(breaker)


def fail_for(breaker: Breaker, *users: str) -> None:
    """Each of these users gets a 500."""
    for user in users:
        breaker.got_5xx(user)


def test_one_users_5xx_count_once() -> None:
    """However often one user fails, in whatever case the address is written, it is one failure."""
    breaker, _ = breaker_of()
    fail_for(breaker, *["bad@example.com", "Bad@Example.com"] * 50, "other@example.com")
    assert breaker.state == "closed"

    fail_for(breaker, "third@example.com")
    assert not is_admitted(breaker)


def test_a_success_forgets_the_users_who_failed() -> None:
    """Users count together only when no call has succeeded between their failures."""
    breaker, _ = breaker_of()
    for _ in range(10):
        fail_for(breaker, "one@example.com", "two@example.com")
        breaker.succeeded()
    fail_for(breaker, "one@example.com", "three@example.com")

    assert breaker.state == "closed"


def test_a_user_who_fails_each_trial_leaves_the_turn_to_others() -> None:
    """A user whose trial got a 5xx waits a while longer; anybody else may try in that time."""
    breaker, clock = breaker_of(seconds=5.0)
    fail_for(breaker, "one@example.com", "two@example.com", "bad@example.com")
    clock.now += 5
    breaker.admit("bad@example.com")
    fail_for(breaker, "bad@example.com")
    clock.now += 5

    with pytest.raises(UpstreamUnavailable) as caught:
        breaker.admit("BAD@example.com")
    assert caught.value.retry_after == 5
    assert is_admitted(breaker)


def test_a_user_who_is_asked_about_alone_is_tried_again() -> None:
    """When nobody else is asked about, a user whose trial failed has another one soon enough."""
    breaker, clock = breaker_of(seconds=5.0)
    fail_for(breaker, "one@example.com", "two@example.com", "three@example.com")
    trials = []
    for second in range(60):
        clock.now += 1
        if is_admitted(breaker):
            trials.append(second)
            fail_for(breaker, USER)

    assert len(trials) >= 5
    assert max(map(int.__sub__, trials[1:], trials)) <= 10


def test_it_keeps_no_address_and_no_more_users_than_it_needs() -> None:
    """Of users there are keyed hashes, which differ from process to process, and only so many."""
    breaker, clock = breaker_of()
    for number in range(1000):
        user = f"user{number}@example.com"
        clock.now += 5
        if not is_admitted_for(breaker, user):
            continue
        fail_for(breaker, user)
    kept = [*breaker._failures, *breaker._failed_trials]

    assert len(kept) <= 2 * LIMIT
    assert all(isinstance(mark, bytes) and b"user" not in mark for mark in kept)
    assert not {*kept} & {breaker_of()[0]._mark(f"user{number}@example.com") for number in range(9)}


def test_late_failures_do_not_keep_it_open() -> None:
    """Calls that were out when it opened, and fail afterwards, put off no trial."""
    breaker, clock = breaker_of()
    for _ in range(LIMIT):
        breaker.got_no_answer(object())
    clock.now += 4
    for _ in range(50):
        breaker.got_no_answer(object())
    clock.now += 1

    assert is_admitted(breaker)


# --- what counts, over real sockets -------------------------------------------------------------


async def test_5xx_opens_it_and_then_no_call_is_made(platform: FakePlatform) -> None:
    """A platform that fails again and again is left alone: 503 at once, with `Retry-After`."""
    platform.on("/orders", DOWN)
    async with serving(bridge_to(platform)) as menta:
        before = await slugs_of_users(menta, LIMIT)
        refused = await menta.get(TICKETS)
        opened = await state(menta)

    assert before == ["upstream-error"] * LIMIT
    assert (slug(refused), refused.status_code) == ("upstream-unavailable", 503)
    assert refused.headers["retry-after"] == "3600"
    assert refused.json()["retryable"] is True
    assert len(platform.seen) == LIMIT
    assert opened == "open"


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(Reply(502, json={}), id="502"),
        pytest.param(Reply(503, json={}, headers={"Retry-After": "9"}), id="503"),
        pytest.param(Reply(steps=(CLOSE,)), id="closed without an answer"),
    ],
)
async def test_failures_of_the_platform_count(platform: FakePlatform, reply: Reply) -> None:
    """Any 5xx of so many users counts, and a connection without an answer."""
    platform.on("/orders", reply)
    async with serving(bridge_to(platform)) as menta:
        await slugs_of_users(menta, LIMIT)
        assert await state(menta) == "open"


async def test_a_refused_connection_counts(platform: FakePlatform) -> None:
    """A platform that is not there at all is left alone as well."""
    changes = {"upstream.breaker": BREAKER}
    bridge = compile_mapping(spec_of(changes, base_url="http://127.0.0.1:1"))
    async with serving(bridge) as menta:
        assert await slugs(menta, LIMIT) == ["upstream-unavailable"] * LIMIT
        assert await state(menta) == "open"
    assert platform.seen == []


@pytest.mark.parametrize("reply", [Reply(502, json={}), Reply(steps=(CLOSE,))], ids=["502", "cut"])
async def test_the_tries_of_an_answer_count_once(
    platform: FakePlatform, reply: Reply, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What fails again and again for one answer is one failure."""
    monkeypatch.setattr(limits, "wait_before", lambda _attempt: 0.01)
    platform.on("/orders", reply)
    async with serving(bridge_to(platform, retries=2 * LIMIT, timeout="20s")) as menta:
        await slugs(menta, 1)
        assert await state(menta) == "closed"

    assert len(platform.seen) > LIMIT


@pytest.mark.parametrize("status", [500, 502, 503, 504, 599])
async def test_one_users_5xx_open_nothing(platform: FakePlatform, status: int) -> None:
    """A platform that fails for one user's data, again and again, is still asked about the others."""
    platform.on("/orders", Reply(status, json={}), query={"email": "bad@example.com"})
    platform.on("/orders", GOOD, query={"email": USER})
    async with serving(bridge_to(platform)) as menta:
        for _ in range(5 * LIMIT):
            assert (await menta.get("/tickets?user=bad@example.com")).status_code == 502
        assert await state(menta) == "closed"
        assert await slugs(menta, 2) == ["ok"] * 2


async def test_a_user_who_always_fails_does_not_keep_it_open(platform: FakePlatform) -> None:
    """After the platform's return others are served, though a user who fails is asked about all the time."""
    platform.on("/orders", DOWN)
    async with serving(bridge_to(platform, {"failures": LIMIT, "open": "300ms"})) as menta:
        await slugs_of_users(menta, LIMIT)
        platform.on("/orders", GOOD, query={"email": USER})

        async def is_good() -> bool:
            for _ in range(20):
                await menta.get("/tickets?user=bad@example.com")
            return await slugs(menta, 1) == ["ok"]

        await until(is_good)
        assert await state(menta) == "closed"


async def test_the_deadline_counts(platform: FakePlatform) -> None:
    """A platform that hangs is left alone once the deadline has passed so many times."""
    platform.on("/orders", Reply(hang=True))
    async with serving(bridge_to(platform, timeout="100ms")) as menta:
        assert await slugs(menta, LIMIT + 1) == ["upstream-timeout"] * LIMIT + [OPEN]


async def test_the_deadline_counts_once_an_answer(platform: FakePlatform) -> None:
    """One user with many slow calls is one failure, however many calls were out at the deadline."""
    platform.on("/orders", Reply(json=orders(*[order(item(n), ref=n) for n in range(9)])))
    for number in range(9):
        platform.on(f"/refs/{number}", Reply(hang=True))
    first, last = mapping()["source"]
    changes = {
        "upstream.breaker": BREAKER,
        "upstream.timeout": "200ms",
        "source": [first, {"name": "ref", "get": "/refs/{order.ref}"}, last],
    }
    async with serving(compile_mapping(spec_of(changes, base_url=platform.url))) as menta:
        assert await slugs(menta, 1) == ["upstream-timeout"]
        assert await state(menta) == "closed"

    assert len(platform.seen) == 10


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(Reply(json={"error": "no such user"}), id="another shape"),
        pytest.param(Reply(404, json={}), id="404"),
        pytest.param(Reply(401, json={}), id="401"),
        pytest.param(Reply(429, json={}, headers={"Retry-After": "77"}), id="429"),
        pytest.param(Reply(body=b"<h1>", content_type="text/html"), id="no JSON"),
        pytest.param(Reply(json=orders(order(item(1))), cut=20), id="cut"),
        pytest.param(Reply(raw=b"220 mail.example ESMTP\r\n"), id="no HTTP"),
        pytest.param(Reply(body=b"x" * 2000), id="too large"),
        pytest.param(Reply(body=b"x", headers={"Content-Encoding": "gzip"}), id="no gzip"),
    ],
)
async def test_one_users_bad_data_does_not_count(platform: FakePlatform, reply: Reply) -> None:
    """What is wrong with an answer that came opens nothing: others are still served."""
    platform.on("/orders", reply, query={"email": "bad@example.com"})
    platform.on("/orders", GOOD, query={"email": USER})
    async with serving(bridge_to(platform, max_body="1KB")) as menta:
        bad = [await menta.get("/tickets?user=bad@example.com") for _ in range(2 * LIMIT)]
        opened = await state(menta)
        good = await slugs(menta, 1)

    assert [answer.status_code for answer in bad if answer.status_code < 500] == []
    assert opened == "closed"
    assert OPEN not in {slug(answer) for answer in bad if answer.headers.get("retry-after") != "77"}
    assert good == ["ok"]
    assert len(platform.seen) == 2 * LIMIT + 1


@pytest.mark.parametrize(
    ("rule", "outcome"),
    [
        ({"then": "unknown_user"}, "ok"),
        ({"then": "empty"}, "ok"),
        ({"then": "ok"}, "ok"),
        ({"then": "poll", "after": "10ms"}, "upstream-timeout"),
    ],
    ids=str,
)
async def test_a_status_that_the_mapping_expects_does_not_count(
    platform: FakePlatform, rule: dict[str, str], outcome: str
) -> None:
    """A platform whose 500 means something by the mapping's own rule has not failed."""
    platform.on("/orders", Reply(500, json=orders(order(item(1)))))
    source = mapping()["source"]
    source[0]["responses"] = [{"status": 500, **rule}]
    changes = {"upstream.breaker": BREAKER, "upstream.timeout": "200ms", "source": source}
    async with serving(compile_mapping(spec_of(changes, base_url=platform.url))) as menta:
        assert await slugs(menta, LIMIT + 1) == [outcome] * (LIMIT + 1)
        assert await state(menta) == "closed"


async def test_a_caller_who_leaves_is_no_failure(platform: FakePlatform) -> None:
    """A call that ends because nobody waits for it says nothing about the platform."""
    platform.on("/orders", Reply(hang=True))
    async with serving(bridge_to(platform, timeout="60s")) as menta:
        for _ in range(2 * LIMIT):
            with pytest.raises(httpx.ReadTimeout):
                await menta.get(TICKETS, timeout=0.1)
        assert await state(menta) == "closed"


# --- the way back -------------------------------------------------------------------------------


async def test_the_first_call_after_the_platforms_return_closes_it(platform: FakePlatform) -> None:
    """Good again on its own, with the first call that is let through."""
    platform.on("/orders", *[DOWN] * LIMIT, GOOD)
    async with serving(bridge_to(platform, BRIEF)) as menta:
        await slugs_of_users(menta, LIMIT)

        async def is_good() -> bool:
            return await slugs(menta, 1) == ["ok"]

        await until(is_good)
        assert await slugs(menta, 5) == ["ok"] * 5
        assert await state(menta) == "closed"


async def test_only_one_call_reaches_a_platform_on_trial(platform: FakePlatform) -> None:
    """Of many pulls at once, one is let through, and the others are refused while it hangs."""
    platform.on("/orders", *[DOWN] * LIMIT, Reply(hang=True))
    breaker = {"failures": LIMIT, "open": "2s"}
    async with serving(bridge_to(platform, breaker, timeout="1s")) as menta:
        await slugs_of_users(menta, LIMIT)

        async def is_half_open() -> bool:
            return await state(menta) == "half-open"

        await until(is_half_open)
        answers = await asyncio.gather(*[menta.get(TICKETS) for _ in range(20)])

    assert sorted(map(slug, answers)) == ["upstream-timeout"] + [OPEN] * 19
    assert len(platform.seen) == LIMIT + 1


async def test_calls_that_wait_for_their_turn_leave_when_it_opens(platform: FakePlatform) -> None:
    """Pulls behind calls that fail are refused as soon as the breaker opens, not one failure each."""
    platform.on("/orders", Reply(steps=(Pause(0.3), CLOSE)))
    breaker = {"failures": 2, "open": "1h"}
    async with serving(bridge_to(platform, breaker, concurrency=2, timeout="60s")) as menta:
        answers = await asyncio.gather(*[menta.get(TICKETS) for _ in range(30)])

    assert {slug(answer) for answer in answers} == {OPEN}
    assert len(platform.seen) <= 3  # the second may end a moment after the first has left its place


async def test_one_platforms_breaker_is_not_anothers(platform: FakePlatform) -> None:
    """Each platform has a breaker of its own, which the readiness probe names."""
    platform.on("/orders", GOOD)
    down = {"platform": "down", "upstream.breaker": BREAKER}
    dead = compile_mapping(spec_of(down, base_url="http://127.0.0.1:1"))
    async with serving(bridge_to(platform), dead) as menta:
        for _ in range(LIMIT):
            await menta.get("/down" + TICKETS)
        ready = await menta.get("/readyz")
        good = await menta.get("/acme" + TICKETS)

    assert (ready.status_code, ready.json()["status"]) == (200, "ready")
    breakers = {one["platform"]: one["breaker"] for one in ready.json()["platforms"]}
    assert breakers == {"acme": "closed", "down": "open"}
    assert good.status_code == 200


async def test_it_is_there_without_being_asked_for(platform: FakePlatform) -> None:
    """A mapping that says nothing of a breaker has one: ten failures, five seconds."""
    platform.on("/orders", DOWN)
    async with serving(compile_mapping(spec_of(base_url=platform.url))) as menta:
        before = await slugs_of_users(menta, 10)
        refused = await menta.get(TICKETS)

    assert before == ["upstream-error"] * 10
    assert (slug(refused), refused.headers["retry-after"]) == (OPEN, "5")


async def test_it_is_good_again_within_20_seconds(platform: FakePlatform) -> None:
    """As it is without being asked for, a platform that returns is called again soon enough."""
    platform.on("/orders", *[DOWN] * 10, GOOD)
    async with serving(compile_mapping(spec_of(base_url=platform.url))) as menta:
        await slugs_of_users(menta, 10)
        since = time.monotonic()

        async def is_good() -> bool:
            return await slugs(menta, 1) == ["ok"]

        await until(is_good)
        took = time.monotonic() - since
        assert await slugs(menta, 5) == ["ok"] * 5
    print(f"good again after {took:.1f} s")  # noqa: T201 - seen with -s

    assert took < 20
    assert len(platform.seen) == 16
