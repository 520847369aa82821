"""Runs of several mappings, with and without a look at what their cases leave out."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.workbench.cases_support import Folder, case, item, orders_answer
from ticketbridge.workbench.cases.mapping_runs import MappingRuns, run_files


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """A mapping whose cases a test writes."""
    return Folder(tmp_path)


def _thoroughly(folder: Folder) -> MappingRuns:
    return run_files([folder.mapping], with_coverage=True, with_mutants=True)


def test_nothing_is_looked_at_that_nobody_asks_for(folder: Folder) -> None:
    """A run of the cases alone is quick, and leaves nothing out."""
    folder.write(case())
    run = run_files([folder.mapping])

    assert [(tested.points, tested.mutants) for tested in run.mappings] == [(None, None)]
    assert run.is_thorough


def test_a_run_that_leaves_something_out_passes_all_the_same(folder: Folder) -> None:
    """Whether it is thorough is another question."""
    folder.write(case())
    run = _thoroughly(folder)
    (tested,) = run.mappings

    assert tested.gaps
    assert tested.mutants is not None
    assert tested.mutants.unlisted
    assert (run.passed, run.is_thorough) == (True, False)


def test_a_thorough_run(folder: Folder) -> None:
    """Every word and every owner is in a case, and every slip is noticed."""
    states = [item(2, state="REFUNDED"), item(3, state="CANCELLED")]
    other = {**orders_answer(item()), "get": "/orders?email=b@example.com"}
    folder.write(
        case(),
        case(case="left out", upstream=[orders_answer(*states)], expect={"tickets": []}),
        case(case="others", user="b@example.com", upstream=[other], expect={"tickets": []}),
    )

    assert _thoroughly(folder).is_thorough


def test_slips_are_tried_where_all_cases_pass(folder: Folder) -> None:
    """A case that fails anyway notices nothing."""
    folder.write(case(), case(case="b", upstream=[]))
    (tested,) = _thoroughly(folder).mappings

    assert tested.points is not None
    assert tested.mutants is None


def test_a_slip_that_is_listed_in_vain_fails_the_run(folder: Folder) -> None:
    """Where slips are tried, and only there."""
    folder.write(case(), {"survivors": {"ticket.owner: nobody": "why not"}})

    assert [finding.code for finding in _thoroughly(folder).findings] == ["TB430"]
    assert not _thoroughly(folder).passed
    assert run_files([folder.mapping]).passed


def test_a_mapping_without_cases_is_not_thorough(folder: Folder, tmp_path: Path) -> None:
    """Though the cases of another pass."""
    folder.write(case())
    (tmp_path / "other").mkdir()
    other = Folder(tmp_path / "other")
    run = run_files([folder.mapping, other.mapping])

    assert (run.passed, run.is_thorough) == (True, False)
