"""What fits a schema: as JSON Schema 2020-12 says, with exact numbers, and nothing fetched."""

from __future__ import annotations

import copy
import json
import socket
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from tests.contract.test_contract import TICKET
from ticketbridge.contract import Validator, tickets_schema

Json = Any
GOOD: Json = {"userEmail": "ana@example.com", "tickets": [TICKET]}
TEXT = {"type": "string"}
CENTS = {"multipleOf": 0.01}
LONG = 10**4299
"""As many digits as Python reads."""


def fits(schema: Json, value: Json) -> bool:
    """Whether *value* fits, by each of the questions that there are."""
    validator = Validator(schema)
    one = validator.fits(value)
    assert validator.all_fit([value, value]) is one
    assert (validator.breach(value) is None) is one
    assert Validator({"$defs": {"a": schema}}, part={"$ref": "#/$defs/a"}).fits(value) is one
    return one


# --- numbers --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("schema", "good", "bad"),
    [
        (CENTS, [19.99, 0.07, 4.35, 180.5, 0.3, 1.1, -19.99, 123456789012.34], [1.005, 0.1 + 0.2, 1e-5]),
        (CENTS, [0, 0.0, 7, 1e70, 10**70, 2**64, 2**63 - 1, LONG], [19.990000000000002, 5e-324]),
        ({"multipleOf": 0.1}, [0.3, 1.1, 2.3], [0.05, 0.15]),
        ({"multipleOf": 1e-8}, [0.00000001, 1e-7, 12391239123, 1e308], [1e-9]),
        ({"multipleOf": 7}, [14, 7 * 10**70, 7 * 2**64], [15, 10**70, 2**64, LONG, 7.5]),
        ({"multipleOf": 2.5}, [5, 7.5, 10**30], [1, 2.4]),
        ({"type": "integer"}, [10**40, LONG, 1.0, 1e300, -0.0], [1.5, True, "1", 5e-324]),
        ({"type": "number"}, [1, 1.5, LONG, 5e-324], [True, "1", float("nan"), float("inf")]),
        ({"type": "number", "minimum": 0}, [0, -0.0, LONG], [-5e-324, -1, -LONG, float("nan")]),
        ({"maximum": 2**53}, [2**53, float(2**53)], [2**53 + 1, 2**64, LONG]),
        ({"exclusiveMinimum": 0.1}, [0.10000000000000002], [0.1, 0.09999999999999999]),
        ({"maximum": 19.99}, [19.99], [19.990000000000002]),
        ({"maximum": 1e30}, [10**30], [10**30 + 1]),
        ({"minimum": 1e30}, [10**30], [10**30 - 1]),
        ({"maximum": 10**400}, [10**400], [10**400 + 1]),
        ({"const": 10**40}, [10**40], [10**40 + 1]),
        ({"const": 1e40}, [10**40], [10**40 + 1]),
        ({"enum": [1e22, 0.1]}, [10**22, 0.1], [10**22 + 1, 0.1 + 1e-17 + 2e-17]),
    ],
    ids=range(18),
)  # fmt: skip
def test_numbers_are_exact(schema: Json, good: list[Json], bad: list[Json]) -> None:
    """Numbers are compared and divided as the decimals that JSON writes, whatever their length."""
    assert [value for value in good if not fits(schema, value)] == []
    assert [value for value in bad if fits(schema, value)] == []


@pytest.mark.parametrize("one", [1, [1], {"a": 1}], ids=["alone", "in a list", "in an object"])
def test_schemas_that_python_takes_for_equal_are_two(one: Json) -> None:
    """To Python 1 and true are equal; a schema with the one is never taken for that with the other."""
    other = json.loads(json.dumps(one).replace("1", "true"))
    assert one == other
    first, second = Validator({"const": one}), Validator({"const": other})

    assert (first.fits(one), first.fits(other)) == (True, False)
    assert (second.fits(other), second.fits(one)) == (True, False)


def test_a_schema_that_is_changed_later_is_another_one() -> None:
    """What holds values is the schema as it was given; one that was changed since is read anew."""
    schema = {"const": 1}
    before = Validator(schema)
    schema["const"] = 2
    after = Validator(schema)

    assert (before.fits(1), after.fits(1), after.fits(2)) == (True, False, True)


@given(
    st.integers(0, 10**12),
    st.sampled_from([0.01, 0.001, 0.1, 0.05, 0.25, 1e-6]),
    st.integers(-3, 3),
)
@settings(max_examples=300, deadline=None)
def test_a_multiple_is_one_where_its_decimal_is(count: int, step: float, off: int) -> None:
    """Any float whose shortest decimal is a whole number of steps is a multiple, and no other."""
    from decimal import Decimal  # noqa: PLC0415 - of this test alone

    value = count * step + off * step / 3
    multiple = Decimal(repr(value)) % Decimal(repr(step)) == 0

    assert Validator({"multipleOf": step}).fits(value) is multiple


@pytest.mark.parametrize(
    ("schema", "good", "bad"),
    [
        ({"const": 1}, [1, 1.0], [True, "1", [1]]),
        ({"const": True}, [True], [1, 1.0, "true"]),
        ({"const": [1]}, [[1], [1.0]], [[True], ["1"], [1, 1]]),
        ({"const": {"a": 0}}, [{"a": 0}, {"a": -0.0}], [{"a": False}, {"a": None}, {}]),
        ({"const": {"a": 1, "b": 2}}, [{"b": 2, "a": 1}], [{"a": 1}]),
        ({"const": None}, [None], [0, False, ""]),
        ({"enum": [[1], {"a": True}, 0.5]}, [[1], {"a": True}, 0.5], [[True], {"a": 1}, 1]),
        ({"uniqueItems": True}, [[1, True], [0, False, "", None], [[1], [True]]], [[1, 1.0]]),
        ({"uniqueItems": True}, [[{"a": 1}, {"a": True}], []], [[{"a": 1, "b": 2}, {"b": 2, "a": 1.0}]]),
        ({"uniqueItems": True}, [["a", "A"], [[1, 2], [2, 1]]], [["a", "a"], [0.0, -0.0], [[], []]]),
    ],
    ids=range(10),
)  # fmt: skip
def test_equality_looks_at_types_all_the_way_down(
    schema: Json, good: list[Json], bad: list[Json]
) -> None:
    """1 is 1.0 and never true, inside of lists and objects too."""
    assert [value for value in good if not fits(schema, value)] == []
    assert [value for value in bad if fits(schema, value)] == []


# --- texts ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("schema", "good", "bad"),
    [
        ({"pattern": "^[A-Z]{3}$"}, ["USD"], ["USD\n", "US", "\nUSD"]),
        ({"pattern": r"^\d$"}, ["7"], ["\u0663", "7\n"]),
        ({"patternProperties": {"^a$": False}}, [{"a\n": 1}], [{"a": 1}]),
        ({"propertyNames": {"pattern": "^a$"}}, [{"a": 1}], [{"a\n": 1}]),
        ({"maxLength": 1}, ["\U0001f600", "a"], ["ab", "e\u0301"]),
        ({"minLength": 2}, ["ab"], ["\U0001f600"]),
        ({"format": "date"}, ["2026-02-28", 7], ["2026-02-30", "soon"]),
        ({"format": "email"}, ["a b@", "ana@example.com"], ["ana"]),
        ({"format": "ipv4"}, ["127.0.0.1"], ["127.0.0.256"]),
        ({"format": "date-time"}, ["2026-11-24T12:00:00Z"], ["soon", "2026-13-01T00:00:00Z"]),
        ({"format": "time"}, ["20:00:00Z"], ["25:00"]),
        ({"format": "uri"}, ["https://x.example/a"], ["x y"]),
        ({"format": "hostname"}, ["x.example"], ["a b"]),
        ({"format": "duration"}, ["PT2H"], ["2 hours"]),
        ({"format": "colour"}, ["red"], []),
        ({"contentMediaType": "application/json"}, ["{"], []),
    ],
    ids=range(16),
)  # fmt: skip
def test_texts_and_formats(schema: Json, good: list[Json], bad: list[Json]) -> None:
    """Patterns are ECMA-262's; a format that is known is held."""
    assert [value for value in good if not fits(schema, value)] == []
    assert [value for value in bad if fits(schema, value)] == []


# --- parts and references -------------------------------------------------------------------------

WHOLE: Json = {
    "$id": "urn:example:whole",
    "$defs": {
        "id": {"$ref": "#/definitions/text~1short"},
        "tree": {"properties": {"inner": {"$ref": "#/$defs/tree"}, "id": {"$ref": "#/$defs/id"}}},
        "a%62": TEXT,
        "anchored": {"$anchor": "here", "type": "null"},
        "dynamic": {"$dynamicAnchor": "there", "type": "boolean"},
    },
    "definitions": {"text/short": {"type": "string", "maxLength": 3}},
    "properties": {"a": {"properties": {"b": {"type": "integer"}}}, "self": {"$ref": "#"}},
}


@pytest.mark.parametrize(
    ("part", "good", "bad"),
    [
        ({"$ref": "#/$defs/id"}, "abc", "abcd"),
        ({"properties": {"x": {"$ref": "#/$defs/id"}}}, {"x": "1"}, {"x": 1}),
        ({"properties": {"x": {"$ref": "#/properties/a"}}}, {"x": {"b": 1}}, {"x": {"b": ""}}),
        ({"$ref": "#/properties/a/properties/b"}, 1, 1.5),
        ({"$ref": "#"}, {"self": {"a": {"b": 1}}}, {"self": {"self": {"a": {"b": ""}}}}),
        ({"$ref": "#/$defs/tree"}, {"inner": {"id": "1"}}, {"inner": {"inner": {"id": 1}}}),
        ({"$defs": {"id": {"type": "null"}}, "$ref": "#/$defs/id"}, "abc", None),
        ({"$ref": "#/$defs/a%2562"}, "", 1),
        ({"$ref": "#here"}, None, 1),
        ({"$dynamicRef": "#there"}, True, 1),
        ({"$ref": "urn:example:whole#/$defs/id"}, "abc", "abcd"),
        ({"$ref": "#/$defs/id", "minLength": 2}, "ab", "a"),
        ({"allOf": [{"properties": {"a": {}}}], "unevaluatedProperties": False}, {"a": 1}, {"b": 1}),
    ],
    ids=lambda value: str(value)[:40],
)  # fmt: skip
def test_references_of_a_part_lead_into_the_whole(part: Json, good: Json, bad: Json) -> None:
    """A part is held with what it refers to, wherever in the whole that stands."""
    validator = Validator(WHOLE, part=part)

    assert validator.fits(good)
    assert not validator.fits(bad)
    assert validator.all_fit([good] * 3)
    assert validator.all_fit([])
    assert not validator.all_fit([good, bad, good])


def test_a_schema_may_use_any_name_of_a_definition() -> None:
    """What is added to a schema hides nothing of it, whatever its definitions are called."""
    names = {"held-one": {"const": 1}, "held-all": {"const": 2}, "held--one": {}}
    schema = {"$defs": names, "properties": {"a": {"$ref": "#/$defs/held-one"},
                                             "b": {"$ref": "#/$defs/held-all"}}}  # fmt: skip

    validator = Validator(schema)
    assert validator.all_fit([{"a": 1, "b": 2}])
    assert not validator.fits({"a": 2})
    assert not validator.fits({"b": 1})


def test_a_text_that_is_no_utf_8_is_no_json() -> None:
    """Half a character is a breach of its own kind, and no error."""
    validator = Validator({"minLength": 1})

    assert not validator.fits("a\ud800")
    assert str(validator.breach("a\ud800")) == "breaks `JSON` @ $"
    assert list(map(str, validator.breaches("a\ud800"))) == ["breaks `JSON` @ $"]


@pytest.mark.parametrize("keyword", ["$ref", "$dynamicRef", "allOf"])
def test_nothing_is_ever_fetched(keyword: str, tmp_path: Path) -> None:
    """A reference out of the schema is an error; nobody is asked for it, and no file is read."""
    file = tmp_path / "x.json"
    file.write_text("{}", encoding="utf-8")
    with socket.create_server(("127.0.0.1", 0)) as door:
        door.setblocking(False)
        address = f"http://127.0.0.1:{door.getsockname()[1]}/x.json"
        for reference in (address, file.as_uri(), "x.json"):
            schema = (
                {"allOf": [{"$ref": reference}]} if keyword == "allOf" else {keyword: reference}
            )
            with pytest.raises(ValueError, match=r"esource|resolve"):
                Validator(schema)

        with pytest.raises(BlockingIOError):  # nobody has knocked
            door.accept()


@pytest.mark.parametrize(
    "schema", [{"type": "text"}, {"required": "a"}, {"pattern": "("}, {"$ref": "#/$defs/none"}]
)
def test_what_is_no_schema_is_an_error(schema: Json) -> None:
    """No value is ever held to half a schema."""
    with pytest.raises(ValueError, match=r"."):
        Validator(schema)


# --- what is said ---------------------------------------------------------------------------------

CLOSED = {
    "properties": {"a": TEXT, "b": {"properties": {"c": TEXT}}},
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    ("schema", "value", "said"),
    [
        ({"required": ["a", "b"]}, {"b": 1}, "breaks `required` @ $.a"),
        ({"items": {"required": ["a"]}}, [{"a": 1}, {}], "breaks `required` @ $[1].a"),
        (CLOSED, {"Zoe": 1}, "breaks `additionalProperties` @ $.*"),
        (CLOSED, {"b": {"c": 1}, "a": 1}, "breaks `type` @ $.a"),
        (CLOSED, {"b": {"c": 1}}, "breaks `type` @ $.b.c"),
        ({"unevaluatedProperties": False}, {"Zoe": 1}, "breaks `unevaluatedProperties` @ $.*"),
        ({"propertyNames": {"maxLength": 1}}, {"Zoe": 1}, "breaks `propertyNames` @ $"),
        ({"patternProperties": {"^Z": TEXT}}, {"Zoe": 1}, "breaks `type` @ $.*"),
        ({"additionalProperties": {"items": TEXT}}, {"Zoe": ["a", 1]}, "breaks `type` @ $.*[1]"),
        ({**CLOSED, "dependentRequired": {"a": ["b"]}}, {"a": ""}, "breaks `required` @ $.b"),
        ({"contains": {"const": 1}}, [2], "breaks `contains` @ $"),
        ({"anyOf": [TEXT, CLOSED]}, {"b": {"c": 1}}, "breaks `type` @ $.b.c"),
        ({"oneOf": [{"const": 1}, {"const": 2}]}, 3, "breaks `oneOf` @ $"),
        ({"oneOf": [TEXT, {"minLength": 1}]}, "ab", "breaks `oneOf` @ $"),
        ({"not": TEXT}, "Zoe", "breaks `not` @ $"),
        ({"properties": {"a": False}}, {"a": "Zoe"}, "breaks `falseSchema` @ $.a"),
        ({"format": "date"}, "Zoe", "breaks `format` @ $"),
        (CENTS, 1.005, "breaks `multipleOf` @ $"),
    ],
    ids=lambda value: value if isinstance(value, str) and value.startswith("breaks") else None,
)  # fmt: skip
def test_a_breach_is_the_most_telling_one(schema: Json, value: Json, said: str) -> None:
    """The breach that is furthest out is named, by its keyword and its path, and no value or name of data."""
    breach = Validator(schema).breach(value)

    assert str(breach) == said


# --- held to the other library --------------------------------------------------------------------

TEXTS = st.text(st.characters(codec="utf-8"), max_size=5) | st.sampled_from(
    ["EUR", "eur", "VALID", "a:b", "a:", "a@b", "x" * 256, "x" * 257, "URL", "", "\ufffd", "\u2028",
     "\x85", "\r", "0" * 40, "\U0001f600" * 256]
)  # fmt: skip
NUMBERS = st.one_of(
    st.integers(-3, 3),
    st.integers(-(10**30), 10**30),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([0.0, -0.0, 1e300, 2**53 + 1, 2**63, 2**64, -(2**63) - 1, 5e-324, -5e-324]),
)
LEAVES = st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=6,
)


def paths(value: Json, here: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """The ways to all parts of a document."""
    found = [here]
    if isinstance(value, dict):
        found += [path for key, part in value.items() for path in paths(part, (*here, key))]
    elif isinstance(value, list):
        found += [path for key, part in enumerate(value) for path in paths(part, (*here, key))]
    return found


@st.composite
def answers(draw: st.DrawFn) -> Json:
    """A good answer with up to three parts changed, dropped or misnamed."""
    made = copy.deepcopy(GOOD)
    for _ in range(draw(st.integers(0, 3))):
        *parents, last = draw(st.sampled_from(paths(made)[1:] or [("userEmail",)]))
        target = made
        for step in parents:
            target = target[step]
        if isinstance(target, dict) and draw(st.booleans()):
            target.pop(last, None)
            if draw(st.booleans()):
                target[draw(TEXTS)] = draw(VALUES)
        else:
            target[last] = draw(VALUES)
    return made


BUNDLED = Validator(tickets_schema())
OTHER = Draft202012Validator(tickets_schema(), format_checker=Draft202012Validator.FORMAT_CHECKER)


@given(answers())
@settings(max_examples=300, deadline=None)
def test_the_bundled_contract_means_one_thing(answer: Json) -> None:
    """No rule of the bundled contract depends on the library: jsonschema says the same of any answer."""
    fitting = OTHER.is_valid(answer)

    assert BUNDLED.fits(answer) is fitting
    assert BUNDLED.all_fit([answer]) is fitting
