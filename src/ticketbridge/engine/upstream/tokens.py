"""The token of a login: fetched once for all callers that wait, and renewed before it expires."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from ticketbridge.engine.problems import UpstreamAuth, UpstreamTimeout
from ticketbridge.engine.upstream.auth import Credentials
from ticketbridge.engine.upstream.evaluate import mismatch
from ticketbridge.engine.upstream.failures import OwnsNothing

_SECONDS = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_LONGEST_NUMBER = 32  # characters: no token lives for longer

_MARGIN = 30.0
_SHARE_OF_LIFE = 0.1
REFUSED_SECONDS = 10.0  # in which a login that was refused is not tried again


@dataclass(frozen=True, slots=True)
class Token:
    """The result of a login; *lifetime* in seconds, or None if only a refusal ends it."""

    credentials: Credentials
    lifetime: float | None


@dataclass(slots=True)
class _Fetch:
    """A running login, and how many wait for it."""

    task: asyncio.Task[Credentials | Exception]
    waiting: int = 0


class TokenStore:
    """Keeps the token that signs requests. A login may take *timeout* seconds.

    *finishes*: a login goes on when no caller waits any more, because only its answer may tell how to
    log in again.
    """

    def __init__(self, timeout: float, *, finishes: bool = False) -> None:
        self._timeout = timeout
        self._finishes = finishes
        self._credentials: Credentials | None = None
        self._good_until: float | None = None
        self._has_logged_in = False
        self._refused_until = 0.0
        self._fetch: _Fetch | None = None

    def ready(self) -> Credentials | None:
        """Return the current token if it has not expired, or None."""
        if self._good_until is not None and _now() >= self._good_until:
            return None
        return self._credentials

    def forget(self, refused: Credentials | None) -> None:
        """Drop *refused*, which the platform no longer accepts: the next request needs another token."""
        if self._credentials is refused:
            self._credentials = None

    async def fetch(self, log_in: Callable[[], Coroutine[Any, Any, Token]]) -> Credentials:
        """Return a fresh token. Concurrent callers share one login; the last of them to leave cancels it.

        If the store *finishes*, the login goes on. Raises what *log_in* raises. After a refusal it
        raises UpstreamAuth for some seconds without a login: platforms lock an account that tries
        again and again.
        """
        if _now() < self._refused_until:
            raise UpstreamAuth(log="the login was refused a moment ago, and is not tried again yet")
        fetch = self._fetch
        if fetch is None or fetch.task.done():
            fetch = self._fetch = _Fetch(asyncio.create_task(self._try(log_in)))
        fetch.waiting += 1
        try:
            outcome = await asyncio.shield(fetch.task)
        finally:
            fetch.waiting -= 1
            if not fetch.waiting and not self._finishes:
                fetch.task.cancel()
                self._fetch = None if self._fetch is fetch else self._fetch

        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    async def _try(
        self, log_in: Callable[[], Coroutine[Any, Any, Token]]
    ) -> Credentials | Exception:
        """Return what `_renew` returns, or its error, because perhaps no caller waits for it any more."""
        try:
            return await self._renew(log_in)
        except Exception as error:  # noqa: BLE001 - raised by whoever waits
            return error

    async def _renew(self, log_in: Callable[[], Coroutine[Any, Any, Token]]) -> Credentials:
        asked_at = _now()
        # Whoever began it may leave before the others: the login has a time of its own.
        try:
            async with asyncio.timeout(self._timeout):
                token = await log_in()
        except UpstreamAuth:
            self._refused_until = _now() + REFUSED_SECONDS
            raise
        except OwnsNothing as nothing:
            if self._has_logged_in:
                raise nothing.too_late("login succeeded") from nothing
            raise
        except TimeoutError:
            raise UpstreamTimeout(log="no token came in time") from None
        self._has_logged_in = True
        self._credentials = token.credentials
        life = token.lifetime
        self._good_until = None if life is None else asked_at + life - _margin(life)
        return token.credentials


def read_lifetime(value: Any, slot: str) -> float | None:
    """Return seconds, from a number or its digits; None if the platform names no lifetime.

    Raises MappingMismatch.
    """
    if value is None:
        return None
    text = value if isinstance(value, str) else str(value)
    if isinstance(value, bool) or len(text) > _LONGEST_NUMBER or not _SECONDS.fullmatch(text):
        raise mismatch(slot, "there is no number of seconds")
    return float(text)


def _margin(lifetime: float) -> float:
    """Return how many seconds before its end a token counts as expired: it must outlive a call."""
    return min(_MARGIN, lifetime * _SHARE_OF_LIFE)


def _now() -> float:
    return asyncio.get_running_loop().time()
