"""Parameters that have the user's address inside of a longer text, often one of another language."""

from __future__ import annotations

import re

from ticketbridge.workbench.draft.entries import USER, UserInside

_EMAIL = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")
_ADDRESS = r"A-Za-z0-9._%+@-"
"""What an address may be made of: beside such a character another address begins."""
_QUOTES = "'\""


def is_email(text: str) -> bool:
    """Whether a text is one address, and no more."""
    return _EMAIL.fullmatch(text) is not None and not set("'\":=()<>,;") & set(text)


def contains_user(text: str, user: str) -> bool:
    """Whether a text has the user's address, alone or in more text."""
    return _find_user(text, user) is not None


def _find_user(text: str, user: str) -> re.Match[str] | None:
    address = rf"(?<![{_ADDRESS}]){re.escape(user)}(?![{_ADDRESS}])"
    return re.search(address, text, re.IGNORECASE)


def split_around_user(text: str, user: str | None) -> UserInside | None:
    """Return what stands around the user's address in *text*; None if *text* has no such address.

    `mariana@example.com` has no `ana@example.com`. Between quotes the address must not end the text there, so
    it is written by `quoted`.
    """
    if not user or text.casefold() == user.casefold():
        return None
    found = _find_user(text, user)
    if found is None:
        return None
    before, after = text[: found.start()], text[found.end() :]
    if not set(_QUOTES) & set(before):
        return UserInside(before, after, USER, "the asked user, in a longer text")
    style = _find_style(before)
    why = f"unsure: the asked user, quoted as in {style}: which language is it?"
    return UserInside(before, after, f"quoted({USER}, '{style}')", why)


def _find_style(before: str) -> str:
    """Return how quotes are escaped: OData doubles them, SOQL and formulas have a backslash."""
    return "sql" if re.search(r"\b(eq|WHERE)\b(?!.*__)", before) else "backslash"
