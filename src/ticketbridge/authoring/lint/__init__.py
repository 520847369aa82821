"""Doubts about a mapping that can be used: shapes that are legal, and often not meant.

Each rule takes the whole mapping and gives its warnings; nothing here stops a mapping.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

from ticketbridge.authoring.check import (
    lint_expressions,
    lint_rules,
    lint_source,
    lint_ticket,
)
from ticketbridge.authoring.lint import absent
from ticketbridge.mapping.findings import Finding
from ticketbridge.mapping.spec import MappingSpec

Rule: TypeAlias = Callable[[MappingSpec], Iterator[Finding]]

RULES: tuple[Rule, ...] = (
    lint_ticket.owner,
    lint_ticket.status_sources,
    lint_ticket.reasons,
    lint_ticket.tables,
    lint_ticket.prices,
    lint_source.unused_names,
    lint_source.ids,
    lint_source.hiding,
    lint_source.truths,
    lint_source.texts,
    lint_source.asking,
    lint_source.offsets,
    lint_expressions.habits,
    absent.absent_lists,
    lint_rules.dead_rules,
    lint_rules.unsaid,
    lint_rules.claims,
)


def lint(spec: MappingSpec) -> Iterator[Finding]:
    """The doubts about *spec*, which may have stand-ins for what is wrong in it."""
    for rule in RULES:
        yield from rule(spec)
