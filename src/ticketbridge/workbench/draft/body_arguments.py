"""Texts in lists of a body whose place alone says what they are: `["shop", 2, "a password"]`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from ticketbridge.workbench.draft.platform_words import GENERIC, find_meaning
from ticketbridge.workbench.draft.sample_values import is_date
from ticketbridge.workbench.draft.sent_bodies import escape_key
from ticketbridge.workbench.personal.field_names import USUAL_WORDS
from ticketbridge.workbench.personal.personal_kinds import split_words, word_set

_ARGUMENTS = GENERIC | word_set("args argv arguments params parameters input inputs login user")
_CALLED = USUAL_WORDS | word_set("res ir kw execute call rpc common create done")
_NAME = re.compile(r"[A-Za-z]+(?:[._:/-]{1,2}[A-Za-z]+)*")
_ENUMERATED = re.compile(r"[A-Z_]+|[A-Za-z]{,3}")
_OPERATOR = re.compile(r"[^\w\s]{1,3}|(not )?(in|=?i?like)|eq|ne|[gl][te]", re.IGNORECASE)


def find_arguments(value: Any, key: str = "args", pointer: str = "#") -> Iterator[str]:
    """Yield the pointers of the texts in lists of *value* that nothing shows to be words of the API.

    Such words are those of `fields: [id, name]`, all of `[state, "=", sale]`, and `sale.order`. A word alone
    among arguments may be a password. *key* is where *value* stands.
    """
    if isinstance(value, dict):
        for name, member in value.items():
            yield from find_arguments(member, name, f"{pointer}/{escape_key(name)}")
    elif isinstance(value, list):
        field = _find_field(value)
        are_words = bool(field) or _are_words(value, key)
        for number, member in enumerate(value):
            place = f"{pointer}/{number}"
            if not isinstance(member, str):
                yield from find_arguments(member, field, place)
            elif not _is_told(member, alone=are_words):
                yield place


def _find_field(items: Sequence[Any]) -> str:
    """Return the field of a condition such as `[state, "=", sale]`, or ""."""
    match items:
        case [str(field), str(operator), _] if _OPERATOR.fullmatch(operator):
            return field
    return ""


def _are_words(items: Sequence[Any], key: str) -> bool:
    """Whether a list is one of words, and no row of arguments."""
    if not all(isinstance(item, str) for item in items) or key.lower() in _ARGUMENTS:
        return False
    return bool(key) or all(_is_told(item, alone=True) for item in items)


def _is_told(text: str, *, alone: bool) -> bool:
    """Whether a text is a word of the API; *alone*: one word is enough, as are an operator and a date."""
    if alone and (_ENUMERATED.fullmatch(text) or _OPERATOR.fullmatch(text) or is_date(text)):
        return True
    if alone and find_meaning(text) is not None:
        return True
    words = split_words(text) if _NAME.fullmatch(text) else []
    return len(words) > (0 if alone else 1) and all(word in _CALLED for word in words)
