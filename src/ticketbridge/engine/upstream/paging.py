"""How a call goes from page to page. This module keeps no data: the request holds the state."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol, assert_never

import msgspec

from ticketbridge.engine.problems import MappingMismatch
from ticketbridge.engine.upstream.evaluate import (
    evaluate,
    evaluate_bool,
    evaluate_list,
    mismatch,
    says_nothing,
)
from ticketbridge.engine.upstream.link_header import LinkHeaderError, next_link
from ticketbridge.engine.upstream.messages import PlatformRequest
from ticketbridge.engine.upstream.next_url import NextUrlError, next_url
from ticketbridge.engine.upstream.requests import FirstRequest, RequestPlan
from ticketbridge.jmes import Expression, TooLongError, describe, encode_within, kinds
from ticketbridge.mapping.spec import (
    CursorSpec,
    LinkHeaderSpec,
    NextUrlSpec,
    NumberSpec,
    OffsetSpec,
    PagesSpec,
)
from ticketbridge.mapping.spec_compiler import Scope, SpecCompiler

# The order of keys makes no difference between items; types do: 1, 1.0, "1" and true are four items.
_ENCODER = msgspec.json.Encoder(order="deterministic", decimal_format="number")
_LARGEST_PAGE = 30_000_000
"""Bytes of one page's items.

An expression may copy data that is once on a page into each of its items. To compare all that would
delay other answers.
"""


@dataclass(frozen=True, slots=True)
class Step:
    """The place of a page: *page* is the root of that name, *url* replaces the request's URL."""

    page: Mapping[str, Any]
    url: str | None = None


@dataclass(frozen=True, slots=True)
class PageSeen:
    """What a paging needs to find the next page: the response scope, and the page's request.

    *empty*: the platform's own list is empty.
    """

    scope: Scope
    step: Step
    url: str
    empty: bool
    first: FirstRequest


Paging = Callable[[PageSeen], Step | None]
"""Returns the step to the next page, or None after the last one."""


def first_step(spec: PagesSpec) -> Step:
    """Return the step of a call's first request."""
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


class PagedCall(Protocol):
    """What a paging knows about its call."""

    name: str
    base_url: str
    request: RequestPlan


def compile_paging(
    spec: PagesSpec,
    call: PagedCall,
    roots: Collection[str],
    compiler: SpecCompiler,
    *,
    alone: bool = False,
) -> Paging:
    """Return the paging that *spec* declares for *call*.

    *alone*: only the requests select the user's tickets.
    """
    slot, base_url = call.name, call.base_url
    match spec.paging:
        case NextUrlSpec():
            urls = _NextUrls(
                f"{slot}: next_url", base_url, any_path=spec.paging.any_path, alone=alone
            )
            url = compiler.expression(spec.paging.url, roots, kinds.NEXT_URL)
            return _by_next_url(url, urls)
        case LinkHeaderSpec():
            urls = _NextUrls(
                f"{slot}: link_header", base_url, any_path=spec.paging.any_path, alone=alone
            )
            return _by_link_header(urls)
        case CursorSpec():
            kind = kinds.ANY if call.request.takes_any_cursor else kinds.CURSOR
            cursor = compiler.expression(spec.paging.cursor, roots, kind)
            return _by_cursor(cursor, f"{slot}: cursor", kind)
        case NumberSpec():
            return _counting("number", 1)
        case OffsetSpec(step):
            return _counting("offset", step)
        case _:
            assert_never(spec.paging)


@dataclass(frozen=True, slots=True)
class _NextUrls:
    """The rules for the next URLs of one call."""

    slot: str
    base_url: str
    any_path: bool
    alone: bool

    def step(self, text: object, seen: PageSeen) -> Step:
        """Return the step to the page at *text*. Raises MappingMismatch if the URL may not be followed."""
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


def _by_next_url(expression: Expression, urls: _NextUrls) -> Paging:
    """Return the paging of `{next: "https://…?page=2"}` with `next_url: body.next`."""

    def step(seen: PageSeen) -> Step | None:
        text = evaluate(expression, seen.scope, urls.slot)
        return None if _is_end(text) else urls.step(text, seen)

    return step


def _by_link_header(urls: _NextUrls) -> Paging:
    """Return the paging of `Link: <https://…?page=2>; rel="next"` with `link_header: true`."""

    def step(seen: PageSeen) -> Step | None:
        try:
            target = next_link(seen.scope["headers"].get("link", ""))
        except LinkHeaderError as error:
            raise mismatch(urls.slot, str(error)) from error
        return None if target is None else urls.step(target, seen)

    return step


def _by_cursor(expression: Expression, slot: str, kind: kinds.Kind) -> Paging:
    """Return the paging of `{next: "b2Zm"}` with `cursor: body.next` and `{after: "{page.cursor}"}`."""

    def step(seen: PageSeen) -> Step | None:
        cursor = evaluate(expression, seen.scope, slot)
        if _is_end(cursor):
            return None
        if kind is kinds.CURSOR and (cursor is True or not kind.holds(cursor)):
            reason = f"gives no cursor, but {describe(cursor)}: only text and integers can stand in"
            reason += " other places than alone in `json`"
            raise mismatch(slot, f"`{expression.text}` at {expression.place} {reason}")
        if isinstance(cursor, str) and says_nothing(cursor):
            reason = 'gives a text that says there is none: null, or "", is the end of the pages'
            raise mismatch(slot, f"`{expression.text}` at {expression.place} {reason}")
        return Step({"cursor": cursor})

    return step


def _is_end(value: object) -> bool:
    """Return whether *value* is a platform's way to say that there is no other page."""
    return value is None or value is False or (isinstance(value, str) and not value)


def _counting(name: str, step: int) -> Paging:
    """Return the paging of `query: {page: "{page.number}"}` or `{page.offset}`. An empty page ends it."""

    def following(seen: PageSeen) -> Step | None:
        return None if seen.empty else Step({name: seen.step.page[name] + step})

    return following


@dataclass(frozen=True, slots=True)
class PagesPlan:
    """How the paged call *name* goes from page to page, and which rules its pages must keep.

    *items* gives the items to count, if these are not the items that the call binds.
    *gives_as_found*: an empty page was empty at the platform, not filtered by the mapping.
    """

    name: str
    first: Step
    following: Paging
    last: Expression | None
    total: Expression | None
    items: Expression | None
    limits: PageLimits
    gives_as_found: bool

    def counted(self, scope: Scope, bound: list[Any]) -> list[Any]:
        """Return the items of one page, which binds *bound*."""
        if self.items is None:
            return bound
        return evaluate_list(self.items, scope, f"{self.name}: items")

    def count(self, scope: Scope) -> int | None:
        """Return how many items the platform counts on a page with *scope*, or None if it does not count.

        Raises MappingMismatch if the count is not a whole number.
        """
        if self.total is None:
            return None
        slot = f"{self.name}: total"
        total = evaluate(self.total, scope, slot)
        where = f"`{self.total.text}` at {self.total.place}"
        if type(total) is int and total >= 0:
            return total
        if type(total) is int:
            raise mismatch(slot, f"{where} gives less than 0: the platform does not count here")
        raise mismatch(slot, f"{where} gives no integer, but {_not_integer(total)}")

    def next_step(self, seen: PageSeen) -> Step | None:
        """Return the step to the page after *seen*, or None after the last one."""
        slot = f"{self.name}: last"
        if self.last is not None and evaluate_bool(self.last, seen.scope, slot):
            return None
        return self.following(seen)


def _not_integer(value: Any) -> str:
    """Return a description of *value*, and how to make an integer from it."""
    match value:
        case str():
            return "a string (for its number: `to_number(...)`)"
        case float() | Decimal():
            return "a number with a decimal point (for its whole part: `floor(...)`)"
        case _:
            return describe(value)


# --- what the pages of one call are held to: items that moved between pages hide others ---------------


@dataclass(frozen=True, slots=True)
class PageLimits:
    """The rules for the pages of the call *name*.

    *full* is the number of items of a page that another page follows, or 0 if that is not known.
    *is_counted*: the platform says how many items there are.
    """

    name: str
    max_pages: int
    full: int
    is_counted: bool


class Walk:
    """The pages of one call so far. Its methods raise MappingMismatch if they cannot be one list.

    Items are equal if all their data is equal. An item that comes again on a later page is the same item; two
    equal items on one page are two.
    """

    def __init__(self, limits: PageLimits) -> None:
        self._limits = limits
        self._requests: set[PlatformRequest] = set()
        self._pages: set[bytes] = set()
        self._items: set[bytes] = set()
        self._count = 0  # of items, without those that came on an earlier page too
        self._total = 0
        self._has_moved = False
        self._last_page_size = 0

    def ask(self, request: PlatformRequest) -> None:
        """Note that *request* asks for the next page."""
        if request in self._requests:
            raise self._mismatch("the same page is asked for twice")
        most = self._limits.max_pages
        if len(self._requests) == most:
            raise self._mismatch(f"max_pages: more than {most} pages")
        self._requests.add(request)

    def add(self, items: Sequence[Any]) -> None:
        """Note the *items* of one more page."""
        found = self._digests(items)
        if found:
            self._require_other_page(found)
        self._require_full_page_before(len(found))
        repeated = sum(digest in self._items for digest in found)
        if repeated and not self._limits.is_counted:
            reason = (
                "an item came on two pages: items moved in between, and others may never have come"
            )
            raise self._mismatch(f"{reason}; `total` tells whether all came")
        self._has_moved = self._has_moved or repeated > 0
        self._count += len(found) - repeated
        self._items.update(found)

    def count_to(self, total: int) -> None:
        """Note that the platform counts *total*.

        If the totals of several pages differ, the greatest counts.
        """
        self._total = max(self._total, total)

    def end(self) -> None:
        """Return if nothing speaks against the last page being the last."""
        if not self._limits.is_counted:
            return
        slot, counts = f"{self._limits.name}: total", f"where the platform counts {self._total}"
        if self._count < self._total:
            raise mismatch(slot, f"{self._count} items came {counts}")
        if self._has_moved and self._count > self._total:
            reason = f"an item came on two pages, and {self._count} came {counts}"
            raise mismatch(slot, f"{reason}: it counts something else than these items")

    def _require_full_page_before(self, size: int) -> None:
        """Raise if a page shorter than the step has another page after it: items between them are lost."""
        before, self._last_page_size = self._last_page_size, size
        if size and 0 < before < self._limits.full:
            reason = (
                f"a page of {before} items, and another after it; `step` is {self._limits.full}"
            )
            raise self._mismatch(reason)

    def _require_other_page(self, found: list[bytes]) -> None:
        page = hashlib.blake2b(b"".join(sorted(found)), digest_size=16).digest()
        if page in self._pages:
            raise self._mismatch("two pages have the same items")
        self._pages.add(page)

    def _digests(self, items: Sequence[Any]) -> list[bytes]:
        found: list[bytes] = []
        room = _LARGEST_PAGE
        try:
            for item in items:
                text = encode_within(item, room, encoder=_ENCODER)
                room -= len(text)
                found.append(hashlib.blake2b(text, digest_size=16).digest())
        except TooLongError:
            reason = f"the items of one page have more than {_LARGEST_PAGE} bytes"
            raise self._mismatch(reason) from None
        except RecursionError:
            raise self._mismatch("an item is nested too deeply") from None
        except UnicodeEncodeError:  # of a header whose bytes are no UTF-8
            reason = "an item has a lone surrogate, which is no character"
            raise self._mismatch(reason) from None
        return found

    def _mismatch(self, reason: str) -> MappingMismatch:
        return mismatch(f"{self._limits.name}: pages", reason)
