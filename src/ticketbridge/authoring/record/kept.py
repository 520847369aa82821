"""Words that a mapping writes itself: a person who is called so must not change them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ticketbridge.authoring.check.trees import tree_of
from ticketbridge.jmes.analysis import walk
from ticketbridge.jmes.nodes import Field
from ticketbridge.mapping.spec import (
    ExpressionSpec,
    MappingSpec,
    StatusTableSpec,
    TableSpec,
    TemplateSpec,
    expressions_in,
    parts_within,
)

_TEXT = re.compile(r"'((?:[^'\\]|\\.)*)'")


def kept_words(spec: MappingSpec) -> set[str]:
    """The keys of its tables, and the texts in its expressions and requests."""
    return set(_words((spec.source, spec.ticket)))


def named_keys(spec: MappingSpec) -> frozenset[str]:
    """The keys of the platform's answers that it names."""
    found = {*_keys((spec.source, spec.ticket)), "errors"}  # which are looked for in GraphQL
    return frozenset(found | kept_words(spec))


def _keys(part: object) -> Iterator[str]:
    for expression in expressions_in(part):
        yield from (node.name for node in walk(tree_of(expression)) if isinstance(node, Field))


def _words(whole: object) -> Iterator[str]:
    for part in parts_within(whole):
        match part:
            case ExpressionSpec():
                yield from _TEXT.findall(part.text)
            case StatusTableSpec() | TableSpec():
                yield from part.values
            case TemplateSpec():
                yield from (text for text in part.parts if isinstance(text, str) and text)
