"""How personal data looks in running text, and in a URL."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from urllib.parse import quote, unquote

EMAIL = re.compile(r"\w[\w.+'%-]*(?:@|%40)[\w-]+(?:\.[\w-]+)+")
_URL = re.compile(r"(?:[a-z][a-z0-9+.-]*://[^\s/?#]+)?/[^\s]*|\S+\?\S+=\S*", re.IGNORECASE)
_TOKEN = re.compile(r"[A-Za-z0-9+_/-]{16,}")
_UNESCAPED = "-._~!$'()*,;:@/+"


def is_url(text: str) -> bool:
    """Whether *text* is a URL or a path, whose parts are escaped."""
    return _URL.fullmatch(text) is not None


def in_url(text: str, change: Callable[[str], str]) -> str:
    """*text* with *change* made to each of its parts, unescaped; a part that stays is not touched."""
    pieces = re.split(r"([/?&=#])", text)
    return "".join(_piece(piece, change) for piece in pieces)


def unhidden(token: str) -> str:
    """What a base64 *token* says, where it says readable text, or ""."""
    padded = token + "=" * (-len(token) % 4)
    try:
        text = base64.urlsafe_b64decode(padded.replace("+", "-").replace("/", "_")).decode()
    except (binascii.Error, ValueError):
        return ""
    return text if text.isprintable() else ""


def in_tokens(text: str, change: Callable[[str, str], str]) -> str:
    """*text* with *change* made to each token that hides readable text; it is given both."""

    def changed(match: re.Match[str]) -> str:
        hidden = unhidden(match.group())
        return change(match.group(), hidden) if hidden else match.group()

    return _TOKEN.sub(changed, text)


def _piece(piece: str, change: Callable[[str], str]) -> str:
    plain = unquote(piece)
    changed = change(plain)
    return piece if changed == plain else quote(changed, safe=_UNESCAPED)
