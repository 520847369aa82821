"""Digests of texts, for the signatures of requests."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType

from ticketbridge.jmes import kinds
from ticketbridge.jmes.budget import spend, steps_of_text
from ticketbridge.jmes.errors import ArgumentFault, one_of
from ticketbridge.jmes.kinds import Example, Function, Parameter

_ALGORITHMS = {name: name for name in ("md5", "sha1", "sha256", "sha512")}
_ENCODE: Mapping[str, Callable[[bytes], str]] = MappingProxyType(
    {
        "hex": bytes.hex,
        "base64": lambda content: base64.b64encode(content).decode(),
        "base64url": lambda content: base64.urlsafe_b64encode(content).decode(),
    }
)
_DECODE: Mapping[str, Callable[[str], bytes]] = MappingProxyType(
    {
        "hex": bytes.fromhex,
        "base64": lambda text: base64.b64decode(text, validate=True),
        "base64url": lambda text: base64.b64decode(text, altchars=b"-_", validate=True),
    }
)


def _decoder(name: str | None) -> Callable[[str], bytes]:
    return str.encode if name is None else one_of(name, _DECODE, "encodings")


def _bytes_of(text: str) -> bytes:
    spend(steps_of_text(len(text)))
    return text.encode()


def _hash(text: str, algorithm: str, encode: Callable[[bytes], str]) -> str:
    return encode(hashlib.new(algorithm, _bytes_of(text), usedforsecurity=False).digest())


def _hmac(
    text: str,
    key: str,
    algorithm: str,
    encode: Callable[[bytes], str],
    decode: Callable[[str], bytes],
) -> str:
    try:
        secret = decode(key)
    except (ValueError, binascii.Error):
        # Neither the key nor a part of it may stand in an error.
        raise ArgumentFault("the key is not written in the encoding that is named") from None
    if not secret:
        raise ArgumentFault("the key is empty")
    return encode(hmac.digest(secret, _bytes_of(text), algorithm))


_TEXT = Parameter("text", kinds.STRING)
_ALGORITHM = Parameter(
    "algorithm",
    kinds.STRING,
    prepare=partial(one_of, known=_ALGORITHMS, what="algorithms"),
    literal=True,
)
_ENCODING = Parameter(
    "encoding", kinds.STRING, prepare=partial(one_of, known=_ENCODE, what="encodings"), literal=True
)
_KEY_ENCODING = Parameter(
    "key_encoding", kinds.STRING_OR_NULL, prepare=_decoder, optional=True, literal=True
)

DIGESTS = (
    Function(
        "hash",
        (_TEXT, _ALGORITHM, _ENCODING),
        kinds.STRING,
        "The digest of the text (as UTF-8). Algorithms: `md5`, `sha1`, `sha256`, `sha512`. Encodings:"
        " `hex` (small letters), `base64`, `base64url` (both with padding).",
        (
            Example(
                "hash(mail, 'md5', 'hex')",
                {"mail": "ana@example.com"},
                "cdb9d6a1dddc375a09cc83e3001598dc",
            ),
        ),
        _hash,
    ),
    Function(
        "hmac",
        (_TEXT, Parameter("key", kinds.STRING), _ALGORITHM, _ENCODING, _KEY_ENCODING),
        kinds.STRING,
        "The HMAC (RFC 2104) of the text with the key, in the algorithms and encodings of `hash`."
        " `key_encoding` says how the key is written, `hex`, `base64` or `base64url`; without it, the"
        " key is the text itself. An empty key is an error.",
        (
            Example(
                "hmac(text, 'key', 'sha256', 'hex')",
                {"text": "The quick brown fox jumps over the lazy dog"},
                "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8",
            ),
        ),
        _hmac,
    ),
    Function(
        "base64",
        (_TEXT,),
        kinds.STRING,
        "The text (as UTF-8) in base64, with padding.",
        (Example("base64(text)", {"text": "ana:secret"}, "YW5hOnNlY3JldA=="),),
        lambda text: _ENCODE["base64"](_bytes_of(text)),
    ),
)
