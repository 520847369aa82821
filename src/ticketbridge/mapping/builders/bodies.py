"""The body of a POST: `json`, `form` or `graphql`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from ticketbridge.mapping.builders.context import Context, text_of
from ticketbridge.mapping.builders.graphql import check_graphql
from ticketbridge.mapping.builders.parameters import (
    build_parameters,
    refuse_braces,
    warn_of_credential,
)
from ticketbridge.mapping.builders.templates import resolve_template
from ticketbridge.mapping.nodes import ListNode, MapNode, Node, Scalar
from ticketbridge.mapping.spec import BodySpec, FormBodySpec, GraphqlBodySpec, JsonBodySpec


def build_body(node: MapNode, context: Context) -> BodySpec | None:
    """The body that the call at *node* declares, or None."""
    given = [key for key in BODIES if node.get(key) is not None]
    clear = [key for key in given if node.has(key)]
    if len(clear) > 1:
        message = f"a request has one body: `{clear[0]}` or `{clear[1]}`"
        context.report.error(node.key_place(clear[1]), "TB065", message, "keep one of them")
    return BODIES[given[0]](node.need(given[0]), context) if given else None


def _json(node: Node, context: Context) -> JsonBodySpec:
    return JsonBodySpec(_value(node, "json", context))


def _form(node: Node, context: Context) -> FormBodySpec:
    return FormBodySpec(build_parameters(node, context))


def _graphql(node: Node, context: Context) -> GraphqlBodySpec:
    variables = node.get("variables")
    pairs = variables.pairs if variables else ()
    check_graphql(node.need("query"), {str(key.value): key.place for key, _ in pairs}, context)
    values = _value(variables, "variables", context) if variables else None
    return GraphqlBodySpec(text_of(node.get("query")), values or {})


def _value(node: Node, name: str, context: Context) -> Any:
    """*node* as a JSON value in which each text is a template; *name* is the key that it has."""
    if isinstance(node, MapNode):
        for key, _ in node.pairs:
            refuse_braces(str(key.value), key.place, context)
        return {str(key.value): _value(value, str(key.value), context) for key, value in node.pairs}
    if isinstance(node, ListNode):
        return [_value(entry, name, context) for entry in node.items]
    if isinstance(node, Scalar) and isinstance(node.value, str):
        template = resolve_template(node, context, name)
        warn_of_credential(name, template, context)
        return template.spec
    return node.plain()


BODIES: Mapping[str, Callable[[Node, Context], BodySpec]] = MappingProxyType(
    {"json": _json, "form": _form, "graphql": _graphql}
)
