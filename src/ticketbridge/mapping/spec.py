"""The content of a mapping as frozen values. Nothing is compiled here.

Each key is declared with its text, example and default. `loader.load_mapping` makes a MappingSpec,
and `bridge.compile_mapping` makes it run. Durations are in seconds, sizes in bytes. Every expression
and every template knows its place in the file.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from ticketbridge.mapping.findings import Finding, Place
from ticketbridge.mapping.keys import Declared, ValueKind, declared, key, mapping_of, needed
from ticketbridge.mapping.named_files import FileSpec, read_schema
from ticketbridge.mapping.networks import IPNetwork
from ticketbridge.mapping.read_context import Context
from ticketbridge.mapping.spec_answers import (
    NOTHING_THERE,
    OWNS_NOTHING,
    RuleSpec,
    StatusRange,
)
from ticketbridge.mapping.spec_auth import (
    ApiKeyAuthSpec,
    AuthSpec,
    BasicAuthSpec,
    BearerAuthSpec,
    NoAuthSpec,
    claimed_by,
)
from ticketbridge.mapping.spec_endpoint import (
    ENDPOINT,
    AccessSpec,
    EndpointSpec,
    SharedSecret,
    UserFormat,
)
from ticketbridge.mapping.spec_formats import (
    JSON_FORMAT,
    CsvFormatSpec,
    FormatSpec,
    JsonFormatSpec,
    NdjsonFormatSpec,
    TextFormatSpec,
    XmlFormatSpec,
)
from ticketbridge.mapping.spec_oauth2 import OAuth2AuthSpec, PrivateKeySpec
from ticketbridge.mapping.spec_pages import (
    CursorSpec,
    LinkHeaderSpec,
    NextUrlSpec,
    NumberSpec,
    OffsetSpec,
    PagesSpec,
    PagingSpec,
)
from ticketbridge.mapping.spec_requests import (
    BodySpec,
    FormBodySpec,
    GraphqlBodySpec,
    JsonBodySpec,
    RequestSpec,
    TextBodySpec,
    XmlBodySpec,
)
from ticketbridge.mapping.spec_session import TOKEN_ROOT, LoginSpec, SessionAuthSpec
from ticketbridge.mapping.spec_signature import (
    DigestAuthSpec,
    OAuth1AuthSpec,
    SignatureAuthSpec,
)
from ticketbridge.mapping.spec_source import (
    SOURCE,
    BindingSpec,
    CallSpec,
    EntrySpec,
    ResultKind,
    ResultSpec,
    check_hosts,
    check_source,
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
    TICKET,
    ConstSpec,
    FieldSpec,
    NamedField,
    ObjectSpec,
    ReasonSpec,
    StatusTableSpec,
    TableSpec,
    TicketSpec,
)
from ticketbridge.mapping.spec_upstream import (
    UPSTREAM,
    BreakerSpec,
    ProxySpec,
    TlsSpec,
    UpstreamSpec,
)
from ticketbridge.mapping.value_kinds import EXPRESSION, TITLE, RateSpec, only, pattern, word
from ticketbridge.mapping.yaml_nodes import Broken, Node

__all__ = [
    "DEFAULT_BODY",
    "JSON_FORMAT",
    "MAPPING",
    "NOTHING_THERE",
    "OWNS_NOTHING",
    "TOKEN_ROOT",
    "AccessSpec",
    "ApiKeyAuthSpec",
    "AuthSpec",
    "BasicAuthSpec",
    "BearerAuthSpec",
    "BindingSpec",
    "BodySpec",
    "BreakerSpec",
    "CallSpec",
    "ConstSpec",
    "CsvFormatSpec",
    "CursorSpec",
    "DigestAuthSpec",
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
    "NdjsonFormatSpec",
    "NextUrlSpec",
    "NoAuthSpec",
    "NumberSpec",
    "OAuth1AuthSpec",
    "OAuth2AuthSpec",
    "ObjectSpec",
    "OffsetSpec",
    "PagesSpec",
    "PagingSpec",
    "PrivateKeySpec",
    "ProxySpec",
    "RateSpec",
    "ReasonSpec",
    "RequestSpec",
    "ResponseSpec",
    "ResultKind",
    "ResultSpec",
    "RuleSpec",
    "Secret",
    "SessionAuthSpec",
    "SharedSecret",
    "SignatureAuthSpec",
    "StatusRange",
    "StatusTableSpec",
    "TableSpec",
    "TemplateSpec",
    "TextBodySpec",
    "TextFormatSpec",
    "TicketSpec",
    "TlsSpec",
    "UpstreamSpec",
    "UserFormat",
    "XmlBodySpec",
    "XmlFormatSpec",
    "claimed_by",
    "expressions_in",
    "parts_within",
    "secrets_in",
]

DEFAULT_BODY = "{userEmail: user, tickets: tickets}"


@declared
class ResponseSpec(Declared):
    """The body that menta tech gets. If *schema* is None, the bundled contract is its schema."""

    body: ExpressionSpec = key(
        EXPRESSION,
        "The answer, made from `user` and `tickets`; another body than the default needs its `schema`.",
        absent=DEFAULT_BODY,
    )
    schema: Mapping[str, Any] | None = key(
        ValueKind("the path of a file, or null", {"type": ["string", "null"]}, read_schema),
        "The path of another JSON Schema (2020-12) of the body, beside the mapping or below.",
        "acme.schema.json",
    )
    when_empty: Literal[200, 204] = key(
        word(200, 204), "The status for a user who owns nothing.", 204, absent=200
    )
    when_unknown_user: Literal[200, 404] = key(
        word(200, 404), "The status for a user whom the platform does not know.", 404, absent=200
    )
    place: Place


def _check_response(spec: ResponseSpec, node: Node, context: Context) -> None:
    body, schema = node.get("body"), node.get("schema")
    if body is None or isinstance(body, Broken) or isinstance(schema, Broken):
        return
    other = "".join(spec.body.text.split()) != "".join(DEFAULT_BODY.split())
    if other and (schema is None or schema.plain() is None):
        message = "another body than the default needs the `schema` that it is checked with"
        context.report.error(body.place, "TB080", message, "for example schema: acme.schema.json")


_VERSION = 1
_RESPONSE = mapping_of(ResponseSpec, define="response", heading="`response`", check=_check_response)
_ACCESS = {"access": {"secret_header": "X-Menta-Secret", "secrets": ["${MENTA_SECRET}"]}}
_STATUS = {
    "owner": "ticket.email",
    "status": {"const": "VALID"},
    "fields": {"ticketId": "ticket.id"},
}


@declared
class MappingSpec(Declared):
    """One mapping file. *warnings* are the findings that do not stop it."""

    version: int = needed(
        only(_VERSION, "the number 1"), "The version of the mapping language.", _VERSION
    )
    platform: str = needed(
        pattern("[a-z0-9_-]+", "a platform's name: small letters, digits, `_` and `-`"),
        "The platform's name in paths, logs and metrics: small letters, digits, `_` and `-`.",
        "acme",
    )
    title: str = key(
        TITLE,
        "What people call the platform and its API. Default: the platform's name.",
        "ACME Tickets, My Tickets API v2",
        absent="",
    )
    endpoint: EndpointSpec = needed(
        ENDPOINT,
        "What menta tech calls. Its `access` has `secret_header` and `secrets`, or `allow`, or both; "
        "`access: open` lets everyone ask, and is served on loopback only.",
        _ACCESS,
    )
    upstream: UpstreamSpec = needed(
        UPSTREAM,
        "The platform's existing API, and the limits of talking to it.",
        {"base_url": "${ACME_API}"},
    )
    source: tuple[EntrySpec, ...] = needed(
        SOURCE,
        "Nested loops, outermost first. Each entry binds its name for all that follow; the innermost "
        "bindings are the records.",
        [{"name": "ticket", "get": "/tickets", "query": {"email": "{user}"}, "each": "body.data"}],
    )
    ticket: TicketSpec = needed(
        TICKET, "How a record becomes a ticket: its owner, its status, and its fields.", _STATUS
    )
    response: ResponseSpec = key(
        _RESPONSE,
        "What menta tech gets, where a platform has its own agreement.",
        {"when_empty": 204},
        absent={},
    )
    place: Place
    warnings: tuple[Finding, ...] = ()


def _check_mapping(spec: MappingSpec, node: Node, context: Context) -> None:
    check_source(spec.source, node.need("source"), claimed_by(spec.upstream.auth), context)
    check_hosts(spec.source, node, context)


MAPPING = mapping_of(
    MappingSpec, "ticketbridge mapping, version 1", heading="The file", check=_check_mapping
)
