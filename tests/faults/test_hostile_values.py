"""Hostile values in each slot of a mapping: the answer is the right problem, and nobody waits for it."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.fake_platform import FakePlatform, Reply
from tests.faults.asking import asks_for, judged
from tests.faults.fault import ANA, MISMATCH, TIMEOUT, Expected
from tests.processes import HEADERS, serving_program
from tests.support import Changes, item, order, orders

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(sys.platform != "linux", reason="the process is told to end with the tests"),
]

REFUSED = [MISMATCH]
ENDED = [MISMATCH, TIMEOUT]
"""What takes long, with turns for others: the problem, or the deadline where that comes before."""
LONGEST_WAIT = 2.0  # the bound is one second: the machine of the tests may be shared
HEAVY_PATTERN = "|".join([r"\pL"] * 240)
CALL = {"name": "order", "get": "/orders", "query": {"email": "{user}"}, "each": "body.orders"}


def field(expression: str) -> Changes:
    """MAPPING with *expression* as a ticket's field."""
    return {"ticket.fields.ticketOptionId": expression}


def below(*expressions: str) -> Changes:
    """MAPPING with these lists below its call, and a record for each element of the last."""
    names = [*(f"level{at}" for at in range(len(expressions) - 1)), "item"]
    levels = [{"name": n, "each": e} for n, e in zip(names, expressions, strict=True)]
    return {
        "source": [CALL, *levels],
        "ticket.status": {"from": "order.state", "values": {"PAID": "VALID"}},
        "ticket.fields.ticketId": "order.id",
        "ticket.fields.ticketOptionId": "order.id",
        "ticket.fields.price": "order.quantity",
    }


def call(**changes: Any) -> Changes:
    """MAPPING, whose call has these other slots."""
    return {"source": [{**CALL, **changes}, {"name": "item", "each": "order.items"}]}


def asking_for_many(count: int, quantity: int) -> Mapping[str, Any]:
    """Orders whose numbers ask for a lot."""
    return orders(
        *[order(id=f"o{at}", state="PAID", quantity=quantity, items=[]) for at in range(count)]
    )


def items(count: int, **changes: Any) -> Mapping[str, Any]:
    """One order of many items, each with these *changes*."""
    return orders(order(*[item(at, **changes) for at in range(count)]))


LONG_LIST = [{"x": 1}] * 20_000
TEXT = "x" * 1_000_000
ROWS: Mapping[str, tuple[Changes, Mapping[str, Any], Sequence[Expected]]] = {
    "each: range": (below("range(order.quantity)"), asking_for_many(900, 100_000), REFUSED),
    "each: range in range": (
        below("range(order.quantity)", "range(order.quantity)"),
        asking_for_many(5, 15_000),
        REFUSED,
    ),
    "each: ranges that lead to nothing": (
        below("range(order.quantity)", "order.items"),
        asking_for_many(900, 15_000),
        REFUSED,
    ),
    "call: range in range": (
        call(
            each="body.orders[?length(range(quantity)[?length(range(`1000`)[?@ > `1`]) > `3`]) > `1`]"
        ),
        asking_for_many(3, 100_000),
        REFUSED,
    ),
    "if: of a rule": (
        call(
            responses=[
                {"when": "length(map(&range(`9999`), range(body.n))) == `1`", "then": "fail"}
            ]
        ),
        {**items(1), "n": 100_000},
        REFUSED,
    ),
    "field: range in range": (
        field("to_string(length(range(item.n)[*].range(`1000`)[]))"),
        items(1, n=100_000),
        REFUSED,
    ),
    "field: pattern": (field("extract(item.zone, item.p)"), items(2_000, p=HEAVY_PATTERN), ENDED),
    "field: long pattern": (
        field("extract(item.zone, item.p)"),
        items(20, p=f"({HEAVY_PATTERN * 20})"),
        REFUSED,
    ),
    "owner: filter of a long list": (
        {"ticket.owner": "[order.email, to_string([item.id, length(order.more[?x == `2`])])][0]"},
        {"orders": [{**order(*[item(at) for at in range(9_000)]), "more": LONG_LIST}]},
        ENDED,
    ),
    "reason: a long list in a long list": (
        {"ticket.not_eligible_when": {"resold": "contains(order.more, item.id)"}},
        {"orders": [{**order(*[item(at) for at in range(9_000)]), "more": LONG_LIST}]},
        ENDED,
    ),
    "field: a long text again and again": (
        field("join('', [order.text, item.zone])"),
        {"orders": [{**order(*[item(at) for at in range(9_000)]), "text": TEXT}]},
        ENDED,
    ),
    "status: a long text again and again": (
        {"ticket.status": {"from": "upper(order.text)", "values": {"PAID": "VALID"}}},
        {"orders": [{**order(*[item(at) for at in range(9_000)]), "text": TEXT}]},
        REFUSED,
    ),
    "field: JSON of a long list": (
        field("to_string(order.more)"),
        {"orders": [{**order(*[item(at) for at in range(2_000)]), "more": LONG_LIST}]},
        ENDED,
    ),
}


async def longest_wait(client: httpx.AsyncClient, url: str, until: asyncio.Task[Any]) -> float:
    """The longest that `/healthz` takes to answer as long as *until* runs."""
    longest = 0.0
    while not until.done():
        started = time.perf_counter()
        assert (await client.get(f"{url}/healthz")).status_code == 200
        longest = max(longest, time.perf_counter() - started)
        await asyncio.sleep(0.005)
    return longest


@pytest.mark.parametrize(
    ("changes", "body", "expected"), [pytest.param(*row, id=name) for name, row in ROWS.items()]
)
async def test_a_hostile_value_holds_nobody_up(
    platform: FakePlatform,
    tmp_path: Path,
    changes: Changes,
    body: Mapping[str, Any],
    expected: Sequence[Expected],
) -> None:
    """Whatever a value asks for, `/healthz` is answered, and the pull ends with a problem."""
    platform.on("/orders", Reply(json=body))
    settings = {"upstream.timeout": "2s", **changes}
    with serving_program(tmp_path, platform.url, settings) as program:
        async with httpx.AsyncClient(headers=HEADERS, trust_env=False, timeout=60) as menta:
            pull = asyncio.create_task(menta.get(program.url + asks_for(ANA)))
            longest = await longest_wait(menta, program.url, pull)
            found = judged(await pull, ANA)

    assert longest < LONGEST_WAIT
    assert found in expected
