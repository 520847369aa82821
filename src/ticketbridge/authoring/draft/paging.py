"""Guesses of how a call goes from page to page: by what was asked for, and by what the answers say."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from ticketbridge.authoring.cases.spec import Target
from ticketbridge.authoring.draft.empties import is_none_of
from ticketbridge.authoring.draft.entries import Call, Rule
from ticketbridge.authoring.draft.guesses import Guess
from ticketbridge.authoring.draft.paths import ABSENT, Path, expression, scalars, value_at
from ticketbridge.authoring.draft.words import key_words
from ticketbridge.authoring.personal.chance import looks_secret

_NEXT_URL = ({"next"}, {"next", "url"}, {"next", "link"}, {"next", "href"}, {"next", "page", "url"})
_LAST_PAGE = (
    {"last", "page"},
    {"total", "pages"},
    {"page", "count"},
    {"pages"},
    {"num", "pages"},
    {"pagecount"},
)
_CURSOR = (
    {"next", "cursor"},
    {"continuation"},
    {"next", "page", "token"},
    {"cursor"},
    {"end", "cursor"},
)
_MORE = ({"has", "more"}, {"has", "more", "items"}, {"has", "next"}, {"has", "next", "page"})
_TOTAL = (
    {"count"},
    {"total"},
    {"total", "count"},
    {"object", "count"},
    {"total", "items"},
    {"total", "results"},
)
_PAGE_NUMBER = re.compile(r"[0-9]{1,18}")
_OFFSETS = {"offset", "start", "skip", "from"}


@dataclass(frozen=True, slots=True)
class Pages:
    """The keys of `pages`, each with a guess, and the parameter that the request places.

    *base_path* is what a next URL has before the path of the call.
    """

    keys: Mapping[str, Guess]
    query: Mapping[str, str]
    base_path: str = ""


def guess_pages(call: Call, list_path: Path) -> Pages | None:
    """How *call* is paged; None where nothing speaks of pages. *list_path* is where its items are."""
    documents = [document.value for document in call.group.documents]
    hints = _Hints(documents, list_path)
    asked = call.group.values_of(call.paging) if call.paging else []
    by_request = _by_request(call, asked, hints) if len(asked) > 1 else None
    return (
        by_request
        or _by_next_url(call, hints)
        or _by_number(call, hints)
        or _by_cursor(call, hints)
    )


def guess_end(call: Call, list_path: Path) -> Iterator[Rule]:
    """The rules of a call of which nothing tells how its next page is asked for, and its answers say `more`.

    Without them the first page would be taken for all that there is.
    """
    if guess_pages(call, list_path) is not None:
        return
    hints = _Hints([document.value for document in call.group.documents], list_path)
    for names, nothing in ((_MORE, [False]), (_NEXT_URL, [None])):
        path = hints.named(*names)
        values = [] if path is None else hints.values(path)
        if path is not None and all(type(v) is bool or names is _NEXT_URL for v in values):
            text = expression("body", path)
            text = f"optional({text})" if ABSENT in values else text
            none = [*nothing, None] if names is _MORE and ABSENT in values else nothing
            why = f"unsure: by `{path[-1]}` there are more, and the samples do not say how to ask"
            yield Rule(is_none_of(text, none), "fail", why)


class _Hints:
    """What the answers say of pages."""

    def __init__(self, documents: Sequence[Any], list_path: Path) -> None:
        self.documents = documents
        self._list_path = list_path
        found: dict[Path, None] = {}
        for document in documents:
            found.update((path, None) for path, _ in scalars(document) if path and len(path) <= 4)
        self._paths = list(found)

    def named(self, *names: set[str]) -> Path | None:
        """The first path whose last key has exactly the words of one of *names*."""
        for words in names:
            for path in self._paths:
                if set(key_words(path[-1])) == words or _link(path, words):
                    return path
        return None

    def values(self, path: Path) -> list[Any]:
        """What stands there, in all documents."""
        return [value_at(document, path) for document in self.documents]

    def items(self) -> list[list[Any]]:
        """The items of each document."""
        every = (value_at(document, self._list_path) for document in self.documents)
        return [items if isinstance(items, list) else [] for items in every]

    def total(self) -> Mapping[str, Guess]:
        """`total`, where the samples bear it out."""
        path = self.named(*_TOTAL)
        number = sum(map(len, self.items()))
        values = self.values(path) if path is not None else []
        if path is None or set(map(str, values)) != {str(number)}:
            return {}
        text = expression("body", path)
        text = f"to_number({text})" if isinstance(values[0], str) else text
        return {"total": Guess(text, "likely", f"{number}, and as many came")}

    def last_of_numbers(self, *, start: int = 1) -> Mapping[str, Guess]:
        """`last`, for numbered pages."""
        path = self.named(*_LAST_PAGE)
        if path is not None and all(isinstance(value, int) for value in self.values(path)):
            number = "page.number" if start else "add(page.number, `1`)"
            text = f"{number} >= {expression('body', path)}"
            return {"last": Guess(text, "likely", "by its name")}
        return self.last_without_more()

    def last_without_more(self) -> Mapping[str, Guess]:
        """`last`, where an answer says whether there are more."""
        path = self.named(*_MORE)
        if path is not None:
            return {
                "last": Guess(f"{expression('body', path)} == `false`", "likely", "by its name")
            }
        path = self.named({"next", "page"})
        if path is not None and None in self.values(path):
            text = f"{expression('body', path)} == `null`"
            return {"last": Guess(text, "likely", "null on the last page")}
        return self._last_by_length()

    def _last_by_length(self) -> Mapping[str, Guess]:
        """`last`, where the last page of the samples is shorter than all before."""
        *before, last = map(len, self.items())
        if not before or len(set(before)) > 1 or last >= before[0]:
            return {}
        text = f"length({expression('body', self._list_path)}) < `{before[0]}`"
        why = f"the last page is shorter than the others, of {before[0]}"
        return {"last": Guess(text, "unsure", why)}


def _link(path: Path, words: set[str]) -> bool:
    """`next.href`: a link as an object."""
    return len(path) > 1 and key_words(path[-1]) == ["href"] and set(key_words(path[-2])) == words


# --- by what was asked for ------------------------------------------------------------------------


def _by_request(call: Call, asked: Sequence[str | None], hints: _Hints) -> Pages | None:
    later = [value for value in asked if value is not None]
    numbers = [int(value) for value in later if _PAGE_NUMBER.fullmatch(value)]
    name = call.paging
    if later and len(numbers) == len(later):
        step = _step(name, numbers)
        if step is None:
            start = 0 if numbers[0] == 0 else 1
            return _numbered(name, "likely", f"`{name}` in the samples", hints, start=start)
        return _offsets(name, step, hints)
    for path in _where(later, hints):
        guess = Guess(expression("body", path), "likely", f"the next `{name}` of the samples")
        keys = {"cursor": guess, **hints.last_without_more(), **hints.total()}
        return Pages(keys, {name: "{page.cursor}"})
    return None


def _step(name: str, numbers: Sequence[int]) -> int | None:
    """By how much an offset grows from page to page; None for the number of a page."""
    words = key_words(name)
    if "page" in words or words == ["p"]:
        return None
    ordered = sorted({0, *numbers}) if _OFFSETS & set(words) else sorted(set(numbers))
    step = min((b - a for a, b in pairwise(ordered)), default=1)
    return step if step > 1 else None


def _numbered(name: str, sure: Any, why: str, hints: _Hints, *, start: int = 1) -> Pages:
    keys = {
        "number": Guess(f"{{start: {start}}}", sure, why),
        **hints.last_of_numbers(start=start),
        **hints.total(),
    }
    return Pages(keys, {name: "{page.number}"})


def _offsets(name: str, step: int, hints: _Hints) -> Pages:
    keys = {"offset": Guess(f"{{step: {step}}}", "likely", f"`{name}` in the samples")}
    path = hints.named(*_TOTAL)
    if path is not None:
        text = f"subtract({expression('body', path)}, add(page.offset, `{step}`)) <= `0`"
        keys["last"] = Guess(text, "likely", "none are left of the total")
    return Pages({**keys, **hints.total()}, {name: "{page.offset}"})


def _where(values: Sequence[str], hints: _Hints) -> Iterator[Path]:
    """Where the first document has what the second was asked for."""
    for path, value in scalars(hints.documents[0]) if hints.documents else ():
        if path and values and value == values[0]:
            yield path


# --- by what the answers say ----------------------------------------------------------------------


def _by_next_url(call: Call, hints: _Hints) -> Pages | None:
    path = hints.named(*_NEXT_URL)
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
    keys = {"next_url": Guess(expression("body", path), sure, why), **hints.total()}
    return Pages(keys, {}, _before(urls, call))


def _before(urls: Sequence[str], call: Call) -> str:
    """What stands before the call's path in the next URLs: a part of base_url."""
    target = call.group.target
    own = "/".join(target.path) if target else ""
    paths = [re.sub(r"^([a-z]+://[^/]*|\{BASE\})", "", url).partition("?")[0] for url in urls]
    found = {path.removesuffix(own) for path in paths if own and path.endswith(own)}
    base = found.pop() if len(found) == 1 else ""
    return "" if any(map(looks_secret, base.split("/"))) else base


def _keeps_parameters(url: str, call: Call) -> bool:
    """Whether a next URL asks for what the request did; one that forgets the user asks for everybody's."""
    target = Target.of(url.partition("://")[2] or url)
    return all(name in target.query for name in call.query)


def _by_number(call: Call, hints: _Hints) -> Pages | None:
    path = hints.named({"current", "page"}, {"page"}, {"page", "number"})
    last = hints.last_of_numbers()
    if path is None or not last or not all(isinstance(value, int) for value in hints.values(path)):
        return None
    name = call.paging or "page"
    sure = "likely" if call.paging else "unsure"
    why = f"by `{path[-1]}`" + ("" if call.paging else "; the parameter's name is a guess")
    return _numbered(name, sure, why, hints)


def _by_cursor(call: Call, hints: _Hints) -> Pages | None:
    path = hints.named(*_CURSOR)
    if path is None:
        return None
    name = call.paging or path[-1].removeprefix("next_")
    why = "by its name" + ("" if call.paging else "; so is the parameter's")
    guess = Guess(expression("body", path), "unsure", why)
    return Pages({"cursor": guess, **hints.last_without_more()}, {name: "{page.cursor}"})
