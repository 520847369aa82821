"""Check whether a value fits a JSON Schema, fast, and describe errors without repeating the value."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache, partial
from typing import Any, Final, cast

import jsonschema_rs

from ticketbridge.contract.shape import Schema, names_in, objects_in

UNNAMED: Final = "*"
NO_JSON: Final = "JSON"
"""The rule that a text with half a character breaks, if a rule of the schema looks into the text."""

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_WHERE = "ticketbridge:schema"
_WEAK = frozenset({"anyOf", "oneOf"})

_Error = jsonschema_rs.ValidationError
_Kinds = jsonschema_rs.ValidationErrorKind


@dataclass(frozen=True, slots=True)
class Breach:
    """One rule of a schema that a value breaks. *path* leads to the value; *rule* is the keyword.

    A property that the schema does not name is a `*` in the path, because the keys of an object may
    be persons.
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
    """Checks JSON values against a schema (2020-12, formats included), or against *part*, a schema inside it.

    Numbers are compared as decimals of any length: 19.99 is a multiple of 0.01. Regular expressions
    are those of ECMA-262. No reference out of the schema is ever fetched. Raises ValueError for such
    a reference, and if *schema* is no schema.
    """

    def __init__(self, schema: Schema, *, part: Schema | None = None) -> None:
        self._names, self._one, self._all = _compile(json.dumps(schema), json.dumps(part))

    def fits(self, value: object) -> bool:
        """Return whether *value* fits."""
        return _is_valid(self._one, value)

    def all_fit(self, values: list[Any]) -> bool:
        """Return whether each of *values* fits; this is faster than one check for each."""
        return _is_valid(self._all, values)

    def breach(self, value: object) -> Breach | None:
        """Return the most telling rule that *value* breaks, or None if it fits."""
        if _is_valid(self._one, value):
            return None
        try:
            error = _most_telling(self._one.iter_errors(value))
        except ValueError:
            return Breach((), NO_JSON)
        return Breach(self._path(error), error.kind.name)

    def breaches(self, value: object) -> list[Breach]:
        """Return all rules that *value* breaks, in the order in which they are met."""
        try:
            errors = list(self._one.iter_errors(value))
        except ValueError:
            return [Breach((), NO_JSON)]
        return [Breach(self._path(error), error.kind.name) for error in errors]

    def _path(self, error: _Error) -> tuple[str | int, ...]:
        known = self._names
        return tuple(s if isinstance(s, int) or s in known else UNNAMED for s in _steps(error))


# --- what would fit -------------------------------------------------------------------------------

_CHANGED_TEXTS: Final = frozenset({"enum", "const", "pattern"})
_CHANGES: Final[Mapping[str, Callable[[str], str]]] = {
    "upper": str.upper,
    "lower": str.lower,
    "trim": str.strip,
}


def find_change(breach: Breach, value: Any, validator: Validator) -> str:
    """Return the function after which the text that breaks a rule would not break it any more, or ""."""
    text = value
    for step in breach.path:
        text = text.get(step) if isinstance(step, str) and isinstance(text, dict) else None
    if breach.rule not in _CHANGED_TEXTS or not isinstance(text, str):
        return ""
    for name, change in _CHANGES.items():
        changed = _replace(value, breach.path, change(text))
        if changed != value and breach not in validator.breaches(changed):
            return name
    return ""


def _replace(value: Any, path: tuple[str | int, ...], new: str) -> Any:
    """Return a copy of *value*, an object in which *path* leads to a text, with *new* instead."""
    if not path:
        return new
    step, *rest = path
    return {**value, step: _replace(value[step], tuple(rest), new)}


# --- schemas --------------------------------------------------------------------------------------


def _free_name(definitions: Mapping[str, Any]) -> str:
    """Return a name with which no name in *definitions* begins."""
    name = "held"
    while any(other.startswith(name) for other in definitions):
        name += "-"
    return name


def _exact(node: object) -> object:
    """Return a schema in which whole numbers are integers: as a float, 1e30 would change."""
    if isinstance(node, float) and node.is_integer():
        return int(Decimal(repr(node)))
    if isinstance(node, Mapping):
        return {name: _exact(value) for name, value in node.items()}
    return [_exact(value) for value in node] if isinstance(node, list) else node


_Compiled = jsonschema_rs.Draft202012Validator


@lru_cache(maxsize=64)
def _compile(schema_text: str, part_text: str) -> tuple[frozenset[str], _Compiled, _Compiled]:
    """Return the names in a schema and its part, the check of one value, and the check of a list.

    Raises ValueError if it is no schema. The result is cached by the text, because nearly all
    mappings have the same schema.
    """
    schema, part = json.loads(schema_text), json.loads(part_text)
    names = frozenset(names_in(schema)).union(names_in(part))
    whole = cast("dict[str, Any]", _exact(schema))
    one = {"$ref": "#"} if part is None else _exact(part)
    name = _free_name(whole.get("$defs", {}))
    several = {"items": {"$ref": f"#/$defs/{name}-one"}}
    definitions = {**whole.get("$defs", {}), f"{name}-one": one, f"{name}-all": several}
    document = {**whole, "$schema": _DIALECT, "$defs": definitions}
    of_one, of_all = _compiled(document, f"/$defs/{name}-one", f"/$defs/{name}-all")
    return names, of_one, of_all


def _compiled(document: dict[str, Any], *pointers: str) -> Iterator[_Compiled]:
    """Yield the compiled schema at each of the *pointers* into *document*. Raises ValueError."""
    registry = jsonschema_rs.Registry([(_WHERE, document)])
    # The other formats are jsonschema-rs's own: this checker takes any text for one it does not know.
    declared = (part.get("format") for part in objects_in(document))
    formats = _formats_of({name for name in declared if isinstance(name, str)})
    for pointer in pointers:
        yield _Compiled(
            {"$schema": _DIALECT, "$ref": f"{_WHERE}#{pointer}"},
            registry=registry,
            formats=formats,
            validate_formats=True,
            offline=True,
        )


def _formats_of(names: Collection[str]) -> dict[str, Callable[..., bool]]:
    """Return the checks of those formats among *names* that jsonschema checks better."""
    if not names:
        return {}
    # The bundled contract has no formats: `serve` need not load what knows them.
    from jsonschema import Draft202012Validator  # noqa: PLC0415 - see above

    checker = Draft202012Validator.FORMAT_CHECKER
    return {
        name: partial(checker.conforms, format=name) for name in names if name in checker.checkers
    }


def _is_valid(compiled: _Compiled, value: object) -> bool:
    try:
        return compiled.is_valid(value)
    except ValueError:  # text that is no UTF-8
        return False


# --- what is said of a breach ---------------------------------------------------------------------


def _most_telling(errors: Iterable[_Error]) -> _Error:
    """Return the outermost error. If that has several alternatives, return the error of the closest one."""
    error = min(errors, key=lambda each: (len(each.instance_path), each.kind.name in _WEAK))
    while (inner := _closest(error)) is not None:
        error = inner
    return error


def _closest(error: _Error) -> _Error | None:
    """Return the single innermost error of all alternatives of *error*, or None."""
    if not isinstance(error.kind, _Kinds.AnyOf | _Kinds.OneOfNotValid):
        return None
    inner = [each for branch in error.kind.context for each in branch]
    depth = max((len(each.instance_path) for each in inner), default=0)
    deepest = [each for each in inner if len(each.instance_path) == depth]
    return deepest[0] if len(deepest) == 1 else None


def _steps(error: _Error) -> tuple[str | int, ...]:
    """Return the path of *error*, with the name of a missing or unknown property, which has no own path."""
    path = tuple(error.instance_path)
    match error.kind:
        case _Kinds.Required(name):
            return (*path, name)
        case _Kinds.AdditionalProperties(names) | _Kinds.UnevaluatedProperties(names):
            return (*path, *names[:1])
        case _:
            return path
