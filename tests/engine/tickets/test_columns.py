"""What is asked of the values of many tickets at once is all that the bundled contract asks of a ticket."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.engine.tickets.judging import answered, mismatched
from tests.support import USER, bridge_of, item, order, orders, tickets_of
from ticketbridge.contract import tickets_schema
from ticketbridge.contract.shape import Schema, items_of, object_shape, type_of
from ticketbridge.engine.answer_trace import AnswerTrace
from ticketbridge.engine.tickets.program import Program

pytestmark = pytest.mark.anyio

SCHEMA = tickets_schema()
OF_MEMBERS = {"type", "properties", "required", "additionalProperties"}
SAYS = {"title", "description", "examples"}


def objects(schema: Schema) -> Iterator[Schema]:
    """The objects of a schema that a mapping's field can be an object of fields for."""
    if type_of(schema) == "object":
        yield schema
        for part in object_shape(schema, SCHEMA).properties.values():
            yield from objects(part)


def test_the_contract_asks_of_an_object_no_more_than_of_its_members() -> None:
    """A keyword about an object as a whole would be asked by nobody: then `columns` has to learn it."""
    ticket = SCHEMA["$defs"]["ticket"]
    asked = [set(part) - OF_MEMBERS - SAYS for part in objects(ticket)]

    assert len(asked) > 4
    assert not set().union(*asked)
    for part in objects(ticket):
        shape = object_shape(part, SCHEMA)
        needed = {type_of(shape.properties[name]) for name in shape.required}
        assert needed <= {"string", "number"}  # what a conversion always gives
    assert set(SCHEMA["properties"]["tickets"]) <= {"type", "items", *SAYS}
    assert set(items_of(ticket["properties"]["tags"], SCHEMA)) <= {"type", "pattern", "not", *SAYS}
    assert set(ticket["properties"]["tags"]) <= {"type", "items", "uniqueItems", *SAYS}


LONG, EVIL = "x" * 257, "a\u0007b"
FIELDS = {
    "priceTypeId": "optional(item.type)",
    "buyer": "optional(item.buyer)",
    "props": {"urls": {"map": "optional(item.map)"}, "seating": {"row": "optional(item.row)"}},
    "ticketAccess": {"type": "optional(item.access)", "locator": "optional(item.locator)"},
    "metadata": "optional(item.meta)",
    "nominalTicket": {"fullName": "optional(item.name)"},
}
CHANGES = {f"ticket.fields.{name}": field for name, field in FIELDS.items()}
GOOD = {"access": "URL", "locator": "https://t.example/1", "map": "m", "row": 7, "meta": {"a": [1]}}


@pytest.mark.parametrize(
    ("field", "change"),
    [
        ("ticketId", {"id": LONG}),
        ("ticketId", {"id": EVIL}),
        ("ticketId", {"id": ""}),
        ("ticketOptionId", {"zone": "\ufffd"}),
        ("ticketOptionId", {"zone": LONG}),
        ("price", {"price": -0.01}),
        ("currency", {"cur": "EURO"}),
        ("currency", {"cur": "eur"}),
        ("priceTypeId", {"type": EVIL}),
        ("buyer", {"buyer": "nobody"}),
        ("buyer", {"buyer": "a@b@c"}),
        ("buyer", {"buyer": f"{'a' * 250}@b.example"}),
        ("ticketAccess.type", {"access": "QR"}),
        ("ticketAccess.locator", {"locator": ""}),
        ("ticketAccess.locator", {"locator": None}),
        ("tags", {"tags": ["a:b", "a:b"]}),
        ("tags", {"tags": ["none"]}),
        ("metadata", {"meta": ["a"]}),
        ("props.urls.map", {"map": ["a"]}),
    ],
    ids=repr,
)
async def test_each_rule_of_the_contract_is_asked_of_each_ticket(
    field: str, change: dict[str, Any]
) -> None:
    """One bad value among many good ones is found, and named as it is for one ticket alone."""
    made = {**CHANGES, "ticket.fields.currency": "item.cur", "ticket.fields.tags": "item.tags"}
    many = [item(number, cur="EUR", tags=["a:b"], **GOOD) for number in range(20)]
    assert len((await answered({"/orders": orders(order(*many))}, made))[0].body) > 20

    many[11] = {**many[11], **change}
    _, verdicts = await mismatched({"/orders": orders(order(*many))}, made)

    assert verdicts == {"returned": 19, f"violation:{field}": 1}


def test_fields_that_must_meet_the_same_have_one_column() -> None:
    """The contract asks the same of all ids: each value is checked once, whichever field has it."""
    more = {"priceTypeId": "item.type", "currency": "item.cur"}
    bridge, _ = bridge_of({f"ticket.fields.{name}": text for name, text in more.items()})
    columns = bridge.program.tally(list, bridge._bound_count()).columns

    assert len(columns) == len({"ids", "price", "currency"})


async def test_a_tag_that_the_contract_refuses_is_found() -> None:
    """The tags that are made of an object are texts of the contract too."""
    changes = {"ticket.fields.tags": {"zone": "item.zone", "kind": "item.kind"}}
    many = [item(number, kind="k") for number in range(5)]
    many[3]["kind"] = EVIL

    _, verdicts = await mismatched({"/orders": orders(order(*many))}, changes)

    assert verdicts == {"returned": 4, "violation:tags": 1}


async def test_a_table_that_leaves_out_a_needed_field_makes_a_violation() -> None:
    """An entry may be empty; a ticket without the field does not go out."""
    for more in ({}, {"else": ""}):
        table = {"from": "item.zone", "values": {"A": "EUR", "B": ""}, **more}
        changes = {"ticket.fields.currency": table}
        good, bad = item(1), item(2, zone="B" if not more else "C")
        assert (await answered({"/orders": orders(order(good))}, changes))[1] == {"returned": 1}

        _, verdicts = await mismatched({"/orders": orders(order(good, bad))}, changes)

        assert verdicts == {"returned": 1, "violation:currency": 1}


async def test_two_tags_that_are_alike_are_found() -> None:
    """The key and the value of two tags may be cut otherwise, and make one text."""
    changes = {"ticket.fields.tags": {"a": "item.one", "a:b": "item.two"}}
    good, bad = item(1, one="b", two="c"), item(2, one="b:c", two="c")
    assert (await answered({"/orders": orders(order(good))}, changes))[1] == {"returned": 1}

    _, verdicts = await mismatched({"/orders": orders(order(good, bad))}, changes)

    assert verdicts == {"returned": 1, "violation:tags": 1}


async def test_a_record_that_does_not_go_out_is_held_to_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The id of a refunded ticket may be one that the contract refuses: the answer is as usual."""

    def judge(*_: object) -> None:
        raise AssertionError("judged one by one")

    monkeypatch.setattr(Program, "judge", judge)
    listed = orders(order(item(1), item(LONG, state="REFUNDED")))
    bridge, _ = bridge_of(None, {"/orders": listed})

    assert len(tickets_of(await bridge.answer(USER, AnswerTrace()))) == 1
