"""The login of `auth: {type: session}`, and the choice of the login for an `auth`."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any, Protocol

from ticketbridge.engine.problems import MappingMismatch
from ticketbridge.engine.upstream.answer import Rules, compile_rules
from ticketbridge.engine.upstream.answer_formats import accept_of
from ticketbridge.engine.upstream.auth import Credentials
from ticketbridge.engine.upstream.evaluate import evaluate, mismatch
from ticketbridge.engine.upstream.messages import PlatformRequest
from ticketbridge.engine.upstream.oauth2 import OAuth2Login
from ticketbridge.engine.upstream.requests import RequestPlan
from ticketbridge.engine.upstream.tokens import Token, read_lifetime
from ticketbridge.jmes import LONGEST, EvaluationError, kinds
from ticketbridge.mapping.spec import (
    TOKEN_ROOT,
    ExpressionSpec,
    LoginSpec,
    OAuth2AuthSpec,
    SessionAuthSpec,
    UpstreamSpec,
)
from ticketbridge.mapping.spec_compiler import Scope, SpecCompiler

_SHOWN = ("body", "status", "headers")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_LONGEST_INTEGER = 256  # bits
_KIND = kinds.STRING_INTEGER_OR_OBJECT


class Login(Protocol):
    """A login: it gives the token that signs requests.

    *repeatable*: its request may be sent again if no complete answer came. *uses_user*: it names the asked
    user, so its token is only for one answer. *signs*: its request is valid for one try.
    *outlives_its_askers*: its answer is needed even if no caller waits any more.
    """

    repeatable: bool
    uses_user: bool
    signs: bool
    outlives_its_askers: bool
    rules: Rules

    def request(self, scope: Scope) -> PlatformRequest:
        """Return the request of a login."""
        ...

    def token(self, scope: Scope) -> Token:
        """Return the token of an answer whose *scope* was read. Raises ProblemError."""
        ...


class SessionLogin:
    """A platform's own login, as the mapping declares it; see Login."""

    signs = False
    outlives_its_askers = False

    def __init__(
        self, spec: SessionAuthSpec, upstream: UpstreamSpec, compiler: SpecCompiler
    ) -> None:
        login = spec.login
        accept = accept_of(login.format)
        # A `url` may be another host's: what goes to the platform is not for it.
        asked = replace(upstream, base_url=login.url, headers={}) if login.url else upstream
        self._plan = RequestPlan(
            login.request, login.call, asked, ("user",), compiler, accept=accept
        )
        self.uses_user = self._plan.uses_user
        self.repeatable = login.request.idempotent
        seen = ("user", *_SHOWN) if self.uses_user else _SHOWN
        self._token = compiler.expression(spec.token, seen, _KIND)
        expires = spec.expires_in if isinstance(spec.expires_in, ExpressionSpec) else None
        self._expires = compiler.optional(expires, seen)
        self._fixed = spec.expires_in if isinstance(spec.expires_in, float) else None
        self._headers = [
            (name, compiler.template(value, (TOKEN_ROOT,), "header"))
            for name, value in spec.carried.items()
        ]
        self._is_placed = spec.is_placed
        used = self._token.names | (self._expires.names if self._expires else frozenset())
        self.rules = compile_rules(login, upstream, seen, compiler, needs_body="body" in used)
        _check_user(login, compiler, uses_user=self.uses_user)

    def request(self, scope: Scope) -> PlatformRequest:
        """Return the request of the login; see Login."""
        return self._plan.build(scope)

    def token(self, scope: Scope) -> Token:
        """Return the token of an answer; see Login."""
        token = evaluate(self._token, scope, "login: token")
        # Of an object without members None is looked at: it is no token either.
        for part in (token.values() or (None,)) if isinstance(token, dict) else (token,):
            self._require_part(part)
        return Token(self._credentials(token), self._lifetime(scope))

    def _require_part(self, part: Any) -> None:
        """Return if *part* of a token may be placed: it must be a text of legal characters, or an integer."""
        if isinstance(part, str) and 0 < len(part) <= LONGEST and not _CONTROL.search(part):
            return
        if type(part) is not int or part.bit_length() > _LONGEST_INTEGER:
            where = f"`{self._token.text}` at {self._token.place}"
            needed = (
                f"a text of 1 to {LONGEST} characters without control characters, or an integer"
            )
            raise mismatch(
                "login: token", f"{where} gives no token: {needed}, or an object of these"
            )

    def _credentials(self, token: Any) -> Credentials:
        if self._is_placed:
            return Credentials(token=token)
        scope = {TOKEN_ROOT: token}
        try:
            return Credentials({name: template(scope) for name, template in self._headers})
        except EvaluationError as error:
            raise MappingMismatch(log=f"login: {error}") from error

    def _lifetime(self, seen: Scope) -> float | None:
        if self._expires is None:
            return self._fixed
        slot = "login: expires_in"
        return read_lifetime(evaluate(self._expires, seen, slot), slot)


def compile_login(spec: UpstreamSpec, compiler: SpecCompiler) -> Login | None:
    """Return the login of *spec*, or None if its `auth` needs none."""
    match spec.auth:
        case OAuth2AuthSpec():
            return OAuth2Login(spec.auth, compiler)
        case SessionAuthSpec():
            return SessionLogin(spec.auth, spec, compiler)
        case _:
            return None


def _check_user(login: LoginSpec, compiler: SpecCompiler, *, uses_user: bool) -> None:
    """Report rules about the user: a login without the user cannot say what a user owns."""
    for rule in login.responses:
        if rule.then in {"empty", "unknown_user"} and not uses_user:
            compiler.report(
                rule.place,
                "TB063",
                f"`{rule.then}` speaks of a user, and this login names none",
                'place "{user}" in the login, or say `fail`',
            )
