"""The properties of an object in a JSON Schema, read once, before any value is seen."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ticketbridge.mapping.json_schema import find_target

Schema = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ObjectShape:
    """The properties of an object schema. *closed*: no others are allowed; *others* is their schema."""

    properties: Mapping[str, Schema]
    required: frozenset[str]
    closed: bool
    others: Schema


def resolve(schema: object, root: Schema) -> Schema:
    """Return *schema* with a chain of references inside *root* followed; {} if it is no schema object.

    Keywords beside a reference are kept, because they hold too.
    """
    seen: set[str] = set()
    beside: list[Schema] = []
    while isinstance(schema, Mapping) and isinstance(ref := schema.get("$ref"), str):
        beside.append({word: value for word, value in schema.items() if word != "$ref"})
        inside = ref not in seen and ref.startswith("#")
        seen.add(ref)
        schema = find_target(ref, root) if inside else {}
    made = schema if isinstance(schema, Mapping) else {}
    for more in filter(None, reversed(beside)):
        made = _both(made, more)
    return made


def _both(one: Schema, other: Schema) -> Schema:
    """Merge two schemas: names of properties from both; for any other keyword *other* wins."""
    made = {**one, **other}
    for word in ("properties", "$defs"):
        if word in one and word in other:
            made[word] = {**one[word], **other[word]}
    if "required" in one and "required" in other:
        made["required"] = [*one["required"], *other["required"]]
    if "allOf" in one and "allOf" in other:
        made["allOf"] = [*one["allOf"], *other["allOf"]]
    return made


def object_shape(schema: Schema, root: Schema) -> ObjectShape:
    """Return the properties that *schema* (inside *root*) names, including its `allOf` parts."""
    schema = resolve(schema, root)
    properties: dict[str, Schema] = {
        name: resolve(part, root) for name, part in schema.get("properties", {}).items()
    }
    required = frozenset(schema.get("required", ()))
    closed = (
        schema.get("additionalProperties") is False or schema.get("unevaluatedProperties") is False
    )
    for part in schema.get("allOf", ()):
        inner = object_shape(part, root)
        properties |= dict(inner.properties)
        required |= inner.required
    others = resolve(schema.get("additionalProperties", {}), root)
    return ObjectShape(properties, required, closed, others)


def names_in(schema: object) -> Iterator[str]:
    """Yield the names of properties anywhere in *schema*; other names of a value may be data."""
    for part in objects_in(schema):
        for word in ("properties", "required"):
            names = part.get(word)
            yield from names if isinstance(names, Mapping | list) else ()


def objects_in(schema: object) -> Iterator[Mapping[str, Any]]:
    """Yield all objects in *schema*, including itself, in order."""
    parts = [schema]
    while parts:
        part = parts.pop()
        if isinstance(part, Mapping):
            yield part
            part = list(part.values())
        if isinstance(part, list):
            parts += reversed(part)


def items_of(schema: Schema, root: Schema) -> Schema:
    """Return the schema of a list's elements, or {} if *schema* does not name one."""
    return resolve(resolve(schema, root).get("items", {}), root)


def type_of(schema: Schema) -> str | None:
    """Return the only JSON type that *schema* allows beside null, or None if it allows several."""
    declared = schema.get("type")
    names = [declared] if isinstance(declared, str) else list(declared or ())
    types = [name for name in names if name != "null"]
    return types[0] if len(types) == 1 else None
