"""Two answers are the same in status, problem, body and verdicts, or they are not the same."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from ticketbridge.engine.agreement import Made, WaysDiffer, require_same
from ticketbridge.engine.problems import MappingMismatch, UpstreamError

ONE = Made({"returned": 1}, 200, b'{"tickets":[1]}')
FAILED = Made({"violation:price": 1}, problem=MappingMismatch(log="price"))


@pytest.mark.parametrize(
    "made", [ONE, FAILED, Made({}, 204), replace(ONE, body=bytearray(ONE.body))], ids=range(4)
)
def test_the_same_is_the_same(made: Made) -> None:
    """What is alike in everything passes, whichever kind of bytes the body is."""
    require_same(made, ONE if made.body else made)


@pytest.mark.parametrize(
    ("served", "explained", "said"),
    [
        (ONE, replace(ONE, status=204), "served 200, explained 204"),
        (ONE, FAILED, "served 200, explained the problem mapping-mismatch"),
        (Made({}), replace(FAILED, verdicts={}), "served 0, explained the problem"),
        (FAILED, replace(FAILED, problem=UpstreamError(log="price")), "problem upstream-error"),
        (FAILED, replace(FAILED, problem=MappingMismatch(log="tags")), "different reasons"),
        (ONE, replace(ONE, body=b'{"tickets":[2]}'), "differ from byte 12 on"),
        (ONE, replace(ONE, body=ONE.body + b" "), "served 15 bytes, explained 16"),
        (ONE, replace(ONE, verdicts={"returned": 2}), "returned: served 1, explained 2"),
        (ONE, replace(ONE, verdicts={}), "returned: served 1, explained 0"),
        (ONE, replace(ONE, verdicts={"returned": 1, "duplicate": 1}), "duplicate: served 0"),
    ],
    ids=range(10),
)
def test_a_difference_is_named_and_no_value_with_it(
    served: Made, explained: Made, said: str
) -> None:
    """Each difference alone is enough, in both directions, and is told without what is in the body."""
    with pytest.raises(WaysDiffer, match=said) as caught:
        require_same(served, explained)
    with pytest.raises(WaysDiffer):
        require_same(explained, served)

    assert "tickets" not in str(caught.value)


def test_the_order_of_verdicts_does_not_matter() -> None:
    """They are counts: which came first differs between the two ways."""
    counts: list[dict[str, Any]] = [
        {"returned": 1, "not_owner": 2},
        {"not_owner": 2, "returned": 1},
    ]

    require_same(replace(ONE, verdicts=counts[0]), replace(ONE, verdicts=counts[1]))
