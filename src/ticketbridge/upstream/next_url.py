"""Whether a URL that the platform names may be followed: our credentials never leave the platform."""

from __future__ import annotations

import re
from urllib.parse import SplitResult, quote, unquote, urljoin, urlsplit

from ticketbridge.upstream.requests import FirstRequest

_OUTSIDE_ASCII = re.compile(r"[^\x00-\x7f]+")
_END_OF_NAME = re.compile(r"[\[\x00]")
_DEFAULT_PORTS = {"http": 80, "https": 443}


class NextUrlError(Exception):
    """Why a next URL is not followed; the text repeats nothing of it."""


def next_url(
    text: object, *, current: str, base_url: str, first: FirstRequest, any_path: bool
) -> str:
    """*text* resolved against its page's URL (RFC 3986), or NextUrlError.

    It must have the scheme, host and port of *base_url*, the path of the call (unless *any_path*), no
    userinfo, no control characters, and the same user wherever it repeats a parameter made from them.
    """
    if not isinstance(text, str):
        raise NextUrlError("the next URL is no text")
    if not text.isprintable() or " " in text or "\\" in text:
        raise NextUrlError("the next URL has a blank, a backslash or a control character")
    try:
        url = urlsplit(urljoin(current, text))
        base = urlsplit(base_url)
        same = _origin(url) == _origin(base)
    except ValueError:
        raise NextUrlError("the next URL is no URL") from None
    if not same:
        raise NextUrlError("the next URL is not on the platform's scheme, host and port")
    if "@" in url.netloc:
        raise NextUrlError("the next URL holds a user name")
    if not {".", ".."}.isdisjoint(_segments(url.path)):
        raise NextUrlError("the next URL has a dot segment")
    if not any_path and _segments(url.path) != _segments(base.path + first.path):
        raise NextUrlError(
            "the next URL has another path than the call (`any_path: true` allows it)"
        )
    if first.user_parameters and not any_path and not url.query:
        raise NextUrlError("the next URL asks for everyone: it has no query, where the call has")
    _hold_to_user(url.query, first)
    # The server as `base_url` writes it: letter case, a port's zeros or what folds to a letter of the
    # host would each lead to a connection, or to a host, of its own.
    found = url._replace(netloc=base.netloc, fragment="").geturl()
    return _OUTSIDE_ASCII.sub(_escaped, found)


def _escaped(text: re.Match[str]) -> str:
    """Other letters as they are sent (RFC 3987, section 3.1)."""
    return quote(text[0])


def _origin(url: SplitResult) -> tuple[str, str | None, int | None]:
    return url.scheme, url.hostname, url.port or _DEFAULT_PORTS.get(url.scheme)


def _segments(path: str) -> list[str]:
    """The path's segments, decoded one by one: an escaped slash separates nothing."""
    return [unquote(segment) for segment in path.split("/")]


def _hold_to_user(query: str, first: FirstRequest) -> None:
    wanted = {
        name.lower(): {unquote(value) for value in values}
        for name, values in first.user_parameters.items()
    }
    # Servers differ on what separates parameters, on the case of names, and on what blanks before one
    # and brackets behind it do; a user hidden in any of it must not pass.
    for part in query.replace(";", "&").split("&"):
        text, _, value = part.partition("=")
        name = unquote(text.replace("+", " ")).lower().strip()
        expected = wanted.get(name) or wanted.get(_END_OF_NAME.split(name)[0])
        if (
            expected is not None
            and not {unquote(value), unquote(value.replace("+", " "))} & expected
        ):
            raise NextUrlError("the next URL asks for another user")
