"""How a credential looks: a token, a UUID, a long text that is no word."""

from __future__ import annotations

import math
import re
from collections import Counter

_TOKEN = re.compile(r"eyJ[\w-]{6,}\.[\w-]{4,}(\.[\w-]*)?")
_UUID = re.compile(
    r"\{?[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}\}?", re.IGNORECASE
)
_HEX = re.compile(r"[0-9a-f]{16,}|[0-9A-F]{16,}")
_RANDOM = re.compile(r"[A-Za-z0-9+/_=.~:-]{16,}")
_WORD = re.compile(r"[a-z]{1,14}|[A-Z]?[a-z]{1,14}|[A-Z]{1,14}|[0-9]{1,10}|[a-z]{1,10}[0-9]{1,4}")
_LEAST_BITS = 3.0
"""Bits for each character: English text has less, base64 of chance more."""


def looks_secret(text: str) -> bool:
    """Whether *text* can be told for a credential, or a key as good as one, by its look alone."""
    if _TOKEN.fullmatch(text) or _UUID.fullmatch(text):
        return True
    if _HEX.fullmatch(text):
        return any(map(str.isdigit, text)) and any(map(str.isalpha, text))
    if not _RANDOM.fullmatch(text) or _is_of_words(text):
        return False
    kinds = (str.isdigit, str.islower, str.isupper)
    classes = sum(any(map(kind, text)) for kind in kinds)
    return classes > 1 and any(map(str.isdigit, text)) and _bits(text) >= _LEAST_BITS


def _is_of_words(text: str) -> bool:
    """Whether it is a slug, a date or a name: `gala-2027`, `2026-11-24T12:00:00Z`, `GET_TICKETS`."""
    return all(
        _WORD.fullmatch(part) for part in re.split(r"[-_.:/~=+]+|T(?=[0-9])|Z$", text) if part
    )


def _bits(text: str) -> float:
    return -sum(n / len(text) * math.log2(n / len(text)) for n in Counter(text).values())
