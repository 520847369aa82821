"""Pairs `[31, "Open Days"]` of an id and a name, as Odoo writes what a record refers to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ticketbridge.workbench.draft.sample_values import (
    ABSENT,
    Path,
    find_lists,
    find_value,
    write_literal,
    write_path,
)

_SIZE = 2


@dataclass(frozen=True, slots=True)
class IdPair:
    """The expressions of a pair's id and name, and their values for each record."""

    path: Path
    id_text: str
    name_text: str
    ids: tuple[Any, ...] = field(repr=False)
    names: tuple[Any, ...] = field(repr=False)


def find_id_pairs(name: str, scopes: Sequence[Mapping[str, Any]]) -> Iterator[IdPair]:
    """Yield the keys of a binding whose values are pairs, or null, or false in place of null."""
    paths = dict.fromkeys(path for scope in scopes for path, _ in find_lists(scope[name]) if path)
    for path in paths:
        values = [find_value(scope[name], path) for scope in scopes]
        if not any(map(_is_pair, values)) or not all(_is_pair(v) or _is_none(v) for v in values):
            continue
        text = write_path(name, path)
        text = f"optional({text})" if ABSENT in values else text
        if any(value is False for value in values):
            text = f"null_if({text}, {write_literal(False)})"
        ids = tuple(value[0] if _is_pair(value) else None for value in values)
        names = tuple(value[1] if _is_pair(value) else None for value in values)
        yield IdPair(path, f"{text}[0]", f"{text}[1]", ids, names)


def _is_pair(value: Any) -> bool:
    """Whether *value* is a number and a text."""
    if not isinstance(value, list) or len(value) != _SIZE:
        return False
    first, second = value
    return isinstance(first, int) and not isinstance(first, bool) and isinstance(second, str)


def _is_none(value: Any) -> bool:
    return value is None or value is False or value is ABSENT
