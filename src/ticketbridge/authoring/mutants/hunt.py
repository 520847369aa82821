"""Runs the cases of a mapping against each slip that it could have."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from ticketbridge.agreement import WaysDiffer
from ticketbridge.authoring.cases.clock import SkippingLoop
from ticketbridge.authoring.cases.runner import compiled, failures
from ticketbridge.authoring.cases.spec import CaseSpec, CasesSpec, SurvivorSpec
from ticketbridge.authoring.cases.trace import traced
from ticketbridge.authoring.mutants.slips import Slip, slips
from ticketbridge.jmes import Expression, Kind
from ticketbridge.mapping.compiler import SpecCompiler
from ticketbridge.mapping.findings import Finding, MappingError, Place, did_you_mean
from ticketbridge.mapping.spec import EntrySpec, ExpressionSpec, MappingSpec


@dataclass(frozen=True, slots=True)
class Survivor:
    """A slip that no case notices: where it is, and what it changes. *name* lists it in the cases file."""

    place: Place
    name: str
    change: str


@dataclass(frozen=True, slots=True)
class Tried:
    """How many *slips* were tried, and what came of them.

    *unlisted* are those that no case notices, *listed* how many more the cases file gives a reason for;
    *stale* is what it lists in vain.
    """

    slips: int
    unlisted: tuple[Survivor, ...]
    listed: int
    stale: tuple[Finding, ...]

    @property
    def noticed(self) -> int:
        """How many slips a case notices, or `check`."""
        return self.slips - len(self.unlisted) - self.listed


def try_slips(spec: MappingSpec, cases: CasesSpec) -> Tried:
    """What the cases notice of all slips that *spec* can have; they pass without any."""
    tried = slips(spec, traced(spec, cases.cases))
    with asyncio.Runner(loop_factory=SkippingLoop) as runner:
        hunt = _Hunt(cases.cases, runner)
        left = [slip for slip in tried if not hunt.notices(slip)]
    listed = {survivor.name for survivor in cases.survivors}
    names = {slip.name for slip in left}
    return Tried(
        slips=len(tried),
        unlisted=tuple(_survivor(slip) for slip in left if slip.name not in listed),
        listed=len(listed & names),
        stale=tuple(_stale(each, names) for each in cases.survivors if each.name not in names),
    )


def _survivor(slip: Slip) -> Survivor:
    return Survivor(slip.place, slip.name, slip.change)


def _stale(survivor: SurvivorSpec, names: Collection[str]) -> Finding:
    message = f"no such slip survives: {survivor.name}"
    hint = did_you_mean(survivor.name, names) or "take it out: a case notices it, or it cannot be"
    return Finding(survivor.place, "error", "TB430", message, hint)


class _Hunt:
    """The cases, those first that noticed a slip last: slips that stand together are of one kind."""

    def __init__(self, cases: Sequence[CaseSpec], runner: asyncio.Runner) -> None:
        self._cases = list(cases)
        self._runner = runner
        self._made: _Made = {}

    def notices(self, slip: Slip) -> bool:
        """Whether a case fails with *slip*; what does not compile, `check` notices. Raises WaysDiffer."""
        try:
            return self._fails(slip.spec)
        except WaysDiffer as difference:
            raise WaysDiffer(f"with the slip {slip.name}: {difference}") from None

    def _fails(self, spec: MappingSpec) -> bool:
        try:
            bridge = compiled(spec, _Knowing(spec.source, self._made))
        except MappingError:
            return True
        for position, case in enumerate(self._cases):
            if self._runner.run(failures(case, bridge)):
                self._cases.insert(0, self._cases.pop(position))
                return True
        return False


_Made = dict[tuple[ExpressionSpec, tuple[str, ...], Kind | None], Expression]


class _Knowing(SpecCompiler):
    """Compiles no expression twice: a slip leaves all others as they were."""

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
