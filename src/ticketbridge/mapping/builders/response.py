"""`response`: what menta tech gets, where a platform has its own agreement."""

from __future__ import annotations

from typing import Any, Literal, cast

from ticketbridge.mapping.builders.context import Context, expression, text_of, whole_number
from ticketbridge.mapping.builders.json_schema import SchemaSlip
from ticketbridge.mapping.builders.schema_file import read_schema
from ticketbridge.mapping.findings import Place
from ticketbridge.mapping.nodes import Broken, Node
from ticketbridge.mapping.spec import ExpressionSpec, ResponseSpec

DEFAULT_BODY = "{userEmail: user, tickets: tickets}"


def build_response(node: Node | None, root: Place, context: Context) -> ResponseSpec:
    """The response that *node* declares; the default one, at the place *root*, where it is absent."""
    if node is None:
        node = Broken(root)
    return ResponseSpec(
        body=_body(node, context),
        schema=_schema(node.get("schema"), context),
        when_empty=cast("Literal[200, 204]", whole_number(node.get("when_empty"), 200)),
        when_unknown_user=cast(
            "Literal[200, 404]", whole_number(node.get("when_unknown_user"), 200)
        ),
        place=node.place,
    )


def _body(node: Node, context: Context) -> ExpressionSpec:
    value = node.get("body")
    if value is None or isinstance(value, Broken):
        return ExpressionSpec(DEFAULT_BODY, node.place)
    body = expression(value)
    schema = node.get("schema")
    other = "".join(body.text.split()) != "".join(DEFAULT_BODY.split())
    if other and (schema is None or (not isinstance(schema, Broken) and schema.plain() is None)):
        message = "another body than the default needs the `schema` that it is checked with"
        context.report.error(value.place, "TB080", message, "for example schema: acme.schema.json")
    return body


def _schema(node: Node | None, context: Context) -> dict[str, Any] | None:
    if node is None or isinstance(node, Broken) or node.plain() is None:
        return None
    try:
        return read_schema(text_of(node), context.folder)
    except SchemaSlip as slip:
        context.report.error(node.place, slip.code, f"`schema` {slip}", slip.suggestion)
        return None
