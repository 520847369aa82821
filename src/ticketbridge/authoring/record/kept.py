"""Words that a mapping writes itself: a person who is called so must not change them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from ticketbridge.authoring.lint.trees import tree_of
from ticketbridge.jmes.analysis import walk
from ticketbridge.jmes.nodes import Field
from ticketbridge.mapping.spec import (
    ExpressionSpec,
    MappingSpec,
    StatusTableSpec,
    TableSpec,
    TemplateSpec,
)

_TEXT = re.compile(r"'((?:[^'\\]|\\.)*)'")


def kept_words(spec: MappingSpec) -> set[str]:
    """The keys of its tables, and the texts in its expressions and requests."""
    return set(_words((spec.source, spec.ticket)))


def named_keys(spec: MappingSpec) -> frozenset[str]:
    """The keys of the platform's answers that it names."""
    found = set(_keys((spec.source, spec.ticket))) | {
        "errors"
    }  # which GraphQL answers are looked at for
    return frozenset(found | kept_words(spec))


def _keys(value: Any) -> Iterator[str]:
    match value:
        case ExpressionSpec():
            yield from (node.name for node in walk(tree_of(value)) if isinstance(node, Field))
        case Mapping():
            yield from _keys(tuple(value.values()))
        case tuple() | list():
            for item in value:
                yield from _keys(item)
        case _ if is_dataclass(value):
            yield from _keys(tuple(getattr(value, f.name) for f in fields(value)))


def _words(value: Any) -> Iterator[str]:
    match value:
        case ExpressionSpec():
            yield from _TEXT.findall(value.text)
        case StatusTableSpec() | TableSpec():
            yield from value.values
            yield from _words(value.source)
        case TemplateSpec():
            yield from (part for part in value.parts if isinstance(part, str) and part)
            yield from _words(value.parts)
        case Mapping():
            yield from _words(tuple(value.values()))
        case tuple():
            for item in value:
                yield from _words(item)
        case _ if is_dataclass(value):
            yield from _words(tuple(getattr(value, f.name) for f in fields(value)))
