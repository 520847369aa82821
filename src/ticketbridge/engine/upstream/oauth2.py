"""The login of `auth: {type: oauth2}`: a token request with one of four grants, and its answer."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote, urlencode

from ticketbridge.engine.problems import MappingMismatch, UpstreamAuth
from ticketbridge.engine.upstream.answer import Rules, find_oauth_error
from ticketbridge.engine.upstream.answer_formats import compile_format
from ticketbridge.engine.upstream.auth import Credentials, basic, bearer
from ticketbridge.engine.upstream.evaluate import evaluate, mismatch
from ticketbridge.engine.upstream.messages import PlatformRequest
from ticketbridge.engine.upstream.tokens import Token, read_lifetime
from ticketbridge.jmes import LONGEST, kinds
from ticketbridge.mapping.spec import (
    JSON_FORMAT,
    ExpressionSpec,
    OAuth2AuthSpec,
    PrivateKeySpec,
    Secret,
    secrets_in,
)
from ticketbridge.mapping.spec_compiler import Scope, SpecCompiler

_SEEN = ("body", "status", "headers")
_TOKEN = re.compile(r"[\x21-\x7e]+")
_JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_FORM = ("Content-Type", "application/x-www-form-urlencoded")

_REPLACED: dict[tuple[str | None, ...], Secret] = {}
"""The refresh tokens that replaced those of the mappings.

They live as long as the process: a mapping that is loaded again must not begin with a token that the
platform now refuses.
"""


class OAuth2Login:
    """A token of an OAuth 2.0 server; see Login."""

    repeatable = True  # a token more or less changes nothing at the platform
    uses_user = False

    def __init__(self, spec: OAuth2AuthSpec, compiler: SpecCompiler) -> None:
        self._spec = spec
        self._assert = None
        if spec.private_key is not None:
            self._assert = _compile_assertion(spec, spec.private_key, compiler)
        self._token = compiler.expression(spec.token, _SEEN, kinds.STRING)
        expires = spec.expires_in if isinstance(spec.expires_in, ExpressionSpec) else None
        self._expires = compiler.optional(expires, _SEEN)
        self._fixed = spec.expires_in if isinstance(spec.expires_in, float) else None
        self.rules = Rules(
            "token_url",
            compile_format(JSON_FORMAT, any_content_type=False),
            frozenset(secrets_in(spec)),
            is_login=True,
        )
        self.signs = spec.grant == "jwt_bearer"
        self.outlives_its_askers = spec.grant == "refresh_token"

    def request(self, scope: Scope) -> PlatformRequest:
        """Return the login request; its assertion is new each time."""
        # The token may come from another host: the headers of `upstream` are not for it.
        form, headers = self._form(), dict([_FORM])
        spec = self._spec
        client, secret = _reveal(spec.client_id), _reveal(spec.client_secret)
        if spec.send == "basic" and client and secret:
            # RFC 6749, section 2.3.1: both are escaped as in a form before they are joined.
            headers |= basic(quote(client, safe=""), quote(secret, safe="")).headers
        else:
            form |= {"client_id": client, "client_secret": secret}
        given = {name: value for name, value in form.items() if value is not None}
        content = urlencode(given).encode()
        return PlatformRequest(
            spec.token_url, tuple(headers.items()), "POST", content, "auth.token_url", scope=scope
        )

    def token(self, scope: Scope) -> Token:
        """Return the token of an answer whose *scope* was read.

        Raises MappingMismatch, and UpstreamAuth if the answer refuses the login.
        """
        body = scope["body"]
        if not isinstance(body, dict):
            raise mismatch("token_url", "the answer is no object")
        self._keep_refresh(body)  # at first: the old one may be of no use, whatever else is wrong
        return Token(self._read_token(scope, body), self._read_lifetime(scope, body))

    def _form(self) -> dict[str, str | None]:
        """Return the parameters; those with the value None are left out."""
        spec = self._spec
        form = {name: _reveal(value) for name, value in spec.form.items()}
        form |= {"grant_type": spec.grant, "scope": spec.scope, "audience": spec.audience}
        match spec.grant:
            case "password":
                form |= {"username": _reveal(spec.username), "password": _reveal(spec.password)}
            case "refresh_token":
                form |= {
                    "refresh_token": _reveal(_REPLACED.get(_identity(spec), spec.refresh_token))
                }
            case "jwt_bearer" if self._assert is not None:
                form |= {"grant_type": _JWT_BEARER, "assertion": self._assert()}
        return form

    def _read_token(self, scope: Scope, body: Mapping[str, Any]) -> Credentials:
        slot = "token_url: token"
        try:
            token = evaluate(self._token, scope, slot)
        except MappingMismatch:
            _raise_refusal(body)
            raise
        if token is None or token == "":
            _raise_refusal(body)
        if not isinstance(token, str) or len(token) > LONGEST or not _TOKEN.fullmatch(token):
            reason = f"there is no token that a header can carry (at most {LONGEST} characters)"
            raise mismatch(slot, reason)
        kind = body.get("token_type", "bearer")
        if self._spec.scheme is not None:
            return bearer(token, self._spec.scheme)
        if not isinstance(kind, str) or kind.lower() != "bearer":
            raise mismatch("token_url", "the token's type is not bearer, and there is no `scheme`")
        return bearer(token)

    def _read_lifetime(self, scope: Scope, body: Mapping[str, Any]) -> float | None:
        slot = "token_url: expires_in"
        if self._fixed is not None:
            return self._fixed
        if self._expires is None:
            return read_lifetime(body.get("expires_in"), slot)
        return read_lifetime(evaluate(self._expires, scope, slot), slot)

    def _keep_refresh(self, body: Mapping[str, Any]) -> None:
        """Keep the refresh token that replaces the one that was sent, if the answer has one."""
        new = body.get("refresh_token")
        if self._spec.grant != "refresh_token" or new is None or new == "":
            return
        if not isinstance(new, str) or len(new) > LONGEST or not new.isprintable():
            raise mismatch("token_url: refresh_token", "there is no text that could be one")
        _REPLACED[_identity(self._spec)] = Secret(new)


def _identity(spec: OAuth2AuthSpec) -> tuple[str | None, ...]:
    """Return the key under which a mapping's refresh token is kept."""
    return spec.token_url, _reveal(spec.client_id), _reveal(spec.refresh_token)


def _raise_refusal(body: Mapping[str, Any]) -> None:
    """Raise UpstreamAuth if *body*, which has no token, names an error: some servers use status 200."""
    if body.get("error"):
        said = find_oauth_error(body) or "an error"
        raise UpstreamAuth(log=f"token_url: the answer has no token, and {said}") from None


def _reveal(text: str | Secret | None) -> str | None:
    return text.reveal() if isinstance(text, Secret) else text


def _compile_assertion(
    spec: OAuth2AuthSpec, key: PrivateKeySpec, compiler: SpecCompiler
) -> Callable[[], str] | None:
    """Return the signer of an assertion; None after a finding, or if there is no key yet."""
    try:
        # Few mappings sign one: the library is an extra, and is loaded only for them.
        from ticketbridge.engine.upstream.assertion import (  # noqa: PLC0415 - see above
            KeySlip,
            compile_assertion,
        )
    except ImportError:
        message = "`grant: jwt_bearer` needs a part of ticketbridge that is not installed"
        compiler.report(key.place, "TB092", message, "pip install 'ticketbridge[jwt]'")
        return None
    if not key.known:
        return None
    claims = {"aud": spec.token_url, **_reveal_all(spec.claims or {})}
    try:
        return compile_assertion(claims, key.pem.reveal())
    except KeySlip as slip:
        compiler.report(key.place, "TB092", f"{key.label} {slip}", slip.suggestion)
        return None


def _reveal_all(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _reveal_all(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_reveal_all(each) for each in value]
    return value.reveal() if isinstance(value, Secret) else value
