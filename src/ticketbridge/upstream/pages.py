"""How a call walks from page to page. Nothing is kept here: the state is in the request."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, assert_never

from ticketbridge.mapping.compiler import Scope, SpecCompiler
from ticketbridge.mapping.spec import NextUrlSpec, NumberSpec, PagesSpec
from ticketbridge.upstream.evaluate import evaluate, mismatch
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
        case NextUrlSpec():
            return Step({})
        case NumberSpec(start):
            return Step({"number": start})
        case _:
            assert_never(spec.paging)


def compile_paging(
    spec: PagesSpec, slot: str, base_url: str, roots: Collection[str], compiler: SpecCompiler
) -> Paging:
    """The paging that *spec* declares."""
    match spec.paging:
        case NextUrlSpec():
            return _by_next_url(spec.paging, f"{slot}: next_url", base_url, roots, compiler)
        case NumberSpec():
            return _by_number
        case _:
            assert_never(spec.paging)


def _by_next_url(
    spec: NextUrlSpec, slot: str, base_url: str, roots: Collection[str], compiler: SpecCompiler
) -> Paging:
    """`{next: "https://…?page=2"}` with `next_url: body.next`; null, "" or false ends it."""
    expression = compiler.expression(spec.url, roots)

    def step(seen: PageSeen) -> Step | None:
        text = evaluate(expression, seen.scope, slot)
        if text is None or text is False or text == "":
            return None
        try:
            url = next_url(
                text,
                current=seen.url,
                base_url=base_url,
                first=seen.first,
                any_path=spec.any_path,
            )
        except NextUrlError as error:
            raise mismatch(slot, str(error)) from error
        return Step(seen.step.page, url)

    return step


def _by_number(seen: PageSeen) -> Step | None:
    """`query: {page: "{page.number}"}`; an empty page ends it."""
    if seen.empty:
        return None
    return Step({"number": seen.step.page["number"] + 1})
