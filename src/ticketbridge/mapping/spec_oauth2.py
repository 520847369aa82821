"""`auth: {type: oauth2}`: a token of an OAuth 2.0 server, by one of four grants."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal, get_args

from ticketbridge.mapping.findings import Place
from ticketbridge.mapping.headers import check_token
from ticketbridge.mapping.keys import Declared, declared, has_word, key, needed
from ticketbridge.mapping.read_context import Context, text_of
from ticketbridge.mapping.sensitive_names import is_sensitive_parameter
from ticketbridge.mapping.spec_texts import ExpressionSpec, Secret
from ticketbridge.mapping.urls import read_login_url
from ticketbridge.mapping.value_kinds import (
    ANYTHING,
    EXPRESSION,
    POSSIBLY_EMPTY,
    TEXT,
    named,
    read_duration_or_expression,
    read_expression,
    text,
    word,
)
from ticketbridge.mapping.variables import (
    ResolvedText,
    check_controls,
    credential,
    read_name,
    read_password,
    read_plain,
    resolve_text,
    warn_if_in_clear,
)
from ticketbridge.mapping.words import found, shown
from ticketbridge.mapping.yaml_nodes import Broken, ListNode, MapNode, Node, Scalar

Grant = Literal["client_credentials", "password", "refresh_token", "jwt_bearer"]
_GRANTS: tuple[Grant, ...] = get_args(Grant)
_USUAL: Grant = "client_credentials"

_NEEDS: Mapping[Grant, tuple[str, ...]] = MappingProxyType(
    {
        "client_credentials": ("client_id", "client_secret"),
        "password": ("username", "password"),
        "refresh_token": ("refresh_token",),
        "jwt_bearer": ("private_key", "claims"),
    }
)
"""The keys that a grant needs. `client_id` and `client_secret` are legal under each grant."""

_OF_GRANTS = ("username", "password", "refresh_token", "private_key", "claims")
_OF_ALL = ("client_id", "client_secret", "scope", "audience")
_MADE: Mapping[str, str] = MappingProxyType({"grant_type": "grant", "assertion": "claims"})
"""Parameters that are made of a key with another name."""

_SET_ANEW = frozenset({"iat", "exp", "nbf", "jti"})
_NAMES = frozenset({"iss", "sub"})
_KEY_OF_ANSWER = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")

# --- values ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PrivateKeySpec:
    """A private key as PEM text. *label* is its name in findings.

    If *known* is False, its variable is not set, and the text is no key.
    """

    pem: Secret
    label: str
    place: Place
    known: bool


def _read_private_key(text: ResolvedText, context: Context) -> PrivateKeySpec:
    """Return the key, with each `\\n` as a line break: some variables cannot hold line breaks."""
    warn_if_in_clear(text, context)
    pem = text.value if "\n" in text.value else text.value.replace("\\n", "\n")
    return PrivateKeySpec(Secret(pem), text.label, text.place, text.known)


def _read_key_of_answer(node: Node, context: Context, name: str) -> ExpressionSpec:
    """Return the expression at *node*. A single name means that key of the answer."""
    spec = read_expression(node, context, name)
    if _KEY_OF_ANSWER.fullmatch(spec.text):
        return ExpressionSpec(f'body."{spec.text}"', spec.place)
    return spec


def _read_lifetime(node: Node, context: Context, name: str) -> ExpressionSpec | float | None:
    """Return seconds, or an expression that gives seconds. A single name means that key of the answer.

    Return None if a finding was reported.
    """
    if _KEY_OF_ANSWER.fullmatch(text_of(node)):
        return _read_key_of_answer(node, context, name)
    return read_duration_or_expression(node, context, name)


def _read_scheme(text: ResolvedText, context: Context) -> str:
    if text.known:
        check_token(text.value, f"the scheme {text.called}", text.place, context)
    return text.value


def _read_parameter(node: Node, context: Context, name: str) -> str | Secret:
    parameter = resolve_text(node, context, name)
    if is_sensitive_parameter(name):
        warn_if_in_clear(parameter, context)
    return _plain_or_secret(parameter)


def _read_claim(node: Node, context: Context, name: str) -> Any:
    """Return *node* as a JSON value. The variables in its texts are resolved."""
    if isinstance(node, MapNode):
        return {str(k.value): _read_claim(v, context, str(k.value)) for k, v in node.pairs}
    if isinstance(node, ListNode):
        return [_read_claim(entry, context, name) for entry in node.items]
    if isinstance(node, Scalar) and isinstance(node.value, str):
        return _plain_or_secret(resolve_text(node, context, name))
    return node.plain()


def _plain_or_secret(text: ResolvedText) -> str | Secret:
    """Return a text that a variable gives as a Secret, and a text of the file as it is."""
    return text.secret if text.variables else text.value


_PARAMETERS = named(TEXT.reading(_read_parameter), "a mapping of parameter names to texts")
_CLAIMS = named(ANYTHING.reading(_read_claim), "a mapping of claims to values", minProperties=1)


# --- the spec -------------------------------------------------------------------------------------


@declared
class OAuth2AuthSpec(Declared):
    """OAuth 2.0: a token by one of four grants, fetched once for all who wait, renewed before it expires
    and once upon a 401.

    RFC 6749, sections 4.3, 4.4 and 6; RFC 7523, section 2.1. In *claims* and in *form*, a text that
    comes from a variable is a Secret.
    """

    token_url: str = needed(
        text(read_login_url),
        "Where the token comes from; it may be another host than the platform's. Any 2xx answer counts "
        "that has the token.",
        "https://login.acme.example/oauth/token",
    )
    grant: Grant = key(
        word(*_GRANTS),
        "What the token is given for: the client's own name and secret; a user's `username` and "
        "`password`; a `refresh_token`; or a JWT with `claims`, signed with `private_key`.",
        "password",
        absent=_USUAL,
    )
    client_id: Secret | None = key(
        text(read_name),
        "The bridge's name at the platform. `client_credentials` needs it.",
        "${ACME_CLIENT}",
    )
    client_secret: Secret | None = key(
        text(credential(check_controls)),
        "Its secret, from a variable. `client_credentials` needs it.",
        "${ACME_CLIENT_SECRET}",
    )
    username: Secret | None = key(
        text(read_name), "The user name of `grant: password`.", "${ACME_USER}"
    )
    password: Secret | None = key(
        text(read_password, POSSIBLY_EMPTY),
        "The password of `grant: password`, from a variable.",
        "${ACME_PASSWORD}",
    )
    refresh_token: Secret | None = key(
        text(credential(check_controls)),
        "The refresh token of `grant: refresh_token`, from a variable. Where the platform gives a new one "
        "with each answer, that is kept in memory only.",
        "${ACME_REFRESH_TOKEN}",
    )
    private_key: PrivateKeySpec | None = key(
        text(_read_private_key),
        "The key of `grant: jwt_bearer`, as PEM text from a variable, or from the file that its NAME_FILE "
        "names. RSA signs by RS256, P-256 by ES256, P-384 by ES384, Ed25519 by EdDSA. It needs "
        "`ticketbridge[jwt]`.",
        "${ACME_PRIVATE_KEY}",
    )
    claims: Mapping[str, Any] | None = key(
        _CLAIMS,
        "What the JWT of `grant: jwt_bearer` says; `iss` must be there, `aud` is `token_url` where it is "
        "not. `iat`, `exp` and `jti` are set anew for each login.",
        {"iss": "${ACME_ACCOUNT}", "scope": "tickets.read"},
    )
    scope: str | None = key(
        text(read_plain), "What the token is for, with spaces between several.", "tickets.read"
    )
    audience: str | None = key(
        text(read_plain),
        "Whom the token is for, where the platform asks for it.",
        "https://api.acme.example",
    )
    form: Mapping[str, str | Secret] = key(
        _PARAMETERS,
        "Further parameters of the token request.",
        {"channel_id": "${ACME_CHANNEL}"},
        absent={},
    )
    send: Literal["basic", "body"] = key(
        word("basic", "body"),
        "Where name and secret stand: in the Authorization header, escaped as RFC 6749 says, or in the "
        "form. A `client_id` without a `client_secret` stands in the form.",
        absent="basic",
    )
    token: ExpressionSpec = key(
        EXPRESSION.reading(_read_key_of_answer),
        "Where the token stands: a key of the answer, or an expression that sees `body`, `status` and "
        "`headers`.",
        "body.data.token",
        absent="access_token",
    )
    expires_in: ExpressionSpec | float | None = key(
        EXPRESSION.reading(_read_lifetime),
        "How long the token lives: a key of the answer or an expression that gives seconds, or a duration "
        "of at most 720h. Default: `expires_in`, where the answer has it; else only a 401 ends the token.",
        "2h",
        "expires_in_sec",
    )
    scheme: str | None = key(
        text(_read_scheme),
        "What stands before the token in `Authorization`. Default: `Bearer`; the answer's `token_type` is "
        "then `bearer` too, where it has one.",
        "Zoho-oauthtoken",
    )
    place: Place


# --- what belongs together ------------------------------------------------------------------------


OAUTH2_RULES: Mapping[str, Any] = MappingProxyType(
    {
        "if": {"required": ["grant"]},
        "then": {
            "allOf": [
                {"if": has_word("grant", grant), "then": {"required": list(needs)}}
                for grant, needs in _NEEDS.items()
            ]
        },
        "else": {"required": list(_NEEDS[_USUAL])},
    }
)
"""Rules of the spec's schema besides its keys: each grant needs its own keys."""


def check_oauth2(spec: OAuth2AuthSpec, node: Node, context: Context) -> None:
    """Report the keys that the grant does not take, and parameters and claims that it sets itself."""
    _check_grant(spec, node, context)
    if node.get("client_secret") is not None and node.get("client_id") is None:
        message = "`client_secret` is that of a client, and there is no `client_id`"
        context.report.error(node.key_place("client_secret"), "TB011", message, "name the client")
    elif node.get("send") is not None and node.get("client_secret") is None:
        message = "`send` says where name and secret stand, and there is no `client_secret`"
        context.report.error(node.key_place("send"), "TB059", message, "leave it out")
    _check_parameters(spec, node, context)
    _check_claims(node, context)


def _check_grant(spec: OAuth2AuthSpec, node: Node, context: Context) -> None:
    for name in _OF_GRANTS:
        takers = [grant for grant, needs in _NEEDS.items() if name in needs]
        if (
            node.has(name)
            and spec.grant not in takers
            and not isinstance(node.get("grant"), Broken)
        ):
            message = f"`{name}` belongs to `grant: {takers[0]}`; this is `{spec.grant}`"
            suggestion = f"leave it out, or write `grant: {takers[0]}`"
            context.report.error(node.key_place(name), "TB059", message, suggestion)


def _check_parameters(spec: OAuth2AuthSpec, node: Node, context: Context) -> None:
    own = {*_OF_ALL, *_NEEDS[spec.grant]}
    for key_node, _ in node.need("form").pairs:
        name = str(key_node.value)
        if name in own or name in _MADE:
            message = f"the parameter {shown(name)} is set by `auth` itself"
            suggestion = f"it is made of `{_MADE.get(name, name)}` of `auth`"
            context.report.error(key_node.place, "TB052", message, suggestion)


def _check_claims(node: Node, context: Context) -> None:
    claims = node.get("claims")
    if not isinstance(claims, MapNode):
        return
    for key_node, value in claims.pairs:
        if str(key_node.value) in _SET_ANEW:
            message = f"the claim {shown(str(key_node.value))} is set anew for each login"
            context.report.error(key_node.place, "TB059", message, "leave it out")
        if str(key_node.value) in _NAMES and not isinstance(value.plain(), str):
            message = f"the claim {shown(str(key_node.value))} should be text; it is {found(value)}"
            context.report.error(value.place, "TB012", message, "quote it")
    if claims.get("iss") is None:
        message = "the claim `iss` is missing: it says who signs"
        context.report.error(claims.place, "TB011", message, "for example iss: ${ACME_ACCOUNT}")
