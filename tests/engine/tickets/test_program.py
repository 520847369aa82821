"""The record as one function gives what the record by record judgement gives, or leaves it to that."""

from __future__ import annotations

import asyncio
import json
import linecache
import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.engine.tickets.drawing import USER as DRAWN_USER
from tests.engine.tickets.drawing import Drawn, drawn, write_schemas
from tests.engine.tickets.judging import keys_shown_both_ways
from tests.stand_in import compiled_on, sending_by
from tests.support import NOW, USER, Replies, bridge_of, item, order, orders, spec_of, tickets_of
from ticketbridge.engine.answer_trace import AnswerTrace
from ticketbridge.engine.bridge import Bridge
from ticketbridge.engine.problems import MappingMismatch, ProblemError
from ticketbridge.engine.tickets.program import Program
from ticketbridge.mapping.spec import ObjectSpec

pytestmark = pytest.mark.anyio

MAPPINGS = 120
ANSWERS = 20  # of each mapping


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the schemas of drawn mappings."""
    folder = tmp_path_factory.mktemp("schemas")
    write_schemas(folder)
    return folder


async def outcome(bridge: Bridge, replies: dict[str, Any], *, explains: bool) -> Any:
    """All that menta tech and the log see of one answer."""
    trace = AnswerTrace(explains=explains)
    try:
        one = bridge.with_last_stage(sending_by(Replies(replies), bridge.spec))
        made = await one.answer(DRAWN_USER, trace, now=NOW)
    except ProblemError as problem:
        return problem.slug, problem.log, trace.verdicts
    return made.status, bytes(made.body), trace.verdicts


async def agree(one: Drawn, folder: Path, rng: random.Random) -> None:
    """Both ways give the same for each of some answers."""
    bridge = compiled_on(Replies({}), spec_of(one.changes, folder=folder))
    for replies in one.answers(rng, ANSWERS):
        with keys_shown_both_ways():
            served = await outcome(bridge, replies, explains=False)
            explained = await outcome(bridge, replies, explains=True)

        assert served == explained, json.dumps(replies)


def test_both_ways_give_the_same(folder: Path, pytestconfig: pytest.Config) -> None:
    """Whatever the mapping and the platform say, body, verdicts and problem are the same both ways.

    The seed is pytest-randomly's, another one in each run; a failure tells how to repeat it.
    """
    seed = pytestconfig.getoption("randomly_seed", default=0)
    rng = random.Random(seed)  # noqa: S311 - no secret
    for number in range(MAPPINGS):
        one = drawn(rng)
        try:
            asyncio.run(agree(one, folder, rng))
        except BaseException as error:
            error.add_note(
                f"mapping {number}; repeat it by: pytest --randomly-seed={seed} {__file__}"
            )
            error.add_note(json.dumps(one.changes, indent=1))
            raise


async def test_an_answer_without_anything_odd_needs_no_judge(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Returned, ineligible and other people's records are all the one function's own work."""

    def judge(*_: object) -> None:
        raise AssertionError("judged one by one")

    monkeypatch.setattr(Program, "judge", judge)
    good = orders(
        order(item(1), item("2", state="REFUNDED"), item(3, price="12.50")),
        order(item(4), email="bea@example.com"),
        order(email=USER.upper()),
    )
    bridge, _ = bridge_of({"ticket.fields.buyer": "order.email"}, {"/orders": good})
    trace = AnswerTrace()

    tickets = tickets_of(await bridge.answer(USER, trace))

    assert [(ticket["ticketId"], ticket["price"]) for ticket in tickets] == [("1", 10), ("3", 12.5)]
    assert trace.verdicts == {"returned": 2, "not_eligible:REFUNDED": 1, "not_owner": 1}
    assert trace.records == []


async def test_marked_tickets_are_served_bare_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """With `ineligible: mark` the first check that says no gives the mark, wherever it is asked."""
    source = [
        {"name": "order", "get": "/orders", "query": {"email": "{user}"}, "each": "body.orders"},
        {"name": "item", "each": "order.items"},
    ]
    changes = {
        "source": source,
        "ticket.ineligible": "mark",
        "ticket.not_eligible_when": {"void": "order.void", "sold": "item.sold"},
    }
    listed = orders(
        order(
            item(1, sold=False),
            item(2, sold=True),
            item(3, state="REFUNDED", sold=True),
            void=False,
        ),
        order(item(4, sold=True), item(5, sold=False), void=True),
        order(item(6, sold=False), email="bea@example.com", void=False),
    )
    bridge, _ = bridge_of(changes, {"/orders": listed})
    explained = AnswerTrace(explains=True)
    told = tickets_of(await bridge.answer(USER, explained))

    def judge(*_: object) -> None:
        raise AssertionError("judged one by one")

    monkeypatch.setattr(Program, "judge", judge)
    bridge, _ = bridge_of(changes, {"/orders": listed})
    trace = AnswerTrace()
    served = tickets_of(await bridge.answer(USER, trace))

    assert served == told
    assert [ticket["status"] for ticket in served] == ["VALID", "SOLD", "REFUNDED", "VOID", "VOID"]
    assert trace.verdicts == explained.verdicts
    assert trace.verdicts["returned"] == 1


@pytest.mark.parametrize("explains", [False, True])
async def test_a_mark_from_above_a_further_call_is_kept(*, explains: bool) -> None:
    """What a check says of an order holds for the tickets that a call for this order gives."""
    changes = {
        "source": [
            {"name": "order", "get": "/orders", "query": {"e": "{user}"}, "each": "body.orders"},
            {"name": "item", "get": "/items/{order.id}", "each": "body"},
        ],
        "ticket.status.from": "order.state",
        "ticket.ineligible": "mark",
        "ticket.not_eligible_when": {"sold": "item.sold"},
    }
    replies = {
        "/orders": orders(order(id=1, state="PAID"), order(id=2, state="REFUNDED")),
        "/items/1": [item(1, sold=False), item(2, sold=True)],
        "/items/2": [item(3, sold=False), item(4, sold=True)],
    }
    trace = AnswerTrace(explains=explains)
    bridge, _ = bridge_of(changes, replies)

    served = tickets_of(await bridge.answer(USER, trace))

    assert [ticket["status"] for ticket in served] == ["VALID", "SOLD", "REFUNDED", "REFUNDED"]
    assert trace.verdicts == {"returned": 1, "not_eligible:sold": 1, "not_eligible:REFUNDED": 2}
    assert len(trace.records) == 4 * explains


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
    trace = AnswerTrace()

    body = json.loads((await bridge.answer(user, trace)).body)

    assert body["userEmail"] == user
    assert [ticket["ticketId"] for ticket in body["tickets"]] == [str(one) for one in range(number)]
    assert trace.verdicts == ({"returned": number} if number else {})


@pytest.mark.parametrize("explains", [False, True])
async def test_an_object_without_members_is_left_out(*, explains: bool) -> None:
    """No file has one, but a tool may take the only member away, as `test --mutants` does."""
    spec = spec_of({"ticket.fields.props": {"urls": {"map": "order.event"}}})
    *others, props = spec.ticket.fields.fields
    empty = replace(props, field=ObjectSpec((), props.place))
    fields = replace(spec.ticket.fields, fields=(*others, empty))
    bridge = compiled_on(
        Replies({"/orders": orders(order(item(1)))}),
        replace(spec, ticket=replace(spec.ticket, fields=fields)),
    )

    (ticket,) = tickets_of(await bridge.answer(USER, AnswerTrace(explains=explains)))

    assert props.name == "props"
    assert "props" not in ticket


async def test_one_id_twice_is_found_across_parts() -> None:
    """Tickets that were written already are compared with those that come after them."""
    many = [item(number) for number in range(700)]
    bridge, _ = bridge_of(None, {"/orders": orders(order(*many, item(0, price=11)))})

    with pytest.raises(MappingMismatch, match="violation:ticketId"):
        await bridge.answer(USER)


async def test_fields_of_an_order_without_items_are_nobodys() -> None:
    """A field that would fail for an order makes no violation where the order has no records."""
    bridge, _ = bridge_of(None, {"/orders": orders({"email": USER, "items": []})})
    trace = AnswerTrace()

    assert tickets_of(await bridge.answer(USER, trace)) == []
    assert trace.verdicts == {}


def test_the_source_of_the_function_is_there_for_a_debugger() -> None:
    """The code is readable: entries, keys and statuses go by their names in it."""

    bridge, _ = bridge_of()
    serve: Any = bridge.program._serve
    lines = linecache.getlines(serve.__code__.co_filename)

    assert "        for root_item in v" in "".join(lines)
    assert any('root_item["state"]' in line for line in lines)
