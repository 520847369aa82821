"""Check whether a URL from the platform may be followed: credentials must never leave the platform."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from string import whitespace
from urllib.parse import SplitResult, quote, unquote, urljoin, urlsplit

from ticketbridge.engine.upstream.evaluate import says_nothing
from ticketbridge.engine.upstream.requests import FirstRequest
from ticketbridge.jmes import LONGEST

_OUTSIDE_ASCII = re.compile(r"[^\x00-\x7f]+")
_BRACKET = re.compile(r"[\[\]]")
_SIGNS_IN_NAMES = re.compile(r"[\s.\[\]]+")
_SIGNS_AROUND = f"{whitespace}.[]"
_A_NUMBER = re.compile(r"[^=]*=[0-9]{0,12}")
_DECODINGS = 4
_DEFAULT_PORTS = {"http": 80, "https": 443}


class NextUrlError(Exception):
    """The reason why a next URL is not followed. The text repeats nothing from the URL."""


def next_url(
    text: object,
    *,
    current: str,
    base_url: str,
    first: FirstRequest,
    any_path: bool,
    alone: bool = False,
) -> str:
    """Return *text* resolved against its page's URL (RFC 3986). Raises NextUrlError.

    It must have the scheme, host and port of *base_url*, the path of the call (unless *any_path*), no
    userinfo, no control characters, and the same value for each parameter of the call that it repeats.
    *alone*: only the request selects the user's tickets, so the URL must keep the user.
    """
    text = _require_text(text)
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
    if (first.user_parameters or first.bound_parameters) and not any_path and not url.query:
        raise NextUrlError("the next URL asks for everyone: it has no query, where the call has")
    _require_user_kept(url.query, urlsplit(current).query, first.user_parameters if alone else {})
    _require_same_user_in_path(url.path.removeprefix(base.path), first)
    # On another path, a parameter of the same name may mean another thing: `id`, for example.
    _require_same_values(url, first.user_parameters, {} if any_path else first.bound_parameters)
    # The server as `base_url` writes it: letter case, a port's zeros or what folds to a letter of the
    # host would each lead to a connection, or to a host, of its own.
    found = url._replace(netloc=base.netloc, fragment="").geturl()
    return _require_length(_OUTSIDE_ASCII.sub(_escaped, found))


def _require_text(text: object) -> str:
    """Return *text* if its length and characters may be those of a URL. Raises NextUrlError otherwise."""
    if not isinstance(text, str):
        raise NextUrlError("the next URL is no text")
    _require_length(text)
    if text and says_nothing(text):
        reason = (
            'the next URL is a text that says there is none: null, or "", is the end of the pages'
        )
        raise NextUrlError(reason)
    if not text.isprintable() or " " in text or "\\" in text:
        raise NextUrlError("the next URL has a blank, a backslash or a control character")
    return text


def _require_length(text: str) -> str:
    if len(text) > LONGEST:
        raise NextUrlError(f"the next URL has more than {LONGEST} characters")
    return text


def _escaped(text: re.Match[str]) -> str:
    """Return other characters escaped, as they are sent (RFC 3987, section 3.1)."""
    return quote(text[0])


def _origin(url: SplitResult) -> tuple[str, str | None, int | None]:
    return url.scheme, url.hostname, url.port or _DEFAULT_PORTS.get(url.scheme)


def _segments(path: str) -> list[str]:
    """Return the path's segments, each decoded: an escaped slash separates nothing."""
    return [unquote(segment) for segment in path.split("/")]


def _require_same_user_in_path(path: str, first: FirstRequest) -> None:
    """Raise if the path is the call's own, but with another user; `any_path` does not allow that."""
    ours, theirs = _segments(first.path), _segments(path)
    differ = {position for position, (a, b) in enumerate(zip(ours, theirs, strict=False)) if a != b}
    if differ and differ <= first.user_segments:
        raise NextUrlError("the next URL has another user in its path")


def _require_same_values(url: SplitResult, *held: Mapping[str, frozenset[str]]) -> None:
    """Raise if a parameter in *held* has another value, even if the right value is there too.

    Servers differ in what separates parameters, in letter case of names, in how they read blanks, dots and
    brackets in names, and in how often they decode. So every text counts that one of them may read as the
    parameter.
    """
    wanted: dict[str, set[str]] = {}
    for name, values in (item for parameters in held for item in parameters.items()):
        wanted.setdefault(_plain(name), set()).update(map(unquote, values))
    in_path = (part for segment in url.path.split("/") for part in segment.split(";")[1:])
    for part in (*re.split("[&;]", url.query), *in_path):
        text, _, value = part.partition("=")
        readings = {unquote(value), unquote(value.replace("+", " "))}
        if any(readings.isdisjoint(wanted[name]) for name in _named(text, wanted)):
            raise NextUrlError("the next URL asks for another user")


def _require_user_kept(query: str, before: str, held: Mapping[str, frozenset[str]]) -> None:
    """Raise if *query* has no parameter of *held*, and nothing that could stand for them.

    A cursor could, because only the platform knows its content. A number does not, for example a page's; nor
    does a value that the page *before* was asked for.
    """
    parts = [part for part in re.split("[&;]", query) if part]
    wanted = set(map(_plain, held))
    kept = any(_named(part.partition("=")[0], wanted) for part in parts)
    others = set(parts) - set(re.split("[&;]", before))
    if held and not kept and all(map(_A_NUMBER.fullmatch, others)):
        raise NextUrlError("the next URL asks for everyone: it has lost what names the user")


def _named(text: str, wanted: Collection[str]) -> set[str]:
    """Return the names of *wanted* for which servers may take the escaped *text*.

    `email[eq]` is `email` to one server, and another name to another.
    """
    found: set[str] = set()
    name = text.replace("+", " ")
    for _ in range(_DECODINGS):
        name = unquote(name)
        plain, ends = _plain(name), _ends(name)
        found.update(one for one in wanted if plain.startswith(one) and len(one) in ends)
    return found


def _ends(name: str) -> set[int]:
    """Return where the plain form of *name* may end: at its length, or before a bracket."""
    seen = name.lower().partition("\0")[0]
    inner = seen.lstrip(_SIGNS_AROUND)
    ends = {len(_plain(name))}
    if _BRACKET.search(seen[: len(seen) - len(inner)]):
        ends.add(0)
    shorter = 0  # by so much the plain form is, up to the signs that are looked at
    for signs in _SIGNS_IN_NAMES.finditer(inner.rstrip(_SIGNS_AROUND)):
        start = signs.start() - shorter
        brackets = [bracket.start() for bracket in _BRACKET.finditer(signs[0])]
        for at in brackets[:1] + brackets[-1:]:
            # Signs at the end are no part of a name, but for blanks outside of ASCII.
            ends.add(start + bool(signs[0][:at].strip(_SIGNS_AROUND)))
        shorter += len(signs[0]) - 1
    return ends


def _plain(name: str) -> str:
    """Return *name* up to a NUL, in lower case, without the characters that PHP replaces."""
    return _SIGNS_IN_NAMES.sub("_", name.lower().partition("\0")[0].strip(_SIGNS_AROUND))
