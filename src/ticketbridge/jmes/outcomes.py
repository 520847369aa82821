"""The types that a value can have, as far as the expression shows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import TypeAlias

from ticketbridge.jmes import nodes
from ticketbridge.jmes.functions import FUNCTIONS

Types: TypeAlias = frozenset[type]
Known: TypeAlias = Types | None
"""The possible types of a value; None: any."""

_NULL: Types = frozenset({type(None)})
_BOOLEAN: Types = frozenset({bool})
_LIST: Types = frozenset({list}) | _NULL
_OBJECT: Types = frozenset({dict}) | _NULL
_FIXED: Mapping[type, Types] = MappingProxyType(
    {
        nodes.Comparison: _BOOLEAN,
        nodes.Not: _BOOLEAN,
        nodes.HashOf: _OBJECT,
        nodes.ListOf: _LIST,
        nodes.Projection: _LIST,
        nodes.ValueProjection: _LIST,
        nodes.Flatten: _LIST,
        nodes.Slice: _LIST,
    }
)
_ROOTS: Mapping[str, Types] = MappingProxyType(
    {
        "user": frozenset({str}),
        "tickets": frozenset({list}),
        "headers": frozenset({dict}),
        "status": frozenset({int}),
        "page": frozenset({dict}),
    }
)


def outcomes(tree: nodes.Node, *, rooted: bool) -> Known:
    """Return the types that the value of *tree* can have. *rooted*: it starts with the names of roots."""
    match tree:
        case nodes.Field():
            return _ROOTS.get(tree.name) if rooted else None
        case nodes.Constant():
            return frozenset({type(tree.value)})
        case nodes.Chain():
            return outcomes(tree.steps[-1], rooted=rooted and len(tree.steps) == 1)
        case nodes.Either() | nodes.Both():
            return _choice(tree, rooted=rooted)
        case nodes.Call():
            return _call(tree, rooted=rooted)
        case _:
            types = _FIXED.get(type(tree))
            # They give null where they are taken from null, and the scope of the roots is none.
            made = rooted and isinstance(tree, nodes.HashOf | nodes.ListOf)
            return types - _NULL if types and made else types


def _union(several: Iterable[Known]) -> Known:
    known = list(several)
    if None in known:
        return None
    return frozenset[type]().union(*(types for types in known if types is not None))


def _choice(tree: nodes.Either | nodes.Both, *, rooted: bool) -> Known:
    """Return the types of the operands. Of a `||`, only the last operand can give null."""
    *first, last = (outcomes(part, rooted=rooted) for part in nodes.parts_of(tree)[0])
    if isinstance(tree, nodes.Either):
        first = [types and types - _NULL for types in first]
    return _union([*first, last])


def _call(call: nodes.Call, *, rooted: bool) -> Known:
    refine = _REFINED.get(call.name)
    if refine is not None:
        return refine([outcomes(argument, rooted=rooted) for argument in call.arguments])
    function = FUNCTIONS.get(call.name)
    return function.returns.types if function else None


def _default(arguments: list[Known]) -> Known:
    value, instead = arguments
    return _union([value and value - _NULL, instead])


_REFINED: Mapping[str, Callable[[list[Known]], Known]] = MappingProxyType(
    {
        "default": _default,
        "not_null": lambda arguments: _union([*arguments, _NULL]),
        "null_if": lambda arguments: _union([arguments[0], _NULL]),
        "optional": lambda arguments: _union([arguments[0], _NULL]),
    }
)
