"""The whole mapping."""

from __future__ import annotations

from ticketbridge.mapping.builders.context import Context, text_of
from ticketbridge.mapping.builders.endpoint import build_endpoint
from ticketbridge.mapping.builders.fields import warn_of_variables
from ticketbridge.mapping.builders.response import build_response
from ticketbridge.mapping.builders.source import build_source
from ticketbridge.mapping.builders.ticket import build_ticket
from ticketbridge.mapping.builders.upstream import build_upstream
from ticketbridge.mapping.nodes import Node
from ticketbridge.mapping.spec import MappingSpec


def build_mapping(root: Node, context: Context) -> MappingSpec:
    """The mapping that *root* declares; only good where nothing was reported as an error."""
    platform = text_of(root.need("platform"))
    title = root.get("title")
    if title is not None:
        warn_of_variables(title, context)
    upstream = build_upstream(root.need("upstream"), context)
    return MappingSpec(
        platform=platform,
        title=text_of(title, platform),
        endpoint=build_endpoint(root.need("endpoint"), context),
        upstream=upstream,
        source=build_source(root.need("source"), upstream.auth, context),
        ticket=build_ticket(root.need("ticket"), context),
        response=build_response(root.get("response"), root.place, context),
        place=root.place,
    )
