"""Values in lists of which no record has more than one element, as `sessions: [{"id": 7}]`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ticketbridge.workbench.draft.platform_words import GENERIC, make_singular
from ticketbridge.workbench.draft.sample_values import (
    Path,
    find_lists,
    find_scalars,
    find_value,
    write_path,
)

AS_FIRST = "as the first of "


@dataclass(frozen=True, slots=True)
class FirstValue:
    """A value of the first element: its expression, its key and the one around it, and its values."""

    text: str
    key: str
    around: str
    values: tuple[Any, ...] = field(repr=False)
    nested: int
    why: str


def find_first_values(name: str, scopes: Sequence[Mapping[str, Any]]) -> Iterator[FirstValue]:
    """Yield the values in such lists of a binding; null where the list is empty."""
    paths = dict.fromkeys(path for scope in scopes for path, _ in find_lists(scope[name]) if path)
    for path in paths:
        every = [find_value(scope[name], path) for scope in scopes]
        if all(map(_has_one_object_at_most, every)):
            yield from _find_values(write_path(name, path), path, every)


def _has_one_object_at_most(value: Any) -> bool:
    one = isinstance(value, list) and len(value) <= 1
    return one and all(isinstance(item, dict) for item in value)


def _find_values(text: str, path: Path, every: Sequence[list[Any]]) -> Iterator[FirstValue]:
    firsts = [value[0] if value else None for value in every]
    named = make_singular(next((key for key in reversed(path) if key not in GENERIC), ""))
    why = f"{AS_FIRST}`{text}`: no record has more here, can it?"
    for inner in dict.fromkeys(p for first in firsts for p, _ in find_scalars(first) if p):
        values = tuple(find_value(first, inner) for first in firsts)
        around = named if len(inner) == 1 else inner[-2]
        size = len(path) + len(inner)
        yield FirstValue(write_path(f"{text}[0]", inner), inner[-1], around, values, size, why)
