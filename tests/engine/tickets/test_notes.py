"""Where each field of a ticket came from."""

from __future__ import annotations

from contextlib import suppress

import pytest

from tests.support import USER, bridge_of, item, order, orders
from ticketbridge.engine.answer_trace import AnswerTrace
from ticketbridge.engine.problems import MappingMismatch
from ticketbridge.engine.tickets.convert import MISSING

pytestmark = pytest.mark.anyio

FIELDS = {
    "ticketId": "item.id",
    "externalReferenceEventId": "order.event",
    "showId": "order.event",
    "ticketOptionId": {"from": "item.zone", "values": {"A": "stalls"}},
    "price": "divide(item.cents, `100`)",
    "currency": {"const": "EUR"},
    "props": {"seating": {"row": "optional(item.row)"}},
    "tags": {"zone": "item.zone"},
}


async def test_each_field_has_its_expression_its_place_and_its_value() -> None:
    """Expressions and tables name expression, line and raw value; a constant is its own value."""
    answer = orders(order(item("007", cents=1250), item(2, state="REFUNDED", cents="?")))
    bridge, _ = bridge_of({"ticket.fields": FIELDS}, {"/orders": answer})
    trace = AnswerTrace(explains=True)
    await bridge.answer(USER, trace)
    valid, refunded = ({note.name: note for note in record.fields} for record in trace.records)
    ticket_id, option = valid["ticketId"].expression, valid["ticketOptionId"].expression

    assert ticket_id is not None
    assert option is not None
    assert (ticket_id.text, valid["ticketId"].value) == ("item.id", "007")
    assert ticket_id.place.startswith("acme.yaml:")
    assert (option.text, valid["ticketOptionId"].value) == ("item.zone", "A")
    assert str(valid["price"].value) == "12.5"
    assert (valid["currency"].expression, valid["currency"].value) == (None, "EUR")
    assert valid["props.seating.row"].value is None
    assert valid["tags.zone"].value == "A"
    assert (valid["ticketId"].made, valid["price"].made, valid["currency"].made) == (
        "007",
        12.5,
        "EUR",
    )
    assert valid["props.seating.row"].made is MISSING
    assert refunded == {}


async def test_a_field_whose_expression_fails_says_why() -> None:
    """The failure is told for its field, and the other fields are there all the same."""
    bridge, _ = bridge_of({"ticket.fields": FIELDS}, {"/orders": orders(order(item(1, cents="?")))})
    trace = AnswerTrace(explains=True)
    with pytest.raises(MappingMismatch):
        await bridge.answer(USER, trace)
    (record,) = trace.records
    made = {note.name: note for note in record.fields}

    assert made["price"].failure == made["price"].refusal != ""
    assert "?" not in repr(made["price"]) + made["price"].failure
    assert made["price"].made is MISSING
    assert made["currency"].made == "EUR"


async def test_a_record_that_was_judged_early_has_no_fields() -> None:
    """A binding that ended above its items was made into nothing."""
    answer = orders(order(item(1), email="bea@example.com"))
    bridge, _ = bridge_of(None, {"/orders": answer})
    trace = AnswerTrace(explains=True)
    await bridge.answer(USER, trace)

    assert [list(record.fields) for record in trace.records] == [[]]


async def test_a_value_that_cannot_be_converted_says_why() -> None:
    """The expression gave a value; the contract's type refuses it."""
    bridge, _ = bridge_of(None, {"/orders": orders(order(item(1, price="10,00")))})
    trace = AnswerTrace(explains=True)
    with pytest.raises(MappingMismatch):
        await bridge.answer(USER, trace)
    (record,) = trace.records
    price = next(note for note in record.fields if note.name == "price")

    assert (price.value, price.failure, price.made) == ("10,00", "", MISSING)
    assert "decimal" in price.refusal


RULES = {
    "ticket.status": [
        {"from": "order.state", "values": {"OK": "VALID"}},
        {"from": "item.state", "values": {"PAID": "VALID", "REFUNDED": "REFUNDED"}},
    ],
    "ticket.not_eligible_when": {"used": "item.used", "over": "item.over"},
}


@pytest.mark.parametrize(
    ("changes", "asked"),
    [
        ({}, ["the asked user", "VALID", "VALID", "does not apply", "does not apply"]),
        ({"state": "REFUNDED"}, ["the asked user", "VALID", "not_eligible:REFUNDED"]),
        ({"used": True}, ["the asked user", "VALID", "VALID", "not_eligible:used"]),
        ({"used": "no"}, ["the asked user", "VALID", "VALID", "violation:used"]),
        ({"state": "NEW"}, ["the asked user", "VALID", "unknown_status"]),
    ],
)
async def test_the_checks_put_to_a_record_end_with_the_one_that_decided(
    changes: dict[str, object], asked: list[str]
) -> None:
    """Owner, status tables and conditions are told in order, each with what followed."""
    made = item(1, **{"used": False, "over": False, **changes})
    bridge, _ = bridge_of(RULES, {"/orders": orders(order(made, state="OK"))})
    trace = AnswerTrace(explains=True)
    with suppress(MappingMismatch):
        await bridge.answer(USER, trace)
    (record,) = trace.records
    checks = record.checks

    assert [question.answer for question in checks] == asked
    assert (checks[0].name, checks[0].value) == ("owner", USER)
    assert checks[-1].expression.place.startswith("acme.yaml:")
    assert checks[-1].failure == ""


async def test_a_binding_that_ended_early_tells_what_was_asked_of_it() -> None:
    """The check that ended it is told; in an answer that is not explained nothing is kept of it."""
    answer = orders(order(item(1), email="bea@example.com"))
    asked = []
    for explains in (True, False):
        bridge, _ = bridge_of(
            {"source.1": {"name": "item", "get": "/items/{order.event}", "each": "body"}},
            {"/orders": answer},
        )
        trace = AnswerTrace(explains=explains)
        await bridge.answer(USER, trace)
        (record,) = trace.records
        asked.append([note.answer for note in record.checks])

    assert asked == [["not_owner"], []]
