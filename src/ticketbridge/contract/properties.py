"""Find whether an object that fits a JSON Schema may have a certain property."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ticketbridge.contract.shape import Schema
from ticketbridge.contract.validator import Validator
from ticketbridge.mapping.json_schema import find_target

_SAME_LISTS = ("allOf", "anyOf", "oneOf")
_SAME = ("then", "else")


def may_have(schema: object, root: Schema, name: str, text: str | None = None) -> bool:
    """Return whether an object that fits *schema* (inside *root*) may have a *name* that contains *text*."""
    return _Property(root, name, text).is_allowed(schema)


class _Property:
    def __init__(self, root: Schema, name: str, text: str | None) -> None:
        self._root = root
        self._name = name
        self._text = text
        self._seen: set[str] = set()

    def is_allowed(self, schema: object) -> bool:
        """Return whether an object of *schema* may have the property."""
        if not isinstance(schema, Mapping):
            return schema is not False
        return (
            all(map(self.is_allowed, self._needed(schema)))
            and all(any(map(self.is_allowed, choices)) for choices in _choices(schema))
            and not self._is_named_in(schema.get("not"))
            and self._fits(schema.get("propertyNames", True), self._name)
            and all(self._takes(part) for part in self._values(schema))
        )

    def _needed(self, schema: Schema) -> Iterator[object]:
        """Yield the schemas that must all hold for the same object."""
        for word in ("$ref", "$dynamicRef"):
            reference = schema.get(word)
            if isinstance(reference, str) and reference not in self._seen:
                self._seen.add(reference)
                yield _target(reference, self._root)
        yield from _listed(schema.get("allOf"))
        yield from (schema[word] for word in _SAME if word in schema)
        yield from _valued(schema.get("dependentSchemas"))

    def _is_named_in(self, schema: object) -> bool:
        """Return whether *schema*, which must not hold, names the property."""
        if not isinstance(schema, Mapping):
            return schema is True
        named = (schema.get("required"), schema.get("properties"))
        return any(isinstance(names, list | Mapping) and self._name in names for names in named)

    def _values(self, schema: Schema) -> Iterator[object]:
        """Yield the schemas that the value of the property must fit."""
        own = list(self._named(schema))
        yield from own
        if not own:
            yield schema.get("additionalProperties", True)
        if "unevaluatedProperties" in schema and not self._is_evaluated(schema, set()):
            yield schema["unevaluatedProperties"]

    def _named(self, schema: Schema) -> Iterator[object]:
        properties, patterns = schema.get("properties"), schema.get("patternProperties")
        if isinstance(properties, Mapping) and self._name in properties:
            yield properties[self._name]
        if isinstance(patterns, Mapping):
            for pattern, part in patterns.items():
                if self._fits({"pattern": pattern}, self._name):
                    yield part

    def _is_evaluated(self, schema: object, seen: set[str]) -> bool:
        """Return whether *schema*, or one that holds for the same object, says what the value is."""
        if not isinstance(schema, Mapping):
            return False
        if any(True for _ in self._named(schema)) or "additionalProperties" in schema:
            return True
        inner = [schema.get(word) for word in _SAME]
        inner += [part for word in _SAME_LISTS for part in _listed(schema.get(word))]
        inner += _valued(schema.get("dependentSchemas"))
        reference = schema.get("$ref")
        if isinstance(reference, str) and reference not in seen:
            seen.add(reference)
            inner.append(_target(reference, self._root))
        return any(self._is_evaluated(part, seen) for part in inner)

    def _takes(self, schema: object) -> bool:
        if self._text is None:
            return schema is not False
        return self._fits(schema, self._text)

    def _fits(self, schema: object, text: str) -> bool:
        if not isinstance(schema, Mapping):
            return schema is not False
        return Validator(self._root, part=schema).fits(text)


def _choices(schema: Schema) -> Iterator[list[object]]:
    return (found for word in ("anyOf", "oneOf") if (found := _listed(schema.get(word))))


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _valued(value: object) -> list[object]:
    return list(value.values()) if isinstance(value, Mapping) else []


def _target(reference: str, root: Schema) -> object:
    """Return the target of a reference inside *root*; False if it does not exist."""
    found = find_target(reference, root)
    return False if found is None else found
