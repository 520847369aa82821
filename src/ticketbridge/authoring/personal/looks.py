"""What a text itself tells, whatever its key is called: random codes, documents, addresses of machines."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from ticketbridge.authoring.personal.personal_kinds import PersonalKind

TOKEN = re.compile(r"(?<![A-Za-z0-9_%-])[A-Za-z0-9_-]{8,}(?![A-Za-z0-9_-])")
"""A text without blanks and dots that may be a random code."""

JWT = re.compile(r"\beyJ[\w-]{4,}\.[\w-]{4,}\.[\w-]*")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_TIME = re.compile(
    r"[0-9]{4}-?[0-9]{2}-?[0-9]{2}(?:T[0-9-]*Z?)?|P(?:[0-9]+[A-Z]|T)+", re.IGNORECASE
)
_SEPARATORS = re.compile(r"[-_]+")
_PHONE_ALONE = re.compile(r"\+?[0-9][0-9 ()./-]{7,20}")
_CONSONANTS = re.compile(r"[bcdfghjklmnpqrstvwxz]{7,}")
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


def found_in(text: str) -> Iterator[tuple[PersonalKind, re.Match[str]]]:
    """The parts of *text* that look like documents, phones and addresses of machines."""
    for kind, pattern in PATTERNS:
        for match in pattern.finditer(text):
            yield kind, match


def kind_of_user(user: str) -> PersonalKind | None:
    """What a platform knows a user by, where that is somebody's: an id of a customer is not."""
    if "@" in user:
        return PersonalKind.EMAIL
    if _PHONE_ALONE.fullmatch(user):
        return PersonalKind.PHONE
    for kind, pattern in PATTERNS:
        if pattern.fullmatch(user):
            return kind
    return PersonalKind.SECRET if is_random(user) else None


def is_uuid(token: str) -> bool:
    """Whether *token* is a UUID, as ids are too."""
    return _UUID.fullmatch(token) is not None


def is_stand_in(token: str) -> bool:
    """Whether *token* is made up by us: of 5, `x` and `a` but for a few characters, which count."""
    plain = "".join(filter(str.isalnum, token)).lower()
    counting = sum(character not in "5xa" for character in plain)
    return len(plain) >= 8 and counting * 5 <= len(plain)


def is_random(token: str) -> bool:
    """Whether *token* looks drawn by lot, as what opens a door is: a scan code, a key, a UUID.

    Words, dates, and numbers of fewer than 20 digits do not.
    """
    if _TIME.fullmatch(token):
        return False
    if _UUID.fullmatch(token):
        return True
    pieces = _SEPARATORS.split(token)
    return any(map(_is_mixed, pieces)) or _is_mixed_throughout(token) or _is_grouped(pieces)


def _is_mixed(piece: str) -> bool:
    """Whether letters and digits, or capitals and others, take turns too often for a name."""
    length = len(piece)
    if length < 8:
        return False
    if piece.isdecimal():
        return length >= 20
    if length >= 16 and _changes(piece) * 5 > length * 2:
        return True
    if piece.isalpha():
        return length >= 16 and bool(_CONSONANTS.search(piece.lower()))
    return _turns(piece) >= (3 if length >= 16 else 4)


def _is_grouped(pieces: Sequence[str]) -> bool:
    """As a code that is printed for people: three or more groups, each as long as the others."""
    lengths = set(map(len, pieces))
    return len(pieces) >= 3 and len(lengths) == 1 and _is_mixed("".join(pieces))


def _is_mixed_throughout(token: str) -> bool:
    """As base64 in its form for URLs, which has `-` and `_` anywhere."""
    kinds = {_class(character) for character in token} - {"separator"}
    return len(token) >= 20 and len(kinds) == 3 and _turns(token) * 4 >= len(token)


def _turns(text: str) -> int:
    letters = [character.isalpha() for character in text if character.isalnum()]
    return sum(one != other for one, other in pairwise(letters))


def _changes(piece: str) -> int:
    """How often capitals, small letters and digits take turns: words in camel case do less."""
    return sum(_class(one) != _class(other) for one, other in pairwise(piece))


def _class(character: str) -> str:
    if not character.isalnum():
        return "separator"
    return "digit" if character.isdecimal() else "capital" if character.isupper() else "small"
