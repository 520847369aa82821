"""XML text with its values changed and everything else kept: declaration, blanks, order, CDATA.

The text is taken apart by marks alone. That is enough for documents that the bridge itself can read:
they have no DTD and no entities of their own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from html import unescape
from xml.sax.saxutils import escape, quoteattr

from ticketbridge.authoring.personal.personal_kinds import Spot
from ticketbridge.authoring.samples import looks_like_xml
from ticketbridge.upstream.encodings import EncodingError, text_of
from ticketbridge.upstream.formats import charset_of
from ticketbridge.upstream.messages import PlatformAnswer

_ENCODING = re.compile(r"""(<\?xml\s[^>]*?\sencoding\s*=\s*["'])[^"']+""")

Change = Callable[[str, Spot], str]
Rename = Callable[[str], str]
"""Gives what stands for the name of an element or an attribute, without its prefix."""

_PART = re.compile(
    r"""<!\[CDATA\[.*?\]\]>|<!--.*?-->|<\?.*?\?>|<(?:[^>"']|"[^"]*"|'[^']*')*>|[^<]+""", re.DOTALL
)
_NAME = re.compile(r"(?P<before></?\s*(?:[\w.-]+:)?)(?P<name>[\w.-]+)")
_ATTRIBUTE = re.compile(
    r"""(?P<before>\s(?P<prefix>[\w.-]+:)?)(?P<name>[\w.-]+)(?P<equals>\s*=\s*)(?P<value>"[^"]*"|'[^']*')"""
)
_CDATA = "<![CDATA["


def xml_text(answer: PlatformAnswer) -> str | None:
    """The XML document in *answer*, as it would be in UTF-8; None where it is none, or HTML."""
    if not looks_like_xml(answer.content) or b"<html" in answer.content[:1000].lower():
        return None
    try:
        text = text_of(answer.content, charset_of(answer.headers.get("content-type", "")))
        return _ENCODING.sub(r"\1UTF-8", "".join(text.pieces()), count=1)
    except EncodingError:
        return None


@dataclass(slots=True)
class _Element:
    name: str
    parent: str = ""
    path: tuple[str, ...] = ()
    children: list[str] = field(default_factory=list)


def rewritten(text: str, change: Change, rename: Rename = str) -> str:
    """*text* with *change* made to each text and attribute, and *rename* to each name of one.

    Keys are the names of elements, and `@` and the name of attributes.
    """
    parts = _PART.findall(text)
    return "".join(
        _changed(part, element, around, change, rename)
        for part, (element, around) in zip(parts, _owners(parts), strict=True)
    )


def _owners(parts: Sequence[str]) -> list[tuple[_Element, _Element]]:
    """For each part the element that it stands in, and the one around that."""
    top = _Element("")
    stack = [top, top]
    owners = []
    for part in parts:
        opens = part.startswith("<") and part[1:2] not in {"/", "!", "?"}
        if opens:
            name = _named(part)
            element = _Element(name, stack[-1].name, (*stack[-1].path, name))
            stack[-1].children.append(element.name)
            stack.append(element)
        owners.append((stack[-1], stack[-2]))
        if part.startswith("</") or (opens and part.endswith("/>")):
            stack[2:] = stack[2:-1]
    return owners


def _changed(part: str, element: _Element, around: _Element, change: Change, rename: Rename) -> str:
    spot = Spot(element.name, element.parent, tuple(around.children), element.path)
    if part.startswith(_CDATA):
        return f"{_CDATA}{change(part[len(_CDATA) : -3], spot)}]]>"
    if not part.startswith("<"):
        return _text(part, spot, change)
    if part.startswith("<!--"):
        return ""
    if part[1:2] in {"!", "?"}:
        return part if part.startswith("<?xml ") else ""
    return _tag(part, element, change, rename)


def _tag(part: str, element: _Element, change: Change, rename: Rename) -> str:
    """A tag with its attributes; declarations of namespaces stay."""

    def attribute(match: re.Match[str]) -> str:
        name = match["name"]
        if name == "xmlns" or match["prefix"] == "xmlns:":
            return match[0]
        plain = unescape(match["value"][1:-1])
        path = (*element.path, f"@{name}")
        made = change(plain, Spot(name, element.name, path=path))
        value = match["value"] if made == plain else quoteattr(made)
        return f"{match['before']}{rename(name)}{match['equals']}{value}"

    def named(match: re.Match[str]) -> str:
        return match["before"] + rename(match["name"])

    return _ATTRIBUTE.sub(attribute, _NAME.sub(named, part, count=1))


def _text(part: str, spot: Spot, change: Change) -> str:
    plain = unescape(part)
    made = change(plain, spot) if plain.strip() else plain
    return part if made == plain else escape(made)


def _named(tag: str) -> str:
    match = _NAME.match(tag)
    return match["name"] if match else ""
