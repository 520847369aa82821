"""`ticket`: from a record to a ticket or a verdict."""

from __future__ import annotations

from typing import Literal, cast

from ticketbridge.mapping.builders.context import Context, expression, text_of
from ticketbridge.mapping.builders.fields import build_fields
from ticketbridge.mapping.nodes import ListNode, MapNode, Node
from ticketbridge.mapping.spec import (
    ConstSpec,
    ExpressionSpec,
    ReasonSpec,
    StatusTableSpec,
    TicketSpec,
)

VALID = "VALID"
TRUSTED = "upstream"


def build_ticket(node: Node, context: Context) -> TicketSpec:
    """The ticket that *node* declares."""
    return TicketSpec(
        owner=_owner(node.need("owner")),
        statuses=_statuses(node.need("status"), context),
        not_eligible_when=_reasons(node.get("not_eligible_when")),
        fields=build_fields(node.need("fields"), context),
        on_violation=cast("Literal['fail', 'omit']", text_of(node.get("on_violation"), "fail")),
        ineligible=cast("Literal['omit', 'mark']", text_of(node.get("ineligible"), "omit")),
        place=node.place,
    )


def _owner(node: Node) -> ExpressionSpec | None:
    return None if text_of(node) == TRUSTED else expression(node)


def _statuses(node: Node, context: Context) -> tuple[StatusTableSpec, ...]:
    """The tables; none for `{const: VALID}`."""
    if isinstance(node, ListNode):
        return tuple(_table(entry, context) for entry in node.items)
    if node.get("const") is not None:
        return ()
    return (_table(node, context),)


def _table(node: Node, context: Context) -> StatusTableSpec:
    values = node.need("values")
    words = {
        str(key.value): ConstSpec(text_of(value, VALID), value.place) for key, value in values.pairs
    }
    if isinstance(values, MapNode) and all(word.value != VALID for word in words.values()):
        message = "no status of the platform is mapped to `VALID`, so no ticket ever is"
        place = node.key_place("values")
        context.report.error(place, "TB070", message, "for example values: {PAID: VALID}")
    return StatusTableSpec(expression(node.need("from")), words, node.place)


def _reasons(node: Node | None) -> tuple[ReasonSpec, ...]:
    pairs = node.pairs if node else ()
    return tuple(ReasonSpec(str(key.value), expression(value)) for key, value in pairs)
