"""`source`: calls of the platform and their pages, and bindings without a call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ticketbridge.mapping.context import Context, text_of
from ticketbridge.mapping.findings import Place
from ticketbridge.mapping.headers import Claimed
from ticketbridge.mapping.keys import (
    Declared,
    Kind,
    declared,
    inline,
    key,
    keys_of,
    mapping_of,
    needed,
)
from ticketbridge.mapping.kinds import EXPRESSION, NAME, YES_OR_NO, list_of, only, whole
from ticketbridge.mapping.nodes import MapNode, Node
from ticketbridge.mapping.spec_answers import FORMAT, RULES, FormatSpec, RuleSpec, check_claims
from ticketbridge.mapping.spec_requests import RequestSpec, check_request, needs_one
from ticketbridge.mapping.spec_texts import ExpressionSpec

RESERVED = frozenset({"user", "body", "status", "headers", "page", "tickets"})

# --- pages ----------------------------------------------------------------------------------------


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
    """The answer says with what to ask for the next page; the request places `page.cursor`."""

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
    """How one call walks over pages, when it is over, and how many items there must be."""

    next_url: ExpressionSpec | None = key(
        EXPRESSION,
        "The next page's URL, absolute or relative; null, an empty text or false at the end; anything "
        "else that is no URL is an error, also the text `null`.",
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
        "With what the next page is asked for: text or an integer; null, an empty text or false at the "
        "end. Anything else is an error, also a blank text and the text `null`. The request places "
        "`page.cursor` itself; it is null on the first request, and a query value that is this hole "
        "alone is then left out.",
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
        "Pages begin at 0, `step`, twice `step` and so on; the request places `page.offset` itself, "
        "and an empty page is the end. An expression that may leave out all of a page (a filter, a "
        "projection) needs `last`. A platform that gives fewer items a page than `step` skips some: "
        "`total` finds that out, and so does another page after a short one.",
        {"step": 100},
    )
    last: ExpressionSpec | None = key(
        EXPRESSION, "True on the last page.", "page.number >= body.page_count"
    )
    total: ExpressionSpec | None = key(
        EXPRESSION,
        "How many items there are over all pages: an integer from 0 on. Fewer at the end is an error. "
        "An item that equals one of an earlier page counts once; without `total` it is an error, "
        "because orders that move between pages hide others. Where pages differ, the most counts.",
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
        """The way from one page to the next."""
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


def _check_paged_take(node: Node, context: Context) -> None:
    """One value per page: nothing to count without `items`, and no empty page to stop at."""
    if node.get("total") is not None and node.get("items") is None:
        message = "`total` counts items, and a paged `take` has none"
        suggestion = "name them, for example items: body.orders; or use `each` or `collect`"
        context.report.error(node.key_place("total"), "TB062", message, suggestion)
    counted = next((each for each in ("number", "offset") if node.get(each) is not None), None)
    if counted and node.get("last") is None:
        message = f"a paged `take` with `{counted}` needs `last`: no page is the empty one"
        suggestion = "for example last: page.number >= body.page_count"
        context.report.error(node.place, "TB062", message, suggestion)


def _check_items(node: Node, kind: str, context: Context) -> None:
    """`each` and `collect` name a list: its elements are the items."""
    if node.get("items") is not None:
        message = f"`items` says what counts in a paged `take`; `{kind}` has items of its own"
        suggestion = "leave it out, or bind each page with `take`"
        context.report.error(node.key_place("items"), "TB316", message, suggestion)


# --- calls ----------------------------------------------------------------------------------------

ResultKind = Literal["take", "each", "collect"]
_RESULTS: tuple[ResultKind, ...] = ("take", "each", "collect")


@dataclass(frozen=True, slots=True)
class ResultSpec:
    """What an entry binds. *expression* None is `take: body`."""

    kind: ResultKind
    expression: ExpressionSpec | None


@declared
class CallSpec(Declared):
    """An entry of `source` that calls the platform."""

    name: str = needed(NAME, "What the entries below, and the ticket, call the result.", "order")
    request: RequestSpec = inline(RequestSpec)
    condition: ExpressionSpec | None = key(
        EXPRESSION,
        "`false` makes no call: `take` is then null, `collect` an empty list, and `each` gives nothing.",
        "customer.has_orders",
        name="if",
    )
    responses: tuple[RuleSpec, ...] = key(
        RULES,
        "Ordered rules for the platform's answers; the first whose conditions all hold decides.",
        [{"status": 404, "when": "body.code == 'NO_CUSTOMER'", "then": "unknown_user"}],
        absent=[],
    )
    pages: PagesSpec | None = key(
        mapping_of(PagesSpec, define="pages", heading="`pages`", check=_check_pages),
        "How the call walks over pages: one of `next_url`, `link_header`, `cursor`, `number` and "
        "`offset`.",
        {"number": {"start": 1}, "last": "page.number >= body.page_count"},
    )
    take: ExpressionSpec | None = key(
        EXPRESSION,
        "Binds one value, once per page where the call is paged. Default: `body`.",
        "body.data[0]",
    )
    each: ExpressionSpec | None = key(
        EXPRESSION, "Binds the entries of a list, one after the other.", "body.data"
    )
    collect: ExpressionSpec | None = key(
        EXPRESSION, "Binds a list over all pages as a whole, for joins with `lookup`.", "body.data"
    )
    format: FormatSpec = key(
        FORMAT,
        "What the platform answers with: `json`, `xml`, or `{xml: {lists: [...]}}` where elements of it "
        "are lists.",
        {"xml": {"lists": ["passholders/passholder"]}},
        absent="json",
    )
    any_content_type: bool = key(
        YES_OR_NO, "Reads an answer whatever its Content-Type says.", True, absent=False
    )
    place: Place

    @property
    def result(self) -> ResultSpec:
        """What the call binds."""
        for kind in _RESULTS:
            if getattr(self, kind) is not None:
                return ResultSpec(kind, getattr(self, kind))
        return ResultSpec("take", None)


def _check_call(_spec: CallSpec, node: Node, context: Context) -> None:
    clear = [kind for kind in _RESULTS if node.has(kind)]
    if len(clear) > 1:
        message = "a call binds with one of `take`, `each` and `collect`"
        context.report.error(node.key_place(clear[1]), "TB061", message, "keep one of them")
    given = [kind for kind in _RESULTS if node.get(kind) is not None]
    pages = node.get("pages")
    if not given and node.has("pages"):
        message = "a paged call needs `take`, `each` or `collect`"
        context.report.error(node.place, "TB061", message, "for example each: body.data")
    if isinstance(pages, MapNode) and given == ["take"]:
        _check_paged_take(pages, context)
    elif isinstance(pages, MapNode) and given:
        _check_items(pages, given[0], context)


# --- bindings -------------------------------------------------------------------------------------


@declared
class BindingSpec(Declared):
    """An entry of `source` that only goes down a level (`each`) or names a value (`take`)."""

    name: str = needed(NAME, "What the entries below, and the ticket, call the value.", "item")
    take: ExpressionSpec | None = key(EXPRESSION, "Binds one value.", "order.customer")
    each: ExpressionSpec | None = key(
        EXPRESSION, "Binds the entries of a list, one after the other.", "order.items"
    )
    place: Place

    @property
    def kind(self) -> Literal["take", "each"]:
        """Which of the two it is."""
        return "each" if self.take is None and self.each is not None else "take"

    @property
    def expression(self) -> ExpressionSpec:
        """What it binds."""
        return self.take or self.each or ExpressionSpec("", self.place)


def _check_binding(_spec: BindingSpec, node: Node, context: Context) -> None:
    if node.get("take") is None and node.get("each") is None:
        message = "an entry without a call needs `take` or `each`"
        context.report.error(node.place, "TB061", message, "for example each: order.items")
    if node.has("take") and node.has("each"):
        message = "an entry binds with `take` or `each`, not both"
        context.report.error(node.key_place("each"), "TB061", message, "keep one of them")


# --- the whole ------------------------------------------------------------------------------------

EntrySpec = CallSpec | BindingSpec
CALL = mapping_of(
    CallSpec,
    "",
    define="call",
    heading="`source`: a call",
    check=_check_call,
    **needs_one("get", "post"),
)
_BINDING = mapping_of(
    BindingSpec,
    "",
    define="binding",
    heading="`source`: a binding without a call",
    check=_check_binding,
)
_OF_CALLS = [each for each in keys_of(CallSpec) if each not in keys_of(BindingSpec)]


def _read_entries(node: Node, context: Context, name: str) -> tuple[EntrySpec, ...]:
    """The entries; those that are broken are left out."""
    items = [item for item in node.items if isinstance(item, MapNode)]
    return tuple((CALL if _is_call(item) else _BINDING).read(item, context, name) for item in items)


def _is_call(node: Node) -> bool:
    return node.get("get") is not None or node.get("post") is not None


_ENTRY: Kind[Any] = Kind(
    "a mapping with a `name`",
    {
        "type": "object",
        "if": {"type": "object", "anyOf": [{"required": [each]} for each in _OF_CALLS]},
        "then": CALL,
        "else": _BINDING,
    },
    CALL.read,
    "entry",
    "A call (`get` or `post`), or a binding without one (`each` or `take`).",
    ({"name": "order", "get": "/orders", "query": {"email": "{user}"}, "each": "body.data"},),
)
SOURCE = list_of(_ENTRY, "a list of entries").reading(_read_entries)


def check_source(
    entries: Sequence[EntrySpec], node: Node, claimed: Claimed, context: Context
) -> None:
    """Check the *entries* at *node* together; *claimed* is what `auth` puts into each request."""
    taken: dict[str, Place] = {}
    looped = False
    items = [item for item in node.items if isinstance(item, MapNode)]
    for entry, item in zip(entries, items, strict=True):
        _check_name(item, taken, context)
        if isinstance(entry, CallSpec):
            check_request(item, claimed, context)
            check_claims(entry.responses, item.get("responses"), context, looped=looped)
        looped = looped or _loops(entry)


def _check_name(node: Node, taken: dict[str, Place], context: Context) -> None:
    name, place = text_of(node.need("name")), node.need("name").place
    if name in RESERVED:
        message = f"`{name}` is a name of the language"
        context.report.error(place, "TB060", message, f"not free: {', '.join(sorted(RESERVED))}")
    elif name and name in taken:
        message = f"`{name}` is the name of an entry above, on line {taken[name].line}"
        context.report.error(place, "TB060", message, "give each entry a name of its own")
    taken.setdefault(name, place)


def _loops(entry: EntrySpec) -> bool:
    """Whether what stands below *entry* runs more than once."""
    if isinstance(entry, BindingSpec):
        return entry.kind == "each"
    paged_take = entry.pages is not None and entry.result.kind == "take"
    return entry.result.kind == "each" or paged_take
