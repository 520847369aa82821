"""`auth.login`: the request that a session begins with."""

from __future__ import annotations

from ticketbridge.mapping.builders.context import Context, is_true
from ticketbridge.mapping.builders.formats import build_format
from ticketbridge.mapping.builders.requests import RequestBuilder
from ticketbridge.mapping.builders.rules import build_rules
from ticketbridge.mapping.nodes import MapNode, Node
from ticketbridge.mapping.spec import LoginSpec, NoAuthSpec


def build_login(node: Node, context: Context) -> LoginSpec:
    """The login that *node* declares."""
    mapping = node if isinstance(node, MapNode) else MapNode(node.place, {})
    return LoginSpec(
        request=RequestBuilder(mapping, NoAuthSpec(), context).build(),
        responses=build_rules(node.get("responses"), context, looped=False, of_login=True),
        format=build_format(node.get("format"), context),
        any_content_type=is_true(node.get("any_content_type")),
        place=node.place,
    )
