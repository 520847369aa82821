"""How two answers differ, in lines for people."""

from __future__ import annotations

from typing import Any

import pytest

from ticketbridge.workbench.cases.compare import describe_differences, describe_ticket_differences
from ticketbridge.workbench.cases.value_text import LONGEST


@pytest.mark.parametrize(
    ("expected", "got", "lines"),
    [
        pytest.param({"a": 25}, {"a": 25.0}, [], id="numbers by value"),
        pytest.param({"a": 1}, {"a": True}, ["x `a`: expected 1, got true"], id="no number"),
        pytest.param([False], [0], ["x `[0]`: expected false, got 0"], id="no boolean"),
        pytest.param({"a": None}, {}, ["x `a`: expected null, got nothing"], id="null is there"),
        pytest.param({}, {"a": None}, ["x `a`: expected nothing, got null"], id="null too many"),
        pytest.param(
            {"a": {"b": ["1"], "c": "é"}},
            {"a": {"b": ["2", "3"]}},
            [
                'x `a.b[0]`: expected "1", got "2"',
                'x `a.b[1]`: expected nothing, got "3"',
                'x `a.c`: expected "é", got nothing',
            ],
            id="each value by its path",
        ),
        pytest.param([1, 2], [1], ["x `[1]`: expected 2, got nothing"], id="shorter"),
        pytest.param({}, [], ["x: expected {}, got []"], id="another kind"),
    ],
)
def test_each_value_that_differs_has_a_line(expected: Any, got: Any, lines: list[str]) -> None:
    """With its path, what was expected, and what came."""
    assert list(describe_differences("x", expected, got)) == lines


def test_a_long_value_is_cut() -> None:
    """A line stays readable."""
    (line,) = describe_differences("x", "a" * 1000, "")

    assert line == f'x: expected "{"a" * (LONGEST - 1)}..., got ""'


@pytest.mark.parametrize(
    ("expected", "got", "lines"),
    [
        pytest.param(
            [{"ticketId": "1"}],
            [{"ticketId": "01"}],
            ['ticket 1 `ticketId`: expected "1", got "01"'],
            id="as many: by position",
        ),
        pytest.param(
            [{"ticketId": "1"}, {"ticketId": "2", "a": 1}],
            [{"ticketId": "2", "a": 2}],
            [
                'ticket 1: expected {"ticketId":"1"}, got nothing',
                "ticket 2 `a`: expected 1, got 2",
            ],
            id="fewer: by id",
        ),
        pytest.param(
            [{"a": 1}],
            [{"a": 1}, {"a": 2}],
            ['ticket beyond the expected ones: {"a":2}'],
            id="without ids: by position",
        ),
        pytest.param(
            [{"ticketId": "1"}, {"ticketId": "1"}],
            [{"ticketId": "1"}],
            [
                'ticket 2: expected {"ticketId":"1"}, got nothing',
            ],
            id="one id twice: by position",
        ),
        pytest.param(
            [{"ticketId": "1"}, {"ticketId": "2"}],
            [{"ticketId": "2"}, {"ticketId": "3"}, {"ticketId": "1"}],
            [
                'ticket beyond the expected ones: {"ticketId":"3"}',
                "order of tickets: expected 1, 2, got 2, 3, 1",
            ],
            id="another order",
        ),
        pytest.param([], [], [], id="none"),
    ],
)
def test_tickets_are_set_against_each_other(
    expected: list[Any], got: list[Any], lines: list[str]
) -> None:
    """A ticket that is missing or too many makes the others no different."""
    assert list(describe_ticket_differences(expected, got)) == lines
