"""Where each field of a ticket came from."""

from __future__ import annotations

import pytest

from tests.support import USER, bridge_of, item, order, orders
from ticketbridge.journal import Journal

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
    journal = Journal(explains=True)
    await bridge.answer(USER, journal)
    valid, refunded = (
        {origin.name: origin for origin in bridge.tickets.judge.origins(record)}
        for record in journal.records
    )

    assert (valid["ticketId"].expression, valid["ticketId"].value) == ("item.id", "007")
    assert valid["ticketId"].place.startswith("acme.yaml:")
    assert (valid["ticketOptionId"].expression, valid["ticketOptionId"].value) == ("item.zone", "A")
    assert str(valid["price"].value) == "12.5"
    assert (valid["currency"].expression, valid["currency"].value) == ("", "EUR")
    assert valid["props.seating.row"].value is None
    assert valid["tags.zone"].value == "A"
    assert refunded["price"].failure
    assert "?" not in repr(refunded["price"]) + refunded["price"].failure


async def test_a_record_that_was_judged_early_has_no_fields() -> None:
    """A binding that ended above its items was made into nothing."""
    answer = orders(order(item(1), email="bea@example.com"))
    bridge, _ = bridge_of(None, {"/orders": answer})
    journal = Journal(explains=True)
    await bridge.answer(USER, journal)

    assert [list(bridge.tickets.judge.origins(record)) for record in journal.records] == [[]]
