"""Credentials in what a sample answered, and in URLs inside of samples: none goes into a draft.

A parameter is one by its name (`key`, `access_token`), or a value by its look: a JSON Web Token, a UUID, a
long text of digits and letters that is no word. In a drafted mapping a variable stands for it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from urllib.parse import parse_qsl, quote, unquote

from ticketbridge.mapping.environment import PLACEHOLDER
from ticketbridge.workbench.cases.case_spec import Target
from ticketbridge.workbench.draft.documents import Document, is_paging, list_texts
from ticketbridge.workbench.draft.platform_words import PEOPLE_LISTS, fold, make_singular, split_key
from ticketbridge.workbench.draft.sent_bodies import list_sent, name_parameter, write_body
from ticketbridge.workbench.personal.chance import looks_secret
from ticketbridge.workbench.personal.personal_kinds import CREDENTIAL_WORDS, word_set

_NAMES = CREDENTIAL_WORDS | word_set(
    "auth sid sessionid session key clave schluessel jeton authkey appkey passkey"
)
_PLAIN_KEYS = word_set("sort group order search user filter partition foreign lookup event by")
_LOGINS = word_set(
    "user username login account client clientid appid uid usuario benutzer utilisateur id"
)
_URL = re.compile(r"[a-z][a-z0-9+.-]*://[^\s<>\"']+|/[^\s<>\"']*\?[^\s<>\"']+", re.IGNORECASE)
_USERINFO = re.compile(r"(?<=://)[^/?#\s<>\"']+(?=@)")
_VARIABLE = re.compile(r"\$\{[A-Z][A-Z0-9_]*\}")
_SHORT = 8
_SPECIAL = re.compile(r"[^A-Za-z0-9]+")


@dataclass(frozen=True, slots=True)
class HiddenCredentials:
    """Documents whose targets have `${VARIABLE}` in place of each credential.

    *key* is the parameter that holds the credential of every call, with its variable, if there is one; the
    targets are without it. *secrets* are the texts that must stand nowhere. *short* are parameters whose
    values are too short to be looked for everywhere.
    """

    documents: Sequence[Document]
    secrets: frozenset[str] = field(repr=False)
    short: frozenset[tuple[str, str]] = field(default=frozenset(), repr=False)
    key: tuple[str, str] | None = None

    def without_short(self, text: str) -> str:
        """Return *text* without the short credentials of the URLs in it, and without who logs in there."""
        text = _USERINFO.sub(lambda found: "x" * len(found[0]), text)
        for name, value in self.short:
            place = rf"(?<=[?&;]{re.escape(name)}=){re.escape(value)}(?!\w)"
            text = re.sub(place, "x" * len(value), text)
        return text


def is_variable(text: str) -> bool:
    """Whether a part of a target is a variable."""
    return _VARIABLE.fullmatch(text) is not None


def replace_variables(target: str) -> str:
    """Return *target* with placeholders for variables, as a case has it."""
    return _VARIABLE.sub(PLACEHOLDER, target)


def hide_credentials(
    documents: Sequence[Document], user: str | None, prefix: str
) -> HiddenCredentials:
    """Return *documents* without the credentials in their targets; *prefix* begins the variables."""
    found = list(_find_in_targets(documents, user))
    names = _name_variables(found, prefix)
    key = _find_common_key(documents, found, names)
    hidden = [_replace_target(d, _rewrite_target(d.target, found, names, key)) for d in documents]
    bodies = [_hide_in_body(document, user, prefix) for document in hidden]
    hidden = [document for document, _ in bodies]
    inside = {pair for document in documents for pair in _find_in_samples(document)}
    alone = _find_ids(documents)
    sent = {pair for _, pairs in bodies for pair in pairs}
    pairs = {(one.name, one.value) for one in found} | {
        pair for pair in inside | sent if pair[1] not in alone
    }
    short = frozenset((name, value) for name, value in pairs if name and len(value) < _SHORT)
    return HiddenCredentials(hidden, frozenset(value for _, value in pairs), short, key)


# --- in targets -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Credential:
    """A credential in a target: a parameter's value, or, if *name* is "", the segment behind *after*."""

    name: str
    value: str = field(repr=False)
    after: str = ""


def _find_in_targets(documents: Sequence[Document], user: str | None) -> Iterator[_Credential]:
    known = {text for document in documents for text in list_texts(document.value)}
    asked = (user or "").casefold()
    for document in documents:
        target = Target.of(document.target)
        pairs = [(n, v) for n, values in target.query.items() for v in values]
        pairs = [(n, v) for n, v in pairs if v.casefold() != asked and v]
        secret = [(n, v) for n, v in pairs if is_credential(n, v) and v not in known]
        yield from (_Credential(name, value) for name, value in secret)
        if secret:
            rest = [pair for pair in pairs if pair not in secret and pair[1] not in known]
            yield from (_Credential(n, v) for n, v in rest if "".join(split_key(n)) in _LOGINS)
        for before, segment in zip(("", *target.path), target.path, strict=False):
            if looks_secret(segment) and segment not in known and segment.casefold() != asked:
                yield _Credential("", segment, before)


def is_credential(name: str, value: str) -> bool:
    """Whether a parameter is a credential, by its name or by the look of its value."""
    words = split_key(name)
    if not value or not words or is_paging(name) or {"page", "cursor", "next"} & set(words):
        return False
    return looks_secret(value) or ("@" not in value and _is_named(words))


def _is_named(words: Sequence[str]) -> bool:
    """Whether the words of a name are those of a credential: `api_key`, not `sort_key`."""
    named = words[-1] in _NAMES or "".join(words) in _NAMES
    return named and (len(words) == 1 or _PLAIN_KEYS.isdisjoint(words[:-1]))


def _name_variables(found: Sequence[_Credential], prefix: str) -> dict[_Credential, str]:
    """Return `${NAME}` for each; `{name}`, a TODO, if several values belong to one name."""
    values: dict[str, set[str]] = {}
    for one in found:
        values.setdefault(_make_name(one), set()).add(one.value)
    return {
        one: _make_marker(one, prefix, several=len(values[_make_name(one)]) > 1)
        for one in dict.fromkeys(found)
    }


def _make_marker(one: _Credential, prefix: str, *, several: bool) -> str:
    person = not one.name and not PEOPLE_LISTS.isdisjoint(split_key(one.after))
    if several or person:
        return f"{{{_make_name(one)}}}"
    return f"${{{prefix}_{_make_name(one).upper()}}}"


def _make_name(one: _Credential) -> str:
    if one.name:
        return _SPECIAL.sub("_", fold(one.name)).strip("_").lower() or "key"
    before = "" if looks_secret(one.after) or is_variable(one.after) else make_singular(one.after)
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


def _replace_target(document: Document, target: str) -> Document:
    if target == document.target:
        return document
    return replace(document, sample=replace(document.sample, key=target))


# --- in bodies ------------------------------------------------------------------------------------


def _hide_in_body(
    document: Document, user: str | None, prefix: str
) -> tuple[Document, list[tuple[str, str]]]:
    """Return *document* with variables in the body that was sent, and the credentials by their names."""
    known = set(list_texts(document.value))
    leaves = {
        name: value
        for name, (value,) in list_sent(document.sample.sent).items()
        if value not in known and value.casefold() != (user or "").casefold()
    }
    secret = {n for n, v in leaves.items() if is_credential(name_parameter(n), v)}
    logins = {n for n in leaves if "".join(split_key(name_parameter(n))) in _LOGINS}
    hidden = secret | logins if secret else set()
    if not hidden:
        return document, []
    names = {n: _make_name(_Credential(name_parameter(n), "")) for n in hidden}
    variables = {n: f"${{{prefix}_{name.upper()}}}" for n, name in names.items()}
    sent = write_body(document.sample.sent or b"", variables)
    found = [(name_parameter(n), leaves[n]) for n in hidden]
    return replace(document, sample=replace(document.sample, sent=sent)), found


# --- in samples -----------------------------------------------------------------------------------


def _find_in_samples(document: Document) -> Iterator[tuple[str, str]]:
    """Yield the credentials of URLs in a document, each with its parameter's name, or ""."""
    for text in list_texts(document.value):
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
