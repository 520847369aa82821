"""The credentials of each auth type that are known before the request."""

from __future__ import annotations

import base64
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, assert_never
from urllib.parse import quote, unquote, unquote_plus

from ticketbridge.mapping.spec import (
    ApiKeyAuthSpec,
    AuthSpec,
    BasicAuthSpec,
    BearerAuthSpec,
    DigestAuthSpec,
    NoAuthSpec,
    OAuth1AuthSpec,
    OAuth2AuthSpec,
    SessionAuthSpec,
    SignatureAuthSpec,
)


@dataclass(frozen=True, slots=True)
class Credentials:
    """Headers of a request, and query parameters (names and values, escaped).

    *token* is set if the requests place it themselves: a text, an integer, or an object of these. *made* are
    further texts that no log may repeat: the sources of the headers and parameters. *names_all*: only *made*
    is secret, because some headers and parameters are public, for example a time.
    """

    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    parameters: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    token: Any = field(default=None, repr=False)
    made: tuple[str, ...] = field(default=(), repr=False)
    names_all: bool = False

    def secrets(self) -> Iterator[str]:
        """Yield the texts that no log line may repeat: of each value the part that a platform would name."""
        yield from self.made
        if self.names_all:
            return
        for name, value in self.headers.items():
            yield value.partition("=")[2] if name == "Cookie" else value.rpartition(" ")[2]
        yield from (unquote(value) for _, value in self.parameters)
        parts = self.token.values() if isinstance(self.token, dict) else (self.token,)
        yield from (part for part in parts if isinstance(part, str))

    def on(self, url: str) -> str:
        """Return *url* with the parameters set: a next URL may have old ones, or none."""
        return with_parameters(url, self.parameters) if self.parameters else url


def with_parameters(url: str, parameters: Sequence[tuple[str, str]]) -> str:
    """Return *url* with these query *parameters* (names and values, escaped) in place of its own."""
    bare = without_parameters(url, {unquote(name) for name, _ in parameters})
    added = "&".join(f"{name}={value}" for name, value in parameters)
    return f"{bare}{'&' if '?' in bare else '?'}{added}"


def without_parameters(url: str, names: Collection[str]) -> str:
    """Return *url* without the query parameters of these *names*, however they are escaped there."""
    base, _, query = url.partition("?")
    kept = [part for part in query.split("&") if part and _name_of(part) not in names]
    return f"{base}?{'&'.join(kept)}" if kept else base


def _name_of(part: str) -> str:
    return unquote_plus(part.partition("=")[0])


def fixed_credentials(spec: AuthSpec) -> Credentials | None:
    """Return the credentials of every request, or None if there are none, or each request has its own."""
    match spec:
        case NoAuthSpec() | OAuth2AuthSpec() | SessionAuthSpec():
            return None
        case SignatureAuthSpec() | OAuth1AuthSpec() | DigestAuthSpec():
            return None
        case BearerAuthSpec():
            return bearer(spec.token.reveal())
        case BasicAuthSpec():
            return basic(spec.username.reveal(), spec.password.reveal())
        case ApiKeyAuthSpec():
            return _api_key(spec)
        case _:
            assert_never(spec)


def bearer(token: str, scheme: str = "Bearer") -> Credentials:
    """Return `Authorization: Bearer <token>`, or the same with another *scheme*."""
    return Credentials({"Authorization": f"{scheme} {token}"})


def basic(username: str, password: str) -> Credentials:
    """Return `Authorization: Basic …`, in UTF-8."""
    pair = f"{username}:{password}".encode()
    return Credentials({"Authorization": f"Basic {base64.b64encode(pair).decode()}"})


def _api_key(spec: ApiKeyAuthSpec) -> Credentials:
    value = spec.value.reveal()
    match spec.location:
        case "header":
            return Credentials({spec.name: value})
        case "cookie":
            return Credentials({"Cookie": f"{spec.name}={value}"})
        case "query":
            return Credentials(parameters=((quote(spec.name, safe=""), quote(value, safe="")),))
        case _:
            assert_never(spec.location)
