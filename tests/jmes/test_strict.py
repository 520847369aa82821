"""A missing key, and a wrong type, are errors; else an expression gives what JMESPath gives."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from ticketbridge.jmes import EvaluationError, compile_expression
from ticketbridge.jmes.runtime import follow

ORDER: dict[str, Any] = {
    "id": 7,
    "status": "PAID",
    "event": {"code": "E1", "session": None},
    "items": [{"id": 1, "zone": "A"}, {"id": 2, "zone": "B"}],
    "nothing": None,
    "empty": [],
}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        pytest.param("id", 7, id="key"),
        pytest.param("event.code", "E1", id="path"),
        pytest.param("nothing.deeper.still", None, id="key of null is null"),
        pytest.param("event.session || event.code", "E1", id="null in a choice"),
        pytest.param("event.session && event.code", None, id="null in a conjunction"),
        pytest.param("id && status && event.code", "E1", id="three conditions"),
        pytest.param("items[5]", None, id="index past the end is null"),
        pytest.param("items[-3]", None, id="index before the start is null"),
        pytest.param("items[5].id", None, id="key past the end is null"),
        pytest.param("nothing[0]", None, id="index of null is null"),
        pytest.param("nothing[1:]", None, id="slice of null is null"),
        pytest.param("nothing[*].id", None, id="projection of null is null"),
        pytest.param("nothing[?id]", None, id="filter of null is null"),
        pytest.param("nothing.*", None, id="values of null are null"),
        pytest.param("nothing[]", None, id="flatten of null is null"),
        pytest.param("nothing.{a: b}", None, id="hash of null is null"),
        pytest.param("nothing.[a]", None, id="list of null is null"),
        pytest.param("empty[*].anything", [], id="no element lacks a key"),
        pytest.param("items[*].zone", ["A", "B"], id="projection"),
        pytest.param("items[?zone == 'B'].id", [2], id="filter"),
        pytest.param("items[?zone == 'B'] | [0].id", 2, id="pipe ends a projection"),
        pytest.param("items[::-1].id", [2, 1], id="slice"),
        pytest.param("event.*", ["E1"], id="values without null"),
        pytest.param("[items, empty][].id", [1, 2], id="flatten"),
        pytest.param("{a: id, b: event.code}", {"a": 7, "b": "E1"}, id="hash"),
        pytest.param("!nothing", True, id="not"),
        pytest.param("!empty && !(id == `8`)", True, id="not, twice"),
        pytest.param("id == `7.0`", True, id="numbers by value"),
        pytest.param("id == `true`", False, id="a boolean is no number"),
        pytest.param("status != 'PAID'", False, id="unequal"),
        pytest.param("nothing == `null`", True, id="null is null"),
        pytest.param("id >= `7` && id < `7.5`", True, id="order of numbers"),
        pytest.param("status < 'PAIE'", True, id="order of text"),
    ],
)
def test_data_of_the_declared_shape_gives_jmespath_s_value(text: str, value: Any) -> None:
    """Where no key is missing and no type is wrong, strict and plain JMESPath agree."""
    strict = compile_expression(text)(ORDER)
    plain = compile_expression(text, strict=False)(ORDER)

    assert (strict, plain) == (value, value)
    assert type(strict) is type(plain) is type(value)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param(
            "stauts",
            'no key "stauts"; the keys there: id, status, event, items, nothing, empty; '
            'did you mean "status"?',
            id="missing key, with a hint",
        ),
        pytest.param("event.name", 'no key "name"; the keys there: code, session', id="nested"),
        pytest.param("items[*].seat", 'no key "seat"; the keys there: id, zone', id="projection"),
        pytest.param("items[?seat]", 'no key "seat"; the keys there: id, zone', id="filter"),
        pytest.param("items[0].zone.x", 'key "x" of a string, which is no object', id="text"),
        pytest.param("id.x", 'key "x" of a number, which is no object', id="number"),
        pytest.param("items.id", 'key "id" of an array, which is no object', id="list"),
        pytest.param(
            "(`[true]` | [0]).x", 'key "x" of a boolean, which is no object', id="boolean"
        ),
        pytest.param("event[0]", "`[0]` needs an array, and found an object", id="index"),
        pytest.param("status[0]", "`[0]` needs an array, and found a string", id="index of text"),
        pytest.param("event[1:]", "a slice needs an array, and found an object", id="slice"),
        pytest.param("event[*].a", "`[*]` needs an array, and found an object", id="projected"),
        pytest.param("event[?a]", "`[?...]` needs an array, and found an object", id="filtered"),
        pytest.param("event[]", "`[]` needs an array, and found an object", id="flatten"),
        pytest.param("items.*", "`.*` needs an object, and found an array", id="values"),
        pytest.param(
            "id > status",
            "`>` compares two numbers or two strings, and found a number and a string",
            id="order of a number and text",
        ),
        pytest.param(
            "nothing <= id",
            "`<=` compares two numbers or two strings, and found null and a number",
            id="order of null",
        ),
        pytest.param(
            "`true` < `2`",
            "`<` compares two numbers or two strings, and found a boolean and a number",
            id="order of a boolean",
        ),
    ],
)
def test_data_of_another_shape_is_an_error(text: str, reason: str) -> None:
    """What JMESPath would pass off as null is an error that says what was found."""
    with pytest.raises(EvaluationError) as caught:
        compile_expression(text)(ORDER)

    assert (caught.value.reason, caught.value.expression) == (reason, text)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        pytest.param("optional(seat)", None, id="key"),
        pytest.param("optional(seat.row.number)", None, id="path"),
        pytest.param("optional(event.seat) || 'none'", "none", id="in a choice"),
        pytest.param("optional(items[*].seat)", [], id="projection"),
        pytest.param("optional(items[?seat == `null`].id)", [1, 2], id="filter"),
        pytest.param("optional(map(&seat, items))", [None, None], id="expression after &"),
        pytest.param("optional({a: seat})", {"a": None}, id="hash"),
        pytest.param("optional(default(seat, zone))", None, id="arguments of functions"),
        pytest.param("optional(id)", 7, id="what is there"),
        pytest.param("as_list(optional(tickets))", [], id="as the design says it"),
    ],
)
def test_optional_gives_null_for_an_absent_key(text: str, value: Any) -> None:
    """Anywhere inside of optional() the absent key of an object is null."""
    assert compile_expression(text)(ORDER) == value


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("optional(status.x)", id="key of text"),
        pytest.param("optional(id.x)", id="key of a number"),
        pytest.param("optional(items.x)", id="key of a list"),
        pytest.param("optional(event[0])", id="index of an object"),
        pytest.param("optional(seat) || seat", id="outside of it"),
        pytest.param("optional(id > status)", id="order of two types"),
    ],
)
def test_optional_forgives_nothing_else(text: str) -> None:
    """Inside of optional() a wrong type stays an error, and outside an absent key too."""
    with pytest.raises(EvaluationError):
        compile_expression(text)(ORDER)


def test_plain_jmespath_gives_null_for_both() -> None:
    """Without strict, a missing key and a wrong type are null, as JMESPath says."""
    texts = [
        "stauts",
        "id.x",
        "event[0]",
        "event[*]",
        "event[?x]",
        "event[]",
        "items.*",
        "event[1:]",
    ]

    found = [compile_expression(text, strict=False)(ORDER) for text in texts]

    assert found == [None] * len(texts)


def test_plain_order_of_null_is_null() -> None:
    """Without strict, comparing what has no order gives null."""
    assert compile_expression("nothing < id", strict=False)(ORDER) is None


@pytest.mark.parametrize(
    ("text", "document", "value"),
    [
        pytest.param("a == b", {"a": Decimal("0.1"), "b": 0.1}, True, id="decimal and float"),
        pytest.param("a == b", {"a": Decimal(1), "b": 1}, True, id="decimal and integer"),
        pytest.param("a == b", {"a": [Decimal("0.1")], "b": [0.1]}, True, id="inside of lists"),
        pytest.param("a == b", {"a": {"x": Decimal("0.1")}, "b": {"x": 0.1}}, True, id="objects"),
        pytest.param("a == b", {"a": {"x": Decimal("0.1")}, "b": {"y": 0.1}}, False, id="keys"),
        pytest.param("a == b", {"a": [Decimal("0.1")], "b": [0.1, 2]}, False, id="lengths"),
        pytest.param("a == b", {"a": Decimal("0.2"), "b": 0.1}, False, id="unequal"),
        pytest.param("a != b", {"a": Decimal(1), "b": True}, True, id="decimal and boolean"),
        pytest.param("a < b", {"a": Decimal("0.1"), "b": 0.1}, False, id="not less"),
        pytest.param("a <= b", {"a": 0.1, "b": Decimal("0.1")}, True, id="at most"),
        pytest.param("!a", {"a": Decimal(0)}, False, id="zero is true"),
        pytest.param("type(a)", {"a": Decimal("1.5")}, "number", id="type"),
        pytest.param("to_string(a)", {"a": Decimal("1.50")}, "1.50", id="text"),
        pytest.param("to_string(a)", {"a": [Decimal("1E-7")]}, "[0.0000001]", id="text in a list"),
        pytest.param("to_number(a)", {"a": Decimal("1.5")}, Decimal("1.5"), id="number"),
        pytest.param("abs(a)", {"a": Decimal("-1.5")}, Decimal("1.5"), id="abs"),
        pytest.param("ceil(a)", {"a": Decimal("1.5")}, 2, id="ceil"),
        pytest.param("floor(a)", {"a": Decimal("1.5")}, 1, id="floor"),
        pytest.param("sum(a)", {"a": [Decimal("0.1"), 0.2]}, Decimal("0.3"), id="sum"),
        pytest.param("avg(a)", {"a": [Decimal("0.1"), 0.2]}, Decimal("0.15"), id="avg"),
        pytest.param("max(a)", {"a": [Decimal("0.1"), 0.3]}, 0.3, id="max"),
        pytest.param("min(a)", {"a": [Decimal("0.1"), 0.1]}, Decimal("0.1"), id="min"),
        pytest.param("sort(a)", {"a": [2.5, Decimal("0.1")]}, [Decimal("0.1"), 2.5], id="sort"),
        pytest.param("contains(a, b)", {"a": [0.1], "b": Decimal("0.1")}, True, id="contains"),
    ],
)
def test_decimals_are_numbers_everywhere(text: str, document: Any, value: Any) -> None:
    """A decimal in the data is a number, equal to the float whose shortest text says the same."""
    assert compile_expression(text)(document) == value


@pytest.mark.parametrize(
    "strict", [pytest.param(True, id="strict"), pytest.param(False, id="plain")]
)
def test_true_and_false_are_jmespath_s(strict: bool) -> None:
    """Null, false, "", [] and {} are false; everything else is true, 0 too."""
    document: Any = {"v": [None, False, "", [], {}, 0, 0.0, Decimal(0), "0", [0], True]}
    expression = compile_expression("map(&!!@, v)", strict=strict)

    assert expression(document) == [False] * 5 + [True] * 6


def test_the_slow_path_finds_what_is_there() -> None:
    """The walk that explains a missing key gives the value where none is missing."""
    assert follow({"a": {"b": 1}}, ("a", "b")) == 1
