"""Calls below an `each`: together, in order, within the limits, and none that is not needed."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from tests.fake_platform import CLOSE, FakePlatform, Pause, Reply, Seen
from tests.support import USER, ids_on, item, order, orders, problem_on, spec_of, tickets_of
from ticketbridge.engine.answer_trace import AnswerTrace
from ticketbridge.engine.bridge import compile_mapping
from ticketbridge.engine.problems import MappingMismatch, UpstreamError, UpstreamTimeout
from ticketbridge.engine.upstream import limits

pytestmark = pytest.mark.anyio

ORDERS: Mapping[str, Any] = {
    "name": "order",
    "get": "/orders",
    "query": {"email": "{user}"},
    "each": "body.orders",
}
ITEMS: Mapping[str, Any] = {"name": "item", "get": "/items/{order.event}", "each": "body"}
EVENT: Mapping[str, Any] = {"name": "event", "get": "/events/{order.event}", "take": "body"}
ITEM: Mapping[str, Any] = {"name": "item", "each": "order.items"}
NAMES = ("a", "b", "c", "d", "e", "f")


def source(*entries: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """MAPPING with these entries; `.` in the other changes is written `__`."""
    others = {name.replace("__", "."): value for name, value in more.items()}
    return {"source": [dict(entry) for entry in entries], **others}


def slowly(reply: Reply, seconds: float) -> Reply:
    """*reply* after a while."""
    return Reply(steps=(Pause(seconds), *reply.script()))


def many_orders(platform: FakePlatform, *events: str) -> None:
    """An order of the user's for each of *events*."""
    platform.on("/orders", Reply(json=orders(*(order(event=event) for event in events))))


# --- together, and in order -------------------------------------------------------------------------


async def test_calls_for_several_bindings_go_out_together(platform: FakePlatform) -> None:
    """No binding waits for another one's call: all have been sent before any is answered."""
    many_orders(platform, *NAMES)
    for name in NAMES:
        platform.on(f"/items/{name}", Reply(hang=True))

    found = await problem_on(platform, source(ORDERS, ITEMS, upstream__timeout="300ms"))

    assert isinstance(found, UpstreamTimeout)
    assert sorted(platform.paths[1:]) == [f"/items/{name}" for name in NAMES]


async def test_results_stay_in_the_order_of_their_bindings(platform: FakePlatform) -> None:
    """Whichever answer comes first, tickets come in the platform's order."""
    many_orders(platform, *NAMES)
    for number, name in enumerate(NAMES):
        reply = Reply(json=[item(f"{name}1"), item(f"{name}2")])
        platform.on(f"/items/{name}", slowly(reply, (len(NAMES) - number) * 0.01))

    found = await ids_on(platform, source(ORDERS, ITEMS))

    assert found == [f"{name}{number}" for name in NAMES for number in (1, 2)]


async def test_each_binding_walks_its_own_pages(platform: FakePlatform) -> None:
    """Paged calls below an `each` do not mix their pages, cursors or totals."""
    many_orders(platform, "a", "b")
    paged = {
        **ITEMS,
        "query": {"after": "{page.cursor}"},
        "pages": {"cursor": "body.next", "total": "body.total"},
        "each": "body.items",
    }
    for name in ("a", "b"):
        first = {"items": [item(f"{name}1")], "next": "x", "total": 2}
        last = {"items": [item(f"{name}2")], "next": None, "total": 2}
        platform.on(f"/items/{name}", slowly(Reply(json=first), 0.01 if name == "a" else 0))
        platform.on(f"/items/{name}", Reply(json=last), query={"after": "x"})

    assert await ids_on(platform, source(ORDERS, paged)) == ["a1", "a2", "b1", "b2"]


async def test_a_list_is_collected_for_each_binding(platform: FakePlatform) -> None:
    """`collect` below an `each` binds each order its own list."""
    many_orders(platform, "a", "b")
    collected = {"name": "list", "get": "/items/{order.event}", "collect": "body"}
    for name in ("a", "b"):
        platform.on(f"/items/{name}", Reply(json=[item(f"{name}1"), item(f"{name}2")]))

    found = await ids_on(platform, source(ORDERS, collected, {"name": "item", "take": "list[1]"}))

    assert found == ["a2", "b2"]


# --- within the limits --------------------------------------------------------------------------------


async def test_concurrency_bounds_the_calls_in_flight(platform: FakePlatform) -> None:
    """With `concurrency: 2` two calls are under way at a time, and the rest get their turn."""
    many_orders(platform, *NAMES)
    connections: list[int] = []

    def reply(seen: Seen) -> Reply:
        connections.append(platform.open_connections)
        return slowly(Reply(json=[item(seen.path)]), 0.01)

    for name in NAMES:
        platform.on(f"/items/{name}", reply)

    found = await ids_on(platform, source(ORDERS, ITEMS, upstream__concurrency=2))

    assert found == [f"/items/{name}" for name in NAMES]
    assert max(connections) == 2


async def test_max_calls_bounds_the_fan_out(platform: FakePlatform) -> None:
    """An answer that needs more calls than `max_calls` fails, sends no more, and says which call did."""
    many_orders(platform, *NAMES)
    for name in NAMES:
        platform.on(f"/items/{name}", Reply(json=[]))

    found = await problem_on(platform, source(ORDERS, ITEMS, upstream__max_calls=4))

    assert isinstance(found, MappingMismatch)
    assert "max_calls: `item` needs one more than the 4 calls" in found.log
    assert "after 1 of `order`, 3 of `item`; raise `max_calls`" in found.log
    assert found.detail.endswith("than allowed (item)")
    assert len(platform.seen) <= 4


async def test_as_many_calls_as_max_calls_are_fine(platform: FakePlatform) -> None:
    """The limit itself is not beyond the limit."""
    many_orders(platform, *NAMES)
    for name in NAMES:
        platform.on(f"/items/{name}", Reply(json=[item(name)]))

    assert len(await ids_on(platform, source(ORDERS, ITEMS, upstream__max_calls=7))) == 6


@pytest.mark.parametrize(("most", "fits"), [(12, True), (11, False)])
async def test_max_records_bounds_what_calls_bind(
    platform: FakePlatform, most: int, fits: bool
) -> None:
    """The bindings of all calls together count, and so do the records that ended early."""
    mine = [order(event=name) for name in NAMES[:5]]
    others = [order(event="x", email="bea@example.com"), order(event="x", email=None)]
    platform.on("/orders", Reply(json=orders(*mine, *others)))
    for name in NAMES[:5]:
        platform.on(f"/items/{name}", Reply(json=[item(f"{name}1"), item(f"{name}2")]))
    changes = source(ORDERS, ITEMS, upstream__max_records=most)

    if fits:
        assert len(await ids_on(platform, changes)) == 10
    else:
        assert "max_records: more than 11" in (await problem_on(platform, changes)).log


async def test_max_records_ends_an_answer_before_its_next_calls(platform: FakePlatform) -> None:
    """Too many bindings fail before a call is made for each of them."""
    many_orders(platform, *NAMES)

    found = await problem_on(platform, source(ORDERS, ITEMS, upstream__max_records=5))

    assert "max_records" in found.log
    assert platform.paths == ["/orders"]


async def test_a_call_that_fails_ends_the_others(platform: FakePlatform) -> None:
    """The answer fails as the call did, and no call goes on for nothing."""
    many_orders(platform, *NAMES)
    for name in NAMES:
        platform.on(f"/items/{name}", Reply(hang=True))
    platform.on("/items/f", slowly(Reply(500, json={}), 0.05))
    bridge = compile_mapping(spec_of(source(ORDERS, ITEMS), base_url=platform.url))

    async with asyncio.timeout(5):
        with pytest.raises(UpstreamError):
            await bridge.answer(USER)
        while platform.open_connections > 1:  # noqa: ASYNC110 - the platform has no event for it
            await asyncio.sleep(0.005)

    await bridge.aclose()


# --- no call that is not needed -------------------------------------------------------------------------


async def test_the_same_get_is_made_once_however_many_ask_at_once(platform: FakePlatform) -> None:
    """Bindings that ask for the same while it is under way wait for it; later entries find it there."""
    mine = [order(item(number), event=name) for number, name in enumerate("aababb")]
    platform.on("/orders", Reply(json=orders(*mine)))
    platform.on("/events/a", slowly(Reply(json={"id": "a"}), 0.03))
    platform.on("/events/b", Reply(json={"id": "b"}))
    again = {"name": "again", "get": "/events/{event.id}", "take": "body.id"}
    changes = source(ORDERS, EVENT, again, ITEM, ticket__fields__showId="again")
    trace = AnswerTrace()

    assert len(await ids_on(platform, changes, trace)) == 6
    assert sorted(platform.paths) == ["/events/a", "/events/b", "/orders"]
    assert trace.calls == 3


async def test_a_call_that_passes_is_made_again_among_several(
    platform: FakePlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What failed is not known: each try asks the platform, in a mapping of several calls too."""
    monkeypatch.setattr(limits, "wait_before", lambda _attempt: 0)
    many_orders(platform, "a")
    platform.on("/items/a", Reply(steps=(CLOSE,)), Reply(json=[item("a1")]))

    assert await ids_on(platform, source(ORDERS, ITEMS, upstream__retries=1)) == ["a1"]
    assert platform.paths == ["/orders", "/items/a", "/items/a"]


async def test_whoever_waits_for_a_call_that_failed_is_told(
    platform: FakePlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Bindings that share a GET fail as it did, and try again: none waits for an answer until the end."""
    monkeypatch.setattr(limits, "wait_before", lambda _attempt: 0)
    mine = [order(item(number), event="a") for number in range(4)]
    platform.on("/orders", Reply(json=orders(*mine)))
    platform.on("/events/a", Reply(steps=(Pause(0.05), CLOSE)), Reply(json={"id": "a"}))
    changes = source(ORDERS, EVENT, ITEM, upstream__retries=1, upstream__timeout="5s")

    async with asyncio.timeout(4):
        assert await ids_on(platform, changes) == ["0", "1", "2", "3"]
    assert platform.paths == ["/orders", "/events/a", "/events/a"]


async def test_a_get_with_other_headers_is_another_get(platform: FakePlatform) -> None:
    """What the platform is asked decides whether it is the same, headers and all."""
    mine = [order(item(number), lang=lang) for number, lang in enumerate(("de", "en", "de"))]
    platform.on("/orders", Reply(json=orders(*mine)))
    platform.on("/events/fest", lambda seen: Reply(json={"name": seen.headers["x-lang"]}))
    event = {**EVENT, "headers": {"X-Lang": "{order.lang}"}}
    changes = source(ORDERS, event, ITEM, ticket__fields__ticketOptionId="event.name")

    await ids_on(platform, changes)

    assert sorted(seen.headers.get("x-lang", "") for seen in platform.seen) == ["", "de", "en"]


async def test_nothing_is_kept_for_the_next_answer(platform: FakePlatform) -> None:
    """The next answer asks for everything again."""
    platform.on("/orders", Reply(json=orders(order(item(1)))))
    platform.on("/events/fest", Reply(json={}))
    bridge = compile_mapping(spec_of(source(ORDERS, EVENT, ITEM), base_url=platform.url))

    await bridge.answer(USER)
    await bridge.answer(USER)
    await bridge.aclose()

    assert platform.paths == ["/orders", "/events/fest"] * 2


@pytest.mark.parametrize(
    ("ticket", "verdict"),
    [
        pytest.param({"ticket.owner": "order.email"}, "not_owner", id="owner"),
        pytest.param(
            {"ticket.status": {"from": "order.state", "values": {"OK": "VALID", "NO": "VOID"}}},
            "not_eligible:VOID",
            id="status",
        ),
        pytest.param(
            {"ticket.not_eligible_when": {"test": "order.test"}}, "not_eligible:test", id="reason"
        ),
    ],
)
async def test_a_binding_that_fails_a_check_makes_no_call(
    platform: FakePlatform, ticket: dict[str, Any], verdict: str
) -> None:
    """Owner, status and conditions are judged as soon as their names are bound; it counts as one record."""
    bad = order(event="bad", email="bea@example.com", state="NO", test=True)
    good = order(event="good", state="OK", test=False)
    platform.on("/orders", Reply(json=orders(bad, good)))
    platform.on("/items/good", Reply(json=[item(1), item(2)]))
    status = {"from": "order.state", "values": {"OK": "VALID", "NO": "VALID"}}
    anyone = {"ticket.owner": "order.email && user", "ticket.status": status}
    trace = AnswerTrace()

    found = await ids_on(platform, source(ORDERS, ITEMS, **{**anyone, **ticket}), trace)

    assert found == ["1", "2"]
    assert trace.verdicts == {verdict: 1, "returned": 2}
    assert platform.paths == ["/orders", "/items/good"]


async def test_a_check_waits_for_the_names_of_those_before_it(platform: FakePlatform) -> None:
    """A condition on the order comes after the item's status: the call for the items is made."""
    platform.on("/orders", Reply(json=orders(order(event="a", test=True))))
    platform.on("/items/a", Reply(json=[item(1), item(2, state="REFUNDED")]))
    changes = source(ORDERS, ITEMS, ticket__not_eligible_when={"test": "order.test"})
    trace = AnswerTrace()

    assert await ids_on(platform, changes, trace) == []
    assert trace.verdicts == {"not_eligible:test": 1, "not_eligible:REFUNDED": 1}


async def test_if_decides_for_each_binding(platform: FakePlatform) -> None:
    """Where `if` is false no call is made: `take` is null, and the others go on as they are."""
    mine = [order(item(number), shop=number == 1) for number in (1, 2, 3)]
    platform.on("/orders", Reply(json=orders(*mine)))
    platform.on("/events/fest", Reply(json={"zone": "B"}))
    event = {**EVENT, "if": "!(order.shop)"}
    changes = source(ORDERS, event, ITEM, ticket__fields__priceTypeId="event.zone")
    bridge = compile_mapping(spec_of(changes, base_url=platform.url))

    tickets = tickets_of(await bridge.answer(USER))
    await bridge.aclose()

    assert [ticket.get("priceTypeId") for ticket in tickets] == [None, "B", "B"]
    assert platform.paths == ["/orders", "/events/fest"]
