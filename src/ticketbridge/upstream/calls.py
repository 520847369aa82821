"""One entry of `source` that calls the platform: requests, tries, pages, and what it binds."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from types import MappingProxyType
from typing import Any

from ticketbridge.jmes import Expression, Repeated, describe, has_null, kinds, names_in
from ticketbridge.mapping.compiler import Scope, SpecCompiler
from ticketbridge.mapping.spec import (
    CallSpec,
    ExpressionSpec,
    NumberSpec,
    OffsetSpec,
    PagesSpec,
    ResultKind,
    UpstreamSpec,
    expressions_in,
)
from ticketbridge.problems import MappingMismatch
from ticketbridge.upstream.evaluate import evaluate, evaluate_bool, mismatch
from ticketbridge.upstream.exchange import Exchange
from ticketbridge.upstream.formats import accept_of
from ticketbridge.upstream.pages import PageSeen, Paging, Step, compile_paging, first_step
from ticketbridge.upstream.pull import Pull
from ticketbridge.upstream.requests import FirstRequest, RequestPlan
from ticketbridge.upstream.walk import PageLimits, Walk

RESULTS: Mapping[ResultKind, kinds.Kind] = MappingProxyType(
    {"take": kinds.ANY, "each": kinds.ARRAY, "collect": kinds.ARRAY}
)
"""What the expression of an entry must give."""


Roots = Mapping[str, Collection[str] | None]
"""The names that an expression may start with, and the keys of each where they are known."""


class CallPlan:
    """A compiled CallSpec."""

    def __init__(
        self,
        spec: CallSpec,
        upstream: UpstreamSpec,
        names: Sequence[str],
        compiler: SpecCompiler,
        *,
        alone: bool = False,
    ) -> None:
        """*names* are those that earlier entries bind; slips go to *compiler* as findings.

        *alone*: nothing but the requests keeps to the user's tickets.
        """
        bound: Roots = dict.fromkeys(("user", *names))
        paged = {**bound, "page": first_step(spec.pages).page} if spec.pages else bound
        answered = {**paged, **dict.fromkeys(("body", "status", "headers"))}
        self.name = spec.name
        self._kind = spec.result.kind
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
        self._pages = spec.pages and self._compile_pages(
            spec, spec.pages, upstream, answered, compiler, alone=alone
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
        walk = Walk(pages.limits)
        items: list[Any] = []
        step: Step | None = pages.first
        first: FirstRequest | None = None
        while step is not None:
            here = {**scope, "page": step.page}
            request = self._request.build(here, step.url)
            walk.ask(request)
            answered = await self._exchange.ask(request, here, pull, first=first is None)
            first = first or self._request.first(here)
            seen = answered.scope
            found_here = self._items(seen)
            counted = pages.counted(seen, found_here, self.name)
            walk.add(counted)
            items += found_here
            if self._kind == "each":
                pull.require_records(len(items))
            if pages.total is not None:
                walk.count_to(_total(pages.total, seen, f"{self.name}: total"))
            # Where the mapping leaves records out, it may have emptied the page: that says nothing.
            empty = not counted and pages.gives_as_found
            page = PageSeen(seen, step, answered.url, empty, first)
            step = None if self._is_last(pages, seen) else pages.following(page)
        walk.end()
        return items

    def _items(self, scope: Scope) -> list[Any]:
        """What the result expression finds in one answer."""
        return found(self._result, scope, self._kind, self.name)

    def _is_last(self, pages: _Pages, scope: Scope) -> bool:
        return pages.last is not None and evaluate_bool(pages.last, scope, f"{self.name}: last")

    def _compile_pages(
        self,
        spec: CallSpec,
        pages: PagesSpec,
        upstream: UpstreamSpec,
        roots: Roots,
        compiler: SpecCompiler,
        *,
        alone: bool,
    ) -> _Pages:
        """*pages* of the call *spec*; *roots* are those of its response slots."""
        items = compiler.optional(pages.items, roots, kinds.ARRAY)
        counting = self._result if spec.result.kind != "take" else items
        limits = PageLimits(
            spec.name, upstream.max_pages, _full_page(pages, counting), pages.total is not None
        )
        return _Pages(
            first_step(pages),
            compile_paging(pages, spec.name, upstream.base_url, roots, compiler, alone=alone),
            compiler.optional(pages.last, roots, kinds.BOOLEAN),
            compiler.optional(pages.total, roots, kinds.INTEGER),
            items,
            limits,
            gives_as_found=counting is not None and counting.gives_as_found,
        )


def _total(expression: Expression, scope: Scope, slot: str) -> int:
    """How many items the platform counts. Raises MappingMismatch for what is no such number."""
    total = evaluate(expression, scope, slot)
    where = f"`{expression.text}` at {expression.place}"
    if type(total) is int and total >= 0:
        return total
    if type(total) is int:
        raise mismatch(slot, f"{where} gives less than 0: the platform does not count here")
    raise mismatch(slot, f"{where} gives no integer, but {_not_integer(total)}")


def _not_integer(value: Any) -> str:
    """What *value* is, and how an integer is made of it."""
    match value:
        case str():
            return "a string (for its number: `to_number(...)`)"
        case float() | Decimal():
            return "a number with a decimal point (for its whole part: `floor(...)`)"
        case _:
            return describe(value)


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


def _full_page(pages: PagesSpec, counting: Expression | None) -> int:
    """The step of offsets; 0 where the mapping leaves items out of a page, or counts them by `total`."""
    if pages.total is not None or counting is None or not counting.gives_as_found:
        return 0
    return pages.paging.step if isinstance(pages.paging, OffsetSpec) else 0


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

    *items* is what counts where that is not what the call binds. *gives_as_found*: an empty page is the
    platform's, and not made so by the mapping.
    """

    first: Step
    following: Paging
    last: Expression | None
    total: Expression | None
    items: Expression | None
    limits: PageLimits
    gives_as_found: bool

    def counted(self, scope: Scope, bound: list[Any], name: str) -> list[Any]:
        """The items of one page, which binds *bound*."""
        if self.items is None:
            return bound
        return _list(self.items, scope, f"{name}: items")


def found(expression: Expression, scope: Scope, kind: ResultKind, name: str) -> list[Any]:
    """Return the values that an entry's *expression* binds: `[value]` for `take`, else the list's."""
    value = evaluate(expression, scope, f"{name}: {kind}")
    return values_to_bind(value, expression, kind, name)


def values_to_bind(value: Any, expression: Expression, kind: ResultKind, name: str) -> list[Any]:
    """Return the values to bind of the *value* that an entry's *expression* gave.

    Raises MappingMismatch for what is no list, and for what is null and bound on its own: nothing could
    be told of it, not even whose it is.
    """
    values = [value] if kind == "take" else value
    if type(values) is not list or type(value) is Repeated:
        raise _unfit(expression, kind, name, "gives no list")
    if kind != "collect" and has_null(values):
        raise _unfit(expression, kind, name, "gives null")
    return values


def _unfit(expression: Expression, kind: ResultKind, name: str, what: str) -> MappingMismatch:
    return mismatch(f"{name}: {kind}", f"`{expression.text}` at {expression.place} {what}")


def _list(expression: Expression, scope: Scope, slot: str) -> list[Any]:
    value = evaluate(expression, scope, slot)
    if not isinstance(value, list):
        raise mismatch(slot, f"`{expression.text}` at {expression.place} gives no list")
    return value
