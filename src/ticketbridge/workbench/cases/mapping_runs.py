"""Run the cases of several mappings, and look at what they leave out.

- **Coverage** names what a mapping declares and no case exercises.
- **Mutants** are mappings with one mistake in them; each is run against the cases.
- Neither fails a run, unless it is *strict*: then all must be covered, and each mutant noticed by a case,
  or listed in the cases file with the reason why none can.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from ticketbridge.mapping.findings import Finding, MappingError
from ticketbridge.workbench.cases.coverage import CoveragePoint, measure_coverage
from ticketbridge.workbench.cases.reader import read_cases
from ticketbridge.workbench.cases.runner import (
    CaseResult,
    cases_file,
    compile_for_cases,
    load_for_cases,
    run_each,
)
from ticketbridge.workbench.mutants.survivors import MutantRun, run_mutants


@dataclass(frozen=True, slots=True)
class MappingRun:
    """One mapping with its cases.

    *points* are what a case should exercise, *mutants* the mappings with one mistake. Each is None if it
    was not asked for; mutants are None too if a case fails without any mistake.
    """

    mapping: Path
    results: tuple[CaseResult, ...]
    points: tuple[CoveragePoint, ...] | None = None
    mutants: MutantRun | None = None

    @property
    def passed(self) -> bool:
        """Whether all cases passed."""
        return all(result.passed for result in self.results)

    @property
    def gaps(self) -> tuple[CoveragePoint, ...]:
        """The parts that no case exercises."""
        return tuple(point for point in self.points or () if not point.met)

    @property
    def is_thorough(self) -> bool:
        """Whether the cases exercise all that was measured."""
        return not self.gaps and not (self.mutants and self.mutants.unlisted)


@dataclass(frozen=True, slots=True)
class MappingRuns:
    """Several mappings; *findings* are about unusable files, and about listed slips that are not needed."""

    mappings: tuple[MappingRun, ...]
    findings: tuple[Finding, ...]
    without_cases: tuple[Path, ...]

    @property
    def results(self) -> tuple[CaseResult, ...]:
        """All cases."""
        return tuple(result for tested in self.mappings for result in tested.results)

    @property
    def passed(self) -> bool:
        """Whether there was at least one case, and nothing failed."""
        right = all(tested.passed for tested in self.mappings)
        return bool(self.results) and right and not self.findings

    @property
    def is_thorough(self) -> bool:
        """Whether the run passed, each mapping has cases, and they have no gaps."""
        thorough = all(tested.is_thorough for tested in self.mappings)
        return self.passed and thorough and not self.without_cases


def run_files(
    mappings: Iterable[Path], *, with_coverage: bool = False, with_mutants: bool = False
) -> MappingRuns:
    """Run the cases of all *mappings*. A file that cannot be read is a finding, and stops no other."""
    tested: list[MappingRun] = []
    findings: list[Finding] = []
    without_cases: list[Path] = []
    for mapping in mappings:
        try:
            one = _run_mapping(mapping, with_coverage=with_coverage, with_mutants=with_mutants)
        except MappingError as error:
            findings += error.findings
            continue
        if one is None:
            without_cases.append(mapping)
        else:
            tested.append(one)
            findings += one.mutants.stale if one.mutants else ()
    return MappingRuns(tuple(tested), tuple(findings), tuple(without_cases))


def _run_mapping(mapping: Path, *, with_coverage: bool, with_mutants: bool) -> MappingRun | None:
    """Run the cases of one mapping; None if it has none. Raises MappingError."""
    spec = load_for_cases(mapping)
    bridge = compile_for_cases(spec)
    if not cases_file(mapping).is_file():
        return None
    cases = read_cases(cases_file(mapping))
    plain = MappingRun(mapping, tuple(run_each(bridge, cases.cases)))
    points = tuple(measure_coverage(spec, cases.cases)) if with_coverage else None
    mutants = run_mutants(spec, cases) if with_mutants and plain.passed else None
    return replace(plain, points=points, mutants=mutants)
