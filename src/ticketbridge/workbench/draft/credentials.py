"""Credentials in what a sample answered, and in URLs inside of samples: none goes into a draft.

A parameter is one by its name (`key`, `access_token`), a value by its look (a JSON Web Token, a UUID, a long
text of digits and letters that is no word) or by its place: see `sent_bodies`. In a drafted mapping a
variable stands for it, or a TODO for a text that has one inside.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import parse_qsl, quote, unquote

from ticketbridge.mapping.environment import PLACEHOLDER
from ticketbridge.workbench.cases.case_spec import Target
from ticketbridge.workbench.draft.documents import Document, is_paging, list_texts
from ticketbridge.workbench.draft.entries import contains_user, is_email
from ticketbridge.workbench.draft.platform_words import (
    PEOPLE_LISTS,
    find_free_name,
    fold,
    make_singular,
    split_key,
)
from ticketbridge.workbench.draft.sent_bodies import (
    find_arguments,
    list_keys,
    list_sent,
    name_parameter,
    read_sent,
    write_body,
)
from ticketbridge.workbench.personal.chance import looks_secret
from ticketbridge.workbench.personal.personal_kinds import CREDENTIAL_WORDS, word_set
from ticketbridge.workbench.samples import looks_like_xml

_NAMES = CREDENTIAL_WORDS | word_set(
    "auth sid sessionid session key clave schluessel jeton authkey appkey passkey senha wachtwoord"
)
_ALONE = word_set("pass pw")
"""With another word it is something else: `season_pass`."""
_AROUND = CREDENTIAL_WORDS | {"auth"}
_PLAIN_KEYS = word_set("sort group order search user filter partition foreign lookup event by")
_LOGINS = word_set(
    "user username login account client clientid appid uid usuario benutzer utilisateur id"
)
_URL = re.compile(r"[a-z][a-z0-9+.-]*://[^\s<>\"']+|/[^\s<>\"']*\?[^\s<>\"']+", re.IGNORECASE)
_VARIABLE = re.compile(r"\$\{\w+\}")
_LITERAL = re.compile(r"(\w+)\s*[:=]\s*(['\"])(.*?)\2")
"""A value in a text of another language, such as GraphQL: `key: "..."`."""
_USERINFO = re.compile(r"(?<=://)[^/?#\s<>\"']+(?=@)")
_SHORT = 8
_SPECIAL = re.compile(r"[^A-Za-z0-9]+")


@dataclass(frozen=True, slots=True)
class HiddenCredentials:
    """Documents whose targets have `${VARIABLE}` in place of each credential.

    *key* is the parameter that holds the credential of every call, with its variable, if there is one; the
    targets are without it. *markers* are what was put in place of credentials: variables, and `{name}` for a
    TODO. *secrets* are the texts that must stand nowhere. *short* are parameters whose values are too short
    to be looked for everywhere.
    """

    documents: Sequence[Document]
    markers: frozenset[str]
    secrets: frozenset[str] = field(repr=False)
    short: frozenset[tuple[str, str]] = field(repr=False)
    key: tuple[str, str] | None

    def without_short(self, text: str) -> str:
        """Return *text* without the short credentials of the URLs in it, and without who logs in there."""
        text = _USERINFO.sub(lambda found: "x" * len(found[0]), text)
        for name, value in self.short:
            place = rf"(?<=[?&;]{re.escape(name)}=){re.escape(value)}(?!\w)"
            text = re.sub(place, "x" * len(value), text)
        return text

    def replace_variables(self, target: str) -> str:
        """Return *target* with placeholders for its variables, as a case has it."""
        for variable in filter(is_variable, self.markers):
            target = target.replace(variable, PLACEHOLDER)
        return target


def is_variable(marker: str) -> bool:
    """Whether a marker is a variable, and no TODO."""
    return marker.startswith("$")


def hide_credentials(
    documents: Sequence[Document], user: str | None, prefix: str, auth: Sequence[str]
) -> HiddenCredentials:
    """Return *documents* without the credentials in their requests; *prefix* begins the variables.

    *auth* are the lines of the credentials in headers: where there are some, a parameter that is a credential
    of every call stays in the requests, as `auth` is one alone.
    """
    finder = _Finder(documents, user)
    found = [one for document in documents for one in finder.find_in_target(document)]
    bodies = [finder.find_in_body(document) for document in documents]
    every = [*found, *(one for body in bodies for one in body.values())]
    names = _name_variables(every, prefix, find_variables(auth))
    key = None if auth else _find_common_key(documents, found, names)
    hidden = [
        _replace_request(d, _rewrite_target(d.target, found, names, key), body, names)
        for d, body in zip(documents, bodies, strict=True)
    ]
    pairs = {(one.name, one.value) for one in found if not one.is_around}
    others = {
        pair for d in documents for text in list_texts(d.value) for pair in _find_in_urls(text)
    }
    others |= {pair for one in every if one.is_around for pair in _find_in_text(one.value)}
    others |= {(one.name, one.value) for one in every if not one.is_around}
    alone = _find_ids(documents)
    pairs |= {pair for pair in others if pair[1] not in alone}
    short = frozenset((name, value) for name, value in pairs if name and len(value) < _SHORT)
    secrets = frozenset(value for _, value in pairs)
    return HiddenCredentials(hidden, frozenset(names.values()), secrets, short, key)


# --- in targets -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Credential:
    """A credential in a request: a parameter's value, or, if *name* is "", the segment behind *after*.

    *is_around*: the value is a text that has credentials inside.
    """

    name: str
    value: str = field(repr=False)
    after: str = ""
    is_around: bool = False


class _Finder:
    """Finds what a request may not show; a value that an answer has is none, and the user is none."""

    def __init__(self, documents: Sequence[Document], user: str | None) -> None:
        self._user = user
        self._known = {text for document in documents for text in list_texts(document.value)}

    def find_in_target(self, document: Document) -> Iterator[_Credential]:
        target = Target.of(document.target)
        asked = [(n, v) for n, values in target.query.items() for v in values]
        pairs = [(n, v) for n, v in asked if not self._is_plain(v) and v not in self._known]
        secret = [pair for pair in pairs if is_credential(*pair)]
        rest = [pair for pair in pairs if pair not in secret]
        yield from (_Credential(name, value) for name, value in secret)
        for name, value in rest:
            if secret and "".join(split_key(name)) in _LOGINS:
                yield _Credential(name, value)
            elif self._is_around(name, value):
                yield _Credential(name, value, is_around=True)
        for before, segment in zip(("", *target.path), target.path, strict=False):
            if looks_secret(segment) and segment not in self._known and not self._is_plain(segment):
                yield _Credential("", segment, before)

    def find_in_body(self, document: Document) -> Mapping[str, _Credential]:
        """Return the credentials by their pointers."""
        answered = set(list_texts(document.value))
        sent = list_sent(document.sample.sent)
        leaves = {
            pointer: value
            for pointer, (value,) in sent.items()
            if not self._is_plain(value) and value not in answered
        }
        named = {p: name_parameter(p) for p in leaves}
        secret = {p for p, value in leaves.items() if _is_credential_at(p, value)}
        logins = {p for p in leaves if secret and "".join(split_key(named[p])) in _LOGINS}
        found = {p: _Credential(named[p], leaves[p]) for p in leaves if p in secret | logins}
        for pointer, value in self._find_arguments(document.sample.sent):
            place = _name_place(pointer)
            inside = self._user is not None and contains_user(value, self._user)
            found.setdefault(pointer, _Credential(place, value, is_around=inside))
        around = {p for p, value in leaves.items() if self._is_around(named[p], value)}
        return {p: _Credential(named[p], leaves[p], is_around=True) for p in around} | found

    def _is_plain(self, text: str) -> bool:
        return text.casefold() in {"", (self._user or "").casefold()}

    def _is_around(self, name: str, text: str) -> bool:
        """Whether there are credentials inside of a text: in a URL, in JSON, in a form; XML is not read."""
        found = any(value not in self._known for _, value in _find_in_text(text))
        return (
            found or looks_like_xml(text.encode()) or any(self._find_arguments(text.encode(), name))
        )

    def _find_arguments(self, sent: bytes | None, key: str = "args") -> Iterator[tuple[str, str]]:
        """Yield the pointers and the texts of arguments that may be anything."""
        values = list_sent(sent)
        for pointer in find_arguments(read_sent(sent), key):
            value = values[pointer][0]
            # An address stands for the asked user, where it is not known who that is.
            is_user = self._is_plain(value) or (self._user is None and is_email(value))
            if not is_user and value not in self._known:
                yield pointer, value


def _is_credential_at(pointer: str, value: str) -> bool:
    """Whether a value of a body is a credential, by its own name or that of an object around it."""
    above = any(_AROUND & set(split_key(make_singular(key))) for key in list_keys(pointer)[:-1])
    return above or is_credential(name_parameter(pointer), value)


def _name_place(pointer: str) -> str:
    """Return a name for an element of a list: `args_2`."""
    places = re.search(r"(?:/[0-9]+)*\Z", pointer)
    return (name_parameter(pointer) or "item") + (places[0] if places else "").replace("/", "_")


def is_credential(name: str, value: str) -> bool:
    """Whether a parameter is a credential, by its name or by the look of its value."""
    words = split_key(name)
    if not value or not words or is_paging(name) or {"page", "cursor", "next"} & set(words):
        return False
    return looks_secret(value) or (not is_email(value) and _is_named(words))


def _is_named(words: Sequence[str]) -> bool:
    """Whether the words of a name are those of a credential: `api_key`, not `sort_key`."""
    named = words[-1] in _NAMES or "".join(words) in _NAMES | _ALONE
    return named and (len(words) == 1 or _PLAIN_KEYS.isdisjoint(words[:-1]))


def _name_variables(
    found: Sequence[_Credential], prefix: str, taken: Collection[str]
) -> dict[_Credential, str]:
    """Return `${NAME}` for each; `{name}`, a TODO, if several values belong to one name, or around one.

    Variables that are *taken* stand for other values.
    """
    values: dict[str, set[str]] = {}
    for one in found:
        values.setdefault(_make_name(one), set()).add(one.value)
    made = {}
    for one in found:
        name = _make_name(one)
        person = not one.name and not PEOPLE_LISTS.isdisjoint(split_key(one.after))
        is_open = person or one.is_around or len(values[name]) > 1
        made[one] = f"{{{name}}}" if is_open else make_free_variable(prefix, name, taken)
    return made


def find_variables(lines: Sequence[str]) -> set[str]:
    """Return the `${NAME}` in *lines*."""
    return set(_VARIABLE.findall("".join(lines)))


def make_free_variable(prefix: str, name: str, taken: Collection[str]) -> str:
    """Return `${PREFIX_NAME}`, or, if that is *taken*, the same with the next number."""
    names = {variable[2:-1] for variable in taken}
    return f"${{{find_free_name(f'{prefix}_{name.upper()}', names)}}}"


def _make_name(one: _Credential) -> str:
    if one.name:
        return _SPECIAL.sub("_", fold(one.name)).strip("_").lower() or "key"
    before = "" if looks_secret(one.after) else make_singular(one.after)
    return before or "path_key"


def _find_common_key(
    documents: Sequence[Document], found: Sequence[_Credential], names: dict[_Credential, str]
) -> tuple[str, str] | None:
    """Return the one parameter that is the credential of all calls, for `auth`; None if there is none."""
    asked = [Target.of(d.target).query for d in documents if d.target]
    for one in found:
        everywhere = all(query.get(one.name) == [one.value] for query in asked)
        named = bool(one.name) and _is_named(split_key(one.name))
        if named and is_variable(names[one]) and everywhere:
            return one.name, names[one]
    return None


def _rewrite_target(
    target: str,
    found: Sequence[_Credential],
    names: dict[_Credential, str],
    key: tuple[str, str] | None,
) -> str:
    if not target:
        return ""
    path, mark, query = target.partition("?")
    by_name = {(one.name, one.value): names[one] for one in found}
    segments = [by_name.get(("", unquote(s)), s) for s in path.split("/")]
    parameters = []
    for part in filter(None, query.split("&")):
        name, _, value = part.partition("=")
        if key is None or unquote(name) != key[0]:
            made = by_name.get((unquote(name), unquote(value)))
            parameters.append(part if made is None else f"{name}={made}")
    return "/".join(segments) + (f"{mark}{'&'.join(parameters)}" if parameters else "")


def _replace_request(
    document: Document,
    target: str,
    body: Mapping[str, _Credential],
    names: Mapping[_Credential, str],
) -> Document:
    sent = document.sample.sent
    if body:
        sent = write_body(sent or b"", {pointer: names[one] for pointer, one in body.items()})
    return replace(
        document, sample=replace(document.sample, key=target or document.sample.key, sent=sent)
    )


# --- in texts -------------------------------------------------------------------------------------


def _find_in_text(text: str) -> Iterator[tuple[str, str]]:
    """Yield the credentials inside of a text that was sent, each with its name, or ""."""
    yield from _find_in_urls(text)
    for name, _, value in _LITERAL.findall(text):
        if is_credential(name, value):
            yield name, value
    for pointer, (value,) in list_sent(text.encode()).items():
        if _is_credential_at(pointer, value):
            yield name_parameter(pointer), value


def _find_in_urls(text: str) -> Iterator[tuple[str, str]]:
    """Yield the credentials of URLs in a text, each with its parameter's name, or ""."""
    for url in _URL.findall(text):
        yield from (("", part) for part in _find_login(url))
        # By its signs: a text that is no URL for urlsplit may hold a credential too.
        place, _, query = url.partition("#")[0].partition("?")
        steps = (place.partition("://")[2] or place).split("/")[1:]
        for name, value in parse_qsl(query):
            if is_credential(name, value):
                yield from ((name, written) for written in {value, quote(value, safe="")})
        yield from (("", s) for s in map(unquote, steps) if looks_secret(s))


def _find_login(url: str) -> Iterator[str]:
    """Yield the password before the host of a URL and, where there is none or it looks like one, the name."""
    for userinfo in _USERINFO.findall(url):
        name, _, password = userinfo.partition(":")
        parts = [password, name if not password or looks_secret(name) else ""]
        yield from {written for part in filter(None, parts) for written in (part, unquote(part))}


def _find_ids(documents: Sequence[Document]) -> set[str]:
    """Return the texts that stand alone in a document: an id that a URL repeats is no credential."""
    return {
        text for document in documents for text in list_texts(document.value) if "/" not in text
    }
