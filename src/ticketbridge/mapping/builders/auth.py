"""`upstream.auth`: one builder per type, in one table."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Literal, cast

from ticketbridge.mapping.builders.context import (
    Context,
    expression,
    optional_expression,
    text_of,
)
from ticketbridge.mapping.builders.headers import check_header_name, check_token
from ticketbridge.mapping.builders.login import build_login
from ticketbridge.mapping.builders.templates import resolve_template
from ticketbridge.mapping.builders.texts import (
    Text,
    check_header_value,
    refuse_controls,
    resolve_text,
    warn_if_in_clear,
)
from ticketbridge.mapping.builders.urls import NOWHERE, build_url, check_url
from ticketbridge.mapping.nodes import Node, Scalar
from ticketbridge.mapping.spec import (
    ApiKeyAuthSpec,
    AuthSpec,
    BasicAuthSpec,
    BearerAuthSpec,
    ExpressionSpec,
    NoAuthSpec,
    OAuth2AuthSpec,
    Secret,
    SessionAuthSpec,
)
from ticketbridge.mapping.units import UnitError, seconds

LONGEST_SESSION = 720  # hours
COOKIE_END = re.compile(r"[ ,;]")


def build_auth(node: Node | None, context: Context) -> AuthSpec:
    """The authentication that *node* declares; none where it is absent or broken."""
    kind = text_of(node.get("type")) if node else ""
    return AUTH_TYPES.get(kind, _none)(node, context) if node else NoAuthSpec()


def _none(node: Node, context: Context) -> AuthSpec:
    del node, context
    return NoAuthSpec()


def _bearer(node: Node, context: Context) -> AuthSpec:
    return BearerAuthSpec(_credential(node, "token", context))


def _basic(node: Node, context: Context) -> AuthSpec:
    username = resolve_text(node.need("username"), context, "username")
    if refuse_controls(username, context) and ":" in username.value:
        message = f"{username.label} has a colon, which basic authentication cannot carry"
        context.report.error(username.place, "TB024", message)
    password = resolve_text(node.need("password"), context, "password")
    refuse_controls(password, context)
    warn_if_in_clear(password, context)
    return BasicAuthSpec(username.secret, password.secret)


def _api_key(node: Node, context: Context) -> AuthSpec:
    location = cast("Literal['header', 'query', 'cookie']", text_of(node.need("in"), "header"))
    name = resolve_text(node.need("name"), context, "name")
    if refuse_controls(name, context):
        _check_name(name, location, context)
    return ApiKeyAuthSpec(location, name.value, _credential(node, "value", context, location))


def _oauth2(node: Node, context: Context) -> OAuth2AuthSpec:
    url = resolve_text(node.need("token_url"), context, "token_url")
    return OAuth2AuthSpec(
        token_url=build_url(url, check_url, context, guarded=True) or NOWHERE,
        client_id=_plain(node.need("client_id"), "client_id", context).secret,
        client_secret=_credential(node, "client_secret", context, "query"),
        scope=_optional(node.get("scope"), "scope", context),
        audience=_optional(node.get("audience"), "audience", context),
        send=cast("Literal['basic', 'body']", text_of(node.get("send"), "basic")),
    )


def _plain(node: Node, key: str, context: Context) -> Text:
    text = resolve_text(node, context, key)
    if refuse_controls(text, context) and not text.value:
        _refuse_empty(text, context)
    return text


def _optional(node: Node | None, key: str, context: Context) -> str | None:
    return None if node is None else _plain(node, key, context).value


def _session(node: Node, context: Context) -> SessionAuthSpec:
    header = _session_header(node, context)
    value = node.get("value") or Scalar(node.place, "Bearer {token}")
    template = resolve_template(value, context, "value")
    check = refuse_controls if template.holes else check_header_value
    check(template.text, context)
    return SessionAuthSpec(
        login=build_login(node.need("login"), context),
        token=expression(node.need("token")),
        expires_in=_expires_in(node.get("expires_in"), context),
        header=header,
        value=template.spec,
    )


def _session_header(node: Node, context: Context) -> str:
    given = node.get("header")
    if given is None:
        return "Authorization"
    text = resolve_text(given, context, "header")
    if refuse_controls(text, context):
        check_header_name(text.value, text.called, text.place, context)
    return text.value


def _expires_in(node: Node | None, context: Context) -> ExpressionSpec | float | None:
    """Seconds where it begins as a duration does, else an expression that gives them."""
    if node is None or not text_of(node)[:1].isdigit():
        return optional_expression(node)
    try:
        return seconds(text_of(node), most_hours=LONGEST_SESSION)
    except UnitError as error:
        message = f"`expires_in` {error}, or be an expression that gives seconds"
        context.report.error(node.place, "TB014", message, "for example 30m or body.expires_in")
        return None


def _check_name(name: Text, location: str, context: Context) -> None:
    if location == "header":
        check_header_name(name.value, name.called, name.place, context)
    elif location == "cookie":
        check_token(name.value, f"the cookie {name.called}", name.place, context)


def _credential(node: Node, key: str, context: Context, location: str = "header") -> Secret:
    """A credential that must not be empty, and that its place can carry."""
    text = resolve_text(node.need(key), context, key)
    if VALUE_CHECKS[location](text, context) and not text.value:
        _refuse_empty(text, context)
    warn_if_in_clear(text, context)
    return text.secret


def _refuse_empty(text: Text, context: Context) -> None:
    if not context.environment.placeholders:
        context.report.error(text.place, "TB015", f"{text.label} is empty", "set its variable")


def _check_cookie_value(text: Text, context: Context) -> bool:
    if not check_header_value(text, context):
        return False
    if COOKIE_END.search(text.value):
        message = f"{text.label} has a space, a comma or a semicolon, which a cookie cannot carry"
        context.report.error(text.place, "TB024", message)
        return False
    return True


VALUE_CHECKS: Mapping[str, Callable[[Text, Context], bool]] = MappingProxyType(
    {"header": check_header_value, "query": refuse_controls, "cookie": _check_cookie_value}
)
AUTH_TYPES: Mapping[str, Callable[[Node, Context], AuthSpec]] = MappingProxyType(
    {
        "none": _none,
        "bearer": _bearer,
        "basic": _basic,
        "api_key": _api_key,
        "oauth2": _oauth2,
        "session": _session,
    }
)
