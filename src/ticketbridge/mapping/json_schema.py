"""Check that a JSON Schema is valid, needs no network, and that validation with it always ends."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import unquote

import jsonschema_rs

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
    """A JSON Schema, or its file, that cannot be used. *code* is the code of the finding."""

    def __init__(self, message: str, suggestion: str = "", *, code: str = "TB081") -> None:
        self.suggestion = suggestion
        self.code = code
        super().__init__(message)


def require_schema(document: dict[str, Any]) -> None:
    """Raise SchemaSlip unless *document* is a JSON Schema 2020-12 that can be used.

    It must not refer to other files, and no `$ref` may lead back to itself.
    """
    # Most mappings have the bundled schema: `serve` need not load what reads others.
    from jsonschema import Draft202012Validator, FormatChecker  # noqa: PLC0415 - see above
    from jsonschema.exceptions import SchemaError  # noqa: PLC0415 - see above

    dialect = document.get("$schema", DIALECT)
    if dialect not in {DIALECT, f"{DIALECT}#"}:
        raise SchemaSlip("is of another version of JSON Schema", f'"$schema": "{DIALECT}"')
    for pattern in _patterns(document):
        _require_legal_pattern(pattern)
    try:
        # Its own `format` would read regular expressions as Python does.
        Draft202012Validator.check_schema(document, format_checker=FormatChecker(()))
    except SchemaError as error:
        raise SchemaSlip(f"is no JSON Schema: see {error.json_path}") from None
    for schema in _schemas(document):
        _require_local_references(schema, document)
    _require_an_end(document)
    _require_usable(document)


def _require_usable(document: dict[str, Any]) -> None:
    """Raise SchemaSlip unless the library that checks answers can compile this schema."""
    try:
        jsonschema_rs.Draft202012Validator({**document, "$schema": DIALECT}, offline=True)
    except ValueError as error:
        raise SchemaSlip(f"cannot be used: {str(error).partition(chr(10))[0]}") from None


# --- regular expressions --------------------------------------------------------------------------


def _patterns(document: Schema) -> Iterator[str]:
    """Yield every regular expression in *document*."""
    for schema in _schemas(document):
        if isinstance(schema.get("pattern"), str):
            yield schema["pattern"]
        if isinstance(schema.get("patternProperties"), dict):
            yield from schema["patternProperties"]


_ESCAPE = (
    r"\\(?:[^a-zA-Z0-9<>]|[dDsSwWBnrtvf]|b(?!\{)|c[a-zA-Z]|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}"
    r"|u\{[0-9a-fA-F]+\}|[pP]\{[A-Za-z_=]+\}|[1-9])"
)
_CLASS = rf"\[(?:\^(?!\])|(?![\^\]]))(?:{_ESCAPE}|[^\]\\])*\]"
_GROUP = r"\((?:\?(?:[:=!]|<[=!]|<[A-Za-z_]\w*>)|(?!\?))"
_TIMES = r"(?:[*+?]|\{[0-9]+(?:,[0-9]*)?\})\??(?![*+?{])"
# One token of ECMA-262; the library also takes other dialects, for example `a++` and `\A`.
_TOKEN = re.compile(rf"{_GROUP}|(?:{_ESCAPE}|{_CLASS}|[^\\\[(*+?{{])(?:{_TIMES})?", re.DOTALL)


def _require_legal_pattern(pattern: str) -> None:
    reason = _reason(pattern)
    if reason:
        message = f"has a regular expression that cannot be used, {shown(pattern)}: {reason}"
        raise SchemaSlip(message)


def _reason(pattern: str) -> str:
    """Return why *pattern* cannot be used, or "" if it can."""
    at = 0
    while at < len(pattern):
        token = _TOKEN.match(pattern, at)
        if token is None:
            return f"JSON Schema's expressions (ECMA-262) have no {shown(pattern[at : at + 4])}"
        at = token.end()
    try:
        jsonschema_rs.Draft202012Validator({"$schema": DIALECT, "pattern": pattern}, offline=True)
    except ValueError:
        return _words_for(pattern)
    return ""


def _words_for(pattern: str) -> str:
    """Return what is wrong with *pattern*, in Python's words if Python refuses it too."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            re.compile(pattern)
    except (re.error, OverflowError) as error:
        return str(error).partition(" at position")[0].lower()
    return "it is none of JSON Schema (ECMA-262), or too large"


# --- references -----------------------------------------------------------------------------------


def _require_local_references(schema: Schema, document: dict[str, Any]) -> None:
    if "$id" in schema and schema is not document:
        raise SchemaSlip("has an `$id` inside", "keep the one at the top")
    for keyword in REFERENCES & schema.keys():
        target = schema[keyword]
        if not isinstance(target, str):
            continue
        if not target.startswith("#"):
            message = f"has a `{keyword}` that leads out of the file; nothing is fetched"
            raise SchemaSlip(message, 'copy it below "$defs" and write "#/$defs/..."')
        if not isinstance(find_target(target, document), dict | bool):
            raise SchemaSlip(f"has a `{keyword}` to {shown(target)}, which is not there")


def find_target(reference: str, document: Schema) -> Any:
    """Return the part of *document* that a *reference* inside it leads to (`#/...`, `#name`), or None."""
    fragment = unquote(reference[1:])
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


def _require_an_end(document: dict[str, Any]) -> None:
    """Raise SchemaSlip if a schema leads back to itself for the same value: validation would never end."""
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
    """Yield the schemas that *schema* applies to the same value as itself."""
    # A property may have the name of a keyword: then no schema of that keyword stands below it.
    targets = (schema.get(word) for word in sorted(REFERENCES))
    yield from _only_schemas(find_target(ref, document) for ref in targets if isinstance(ref, str))
    yield from _only_schemas(schema.get(word) for word in _SAME)
    for word in _SAME_LISTS:
        listed = schema.get(word)
        yield from _only_schemas(listed if isinstance(listed, list) else ())
    dependent = schema.get("dependentSchemas")
    yield from _only_schemas(dependent.values() if isinstance(dependent, dict) else ())


def _only_schemas(parts: Iterable[Any]) -> Iterator[Schema]:
    return (part for part in parts if isinstance(part, dict))


def _schemas(node: Any) -> Iterator[dict[str, Any]]:
    """Yield every object of the document that may be a schema."""
    if isinstance(node, dict):
        yield node
        for key, value in node.items():
            if key not in DATA:
                yield from _schemas(value)
    elif isinstance(node, list):
        for entry in node:
            yield from _schemas(entry)
