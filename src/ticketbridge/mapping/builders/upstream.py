"""`upstream`: the platform's API, and the limits of talking to it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar

from ticketbridge.mapping.builders.auth import build_auth
from ticketbridge.mapping.builders.context import Context, is_true, whole_number
from ticketbridge.mapping.builders.headers import check_header_names, is_sensitive
from ticketbridge.mapping.builders.texts import (
    Text,
    check_header_value,
    resolve_text,
    warn_if_in_clear,
)
from ticketbridge.mapping.builders.tls import build_tls
from ticketbridge.mapping.builders.urls import NOWHERE, UrlError, build_url, check_base_url
from ticketbridge.mapping.environment import PLACEHOLDER
from ticketbridge.mapping.nodes import Broken, Node
from ticketbridge.mapping.spec import AuthSpec, BreakerSpec, NoAuthSpec, Secret, UpstreamSpec
from ticketbridge.mapping.units import UnitError, seconds, size_in_bytes

Amount = TypeVar("Amount", int, float)


def build_upstream(node: Node, context: Context) -> UpstreamSpec:
    """The upstream that *node* declares."""
    auth = build_auth(node.get("auth"), context)
    base_url = resolve_text(node.need("base_url"), context, "base_url")
    headers = _headers(node.get("headers"), auth, context)
    url = _base_url(base_url, context, guarded=_has_credentials(auth, headers))
    return UpstreamSpec(
        base_url=url,
        auth=auth,
        headers=headers,
        timeout=_amount(node, "timeout", seconds, 8.0, context),
        connect_timeout=_amount(node, "connect_timeout", seconds, 2.0, context),
        keep_alive=is_true(node.get("keep_alive"), default=True),
        live=is_true(node.get("live")),
        retries=whole_number(node.get("retries"), 2),
        concurrency=whole_number(node.get("concurrency"), 50),
        breaker=_breaker(node.get("breaker") or Broken(node.place), context),
        tls=build_tls(node.get("tls"), context, base_url=url),
        max_body=_amount(node, "max_body", size_in_bytes, 10_000_000, context),
        max_pages=whole_number(node.get("max_pages"), 100),
        max_calls=whole_number(node.get("max_calls"), 200),
        max_records=whole_number(node.get("max_records"), 20_000),
        place=node.place,
    )


def _nowhere(value: str) -> str:
    """A URL that leads nowhere, with the path that stands behind a variable that is not set."""
    try:
        return check_base_url(NOWHERE + value.removeprefix(PLACEHOLDER))
    except UrlError:
        return NOWHERE


def _base_url(text: Text, context: Context, *, guarded: bool) -> str:
    """The URL; where a variable of it is not set, one that leads nowhere."""
    return build_url(text, check_base_url, context, guarded=guarded) or _nowhere(text.value)


def _has_credentials(auth: AuthSpec, headers: Mapping[str, Secret]) -> bool:
    return not isinstance(auth, NoAuthSpec) or any(map(is_sensitive, headers))


def _headers(node: Node | None, auth: AuthSpec, context: Context) -> dict[str, Secret]:
    pairs = node.pairs if node else ()
    check_header_names([(str(key.value), key.place) for key, _ in pairs], auth, context)
    headers: dict[str, Secret] = {}
    for key, value in pairs:
        name = str(key.value)
        text = resolve_text(value, context, name)
        check_header_value(text, context)
        if is_sensitive(name):
            warn_if_in_clear(text, context)
        headers[name] = text.secret
    return headers


def _breaker(node: Node, context: Context) -> BreakerSpec:
    return BreakerSpec(
        failures=whole_number(node.get("failures"), 10),
        open=_amount(node, "open", seconds, 5.0, context),
    )


def _amount(
    node: Node, key: str, read: Callable[[str], Amount], default: Amount, context: Context
) -> Amount:
    value = node.get(key)
    if value is None:
        return default
    text = resolve_text(value, context, key)
    if not text.known:
        return default
    try:
        return read(text.value)
    except UnitError as error:
        context.report.error(text.place, "TB014", f"{text.label} {error}")
        return default
