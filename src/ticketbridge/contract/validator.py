"""Whether a value fits a JSON Schema, said without repeating the value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError, best_match
from referencing import Registry


@dataclass(frozen=True, slots=True)
class Breach:
    """One rule of a schema that a value breaks; *path* leads to the value, *rule* is the keyword."""

    path: tuple[str | int, ...]
    rule: str

    @property
    def field(self) -> str:
        """The path as a field name: positions in lists are left out."""
        return ".".join(step for step in self.path if isinstance(step, str))

    def __str__(self) -> str:
        steps = "".join(f"[{s}]" if isinstance(s, int) else f".{s}" for s in self.path)
        return f"breaks `{self.rule}` @ ${steps}"


class Validator:
    """Holds values to one schema (2020-12, formats included), or to *part*, a schema inside it."""

    def __init__(self, schema: Mapping[str, Any], *, part: Mapping[str, Any] | None = None) -> None:
        # An empty registry resolves nothing outside the schema: no reference is ever fetched.
        whole = Draft202012Validator(
            schema, registry=Registry(), format_checker=Draft202012Validator.FORMAT_CHECKER
        )
        self._validator = whole if part is None else whole.evolve(schema=part)

    def breach(self, value: object) -> Breach | None:
        """The most telling rule that *value* breaks, or None where it fits."""
        error = best_match(self._validator.iter_errors(value))
        return None if error is None else Breach(_path(error), str(error.validator))


def _path(error: ValidationError) -> tuple[str | int, ...]:
    """Where the error is; a missing or unknown property is named, for it has no path of its own."""
    path = tuple(error.absolute_path)
    instance: Any = error.instance
    schema: Any = error.schema
    if error.validator == "required":
        return (*path, *[name for name in schema["required"] if name not in instance][:1])
    if error.validator == "additionalProperties":
        known = schema.get("properties", {})
        return (*path, *[name for name in instance if name not in known][:1])
    return path
