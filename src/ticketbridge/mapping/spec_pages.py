"""`pages`: how one call walks over the pages of its answer."""

from __future__ import annotations

from dataclasses import dataclass

from ticketbridge.mapping.findings import Place
from ticketbridge.mapping.keys import Declared, declared, key, mapping_of, needed
from ticketbridge.mapping.read_context import Context
from ticketbridge.mapping.spec_texts import ExpressionSpec
from ticketbridge.mapping.value_kinds import EXPRESSION, YES_OR_NO, only, whole
from ticketbridge.mapping.yaml_nodes import Node


@dataclass(frozen=True, slots=True)
class NextUrlSpec:
    """The next page's URL stands in the answer."""

    url: ExpressionSpec
    any_path: bool


@dataclass(frozen=True, slots=True)
class LinkHeaderSpec:
    """The next page's URL stands in the answer's `Link` header."""

    any_path: bool


@dataclass(frozen=True, slots=True)
class CursorSpec:
    """The answer has a cursor for the next page; the request places it as `page.cursor`."""

    cursor: ExpressionSpec


@declared
class NumberSpec(Declared):
    """Pages are numbered from *start*; the request places `page.number`."""

    start: int = needed(whole(0, 1_000_000), "The number of the first page.", 1)


@declared
class OffsetSpec(Declared):
    """Pages are *step* items apart, the first at 0; the request places `page.offset`."""

    step: int = needed(whole(1, 1_000_000), "How many items a full page has.", 100)


PagingSpec = NextUrlSpec | LinkHeaderSpec | CursorSpec | NumberSpec | OffsetSpec


@declared
class PagesSpec(Declared):
    """How one call walks over pages, where they end, and how many items there must be."""

    next_url: ExpressionSpec | None = key(
        EXPRESSION,
        "The next page's URL, absolute or relative; null, an empty text or false at the end; anything else "
        "that is no URL is an error, also the text `null`.",
        "body.links.next",
    )
    link_header: bool | None = key(
        only(True, "the word `true`"),
        'The next page\'s URL is the one with `rel="next"` in the `Link` header (RFC 8288); without '
        "one the page is the last. A link that cannot be read, or has no `rel`, is an error.",
        True,
    )
    cursor: ExpressionSpec | None = key(
        EXPRESSION,
        "With what the next page is asked for: text or an integer, or any JSON value where the request "
        "places it alone in `json`; null, an empty text or false at the end. Anything else is an error, "
        "also a blank text and the text `null`. The request places `page.cursor` itself; it is null on the "
        "first request, and a query value or a member of `json` that is this hole alone is then left out.",
        "body.pagination.continuation",
    )
    number: NumberSpec | None = key(
        mapping_of(NumberSpec, "a mapping with `start`"),
        "Pages are numbered; the request places `page.number` itself, and an empty page is the end. An "
        "expression that may leave out all of a page (a filter, a projection) needs `last`.",
        {"start": 1},
    )
    offset: OffsetSpec | None = key(
        mapping_of(OffsetSpec, "a mapping with `step`"),
        "Pages begin at 0, `step`, twice `step` and so on; the request places `page.offset` itself, and an "
        "empty page is the end. An expression that may leave out all of a page (a filter, a projection) "
        "needs `last`. A platform that gives fewer items a page than `step` skips some: `total` finds that "
        "out, and so does another page after a short one.",
        {"step": 100},
    )
    last: ExpressionSpec | None = key(
        EXPRESSION, "True on the last page.", "page.number >= body.page_count"
    )
    total: ExpressionSpec | None = key(
        EXPRESSION,
        "How many items there are over all pages: an integer from 0 on. Fewer at the end is an error. An "
        "item that equals one of an earlier page counts once; without `total` it is an error, because "
        "orders that move between pages hide others. Where pages differ, the most counts.",
        "body.total",
    )
    items: ExpressionSpec | None = key(
        EXPRESSION,
        "What counts as an item of a paged `take`: a list, for `total` and for items that come on two "
        "pages.",
        "body.orders",
    )
    any_path: bool = key(
        YES_OR_NO,
        "Lets `next_url` or `link_header` lead to another path of the platform.",
        True,
        absent=False,
    )
    place: Place

    @property
    def paging(self) -> PagingSpec:
        """How to get from one page to the next."""
        if self.next_url is not None:
            return NextUrlSpec(self.next_url, self.any_path)
        if self.link_header is not None:
            return LinkHeaderSpec(self.any_path)
        if self.cursor is not None:
            return CursorSpec(self.cursor)
        nowhere = NextUrlSpec(ExpressionSpec("", self.place), self.any_path)
        return self.number or self.offset or nowhere


_PAGINGS = ("next_url", "link_header", "cursor", "number", "offset")


def _check_pages(_spec: PagesSpec, node: Node, context: Context) -> None:
    names = ", ".join(f"`{each}`" for each in _PAGINGS)
    if all(node.get(each) is None for each in _PAGINGS):
        message = f"`pages` needs one of {names}"
        context.report.error(node.place, "TB062", message, "for example next_url: body.links.next")
    given = [each for each in _PAGINGS if node.has(each)]
    if len(given) > 1:
        message = f"`pages` has one of {names}, not several"
        context.report.error(node.key_place(given[1]), "TB062", message, "keep one of them")
    has_url = node.get("next_url") is not None or node.get("link_header") is not None
    if node.get("any_path") is not None and not has_url:
        message = "`any_path` belongs to `next_url` and `link_header`; there is no next URL here"
        context.report.error(node.key_place("any_path"), "TB062", message, "leave it out")


def check_paged_take(node: Node, context: Context, *, has_end: bool) -> None:
    """Report keys that a paged `take` cannot use, because it gives one value per page.

    Without `items`, `total` has nothing to count. A `number` or `offset` has no empty page to stop
    at, and so needs `last`, unless a rule of the call says where the pages end (*has_end*).
    """
    if node.get("total") is not None and node.get("items") is None:
        message = "`total` counts items, and a paged `take` has none"
        suggestion = "name them, for example items: body.orders; or use `each` or `collect`"
        context.report.error(node.key_place("total"), "TB062", message, suggestion)
    counted = next((each for each in ("number", "offset") if node.get(each) is not None), None)
    if counted and node.get("last") is None and not has_end:
        message = f"a paged `take` with `{counted}` needs `last`: no page is the empty one"
        suggestion = "for example last: page.number >= body.page_count; or a rule with `then: last`"
        context.report.error(node.place, "TB062", message, suggestion)


def check_items(node: Node, kind: str, context: Context) -> None:
    """Report `items` beside *kind*, `each` or `collect`: the elements of their list are the items."""
    if node.get("items") is not None:
        message = f"`items` says what counts in a paged `take`; `{kind}` has items of its own"
        suggestion = "leave it out, or bind each page with `take`"
        context.report.error(node.key_place("items"), "TB316", message, suggestion)


PAGES = mapping_of(PagesSpec, define="pages", heading="`pages`", check=_check_pages)
