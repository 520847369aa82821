"""The types of `upstream.auth` that sign each request anew: `signature`, `oauth1` and `digest`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from ticketbridge.mapping.findings import Place
from ticketbridge.mapping.headers import HEADERS, Claimed, check_headers, read_parameters
from ticketbridge.mapping.keys import Declared, ValueKind, declared, key, needed
from ticketbridge.mapping.read_context import Context
from ticketbridge.mapping.spec_texts import ExpressionSpec, Secret, TemplateSpec
from ticketbridge.mapping.value_kinds import (
    EXPRESSION,
    NAME,
    POSSIBLY_EMPTY,
    TEMPLATE,
    TEXT,
    list_of,
    named,
    read_expression,
    text,
    word,
)
from ticketbridge.mapping.variables import (
    ResolvedText,
    check_controls,
    check_header_value,
    credential,
    read_name,
    read_password,
    resolve_text,
)
from ticketbridge.mapping.yaml_nodes import Node

REQUEST_KEYS = ("method", "url", "host", "path", "path_query", "query", "body")
"""The keys of the root `request` of a signature."""
REQUEST, SECRETS = "request", "secrets"
_QUOTE = ('"', "\\")

# --- signature ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SignedValueSpec:
    """One entry of `values`: the *name* of a value, at *place*, and the *expression* that gives it."""

    name: str
    expression: ExpressionSpec
    place: Place


_read_credential = credential(check_controls)


def _read_secret(node: Node, context: Context, name: str) -> Secret:
    found = resolve_text(node, context, name)
    secret = _read_credential(found, context)
    return secret if found.known else Secret(unset_secret(name))


def unset_secret(name: str) -> str:
    """Return a stand-in for the secret *name* if its variable is not set: the name in hexadecimal.

    It can be read as text, hex and base64. No two secrets have the same, so a case cannot confuse them.
    """
    digits = name.encode().hex()
    return digits + "0" * (-len(digits) % 4)


def _read_values(node: Node, context: Context, _name: str) -> tuple[SignedValueSpec, ...]:
    """Return the values in order. Report a name that is already taken, and leave it out."""
    values: dict[str, SignedValueSpec] = {}
    for name_node, value in (pair for item in node.items for pair in item.pairs):
        name = str(name_node.value)
        if name in {REQUEST, SECRETS, *values}:
            what = "is the name of a value above" if name in values else "is a root of its own"
            message = f"`{name}` {what}"
            context.report.error(name_node.place, "TB060", message, "give it another name")
            continue
        expression = read_expression(value, context, name)
        values[name] = SignedValueSpec(name, expression, name_node.place)
    return tuple(values.values())


_VALUES: ValueKind[tuple[SignedValueSpec, ...]] = list_of(
    named(
        EXPRESSION,
        "one name and its expression",
        propertyNames=NAME,
        minProperties=1,
        maxProperties=1,
    ),
    "a list of names, each with its expression",
    {"ts": "moment('unix')"},
).reading(_read_values)
_PARAMETERS = named(TEMPLATE, "a mapping of parameter names to texts").reading(read_parameters)
_SIGNED_TEXT = "join('', [secrets.key, ts, request.path])"


@declared
class SignatureAuthSpec(Declared):
    """A signature, made anew for each try, page and poll, over the request as it goes on the wire.

    *values* are computed in order; each one sees those above it. *headers* and *query* place them.
    """

    secrets: Mapping[str, Secret] = needed(
        named(
            TEXT.reading(_read_secret),
            "a mapping of names to texts",
            propertyNames=NAME,
            minProperties=1,
        ),
        "The credentials, each from a variable: the root `secrets` of the expressions here alone.",
        {"key": "${ACME_KEY}", "secret": "${ACME_SECRET}"},
    )
    values: tuple[SignedValueSpec, ...] = key(
        _VALUES,
        "What the signature is made of, in order: a name and its expression. The roots are `secrets`,"
        " `request` (`method`, `url`, `host`, `path`, `path_query`, `query`, `body`: as they are sent), and"
        " the values above. `moment(format)` is the time of this very request.",
        [
            {"ts": "moment('unix')"},
            {"sign": f"hmac({_SIGNED_TEXT}, secrets.secret, 'sha256', 'hex')"},
        ],
        absent=[],
    )
    headers: Mapping[str, TemplateSpec] = key(
        HEADERS,
        "The headers that carry it; holes see what `values` see, and all of them.",
        {"Authorization": "ACME key={secrets.key} ts={ts} sign={sign}"},
        absent={},
    )
    query: Mapping[str, tuple[TemplateSpec, ...]] = key(
        _PARAMETERS,
        "The query parameters that carry it. They are added last, and are no part of `request`.",
        {"timestamp": "{ts}", "signature": "{sign}"},
        absent={},
    )
    place: Place


def check_signature(auth: SignatureAuthSpec, node: Node, context: Context) -> None:
    """Report illegal or repeated headers, and a signature that no header and no parameter carries."""
    check_headers(node.need("headers"), Claimed(), context)
    if node.get("headers") is None and node.get("query") is None:
        message = "a signature needs `headers` or `query`: nothing carries it"
        suggestion = 'for example headers: {X-Signature: "{sign}"}'
        context.report.error(auth.place, "TB011", message, suggestion)


# --- OAuth 1.0 ------------------------------------------------------------------------------------


def _read_realm(text: ResolvedText, context: Context) -> str:
    if check_header_value(text, context) and any(sign in text.value for sign in _QUOTE):
        message = f"{text.label} has a quote or a backslash, which a realm cannot carry"
        context.report.error(text.place, "TB024", message)
    return text.value


@declared
class OAuth1AuthSpec(Declared):
    """OAuth 1.0 (RFC 5849): each try of a request is signed anew, its query and its form with it."""

    consumer_key: Secret = needed(
        text(read_name),
        "The bridge's name at the platform.",
        "${ACME_CONSUMER}",
    )
    consumer_secret: Secret = needed(
        text(credential(check_controls)), "Its secret, from a variable.", "${ACME_CONSUMER_SECRET}"
    )
    token: Secret | None = key(
        text(credential(check_controls)),
        "The token, where the platform gives one: from a variable.",
        "${ACME_TOKEN}",
    )
    token_secret: Secret | None = key(
        text(credential(check_controls)), "The token's secret.", "${ACME_TOKEN_SECRET}"
    )
    method: Literal["HMAC-SHA256", "HMAC-SHA1", "HMAC-SHA512"] = key(
        word("HMAC-SHA256", "HMAC-SHA1", "HMAC-SHA512"),
        "How it is signed; `HMAC-SHA1` and `HMAC-SHA512` are others.",
        absent="HMAC-SHA256",
    )
    realm: str | None = key(
        text(_read_realm), "The realm in the header, where the platform asks for it.", "acme"
    )


# --- digest ---------------------------------------------------------------------------------------


@declared
class DigestAuthSpec(Declared):
    """HTTP digest authentication (RFC 7616): MD5 or SHA-256, with `qop=auth`.

    The bridge answers the platform's challenge, and uses its nonce for the calls that follow.
    """

    username: Secret = needed(
        text(read_name),
        "The user name.",
        "${ACME_USER}",
    )
    password: Secret = needed(
        text(read_password, POSSIBLY_EMPTY), "The password, from a variable.", "${ACME_PASSWORD}"
    )
