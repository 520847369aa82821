"""What drafts are worth on platforms that they were not made with, held to what the benchmark asks."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import strangers

FILES = sorted(strangers.PLATFORMS.glob("*/*.yaml"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_no_draft_of_a_stranger_returns_a_ticket_that_is_not_due(path: Path) -> None:
    """Whatever else it gets wrong: another's ticket, and one that is not known to be good, stay out."""
    found = strangers.measure_stranger(path)

    assert found.wrong == 0
    assert found.returned <= found.due


@pytest.mark.parametrize("half", strangers.HALVES)
def test_three_quarters_of_the_fields_are_right(half: str) -> None:
    """Of both halves, and neither has fewer than eight platforms."""
    table, targets = strangers.measure_half(half)

    assert len(table.rows) > 8
    assert [str(target) for target in targets if not target.met] == []


def test_no_platform_is_in_both_halves() -> None:
    """What is kept apart is kept apart."""
    assert len({path.stem for path in FILES}) == len(FILES)
