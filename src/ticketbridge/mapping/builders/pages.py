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
from ticketbridge.mapping.spec import (
    CursorSpec,
    LinkHeaderSpec,
    NextUrlSpec,
    NumberSpec,
    OffsetSpec,
    PagesSpec,
    PagingSpec,
    ResultKind,
)

KINDS = ("next_url", "link_header", "cursor", "number", "offset")
OF_URLS = ("next_url", "link_header")
COUNTED = ("number", "offset")


def build_pages(node: Node, results: Sequence[ResultKind], context: Context) -> PagesSpec:
    """The pages that *node* declares, for a call that binds with *results*."""
    pages = PagesSpec(
        paging=_paging(node),
        last=optional_expression(node.get("last")),
        total=optional_expression(node.get("total")),
        items=optional_expression(node.get("items")),
        place=node.place,
    )
    if isinstance(node, MapNode):
        _check_kinds(node, context)
        _check_any_path(node, context)
        if list(results) == ["take"]:
            _check_take(node, context)
        else:
            _check_items(node, results, context)
    return pages


def _paging(node: Node) -> PagingSpec:
    any_path = is_true(node.get("any_path"))
    match next((kind for kind in KINDS if node.get(kind) is not None), ""):
        case "link_header":
            return LinkHeaderSpec(any_path)
        case "cursor":
            return CursorSpec(expression(node.need("cursor")))
        case "number":
            return NumberSpec(whole_number(node.need("number").get("start"), 1))
        case "offset":
            return OffsetSpec(whole_number(node.need("offset").get("step"), 1))
        case _:
            return NextUrlSpec(expression(node.need("next_url")), any_path)


def _check_kinds(node: MapNode, context: Context) -> None:
    named = ", ".join(f"`{kind}`" for kind in KINDS)
    if all(node.get(kind) is None for kind in KINDS):
        message = f"`pages` needs one of {named}"
        context.report.error(node.place, "TB062", message, "for example next_url: body.links.next")
    given = [kind for kind in KINDS if node.has(kind)]
    if len(given) > 1:
        message = f"`pages` has one of {named}, not several"
        context.report.error(node.key_place(given[1]), "TB062", message, "keep one of them")


def _check_any_path(node: MapNode, context: Context) -> None:
    if node.get("any_path") is not None and not any(node.get(kind) for kind in OF_URLS):
        message = "`any_path` belongs to `next_url` and `link_header`; there is no next URL here"
        context.report.error(node.key_place("any_path"), "TB062", message, "leave it out")


def _check_take(node: MapNode, context: Context) -> None:
    """One value per page: nothing to count without `items`, and no empty page to stop at."""
    if node.get("total") is not None and node.get("items") is None:
        message = "`total` counts items, and a paged `take` has none"
        suggestion = "name them, for example items: body.orders; or use `each` or `collect`"
        context.report.error(node.key_place("total"), "TB062", message, suggestion)
    counted = next((kind for kind in COUNTED if node.get(kind) is not None), None)
    if counted and node.get("last") is None:
        message = f"a paged `take` with `{counted}` needs `last`: no page is the empty one"
        suggestion = "for example last: page.number >= body.page_count"
        context.report.error(node.place, "TB062", message, suggestion)


def _check_items(node: MapNode, results: Sequence[ResultKind], context: Context) -> None:
    """`each` and `collect` name a list: its elements are the items."""
    if node.get("items") is not None and results:
        message = f"`items` says what counts in a paged `take`; `{results[0]}` has items of its own"
        suggestion = "leave it out, or bind each page with `take`"
        context.report.error(node.key_place("items"), "TB316", message, suggestion)
