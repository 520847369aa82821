"""The slips that an expression can have: each is the tree with one change."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from msgspec.structs import replace

from ticketbridge.jmes import nodes
from ticketbridge.jmes.writing import text_of

WithNode = Callable[[nodes.Node], nodes.Node]
Change = tuple[int, str, nodes.Node]
"""The place, the description of the change, and the new tree."""

_OTHER_OPERATOR: dict[str, nodes.Operator] = {
    "==": "!=",
    "!=": "==",
    "<": "<=",
    "<=": "<",
    ">": ">=",
    ">=": ">",
}
# What is in these, beside a `base`, has another current value.
_STEPPING = (nodes.Projection, nodes.ValueProjection, nodes.Reference)
# Of these each argument may be the one that was needed, as of `||`.
_ALTERNATIVES = frozenset({"default", "not_null"})


@dataclass(frozen=True, slots=True)
class Edit:
    """One mistake, at the offset *start* of the text: *change* describes it, *tree* has it."""

    start: int
    change: str
    tree: nodes.Node


@dataclass(frozen=True, slots=True)
class _TreeSpot:
    """A node, and its tree with another in its place.

    *at_root*: its current value is the scope of the roots. *before* gives its current value if that is a
    step further.
    """

    node: nodes.Node
    at_root: bool
    with_node: WithNode
    before: nodes.Node | None = None


Sibling = Callable[[nodes.Node, str], str | None]
"""From the objects that a node gives: another key that may be confused with the named one."""


def list_edits(tree: nodes.Node, sibling: Sibling) -> Iterator[Edit]:
    """Yield all mistakes in *tree*: keys, texts and numbers, operators, functions, conditions."""
    for spot in _list_spots(_TreeSpot(tree, at_root=True, with_node=lambda whole: whole)):
        for start, change, node in (*_list_changes(spot), *_list_confusions(spot, sibling)):
            yield Edit(start, change, spot.with_node(node))


def misspell(name: str) -> str:
    """Return *name* with a typing mistake."""
    return f"{name}{name[-1:] or 'x'}"


# --- the nodes of a tree --------------------------------------------------------------------------


def _list_spots(spot: _TreeSpot) -> Iterator[_TreeSpot]:
    yield spot
    for name in spot.node.__struct_fields__:
        value = getattr(spot.node, name)
        with_node = _make_member_change(spot, name)
        for child in _list_children(spot, name, value, with_node):
            yield from _list_spots(child)


def _list_children(
    spot: _TreeSpot, name: str, value: Any, with_node: Callable[[Any], nodes.Node]
) -> Iterator[_TreeSpot]:
    if isinstance(value, nodes.Node):
        steps_on = isinstance(spot.node, _STEPPING) and name != "base"
        yield _TreeSpot(value, at_root=spot.at_root and not steps_on, with_node=with_node)
    elif isinstance(value, tuple) and isinstance(spot.node, nodes.Chain):
        yield from _list_steps(spot, value, with_node)
    elif isinstance(value, tuple):
        for index, entry in enumerate(value):
            child = entry[1] if isinstance(entry, tuple) else entry
            yield _TreeSpot(child, spot.at_root, _make_entry_change(value, index, with_node))


def _list_steps(
    spot: _TreeSpot, steps: tuple[nodes.Node, ...], with_node: Callable[[Any], nodes.Node]
) -> Iterator[_TreeSpot]:
    yield _TreeSpot(steps[0], spot.at_root, _make_entry_change(steps, 0, with_node))
    for index in range(1, len(steps)):
        before = nodes.Chain(spot.node.start, steps[:index]) if spot.at_root else None
        yield _TreeSpot(
            steps[index],
            at_root=False,
            with_node=_make_entry_change(steps, index, with_node),
            before=before,
        )


def _make_member_change(spot: _TreeSpot, name: str) -> Callable[[Any], nodes.Node]:
    return lambda value: spot.with_node(replace(spot.node, **{name: value}))


def _make_entry_change(
    entries: tuple[Any, ...], index: int, with_node: Callable[[Any], nodes.Node]
) -> Callable[[nodes.Node], nodes.Node]:
    def put_entry(node: nodes.Node) -> nodes.Node:
        old = entries[index]
        entry = (old[0], node) if isinstance(old, tuple) else node
        return with_node((*entries[:index], entry, *entries[index + 1 :]))

    return put_entry


# --- what can be wrong with one -------------------------------------------------------------------


def _list_confusions(spot: _TreeSpot, sibling: Sibling) -> Iterator[Change]:
    if isinstance(spot.node, nodes.Field) and spot.before is not None:
        name = sibling(spot.before, spot.node.name)
        if name is not None:
            yield _make_change(spot.node, replace(spot.node, name=name))


def _list_changes(spot: _TreeSpot) -> Iterator[Change]:
    match node := spot.node:
        case nodes.Field() if not spot.at_root:
            yield _make_change(node, replace(node, name=misspell(node.name)))
        case nodes.Constant():
            yield from _change_constant(node)
        case nodes.Index():
            yield _make_change(node, replace(node, index=node.index + 1))
        case nodes.Comparison():
            operator = _OTHER_OPERATOR[node.operator]
            change = f"`{operator}` for `{node.operator}`"
            yield node.start, change, replace(node, operator=operator)
        case nodes.HashOf():
            yield from _change_keys(node)
        case _:
            yield from _drop_parts(node)


def _drop_parts(node: nodes.Node) -> Iterator[Change]:
    """Yield *node* without one of its parts."""
    match node:
        case nodes.Not():
            yield node.start, "`!` left out", node.condition
        case nodes.Projection() if node.condition is not None:
            part = node.condition
            yield part.start, f"{show_node(part)} left out", replace(node, condition=None)
        case nodes.Either():
            yield from _list_fewer(node.choices, partial(nodes.Either, node.start))
        case nodes.Both():
            yield from _list_fewer(node.conditions, partial(nodes.Both, node.start))
        case nodes.Call() if node.name in _ALTERNATIVES:
            yield from _list_fewer(node.arguments, partial(nodes.Call, node.start, node.name))
        case nodes.Call():
            plain = [part for part in node.arguments if not isinstance(part, nodes.Reference)]
            yield from ((node.start, f"`{node.name}` left out", part) for part in plain[:1])


def show_node(node: nodes.Node) -> str:
    """Return the text of *node* in backticks, unless it has backticks itself."""
    text = text_of(node)
    return text if "`" in text else f"`{text}`"


def _make_change(old: nodes.Node, new: nodes.Node) -> Change:
    return old.start, f"{show_node(new)} for {show_node(old)}", new


def _change_constant(node: nodes.Constant) -> Iterator[Change]:
    match node.value:
        case bool(value):
            yield _make_change(node, replace(node, value=not value))
        case int(value) | float(value):
            yield _make_change(node, replace(node, value=value + 1))
        case str(value):
            yield _make_change(node, replace(node, value=misspell(value)))


def _list_fewer(
    parts: tuple[nodes.Node, ...], make: Callable[[tuple[nodes.Node, ...]], nodes.Node]
) -> Iterator[Change]:
    for index, part in enumerate(parts):
        left = (*parts[:index], *parts[index + 1 :])
        yield part.start, f"{show_node(part)} left out", left[0] if len(left) == 1 else make(left)


def _change_keys(node: nodes.HashOf) -> Iterator[Change]:
    for index, (name, value) in enumerate(node.pairs):
        pair = (misspell(name), value)
        pairs = (*node.pairs[:index], pair, *node.pairs[index + 1 :])
        yield node.start, f"`{pair[0]}` for `{name}`", replace(node, pairs=pairs)
