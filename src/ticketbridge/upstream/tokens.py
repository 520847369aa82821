"""A token that a login gives: fetched once for all who wait, renewed before it expires."""

from __future__ import annotations

import asyncio
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from ticketbridge.journal import Journal
from ticketbridge.mapping.compiler import Scope
from ticketbridge.problems import UpstreamAuth, UpstreamTimeout
from ticketbridge.upstream.auth import Credentials
from ticketbridge.upstream.errors import CredentialsRefused, FailedTry
from ticketbridge.upstream.messages import PlatformAnswer, PlatformRequest
from ticketbridge.upstream.resilience import RetryBudget, Tries

_MARGIN = 30.0
_SHARE_OF_LIFE = 0.1
REFUSED_SECONDS = 10.0  # in which a login that was refused is not tried again


class Courier(Protocol):
    """Whoever needs a token, and carries the request for it. *scope* is what a login may see."""

    journal: Journal
    scope: Scope

    async def send(
        self, request: PlatformRequest, credentials: Credentials | None
    ) -> PlatformAnswer:
        """See Pull."""
        ...

    def judging(self, answer: PlatformAnswer) -> AbstractContextManager[None]:
        """See Pull."""
        ...


@dataclass(frozen=True, slots=True)
class Grant:
    """What a login gives: *lifetime* in seconds, or None where only a refusal ends it."""

    credentials: Credentials
    lifetime: float | None


class TokenSource(Protocol):
    """How a token is asked for, and found in the answer."""

    @property
    def repeatable(self) -> bool:
        """Whether the request may be sent again where no complete answer came."""
        ...

    @property
    def unsigned(self) -> Credentials | None:
        """What the request is sent with in place of credentials; see PlatformClient.send."""
        ...

    def request(self, scope: Scope) -> PlatformRequest:
        """The request of a login."""
        ...

    async def read(
        self, answer: PlatformAnswer, scope: Scope, journal: Journal, *, first: bool
    ) -> Grant:
        """The token in *answer*; raises what a call's answer raises. *first*: none came before."""
        ...


@dataclass(frozen=True, slots=True)
class LoginLimits:
    """What one login is held to: seconds, extra tries, and the platform's budget of these."""

    timeout: float
    retries: int
    budget: RetryBudget


@dataclass(slots=True)
class _Fetch:
    """A login under way, and how many wait for it."""

    task: asyncio.Task[Credentials]
    waiting: int = 0


class TokenSigner:
    """Signs with a token of *source*."""

    def __init__(self, source: TokenSource, limits: LoginLimits) -> None:
        self._source = source
        self._limits = limits
        self._credentials: Credentials | None = None
        self._good_until: float | None = None
        self._logged_in = False
        self._refused_until = 0.0
        self._fetch: _Fetch | None = None

    def ready(self) -> Credentials | None:
        """The token that is there and does not expire yet, or None."""
        if self._good_until is not None and _now() >= self._good_until:
            return None
        return self._credentials

    def refuse(self, refused: Credentials) -> bool:
        """The platform does not take *refused* any more: the next request needs another token."""
        if self._credentials is refused:
            self._credentials = None
        return True

    async def fetch(self, courier: Courier) -> Credentials:
        """Return a fresh token. Concurrent callers share one login; the last of them to leave cancels it.

        Raises what the login raises. After a refusal it raises UpstreamAuth for some seconds without a
        login: platforms lock an account that tries again and again.
        """
        if _now() < self._refused_until:
            raise UpstreamAuth(log="the login was refused a moment ago, and is not tried again yet")
        fetch = self._fetch
        if fetch is None or fetch.task.done():
            fetch = self._fetch = _Fetch(asyncio.create_task(self._log_in(courier)))
        fetch.waiting += 1
        try:
            return await asyncio.shield(fetch.task)
        finally:
            fetch.waiting -= 1
            if not fetch.waiting:
                fetch.task.cancel()
                self._fetch = None if self._fetch is fetch else self._fetch

    async def _log_in(self, courier: Courier) -> Credentials:
        # Whoever began it may leave before the others: the login has a time of its own.
        try:
            async with asyncio.timeout(self._limits.timeout):
                return await self._granted(courier)
        except UpstreamAuth:
            self._refused_until = _now() + REFUSED_SECONDS
            raise
        except TimeoutError:
            raise UpstreamTimeout(log="no token came in time") from None

    async def _granted(self, courier: Courier) -> Credentials:
        limits, source = self._limits, self._source
        request = source.request(courier.scope)
        tries = Tries(limits.retries, limits.budget, repeatable=source.repeatable)
        while True:
            asked_at = _now()
            try:
                answer = await courier.send(request, source.unsigned)
                first = not self._logged_in
                with courier.judging(answer):
                    grant = await source.read(answer, courier.scope, courier.journal, first=first)
            except CredentialsRefused as refusal:
                raise refusal.problem from refusal
            except FailedTry as failure:
                await tries.again(failure)
            else:
                return self._keep(grant, asked_at)

    def _keep(self, grant: Grant, asked_at: float) -> Credentials:
        self._logged_in = True
        self._credentials = grant.credentials
        life = grant.lifetime
        self._good_until = None if life is None else asked_at + life - _margin(life)
        return grant.credentials


def _margin(lifetime: float) -> float:
    """Seconds before its end at which a token counts as expired: a call must not outlive it."""
    return min(_MARGIN, lifetime * _SHARE_OF_LIFE)


def _now() -> float:
    return asyncio.get_running_loop().time()
