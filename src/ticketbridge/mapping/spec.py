"""What a mapping declares, as frozen values: no behaviour, nothing compiled.

`loader.load_mapping` makes a MappingSpec; `bridge.compile_mapping` makes it run. Durations are
seconds, sizes bytes. Every expression and template knows its place in the file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from typing import Literal

from ticketbridge.mapping.findings import Finding, Place
from ticketbridge.mapping.spec_connections import BreakerSpec, FileSpec, TlsSpec
from ticketbridge.mapping.spec_requests import (
    OWNS_NOTHING,
    Action,
    ApiKeyAuthSpec,
    AuthSpec,
    BasicAuthSpec,
    BearerAuthSpec,
    BodySpec,
    FormatSpec,
    FormBodySpec,
    GraphqlBodySpec,
    JsonBodySpec,
    JsonFormatSpec,
    LoginSpec,
    NoAuthSpec,
    OAuth2AuthSpec,
    PollSpec,
    RequestSpec,
    RuleSpec,
    SessionAuthSpec,
    StatusRange,
    XmlFormatSpec,
)
from ticketbridge.mapping.spec_texts import (
    ExpressionSpec,
    Secret,
    TemplateSpec,
    expressions_in,
    parts_within,
    secrets_in,
)
from ticketbridge.mapping.spec_ticket import (
    ConstSpec,
    FieldSpec,
    NamedField,
    ObjectSpec,
    ReasonSpec,
    ResponseSpec,
    StatusTableSpec,
    TableSpec,
    TicketSpec,
)

__all__ = [
    "OWNS_NOTHING",
    "AccessSpec",
    "Action",
    "ApiKeyAuthSpec",
    "AuthSpec",
    "BasicAuthSpec",
    "BearerAuthSpec",
    "BindingSpec",
    "BodySpec",
    "BreakerSpec",
    "CallSpec",
    "ConstSpec",
    "CursorSpec",
    "EndpointSpec",
    "EntrySpec",
    "ExpressionSpec",
    "FieldSpec",
    "FileSpec",
    "FormBodySpec",
    "FormatSpec",
    "GraphqlBodySpec",
    "IPNetwork",
    "JsonBodySpec",
    "JsonFormatSpec",
    "LinkHeaderSpec",
    "LoginSpec",
    "MappingSpec",
    "NamedField",
    "NextUrlSpec",
    "NoAuthSpec",
    "NumberSpec",
    "OAuth2AuthSpec",
    "ObjectSpec",
    "OffsetSpec",
    "PagesSpec",
    "PagingSpec",
    "PollSpec",
    "ReasonSpec",
    "RequestSpec",
    "ResponseSpec",
    "ResultKind",
    "ResultSpec",
    "RuleSpec",
    "Secret",
    "SessionAuthSpec",
    "SharedSecret",
    "StatusRange",
    "StatusTableSpec",
    "TableSpec",
    "TemplateSpec",
    "TicketSpec",
    "TlsSpec",
    "UpstreamSpec",
    "UserFormat",
    "XmlFormatSpec",
    "expressions_in",
    "parts_within",
    "secrets_in",
]

IPNetwork = IPv4Network | IPv6Network


# --- endpoint -----------------------------------------------------------------------------------


UserFormat = Literal["email", "phone", "any"]


@dataclass(frozen=True, slots=True)
class SharedSecret:
    """A secret of menta tech's. *number* counts the entries of `secrets`, the empty ones too, from 1.

    *variable* is the name of the variable that the whole entry is, or "".
    """

    text: Secret
    number: int
    variable: str = ""


@dataclass(frozen=True, slots=True)
class AccessSpec:
    """Who may ask. Neither a secret nor a network means `access: open`."""

    secret_header: str | None
    secrets: tuple[SharedSecret, ...]
    allow: tuple[IPNetwork, ...]

    @property
    def is_open(self) -> bool:
        """Whether everybody may ask."""
        return not self.secrets and not self.allow


@dataclass(frozen=True, slots=True)
class EndpointSpec:
    """What menta tech calls; *path* None takes the default."""

    path: str | None
    user_parameter: str
    user_format: UserFormat
    access: AccessSpec


# --- upstream -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class UpstreamSpec:
    """The platform's API and the limits of talking to it.

    *keep_alive* False opens a connection for each call; *live* refuses an answer that a cache has kept.
    """

    base_url: str  # without a trailing slash
    auth: AuthSpec
    headers: Mapping[str, Secret]
    timeout: float
    connect_timeout: float
    keep_alive: bool
    live: bool
    retries: int
    concurrency: int
    breaker: BreakerSpec
    tls: TlsSpec | None
    max_body: int
    max_pages: int
    max_calls: int
    max_records: int
    place: Place


# --- source -------------------------------------------------------------------------------------

ResultKind = Literal["take", "each", "collect"]


@dataclass(frozen=True, slots=True)
class NextUrlSpec:
    """The next page's URL stands in the answer."""

    url: ExpressionSpec
    any_path: bool


@dataclass(frozen=True, slots=True)
class LinkHeaderSpec:
    """The next page's URL stands in the answer's `Link` header."""

    any_path: bool


@dataclass(frozen=True, slots=True)
class CursorSpec:
    """The answer says with what to ask for the next page; the request places `page.cursor`."""

    cursor: ExpressionSpec


@dataclass(frozen=True, slots=True)
class NumberSpec:
    """Pages are numbered from *start*; the request places `page.number`."""

    start: int


@dataclass(frozen=True, slots=True)
class OffsetSpec:
    """Pages are *step* items apart, the first at 0; the request places `page.offset`."""

    step: int


PagingSpec = NextUrlSpec | LinkHeaderSpec | CursorSpec | NumberSpec | OffsetSpec


@dataclass(frozen=True, slots=True)
class PagesSpec:
    """How one call walks over pages, when it is over, and how many items there must be.

    *items* is what counts as an item of a paged `take`.
    """

    paging: PagingSpec
    last: ExpressionSpec | None
    total: ExpressionSpec | None
    place: Place
    items: ExpressionSpec | None = None


@dataclass(frozen=True, slots=True)
class ResultSpec:
    """What an entry binds. *expression* None is `take: body`."""

    kind: ResultKind
    expression: ExpressionSpec | None


@dataclass(frozen=True, slots=True)
class CallSpec:
    """An entry of `source` that calls the platform."""

    name: str
    request: RequestSpec
    condition: ExpressionSpec | None
    responses: tuple[RuleSpec, ...]
    pages: PagesSpec | None
    result: ResultSpec
    format: FormatSpec
    any_content_type: bool
    place: Place


@dataclass(frozen=True, slots=True)
class BindingSpec:
    """An entry of `source` that only goes down a level (`each`) or names a value (`take`)."""

    name: str
    kind: Literal["take", "each"]
    expression: ExpressionSpec
    place: Place


EntrySpec = CallSpec | BindingSpec


@dataclass(frozen=True, slots=True)
class MappingSpec:
    """One mapping file. *warnings* is what is doubtful in it, but does not stop it."""

    platform: str
    title: str
    endpoint: EndpointSpec
    upstream: UpstreamSpec
    source: tuple[EntrySpec, ...]
    ticket: TicketSpec
    response: ResponseSpec
    place: Place
    warnings: tuple[Finding, ...] = ()
