"""`upstream.proxy`: the HTTP proxy that calls go through."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from urllib.parse import SplitResult, unquote, urlsplit

from ticketbridge.mapping.read_context import Context
from ticketbridge.mapping.spec_texts import Secret
from ticketbridge.mapping.urls import UNSAFE, UrlError
from ticketbridge.mapping.value_kinds import POSSIBLY_EMPTY, text
from ticketbridge.mapping.variables import CONTROL, ResolvedText, warn_if_in_clear

_CODE = "TB071"
_FORM = "for example http://proxy.example:3128"


@dataclass(frozen=True, slots=True)
class ProxySpec:
    """An HTTP proxy. If it asks for a *password*, *token* is what basic authentication sends."""

    host: str
    port: int
    password: Secret | None = None
    token: Secret | None = None


def _read_proxy(given: ResolvedText, context: Context) -> ProxySpec | None:
    """Return the proxy at the URL *given*, or None if it is empty, not known, or was reported."""
    if not given.known or not given.value:
        return None
    try:
        proxy = require_proxy(given.value)
    except UrlError as error:
        message = f"{given.label} {error}"
        context.report.error(given.place, _CODE, message, error.suggestion)
        return None
    if proxy.token is not None:
        warn_if_in_clear(given, context)
    return proxy


PROXY = text(_read_proxy, POSSIBLY_EMPTY)


def require_proxy(url: str) -> ProxySpec:
    """Return the proxy at *url*. Raises UrlError if that is not the URL of an HTTP proxy.

    The message never shows the URL, because a password may be in it.
    """
    if UNSAFE.search(url):
        raise UrlError("has a character that no URL has", "write it as `%` and two hex digits")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise UrlError("has no legal host or port", "a port is a number from 1 to 65535") from None
    if parts.scheme == "https":
        raise UrlError(
            "is a proxy that is reached by https, and it has to be http",
            "what goes to a platform by https is encrypted inside of the proxy's tunnel",
        )
    if parts.scheme != "http" or not parts.hostname:
        raise UrlError("should be the URL of an HTTP proxy", _FORM)
    if not parts.hostname.isascii():
        raise UrlError("has a host with other than ASCII characters", "write its `xn--` form")
    if not port:
        raise UrlError("names no port, and proxies have no usual one", _FORM)
    if parts.path not in {"", "/"} or "?" in url or "#" in url:
        raise UrlError("has more than a host and a port", _FORM)
    if "@" not in parts.netloc:
        return ProxySpec(parts.hostname, port)
    username, password = _credentials(parts)
    token = base64.b64encode(f"{username}:{password}".encode()).decode()
    return ProxySpec(parts.hostname, port, Secret(password), Secret(token))


def _credentials(parts: SplitResult) -> tuple[str, str]:
    """Return user name and password, decoded. Raises UrlError if basic authentication cannot carry them."""
    try:
        username, password = (
            unquote(part or "", errors="strict") for part in (parts.username, parts.password)
        )
    except UnicodeDecodeError:
        raise UrlError("has a user name or password that is no UTF-8") from None
    if not username or not password:
        raise UrlError(
            "has a user name or a password alone", "write user:password@ before the host"
        )
    if ":" in username or CONTROL.search(username + password):
        raise UrlError(
            "has a colon in its user name or a control character, which basic authentication cannot carry"
        )
    return username, password
