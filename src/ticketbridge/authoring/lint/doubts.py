"""How a rule says what it doubts."""

from __future__ import annotations

from ticketbridge.jmes import nodes
from ticketbridge.mapping.findings import Finding, Place
from ticketbridge.mapping.spec import ExpressionSpec


def doubt(place: Place, code: str, message: str, suggestion: str = "") -> Finding:
    """A warning at *place*: what is doubted may be meant."""
    return Finding(place, "warning", code, message, suggestion)


def doubt_in(
    spec: ExpressionSpec, node: nodes.Node, code: str, message: str, suggestion: str = ""
) -> Finding:
    """A warning at *node* of the expression *spec*."""
    return doubt(spec.at(node.start), code, message, suggestion)
