"""The shape of a platform's records is counted from a part of the answers, and no value of it is kept."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest

from tests.support import USER, Changes, bridge_of, item, order, orders
from ticketbridge.engine.problems import ProblemError
from ticketbridge.engine.tickets import shape_counts
from ticketbridge.engine.tickets.shape_counts import MOST_RECORDS, ShapeCounts

pytestmark = pytest.mark.anyio

OPTIONAL: Changes = {"ticket.fields.priceTypeId": "optional(item.tarif)"}


@pytest.fixture(autouse=True)
def _each_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each answer is looked at."""
    monkeypatch.setattr(shape_counts, "EVERY", 0.0)


async def counts_of(
    *documents: Any, changes: Changes = OPTIONAL, before: ShapeCounts | None = None
) -> ShapeCounts:
    """What is counted of answers with these documents, whatever comes of them, beside what was *before*."""
    shapes = before or ShapeCounts()
    for document in documents:
        bridge, _ = bridge_of(changes, {"/orders": document})
        bridge.shapes = shapes
        with suppress(ProblemError):  # what was counted counts
            await bridge.answer(USER)
    return shapes


async def test_fields_are_counted_by_what_became_of_them() -> None:
    """Given, left out, and not to be made."""
    rows = [item(1, tarif="full"), item(2), item(3, price="abc")]
    shapes = await counts_of(orders(order(*rows)))

    assert shapes.records == 3
    assert shapes.fields["priceTypeId"] == [1, 2, 0]
    assert shapes.fields["price"] == [2, 0, 1]
    assert shapes.fields["ticketId"] == [3, 0, 0]


async def test_a_key_is_new_after_the_first_answers() -> None:
    """What the first twenty answers have is known; a key that comes later counts once."""
    usual = orders(order(item(1)))
    shapes = await counts_of(
        *[usual] * 20, orders(order(item(1, extra=1))), orders(order(item(1, extra=2)))
    )
    learning = await counts_of(*[usual] * 19, orders(order(item(1, extra=1))))

    assert (shapes.new_keys, learning.new_keys) == (2, 0)  # of the order's list, and of the item


async def test_keys_of_another_mapping_are_not_new() -> None:
    """Once forgotten, keys are learned from the next twenty answers; the counts stay."""
    usual, more = orders(order(item(1))), orders(order(item(1, extra=1)))
    shapes = await counts_of(*[usual] * 20)
    shapes.forget_keys()
    await counts_of(*[more] * 20, before=shapes)
    learned = (shapes.records, shapes.new_keys)
    await counts_of(orders(order(item(1, extra=1, other=2))), before=shapes)

    assert learned == (40, 0)
    assert shapes.new_keys == 2


async def test_keys_that_are_data_are_passed_over() -> None:
    """Ids and addresses as keys are no names, and none of them is kept."""
    usual = orders(order(item(1)))
    odd = {"ana@example.com": 1, "48213": 2, "t4711x": 3, "a b": 4}
    shapes = await counts_of(*[usual] * 20, orders(order(item(1, by=odd))))

    assert shapes.new_keys == 2  # `by` itself
    assert "ana" not in repr(vars(shapes))


async def test_what_the_engine_adds_is_no_key() -> None:
    """Joins keep an index beside the data, which is nobody's key."""
    joined = {"ticket.fields.ticketOptionId": "lookup(order.kinds, 'id', item.kind).name"}
    with_kinds = orders(order(item(1, kind=7), kinds=[{"id": 7, "name": "stalls"}]))
    shapes = await counts_of(*[with_kinds] * 21, changes=joined)

    assert (shapes.fields["ticketOptionId"], shapes.new_keys) == ([21, 0, 0], 0)


async def test_few_records_of_few_answers_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """At most fifty of one answer, and no other answer for some seconds."""
    monkeypatch.setattr(shape_counts, "EVERY", 60.0)
    many = orders(order(*map(item, range(80))))
    shapes = await counts_of(many, many, many)

    assert shapes.records == MOST_RECORDS


async def test_what_cannot_be_judged_is_no_reason_to_fail() -> None:
    """An answer of another shape is the problem that it is, and nothing is counted of it."""
    shapes = await counts_of(orders(order(items=None)), {"orders": []})

    assert shapes.records == 0
