"""Which user menta tech asks for, read from the query string without guessing."""

from __future__ import annotations

import re
import unicodedata
from typing import Final
from urllib.parse import unquote_to_bytes

from ticketbridge.engine.problems import InvalidUser
from ticketbridge.mapping.spec import EndpointSpec, UserFormat

LONGEST_USER: Final = 254
# One "@" between texts without blanks, control characters, or what only stands around an address.
_EMAIL = re.compile(
    r'[^\s@<>()\[\]\\,;:"\x00-\x1f\x7f-\x9f]+@[^\s@<>()\[\]\\,;:"\x00-\x1f\x7f-\x9f]+'
)
# One parameter, and an address of which nothing is to be decoded but its "@": as most queries are.
_USUAL_EMAIL = re.compile(rb"([A-Za-z0-9_]+)=([A-Za-z0-9._+-]+)(?:@|%40)([A-Za-z0-9.-]+)")
# ASCII digits with at most one separator between two of them; a group may stand in parentheses.
# There is one way to read each text, so that a long one costs no more than its length.
_PART = r"(?:[0-9]|\([0-9]+\))"
_PHONE = re.compile(rf"\+?{_PART}(?:[ ./-]?{_PART})*")
_FEWEST_DIGITS, _MOST_DIGITS = 6, 15  # E.164 allows 15 at most
_DIGIT = re.compile(r"[0-9]")

_INVISIBLE_CATEGORIES = frozenset({"Cc", "Cf", "Cn", "Cs", "Zl", "Zp"})
# What shows nothing, though its category is that of letters, marks or symbols: Unicode's
# Default_Ignorable_Code_Point, the blank ones, and the sign for a character that could not be read.
_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\ufffc\ufffd"
    "\U00013441\U00013442\U00016fe4\U0001d159\U000e0100-\U000e01ef]"
)


def asked_user(query: bytes, spec: EndpointSpec) -> str:
    """Return the one value of the user parameter in *query*. Raises InvalidUser, which says what is wrong.

    If users are e-mail addresses or phone numbers, a `+` stays a `+`: it is a character of both, and
    a blank comes as `%20`. In any other text a `+` is a blank, as in forms.
    """
    name = spec.user_parameter
    usual = _USUAL_EMAIL.fullmatch(query) if spec.user_format == "email" else None
    if usual is not None and len(query) <= LONGEST_USER and usual[1].decode() == name:
        return f"{usual[2].decode()}@{usual[3].decode()}"
    values = [_decoded(value, spec) for key, value in _pairs(query) if _decoded(key, spec) == name]
    if not values:
        raise InvalidUser(f"The query parameter `{name}` is missing")
    if len(values) > 1:
        raise InvalidUser(f"The query parameter `{name}` is given more than once")
    slip = _slip(values[0], spec.user_format)
    if slip:
        raise InvalidUser(f"The query parameter `{name}` {slip}")
    return values[0]


def _pairs(query: bytes) -> list[tuple[bytes, bytes]]:
    parts = (part.partition(b"=") for part in query.split(b"&") if part)
    return [(key, value) for key, _, value in parts]


def _decoded(text: bytes, spec: EndpointSpec) -> str:
    if spec.user_format == "any":
        text = text.replace(b"+", b" ")
    try:
        return unquote_to_bytes(text).decode()
    except UnicodeDecodeError:
        raise InvalidUser("The query is not UTF-8") from None


def _slip(user: str, form: UserFormat) -> str:
    """Return the mistake in *user*, as the end of a sentence, or ""."""
    if not user:
        return "is empty"
    if len(user) > LONGEST_USER:
        return f"is longer than {LONGEST_USER} characters"
    if user != user.strip():
        return "begins or ends with a blank (a `+` is written `%2B`)"
    if _INVISIBLE.search(user) or (not user.isprintable() and any(map(_is_invisible, user))):
        return "has a control character or an invisible one"
    return _slip_of_format(user, form)


def _slip_of_format(user: str, form: UserFormat) -> str:
    if form == "email" and not _EMAIL.fullmatch(user):
        return "is no e-mail address"
    if form == "phone" and not _is_phone(user):
        return "is no phone number: 6 to 15 digits, with an optional `+` before them"
    return ""


def _is_invisible(character: str) -> bool:
    return unicodedata.category(character) in _INVISIBLE_CATEGORIES


def _is_phone(user: str) -> bool:
    digits = len(_DIGIT.findall(user))
    return _FEWEST_DIGITS <= digits <= _MOST_DIGITS and bool(_PHONE.fullmatch(user))
