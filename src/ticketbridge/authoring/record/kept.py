"""Words that mean something to a mapping: a person who is called so must not change them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

from ticketbridge.mapping.spec import ExpressionSpec, MappingSpec, StatusTableSpec, TableSpec

_TEXT = re.compile(r"'((?:[^'\\]|\\.)*)'")


def kept_words(spec: MappingSpec) -> set[str]:
    """The keys of its tables, and the texts in its expressions."""
    return set(_words((spec.source, spec.ticket)))


def _words(value: Any) -> Iterator[str]:
    match value:
        case ExpressionSpec():
            yield from _TEXT.findall(value.text)
        case StatusTableSpec() | TableSpec():
            yield from value.values
            yield from _words(value.source)
        case tuple():
            for item in value:
                yield from _words(item)
        case _ if is_dataclass(value):
            yield from _words(tuple(getattr(value, f.name) for f in fields(value)))
