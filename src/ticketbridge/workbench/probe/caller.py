"""The calls of a probe: one after the other, as menta tech sends them, and in wrong ways on purpose."""

from __future__ import annotations

import re
import ssl
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Final, Self
from urllib.parse import quote, urlsplit

import httpx

from ticketbridge.mapping.environment import Environment, VariableError
from ticketbridge.terminal import UsageError

MAX_BYTES: Final = 30_000_000
_LONGEST_WAIT: Final = 10  # seconds
_SHORTEST: Final = 4  # characters
_MASK = "**********"
_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_HEADER_VALUE = re.compile(r"[\x20-\x7e\x80-\xff]*")


@dataclass(frozen=True, slots=True)
class GivenHeader:
    """A `--header`: its *name*, and its text in parts. Each second part is the value of a variable."""

    name: str
    parts: Sequence[str] = field(repr=False)

    @property
    def is_secret(self) -> bool:
        """Whether its value comes from a variable."""
        return len(self.parts) > 1

    @property
    def secrets(self) -> Sequence[str]:
        """The values of the variables."""
        return [value for value in self.parts[1::2] if value]

    def value(self, secret: str | None = None) -> str:
        """Its value, with *secret* instead of each variable if that is given."""
        parts = list(self.parts)
        if secret is not None:
            parts[1::2] = [secret] * len(parts[1::2])
        return "".join(parts)


def read_header(text: str, environment: Environment) -> GivenHeader:
    """Return the header of `NAME: value`, its `${VARIABLE}`s replaced; raises UsageError."""
    name, colon, value = (part.strip() for part in text.partition(":"))
    if not colon or not _HEADER_NAME.fullmatch(name):
        # The text is not repeated: it may be a secret.
        raise UsageError("--header is written 'NAME: ${VARIABLE}'")
    parts = _VARIABLE.split(value)
    try:
        parts[1::2] = [environment.look_up(variable, None).text for variable in parts[1::2]]
    except VariableError as error:
        raise UsageError(f"--header {name}: {error}") from None
    if not all(map(_HEADER_VALUE.fullmatch, parts)):
        raise UsageError(f"--header {name}: its value has a character that no header may have")
    if any(not part for part in parts[1::2]):
        raise UsageError(f"--header {name}: its variable is empty")
    return GivenHeader(name, parts)


@dataclass(frozen=True, slots=True)
class ProbeTarget:
    """The endpoint that is probed, and how to ask it. *timeout* is in seconds, for a whole answer."""

    url: str
    user_parameter: str = "user"
    headers: Sequence[GivenHeader] = ()
    timeout: float = 10.0

    @property
    def host(self) -> str:
        """The name of its host."""
        return urlsplit(self.url).hostname or ""

    @property
    def is_tls(self) -> bool:
        """Whether it is asked by https."""
        return urlsplit(self.url).scheme == "https"

    @property
    def secrets(self) -> list[str]:
        """All values of variables in its headers."""
        return [secret for header in self.headers for secret in header.secrets]


def read_url(text: str) -> str:
    """Return *text* if it is an http or https URL that can be probed; raises UsageError."""
    try:
        parts = urlsplit(text)
        port_is_legal = parts.port is None or parts.port > 0
    except ValueError:
        raise UsageError("URL: this is no URL") from None
    if parts.scheme not in {"http", "https"} or not parts.hostname or not port_is_legal:
        raise UsageError("URL is written https://HOST/PATH, as menta tech calls it")
    if parts.username is not None or parts.fragment:
        raise UsageError(
            "URL has neither a user before the host nor a `#`; give secrets by --header"
        )
    return text


@dataclass(frozen=True, slots=True)
class Heard:
    """The result of one call.

    *failure* says why there is no answer, or is "". *seconds* is its time.
    """

    status: int
    headers: httpx.Headers
    content: bytes = field(repr=False)
    seconds: float
    failure: str = ""

    @property
    def media_type(self) -> str:
        """The type of its content, without parameters, in lower case."""
        declared: str = self.headers.get("content-type", "")
        return declared.partition(";")[0].strip().lower()

    @property
    def shown(self) -> str:
        """Status and type for a finding, and nothing from the content."""
        return self.failure or f"{self.status} {self.media_type or 'without a content type'}"

    @property
    def is_success(self) -> bool:
        """Whether its status is 2xx."""
        return 200 <= self.status < 300


class Caller:
    """Calls one target. It keeps no cookies, follows no redirects, and ignores proxies of the environment."""

    def __init__(self, target: ProbeTarget, trust: ssl.SSLContext) -> None:
        self.target = target
        self.heard: list[tuple[str, Heard]] = []
        """Each answer so far, with what was tried."""
        nothing = CookieJar(DefaultCookiePolicy(allowed_domains=[]))
        self._client = httpx.Client(
            verify=trust,
            trust_env=False,
            follow_redirects=False,
            timeout=target.timeout,
            cookies=nothing,
            headers={"User-Agent": "ticketbridge-probe", "Accept": "application/json"},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._client.close()

    def ask(self, user: str, what: str = "a pull", *, method: str = "GET") -> Heard:
        """Ask for *user* as menta tech does; see `send`."""
        return self.send(what, self.query(quote(user, safe="")), method=method)

    def query(self, *values: str) -> str:
        """Return the query that has these values of the user parameter, which are encoded already."""
        name = quote(self.target.user_parameter, safe="")
        return "&".join(f"{name}={value}" for value in values)

    def send(  # noqa: PLR0913 - each is a way in which a call may be wrong
        self,
        what: str,
        query: str,
        *,
        method: str = "GET",
        secret: str | None = None,
        leave_secrets: bool = False,
        extra: Mapping[str, str] | None = None,
        path_end: str = "",
    ) -> Heard:
        """Send one request, and return the result; `heard` keeps it under the name *what*.

        A 429 is repeated once, after the time that it names. *secret* replaces each variable's value;
        *leave_secrets* leaves such headers out.
        """
        headers = [
            (header.name, header.value(secret))
            for header in self.target.headers
            if not (leave_secrets and header.is_secret)
        ]
        headers += (extra or {}).items()
        raw = [(name.encode(), value.encode("latin-1")) for name, value in headers]
        url = self._url(query, path_end)
        heard = self._heard(method, url, raw)
        wait = heard.headers.get("retry-after", "")
        if heard.status == 429 and wait.isdigit() and int(wait) <= _LONGEST_WAIT:
            time.sleep(int(wait))
            heard = self._heard(method, url, raw)
        self.heard.append((what, heard))
        return heard

    def _url(self, query: str, path_end: str) -> str:
        parts = urlsplit(self.target.url)
        whole = "&".join(part for part in (parts.query, query) if part)
        path = (parts.path or "/") + path_end
        return parts._replace(path=path, query=whole).geturl()

    def _heard(self, method: str, url: str, headers: list[tuple[bytes, bytes]]) -> Heard:
        started = time.perf_counter()
        content = bytearray()
        try:
            with self._client.stream(method, url, headers=headers) as response:
                for chunk in response.iter_bytes():
                    content += chunk
                    if len(content) > MAX_BYTES:
                        return self._failed(f"more than {MAX_BYTES:,} bytes", started)
                    # The client's own timeout begins anew with each byte.
                    if time.perf_counter() - started > self.target.timeout:
                        return self._failed(self._late, started)
        except httpx.TimeoutException:
            return self._failed(self._late, started)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return self._failed(f"no answer ({type(error).__name__})", started)
        seconds = time.perf_counter() - started
        return Heard(response.status_code, response.headers, bytes(content), seconds)

    @property
    def _late(self) -> str:
        return f"no whole answer within {self.target.timeout:g} s"

    @staticmethod
    def _failed(reason: str, started: float) -> Heard:
        return Heard(0, httpx.Headers(), b"", time.perf_counter() - started, reason)


def masked(text: str, hidden: Sequence[str]) -> str:
    """Return *text* without any of *hidden*; texts that are too short to identify anything stay."""
    for each in sorted(hidden, key=len, reverse=True):
        if len(each) >= _SHORTEST:
            text = text.replace(each, _MASK)
    return text
