"""Entries of `source` without a call."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ticketbridge.mapping.compiler import Scope, SpecCompiler
from ticketbridge.mapping.spec import BindingSpec
from ticketbridge.upstream.calls import RESULTS, found, values_to_bind
from ticketbridge.upstream.pull import Pull


class BindingPlan:
    """A compiled BindingSpec: an entry that goes down a level, without a call."""

    def __init__(self, spec: BindingSpec, names: Sequence[str], compiler: SpecCompiler) -> None:
        self.name = spec.name
        self.kind = spec.kind
        self.expression = compiler.expression(spec.expression, ("user", *names), RESULTS[spec.kind])

    def values(self, scope: Scope) -> list[Any]:
        """The values that this entry binds for *scope*, in order."""
        return found(self.expression, scope, self.kind, self.name)

    def bindable(self, value: Any) -> list[Any]:
        """The values to bind of what the expression gave. Raises MappingMismatch."""
        return values_to_bind(value, self.expression, self.kind, self.name)

    async def bind(self, scope: Scope, _pull: Pull) -> list[Any]:
        """As `values`, for an entry above a call."""
        return self.values(scope)
