"""`ticket.fields`: expressions, constants, tables, and objects of them."""

from __future__ import annotations

import re

from ticketbridge.mapping.builders.context import Context, expression
from ticketbridge.mapping.builders.texts import VARIABLE
from ticketbridge.mapping.nodes import MapNode, Node, Scalar, walk
from ticketbridge.mapping.spec import ConstSpec, FieldSpec, NamedField, ObjectSpec, TableSpec

_TAG = re.compile(r"([A-Za-z][\w-]*):([\w-]+)")


def build_fields(node: Node, context: Context) -> ObjectSpec:
    """The fields of the mapping *node*, in its order."""
    fields = tuple(
        NamedField(str(key.value), _named_field(str(key.value), value, context), key.place)
        for key, value in node.pairs
    )
    return ObjectSpec(fields, node.place)


def _named_field(name: str, node: Node, context: Context) -> FieldSpec:
    tag = _TAG.fullmatch(str(node.value)) if name == "tags" and isinstance(node, Scalar) else None
    if tag is None:
        return _field(node, context)
    message = f"`{tag[0]}` is a tag, and no expression that gives a list of them"
    suggestion = f"write tags: {{{tag[1]}: {{const: {tag[2]}}}}}"
    context.report.error(node.place, "TB201", message, suggestion)
    return ObjectSpec((), node.place)


def _field(node: Node, context: Context) -> FieldSpec:
    if not isinstance(node, MapNode):
        return expression(node)
    if node.get("const") is not None:
        return _constant(node.need("const"), context)
    if is_table(node):
        return _table(node, context)
    return build_fields(node, context)


def is_table(node: Node) -> bool:
    """Whether the schema reads *node* as a table; `values` alone is the name of a field."""
    return node.get("from") is not None or isinstance(node.get("values"), MapNode)


def _constant(node: Node, context: Context) -> ConstSpec:
    warn_of_variables(node, context)
    if isinstance(node, Scalar) and node.value is None:
        message = "this constant is empty: the field is left out"
        context.report.warning(node.place, "TB015", message, "leave the field out, or give a value")
    return ConstSpec(node.plain(), node.place)


def _table(node: Node, context: Context) -> TableSpec:
    otherwise = node.get("else")
    values = node.need("values")
    warn_of_variables(values, context)
    return TableSpec(
        source=expression(node.need("from")),
        values={
            str(key.value): ConstSpec(value.plain(), value.place) for key, value in values.pairs
        },
        otherwise=None if otherwise is None else _constant(otherwise, context),
        place=node.place,
    )


def warn_of_variables(node: Node, context: Context) -> None:
    """Constants are literal: a `${NAME}` in one would reach menta tech as it stands."""
    for _, part in walk(node):
        if isinstance(part, Scalar) and isinstance(part.value, str) and VARIABLE.search(part.value):
            message = "variables are not resolved here: this stays text"
            suggestion = "they are in `endpoint`, `upstream` and the request strings of `source`"
            context.report.warning(part.place, "TB025", message, suggestion)
