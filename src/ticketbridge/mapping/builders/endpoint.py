"""`endpoint`: what menta tech calls, and who may."""

from __future__ import annotations

import re
from ipaddress import ip_network
from typing import cast

from ticketbridge.mapping.builders.context import Context, text_of
from ticketbridge.mapping.builders.headers import check_header_name
from ticketbridge.mapping.builders.texts import (
    Text,
    check_header_value,
    resolve_text,
    warn_if_in_clear,
)
from ticketbridge.mapping.builders.urls import has_dot_segment
from ticketbridge.mapping.environment import PLACEHOLDER
from ticketbridge.mapping.networks import are_everybody, has_no_caller, unmapped
from ticketbridge.mapping.nodes import Broken, MapNode, Node
from ticketbridge.mapping.spec import (
    AccessSpec,
    EndpointSpec,
    IPNetwork,
    Secret,
    SharedSecret,
    UserFormat,
)

PATH = re.compile(r"/[A-Za-z0-9._~!$&'()*+,;=:@/-]*")
PARAMETER = re.compile(r"[A-Za-z0-9_.\[\]-]+")
ADDRESS = re.compile(r"[0-9A-Fa-f.:]+(/[0-9]+)?")
OWN_PATHS = frozenset({"/healthz", "/readyz", "/openapi.json", "/metrics"})
SHORTEST_SECRET = 16
# In place of a network that is not known: one that no peer is in.
NOBODY = ip_network("192.0.2.0/32")


def build_endpoint(node: Node, context: Context) -> EndpointSpec:
    """The endpoint that *node* declares."""
    return EndpointSpec(
        path=_path(node.get("path"), context),
        user_parameter=_user_parameter(node.get("user_parameter"), context),
        user_format=cast("UserFormat", text_of(node.get("user_format"), "email")),
        access=_access(node.need("access"), context),
    )


def _path(node: Node | None, context: Context) -> str | None:
    if node is None:
        return None
    text = resolve_text(node, context, "path")
    if not text.known:
        return None
    slip = _path_slip(text.value)
    if slip:
        context.report.error(text.place, "TB040", f"{text.label} {slip}", "for example /tickets")
    return text.value


def _path_slip(path: str) -> str:
    if not path.startswith("/"):
        return "should begin with `/`"
    if not PATH.fullmatch(path) or "//" in path or has_dot_segment(path):
        return "should be a plain path: no `?`, `#`, `{`, `%`, space, `//` or dot segment"
    if path.rstrip("/") in OWN_PATHS:
        return "is a path that the bridge serves itself"
    return ""


def _user_parameter(node: Node | None, context: Context) -> str:
    if node is None:
        return "user"
    text = resolve_text(node, context, "user_parameter")
    if text.known and not PARAMETER.fullmatch(text.value):
        message = f"{text.label} should be letters, digits, `_`, `-`, `.` and brackets"
        context.report.error(text.place, "TB051", message, "for example user")
    return text.value


def _access(node: Node, context: Context) -> AccessSpec:
    if not isinstance(node, MapNode):
        return AccessSpec(None, (), ())
    header, secrets, allow = (node.get(key) for key in ("secret_header", "secrets", "allow"))
    if secrets is None and header is not None:
        message = "`secret_header` needs `secrets`"
        suggestion = 'for example secrets: ["${MENTA_SECRET}"]'
        context.report.error(node.key_place("secret_header"), "TB041", message, suggestion)
    elif header is None and secrets is not None:
        message = "`secrets` need a `secret_header`"
        suggestion = "for example secret_header: X-Menta-Secret"
        context.report.error(node.key_place("secrets"), "TB041", message, suggestion)
    elif header is None and allow is None:
        message = "`access` needs `secret_header` and `secrets`, or `allow`, or both"
        suggestion = 'for example secret_header: X-Menta-Secret, secrets: ["${MENTA_SECRET}"]'
        context.report.error(node.place, "TB041", message, suggestion)
    return AccessSpec(
        _secret_header(header, context), _secrets(secrets, context), _allow(allow, context)
    )


def _secret_header(node: Node | None, context: Context) -> str | None:
    if node is None:
        return None
    text = resolve_text(node, context, "secret_header")
    if text.known:
        check_header_name(text.value, text.called, text.place, context)
    return text.value


def _secrets(node: Node | None, context: Context) -> tuple[SharedSecret, ...]:
    """The secrets that are not empty."""
    if node is None or isinstance(node, Broken):
        return ()
    texts = [resolve_text(entry, context, "secrets") for entry in node.items]
    for text in texts:
        if check_header_value(text, context):
            _warn_if_short(text, context)
        warn_if_in_clear(text, context)
    if any(text.value or not text.known for text in texts):
        return tuple(
            SharedSecret(text.secret, number, text.variable)
            for number, text in enumerate(texts, 1)
            if text.value
        )
    if not context.environment.placeholders:
        message = "no secret is left: all of them are empty"
        context.report.error(node.place, "TB041", message, "set one of their variables")
    return (SharedSecret(Secret(PLACEHOLDER), 1),)


def _warn_if_short(text: Text, context: Context) -> None:
    if 0 < len(text.value) < SHORTEST_SECRET:
        message = f"{text.label} has a secret of fewer than {SHORTEST_SECRET} characters"
        suggestion = "make one that nobody guesses, for example by `openssl rand -hex 32`"
        context.report.warning(text.place, "TB058", message, suggestion)


def _allow(node: Node | None, context: Context) -> tuple[IPNetwork, ...]:
    if node is None:
        return ()
    networks = tuple(
        _network(resolve_text(entry, context, "allow"), context) for entry in node.items
    )
    if are_everybody(networks):
        whole = [i for i, network in enumerate(networks) if network.prefixlen == 0]
        place = node.items[whole[0] if whole else 0].place
        suggestion = "name the networks that menta tech asks from"
        context.report.warning(place, "TB042", "`allow` lets every address in", suggestion)
    return networks


def _network(text: Text, context: Context) -> IPNetwork:
    if not text.known:
        return NOBODY
    try:
        network = ip_network(text.value if ADDRESS.fullmatch(text.value) else "")
    except ValueError:
        message, suggestion = _network_slip(text)
        context.report.error(text.place, "TB043", message, suggestion)
        return NOBODY
    plain = unmapped(network)
    if plain is not network:
        message = f"an entry of {text.label} is an IPv4 network written as IPv6"
        suggestion = "" if text.variables else f"write {_written(plain)}"
        context.report.warning(text.place, "TB090", message, suggestion)
    elif has_no_caller(network):
        message = f"an entry of {text.label} is a network from which nobody can call"
        suggestion = "name the address that connects, for example 203.0.113.7"
        context.report.warning(text.place, "TB090", message, suggestion)
    return plain


def _written(network: IPNetwork) -> str:
    """The network as people write it: one address without its prefix length."""
    is_one = network.prefixlen == network.max_prefixlen
    return str(network.network_address if is_one else network)


def _network_slip(text: Text) -> tuple[str, str]:
    try:
        meant = ip_network(text.value, strict=False)
    except ValueError:
        message = f"an entry of {text.label} should be an address or a network"
        return message, "for example 203.0.113.0/24 or 2001:db8::/32"
    message = f"an entry of {text.label} should be a network without bits behind its prefix length"
    return message, "" if text.variables else f"write {meant}, or the one address without `/`"
