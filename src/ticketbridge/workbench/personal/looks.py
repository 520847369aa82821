"""Find personal data by the form of a text, whatever its key: documents, phones, addresses of machines."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ticketbridge.workbench.personal.chance import is_random
from ticketbridge.workbench.personal.personal_kinds import PersonalKind

TOKEN = re.compile(r"(?<![A-Za-z0-9_%-])[A-Za-z0-9_-]{8,}(?![A-Za-z0-9_-])")
"""A text without blanks and dots that may be a random code."""

JWT = re.compile(r"\beyJ[\w-]{4,}\.[\w-]{4,}\.[\w-]*")
_PHONE_ALONE = re.compile(r"\+?[0-9][0-9 ()./-]{7,20}")
PATTERNS: tuple[tuple[PersonalKind, re.Pattern[str]], ...] = (
    (
        PersonalKind.DOCUMENT,
        re.compile(r"\b[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b"),
    ),
    (PersonalKind.DOCUMENT, re.compile(r"\b[0-9]{3}\.[0-9]{3}\.[0-9]{3}-[0-9]{2}\b")),
    (PersonalKind.DOCUMENT, re.compile(r"\b[0-9]{3}-[0-9]{2}-[0-9]{4}\b")),
    (PersonalKind.DOCUMENT, re.compile(r"\b(?:[XYZ][0-9]{7}|[0-9]{8})-?[A-Z]\b")),
    (PersonalKind.DOCUMENT, re.compile(r"\b(?:[0-9]{4}[ -]){3}[0-9]{1,7}\b")),
    (PersonalKind.IP, re.compile(r"(?<![\w.])(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?![\w.])")),
    (
        PersonalKind.IP,
        re.compile(
            r"(?<![\w:])(?:[0-9a-f]{1,4}:){3,7}(?::?[0-9a-f]{1,4})+(?![\w:])", re.IGNORECASE
        ),
    ),
    (
        PersonalKind.IP,
        re.compile(r"(?<![\w:])(?:[0-9a-f]{1,4}:)+:(?:[0-9a-f]{1,4}:?)*(?![\w:])", re.IGNORECASE),
    ),
    (PersonalKind.PHONE, re.compile(r"(?<![\w+])\+[0-9](?:[ ()./-]{0,2}[0-9]){7,14}(?![\w:])")),
)


def find_looks(text: str) -> Iterator[tuple[PersonalKind, re.Match[str]]]:
    """Yield the parts of *text* that look like documents, phones and addresses of machines."""
    for kind, pattern in PATTERNS:
        for match in pattern.finditer(text):
            yield kind, match


def find_user_kind(user: str) -> PersonalKind | None:
    """Return the kind of id by which a platform knows a user; None for a plain customer number."""
    if "@" in user:
        return PersonalKind.EMAIL
    if _PHONE_ALONE.fullmatch(user):
        return PersonalKind.PHONE
    for kind, pattern in PATTERNS:
        if pattern.fullmatch(user):
            return kind
    return PersonalKind.SECRET if is_random(user) else None


def is_stand_in(token: str) -> bool:
    """Return whether *token* is one of our stand-ins: made of 5, `x` and `a`, except a few characters."""
    plain = "".join(filter(str.isalnum, token)).lower()
    counting = sum(character not in "5xa" for character in plain)
    return len(plain) >= 8 and counting * 5 <= len(plain)
