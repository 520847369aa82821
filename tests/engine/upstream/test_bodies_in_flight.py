"""The bodies of one answer are bounded together while they come, and the deadline ends each of them."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import AsyncIterator

import pytest

from tests.fake_platform import CLOSE, HANG, FakePlatform, Pause, Reply, Step
from tests.support import Changes, ids_on, item, order, orders, problem_on
from ticketbridge.engine.problems import MappingMismatch, UpstreamTimeout, UpstreamUnreadable
from ticketbridge.engine.upstream import limits
from ticketbridge.engine.upstream.decoding import read_body

pytestmark = pytest.mark.anyio

CALLS = 20
SIZE = 9_000
JSON = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
ANNOUNCED = JSON + b"Content-Length: %d\r\n\r\n" % SIZE
CHUNKED = JSON + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n" % (SIZE + 1)
FROM_ORDERS = [
    {"name": "order", "get": "/orders", "query": {"email": "{user}"}, "each": "body.orders"},
    {"name": "item", "get": "/items/{order.id}", "take": "body"},
]
CHANGES: Changes = {
    "source": FROM_ORDERS,
    "upstream.max_body": "10KB",
    "upstream.breaker": {"failures": 1000},
}


def list_orders(platform: FakePlatform) -> None:
    """Have the user own an order for each of CALLS, which makes as many calls at once."""
    platform.on("/orders", Reply(json=orders(*[order(id=at) for at in range(CALLS)])))


def hold_items(platform: FakePlatform, *steps: Step) -> None:
    """Answer each item's call with *steps*."""
    for at in range(CALLS):
        platform.on(f"/items/{at}", Reply(steps=steps))


@pytest.mark.parametrize(
    "steps",
    [
        pytest.param((ANNOUNCED, HANG), id="announced"),
        pytest.param((ANNOUNCED, b"x" * (SIZE - 1), HANG), id="all but one byte"),
        pytest.param((CHUNKED, b"x" * SIZE, HANG), id="in chunks"),
    ],
)
async def test_bodies_count_together_while_they_come(
    platform: FakePlatform, steps: tuple[Step, ...]
) -> None:
    """Twenty bodies of 9 KB, none of which ends, are over ten times `max_body`: that is the answer."""
    list_orders(platform)
    hold_items(platform, *steps)

    problem = await problem_on(platform, CHANGES)

    assert isinstance(problem, MappingMismatch)
    assert "max_body: more than 100000 bytes in all bodies of one answer" in problem.log


async def test_a_body_that_was_given_up_counts_no_longer(
    platform: FakePlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tries that were cut hold no memory: together with the bodies that came they may be more."""
    monkeypatch.setattr(limits, "wait_before", lambda _attempt: 0)
    list_orders(platform)
    for at in range(CALLS):
        cut = Reply(steps=(ANNOUNCED, b"x" * (SIZE - 1), CLOSE))
        whole = Reply(json={**item(at), "padding": "x" * 500})
        platform.on(f"/items/{at}", *([cut, whole] if at < 10 else [whole]))

    found = await ids_on(platform, {**CHANGES, "upstream.retries": 1})

    assert found == [str(at) for at in range(CALLS)]


async def test_the_deadline_ends_bodies_that_never_end(platform: FakePlatform) -> None:
    """Bodies within the bounds that trickle for ever end with the answer, and so do their connections."""
    list_orders(platform)
    trickle: list[Step] = [b"x", Pause(0.01)]
    hold_items(platform, CHUNKED, *(trickle * 10_000))

    problem = await problem_on(platform, {**CHANGES, "upstream.timeout": "500ms"})

    assert isinstance(problem, UpstreamTimeout)
    async with asyncio.timeout(5):
        while platform.open_connections:  # noqa: ASYNC110 - a test's wait, for what has no event
            await asyncio.sleep(0.01)


async def test_the_deadline_ends_a_body_that_grows_as_it_decompresses() -> None:
    """What came in one packet may take seconds to decompress: the deadline has its turn meanwhile."""

    async def chunks() -> AsyncIterator[bytes]:
        yield gzip.compress(b"\0" * 300_000_000)

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await read_body(chunks(), "gzip", 1_000_000_000, lambda _size: None)


async def test_compressed_nothing_is_bounded_too() -> None:
    """A gzip body that gives no byte, however long it is, counts by the bytes that came."""
    came = 0

    async def chunks() -> AsyncIterator[bytes]:
        nonlocal came
        while True:
            came += 1
            yield gzip.compress(b"") * 500

    with pytest.raises(UpstreamUnreadable, match="a body over 50000 bytes"):
        await read_body(chunks(), "gzip", 50_000, lambda _size: None)

    assert came == 6
