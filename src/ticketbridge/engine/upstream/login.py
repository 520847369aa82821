"""The two logins: OAuth 2.0 client credentials, and whatever a platform's own session takes."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any
from urllib.parse import quote, urlencode

from ticketbridge.engine.problems import MappingMismatch
from ticketbridge.engine.upstream.answer import REFUSED_STATUSES, Rules, compile_rules
from ticketbridge.engine.upstream.answer_formats import accept_of, compile_format
from ticketbridge.engine.upstream.auth import Credentials, basic, bearer
from ticketbridge.engine.upstream.evaluate import evaluate, mismatch
from ticketbridge.engine.upstream.messages import PlatformRequest
from ticketbridge.engine.upstream.requests import RequestPlan
from ticketbridge.engine.upstream.tokens import Token
from ticketbridge.jmes import LONGEST, EvaluationError, kinds
from ticketbridge.mapping.spec import (
    JSON_FORMAT,
    ExpressionSpec,
    LoginSpec,
    OAuth2AuthSpec,
    SessionAuthSpec,
    UpstreamSpec,
    secrets_in,
)
from ticketbridge.mapping.spec_compiler import Scope, SpecCompiler

# A login answers 400 to credentials that it does not know (RFC 6749, section 5.2, and many sessions).
_REFUSED = REFUSED_STATUSES | {400}
_TOKEN = re.compile(r"[\x21-\x7e]+")
_SECONDS = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_LONGEST_NUMBER = 32  # characters: no token lives for longer
_SHOWN = ("body", "status", "headers")


class OAuth2Login:
    """A bearer token for the bridge's own client (RFC 6749, section 4.4)."""

    repeatable = True  # a token more or less changes nothing at the platform
    uses_user = False

    def __init__(self, spec: OAuth2AuthSpec) -> None:
        # The token may come from another host: the headers of `upstream` are not for it.
        self._request = _token_request(spec)
        form = compile_format(JSON_FORMAT, any_content_type=False)
        self.rules = Rules("token_url", form, frozenset(secrets_in(spec)), refused=_REFUSED)

    def request(self, scope: Scope) -> PlatformRequest:
        """Return the request of a login."""
        return replace(self._request, scope=scope)

    def token(self, scope: Scope) -> Token:
        """Return the token in an answer, of which *scope* was read. Raises MappingMismatch."""
        body = scope["body"]
        if not isinstance(body, dict):
            raise mismatch("token_url", "the answer is no object")
        token, kind = body.get("access_token"), body.get("token_type", "bearer")
        if not isinstance(kind, str) or kind.lower() != "bearer":
            raise mismatch("token_url", "the token's type is not bearer")
        if not isinstance(token, str) or len(token) > LONGEST or not _TOKEN.fullmatch(token):
            reason = (
                f"there is no `access_token` that a header can carry (at most {LONGEST} characters)"
            )
            raise mismatch("token_url", reason)
        return Token(bearer(token), _lifetime(body.get("expires_in"), "token_url: expires_in"))


def _token_request(spec: OAuth2AuthSpec) -> PlatformRequest:
    form = {"grant_type": "client_credentials", "scope": spec.scope, "audience": spec.audience}
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    client, secret = spec.client_id.reveal(), spec.client_secret.reveal()
    if spec.send == "body":
        form |= {"client_id": client, "client_secret": secret}
    else:
        # RFC 6749, section 2.3.1: both are escaped as in a form before they are joined.
        headers |= basic(quote(client, safe=""), quote(secret, safe="")).headers
    content = urlencode({name: value for name, value in form.items() if value}).encode()
    return PlatformRequest(spec.token_url, tuple(headers.items()), "POST", content, "token_url")


class SessionLogin:
    """A platform's own login, as the mapping declares it.

    *repeatable*: its request may be sent again where no complete answer came. *uses_user*: it names the
    asked user, so that its token is for one answer alone.
    """

    def __init__(
        self, spec: SessionAuthSpec, upstream: UpstreamSpec, compiler: SpecCompiler
    ) -> None:
        login = spec.login
        accept = accept_of(login.format)
        self._plan = RequestPlan(
            login.request, login.name, upstream, ("user",), compiler, accept=accept
        )
        self.uses_user = self._plan.uses_user
        self.repeatable = login.request.idempotent
        seen = ("user", *_SHOWN) if self.uses_user else _SHOWN
        self._token = compiler.expression(spec.token, seen, kinds.STRING_OR_INTEGER)
        expires = spec.expires_in if isinstance(spec.expires_in, ExpressionSpec) else None
        self._expires = compiler.optional(expires, seen)
        self._fixed = spec.expires_in if isinstance(spec.expires_in, float) else None
        self._header = spec.header
        self._value = compiler.template(spec.value, ("token",), "header")
        used = self._token.names | (self._expires.names if self._expires else frozenset())
        self.rules = compile_rules(
            login, upstream, seen, compiler, needs_body="body" in used, refused=_REFUSED
        )
        _check_user(login, compiler, uses_user=self.uses_user)

    def request(self, scope: Scope) -> PlatformRequest:
        """See OAuth2Login."""
        return self._plan.build(scope)

    def token(self, scope: Scope) -> Token:
        """See OAuth2Login."""
        return Token(Credentials({self._header: self._signed(scope)}), self._lifetime(scope))

    def _signed(self, seen: Scope) -> str:
        token = evaluate(self._token, seen, "login: token")
        if isinstance(token, bool) or not isinstance(token, str | int):
            place = self._token.place
            raise mismatch("login: token", f"`{self._token.text}` at {place} gives no text")
        try:
            return self._value({"token": token})
        except EvaluationError as error:
            raise MappingMismatch(log=f"login: value: {error}") from error

    def _lifetime(self, seen: Scope) -> float | None:
        if self._expires is None:
            return self._fixed
        slot = "login: expires_in"
        return _lifetime(evaluate(self._expires, seen, slot), slot)


Login = OAuth2Login | SessionLogin


def compile_login(spec: UpstreamSpec, compiler: SpecCompiler) -> Login | None:
    """Return the login of *spec*, or None where its `auth` needs none."""
    match spec.auth:
        case OAuth2AuthSpec():
            return OAuth2Login(spec.auth)
        case SessionAuthSpec():
            return SessionLogin(spec.auth, spec, compiler)
        case _:
            return None


def _lifetime(value: Any, slot: str) -> float | None:
    """Seconds, from a number or its digits; None where the platform does not say."""
    if value is None:
        return None
    text = value if isinstance(value, str) else str(value)
    if isinstance(value, bool) or len(text) > _LONGEST_NUMBER or not _SECONDS.fullmatch(text):
        raise mismatch(slot, "there is no number of seconds")
    return float(text)


def _check_user(login: LoginSpec, compiler: SpecCompiler, *, uses_user: bool) -> None:
    """Report rules about the user: a login that does not name the user says nothing of what they own."""
    for rule in login.responses:
        if rule.then in {"empty", "unknown_user"} and not uses_user:
            compiler.report(
                rule.place,
                "TB063",
                f"`{rule.then}` speaks of a user, and this login names none",
                'place "{user}" in the login, or say `fail`',
            )
