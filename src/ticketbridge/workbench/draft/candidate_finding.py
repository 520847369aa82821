"""Everything that a field could be: each plain path of the bindings of records, and each join with a list.

Of lists it is the values by key in lists of keys and values, pairs of an id and a name as Odoo writes what a
record refers to, and the only element of lists as `sessions: [{"id": 7}]`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ticketbridge.engine.tickets.fields import table_key
from ticketbridge.workbench.draft.candidates import AS_FIRST, Candidate
from ticketbridge.workbench.draft.included import find_included, name_relation
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
    find_value,
    write_literal,
    write_path,
)

Scope = Mapping[str, Any]
_REFERRING = 0.75
"""How many of the records must be found in a list that is joined: an add-on may be in another."""

_SIZE = 2


def find_candidates(
    scopes: Sequence[Scope], below: Mapping[str, Path], way: Sequence[str]
) -> list[Candidate]:
    """Return the candidates of records with these *scopes*.

    *below* is the list that each binding leads to, *way* the bindings down to the record.
    """
    if not scopes:
        return []
    names = [name for name in scopes[0] if not isinstance(scopes[0][name], list)]
    plain = [c for name in names for c in _find_plain(name, way, scopes)]
    joined = [c for found in _find_lists_beside(scopes, below) for c in _find_joined(found, plain)]
    return [*plain, *joined, *_find_included(scopes, way)]


def _find_plain(name: str, way: Sequence[str], scopes: Sequence[Scope]) -> Iterator[Candidate]:
    aside = name not in way
    depth = 1 if aside else _measure_depth(name, way, scopes)
    paths: dict[Path, None] = {}
    for scope in scopes:
        paths.update((path, None) for path, _ in find_scalars(scope[name]))
    whole = [
        path
        for path in paths
        if not any(other[: len(path)] == path and other != path for other in paths)
    ]
    for path in whole:
        values = tuple(find_value(scope[name], path) for scope in scopes)
        text = write_path(name, path)
        if path[-1:] == (TEXT,) and path[:-1] in paths:
            text, values = _choose_text(name, path[:-1], values, scopes)
        if any(isinstance(value, dict | list) for value in values):
            continue
        last, around = _find_names(name, path)
        yield Candidate(
            text,
            tuple(split_key(last)),
            tuple(split_key(around)),
            values,
            depth,
            len(path),
            aside=aside,
            place=(name, *(key for key in path if key != TEXT)),
        )
    for path in _find_pair_lists(name, scopes):
        yield from _find_named_values(name, depth, path, scopes)
    for first in find_first_values(name, scopes):
        key, above = tuple(split_key(first.key)), tuple(split_key(first.around))
        yield Candidate(first.text, key, above, first.values, depth, first.nested, first.why)
    for pair in find_id_pairs(name, scopes):
        place = (name, *pair.path)
        words, above = tuple(split_key(pair.path[-1])), tuple(split_key(place[-2]))
        size = len(pair.path)
        yield Candidate(pair.id_text, words, above, pair.ids, depth, size, aside=aside, place=place)
        words = (*(word for word in words if word not in ID_WORDS), "name")
        place = (*place, "name")
        yield Candidate(
            pair.name_text, words, above, pair.names, depth, size, aside=aside, place=place
        )


def _choose_text(
    name: str, path: Path, texts: Sequence[Any], scopes: Sequence[Scope]
) -> tuple[str, tuple[Any, ...]]:
    """Return expression and values of an XML text whose element has attributes in some records only."""
    plain = [find_value(scope[name], path) for scope in scopes]
    text = write_path(name, (*path, TEXT))
    if not any(isinstance(value, str) for value in plain):
        return text, tuple(texts)
    both = zip(texts, plain, strict=True)
    values = tuple(p if t is ABSENT and not isinstance(p, dict) else t for t, p in both)
    return f"default(optional({text}), {write_path(name, path)})", values


def _find_names(name: str, path: Path) -> tuple[str, str]:
    """Return the key at *path* and the one around it; for the text of an XML element those of the element."""
    keys = (name, *path)
    if len(keys) > 1 and keys[-1] == TEXT:
        keys = keys[:-1]
    relation = name_relation(path)
    if relation is not None:
        return relation, ""
    return keys[-1], keys[-2] if len(keys) > 1 else ""


def _measure_depth(name: str, way: Sequence[str], scopes: Sequence[Scope]) -> int:
    """Return how far out the binding is; a record that is a plain text counts with what it stands in."""
    alone = not isinstance(scopes[0][way[-1]], dict | list)
    return max(0, len(way) - 1 - way.index(name) - (1 if alone else 0))


# --- lists of key and value -----------------------------------------------------------------------


def _find_pair_lists(name: str, scopes: Sequence[Scope]) -> list[Path]:
    """Return the paths of lists of `{key, value}` objects."""
    found: dict[Path, None] = {}
    for scope in scopes:
        found.update((path, None) for path, items in find_lists(scope[name]) if _list_pairs(items))
    return list(found)


def _find_named_values(
    name: str, depth: int, path: Path, scopes: Sequence[Scope]
) -> Iterator[Candidate]:
    every = [find_value(scope[name], path) for scope in scopes]
    keys = {
        item["key"]: None
        for items in every
        for item in _list_pairs(items)
        if isinstance(item["key"], str)
    }
    for key in keys:
        values = tuple(_find_value(items, key) for items in every)
        if all(not isinstance(value, dict | list) for value in values):
            text = f"lookup({write_path(name, path)}, 'key', '{key}').value"
            if "'" not in key and "\\" not in key:
                yield Candidate(text, tuple(split_key(key)), (), values, depth, len(path) + 1)


def _list_pairs(items: Any) -> list[dict[str, Any]]:
    """Return the `{key, value}` objects of a list; none if it is a list of something else."""
    found = items if isinstance(items, list) else []
    return found if all(isinstance(i, dict) and {"key", "value"} <= i.keys() for i in found) else []


def _find_value(items: Any, key: str) -> Any:
    return next((pair["value"] for pair in _list_pairs(items) if pair["key"] == key), None)


# --- pairs of an id and a name --------------------------------------------------------------------


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


# --- lists of one element at most -----------------------------------------------------------------


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
            yield from _find_first(write_path(name, path), path, every)


def _has_one_object_at_most(value: Any) -> bool:
    one = isinstance(value, list) and len(value) <= 1
    return one and all(isinstance(item, dict) for item in value)


def _find_first(text: str, path: Path, every: Sequence[list[Any]]) -> Iterator[FirstValue]:
    firsts = [value[0] if value else None for value in every]
    named = make_singular(next((key for key in reversed(path) if key not in GENERIC), ""))
    why = f"{AS_FIRST}`{text}`: no record has more here, can it?"
    for inner in dict.fromkeys(p for first in firsts for p, _ in find_scalars(first) if p):
        values = tuple(find_value(first, inner) for first in firsts)
        around = named if len(inner) == 1 else inner[-2]
        size = len(path) + len(inner)
        yield FirstValue(write_path(f"{text}[0]", inner), inner[-1], around, values, size, why)


# --- joins ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _ListFound:
    """A list beside the records: its expression, and its value for each record."""

    text: str
    name: str
    seen: tuple[Any, ...] = field(repr=False)
    depth: int = 1


def _find_lists_beside(scopes: Sequence[Scope], below: Mapping[str, Path]) -> Iterator[_ListFound]:
    for number, name in enumerate(scopes[0]):
        depth = max(1, len(scopes[0]) - 1 - number)
        paths: dict[Path, None] = {}
        for scope in scopes:
            paths.update((path, None) for path, _ in find_lists(scope[name]))
        for path in paths:
            if below.get(name) != path or isinstance(scopes[0][name], list):
                seen = tuple(find_value(scope[name], path) for scope in scopes)
                yield _ListFound(write_path(name, path), path[-1] if path else name, seen, depth)


def _find_joined(found: _ListFound, plain: Sequence[Candidate]) -> Iterator[Candidate]:
    """Yield the fields of the element whose key a record refers to."""
    if not all(isinstance(items, list) and _are_objects(items) for items in found.seen):
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


def _are_objects(items: list[Any]) -> bool:
    return bool(items) and all(isinstance(item, dict) for item in items)


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
    paths: dict[Path, None] = {}
    for row in rows:
        paths.update((path, None) for path, _ in find_scalars(row))
    joined = f"where `{key}` is `{reference.text}`"
    around = tuple(split_key(make_singular(found.name)))
    for path in paths:
        if not path or path == (key,):
            continue
        text = write_path(f"lookup({found.text}, '{key}', {reference.text})", path)
        values = tuple(find_value(row, path) for row in rows)
        above = tuple(split_key(path[-2])) if len(path) > 1 else around
        words = tuple(split_key(path[-1]))
        yield Candidate(text, words, above, values, found.depth, len(path), joined)


def _find_included(scopes: Sequence[Scope], way: Sequence[str]) -> Iterator[Candidate]:
    """Yield what the `included` resources of JSON:API say of a record."""
    for found in find_included(scopes, way[-1]) if way else ():
        words = tuple(split_key(found.key))
        above = tuple(split_key(found.relation))
        joined = f"in `included`, by `{found.relation}`"
        yield Candidate(found.text, words, above, found.values, 1, 2, joined)
