"""What a text itself tells, whatever its key is called: documents, phones, addresses of machines."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ticketbridge.authoring.personal.chance import is_random
from ticketbridge.authoring.personal.kinds import Kind

TOKEN = re.compile(r"(?<![A-Za-z0-9_%-])[A-Za-z0-9_-]{8,}(?![A-Za-z0-9_-])")
"""A text without blanks and dots that may be a random code."""

JWT = re.compile(r"\beyJ[\w-]{4,}\.[\w-]{4,}\.[\w-]*")
_PHONE_ALONE = re.compile(r"\+?[0-9][0-9 ()./-]{7,20}")
PATTERNS: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    (Kind.DOCUMENT, re.compile(r"\b[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b")),
    (Kind.DOCUMENT, re.compile(r"\b[0-9]{3}\.[0-9]{3}\.[0-9]{3}-[0-9]{2}\b")),
    (Kind.DOCUMENT, re.compile(r"\b[0-9]{3}-[0-9]{2}-[0-9]{4}\b")),
    (Kind.DOCUMENT, re.compile(r"\b(?:[XYZ][0-9]{7}|[0-9]{8})-?[A-Z]\b")),
    (Kind.DOCUMENT, re.compile(r"\b(?:[0-9]{4}[ -]){3}[0-9]{1,7}\b")),
    (Kind.IP, re.compile(r"(?<![\w.])(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?![\w.])")),
    (
        Kind.IP,
        re.compile(
            r"(?<![\w:])(?:[0-9a-f]{1,4}:){3,7}(?::?[0-9a-f]{1,4})+(?![\w:])", re.IGNORECASE
        ),
    ),
    (
        Kind.IP,
        re.compile(r"(?<![\w:])(?:[0-9a-f]{1,4}:)+:(?:[0-9a-f]{1,4}:?)*(?![\w:])", re.IGNORECASE),
    ),
    (Kind.PHONE, re.compile(r"(?<![\w+])\+[0-9](?:[ ()./-]{0,2}[0-9]){7,14}(?![\w:])")),
)


def found_in(text: str) -> Iterator[tuple[Kind, re.Match[str]]]:
    """The parts of *text* that look like documents, phones and addresses of machines."""
    for kind, pattern in PATTERNS:
        for match in pattern.finditer(text):
            yield kind, match


def kind_of_user(user: str) -> Kind | None:
    """What a platform knows a user by, where that is somebody's: an id of a customer is not."""
    if "@" in user:
        return Kind.EMAIL
    if _PHONE_ALONE.fullmatch(user):
        return Kind.PHONE
    for kind, pattern in PATTERNS:
        if pattern.fullmatch(user):
            return kind
    return Kind.SECRET if is_random(user) else None


def is_stand_in(token: str) -> bool:
    """Whether *token* is made up by us: of 5, `x` and `a` but for a few characters, which count."""
    plain = "".join(filter(str.isalnum, token)).lower()
    counting = sum(character not in "5xa" for character in plain)
    return len(plain) >= 8 and counting * 5 <= len(plain)
