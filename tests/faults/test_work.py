"""The work of one answer stays in proportion to it, whatever the platform sends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.support import USER, Changes, answer_of, bridge_of, item, order, orders
from ticketbridge.journal import Journal
from ticketbridge.problems import MappingMismatch

pytestmark = pytest.mark.anyio

CALL = {"name": "order", "get": "/orders", "query": {"email": "{user}"}, "each": "body.orders"}
MORE_THAN_ALLOWED = "max_records: more than 20000 records for one answer"


async def mismatch_of(changes: Changes, replies: Mapping[str, Any], *, explains: bool) -> str:
    """The log of the mismatch that the answer is."""
    with pytest.raises(MappingMismatch) as caught:
        await answer_of(changes, replies, journal=Journal(explains=explains))
    return caught.value.log


def levels(*expressions: str) -> Changes:
    """MAPPING, whose entries below the call are bound to these lists."""
    names = [*(f"level{at}" for at in range(len(expressions) - 1)), "item"]
    below = [{"name": n, "each": e} for n, e in zip(names, expressions, strict=True)]
    return {"source": [CALL, *below], "ticket.fields.ticketId": "order.id"}


NUMBERS = {
    "ticket.status": {"from": "order.state", "values": {"PAID": "VALID"}},
    "ticket.fields.ticketOptionId": "order.id",
    "ticket.fields.price": "order.quantity",
}


def many(count: int, quantity: int, **changes: Any) -> dict[str, Any]:
    """A small answer whose numbers ask for a lot of records."""
    one = order(state="PAID", quantity=quantity, **changes)
    return {"/orders": orders(*[{**one, "id": f"o{at}"} for at in range(count)])}


@pytest.mark.parametrize(
    "explains", [pytest.param(False, id="serve"), pytest.param(True, id="explain")]
)
@pytest.mark.parametrize(
    ("expressions", "replies"),
    [
        pytest.param(["range(order.quantity)"], many(300, 100_000), id="one level"),
        pytest.param(["range(order.quantity)"], many(20_000, 2), id="little by little"),
        pytest.param(
            ["range(order.quantity)", "range(order.quantity)"], many(1, 9_000), id="two levels"
        ),
        pytest.param(
            ["range(order.quantity)", "range(order.quantity)", "range(order.quantity)"],
            many(5, 700),
            id="three levels",
        ),
        pytest.param(
            ["range(order.quantity)", "order.items"], many(300, 100_000), id="nothing further in"
        ),
    ],
)
async def test_records_are_counted_as_they_are_made(
    expressions: list[str], replies: Mapping[str, Any], *, explains: bool
) -> None:
    """What more records than `max_records` would be made of is left at once, at each level."""
    changes = {**levels(*expressions), **NUMBERS}
    assert await mismatch_of(changes, replies, explains=explains) == MORE_THAN_ALLOWED


@pytest.mark.parametrize(
    "explains", [pytest.param(False, id="serve"), pytest.param(True, id="explain")]
)
async def test_records_of_strangers_are_counted_as_they_are_made(*, explains: bool) -> None:
    """It makes no difference whose the records are."""
    changes = {**levels("range(order.quantity)"), **NUMBERS}
    changes["ticket.owner"] = "[order.email, to_string(item)][0]"  # known only at the last level
    replies = many(300, 100_000, email="bea@example.com")
    assert await mismatch_of(changes, replies, explains=explains) == MORE_THAN_ALLOWED


@pytest.mark.parametrize(
    "explains", [pytest.param(False, id="serve"), pytest.param(True, id="explain")]
)
async def test_bindings_above_a_call_are_counted_as_they_are_made(*, explains: bool) -> None:
    """A list between two calls is bounded likewise, before the calls that it would lead to."""
    numbers = {"name": "number", "each": "range(order.quantity)"}
    call = {"name": "item", "get": "/items/{number}", "each": "body"}
    changes = {"source": [CALL, numbers, call]}
    replies = many(300, 100_000)
    assert await mismatch_of(changes, replies, explains=explains) == MORE_THAN_ALLOWED


async def test_records_of_pages_are_counted_as_they_are_made() -> None:
    """A call is left at the page with which its records become too many."""
    pages = {"number": {"start": 1}, "last": "body.last"}
    call = {**CALL, "query": {"email": "{user}", "page": "{page.number}"}, "pages": pages}
    page = [
        {**orders(*[order(id=f"{at}-{n}") for n in range(5)]), "last": False} for at in range(9)
    ]
    bridge, platform = bridge_of(
        {"source": [call, {"name": "item", "each": "order.items"}], "upstream.max_records": 12},
        {"/orders": tuple(page)},
    )
    with pytest.raises(MappingMismatch) as caught:
        await bridge.answer(USER)

    assert "max_records: more than 12" in caught.value.log
    assert len(platform.targets) == 3


@pytest.mark.parametrize(
    "explains", [pytest.param(False, id="serve"), pytest.param(True, id="explain")]
)
async def test_as_many_records_as_allowed_are_an_answer(*, explains: bool) -> None:
    """The bound is on records: levels between are counted each on its own."""
    replies = {"/orders": orders(*[order(item(at)) for at in range(12)])}
    journal = Journal(explains=explains)
    await answer_of({"upstream.max_records": 12}, replies, journal=journal)

    assert journal.verdicts == {"returned": 12}


PAGED = {**CALL, "pages": {"number": {"start": 1}, "last": "body.last"}}
PAGED["query"] = {"email": "{user}", "page": "{page.number}"}


def large_pages(count: int, size: int) -> list[dict[str, Any]]:
    """Pages of about *size* bytes each, with one ticket on each."""
    return [
        {**orders(order(item(at))), "last": at == count - 1, "padding": "x" * (size - 200)}
        for at in range(count)
    ]


async def test_all_bodies_of_one_answer_are_bounded_together() -> None:
    """Pages that may each be as large as `max_body` are 10 times that together, and no more."""
    items = {"name": "item", "each": "order.items"}
    changes = {"source": [PAGED, items], "upstream.max_body": "10KB"}
    bridge, platform = bridge_of(changes, {"/orders": tuple(large_pages(20, 9_900))})
    with pytest.raises(MappingMismatch) as caught:
        await bridge.answer(USER)

    assert "max_body: more than 100000 bytes in all bodies of one answer" in caught.value.log
    assert len(platform.targets) == 11
    fits, platform = bridge_of(changes, {"/orders": tuple(large_pages(10, 9_900))})
    assert (await fits.answer(USER)).status == 200


async def test_bodies_of_calls_that_go_out_together_are_bounded_together() -> None:
    """It makes no difference which calls the bodies answer."""
    below = {"name": "item", "get": "/items/{order.id}", "take": "body"}
    replies = {f"/items/{at}": {**item(at), "padding": "x" * 9_000} for at in range(20)}
    listed = {"/orders": orders(*[order(id=at) for at in range(20)])}
    with pytest.raises(MappingMismatch) as caught:
        await answer_of(
            {"source": [CALL, below], "upstream.max_body": "10KB"}, {**listed, **replies}
        )

    assert "max_body: more than 100000 bytes" in caught.value.log
