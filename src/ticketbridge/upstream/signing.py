"""How requests are signed: the same way always, or with a token that a login gives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from ticketbridge.mapping.compiler import SpecCompiler
from ticketbridge.mapping.spec import OAuth2AuthSpec, SessionAuthSpec, UpstreamSpec
from ticketbridge.upstream.auth import Credentials, fixed_credentials
from ticketbridge.upstream.logins import OAuth2Login, SessionLogin
from ticketbridge.upstream.resilience import RetryBudget
from ticketbridge.upstream.tokens import Courier, LoginLimits, TokenSigner, TokenSource


class Signer(Protocol):
    """Has the credentials of one answer's requests, or gets them."""

    def ready(self) -> Credentials | None:
        """Credentials that need not be fetched, or None."""
        ...

    async def fetch(self, courier: Courier) -> Credentials:
        """Credentials from a login; raises the problem that it ends in."""
        ...

    def refuse(self, refused: Credentials) -> bool:
        """The platform does not take *refused*: whether there can be others."""
        ...


Signers = Callable[[], Signer]
"""Gives each answer its signer."""


@dataclass(frozen=True, slots=True)
class FixedSigner:
    """The same credentials on every request. *renews*: they stand in for those of a login."""

    credentials: Credentials
    renews: bool = False

    def ready(self) -> Credentials:
        """See Signer."""
        return self.credentials

    async def fetch(self, courier: Courier) -> Credentials:
        """See Signer."""
        del courier
        return self.credentials

    def refuse(self, refused: Credentials) -> bool:
        """See Signer."""
        del refused
        return self.renews


class SigningPlan:
    """The compiled `auth` of a mapping. *uses_user*: its login names the asked user."""

    def __init__(self, spec: UpstreamSpec, compiler: SpecCompiler) -> None:
        self._spec = spec
        self._fixed = Credentials()
        self._source: TokenSource | None = None
        self.uses_user = False
        match spec.auth:
            case OAuth2AuthSpec():
                self._source = OAuth2Login(spec.auth)
            case SessionAuthSpec():
                login = SessionLogin(spec.auth, spec, compiler)
                self._source, self.uses_user = login, login.uses_user
            case fixed:
                self._fixed = fixed_credentials(fixed)

    def signers(self, budget: RetryBudget, *, logs_in: bool = True) -> Signers:
        """The signers of one platform: they share a token, unless its login names the user.

        *logs_in* False signs with a stand-in where a login would be made.
        """
        source = self._source
        if source is None or not logs_in:
            fixed = FixedSigner(self._fixed, renews=source is not None)
            return lambda: fixed
        limits = LoginLimits(self._spec.timeout, self._spec.retries, budget)
        if self.uses_user:
            return lambda: TokenSigner(source, limits)
        shared = TokenSigner(source, limits)
        return lambda: shared
