"""`source`: calls of the platform, and bindings without a call."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from ticketbridge.mapping.findings import Place, did_you_mean
from ticketbridge.mapping.headers import Claimed
from ticketbridge.mapping.keys import (
    Declared,
    ValueKind,
    declared,
    inline,
    key,
    keys_of,
    mapping_of,
    needed,
)
from ticketbridge.mapping.read_context import Context, text_of
from ticketbridge.mapping.spec_answers import RULES, RuleSpec, check_claims
from ticketbridge.mapping.spec_formats import FORMAT, FormatSpec
from ticketbridge.mapping.spec_pages import PAGES, PagesSpec, check_items, check_paged_take
from ticketbridge.mapping.spec_requests import RequestSpec, check_request, needs_one
from ticketbridge.mapping.spec_texts import ExpressionSpec
from ticketbridge.mapping.value_kinds import EXPRESSION, NAME, YES_OR_NO, list_of, only
from ticketbridge.mapping.yaml_nodes import MapNode, Node

RESERVED = frozenset({"user", "body", "status", "headers", "page", "tickets"})

# --- calls ----------------------------------------------------------------------------------------

ResultKind = Literal["take", "each", "collect"]
_RESULTS: tuple[ResultKind, ...] = ("take", "each", "collect")


@dataclass(frozen=True, slots=True)
class ResultSpec:
    """The result that an entry binds. If *expression* is None, it is `take: body`."""

    kind: ResultKind
    expression: ExpressionSpec | None


@declared
class CallSpec(Declared):
    """An entry of `source` that calls the platform."""

    name: str = needed(NAME, "What the entries below, and the ticket, call the result.", "order")
    request: RequestSpec = inline(RequestSpec)
    host: str | None = key(
        NAME,
        "Which of `upstream.hosts` the call goes to, and its pages and polls with it. Default: `base_url`.",
        "files",
    )
    cookies: Literal["keep"] | None = key(
        only("keep", "the word `keep`"),
        "Sends the cookies that the answers of this call set with its own next polls, pages and tries, "
        "for one run of the call: no other call, binding or answer gets them. Path, Domain, Secure, "
        "Max-Age and Expires count as in a browser. A GET that keeps cookies is not shared.",
        "keep",
    )
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
        PAGES,
        "How the call walks over pages: one of `next_url`, `link_header`, `cursor`, `number` and `offset`.",
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
        "What the platform answers with: `json`, `ndjson` (a JSON value on each line, as a list), `text`, "
        "`xml`, or one of them with more to say, such as `{xml: {lists: [...]}}` or "
        "`{csv: {columns: [...]}}` (a list of objects).",
        {"xml": {"lists": ["passholders/passholder"]}},
        absent="json",
    )
    any_content_type: bool = key(
        YES_OR_NO, "Reads an answer whatever its Content-Type says.", True, absent=False
    )
    place: Place

    @property
    def result(self) -> ResultSpec:
        """The result that the call binds."""
        for kind in _RESULTS:
            if getattr(self, kind) is not None:
                return ResultSpec(kind, getattr(self, kind))
        return ResultSpec("take", None)


def _check_call(spec: CallSpec, node: Node, context: Context) -> None:
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
        has_end = any(rule.then == "last" for rule in spec.responses)
        check_paged_take(pages, context, has_end=has_end)
    elif isinstance(pages, MapNode) and given:
        check_items(pages, given[0], context)


# --- bindings -------------------------------------------------------------------------------------


@declared
class BindingSpec(Declared):
    """An entry of `source` without a call: it loops over a list (`each`) or names a value (`take`)."""

    name: str = needed(NAME, "What the entries below, and the ticket, call the value.", "item")
    take: ExpressionSpec | None = key(EXPRESSION, "Binds one value.", "order.customer")
    each: ExpressionSpec | None = key(
        EXPRESSION, "Binds the entries of a list, one after the other.", "order.items"
    )
    place: Place

    @property
    def kind(self) -> Literal["take", "each"]:
        """Whether the entry has `each` or `take`."""
        return "each" if self.take is None and self.each is not None else "take"

    @property
    def expression(self) -> ExpressionSpec:
        """The expression that gives its value or its list."""
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
    """Return the entries. Broken ones are left out."""
    items = [item for item in node.items if isinstance(item, MapNode)]
    return tuple((CALL if _is_call(item) else _BINDING).read(item, context, name) for item in items)


def _is_call(node: Node) -> bool:
    return node.get("get") is not None or node.get("post") is not None


_ENTRY: ValueKind[Any] = ValueKind(
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
    """Check the *entries* at *node* together. *claimed* is what `auth` adds to each request."""
    taken: dict[str, Place] = {}
    looped = False
    items = [item for item in node.items if isinstance(item, MapNode)]
    for entry, item in zip(entries, items, strict=True):
        _check_name(item, taken, RESERVED | claimed.roots, context)
        if isinstance(entry, CallSpec):
            check_request(item, claimed, context)
            paged = entry.pages is not None
            responses = item.get("responses")
            check_claims(entry.responses, responses, context, looped=looped, paged=paged)
        looped = looped or _loops(entry)


def check_hosts(entries: Sequence[EntrySpec], root: Node, context: Context) -> None:
    """Check that each `host` of *entries* is in `upstream.hosts`, and that each of these is called."""
    hosts = root.need("upstream").get("hosts")
    names = {str(key.value): key.place for key, _ in (hosts.pairs if hosts else ())}
    called = {entry.host for entry in entries if isinstance(entry, CallSpec)}
    for item in root.need("source").items:
        host = item.get("host")
        if host is not None and _is_call(item) and text_of(host) and text_of(host) not in names:
            message = f"`{text_of(host)}` is none of `upstream.hosts`"
            near = did_you_mean(text_of(host), names)
            legal = f"legal here: {', '.join(names)}" if names else "name it there, with its URL"
            context.report.error(host.place, "TB069", message, f"{near} {legal}".strip())
    for name, place in names.items():
        if name not in called:
            message = f"no call goes to the host `{name}`"
            hint = f"name it at a call, by `host: {name}`, or leave it out"
            context.report.warning(place, "TB069", message, hint)


def _check_name(
    node: Node, taken: dict[str, Place], reserved: Collection[str], context: Context
) -> None:
    name, place = text_of(node.need("name")), node.need("name").place
    if name in reserved:
        message = f"`{name}` is a name of the language"
        context.report.error(place, "TB060", message, f"not free: {', '.join(sorted(reserved))}")
    elif name and name in taken:
        message = f"`{name}` is the name of an entry above, on line {taken[name].line}"
        context.report.error(place, "TB060", message, "give each entry a name of its own")
    taken.setdefault(name, place)


def _loops(entry: EntrySpec) -> bool:
    """Return whether the entries below *entry* run more than once."""
    if isinstance(entry, BindingSpec):
        return entry.kind == "each"
    paged_take = entry.pages is not None and entry.result.kind == "take"
    return entry.result.kind == "each" or paged_take
