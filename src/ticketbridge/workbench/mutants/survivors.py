"""Run the cases of a mapping against each slip that it can have."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from ticketbridge.engine.agreement import WaysDiffer
from ticketbridge.jmes import Expression, Kind
from ticketbridge.mapping.findings import Finding, MappingError, Place, did_you_mean
from ticketbridge.mapping.spec import EntrySpec, ExpressionSpec, MappingSpec
from ticketbridge.mapping.spec_compiler import SpecCompiler
from ticketbridge.workbench.cases.case_spec import CaseSpec, CasesSpec, SurvivorSpec
from ticketbridge.workbench.cases.coverage import trace_cases
from ticketbridge.workbench.cases.runner import SkippingLoop, compile_for_cases, find_failures
from ticketbridge.workbench.mutants.mutations import Mutant, make_mutants


@dataclass(frozen=True, slots=True)
class Survivor:
    """A mutant that no case notices: its place and change. *name* lists it in the cases file."""

    place: Place
    name: str
    change: str


@dataclass(frozen=True, slots=True)
class MutantRun:
    """The number of mutants in *total*, and the results.

    *unlisted* are those that no case notices. *listed* counts those for which the cases file gives a reason;
    *stale* are reasons without a mutant.
    """

    total: int
    unlisted: tuple[Survivor, ...]
    listed: int
    stale: tuple[Finding, ...]

    @property
    def noticed(self) -> int:
        """How many mutants a case, or `check`, notices."""
        return self.total - len(self.unlisted) - self.listed


def run_mutants(spec: MappingSpec, cases: CasesSpec) -> MutantRun:
    """Run the cases against all mutants of *spec*, and return what they notice.

    The cases must pass without any mistake. Raises WaysDiffer.
    """
    mutants = make_mutants(spec, trace_cases(spec, cases.cases))
    with asyncio.Runner(loop_factory=SkippingLoop) as runner:
        case_runner = _CaseRunner(cases.cases, runner)
        left = [mutant for mutant in mutants if not case_runner.notices(mutant)]
    listed = {survivor.name for survivor in cases.survivors}
    names = {mutant.name for mutant in left}
    return MutantRun(
        total=len(mutants),
        unlisted=tuple(
            Survivor(each.place, each.name, each.change) for each in left if each.name not in listed
        ),
        listed=len(listed & names),
        stale=tuple(
            _report_stale(each, names) for each in cases.survivors if each.name not in names
        ),
    )


def _report_stale(survivor: SurvivorSpec, names: Collection[str]) -> Finding:
    message = f"no such slip survives: {survivor.name}"
    hint = did_you_mean(survivor.name, names) or "take it out: a case notices it, or it cannot be"
    return Finding(survivor.place, "error", "TB430", message, hint)


class _CaseRunner:
    """Runs cases; the case that noticed the last mutant goes first: neighbours are similar."""

    def __init__(self, cases: Sequence[CaseSpec], runner: asyncio.Runner) -> None:
        self._cases = list(cases)
        self._runner = runner
        self._made: _Made = {}

    def notices(self, mutant: Mutant) -> bool:
        """Whether a case fails with *mutant*, or it does not compile. Raises WaysDiffer."""
        try:
            return self._fails(mutant.spec)
        except WaysDiffer as difference:
            raise WaysDiffer(f"with the slip {mutant.name}: {difference}") from None

    def _fails(self, spec: MappingSpec) -> bool:
        try:
            bridge = compile_for_cases(spec, _CachingCompiler(spec.source, self._made))
        except MappingError:
            return True
        for position, case in enumerate(self._cases):
            if self._runner.run(find_failures(case, bridge)):
                self._cases.insert(0, self._cases.pop(position))
                return True
        return False


_Made = dict[tuple[ExpressionSpec, tuple[str, ...], Kind | None], Expression]


class _CachingCompiler(SpecCompiler):
    """Compiles no expression twice: a mutant changes only one."""

    def __init__(self, entries: Collection[EntrySpec], made: _Made) -> None:
        super().__init__(entries)
        self._made = made

    def expression(
        self, spec: ExpressionSpec, roots: Collection[str], gives: Kind | None = None
    ) -> Expression:
        """See SpecCompiler."""
        key = spec, tuple(roots), gives
        if key in self._made:
            return self._made[key]
        before = len(self.findings)
        made = super().expression(spec, roots, gives)
        if len(self.findings) == before:
            self._made[key] = made
        return made
