"""Which document each answer of the platform was read as: caught where the mapping's expressions see it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from ticketbridge.jmes import Expression, Kind
from ticketbridge.mapping.spec import EntrySpec, ExpressionSpec
from ticketbridge.mapping.spec_compiler import SpecCompiler


class BodiesRead:
    """The scopes of response slots, by the headers of the answer that they are about."""

    def __init__(self) -> None:
        self._scopes: dict[int, Mapping[str, Any]] = {}

    def note(self, scope: Mapping[str, Any]) -> None:
        """Keep the first *scope* of an answer: it holds on to the document, and to the headers."""
        self._scopes.setdefault(id(scope.get("headers")), scope)

    def find_scope(self, headers: Mapping[str, str]) -> Mapping[str, Any] | None:
        """Return the scope of the answer with these very *headers*, or None."""
        return self._scopes.get(id(headers))


class BodyCompiler(SpecCompiler):
    """Makes expressions that note in *bodies* the answers that they are asked about."""

    def __init__(self, entries: Collection[EntrySpec], bodies: BodiesRead) -> None:
        super().__init__(entries)
        self._bodies = bodies

    def expression(
        self, spec: ExpressionSpec, roots: Collection[str], gives: Kind | None = None
    ) -> Expression:
        """See SpecCompiler."""
        made = super().expression(spec, roots, gives)
        return made.with_announcement(self._bodies.note) if "headers" in roots else made
