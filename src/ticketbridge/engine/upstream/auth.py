"""What each auth type puts on a request, where it is known beforehand."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, assert_never
from urllib.parse import quote, unquote, unquote_plus

from ticketbridge.mapping.spec import (
    ApiKeyAuthSpec,
    AuthSpec,
    BasicAuthSpec,
    BearerAuthSpec,
    NoAuthSpec,
    OAuth2AuthSpec,
    SessionAuthSpec,
)


@dataclass(frozen=True, slots=True)
class Credentials:
    """Headers of every request, and one query parameter (name and value, escaped) or none.

    *token* is what the requests place themselves, where they do: a text, an integer, or an object of these.
    """

    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    parameter: tuple[str, str] | None = field(default=None, repr=False)
    token: Any = field(default=None, repr=False)

    def secrets(self) -> Iterator[str]:
        """What no log line may repeat: of each value the part that a platform would name."""
        for name, value in self.headers.items():
            yield value.partition("=")[2] if name == "Cookie" else value.rpartition(" ")[2]
        if self.parameter is not None:
            yield unquote(self.parameter[1])
        parts = self.token.values() if isinstance(self.token, dict) else (self.token,)
        yield from (part for part in parts if isinstance(part, str))

    def on(self, url: str) -> str:
        """*url* with the parameter set anew: a next URL may come with a key in it, or without."""
        return url if self.parameter is None else with_parameters(url, [self.parameter])


def with_parameters(url: str, parameters: Sequence[tuple[str, str]]) -> str:
    """Return *url* with these query *parameters* (names and values, escaped) in place of its own."""
    base, _, query = url.partition("?")
    names = {unquote(name) for name, _ in parameters}
    kept = [part for part in query.split("&") if part and _name_of(part) not in names]
    return f"{base}?{'&'.join([*kept, *(f'{name}={value}' for name, value in parameters)])}"


def _name_of(part: str) -> str:
    return unquote_plus(part.partition("=")[0])


def fixed_credentials(spec: AuthSpec) -> Credentials | None:
    """Return the credentials of every request, or None where there are none, or a login gives them."""
    match spec:
        case NoAuthSpec() | OAuth2AuthSpec() | SessionAuthSpec():
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
    """`Authorization: Bearer <token>`."""
    return Credentials({"Authorization": f"{scheme} {token}"})


def basic(username: str, password: str) -> Credentials:
    """`Authorization: Basic …`, in UTF-8."""
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
            return Credentials(parameter=(quote(spec.name, safe=""), quote(value, safe="")))
        case _:
            assert_never(spec.location)
