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

    def chain(self, tree: Tree, start: int) -> nodes.Node:
        return nodes.Chain(start, self._steps(tree, start))

    def _steps(self, tree: Tree, start: int) -> tuple[nodes.Node, ...]:
        # The left side may be thousands of steps long: walked, not recursed into.
        backwards: list[Tree] = []
        while tree["type"] in _CHAINS:
            backwards += reversed(tree["children"][1:])
            tree = tree["children"][0]
        return tuple(self.build(step, start) for step in [tree, *reversed(backwards)])

    def _operands(self, tree: Tree, start: int) -> tuple[nodes.Node, ...]:
        kind, backwards = tree["type"], []
        while tree["type"] == kind:
            backwards.append(tree["children"][1])
            tree = tree["children"][0]
        return tuple(self.build(each, start) for each in [tree, *reversed(backwards)])

    def _children(self, tree: Tree, start: int) -> tuple[nodes.Node, ...]:
        return tuple(self.build(child, start) for child in tree["children"])

    def either(self, tree: Tree, start: int) -> nodes.Node:
        return nodes.Either(start, self._operands(tree, start))

    def both(self, tree: Tree, start: int) -> nodes.Node:
        return nodes.Both(start, self._operands(tree, start))

    def negation(self, tree: Tree, start: int) -> nodes.Node:
        return nodes.Not(start, *self._children(tree, start))

    def comparison(self, tree: Tree, start: int) -> nodes.Node:
        left, right = self._children(tree, start)
        return nodes.Comparison(start, _OPERATORS[tree["value"]], left, right)

    def projection(self, tree: Tree, start: int) -> nodes.Node:
        base, each = self._children(tree, start)
        return nodes.Projection(start, base, each, None)

    def filtered(self, tree: Tree, start: int) -> nodes.Node:
        return nodes.Projection(start, *self._children(tree, start))

    def values(self, tree: Tree, start: int) -> nodes.Node:
        return nodes.ValueProjection(start, *self._children(tree, start))

    def flatten(self, tree: Tree, start: int) -> nodes.Node:
        return nodes.Flatten(start, *self._children(tree, start))

    def slice_of(self, tree: Tree, start: int) -> nodes.Node:
        if tree["children"][2] == 0:
            raise ExpressionError(self._text, start + 1, "the step of a slice must not be 0")
        return nodes.Slice(start, slice(*tree["children"]))

    def list_of(self, tree: Tree, start: int) -> nodes.Node:
        return nodes.ListOf(start, self._children(tree, start))

    def hash_of(self, tree: Tree, start: int) -> nodes.Node:
        pairs = [
            (pair["value"], self.build(pair["children"][0], start)) for pair in tree["children"]
        ]
        return nodes.HashOf(start, tuple(pairs))

    def reference(self, tree: Tree, start: int) -> nodes.Node:
        return nodes.Reference(start, *self._children(tree, start))

    def call(self, tree: Tree, start: int) -> nodes.Node:
        return nodes.Call(start, tree["value"], self._children(tree, start))

    def current(self, _tree: Tree, start: int) -> nodes.Node:
        return nodes.Current(start)

    def field(self, tree: Tree, start: int) -> nodes.Node:
        return nodes.Field(start, tree["value"])

    def index(self, tree: Tree, start: int) -> nodes.Node:
        return nodes.Index(start, tree["value"])

    def constant(self, tree: Tree, start: int) -> nodes.Node:
        return nodes.Constant(start, tree["value"])


_MAKERS: dict[str, Callable[[_Builder, Tree, int], nodes.Node]] = {
    "subexpression": _Builder.chain,
    "index_expression": _Builder.chain,
    "pipe": _Builder.chain,
    "or_expression": _Builder.either,
    "and_expression": _Builder.both,
    "not_expression": _Builder.negation,
    "comparator": _Builder.comparison,
    "projection": _Builder.projection,
    "filter_projection": _Builder.filtered,
    "value_projection": _Builder.values,
    "flatten": _Builder.flatten,
    "slice": _Builder.slice_of,
    "multi_select_list": _Builder.list_of,
    "multi_select_dict": _Builder.hash_of,
    "expref": _Builder.reference,
    "function_expression": _Builder.call,
    "current": _Builder.current,
    "identity": _Builder.current,
    "field": _Builder.field,
    "index": _Builder.index,
    "literal": _Builder.constant,
}
