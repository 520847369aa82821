"""The `Link` header (RFC 8288), read strictly: a link that is passed over may be the next page."""

from __future__ import annotations

import re
from collections.abc import Iterator

_WORD = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_TARGET = re.compile(r"<([^<>]*)>")
_VALUE = r'"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<bare>[^ \t,;"]*)'
_PARAMETER = re.compile(
    rf"[ \t]*;[ \t]*(?:(?P<name>{_WORD})(?:[ \t]*=[ \t]*(?:{_VALUE}))?)?", re.DOTALL
)
_END_OF_LINK = re.compile(r"[ \t]*(?:,|\Z)")
_NOTHING = re.compile(r"[ \t,]*")


class LinkHeaderError(Exception):
    """Why a `Link` header is not followed; the text repeats nothing of it."""


def next_link(header: str) -> str | None:
    """The target of the link with `rel="next"`, as it is written, or None where there is none.

    *header* is the value of all `Link` headers, joined by commas. Raises LinkHeaderError where it cannot
    be read, where it names several next pages, or where its next page is that of another resource.
    """
    found = [(target, link) for target, link in _links(header) if _is_next(link)]
    if any("anchor" in link for _, link in found):
        raise LinkHeaderError("the next link has an `anchor`: it is that of another resource")
    targets = {target for target, _ in found}
    if len(targets) > 1:
        raise LinkHeaderError("the Link header has several next links")
    return targets.pop() if targets else None


def _links(header: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Each link's target and parameters, names in small letters; of one given twice, the first."""
    at = _end(_NOTHING, header, 0)
    while at < len(header):
        target = _TARGET.match(header, at)
        if target is None:
            raise LinkHeaderError("the Link header cannot be read")
        parameters: dict[str, str] = {}
        at = target.end()
        while parameter := _PARAMETER.match(header, at):
            at = parameter.end()
            if parameter["name"]:
                parameters.setdefault(parameter["name"].lower(), _value(parameter))
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


def _is_next(link: dict[str, str]) -> bool:
    return "next" in link.get("rel", "").lower().split()
