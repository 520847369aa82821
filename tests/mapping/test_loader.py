"""From a file to a spec: the whole language at once, and files that cannot be read."""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path

import pytest

from tests.mapping.support import GOOD, VARIABLES, made, short
from ticketbridge.mapping import Environment, MappingError, load_mapping, parse_mapping
from ticketbridge.mapping.findings import Place
from ticketbridge.mapping.loader import MAX_BYTES
from ticketbridge.mapping.spec import (
    AccessSpec,
    BearerAuthSpec,
    BindingSpec,
    BreakerSpec,
    CallSpec,
    ConstSpec,
    EndpointSpec,
    ExpressionSpec,
    JsonFormatSpec,
    MappingSpec,
    NamedField,
    NumberSpec,
    ObjectSpec,
    PagesSpec,
    ReasonSpec,
    RequestSpec,
    ResponseSpec,
    ResultSpec,
    RuleSpec,
    Secret,
    SharedSecret,
    StatusTableSpec,
    TemplateSpec,
    TicketSpec,
    UpstreamSpec,
)
from ticketbridge.mapping.spec_answers import WaitSpec

FULL = """\
# yaml-language-server: $schema=mapping.schema.json
version: 1
platform: acme                       # names it in paths, logs and metrics
title: ACME Tickets, My Tickets API v2

endpoint:
  path: /tickets
  user_parameter: user
  user_format: email
  access:
    secret_header: X-Menta-Secret
    secrets: ["${MENTA_SECRET}", "${MENTA_SECRET_NEXT:-}"]
    allow: [203.0.113.0/24, "2001:db8::/32"]

upstream:
  base_url: ${ACME_API}
  auth: {type: bearer, token: "${ACME_TOKEN}"}
  headers: {X-Channel: resale}
  timeout: 8s
  connect_timeout: 2s
  retries: 2
  concurrency: 50
  max_body: 10MB
  max_pages: 100
  max_calls: 200
  max_records: 20000

source:
  - name: customer
    get: /customers
    query: {email: "{user}"}
    responses:
      - {when: "length(body.data) == `0`", then: unknown_user}
    take: body.data[0]
  - name: order
    get: /customers/{customer.id}/orders
    query: {page: "{page.number}", per_page: "100"}
    pages: {number: {start: 1}, last: page.number >= body.page_count}
    each: body.data
  - name: item
    each: order.items

ticket:
  owner: order.customer.email
  status:
    from: item.state
    values: {PAID: VALID, CANCELLED: CANCELED, REFUNDED: REFUNDED, TRANSFERRED: TRANSFERRED}
  not_eligible_when:
    resold: item.resold_to != `null`
  fields:
    ticketId: item.id
    price: minor_units(item.amount_cents, item.cur)
    tags: {source: item.channel, category: lower(item.zone)}
    props:
      seating: {row: optional(item.row)}
  on_violation: fail
  ineligible: omit

response:
  body: "{userEmail: user, tickets: tickets}"
  schema: null
  when_empty: 200
  when_unknown_user: 200
"""
FULL_VARIABLES = {
    "MENTA_SECRET": "s3cret-of-menta-tech",
    "ACME_API": "https://api.acme.example/v2/",
    "ACME_TOKEN": "t0ken",
}


def at(line: int, column: int) -> Place:
    """A place in the full mapping."""
    return Place("acme.yaml", line, column)


def get_of(path: TemplateSpec, place: Place, **query: TemplateSpec) -> RequestSpec:
    """A GET of the entry at *place* with these parameters."""
    parameters = {name: (value,) for name, value in query.items()}
    return made(RequestSpec, place, get=path, query=parameters)


def expression(text: str, line: int, column: int) -> ExpressionSpec:
    """An expression of the full mapping."""
    return ExpressionSpec(text, at(line, column))


EXPECTED = made(
    MappingSpec,
    at(2, 1),
    version=1,
    platform="acme",
    title="ACME Tickets, My Tickets API v2",
    endpoint=made(
        EndpointSpec,
        at(7, 3),
        path="/tickets",
        user_parameter="user",
        user_format="email",
        access=AccessSpec(
            secret_header="X-Menta-Secret",
            secrets=(SharedSecret(Secret("s3cret-of-menta-tech"), 1, "MENTA_SECRET"),),
            allow=(ip_network("203.0.113.0/24"), ip_network("2001:db8::/32")),
        ),
    ),
    upstream=made(
        UpstreamSpec,
        at(16, 3),
        base_url="https://api.acme.example/v2",
        auth=BearerAuthSpec(Secret("t0ken")),
        headers={"X-Channel": Secret("resale")},
        timeout=8.0,
        connect_timeout=2.0,
        keep_alive=True,
        live=False,
        retries=2,
        concurrency=50,
        breaker=BreakerSpec(failures=10, open=5.0),
        max_body=10_000_000,
        max_pages=100,
        max_calls=200,
        max_records=20_000,
    ),
    source=(
        made(
            CallSpec,
            at(29, 5),
            name="customer",
            request=get_of(
                TemplateSpec(("/customers",), at(30, 10)),
                at(29, 5),
                email=TemplateSpec((expression("user", 31, 22),), at(31, 21)),
            ),
            responses=(
                made(
                    RuleSpec,
                    at(33, 9),
                    when=expression("length(body.data) == `0`", 33, 17),
                    then="unknown_user",
                    after=WaitSpec(1.0, at(33, 9)),
                ),
            ),
            take=expression("body.data[0]", 34, 11),
            format=JsonFormatSpec("utf-8"),
            any_content_type=False,
        ),
        made(
            CallSpec,
            at(35, 5),
            name="order",
            request=get_of(
                TemplateSpec(
                    ("/customers/", expression("customer.id", 36, 22), "/orders"), at(36, 10)
                ),
                at(35, 5),
                page=TemplateSpec((expression("page.number", 37, 21),), at(37, 20)),
                per_page=TemplateSpec(("100",), at(37, 47)),
            ),
            pages=made(
                PagesSpec,
                at(38, 12),
                number=NumberSpec(1),
                last=expression("page.number >= body.page_count", 38, 39),
            ),
            each=expression("body.data", 39, 11),
            format=JsonFormatSpec("utf-8"),
            any_content_type=False,
        ),
        made(BindingSpec, at(40, 5), name="item", each=expression("order.items", 41, 11)),
    ),
    ticket=made(
        TicketSpec,
        at(44, 3),
        owner=expression("order.customer.email", 44, 10),
        statuses=(
            StatusTableSpec(
                source=expression("item.state", 46, 11),
                values={
                    "PAID": ConstSpec("VALID", at(47, 20)),
                    "CANCELLED": ConstSpec("CANCELED", at(47, 38)),
                    "REFUNDED": ConstSpec("REFUNDED", at(47, 58)),
                    "TRANSFERRED": ConstSpec("TRANSFERRED", at(47, 81)),
                },
                place=at(46, 5),
            ),
        ),
        not_eligible_when=(ReasonSpec("resold", expression("item.resold_to != `null`", 49, 13)),),
        fields=ObjectSpec(
            (
                NamedField("ticketId", expression("item.id", 51, 15), at(51, 5)),
                NamedField(
                    "price",
                    expression("minor_units(item.amount_cents, item.cur)", 52, 12),
                    at(52, 5),
                ),
                NamedField(
                    "tags",
                    ObjectSpec(
                        (
                            NamedField("source", expression("item.channel", 53, 20), at(53, 12)),
                            NamedField(
                                "category", expression("lower(item.zone)", 53, 44), at(53, 34)
                            ),
                        ),
                        at(53, 11),
                    ),
                    at(53, 5),
                ),
                NamedField(
                    "props",
                    ObjectSpec(
                        (
                            NamedField(
                                "seating",
                                ObjectSpec(
                                    (
                                        NamedField(
                                            "row",
                                            expression("optional(item.row)", 55, 22),
                                            at(55, 17),
                                        ),
                                    ),
                                    at(55, 16),
                                ),
                                at(55, 7),
                            ),
                        ),
                        at(55, 7),
                    ),
                    at(54, 5),
                ),
            ),
            at(51, 5),
        ),
        on_violation="fail",
        ineligible="omit",
    ),
    response=made(
        ResponseSpec,
        at(60, 3),
        body=expression("{userEmail: user, tickets: tickets}", 60, 10),
        when_empty=200,
        when_unknown_user=200,
    ),
)


def test_the_whole_language_is_read() -> None:
    """A mapping that uses the language's every section becomes the spec that it says."""
    spec = parse_mapping(FULL, file="acme.yaml", environment=Environment(FULL_VARIABLES))

    assert spec == EXPECTED


def test_what_is_left_out_has_its_default() -> None:
    """The shortest mapping takes the documented defaults."""
    text = """\
version: 1
platform: acme
endpoint: {access: open}
upstream: {base_url: "https://api.acme.example"}
source: [{name: item, get: /tickets}]
ticket: {owner: upstream, status: {const: VALID}, fields: {ticketId: item.id}}
"""
    spec = parse_mapping(text, file="acme.yaml", environment=Environment({}))
    call = spec.source[0]
    assert isinstance(call, CallSpec)

    assert spec.title == "acme"
    assert (spec.endpoint.path, spec.endpoint.user_parameter) == (None, "user")
    assert (spec.endpoint.user_format, spec.endpoint.access) == ("email", AccessSpec(None, (), ()))
    upstream = spec.upstream
    assert (upstream.timeout, upstream.connect_timeout, upstream.retries) == (8.0, 2.0, 2)
    assert (upstream.keep_alive, upstream.live) == (True, False)
    assert (upstream.concurrency, upstream.max_body, upstream.max_pages) == (50, 10_000_000, 100)
    assert (upstream.max_calls, upstream.max_records) == (200, 20_000)
    assert upstream.breaker == BreakerSpec(failures=10, open=5.0)
    assert (call.result, call.pages, call.responses) == (ResultSpec("take", None), None, ())
    assert (spec.ticket.owner, spec.ticket.statuses) == (None, ())
    assert (spec.ticket.on_violation, spec.ticket.ineligible) == ("fail", "omit")
    assert spec.response.body.text == "{userEmail: user, tickets: tickets}"
    assert (spec.response.when_empty, spec.response.when_unknown_user) == (200, 200)
    assert spec.warnings == ()


def test_a_file_is_read(tmp_path: Path) -> None:
    """A mapping file, BOM or not, loads, and its places name the file."""
    file = tmp_path / "acme.yaml"
    file.write_bytes(b"\xef\xbb\xbf" + GOOD.encode())

    spec = load_mapping(file, environment=Environment(VARIABLES))

    assert spec.place == Place(str(file), 1, 1)


@pytest.mark.parametrize(
    ("content", "place", "words"),
    [
        pytest.param(b"a: b\nc: \xff", "2:4", "not UTF-8", id="not-utf-8"),
        pytest.param("é: \n".encode() + b"\xe9", "2:1", "not UTF-8", id="latin-1"),
        pytest.param(GOOD.encode("utf-16"), "1:1", "not UTF-8", id="utf-16"),
        pytest.param(b"#" * (MAX_BYTES + 1), "1:1", "over 256 KiB", id="too-large"),
        pytest.param(b"#" * MAX_BYTES + "é".encode(), "1:1", "over 256 KiB", id="cut-letter"),
    ],
)
def test_a_file_that_is_no_text_is_an_error(
    tmp_path: Path, content: bytes, place: str, words: str
) -> None:
    """A file that is not UTF-8, or too large, is one error at the place where that shows."""
    file = tmp_path / "acme.yaml"
    file.write_bytes(content)

    with pytest.raises(MappingError, match=words) as caught:
        load_mapping(file, environment=Environment({}))
    assert short(caught.value.findings) == [f"{place} error TB001"]


@pytest.mark.parametrize(
    "name",
    [pytest.param("gone.yaml", id="missing"), pytest.param(".", id="folder"), "nul\x00"],
)
def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path, name: str) -> None:
    """A missing or unreadable file is a MappingError like any other."""
    with pytest.raises(MappingError, match="cannot be read") as caught:
        load_mapping(tmp_path / name, environment=Environment({}))
    assert short(caught.value.findings) == ["1:1 error TB001"]


def test_a_text_of_the_largest_size_is_read() -> None:
    """The limit counts bytes, and a file of exactly that size is read."""
    room = MAX_BYTES - len(GOOD.encode()) - 2
    text = GOOD + "#" + "a" * room + "\n"

    assert parse_mapping(text, file="a", environment=Environment(VARIABLES)).platform == "acme"
    with pytest.raises(MappingError, match="over 256 KiB"):
        parse_mapping(text.replace("aa", "éa"), file="a", environment=Environment(VARIABLES))
