"""Whether a value fits a JSON Schema: found out fast, and said without repeating the value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import jsonschema_rs
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError, best_match
from referencing import Registry

from ticketbridge.contract.alike import DIALECT, Alike, alike
from ticketbridge.contract.shape import names_in

UNNAMED = "*"
_CHECKER = Draft202012Validator.FORMAT_CHECKER


@dataclass(frozen=True, slots=True)
class Breach:
    """One rule of a schema that a value breaks; *path* leads to the value, *rule* is the keyword.

    A property that the schema does not name is a `*` in it: an object may have persons for its keys.
    """

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
    """Holds JSON values to one schema (2020-12, formats included), or to *part*, a schema inside it.

    `breach` has the say. `check`, `fits` and `all_fit` are the same question, asked of a faster library
    first: its yes counts, for a schema that both read alike, and its no is asked again. Other schemas,
    and text with half a character, are left to the first alone. What neither reads is no JSON here either:
    numbers that are not finite, and integers of more digits than Python itself reads or writes.
    No reference out of the schema is ever fetched.
    """

    def __init__(self, schema: Mapping[str, Any], *, part: Mapping[str, Any] | None = None) -> None:
        whole = Draft202012Validator(schema, registry=Registry(), format_checker=_CHECKER)
        self._validator = whole if part is None else whole.evolve(schema=part)
        self._names = frozenset(names_in(schema)).union(names_in(part))
        copy = alike(schema, schema if part is None else part)
        self._one = None if copy is None else _compiled(copy, copy.entry)
        self._list = None if copy is None else _compiled(copy, {"items": copy.entry})

    def breach(self, value: object) -> Breach | None:
        """The most telling rule that *value* breaks, or None where it fits."""
        error = best_match(self._validator.iter_errors(value))
        return None if error is None else Breach(self._path(error), str(error.validator))

    def _path(self, error: ValidationError) -> tuple[str | int, ...]:
        known = self._names
        return tuple(s if isinstance(s, int) or s in known else UNNAMED for s in _path(error))

    def fits(self, value: object) -> bool:
        """Whether *value* fits."""
        return _is_a_yes(self._one, value) or self._validator.is_valid(value)

    def check(self, value: object) -> Breach | None:
        """As `breach`, for values of which most fit."""
        return None if _is_a_yes(self._one, value) else self.breach(value)

    def all_fit(self, values: list[Any]) -> bool:
        """Whether each of *values* fits; faster than to ask for one after the other."""
        return _is_a_yes(self._list, values) or all(map(self.fits, values))


_Fast = jsonschema_rs.Draft202012Validator


def _compiled(copy: Alike, schema: Mapping[str, Any]) -> _Fast | None:
    """The fast validator, or None where its library does not take the schema."""
    formats: dict[str, Callable[..., bool]] = {
        name: partial(_CHECKER.conforms, format=name) for name in copy.formats
    }
    document = {"$schema": DIALECT, **schema, "$defs": copy.definitions}
    try:
        return _Fast(document, formats=formats, validate_formats=True, offline=True)
    except ValueError:
        return None


def _is_a_yes(fast: _Fast | None, value: object) -> bool:
    try:
        return fast is not None and fast.is_valid(value)
    except ValueError:
        return False  # it does not take text that is no UTF-8


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
