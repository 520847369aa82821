"""Convert jmespath's dictionaries to our own nodes. Different texts with one meaning become one node."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from ticketbridge.jmes import nodes
from ticketbridge.jmes.errors import ExpressionError

Tree: TypeAlias = dict[str, Any]

MAX_DEPTH = 100

_OPERATORS: dict[str, nodes.Operator] = {
    "eq": "==",
    "ne": "!=",
    "lt": "<",
    "lte": "<=",
    "gt": ">",
    "gte": ">=",
}
_CHAINS = frozenset({"subexpression", "index_expression", "pipe"})


def build_tree(text: str, tree: Tree) -> nodes.Node:
    """Return jmespath's *tree* as our nodes. *text* is for messages."""
    return _Builder(text).build(tree, 0)


class _Builder:
    def __init__(self, text: str) -> None:
        self._text = text
        self._depth = 0

    def build(self, tree: Tree, start: int) -> nodes.Node:
        """Return the node of *tree*. *start* is the place of parts that the text does not show."""
        start = tree.setdefault("start", start)
        self._depth += 1
        if self._depth > 2 * MAX_DEPTH:
            raise ExpressionError(self._text, start + 1, "nested too deeply")
        node = _MAKERS[tree["type"]](self, tree, start)
        self._depth -= 1
        return node

    def children(self, tree: Tree, start: int) -> tuple[nodes.Node, ...]:
        """Return the nodes of the children of *tree*."""
        return tuple(self.build(child, start) for child in tree["children"])

    def operands(self, tree: Tree, start: int) -> tuple[nodes.Node, ...]:
        """Return the operands of a row of equal operators: `a || b || c` is a tree of trees."""
        kind, backwards = tree["type"], []
        while tree["type"] == kind:
            backwards.append(tree["children"][1])
            tree = tree["children"][0]
        return tuple(self.build(each, start) for each in [tree, *reversed(backwards)])

    def chain(self, tree: Tree, start: int) -> nodes.Node:
        # The left side may be thousands of steps long: walked, not recursed into.
        backwards: list[Tree] = []
        while tree["type"] in _CHAINS:
            backwards += reversed(tree["children"][1:])
            tree = tree["children"][0]
        steps = tuple(self.build(step, start) for step in [tree, *reversed(backwards)])
        return nodes.Chain(start, steps)

    def comparison(self, tree: Tree, start: int) -> nodes.Node:
        left, right = self.children(tree, start)
        return nodes.Comparison(start, _OPERATORS[tree["value"]], left, right)

    def slice_of(self, tree: Tree, start: int) -> nodes.Node:
        if tree["children"][2] == 0:
            raise ExpressionError(self._text, start + 1, "the step of a slice must not be 0")
        return nodes.Slice(start, slice(*tree["children"]))

    def hash_of(self, tree: Tree, start: int) -> nodes.Node:
        pairs = [
            (pair["value"], self.build(pair["children"][0], start)) for pair in tree["children"]
        ]
        return nodes.HashOf(start, tuple(pairs))


_Make: TypeAlias = Callable[[_Builder, Tree, int], nodes.Node]


def _of_children(make: Callable[..., nodes.Node]) -> _Make:
    return lambda builder, tree, start: make(start, *builder.children(tree, start))


def _of_operands(make: Callable[..., nodes.Node]) -> _Make:
    return lambda builder, tree, start: make(start, builder.operands(tree, start))


def _of_value(make: Callable[..., nodes.Node]) -> _Make:
    return lambda _, tree, start: make(start, tree["value"])


_MAKERS: dict[str, _Make] = {
    **dict.fromkeys(_CHAINS, _Builder.chain),
    "or_expression": _of_operands(nodes.Either),
    "and_expression": _of_operands(nodes.Both),
    "not_expression": _of_children(nodes.Not),
    "comparator": _Builder.comparison,
    "projection": _of_children(nodes.Projection),
    "filter_projection": _of_children(nodes.Projection),
    "value_projection": _of_children(nodes.ValueProjection),
    "flatten": _of_children(nodes.Flatten),
    "slice": _Builder.slice_of,
    "multi_select_list": lambda builder, tree, start: nodes.ListOf(
        start, builder.children(tree, start)
    ),
    "multi_select_dict": _Builder.hash_of,
    "expref": _of_children(nodes.Reference),
    "function_expression": lambda builder, tree, start: nodes.Call(
        start, tree["value"], builder.children(tree, start)
    ),
    "current": lambda _, __, start: nodes.Current(start),
    "identity": lambda _, __, start: nodes.Current(start),
    "field": _of_value(nodes.Field),
    "index": _of_value(nodes.Index),
    "literal": _of_value(nodes.Constant),
}
