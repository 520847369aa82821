"""Functions on lists and objects."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from ticketbridge.jmes import kinds
from ticketbridge.jmes.budget import require_elements, spend
from ticketbridge.jmes.decimals import to_count
from ticketbridge.jmes.errors import ArgumentFault, describe, keys_beside
from ticketbridge.jmes.functions.standard import to_array
from ticketbridge.jmes.kinds import Example, Function, Inline, Parameter
from ticketbridge.jmes.values import digits, frozen

LOOKUP = "lookup"
LOOKUP_CACHE = "lookup()"
_MAX_INDEXES = 64
_MAX_RANGE = 100_000
_TEXTS = frozenset({str})


def _as_list(value: Any) -> list[Any]:
    return [] if value is None else to_array(value)


def _lookup(scope: Mapping[str, Any], array: list[Any], key: str, value: Any) -> Any:
    return _indexed(scope, array, key).get(digits(value))


def _indexed(scope: Mapping[str, Any], array: list[Any], key: str) -> dict[Any, Any]:
    """Return the elements of *array* by the `digits` of their *key*. Raises ArgumentFault if one lacks it.

    The cache in *scope* keeps the index for the next call.
    """
    cache = scope.get(LOOKUP_CACHE)
    if type(cache) is not dict:
        return _index(array, key)
    entry = cache.get((id(array), key))
    # The entry holds the list, so that its id cannot pass to another one.
    if entry is None or entry[0] is not array or entry[1] != len(array):
        while len(cache) >= _MAX_INDEXES:
            del cache[next(iter(cache))]
        entry = array, len(array), _index(array, key)
        cache[id(array), key] = entry
    index: dict[Any, Any] = entry[2]
    return index


def _index(array: list[Any], key: str) -> dict[Any, Any]:
    spend(len(array))
    try:
        # Backwards: of elements with one value the first is found.
        index = {element[key]: element for element in reversed(array)}
    except (KeyError, TypeError):
        return _index_of_all(array, key)
    return index if _TEXTS.issuperset(map(type, index)) else _index_of_all(array, key)


def _index_of_all(array: list[Any], key: str) -> dict[Any, Any]:
    """Return an index for values of all types. Raises ArgumentFault if an element has no such key."""
    index: dict[Any, Any] = {}
    for at, element in enumerate(array):
        if not isinstance(element, dict):
            raise ArgumentFault(f"element {at} is {describe(element)}, and no object")
        if key not in element:
            # The key may be a value of the data: it is not shown.
            raise ArgumentFault(f"element {at} lacks the key; {keys_beside(key, element)}")
        index.setdefault(digits(element[key]), element)
    return index


def _unique(array: list[Any]) -> list[Any]:
    first: dict[Any, Any] = {}
    spend(len(array))
    for element in array:
        first.setdefault(frozen(element), element)
    return list(first.values())


def _range(count: Any) -> list[int]:
    spend(count)
    return list(range(count))


def _count(value: Any) -> int:
    count = to_count(value)
    if not 0 <= count <= _MAX_RANGE:
        raise ArgumentFault(f"it must be from 0 to {_MAX_RANGE}")
    return count


def _descendants(array: list[Any], key: str) -> list[Any]:
    found: list[Any] = []
    levels: list[Iterator[Any]] = [iter(array)]
    while levels:
        node = next(levels[-1], _END)
        if node is _END:
            levels.pop()
            continue
        if not isinstance(node, dict):
            raise ArgumentFault(f"a node is {describe(node)}, and no object")
        found.append(node)
        levels.append(iter(_children(node, key)))
    return found


_END = object()


def _children(node: dict[str, Any], key: str) -> list[Any]:
    children = node.get(key)
    if children is None:
        return []
    if type(children) is not list:
        raise ArgumentFault(f"the children of a node are {describe(children)}, no array")
    return children


def _items(value: Any) -> list[Any]:
    if type(value) is list:
        if value:
            raise ArgumentFault("it is given an array that is not empty, and no object")
        return []
    spend(len(value))
    return [{"key": key, "value": element} for key, element in value.items()]


def _rows(columns: list[str], rows: list[Any]) -> list[Any]:
    if len(set(columns)) < len(columns):
        raise ArgumentFault("a column comes twice")
    require_elements(len(rows))
    spend(len(rows) * (1 + len(columns)))
    return [_row(at, columns, row) for at, row in enumerate(rows)]


def _row(at: int, columns: list[str], row: Any) -> dict[str, Any]:
    if type(row) is not list:
        raise ArgumentFault(f"row {at} is {describe(row)}, and no array")
    if len(row) != len(columns):
        raise ArgumentFault(f"row {at} has {len(row)} values for {len(columns)} columns")
    return dict(zip(columns, row, strict=True))


_LIST = Parameter("list", kinds.ARRAY)
_KEY = Parameter("key", kinds.STRING)

LISTS = (
    Function(
        "as_list",
        (Parameter("value", kinds.ANY),),
        kinds.ARRAY,
        "An empty list for null, a list as it is, anything else as the one element of a list.",
        (
            Example("as_list(order)", {"order": {"id": 1}}, [{"id": 1}]),
            Example("as_list(order)", {"order": None}, []),
        ),
        _as_list,
        inline=Inline("[] if {0} is None else {0}", "{0} is None or type({0}) is list"),
    ),
    Function(
        LOOKUP,
        (_LIST, _KEY, Parameter("value", kinds.ANY)),
        kinds.ANY,
        "The first element whose `key` equals `value`, or null. An integer and the text of its"
        " digits are equal here; a boolean equals no number. Every element must be an object with"
        " that key, inside of `optional` too.",
        (
            Example(
                "lookup(events, 'id', event).name",
                {"events": [{"id": 7, "name": "Rock"}], "event": "7"},
                "Rock",
            ),
        ),
        _lookup,
        scoped=True,
    ),
    Function(
        "items",
        (Parameter("object", kinds.OBJECT_OR_EMPTY),),
        kinds.ARRAY,
        "The members of an object, as a list of `{key, value}`, for objects whose keys are data. An"
        " empty array, as PHP writes an empty object, has none.",
        (
            Example(
                "items(tickets)[*].{id: key, state: value.state}",
                {"tickets": {"17": {"state": "PAID"}}},
                [{"id": "17", "state": "PAID"}],
            ),
            Example("items(tickets)", {"tickets": []}, []),
        ),
        _items,
    ),
    Function(
        "rows",
        (Parameter("columns", kinds.STRING_ARRAY), Parameter("rows", kinds.ARRAY)),
        kinds.ARRAY,
        "Objects made of the names of columns and of rows of values. Each row must have as many values"
        " as there are columns, and no column may come twice.",
        (
            Example(
                "rows(head, data)",
                {"head": ["id", "state"], "data": [[17, "PAID"]]},
                [{"id": 17, "state": "PAID"}],
            ),
        ),
        _rows,
    ),
    Function(
        "unique",
        (_LIST,),
        kinds.ARRAY,
        "The list without elements that equal an earlier one.",
        (Example("unique(ids)", {"ids": [1, 2, 1]}, [1, 2]),),
        _unique,
    ),
    Function(
        "range",
        (Parameter("count", kinds.NUMBER, prepare=_count),),
        kinds.NUMBER_ARRAY,
        f"The list of the whole numbers from 0 to `count` - 1; `count` is {_MAX_RANGE} at most.",
        (Example("range(quantity)", {"quantity": 3}, [0, 1, 2]),),
        _range,
    ),
    Function(
        "descendants",
        (_LIST, _KEY),
        kinds.ARRAY,
        "All nodes of a tree, parents before their children. `key` names the list of a node's"
        " children; a node without it, or with null, is a leaf.",
        (
            Example(
                "descendants(zones, 'parts')[*].id",
                {"zones": [{"id": "A", "parts": [{"id": "A1"}]}, {"id": "B"}]},
                ["A", "A1", "B"],
            ),
        ),
        _descendants,
    ),
)

LOOKUP_INDEX = replace(
    next(function for function in LISTS if function.name == LOOKUP),
    parameters=(_LIST, _KEY),
    call=_indexed,
)
"""The first half of `lookup`: it makes the index of a list, in which code then finds each value."""
