"""Check many tickets against the contract at once, field by field.

The serving function already guarantees a field's name, its type, and that it is there. Here only the rest of
a schema is checked, once for each different value.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ticketbridge.contract import Validator
from ticketbridge.contract.shape import Schema
from ticketbridge.engine.tickets.fields import ExpressionField, Field, ObjectField, TagsField

_HASHABLE = frozenset({"string", "number", "integer"})
_NOTES = frozenset({"title", "description", "examples", "$comment", "default"})
_SAYS_NOTHING = _NOTES | {"type"}

Column = set[Any] | list[Any]


@dataclass(frozen=True, slots=True)
class _Spec:
    field: ExpressionField | TagsField
    is_set: bool

    @property
    def rule(self) -> str:
        """What a value must meet, and how values are kept: fields with the same have one column."""
        asked = {word: rule for word, rule in self.field.schema.items() if word not in _NOTES}
        return json.dumps([self.is_set, asked], sort_keys=True)


class Columns:
    """The columns of one mapping's tickets: for the fields whose schema says more than their type.

    Fields that must meet the same, as most ids must, have one column together.
    """

    def __init__(self, fields: Sequence[Field], root: Schema) -> None:
        self._specs: list[_Spec] = []
        self._numbers: dict[int, int] = {}
        numbers: dict[str, int] = {}
        for spec in _specs(fields):
            number = self._numbers[id(spec.field)] = numbers.setdefault(spec.rule, len(numbers))
            if number == len(self._specs):
                self._specs.append(spec)
        part: Schema = {"prefixItems": [{"items": spec.field.schema} for spec in self._specs]}
        self._validator = Validator(root, part=part)

    def number(self, field: Field) -> int | None:
        """Return the number of the field's column, or None if it has none."""
        return self._numbers.get(id(field))

    def adders(self) -> Iterator[tuple[int, str]]:
        """Yield the number of each column, and the method that adds to it."""
        return ((n, "add" if spec.is_set else "append") for n, spec in enumerate(self._specs))

    def new(self) -> list[Column]:
        """Return empty columns."""
        return [set() if spec.is_set else [] for spec in self._specs]

    def fit(self, columns: Sequence[Column]) -> bool:
        """Return whether all values in *columns* fit the contract."""
        return self._validator.fits(list(map(list, columns)))


def _specs(fields: Sequence[Field]) -> Iterator[_Spec]:
    for field in fields:
        match field:
            case ExpressionField():
                if not _is_fit_by_type(field):
                    yield _Spec(field, field.kind in _HASHABLE)
            case TagsField():
                yield _Spec(field, is_set=True)
            case ObjectField():
                yield from _specs(field.fields)


def _is_fit_by_type(field: ExpressionField) -> bool:
    """Return whether any value of the field's type fits its schema. An optional text is never empty."""
    asks = field.schema.keys() - _SAYS_NOTHING
    if field.kind == "string" and field.optional and field.schema.get("minLength") == 1:
        asks -= {"minLength"}
    return not asks
