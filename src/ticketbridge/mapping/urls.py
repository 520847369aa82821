"""The platform's base URL, and the paths of URLs."""

from __future__ import annotations

import re
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

from ticketbridge.jmes import has_dot_segment
from ticketbridge.mapping.environment import PLACEHOLDER
from ticketbridge.mapping.read_context import Context
from ticketbridge.mapping.variables import ResolvedText

# Stands for a URL that a variable which is not set would give.
NOWHERE = "https://placeholder.invalid"
UNSAFE = re.compile(r"[\x00-\x20\x7f\\<>\"^`{|}]")


class UrlError(ValueError):
    """A URL that cannot be used. The message never shows it, because it may come from a variable."""

    def __init__(self, message: str, suggestion: str = "") -> None:
        self.suggestion = suggestion
        super().__init__(message)


def read_url(text: ResolvedText, context: Context) -> str:
    """Return the URL that *text* is. Report it if it is no legal URL.

    If the URL is not known or was reported, return one that leads nowhere. If only its variable is
    not set, the path after the variable is kept.
    """
    try:
        return require_url(text.value)
    except UrlError as error:
        if text.known:
            message = f"{text.label} {error}"
            context.report.error(text.place, "TB050", message, error.suggestion)
            return NOWHERE
    try:
        return require_url(NOWHERE + text.value.removeprefix(PLACEHOLDER))
    except UrlError:
        return NOWHERE


def read_base_url(text: ResolvedText, context: Context) -> str:
    """Return what `read_url` returns, without a trailing slash."""
    return read_url(text, context).rstrip("/")


def warn_if_plain_http(text: ResolvedText, url: str, context: Context) -> None:
    """Warn if credentials go to *url*, which *text* gave, over a network without encryption."""
    if text.known and is_plain_http(url):
        message = f"{text.label} sends credentials over plain http"
        context.report.warning(text.place, "TB054", message, "use https")


def read_login_url(text: ResolvedText, context: Context) -> str:
    """Return the URL that credentials are sent to. Warn if it is plain http."""
    url = read_url(text, context)
    warn_if_plain_http(text, url, context)
    return url


def require_url(text: str) -> str:
    """Return *text*. Raises UrlError if it is no absolute URL, or has more than a path."""
    if "{" in text or "}" in text:
        raise UrlError(
            "has a `{` or `}`", "holes are legal in the request strings of `source` only"
        )
    if UNSAFE.search(text):
        raise UrlError("has a character that no URL has", "a space, for example")
    parts, port = split_url(text)
    if port == 0 or parts.netloc.endswith(":"):
        raise UrlError("has no legal port", "a port is a number from 1 to 65535")
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise UrlError(
            "should be an absolute http or https URL", "for example https://api.acme.example/v2"
        )
    if "?" in text or "#" in text:
        raise UrlError("has a query or a fragment", "put parameters under `query` of a call")
    if "@" in parts.netloc:
        raise UrlError("has a user name in it", "credentials go under `auth`")
    if not parts.hostname.isascii():
        raise UrlError("has a host with other than ASCII characters", "write its `xn--` form")
    if has_dot_segment(parts.path):
        raise UrlError("has a `.` or `..` in its path")
    return text


def split_url(text: str) -> tuple[SplitResult, int | None]:
    """Return the parts of the URL *text*, and its port. Raises UrlError if host or port is not legal."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise UrlError("has no legal host or port", "a port is a number from 1 to 65535") from None
    return parts, port


def is_plain_http(url: str) -> bool:
    """Return whether *url* sends data over a network without encryption."""
    parts = urlsplit(url)
    return parts.scheme == "http" and not _is_loopback(parts.hostname or "")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
