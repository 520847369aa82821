"""What a mapping declares of requests, of the credentials that they carry, and of what answers mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ticketbridge.mapping.findings import Place
from ticketbridge.mapping.spec_texts import ExpressionSpec, Secret, TemplateSpec


@dataclass(frozen=True, slots=True)
class JsonBodySpec:
    """`json`: a tree of objects, lists and plain values, in which every text is a template."""

    value: Any


@dataclass(frozen=True, slots=True)
class FormBodySpec:
    """`form`: parameters as in a query; a list repeats its parameter."""

    fields: Mapping[str, tuple[TemplateSpec, ...]]


@dataclass(frozen=True, slots=True)
class GraphqlBodySpec:
    """`graphql`: a literal *query*, and *variables* as in `json`."""

    query: str
    variables: Mapping[str, Any]


BodySpec = JsonBodySpec | FormBodySpec | GraphqlBodySpec


@dataclass(frozen=True, slots=True)
class RequestSpec:
    """One request to the platform. *query* lists give the parameter repeatedly.

    *idempotent*: sending it twice does no more than sending it once, so that it may be tried again.
    """

    method: Literal["GET", "POST"]
    path: TemplateSpec
    query: Mapping[str, tuple[TemplateSpec, ...]]
    headers: Mapping[str, TemplateSpec]
    body: BodySpec | None
    idempotent: bool


Action = Literal["ok", "empty", "unknown_user", "fail", "retry", "poll", "reauthenticate"]
OWNS_NOTHING: frozenset[Action] = frozenset({"empty", "unknown_user"})
"""The actions that say so of the asked user."""


@dataclass(frozen=True, slots=True)
class StatusRange:
    """HTTP statuses from *first* to *last*, both included; `4xx` is 400 to 499."""

    first: int
    last: int


@dataclass(frozen=True, slots=True)
class PollSpec:
    """Where and after how many seconds to ask again. *url* None is the same request; *place*: the wait's."""

    url: ExpressionSpec | None
    after: float
    place: Place


@dataclass(frozen=True, slots=True)
class RuleSpec:
    """One entry of `responses`. *status* None applies to 2xx answers only; *poll* is there with `poll`."""

    status: tuple[StatusRange, ...] | None
    when: ExpressionSpec | None
    then: Action
    message: ExpressionSpec | None
    place: Place
    poll: PollSpec | None = None


@dataclass(frozen=True, slots=True)
class NoAuthSpec:
    """`auth: {type: none}`."""


@dataclass(frozen=True, slots=True)
class BearerAuthSpec:
    """`Authorization: Bearer <token>` on every request."""

    token: Secret


@dataclass(frozen=True, slots=True)
class BasicAuthSpec:
    """HTTP basic authentication, in UTF-8."""

    username: Secret
    password: Secret


@dataclass(frozen=True, slots=True)
class ApiKeyAuthSpec:
    """A key *name*: *value* in the header, the query or a cookie of every request."""

    location: Literal["header", "query", "cookie"]
    name: str
    value: Secret


@dataclass(frozen=True, slots=True)
class OAuth2AuthSpec:
    """OAuth 2.0 client credentials (RFC 6749, section 4.4): a bearer token from *token_url*."""

    token_url: str
    client_id: Secret
    client_secret: Secret
    scope: str | None
    audience: str | None
    send: Literal["basic", "body"]


@dataclass(frozen=True, slots=True)
class JsonFormatSpec:
    """`format: json`."""


@dataclass(frozen=True, slots=True)
class XmlFormatSpec:
    """`format: xml`. *lists* are the paths of elements that are always lists, by their ends."""

    lists: tuple[tuple[str, ...], ...]


FormatSpec = JsonFormatSpec | XmlFormatSpec


@dataclass(frozen=True, slots=True)
class LoginSpec:
    """The request that a session begins with, and the rules of its answer."""

    request: RequestSpec
    responses: tuple[RuleSpec, ...]
    format: FormatSpec
    any_content_type: bool
    place: Place
    name: str = "login"


@dataclass(frozen=True, slots=True)
class SessionAuthSpec:
    """A token that *login* gives, and *header* carries as *value*.

    *expires_in*: an expression that gives seconds, seconds, or None where only a 401 tells.
    """

    login: LoginSpec
    token: ExpressionSpec
    expires_in: ExpressionSpec | float | None
    header: str
    value: TemplateSpec


AuthSpec = (
    NoAuthSpec | BearerAuthSpec | BasicAuthSpec | ApiKeyAuthSpec | OAuth2AuthSpec | SessionAuthSpec
)
