"""Which slips the cases of a mapping notice, and the list of those that none can."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.workbench.cases_support import Folder, case, item, orders_answer
from ticketbridge.workbench.cases.reader import read_cases
from ticketbridge.workbench.cases.runner import load_for_cases
from ticketbridge.workbench.mutants.survivors import MutantRun, run_mutants


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """A mapping whose cases a test writes."""
    return Folder(tmp_path)


def _tried(folder: Folder, *entries: Any) -> MutantRun:
    """What *entries* of the cases file notice; their cases pass."""
    folder.write(*entries)
    return run_mutants(load_for_cases(folder.mapping), read_cases(folder.cases))


def _left(folder: Folder, *entries: Any) -> set[str]:
    return {survivor.name for survivor in _tried(folder, *entries).unlisted}


def _tickets(*tickets: Any) -> dict[str, Any]:
    return {"tickets": list(tickets)}


REFUNDED = case(
    case="refunded",
    upstream=[orders_answer(item(2, state="REFUNDED"), item(3, state="CANCELLED"))],
    expect=_tickets(),
)
SOMEBODY_ELSE = case(
    case="somebody else's",
    user="bruno@example.com",
    upstream=[{**orders_answer(item()), "get": "/orders?email=bruno@example.com"}],
    expect=_tickets(),
)


def test_good_cases_notice_every_slip(folder: Folder) -> None:
    """A ticket, each status word, and a record that is somebody else's: nothing survives."""
    run = _tried(folder, case(), REFUNDED, SOMEBODY_ELSE)

    assert run.unlisted == ()
    assert (run.noticed, run.listed, run.stale) == (run.total, 0, ())
    assert run.total > 20


def test_what_no_case_looks_at_survives(folder: Folder) -> None:
    """A status word that no record has, an owner that always owns, a parameter that is not asked for."""
    upstream = [orders_answer(item(), get="/orders")]

    assert _left(folder, case(upstream=upstream)) == {
        "source.order.query.email: left out",
        "ticket.owner: upstream",
        "ticket.status.values.CANCELLED: VALID",
        "ticket.status.values.REFUNDED: VALID",
    }


def test_a_case_that_expects_little_notices_little(folder: Folder) -> None:
    """Counts alone say nothing of fields."""
    folder.map({"ticket.fields.priceTypeId": "item.price"})
    weak = case(expect={"verdicts": {"returned": 1}})

    assert "ticket.fields.priceTypeId: left out" in _left(folder, weak, REFUNDED, SOMEBODY_ELSE)


def test_a_survivor_has_its_place_and_its_change(folder: Folder) -> None:
    """Where it is in the mapping, and what was changed."""
    (survivor,) = _tried(folder, case(), REFUNDED).unlisted

    assert (survivor.place.file, survivor.place.line) == (str(folder.mapping), 1)
    assert (survivor.name, survivor.change) == (
        "ticket.owner: upstream",
        "the owner is not compared",
    )


def test_a_key_beside_the_right_one_may_be_taken_for_it(folder: Folder) -> None:
    """Where both have values of one type, and the cases tell no difference."""
    same = [orders_answer(item(price_before=10, priced=True))]
    other = [orders_answer(item(price_before=11, priced=True))]
    rest = (REFUNDED, SOMEBODY_ELSE)

    assert _left(folder, case(upstream=same), *rest) == {"ticket.fields.price: item.price_before"}
    assert _left(folder, case(upstream=other), *rest) == set()


def test_keys_of_what_is_not_there_are_taken_for_no_other(folder: Folder) -> None:
    """An object that no case has, and one that only some records have."""
    folder.map({"ticket.fields.priceTypeId": "optional(item.type.id)"})
    upstream = [orders_answer(item(), item(2, type={"id": 1, "no": 1}))]
    name = "ticket.fields.priceTypeId: optional(item.type.no)"

    assert name not in _left(folder, case())
    assert name in _left(folder, case(upstream=upstream, expect={"verdicts": {"returned": 2}}))


def test_a_listed_survivor_needs_no_case(folder: Folder) -> None:
    """The cases file may list it, with the reason why no case can notice it."""
    listed = {"survivors": {"ticket.owner: upstream": "the platform knows no other owner"}}
    run = _tried(folder, case(), REFUNDED, listed)

    assert (run.unlisted, run.listed, run.stale) == ((), 1, ())
    assert run.noticed == run.total - 1


def test_a_listed_survivor_that_does_not_survive_is_a_finding(folder: Folder) -> None:
    """Also where there is no such slip; the nearest that survives is named."""
    listed = {
        "survivors": {
            "ticket.status.values.PAID: CANCELED": "it is noticed",
            "ticket.owner: upstreams": "there is no such slip",
        }
    }
    run = _tried(folder, case(), REFUNDED, listed)

    assert [(finding.code, finding.message, finding.suggestion) for finding in run.stale] == [
        (
            "TB430",
            "no such slip survives: ticket.status.values.PAID: CANCELED",
            "take it out: a case notices it, or it cannot be",
        ),
        (
            "TB430",
            "no such slip survives: ticket.owner: upstreams",
            'did you mean "ticket.owner: upstream"?',
        ),
    ]
    assert {finding.place.file for finding in run.stale} == {str(folder.cases)}


def test_a_slip_that_check_notices_needs_no_case(folder: Folder) -> None:
    """Without the needed fields a mapping is none; nor is it with what no function takes."""
    folder.map({"ticket.fields.price": "decimal(item.price, '.')"})
    left = _left(folder, case(upstream=[orders_answer()], expect=_tickets()))

    assert "ticket.fields.price: item.price" in left
    assert "ticket.fields.price: decimal(item.price, '..')" not in left
    assert not any("ticketId: left out" in name for name in left)


def test_slips_of_a_platform_that_is_asked_by_post(folder: Folder) -> None:
    """What is sent is noticed where a case says what must be."""
    folder.map(
        {
            "source.0": {
                "name": "order",
                "post": "/search",
                "json": {"email": "{user}", "kind": "ticket", "page": {"size": "{length('abc')}"}},
                "each": "body.orders",
            }
        }
    )
    answer = {**orders_answer(item(), post="/search"), "json": {"page": {"size": 3}}}
    del answer["get"]
    unsaid = {name: value for name, value in answer.items() if name != "json"}
    name = "source.order.json.page.size: length('abcc')"

    assert name in _left(folder, case(upstream=[unsaid]))
    assert name not in _left(folder, case(upstream=[answer]))
