"""Whether a value fits a JSON Schema: found out fast, and said without repeating the value."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import jsonschema_rs
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError, best_match
from referencing import Registry

_PATTERNS = ("pattern", "patternProperties")
# Python and the fast library read these differently, or only one of them reads them: classes of
# characters by letter, look-around and flags, sets within brackets.
_DIALECT = re.compile(r"\\[^\\.\-+*?()\[\]{}|^$/ntrfvux]|\(\?(?!:)|&&|--|~~|\|\||\[:")


_CHECKER = Draft202012Validator.FORMAT_CHECKER
_FORMATS = (
    *("date", "date-time", "duration", "time"),
    *("email", "hostname", "idn-email", "idn-hostname", "ipv4", "ipv6"),
    *("iri", "iri-reference", "uri", "uri-reference", "uri-template"),
    *("json-pointer", "relative-json-pointer", "regex", "uuid"),
)


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
    """Holds values to one schema (2020-12, formats included), or to *part*, a schema inside it.

    `breach` has the say; `fits` is the same question asked of a faster library, whose yes counts and
    whose no does not. Schemas that the two might read differently are left to the first alone. No
    reference out of the schema is ever fetched by either.
    """

    def __init__(self, schema: Mapping[str, Any], *, part: Mapping[str, Any] | None = None) -> None:
        whole = Draft202012Validator(schema, registry=Registry(), format_checker=_CHECKER)
        self._validator = whole if part is None else whole.evolve(schema=part)
        self._fast = _compiled(_standing_alone(schema, part))

    def breach(self, value: object) -> Breach | None:
        """The most telling rule that *value* breaks, or None where it fits."""
        error = best_match(self._validator.iter_errors(value))
        return None if error is None else Breach(_path(error), str(error.validator))

    def fits(self, value: object) -> bool:
        """Whether *value* fits; never raises for a JSON value."""
        try:
            if self._fast is not None and self._fast.is_valid(value):
                return True
        except ValueError:
            pass  # text that is no UTF-8: the library does not take it
        return self.breach(value) is None

    def all_fit(self, values: Iterable[object]) -> bool:
        """Whether each of *values* fits."""
        return all(map(self.fits, values))


def _standing_alone(
    schema: Mapping[str, Any], part: Mapping[str, Any] | None
) -> Mapping[str, Any] | None:
    """*part* with the definitions that it refers to, or None where it refers to anything else."""
    if part is None:
        return schema
    definitions = {name: schema[name] for name in ("$defs", "definitions") if name in schema}
    known = tuple(f"#/{name}/" for name in definitions)
    for node in _schemas({**part, **definitions}):
        reference = node.get("$ref", "#/$defs/")
        if "$dynamicRef" in node or not str(reference).startswith((*known, "#/$defs/")):
            return None
    return {**part, **definitions}


def _compiled(schema: Mapping[str, Any] | None) -> jsonschema_rs.Draft202012Validator | None:
    """The fast validator, or None where both libraries might not read the schema alike."""
    if schema is None or any(map(_is_of_a_dialect, _patterns(schema))):
        return None
    if any("multipleOf" in node for node in _schemas(schema)):
        return None  # one reckons in floats, the other exactly
    try:
        return jsonschema_rs.Draft202012Validator(
            dict(schema), formats=_same_formats(), validate_formats=True, offline=True
        )
    except ValueError:
        return None


def _same_formats() -> dict[str, Callable[[str], bool]]:
    """Each format as the other library has it: its own readings are stricter, or more."""
    return {name: partial(_CHECKER.conforms, format=name) for name in _FORMATS}


def _is_of_a_dialect(pattern: str) -> bool:
    return bool(_DIALECT.search(pattern))


def _patterns(schema: Mapping[str, Any]) -> Iterator[str]:
    for node in _schemas(schema):
        for keyword in _PATTERNS:
            found = node.get(keyword, ())
            yield from [found] if isinstance(found, str) else found


def _schemas(node: object) -> Iterator[Mapping[str, Any]]:
    """All objects in a schema, itself first."""
    if isinstance(node, Mapping):
        yield node
        for value in node.values():
            yield from _schemas(value)
    elif isinstance(node, list):
        for value in node:
            yield from _schemas(value)


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
