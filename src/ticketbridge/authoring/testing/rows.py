"""What a run says, row by row, for programs: each case, and what the cases of a mapping leave out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from ticketbridge.authoring.cases.mapping_runs import CaseRun, MappingRun
from ticketbridge.authoring.mutants.survivors import Survivor


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that was tested: a case, or the `coverage` or the `mutants` of a mapping."""

    file: str
    case: str
    passed: bool
    message: str


def rows(run: CaseRun) -> Iterator[Row]:
    """The rows of *run*, mapping by mapping."""
    for tested in run.mappings:
        for result in tested.results:
            yield Row(result.file, result.case, result.passed, result.message)
        yield from _left_out(tested)


def _left_out(tested: MappingRun) -> Iterator[Row]:
    file = str(tested.mapping)
    if tested.points is not None:
        lines = [f"{gap.place}: {gap.lacking}" for gap in tested.gaps]
        yield Row(file, "coverage", not lines, "\n".join(lines))
    if tested.tried is not None:
        lines = list(map(_survivor, tested.tried.unlisted))
        yield Row(file, "mutants", not lines, "\n".join(lines))


def _survivor(survivor: Survivor) -> str:
    return f"{survivor.place}: no case notices {survivor.change} ({survivor.name})"
