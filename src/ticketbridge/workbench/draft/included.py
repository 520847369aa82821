"""Resources of JSON:API: what `relationships` of a record name, and what stands in `included`.

A resource is known by its type and its id together: ids of two types may be the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ticketbridge.workbench.draft.candidates import Candidate, split_last_keys
from ticketbridge.workbench.draft.sample_values import (
    ABSENT,
    Path,
    find_scalars,
    find_values,
    list_paths,
    write_literal,
    write_path,
)

LIST: Path = ("data",)
"""Where the records of JSON:API are."""
_INCLUDED = "included"
_RELATIONS = "relationships"
_DEPTH = 4


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


def find_included(scopes: Sequence[Mapping[str, Any]], record: str) -> Iterator[Candidate]:
    """Yield the values of the resources that the records' relations to one resource name."""
    for root in scopes[0]:
        seen = find_values([scope[root] for scope in scopes], (_INCLUDED,))
        if not all(map(_are_resources, seen)):
            continue
        text = write_path(root, (_INCLUDED,))
        every = find_values([scope[record] for scope in scopes], (_RELATIONS,))
        for relation in dict.fromkeys(
            k for found in every if isinstance(found, dict) for k in found
        ):
            named = find_values(every, (relation, "data"))
            reference = write_path(record, (_RELATIONS, relation, "data", "id"))
            yield from _find_related(text, seen, relation, named, reference)


def _are_resources(value: Any) -> bool:
    rows = value if isinstance(value, list) else []
    return bool(rows) and all(
        isinstance(row, dict) and {"id", "type"} <= row.keys() for row in rows
    )


def _find_related(
    text: str, seen: Sequence[Any], relation: str, named: Sequence[Any], reference: str
) -> Iterator[Candidate]:
    """Yield the values of the resources that are *named*, in the lists that *text* gives."""
    kinds = {one["type"] for one in named if isinstance(one, dict) and {"id", "type"} <= one.keys()}
    if len(kinds) != 1 or any(isinstance(one, list) for one in named):
        return
    (kind,) = kinds
    rows = [_find_resource(items, one) for items, one in zip(seen, named, strict=True)]
    found = f"lookup({text}[?type == {write_literal(kind)}], 'id', {reference})"
    why = f"in `included`, by `{relation}`"
    for path in filter(None, list_paths(find_scalars, rows)):
        if path[0] == "attributes" or (path[0] == _RELATIONS and path[-1] == "id"):
            words, above = split_last_keys((relation, name_relation(path) or path[-1]))
            values = find_values(rows, path)
            yield Candidate(write_path(found, path), words, above, values, 1, 2, why)


def _find_resource(items: Sequence[Mapping[str, Any]], named: Any) -> Any:
    if not isinstance(named, dict):
        return None
    wanted = (named.get("type"), named.get("id"))
    return next((row for row in items if (row["type"], row["id"]) == wanted), ABSENT)
