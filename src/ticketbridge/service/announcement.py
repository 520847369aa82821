"""The start message of `serve`: what it serves and where, who may ask, and how to try it."""

from __future__ import annotations

import re
import shlex
import socket
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING
from urllib.parse import quote

from ticketbridge.mapping.spec import AccessSpec, EndpointSpec, SharedSecret, UserFormat
from ticketbridge.service.listening import place_of, url_of
from ticketbridge.service.logs import log_event, tell
from ticketbridge.service.mapping_set import MappingSet
from ticketbridge.service.reload import log_start
from ticketbridge.service.settings import Settings

if TYPE_CHECKING:
    from ticketbridge.service.metrics_server import MetricsPort

_SHELL_SIGN = re.compile(r'[$`"\\!]')
_USERS: Mapping[UserFormat, str] = MappingProxyType(
    {"email": "ana@example.com", "phone": "%2B34600111222", "any": "4711"}
)


def announce(
    mappings: MappingSet,
    settings: Settings,
    listeners: Sequence[socket.socket],
    metrics: MetricsPort | None = None,
) -> None:
    """Log the warnings of the mappings, the server's address, and each path with a `curl` to try.

    In the text format a path takes several lines, which can be copied; in JSON it is one line.
    """
    log_start(mappings)
    for listener in listeners:
        log_event(f"running on {place_of(listener)}", {})
    for place in metrics.places if metrics else ():
        log_event(f"metrics on {place}", {})
    for path, mapping in mappings.paths.items():
        spec = mapping.bridge.spec
        url = f"{url_of(listeners[0])}{path}"
        access = access_in_words(spec.endpoint.access)
        command = curl_command(spec.endpoint, url)
        if settings.log_format == "text":
            tell(f"  {spec.platform}: {url}", f"    {access}", f"    {command}")
        else:
            fields = {"platform": spec.platform, "url": url, "access": access}
            log_event("serving", {**fields, "try": command})


def access_in_words(access: AccessSpec) -> str:
    """Return who may ask, without secrets."""
    layers = []
    if access.secrets:
        layers.append(f"with a secret in {access.secret_header}")
    if access.allow:
        layers.append(f"from {', '.join(map(str, access.allow))}")
    return " ".join(layers) or "open: whoever reaches it may ask"


def curl_command(endpoint: EndpointSpec, url: str) -> str:
    """Return a command that asks like menta tech. It names the secret's variable, never the secret."""
    words = ["curl"]
    if endpoint.access.secrets:
        header = _SHELL_SIGN.sub(r"\\\g<0>", endpoint.access.secret_header or "")
        words.append(f'-H "{header}: {_in_shell(endpoint.access.secrets[0])}"')
    parameter = quote(endpoint.user_parameter, safe="")
    words.append(shlex.quote(f"{url}?{parameter}={_USERS[endpoint.user_format]}"))
    return " ".join(words)


def _in_shell(secret: SharedSecret) -> str:
    """Return what a shell puts in for *secret*: its variable, or the content of the file that holds it."""
    variable = secret.variable or "SECRET"
    return f'$(cat "${variable}_FILE")' if secret.is_in_file else f"${variable}"
