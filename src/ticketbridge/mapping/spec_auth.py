"""`upstream.auth`: how the bridge proves to the platform who it is."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Literal

from ticketbridge.mapping.headers import Claimed, check_header_name, check_token
from ticketbridge.mapping.keys import (
    Declared,
    Key,
    ValueKind,
    closed,
    declared,
    has_word,
    keys_of,
    mapping_of,
    needed,
)
from ticketbridge.mapping.read_context import Context, text_of
from ticketbridge.mapping.spec_oauth2 import OAUTH2_RULES, OAuth2AuthSpec, check_oauth2
from ticketbridge.mapping.spec_session import TOKEN_ROOT, SessionAuthSpec, check_session
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
    TextCheck,
    check_controls,
    check_header_value,
    credential,
    read_password,
    read_username,
    resolve_text,
)
from ticketbridge.mapping.yaml_nodes import Node

_COOKIE_END = re.compile(r"[ ,;]")


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
    value: Secret = needed(
        text(lambda given, _: given.secret), "The key, from a variable.", "${ACME_KEY}"
    )


def _check_api_key(auth: ApiKeyAuthSpec, node: Node, context: Context) -> None:
    """Report a name or a value that its place (header, query or cookie) cannot carry."""
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


def _type(
    name: str,
    spec: type[Any],
    check: Callable[[Any, Node, Context], None] | None = None,
    **rules: Any,
) -> ValueKind[AuthSpec]:
    """Return the kind of `auth` whose `type` is *name*. *rules* are further keywords of its schema.

    Its text is the first paragraph of the spec's docstring.
    """
    meaning = " ".join((spec.__doc__ or "").partition("\n\n")[0].split())
    heading = f"`auth: {{type: {name}}}`" if keys_of(spec) else ""
    kind = mapping_of(spec, "", define=f"auth_{name}", heading=heading, check=check)
    keys = (Key("type", only(name, f"the word `{name}`"), meaning, (name,), None), *kind.keys)
    return replace(kind, schema=closed(*keys, **rules), keys=keys)


_TYPES = {
    "none": _type("none", NoAuthSpec),
    "bearer": _type("bearer", BearerAuthSpec),
    "basic": _type("basic", BasicAuthSpec),
    "api_key": _type("api_key", ApiKeyAuthSpec, _check_api_key),
    "digest": _type("digest", DigestAuthSpec),
    "oauth1": _type("oauth1", OAuth1AuthSpec),
    "oauth2": _type("oauth2", OAuth2AuthSpec, check_oauth2, **OAUTH2_RULES),
    "session": _type("session", SessionAuthSpec, check_session),
    "signature": _type("signature", SignatureAuthSpec, check_signature),
}


def _read_auth(node: Node, context: Context, name: str) -> AuthSpec:
    return _TYPES.get(text_of(node.get("type")), _TYPES["none"]).read(node, context, name)


AUTH: ValueKind[AuthSpec] = ValueKind(
    "a mapping with a `type`",
    {
        "type": "object",
        "required": ["type"],
        "properties": {
            "type": Key("type", word(*_TYPES), "The kind of authentication.", ("bearer",))
        },
        "allOf": [{"if": has_word("type", name), "then": kind} for name, kind in _TYPES.items()],
    },
    _read_auth,
    "auth",
)


def claimed_by(auth: AuthSpec) -> Claimed:
    """Return what *auth* adds to each request."""
    match auth:
        case NoAuthSpec():
            return Claimed()
        case ApiKeyAuthSpec():
            return _claimed_by_key(auth)
        case SessionAuthSpec():
            roots = frozenset({TOKEN_ROOT} if auth.is_placed else ())
            return Claimed(frozenset(map(str.lower, auth.carried)), roots=roots)
        case SignatureAuthSpec():
            return Claimed(frozenset(map(str.lower, auth.headers)), frozenset(auth.query))
        case _:
            return Claimed(frozenset({"authorization"}))


def _claimed_by_key(auth: ApiKeyAuthSpec) -> Claimed:
    if auth.location == "query":
        return Claimed(parameters=frozenset({auth.name}))
    return Claimed(frozenset({auth.name.lower() if auth.location == "header" else "cookie"}))
