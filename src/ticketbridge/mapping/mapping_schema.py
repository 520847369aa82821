"""The JSON Schema of mapping files, made from their keys.

This command writes the file that editors use:

    ticketbridge schema mapping > src/ticketbridge/mapping/mapping.schema.json
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from ticketbridge.mapping.keys import Key, ValueKind
from ticketbridge.mapping.spec import MAPPING

_HEAD = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "$id": "urn:ticketbridge:mapping:1",
    "title": MAPPING.title,
    "description": "One file per platform: how menta tech's pull becomes calls of the platform's existing "
    "API, and how each record becomes a ticket.",
}
_WIDTH = 120


def schema() -> dict[str, Any]:
    """Return the schema of mapping files as a dict."""
    defs: dict[str, Any] = {}
    whole = _resolve(MAPPING.schema, defs)
    return {**_HEAD, **whole, "$defs": defs}


def sections() -> list[ValueKind[Any]]:
    """Return the kinds that have a section in the reference. A kind comes after all that contain it."""
    found: dict[ValueKind[Any], None] = {}
    _visit(MAPPING, found)
    return [kind for kind in reversed(found) if kind.heading]


@cache
def legal_keys() -> frozenset[str]:
    """Return every key of the language, from all levels."""
    return frozenset(_names_in(schema()))


def _names_in(part: Any) -> Iterator[str]:
    if isinstance(part, Mapping):
        yield from part.get("properties", ())
    if isinstance(part, Mapping | list):
        for inner in part.values() if isinstance(part, Mapping) else part:
            yield from _names_in(inner)


def _visit(kind: ValueKind[Any], found: dict[ValueKind[Any], None]) -> None:
    for inner in reversed(list(_kinds_in(kind.schema))):
        if inner not in found:
            _visit(inner, found)
    found[kind] = None


def _kinds_in(part: Any) -> Iterator[ValueKind[Any]]:
    if isinstance(part, ValueKind):
        yield part
    elif isinstance(part, Key):
        yield part.kind
    elif isinstance(part, Mapping | list):
        for inner in part.values() if isinstance(part, Mapping) else part:
            yield from _kinds_in(inner)


def _resolve(part: Any, defs: dict[str, Any]) -> Any:
    """Return *part* of a schema with the schemas of the kinds and keys in it. Named ones go to *defs*."""
    if isinstance(part, Key):
        about = {"description": part.description, "examples": list(part.examples)}
        default = {} if part.default is None else {"default": part.default}
        return {**_schema_of(part.kind, defs), **_without_empty(about), **default}
    if isinstance(part, ValueKind):
        return _schema_of(part, defs)
    if isinstance(part, Mapping):
        return {name: _resolve(inner, defs) for name, inner in part.items()}
    return [_resolve(inner, defs) for inner in part] if isinstance(part, list) else part


def _schema_of(kind: ValueKind[Any], defs: dict[str, Any]) -> dict[str, Any]:
    if kind.define:
        if kind.define not in defs:
            defs[kind.define] = {}  # its place in the order of first use
            defs[kind.define] = _own(kind, defs)
        return {"$ref": f"#/$defs/{kind.define}"}
    return _own(kind, defs)


def _own(kind: ValueKind[Any], defs: dict[str, Any]) -> dict[str, Any]:
    about = {"title": kind.title, "description": kind.text}
    keywords = _resolve(kind.schema, defs)
    return {
        **_without_empty(about),
        **keywords,
        **_without_empty({"examples": list(kind.examples)}),
    }


def _without_empty(about: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in about.items() if value not in ("", [])}


# --- the file -------------------------------------------------------------------------------------


def schema_text() -> str:
    """Return the text of the bundled file, `mapping.schema.json`."""
    return f"{_lines(schema(), '')}\n"


def _lines(value: Any, indent: str) -> str:
    """Return *value* as JSON, on one line if it fits."""
    flat = json.dumps(value, ensure_ascii=False)
    if len(indent) + len(flat) <= _WIDTH or not isinstance(value, dict | list):
        return flat
    inner = f"{indent}  "
    if isinstance(value, list):
        entries = [_lines(entry, inner) for entry in value]
    else:
        entries = [f"{json.dumps(name)}: {_lines(each, inner)}" for name, each in value.items()]
    start, end = "{}" if isinstance(value, dict) else "[]"
    return f"{start}\n{inner}{f',{chr(10)}{inner}'.join(entries)}\n{indent}{end}"
