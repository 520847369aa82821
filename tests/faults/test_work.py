"""The work of one answer stays in proportion to it, whatever the platform sends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.support import USER, Changes, answer_of, bridge_of, item, order, orders
from ticketbridge.engine.answer_trace import AnswerTrace
from ticketbridge.engine.problems import MappingMismatch

pytestmark = pytest.mark.anyio

CALL = {"name": "order", "get": "/orders", "query": {"email": "{user}"}, "each": "body.orders"}
MORE_THAN_ALLOWED = "max_records: more than 20000 records for one answer"


async def mismatch_of(changes: Changes, replies: Mapping[str, Any], *, explains: bool) -> str:
    """The log of the mismatch that the answer is."""
    with pytest.raises(MappingMismatch) as caught:
        await answer_of(changes, replies, trace=AnswerTrace(explains=explains))
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
    trace = AnswerTrace(explains=explains)
    await answer_of({"upstream.max_records": 12}, replies, trace=trace)

    assert trace.verdicts == {"returned": 12}


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


async def reason_of(changes: Changes, replies: Mapping[str, Any]) -> str:
    """The log of the mismatch that the answer is."""
    return await mismatch_of(changes, replies, explains=False)


def second(**slots: Any) -> Changes:
    """MAPPING with a second call, made from what the first one said."""
    call = {"name": "item", "each": "body", **slots}
    return {"source": [CALL, call if "post" in slots else {"get": "/items", **call}]}


@pytest.mark.parametrize(
    ("slots", "most"),
    [
        pytest.param({"get": "/items/{order.id}"}, "8000 characters", id="path"),
        pytest.param({"query": {"a": "{order.id}"}}, "8000 characters", id="query"),
        pytest.param({"headers": {"X-A": "{order.id}"}}, "8000 characters", id="header"),
        pytest.param(
            {"post": "/items", "form": {"a": "{order.id}"}}, "1000000 characters", id="form"
        ),
        pytest.param(
            {"post": "/items", "json": {"a": "x{order.id}"}}, "1000000 characters", id="JSON text"
        ),
    ],
)
async def test_what_a_hole_takes_from_data_is_bounded(slots: Any, most: str) -> None:
    """A hole that gives too long a text is an error, which names the hole and where it stands."""
    log = await reason_of(second(**slots), {"/orders": orders(order(id="x" * 1_000_001))})

    assert log.startswith("item: acme.yaml:")
    assert f"a hole gives a text of more than {most}, in `order.id`" in log


@pytest.mark.parametrize(
    ("slots", "reason"),
    [
        pytest.param(
            {"query": {"a": "{order.id}", "b": "1"}},
            "the URL has more than 8000 characters, most of them in `query: a`",
            id="escaped",
        ),
        pytest.param(
            {"get": "/items/{order.id}", "query": {"b": "1"}},
            "the URL has more than 8000 characters, most of them in `path`",
            id="path",
        ),
        pytest.param(
            {"headers": {"X-A": "{order.email} {order.more} {order.more}"}},
            "a header must not have more than 8000 characters",
            id="header",
        ),
        pytest.param(
            {"post": "/items", "json": {"a": "{order}", "b": ["{order}"] * 130}},
            "the body has more than 1000000 bytes",
            id="JSON",
        ),
        pytest.param(
            {"post": "/items", "form": {f"a{at}": "{order.id}" for at in range(90)}},
            "the body has more than 1000000 bytes",
            id="form",
        ),
    ],
)
async def test_a_request_is_bounded_as_a_whole(slots: Any, reason: str) -> None:
    """Values that are short enough each on its own may not make too long a URL, header or body."""
    replies = {"/orders": orders(order(id="\u00e9" * 4_000, more="x" * 4_000))}

    log = await reason_of(second(**slots), replies)

    assert log.startswith("item: ")
    assert reason in log


async def test_a_request_as_long_as_allowed_is_sent() -> None:
    """A long cursor is no error."""
    changes = second(get="/items/{order.id}", query={"a": "{order.id}"})
    bridge, platform = bridge_of(
        changes, {"/orders": orders(order(id="x" * 3_900)), f"/items/{'x' * 3_900}": []}
    )
    await bridge.answer(USER)

    assert len(platform.targets) == 2


async def test_the_items_of_a_page_are_bounded_together() -> None:
    """An item that holds all items below it makes many bytes out of few, as pages are compared."""
    node: dict[str, Any] = {"text": "x" * 1_000_000, "children": []}
    for _ in range(40):
        node = {"children": [node]}
    changes = {"source.0": {**PAGED, "each": "descendants(body.tree, 'children')"}}

    log = await reason_of(changes, {"/orders": {"tree": [node], "last": True}})

    assert log == "order: pages: the items of one page have more than 30000000 bytes"
