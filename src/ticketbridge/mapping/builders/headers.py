"""Names of headers, parameters and cookies: which are legal, and which are set elsewhere."""

from __future__ import annotations

import re

from ticketbridge.mapping.builders.context import Context
from ticketbridge.mapping.findings import Place
from ticketbridge.mapping.spec import (
    ApiKeyAuthSpec,
    AuthSpec,
    BasicAuthSpec,
    BearerAuthSpec,
    OAuth2AuthSpec,
    SessionAuthSpec,
)
from ticketbridge.mapping.words import shown

TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
SENSITIVE = re.compile(
    r"authori[sz]ation|cookie|token|secret|passw|passphrase|credential|signature|bearer"
    r"|(?:api|app|access|auth|account|client|consumer|license|private|service|shared|signing|subscription)"
    r"[-_.]?key|session[-_]?id|(?:^|[-_.])(?:pwd|jwt|hmac|sig|auth)$",
    re.IGNORECASE,
)
_ALONE = frozenset({"key", "sid", "pass", "pin", "otp", "apikey"})
OWNED = frozenset(
    {
        "host",
        "content-length",
        "transfer-encoding",
        "connection",
        "accept-encoding",
        "keep-alive",
        "proxy-connection",
        "te",
        "trailer",
        "upgrade",
        "expect",
    }
)


def check_header_name(name: str, called: str, place: Place, context: Context) -> bool:
    """Whether *name* is a legal header that the client does not set itself; a finding if not."""
    if not check_token(name, f"the header {called}", place, context):
        return False
    if name.lower() in OWNED:
        message = f"the header {called} is set by the bridge itself"
        context.report.error(place, "TB052", message, "leave it out")
        return False
    return True


def check_token(name: str, called: str, place: Place, context: Context) -> bool:
    """Whether *name* is made of the characters that headers and cookies may have."""
    if TOKEN.fullmatch(name):
        return True
    message = f"{called} has no legal name"
    context.report.error(place, "TB051", message, "letters, digits and `-` are legal")
    return False


def header_of(auth: AuthSpec) -> str:
    """The header that *auth* sets, in small letters, or ""."""
    if isinstance(auth, BearerAuthSpec | BasicAuthSpec | OAuth2AuthSpec):
        return "authorization"
    if isinstance(auth, SessionAuthSpec):
        return auth.header.lower()
    if not isinstance(auth, ApiKeyAuthSpec):
        return ""
    return {"header": auth.name.lower(), "cookie": "cookie", "query": ""}[auth.location]


def check_header_names(names: list[tuple[str, Place]], auth: AuthSpec, context: Context) -> None:
    """Each name is legal, stands once whatever its case, and is not the one that *auth* sets."""
    seen: set[str] = set()
    for name, place in names:
        lower = name.lower()
        if not check_header_name(name, shown(name), place, context):
            continue
        if lower == header_of(auth):
            message = f"the header {shown(name)} is set by `auth`"
            context.report.error(place, "TB052", message, "leave it out")
        if lower in seen:
            message = f"the header {shown(name)} stands twice; case makes no difference"
            context.report.error(place, "TB052", message, "keep one of them")
        seen.add(lower)


def is_sensitive(name: str) -> bool:
    """Whether a header or parameter of that name usually holds a credential."""
    return SENSITIVE.search(name) is not None


def is_sensitive_parameter(name: str) -> bool:
    """The same of a parameter, which is often called `key` and no more."""
    return is_sensitive(name) or name.lower() in _ALONE
