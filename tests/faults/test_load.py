"""Many at once: callers that leave, calls that hang, a platform in trouble; and how it is afterwards."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from tests.fake_platform import FakePlatform, Reply, Seen, Until
from tests.faults.asking import asks_for, judged
from tests.faults.fault import TIMEOUT, Problem, Tickets, ticket
from tests.support import SECRET, item, order, orders, serving, spec_of
from ticketbridge.engine.bridge import Bridge, compile_mapping

pytestmark = pytest.mark.anyio

PLACES = 50  # calls in flight that the mapping allows by default
PATIENCE = 20  # seconds after which a test gives up, far beyond what it waits for
OVERLOADED = Problem("overloaded", 503, 1)
CALM: Mapping[str, Any] = {"upstream.breaker": {"failures": 10_000}, "upstream.timeout": "15s"}
"""So that it is the load alone which is tested."""


def user_of(number: int) -> str:
    """One of many users."""
    return f"user{number}@example.com"


def owned(seen: Seen) -> Reply:
    """The one ticket of whoever is asked about, whose id is their address."""
    user = dict(seen.query)["email"]
    return Reply(json=orders(order(item(user), email=user)))


def ticket_of(number: int) -> Tickets:
    """What that user is answered."""
    return Tickets([ticket(user_of(number))])


def bridge_to(platform: FakePlatform, name: str = "acme", **upstream: Any) -> Bridge:
    """MAPPING on *platform*, with these changes to its `upstream`."""
    own = {f"upstream.{key}": value for key, value in upstream.items()}
    return compile_mapping(spec_of({**CALM, "platform": name, **own}, base_url=platform.url))


@asynccontextmanager
async def asking(*bridges: Bridge) -> AsyncIterator[httpx.AsyncClient]:
    """A client that sends as much as it is told to."""
    async with serving(*bridges) as menta:
        many = httpx.Limits(max_connections=None, max_keepalive_connections=0)
        async with httpx.AsyncClient(
            base_url=menta.base_url,
            headers={"X-Menta-Secret": SECRET},
            trust_env=False,
            limits=many,
            timeout=PATIENCE,
        ) as client:
            yield client


async def answers(menta: httpx.AsyncClient, count: int, path: str = "") -> list[Problem | Tickets]:
    """What *count* users are answered who are asked about at once."""
    urls = [path + asks_for(user_of(number)) for number in range(count)]
    responses = await asyncio.gather(*map(menta.get, urls))
    return [judged(response, user_of(at)) for at, response in enumerate(responses)]


async def until(condition: Callable[[], object]) -> None:
    """Wait for what has no event."""
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 - see above
            await asyncio.sleep(0.005)


async def hold_all_places(menta: httpx.AsyncClient, platform: FakePlatform) -> None:
    """Have as many calls in flight as the mapping allows; without a place of them it would take for ever."""
    full = asyncio.Event()
    platform.on("/orders", lambda seen: Reply(steps=(Until(full), *owned(seen).script())))
    before = len(platform.seen)
    pulls = asyncio.gather(*[menta.get(asks_for(user_of(at))) for at in range(PLACES)])
    await until(lambda: len(platform.seen) == before + PLACES)
    full.set()
    assert {response.status_code for response in await pulls} == {200}


async def test_everyone_is_answered_with_their_own(platform: FakePlatform) -> None:
    """400 users at once, twice, over 50 places: each gets their ticket, and nobody another's."""
    platform.on("/orders", owned)
    async with asking(bridge_to(platform)) as menta:
        for _ in range(2):
            assert await answers(menta, 400) == [ticket_of(number) for number in range(400)]
        await hold_all_places(menta, platform)

    assert platform.open_connections <= PLACES


async def test_callers_who_leave_take_their_calls_with_them(platform: FakePlatform) -> None:
    """150 callers leave, in flight and in wait, twice: their calls end, and no place is lost."""
    async with asking(bridge_to(platform)) as menta:
        for _ in range(2):
            platform.on("/orders", Reply(hang=True))
            before = len(platform.seen)
            pulls = [asyncio.create_task(menta.get(asks_for(user_of(at)))) for at in range(150)]
            await until(lambda: len(platform.seen) == before + PLACES)  # noqa: B023 - it is awaited
            for pull in pulls:
                pull.cancel()
            await asyncio.gather(*pulls, return_exceptions=True)
            async with asyncio.timeout(2):
                await platform.settled()
            await hold_all_places(menta, platform)

        assert len(platform.seen) == 2 * (PLACES + PLACES)


async def test_calls_that_hang_end_with_their_deadline(platform: FakePlatform) -> None:
    """160 calls hang, twice: those in flight are timeouts, those in wait overloads, and no place is lost."""
    bridge = bridge_to(platform, timeout="1500ms")
    async with asking(bridge) as menta:
        for _ in range(2):
            platform.on("/orders", Reply(hang=True))
            found = await answers(menta, 160)
            assert {answer.slug for answer in found if isinstance(answer, Problem)} == {
                TIMEOUT.slug,
                OVERLOADED.slug,
            }
            # Whoever came late may take the place of one whose deadline has passed.
            assert found.count(TIMEOUT) >= PLACES
            assert found.count(TIMEOUT) + found.count(OVERLOADED) == 160
            async with asyncio.timeout(2):
                await platform.settled()
            await hold_all_places(menta, platform)


async def test_a_platform_that_hangs_slows_no_other(platform: FakePlatform) -> None:
    """While one platform has all its places taken, another's users and `/healthz` are answered."""
    platform.on("/orders", Reply(hang=True))
    async with FakePlatform() as neighbour:
        neighbour.on("/orders", owned)
        both = bridge_to(platform), bridge_to(neighbour, "neighbour")
        async with asking(*both) as menta:
            urls = [f"/acme{asks_for(user_of(number))}" for number in range(3 * PLACES)]
            hanging = [asyncio.create_task(menta.get(url)) for url in urls]
            await until(lambda: len(platform.seen) == PLACES)
            assert await answers(menta, 100, "/neighbour") == [ticket_of(at) for at in range(100)]
            assert (await menta.get("/healthz")).status_code == 200
            assert not any(pull.done() for pull in hanging)
            for pull in hanging:
                pull.cancel()
            await asyncio.gather(*hanging, return_exceptions=True)


async def test_a_platform_that_comes_back_is_asked_again(platform: FakePlatform) -> None:
    """400 calls to a platform that is down open the breaker; after its time, all is as it was."""
    platform.on("/orders", Reply(500))
    bridge = bridge_to(platform, breaker={"failures": 10, "open": "300ms"})
    async with asking(bridge) as menta:
        found = await answers(menta, 400)
        assert {answer.slug for answer in found if isinstance(answer, Problem)} == {
            "upstream-error",
            "upstream-unavailable",
        }
        assert len(platform.seen) < 200  # the others were refused without a call
        platform.on("/orders", owned)

        async with asyncio.timeout(PATIENCE):
            while await answers(menta, 1) != [ticket_of(0)]:  # noqa: ASYNC110 - it is for us to ask
                await asyncio.sleep(0.05)
        await hold_all_places(menta, platform)
