"""Change some values of a document and keep the rest: JSON, XML, URLs and running text.

XML is split only at its marks. That is enough for documents that the bridge itself can read: they have no DTD
and no entities of their own.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from html import unescape
from typing import Any
from urllib.parse import quote, unquote
from xml.sax.saxutils import escape, quoteattr

from ticketbridge.engine.upstream.answer_formats import charset_of
from ticketbridge.engine.upstream.messages import PlatformAnswer
from ticketbridge.formats import DocumentError
from ticketbridge.formats.encodings import text_of
from ticketbridge.workbench.personal.personal_kinds import DataSpot
from ticketbridge.workbench.samples import looks_like_xml

ChangeValue = Callable[[Any, DataSpot], Any]
"""Returns the replacement of a scalar."""

RenameKey = Callable[[str, DataSpot], str]
"""Returns the replacement of a key; the spot is that of its value."""


def change_values(
    value: Any, change: ChangeValue, rename: RenameKey, spot: DataSpot | None = None
) -> Any:
    """Return *value* with each scalar changed by *change*, and each key by *rename*."""
    spot = spot or DataSpot()
    if isinstance(value, dict):
        return _change_members(value, change, rename, spot)
    if isinstance(value, list):
        return [change_values(member, change, rename, spot) for member in value]
    return change(value, spot)


def _change_members(
    value: dict[str, Any], change: ChangeValue, rename: RenameKey, spot: DataSpot
) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for key, member in value.items():
        inner = spot.enter(key, tuple(value))
        name = rename(key, inner)
        while name in made:
            name += "_"
        made[name] = change_values(member, change, rename, inner)
    return made


def list_objects(value: Any) -> Iterator[dict[str, Any]]:
    """Yield each object in *value*, itself included."""
    if isinstance(value, dict):
        yield value
        yield from list_objects(list(value.values()))
    elif isinstance(value, list):
        for member in value:
            yield from list_objects(member)


# --- URLs and running text ------------------------------------------------------------------------


EMAIL = re.compile(r"(?<!\w)\w[\w.+'%-]*(?:@|%40)[\w-]+(?:\.[\w-]+)+")
_URL = re.compile(r"(?:[a-z][a-z0-9+.-]*://[^\s/?#]+)?/[^\s]*|\S+\?\S+=\S*", re.IGNORECASE)
_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://[^\s/?#@]*(?=[/?#]|$)", re.IGNORECASE)
BASE64 = re.compile(r"[A-Za-z0-9+_/-]{16,}")
_UNESCAPED = "-._~!$'()*,;:@/+"


def is_url(text: str) -> bool:
    """Whether *text* is a URL or a path, whose parts are escaped."""
    return _URL.fullmatch(text) is not None


def change_url_parts(text: str, change: Callable[[str], str]) -> str:
    """Return *text* with *change* applied to each of its parts, unescaped.

    The host is not changed, unless a user's name stands before it. An unchanged part stays as it is
    written.
    """
    origin = _ORIGIN.match(text)
    end = origin.end() if origin else 0
    pieces = re.split(r"([/?&=#])", text[end:])
    return text[:end] + "".join(_change_piece(piece, change) for piece in pieces)


def decode_base64(token: str) -> str:
    """Return the readable text in a base64 *token*, or ""."""
    padded = token + "=" * (-len(token) % 4)
    try:
        text = base64.urlsafe_b64decode(padded.replace("+", "-").replace("/", "_")).decode()
    except (binascii.Error, ValueError):
        return ""
    return text if text.isprintable() else ""


Make = Callable[[re.Match[str]], str | None]
"""Returns the replacement of a match; None keeps the match."""


class Pieces:
    """A text in which patterns are replaced in turn; a replacement is not searched again."""

    def __init__(self, text: str) -> None:
        self._pieces = [(text, False)]

    def replace(self, pattern: re.Pattern[str], make: Make) -> None:
        """Replace each match of *pattern* by what *make* gives."""
        self._pieces = [
            piece
            for text, done in self._pieces
            for piece in ([(text, True)] if done else _replace_matches(text, pattern, make))
        ]

    def join(self, change: Callable[[str], str] = str) -> str:
        """Return the whole text, with *change* applied to what was not replaced."""
        return "".join(text if done else change(text) for text, done in self._pieces)


def _replace_matches(text: str, pattern: re.Pattern[str], make: Make) -> Iterator[tuple[str, bool]]:
    end = 0
    for match in pattern.finditer(text):
        made = make(match)
        if made is not None:
            yield text[end : match.start()], False
            yield made, True
            end = match.end()
    yield text[end:], False


def _change_piece(piece: str, change: Callable[[str], str]) -> str:
    plain = unquote(piece)
    changed = change(plain)
    return piece if changed == plain else quote(changed, safe=_UNESCAPED)


# --- XML ------------------------------------------------------------------------------------------


_ENCODING = re.compile(r"""(<\?xml\s[^>]*?\sencoding\s*=\s*["'])[^"']+""")

ChangeText = Callable[[str, DataSpot], str]
RenameTag = Callable[[str], str]
"""Returns the new name of an element or an attribute, without its prefix."""

_PART = re.compile(
    r"""<!\[CDATA\[.*?\]\]>|<!--.*?-->|<\?.*?\?>|<(?:[^>"']|"[^"]*"|'[^']*')*>|[^<]+""", re.DOTALL
)
_NAME = re.compile(r"(?P<before></?\s*(?:[\w.-]+:)?)(?P<name>[\w.-]+)")
_ATTRIBUTE = re.compile(
    r"""(?P<before>\s(?P<prefix>[\w.-]+:)?)(?P<name>[\w.-]+)(?P<equals>\s*=\s*)(?P<value>"[^"]*"|'[^']*')"""
)
_CDATA = "<![CDATA["


def find_xml_text(answer: PlatformAnswer) -> str | None:
    """Return the XML document in *answer*, as in UTF-8; None if it is no XML, or HTML."""
    if not looks_like_xml(answer.content) or b"<html" in answer.content[:1000].lower():
        return None
    try:
        text = text_of(answer.content, charset_of(answer.headers.get("content-type", "")))
        return _ENCODING.sub(r"\1UTF-8", "".join(text.pieces()), count=1)
    except DocumentError:
        return None


@dataclass(slots=True)
class _OpenElement:
    name: str
    parent: str = ""
    path: tuple[str, ...] = ()
    children: list[str] = field(default_factory=list)


def rewrite_xml(text: str, change: ChangeText, rename: RenameTag = str) -> str:
    """Return *text* with *change* applied to each text and attribute, and *rename* to each name.

    Keys are the names of elements, and `@` with the name of attributes.
    """
    parts = _PART.findall(text)
    return "".join(
        _change_part(part, element, around, change, rename)
        for part, (element, around) in zip(parts, _find_owners(parts), strict=True)
    )


def _find_owners(parts: Sequence[str]) -> list[tuple[_OpenElement, _OpenElement]]:
    """Return for each part the element that it stands in, and the element around that."""
    top = _OpenElement("")
    stack = [top, top]
    owners = []
    for part in parts:
        opens = part.startswith("<") and part[1:2] not in {"/", "!", "?"}
        if opens:
            name = _read_name(part)
            element = _OpenElement(name, stack[-1].name, (*stack[-1].path, name))
            stack[-1].children.append(element.name)
            stack.append(element)
        owners.append((stack[-1], stack[-2]))
        if part.startswith("</") or (opens and part.endswith("/>")):
            stack[2:] = stack[2:-1]
    return owners


def _change_part(
    part: str, element: _OpenElement, around: _OpenElement, change: ChangeText, rename: RenameTag
) -> str:
    spot = DataSpot(element.name, element.parent, tuple(around.children), element.path)
    if part.startswith(_CDATA):
        return f"{_CDATA}{change(part[len(_CDATA) : -3], spot)}]]>"
    if not part.startswith("<"):
        return _change_text(part, spot, change)
    if part.startswith("<!--"):
        return ""
    if part[1:2] in {"!", "?"}:
        return part if part.startswith("<?xml ") else ""
    return _change_tag(part, element, change, rename)


def _change_tag(part: str, element: _OpenElement, change: ChangeText, rename: RenameTag) -> str:
    """Return a tag with its attributes changed; declarations of namespaces stay."""

    def attribute(match: re.Match[str]) -> str:
        name = match["name"]
        if name == "xmlns" or match["prefix"] == "xmlns:":
            return match[0]
        plain = unescape(match["value"][1:-1])
        path = (*element.path, f"@{name}")
        made = change(plain, DataSpot(name, element.name, path=path))
        value = match["value"] if made == plain else quoteattr(made)
        return f"{match['before']}{rename(name)}{match['equals']}{value}"

    def named(match: re.Match[str]) -> str:
        return match["before"] + rename(match["name"])

    return _ATTRIBUTE.sub(attribute, _NAME.sub(named, part, count=1))


def _change_text(part: str, spot: DataSpot, change: ChangeText) -> str:
    plain = unescape(part)
    made = change(plain, spot) if plain.strip() else plain
    return part if made == plain else escape(made)


def _read_name(tag: str) -> str:
    match = _NAME.match(tag)
    return match["name"] if match else ""
