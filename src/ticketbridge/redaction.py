"""What may not stand in a log line, taken out of text that could hold it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from urllib.parse import quote

_EMAIL = re.compile(r"[^\s'\"=<>]+(?:@|%40)[^\s'\"&<>]+")


# Greedy to the last "@": a password may have a slash in it, or an "@" of its own.
_USERINFO = re.compile(r"(?<=//)[^\s'\"<>`]+(?=@)")


def userinfo_spans(text: str) -> list[tuple[int, int]]:
    """Where names and passwords of URLs (`https://name:password@host`) begin and end in *text*."""
    return [found.span() for found in _USERINFO.finditer(text)]


def mask_userinfo(text: str) -> str:
    """*text* with the names and passwords of URLs replaced."""
    return _USERINFO.sub("********", text)


def mask_emails(text: str) -> str:
    """*text* with everything that looks like an e-mail address replaced."""
    return _EMAIL.sub("(e-mail)", text)


def mask_words(text: str, words: Iterable[str], mask: str) -> str:
    """*text* with *mask* wherever one of *words* stands alone, as it is or escaped, in any letter case."""
    forms = {form for word in words if word for form in (word, quote(word), quote(word, safe=""))}
    if not forms:
        return text
    longest_first = sorted(map(re.escape, forms), key=len, reverse=True)
    pattern = rf"(?<!\w)(?:{'|'.join(longest_first)})(?!\w)"
    return re.sub(pattern, mask, text, flags=re.IGNORECASE)
