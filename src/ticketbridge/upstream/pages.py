"""How a call walks from page to page. Nothing is kept here: the state is in the request."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, assert_never

from ticketbridge.jmes import Expression, kinds
from ticketbridge.mapping.compiler import Scope, SpecCompiler
from ticketbridge.mapping.spec import (
    CursorSpec,
    LinkHeaderSpec,
    NextUrlSpec,
    NumberSpec,
    OffsetSpec,
    PagesSpec,
)
from ticketbridge.upstream.evaluate import evaluate, mismatch, says_nothing
from ticketbridge.upstream.link_header import LinkHeaderError, next_link
from ticketbridge.upstream.next_url import NextUrlError, next_url
from ticketbridge.upstream.requests import FirstRequest


@dataclass(frozen=True, slots=True)
class Step:
    """Where a page is asked for: *page* is the root of that name, *url* replaces the request's."""

    page: Mapping[str, Any]
    url: str | None = None


@dataclass(frozen=True, slots=True)
class PageSeen:
    """What a paging looks at to find the next page: the response scope, and the page's request.

    *empty*: the platform's own list has nothing in it.
    """

    scope: Scope
    step: Step
    url: str
    empty: bool
    first: FirstRequest


Paging = Callable[[PageSeen], Step | None]
"""Gives the step to the next page, or None after the last one."""


def first_step(spec: PagesSpec) -> Step:
    """The step of a call's first request."""
    match spec.paging:
        case NextUrlSpec() | LinkHeaderSpec():
            return Step({})
        case CursorSpec():
            return Step({"cursor": None})
        case NumberSpec(start):
            return Step({"number": start})
        case OffsetSpec():
            return Step({"offset": 0})
        case _:
            assert_never(spec.paging)


def compile_paging(
    spec: PagesSpec,
    slot: str,
    base_url: str,
    roots: Collection[str],
    compiler: SpecCompiler,
    *,
    alone: bool = False,
) -> Paging:
    """The paging that *spec* declares. *alone*: nothing but the requests keeps to the user's tickets."""
    match spec.paging:
        case NextUrlSpec():
            leash = _Leash(
                f"{slot}: next_url", base_url, any_path=spec.paging.any_path, alone=alone
            )
            url = compiler.expression(spec.paging.url, roots, kinds.NEXT_URL)
            return _by_next_url(url, leash)
        case LinkHeaderSpec():
            leash = _Leash(
                f"{slot}: link_header", base_url, any_path=spec.paging.any_path, alone=alone
            )
            return _by_link_header(leash)
        case CursorSpec():
            cursor = compiler.expression(spec.paging.cursor, roots, kinds.CURSOR)
            return _by_cursor(cursor, f"{slot}: cursor")
        case NumberSpec():
            return _counting("number", 1)
        case OffsetSpec(step):
            return _counting("offset", step)
        case _:
            assert_never(spec.paging)


@dataclass(frozen=True, slots=True)
class _Leash:
    """What the next URLs of one call are held to."""

    slot: str
    base_url: str
    any_path: bool
    alone: bool

    def step(self, text: object, seen: PageSeen) -> Step:
        """The step to the page at *text*; MappingMismatch where it is not to be followed."""
        try:
            url = next_url(
                text,
                current=seen.url,
                base_url=self.base_url,
                first=seen.first,
                any_path=self.any_path,
                alone=self.alone,
            )
        except NextUrlError as error:
            raise mismatch(self.slot, str(error)) from error
        return Step(seen.step.page, url)


def _by_next_url(expression: Expression, leash: _Leash) -> Paging:
    """`{next: "https://…?page=2"}` with `next_url: body.next`."""

    def step(seen: PageSeen) -> Step | None:
        text = evaluate(expression, seen.scope, leash.slot)
        return None if _is_end(text) else leash.step(text, seen)

    return step


def _by_link_header(leash: _Leash) -> Paging:
    """`Link: <https://…?page=2>; rel="next"` with `link_header: true`."""

    def step(seen: PageSeen) -> Step | None:
        try:
            target = next_link(seen.scope["headers"].get("link", ""))
        except LinkHeaderError as error:
            raise mismatch(leash.slot, str(error)) from error
        return None if target is None else leash.step(target, seen)

    return step


def _by_cursor(expression: Expression, slot: str) -> Paging:
    """`{next: "b2Zm"}` with `cursor: body.next` and `query: {after: "{page.cursor}"}`."""

    def step(seen: PageSeen) -> Step | None:
        cursor = evaluate(expression, seen.scope, slot)
        if _is_end(cursor):
            return None
        if isinstance(cursor, bool) or not isinstance(cursor, str | int):
            raise mismatch(slot, f"`{expression.text}` at {expression.place} gives no cursor")
        if isinstance(cursor, str) and says_nothing(cursor):
            reason = 'gives a text that says there is none: null, or "", is the end of the pages'
            raise mismatch(slot, f"`{expression.text}` at {expression.place} {reason}")
        return Step({"cursor": cursor})

    return step


def _is_end(value: object) -> bool:
    """Whether a platform says so that there is no other page."""
    return value is None or value is False or (isinstance(value, str) and not value)


def _counting(name: str, step: int) -> Paging:
    """`query: {page: "{page.number}"}` or `{page.offset}`; an empty page ends it."""

    def following(seen: PageSeen) -> Step | None:
        return None if seen.empty else Step({name: seen.step.page[name] + step})

    return following
