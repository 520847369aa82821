"""Names that usually mean a credential: of headers, of parameters and of variables."""

from __future__ import annotations

import re

_SENSITIVE = re.compile(
    r"authori[sz]ation|cookie|token|secret|passw|passphrase|credential|signature|bearer"
    r"|(?:api|app|access|auth|account|client|consumer|license|private|service|shared|signing|subscription)"
    r"[-_.]?key|session[-_]?id|(?:^|[-_.])(?:pwd|jwt|hmac|sig|auth)$",
    re.IGNORECASE,
)
_ALONE = frozenset({"key", "sid", "pass", "pin", "otp", "apikey"})
_PLACE = re.compile(r"_(?:header|url)$")  # of keys that say where a credential goes, or comes from
_API_KEY = "value"  # under `auth: {type: api_key}`


def is_sensitive(name: str) -> bool:
    """Return whether a header or parameter called *name* usually holds a credential."""
    return _SENSITIVE.search(name) is not None


def is_sensitive_parameter(name: str) -> bool:
    """Return whether a parameter called *name* usually holds a credential.

    Parameters have more such names than headers, for example just `key`.
    """
    return is_sensitive(name) or name.lower() in _ALONE


def is_sensitive_variable(variable: str, key: str) -> bool:
    """Return whether a *variable* under that *key* of a mapping usually holds a credential."""
    words = {*variable.split("_"), *((variable, key) if not _PLACE.search(key) else ())}
    return key == _API_KEY or any(map(is_sensitive_parameter, words))
