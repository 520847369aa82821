"""Made-up data that replaces real data: names and addresses, or values that keep only their shape."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from decimal import Decimal
from itertools import count
from string import ascii_lowercase
from typing import Any

from ticketbridge.workbench.personal.looks import find_user_kind
from ticketbridge.workbench.personal.personal_kinds import PersonalKind

_FIRST = (
    "Alex Robin Kim Sam Noa Max Kit Lou Mika Sasha Jules Remy Toni Andrea Charlie Dominique Eli Finn Gabi"
    " Jamie"
)
_LAST = (
    "Baker Carter Fisher Mason Miller Porter Smith Taylor Turner Walker Weaver Cooper Potter Sawyer Tanner"
    " Thatcher Glover Barber Chandler Fuller"
)
_NAME = re.compile(r"[^\W\d_]+")
_HEX = re.compile(r"[0-9a-fA-F-]{8,}")
_BIRTHS = ("1990-01-01", "1985-02-03")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")

SOMEONE = "user@example.com"
"""The user if nobody says which."""


class StandIns:
    """Makes stand-ins; none of them is one of the words *taken*, which are in the data."""

    def __init__(self, user: str, taken: Collection[str] = ()) -> None:
        self._taken = {word.casefold() for word in taken}
        self._made: dict[tuple[PersonalKind, str], str] = {}
        self._words: dict[str, str] = {}
        self._first = self._fresh(_list_names(_FIRST.split()))
        self._last = self._fresh(_list_names(_LAST.split()))
        self._emails = self._fresh(_list_addresses())
        self._numbers = count(1)
        self._makers: Mapping[PersonalKind, Callable[[str], str]] = {
            PersonalKind.BIRTH: _replace_birth,
            PersonalKind.IP: lambda _text: f"192.0.2.{next(self._numbers) % 256}",
            PersonalKind.NOTE: lambda _text: "A note.",
        }
        kind = find_user_kind(user)
        self.user = user if kind is None else self(user, kind)

    def __call__(self, text: str, kind: PersonalKind) -> str:
        """Return the stand-in of *text*."""
        if kind is PersonalKind.NAME:
            return self._name(text)
        key = kind, text.casefold()
        if key not in self._made:
            self._made[key] = self._new(text, kind)
        made = self._made[key]
        return _copy_address_case(text, made) if kind is PersonalKind.EMAIL else made

    def _new(self, text: str, kind: PersonalKind) -> str:
        if kind is PersonalKind.EMAIL:
            return next(self._emails)
        scheme, mark, rest = text.partition("://")
        if mark:
            return f"{scheme}://platform.example/{make_shape(rest, next(self._numbers))}"
        make = self._makers.get(kind)
        if make is not None:
            return make(text)
        made = make_shape(text, next(self._numbers))
        return (
            _replace_with_hex(made)
            if kind is PersonalKind.SECRET and _HEX.fullmatch(text)
            else made
        )

    def _name(self, text: str) -> str:
        first = True

        def word(match: re.Match[str]) -> str:
            nonlocal first
            made = self._word(match.group(), first=first)
            first = False
            return made

        return _NAME.sub(word, text)

    def _word(self, word: str, *, first: bool) -> str:
        key = word.casefold()
        if key not in self._words:
            made = next(self._first if first else self._last)
            self._words[key] = made[0] if len(word) == 1 else made
        return _copy_case(word, self._words[key])

    def _fresh(self, candidates: Iterator[str]) -> Iterator[str]:
        return (word for word in candidates if word.casefold() not in self._taken)


def make_shape(text: str, number: int) -> str:
    """Return *text* with other digits and letters, unique by *number*: `XX-51`, then `XX-52` for `AB-12`."""
    digits = sum(character.isdecimal() for character in text)
    letters = sum(character.isalpha() for character in text)
    if digits >= len(str(number)):
        fill = iter(str(number).rjust(digits, "5"))
        return "".join(_replace_character(c, fill, None) for c in text)
    written = iter(_write_in_letters(number).rjust(letters, "x")[-letters:] if letters else "")
    return "".join(_replace_character(c, None, written) for c in text)


def _replace_character(
    character: str, digits: Iterator[str] | None, letters: Iterator[str] | None
) -> str:
    if character.isdecimal():
        return next(digits) if digits else "5"
    if character.isalpha():
        made = next(letters) if letters else "x"
        return made.upper() if character.isupper() else made
    return character


def _write_in_letters(number: int) -> str:
    made = ""
    while number:
        number, rest = divmod(number - 1, 26)
        made = ascii_lowercase[rest] + made
    return made


def _replace_with_hex(text: str) -> str:
    """Return *text* with `a` for letters that are not hex: the stand-in of a UUID is a UUID."""
    return re.sub(r"[g-z]", "a", re.sub(r"[G-Z]", "A", text))


def _list_names(names: Collection[str]) -> Iterator[str]:
    yield from names
    for suffix in map(_write_in_letters, count(1)):  # pragma: no branch - it never ends
        yield from (name + suffix for name in names)


def _list_addresses() -> Iterator[str]:
    yield SOMEONE
    yield from (f"person{number}@example.com" for number in count(1))


def _copy_case(like: str, word: str) -> str:
    """Return *word* in the letter case of *like*."""
    if like.isupper() and len(like) > 1:
        return word.upper()
    return word.lower() if like.islower() else word


def _copy_address_case(like: str, address: str) -> str:
    """Return *address* with capitals where *like* has some: an owner may be written both ways."""
    if like == like.lower():
        return address
    return address.upper() if like == like.upper() else address.title().replace(".Com", ".com")


def _replace_birth(text: str) -> str:
    if not _DATE.search(text):
        return make_shape(text, 1)
    return _DATE.sub(_BIRTHS[1] if _BIRTHS[0] in text else _BIRTHS[0], text)


# --- shapes ---------------------------------------------------------------------------------------


_LONGEST = 60
_WHOLE_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?P<time>[T ][0-9]{2}:[0-9]{2}\S*)?")
_DAYS = ("2000-01-01", "2001-02-03")
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*://", re.IGNORECASE)
_STRANGE = re.compile(r"[^\w \-.,:;/#+()]|[^\x00-\x7f]")
_BLANKS = re.compile(r"\s+")


class ValueShapes:
    """Gives equal values the same shape, and different values different shapes, if there is room."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}

    def of(self, value: Any) -> Any:
        """Return the shape of a text or a number; true, false and null stay."""
        if isinstance(value, str):
            return self.of_text(value)
        if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
            return value
        return self._of_number(value)

    def of_text(self, text: str) -> str:
        """Return a date for a date, a URL for a URL; else `x` for letters and 5 for digits."""
        if not text.strip():
            return text
        date = _WHOLE_DATE.fullmatch(text)
        if date:
            day = _DAYS[1] if text.startswith(_DAYS[0]) else _DAYS[0]
            return day + re.sub(r"[0-9]", "0", date["time"] or "")
        scheme = _SCHEME.match(text)
        if scheme:
            rest = self._plain(text[scheme.end() :].partition("/")[2])
            return f"{scheme[0]}platform.example/{rest}"
        return self._plain(text)

    def _plain(self, text: str) -> str:
        number = self._numbers.setdefault(text, len(self._numbers) + 1)
        cut = _STRANGE.sub("x", _BLANKS.sub(" ", text)[:_LONGEST])
        made = make_shape(cut, number)
        return made if made != text else make_shape(cut, number + 1)

    def _of_number(self, value: float | Decimal) -> Any:
        written = str(abs(value))
        number = self._numbers.setdefault(written, len(self._numbers) + 1)
        made = make_shape(written, number) if written.replace(".", "").isdecimal() else "5.5"
        made = make_shape(written, number + 1) if made == written else made
        made = "5" + made[1:] if made.startswith("0") else made
        signed = f"-{made}" if value < 0 else made
        return type(value)(signed)
