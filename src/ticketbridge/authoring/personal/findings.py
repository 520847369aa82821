"""What personal data was found in some documents, and the same documents with it replaced."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from functools import partial
from typing import Any

from ticketbridge.authoring.personal import xml
from ticketbridge.authoring.personal.chance import is_random
from ticketbridge.authoring.personal.digests import LOOKS, Digest, digests_of, may_be_digest
from ticketbridge.authoring.personal.kinds import Kind, Spot, kind_of, names_person
from ticketbridge.authoring.personal.looks import (
    JWT,
    PATTERNS,
    TOKEN,
    found_in,
    kind_of_user,
)
from ticketbridge.authoring.personal.masks import is_mask
from ticketbridge.authoring.personal.texts import (
    EMAIL,
    HIDING,
    Make,
    Pieces,
    in_url,
    is_url,
    unhidden,
)
from ticketbridge.authoring.personal.walking import changed, objects_in

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
_SLASH = re.compile("/")
_WORD = re.compile(r"[^\W\d_]+")


class Findings:
    """Learns personal data from documents, and replaces it in them wherever it stands.

    *secrets* are credentials to be found anywhere; *kept* are words that mean something to the mapping
    (a status), and are not taken for a name elsewhere because someone has that name.
    """

    def __init__(
        self, user: str, *, secrets: Collection[str] = (), kept: Collection[str] = ()
    ) -> None:
        self._user = user
        self._known: dict[str, Kind] = {}
        self._forms: dict[str, set[str]] = {}
        self._halves: dict[str, int] = {}
        self._kept = {word.casefold() for word in kept}
        self._patterns: tuple[re.Pattern[str], re.Pattern[str]] | None = None
        self._digests: dict[str, Digest] | None = None
        self.words: set[str] = set()
        for secret in secrets:
            self.add(secret, Kind.SECRET)
        kind = kind_of_user(user)
        if kind is not None:
            self.add(user, kind)

    @property
    def known(self) -> dict[str, Kind]:
        """The texts that are looked for everywhere, in lower case."""
        return dict(self._known)

    def is_kept(self, text: str) -> bool:
        """Whether *text* means something to the mapping."""
        return text.casefold() in self._kept

    def is_half(self, text: str) -> bool:
        """Whether *text* is one of the two parts of the user's address, where these stand apart."""
        return text.casefold() in self._halves

    # --- learning -------------------------------------------------------------------------------

    def learn(self, document: Any) -> None:
        """Remember the personal data of a JSON *document*."""
        changed(document, self._note, self._note_key)
        for person in objects_in(document):
            self._note_halves(person)
            for name in _whole_names(person):
                self.add(name, Kind.NAME)

    def learn_xml(self, text: str) -> None:
        """Remember the personal data of an XML document."""
        xml.rewritten(text, lambda value, spot: str(self._note(value, spot)))

    def learn_text(self, text: str) -> None:
        """Remember what any *text* has that is personal by its look."""
        if "@" in text or "%40" in text:  # a long text without either would be read once a letter
            for match in EMAIL.finditer(text):
                self.add(match.group().replace("%40", "@"), Kind.EMAIL)
        for kind, match in found_in(text):
            self.add(match.group(), kind)

    def add(self, text: str, kind: Kind) -> None:
        """Remember that *text* is of *kind*, unless it is short, or means something to the mapping."""
        key = text.strip().casefold()
        if len(key) >= _LEAST.get(kind, 1 << 30) and key not in self._kept:
            self._known.setdefault(key, kind)
            self._forms.setdefault(key, set()).add(text)
            self._patterns = self._digests = None

    def _note_key(self, key: str, _spot: Spot) -> str:
        self.learn_text(key)
        return key

    def _note_halves(self, person: dict[str, Any]) -> None:
        """Remember the two parts of the user's address, where an object has them in two members."""
        halves = self._user.casefold().split("@")
        texts = {value.casefold() for value in person.values() if isinstance(value, str)}
        if len(halves) == 2 and texts.issuperset(halves):
            self._halves.update({half: at for at, half in enumerate(halves)})

    def _note(self, value: Any, spot: Spot) -> Any:
        kind = kind_at(value, spot)
        if kind is not None and kind is not Kind.EMAIL:
            self.add(str(value), kind)
        if isinstance(value, str):
            self.words.update(map(str.casefold, _WORD.findall(value)))
            self.learn_text(value)
        return value

    # --- replacing ------------------------------------------------------------------------------

    def replaced(self, document: Any, by: Replace, spot: Spot | None = None) -> Any:
        """A JSON *document* with its personal data replaced; *spot* is where it stood."""

        def rename(key: str, _at: Spot) -> str:
            return self.in_text(key, by) if "@" in key[1:] else key

        return changed(document, lambda value, at: self.value(value, at, by), rename, spot)

    def replaced_xml(self, text: str, by: Replace) -> str:
        """An XML document with its personal data replaced."""
        return xml.rewritten(text, lambda value, at: str(self.value(value, at, by)))

    def in_text(self, text: str, by: Replace) -> str:
        """*text*, which may be a URL, with what is known, and every e-mail address, replaced."""
        if not is_url(text):
            return self._in_plain(text, by)
        # Base64 has slashes too: digests are looked for before the URL is taken apart.
        pieces = Pieces(text)
        pieces.replace(LOOKS, lambda match: self._digested(match.group(), by))
        return pieces.joined(lambda rest: in_url(rest, lambda part: self._in_plain(part, by)))

    def touches(self, text: str) -> bool:
        """Whether personal data stands in *text*, of which more than a mark would be left."""
        return self.in_text(text, lambda _text, _kind: "") != text

    def is_personal(self, text: str, key: str, above: str) -> bool:
        """Whether *text*, which stands under these keys, is someone's, or has something of it."""
        return (
            kind_at(text, Spot(key, above)) is not None
            or self._compiled()[1].search(text) is not None
            or self.touches(text)
        )

    def value(self, value: Any, spot: Spot, by: Replace) -> Any:
        """A scalar, replaced where it is personal, or has something of it."""
        kind = kind_at(value, spot)
        if kind is None or kind is Kind.EMAIL:
            return self.in_text(value, by) if isinstance(value, str) else value
        if kind is Kind.SECRET and isinstance(value, str) and is_url(value):
            # What opens the door may stand elsewhere too, without the URL around it.
            made = self.in_text(value, by)
            if made != value:
                return made
        made = by(str(value), kind)
        return int(made) if isinstance(value, int) and made.isdecimal() else made

    def _in_plain(self, text: str, by: Replace) -> str:
        folded = text.casefold()
        if folded in self._known:
            return by(text, self._known[folded])
        if folded in self._halves:
            return by(self._user, Kind.EMAIL).split("@")[-1 if self._halves[folded] else 0]
        pieces = Pieces(text)
        for pattern, make in self._passes(text, by):
            pieces.replace(pattern, make)
        return pieces.joined()

    def _passes(self, text: str, by: Replace) -> Iterator[tuple[re.Pattern[str], Make]]:
        """What is looked for, in order, and what takes its place; what is replaced once stays."""
        whole, words = self._compiled()
        yield LOOKS, lambda match: self._digested(match.group(), by)
        yield JWT, lambda match: by(match.group(), Kind.SECRET)
        yield (
            (words if any(map(str.isspace, text)) else whole),
            lambda match: self._found(match, by),
        )
        for kind, pattern in PATTERNS:
            yield pattern, partial(self._by_look, kind, by)
        yield HIDING, lambda match: self._unhidden(match.group(), by)
        yield TOKEN, lambda match: self._undrawn(match.group(), by)

    def _found(self, match: re.Match[str], by: Replace) -> str:
        plain = match.group().replace("%40", "@")
        made = by(plain, self._known.get(plain.casefold(), Kind.EMAIL))
        return made if plain == match.group() else made.replace("@", "%40")

    def _by_look(self, kind: Kind, by: Replace, match: re.Match[str]) -> str | None:
        return None if self.is_kept(match.group()) else by(match.group(), kind)

    def _unhidden(self, token: str, by: Replace) -> str | None:
        hides = self.touches(unhidden(token))
        return by(token, Kind.SECRET) if hides else None

    def _undrawn(self, token: str, by: Replace) -> str | None:
        """A stand-in for *token* where it is random."""
        if self.is_kept(token) or unhidden(token) or not is_random(token):
            return None
        return by(token, Kind.SECRET)

    def _digested(self, text: str, by: Replace) -> str | None:
        """*text*, with the digest of the stand-in where it is, or ends with, that of something known."""
        starts = (0, *(match.end() for match in _SLASH.finditer(text)))
        for start in starts:
            found = self._digest(text[start:])
            if found is not None:
                other = by(found.text, found.kind)
                made = other if is_mask(other) else found.of(other)
                capital = text[start:].isupper() and not is_mask(other)
                return text[:start] + (made.upper() if capital else made)
        return None

    def _digest(self, text: str) -> Digest | None:
        if not may_be_digest(text):
            return None
        if self._digests is None:
            forms = (
                (form, self._known[key]) for key, forms in self._forms.items() for form in forms
            )
            self._digests = digests_of(forms)
        return self._digests.get(text) or self._digests.get(text.lower())

    def _compiled(self) -> tuple[re.Pattern[str], re.Pattern[str]]:
        """What is looked for in text without blanks, and in running text: there, single names too."""
        if self._patterns is None:
            words = sorted(self._known, key=len, reverse=True)
            whole = [word for word in words if not self._is_single_name(word)]
            self._patterns = _any_of(whole), _any_of(words)
        return self._patterns

    def _is_single_name(self, word: str) -> bool:
        return self._known[word] is Kind.NAME and not any(map(str.isspace, word))


def kind_at(value: Any, spot: Spot) -> Kind | None:
    """The kind of a value, which is none for what can tell nothing: true, null, "", a fraction."""
    kind = kind_of(spot)
    if isinstance(value, str):
        if kind is None and names_person(value, spot.key):
            return Kind.NAME
        return kind if value.strip() else None
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return kind if is_number and kind in _NUMERIC else None


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
