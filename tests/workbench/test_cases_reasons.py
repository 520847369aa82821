"""Why a failing case came to what it came to."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.workbench.cases_support import TICKET, Folder, item, orders_answer


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """A mapping whose cases a test writes."""
    return Folder(tmp_path)


def _told(folder: Folder, expect: dict[str, Any], *items: Any, **changes: Any) -> list[str]:
    """The lines of a failing case, without the column of a place."""
    folder_name = f"{folder.mapping}:1:"
    message = folder.message(upstream=[orders_answer(*items, **changes)], expect=expect)
    assert message
    lines = message.replace(folder_name, "acme.yaml:").split("\n")
    return [" ".join(w if "acme.yaml" not in w else "LINE" for w in x.split(" ")) for x in lines]


def test_a_field_is_told_with_its_expression_and_its_value(folder: Folder) -> None:
    """Where the expression is a path, its value is what the platform sent."""
    lines = _told(folder, {"tickets": [{**TICKET, "price": 11}]}, item())

    assert lines == ["ticket 1 `price`: expected 11, got 10 (`item.price` at LINE gave 10)"]


def test_a_reckoned_field_is_told_with_what_it_reads(folder: Folder) -> None:
    """Each path of the expression, with what the platform sent there."""
    folder.map({"ticket.fields.price": "minor_units(item.cents, item.cur)"})

    (line,) = _told(folder, {"tickets": [dict(TICKET)]}, item(cents=2500, cur="EUR"))

    assert line.startswith(
        "ticket 1 `price`: expected 10, got 25 (`minor_units(item.cents, item.cur)`"
    )
    assert line.endswith(' at LINE gave 25, from item.cents = 2500, item.cur = "EUR")')


def test_members_of_a_field_are_told_together(folder: Folder) -> None:
    """A list of tags, and an object that is not there, have several expressions."""
    folder.map(
        {
            "ticket.fields.tags": {"a": "item.a", "b": {"const": "x"}},
            "ticket.fields.props": {"seating": {"row": "item.row", "seat": "item.seat"}},
        }
    )
    expected = {**TICKET, "tags": ["a:2"], "props": {"seating": {"row": "2"}}}
    lines = _told(folder, {"tickets": [expected]}, item(a="1", row=None, seat=None))

    assert lines[:2] == [
        'ticket 1 `tags[0]`: expected "a:2", got "a:1" (`item.a` at LINE gave "1")',
        'ticket 1 `tags[1]`: expected nothing, got "b:x" (`item.a` at LINE gave "1")',
    ]
    assert lines[2].endswith(
        ", got nothing (`item.row` at LINE gave null; `item.seat` at LINE gave null)"
    )


def test_fields_of_a_body_are_told_likewise(folder: Folder) -> None:
    """Where the tickets are in it as they are."""
    body = {"userEmail": "b@example.com", "tickets": [{**TICKET, "price": 11}]}

    assert _told(folder, {"body": body}, item()) == [
        'body `userEmail`: expected "b@example.com", got "ana@example.com"',
        "body `tickets[0].price`: expected 11, got 10 (`item.price` at LINE gave 10)",
    ]


def test_a_body_of_its_own_has_no_reasons(folder: Folder) -> None:
    """What it makes of the tickets is its own expression."""
    folder.file("schema.json", "{}")
    folder.map({"response": {"body": "tickets[*].{id: ticketId}", "schema": "schema.json"}})

    assert _told(folder, {"body": [{"id": "2"}]}, item()) == [
        'body `[0].id`: expected "2", got "1"'
    ]


def test_a_missing_ticket_is_told_by_its_record(folder: Folder) -> None:
    """What its verdict is, and which check decided."""
    expected = [dict(TICKET), {**TICKET, "ticketId": "2"}, {**TICKET, "ticketId": "3"}]
    lines = _told(folder, {"tickets": expected}, item(), item(2, state="REFUNDED"))

    assert [line.partition(", got ")[2] for line in lines] == [
        'nothing (not_eligible:REFUNDED (`item.state` at LINE gave "REFUNDED"))',
        "nothing",
    ]


def test_a_verdict_that_was_not_expected_is_told(folder: Folder) -> None:
    """For the first few records that have it."""
    folder.map({"ticket.not_eligible_when": {"used": "item.scans > `0`"}})
    items = [item(number, scans=number) for number in range(5)]
    lines = _told(folder, {"verdicts": {"returned": 2}}, *items)

    assert lines == [
        "verdicts: expected returned=2, got returned=1, not_eligible:used=4",
        *(
            f"ticket {n}: not_eligible:used (`item.scans > `0`` at LINE gave true, from item.scans = {n})"
            for n in (1, 2, 3)
        ),
        "and 1 more: not_eligible:used",
    ]


def test_a_violation_is_told_with_the_problem(folder: Folder) -> None:
    """The record that fails, by its check or by its field."""
    unknown = _told(folder, {"tickets": []}, item(state="NEW"))
    missing = _told(folder, {"tickets": []}, item(price="x"))

    assert unknown[0].startswith("expected an answer, got the problem mapping-mismatch: ")
    assert unknown[1:] == ['ticket 1: unknown_status (`item.state` at LINE gave "NEW")']
    assert missing[1:] == [
        'ticket 1: violation:price LINE text that is no plain decimal number (like "19.99"), in `item.price`)'
    ]


def test_a_record_that_was_judged_early_is_told_too(folder: Folder) -> None:
    """Nothing of its fields is known, and none of its ids."""
    lines = _told(folder, {"verdicts": {}}, item(), get="/orders")
    others = _told(
        folder,
        {"verdicts": {}},
        body={"orders": [{"email": None, "event": "f", "items": []}]},
    )

    assert lines == ["verdicts: expected none, got returned=1"]
    assert others == [
        "verdicts: expected none, got not_owner=1",
        "not_owner (`order.email` at LINE gave null)",
    ]
