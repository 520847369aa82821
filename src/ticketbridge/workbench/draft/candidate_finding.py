"""Everything that a field could be: each plain path of the bindings of records, and each join with a list.

Of lists it is the values by key in lists of keys and values, pairs of an id and a name as Odoo writes what a
record refers to, and the only element of lists as `sessions: [{"id": 7}]`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ticketbridge.engine.tickets.fields import table_key
from ticketbridge.workbench.draft.candidates import AS_FIRST, Candidate, split_last_keys
from ticketbridge.workbench.draft.platform_words import (
    GENERIC,
    ID_WORDS,
    make_singular,
    split_key,
)
from ticketbridge.workbench.draft.sample_values import (
    ABSENT,
    TEXT,
    Path,
    find_lists,
    find_scalars,
    find_values,
    list_paths,
    write_literal,
    write_path,
    write_safe,
)

Scope = Mapping[str, Any]
_REFERRING = 0.75
"""How many of the records must be found in a list that is joined: an add-on may be in another."""

_PAIR = 2


@dataclass(frozen=True, slots=True)
class _Binding:
    """A name and its value for each record. *depth* and *aside* are those of a Candidate."""

    name: str
    seen: tuple[Any, ...] = field(repr=False)
    depth: int
    aside: bool


def find_candidates(
    scopes: Sequence[Scope], below: Mapping[str, Path], way: Sequence[str]
) -> list[Candidate]:
    """Return the candidates of records with these *scopes*.

    *below* is the list that each binding leads to, *way* the bindings down to the record.
    """
    if not scopes:
        return []
    names = [name for name in scopes[0] if not isinstance(scopes[0][name], list)]
    plain = [c for name in names for c in _find_in(_make_binding(name, way, scopes))]
    joined = [c for found in _find_lists_beside(scopes, below) for c in _find_joined(found, plain)]
    return [*plain, *joined, *(_find_included(scopes, way[-1]) if way else ())]


def _make_binding(name: str, way: Sequence[str], scopes: Sequence[Scope]) -> _Binding:
    """Return a binding; a record that is a plain text counts with what it stands in."""
    seen = tuple(scope[name] for scope in scopes)
    if name not in way:
        return _Binding(name, seen, 1, aside=True)
    alone = not isinstance(scopes[0][way[-1]], dict | list)
    return _Binding(name, seen, max(0, len(way) - 1 - way.index(name) - alone), aside=False)


def _find_in(binding: _Binding) -> Iterator[Candidate]:
    yield from _find_plain(binding)
    yield from _find_named_values(binding)
    yield from _find_first_values(binding)
    yield from _find_id_pairs(binding)


def _find_plain(binding: _Binding) -> Iterator[Candidate]:
    name, seen, depth = binding.name, binding.seen, binding.depth
    paths = list_paths(find_scalars, seen)
    for path in paths:
        if any(other[: len(path)] == path and other != path for other in paths):
            continue
        text, values = write_path(name, path), find_values(seen, path)
        if path[-1:] == (TEXT,) and path[:-1] in paths:
            text, values = _choose_text(text, values, binding, path[:-1])
        if any(isinstance(value, dict | list) for value in values):
            continue
        words, above = split_last_keys(_list_keys_to(name, path))
        place = (name, *(key for key in path if key != TEXT))
        yield Candidate(text, words, above, values, depth, len(path), "", binding.aside, place)


def _choose_text(
    text: str, texts: tuple[Any, ...], binding: _Binding, path: Path
) -> tuple[str, tuple[Any, ...]]:
    """Return expression and values of an XML text whose element has attributes in some records only.

    *path* is the element's.
    """
    plain = find_values(binding.seen, path)
    if not any(isinstance(value, str) for value in plain):
        return text, texts
    both = zip(texts, plain, strict=True)
    values = tuple(p if t is ABSENT and not isinstance(p, dict) else t for t, p in both)
    return f"default(optional({text}), {write_path(binding.name, path)})", values


def _list_keys_to(name: str, path: Path) -> tuple[str, ...]:
    """Return the keys down to *path*; for the text of an XML element those down to the element."""
    relation = _name_relation(path)
    if relation is not None:
        return "", relation
    return "", name, *(path[:-1] if path[-1:] == (TEXT,) else path)


# --- lists of key and value -----------------------------------------------------------------------


def _find_named_values(binding: _Binding) -> Iterator[Candidate]:
    """Yield the values by key in lists of `{key, value}` objects."""
    paths = dict.fromkeys(
        path for value in binding.seen for path, items in find_lists(value) if _list_pairs(items)
    )
    for path in paths:
        every = [*map(_list_pairs, find_values(binding.seen, path))]
        keys = dict.fromkeys(
            p["key"] for pairs in every for p in pairs if isinstance(p["key"], str)
        )
        for key in keys:
            if "'" in key or "\\" in key:
                continue
            values = tuple(
                next((pair["value"] for pair in pairs if pair["key"] == key), None)
                for pairs in every
            )
            if not any(isinstance(value, dict | list) for value in values):
                text = f"lookup({write_path(binding.name, path)}, 'key', '{key}').value"
                yield Candidate(
                    text, tuple(split_key(key)), (), values, binding.depth, len(path) + 1
                )


def _list_pairs(items: Any) -> list[dict[str, Any]]:
    """Return the `{key, value}` objects of a list; none if it is a list of something else."""
    found = items if isinstance(items, list) else []
    return found if all(isinstance(i, dict) and {"key", "value"} <= i.keys() for i in found) else []


# --- pairs of an id and a name --------------------------------------------------------------------


def _find_id_pairs(binding: _Binding) -> Iterator[Candidate]:
    """Yield id and name of the keys whose values are pairs, or null, or false in place of null."""
    for path in filter(None, list_paths(find_lists, binding.seen)):
        values = find_values(binding.seen, path)
        if not any(map(_is_pair, values)) or not all(_is_pair(v) or _is_none(v) for v in values):
            continue
        text = write_safe(write_path(binding.name, path), values)
        if any(value is False for value in values):
            text = f"null_if({text}, `false`)"
        ids = tuple(value[0] if _is_pair(value) else None for value in values)
        names = tuple(value[1] if _is_pair(value) else None for value in values)
        place = (binding.name, *path)
        words, above = split_last_keys(place)
        where = binding.depth, len(path), "", binding.aside
        yield Candidate(f"{text}[0]", words, above, ids, *where, place)
        words = (*(word for word in words if word not in ID_WORDS), "name")
        yield Candidate(f"{text}[1]", words, above, names, *where, (*place, "name"))


def _is_pair(value: Any) -> bool:
    """Whether *value* is a number and a text."""
    if not isinstance(value, list) or len(value) != _PAIR:
        return False
    first, second = value
    return isinstance(first, int) and not isinstance(first, bool) and isinstance(second, str)


def _is_none(value: Any) -> bool:
    return value is None or value is False or value is ABSENT


# --- lists of one element at most -----------------------------------------------------------------


def _find_first_values(binding: _Binding) -> Iterator[Candidate]:
    """Yield the values in lists of which no record has more than one element; null where one is empty."""
    for path in filter(None, list_paths(find_lists, binding.seen)):
        every = find_values(binding.seen, path)
        if not all(map(_has_one_object_at_most, every)):
            continue
        firsts = [value[0] if value else None for value in every]
        named = make_singular(next((key for key in reversed(path) if key not in GENERIC), ""))
        text = write_path(binding.name, path)
        why = f"{AS_FIRST}`{text}`: no record has more here, can it?"
        for inner in filter(None, list_paths(find_scalars, firsts)):
            words, above = split_last_keys((named, *inner))
            values, size = find_values(firsts, inner), len(path) + len(inner)
            first = write_path(f"{text}[0]", inner)
            yield Candidate(first, words, above, values, binding.depth, size, why)


def _has_one_object_at_most(value: Any) -> bool:
    one = isinstance(value, list) and len(value) <= 1
    return one and all(isinstance(item, dict) for item in value)


# --- joins ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _ListFound:
    """A list beside the records: its expression, and its value for each record."""

    text: str
    name: str
    seen: tuple[Any, ...] = field(repr=False)
    depth: int


def _find_lists_beside(scopes: Sequence[Scope], below: Mapping[str, Path]) -> Iterator[_ListFound]:
    for number, name in enumerate(scopes[0]):
        depth = max(1, len(scopes[0]) - 1 - number)
        values = [scope[name] for scope in scopes]
        for path in list_paths(find_lists, values):
            if below.get(name) != path or isinstance(values[0], list):
                seen = find_values(values, path)
                yield _ListFound(write_path(name, path), path[-1] if path else name, seen, depth)


def _find_joined(found: _ListFound, plain: Sequence[Candidate]) -> Iterator[Candidate]:
    """Yield the fields of the element whose key a record refers to."""
    for items in found.seen:
        if not isinstance(items, list) or not items or not all(isinstance(i, dict) for i in items):
            return
    for key in _list_keys(found):
        indexes = [_index_elements(items, key) for items in found.seen]
        reference = next((c for c in plain if _refers(c, found, key, indexes)), None)
        if reference is None or any(index is None for index in indexes):
            continue
        rows = [
            (index or {}).get(table_key(value) or "")
            for index, value in zip(indexes, reference.values, strict=True)
        ]
        yield from _find_fields(found, key, reference, rows)
        return


def _list_keys(found: _ListFound) -> list[str]:
    """Return the keys that may identify elements, `id` first."""
    first: dict[str, Any] = found.seen[0][0]
    return sorted(
        (key for key in first if split_key(key) and split_key(key)[-1] in ID_WORDS),
        key=lambda key: ID_WORDS[split_key(key)[-1]] + len(split_key(key)),
    )


def _index_elements(items: list[Any], key: str) -> dict[str, Any] | None:
    """Return the elements by their *key*; None if it does not identify them."""
    index = {table_key(item.get(key)) or "": item for item in items}
    return index if len(index) == len(items) and "" not in index else None


def _refers(
    candidate: Candidate, found: _ListFound, key: str, indexes: Sequence[dict[str, Any] | None]
) -> bool:
    """Whether nearly all values of *candidate* are keys of the list, and its name fits the list."""
    if candidate.joined:
        return False
    about = set(split_key(make_singular(found.name))) | (set(split_key(key)) - ID_WORDS.keys())
    of_key = tuple(split_key(key)) == candidate.words and len(candidate.words) > 1
    if not (about & set(candidate.words) or of_key):
        return False
    pairs = zip(indexes, candidate.values, strict=True)
    known = sum(index is not None and (table_key(value) or "") in index for index, value in pairs)
    return known >= _REFERRING * len(candidate.values)


def _find_fields(
    found: _ListFound, key: str, reference: Candidate, rows: Sequence[Any]
) -> Iterator[Candidate]:
    joined = f"where `{key}` is `{reference.text}`"
    for path in list_paths(find_scalars, rows):
        if not path or path == (key,):
            continue
        text = write_path(f"lookup({found.text}, '{key}', {reference.text})", path)
        words, above = split_last_keys((make_singular(found.name), *path))
        values = find_values(rows, path)
        yield Candidate(text, words, above, values, found.depth, len(path), joined)


# --- JSON:API -------------------------------------------------------------------------------------


LIST: Path = ("data",)
"""Where the records of JSON:API are."""
_INCLUDED = "included"
_RELATIONS = "relationships"
_DEPTH = 4


def has_included(documents: Sequence[Any]) -> bool:
    """Whether answers are of JSON:API, and have resources beside their records.

    A resource is known by its type and its id together: ids of two types may be the same.
    """
    return any(
        isinstance(document, dict)
        and isinstance(document.get(LIST[0]), list)
        and _are_resources(document.get(_INCLUDED))
        for document in documents
    )


def _name_relation(path: Path) -> str | None:
    """Return `event_id` for `relationships.event.data.id`; None for any other path."""
    if len(path) < _DEPTH or path[-_DEPTH] != _RELATIONS or path[-2:] != ("data", "id"):
        return None
    return f"{path[-3]}_id"


def _find_included(scopes: Sequence[Mapping[str, Any]], record: str) -> Iterator[Candidate]:
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
    kinds = [one["type"] for one in named if isinstance(one, dict) and {"id", "type"} <= one.keys()]
    kind = kinds[0] if kinds else None
    are_several = kinds.count(kind) < len(kinds) or any(isinstance(one, list) for one in named)
    if are_several or not isinstance(kind, str):
        return
    rows = [_find_resource(items, one) for items, one in zip(seen, named, strict=True)]
    found = f"lookup({text}[?type == {write_literal(kind)}], 'id', {reference})"
    why = f"in `included`, by `{relation}`"
    for path in filter(None, list_paths(find_scalars, rows)):
        if path[0] == "attributes" or (path[0] == _RELATIONS and path[-1] == "id"):
            words, above = split_last_keys((relation, _name_relation(path) or path[-1]))
            values = find_values(rows, path)
            yield Candidate(write_path(found, path), words, above, values, 1, 2, why)


def _find_resource(items: Sequence[Mapping[str, Any]], named: Any) -> Any:
    if not isinstance(named, dict):
        return None
    wanted = (named.get("type"), named.get("id"))
    return next((row for row in items if (row["type"], row["id"]) == wanted), ABSENT)
