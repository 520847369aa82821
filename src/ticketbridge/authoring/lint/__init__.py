"""Doubts about a mapping that can be used: shapes that are legal, and often not meant.

Each rule takes the whole mapping and gives its warnings; nothing here stops a mapping.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

from ticketbridge.authoring.lint import absent, expressions, rules, source, ticket
from ticketbridge.mapping.findings import Finding
from ticketbridge.mapping.spec import MappingSpec

Rule: TypeAlias = Callable[[MappingSpec], Iterator[Finding]]

RULES: tuple[Rule, ...] = (
    ticket.owner,
    ticket.status_sources,
    ticket.reasons,
    ticket.tables,
    ticket.prices,
    source.unused_names,
    source.ids,
    source.hiding,
    source.truths,
    source.texts,
    source.asking,
    source.offsets,
    expressions.habits,
    absent.absent_lists,
    rules.dead_rules,
    rules.unsaid,
    rules.claims,
)


def lint(spec: MappingSpec) -> Iterator[Finding]:
    """The doubts about *spec*, which may have stand-ins for what is wrong in it."""
    for rule in RULES:
        yield from rule(spec)
