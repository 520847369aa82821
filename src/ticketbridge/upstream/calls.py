"""One entry of `source` that calls the platform: requests, tries, pages, and what it binds."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import msgspec

from ticketbridge.jmes import Expression, has_null, kinds, names_in
from ticketbridge.mapping.compiler import Scope, SpecCompiler
from ticketbridge.mapping.spec import (
    CallSpec,
    ExpressionSpec,
    NumberSpec,
    OffsetSpec,
    ResultKind,
    UpstreamSpec,
    expressions_in,
)
from ticketbridge.upstream.evaluate import evaluate, evaluate_bool, mismatch
from ticketbridge.upstream.exchange import Exchange
from ticketbridge.upstream.formats import accept_of
from ticketbridge.upstream.messages import PlatformRequest
from ticketbridge.upstream.pages import PageSeen, Paging, Step, compile_paging, first_step
from ticketbridge.upstream.pull import Pull
from ticketbridge.upstream.requests import FirstRequest, RequestPlan

RESULTS: Mapping[ResultKind, kinds.Kind] = MappingProxyType(
    {"take": kinds.ANY, "each": kinds.ARRAY, "collect": kinds.ARRAY}
)
"""What the expression of an entry must give."""


Roots = Mapping[str, Collection[str] | None]
"""The names that an expression may start with, and the keys of each where they are known."""


class CallPlan:
    """A compiled CallSpec."""

    def __init__(
        self, spec: CallSpec, upstream: UpstreamSpec, names: Sequence[str], compiler: SpecCompiler
    ) -> None:
        """*names* are those that earlier entries bind; slips go to *compiler* as findings."""
        bound: Roots = dict.fromkeys(("user", *names))
        paged = {**bound, "page": first_step(spec.pages).page} if spec.pages else bound
        answered = {**paged, **dict.fromkeys(("body", "status", "headers"))}
        self.name = spec.name
        self._kind = spec.result.kind
        self._max_pages = upstream.max_pages
        self._condition = compiler.optional(spec.condition, bound, kinds.BOOLEAN)
        known = len(compiler.findings)
        accept = accept_of(spec.format)
        self._request = RequestPlan(
            spec.request, spec.name, upstream.base_url, paged, compiler, accept=accept
        )
        if len(compiler.findings) == known:
            _hold_to_placing(spec, self._request, compiler)
        self._exchange = Exchange(
            spec, upstream, self._request, answered, compiler, needs_body=_uses_body(spec)
        )
        result = spec.result.expression or ExpressionSpec("body", spec.place)
        self._result = compiler.expression(result, answered, RESULTS[spec.result.kind])
        self._pages = spec.pages and _Pages(
            first_step(spec.pages),
            compile_paging(spec.pages, spec.name, upstream.base_url, answered, compiler),
            compiler.optional(spec.pages.last, answered, kinds.BOOLEAN),
            compiler.optional(spec.pages.total, answered, kinds.INTEGER),
            _full_page(spec, self._result),
        )
        _hold_to_an_end(spec, self._result, compiler)

    @property
    def uses_user(self) -> bool:
        """Whether the platform is told who asks."""
        return self._request.uses_user

    async def bind(self, scope: Scope, pull: Pull) -> list[Any]:
        """The values that this entry binds for *scope*, in order."""
        if self._condition and not evaluate_bool(self._condition, scope, f"{self.name}: if"):
            return _unasked(self._kind)
        pages = self._pages
        items = await (self._walk(pages, scope, pull) if pages else self._ask(scope, pull))
        return [items] if self._kind == "collect" else items

    async def _ask(self, scope: Scope, pull: Pull) -> list[Any]:
        """The items of a call that is not paged."""
        request = self._request.build(scope)
        answered = await self._exchange.ask(request, scope, pull, first=True)
        return self._items(answered.scope)

    async def _walk(self, pages: _Pages, scope: Scope, pull: Pull) -> list[Any]:
        """The items of all *pages*."""
        walk = _Walk()
        step: Step | None = pages.first
        first: FirstRequest | None = None
        while step is not None:
            here = {**scope, "page": step.page}
            request = self._request.build(here, step.url)
            first = first or self._request.first(here)
            self._hold_to_new(request, walk)
            answered = await self._exchange.ask(request, here, pull, first=not walk.items_of_pages)
            seen = answered.scope
            items = self._items(seen)
            self._hold_to_progress(items, walk)
            self._hold_to_step(pages, walk)
            # Where the mapping leaves records out, it may have emptied the page: that says nothing.
            empty = not items and self._result.gives_as_found
            page = PageSeen(seen, step, answered.url, empty, first)
            step = None if self._is_last(pages, seen) else pages.following(page)
            self._hold_to_total(pages, seen, walk, over=step is None)
        return [item for page in walk.items_of_pages for item in page]

    def _items(self, scope: Scope) -> list[Any]:
        """What the result expression finds in one answer."""
        return found(self._result, scope, self._kind, self.name)

    def _is_last(self, pages: _Pages, scope: Scope) -> bool:
        return pages.last is not None and evaluate_bool(pages.last, scope, f"{self.name}: last")

    # --- what a platform's pages are held to ----------------------------------------------------

    def _hold_to_new(self, request: PlatformRequest, walk: _Walk) -> None:
        if request in walk.requests:
            raise mismatch(f"{self.name}: pages", "the same page is asked for twice")
        if len(walk.requests) == self._max_pages:
            raise mismatch(f"{self.name}: pages", f"max_pages: more than {self._max_pages} pages")
        walk.requests.add(request)

    def _hold_to_progress(self, items: list[Any], walk: _Walk) -> None:
        if items:
            digest = self._digest(items)
            if digest in walk.digests:
                raise mismatch(f"{self.name}: pages", "two pages have the same items")
            walk.digests.add(digest)
        walk.items_of_pages.append(items)

    def _digest(self, items: list[Any]) -> bytes:
        try:
            return hashlib.blake2b(msgspec.json.encode(items), digest_size=16).digest()
        except UnicodeEncodeError:  # of a header whose bytes are no UTF-8
            reason = "an item has a lone surrogate, which is no character"
            raise mismatch(f"{self.name}: pages", reason) from None

    def _hold_to_step(self, pages: _Pages, walk: _Walk) -> None:
        """A page shorter than the step, and another after it: what stood between was never asked for."""
        *_, before, items = [], *walk.items_of_pages
        if items and 0 < len(before) < pages.full:
            reason = f"a page of {len(before)} items, and another after it; `step` is {pages.full}"
            raise mismatch(f"{self.name}: pages", reason)

    def _hold_to_total(self, pages: _Pages, scope: Scope, walk: _Walk, *, over: bool) -> None:
        if pages.total is None:
            return
        slot = f"{self.name}: total"
        total = evaluate(pages.total, scope, slot)
        if isinstance(total, bool) or not isinstance(total, int):
            raise mismatch(slot, f"`{pages.total.text}` at {pages.total.place} gives no integer")
        # A platform that counts nothing on a page past its end has counted more before.
        walk.total = max(walk.total, total)
        count = sum(map(len, walk.items_of_pages))
        if over and count < walk.total:
            raise mismatch(slot, f"{count} items came where the platform counts {walk.total}")


def _uses_body(spec: CallSpec) -> bool:
    """Whether the call's result or its pages are made from the body, as they are by default."""
    if spec.result.expression is None:
        return True
    used = expressions_in((spec.result, spec.pages))
    return any("body" in names_in(expression.text) for expression in used)


def _unasked(kind: ResultKind) -> list[Any]:
    """What a call binds that `if` has kept from being made."""
    values: dict[ResultKind, list[Any]] = {"take": [None], "collect": [[]], "each": []}
    return values[kind]


def _full_page(spec: CallSpec, result: Expression) -> int:
    """The step of offsets; 0 where the mapping leaves items out of a page, or counts them by `total`."""
    if spec.pages is None or spec.pages.total is not None:
        return 0
    counts = spec.result.kind != "take" and result.gives_as_found
    paging = spec.pages.paging
    return paging.step if counts and isinstance(paging, OffsetSpec) else 0


def _hold_to_an_end(spec: CallSpec, result: Expression, compiler: SpecCompiler) -> None:
    """An empty page ends counted pages: a page must not be empty because the mapping left all of it out."""
    counted = spec.pages is not None and isinstance(spec.pages.paging, NumberSpec | OffsetSpec)
    if spec.pages is None or not counted or spec.pages.last or result.gives_as_found:
        return
    place = spec.place if spec.result.expression is None else spec.result.expression.place
    compiler.report(
        place,
        "TB313",
        "an empty page ends these pages, and this expression can leave out all of a page that is none",
        "name the end with `last`, or take the list whole and leave records out by `ticket.status`"
        " or `not_eligible_when`",
    )


def _hold_to_placing(spec: CallSpec, request: RequestPlan, compiler: SpecCompiler) -> None:
    """A request that is the same for each page never gets the second one."""
    keys = first_step(spec.pages).page if spec.pages else {}
    if spec.pages is None or not keys or "page" in request.names:
        return
    key = f"page.{next(iter(keys))}"
    compiler.report(
        spec.pages.place,
        "TB315",
        f"the request has no `{{{key}}}`: it asks for the first page again and again",
        f'place it, for example query: {{page: "{{{key}}}"}}',
    )


@dataclass(frozen=True, slots=True)
class _Pages:
    """How a paged call goes from page to page, and what its pages are held to.

    *full* is how many items a page has that another follows, or 0 where that is not known.
    """

    first: Step
    following: Paging
    last: Expression | None
    total: Expression | None
    full: int


@dataclass(slots=True)
class _Walk:
    """The pages of one call so far."""

    requests: set[PlatformRequest] = field(default_factory=set)
    digests: set[bytes] = field(default_factory=set)
    items_of_pages: list[list[Any]] = field(default_factory=list)
    total: int = 0


def found(expression: Expression, scope: Scope, kind: ResultKind, name: str) -> list[Any]:
    """The values that an entry's *expression* finds: the one to `take`, or the elements of a list.

    What is bound on its own is never null: nothing could be told of it, not even whose it is.
    """
    slot = f"{name}: {kind}"
    value = evaluate(expression, scope, slot)
    if kind == "take":
        value = [value]
    if not isinstance(value, list):
        raise mismatch(slot, f"`{expression.text}` at {expression.place} gives no list")
    if kind != "collect" and has_null(value):
        raise mismatch(slot, f"`{expression.text}` at {expression.place} gives null")
    return value
