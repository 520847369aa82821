"""The agreed contract: what it takes, what it refuses, and that it is a schema."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from iso4217 import Currency
from jsonschema import Draft202012Validator

from ticketbridge.contract import Validator, tickets_schema
from ticketbridge.contract.shape import object_shape, resolve, type_of

TICKET: dict[str, Any] = {
    "ticketId": "007",
    "externalReferenceEventId": "fest",
    "showId": "fest-1",
    "ticketOptionId": "A",
    "price": 180.5,
    "currency": "EUR",
    "status": "VALID",
    "priceTypeId": "early",
    "buyer": "bea@example.com",
    "tags": ["channel:web"],
    "ticketAccess": {"type": "URL", "locator": "https://example.com/qr", "status": "ISSUED"},
    "props": {
        "seating": {"row": "1", "seat": "2", "section": "3", "door": "4", "image": "5"},
        "urls": {"event": "https://example.com"},
        "anything": [1, None],
    },
    "primarySaleBuyerData": {
        "firstName": "Bea",
        "lastName": "Lima",
        "identificationType": "DNI",
        "identificationNumber": "001",
        "phoneNumber": "+34",
    },
    "nominalTicket": {"fullName": "Bea Lima", "identification": "001"},
    "metadata": {"x": {"y": 1}},
}
NEEDED = (
    "ticketId",
    "externalReferenceEventId",
    "showId",
    "ticketOptionId",
    "price",
    "currency",
    "status",
)


def breach_of(**changes: Any) -> str | None:
    """The field and rule that an answer with the changed TICKET breaks."""
    ticket = {**copy.deepcopy(TICKET), **changes}
    ticket = {name: value for name, value in ticket.items() if value is not ...}
    body = {"userEmail": "ana@example.com", "tickets": [ticket]}
    breach = Validator(tickets_schema()).breach(body)
    return None if breach is None else f"{breach.field} {breach.rule}"


def test_the_bundled_schema_is_a_schema() -> None:
    """The contract is JSON Schema 2020-12, with a description of each field."""
    schema = tickets_schema()

    Draft202012Validator.check_schema(schema)
    ticket = schema["$defs"]["ticket"]["properties"]
    assert all(field["description"] for field in ticket.values())


def test_a_ticket_with_every_field_fits() -> None:
    """All fields of the contract together fit."""
    assert breach_of() is None


@pytest.mark.parametrize("name", NEEDED)
def test_a_needed_field_is_needed(name: str) -> None:
    """Each needed field is missed by name."""
    assert breach_of(**{name: ...}) == f"tickets.{name} required"


@pytest.mark.parametrize("name", sorted(TICKET.keys() - set(NEEDED)))
def test_an_optional_field_may_be_left_out(name: str) -> None:
    """Every other field may be absent, and is never null."""
    assert breach_of(**{name: ...}) is None
    assert breach_of(**{name: None}) is not None


@pytest.mark.parametrize(
    ("changes", "breach"),
    [
        pytest.param({"ticketID": "1"}, "tickets.ticketID additionalProperties", id="misspelt"),
        pytest.param({"ticketId": 7}, "tickets.ticketId type", id="number for an id"),
        pytest.param({"ticketId": "a\n"}, "tickets.ticketId not", id="line break at the end"),
        pytest.param({"showId": "a\x00b"}, "tickets.showId not", id="NUL"),
        pytest.param({"showId": "a\x85b"}, "tickets.showId not", id="C1 control"),
        pytest.param({"showId": "a\ufffd"}, "tickets.showId not", id="replacement character"),
        pytest.param({"ticketOptionId": "x" * 257}, "tickets.ticketOptionId maxLength", id="long"),
        pytest.param({"price": -0.01}, "tickets.price minimum", id="negative price"),
        pytest.param({"price": "1"}, "tickets.price type", id="text for a price"),
        pytest.param({"currency": "eur"}, "tickets.currency enum", id="small letters"),
        pytest.param({"currency": "EUR\n"}, "tickets.currency enum", id="currency and line break"),
        pytest.param({"currency": "XXX"}, "tickets.currency enum", id="no currency"),
        pytest.param({"currency": "ABC"}, "tickets.currency enum", id="unknown currency"),
        pytest.param({"status": "valid"}, "tickets.status pattern", id="status in small letters"),
        pytest.param({"status": "VALID\n"}, "tickets.status not", id="status and line break"),
        pytest.param({"buyer": "bea"}, "tickets.buyer pattern", id="no address"),
        pytest.param({"buyer": "a@b\n"}, "tickets.buyer not", id="address and line break"),
        pytest.param({"tags": ["web"]}, "tickets.tags pattern", id="tag without a key"),
        pytest.param({"tags": ["a:"]}, "tickets.tags pattern", id="tag without a value"),
        pytest.param({"tags": ["a:1", "a:1"]}, "tickets.tags uniqueItems", id="tag twice"),
        pytest.param(
            {"ticketAccess": {"type": "QR", "locator": "x"}},
            "tickets.ticketAccess.type enum",
            id="QR",
        ),
        pytest.param(
            {"ticketAccess": {"type": "URL"}}, "tickets.ticketAccess.locator required", id="locator"
        ),
        pytest.param(
            {"props": {"seating": {"rwo": "1"}}},
            "tickets.props.seating.rwo additionalProperties",
            id="misspelt seat",
        ),
        pytest.param({"props": {"urls": {"a": 1}}}, "tickets.props.urls.a type", id="url"),
        pytest.param(
            {"nominalTicket": {"fullName": ""}}, "tickets.nominalTicket.fullName minLength", id='""'
        ),
    ],
)
def test_what_the_contract_refuses(changes: dict[str, Any], breach: str) -> None:
    """Each rule of the contract is held, and named with its field."""
    assert breach_of(**changes) == breach


def test_an_answer_has_its_two_fields_and_no_other() -> None:
    """The body itself is closed."""
    validator = Validator(tickets_schema())

    assert validator.breach({"userEmail": "x", "tickets": []}) is None
    assert validator.breach({"userEmail": "x"}) is not None
    assert validator.breach({"userEmail": "x", "tickets": [], "total": 0}) is not None
    assert validator.breach([]) is not None


def test_the_contract_knows_every_currency_that_has_an_exponent() -> None:
    """The list of currencies in the contract is ISO 4217's, funds and metals without a price aside."""
    listed = tickets_schema()["$defs"]["ticket"]["properties"]["currency"]["enum"]

    assert set(listed) == {c.code for c in Currency if c.exponent is not None}


def test_no_reference_is_ever_fetched() -> None:
    """A reference out of the schema resolves to nothing: validation fails, and nothing is opened."""
    validator = Validator({"$ref": "http://127.0.0.1:9/schema.json"})

    with pytest.raises(Exception, match="Unresolvable"):
        validator.breach({})


def test_a_breach_says_where_and_repeats_no_value() -> None:
    """What is said of a breach is the rule and the way to it."""
    body = {"userEmail": "ana@example.com", "tickets": [{**TICKET, "buyer": "private"}]}

    breach = Validator(tickets_schema()).breach(body)

    assert str(breach) == "breaks `pattern` @ $.tickets[0].buyer"


FAST_AND_SLOW = [
    pytest.param({"type": "integer"}, 10**40, id="integer of any length"),
    pytest.param({"type": "integer"}, 1.0, id="integral fraction"),
    pytest.param({"type": "string", "maxLength": 1}, "\U0001f600", id="one character"),
    pytest.param({"type": "string"}, "\ud800", id="half a character"),
    pytest.param({"pattern": r"^\w+$"}, "\u00e9", id="word of another dialect"),
    pytest.param({"pattern": r"^\W+$"}, "\u00e9", id="no word of another dialect"),
    pytest.param({"pattern": r"^[^\d]*$"}, "\u0663", id="no digit of another dialect"),
    pytest.param({"pattern": r"^a$"}, "a\n", id="end of a line"),
    pytest.param({"pattern": r"(?<!x)a\Z"}, "a", id="pattern of Python alone"),
    pytest.param({"patternProperties": {r"\D": {"type": "string"}}}, {"\u0663": 1}, id="names"),
    pytest.param({"uniqueItems": True}, [1, True], id="unique"),
    pytest.param({"multipleOf": 0.01}, 19.99, id="multiple of a fraction"),
    pytest.param({"minimum": 9007199254740993}, 9007199254740992, id="beyond a float's reach"),
    pytest.param({"const": 9007199254740993}, 9007199254740992, id="constant beyond it"),
    pytest.param({"maximum": 1.5}, 10**400, id="very long integer"),
    pytest.param({"format": "date-time"}, "soon", id="format that is not asserted"),
    pytest.param({"format": "email"}, "a@", id="format"),
    pytest.param({"enum": [1]}, True, id="true is not 1"),
    pytest.param({"$ref": "#/$defs/x", "$defs": {"x": {"type": "string"}}}, 1, id="reference"),
]


@pytest.mark.parametrize(("schema", "value"), FAST_AND_SLOW)
def test_fits_is_what_breach_says(schema: dict[str, Any], value: object) -> None:
    """Whether a value fits never depends on which of the two libraries is asked."""
    validator = Validator(schema)

    assert validator.fits(value) is (validator.breach(value) is None)


good = {"userEmail": "ana@example.com", "tickets": [TICKET]}
leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.integers(-(10**30), 10**30),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=5),
    st.sampled_from(
        ["EUR", "VALID", "a:b", "a@b", "x" * 257, "a\n", "\u2028", "URL", "", "\ufffd"]
    ),
    st.lists(st.text(max_size=3), max_size=2),
    st.dictionaries(st.text(max_size=3), st.text(max_size=3), max_size=2),
)


def paths(value: object, here: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """The ways to all parts of a document."""
    found = [here]
    if isinstance(value, dict):
        found += [path for key, part in value.items() for path in paths(part, (*here, key))]
    elif isinstance(value, list):
        found += [path for key, part in enumerate(value) for path in paths(part, (*here, key))]
    return found


@st.composite
def answers(draw: st.DrawFn) -> Any:
    """A good answer with up to three parts changed, dropped or misnamed."""
    made: Any = copy.deepcopy(good)
    for _ in range(draw(st.integers(0, 3))):
        *parents, last = draw(st.sampled_from(paths(made)[1:] or [("userEmail",)]))
        target = made
        for step in parents:
            target = target[step]
        if isinstance(target, dict) and draw(st.booleans()):
            target.pop(last, None)
            if draw(st.booleans()):
                target[draw(st.text(max_size=5))] = draw(leaves)
        else:
            target[last] = draw(leaves)
    return made


@given(answers())
@settings(max_examples=300, deadline=None, derandomize=True)
def test_both_libraries_agree_on_good_and_bad_answers(answer: Any) -> None:
    """On answers near good ones the fast library says what the other says."""
    validator = Validator(tickets_schema())
    assert validator._fast is not None

    try:
        fast = validator._fast.is_valid(answer)
    except ValueError:
        fast = False

    assert fast is (validator.breach(answer) is None)


def test_a_part_is_held_with_the_definitions_of_the_whole() -> None:
    """References of a part lead into the whole schema, fast or not."""
    schema = tickets_schema()
    whole = {
        "$defs": {"id": {"type": "string"}},
        "properties": {"a": {"type": "string"}},
    }
    inside = Validator(whole, part={"properties": {"x": {"$ref": "#/$defs/id"}}})
    elsewhere = Validator(whole, part={"properties": {"x": {"$ref": "#/properties/a"}}})
    ticket = Validator(schema, part=schema["$defs"]["ticket"])

    assert inside._fast is not None
    assert elsewhere._fast is None
    for validator in (inside, elsewhere):
        assert validator.all_fit([{"x": "1"}, {}])
        assert not validator.all_fit([{"x": "1"}, {"x": 1}])
    assert ticket.fits(TICKET)
    assert not ticket.fits({**TICKET, "price": -1})


def test_neither_library_opens_a_file_or_a_connection() -> None:
    """A reference to a file or an address is not followed, whatever it holds."""
    for reference in ("file:///etc/hostname", "http://127.0.0.1:9/x", "other.json"):
        validator = Validator({"$ref": reference})

        assert validator._fast is None
        with pytest.raises(Exception, match="Unresolvable"):
            validator.fits({})


# --- shapes ---------------------------------------------------------------------------------------------


def test_references_inside_the_schema_are_followed() -> None:
    """`#/...` is followed through chains and escapes; circles and other documents give nothing."""
    root: dict[str, Any] = {
        "$defs": {
            "a/b": {"type": "string"},
            "chain": {"$ref": "#/$defs/a~1b"},
            "circle": {"$ref": "#/$defs/circle"},
            "gone": {"$ref": "#/$defs/none/deeper"},
            "remote": {"$ref": "https://example.com/x"},
        }
    }
    names = ("chain", "circle", "gone", "remote")
    found = {name: dict(resolve({"$ref": f"#/$defs/{name}"}, root)) for name in names}

    assert found == {"chain": {"type": "string"}, "circle": {}, "gone": {}, "remote": {}}
    assert resolve({"$ref": "#"}, {"type": "object"}) == {"type": "object"}
    assert resolve(True, root) == {}


def test_an_object_is_read_with_its_parts() -> None:
    """`allOf` adds properties and needs; closed is closed either way."""
    part = {"properties": {"b": {"type": "string"}}, "required": ["b"]}
    whole = {"properties": {"a": {}}, "required": ["a"], "allOf": [part]}

    shape = object_shape({**whole, "unevaluatedProperties": False}, {})

    assert shape.properties.keys() == {"a", "b"}
    assert shape.required == frozenset({"a", "b"})
    assert shape.closed
    assert not object_shape(whole, {}).closed


@pytest.mark.parametrize(
    ("schema", "kind"),
    [
        ({"type": "string"}, "string"),
        ({"type": ["null", "number"]}, "number"),
        ({"type": ["string", "number"]}, None),
        ({}, None),
    ],
    ids=repr,
)
def test_the_type_is_the_one_beside_null(schema: dict[str, Any], kind: str | None) -> None:
    """A schema that leaves the type open has none."""
    assert type_of(schema) == kind
