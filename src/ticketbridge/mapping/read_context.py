"""The context that every reader of a value needs, besides its node."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from ticketbridge.mapping.environment import PLACEHOLDER, Environment, Value, VariableError
from ticketbridge.mapping.findings import Place, Report
from ticketbridge.mapping.sensitive_names import is_sensitive_variable
from ticketbridge.mapping.yaml_nodes import Node

UNKNOWN = Value(PLACEHOLDER, known=False)


@dataclass(frozen=True, slots=True)
class Context:
    """The *report* for findings, the source of variables, and the *folder* of the mapping's other files."""

    report: Report
    environment: Environment
    folder: Path | None
    _values: dict[tuple[str, str | None], Value] = field(default_factory=dict, repr=False)

    def variable(self, name: str, default: str | None, place: Place, *, key: str) -> Value:
        """Return the value of the variable *name* under *key*. If it cannot be used, report that.

        After a finding, the value returned is one that is not known. A variable has one value in the
        whole mapping, even if its file changes meanwhile.
        """
        try:
            value = self._values.get((name, default)) or self.environment.look_up(
                name, default, is_secret=is_sensitive_variable(name, key)
            )
        except VariableError as error:
            self.report.error(place, error.code, str(error), error.suggestion)
            return UNKNOWN
        self._values[name, default] = value
        if not value.known:
            message = f"the variable {name} is not set; placeholder text stands in for it"
            self.report.warning(place, "TB021", message)
        return value


def text_of(node: Node | None, default: str = "") -> str:
    """Return the text of *node*, or *default* if it is absent or broken."""
    value = node.plain() if node else None
    return value if isinstance(value, str) else default
