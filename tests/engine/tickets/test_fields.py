"""How the fields of a ticket are made: expressions, constants, tables, objects, tags."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support import answer_of, item, order, orders, tickets_of
from ticketbridge.engine.problems import MappingMismatch

pytestmark = pytest.mark.anyio


async def field_of(name: str, declared: object, **of_item: Any) -> Any:
    """The value of one field of the one ticket, or `...` where it is left out."""
    answer = await answer_of(
        {f"ticket.fields.{name}": declared}, {"/orders": orders(order(item(**of_item)))}
    )
    return tickets_of(answer)[0].get(name, ...)


async def test_a_constant_is_the_same_for_each_ticket() -> None:
    """`{const: x}` gives x, converted to the schema's type."""
    assert await field_of("priceTypeId", {"const": 7}) == "7"


@pytest.mark.parametrize("value", [None, ""])
async def test_null_and_empty_text_leave_an_optional_field_out(value: str | None) -> None:
    """An optional field that is null or "" is left out, never sent."""
    assert await field_of("priceTypeId", "item.kind", kind=value) is ...


async def test_a_table_gives_the_listed_value() -> None:
    """`{from, values}` looks a value up; integers by their digits."""
    table = {"from": "item.kind", "values": {"1": "early", "2": "late"}}

    assert await field_of("priceTypeId", table, kind=2) == "late"


@pytest.mark.parametrize("kind", ["3", None, [], 1.5])
async def test_an_unlisted_value_is_a_violation(kind: object) -> None:
    """A table without `else` is closed."""
    table = {"from": "item.kind", "values": {"1": "early"}}

    with pytest.raises(MappingMismatch, match="violation:priceTypeId"):
        await field_of("priceTypeId", table, kind=kind)


async def test_else_is_for_all_that_is_not_listed() -> None:
    """A table with `else` gives it for every other value; `else: null` leaves the field out."""
    table = {"from": "item.kind", "values": {"1": "early"}, "else": "normal"}

    assert await field_of("priceTypeId", table, kind="9") == "normal"
    assert await field_of("priceTypeId", {**table, "else": None}, kind="9") is ...


async def test_an_object_of_fields_leaves_out_what_is_null() -> None:
    """A nested object has the members that have a value."""
    props = {"seating": {"row": "item.row", "seat": "item.seat"}}

    assert await field_of("props", props, row=12, seat=None) == {"seating": {"row": "12"}}


async def test_an_object_left_empty_is_left_out() -> None:
    """An object none of whose members has a value is left out, and so is its parent."""
    props = {"seating": {"row": "item.row"}}

    assert await field_of("props", props, row=None) is ...


async def test_tags_as_an_object_are_key_value_texts() -> None:
    """Each key of `tags` with a value becomes `key:value`; null leaves it out."""
    tags = {
        "source": "item.channel",
        "row": "item.row",
        "none": "item.none",
        "kind": {"const": "x"},
    }

    made = await field_of("tags", tags, channel="web", row=3, none=None)

    assert made == ["source:web", "row:3", "kind:x"]


async def test_tags_without_a_value_are_left_out() -> None:
    """`tags` none of whose keys has a value is left out."""
    assert await field_of("tags", {"a": "item.none"}, none=None) is ...


async def test_tags_as_an_expression_are_the_list_itself() -> None:
    """`tags` may be an expression that gives a list of unique texts."""
    assert await field_of("tags", "item.tags", tags=["a:1", "b:2"]) == ["a:1", "b:2"]
    with pytest.raises(MappingMismatch, match="violation:tags"):
        await field_of("tags", "item.tags", tags=["a:1", "a:1"])


@pytest.mark.parametrize("flag", [True, 1.5, [], {}])
async def test_a_tag_value_is_text_or_an_integer(flag: object) -> None:
    """A tag's value converts as any text does."""
    with pytest.raises(MappingMismatch, match=r"violation:tags\.flag"):
        await field_of("tags", {"flag": "item.flag"}, flag=flag)


async def test_a_violation_in_an_object_names_the_whole_way() -> None:
    """A nested field's violation is named from the ticket down."""
    with pytest.raises(MappingMismatch, match=r"violation:props\.seating\.row"):
        await field_of("props", {"seating": {"row": "item.row"}}, row=[1])


async def test_an_object_given_by_an_expression_is_held_to_the_schema() -> None:
    """Members of an object that an expression gives convert, and null members are left out."""
    access = {"type": "URL", "locator": 55, "status": None}

    made = await field_of("ticketAccess", "item.access", access=access)

    assert made == {"type": "URL", "locator": "55"}


async def test_open_objects_keep_what_the_platform_gave() -> None:
    """`metadata` is open: its members stay as they are, but for null at its first level."""
    metadata = {"batch": 7, "deep": {"x": [1, 2.5, None]}, "none": None}

    made = await field_of("metadata", "item.meta", meta=metadata)

    assert made == {"batch": 7, "deep": {"x": [1, 2.5, None]}}
