"""Which element of a list belongs to a record: told by values that stand in both."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ticketbridge.engine.tickets.fields import table_key
from ticketbridge.workbench.draft.leads import is_weak
from ticketbridge.workbench.draft.platform_words import ID_WORDS, split_key
from ticketbridge.workbench.draft.sample_values import Path, find_scalars, find_value, write_path


@dataclass(frozen=True, slots=True)
class ListJoin:
    """The element whose *key* equals the value of the expression *reference*."""

    key: str
    reference: str


def find_join(scopes: Sequence[Mapping[str, Any]], lists: Sequence[Any]) -> ListJoin | None:
    """Return how the elements of *lists*, one list for each of *scopes*, are found; None if no value tells.

    Each record must refer to an element, by a value that is no small number unless several agree.
    """
    ranked = [
        (rank, ListJoin(key, reference))
        for key, known in _list_keys(lists)
        for rank, reference in _list_references(scopes, key, known)
    ]
    return max(ranked, key=lambda each: each[0])[1] if ranked else None


def _list_keys(lists: Sequence[Any]) -> Iterator[tuple[str, list[set[str]]]]:
    """Yield the keys that identify the elements, with their values in each list."""
    first = next((each[0] for each in lists if isinstance(each, list) and each), None)
    for key in first if isinstance(first, dict) else ():
        found = [_find_keys(each, key) for each in lists]
        known = [each for each in found if each is not None]
        if len(known) == len(lists):
            yield key, known


def _find_keys(elements: Any, key: str) -> set[str] | None:
    """Return the values of *key*; None if two elements have one, or an element has none."""
    if not isinstance(elements, list) or not all(isinstance(each, dict) for each in elements):
        return None
    values = [_as_word(each.get(key)) for each in elements]
    found = {value for value in values if value}
    return found if len(found) == len(values) else None


def _as_word(value: Any) -> str:
    """Return an id as a text; "" for what is none."""
    usable = isinstance(value, str | int) and not isinstance(value, bool)
    return (table_key(value) or "") if usable else ""


_Rank = tuple[bool, int, bool, int]


def _list_references(
    scopes: Sequence[Mapping[str, Any]], key: str, known: Sequence[set[str]]
) -> Iterator[tuple[_Rank, str]]:
    """Yield the expressions whose value is a key of the list in each scope."""
    for name, path in _list_paths(scopes):
        values = [_as_word(find_value(scope.get(name), path)) for scope in scopes]
        pairs = zip(values, known, strict=True)
        if not all(value in words for value, words in pairs):
            continue
        distinct = set(values)
        if len(distinct) == 1 and any(map(is_weak, distinct)):
            continue
        words = split_key(path[-1]) if path else []
        names_id = bool(words) and (words[-1] in ID_WORDS or words == split_key(key))
        yield (names_id, len(distinct), key == "id", -len(path)), write_path(name, path)


def _list_paths(scopes: Sequence[Mapping[str, Any]]) -> list[tuple[str, Path]]:
    found: dict[tuple[str, Path], None] = {}
    for scope in scopes:
        for name, value in scope.items():
            found.update(((name, path), None) for path, _ in find_scalars(value))
    return list(found)
