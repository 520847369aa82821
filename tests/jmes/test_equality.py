"""Equality looks at types all the way down: `true` is never 1, and 1 is 1.0."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.support import answer_of, item, order, orders, tickets_of
from ticketbridge.jmes import LOOKUP_CACHE, EvaluationError, RepeatedElement, compile_expression
from ticketbridge.workbench.cases.case_spec import contains_given

PAIRS = [
    # What differs in type alone.
    (True, 1, False),
    (False, 0, False),
    (True, 1.0, False),
    (False, -0.0, False),
    (True, Decimal(1), False),
    (True, "true", False),
    (1, "1", False),
    (0, None, False),
    (False, None, False),
    ("", None, False),
    ([], {}, False),
    ([True], [1], False),
    ([0], [False], False),
    ([[True]], [[1]], False),
    ([{"x": False}], [{"x": 0}], False),
    ({"x": False}, {"x": 0}, False),
    ({"x": {"y": [1, True]}}, {"x": {"y": [1, 1]}}, False),
    ({"x": None}, {}, False),
    ({"x": 1}, {"x": 2}, False),
    ({"x": 1}, {"y": 1}, False),
    ([1, 2], [2, 1], False),
    ([1], [1, 1], False),
    # What is one value.
    (True, True, True),
    (1, 1.0, True),
    (1, Decimal("1.0"), True),
    (0, -0.0, True),
    (0.1, Decimal("0.1"), True),
    (10**23, 1e23, True),
    (12345678901234567890, 12345678901234567890, True),
    (12345678901234567890, 12345678901234567891, False),
    ([True, 1], [True, 1.0], True),
    ({"x": [1.0], "y": None}, {"y": None, "x": [1]}, True),
    ([], [], True),
    ("é", "é", True),
]
"""Two values, and whether they are equal."""

each_pair = pytest.mark.parametrize(("left", "right", "same"), PAIRS)


@each_pair
@pytest.mark.parametrize("strict", [True, False])
def test_every_comparison_says_the_same(left: Any, right: Any, same: bool, strict: bool) -> None:
    """`==`, `!=` and `contains` agree on two values, both ways round, with strict and without."""
    document = {"l": left, "r": right}

    found = [
        compile_expression(text, strict=strict)(document)
        for text in ("l == r", "r == l", "!(l != r)", "contains([l], r)", "contains([r], l)")
    ]

    assert found == [same] * 5


@each_pair
def test_our_functions_say_the_same(left: Any, right: Any, same: bool) -> None:
    """`unique`, `null_if` and a filter agree with `==`."""
    document = {"l": left, "r": right}

    found = [
        compile_expression("length(unique([l, r])) == `1`")(document),
        compile_expression("null_if([l], [r]) == `null`")(document),
        compile_expression("length([{l: l, r: r}][?l == r]) == `1`")(document),
    ]

    assert found == [same] * 3


@pytest.mark.parametrize(
    ("keys", "wanted", "found"),
    [
        ([True, 1], 1, 1),
        ([1, True], True, 1),
        ([False, 0], "0", 1),
        ([[True], [1]], [1], 1),
        ([{"a": 0}, {"a": False}], {"a": False}, 1),
        ([True], 1, None),
        ([True], "true", None),
        (["7"], 7, 0),
        ([7.0], "7", 0),
        (["07"], 7, None),
        ([["7"]], [7], None),
        ([None], 0, None),
    ],
)
def test_a_lookup_compares_by_type_but_for_digits(
    keys: list[Any], wanted: Any, found: int | None
) -> None:
    """`lookup` takes an integer and its digits for one; everything else it compares as `==` does."""
    document = {"list": [{"k": key, "at": at} for at, key in enumerate(keys)], "v": wanted}

    assert compile_expression("lookup(list, 'k', v).at")(document) == found
    rooted = compile_expression("lookup(list, 'k', v).at", roots=("list", "v"))
    assert rooted({**document, LOOKUP_CACHE: {}}) == found


@pytest.mark.parametrize(
    ("text", "document", "value"),
    [
        ("a == `true`", {"a": 1}, False),
        ("a == `1`", {"a": True}, False),
        ("`0` == a", {"a": False}, False),
        ("a == `[true]`", {"a": [1]}, False),
        ('a == `{"x": [0]}`', {"a": {"x": [False]}}, False),
        ("[`1`, `true`, `1.0`][?@ == `1`]", {}, [1, 1.0]),
        ("[`1` == `1`, `true` == `1`, `1` == `true`]", {}, [True, False, False]),
        ("contains(`[true, false]`, a)", {"a": 1}, False),
        ("contains(a, `0`)", {"a": [False, None, "0"]}, False),
        ("contains(a, `null`)", {"a": [False, None, 0]}, True),
        ("default(null_if(a, `1`), 'none')", {"a": True}, True),
        ("null_if(a, `true`)", {"a": 1}, 1),
        ("unique(`[1, true, [1], [true], 1.0]`)", {}, [1, True, [1], [True]]),
    ],
)
def test_a_constant_keeps_its_type(text: str, document: Any, value: Any) -> None:
    """A literal is compared as what is written: `1` and `true` in one expression stay two."""
    found = compile_expression(text)(document)

    assert repr(found) == repr(value)


@pytest.mark.parametrize("other", ["`true`", "`1`", "'x'", "`[1]`", "a"])
def test_what_came_more_than_once_is_never_compared(other: str) -> None:
    """An element that came more than once refuses each comparison but that with null."""
    document = {"a": RepeatedElement(["x", "y"]), "b": 1}

    assert compile_expression("a == `null`")(document) is False
    if other != "`true`":  # no text of XML is a boolean: never equal, however often it came
        with pytest.raises(EvaluationError):
            compile_expression(f"a == {other}")(document)
    with pytest.raises(EvaluationError):
        compile_expression(f"contains([a], {other})")(document)


@pytest.mark.anyio
async def test_the_answer_tells_true_from_one() -> None:
    """In fields and in conditions of a served ticket `true` is not 1, at any depth."""
    fields = {
        "list": "item.flags == item.numbers",
        "object": "item.off == item.none",
        "contains": "contains(item.flags, item.one)",
        "unique": "length(unique([item.flag, item.one, item.real]))",
        "null_if": "null_if(item.flag, item.one)",
        "lookup": "lookup([{k: item.flag, v: 'flag'}, {k: item.one, v: 'one'}], 'k', item.one).v",
        "number": "item.one == item.real",
    }
    record = item(
        1,
        flag=True,
        one=1,
        real=1.0,
        flags=[True],
        numbers=[1],
        off={"x": False},
        none={"x": 0},
    )
    changes = {
        "ticket.not_eligible_when": {"gone": "item.flags == item.numbers || item.off == item.none"},
        "ticket.fields.metadata": fields,
    }

    (ticket,) = tickets_of(await answer_of(changes, {"/orders": orders(order(record))}))

    assert ticket["metadata"] == {
        "list": False,
        "object": False,
        "contains": False,
        "unique": 2,
        "null_if": True,
        "lookup": "one",
        "number": True,
    }


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("word", "state", "returned"),
    [
        ("1", 1, 1),
        ("1", True, 0),
        ("true", True, 1),
        ("true", 1, 0),
        ("0", 0, 1),
        ("0", False, 0),
        ("false", False, 1),
    ],
)
async def test_a_status_table_tells_true_from_one(word: str, state: Any, returned: int) -> None:
    """A word of a status table is that of its type alone: the other one is no known status."""
    other = {"ignored": "REFUNDED", "1": "REFUNDED", "true": "REFUNDED", "0": "REFUNDED"}
    changes = {"ticket.status.values": {**other, "false": "REFUNDED", word: "VALID"}}

    answer = await answer_of(changes, {"/orders": orders(order(item(1, state=state)))})

    assert len(tickets_of(answer)) == returned


@pytest.mark.parametrize(
    ("given", "sent", "fits"),
    [
        ([True], [1], False),
        ({"a": [0]}, {"a": [False], "b": 1}, False),
        ({"a": [1]}, {"a": [1.0], "b": 1}, True),
    ],
)
def test_a_case_tells_true_from_one(given: Any, sent: Any, fits: bool) -> None:
    """What a case expects a request to carry is compared by types too."""
    assert contains_given(given, sent) is fits
