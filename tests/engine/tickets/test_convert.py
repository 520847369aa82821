"""The schema's type converts, losslessly or not at all."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from ticketbridge.engine.tickets.convert import MISSING, Violation, converter

SCHEMAS: dict[str, Any] = {
    "string": {"type": "string"},
    "number": {"type": "number"},
    "integer": {"type": "integer"},
    "boolean": {"type": "boolean"},
    "nullable": {"type": ["string", "null"]},
    "either": {"type": ["string", "number"]},
    "array": {"type": "array", "items": {"type": "string"}},
    "object": {"type": "object", "properties": {"a": {"type": "string"}}},
    "open": {},
    "reference": {"$ref": "#/$defs/id"},
}
ROOT: dict[str, Any] = {"$defs": {"id": {"type": "string"}}}


@pytest.mark.parametrize(
    ("kind", "value", "converted"),
    [
        pytest.param("string", "007", "007", id="leading zeros stay"),
        pytest.param(
            "string", 12345678901234567890123, "12345678901234567890123", id="long digits"
        ),
        pytest.param("string", -5, "-5", id="negative integer"),
        pytest.param("nullable", 5, "5", id="text or null is text"),
        pytest.param("reference", 5, "5", id="reference"),
        pytest.param("number", 5, 5, id="integer"),
        pytest.param("number", 19.99, 19.99, id="float"),
        pytest.param("number", 100.0, 100, id="integral float"),
        pytest.param("number", "100.00", 100, id="decimal text, integral"),
        pytest.param("number", "19.99", 19.99, id="decimal text"),
        pytest.param("number", "-0.5", -0.5, id="negative text"),
        pytest.param("number", Decimal("19.99"), 19.99, id="decimal"),
        pytest.param("number", Decimal("1E+2"), 100, id="decimal with an exponent"),
        pytest.param("integer", "12", 12, id="integer text"),
        pytest.param("boolean", False, False, id="boolean"),
        pytest.param("either", True, True, id="open type stays"),
        pytest.param("array", ["a", 1], ["a", "1"], id="list of text"),
        pytest.param("object", {"a": 1, "b": Decimal("0.5")}, {"a": "1", "b": 0.5}, id="object"),
        pytest.param("object", {"a": None}, MISSING, id="object left empty"),
        pytest.param(
            "open", {"x": [Decimal("0.5"), "y", None]}, {"x": [0.5, "y", None]}, id="open"
        ),
    ],
)
def test_a_value_converts_losslessly(kind: str, value: object, converted: object) -> None:
    """Each type takes its own values, and the one other form that loses nothing."""
    made = converter(SCHEMAS[kind], ROOT)(value)

    assert made == converted
    assert type(made) is type(converted)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("string", True),
        ("string", 1.5),
        ("string", 1.0),
        ("string", Decimal("1.5")),
        ("string", []),
        ("string", {}),
        ("string", "\ud800"),
        pytest.param("string", 10**5000, id="string-huge"),
        ("number", True),
        ("number", ""),
        ("number", "free"),
        ("number", "1,5"),
        ("number", " 1"),
        ("number", "1\n"),
        ("number", "1e3"),
        ("number", "0x10"),
        ("number", "007"),
        ("number", "\u0661"),
        ("number", "NaN"),
        ("number", "Infinity"),
        pytest.param("number", "9" * 61, id="number-long"),
        ("number", float("nan")),
        ("number", float("inf")),
        pytest.param("number", 10**400, id="number-infinite as a float"),
        pytest.param("number", 1e300, id="number-huge"),
        ("number", Decimal("NaN")),
        ("number", Decimal("1E+999")),
        ("number", Decimal(10) / Decimal(3)),
        ("number", []),
        ("number", {}),
        ("integer", 1.5),
        pytest.param("integer", "1.5", id="integer-text"),
        ("boolean", "true"),
        ("boolean", 1),
        ("array", "a"),
        ("array", [None]),
        ("array", [1.5]),
        ("object", []),
        ("object", {"a": []}),
        ("open", float("inf")),
        ("open", ["\ud800"]),
        ("open", {"\ud800": 1}),
    ],
)
def test_what_would_lose_something_is_a_violation(kind: str, value: object) -> None:
    """A value of another type, or one that would not come out the same, does not convert."""
    with pytest.raises(Violation):
        converter(SCHEMAS[kind], ROOT)(value)


def test_a_value_that_is_nested_too_deeply_is_a_violation() -> None:
    """An open field may hold whatever the platform sends, which has no bound of its own."""
    value: list[Any] = []
    for _ in range(2000):
        value = [value]

    with pytest.raises(Violation, match="more than 200 levels"):
        converter(SCHEMAS["open"], ROOT)(value)


def test_a_violation_repeats_no_value() -> None:
    """The reason says what kind of value was found, and not which."""
    with pytest.raises(Violation) as caught:
        converter(SCHEMAS["number"], ROOT)("my secret")

    assert "secret" not in str(caught.value)
