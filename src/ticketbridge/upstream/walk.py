"""What the pages of one call are held to: items that moved between pages hide others."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from ticketbridge.jmes import TooLongError, encode_within
from ticketbridge.problems import MappingMismatch
from ticketbridge.upstream.evaluate import mismatch
from ticketbridge.upstream.messages import PlatformRequest

# The order of keys makes no difference between items; types do: 1, 1.0, "1" and true are four items.
_ENCODER = msgspec.json.Encoder(order="deterministic", decimal_format="number")


_LARGEST_PAGE = 30_000_000
"""Bytes of one page's items. An expression may put what stands once on a page into each of its items: to look
at all of them would hold up others."""


@dataclass(frozen=True, slots=True)
class PageLimits:
    """What the pages of the call *name* are held to.

    *full* is how many items a page has that another follows, or 0 where that is not known. *is_counted*:
    the platform says how many items there are.
    """

    name: str
    max_pages: int
    full: int
    is_counted: bool


class Walk:
    """The pages of one call so far. Its methods raise MappingMismatch where they cannot be one list.

    An item is known again by all that is in it, on a later page; two that are equal on one page are two.
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
        """Note that *request* is made for the next page."""
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
        """Note that the platform counts *total*; of the totals of several pages the greatest holds."""
        self._total = max(self._total, total)

    def end(self) -> None:
        """Return where there is nothing to say against the last page being the last."""
        if not self._limits.is_counted:
            return
        slot, counts = f"{self._limits.name}: total", f"where the platform counts {self._total}"
        if self._count < self._total:
            raise mismatch(slot, f"{self._count} items came {counts}")
        if self._has_moved and self._count > self._total:
            reason = f"an item came on two pages, and {self._count} came {counts}"
            raise mismatch(slot, f"{reason}: it counts something else than these items")

    def _require_full_page_before(self, size: int) -> None:
        """A page shorter than the step, and another after it: what stood between was never asked for."""
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
