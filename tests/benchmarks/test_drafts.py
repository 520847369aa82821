"""What drafts are worth, held to what the benchmark shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import drafts, strangers


@pytest.mark.parametrize("platform", drafts.PLATFORMS)
def test_no_draft_returns_a_ticket_that_is_not_valid(platform: str) -> None:
    """Whatever else a draft gets wrong: an unknown status, and another's ticket, stay out."""
    found = drafts.measured(platform)

    assert found.wrong == 0
    assert 0 < found.returned <= found.due


def test_most_fields_are_right() -> None:
    """Over all platforms whose mappings are known."""
    found = [drafts.measured(platform) for platform in drafts.PLATFORMS]

    assert sum(one.right for one in found) >= 0.85 * sum(one.fields for one in found)
    assert [one.platform for one in found if one.right == one.fields] == [
        "eventbrite",
        "hievents",
        "pretix",
        "tickettailor",
        "woocommerce",
    ]


@pytest.mark.parametrize("path", sorted(drafts.REPAIRED.glob("*.yaml")), ids=lambda path: path.stem)
def test_a_draft_and_its_repair_are_fewer_lines_than_a_mapping(path: Path) -> None:
    """A repaired draft gives what is due, and most of its lines were drafted."""
    edits = drafts.edits(path.stem)

    assert edits.failures == []
    assert edits.changed <= edits.lines // 3


def test_the_benchmark_shows_all() -> None:
    """Its tables and targets, with those of platforms that drafts were not made with."""
    part = drafts.measure(quick=True)

    fields, repair, *halves = part.tables
    assert [row[0] for row in fields.rows] == [*drafts.PLATFORMS, "all"]
    assert repair.rows
    assert len(halves) == len(strangers.HALVES)
    assert all(target.met for target in part.targets)
