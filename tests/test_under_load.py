"""Many pulls at once, pulls that hang, callers who leave: afterwards everybody is served as before."""

from __future__ import annotations

import asyncio
import json
import resource
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from tests.fake_platform import FakePlatform, Pause, Reply, Seen
from tests.support import SECRET, Changes, PromptServer, item, order, orders, spec_of
from ticketbridge.engine.bridge import Bridge, compile_mapping
from ticketbridge.service.app import create_app
from ticketbridge.service.server import server_config
from ticketbridge.service.settings import Settings

pytestmark = pytest.mark.anyio

PATIENCE = 60  # seconds after which a test gives up, far beyond what it waits for
CONCURRENCY = 20
UPSTREAM_CLOSED = 2  # seconds
Tasks = list[asyncio.Task[int]]


@pytest.fixture(autouse=True)
def files() -> Iterator[None]:
    """Enough open files for both ends of each connection."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = 4096 if hard == resource.RLIM_INFINITY else min(4096, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, most), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def bridge_to(platform: FakePlatform, changes: Changes | None = None) -> Bridge:
    """MAPPING on a fake platform, with fewer calls in flight than callers, and no breaker in the way."""
    whole = {
        "upstream.concurrency": CONCURRENCY,
        "upstream.breaker": {"failures": 10_000},
        "upstream.timeout": "60s",
        **(changes or {}),
    }
    return compile_mapping(spec_of(whole, base_url=platform.url))


@asynccontextmanager
async def serving(*bridges: Bridge, most: int = 1000) -> AsyncIterator[int]:
    """A real server that answers *most* pulls at once, and its port."""
    settings = Settings(port=0, grace=1, max_concurrency=most)
    server = PromptServer(server_config(create_app(bridges, settings), settings))
    running = asyncio.create_task(server.serve())
    try:
        await until(lambda: server.started)
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        await server.leave()
        await running


async def until(condition: Callable[[], object]) -> float:
    """Wait for what comes in its own time; the seconds that it took."""
    since = time.monotonic()
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 - there is no event for it
            await asyncio.sleep(0.01)
    return time.monotonic() - since


class Caller:
    """One pull on a connection of its own."""

    def __init__(self, port: int, user: str, path: str) -> None:
        self._port = port
        self._target = f"{path}?user={user}"
        self._writer: asyncio.StreamWriter | None = None

    async def status(self) -> int:
        """The status of the answer, which came whole."""
        reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        lines = [f"GET {self._target} HTTP/1.1", "Host: x", f"X-Menta-Secret: {SECRET}"]
        self._writer.write("\r\n".join([*lines, "Connection: close", "", ""]).encode())
        try:
            answer = await reader.read()
        finally:
            self.leave()
        return int(answer[9:12])

    def leave(self) -> None:
        """Close the connection, answered or not."""
        if self._writer is not None:
            self._writer.close()


def callers(port: int, number: int, user: str, path: str = "/tickets") -> list[Caller]:
    """So many of them."""
    return [Caller(port, f"{user}{n}@example.com", path) for n in range(number)]


async def statuses(port: int, number: int, user: str, path: str = "/tickets") -> list[int]:
    """What so many pulls at once come to."""
    asked = [caller.status() for caller in callers(port, number, user, path)]
    return await asyncio.gather(*asked)


def owner(seen: Seen) -> str:
    """The user of a call to the platform."""
    return dict(seen.query)["email"]


def tickets(seen: Seen) -> Reply:
    """One valid ticket of the asked user, as a platform with some distance gives it."""
    found = Reply(json=orders(order(item(1), email=owner(seen))))
    return Reply(steps=(Pause(0.01), *found.script()))


def answer(seen: Seen) -> Reply:
    """Good users are answered, for others the platform hangs."""
    return Reply(hang=True) if owner(seen).startswith("hang") else tickets(seen)


@dataclass
class Figures:
    """What a test saw, for whoever runs it with `-s`."""

    seconds: dict[str, float] = field(default_factory=dict)

    def note(self, what: str, seconds: float) -> None:
        """Keep the longest time of its kind."""
        self.seconds[what] = max(seconds, self.seconds.get(what, 0.0))


async def served_as_before(port: int, platform: FakePlatform) -> None:
    """Good users are answered, and as many calls go out together as ever: no place is lost."""
    assert await statuses(port, 3 * CONCURRENCY, "good") == [200] * 3 * CONCURRENCY
    before = len(platform.seen)
    hanging = callers(port, CONCURRENCY + 10, "hang")
    asked = [asyncio.create_task(caller.status()) for caller in hanging]
    await until(lambda: len(platform.seen) - before >= CONCURRENCY)
    await asyncio.sleep(0.1)
    assert len(platform.seen) - before == CONCURRENCY
    await left(hanging, asked)
    await settled(platform)


async def left(leaving: Sequence[Caller], asked: Sequence[asyncio.Task[int]]) -> None:
    """These callers leave without their answers."""
    for caller in leaving:
        caller.leave()
    for task in asked:
        task.cancel()
    await asyncio.gather(*asked, return_exceptions=True)


async def settled(platform: FakePlatform) -> float:
    """Wait until no call is left at the platform; the seconds that it took."""
    since = time.monotonic()
    async with asyncio.timeout(PATIENCE):
        await platform.settled()
    return time.monotonic() - since


@pytest.fixture
def figures(request: pytest.FixtureRequest) -> Iterator[Figures]:
    """Printed when the test is over."""
    kept = Figures()
    yield kept
    shown = ", ".join(f"{what} {seconds:.2f} s" for what, seconds in kept.seconds.items())
    print(f"{request.node.name}: {shown}")  # noqa: T201 - seen with -s


async def test_nothing_is_left_of_callers_who_leave(
    platform: FakePlatform, figures: Figures
) -> None:
    """Callers who leave, in a call or in the queue for one, leave no task and no connection, twice."""
    platform.on("/orders", answer)
    async with serving(bridge_to(platform)) as port:
        await served_as_before(port, platform)
        tasks = len(asyncio.all_tasks())
        for _ in range(2):
            before = len(platform.seen)
            leaving = callers(port, 150, "hang")
            asked = [asyncio.create_task(caller.status()) for caller in leaving]
            await until(lambda: len(platform.seen) - before == CONCURRENCY)  # noqa: B023 - at once
            await left(leaving, asked)
            closed = await settled(platform)
            figures.note("upstream sockets closed after", closed)
            assert closed < UPSTREAM_CLOSED
            await served_as_before(port, platform)
        await until(lambda: len(asyncio.all_tasks()) <= tasks)


async def test_clients_leave_at_any_moment(platform: FakePlatform) -> None:
    """Nor do callers who leave while their call connects, is answered, or changes places in the queue."""
    platform.on("/orders", answer)
    async with serving(bridge_to(platform)) as port:
        for _ in range(2):
            leaving = callers(port, 150, "good")
            asked = [asyncio.create_task(caller.status()) for caller in leaving]
            for number, caller in enumerate(leaving):
                if number % 5 == 0:
                    await asyncio.sleep(0.002)
                caller.leave()
            await left(leaving, asked)
            await served_as_before(port, platform)


async def test_nothing_is_left_of_calls_that_hang(platform: FakePlatform, figures: Figures) -> None:
    """Nor do calls that end at the deadline, and those that have waited behind them, twice."""
    platform.on("/orders", answer)
    async with serving(bridge_to(platform, {"upstream.timeout": "1s"})) as port:
        await served_as_before(port, platform)
        tasks = len(asyncio.all_tasks())
        for _ in range(2):
            since = time.monotonic()
            found = Counter(await statuses(port, 160, "hang"))
            figures.note("160 answers", time.monotonic() - since)
            closed = await settled(platform)
            figures.note("upstream sockets closed after", closed)
            # Whoever came late may take the place of one whose deadline has passed.
            assert found.keys() == {503, 504}
            assert found[504] >= CONCURRENCY
            assert closed < UPSTREAM_CLOSED
            await served_as_before(port, platform)
        await until(lambda: len(asyncio.all_tasks()) <= tasks)


async def test_a_breaker_opened_by_hanging_calls_closes_again(
    platform: FakePlatform, figures: Figures
) -> None:
    """With a breaker, good users wait no longer than it is open after calls that hung."""
    platform.on("/orders", answer)
    breaker = {"failures": 10, "open": "500ms"}
    async with serving(
        bridge_to(platform, {"upstream.timeout": "1s", "upstream.breaker": breaker})
    ) as port:
        await statuses(port, 160, "hang")
        assert await statuses(port, 1, "good") == [503]
        since = time.monotonic()
        while await statuses(port, 1, "good") != [200]:
            await settled(platform)
        figures.note("good again after", time.monotonic() - since)
        assert time.monotonic() - since < 20
        assert await statuses(port, 60, "good") == [200] * 60


# --- neighbours ---------------------------------------------------------------------------------

SHARED = 10
"""Answers at once, of all platforms together."""


@asynccontextmanager
async def neighbours(platform: FakePlatform, number: int = 2) -> AsyncIterator[int]:
    """A server of so many mappings with few places, on one platform that hangs for some users."""
    platform.on("/orders", answer)
    changes = [{"platform": f"p{n}", "upstream.concurrency": 50} for n in range(number)]
    async with serving(*[bridge_to(platform, own) for own in changes], most=SHARED) as port:
        yield port


async def hang(port: int, platform: FakePlatform, path: str) -> tuple[list[Caller], Tasks]:
    """Take all places with 40 pulls that hang; the ones that got a place, the others being refused."""
    asked = {asyncio.create_task(one.status()): one for one in callers(port, 40, "hang", path)}
    await until(lambda: sum(task.done() for task in asked) >= 40 - SHARED)
    await until(lambda: platform.seen[SHARED - 1 :])
    await asyncio.sleep(0.1)
    done = [task for task in asked if task.done()]
    assert [task.result() for task in done] == [503] * (40 - SHARED)
    waiting = [task for task in asked if not task.done()]
    return [asked[task] for task in waiting], waiting


async def is_alive(port: int) -> bool:
    """Whether `/healthz` answers 200."""
    return await Caller(port, "x", "/healthz").status() == 200


async def test_a_platform_that_hangs_takes_no_place_of_its_neighbour(
    platform: FakePlatform,
) -> None:
    """One platform alone gets all places and no more; its neighbour still gets its share, each time."""
    async with neighbours(platform) as port:
        for _ in range(2):
            platform.seen.clear()
            waiting, asked = await hang(port, platform, "/p0/tickets")
            assert len(platform.seen) == SHARED
            for _ in range(5):
                assert await statuses(port, SHARED // 2, "good", "/p1/tickets") == [200] * 5
                assert await is_alive(port)
                assert await statuses(port, 2, "good", "/p0/tickets") == [503] * 2
            await left(waiting, asked)
            await settled(platform)
            for path in ("/p0/tickets", "/p1/tickets"):
                assert await statuses(port, SHARED, "good", path) == [200] * SHARED


async def test_two_platforms_that_hang_leave_the_third_its_share(platform: FakePlatform) -> None:
    """A neighbour gets its share and no more while all is taken; the share is rounded up."""
    async with neighbours(platform, 3) as port:
        waiting, asked = await hang(port, platform, "/p0/tickets")
        second = callers(port, 7, "hang", "/p1/tickets")
        more = [asyncio.create_task(one.status()) for one in second]
        await until(lambda: sum(task.done() for task in more) == 3)
        assert [task.result() for task in more if task.done()] == [503] * 3
        assert await statuses(port, 4, "good", "/p2/tickets") == [200] * 4
        await left([*waiting, *second], [*asked, *more])
        await settled(platform)
        assert await statuses(port, SHARED, "good", "/p2/tickets") == [200] * SHARED


async def test_a_platform_above_its_share_waits_until_the_service_has_room(
    platform: FakePlatform,
) -> None:
    """Only the service's room counts for who has a share already: one place given back is not enough."""
    async with neighbours(platform) as port:
        waiting, asked = await hang(port, platform, "/p0/tickets")
        second = callers(port, 1, "hang", "/p1/tickets")
        more = [asyncio.create_task(one.status()) for one in second]
        await until(lambda: len(platform.seen) == SHARED + 1)
        await left(waiting[:1], asked[:1])
        await until(lambda: platform.open_connections == SHARED)
        assert await statuses(port, 1, "good", "/p0/tickets") == [503]
        await left(waiting[1:2], asked[1:2])
        await until(lambda: platform.open_connections == SHARED - 1)
        assert await statuses(port, 1, "good", "/p0/tickets") == [200]
        await left([*waiting, *second], [*asked, *more])


# --- the event loop -----------------------------------------------------------------------------

MANY = 10_000
LONGEST_STALL = 1.0


async def longest_stall(answering: asyncio.Task[int]) -> float:
    """The longest time that the loop had no turn for another task until *answering* is done.

    It is the loop's own CPU time: what else the machine does meanwhile is not counted.
    """
    longest, last = 0.0, time.thread_time()
    while not answering.done():
        await asyncio.sleep(0.001)
        now = time.thread_time()
        longest, last = max(longest, now - last), now
    return longest


OMIT = {"ticket.on_violation": "omit"}
MARK = {"ticket.ineligible": "mark"}


def many(every: Changes, last: Changes) -> bytes:
    """An answer with 10,000 tickets: *every* one with these changes, and the *last* with its own."""
    items = [item(f"{number:05}", **every) for number in range(MANY - 1)]
    odd = item("99999", **{**every, **last})
    body = orders(order(*items, odd, email="good0@example.com"))
    return json.dumps(body).encode()


@pytest.mark.parametrize(
    ("changes", "every", "last", "status"),
    [
        pytest.param({}, {}, {}, 200, id="ordinary"),
        pytest.param({}, {}, {"id": "00000"}, 200, id="a duplicate"),
        pytest.param({}, {}, {"id": "00000", "zone": "B"}, 502, id="two of one id"),
        pytest.param({}, {}, {"zone": None}, 502, id="a violation"),
        pytest.param({}, {}, {"price": "a lot"}, 502, id="a price that is none"),
        pytest.param({}, {"zone": "z" * 300}, {}, 502, id="each against the contract"),
        pytest.param(OMIT, {"zone": "z" * 300}, {"zone": "A"}, 200, id="each omitted but one"),
        pytest.param({}, {"state": "REFUNDED"}, {}, 200, id="none eligible"),
        pytest.param(MARK, {"state": "REFUNDED"}, {}, 200, id="each marked"),
        pytest.param({}, {"state": "LOST"}, {}, 502, id="unknown status"),
    ],
)
async def test_10000_tickets_do_not_stall_the_loop(
    platform: FakePlatform,
    figures: Figures,
    changes: Changes,
    every: Changes,
    last: Changes,
    status: int,
) -> None:
    """Others have their turn while a very large answer is made, whatever is odd in it."""
    platform.on("/orders", Reply(body=many(every, last)))
    async with serving(bridge_to(platform, changes)) as port:
        (caller,) = callers(port, 1, "good")
        answering = asyncio.create_task(caller.status())
        stall = await longest_stall(answering)
        figures.note("longest stall", stall)

        assert await answering == status
        assert stall < LONGEST_STALL
