"""Which user menta tech asks for, read from the query string without guessing."""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

from ticketbridge.mapping.spec import EndpointSpec
from ticketbridge.problems import InvalidUser

LONGEST_USER = 254
# One "@" between texts without blanks, control characters, or what only stands around an address.
_EMAIL = re.compile(
    r'[^\s@<>()\[\]\\,;:"\x00-\x1f\x7f-\x9f]+@[^\s@<>()\[\]\\,;:"\x00-\x1f\x7f-\x9f]+'
)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufffd]")


def asked_user(query: bytes, spec: EndpointSpec) -> str:
    """The one value of the user parameter in *query*; InvalidUser says what is wrong with it.

    Where users are e-mail addresses a `+` stays a `+`: no address holds a blank.
    """
    name = spec.user_parameter
    values = [_decoded(value, spec) for key, value in _pairs(query) if _decoded(key, spec) == name]
    if not values:
        raise InvalidUser(f"The query parameter `{name}` is missing")
    if len(values) > 1:
        raise InvalidUser(f"The query parameter `{name}` is given more than once")
    _check(values[0], name, spec)
    return values[0]


def _pairs(query: bytes) -> list[tuple[bytes, bytes]]:
    parts = (part.partition(b"=") for part in query.split(b"&") if part)
    return [(key, value) for key, _, value in parts]


def _decoded(text: bytes, spec: EndpointSpec) -> str:
    if spec.user_format != "email":
        text = text.replace(b"+", b" ")
    try:
        return unquote_to_bytes(text).decode()
    except UnicodeDecodeError:
        raise InvalidUser("The query is not UTF-8") from None


def _check(user: str, name: str, spec: EndpointSpec) -> None:
    if not user:
        raise InvalidUser(f"The query parameter `{name}` is empty")
    if len(user) > LONGEST_USER:
        raise InvalidUser(f"The query parameter `{name}` is longer than {LONGEST_USER} characters")
    if _CONTROL.search(user):
        raise InvalidUser(f"The query parameter `{name}` has a control character")
    if spec.user_format == "email" and not _EMAIL.fullmatch(user):
        raise InvalidUser(f"The query parameter `{name}` is no e-mail address")
