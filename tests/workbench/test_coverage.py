"""What a mapping declares, and whether its cases come by."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.workbench.cases_support import Folder, case, item, orders_answer
from ticketbridge.workbench.cases.coverage import measure_coverage
from ticketbridge.workbench.cases.reader import read_cases
from ticketbridge.workbench.cases.runner import load_for_cases


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """A mapping whose cases a test writes."""
    return Folder(tmp_path)


def _lacking(folder: Folder, *cases: Any) -> list[str]:
    """What no case comes by."""
    folder.write(*cases)
    points = measure_coverage(load_for_cases(folder.mapping), read_cases(folder.cases).cases)
    return [point.lacking for point in points if not point.met]


def _with(*items: Any, **changes: Any) -> dict[str, Any]:
    return case(case=str((items, changes)), upstream=[orders_answer(*items)], **changes)


def test_without_a_case_all_is_lacking(folder: Folder) -> None:
    """Records, whose they are, each status word, each field, and an answer without tickets."""
    assert _lacking(folder) == [
        "no answer is without tickets",
        "no `order` is there",
        "no `item` is there",
        "no record is somebody else's",
        "no record has status `PAID`",
        "no record has status `CANCELLED`",
        "no record has status `REFUNDED`",
        "no ticket has `ticketId`",
        "no ticket has `externalReferenceEventId`",
        "no ticket has `showId`",
        "no ticket has `ticketOptionId`",
        "no ticket has `price`",
    ]


def test_cases_that_fail_count_too(folder: Folder) -> None:
    """What a case comes by has nothing to do with what it expects."""
    failing = _with(item(), expect={"problem": "upstream-error"})

    assert "no record has status `PAID`" not in _lacking(folder, failing)


def test_somebody_else_s_record(folder: Folder) -> None:
    """Null is nobody's, and the letter case makes no other owner."""

    def lacks(owner: str | None) -> bool:
        answer = {
            "get": "/orders",
            "body": {"orders": [{"email": owner, "event": "f", "items": []}]},
        }
        return "no record is somebody else's" in _lacking(folder, case(upstream=[answer]))

    assert (lacks("ANA@example.com"), lacks("b@example.com"), lacks(None)) == (True, False, False)


def test_a_field_needs_a_value(folder: Folder) -> None:
    """Null, and an empty text, are none; tags and members of objects are fields."""
    folder.map(
        {
            "ticket.fields.priceTypeId": "optional(item.type)",
            "ticket.fields.tags": {"source": "optional(item.channel)"},
            "ticket.fields.props": {"seating": {"row": "optional(item.row)"}},
        }
    )
    names = {"priceTypeId", "tags.source", "props.seating.row"}
    lacking = {f"no ticket has `{name}`" for name in names}

    assert lacking <= set(_lacking(folder, _with(item(type="", row=None))))
    assert not lacking & set(_lacking(folder, _with(item(type=1, row="A", channel="web"))))


def test_each_value_of_a_table_and_its_else(folder: Folder) -> None:
    """A value that is in no case is named by the table's key."""
    table = {"from": "item.kind", "values": {"1": "A", "true": "B"}, "else": "C"}
    folder.map({"ticket.fields.ticketOptionId": table})

    def lacking(*kinds: Any) -> list[str]:
        found = _lacking(folder, *(_with(item(kind=kind)) for kind in kinds))
        return [words for words in found if "ticketOptionId" in words]

    first, second, third = (
        "no record has `ticketOptionId` from `1`",
        "no record has `ticketOptionId` from `true`",
        "no `ticketOptionId` comes from `else`",
    )
    assert lacking(1) == [second, third]
    assert lacking(True, None) == [first]
    assert lacking("1", True, "x") == []


def test_each_reason(folder: Folder) -> None:
    """A condition that is never true leaves nobody out."""
    folder.map({"ticket.not_eligible_when": {"resold": "item.resold"}})

    assert "no ticket is `resold`" in _lacking(folder, _with(item(resold=False)))
    assert "no ticket is `resold`" not in _lacking(folder, _with(item(resold=True)))


def test_both_ways_of_if(folder: Folder) -> None:
    """A call that is always made, and one that never is."""
    call = {"name": "item", "get": "/items", "if": "order.full", "each": "body"}
    folder.map({"source.1": call})

    def lacking(*full: bool) -> list[str]:
        orders = [{"email": "ana@example.com", "event": "fest", "full": each} for each in full]
        upstream = [{"get": "/orders", "body": {"orders": orders}}, {"get": "/items", "body": []}]
        return [x for x in _lacking(folder, case(upstream=upstream)) if "if" in x]

    assert lacking(True) == ["`if` is never false"]
    assert lacking(False) == ["`if` is never true"]
    assert lacking(False, True) == []


def test_each_rule(folder: Folder) -> None:
    """Also one without a condition; rules are told apart by their places."""
    rules = [
        {"status": 404, "then": "empty"},
        {"when": "body.none", "then": "unknown_user"},
        {"status": "4xx", "when": "body.none", "then": "fail"},
    ]
    folder.map({"source.0.responses": rules})

    def lacking(**answer: Any) -> list[str]:
        upstream = [{"get": "/orders", **answer}]
        return [x for x in _lacking(folder, case(upstream=upstream)) if "rule" in x]

    empty, unknown, fail = (
        "no answer meets this rule (empty)",
        "no answer meets this rule (unknown_user)",
        "no answer meets this rule (fail)",
    )
    assert lacking(status=404, text="") == [unknown, fail]
    assert lacking(body={"none": True}) == [empty, fail]
    assert lacking(status=400, body={"none": True}) == [empty, unknown]
    assert lacking(status=400, text="none") == [empty, unknown, fail]


PAGES: list[Any] = [
    pytest.param({"next_url": "optional(body.next)"}, {}, "/orders?page=2", id="next_url"),
    pytest.param({"link_header": True}, {}, "/orders?page=2", id="link_header"),
    pytest.param(
        {"cursor": "optional(body.cursor)"}, {"c": "{page.cursor}"}, "/orders?c=x", id="cursor"
    ),
    pytest.param(
        {"number": {"start": 1}, "last": "body.last"},
        {"p": "{page.number}"},
        "/orders?p=2",
        id="number",
    ),
    pytest.param(
        {"offset": {"step": 5}, "last": "body.last"},
        {"o": "{page.offset}"},
        "/orders?o=5",
        id="offset",
    ),
]


@pytest.mark.parametrize(("pages", "query", "second"), PAGES)
def test_a_second_page(
    folder: Folder, pages: dict[str, Any], query: dict[str, Any], second: str
) -> None:
    """Whatever leads from page to page; two users who have one page each are no second one."""
    folder.map({"source.0.pages": pages, "source.0.query": query})
    words = "`order` never has a second page"
    body = {**orders_answer(item())["body"], "last": True}
    alone = {"get": "/orders", "body": body}
    more = {
        "get": "/orders",
        "body": {**body, "last": False, "next": "{BASE}/orders?page=2", "cursor": "x"},
        "headers": {"Link": '<{BASE}/orders?page=2>; rel="next"'},
    }
    last = {"get": second, "body": {"orders": [], "last": True}}

    assert words in _lacking(
        folder, case(upstream=[alone]), case(case="two", user="b@example.com", upstream=[alone])
    )
    assert words not in _lacking(folder, case(upstream=[more, last]))


def test_pages_of_one_answer_are_not_those_of_another_binding(folder: Folder) -> None:
    """A call below an `each` is made once for each binding, which are no pages."""
    items = {
        "name": "item",
        "get": "/items/{order.id}",
        "pages": {"next_url": "optional(body.next)"},
        "each": "body.items",
    }
    folder.map({"source.1": items})
    orders = [{"email": "ana@example.com", "event": "fest", "id": number} for number in (1, 2)]
    upstream = [
        {"get": "/orders", "body": {"orders": orders}},
        {"get": "/items/1", "body": {"items": [item(1)]}},
        {"get": "/items/2", "body": {"items": [item(2)]}},
    ]

    assert "`item` never has a second page" in _lacking(folder, case(upstream=upstream))


def test_a_call_that_takes_its_whole_body(folder: Folder) -> None:
    """Neither pages nor elements are looked for where none can be."""
    folder.map(
        {
            "source.0": {"name": "shop", "get": "/shop"},
            "source.1.each": "shop.items",
            "ticket.owner": "item.email",
            "ticket.fields.externalReferenceEventId": "item.id",
            "ticket.fields.showId": "item.id",
        }
    )

    assert not any("shop" in words for words in _lacking(folder))


def test_an_answer_without_tickets(folder: Folder) -> None:
    """Because there is no record, or none that is returned."""
    words = "no answer is without tickets"

    assert words in _lacking(folder, _with(item()))
    assert words not in _lacking(folder, _with(item(state="REFUNDED")))
    assert words not in _lacking(
        folder, case(upstream=[{"get": "/orders", "body": {"orders": []}}])
    )


def test_points_have_their_places(folder: Folder) -> None:
    """The line and column of what is not covered, in the order of the file."""
    folder.write()
    points = measure_coverage(load_for_cases(folder.mapping), ())
    text = folder.mapping.read_text().splitlines()

    assert sorted(points) == points
    assert {point.place.file for point in points} == {str(folder.mapping)}
    assert [
        text[point.place.line - 1][point.place.column - 1 :].partition(",")[0]
        for point in points
        if "status" in point.lacking
    ] == ['"VALID"', '"CANCELED"', '"REFUNDED"}}']


def test_a_platform_that_names_no_owner_has_no_others(folder: Folder) -> None:
    """With `owner: upstream` there is nobody to tell apart."""
    folder.map({"ticket.owner": "upstream"})

    assert "no record is somebody else's" not in _lacking(folder)
