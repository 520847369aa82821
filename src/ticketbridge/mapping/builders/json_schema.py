"""Whether a JSON Schema can be used: as a schema, without the network, and in bounded time."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

from ticketbridge.mapping.words import shown

Schema = Mapping[str, Any]
DIALECT = "https://json-schema.org/draft/2020-12/schema"
REFERENCES = frozenset({"$ref", "$dynamicRef"})
# What stands below these is data, and no schema.
DATA = frozenset({"const", "enum", "default", "examples"})
# What stands below these is asked of the same value.
_SAME = ("not", "if", "then", "else")
_SAME_LISTS = ("allOf", "anyOf", "oneOf")


class SchemaSlip(ValueError):
    """What is wrong with a schema; *code* is that of the finding."""

    def __init__(self, message: str, suggestion: str = "", *, code: str = "TB081") -> None:
        self.suggestion = suggestion
        self.code = code
        super().__init__(message)


def check_schema(document: dict[str, Any]) -> None:
    """Raises SchemaSlip where *document* is no schema of this version that stands alone and ends."""
    dialect = document.get("$schema", DIALECT)
    if dialect not in {DIALECT, f"{DIALECT}#"}:
        raise SchemaSlip("is of another version of JSON Schema", f'"$schema": "{DIALECT}"')
    for pattern in patterns(document):
        _check_pattern(pattern)
    try:
        Draft202012Validator.check_schema(document)
    except SchemaError as error:
        raise SchemaSlip(f"is no JSON Schema: see {error.json_path}") from None
    for schema in _schemas(document):
        _check_references(schema, document)
    _check_end(document)


def patterns(document: Schema) -> Iterator[str]:
    """Every regular expression in *document*."""
    for schema in _schemas(document):
        if isinstance(schema.get("pattern"), str):
            yield schema["pattern"]
        if isinstance(schema.get("patternProperties"), dict):
            yield from schema["patternProperties"]


def _check_pattern(pattern: str) -> None:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            re.compile(pattern)
    except (re.error, OverflowError, Warning) as error:
        reason = str(error).partition(" at position")[0].lower()
        message = f"has a regular expression that cannot be used, {shown(pattern)}: {reason}"
        raise SchemaSlip(message) from None


# --- references -----------------------------------------------------------------------------------


def _check_references(schema: Schema, document: dict[str, Any]) -> None:
    if "$id" in schema and schema is not document:
        raise SchemaSlip("has an `$id` inside", "keep the one at the top")
    for keyword in REFERENCES & schema.keys():
        target = schema[keyword]
        if not isinstance(target, str):
            continue
        if not target.startswith("#"):
            message = f"has a `{keyword}` that leads out of the file; nothing is fetched"
            raise SchemaSlip(message, 'copy it below "$defs" and write "#/$defs/..."')
        if not isinstance(_target(target[1:], document), dict | bool):
            raise SchemaSlip(f"has a `{keyword}` to {shown(target)}, which is not there")


def _target(fragment: str, document: dict[str, Any]) -> Any:
    """What the *fragment* of a reference leads to, or None."""
    if fragment and not fragment.startswith("/"):
        anchored = (s for s in _schemas(document) if fragment in _anchors(s))
        return next(anchored, None)
    node: Any = document
    for step in fragment.split("/")[1:]:
        key = step.replace("~1", "/").replace("~0", "~")
        if isinstance(node, list) and key.isdecimal() and int(key) < len(node):
            node = node[int(key)]
        else:
            node = node.get(key) if isinstance(node, dict) else None
    return node


def _anchors(schema: Schema) -> tuple[Any, Any]:
    return schema.get("$anchor"), schema.get("$dynamicAnchor")


def _check_end(document: dict[str, Any]) -> None:
    """No schema asks itself of the same value: that would never end."""
    done: set[int] = set()
    for schema in _schemas(document):
        trail: list[tuple[Schema, Iterator[Schema]]] = [(schema, _same_value(schema, document))]
        while trail and id(trail[-1][0]) not in done:
            following = next(trail[-1][1], None)
            if following is None:
                done.add(id(trail.pop()[0]))
            elif any(following is above for above, _ in trail):
                message = "has a `$ref` that leads back to itself before it says anything"
                raise SchemaSlip(message, "say below it what the value is", code="TB082")
            elif id(following) not in done:
                trail.append((following, _same_value(following, document)))


def _same_value(schema: Schema, document: dict[str, Any]) -> Iterator[Schema]:
    """The schemas that *schema* asks of the very value that it is asked of."""
    # A property may have the name of a keyword: then no schema of that keyword stands below it.
    targets = (schema.get(word) for word in sorted(REFERENCES))
    yield from _only_schemas(_target(ref[1:], document) for ref in targets if isinstance(ref, str))
    yield from _only_schemas(schema.get(word) for word in _SAME)
    for word in _SAME_LISTS:
        listed = schema.get(word)
        yield from _only_schemas(listed if isinstance(listed, list) else ())
    dependent = schema.get("dependentSchemas")
    yield from _only_schemas(dependent.values() if isinstance(dependent, dict) else ())


def _only_schemas(parts: Iterable[Any]) -> Iterator[Schema]:
    return (part for part in parts if isinstance(part, dict))


def _schemas(node: Any) -> Iterator[dict[str, Any]]:
    """Every object of the document that may be a schema."""
    if isinstance(node, dict):
        yield node
        for key, value in node.items():
            if key not in DATA:
                yield from _schemas(value)
    elif isinstance(node, list):
        for entry in node:
            yield from _schemas(entry)


# --- slow patterns --------------------------------------------------------------------------------

_TOKEN = re.compile(
    r"(?P<open>\((?:\?(?:P?<[^=!>]*>|[^)a-zA-Z]|[a-zA-Z-]+:)?)?)|(?P<or>\|)|(?P<edge>[\^$])"
    r"|(?:(?P<close>\))|\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|.)"
    r"(?:(?P<endless>[*+]|\{[0-9]*,\})|(?P<maybe>\?|\{0?,[0-9]+\})|\{[0-9,]+\})?",
    re.DOTALL,
)


@dataclass(slots=True)
class _Group:
    """What was seen of a group: *repeats* something endlessly; *solid*: needs something once.

    *loose*: an earlier alternative repeats something, and needs nothing else.
    """

    repeats: bool = False
    solid: bool = False
    loose: bool = False

    def close(self) -> None:
        """An alternative ends."""
        self.loose |= self.repeats and not self.solid
        self.repeats = self.solid = False


def is_slow(pattern: str) -> bool:
    """Whether *pattern* repeats a group that itself is nothing but a repetition, as `(a+)+` does.

    How such a text is divided can be tried in exponentially many ways.
    """
    groups = [_Group()]
    for token in _TOKEN.finditer(pattern):
        if token["open"]:
            groups.append(_Group())
        elif token["or"]:
            groups[-1].close()
        elif not token["edge"]:
            inner = groups.pop() if token["close"] and len(groups) > 1 else _Group()
            inner.close()
            if token["endless"] and inner.loose:
                return True
            groups[-1].repeats |= bool(token["endless"]) or inner.loose
            groups[-1].solid |= not (token["endless"] or token["maybe"] or inner.loose)
    return False
