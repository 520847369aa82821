"""How personal data looks in running text, and in a URL."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Iterator
from urllib.parse import quote, unquote

EMAIL = re.compile(r"(?<!\w)\w[\w.+'%-]*(?:@|%40)[\w-]+(?:\.[\w-]+)+")
_URL = re.compile(r"(?:[a-z][a-z0-9+.-]*://[^\s/?#]+)?/[^\s]*|\S+\?\S+=\S*", re.IGNORECASE)
_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://[^\s/?#@]*(?=[/?#]|$)", re.IGNORECASE)
HIDING = re.compile(r"[A-Za-z0-9+_/-]{16,}")
_UNESCAPED = "-._~!$'()*,;:@/+"


def is_url(text: str) -> bool:
    """Whether *text* is a URL or a path, whose parts are escaped."""
    return _URL.fullmatch(text) is not None


def in_url(text: str, change: Callable[[str], str]) -> str:
    """*text* with *change* made to each of its parts, unescaped; a part that stays is not touched.

    The host is none of them, unless someone's name stands before it.
    """
    origin = _ORIGIN.match(text)
    end = origin.end() if origin else 0
    pieces = re.split(r"([/?&=#])", text[end:])
    return text[:end] + "".join(_piece(piece, change) for piece in pieces)


def unhidden(token: str) -> str:
    """What a base64 *token* says, where it says readable text, or ""."""
    padded = token + "=" * (-len(token) % 4)
    try:
        text = base64.urlsafe_b64decode(padded.replace("+", "-").replace("/", "_")).decode()
    except (binascii.Error, ValueError):
        return ""
    return text if text.isprintable() else ""


Make = Callable[[re.Match[str]], str | None]
"""Gives what takes the place of a match; None leaves it."""


class Pieces:
    """A text in which several patterns are replaced in turn: what took a place is not looked at again."""

    def __init__(self, text: str) -> None:
        self._pieces = [(text, False)]

    def replace(self, pattern: re.Pattern[str], make: Make) -> None:
        """Put what *make* gives in place of each match of *pattern*."""
        self._pieces = [
            piece
            for text, done in self._pieces
            for piece in ([(text, True)] if done else _replaced(text, pattern, make))
        ]

    def joined(self, change: Callable[[str], str] = str) -> str:
        """The whole text, with *change* made to what was not replaced."""
        return "".join(text if done else change(text) for text, done in self._pieces)


def _replaced(text: str, pattern: re.Pattern[str], make: Make) -> Iterator[tuple[str, bool]]:
    end = 0
    for match in pattern.finditer(text):
        made = make(match)
        if made is not None:
            yield text[end : match.start()], False
            yield made, True
            end = match.end()
    yield text[end:], False


def _piece(piece: str, change: Callable[[str], str]) -> str:
    plain = unquote(piece)
    changed = change(plain)
    return piece if changed == plain else quote(changed, safe=_UNESCAPED)
