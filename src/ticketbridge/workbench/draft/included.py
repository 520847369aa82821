"""Resources of JSON:API: what `relationships` of a record name, and what stands in `included`.

A resource is known by its type and its id together: ids of two types may be the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ticketbridge.workbench.draft.sample_values import (
    ABSENT,
    Path,
    find_scalars,
    find_value,
    write_literal,
    write_path,
)

LIST: Path = ("data",)
"""Where the records of JSON:API are."""
_INCLUDED = "included"
_RELATIONS = "relationships"
_DEPTH = 4


@dataclass(frozen=True, slots=True)
class IncludedValue:
    """A value of a resource that a record's *relation* names: its expression, its key, and its values."""

    text: str
    relation: str
    key: str
    values: tuple[Any, ...] = field(repr=False)


def has_included(documents: Sequence[Any]) -> bool:
    """Whether answers are of JSON:API, and have resources beside their records."""
    return any(
        isinstance(document, dict)
        and isinstance(document.get(LIST[0]), list)
        and _are_resources(document.get(_INCLUDED))
        for document in documents
    )


def name_relation(path: Path) -> str | None:
    """Return `event_id` for `relationships.event.data.id`; None for any other path."""
    if len(path) < _DEPTH or path[-_DEPTH] != _RELATIONS or path[-2:] != ("data", "id"):
        return None
    return f"{path[-3]}_id"


def find_included(scopes: Sequence[Mapping[str, Any]], record: str) -> Iterator[IncludedValue]:
    """Yield the values of the resources that the records' relations to one resource name."""
    for root in scopes[0]:
        seen = [find_value(scope[root], (_INCLUDED,)) for scope in scopes]
        if not all(map(_are_resources, seen)):
            continue
        for relation in _list_relations(scopes, record):
            yield from _find_values(write_path(root, (_INCLUDED,)), seen, relation, scopes, record)


def _are_resources(value: Any) -> bool:
    rows = value if isinstance(value, list) else []
    return bool(rows) and all(
        isinstance(row, dict) and {"id", "type"} <= row.keys() for row in rows
    )


def _list_relations(scopes: Sequence[Mapping[str, Any]], record: str) -> list[str]:
    every = [find_value(scope[record], (_RELATIONS,)) for scope in scopes]
    return list(dict.fromkeys(key for found in every if isinstance(found, dict) for key in found))


def _find_values(
    text: str,
    seen: Sequence[Any],
    relation: str,
    scopes: Sequence[Mapping[str, Any]],
    record: str,
) -> Iterator[IncludedValue]:
    named = [find_value(scope[record], (_RELATIONS, relation, "data")) for scope in scopes]
    kinds = {one["type"] for one in named if isinstance(one, dict) and {"id", "type"} <= one.keys()}
    if len(kinds) != 1 or any(isinstance(one, list) for one in named):
        return
    (kind,) = kinds
    rows = [_find_resource(items, one) for items, one in zip(seen, named, strict=True)]
    reference = write_path(record, (_RELATIONS, relation, "data", "id"))
    found = f"lookup({text}[?type == {write_literal(kind)}], 'id', {reference})"
    paths = dict.fromkeys(path for row in rows for path, _ in find_scalars(row) if path)
    for path in paths:
        key = name_relation(path) or path[-1]
        if path[0] == "attributes" or (path[0] == _RELATIONS and path[-1] == "id"):
            values = tuple(find_value(row, path) for row in rows)
            yield IncludedValue(write_path(found, path), relation, key, values)


def _find_resource(items: Sequence[Mapping[str, Any]], named: Any) -> Any:
    if not isinstance(named, dict):
        return None
    wanted = (named.get("type"), named.get("id"))
    return next((row for row in items if (row["type"], row["id"]) == wanted), ABSENT)
