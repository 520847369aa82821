"""Guesses of how a call goes from page to page: by what was asked for, and by what the answers say."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from ticketbridge.workbench.cases.case_spec import Target
from ticketbridge.workbench.draft.candidates import Guess
from ticketbridge.workbench.draft.entries import DraftCall, DraftRule
from ticketbridge.workbench.draft.platform_words import split_key
from ticketbridge.workbench.draft.sample_values import (
    ABSENT,
    Path,
    find_scalars,
    find_values,
    list_paths,
    write_is_none_of,
    write_path,
    write_safe,
)
from ticketbridge.workbench.draft.sent_bodies import is_in_body
from ticketbridge.workbench.draft.vocabulary import Words, read_names
from ticketbridge.workbench.personal.chance import looks_secret

_NEXT_URL = read_names(
    "next next_url next_link next_href next_page_url odata_next_link hydra_next next_records_url"
)
_LAST_PAGE = read_names("last_page total_pages page_count pages num_pages pagecount")
_CURSOR = read_names("next_cursor continuation next_page_token cursor end_cursor")
_MORE = read_names("has_more has_more_items has_next has_next_page")
_TOTAL = read_names("count total total_count object_count total_items total_results")
_NUMBER = read_names("current_page page page_number")
_NEXT_PAGE = read_names("next_page")
_PAGE_NUMBER = re.compile(r"[0-9]{1,18}")
_OFFSETS = {"offset", "start", "skip", "from"}
_EMPTY = "an empty page is the last"


@dataclass(frozen=True, slots=True)
class DraftPages:
    """The keys of `pages`, each with a guess, and the parameter in the request.

    *base_path* is what a next URL has before the path of the call.
    """

    keys: Mapping[str, Guess]
    query: Mapping[str, str]
    base_path: str = ""

    @property
    def ends_empty(self) -> bool:
        """Whether an empty page is the last."""
        counted = bool({"number", "offset"} & self.keys.keys())
        return counted and ("last" not in self.keys or self.keys["last"].why == _EMPTY)


def guess_pages(call: DraftCall, list_path: Path) -> DraftPages | None:
    """Return how *call* is paged; None if nothing tells. *list_path* is where its items are."""
    hints = _Hints(call.group.answers, list_path)
    asked = call.group.values_of(call.paging) if call.paging else []
    by_request = _guess_by_request(call, asked, hints) if len(asked) > 1 else None
    return (
        by_request
        or _guess_by_next_url(call, hints)
        or _guess_by_number(call, hints)
        or _guess_by_cursor(call, hints)
    )


def page_whole(pages: DraftPages, items: Path) -> DraftPages:
    """Return *pages* for answers that are taken whole: they must name their items, and their last page."""
    text = write_path("body", items)
    keys = {**pages.keys, "items": Guess(text, "likely", "what a page is made of")}
    if pages.ends_empty:
        keys["last"] = Guess(f"length({text}) == `0`", "likely", _EMPTY)
    return replace(pages, keys=keys)


def guess_end(call: DraftCall, list_path: Path) -> Iterator[DraftRule]:
    """Yield rules that fail an answer with more pages, if nothing tells how to ask for the next page.

    Without them the first page would be taken for all that there is.
    """
    if guess_pages(call, list_path) is not None:
        return
    hints = _Hints(call.group.answers, list_path)
    for names, nothing in ((_MORE, [False]), (_NEXT_URL, [None])):
        path = hints.find_path(names)
        values = () if path is None else hints.values(path)
        if path is not None and all(type(v) is bool or names is _NEXT_URL for v in values):
            text = write_safe(write_path("body", path), values)
            none = [*nothing, None] if names is _MORE and ABSENT in values else nothing
            why = f"unsure: by `{path[-1]}` there are more, and the samples do not say how to ask"
            yield DraftRule(write_is_none_of(text, none), "fail", why)


class _Hints:
    """What the answers tell about pages."""

    def __init__(self, documents: Sequence[Any], list_path: Path) -> None:
        self.documents = documents
        self._list_path = list_path
        paths = list_paths(find_scalars, documents)
        self._paths = [path for path in paths if path and len(path) <= 4]

    def find_path(self, names: Sequence[Words]) -> Path | None:
        """Return the first path whose last key has exactly the words of one of *names*, or None."""
        wanted = ((set(words), path) for words in names for path in self._paths)
        return next((path for words, path in wanted if _has_words(path, words)), None)

    def values(self, path: Path) -> tuple[Any, ...]:
        """Return the values at *path* in all documents."""
        return find_values(self.documents, path)

    def items(self) -> list[list[Any]]:
        """Return the items of each document."""
        every = self.values(self._list_path)
        return [items if isinstance(items, list) else [] for items in every]

    def total(self) -> Mapping[str, Guess]:
        """Return `total`, if it agrees with the samples."""
        path = self.find_path(_TOTAL)
        number = sum(map(len, self.items()))
        values = self.values(path) if path is not None else ()
        if path is None or set(map(str, values)) != {str(number)}:
            return {}
        text = write_path("body", path)
        text = f"to_number({text})" if isinstance(values[0], str) else text
        return {"total": Guess(text, "likely", f"{number}, and as many came")}

    def last_of_numbers(self, *, start: int = 1) -> Mapping[str, Guess]:
        """Return `last` for numbered pages."""
        path = self.find_path(_LAST_PAGE)
        if path is not None and all(isinstance(value, int) for value in self.values(path)):
            number = "page.number" if start else "add(page.number, `1`)"
            text = f"{number} >= {write_path('body', path)}"
            return {"last": Guess(text, "likely", "by its name")}
        return self.last_without_more()

    def last_without_more(self) -> Mapping[str, Guess]:
        """Return `last`, if an answer says whether there are more."""
        path = self.find_path(_MORE)
        if path is not None:
            return {
                "last": Guess(f"{write_path('body', path)} == `false`", "likely", "by its name")
            }
        path = self.find_path(_NEXT_PAGE)
        if path is not None and None in self.values(path):
            text = f"{write_path('body', path)} == `null`"
            return {"last": Guess(text, "likely", "null on the last page")}
        return self._last_by_length()

    def _last_by_length(self) -> Mapping[str, Guess]:
        """Return `last`, if the last page of the samples is shorter than all before."""
        *before, last = map(len, self.items())
        if not before or len(set(before)) > 1 or last >= before[0]:
            return {}
        text = f"length({write_path('body', self._list_path)}) < `{before[0]}`"
        why = f"the last page is shorter than the others, of {before[0]}"
        return {"last": Guess(text, "unsure", why)}


def _has_words(path: Path, words: set[str]) -> bool:
    """Whether the last key of *path* has these words, or the one before, of a link: `next.href`."""
    last = split_key(path[-1])
    is_link = len(path) > 1 and last == ["href"]
    return set(last) == words or (is_link and set(split_key(path[-2])) == words)


# --- by what was asked for ------------------------------------------------------------------------


def _guess_by_request(
    call: DraftCall, asked: Sequence[str | None], hints: _Hints
) -> DraftPages | None:
    later = [value for value in asked if value is not None]
    numbers = [int(value) for value in later if _PAGE_NUMBER.fullmatch(value)]
    name = call.paging
    if later and len(numbers) == len(later):
        step = _find_step(name, numbers)
        if step is None:
            start = 0 if numbers[0] == 0 else 1
            return _make_numbered(name, "likely", f"`{name}` in the samples", hints, start=start)
        return _make_offsets(name, step, hints)
    path = _find_cursor_path(later, hints)
    if path is None:
        return None
    guess = Guess(write_path("body", path), "likely", f"the next `{name}` of the samples")
    keys = {"cursor": guess, **hints.last_without_more(), **hints.total()}
    return DraftPages(keys, {name: "{page.cursor}"})


def _find_step(name: str, numbers: Sequence[int]) -> int | None:
    """Return by how much an offset grows per page; None if it is the number of a page."""
    words = split_key(name)
    if "page" in words or words == ["p"]:
        return None
    ordered = sorted({0, *numbers}) if _OFFSETS & set(words) else sorted(set(numbers))
    step = min((b - a for a, b in pairwise(ordered)), default=1)
    return step if step > 1 else None


def _make_numbered(name: str, sure: Any, why: str, hints: _Hints, *, start: int = 1) -> DraftPages:
    keys = {
        "number": Guess(f"{{start: {start}}}", sure, why),
        **hints.last_of_numbers(start=start),
        **hints.total(),
    }
    return DraftPages(keys, {name: "{page.number}"})


def _make_offsets(name: str, step: int, hints: _Hints) -> DraftPages:
    keys = {"offset": Guess(f"{{step: {step}}}", "likely", f"`{name}` in the samples")}
    path = hints.find_path(_TOTAL)
    if path is not None:
        text = f"subtract({write_path('body', path)}, add(page.offset, `{step}`)) <= `0`"
        keys["last"] = Guess(text, "likely", "none are left of the total")
    return DraftPages({**keys, **hints.total()}, {name: "{page.offset}"})


def _find_cursor_path(values: Sequence[str], hints: _Hints) -> Path | None:
    """Return where each page has what the next was asked for, or None; one character proves nothing."""
    for path in filter(None, list_paths(find_scalars, hints.documents[:1])):
        pairs = list(zip(hints.values(path), values, strict=False))
        if pairs and all(stood == asked and len(asked) > 1 for stood, asked in pairs):
            return path
    return None


# --- by what the answers say ----------------------------------------------------------------------


def _guess_by_next_url(call: DraftCall, hints: _Hints) -> DraftPages | None:
    path = hints.find_path(_NEXT_URL)
    if path is None:
        return None
    urls = [
        value
        for value in hints.values(path)
        if isinstance(value, str) and ("/" in value or "?" in value)
    ]
    given = [value for value in hints.values(path) if value not in {None, ABSENT, ""}]
    if len(urls) < len(given) or any(not _keeps_parameters(url, call) for url in urls):
        return None
    sure: Any = "likely" if urls else "unsure"
    why = "the next page's URL" if urls else "null in the samples: a URL where there are more"
    keys = {"next_url": Guess(write_path("body", path), sure, why), **hints.total()}
    return DraftPages(keys, {}, _find_base_path(urls, call))


def _find_base_path(urls: Sequence[str], call: DraftCall) -> str:
    """Return what stands before the call's path in the next URLs: a part of base_url."""
    target = call.group.target
    own = "/".join(target.path) if target else ""
    paths = [re.sub(r"^([a-z]+://[^/]*|\{BASE\})", "", url).partition("?")[0] for url in urls]
    found = {path.removesuffix(own) for path in paths if own and path.endswith(own)}
    base = found.pop() if len(found) == 1 else ""
    return "" if any(map(looks_secret, base.split("/"))) else base


def _keeps_parameters(url: str, call: DraftCall) -> bool:
    """Whether a next URL repeats the request's parameters. One without the user gives everybody's tickets."""
    target = Target.of(url.partition("://")[2] or url)
    return all(name in target.query for name in call.query if not is_in_body(name))


def _guess_by_number(call: DraftCall, hints: _Hints) -> DraftPages | None:
    path = hints.find_path(_NUMBER)
    last = hints.last_of_numbers()
    if path is None or not last or not all(isinstance(value, int) for value in hints.values(path)):
        return None
    name = call.paging or "page"
    sure = "likely" if call.paging else "unsure"
    why = f"by `{path[-1]}`" + ("" if call.paging else "; the parameter's name is a guess")
    return _make_numbered(name, sure, why, hints)


def _guess_by_cursor(call: DraftCall, hints: _Hints) -> DraftPages | None:
    path = hints.find_path(_CURSOR)
    if path is None:
        return None
    name = call.paging or path[-1].removeprefix("next_")
    why = "by its name" + ("" if call.paging else "; so is the parameter's")
    guess = Guess(write_path("body", path), "unsure", why)
    return DraftPages({"cursor": guess, **hints.last_without_more()}, {name: "{page.cursor}"})
