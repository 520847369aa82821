"""`upstream.auth`: how the bridge proves to the platform who it is."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Literal

from ticketbridge.mapping.credential_texts import (
    TextCheck,
    credential,
    read_login_url,
    read_name,
    read_password,
    read_plain,
    read_username,
)
from ticketbridge.mapping.headers import Claimed, check_header_name, check_token
from ticketbridge.mapping.keys import (
    Declared,
    Key,
    ValueKind,
    closed,
    declared,
    key,
    keys_of,
    mapping_of,
    needed,
)
from ticketbridge.mapping.read_context import Context, text_of
from ticketbridge.mapping.spec_session import SessionAuthSpec
from ticketbridge.mapping.spec_signature import (
    DigestAuthSpec,
    OAuth1AuthSpec,
    SignatureAuthSpec,
    check_signature,
)
from ticketbridge.mapping.spec_texts import Secret
from ticketbridge.mapping.value_kinds import POSSIBLY_EMPTY, only, text, word
from ticketbridge.mapping.variables import (
    ResolvedText,
    check_controls,
    check_header_value,
    resolve_text,
)
from ticketbridge.mapping.yaml_nodes import Node

_COOKIE_END = re.compile(r"[ ,;]")

# --- values ---------------------------------------------------------------------------------------


def _read_secret(text: ResolvedText, _context: Context) -> Secret:
    return text.secret


def _read_name(text: ResolvedText, context: Context) -> str:
    check_controls(text, context)
    return text.value


# --- types without a login ------------------------------------------------------------------------


@declared
class NoAuthSpec(Declared):
    """No authentication."""


@declared
class BearerAuthSpec(Declared):
    """`Authorization: Bearer <token>` on every request."""

    token: Secret = needed(
        text(credential(check_header_value)), "The token, from a variable.", "${ACME_TOKEN}"
    )


@declared
class BasicAuthSpec(Declared):
    """HTTP basic authentication, in UTF-8."""

    username: Secret = needed(text(read_username), "The user name.", "${ACME_USER}")
    password: Secret = needed(
        text(read_password, POSSIBLY_EMPTY),
        "The password, from a variable; some platforms want it empty.",
        "${ACME_PASSWORD}",
    )


@declared
class ApiKeyAuthSpec(Declared):
    """A key in the header, the query or a cookie of every request."""

    location: Literal["header", "query", "cookie"] = needed(
        word("header", "query", "cookie"), "Where the key stands.", "header", name="in"
    )
    name: str = needed(
        text(_read_name), "The name of the header, parameter or cookie.", "X-Api-Key"
    )
    value: Secret = needed(text(_read_secret), "The key, from a variable.", "${ACME_KEY}")


def _check_api_key(auth: ApiKeyAuthSpec, node: Node, context: Context) -> None:
    """What may be in name and value depends on where they stand."""
    name = resolve_text(node.need("name"), context, "name")
    if name.known and auth.location == "header":
        check_header_name(name.value, name.called, name.place, context)
    elif name.known and auth.location == "cookie":
        check_token(name.value, f"the cookie {name.called}", name.place, context)
    value = resolve_text(node.need("value"), context, "value")
    credential(_VALUE_CHECKS[auth.location])(value, context)


def _check_cookie_value(text: ResolvedText, context: Context) -> bool:
    if not check_header_value(text, context):
        return False
    if _COOKIE_END.search(text.value):
        message = f"{text.label} has a space, a comma or a semicolon, which a cookie cannot carry"
        context.report.error(text.place, "TB024", message)
        return False
    return True


_VALUE_CHECKS: Mapping[str, TextCheck] = MappingProxyType(
    {"header": check_header_value, "query": check_controls, "cookie": _check_cookie_value}
)


@declared
class OAuth2AuthSpec(Declared):
    """OAuth 2.0 client credentials: a bearer token, fetched once for all who wait, renewed before it
    expires and once upon a 401.

    RFC 6749, section 4.4.
    """

    token_url: str = needed(
        text(read_login_url),
        "Where the token comes from; it may be another host than the platform's.",
        "https://login.acme.example/oauth/token",
    )
    client_id: Secret = needed(
        text(read_name),
        "The bridge's name at the platform.",
        "${ACME_CLIENT}",
    )
    client_secret: Secret = needed(
        text(credential(check_controls)), "Its secret, from a variable.", "${ACME_CLIENT_SECRET}"
    )
    scope: str | None = key(
        text(read_plain), "What the token is for, with spaces between several.", "tickets.read"
    )
    audience: str | None = key(
        text(read_plain),
        "Whom the token is for, where the platform asks for it.",
        "https://api.acme.example",
    )
    send: Literal["basic", "body"] = key(
        word("basic", "body"),
        "Where name and secret stand: in the Authorization header, escaped as RFC 6749 says, or in the "
        "form.",
        absent="basic",
    )


# --- the type -------------------------------------------------------------------------------------

AuthSpec = (
    NoAuthSpec
    | BearerAuthSpec
    | BasicAuthSpec
    | ApiKeyAuthSpec
    | DigestAuthSpec
    | OAuth1AuthSpec
    | OAuth2AuthSpec
    | SessionAuthSpec
    | SignatureAuthSpec
)


_SPECS: Mapping[str, type[Any]] = {
    "none": NoAuthSpec,
    "bearer": BearerAuthSpec,
    "basic": BasicAuthSpec,
    "api_key": ApiKeyAuthSpec,
    "digest": DigestAuthSpec,
    "oauth1": OAuth1AuthSpec,
    "oauth2": OAuth2AuthSpec,
    "session": SessionAuthSpec,
    "signature": SignatureAuthSpec,
}
_CHECKS: Mapping[type[Any], Callable[[Any, Node, Context], None]] = {
    ApiKeyAuthSpec: _check_api_key,
    SignatureAuthSpec: check_signature,
}


def _type(name: str, spec: type[Any]) -> ValueKind[AuthSpec]:
    """Return the kind of `auth` with this *name* as its `type`; its text is what its spec says first."""
    meaning = " ".join((spec.__doc__ or "").partition("\n\n")[0].split())
    heading = f"`auth: {{type: {name}}}`" if keys_of(spec) else ""
    kind = mapping_of(spec, "", define=f"auth_{name}", heading=heading, check=_CHECKS.get(spec))
    keys = (Key("type", only(name, f"the word `{name}`"), meaning, (name,), None), *kind.keys)
    return replace(kind, schema=closed(*keys), keys=keys)


_TYPES = {name: _type(name, spec) for name, spec in _SPECS.items()}


def _read_auth(node: Node, context: Context, name: str) -> AuthSpec:
    return _TYPES.get(text_of(node.get("type")), _TYPES["none"]).read(node, context, name)


def _is_type(name: str) -> dict[str, Any]:
    return {"type": "object", "required": ["type"], "properties": {"type": {"const": name}}}


AUTH: ValueKind[AuthSpec] = ValueKind(
    "a mapping with a `type`",
    {
        "type": "object",
        "required": ["type"],
        "properties": {
            "type": Key("type", word(*_TYPES), "The kind of authentication.", ("bearer",))
        },
        "allOf": [{"if": _is_type(name), "then": kind} for name, kind in _TYPES.items()],
    },
    _read_auth,
    "auth",
)


def claimed_by(auth: AuthSpec) -> Claimed:
    """What *auth* puts into each request."""
    match auth:
        case NoAuthSpec():
            return Claimed()
        case ApiKeyAuthSpec():
            return _claimed_by_key(auth)
        case SessionAuthSpec():
            return Claimed(frozenset({auth.header.lower()}))
        case SignatureAuthSpec():
            return Claimed(frozenset(map(str.lower, auth.headers)), frozenset(auth.query))
        case _:
            return Claimed(frozenset({"authorization"}))


def _claimed_by_key(auth: ApiKeyAuthSpec) -> Claimed:
    if auth.location == "query":
        return Claimed(parameters=frozenset({auth.name}))
    return Claimed(frozenset({auth.name.lower() if auth.location == "header" else "cookie"}))
