"""What a mapping declares, as frozen values: no behaviour, nothing compiled.

`loader.load_mapping` makes a MappingSpec; `bridge.compile_mapping` makes it run. Durations are
seconds, sizes bytes. Every expression and template knows its place in the file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network
from typing import Any, Literal

from ticketbridge.mapping.findings import Finding, Place
from ticketbridge.mapping.places import Piece, place_at

IPNetwork = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class Secret:
    """Text that may hold a credential: `reveal()` gives it, and nothing prints it."""

    _value: str

    def reveal(self) -> str:
        """The text itself, for the one place that sends or compares it."""
        return self._value

    def __repr__(self) -> str:
        return "Secret('**********')"

    __str__ = __repr__


@dataclass(frozen=True, slots=True)
class ExpressionSpec:
    """JMESPath *text*; *place* is where its first character stands."""

    text: str
    place: Place
    pieces: tuple[Piece, ...] = field(default=(), repr=False, compare=False)

    def at(self, offset: int) -> Place:
        """Where the character at *offset* of the text stands in the file."""
        return place_at(self.pieces, offset, self.place)


@dataclass(frozen=True, slots=True)
class TemplateSpec:
    """A request string: literal text, values of variables and `{expression}` holes, in order."""

    parts: tuple[str | Secret | ExpressionSpec, ...]
    place: Place


# --- endpoint -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AccessSpec:
    """Who may ask. Neither a secret nor a network means `access: open`."""

    secret_header: str | None
    secrets: tuple[Secret, ...]
    allow: tuple[IPNetwork, ...]


@dataclass(frozen=True, slots=True)
class EndpointSpec:
    """What menta tech calls; *path* None takes the default."""

    path: str | None
    user_parameter: str
    user_format: Literal["email", "any"]
    access: AccessSpec


# --- upstream -----------------------------------------------------------------------------------


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
class LoginSpec:
    """The request that a session begins with, and the rules of its answer."""

    request: RequestSpec
    responses: tuple[RuleSpec, ...]
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


@dataclass(frozen=True, slots=True)
class UpstreamSpec:
    """The platform's API and the limits of talking to it."""

    base_url: str  # without a trailing slash
    auth: AuthSpec
    headers: Mapping[str, Secret]
    timeout: float
    connect_timeout: float
    retries: int
    concurrency: int
    max_body: int
    max_pages: int
    max_calls: int
    max_records: int
    place: Place


# --- source -------------------------------------------------------------------------------------

Action = Literal["ok", "empty", "unknown_user", "fail", "retry", "poll", "reauthenticate"]
ResultKind = Literal["take", "each", "collect"]


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
    """How one call walks over pages, when it is over, and how many items there must be."""

    paging: PagingSpec
    last: ExpressionSpec | None
    total: ExpressionSpec | None
    place: Place


@dataclass(frozen=True, slots=True)
class ResultSpec:
    """What an entry binds. *expression* None is `take: body`."""

    kind: ResultKind
    expression: ExpressionSpec | None


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


@dataclass(frozen=True, slots=True)
class CallSpec:
    """An entry of `source` that calls the platform."""

    name: str
    request: RequestSpec
    condition: ExpressionSpec | None
    responses: tuple[RuleSpec, ...]
    pages: PagesSpec | None
    result: ResultSpec
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

# --- ticket -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ConstSpec:
    """`{const: x}`."""

    value: Any
    place: Place


@dataclass(frozen=True, slots=True)
class TableSpec:
    """`{from: e, values: {a: b}, else: x}`. *otherwise* None: an unlisted value is a violation."""

    source: ExpressionSpec
    values: Mapping[str, ConstSpec]
    otherwise: ConstSpec | None
    place: Place


@dataclass(frozen=True, slots=True)
class ObjectSpec:
    """An object of fields."""

    fields: tuple[NamedField, ...]
    place: Place


FieldSpec = ExpressionSpec | ConstSpec | TableSpec | ObjectSpec


@dataclass(frozen=True, slots=True)
class NamedField:
    """A field and its name; *place* is where the name stands."""

    name: str
    field: FieldSpec
    place: Place


@dataclass(frozen=True, slots=True)
class StatusTableSpec:
    """The platform's status words, each with a text; every `values` has a VALID."""

    source: ExpressionSpec
    values: Mapping[str, ConstSpec]
    place: Place


@dataclass(frozen=True, slots=True)
class ReasonSpec:
    """One entry of `not_eligible_when`; true means not eligible."""

    name: str
    expression: ExpressionSpec


@dataclass(frozen=True, slots=True)
class TicketSpec:
    """From a record to a ticket or a verdict.

    *owner* None is `owner: upstream`; no *statuses*: all are valid.
    """

    owner: ExpressionSpec | None
    statuses: tuple[StatusTableSpec, ...]
    not_eligible_when: tuple[ReasonSpec, ...]
    fields: ObjectSpec
    on_violation: Literal["fail", "omit"]
    ineligible: Literal["omit", "mark"]
    place: Place


@dataclass(frozen=True, slots=True)
class ResponseSpec:
    """The body that menta tech gets. *schema* None is the bundled contract."""

    body: ExpressionSpec
    schema: Mapping[str, Any] | None
    when_empty: Literal[200, 204]
    when_unknown_user: Literal[200, 404]
    place: Place


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
