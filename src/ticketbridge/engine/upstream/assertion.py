"""JWTs that sign a login (RFC 7523). Only this module uses PyJWT and its keys."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

_LIVES = 45
"""Seconds for which an assertion is valid.

Platforms accept between one minute and one hour at most, and their clocks may be a little behind ours.
"""
_SMALLEST_RSA = 2048  # bits: RFC 7518, section 3.3
_CURVES = {"secp256r1": "ES256", "secp384r1": "ES384", "secp521r1": "ES512"}


class KeySlip(ValueError):
    """The reason why a private key cannot be used; the text never shows the key."""

    def __init__(self, message: str, suggestion: str = "") -> None:
        self.suggestion = suggestion
        super().__init__(message)


def compile_assertion(claims: Mapping[str, Any], pem: str) -> Callable[[], str]:
    """Return a function that makes a JWT with *claims*, signed with the key *pem*.

    Each JWT is issued at the time of the call, and has its own id. Raises KeySlip.
    """
    key = _read_key(pem)
    algorithm = _algorithm_of(key)

    def sign() -> str:
        now = int(_now())
        fresh = {"iat": now, "exp": now + _LIVES, "jti": uuid.uuid4().hex}
        return jwt.encode({**claims, **fresh}, key, algorithm=algorithm)

    return sign


def _read_key(pem: str) -> Any:
    try:
        return load_pem_private_key(pem.encode(), password=None)
    except TypeError:
        hint = "keep the key without one, in a secret"
        raise KeySlip("is protected by a passphrase, which nobody could enter", hint) from None
    except (ValueError, UnsupportedAlgorithm):
        hint = "a PEM text begins with -----BEGIN PRIVATE KEY-----; NAME_FILE may name its file"
        raise KeySlip("holds no private key in PEM form", hint) from None


def _algorithm_of(key: Any) -> str:
    match key:
        case RSAPrivateKey() if key.key_size < _SMALLEST_RSA:
            raise KeySlip(f"is an RSA key of fewer than {_SMALLEST_RSA} bits", "make a longer one")
        case RSAPrivateKey():
            return "RS256"
        case EllipticCurvePrivateKey() if key.curve.name in _CURVES:
            return _CURVES[key.curve.name]
        case Ed25519PrivateKey():
            return "EdDSA"
        case _:
            raise KeySlip(
                "is a key of a kind that signs no JWT", "RSA, P-256, P-384 and Ed25519 do"
            )


def _now() -> float:
    return time.time()
