"""Read a curl command, as documentation shows it or a browser copies it. Nothing is run.

What decides the request is taken in: URL, method, headers, data, login. An option that changes nothing of it
is passed over. Any other is an error that names the option, and never shows a value.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from itertools import takewhile
from types import MappingProxyType
from urllib.parse import quote_plus, unquote, urlsplit

from ticketbridge.workbench.draft.sample_requests import SampleRequest
from ticketbridge.workbench.personal.personal_kinds import word_set
from ticketbridge.workbench.samples import SampleError

_CURL = re.compile(r"\s*(\$\s+)?curl(\.exe)?\s")
_SETTINGS = word_set("get head digest")
_TAKEN = word_set(
    "data data-ascii data-binary json data-raw data-urlencode url-query header request cookie user"
    " oauth2-bearer url"
)
_SHORT_FLAGS = frozenset("#012346afgijJklLnNOpqRsSvZ")
_FLAGS = word_set(
    "append basic compressed create-dirs disable fail fail-early fail-with-body globoff http1.0 http1.1 http2"
    " http2-prior-knowledge http3 include insecure ipv4 ipv6 junk-session-cookies keepalive location"
    " location-trusted netrc netrc-optional alpn buffer progress-meter path-as-is post301 post302 post303"
    " progress-bar proxy-anyauth proxy-basic proxy-digest proxy-insecure proxytunnel raw remote-header-name"
    " remote-name remote-time retry-all-errors retry-connrefused sessionid show-error show-headers silent ssl"
    " ssl-no-revoke ssl-reqd styled-output suppress-connect-headers tcp-fastopen tcp-nodelay tlsv1 tlsv1.0"
    " tlsv1.1 tlsv1.2 tlsv1.3 tr-encoding trace-ids trace-time verbose"
)
_VALUED = word_set(
    "cacert capath cert cert-type ciphers connect-timeout connect-to cookie-jar crlfile curves dns-servers"
    " doh-url dump-header expect100-timeout happy-eyeballs-timeout-ms interface keepalive-time key key-type"
    " limit-rate local-port max-filesize max-redirs max-time netrc-file noproxy output output-dir pass"
    " pinnedpubkey preproxy proto proto-redir proxy proxy-cacert proxy-cert proxy-header proxy-key"
    " proxy-pass proxy-user rate referer resolve retry retry-delay retry-max-time socks4 socks4a socks5"
    " socks5-hostname speed-limit speed-time stderr tls-max tls13-ciphers trace trace-ascii unix-socket"
    " user-agent write-out"
)
_LONG: Mapping[str, str] = MappingProxyType(
    {
        "A": "user-agent",
        "b": "cookie",
        "c": "cookie-jar",
        "d": "data",
        "D": "dump-header",
        "e": "referer",
        "E": "cert",
        "F": "form",
        "G": "get",
        "H": "header",
        "I": "head",
        "K": "config",
        "m": "max-time",
        "o": "output",
        "T": "upload-file",
        "u": "user",
        "U": "proxy-user",
        "w": "write-out",
        "x": "proxy",
        "X": "request",
        "y": "speed-time",
        "Y": "speed-limit",
    }
)
"""The long names of options of one letter."""

_ENDS = word_set("| > >> ; && &")
"""What begins another command, or says where the output goes."""
_REFUSED = word_set("form form-string upload-file config")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}
_QUOTED = re.compile(r"(?<![^\s=])\$'((?:[^'\\]|\\.)*)'", re.DOTALL)
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{1,4})|x([0-9a-fA-F]{1,2})|(.))", re.DOTALL)


def is_curl(text: str) -> bool:
    """Return whether a text is a curl command."""
    return _CURL.match(text) is not None


def read_curl(command: str) -> SampleRequest:
    """Return the request of a curl command. Raises SampleError, without what stands in the command."""
    try:
        words = shlex.split(_join_lines(command))
    except ValueError as error:
        raise SampleError(f"the curl command cannot be read: {error}") from None
    own = takewhile(lambda word: word not in _ENDS, words[2 if words[0] == "$" else 1 :])
    return _CurlWords(own).read()


def _join_lines(command: str) -> str:
    """Return a command of a Unix shell, of PowerShell or of cmd.exe on one line, for a Unix shell."""
    if re.search(r'\^(\r?\n|")', command):
        command = re.sub(r"\^\r?\n(?!\r?\n)", " ", command)
        command = re.sub(r"\^\r?\n\r?\n", "\n", command)
        return re.sub(r"\^(.)", r"\1", command, flags=re.DOTALL)
    command = re.sub(r"[\\`]\r?\n", " ", command)
    return _QUOTED.sub(lambda found: shlex.quote(_ESCAPE.sub(_unescape, found[1])), command)


def _unescape(found: re.Match[str]) -> str:
    code = found[1] or found[2]
    return chr(int(code, 16)) if code else _ESCAPES.get(found[3], found[3])


class _CurlWords:
    """Reads the arguments of a curl command."""

    def __init__(self, words: Iterator[str]) -> None:
        self._words = words
        self._method = ""
        self._url = ""
        self._scheme = "Basic"
        self._login = ""
        self._headers: dict[str, str] = {}
        self._data: list[str] = []
        self._query: list[str] = []
        self._in_query = False

    def read(self) -> SampleRequest:
        for word in self._words:
            if word.startswith("-"):
                self._take_options(word)
            else:
                self._take_url(word)
        if not self._url:
            raise SampleError("the curl command has no URL")
        data, query = "&".join(self._data), [*self._query]
        if self._in_query and data:
            query, data = [*query, data], ""
        method = self._method or ("POST" if data else "GET")
        if method not in {"GET", "POST"}:
            raise SampleError(f"the curl command makes a {method}: a mapping calls by GET or POST")
        url = self._read_url(query)
        if self._login:
            self._headers.setdefault("authorization", f"{self._scheme} {self._login}")
        return SampleRequest(
            method, url, self._headers, data.encode() if method == "POST" else None
        )

    def _read_url(self, query: Sequence[str]) -> str:
        """Return the URL with *query* added; who logs in there is as one that `--user` names."""
        url = self._url if "://" in self._url else f"https://{self._url}"
        try:
            parts = urlsplit(url)
        except ValueError:
            raise SampleError("the URL of the curl command is no legal URL") from None
        if "@" in parts.netloc and not self._login:
            self._login = unquote(parts.netloc.rpartition("@")[0])
        added = "&".join([*filter(None, [parts.query]), *query])
        return parts._replace(query=added).geturl()

    def _take_options(self, word: str) -> None:
        """Take in one argument, and its value: `-sH 'A: b'`, `-H'A: b'` or `--header='A: b'`."""
        if word.startswith("--"):
            name, mark, value = word[2:].partition("=")
            self._take_option(name, f"--{name}", value if mark else None)
            return
        letters = iter(word[1:])
        for letter in letters:
            if letter not in _SHORT_FLAGS:
                self._take_option(_LONG.get(letter, ""), f"-{letter}", letters)

    def _take_option(self, name: str, shown: str, value: Iterator[str] | str | None) -> None:
        if name in _REFUSED:
            raise SampleError(
                f"`{shown}` of the curl command sends a form in parts or a file, which no draft has: leave it"
                " out, and write it in the mapping by hand"
            )
        if name in _SETTINGS:
            self._set(name)
        elif name in _TAKEN or name in _VALUED:
            text = (
                value if isinstance(value, str) else "".join(value or ()) or next(self._words, None)
            )
            if text is None:
                raise SampleError(f"`{shown}` of the curl command has no value")
            self._take(name, text)
        elif name.removeprefix("no-") not in _FLAGS:
            told = shown if re.fullmatch(r"-[a-zA-Z]|--[a-z0-9.-]{,40}", shown) else "an option"
            raise SampleError(
                f"{told} of the curl command is not known here: leave it out if it does not matter"
            )

    def _set(self, name: str) -> None:
        match name:
            case "get":
                self._in_query = True
            case "head":
                self._method = "HEAD"
            case _:  # digest
                self._scheme = "Digest"

    def _take(self, name: str, value: str) -> None:
        match name:
            case "data" | "data-ascii" | "data-binary" | "data-raw" | "data-urlencode" | "json":
                self._data.append(_read_data(name, value))
            case "url-query":
                self._query.append(_encode(value))
            case "header":
                key, _, text = _require_no_file(value).partition(":")
                self._headers[key.strip().lower()] = text.strip()
            case "request":
                self._method = value.upper()
            case "cookie" if "=" in value:  # else it is a file
                self._headers["cookie"] = value
            case "user":
                self._login = value
            case "oauth2-bearer":
                self._scheme, self._login = "Bearer", value
            case "url":
                self._take_url(value)

    def _take_url(self, value: str) -> None:
        if self._url:
            raise SampleError(
                "the curl command has a second URL, and a sample answers one: does an option lack quotes"
                " around its value?"
            )
        self._url = value


def _read_data(name: str, value: str) -> str:
    if name == "data-raw":
        return value
    return _encode(value) if name == "data-urlencode" else _require_no_file(value)


def _require_no_file(value: str) -> str:
    if value.startswith("@"):
        raise SampleError("the curl command sends a file (`@`): write what is in it instead")
    return value


def _encode(value: str) -> str:
    """Return `name=value`, or a value alone, with the value encoded for a URL."""
    name, mark, text = value.partition("=")
    _require_no_file(f"@{name}" if "@" in name and not mark else name)
    return f"{name}{'=' if name else ''}{quote_plus(text)}" if mark else quote_plus(value)
