"""How each auth type signs a request."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import assert_never
from urllib.parse import quote

from ticketbridge.mapping.spec import (
    ApiKeyAuthSpec,
    AuthSpec,
    BasicAuthSpec,
    BearerAuthSpec,
    NoAuthSpec,
)
from ticketbridge.upstream.messages import PlatformRequest

Signer = Callable[[PlatformRequest], PlatformRequest]
"""Gives the same request with the platform's credentials on it."""


def compile_auth(spec: AuthSpec) -> Signer:
    """The signer that *spec* declares."""
    match spec:
        case NoAuthSpec():
            return lambda request: request
        case BearerAuthSpec():
            return _header("Authorization", f"Bearer {spec.token.reveal()}")
        case BasicAuthSpec():
            pair = f"{spec.username.reveal()}:{spec.password.reveal()}".encode()
            return _header("Authorization", f"Basic {base64.b64encode(pair).decode()}")
        case ApiKeyAuthSpec():
            return _api_key(spec)
        case _:
            assert_never(spec)


def _api_key(spec: ApiKeyAuthSpec) -> Signer:
    value = spec.value.reveal()
    match spec.location:
        case "header":
            return _header(spec.name, value)
        case "cookie":
            return _header("Cookie", f"{spec.name}={value}")
        case "query":
            return _query(quote(spec.name, safe=""), quote(value, safe=""))
        case _:
            assert_never(spec.location)


def _header(name: str, value: str) -> Signer:
    def sign(request: PlatformRequest) -> PlatformRequest:
        return PlatformRequest(request.url, (*request.headers, (name, value)))

    return sign


def _query(name: str, value: str) -> Signer:
    """Sets the parameter anew: a next URL may come with the key in it, or without."""

    def sign(request: PlatformRequest) -> PlatformRequest:
        base, _, query = request.url.partition("?")
        kept = [part for part in query.split("&") if part and part.partition("=")[0] != name]
        return PlatformRequest(f"{base}?{'&'.join([*kept, f'{name}={value}'])}", request.headers)

    return sign
