"""Tries and time: how often a platform is asked, and when a call to it ends."""

from __future__ import annotations

import asyncio
import gzip
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

import pytest

from tests.fake_platform import CLOSE, HANG, FakePlatform, Pause, Reply, Step
from tests.support import USER, Changes, item, order, orders, spec_of
from ticketbridge.engine.bridge import Bridge, compile_mapping
from ticketbridge.engine.problems import ProblemError, UpstreamTimeout, UpstreamUnavailable
from ticketbridge.engine.upstream import limits
from ticketbridge.engine.upstream.limits import RetryBudget

pytestmark = pytest.mark.anyio

NO_BREAKER = {"upstream.breaker": {"failures": 10_000}}
GOOD = Reply(json=orders(order(item(1))))
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n"
ZIPPED = {"Content-Encoding": "gzip"}


@pytest.fixture(params=[False, True], ids=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    """Both event loops: where uvloop is not installed, the server runs on asyncio's."""
    return "asyncio", {"use_uvloop": request.param}


@pytest.fixture
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tries follow one another at once."""
    monkeypatch.setattr(limits, "wait_before", lambda _attempt: 0)


def bridge_to(platform: FakePlatform, changes: Changes | None = None) -> Bridge:
    """MAPPING on a fake platform."""
    return compile_mapping(spec_of({**NO_BREAKER, **(changes or {})}, base_url=platform.url))


# --- the retry budget ---------------------------------------------------------------------------


def test_the_budget_is_a_fifth_of_the_calls_and_ten_in_reserve() -> None:
    """Ten retries are there at first; five calls earn one more, and no more than ten are kept."""
    budget = RetryBudget()
    assert [budget.spend() for _ in range(11)] == [True] * 10 + [False]
    for _ in range(5):
        assert not budget.spend()
        budget.earn()
    assert [budget.spend() for _ in range(2)] == [True, False]
    for _ in range(1000):
        budget.earn()
    assert [budget.spend() for _ in range(11)] == [True] * 10 + [False]


@pytest.mark.usefixtures("no_waiting")
async def test_each_platform_has_a_budget_of_its_own(platform: FakePlatform) -> None:
    """A platform that is down uses up its own retries, and no other's; its callers share them."""
    down, up = [bridge_to(platform, {"upstream.retries": number}) for number in (10, 1)]
    platform.on("/orders", Reply(steps=(CLOSE,)))
    for number in range(30):
        with pytest.raises(UpstreamUnavailable):
            await down.answer(f"user{number}@example.com")
    asked = len(platform.seen)
    platform.on("/orders", Reply(steps=(CLOSE,)), GOOD)
    await up.answer(USER)
    await down.aclose()
    await up.aclose()

    assert 30 + 10 <= asked <= 30 + 10 + 30 // 5
    assert len(platform.seen) == asked + 2


# --- the end of a call --------------------------------------------------------------------------

STAGES: Mapping[str, Sequence[Step]] = {
    "before the head": (HANG,),
    "in the head": (HEAD[:20], HANG),
    "in the body": (HEAD + b"{", HANG),
    "a byte at a time": (HEAD, *((b" ", Pause(0.05)) * 900)),
    "a byte of the head at a time": tuple(
        step for byte in HEAD for step in (bytes([byte]), Pause(0.05))
    ),
    "interim answers": (b"HTTP/1.1 102 Processing\r\n\r\n", Pause(0.05)) * 900,
}


@pytest.mark.parametrize("steps", STAGES.values(), ids=STAGES)
async def test_the_deadline_closes_the_connection(
    platform: FakePlatform, steps: Sequence[Step]
) -> None:
    """The deadline is wall clock, whatever comes meanwhile; what it ends is closed within 2 s."""
    platform.on("/orders", Reply(steps=steps), GOOD)
    bridge = bridge_to(platform, {"upstream.timeout": "300ms"})
    since = time.monotonic()
    with pytest.raises(UpstreamTimeout):
        await bridge.answer(USER)
    assert time.monotonic() - since < 0.3 + 2
    await closed(platform)
    await bridge.answer(USER)
    await bridge.aclose()


@pytest.mark.parametrize("steps", STAGES.values(), ids=STAGES)
async def test_a_call_that_nobody_waits_for_is_closed(
    platform: FakePlatform, steps: Sequence[Step]
) -> None:
    """A caller who leaves takes the call to the platform along, wherever it is."""
    platform.on("/orders", Reply(steps=steps), GOOD)
    bridge = bridge_to(platform, {"upstream.timeout": "1h"})
    asking = asyncio.create_task(bridge.answer(USER))
    async with asyncio.timeout(20):
        while not platform.seen:  # noqa: ASYNC110 - there is no event for it
            await asyncio.sleep(0.01)
    await asyncio.sleep(0.05)
    asking.cancel()
    with suppress(asyncio.CancelledError):
        await asking
    await closed(platform)
    await bridge.answer(USER)
    await bridge.aclose()


CUT_SHORT: Mapping[str, tuple[Reply, str]] = {
    "refused": (Reply(steps=(CLOSE,)), "order: no answer (ConnectionLost"),
    "cut": (Reply(steps=(HEAD + b"{", CLOSE)), "order: the answer was cut (ConnectionLost"),
    "no HTTP": (Reply(raw=b"220 mail.example ESMTP\r\n"), "order: no HTTP answer ("),
    "no gzip": (Reply(body=b"<h1>no gzip</h1>", headers=ZIPPED), "order: a body that is no gzip"),
    "half a gzip": (
        Reply(body=gzip.compress(b"{}")[:-9], headers=ZIPPED),
        "order: a gzip body that ends too early",
    ),
}


@pytest.mark.parametrize(("reply", "reason"), CUT_SHORT.values(), ids=CUT_SHORT)
@pytest.mark.usefixtures("no_waiting")
async def test_the_log_names_the_call_that_got_no_whole_answer(
    platform: FakePlatform, reply: Reply, reason: str
) -> None:
    """Once, however often it was tried."""
    platform.on("/orders", reply)
    bridge = bridge_to(platform)
    with pytest.raises(ProblemError) as caught:
        await bridge.answer(USER)
    await bridge.aclose()

    assert caught.value.log.startswith(reason)
    assert caught.value.log.count("order: ") == 1


async def closed(platform: FakePlatform) -> None:
    """Return once the platform has no connection; it may take 2 s."""
    async with asyncio.timeout(2):
        while platform.open_connections:  # noqa: ASYNC110 - there is no event for it
            await asyncio.sleep(0.01)


@pytest.fixture
def full() -> Iterator[str]:
    """A host that takes no connection: its queue is full and nobody empties it."""
    with socket.create_server(("127.0.0.1", 0), backlog=0) as door:
        address = door.getsockname()
        waiting = [socket.socket() for _ in range(4)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(address)
        yield f"http://127.0.0.1:{address[1]}"
        for one in waiting:
            one.close()


async def test_connecting_has_a_time_of_its_own(full: str) -> None:
    """A host that does not answer at all is given up before the deadline, and may be tried again."""
    changes = {**NO_BREAKER, "upstream.connect_timeout": "200ms", "upstream.timeout": "20s"}
    bridge = compile_mapping(spec_of(changes, base_url=full))
    since = time.monotonic()
    with pytest.raises(UpstreamUnavailable):
        await bridge.answer(USER)
    assert time.monotonic() - since < 10
    await bridge.aclose()


async def test_the_deadline_is_over_connecting_too(full: str) -> None:
    """A connection that is not there in time is as late as an answer."""
    changes = {**NO_BREAKER, "upstream.connect_timeout": "20s", "upstream.timeout": "200ms"}
    bridge = compile_mapping(spec_of(changes, base_url=full))
    with pytest.raises(UpstreamTimeout):
        await bridge.answer(USER)
    await bridge.aclose()


async def test_the_deadline_is_over_the_tries_and_the_waits(platform: FakePlatform) -> None:
    """Tries and the waits before them count: they do not begin the time anew."""
    platform.on("/orders", Reply(steps=(Pause(0.1), CLOSE)))
    bridge = bridge_to(platform, {"upstream.retries": 10, "upstream.timeout": "500ms"})
    since = time.monotonic()
    with pytest.raises(ProblemError):
        await bridge.answer(USER)
    assert time.monotonic() - since < 0.5 + 2
    await bridge.aclose()

    assert len(platform.seen) > 1
