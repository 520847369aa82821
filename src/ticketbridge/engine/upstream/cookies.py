"""Cookies from the answers of one call: kept for one run, and sent with its next requests.

The rules are those of browsers (RFC 6265, section 5), for one server only: a call never leaves its own
server. A cookie that is not well formed, or is meant for another host, is dropped.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from ticketbridge.engine.upstream.context import AnswerContext, Bind, Send
from ticketbridge.engine.upstream.evaluate import mismatch
from ticketbridge.engine.upstream.messages import PlatformAnswer, PlatformRequest
from ticketbridge.jmes import LONGEST, NOW
from ticketbridge.mapping.spec_compiler import Scope

JAR = "cookies()"
"""The name of a run's cookies in a scope; no expression can use it."""

_MOST = 50
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_SECONDS = re.compile(r"-?[0-9]{1,10}")


@dataclass(frozen=True, slots=True)
class KeptCookie:
    """A cookie with its path, and the time when it ends; *ends* is a time of the loop, or None."""

    name: str
    value: str = field(repr=False)
    path: str
    is_secure: bool = False
    ends: float | None = None

    def is_for(self, scheme: str, path: str) -> bool:
        """Return whether it is sent with a request of that *scheme* and *path*."""
        below = path.startswith(self.path) and (
            self.path.endswith("/") or path[len(self.path) : len(self.path) + 1] in {"", "/"}
        )
        return below and (scheme == "https" or not self.is_secure)


class CookieJar:
    """The cookies of one run of a call; *name* is the call's."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._cookies: dict[tuple[str, str], KeptCookie] = {}

    def keep(self, set_cookies: Sequence[str], url: str, now: datetime) -> None:
        """Keep the cookies that the answer of *url* set. *now* is the time to compare `Expires` with.

        Raises MappingMismatch if they are too many.
        """
        for text in set_cookies:
            cookie = read_cookie(text, url, now)
            if cookie is not None:
                self._cookies[cookie.name, cookie.path] = cookie
        if len(self._cookies) > _MOST:
            raise mismatch(f"{self._name}: cookies", f"the platform set more than {_MOST}")

    def header(self, url: str, own: str = "") -> str:
        """Return the `Cookie` header for a request of *url*: *own* from the mapping, then the kept cookies.

        Cookies of the mapping are never replaced. Raises MappingMismatch if the header is too long.
        """
        parts, now = urlsplit(url), asyncio.get_running_loop().time()
        taken = {pair.partition("=")[0].strip() for pair in own.split(";")}
        found = [
            cookie
            for cookie in self._cookies.values()
            if cookie.is_for(parts.scheme, parts.path or "/")
            and cookie.name not in taken
            and (cookie.ends is None or now < cookie.ends)
        ]
        found.sort(key=lambda cookie: len(cookie.path), reverse=True)
        pairs = [own, *(f"{cookie.name}={cookie.value}" for cookie in found)]
        text = "; ".join(filter(None, pairs))
        if len(text) > LONGEST:
            reason = f"the platform set more than {LONGEST} characters"
            raise mismatch(f"{self._name}: cookies", reason)
        return text

    def secrets(self) -> Iterator[str]:
        """Yield the values that no log line may repeat."""
        return (cookie.value for cookie in self._cookies.values())


def read_cookie(text: str, url: str, now: datetime) -> KeptCookie | None:
    """Return the cookie of a `Set-Cookie` *text* from *url*, or None if it is not kept.

    An expired cookie is returned too, because it replaces the one before.
    """
    parts = urlsplit(url)
    pair, *attributes = text.split(";")
    name, mark, value = (part.strip() for part in pair.partition("="))
    if not mark or not _NAME.fullmatch(name) or not text.replace("\t", " ").isprintable():
        return None
    said = {
        key.strip().lower(): setting.strip()
        for key, _, setting in (each.partition("=") for each in attributes)
    }
    if not _is_of(parts.hostname or "", said.get("domain", "")):
        return None
    path = said.get("path", "")
    if not path.startswith("/"):
        path = parts.path.rpartition("/")[0] or "/"
    seconds = _seconds_left(said, now)
    ends = None if seconds is None else asyncio.get_running_loop().time() + seconds
    return KeptCookie(name, value, path, "secure" in said, ends)


def _is_of(host: str, domain: str) -> bool:
    """Return whether *host* may set a cookie for *domain*; "" means the host itself."""
    domain = domain.lower().removeprefix(".")
    if domain in {"", host}:
        return True
    return host.endswith(f".{domain}") and not _is_address(host)


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _seconds_left(said: dict[str, str], now: datetime) -> float | None:
    """Return the seconds until a cookie ends, 0 or less if it ended; `Max-Age` wins over `Expires`."""
    age = said.get("max-age", "")
    if _SECONDS.fullmatch(age):
        return float(age)
    try:
        moment = parsedate_to_datetime(said["expires"])
        return (moment.replace(tzinfo=moment.tzinfo or UTC) - now).total_seconds()
    except Exception:  # noqa: BLE001 - a date that is none raises one of several, by its slip and Python's age
        return None


# --- the stages -----------------------------------------------------------------------------------


def with_cookies(bind: Bind, name: str) -> Bind:
    """Give each run of the call *name* its own cookies."""

    async def bound(scope: Scope, context: AnswerContext) -> list[Any]:
        return await bind({**scope, JAR: CookieJar(name)}, context)

    return bound


def keep_cookies(send: Send) -> Send:
    """Send the cookies from earlier answers of the run, and keep the cookies of this answer."""

    async def keeping(request: PlatformRequest, context: AnswerContext) -> PlatformAnswer:
        jar: CookieJar = request.scope[JAR]
        cookies = jar.header(request.url, request.own_cookies)
        answer = await send(replace(request, cookies=cookies), context)
        jar.keep(answer.set_cookies, request.url, context.scope[NOW])
        return answer

    return keeping
