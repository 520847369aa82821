"""`endpoint`: what menta tech calls, and who may call it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Literal

from ticketbridge.jmes import has_dot_segment
from ticketbridge.mapping.environment import PLACEHOLDER
from ticketbridge.mapping.headers import check_header_name
from ticketbridge.mapping.keys import Declared, ValueKind, declared, key, mapping_of, needed
from ticketbridge.mapping.networks import IPNetwork, are_everybody, has_no_caller, unmapped
from ticketbridge.mapping.read_context import Context
from ticketbridge.mapping.spec_texts import Secret
from ticketbridge.mapping.value_kinds import POSSIBLY_EMPTY, TEXT, either, list_of, text, word
from ticketbridge.mapping.variables import (
    ResolvedText,
    check_header_value,
    how_to_fill,
    resolve_text,
    warn_if_in_clear,
)
from ticketbridge.mapping.yaml_nodes import Node

UserFormat = Literal["email", "phone", "any"]

_PATH = re.compile(r"/[A-Za-z0-9._~!$&'()*+,;=:@/-]*")
_PARAMETER = re.compile(r"[A-Za-z0-9_.\[\]-]+")
_ADDRESS = re.compile(r"[0-9A-Fa-f.:]+(/[0-9]+)?")
_OWN_PATHS = frozenset({"/healthz", "/readyz", "/openapi.json", "/metrics"})
_SHORTEST_SECRET = 16
# In place of a network that is not known: one that no peer is in.
_NOBODY = ip_network("192.0.2.0/32")


# --- values ---------------------------------------------------------------------------------------


def _read_path(text: ResolvedText, context: Context) -> str | None:
    slip = _path_slip(text.value) if text.known else ""
    if slip:
        context.report.error(text.place, "TB040", f"{text.label} {slip}", "for example /tickets")
    return text.value if text.known else None


def _path_slip(path: str) -> str:
    if not path.startswith("/"):
        return "should begin with `/`"
    if not _PATH.fullmatch(path) or "//" in path or has_dot_segment(path):
        return "should be a plain path: no `?`, `#`, `{`, `%`, space, `//` or dot segment"
    if path.rstrip("/") in _OWN_PATHS:
        return "is a path that the bridge serves itself"
    return ""


def _read_parameter(text: ResolvedText, context: Context) -> str:
    if text.known and not _PARAMETER.fullmatch(text.value):
        message = f"{text.label} should be letters, digits, `_`, `-`, `.` and brackets"
        context.report.error(text.place, "TB051", message, "for example user")
    return text.value


def read_header_name(text: ResolvedText, context: Context) -> str:
    """Return the name of a header. Report it if it is illegal, or if the bridge sets that header itself."""
    if text.known:
        check_header_name(text.value, text.called, text.place, context)
    return text.value


def _read_secrets(node: Node, context: Context, name: str) -> tuple[SharedSecret, ...]:
    """Return the secrets that are not empty, or none if there is no list of them.

    If all are empty, report that and return a placeholder.
    """
    if not node.items:
        return ()
    texts = [resolve_text(entry, context, name) for entry in node.items]
    for each in texts:
        if check_header_value(each, context) and 0 < len(each.value) < _SHORTEST_SECRET:
            message = f"{each.label} has a secret of fewer than {_SHORTEST_SECRET} characters"
            suggestion = "make one that nobody guesses, for example by `openssl rand -hex 32`"
            context.report.warning(each.place, "TB058", message, suggestion)
        warn_if_in_clear(each, context)
    if any(each.value or not each.known for each in texts):
        return tuple(
            SharedSecret(
                each.secret,
                number,
                each.variable,
                is_in_file=bool(context.environment.file_variable(each.variable)),
            )
            for number, each in enumerate(texts, 1)
            if each.value
        )
    if not context.environment.placeholders:
        message = "no secret is left: all of them are empty"
        suggestion = how_to_fill(texts, context, "set one of their variables")
        context.report.error(node.place, "TB041", message, suggestion)
    return (SharedSecret(Secret(PLACEHOLDER), 1),)


def _read_networks(node: Node, context: Context, name: str) -> tuple[IPNetwork, ...]:
    networks = tuple(
        _read_network(resolve_text(entry, context, name), context) for entry in node.items
    )
    if are_everybody(networks):
        whole = [i for i, network in enumerate(networks) if network.prefixlen == 0]
        place = node.items[whole[0] if whole else 0].place
        suggestion = "name the networks that menta tech asks from"
        context.report.warning(place, "TB042", "`allow` lets every address in", suggestion)
    return networks


def _read_network(text: ResolvedText, context: Context) -> IPNetwork:
    if not text.known:
        return _NOBODY
    try:
        network = ip_network(text.value if _ADDRESS.fullmatch(text.value) else "")
    except ValueError:
        message, suggestion = _network_slip(text)
        context.report.error(text.place, "TB043", message, suggestion)
        return _NOBODY
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
    """Return the network as people write it: a single address has no prefix length."""
    is_one = network.prefixlen == network.max_prefixlen
    return str(network.network_address if is_one else network)


def _network_slip(text: ResolvedText) -> tuple[str, str]:
    try:
        meant = ip_network(text.value, strict=False)
    except ValueError:
        message = f"an entry of {text.label} should be an address or a network"
        return message, "for example 203.0.113.0/24 or 2001:db8::/32"
    message = f"an entry of {text.label} should be a network without bits behind its prefix length"
    return message, "" if text.variables else f"write {meant}, or the one address without `/`"


# --- the keys -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SharedSecret:
    """A secret that menta tech sends.

    *number* is its position in `secrets`, from 1; empty entries count too. *variable* is the name of
    its variable if the entry is one variable and nothing else, or "". *is_in_file*: a file holds it,
    whose path is in `NAME_FILE`.
    """

    text: Secret
    number: int
    variable: str = ""
    is_in_file: bool = False


@declared
class AccessSpec(Declared):
    """Who may ask. If there is neither a secret nor a network, it is `access: open`."""

    secret_header: str | None = key(
        text(read_header_name),
        "The header in which menta tech sends the shared secret.",
        "X-Menta-Secret",
    )
    secrets: tuple[SharedSecret, ...] = key(
        list_of(POSSIBLY_EMPTY, "a list of texts").reading(_read_secrets),
        "The shared secrets, of 16 characters or more; any one passes, and empty ones are ignored, so that "
        "they can be rotated.",
        ["${MENTA_SECRET}", "${MENTA_SECRET_NEXT:-}"],
        absent=[],
    )
    allow: tuple[IPNetwork, ...] = key(
        list_of(TEXT, "a list of networks", "203.0.113.0/24").reading(_read_networks),
        "The networks and addresses that may ask.",
        ["203.0.113.0/24", "2001:db8::/32"],
        absent=[],
    )

    @property
    def is_open(self) -> bool:
        """Whether everybody may ask."""
        return not self.secrets and not self.allow


def _check_access(_spec: AccessSpec, node: Node, context: Context) -> None:
    header, secrets, allow = map(node.get, ("secret_header", "secrets", "allow"))
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


_OPEN = "a mapping, or the word `open`"
_ACCESS: ValueKind[AccessSpec] = either(
    _OPEN,
    "string",
    word("open", title=_OPEN).reading(lambda *_: AccessSpec(None, (), ())),
    mapping_of(AccessSpec, "", heading="`endpoint.access`", check=_check_access),
    define="access",
)


@declared
class EndpointSpec(Declared):
    """What menta tech calls. If *path* is None, the default path is used."""

    path: str | None = key(
        text(_read_path),
        "The path that menta tech calls. Default: `/tickets`, or `/{platform}/tickets` where several "
        "mappings are served.",
        "/tickets",
    )
    user_parameter: str = key(
        text(_read_parameter), "The query parameter that holds the user.", absent="user"
    )
    user_format: UserFormat = key(
        word("email", "phone", "any"),
        "What a user is: an e-mail address; a `phone` number, 6 to 15 digits in groups with one blank, "
        "`-`, `.` or `/` between two of them, a group perhaps in parentheses, and perhaps `+` before all; "
        "or `any` text, for platforms that key on something else. Another user is answered with 400. It "
        "goes to the platform as it came: nothing is taken out of a number.",
        absent="email",
    )
    access: AccessSpec = needed(
        _ACCESS,
        "Who may ask: `secret_header` and `secrets`, or `allow`, or both. `open` lets everyone ask, and is "
        "served on loopback only, unless the operator sets `TICKETBRIDGE_ALLOW_OPEN=1`.",
        {"secret_header": "X-Menta-Secret", "secrets": ["${MENTA_SECRET}"]},
        "open",
    )


ENDPOINT = mapping_of(EndpointSpec, define="endpoint", heading="`endpoint`")
