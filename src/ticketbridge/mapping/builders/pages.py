"""`pages`: how one call walks over the pages of its answer."""

from __future__ import annotations

from collections.abc import Sequence

from ticketbridge.mapping.builders.context import (
    Context,
    expression,
    is_true,
    optional_expression,
    whole_number,
)
from ticketbridge.mapping.nodes import MapNode, Node
from ticketbridge.mapping.spec import NextUrlSpec, NumberSpec, PagesSpec, PagingSpec, ResultKind

KINDS = ("next_url", "number")


def build_pages(node: Node, results: Sequence[ResultKind], context: Context) -> PagesSpec:
    """The pages that *node* declares, for a call that binds with *results*."""
    pages = PagesSpec(
        paging=_paging(node),
        last=optional_expression(node.get("last")),
        total=optional_expression(node.get("total")),
        place=node.place,
    )
    if isinstance(node, MapNode):
        _check_kinds(node, context)
        _check_any_path(node, context)
        if list(results) == ["take"]:
            _check_take(node, context)
    return pages


def _paging(node: Node) -> PagingSpec:
    number = node.get("number")
    if number is not None:
        return NumberSpec(whole_number(number.get("start"), 1))
    return NextUrlSpec(expression(node.need("next_url")), is_true(node.get("any_path")))


def _check_kinds(node: MapNode, context: Context) -> None:
    if all(node.get(kind) is None for kind in KINDS):
        message = "`pages` needs `next_url` or `number`"
        context.report.error(node.place, "TB062", message, "for example next_url: body.links.next")
    if all(map(node.has, KINDS)):
        message = "`pages` has one of `next_url` and `number`, not both"
        context.report.error(node.key_place("number"), "TB062", message, "keep one of them")


def _check_any_path(node: MapNode, context: Context) -> None:
    if node.get("any_path") is not None and node.get("next_url") is None:
        message = "`any_path` belongs to `next_url`; there is no next URL here"
        context.report.error(node.key_place("any_path"), "TB062", message, "leave it out")


def _check_take(node: MapNode, context: Context) -> None:
    """One value per page: nothing to count, and no empty page to stop at."""
    if node.get("total") is not None:
        message = "`total` counts items, and a paged `take` has none"
        context.report.error(node.key_place("total"), "TB062", message, "use `each` or `collect`")
    if node.get("number") is not None and node.get("last") is None:
        message = "a paged `take` with `number` needs `last`: no page is the empty one"
        suggestion = "for example last: page.number >= body.page_count"
        context.report.error(node.place, "TB062", message, suggestion)
