"""The two libraries: the fast one is asked only where it says what the other says."""

from __future__ import annotations

import copy
import re
import socket
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from referencing.exceptions import Unresolvable

from tests.contract.test_contract import TICKET
from ticketbridge.contract import Validator, tickets_schema

Json = Any
GOOD: Json = {"userEmail": "ana@example.com", "tickets": [TICKET]}
BUNDLED = Validator(tickets_schema())


def agree(validator: Validator, value: Json) -> bool:
    """Whether the fast library, where it is asked at all, says what the other says."""
    slow = validator.breach(value) is None
    assert validator.fits(value) is slow
    assert validator.all_fit([value, value]) is slow
    if validator._one is None:
        return True
    try:
        return validator._one.is_valid(value) is slow
    except UnicodeEncodeError:
        return True  # half a character, which is asked of the other


# --- tables ---------------------------------------------------------------------------------------

TEXT = {"type": "string"}
ALIKE = [
    pytest.param({"type": "integer"}, 10**40, id="integer of any length"),
    pytest.param({"type": "integer"}, 10**4298, id="integer as long as Python reads it"),
    pytest.param({"minimum": 0}, -(10**4298), id="negative integer as long"),
    pytest.param({"type": "integer"}, 1.0, id="integral fraction"),
    pytest.param({"type": "integer"}, 1e300, id="large integral fraction"),
    pytest.param({"maximum": 2**53}, 2**53 + 1, id="neighbour of a float"),
    pytest.param({"maximum": 2**53}, 2**64, id="more than 64 bits"),
    pytest.param({"minimum": 0.1}, 0.1, id="bound that is a fraction"),
    pytest.param({"const": 1}, 1.0, id="1 is 1.0"),
    pytest.param({"enum": [1]}, True, id="1 is not true"),
    pytest.param({"enum": [False]}, 0, id="false is not 0"),
    pytest.param({"const": None}, None, id="null"),
    pytest.param({"maxLength": 1}, "\U0001f600", id="one character of two units"),
    pytest.param(TEXT, "\ud800", id="half a character"),
    pytest.param({"not": {"pattern": "a"}}, "\ud800a", id="half a character and a pattern"),
    pytest.param({"additionalProperties": TEXT}, {"\ud800": 1}, id="half a character in a name"),
    pytest.param({"pattern": "^a$"}, "a\n", id="$ before a line break"),
    pytest.param({"not": {"pattern": "^a$"}}, "a\n", id="not $ before a line break"),
    pytest.param({"pattern": "^a$"}, "a\n\n", id="$ before two line breaks"),
    pytest.param({"pattern": "^a.?b$"}, "a\u2028b", id="dot and a separator of lines"),
    pytest.param({"not": {"pattern": "^a.b"}}, "a\rb", id="dot and a carriage return"),
    pytest.param({"pattern": r"^[\]\-a-c_.-]{1,3}?$"}, "]-b", id="class"),
    pytest.param({"pattern": r"^(?:\x41|(\u00e9)){2,}\/\.$"}, "A\u00e9/.", id="groups and escapes"),
    pytest.param({"patternProperties": {"^a$": False}}, {"a\n": 1}, id="name with a line break"),
    pytest.param({"propertyNames": {"pattern": "^a$"}}, {"a\n": 1}, id="names with a pattern"),
    pytest.param({"uniqueItems": True, "items": TEXT}, ["a", "a"], id="unique texts"),
    pytest.param({"format": "date"}, "2026-02-30", id="format"),
    pytest.param({"format": "email"}, "a b@", id="format, as loose as the other has it"),
    pytest.param({"format": "date-time"}, "soon", id="format that only the fast one knows"),
    pytest.param({"format": "colour"}, "red", id="format that nobody knows"),
    pytest.param({"contentMediaType": "application/json"}, "{", id="content is not asserted"),
    pytest.param({"dependencies": {"a": ["b"]}}, {"a": 1}, id="keyword of an older version"),
    pytest.param({"dependentRequired": {"a": ["b"]}}, {"a": 1}, id="dependent names"),
    pytest.param({"if": TEXT, "then": {"const": "a"}, "else": False}, 1, id="if"),
    pytest.param({"contains": TEXT, "minContains": 0, "maxContains": 1}, ["a"], id="contains"),
    pytest.param({"prefixItems": [TEXT], "items": False}, ["a", "b"], id="tuple"),
    pytest.param({"oneOf": [TEXT, {"maxLength": 1}]}, 1, id="one of two"),
]
UNLIKE = [
    pytest.param({"pattern": r"^\w+$"}, "\u00e9", id="word"),
    pytest.param({"pattern": r"^\W+$"}, "\u00e9", id="no word"),
    pytest.param({"pattern": r"^[^\d]*$"}, "\u0663", id="no digit"),
    pytest.param({"pattern": r"(?<!x)a\Z"}, "a", id="pattern of Python alone"),
    pytest.param({"pattern": r"(a)\1"}, "aa", id="back reference"),
    pytest.param({"pattern": r"a(?=b)"}, "ab", id="look ahead"),
    pytest.param({"pattern": r"^a$|^b$"}, "a\n", id="$ in the middle"),
    pytest.param({"pattern": "^a++b"}, "aab", id="possessive, or twice"),
    pytest.param({"pattern": "a{,2}b"}, "b", id="times without a first number"),
    pytest.param({"pattern": "[]a]"}, "]", id="class that begins with its end"),
    pytest.param({"pattern": "[^]a]"}, "x", id="class of all but its end"),
    pytest.param({"pattern": r"[\ud83d]"}, "\U0001f600", id="half a character in a pattern"),
    pytest.param({"patternProperties": {r"\D": TEXT}}, {"\u0663": 1}, id="names"),
    pytest.param({"patternProperties": {".": TEXT, r"[^\n]": {}}}, {"a": 1}, id="one pattern twice"),
    pytest.param({"pattern": "^a--b$"}, "a--b", id="operator of sets, were it in brackets"),
    pytest.param({"multipleOf": 0.01}, 19.99, id="multiple of a fraction"),
    pytest.param({"uniqueItems": True}, [1, 1.0, True], id="unique values of any type"),
    pytest.param({"uniqueItems": True, "items": TEXT, "prefixItems": [{}]}, [1, 1.0], id="tuple"),
    pytest.param({"const": 10**40}, 1e40, id="number beyond a float's reach"),
    pytest.param({"maximum": 1e30}, 10**30 + 1, id="bound beyond a float's reach"),
    pytest.param({"enum": [[1]]}, [True], id="list in an enumeration"),
    pytest.param({"unevaluatedProperties": False}, {"a": 1}, id="unevaluated"),
    pytest.param({"not": {"$ref": "#/%24defs/a"}, "$defs": {"a": TEXT}}, 1, id="escaped reference"),
    pytest.param(
        {"$ref": "#/$defs/a%62", "$defs": {"a%62": TEXT, "ab": {}}}, 1, id="reference read twice"
    ),
    pytest.param(
        {
            "$ref": "#/$defs/a/properties/b",
            "$defs": {
                "a": {"$id": "urn:a", "$defs": {"c": {}}, "properties": {"b": {"$ref": "#/$defs/c"}}},
                "c": TEXT,
            },
        },
        1,
        id="reference through a document inside the document",
    ),
    pytest.param({"$ref": "#a", "$defs": {"a": {"$anchor": "a", **TEXT}}}, 1, id="anchor"),
    pytest.param({"$schema": "http://json-schema.org/draft-07/schema#", **TEXT}, 1, id="version"),
    pytest.param(
        {"$ref": "#/$defs/a", "$defs": {"a": {"$id": "urn:a", "$ref": "#/$defs/b", "$defs": {"b": {}}}}},
        1,
        id="document inside the document",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("schema", "value"), ALIKE)
def test_the_fast_library_is_asked_where_both_read_alike(schema: Json, value: Json) -> None:
    """What both libraries know is asked of the fast one, which says what the other says."""
    validator = Validator(schema)

    assert validator._one is not None
    assert agree(validator, value)
    assert agree(Validator({"not": schema}), value)


@pytest.mark.parametrize(("schema", "value"), UNLIKE)
def test_the_fast_library_is_not_asked_where_they_differ(schema: Json, value: Json) -> None:
    """Where the two might read a schema differently, jsonschema alone is asked."""
    validator = Validator(schema)

    assert validator._one is None
    assert agree(validator, value)


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "text"},
        {"type": 1},
        {"required": "a"},
        {"properties": []},
        {"allOf": {}},
        {"pattern": 1},
        {"pattern": "a{2,1}"},
        {"maxLength": -1},
        {"maxLength": "1"},
        {"minimum": True},
        {"minimum": float("nan")},
        {"uniqueItems": 1, "items": TEXT},
        {"items": [TEXT]},
        {"format": 1},
        {"$ref": 1},
        {"$ref": "#/$defs/none"},
        {"pattern": "(" * 400 + ")" * 400},
        {"pattern": "((((((a{999}){999}){999}){999}){999}){999})"},
    ],
    ids=lambda schema: str(schema)[:30],
)
def test_what_is_no_schema_is_not_for_the_fast_library(schema: Json) -> None:
    """A schema that is wrong is jsonschema's to explain."""
    assert Validator(schema)._one is None


def test_a_schema_that_is_too_deep_is_not_for_the_fast_library() -> None:
    """A schema is copied as deep as Python goes, and no deeper."""
    schema: Json = {}
    for _ in range(5_000):
        schema = {"not": schema}

    assert Validator(schema)._one is None


# --- parts and references -------------------------------------------------------------------------

WHOLE: Json = {
    "$id": "urn:example:whole",
    "$defs": {
        "id": {"$ref": "#/definitions/text~1short"},
        "tree": {"properties": {"inner": {"$ref": "#/$defs/tree"}, "id": {"$ref": "#/$defs/id"}}},
        "hard": {"multipleOf": 0.1},
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
    ],
    ids=lambda value: str(value)[:40],
)
def test_references_of_a_part_lead_into_the_whole(part: Json, good: Json, bad: Json) -> None:
    """A part is held with what it refers to, wherever in the whole that stands."""
    validator = Validator(WHOLE, part=part)

    assert validator._one is not None
    assert agree(validator, good)
    assert agree(validator, bad)
    assert validator.all_fit([good] * 3)
    assert not validator.all_fit([good, bad, good])


def test_only_what_a_part_refers_to_counts() -> None:
    """What the libraries read differently matters where it is used, and nowhere else."""
    assert Validator(WHOLE)._one is not None
    assert Validator(WHOLE, part={"$ref": "#/$defs/hard"})._one is None
    assert Validator(WHOLE, part={"$id": "urn:example:part", "type": "string"})._one is None


def test_the_bundled_contract_is_held_by_the_fast_library() -> None:
    """The whole and its ticket are both read alike."""
    schema = tickets_schema()
    ticket = Validator(schema, part=schema["$defs"]["ticket"])

    assert BUNDLED._one is not None
    assert ticket._list is not None
    assert BUNDLED.fits(GOOD)
    assert ticket.all_fit([TICKET, TICKET])
    assert not ticket.all_fit([TICKET, {**TICKET, "price": -1}])
    assert ticket.all_fit([])


def test_one_text_that_is_no_utf_8_does_not_fail_the_others() -> None:
    """A list with half a character is still judged, entry by entry."""
    validator = Validator({"pattern": "a"})

    assert validator.all_fit(["a", "a\ud800"])
    assert not validator.all_fit(["a", "\ud800"])


@pytest.mark.parametrize("where", ["$ref", "$dynamicRef", "allOf"])
def test_nothing_is_ever_fetched(where: str, tmp_path: Path) -> None:
    """A reference out of the schema is an error; nobody is asked for it, and no file is read."""
    file = tmp_path / "x.json"
    file.write_text("{}", encoding="utf-8")
    with socket.create_server(("127.0.0.1", 0)) as door:
        door.setblocking(False)
        address = f"http://127.0.0.1:{door.getsockname()[1]}/x.json"
        for reference in (address, file.as_uri(), "x.json"):
            inner = {"$ref": reference}
            validator = Validator({"allOf": [inner]} if where == "allOf" else {where: reference})
            with pytest.raises(Unresolvable):
                validator.breach({})
            with pytest.raises(Unresolvable):
                validator.fits({})
            with pytest.raises(Unresolvable):
                validator.all_fit([{}])

        with pytest.raises(BlockingIOError):  # nobody has knocked
            door.accept()


# --- made up --------------------------------------------------------------------------------------

TEXTS = st.text(max_size=5) | st.sampled_from(
    ["EUR", "eur", "EUR\n", "VALID", "VALID\n", "a:b", "a:", "a@b", "a@b\n", "x" * 256, "x" * 257,
     "URL", "", "\ufffd", "\u2028", "\x85", "\ud800", "\r", "0" * 40, "\U0001f600" * 256]
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


@given(answers())
@settings(max_examples=300, deadline=None, derandomize=True)
def test_both_agree_on_answers_near_good_ones(answer: Json) -> None:
    """On the bundled contract the fast library says what the other says."""
    assert agree(BUNDLED, answer)


def python(pattern: str) -> str:
    """*pattern* where it is one, else the pattern of its text."""
    try:
        re.compile(pattern)
    except re.error:
        return re.escape(pattern)
    return pattern


PATTERNS = st.lists(
    st.sampled_from(
        ["a", "b", ".", "^", "$", "|", "(", ")", "*", "+?", "?", "{2}", "\u00e9", "-", " ",
         "[a-b]", "[^a]", "[.$]", "[-a]", r"\.", r"\n", r"\x41", r"\u2028", "(?:", "]", r"\d"]
    ),
    max_size=6,
).map("".join).map(python)  # fmt: skip
SMALL_TEXTS = st.text(st.sampled_from("abA.- $\u00e9\n\r\u2028"), max_size=5)
SCHEMAS = st.recursive(
    st.one_of(
        st.booleans(),
        st.builds(lambda text: {"pattern": text}, PATTERNS),
        st.sampled_from([{"type": "string"}, {"type": "integer"}, {"type": ["null", "number"]}]),
        st.sampled_from([{"const": 1}, {"enum": ["a", None, True, 0.5]}, {"maximum": 2**53}]),
        st.sampled_from(
            [{"minLength": 1}, {"required": ["a"]}, {"maxItems": 1}, {"format": "ipv4"}]
        ),
    ),
    lambda inner: st.one_of(
        st.builds(lambda one: {"not": one}, inner),
        st.builds(lambda one, two: {"oneOf": [one, two]}, inner, inner),
        st.builds(lambda one, two: {"properties": {"a": one}, "items": two}, inner, inner),
        st.builds(lambda one, two: {"if": one, "then": two}, inner, inner),
        st.builds(lambda text, one: {"patternProperties": {text: one}}, PATTERNS, inner),
        st.builds(lambda one: {"contains": one, "additionalProperties": one}, inner),
    ),
    max_leaves=4,
)


@given(SCHEMAS, st.lists(SMALL_TEXTS | VALUES, min_size=1, max_size=4))
@settings(max_examples=300, deadline=None, derandomize=True)
def test_both_agree_on_small_schemas(schema: Json, values: list[Json]) -> None:
    """Of any schema that is given to the fast library, it says what the other says."""
    validator = Validator({"allOf": [schema]})

    for value in [
        *values,
        {"a": values[0]},
        {value: 1 for value in values if isinstance(value, str)},
    ]:
        assert agree(validator, value)
