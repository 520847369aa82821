"""Remove from a text what a log line must not contain."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import quote, unquote, urlsplit

_PART = re.compile(r"[^\s'\"=<>]+")
_AT = re.compile(r".(?:@|%40)[^&]")
WORD_START = r"(?:(?<!\w)|(?<=%[0-9A-Fa-f]{2}))"
"""The start of a word, also after an escaped character of a URL, which ends in a letter or a digit."""
_PATH_PARAMETERS = re.compile(r";[^/]*")


# Greedy to the last "@": a password may have a slash in it, or an "@" of its own.
_USERINFO = re.compile(r"(?<=//)[^\s'\"<>`]+(?=@)")


def userinfo_spans(text: str) -> list[tuple[int, int]]:
    """Return the spans of names and passwords of URLs (`https://name:password@host`) in *text*."""
    return [found.span() for found in _USERINFO.finditer(text)]


_NUMBER = re.compile(r"(?<!\w)\+?[0-9](?:[ ()./-]{0,2}[0-9]){6,}")


def mask_numbers(text: str) -> str:
    """Return *text* with all numbers of seven digits or more replaced: it may be a phone."""
    return _NUMBER.sub("(number)", text)


_PATH = re.compile(r"(?<!/)/(?!/)[^\s'\"<>()]+")


def mask_paths(text: str) -> str:
    """Return *text* with the paths of URLs, their queries, and their names and passwords replaced."""
    return _PATH.sub("/...", mask_userinfo(text))


def mask_userinfo(text: str) -> str:
    """Return *text* with the names and passwords of URLs replaced."""
    return _USERINFO.sub("********", text)


def mask_emails(text: str) -> str:
    """Return *text* with everything that looks like an e-mail address replaced.

    The time grows only linearly, because the text may be a whole answer of a platform.
    """
    return _PART.sub(_without_email, text)


def _without_email(part: re.Match[str]) -> str:
    """Return a part of a text, an address in it replaced up to the parameter that follows."""
    text = part[0]
    if not _AT.search(text):
        return text
    end = text.find("&", max(text.rfind("@"), text.rfind("%40")))
    return "(e-mail)" if end < 0 else f"(e-mail){text[end:]}"


def mask_words(text: str, words: Iterable[str], mask: str) -> str:
    """Replace each whole word of *words* in *text* by *mask*, escaped or not, in any letter case."""
    forms = {form for word in words if word for form in (word, quote(word), quote(word, safe=""))}
    if not forms:
        return text
    longest_first = sorted(map(re.escape, forms), key=len, reverse=True)
    pattern = rf"{WORD_START}(?:{'|'.join(longest_first)})(?!\w)"
    return re.sub(pattern, mask, text, flags=re.IGNORECASE)


def origin_and_path(url: str) -> str:
    """Return *url*, which may be relative, without its query, userinfo and path parameters."""
    try:
        parts = urlsplit(url.strip())
        host = parts.netloc.rpartition("@")[2]
    except ValueError:
        return "(no URL)"
    path = _PATH_PARAMETERS.sub("", unquote(parts.path))
    scheme = f"{parts.scheme}:" if parts.scheme else ""
    text = f"{scheme}//{host}{path}" if host else f"{scheme}{path}"
    return "".join(sign if sign.isprintable() else "?" for sign in text)
