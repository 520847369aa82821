"""Cases of mappings that walk pages, or poll."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.workbench.cases_support import TICKET, Folder, item, orders_answer

EMAIL = "email=ana@example.com"
LINK = {"Link": f'<{{BASE}}/orders?{EMAIL}&page=2>; rel="next"'}


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """A mapping whose cases a test writes."""
    return Folder(tmp_path)


def answer(number: int, query: str, *, more: dict[str, Any], **head: Any) -> dict[str, Any]:
    """A page with one ticket, and *more* in its body."""
    page = orders_answer(item(number), get=f"/orders?{query}", **head)
    return {**page, "body": {**page["body"], **more}}


@pytest.mark.parametrize(
    ("pages", "query", "first", "second"),
    [
        pytest.param(
            {"link_header": True},
            {},
            answer(1, EMAIL, more={}, headers=LINK),
            answer(2, f"{EMAIL}&page=2", more={}),
            id="link_header",
        ),
        pytest.param(
            {"cursor": "body.next"},
            {"after": "{page.cursor}"},
            answer(1, EMAIL, more={"next": "a+b"}),
            answer(2, f"{EMAIL}&after=a%2Bb", more={"next": None}),
            id="cursor",
        ),
        pytest.param(
            {"offset": {"step": 1}, "last": "body.last"},
            {"skip": "{page.offset}"},
            answer(1, f"{EMAIL}&skip=0", more={"last": False}),
            answer(2, f"{EMAIL}&skip=1", more={"last": True}),
            id="offset",
        ),
    ],
)
def test_a_case_walks_pages(
    folder: Folder,
    pages: dict[str, Any],
    query: dict[str, str],
    first: dict[str, Any],
    second: dict[str, Any],
) -> None:
    """Each page is an answer of the case; one that is not asked for fails it."""
    folder.map({"source.0.pages": pages, "source.0.query": {"email": "{user}", **query}})
    both = {"tickets": [dict(TICKET), {**TICKET, "ticketId": "2"}]}

    assert folder.message(upstream=[first, second], expect=both) == ""
    assert "unexpected call: GET /orders" in folder.message(upstream=[first], expect=both)


def test_a_case_polls_without_waiting(folder: Folder) -> None:
    """The answers to polls stand in their order; the waits between them take no time."""
    rule = {"status": 202, "then": "poll", "url": "headers.location", "after": "3s"}
    folder.map({"source.0.responses": [rule]})
    started = {"get": f"/orders?{EMAIL}", "status": 202, "headers": {"Location": "{BASE}/jobs/7"}}
    working = {"get": "/jobs/7", "status": 202, "headers": {"Location": "/jobs/7"}}
    done = orders_answer(item(), get="/jobs/7")

    assert folder.message(upstream=[started, working, done]) == ""


def test_a_case_polls_up_to_the_deadline(folder: Folder) -> None:
    """The waits count as time: a platform that is ready too late is a timeout."""
    rule = {"status": 202, "then": "poll", "after": "3s"}
    folder.map({"source.0.responses": [rule], "upstream.timeout": "8s"})
    working = [{"get": "/orders", "status": 202}] * 3

    assert folder.message(upstream=working, expect={"problem": "upstream-timeout"}) == ""
