"""What stands beside a list and says that the answer is a whole one becomes a rule of the drafted call."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support import USER
from tests.workbench.draft.drafting import draft, entries, tickets
from tests.workbench.draft.due import ORDERS, given_out


def rules(*answers: Any) -> list[str]:
    """The conditions under which the first call fails."""
    drafted = draft(*((ORDERS, answer) for answer in answers))
    return [rule.when for rule in drafted.parts.entries[0].rules if rule.then == "fail"]


@pytest.mark.parametrize(
    ("beside", "rule"),
    [
        ({"success": True}, "body.success != `true`"),
        ({"success": "true"}, "body.success != 'true'"),
        ({"ok": 1}, "body.ok != `1`"),
        ({"isSuccess": "Y"}, "body.isSuccess != 'Y'"),
        ({"complete": True}, "body.complete != `true`"),
        ({"erfolg": True}, "body.erfolg != `true`"),
        ({"error": False}, "body.error != `false`"),
        ({"error": None}, "body.error != `null`"),
        ({"error": ""}, "body.error != ''"),
        ({"errors": []}, "body.errors != `[]`"),
        ({"error_code": 0}, "body.error_code != `0`"),
        ({"partial": False}, "body.partial != `false`"),
        ({"truncated": "no"}, "body.truncated != 'no'"),
        ({"incomplete_results": False}, "body.incomplete_results != `false`"),
        ({"status": "ok"}, "body.status != 'ok'"),
        ({"status": "SUCCESS"}, "body.status != 'SUCCESS'"),
        ({"code": 200}, "body.code != `200`"),
        ({"meta": {"success": True}}, "body.meta.success != `true`"),
        ({"response": {"status": "OK"}}, "body.response.status != 'OK'"),
    ],
)
def test_a_flag_beside_the_list_is_a_rule(beside: dict[str, Any], rule: str) -> None:
    """With the polarity that it has in a sample with records, whose answer then still comes out."""
    answer = {**tickets(), **beside}

    assert rules(answer) == [rule]
    assert given_out(draft((ORDERS, answer))) == ["1", "2"]


@pytest.mark.parametrize(
    "beside", [{"version": 2}, {"message": "hello"}, {"status": "whatever"}, {"code": "A7"}]
)
def test_what_says_nothing_of_the_answer_is_no_rule(beside: dict[str, Any]) -> None:
    """A version, a message, a word that is not known."""
    assert rules({**tickets(), **beside}) == []


def test_the_polarity_is_that_of_the_answers_with_records() -> None:
    """An answer without records may be the failure."""
    failed = {"success": False, "error": {"code": 7}, "tickets": []}

    assert rules({"success": True, "error": None, **tickets()}, failed) == [
        "body.success != `true`",
        "body.error != `null`",
    ]
    assert rules(tickets(), {"tickets": [], "error": "down"}) == ["optional(body.error) != `null`"]
    assert rules({"state": "fertig", **tickets()}, {"state": "kaputt", "tickets": []}) == [
        "body.state != 'fertig'"
    ]


def test_a_flag_that_speaks_against_the_samples_fails_them() -> None:
    """`partial: true` beside records says that there are others."""
    assert rules({"partial": True, **tickets()}) == ["body.partial != `false`"]
    assert rules({"success": False, **tickets()}) == ["body.success != `true`"]


def test_a_list_that_may_be_absent_is_held_to_something() -> None:
    """To its count, or to the flag; without either it may not be absent."""
    whole = tickets()

    def drafted(*answers: Any) -> tuple[str, list[str]]:
        return entries(draft(*((ORDERS, a) for a in answers)))["ticket"], rules(*answers)

    assert drafted({"count": 2, **whole}, {"count": 0}) == (
        "each as_list(optional(body.tickets))",
        ["optional(body.tickets) == `null` && body.count != `0`"],
    )
    assert drafted({"ok": True, **whole}, {"ok": True, "tickets": None}) == (
        "each as_list(body.tickets)",
        ["body.ok != `true`"],
    )
    assert drafted({"ok": True, **whole}, {"ok": False}) == (
        "each body.tickets",
        ["body.ok != `true`"],
    )
    assert drafted(whole, {"message": "nothing here"}) == ("each body.tickets", [])
    # A count that is not 0 where the list is absent counts something else.
    assert drafted({"count": 2, **whole}, {"count": 3}) == ("each body.tickets", [])


def test_what_one_object_says_of_itself_is_no_rule_for_the_answer() -> None:
    """An order that is not complete is a whole answer."""
    order = {"id": 7, "complete": False, "success": True}

    assert rules(order) == ["body.success != `true`"]


def test_the_rules_come_before_that_of_an_unknown_user() -> None:
    """An answer that failed says nothing of who is known."""
    customers = {"success": True, "customers": [{"id": 71, "email": USER}]}
    drafted = draft((f"/customers?email={USER}", customers), ("/customers/71/tickets", tickets()))

    assert [(rule.when, rule.then) for rule in drafted.parts.entries[0].rules] == [
        ("body.success != `true`", "fail"),
        ("length(body.customers) == `0`", "unknown_user"),
    ]
    assert "      - {when: " in drafted.text


@pytest.mark.parametrize(
    ("beside", "rule"),
    [
        ({"has_more": True}, "body.has_more != `false`"),
        ({"hasMore": False}, "body.hasMore != `false`"),
        ({"meta": {"has_next_page": True}}, "body.meta.has_next_page != `false`"),
        ({"next": "/entries?page=2"}, "body.next != `null`"),
    ],
)
def test_an_answer_with_more_that_nobody_knows_how_to_ask_for_fails(
    beside: dict[str, Any], rule: str
) -> None:
    """The first page is not all that there is: without pages the draft must not give it out as such."""
    assert rules({**tickets(), **beside}) == [rule]


def test_an_answer_whose_next_page_is_known_needs_no_rule_for_its_end() -> None:
    """Pages go on to the end by themselves."""
    assert rules({**tickets(), "has_more": True, "next_cursor": "x7"}) == []
