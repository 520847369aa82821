"""What a mapping declares of tickets and of the answer that they go into."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ticketbridge.mapping.findings import Place
from ticketbridge.mapping.spec_texts import ExpressionSpec


@dataclass(frozen=True, slots=True)
class ConstSpec:
    """`{const: x}`."""

    value: Any
    place: Place


@dataclass(frozen=True, slots=True)
class TableSpec:
    """`{from: e, values: {a: b}, else: x}`. *otherwise* None: an unlisted value is a violation."""

    source: ExpressionSpec
    values: Mapping[str, ConstSpec]
    otherwise: ConstSpec | None
    place: Place


@dataclass(frozen=True, slots=True)
class ObjectSpec:
    """An object of fields."""

    fields: tuple[NamedField, ...]
    place: Place


FieldSpec = ExpressionSpec | ConstSpec | TableSpec | ObjectSpec


@dataclass(frozen=True, slots=True)
class NamedField:
    """A field and its name; *place* is where the name stands."""

    name: str
    field: FieldSpec
    place: Place


@dataclass(frozen=True, slots=True)
class StatusTableSpec:
    """The platform's status words, each with a text; every `values` has a VALID."""

    source: ExpressionSpec
    values: Mapping[str, ConstSpec]
    place: Place


@dataclass(frozen=True, slots=True)
class ReasonSpec:
    """One entry of `not_eligible_when`; true means not eligible."""

    name: str
    expression: ExpressionSpec


@dataclass(frozen=True, slots=True)
class TicketSpec:
    """From a record to a ticket or a verdict.

    *owner* None is `owner: upstream`; no *statuses*: all are valid.
    """

    owner: ExpressionSpec | None
    statuses: tuple[StatusTableSpec, ...]
    not_eligible_when: tuple[ReasonSpec, ...]
    fields: ObjectSpec
    on_violation: Literal["fail", "omit"]
    ineligible: Literal["omit", "mark"]
    place: Place


@dataclass(frozen=True, slots=True)
class ResponseSpec:
    """The body that menta tech gets. *schema* None is the bundled contract."""

    body: ExpressionSpec
    schema: Mapping[str, Any] | None
    when_empty: Literal[200, 204]
    when_unknown_user: Literal[200, 404]
    place: Place
