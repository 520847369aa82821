"""What the expressions of a mapping gave while its cases ran."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from typing import Any

from ticketbridge.agreement import WaysDiffer
from ticketbridge.authoring.cases.clock import SkippingLoop
from ticketbridge.authoring.cases.runner import compiled, failures
from ticketbridge.authoring.cases.spec import CaseSpec
from ticketbridge.jmes import Expression, Kind
from ticketbridge.mapping.compiler import Scope, SpecCompiler
from ticketbridge.mapping.spec import EntrySpec, ExpressionSpec, MappingSpec


class Trace:
    """Each value that an expression gave, with the scope in which it did."""

    def __init__(self) -> None:
        self._seen: dict[ExpressionSpec, list[tuple[Scope, Any]]] = defaultdict(list)

    def note(self, spec: ExpressionSpec, scope: Scope, value: Any) -> None:
        """*spec* has given *value*."""
        self._seen[spec].append((scope, value))

    def of(self, spec: ExpressionSpec) -> Sequence[tuple[Scope, Any]]:
        """The scopes and values of *spec*, in order."""
        return self._seen.get(spec, ())

    def values(self, spec: ExpressionSpec) -> Iterator[Any]:
        """The values of *spec*, in order."""
        return (value for _, value in self.of(spec))


def traced(spec: MappingSpec, cases: Sequence[CaseSpec]) -> Trace:
    """What *cases* make of *spec*, whether they pass or not."""
    trace = Trace()
    bridge = compiled(spec, _Watching(spec.source, trace))
    with asyncio.Runner(loop_factory=SkippingLoop) as runner:
        for case in cases:
            # A difference of the two ways fails the case where its result is told.
            with suppress(WaysDiffer):
                runner.run(failures(case, bridge))
    return trace


class _Watching(SpecCompiler):
    """Makes expressions that tell *trace* what they give."""

    def __init__(self, entries: Collection[EntrySpec], trace: Trace) -> None:
        super().__init__(entries)
        self._trace = trace

    def expression(
        self, spec: ExpressionSpec, roots: Collection[str], gives: Kind | None = None
    ) -> Expression:
        """See SpecCompiler."""
        made = super().expression(spec, roots, gives)
        return made.watched(lambda scope, value: self._trace.note(spec, scope, value))
