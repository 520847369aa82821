"""Mappings with a TODO: what is open is marked in the tickets, where there are any."""

from __future__ import annotations

import json

import pytest

from tests.support import spec_of
from ticketbridge.engine.bridge import Answer
from ticketbridge.workbench.unfinished import Unfinished

OPENED = Unfinished(spec_of(), ("price: TODO",), ("price",))


@pytest.mark.parametrize("answer", [None, Answer(204, b"")])
def test_where_there_is_no_body_nothing_is_marked(answer: Answer | None) -> None:
    """A problem has no tickets, and neither has a 204."""
    assert OPENED.mark_open(answer) is answer


@pytest.mark.parametrize(
    ("body", "marked"),
    [
        ({"tickets": [{"ticketId": "1"}]}, {"tickets": [{"ticketId": "1", "price": "TODO"}]}),
        ({"data": []}, {"data": []}),
        ([], []),
    ],
)
def test_each_ticket_of_the_bundled_body_is_marked(body: object, marked: object) -> None:
    """In a body of another form nobody knows where they stand."""
    made = OPENED.mark_open(Answer(200, json.dumps(body).encode()))

    assert made is not None
    assert json.loads(made.body) == marked
