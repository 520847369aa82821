"""A mark reaches menta tech, or the mapping does not load."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.stand_in import compiled_on
from tests.support import NOW, USER, Replies, item, order, orders, spec_of
from ticketbridge.contract.properties import may_have
from ticketbridge.engine.answer_trace import AnswerTrace
from ticketbridge.engine.bridge import Bridge
from ticketbridge.mapping import MappingError

pytestmark = pytest.mark.anyio

TEXT = {"type": "string"}
CLOSED = {"properties": {"ticketId": TEXT}, "additionalProperties": False}
WITH_STATUS = {"properties": {"ticketId": TEXT, "status": TEXT}, "additionalProperties": False}
OPEN = {"properties": {"ticketId": TEXT}}


def bridge_of(folder: Path, schema: Any, body: str, **changes: Any) -> Bridge:
    """The tests' mapping with another body and its schema; what is not eligible is marked."""
    (folder / "own.json").write_text(json.dumps(schema), "utf-8")
    made = {
        "ticket.fields": {"ticketId": "item.id"},
        "ticket.ineligible": "mark",
        "response": {"body": body, "schema": "own.json"},
        **changes,
    }
    platform = orders(order(item(1), item(2, state="REFUNDED"), item(3, state="CANCELLED")))
    spec = spec_of(made, folder=folder)
    return compiled_on(Replies({"/orders": platform}), spec)


def list_of(ticket: Any) -> dict[str, Any]:
    """The schema of a list of *ticket*, which has a ticketId."""
    properties = {"ticketId": TEXT, **ticket.get("properties", {})}
    items = {"type": "object", **ticket, "properties": properties}
    return {"type": "array", "items": items, "$defs": DEFINITIONS}


def codes(folder: Path, schema: Any, body: str, **changes: Any) -> list[str]:
    """The codes of the errors in it."""
    try:
        bridge_of(folder, schema, body, **changes)
    except MappingError as error:
        return [f.code for f in error.findings if f.severity == "error"]
    return []


# --- the schema -----------------------------------------------------------------------------------

PLACES = [
    pytest.param(OPEN, True, id="open"),
    pytest.param(WITH_STATUS, True, id="named"),
    pytest.param(CLOSED, False, id="closed"),
    pytest.param({**OPEN, "additionalProperties": TEXT}, True, id="others are texts"),
    pytest.param({**OPEN, "additionalProperties": {"type": "number"}}, False, id="numbers"),
    pytest.param({**OPEN, "additionalProperties": {"enum": ["VALID"]}}, False, id="VALID alone"),
    pytest.param({"properties": {"status": False}}, False, id="forbidden"),
    pytest.param({"properties": {"status": {"const": "VALID"}}}, False, id="constant"),
    pytest.param({"properties": {"status": {"enum": ["VALID", "REFUNDED"]}}}, False, id="one of two"),
    pytest.param(
        {"properties": {"status": {"enum": ["VALID", "REFUNDED", "CANCELED"]}}}, True, id="both"
    ),
    pytest.param({"properties": {"status": {"maxLength": 5}}}, False, id="too short"),
    pytest.param({"patternProperties": {"^stat": TEXT}, "additionalProperties": False}, True, id="pattern"),
    pytest.param({"patternProperties": {"^sta": {"const": "VALID"}}}, False, id="pattern of VALID"),
    pytest.param({"patternProperties": {"^x": TEXT}, "additionalProperties": False}, False, id="other"),
    pytest.param({**OPEN, "propertyNames": {"enum": ["ticketId"]}}, False, id="names"),
    pytest.param({**OPEN, "propertyNames": {"maxLength": 10}}, True, id="short names"),
    pytest.param({"$ref": "#/$defs/closed"}, False, id="reference to closed"),
    pytest.param({"$ref": "#/$defs/chain"}, False, id="chain of references"),
    pytest.param({"$ref": "#/$defs/status"}, True, id="reference to named"),
    pytest.param({"$ref": "#/$defs/listed/anyOf/0"}, True, id="reference through a list"),
    pytest.param({"$ref": "#/$defs/a%20b"}, False, id="escaped reference"),
    pytest.param({"$ref": "#closed"}, False, id="reference to an anchor"),
    pytest.param({"$dynamicRef": "#closed"}, False, id="dynamic reference"),
    pytest.param({"$ref": "#/$defs/open", "additionalProperties": False}, False, id="beside $ref"),
    pytest.param({"allOf": [OPEN, {"$ref": "#/$defs/closed"}]}, False, id="allOf with closed"),
    pytest.param({"allOf": [OPEN, WITH_STATUS]}, True, id="allOf with named"),
    pytest.param({"anyOf": [CLOSED, {"$ref": "#/$defs/closed"}]}, False, id="anyOf closed"),
    pytest.param({"anyOf": [CLOSED, WITH_STATUS]}, True, id="anyOf with named"),
    pytest.param({"oneOf": [CLOSED, CLOSED]}, False, id="oneOf closed"),
    pytest.param({**OPEN, "unevaluatedProperties": False}, False, id="unevaluated"),
    pytest.param({"allOf": [WITH_STATUS], "unevaluatedProperties": False}, True, id="evaluated"),
    pytest.param(
        {"$ref": "#/$defs/named", "unevaluatedProperties": False}, True, id="evaluated by reference"
    ),
    pytest.param({"if": {"required": ["x"]}, "then": CLOSED}, False, id="then closed"),
    pytest.param({"if": {"required": ["x"]}, "else": CLOSED}, False, id="else closed"),
    pytest.param({"dependentSchemas": {"ticketId": CLOSED}}, False, id="dependent"),
    pytest.param({"not": {"required": ["status"]}}, False, id="not with it"),
    pytest.param({"not": {"required": ["x"]}}, True, id="not with another"),
]  # fmt: skip
DEFINITIONS = {
    "closed": {"$anchor": "closed", **CLOSED},
    "chain": {"$ref": "#/$defs/closed"},
    "status": WITH_STATUS,
    "named": {"properties": {"ticketId": TEXT, "status": TEXT}},
    "open": OPEN,
    "listed": {"anyOf": [WITH_STATUS, CLOSED]},
    "a b": CLOSED,
}


@pytest.mark.parametrize(("ticket", "has_place"), PLACES)
@pytest.mark.parametrize("wrapped", [False, True])
async def test_each_mark_has_a_place_in_the_schema(
    ticket: Any, tmp_path: Path, *, has_place: bool, wrapped: bool
) -> None:
    """With `mark`, a schema whose tickets cannot carry each mark as their status is an error at load."""
    schema = list_of(ticket)
    body = "tickets"
    if wrapped:
        schema = {"properties": {"data": schema}, "$defs": DEFINITIONS}
        body = "{data: tickets}"

    if not has_place:
        assert codes(tmp_path, schema, body) == ["TB424"]
        return
    bridge = bridge_of(tmp_path, schema, body)
    for explains in (False, True):
        answer = await bridge.answer(USER, AnswerTrace(explains=explains), now=NOW)
        made = json.loads(answer.body)
        sent = made["data"] if wrapped else made
        assert [t["status"] for t in sent] == ["VALID", "REFUNDED", "CANCELED"]


@pytest.mark.parametrize(("ticket", "has_place"), PLACES)
def test_what_is_left_out_needs_no_place(ticket: Any, tmp_path: Path, *, has_place: bool) -> None:
    """With `omit` no schema lacks a place: nothing but valid tickets goes out."""
    del has_place
    schema = list_of(ticket)

    assert codes(tmp_path, schema, "tickets", **{"ticket.ineligible": "omit"}) == []


async def test_a_closed_part_of_a_schema_keeps_the_status_out_of_valid_tickets(
    tmp_path: Path,
) -> None:
    """With `omit`, tickets whose schema has no place for a status go out without one."""
    for ticket in (CLOSED, {"allOf": [CLOSED]}, {"anyOf": [CLOSED]}, {"$ref": "#/$defs/chain"}):
        bridge = bridge_of(tmp_path, list_of(ticket), "tickets", **{"ticket.ineligible": "omit"})
        for explains in (False, True):
            answer = await bridge.answer(USER, AnswerTrace(explains=explains), now=NOW)
            assert json.loads(answer.body) == [{"ticketId": "1"}]


def test_a_mapping_that_marks_nothing_needs_no_place(tmp_path: Path) -> None:
    """Where every record is valid and no condition is asked, there is no mark to lose."""
    schema = {"type": "array", "items": CLOSED}
    valid = {"ticket.status": {"const": "VALID"}}

    assert codes(tmp_path, schema, "tickets", **valid) == []
    sold = {**valid, "ticket.not_eligible_when": {"sold": "item.sold"}}
    assert codes(tmp_path, schema, "tickets", **sold) == ["TB424"]
    assert codes(tmp_path, {"type": "array"}, "tickets[*].{code: ticketId}", **valid) == []


def test_a_body_that_is_no_expression_is_one_error(tmp_path: Path) -> None:
    """What it would take of the tickets is not known, and not reported."""
    assert codes(tmp_path, list_of(OPEN), "tickets[*].{code: nosuch}") == ["TB423", "TB309"]
    assert codes(tmp_path, list_of(OPEN), "tickets[*].{code: nosuch}]") == ["TB201"]


def test_the_reason_in_capitals_is_a_mark(tmp_path: Path) -> None:
    """Not only the words of status tables need a place: a reason's mark does too, and is named."""
    ticket = {
        "properties": {"ticketId": TEXT, "status": {"enum": ["VALID", "REFUNDED", "CANCELED"]}}
    }
    schema = {"type": "array", "items": ticket}

    with pytest.raises(MappingError, match="with `SOLD` as their `status`"):
        bridge_of(
            tmp_path, schema, "tickets", **{"ticket.not_eligible_when": {"sold": "item.sold"}}
        )


def test_a_schema_that_refers_to_itself_comes_to_an_end() -> None:
    """A circle of references says nothing, and ends."""
    root = {"$defs": {"a": {"anyOf": [{"$ref": "#/$defs/a"}, CLOSED]}}}

    assert may_have({"$ref": "#/$defs/a", "unevaluatedProperties": False}, root, "ticketId")
    assert not may_have({"$ref": "#/$defs/none"}, root, "ticketId")
    assert not may_have({"$ref": "#closed"}, {"$defs": DEFINITIONS}, "status")
    assert may_have({"$ref": "#closed"}, {"$defs": DEFINITIONS}, "ticketId")
    assert not may_have(False, root, "ticketId")
    assert may_have(True, root, "ticketId")


# --- the body -------------------------------------------------------------------------------------

ANY = {"items": OPEN, "properties": {"data": {"items": OPEN}, "all": {"items": OPEN}}}
"""A schema that takes any body, and knows the tickets where a body may have them whole."""


@pytest.mark.parametrize(
    "body",
    [
        "tickets[*].{code: ticketId}",
        "tickets[].{id: ticketId}",
        "tickets[*].ticketId",
        "tickets[*].[ticketId]",
        "{data: tickets[*].{code: ticketId}}",
        "{data: tickets, codes: tickets[*].ticketId}",
        "{data: tickets[*].{code: ticketId, state: status}, more: tickets[*].{code: ticketId}}",
        "tickets[*].{code: ticketId, status: 'VALID'}",
        'tickets[*].{code: ticketId, state: `"VALID"`}',
        "tickets[?status != 'REFUNDED'].{code: ticketId}",
        "tickets[?status == 'REFUNDED'].{code: ticketId}",
        "tickets[?ticketId == 'VALID'].{code: ticketId}",
        "tickets[?status == 'VALID' || ticketId == '1'].{code: ticketId}",
        "tickets[:10].{code: ticketId}",
        "tickets[0].ticketId",
        "tickets | [*].{code: ticketId}",
        "tickets[*].{code: ticketId, state: status} | [*].{code: code}",
        "tickets[*].{a: {code: ticketId, state: status}}[*].a.code",
        "map(&ticketId, tickets)",
        "map(&{code: ticketId}, tickets)",
        "sort_by(tickets, &status)[*].{code: ticketId}",
        "reverse(tickets)[*].{code: ticketId}",
        "join(',', tickets[*].ticketId)",
        "max_by(tickets, &ticketId).ticketId",
        "lookup(tickets, 'ticketId', '1').ticketId",
        "merge(tickets[0], {status: 'VALID'})",
        "tickets[*].merge(@, {status: 'VALID'})",
        "tickets[*].values(@)[0]",
        "tickets[*].*",
        "tickets[*].{code: ticketId, state: status || ticketId} | [*].code",
        "tickets[*].ticketId || `[]`",
        "tickets && tickets[*].ticketId",
        "keys(tickets[0])",
        "{owned: length(tickets)}",
        "length(tickets[*].ticketId)",
        "{any: tickets[0].ticketId == '1'}",
        "default(tickets[*].ticketId, `[]`)",
    ],
)
def test_a_body_that_leaves_the_mark_out_is_an_error(body: str, tmp_path: Path) -> None:
    """With `mark`, what a body takes of a ticket without its status is an error at load."""
    assert codes(tmp_path, ANY, body) == ["TB423"]
    assert codes(tmp_path, ANY, body, **{"ticket.ineligible": "omit"}) == []


@pytest.mark.parametrize(
    "body",
    [
        "tickets",
        "{data: tickets, user: user, owned: length(tickets)}",
        "tickets[*].{code: ticketId, state: status}",
        "tickets[].{code: ticketId, state: status}",
        "tickets[*].{code: ticketId, info: {state: lower(status)}}",
        "tickets[*].{code: ticketId, valid: status == 'VALID'}",
        "tickets[*].{code: ticketId, usable: !(status != 'VALID')}",
        "tickets[*].[ticketId, status]",
        "tickets[*].join(':', [ticketId, status])",
        "tickets[*].{code: ticketId, whole: @}",
        "tickets[?status == 'VALID'].{code: ticketId}",
        "tickets[?'VALID' == status && ticketId != '2'].ticketId",
        "tickets[?status == 'VALID'] | [*].ticketId",
        "{valid: tickets[?status == 'VALID'].ticketId, all: tickets}",
        "sort_by(tickets, &ticketId)",
        "reverse(tickets)[*].{code: ticketId, state: status}",
        "map(&{code: ticketId, state: status}, tickets)",
        "tickets[*].merge(@, {code: ticketId})",
        "tickets[*].{code: ticketId, state: status} | reverse(@)",
        "tickets[0]",
        "max_by(tickets, &ticketId)",
        "{user: user, at: now()}",
    ],
)
def test_a_body_that_gives_the_mark_loads(body: str, tmp_path: Path) -> None:
    """Whole tickets, a member that is fed by the status, and valid tickets alone are fine."""
    assert codes(tmp_path, ANY, body) == []


async def test_a_renamed_mark_goes_out(tmp_path: Path) -> None:
    """A status under another name is a mark like any other."""
    bridge = bridge_of(tmp_path, {}, "tickets[*].{code: ticketId, state: status}")

    answer = await bridge.answer(USER, now=NOW)

    assert [t["state"] for t in json.loads(answer.body)] == ["VALID", "REFUNDED", "CANCELED"]


def test_the_finding_is_where_the_mark_is_lost(tmp_path: Path) -> None:
    """Of several members the one that leaves the status out is marked."""
    body = "{data: tickets, codes: tickets[*].ticketId}"
    with pytest.raises(MappingError) as caught:
        bridge_of(tmp_path, ANY, body)

    (finding,) = [f for f in caught.value.findings if f.code == "TB423"]
    start = next(place for place in (finding.place.column,) if place)
    assert start == len('  "body": "') + body.index("tickets[*]") + 1
