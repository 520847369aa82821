"""Made-up data in place of personal data: the same text always gets the same stand-in, of its shape."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from itertools import count
from string import ascii_lowercase

from ticketbridge.authoring.personal.kinds import Kind
from ticketbridge.authoring.personal.looks import kind_of_user

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


class StandIns:
    """Gives stand-ins; *taken* are words that none may be, since they are in the data."""

    def __init__(self, user: str, taken: Collection[str] = ()) -> None:
        self._taken = {word.casefold() for word in taken}
        self._made: dict[tuple[Kind, str], str] = {}
        self._words: dict[str, str] = {}
        self._first = self._fresh(_names(_FIRST.split()))
        self._last = self._fresh(_names(_LAST.split()))
        self._emails = self._fresh(_addresses())
        self._numbers = count(1)
        self._makers: Mapping[Kind, Callable[[str], str]] = {
            Kind.NAME: self._name,
            Kind.BIRTH: _birth,
            Kind.IP: lambda _text: f"192.0.2.{next(self._numbers) % 256}",
            Kind.NOTE: lambda _text: "A note.",
        }
        kind = kind_of_user(user)
        self.user = user if kind is None else self(user, kind)

    def __call__(self, text: str, kind: Kind) -> str:
        """The stand-in of *text*."""
        if kind is Kind.NAME:
            return self._name(text)
        key = kind, text.casefold()
        if key not in self._made:
            self._made[key] = self._new(text, kind)
        made = self._made[key]
        return _cased_address(text, made) if kind is Kind.EMAIL else made

    def _new(self, text: str, kind: Kind) -> str:
        if kind is Kind.EMAIL:
            return next(self._emails)
        scheme, mark, rest = text.partition("://")
        if mark:
            return f"{scheme}://platform.example/{shaped(rest, next(self._numbers))}"
        make = self._makers.get(kind)
        if make is not None:
            return make(text)
        made = shaped(text, next(self._numbers))
        return _in_hex(made) if kind is Kind.SECRET and _HEX.fullmatch(text) else made

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
        return _cased(word, self._words[key])

    def _fresh(self, candidates: Iterator[str]) -> Iterator[str]:
        return (word for word in candidates if word.casefold() not in self._taken)


def shaped(text: str, number: int) -> str:
    """*text* with other digits and letters, told apart by *number*: `AB-12` is `XX-51`, then `XX-52`."""
    digits = sum(character.isdecimal() for character in text)
    letters = sum(character.isalpha() for character in text)
    if digits >= len(str(number)):
        fill = iter(str(number).rjust(digits, "5"))
        return "".join(_other(c, fill, None) for c in text)
    written = iter(_in_letters(number).rjust(letters, "x")[-letters:] if letters else "")
    return "".join(_other(c, None, written) for c in text)


def _other(character: str, digits: Iterator[str] | None, letters: Iterator[str] | None) -> str:
    if character.isdecimal():
        return next(digits) if digits else "5"
    if character.isalpha():
        made = next(letters) if letters else "x"
        return made.upper() if character.isupper() else made
    return character


def _in_letters(number: int) -> str:
    made = ""
    while number:
        number, rest = divmod(number - 1, 26)
        made = ascii_lowercase[rest] + made
    return made


def _in_hex(text: str) -> str:
    """Replace letters that are not hex by `a`, so that the stand-in of a UUID is a UUID."""
    return re.sub(r"[g-z]", "a", re.sub(r"[G-Z]", "A", text))


def _names(names: Collection[str]) -> Iterator[str]:
    yield from names
    for suffix in map(_in_letters, count(1)):  # pragma: no branch - it never ends
        yield from (name + suffix for name in names)


def _addresses() -> Iterator[str]:
    yield "user@example.com"
    yield from (f"person{number}@example.com" for number in count(1))


def _cased(like: str, word: str) -> str:
    """*word* in the letter case of *like*."""
    if like.isupper() and len(like) > 1:
        return word.upper()
    return word.lower() if like.islower() else word


def _cased_address(like: str, address: str) -> str:
    """*address*, with capitals where *like* has some: an owner may be written so and so."""
    if like == like.lower():
        return address
    return address.upper() if like == like.upper() else address.title().replace(".Com", ".com")


def _birth(text: str) -> str:
    if not _DATE.search(text):
        return shaped(text, 1)
    return _DATE.sub(_BIRTHS[1] if _BIRTHS[0] in text else _BIRTHS[0], text)
