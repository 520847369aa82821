"""The steps that one evaluation of a node costs, as far as its text shows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

from ticketbridge.jmes import nodes

_OWN: Mapping[type, int] = MappingProxyType(
    {nodes.Constant: 0, nodes.Current: 0, nodes.Reference: 0, nodes.Chain: 0, nodes.Call: 10}
)
"""The steps of a node without its parts, if that is not one step."""


def weight(*parts: nodes.Node | None) -> int:
    """Return the steps that *parts* take for each element. Loops in them count for themselves."""
    return max(1, _sum(part for part in parts if part is not None))


def _sum(parts: Iterable[nodes.Node]) -> int:
    return sum(_OWN.get(type(part), 1) + _sum(_evaluated(part)) for part in parts)


def _evaluated(node: nodes.Node) -> Sequence[nodes.Node]:
    """Return the parts that one evaluation of *node* evaluates once."""
    match node:
        case nodes.Chain(steps=parts) | nodes.Call(arguments=parts) | nodes.ListOf(items=parts):
            return parts
        case nodes.Either(choices=parts) | nodes.Both(conditions=parts):
            return parts
        case nodes.HashOf(pairs=pairs):
            return [value for _, value in pairs]
        case nodes.Comparison(left=left, right=right):
            return [left, right]
        case (
            nodes.Projection(base=part)
            | nodes.ValueProjection(base=part)
            | nodes.Flatten(base=part)
            | nodes.Not(condition=part)
        ):
            return [part]
        case _:
            return []
