"""The agreed contract: what it takes, what it refuses, and that it is a schema."""

from __future__ import annotations

import copy
from typing import Any

import pytest
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
        pytest.param({"ticketID": "1"}, "tickets.* additionalProperties", id="misspelt"),
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
            "tickets.props.seating.* additionalProperties",
            id="misspelt seat",
        ),
        pytest.param({"props": {"urls": {"a": 1}}}, "tickets.props.urls.* type", id="url"),
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


def test_a_breach_says_where_and_repeats_no_value() -> None:
    """What is said of a breach is the rule and the way to it."""
    body = {"userEmail": "ana@example.com", "tickets": [{**TICKET, "buyer": "private"}]}

    breach = Validator(tickets_schema()).breach(body)

    assert str(breach) == "breaks `pattern` @ $.tickets[0].buyer"


# --- shapes ---------------------------------------------------------------------------------------------


def test_references_inside_the_schema_are_followed() -> None:
    """Through chains, escapes, lists and anchors; circles and other documents give nothing."""
    root: dict[str, Any] = {
        "$defs": {
            "a/b": {"type": "string"},
            "chain": {"$ref": "#/$defs/a~1b"},
            "circle": {"$ref": "#/$defs/circle"},
            "gone": {"$ref": "#/$defs/none/deeper"},
            "remote": {"$ref": "https://example.com/x"},
            "listed": {"$ref": "#/$defs/both/anyOf/1"},
            "both": {"anyOf": [{}, {"$ref": "#text"}]},
            "text": {"$anchor": "text", "type": "string"},
        }
    }
    names = ("chain", "circle", "gone", "remote")
    found = {name: dict(resolve({"$ref": f"#/$defs/{name}"}, root)) for name in names}

    assert found == {"chain": {"type": "string"}, "circle": {}, "gone": {}, "remote": {}}
    assert type_of(resolve({"$ref": "#/$defs/listed"}, root)) == "string"
    assert resolve({"$ref": "#"}, {"type": "object"}) == {"type": "object"}
    assert resolve(True, root) == {}


def test_what_stands_beside_a_reference_holds_too() -> None:
    """A reference closes nothing off: names, needs and bounds beside it are read with what it leads to."""
    needs = {"required": ["x"], "allOf": [{"required": ["v"]}]}
    root = {
        "$defs": {
            "a": {"type": "object", "properties": {"x": {}}, **needs},
            "b": {"$ref": "#/$defs/a", "properties": {"y": {}}, "required": ["y"]},
        }
    }  # fmt: skip
    beside = {"$ref": "#/$defs/b", "additionalProperties": False, "allOf": [{"required": ["w"]}]}

    shape = object_shape(beside, root)

    assert shape.properties.keys() == {"x", "y"}
    assert shape.required == frozenset("xyvw")
    assert shape.closed
    assert type_of(resolve(beside, root)) == "object"
    assert resolve({"$ref": "https://example.com/x", "type": "string"}, root) == {"type": "string"}


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
