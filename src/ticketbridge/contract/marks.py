"""Check that a body gives the status of each ticket from which it gives anything.

With `ineligible: mark`, only the status tells a ticket that is not eligible from a valid one. A
status that the text does not show counts as left out.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, Literal, TypeAlias

from ticketbridge.jmes import nodes
from ticketbridge.mapping.spec import ExpressionSpec
from ticketbridge.mapping.spec_compiler import SpecCompiler

STATUS = "status"
VALID = "VALID"

_Fact: TypeAlias = Literal["list", "ticket", "status", "bare", "count"]
_Facts: TypeAlias = frozenset[_Fact]
"""The content of a value.

It is whole tickets in a list, one whole ticket, a part of a ticket with its status or without it, or the
number of tickets.
"""

_NONE: _Facts = frozenset()
_LIST: _Facts = frozenset({"list"})
_TICKET: _Facts = frozenset({"ticket"})
_MARKED: _Facts = frozenset({"status"})
_BARE: _Facts = frozenset({"bare"})
_CARRIERS: _Facts = frozenset({"list", "ticket", "status"})
_AS_THEY_ARE = frozenset(
    {"as_list", "default", "not_null", "optional", "reverse", "sort_by", "to_array", "to_string", "unique"}
)  # fmt: skip
_ONE_OF = frozenset({"lookup", "max_by", "min_by"})


def check_marks(tree: nodes.Node, spec: ExpressionSpec, compiler: SpecCompiler) -> None:
    """Report a body *spec*, whose syntax is *tree*, that gives a ticket without its status."""
    parts = [part for _, part in tree.pairs] if isinstance(tree, nodes.HashOf) else [tree]
    facts = [_facts(part, None) for part in parts]
    has_tickets = any(_CARRIERS & found for found in facts)
    for part, found in zip(parts, facts, strict=True):
        if "bare" in found or ("count" in found and not has_tickets):
            compiler.report(
                spec.at(part.start),
                "TB423",
                "`ineligible: mark` sends tickets that are not eligible, and what this takes of them"
                f" leaves out the `{STATUS}` that says so",
                f"add it, for example `state: {STATUS}`, take valid tickets alone,"
                f" `tickets[?{STATUS} == '{VALID}']`, or write `ineligible: omit`",
            )


def _facts(node: nodes.Node, current: _Facts | None) -> _Facts:
    """Return the content of the value of *node*, for a *current* value; None: for the roots."""
    return _RULES[type(node)](node, current)


def _of_chain(node: nodes.Chain, current: _Facts | None) -> _Facts:
    for step in node.steps:
        current = _facts(step, current)
    return current or _NONE


def _of_parts(node: nodes.Node, current: _Facts | None) -> list[_Facts]:
    return [_facts(part, current) for part in nodes.parts_of(node)[0]]


def _of_choice(node: nodes.Node, current: _Facts | None) -> _Facts:
    return _NONE.union(*_of_parts(node, current))


def _of_operation(node: nodes.Node, current: _Facts | None) -> _Facts:
    return _reckoned(_of_parts(node, current))


def _of_key(name: str, current: _Facts | None) -> _Facts:
    if current is None:
        return _LIST if name == "tickets" else _NONE
    if not current:
        return _NONE
    return _MARKED if current == _TICKET and name == STATUS else _BARE


def _element(several: _Facts) -> _Facts:
    return (several - _LIST) | _TICKET if "list" in several else several


def _of_projection(node: nodes.Projection, current: _Facts | None) -> _Facts:
    element = _element(_facts(node.base, current))
    if element == _TICKET and node.condition is not None and _is_valid_alone(node.condition):
        return _NONE
    return _several(_facts(node.each, element))


def _several(each: _Facts) -> _Facts:
    return (each - _TICKET) | _LIST if "ticket" in each else each


def _is_valid_alone(condition: nodes.Node) -> bool:
    """Return whether only a valid ticket meets *condition*."""
    match condition:
        case nodes.Comparison(operator="=="):
            sides = (condition.left, condition.right)
            fields = [side.name for side in sides if isinstance(side, nodes.Field)]
            values = [side.value for side in sides if isinstance(side, nodes.Constant)]
            return (fields, values) == ([STATUS], [VALID])
        case nodes.Both():
            return any(map(_is_valid_alone, condition.conditions))
        case _:
            return False


def _of_members(node: nodes.Node, current: _Facts | None) -> _Facts:
    """Return the content of an object or a list. Made of one ticket, it has the status if a member has."""
    whole = _of_choice(node, current)
    return (_MARKED if whole & _CARRIERS else whole) if current == _TICKET else whole


def _of_call(node: nodes.Call, current: _Facts | None) -> _Facts:
    arguments = [a for a in node.arguments if not isinstance(a, nodes.Reference)]
    found = [_facts(argument, current) for argument in arguments]
    union = _NONE.union(*found)
    if node.name == "length" and union == _LIST:
        return frozenset({"count"})
    if node.name in _AS_THEY_ARE:
        return union
    if node.name in _ONE_OF:
        return _element(union)
    if node.name == "map" and isinstance(node.arguments[0], nodes.Reference):
        return _several(_facts(node.arguments[0].body, _element(union)))
    if node.name == "merge" and union & _CARRIERS and not _names(arguments) & {STATUS}:
        return _MARKED
    return _BARE if union & {"list", "ticket"} else _reckoned(found)


def _names(arguments: Iterable[nodes.Node]) -> set[str]:
    """Return the keys of the objects that are written out. The keys of other objects are not known."""
    written = [argument for argument in arguments if isinstance(argument, nodes.HashOf)]
    return {name for argument in written for name, _ in argument.pairs}


def _reckoned(found: Collection[_Facts]) -> _Facts:
    """Return the content of a value that is calculated from several. It has the status if one of them has."""
    union = _NONE.union(*found)
    if union & _MARKED:
        return _MARKED
    return _BARE if union & {"list", "ticket", "bare"} else union


_RULES: Mapping[type[nodes.Node], Callable[[Any, _Facts | None], _Facts]] = {
    nodes.Current: lambda _, current: current or _NONE,
    nodes.Slice: lambda _, current: current or _NONE,
    nodes.Field: lambda node, current: _of_key(node.name, current),
    nodes.Index: lambda _, current: _element(current or _NONE),
    nodes.Constant: lambda _, __: _NONE,
    nodes.Chain: _of_chain,
    nodes.Projection: _of_projection,
    nodes.ValueProjection: lambda node, current: _BARE if _facts(node.base, current) else _NONE,
    nodes.Flatten: _of_choice,
    nodes.Comparison: _of_operation,
    nodes.Not: _of_operation,
    nodes.Either: _of_choice,
    nodes.Both: _of_choice,
    nodes.HashOf: _of_members,
    nodes.ListOf: _of_members,
    nodes.Call: _of_call,
}
