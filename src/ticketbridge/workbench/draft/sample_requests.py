"""Requests that samples answered, with their headers: from a curl command, or from a browser's HAR file.

Credentials in them become variables of the mapping. Their values are kept only to be looked for: they stand
in nothing that is written.
"""

from __future__ import annotations

import base64
import binascii
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from urllib.parse import unquote

from ticketbridge.workbench.cases.value_text import write_flow
from ticketbridge.workbench.draft.credentials import (
    find_variables,
    is_credential,
    make_free_variable,
)
from ticketbridge.workbench.draft.platform_words import split_key
from ticketbridge.workbench.personal.chance import looks_secret
from ticketbridge.workbench.samples import Sample, SampleError

CURL = "curl "
_DATA = {
    "-d",
    "--data",
    "--data-raw",
    "--data-binary",
    "--data-ascii",
    "--data-urlencode",
    "--json",
}
_VALUED = {
    *(
        "-A",
        "--user-agent",
        "-e",
        "--referer",
        "-o",
        "--output",
        "-m",
        "--max-time",
        "-x",
        "--proxy",
    ),
    *("--connect-timeout", "--cacert", "--cert", "--key", "-E", "--retry", "-w", "--write-out"),
}
_SHORT = 4
_LONG = 8
_NEVER = {"cookie", "authorization", "proxy-authorization"}


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

    lines: Sequence[str] = ()
    secrets: frozenset[str] = field(default=frozenset(), repr=False)


# --- curl -----------------------------------------------------------------------------------------


def read_curl(command: str) -> SampleRequest:
    """Return the request of a curl command, which is not run. Raises SampleError, without the command."""
    try:
        # A browser's copy may have $'...': the quotes mean the same here.
        words = shlex.split(command.replace("$'", "'").replace("\\\n", " "))[1:]
    except ValueError as error:
        raise SampleError(f"the curl command cannot be read: {error}") from None
    return _CurlWords(words).read()


class _CurlWords:
    """Reads the arguments of a curl command."""

    def __init__(self, words: Sequence[str]) -> None:
        self._words = iter(words)
        self._method = ""
        self._url = ""
        self._headers: dict[str, str] = {}
        self._data: list[str] = []
        self._in_query = False

    def read(self) -> SampleRequest:
        for word in self._words:
            self._take(word)
        if not self._url:
            raise SampleError("the curl command has no URL")
        url = self._url if "://" in self._url else f"https://{self._url}"
        data = "&".join(self._data)
        if self._in_query and data:
            url, data = f"{url}{'&' if '?' in url else '?'}{data}", ""
        method = self._method or ("POST" if data else "GET")
        if method not in {"GET", "POST"}:
            raise SampleError(f"the curl command makes a {method}: a mapping calls by GET or POST")
        sent = data.encode() if method == "POST" else None
        return SampleRequest(method, url, self._headers, sent)

    def _take(self, word: str) -> None:
        """Take in one argument, and its value: `-H 'A: b'`, `-H'A: b'` or `--header='A: b'`."""
        if not word.startswith("-"):
            self._url = word
            return
        name, mark, value = word.partition("=") if word.startswith("--") else (word, "", "")
        if name not in self.OPTIONS and name[:2] in self.OPTIONS:
            name, mark, value = word[:2], "=", word[2:]
        take = self.OPTIONS.get(name)
        if take is not None:
            take(self, value if mark else next(self._words, ""))
        elif name in {"-G", "--get"}:
            self._in_query = True

    def _take_data(self, value: str) -> None:
        self._data.append(value)

    def _take_header(self, value: str) -> None:
        key, _, text = value.partition(":")
        self._headers[key.strip().lower()] = text.strip()

    def _take_method(self, value: str) -> None:
        self._method = value.upper()

    def _take_login(self, value: str) -> None:
        self._headers["authorization"] = f"Basic {value}"

    def _take_cookie(self, value: str) -> None:
        self._headers["cookie"] = value

    def _take_url(self, value: str) -> None:
        self._url = value

    def _skip(self, value: str) -> None:
        """Pass over the value of an option that does not change the request."""

    OPTIONS = MappingProxyType(
        {
            **dict.fromkeys(_DATA, _take_data),
            **dict.fromkeys(("-H", "--header"), _take_header),
            **dict.fromkeys(("-X", "--request"), _take_method),
            **dict.fromkeys(("-u", "--user"), _take_login),
            **dict.fromkeys(("-b", "--cookie"), _take_cookie),
            "--url": _take_url,
            **dict.fromkeys(_VALUED, _skip),
        }
    )


# --- credentials ----------------------------------------------------------------------------------


def find_request_auth(requests: Sequence[SampleRequest], prefix: str) -> RequestAuth:
    """Return what the headers of *requests* say of credentials; *prefix* begins the variables."""
    every = (item for request in requests for item in request.headers.items())
    found = {name: value for name, value in every if _is_secret(name, value)}
    secrets = {part for name, value in found.items() for part in _list_secrets(name, value)}
    lines = _write_auth(found, prefix)
    return RequestAuth(lines, frozenset(s for s in secrets if len(s) >= _SHORT))


def _is_secret(name: str, value: str) -> bool:
    return name in _NEVER or is_credential(name, value)


def _list_secrets(name: str, value: str) -> Iterator[str]:
    if name == "cookie":
        values = [part.partition("=")[2].strip() for part in value.split(";")]
        # `theme=dark` is no secret, and may stand in the answers.
        told = [v for v in values if looks_secret(v) or (len(v) >= _LONG and _has_digit(v))]
        yield from (text for one in told for text in {one, unquote(one)})
        return
    scheme, _, rest = value.partition(" ")
    yield value
    if name.endswith("authorization"):
        yield rest or scheme
        yield _read_password(rest)


def _has_digit(text: str) -> bool:
    return any(map(str.isdigit, text))


def _read_password(login: str) -> str:
    """Return the password of `name:password`, in base64 or not; "" if there is none."""
    try:
        plain = base64.b64decode(login, validate=True).decode()
    except (binascii.Error, UnicodeError):
        plain = login
    return plain.partition(":")[2]


def _write_auth(found: Mapping[str, str], prefix: str) -> Sequence[str]:
    """Return `auth` by the first credential, and `headers` for the others."""
    others = {name: value for name, value in found.items() if name != "cookie"}
    scheme = others.pop("authorization", "").partition(" ")[0].lower()
    seen = "# likely: by the headers of the request"
    lines = []
    if scheme == "basic":
        login = f'username: "${{{prefix}_USER}}", password: "${{{prefix}_PASSWORD}}"'
        lines.append(f"auth: {{type: basic, {login}}}  {seen}")
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
