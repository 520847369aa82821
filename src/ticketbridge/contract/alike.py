"""A JSON Schema as the fast library is given it: only what both libraries read alike.

They differ in regular expressions (Python's and ECMAScript's), in fractions (`multipleOf`), in numbers
beyond a float's reach, and in what they know outside of the standard. A schema with such a thing is not
for the fast one. Of any other it gets a copy that leaves nothing to its reading: patterns are spelt out,
references lead to copies of what they point at, and keywords that the other ignores are not there.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from jsonschema import Draft202012Validator

from ticketbridge.contract.shape import Schema, pointed

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_TYPES = frozenset({"array", "boolean", "integer", "null", "number", "object", "string"})
_EXACT = 2**53  # up to here each integer is a float of its own

_ESCAPE = r"\\(?:[-./*+?()\[\]{}|^$ntrfv\\]|x[0-9a-fA-F]{2}|u(?![dD][89a-fA-F])[0-9a-fA-F]{4})"
_MEMBER = rf"(?:{_ESCAPE}|[^-\\\[\]])"
_CLASS = rf"\[\^?+(?!\])-?(?:{_MEMBER}(?:-{_MEMBER})?)*-?\]"
_TIMES = r"(?:(?:[*+?]|\{[0-9]{1,3}(?:,[0-9]{0,3})?\})\??)?"
_TOKEN = re.compile(
    rf"(?P<any>\.)(?P<times>{_TIMES})"
    rf"|(?:{_ESCAPE}|{_CLASS}|[^\\.\[\](){{}}*+?|^$]|\)){_TIMES}"
    rf"|\((?:\?:)?|\||\^|(?P<end>\$\Z)"
)
_SET_OPERATOR = re.compile(r"&&|--|~~|\|\|")


@dataclass(frozen=True, slots=True)
class Alike:
    """A schema (*entry*) with the *definitions* that it refers to, and the *formats* that it names."""

    entry: dict[str, Any]
    definitions: dict[str, Any]
    formats: frozenset[str]


class Unlike(Exception):
    """Something that the two libraries might read differently, or that is no schema to either."""


def alike(root: Schema, part: Schema) -> Alike | None:
    """*part* of the document *root* for the fast library, or None where the two might differ."""
    try:
        return _Copier(root).copied(part)
    except (Unlike, RecursionError):
        return None


class _Copier:
    """Copies schemas, and gathers what they refer to."""

    def __init__(self, root: Schema) -> None:
        self._root = root
        self._names: dict[str, str] = {}  # of the definitions to be, by reference
        self._formats: set[str] = set()
        self._keywords: dict[str, Callable[[Any], Any]] = {
            **_ASSERTIONS,
            **dict.fromkeys(("additionalProperties", "contains", "items", "not"), self._schema),
            **dict.fromkeys(("propertyNames", "if", "then", "else"), self._schema),
            **dict.fromkeys(("allOf", "anyOf", "oneOf", "prefixItems"), self._schemas),
            **dict.fromkeys(("properties", "dependentSchemas"), self._named_schemas),
            "patternProperties": self._pattern_schemas,
            "format": self._format,
            "$ref": self._reference,
        }

    def copied(self, part: Schema) -> Alike:
        """*part* and all that it refers to; raises Unlike."""
        if any("$id" in node for node in _objects(self._root) if node is not self._root):
            raise Unlike  # a reference below it leads elsewhere
        entry = self._object(part)
        definitions: dict[str, Any] = {}
        while len(definitions) < len(self._names):
            reference, name = list(self._names.items())[len(definitions)]
            definitions[name] = self._schema(pointed(reference, self._root))
        return Alike(entry, definitions, frozenset(self._formats))

    def _schema(self, node: object) -> bool | dict[str, Any]:
        return node if isinstance(node, bool) else self._object(node)

    def _object(self, node: object) -> dict[str, Any]:
        schema = _mapping(node)
        _check_whole(schema)
        if "$id" in schema and schema is not self._root:
            raise Unlike
        made = {}
        for keyword, value in schema.items():
            if keyword in self._keywords:
                made[keyword] = self._keywords[keyword](value)
            elif keyword in Draft202012Validator.VALIDATORS:
                raise Unlike
        return made

    def _schemas(self, nodes: object) -> list[Any]:
        return [self._schema(node) for node in _list(nodes)]

    def _named_schemas(self, nodes: object) -> dict[str, Any]:
        return {name: self._schema(node) for name, node in _mapping(nodes).items()}

    def _pattern_schemas(self, nodes: object) -> dict[str, Any]:
        made = [(_pattern(text), self._schema(node)) for text, node in _mapping(nodes).items()]
        return _mapping_of(made)

    def _format(self, name: object) -> str:
        self._formats.add(_text(name))
        return _text(name)

    def _reference(self, value: object) -> str:
        reference = _text(value)
        if "%" in reference or not (reference == "#" or reference.startswith("#/")):
            raise Unlike
        name = self._names.setdefault(reference, str(len(self._names)))
        return f"#/$defs/{name}"


def _check_whole(schema: Mapping[str, Any]) -> None:
    """What a schema says only with several of its keywords together."""
    if schema.get("$schema", DIALECT) not in {DIALECT, f"{DIALECT}#"}:
        raise Unlike
    items = schema.get("items")
    texts = isinstance(items, Mapping) and items.get("type") == "string"
    if "uniqueItems" in schema and (not texts or "prefixItems" in schema):
        raise Unlike  # whether 1, 1.0 and true are one


def _objects(node: object) -> Iterator[Mapping[str, Any]]:
    """All objects in *node*, itself first."""
    if isinstance(node, Mapping):
        yield node
        node = list(node.values())
    if isinstance(node, list):
        for value in node:
            yield from _objects(value)


# --- values of keywords ---------------------------------------------------------------------------


def _pattern(value: object) -> str:
    """The pattern as the other dialect says it: `.` and `$` are not the same in both."""
    text = _text(value)
    if _SET_OPERATOR.search(text):
        raise Unlike
    made: list[str] = []
    at = 0
    while at < len(text):
        token = _TOKEN.match(text, at)
        if token is None:
            raise Unlike
        made.append(_spelt_out(token))
        at = token.end()
    _check_python(text)
    return "".join(made)


def _check_python(pattern: str) -> None:
    try:
        re.compile(pattern)
    except re.error as error:
        raise Unlike from error


def _spelt_out(token: re.Match[str]) -> str:
    if token["any"]:
        return rf"[^\n]{token['times']}"
    return r"(?:\n?$)" if token["end"] else token[0]


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= _EXACT:
        raise Unlike
    return value


def _count(value: object) -> int:
    if not isinstance(value, int) or _number(value) < 0:
        raise Unlike
    return value


def _scalar(value: object) -> str | float | None:
    return value if value is None or isinstance(value, bool | str) else _number(value)


def _truth(value: object) -> bool:
    if not isinstance(value, bool):
        raise Unlike
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise Unlike
    return value


def _list(value: object) -> list[Any]:
    if not isinstance(value, list):
        raise Unlike
    return value


def _mapping(value: object) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise Unlike
    return value


def _mapping_of(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        raise Unlike
    return made


def _texts(value: object) -> list[str]:
    return [_text(entry) for entry in _list(value)]


def _kinds(value: object) -> str | list[str]:
    kinds = [value] if isinstance(value, str) else _texts(value)
    if not _TYPES.issuperset(kinds):
        raise Unlike
    return kinds


_ASSERTIONS: dict[str, Callable[[Any], Any]] = {
    "type": _kinds,
    "const": _scalar,
    "enum": lambda values: [_scalar(value) for value in _list(values)],
    "required": _texts,
    "dependentRequired": lambda needs: {name: _texts(v) for name, v in _mapping(needs).items()},
    "pattern": _pattern,
    "uniqueItems": _truth,
    **dict.fromkeys(("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"), _number),
    **dict.fromkeys(("minLength", "maxLength", "minItems", "maxItems"), _count),
    **dict.fromkeys(("minProperties", "maxProperties", "minContains", "maxContains"), _count),
}
