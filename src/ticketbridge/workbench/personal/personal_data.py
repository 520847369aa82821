"""Find personal data in documents, and replace it in them."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from functools import partial
from typing import Any
from urllib.parse import quote

from ticketbridge.engine.upstream.answer_formats import Unreadable
from ticketbridge.engine.upstream.messages import PlatformAnswer
from ticketbridge.formats import DocumentError
from ticketbridge.formats.json import read_json
from ticketbridge.mapping.spec import CallSpec, FormatSpec, TextFormatSpec, secrets_in
from ticketbridge.redaction import WORD_START
from ticketbridge.workbench.answer_run import AnswerRun
from ticketbridge.workbench.call_formats import find_formats, read_values
from ticketbridge.workbench.personal import rewriting
from ticketbridge.workbench.personal.chance import is_random
from ticketbridge.workbench.personal.known_digests import LOOKS, Digest, make_digests, may_be_digest
from ticketbridge.workbench.personal.looks import (
    JWT,
    PATTERNS,
    TOKEN,
    find_looks,
    find_user_kind,
)
from ticketbridge.workbench.personal.personal_kinds import (
    DataSpot,
    PersonalKind,
    find_kind,
    is_mask,
    is_person_name,
)
from ticketbridge.workbench.personal.rewriting import (
    BASE64,
    EMAIL,
    Make,
    Pieces,
    change_url_parts,
    change_values,
    decode_base64,
    find_xml_text,
    is_url,
    list_objects,
)

Replace = Callable[[str, PersonalKind], str]
"""The replacement of a text of that kind."""

_LEAST: dict[PersonalKind, int] = {
    PersonalKind.EMAIL: 3,
    PersonalKind.NAME: 3,
    PersonalKind.PHONE: 7,
    PersonalKind.DOCUMENT: 6,
    PersonalKind.ADDRESS: 8,
    PersonalKind.SECRET: 8,
    PersonalKind.NOTE: 12,
    PersonalKind.IP: 7,
}
"""Texts of at least this length are looked for in other places too."""

_NUMERIC = frozenset({PersonalKind.PHONE, PersonalKind.DOCUMENT, PersonalKind.SECRET})
_SLASH = re.compile("/")
_WORD = re.compile(r"[^\W\d_]+")
_PLAIN_NAME = re.compile(r"\b[A-ZÀ-ÖØ-Þ][^\W\d_]+(?:,? [A-ZÀ-ÖØ-Þ][^\W\d_]+){1,3}\b")


class PersonalData:
    """Learns personal data from documents, and replaces it everywhere in them.

    *secrets* are credentials to be found anywhere. *kept* are words that the mapping uses (a status): they
    are not taken for a name if somebody has the same name.
    """

    def __init__(
        self, user: str, *, secrets: Collection[str] = (), kept: Collection[str] = ()
    ) -> None:
        self._user = user
        self._known: dict[str, PersonalKind] = {}
        self._forms: dict[str, set[str]] = {}
        self._halves: dict[str, int] = {}
        self._kept = {word.casefold() for word in kept}
        self._patterns: tuple[re.Pattern[str], re.Pattern[str]] | None = None
        self._digests: dict[str, Digest] | None = None
        self.words: set[str] = set()
        for secret in secrets:
            self.add(secret, PersonalKind.SECRET)
        kind = find_user_kind(user)
        if kind is not None:
            self.add(user, kind)

    @property
    def known(self) -> dict[str, PersonalKind]:
        """The texts that are looked for everywhere, in lower case."""
        return dict(self._known)

    def is_kept(self, text: str) -> bool:
        """Return whether *text* has a meaning for the mapping."""
        return text.casefold() in self._kept

    def is_half(self, text: str) -> bool:
        """Return whether *text* is a part of the user's address, which an object has in two parts."""
        return text.casefold() in self._halves

    # --- learning -------------------------------------------------------------------------------

    def learn(self, document: Any) -> None:
        """Remember the personal data of a JSON *document*."""
        change_values(document, self._note_value, self._note_key)
        for person in list_objects(document):
            self._note_halves(person)
            for name in _list_whole_names(person):
                self.add(name, PersonalKind.NAME)

    def learn_xml(self, text: str) -> None:
        """Remember the personal data of an XML document."""
        rewriting.rewrite_xml(text, lambda value, spot: str(self._note_value(value, spot)))

    def learn_text(self, text: str) -> None:
        """Remember what looks personal in any *text*."""
        if "@" in text or "%40" in text:  # a long text without either would be read once a letter
            for match in EMAIL.finditer(text):
                self.add(match.group().replace("%40", "@"), PersonalKind.EMAIL)
        for kind, match in find_looks(text):
            self.add(match.group(), kind)

    def learn_answer(self, answer: PlatformAnswer, form: FormatSpec | None) -> None:
        """Remember the personal data of an answer in the format *form*, also if it is in another."""
        document = read_values(answer, form)
        if not isinstance(document, Unreadable):
            self.learn(document)
            return
        xml = find_xml_text(answer)
        if xml is not None:
            self.learn_xml(xml)
        text = answer.content.decode("utf-8", "replace")
        self.learn_text(text)
        if isinstance(form, TextFormatSpec):
            # No key says where a name stands.
            for name in _PLAIN_NAME.finditer(text):
                self.add(name.group(), PersonalKind.NAME)

    def add(self, text: str, kind: PersonalKind) -> None:
        """Remember that *text* is of *kind*, unless it is short, or the mapping uses it."""
        key = text.strip().casefold()
        if len(key) >= _LEAST.get(kind, 1 << 30) and key not in self._kept:
            self._known.setdefault(key, kind)
            self._forms.setdefault(key, set()).add(text)
            self._patterns = self._digests = None

    def _note_key(self, key: str, _spot: DataSpot) -> str:
        self.learn_text(key)
        return key

    def _learn_within(self, text: str) -> None:
        """Remember the personal data of a document that stands inside of *text*."""
        start = text.lstrip()[:1]
        if start == "<":
            self.learn_xml(text)
        elif start in {"{", "["}:
            with suppress(DocumentError, UnicodeEncodeError):
                self.learn(read_json(text.encode()))

    def _note_halves(self, person: dict[str, Any]) -> None:
        """Remember the two parts of the user's address, if an object has them in two members."""
        halves = self._user.casefold().split("@")
        texts = {value.casefold() for value in person.values() if isinstance(value, str)}
        if len(halves) == 2 and texts.issuperset(halves):
            self._halves.update({half: at for at, half in enumerate(halves)})

    def _note_value(self, value: Any, spot: DataSpot) -> Any:
        kind = find_kind_at(value, spot)
        if kind is not None and kind is not PersonalKind.EMAIL:
            self.add(str(value), kind)
        if isinstance(value, str):
            self.words.update(map(str.casefold, _WORD.findall(value)))
            self.learn_text(value)
            self._learn_within(value)
        return value

    # --- replacing ------------------------------------------------------------------------------

    def replace_in(self, document: Any, by: Replace, spot: DataSpot | None = None) -> Any:
        """Return a JSON *document* with its personal data replaced; *spot* is where it stood."""

        def rename(key: str, _at: DataSpot) -> str:
            return self.replace_in_text(key, by) if "@" in key[1:] else key

        return change_values(
            document, lambda value, at: self.replace_value(value, at, by), rename, spot
        )

    def replace_in_xml(self, text: str, by: Replace) -> str:
        """Return an XML document with its personal data replaced."""
        return rewriting.rewrite_xml(text, lambda value, at: str(self.replace_value(value, at, by)))

    def replace_in_text(self, text: str, by: Replace) -> str:
        """Return *text*, which may be a URL, with all known personal data and e-mail addresses replaced."""
        if not is_url(text):
            return self._replace_in_plain(text, by)
        # Base64 has slashes too: digests are looked for before the URL is taken apart.
        pieces = Pieces(text)
        pieces.replace(LOOKS, lambda match: self._replace_digest(match.group(), by))
        return pieces.join(
            lambda rest: change_url_parts(rest, lambda part: self._replace_in_plain(part, by))
        )

    def occurs_in(self, text: str) -> bool:
        """Return whether *text* contains personal data."""
        return self.replace_in_text(text, lambda _text, _kind: "") != text

    def is_or_has_personal(self, text: str, key: str, above: str) -> bool:
        """Return whether *text* under these keys is personal data, or contains some."""
        return (
            find_kind_at(text, DataSpot(key, above)) is not None
            or self._compile_patterns()[1].search(text) is not None
            or self.occurs_in(text)
        )

    def replace_value(self, value: Any, spot: DataSpot, by: Replace) -> Any:
        """Return a scalar, replaced if it is personal data or contains some."""
        kind = find_kind_at(value, spot)
        if kind is None or kind is PersonalKind.EMAIL:
            return self.replace_in_text(value, by) if isinstance(value, str) else value
        if kind is PersonalKind.SECRET and isinstance(value, str) and is_url(value):
            # What opens the door may stand elsewhere too, without the URL around it.
            made = self.replace_in_text(value, by)
            if made != value:
                return made
        made = by(str(value), kind)
        return int(made) if isinstance(value, int) and made.isdecimal() else made

    def _replace_in_plain(self, text: str, by: Replace) -> str:
        folded = text.casefold()
        if folded in self._known:
            return by(text, self._known[folded])
        if folded in self._halves:
            return by(self._user, PersonalKind.EMAIL).split("@")[-1 if self._halves[folded] else 0]
        pieces = Pieces(text)
        for pattern, make in self._list_passes(text, by):
            pieces.replace(pattern, make)
        return pieces.join()

    def _list_passes(self, text: str, by: Replace) -> Iterator[tuple[re.Pattern[str], Make]]:
        """Yield the patterns to replace, in order, each with its replacement.

        A replacement is not searched again.
        """
        whole, words = self._compile_patterns()
        yield LOOKS, lambda match: self._replace_digest(match.group(), by)
        yield JWT, lambda match: by(match.group(), PersonalKind.SECRET)
        yield (
            (words if any(map(str.isspace, text)) else whole),
            lambda match: self._replace_match(match, by),
        )
        for kind, pattern in PATTERNS:
            yield pattern, partial(self._replace_by_look, kind, by)
        yield BASE64, lambda match: self._replace_hiding(match.group(), by)
        yield TOKEN, lambda match: self._replace_random(match.group(), by)

    def _replace_match(self, match: re.Match[str], by: Replace) -> str:
        plain = match.group().replace("%40", "@")
        made = by(plain, self._known.get(plain.casefold(), PersonalKind.EMAIL))
        return made if plain == match.group() else made.replace("@", "%40")

    def _replace_by_look(self, kind: PersonalKind, by: Replace, match: re.Match[str]) -> str | None:
        return None if self.is_kept(match.group()) else by(match.group(), kind)

    def _replace_hiding(self, token: str, by: Replace) -> str | None:
        hides = self.occurs_in(decode_base64(token))
        return by(token, PersonalKind.SECRET) if hides else None

    def _replace_random(self, token: str, by: Replace) -> str | None:
        """Return a stand-in for a random *token*; None for others."""
        if self.is_kept(token) or decode_base64(token) or not is_random(token):
            return None
        return by(token, PersonalKind.SECRET)

    def _replace_digest(self, text: str, by: Replace) -> str | None:
        """Return *text* with another digest, if it is, or ends with, that of something known; else None."""
        starts = (0, *(match.end() for match in _SLASH.finditer(text)))
        for start in starts:
            found = self._find_digest(text[start:])
            if found is not None:
                other = by(found.text, found.kind)
                made = other if is_mask(other) else found.of(other)
                capital = text[start:].isupper() and not is_mask(other)
                return text[:start] + (made.upper() if capital else made)
        return None

    def _find_digest(self, text: str) -> Digest | None:
        if not may_be_digest(text):
            return None
        if self._digests is None:
            forms = (
                (form, self._known[key]) for key, forms in self._forms.items() for form in forms
            )
            self._digests = make_digests(forms)
        return self._digests.get(text) or self._digests.get(text.lower())

    def _compile_patterns(self) -> tuple[re.Pattern[str], re.Pattern[str]]:
        """Return what to look for in text without blanks, and in running text (single names too)."""
        if self._patterns is None:
            words = sorted(self._known, key=len, reverse=True)
            whole = [word for word in words if not self._is_single_name(word)]
            self._patterns = _compile_any_of(whole), _compile_any_of(words)
        return self._patterns

    def _is_single_name(self, word: str) -> bool:
        return self._known[word] is PersonalKind.NAME and not any(map(str.isspace, word))


def find_kind_at(value: Any, spot: DataSpot) -> PersonalKind | None:
    """Return the kind of a value; None for values that identify nobody: true, null, "", a fraction."""
    kind = find_kind(spot)
    if isinstance(value, str):
        if kind is None and is_person_name(value, spot.key):
            return PersonalKind.NAME
        return kind if value.strip() else None
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return kind if is_number and kind in _NUMERIC else None


_FIRST = re.compile(r"first_?name|given_?name|fore_?name|nombre", re.IGNORECASE)
_LAST = re.compile(r"last_?name|sur_?name|family_?name|apellidos?", re.IGNORECASE)


def _list_whole_names(person: dict[str, Any]) -> Iterator[str]:
    """Yield `Ana López` and `López, Ana` for an object with first and last name."""
    firsts = [v for k, v in person.items() if _FIRST.fullmatch(k) and isinstance(v, str) and v]
    lasts = [v for k, v in person.items() if _LAST.fullmatch(k) and isinstance(v, str) and v]
    for first in firsts:
        for last in lasts:
            yield from (f"{first} {last}", f"{last} {first}", f"{last}, {first}")


def _compile_any_of(words: Collection[str]) -> re.Pattern[str]:
    known = "|".join(map(re.escape, words))
    choices = [rf"{WORD_START}(?:{known})(?!\w)"] if words else []
    return re.compile("|".join([*choices, EMAIL.pattern]), re.IGNORECASE)


# --- from an answer -------------------------------------------------------------------------------


_SHORTEST = 4
# A shorter text of a variable in a call may be a word, for example a language.
_SHORTEST_IN_CALL = 8


def find_personal_data(answer_run: AnswerRun, *, kept: Collection[str] = ()) -> PersonalData:
    """Return all personal data and credentials that *answer_run* shows; for *kept* see PersonalData."""
    personal = PersonalData(answer_run.user, secrets=list_secrets(answer_run), kept=kept)
    formats = find_formats(answer_run.bridge.spec)
    for exchange in answer_run.exchanges:
        if exchange.answer is not None:
            personal.learn_answer(exchange.answer, formats.get(exchange.request.call))
    return personal


def list_secrets(answer_run: AnswerRun) -> set[str]:
    """Return the credentials of the mapping, those from a login, and those made from them.

    A variable in the path of a call is not one; elsewhere in a call it may be one.
    """
    spec = answer_run.bridge.spec
    upstream = spec.upstream
    held = secrets_in((upstream.auth, upstream.headers, upstream.proxy, spec.endpoint.access))
    signed = (exchange.request.credentials for exchange in answer_run.exchanges)
    made = (secret for credentials in signed if credentials for secret in credentials.secrets())
    calls = [entry for entry in spec.source if isinstance(entry, CallSpec)]
    known = {secret for secret in (*held, *made) if len(secret) >= _SHORTEST}
    known |= set(filter(_may_be_secret, secrets_in([call.request.beside_path for call in calls])))
    return known | {quote(secret, safe="") for secret in known}


def _may_be_secret(text: str) -> bool:
    return len(text) >= _SHORTEST_IN_CALL and not text.isdecimal()
