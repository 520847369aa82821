"""What every builder needs beside its node."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ticketbridge.mapping.environment import PLACEHOLDER, Environment, Value, VariableError
from ticketbridge.mapping.findings import Place
from ticketbridge.mapping.nodes import Node, Scalar
from ticketbridge.mapping.report import Report
from ticketbridge.mapping.spec import ExpressionSpec

UNKNOWN = Value(PLACEHOLDER, known=False)


@dataclass(frozen=True, slots=True)
class Context:
    """Where findings go, where variables come from, and the *folder* of the mapping's other files."""

    report: Report
    environment: Environment
    folder: Path | None

    def variable(self, name: str, default: str | None, place: Place) -> Value:
        """The variable *name*; after a finding, one that is not known."""
        try:
            value = self.environment.look_up(name, default)
        except VariableError as error:
            self.report.error(place, error.code, str(error), error.suggestion)
            return UNKNOWN
        if not value.known:
            message = f"the variable {name} is not set; placeholder text stands in for it"
            self.report.warning(place, "TB021", message)
        return value


def text_of(node: Node | None, default: str = "") -> str:
    """The text of *node*; *default* where it is absent or broken."""
    value = node.plain() if node else None
    return value if isinstance(value, str) else default


def whole_number(node: Node | None, default: int) -> int:
    """The number of *node*; *default* where it is absent or broken. `2.0` is a whole number too."""
    value = node.plain() if node else None
    return int(value) if isinstance(value, int | float) else default


def is_true(node: Node | None, *, default: bool = False) -> bool:
    """Whether *node* says true; *default* where there is none."""
    return default if node is None else node.plain() is True


def expression(node: Node) -> ExpressionSpec:
    """The expression that *node* holds."""
    if not isinstance(node, Scalar):
        return ExpressionSpec("", node.place)
    return ExpressionSpec(text_of(node), node.at(0), node.pieces)


def optional_expression(node: Node | None) -> ExpressionSpec | None:
    """The expression that *node* holds, if there is one."""
    return None if node is None else expression(node)
