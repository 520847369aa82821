"""The compiled entries of `source`: those that call the platform, and those that do not."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from ticketbridge.engine.problems import MappingMismatch
from ticketbridge.engine.upstream.answer import compile_rules
from ticketbridge.engine.upstream.answer_formats import accept_of
from ticketbridge.engine.upstream.evaluate import find_values, require_bindable
from ticketbridge.engine.upstream.paging import PageLimits, PagesPlan, compile_paging, first_step
from ticketbridge.engine.upstream.placed_token import PlacingPlan
from ticketbridge.engine.upstream.requests import RequestPlan
from ticketbridge.jmes import Expression, kinds, names_in
from ticketbridge.mapping.spec import (
    BindingSpec,
    CallSpec,
    ExpressionSpec,
    NumberSpec,
    OffsetSpec,
    PagesSpec,
    ResultKind,
    SessionAuthSpec,
    UpstreamSpec,
    expressions_in,
)
from ticketbridge.mapping.spec_compiler import Scope, SpecCompiler

RESULTS: Mapping[ResultKind, kinds.Kind] = MappingProxyType(
    {"take": kinds.ANY, "each": kinds.ARRAY, "collect": kinds.ARRAY}
)
"""The type that the expression of an entry must give."""


Roots = Mapping[str, Collection[str] | None]
"""The roots of an expression, and the keys of each if they are known."""


class CallPlan:
    """A compiled CallSpec: the parts from which its pipeline is composed.

    *polls*: a rule may say to ask again later. *may_say_nothing*: a rule may say `none`. *pages* is None for
    a call of one request.
    """

    def __init__(
        self,
        spec: CallSpec,
        upstream: UpstreamSpec,
        names: Sequence[str],
        compiler: SpecCompiler,
        *,
        alone: bool = False,
    ) -> None:
        """Compile *spec*. *names* are bound by earlier entries; mistakes go to *compiler* as findings.

        *alone*: only the requests limit the answer to the user's tickets.
        """
        bound: Roots = dict.fromkeys(("user", *names))
        paged = {**bound, "page": first_step(spec.pages).page} if spec.pages else bound
        answered = {**paged, **dict.fromkeys(("body", "status", "headers"))}
        self.name = spec.name
        self.kind = spec.result.kind
        self.condition = compiler.optional(spec.condition, bound, kinds.BOOLEAN)
        known = len(compiler.findings)
        upstream = upstream.at(spec.host)
        self.base_url = upstream.base_url
        self.request = _plan_request(spec, upstream, paged, compiler)
        self.keeps_cookies = spec.cookies is not None
        if len(compiler.findings) == known:
            _check_placing(spec, self.request, compiler)
        self.rules = compile_rules(
            spec,
            upstream,
            answered,
            compiler,
            needs_body=_uses_body(spec),
            has_items=self._has_items,
        )
        self.polls = any(rule.poll is not None for rule in spec.responses)
        self.may_say_nothing = any(rule.then == "none" for rule in spec.responses)
        _check_polls(spec, upstream, compiler)
        result = spec.result.expression or ExpressionSpec("body", spec.place)
        self._result = compiler.expression(result, answered, RESULTS[spec.result.kind])
        self.pages: PagesPlan | None = None
        if spec.pages:
            self.pages = self._compile_pages(
                spec, spec.pages, upstream, answered, compiler, alone=alone
            )
        _check_end(spec, self._result, compiler)
        _check_cookies(spec, compiler)

    def items(self, scope: Scope) -> list[Any]:
        """Return the items that the result expression finds in one answer, whose *scope* was read."""
        return find_values(self._result, scope, self.kind, self.name)

    def _has_items(self, scope: Scope) -> bool:
        """Return whether an answer has items. One without their list has none, as errors are."""
        counted = self.pages is not None and self.pages.items is not None
        if self.kind == "take" and not counted:
            return False  # one value: an error has one too
        try:
            found = [] if self.kind == "take" else self.items(scope)
            return bool(self.pages.counted(scope, found) if self.pages else found)
        except MappingMismatch:
            return False

    def _compile_pages(
        self,
        spec: CallSpec,
        pages: PagesSpec,
        upstream: UpstreamSpec,
        roots: Roots,
        compiler: SpecCompiler,
        *,
        alone: bool,
    ) -> PagesPlan:
        """Return the plan of the *pages* of the call *spec*. *roots* are the roots of its response slots."""
        items = compiler.optional(pages.items, roots, kinds.ARRAY)
        counting = self._result if spec.result.kind != "take" else items
        limits = PageLimits(
            spec.name, upstream.max_pages, _full_page(pages, counting), pages.total is not None
        )
        return PagesPlan(
            spec.name,
            first_step(pages),
            compile_paging(pages, self, roots, compiler, alone=alone),
            compiler.optional(pages.last, roots, kinds.BOOLEAN),
            compiler.optional(pages.total, roots, kinds.INTEGER),
            items,
            limits,
            gives_as_found=counting is not None and counting.gives_as_found,
        )


class BindingPlan:
    """A compiled BindingSpec: an entry that goes down a level, without a call."""

    def __init__(self, spec: BindingSpec, names: Sequence[str], compiler: SpecCompiler) -> None:
        self.name = spec.name
        self.kind = spec.kind
        self.expression = compiler.expression(spec.expression, ("user", *names), RESULTS[spec.kind])

    def values(self, scope: Scope) -> list[Any]:
        """Return the values that this entry binds for *scope*, in order."""
        return find_values(self.expression, scope, self.kind, self.name)

    def bindable(self, value: Any) -> list[Any]:
        """Return the values to bind, from the result of the expression. Raises MappingMismatch."""
        return require_bindable(value, self.expression, self.kind, self.name)


def _plan_request(
    spec: CallSpec, upstream: UpstreamSpec, roots: Roots, compiler: SpecCompiler
) -> RequestPlan:
    auth, accept = upstream.auth, accept_of(spec.format)
    if isinstance(auth, SessionAuthSpec) and auth.is_placed:
        return PlacingPlan(spec.request, spec.name, upstream, roots, compiler, accept=accept)
    return RequestPlan(spec.request, spec.name, upstream, roots, compiler, accept=accept)


def unasked(kind: ResultKind) -> list[Any]:
    """Return the value of a call that `if` kept from being made."""
    values: dict[ResultKind, list[Any]] = {"take": [None], "collect": [[]], "each": []}
    return values[kind]


def _uses_body(spec: CallSpec) -> bool:
    """Return whether the call's result or its pages use the body, as they do by default."""
    if spec.result.expression is None:
        return True
    used = expressions_in((spec.result, spec.pages))
    return any("body" in names_in(expression.text) for expression in used)


def _full_page(pages: PagesSpec, counting: Expression | None) -> int:
    """Return the step of offsets; 0 if the mapping filters the items of a page, or counts by `total`."""
    if pages.total is not None or counting is None or not counting.gives_as_found:
        return 0
    return pages.paging.step if isinstance(pages.paging, OffsetSpec) else 0


def _check_end(spec: CallSpec, result: Expression, compiler: SpecCompiler) -> None:
    """Report pages that a filter may end too early: an empty page ends counted pages.

    A page from which the mapping left out all items looks empty.
    """
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


def _check_placing(spec: CallSpec, request: RequestPlan, compiler: SpecCompiler) -> None:
    """Report a request that is the same for each page: it never gets the second page."""
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


def _check_cookies(spec: CallSpec, compiler: SpecCompiler) -> None:
    """Report `cookies: keep` without effect: the call asks only once."""
    polls = any(rule.poll is not None for rule in spec.responses)
    if spec.cookies is not None and spec.pages is None and not polls:
        compiler.report(
            spec.place,
            "TB317",
            "`cookies: keep` keeps them for the next polls and pages of this call, and it has none",
            "leave it out; for the cookie of a login there is `auth: {type: session}`",
            severity="warning",
        )


def _check_polls(spec: CallSpec, upstream: UpstreamSpec, compiler: SpecCompiler) -> None:
    """Report a poll that waits as long as the deadline: it never asks again."""
    for rule in spec.responses:
        if rule.poll is not None and rule.poll.after >= upstream.timeout:
            compiler.report(
                rule.poll.place,
                "TB314",
                "`poll` waits for as long as the whole answer may take",
                f"`after` should be less than `timeout`, which is {upstream.timeout:g}s",
            )
