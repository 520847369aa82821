"""`ticket`: from a record to a ticket or a verdict."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ticketbridge.mapping.findings import Place
from ticketbridge.mapping.keys import (
    Declared,
    Key,
    ValueKind,
    closed,
    declared,
    key,
    mapping_of,
    needed,
)
from ticketbridge.mapping.read_context import Context, text_of
from ticketbridge.mapping.spec_texts import ExpressionSpec
from ticketbridge.mapping.value_kinds import (
    EXPRESSION,
    NAME,
    list_of,
    named,
    only,
    pattern,
    read_expression,
    word,
)
from ticketbridge.mapping.variables import warn_of_variables
from ticketbridge.mapping.yaml_nodes import ListNode, MapNode, Node, Scalar

VALID = "VALID"
_TRUSTED = "upstream"
_TAG = re.compile(r"([A-Za-z][\w-]*):([\w-]+)")

# --- constants and tables -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ConstSpec:
    """`{const: x}`."""

    value: Any
    place: Place


def _read_constant(node: Node, context: Context, _name: str) -> ConstSpec:
    warn_of_variables(node, context)
    if isinstance(node, Scalar) and node.value is None:
        message = "this constant is empty: the field is left out"
        context.report.warning(node.place, "TB015", message, "leave the field out, or give a value")
    return ConstSpec(node.plain(), node.place)


def _read_values(node: Node, context: Context, _name: str) -> Mapping[str, ConstSpec]:
    warn_of_variables(node, context)
    return {str(word.value): ConstSpec(value.plain(), value.place) for word, value in node.pairs}


_CONSTANT_VALUE = ValueKind("", {}, _read_constant)
_CONST = Key("const", _CONSTANT_VALUE, "The value itself: text, a number, or any other.", ("EUR",))


@declared
class TableSpec(Declared):
    """`{from: e, values: {a: b}, else: x}`. If *otherwise* is None, an unlisted value is a violation."""

    source: ExpressionSpec = needed(EXPRESSION, "The value to look up.", "item.zone", name="from")
    values: Mapping[str, ConstSpec] = needed(
        ValueKind(
            "a mapping of the platform's words to values",
            {"type": "object", "minProperties": 1, "additionalProperties": True},
            _read_values,
        ),
        "A closed table: without `else` an unlisted value is a violation.",
        {"A": "Stalls", "B": "Balcony"},
    )
    otherwise: ConstSpec | None = key(
        _CONSTANT_VALUE, "The value for what is not listed.", "General", name="else"
    )
    place: Place


_TABLE = mapping_of(TableSpec, "", define="table", heading="A field: a table")

# --- statuses -------------------------------------------------------------------------------------


def _read_words(node: Node, _context: Context, _name: str) -> Mapping[str, ConstSpec]:
    return {
        str(word.value): ConstSpec(text_of(value, VALID), value.place) for word, value in node.pairs
    }


_STATUS_WORD = pattern(
    "[A-Z][A-Z0-9_]*",
    "a status: capitals, digits and `_`",
    define="status_word",
    text="`VALID`, or the mark of a ticket that is not eligible.",
    examples=(VALID,),
)


@declared
class StatusTableSpec(Declared):
    """A table of the platform's status words. At least one of its `values` is VALID."""

    source: ExpressionSpec = needed(EXPRESSION, "The platform's status.", "item.state", name="from")
    values: Mapping[str, ConstSpec] = needed(
        named(
            _STATUS_WORD, "a mapping of the platform's words to statuses", minProperties=1
        ).reading(_read_words),
        "The platform's words and ours; at least one is `VALID`. Integers match by their digits, booleans "
        "by `true` and `false`.",
        {"PAID": "VALID", "CANCELLED": "CANCELED"},
    )
    place: Place


def _check_table(table: StatusTableSpec, node: Node, context: Context) -> None:
    words = table.values.values()
    if isinstance(node.get("values"), MapNode) and all(word.value != VALID for word in words):
        message = "no status of the platform is mapped to `VALID`, so no ticket ever is"
        place = node.key_place("values")
        context.report.error(place, "TB070", message, "for example values: {PAID: VALID}")


_STATUS_TABLE = mapping_of(
    StatusTableSpec,
    "a table",
    define="status_table",
    heading="`ticket.status`: a table",
    check=_check_table,
).showing({"from": "item.state", "values": {"PAID": "VALID"}})
_ONLY_VALID = Key(
    "const",
    only(VALID, "the word `VALID`"),
    "Every record is valid, because the platform returns only valid tickets.",
    (VALID,),
    None,
)


def _read_statuses(node: Node, context: Context, name: str) -> tuple[StatusTableSpec, ...]:
    """Return the tables, or none for `{const: VALID}`."""
    if isinstance(node, ListNode):
        return tuple(_STATUS_TABLE.read(entry, context, name) for entry in node.items)
    return () if node.get("const") is not None else (_STATUS_TABLE.read(node, context, name),)


_STATUSES: ValueKind[tuple[StatusTableSpec, ...]] = ValueKind(
    "a table, a list of tables, or `{const: VALID}`",
    {
        "type": ["object", "array"],
        "if": {"type": "array"},
        "then": list_of(_STATUS_TABLE, ""),
        "else": {
            "type": "object",
            "if": {"required": ["const"]},
            "then": closed(_ONLY_VALID),
            "else": _STATUS_TABLE,
        },
    },
    _read_statuses,
    "status",
    examples=({"from": "item.state", "values": {"PAID": "VALID"}},),
)


# --- fields ---------------------------------------------------------------------------------------


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


def _read_fields(node: Node, context: Context, _name: str) -> ObjectSpec:
    fields = tuple(
        NamedField(str(field.value), _read_named(value, context, str(field.value)), field.place)
        for field, value in node.pairs
    )
    return ObjectSpec(fields, node.place)


def _read_named(node: Node, context: Context, name: str) -> FieldSpec:
    tag = _TAG.fullmatch(str(node.value)) if name == "tags" and isinstance(node, Scalar) else None
    if tag is None:
        return _read_field(node, context, name)
    message = f"`{tag[0]}` is a tag, and no expression that gives a list of them"
    suggestion = f"write tags: {{{tag[1]}: {{const: {tag[2]}}}}}"
    context.report.error(node.place, "TB201", message, suggestion)
    return ObjectSpec((), node.place)


def _read_field(node: Node, context: Context, name: str) -> FieldSpec:
    if not isinstance(node, MapNode):
        return read_expression(node, context, name)
    if node.get("const") is not None:
        return _read_constant(node.need("const"), context, name)
    # A `values` that is not a table is the name of a field.
    if node.get("from") is not None or isinstance(node.get("values"), MapNode):
        return _TABLE.read(node, context, name)
    return _read_fields(node, context, name)


_CONSTANT = ValueKind(
    "", closed(_CONST), _read_field, "constant", heading="A field: a constant", keys=(_CONST,)
)
_IS_CONSTANT_OR_TABLE = {
    "type": "object",
    "anyOf": [
        {"required": ["const"]},
        {"required": ["from"]},
        {"required": ["values"], "properties": {"values": {"type": "object"}}},
    ],
}
_CONSTANT_OR_TABLE = ValueKind(
    "",
    {"type": "object", "if": {"required": ["const"]}, "then": _CONSTANT, "else": _TABLE},
    _read_field,
    "constant_or_table",
)
_REFERENCE = {"$ref": "#/$defs/field"}  # a field may be an object of fields


def _field(
    title: str, define: str, other: Mapping[str, Any], *examples: Any, text: str = ""
) -> ValueKind[Any]:
    """Return the kind of an expression, a constant, a table, or *other*."""
    mapping = {"if": _IS_CONSTANT_OR_TABLE, "then": _CONSTANT_OR_TABLE, "else": other}
    forks = {"if": {"type": "string"}, "then": EXPRESSION, "else": mapping}
    schema = {"type": ["string", "object"], **forks}
    return ValueKind(title, schema, _read_field, define, text, examples)


def _object_of(entry: Any) -> dict[str, Any]:
    return {"type": "object", "minProperties": 1, "additionalProperties": entry}


FIELD = _field(
    "a field: an expression, or a mapping",
    "field",
    _object_of(_REFERENCE),
    "item.id",
    {"const": "EUR"},
    text="An expression, `{const: x}`, `{from: e, values: {a: b}, else: x}`, or an object of fields.",
)
_TAG_TITLE = "an expression, `{const: x}`, or a table"
_TAG_FIELD = _field(_TAG_TITLE, "tag", {"title": _TAG_TITLE, "type": "string"}, "item.channel")
_TAGS = _field(
    "an expression, or a mapping of tag keys to expressions",
    "tags",
    _object_of(_TAG_FIELD),
    {"source": "item.channel"},
)
_TAGS_KEY = Key(
    "tags",
    _TAGS,
    "An expression that gives a list of `key:value`, or an object: each key with a value that is not null "
    "becomes `key:value`.",
    ({"source": "item.channel"},),
    None,
)
FIELDS_OF_EXPRESSIONS = (EXPRESSION, FIELD, _TAGS, _TAG_FIELD)
"""The kinds whose text is an expression."""


# --- the ticket -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ReasonSpec:
    """One entry of `not_eligible_when`. If its expression gives true, the ticket is not eligible."""

    name: str
    expression: ExpressionSpec


def _read_reasons(node: Node, context: Context, name: str) -> tuple[ReasonSpec, ...]:
    return tuple(
        ReasonSpec(str(reason.value), read_expression(value, context, name))
        for reason, value in node.pairs
    )


def _read_owner(node: Node, context: Context, name: str) -> ExpressionSpec | None:
    return None if text_of(node) == _TRUSTED else read_expression(node, context, name)


@declared
class TicketSpec(Declared):
    """How a record becomes a ticket or a verdict.

    If *owner* is None, the file has `owner: upstream`. If there are no *statuses*, all records are valid.
    """

    owner: ExpressionSpec | None = needed(
        EXPRESSION.reading(_read_owner),
        "Whose ticket a record is: what does not equal the asked user is left out, so that nobody is given "
        "another person's tickets. `owner: upstream` declares that the platform returns only the asked "
        "user's tickets and names no owner.",
        "order.customer.email",
    )
    statuses: tuple[StatusTableSpec, ...] = needed(
        _STATUSES,
        "The platform's status words, and which of them are `VALID`; an unlisted word is an error. A list "
        "of tables: the first that is not `VALID` decides. `{const: VALID}` is for platforms that return "
        "only valid tickets.",
        {"from": "item.state", "values": {"PAID": "VALID", "REFUNDED": "REFUNDED"}},
        name="status",
    )
    not_eligible_when: tuple[ReasonSpec, ...] = key(
        named(EXPRESSION, "a mapping of reasons to expressions", propertyNames=NAME).reading(
            _read_reasons
        ),
        "Reasons and their conditions; true means not eligible.",
        {"resold": "item.resold_to != `null`"},
        absent={},
    )
    fields: ObjectSpec = needed(
        named(
            FIELD,
            "a mapping of field names to fields",
            minProperties=1,
            properties={"tags": _TAGS_KEY},
        ).reading(_read_fields),
        "The ticket's fields. A field is an expression, `{const: x}`, `{from: e, values: {a: b}, else: "
        "x}`, or an object of fields.",
        {"ticketId": "item.id", "currency": {"const": "EUR"}},
    )
    on_violation: Literal["fail", "omit"] = key(
        word("fail", "omit"),
        "What a record does whose fields or conditions fail: it fails the answer, or is left out.",
        absent="fail",
    )
    ineligible: Literal["omit", "mark"] = key(
        word("omit", "mark"),
        "What a ticket does that is not eligible: it is left out, or returned with its status, for which "
        "`schema` and `body` must have a place.",
        absent="omit",
    )
    place: Place


TICKET = mapping_of(TicketSpec, define="ticket", heading="`ticket`")
