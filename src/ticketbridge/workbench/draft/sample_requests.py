"""Requests that samples answered, with their headers: from a curl command, or from a browser's HAR file.

Credentials in them become variables of the mapping. Their values are kept only to be looked for: they stand
in nothing that is written.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from urllib.parse import unquote

from ticketbridge.workbench.cases.value_text import write_flow
from ticketbridge.workbench.draft.credentials import (
    find_variables,
    is_credential,
    make_free_variable,
)
from ticketbridge.workbench.draft.platform_words import split_key
from ticketbridge.workbench.personal.chance import looks_secret
from ticketbridge.workbench.samples import Sample

_SHORT = 4
_LONG = 8
_NEVER = {"cookie", "authorization", "proxy-authorization"}
_OF_ONE_REQUEST = re.compile(
    r"(.*-)?(request|correlation|trace|client-transaction)-?id|trace(parent|state)|sentry-trace|baggage|referer"
    r"|if-none-match|etag|user-agent"
)
"""Headers that are no credentials, however random their values look."""


@dataclass(frozen=True, slots=True)
class SampleRequest:
    """A request; *headers* have names in lower case. *sent* is the body of a POST, None of a GET."""

    method: str
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    sent: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class GivenAnswer:
    """A saved answer, and its request where more is known of that than its target."""

    sample: Sample
    request: SampleRequest | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class RequestAuth:
    """The lines of `upstream` for the credentials of requests, and the texts that must stand nowhere."""

    lines: Sequence[str]
    secrets: frozenset[str] = field(repr=False)


# --- credentials ----------------------------------------------------------------------------------


def find_request_auth(requests: Sequence[SampleRequest], prefix: str) -> RequestAuth:
    """Return what the headers of *requests* say of credentials; *prefix* begins the variables."""
    every = (item for request in requests for item in request.headers.items())
    found = {name: value for name, value in every if _is_secret(name, value)}
    secrets = {part for name, value in found.items() for part in _list_secrets(name, value)}
    lines = _write_auth(found, prefix)
    return RequestAuth(lines, frozenset(s for s in secrets if len(s) >= _SHORT))


def _is_secret(name: str, value: str) -> bool:
    return name in _NEVER or (not _OF_ONE_REQUEST.fullmatch(name) and is_credential(name, value))


def _list_secrets(name: str, value: str) -> Iterator[str]:
    if name == "cookie":
        values = [part.partition("=")[2].strip() for part in value.split(";")]
        # `theme=dark` is no secret, and may stand in the answers.
        told = [
            v for v in values if looks_secret(v) or (len(v) >= _LONG and any(map(str.isdigit, v)))
        ]
        yield from (text for one in told for text in {one, unquote(one)})
        return
    scheme, _, rest = value.partition(" ")
    yield value
    if name.endswith("authorization"):
        yield rest or scheme
        yield _read_password(rest)


def _read_password(login: str) -> str:
    """Return the password of `name:password`, in base64 or not; a key may be the name alone."""
    try:
        plain = base64.b64decode(login, validate=True).decode()
    except (binascii.Error, UnicodeError):
        plain = login
    name, _, password = plain.partition(":")
    return password or name


def _write_auth(found: Mapping[str, str], prefix: str) -> Sequence[str]:
    """Return `auth` by the first credential, and `headers` for the others."""
    others = {name: value for name, value in found.items() if name != "cookie"}
    scheme = others.pop("authorization", "").partition(" ")[0].lower()
    seen = "# likely: by the headers of the request"
    lines = []
    if scheme in {"basic", "digest"}:
        login = f'username: "${{{prefix}_USER}}", password: "${{{prefix}_PASSWORD}}"'
        lines.append(f"auth: {{type: {scheme}, {login}}}  {seen}")
    elif scheme == "bearer":
        lines.append(f'auth: {{type: bearer, token: "${{{prefix}_TOKEN}}"}}  {seen}')
    elif scheme:
        key = _write_key("Authorization", f"${{{prefix}_AUTHORIZATION}}")
        lines.append(f"auth: {key}  # unsure: the whole header; is it made anew for each request?")
    more: dict[str, str] = {}
    for name in others:
        taken = {*find_variables(lines), *more.values()}
        more[name] = make_free_variable(
            prefix, "_".join(filter(str.isascii, split_key(name))), taken
        )
    if more and not lines:
        name = next(iter(more))
        lines.append(f"auth: {_write_key(name, more.pop(name))}  {seen}")
    return [*lines, *([f"headers: {write_flow(more)}  {seen}"] if more else [])]


def _write_key(name: str, variable: str) -> str:
    return write_flow({"type": "api_key", "in": "header", "name": name, "value": variable})
