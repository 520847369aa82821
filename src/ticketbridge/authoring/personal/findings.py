"""What personal data was found in some documents, and the same documents with it replaced."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from typing import Any

from ticketbridge.authoring.personal import xml
from ticketbridge.authoring.personal.kinds import Kind, Spot, kind_of, names_person
from ticketbridge.authoring.personal.texts import EMAIL, in_tokens, in_url, is_url

Replace = Callable[[str, Kind], str]
"""What stands for a text of that kind."""

_LEAST: dict[Kind, int] = {
    Kind.EMAIL: 3,
    Kind.NAME: 3,
    Kind.PHONE: 7,
    Kind.DOCUMENT: 6,
    Kind.ADDRESS: 8,
    Kind.SECRET: 8,
    Kind.NOTE: 12,
    Kind.IP: 7,
}
"""From how many characters on a text is looked for in other places too."""

_NUMERIC = frozenset({Kind.PHONE, Kind.DOCUMENT, Kind.SECRET})
_WORD = re.compile(r"[^\W\d_]+")


class Findings:
    """Learns personal data from documents, and replaces it in them wherever it stands.

    *secrets* are credentials to be found anywhere; *kept* are words that mean something to the mapping
    (a status), and are not taken for a name elsewhere because someone has that name.
    """

    def __init__(
        self, user: str, *, secrets: Collection[str] = (), kept: Collection[str] = ()
    ) -> None:
        self._known: dict[str, Kind] = {}
        self._kept = {word.casefold() for word in kept}
        self._patterns: tuple[re.Pattern[str], re.Pattern[str]] | None = None
        self.words: set[str] = set()
        for secret in secrets:
            self._add(secret, Kind.SECRET)
        if "@" in user:
            self._add(user, Kind.EMAIL)

    @property
    def known(self) -> dict[str, Kind]:
        """The texts that are looked for everywhere, in lower case."""
        return dict(self._known)

    # --- learning -------------------------------------------------------------------------------

    def learn(self, document: Any) -> None:
        """Remember the personal data of a JSON *document*."""
        _walked(document, Spot(), self._note)
        for person in _objects(document):
            for name in _whole_names(person):
                self._add(name, Kind.NAME)

    def learn_xml(self, text: str) -> None:
        """Remember the personal data of an XML document."""
        xml.rewritten(text, lambda value, spot: str(self._note(value, spot)))

    def learn_text(self, text: str) -> None:
        """Remember the e-mail addresses of any *text*."""
        for match in EMAIL.finditer(text):
            self._add(match.group().replace("%40", "@"), Kind.EMAIL)

    def _note(self, value: Any, spot: Spot) -> Any:
        kind = _kind(value, spot)
        if kind is not None and kind is not Kind.EMAIL:
            self._add(str(value), kind)
        if isinstance(value, str):
            self.words.update(map(str.casefold, _WORD.findall(value)))
            self.learn_text(value)
        return value

    def _add(self, text: str, kind: Kind) -> None:
        key = text.strip().casefold()
        if len(key) >= _LEAST.get(kind, 1 << 30) and key not in self._kept:
            self._known.setdefault(key, kind)
            self._patterns = None

    # --- replacing ------------------------------------------------------------------------------

    def replaced(self, document: Any, by: Replace, spot: Spot | None = None) -> Any:
        """A JSON *document* with its personal data replaced; *spot* is where it stood."""
        return _walked(document, spot or Spot(), lambda value, at: self._value(value, at, by))

    def replaced_xml(self, text: str, by: Replace) -> str:
        """An XML document with its personal data replaced."""
        return xml.rewritten(text, lambda value, at: str(self._value(value, at, by)))

    def in_text(self, text: str, by: Replace) -> str:
        """*text*, which may be a URL, with what is known, and every e-mail address, replaced."""
        if is_url(text):
            return in_url(text, lambda part: self._in_plain(part, by))
        return self._in_plain(text, by)

    def touches(self, text: str) -> bool:
        """Whether personal data stands in *text*, of which more than a mark would be left."""
        return self.in_text(text, lambda _text, _kind: "") != text

    def is_personal(self, text: str, key: str, above: str) -> bool:
        """Whether *text*, which stands under these keys, is someone's, or has something of it."""
        return (
            _kind(text, Spot(key, above)) is not None
            or self._compiled()[1].search(text) is not None
        )

    def _value(self, value: Any, spot: Spot, by: Replace) -> Any:
        kind = _kind(value, spot)
        if kind is None or kind is Kind.EMAIL:
            return self.in_text(value, by) if isinstance(value, str) else value
        made = by(str(value), kind)
        return int(made) if isinstance(value, int) and made.isdecimal() else made

    def _in_plain(self, text: str, by: Replace) -> str:
        def hidden(token: str, said: str) -> str:
            return by(token, Kind.SECRET) if self.touches(said) else token

        def found(match: re.Match[str]) -> str:
            plain = match.group().replace("%40", "@")
            made = by(plain, self._known.get(plain.casefold(), Kind.EMAIL))
            return made if plain == match.group() else made.replace("@", "%40")

        if text.casefold() in self._known:
            return by(text, self._known[text.casefold()])
        whole, words = self._compiled()
        spaced = any(map(str.isspace, text))
        return in_tokens((words if spaced else whole).sub(found, text), hidden)

    def _compiled(self) -> tuple[re.Pattern[str], re.Pattern[str]]:
        """What is looked for in text without blanks, and in running text: there, single names too."""
        if self._patterns is None:
            words = sorted(self._known, key=len, reverse=True)
            whole = [word for word in words if not self._is_single_name(word)]
            self._patterns = _any_of(whole), _any_of(words)
        return self._patterns

    def _is_single_name(self, word: str) -> bool:
        return self._known[word] is Kind.NAME and not any(map(str.isspace, word))


def _kind(value: Any, spot: Spot) -> Kind | None:
    """The kind of a value, which is none for what can tell nothing: true, null, "", a fraction."""
    kind = kind_of(spot)
    if isinstance(value, str):
        if kind is None and names_person(value, spot.key):
            return Kind.NAME
        return kind if value.strip() else None
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return kind if is_number and kind in _NUMERIC else None


def _walked(value: Any, spot: Spot, change: Callable[[Any, Spot], Any]) -> Any:
    """*value* with *change* made to each of its scalars, and to keys that are no names of fields."""
    if isinstance(value, dict):
        return {
            _key(key, change): _walked(member, Spot(key, spot.key, tuple(value)), change)
            for key, member in value.items()
        }
    if isinstance(value, list):
        return [_walked(member, spot, change) for member in value]
    return change(value, spot)


def _key(key: str, change: Callable[[Any, Spot], Any]) -> str:
    return str(change(key, Spot())) if "@" in key[1:] else key


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        yield from _objects(list(value.values()))
    elif isinstance(value, list):
        for member in value:
            yield from _objects(member)


_FIRST = re.compile(r"first_?name|given_?name|fore_?name|nombre", re.IGNORECASE)
_LAST = re.compile(r"last_?name|sur_?name|family_?name|apellidos?", re.IGNORECASE)


def _whole_names(person: dict[str, Any]) -> Iterator[str]:
    """`Ana López` and `López, Ana`, of an object that has the two in two fields."""
    firsts = [v for k, v in person.items() if _FIRST.fullmatch(k) and isinstance(v, str) and v]
    lasts = [v for k, v in person.items() if _LAST.fullmatch(k) and isinstance(v, str) and v]
    for first in firsts:
        for last in lasts:
            yield from (f"{first} {last}", f"{last} {first}", f"{last}, {first}")


def _any_of(words: Collection[str]) -> re.Pattern[str]:
    known = "|".join(map(re.escape, words))
    choices = [rf"(?<!\w)(?:{known})(?!\w)"] if words else []
    return re.compile("|".join([*choices, EMAIL.pattern]), re.IGNORECASE)
