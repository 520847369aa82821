"""The record as one function gives what the record by record judgement gives, or leaves it to that."""

from __future__ import annotations

import json
import linecache
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support import NOW, USER, Replies, bridge_of, item, order, orders, spec_of, tickets_of
from ticketbridge.bridge import compile_mapping
from ticketbridge.journal import Journal
from ticketbridge.problems import MappingMismatch, ProblemError
from ticketbridge.tickets.records import Judge

pytestmark = pytest.mark.anyio

SOURCE = [
    {"name": "events", "get": "/events", "collect": "body"},
    {"name": "order", "get": "/orders", "query": {"email": "{user}"}, "each": "body.orders"},
    {"name": "group", "take": "order.group"},
    {"name": "item", "each": "group.items"},
]
RICH: Mapping[str, Any] = {
    "source": SOURCE,
    "ticket.status": [
        {"from": "order.state", "values": {"OK": "VALID", "1": "VALID", "VOID": "VOIDED"}},
        {"from": "item.state", "values": {"PAID": "VALID", "true": "VALID", "OLD": "USED"}},
    ],
    "ticket.not_eligible_when": {"sold": "item.sold", "late": "date(item.at) < now()"},
    "ticket.fields": {
        "ticketId": "item.id",
        "externalReferenceEventId": "order.event",
        "showId": "default(item.show, order.event)",
        "ticketOptionId": {"from": "item.zone", "values": {"A": "a", "1": "one"}},
        "price": "minor_units(item.cents, item.cur)",
        "currency": "upper(item.cur)",
        "priceTypeId": {"from": "item.kind", "values": {"E": "early"}, "else": None},
        "buyer": "optional(order.buyer)",
        "tags": {"zone": "item.zone", "none": "optional(item.none)", "fixed": {"const": "x"}},
        "props": {
            "seating": {"row": "optional(item.row)", "seat": {"const": "1"}},
            "urls": "optional(item.urls)",
            "event": "lookup(events, 'id', order.event).name",
        },
        "nominalTicket": {"fullName": "optional(item.who)"},
        "metadata": "optional(item.more)",
    },
}

rarely = st.integers(0, 30).map(lambda number: number == 0)


@st.composite
def values(draw: st.DrawFn, *usual: Any) -> Any:
    """One of the usual values, and rarely one that is odd."""
    if draw(rarely):
        return draw(st.sampled_from([None, "", 0, -1, 1.5, True, [], {}, "?", "\ufffd", "x" * 300]))
    return draw(st.sampled_from(usual))


@st.composite
def items(draw: st.DrawFn) -> dict[str, Any]:
    """An item of the rich platform, mostly whole."""
    made = {
        "id": draw(values(*range(40), *(f"t{number}" for number in range(40)))),
        "state": draw(values("PAID", "PAID", True, "OLD")),
        "sold": draw(values(False, False, True)),
        "at": draw(values("2027-01-01", "2027-01-01T10:00:00Z", "2020-01-01")),
        "show": draw(values("s1", None)),
        "zone": draw(values("A", 1)),
        "cents": draw(values(100, 1999, "50")),
        "cur": draw(values("eur", "JPY")),
        "kind": draw(values("E", "Z", None)),
        **draw(
            st.sampled_from(
                [{}, {"row": 7}, {"who": "Ana", "urls": {"a": "b"}}, {"more": {"x": 1}}]
            )
        ),
    }
    if draw(rarely):
        del made[draw(st.sampled_from(sorted(made)))]
    return made


@st.composite
def answers(draw: st.DrawFn) -> dict[str, Any]:
    """An answer of the rich platform with a few orders."""
    made = []
    for _ in range(draw(st.integers(0, 4))):
        listed = draw(st.lists(items(), max_size=4))
        made.append(
            {
                "email": draw(values(USER, USER.upper(), "bea@example.com")),
                "event": draw(values("e1", "e2")),
                "state": draw(values("OK", 1, "VOID")),
                "buyer": draw(values("bea@example.com", None)),
                "group": {"items": draw(values(listed))},
            }
        )
    return {"orders": made}


async def outcome(answer: dict[str, Any], *, explains: bool, omits: bool) -> Any:
    """All that menta tech and the log see of one answer."""
    changes = {**RICH, "ticket.on_violation": "omit" if omits else "fail"}
    replies = {
        "/events": [{"id": "e1", "name": "One"}, {"id": "e2", "name": "Two"}],
        "/orders": answer,
    }
    bridge = compile_mapping(spec_of(changes), transport=Replies(replies))
    journal = Journal(explains=explains)
    try:
        made = await bridge.answer(USER, journal, now=NOW)
    except ProblemError as problem:
        return problem.slug, problem.log, journal.verdicts
    return tickets_of(made), journal.verdicts


@given(answer=answers(), omits=st.booleans())
@settings(max_examples=150, deadline=None, derandomize=True)
async def test_both_ways_give_the_same(*, answer: dict[str, Any], omits: bool) -> None:
    """Whatever the platform answers, tickets, verdicts and problems are the same both ways."""
    served = await outcome(answer, explains=False, omits=omits)

    assert served == await outcome(answer, explains=True, omits=omits)


async def test_an_answer_without_anything_odd_needs_no_judge(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Returned, ineligible and other people's records are all the one function's own work."""

    def judge(*_: object) -> None:
        raise AssertionError("judged one by one")

    monkeypatch.setattr(Judge, "judge", judge)
    monkeypatch.setattr(Judge, "early", judge)
    good = orders(
        order(item(1), item("2", state="REFUNDED"), item(3, price="12.50")),
        order(item(4), email="bea@example.com"),
        order(email=USER.upper()),
    )
    bridge, _ = bridge_of({"ticket.fields.buyer": "order.email"}, {"/orders": good})
    journal = Journal()

    tickets = tickets_of(await bridge.answer(USER, journal))

    assert [(ticket["ticketId"], ticket["price"]) for ticket in tickets] == [("1", 10), ("3", 12.5)]
    assert journal.verdicts == {"returned": 2, "not_eligible:REFUNDED": 1, "not_owner": 1}
    assert journal.records == []


@pytest.mark.parametrize("at", [0, 499, 500, 1_200])
async def test_each_of_many_tickets_is_held_to_the_contract(at: int) -> None:
    """A ticket that the schema refuses is found wherever it stands in a long list."""
    many = [item(number) for number in range(1_201)]
    bridge, _ = bridge_of(None, {"/orders": orders(order(*many))})
    ids = [ticket["ticketId"] for ticket in tickets_of(await bridge.answer(USER))]
    assert ids == [str(number) for number in range(1_201)]

    many[at] = item(at, price=-1)
    bridge, _ = bridge_of(None, {"/orders": orders(order(*many))})
    with pytest.raises(MappingMismatch, match="violation:price"):
        await bridge.answer(USER)


@pytest.mark.parametrize("number", [0, 1, 499, 500, 501, 1_000])
async def test_a_body_in_parts_is_the_body(number: int) -> None:
    """However many tickets there are, the answer is the same JSON, whatever the user is called."""
    user = '[]}"tickets":[]'
    many = [item(one) for one in range(number)]
    changes = {"endpoint.user_format": "any"}
    bridge, _ = bridge_of(changes, {"/orders": orders(order(*many, email=user))})
    journal = Journal()

    body = json.loads((await bridge.answer(user, journal)).body)

    assert body["userEmail"] == user
    assert [ticket["ticketId"] for ticket in body["tickets"]] == [str(one) for one in range(number)]
    assert journal.verdicts == ({"returned": number} if number else {})


async def test_one_id_twice_is_found_across_parts() -> None:
    """Tickets that were written already are compared with those that come after them."""
    many = [item(number) for number in range(700)]
    bridge, _ = bridge_of(None, {"/orders": orders(order(*many, item(0, price=11)))})

    with pytest.raises(MappingMismatch, match="violation:ticketId"):
        await bridge.answer(USER)


async def test_fields_of_an_order_without_items_are_nobodys() -> None:
    """A field that would fail for an order makes no violation where the order has no records."""
    bridge, _ = bridge_of(None, {"/orders": orders({"email": USER, "items": []})})
    journal = Journal()

    assert tickets_of(await bridge.answer(USER, journal)) == []
    assert journal.verdicts == {}


def test_the_source_of_the_function_is_there_for_a_debugger() -> None:
    """The code is readable: entries, keys and statuses go by their names in it."""

    bridge, _ = bridge_of()
    serve = bridge.tickets.serve
    assert serve is not None
    lines = linecache.getlines(serve.__code__.co_filename)

    assert "        for root_item in v" in "".join(lines)
    assert any('root_item["state"]' in line for line in lines)
