"""The tree of problems."""

from __future__ import annotations

import re

from ticketbridge.engine import problems
from ticketbridge.engine.problems import RequestProblem, list_problems


def test_the_problems_are_those_of_the_tree() -> None:
    """Each is listed once, in the order in which the module draws them, also those below one branch."""
    drawn = re.findall(r"([0-9]{3}) ([a-z-]+)$", problems.__doc__ or "", re.MULTILINE)
    listed = [(str(kind.status), kind.slug) for kind in list_problems()]

    assert len(drawn) == 18
    assert listed == drawn
    assert [str(kind.status) for kind in list_problems(RequestProblem)] == [
        status for status, _ in drawn[:10]
    ]
