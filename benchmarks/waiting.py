"""How long one large answer keeps others waiting: ordinary ones, and such as are made record by record.

In an odd answer one order comes twice, so that its tickets are duplicates: each record is then judged on
its own, with its reason. Other answers have their turn in between.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from statistics import median
from typing import Any

from benchmarks.data import USER, as_json, body_of
from benchmarks.growth import Platform
from benchmarks.ours import bridge_of, settle_in
from benchmarks.report import Part, Table, Target, milliseconds
from ticketbridge.engine.bridge import Bridge

SIZES = (100, 1_000, 10_000)
LONGEST = 1.0
"""Seconds for which nothing may hold the event loop."""


def measure(*, quick: bool) -> Part:
    """Both kinds of answers, by their tickets."""
    rows, held = [], 0.0
    for tickets in SIZES:
        for name, body in (("ordinary", body_of(tickets)), ("odd", odd_body_of(tickets))):
            times, holds = asyncio.run(answered(body, tickets, rounds=3 if quick else 7))
            held = max(held, *holds)
            each = f"{median(times) / tickets * 1e6:.2f} us"
            rows.append(
                [
                    f"{tickets:,}, {name}",
                    milliseconds(median(times)),
                    each,
                    milliseconds(max(holds)),
                ]
            )
    title = "One answer by tickets, and how long it keeps others waiting"
    table = Table(title, ["tickets", "time", "a ticket", "loop held"], rows, _NOTE)
    bound = Target("seconds for which 10,000 tickets hold the event loop", held, at_most=LONGEST)
    return Part([table], [bound])


_NOTE = "Odd: one order comes twice, so that all records are judged one by one."


def odd_body_of(tickets: int) -> dict[str, Any]:
    """The same tickets, those of the first order twice."""
    body = body_of(tickets)
    return {**body, "orders": [*body["orders"], body["orders"][0]]}


async def answered(
    body: dict[str, Any], tickets: int, *, rounds: int
) -> tuple[Sequence[float], Sequence[float]]:
    """The seconds of each answer, and the longest that each has held the event loop."""
    bridge = bridge_of("plain", transport=Platform([as_json(body)]))
    settle_in()
    times, holds = [], []
    await _right(bridge, tickets)
    for _ in range(rounds):
        started = time.perf_counter()
        await _right(bridge, tickets)
        times.append(time.perf_counter() - started)
        holds.append(await longest_hold(bridge, tickets))
    return times, holds


async def longest_hold(bridge: Bridge, tickets: int) -> float:
    """The longest time between two turns of another task while an answer is made."""
    answering = asyncio.create_task(_right(bridge, tickets))
    longest, before = 0.0, time.perf_counter()
    while not answering.done():
        await asyncio.sleep(0)
        now = time.perf_counter()
        longest, before = max(longest, now - before), now
    await answering
    return longest


async def _right(bridge: Bridge, tickets: int) -> None:
    answer = await bridge.answer(USER)
    assert answer.body.count(b'"ticketId"') == tickets
