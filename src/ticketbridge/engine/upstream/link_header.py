"""Read the `Link` header (RFC 8288) strictly: a link that is ignored may be the next page."""

from __future__ import annotations

import re
from collections.abc import Iterator

_NAME = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_TARGET = re.compile(r"<([^<>]*)>")
# A value without quotes: visible ASCII, as RFC 5988 had it (`type=text/html`).
_VALUE = r'"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<bare>[!#-+\--:<-\[\]-~]+)'
_PARAMETER = re.compile(
    rf"[ \t]*;[ \t]*(?:(?P<name>{_NAME})(?:[ \t]*=[ \t]*(?:{_VALUE}))?)?", re.DOTALL
)
_END_OF_LINK = re.compile(r"[ \t]*(?:,|\Z)")
_NOTHING = re.compile(r"[ \t,]*")
_RELATION = re.compile(r"[a-z0-9._-]+|[a-z][a-z0-9+.-]*:[\x21-\x7e]+", re.ASCII)
_NO_LETTER = re.compile(r"[^a-z]")
_NEXT = "next"


class LinkHeaderError(Exception):
    """The reason why a `Link` header is not followed. The text repeats nothing from the header."""


def next_link(header: str) -> str | None:
    """Return the target of the link with `rel="next"`, as it is written, or None if there is none.

    *header* is the value of all `Link` headers, joined by commas. Raises LinkHeaderError if it cannot be
    read, if the meaning of a link is not clear, if there are several next pages, or if the next page belongs
    to another resource.
    """
    links = list(_links(header))
    found = [(target, parameters) for target, parameters in links if _is_next(parameters)]
    if any(name == "anchor" for _, parameters in found for name, _ in parameters):
        raise LinkHeaderError("the next link has an `anchor`: it is that of another resource")
    targets = {target for target, _ in found}
    if len(targets) > 1:
        raise LinkHeaderError("the Link header has several next links")
    return targets.pop() if targets else None


_Parameters = list[tuple[str, str]]


def _links(header: str) -> Iterator[tuple[str, _Parameters]]:
    """Yield each link's target and parameters; names are in lower case."""
    at = _end(_NOTHING, header, 0)
    while at < len(header):
        target = _TARGET.match(header, at)
        if target is None:
            raise LinkHeaderError("the Link header cannot be read")
        parameters: _Parameters = []
        at = target.end()
        while parameter := _PARAMETER.match(header, at):
            at = parameter.end()
            if parameter["name"]:
                parameters.append((parameter["name"].lower(), _value(parameter)))
        yield target[1], parameters
        at = _end(_NOTHING, header, _end(_END_OF_LINK, header, at))


def _end(pattern: re.Pattern[str], header: str, at: int) -> int:
    match = pattern.match(header, at)
    if match is None:
        raise LinkHeaderError("the Link header cannot be read")
    return match.end()


def _value(parameter: re.Match[str]) -> str:
    quoted = parameter["quoted"]
    if quoted is not None:
        return re.sub(r"\\(.)", r"\1", quoted, flags=re.DOTALL)
    return parameter["bare"] or ""


def _is_next(parameters: _Parameters) -> bool:
    """Return whether a link leads to the next page. The first `rel` counts (RFC 8288, section 3.3)."""
    if any(name == "rel*" for name, _ in parameters):
        raise LinkHeaderError("a link has `rel*`, which is no parameter: its relation is not clear")
    first, *others = [_relations(value) for name, value in parameters if name == "rel"] or [()]
    if not first:
        raise LinkHeaderError("a link has no `rel`: nothing says that it is not the next page")
    if _NEXT not in first and any(_NEXT in other for other in others):
        raise LinkHeaderError("a link has two `rel`, and only the second says next")
    return _NEXT in first


def _relations(rel: str) -> tuple[str, ...]:
    """Return the words of a `rel`, in lower case. Raises LinkHeaderError for a word that is no relation."""
    words = tuple(word.lower() for word in re.split(r"[ \t]+", rel) if word)
    if not all(map(_RELATION.fullmatch, words)):
        raise LinkHeaderError("a link's `rel` has a word that is no relation, which may mean next")
    if any(word != _NEXT and _NO_LETTER.sub("", word) == _NEXT for word in words):
        raise LinkHeaderError("a link's `rel` is next but for its signs")
    return words
