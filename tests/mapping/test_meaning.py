"""What the sections of a good mapping mean."""

from __future__ import annotations

import pytest

from tests.mapping.support import change, findings, read, short, words_of
from ticketbridge.mapping.spec import (
    ApiKeyAuthSpec,
    AuthSpec,
    BasicAuthSpec,
    BearerAuthSpec,
    BindingSpec,
    BreakerSpec,
    CallSpec,
    ConstSpec,
    CursorSpec,
    ExpressionSpec,
    FieldSpec,
    LinkHeaderSpec,
    NextUrlSpec,
    NoAuthSpec,
    NumberSpec,
    ObjectSpec,
    OffsetSpec,
    PagingSpec,
    ResultSpec,
    Secret,
    StatusRange,
    TableSpec,
)

BEARER = '{type: bearer, token: "${TOKEN}"}'
PAGES = "{number: {start: 1}, last: page.number >= body.pages}"
TABLE = "{from: item.state, values: {PAID: VALID, REFUNDED: REFUNDED}}"


def call(*pairs: tuple[str, str], index: int = 0) -> CallSpec:
    """The call number *index* of the good mapping, changed."""
    entry = read(change(*pairs)).source[index]
    assert isinstance(entry, CallSpec)
    return entry


def field(written: str) -> FieldSpec:
    """What the field `written` is."""
    return read(change(("price: item.price", f"price: {written}"))).ticket.fields.fields[1].field


# --- endpoint -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "path"),
    [
        pytest.param("/tickets", "/tickets", id="plain"),
        pytest.param("/v1/my-tickets.json", "/v1/my-tickets.json", id="longer"),
        pytest.param("/", "/", id="root"),
        pytest.param("${TOKEN:-x}/a", None, id="no-slash"),
    ],
)
def test_the_path_of_the_endpoint(written: str, path: str | None) -> None:
    """The endpoint's path is as written, and begins with a slash."""
    text = change(("endpoint:\n", f"endpoint:\n  path: {written}\n"))

    assert (findings(text) == ()) is (path is not None)
    if path:
        assert read(text).endpoint.path == path


@pytest.mark.parametrize(
    "path",
    ["/healthz", "/readyz", "/openapi.json", "/metrics", "/metrics/", "//a", "/a/../b", "/a%20b"],
)
def test_paths_that_an_endpoint_cannot_have(path: str) -> None:
    """The bridge's own paths, double slashes, dot segments and escapes are refused."""
    assert short(findings(change(("endpoint:\n", f'endpoint:\n  path: "{path}"\n')))) == [
        "4:9 error TB040"
    ]


@pytest.mark.parametrize(
    ("written", "networks"),
    [
        pytest.param("203.0.113.7", ["203.0.113.7/32"], id="address"),
        pytest.param('10.0.0.0/8, "2001:db8::/32"', ["10.0.0.0/8", "2001:db8::/32"], id="two"),
        pytest.param('"::1"', ["::1/128"], id="ipv6-address"),
        pytest.param('"::ffff:10.1.2.3"', ["10.1.2.3/32"], id="mapped-address"),
        pytest.param('"::ffff:a00:0/104"', ["10.0.0.0/8"], id="mapped-network"),
    ],
)
def test_the_networks_that_may_ask(written: str, networks: list[str]) -> None:
    """Addresses and networks of both families are legal."""
    allow = read(change(("203.0.113.0/24", written))).endpoint.access.allow

    assert [str(network) for network in allow] == networks


def test_open_access() -> None:
    """`access: open` has neither secret nor network."""
    access = read(change(("{allow: [203.0.113.0/24]}", "open"))).endpoint.access

    assert (access.secret_header, access.secrets, access.allow) == (None, (), ())


# --- upstream -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "url"),
    [
        pytest.param("https://a.example", "https://a.example", id="bare"),
        pytest.param("https://a.example/", "https://a.example", id="slash"),
        pytest.param("https://a.example/v2/", "https://a.example/v2", id="path"),
        pytest.param("https://a.example:8443/v2", "https://a.example:8443/v2", id="port"),
        pytest.param("HTTPS://a.example", "HTTPS://a.example", id="capitals"),
        pytest.param("http://localhost:80", "http://localhost:80", id="localhost"),
        pytest.param("http://127.0.0.1:80", "http://127.0.0.1:80", id="loopback"),
        pytest.param('"http://[::1]:80"', "http://[::1]:80", id="ipv6"),
        pytest.param("http://a.localhost", "http://a.localhost", id="below-localhost"),
    ],
)
def test_the_base_url(written: str, url: str) -> None:
    """A base URL is absolute, and loses its trailing slash; plain http is fine on this machine."""
    spec = read(change(("https://api.acme.example/v2", written)))

    assert spec.upstream.base_url == url
    assert spec.warnings == ()


@pytest.mark.parametrize(
    ("url", "words"),
    [
        pytest.param("https://a.example:0", "no legal port", id="port-zero"),
        pytest.param("https://a.example/v2#", "a fragment", id="fragment"),
        pytest.param("https://a.example/v2?", "a query", id="empty-query"),
        pytest.param("https://a@b.example", "user name", id="user"),
        pytest.param("https://a.example:x", "no legal host or port", id="word-as-port"),
        pytest.param("https://a.example/%2e%2e/b", "`..`", id="coded-dots"),
        pytest.param("https://a.example\\\\b", "no URL has", id="backslash"),
        pytest.param("//a.example", "absolute", id="no-scheme"),
    ],
)
def test_what_is_no_base_url(url: str, words: str) -> None:
    """What could lead elsewhere than it seems is no base URL."""
    found = findings(change(("https://api.acme.example/v2", f'"{url}"')))

    assert short(found) == ["6:13 error TB050"]
    assert words in found[0].message


@pytest.mark.parametrize(
    ("written", "auth"),
    [
        pytest.param("{type: none}", NoAuthSpec(), id="none"),
        pytest.param(BEARER, BearerAuthSpec(Secret("t0ken")), id="bearer"),
        pytest.param(
            "{type: basic, username: me, password: '${TOKEN}'}",
            BasicAuthSpec(Secret("me"), Secret("t0ken")),
            id="basic",
        ),
        pytest.param(
            "{type: basic, username: '${TOKEN}', password: ''}",
            BasicAuthSpec(Secret("t0ken"), Secret("")),
            id="basic-without-password",
        ),
        pytest.param(
            "{type: api_key, in: header, name: X-Api-Key, value: '${TOKEN}'}",
            ApiKeyAuthSpec("header", "X-Api-Key", Secret("t0ken")),
            id="header",
        ),
        pytest.param(
            "{type: api_key, in: query, name: 'key[]', value: 'a${TOKEN}'}",
            ApiKeyAuthSpec("query", "key[]", Secret("at0ken")),
            id="query",
        ),
        pytest.param(
            "{type: api_key, in: cookie, name: session, value: '${TOKEN}'}",
            ApiKeyAuthSpec("cookie", "session", Secret("t0ken")),
            id="cookie",
        ),
    ],
)
def test_authentication(written: str, auth: AuthSpec) -> None:
    """Each type of authentication becomes its spec."""
    spec = read(change((BEARER, written)))

    assert spec.upstream.auth == auth
    assert spec.warnings == ()


@pytest.mark.parametrize(
    ("written", "headers", "place"),
    [
        pytest.param(
            "{type: basic, username: a, password: '${TOKEN}'}", "Authorization", "8:13", id="basic"
        ),
        pytest.param(
            "{type: api_key, in: header, name: X-Key, value: '${TOKEN}'}",
            "x-key",
            "8:13",
            id="header",
        ),
        pytest.param(
            "{type: api_key, in: cookie, name: k, value: '${TOKEN}'}", "Cookie", "8:13", id="cookie"
        ),
    ],
)
def test_a_header_that_auth_sets(written: str, headers: str, place: str) -> None:
    """A header that the authentication sets cannot be set beside it, whatever its case."""
    text = change((BEARER, written), ("X-Channel: resale", f"{headers}: '${{TOKEN}}'"))

    assert short(findings(text)) == [f"{place} error TB052"]


def test_a_parameter_that_auth_sets() -> None:
    """A query parameter that holds the key cannot be set by a call."""
    text = change((BEARER, "{type: api_key, in: query, name: page, value: '${TOKEN}'}"))

    assert short(findings(text)) == ["21:13 error TB052"]


@pytest.mark.parametrize(
    ("auth", "place"),
    [
        pytest.param(
            "{type: api_key, in: cookie, name: a b, value: '${TOKEN}'}", "7:43", id="cookie"
        ),
        pytest.param(
            "{type: api_key, in: header, name: a b, value: '${TOKEN}'}", "7:43", id="header"
        ),
    ],
)
def test_a_key_has_a_legal_name(auth: str, place: str) -> None:
    """Headers and cookies have names of certain characters only."""
    assert short(findings(change((BEARER, auth)))) == [f"{place} error TB051"]


def test_plain_http_with_a_sensitive_header_is_doubtful() -> None:
    """A credential in a header is one too; without any credential plain http is fine."""
    http = ("https://api.acme.example/v2", "http://api.acme.example")
    none = (BEARER, "{type: none}")
    header = ("X-Channel: resale", "X-Api-Key: '${TOKEN}'")

    assert short(findings(change(http, none))) == []
    assert short(findings(change(http, none, header))) == ["6:13 warning TB054"]


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        pytest.param("1ms", 0.001, id="milliseconds"),
        pytest.param("1.5s", 1.5, id="fraction"),
        pytest.param("2m", 120.0, id="minutes"),
        pytest.param("1h", 3600.0, id="hour"),
        pytest.param("${A:-3s}", 3.0, id="variable"),
    ],
)
def test_durations(written: str, seconds: float) -> None:
    """Durations are a number with its unit, and become seconds."""
    upstream = read(change(("8s", written), ("retries: 2", "connect_timeout: 1s"))).upstream

    assert (upstream.timeout, upstream.connect_timeout) == (seconds, 1.0)


@pytest.mark.parametrize("written", ["0s", "0.5ms", "61m", "1.1h", "9999999999h", '"8s\\n"', "-1s"])
def test_durations_have_bounds(written: str) -> None:
    """A duration is over nothing and at most an hour."""
    assert short(findings(change(("timeout: 8s", f"timeout: {written}")))) == ["9:12 error TB014"]


@pytest.mark.parametrize(
    ("written", "size"),
    [
        pytest.param("1KB", 1000, id="kilobyte"),
        pytest.param("1.5MB", 1_500_000, id="fraction"),
        pytest.param("1000MB", 1_000_000_000, id="largest"),
        pytest.param("1.0005KB", 1000, id="part-of-a-byte"),
    ],
)
def test_sizes(written: str, size: int) -> None:
    """Sizes count in thousands of bytes."""
    assert read(change(("10MB", written))).upstream.max_body == size


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("retries", 0),
        ("concurrency", 7),
        ("max_pages", 7),
        ("max_calls", 7),
        ("max_records", 1_000_000),
    ],
)
def test_limits(key: str, value: int) -> None:
    """Each limit is a whole number, `7.0` too."""
    for written in (str(value), f"{value}.0"):
        upstream = read(change(("retries: 2", f"{key}: {written}"))).upstream
        found = getattr(upstream, key)

        assert (found, type(found)) == (value, int)


@pytest.mark.parametrize(
    ("written", "breaker"),
    [
        ("{failures: 3, open: 1m}", BreakerSpec(3, 60.0)),
        ("{failures: 3.0}", BreakerSpec(3, 5.0)),
        ("{open: '${PAUSE:-2s}'}", BreakerSpec(10, 2.0)),
        ("{}", BreakerSpec(10, 5.0)),
    ],
)
def test_a_breaker(written: str, breaker: BreakerSpec) -> None:
    """What a breaker does not say is as by default."""
    assert read(change(("retries: 2", f"breaker: {written}"))).upstream.breaker == breaker


# --- source -------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["take", "each", "collect"])
def test_the_result_of_a_call(kind: str) -> None:
    """A call binds with `take`, `each` or `collect`."""
    result = call(("take: body.data[0]", f"{kind}: body.data")).result

    assert (result.kind, result.expression and result.expression.text) == (kind, "body.data")


def test_a_call_without_a_result_takes_the_body() -> None:
    """Without `take`, `each` and `collect` a call takes its whole body."""
    assert call(("    take: body.data[0]\n", "")).result == ResultSpec("take", None)


def test_a_parameter_has_a_legal_name() -> None:
    """A parameter's name is not empty, and has no control characters."""
    assert short(findings(change(("page: ", '"": ')))) == ["21:13 error TB051"]
    assert short(findings(change(("page: ", '"a\\n": ')))) == ["21:13 error TB051"]


def test_a_query_list_repeats_its_parameter() -> None:
    """A list gives the parameter once per entry, and one text gives it once."""
    query = call(('email: "{user}"', 'email: [a, "{user}"], x: ""')).request.query

    assert [len(query["email"]), len(query["x"])] == [2, 1]
    assert [query["email"][0].parts, query["x"][0].parts] == [("a",), ()]


def test_everything_else_of_a_call() -> None:
    """Headers, condition, message and content type are as declared."""
    found = call(
        (
            "    take: body.data[0]",
            (
                "    take: body.data[0]\n    headers: {X-User: 'id {user}'}\n    if: user != `null`\n"
                "    any_content_type: true\n    format: json"
            ),
        ),
        ("then: unknown_user", "then: fail, message: body.error"),
    )

    assert found.request.headers["X-User"].parts[0] == "id "
    assert found.condition is not None
    assert found.condition.text == "user != `null`"
    assert found.any_content_type is True
    assert found.responses[0].message is not None
    assert found.responses[0].message.text == "body.error"


@pytest.mark.parametrize(
    ("written", "ranges"),
    [
        pytest.param("404", [(404, 404)], id="number"),
        pytest.param("4xx", [(400, 499)], id="word"),
        pytest.param("[404, 410, 3xx]", [(404, 404), (410, 410), (300, 399)], id="list"),
    ],
)
def test_the_statuses_of_a_rule(written: str, ranges: list[tuple[int, int]]) -> None:
    """A status is a number, a word for a hundred of them, or a list."""
    rule = call(("status: 404", f"status: {written}")).responses[0]

    assert rule.status == tuple(StatusRange(*pair) for pair in ranges)


def test_a_claim_may_stand_at_the_first_loop_itself() -> None:
    """`empty` is legal in the call whose own `each` is the first, and below a plain `collect`."""
    rule = "    responses: [{status: 404, then: empty}]\n"
    own = change(("    each: body.data\n", "    each: body.data\n" + rule))
    below = change(
        ("take: body.data[0]", "collect: body.data"),
        ("    each: body.data\n", "    each: body.data\n" + rule),
    )

    assert findings(own) == ()
    assert findings(below) == ()


def test_a_claim_below_a_binding_each_is_refused() -> None:
    """An `each` without a call is a loop too."""
    text = change(
        ("    pages: {number: {start: 1}, last: page.number >= body.pages}\n", ""),
        ("each: body.data", "take: body"),
        (
            "  - name: item\n    each: order.items\n",
            (
                "  - name: item\n    each: order.items\n  - name: extra\n    get: /x\n"
                "    responses: [{status: 404, then: empty}]\n"
            ),
        ),
    )

    assert short(findings(text)) == ["27:37 error TB063"]


@pytest.mark.parametrize(
    ("status", "doubtful"),
    [
        pytest.param("404", False, id="404"),
        pytest.param("403", True, id="403"),
        pytest.param("4xx", True, id="4xx"),
        pytest.param("500, when: body.unknown", False, id="with-a-condition"),
        pytest.param("503", True, id="503"),
    ],
)
def test_an_error_that_counts_as_owning_nothing_is_doubtful(status: str, doubtful: bool) -> None:
    """A status that speaks of the platform or of credentials does not say what a user owns."""
    found = findings(change(("status: 404", f"status: {status}")))

    assert [f.code for f in found] == ["TB063"] * doubtful


@pytest.mark.parametrize(
    ("written", "paging"),
    [
        pytest.param("{number: {start: 0}}", NumberSpec(0), id="number"),
        pytest.param("{offset: {step: 100}}", OffsetSpec(100), id="offset"),
        pytest.param("{link_header: true}", LinkHeaderSpec(any_path=False), id="link-header"),
        pytest.param(
            "{link_header: true, any_path: true}", LinkHeaderSpec(any_path=True), id="any-path"
        ),
    ],
)
def test_pages_that_need_no_expression(written: str, paging: PagingSpec) -> None:
    """Pages are walked by number, by offset, or by the `Link` header."""
    pages = call((PAGES, written), index=1).pages

    assert pages is not None
    assert pages.paging == paging


@pytest.mark.parametrize(
    ("written", "any_path"),
    [
        pytest.param("{next_url: body.next, any_path: true, total: body.total}", True, id="any"),
        pytest.param("{next_url: body.next}", False, id="same-path"),
    ],
)
def test_pages_by_next_url(written: str, any_path: bool) -> None:
    """The next page's URL is an expression; it keeps the call's path, unless the mapping says so."""
    pages = call((PAGES, written), index=1).pages

    assert pages is not None
    assert isinstance(pages.paging, NextUrlSpec)
    assert (pages.paging.url.text, pages.paging.any_path) == ("body.next", any_path)


def test_pages_by_cursor() -> None:
    """The cursor is an expression, with `last` and `total` beside it."""
    written = "{cursor: body.next, last: body.done, total: body.total}"
    pages = call((PAGES, written), index=1).pages

    assert pages is not None
    assert isinstance(pages.paging, CursorSpec)
    texts = [spec.text for spec in (pages.paging.cursor, pages.last, pages.total) if spec]
    assert texts == ["body.next", "body.done", "body.total"]


def test_a_binding_takes_or_loops() -> None:
    """A binding without a call has `take` or `each`."""
    entry = read(change(("    each: order.items", "    take: order.items[0]"))).source[2]
    assert isinstance(entry, BindingSpec)

    assert (entry.name, entry.kind, entry.expression.text) == ("item", "take", "order.items[0]")


# --- ticket -------------------------------------------------------------------------------------


def test_fields() -> None:
    """A field is an expression, a constant, a table or an object of fields."""
    constant = field("{const: [1, a]}")
    table = field("{from: item.x, values: {1: a, true: 2}, else: null}")
    closed = field("{from: item.x, values: {a: {b: 1}}}")
    group = field("{a: item.a, values: item.b, c: {d: item.d}}")
    assert isinstance(constant, ConstSpec)
    assert isinstance(table, TableSpec)
    assert isinstance(closed, TableSpec)
    assert isinstance(group, ObjectSpec)

    assert isinstance(field("item.x"), ExpressionSpec)
    assert constant.value == [1, "a"]
    assert (table.source.text, words_of(table)) == ("item.x", {"1": "a", "true": 2})
    assert table.otherwise is not None
    assert table.otherwise.value is None
    assert (words_of(closed), closed.otherwise) == ({"a": {"b": 1}}, None)
    assert [inner.name for inner in group.fields] == ["a", "values", "c"]


@pytest.mark.parametrize(
    "written",
    [
        pytest.param("item.tags", id="expression"),
        pytest.param("{a: item.a, b: {const: x}, c: {from: item.c, values: {1: x}}}", id="object"),
        pytest.param("{const: ['a:b']}", id="constant"),
    ],
)
def test_tags(written: str) -> None:
    """Tags are an expression, a constant, or an object of expressions, constants and tables."""
    assert findings(change(("{source: item.channel}", written))) == ()


def test_a_list_of_status_tables() -> None:
    """`status` may be a list of tables, each with a VALID."""
    tables = read(change((TABLE, f"[{TABLE}, {{from: item.kind, values: {{1: VALID}}}}]"))).ticket

    assert [words_of(table) for table in tables.statuses] == [
        {"PAID": "VALID", "REFUNDED": "REFUNDED"},
        {"1": "VALID"},
    ]


@pytest.mark.parametrize(
    ("old", "new", "name", "value"),
    [
        ("on_violation: fail", "on_violation: omit", "on_violation", "omit"),
        ("ineligible: omit", "ineligible: mark", "ineligible", "mark"),
    ],
)
def test_what_becomes_of_other_records(old: str, new: str, name: str, value: str) -> None:
    """Violations may be omitted, and ineligible tickets marked."""
    assert getattr(read(change((old, new))).ticket, name) == value


# --- one slip, one finding ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "count"),
    [
        pytest.param("source:\n", "source: []\nx:\n", 2, id="source"),
        pytest.param("source:\n", "source:\n  - take: a\n  - a\n", 2, id="entries"),
        pytest.param(BEARER, "{type: bearer, token:x}", 1, id="no-space"),
        pytest.param(BEARER, "[]", 1, id="auth"),
        pytest.param("{number: {start: 1}, last: page.number >= body.pages}", "[]", 1, id="pages"),
        pytest.param("{number: {start: 1}", "{number: 1", 1, id="number"),
        pytest.param("{number: {start: 1}", "{nmber: {start: 1}", 1, id="misspelt-number"),
        pytest.param('{email: "{user}"}', '{email: [{user}, "{user"]}', 2, id="query"),
        pytest.param(TABLE, "[a]", 1, id="tables"),
        pytest.param(TABLE, "{from: a, values: b}", 1, id="values"),
        pytest.param("name: item", "name: []", 1, id="name"),
        pytest.param("name: item", "nam: item", 1, id="misspelt-name"),
        pytest.param("    each: order.items\n", "    foo: 1\n    each: order.items\n", 1, id="key"),
        pytest.param("{allow: [203.0.113.0/24]}", "{allow: [1], allw: x}", 2, id="allow"),
        pytest.param(
            "{allow: [203.0.113.0/24]}",
            "{secret_header: 1, secrets: [2, '${SECRET}']}",
            2,
            id="secrets",
        ),
        pytest.param(
            "{allow: [203.0.113.0/24]}", "{secret_header: X, secrets: 1}", 1, id="no-list"
        ),
        pytest.param("- {status: 404, then: unknown_user}", "- a", 1, id="rule"),
        pytest.param("status: 404", "status: [a, 404]", 1, id="status"),
        pytest.param("    take: body.data[0]", "    tak: body.data[0]", 1, id="misspelt-take"),
        pytest.param("    each: order.items", "    eac: order.items", 1, id="misspelt-each"),
        pytest.param("    take: body.data[0]", "    take: body\n    tke: body", 1, id="take-twice"),
        pytest.param("resold: item.resold_to != `null`", "resold: 1", 1, id="reason"),
        pytest.param("  ineligible: omit", "response: {body: 1, schema: 1}", 2, id="response"),
        pytest.param(
            "  ineligible: omit", "response: {body: a, schma: b}", 1, id="misspelt-schema"
        ),
        pytest.param(BEARER, "{type: bearer, tokn: x}", 1, id="misspelt-token"),
        pytest.param(BEARER, "{type: basic, token: x}", 3, id="token-of-another-type"),
        pytest.param(BEARER, "{type: api_key, in: body, name: 1, value: 2}", 3, id="api-key"),
        pytest.param("  base_url: https://api.acme.example/v2\n", "  base_url: 1\n", 1, id="url"),
        pytest.param("headers: {X-Channel: resale}", "headers: {X-Channel: 1}", 1, id="header"),
        pytest.param("get: /customers\n", "get: 1\n", 1, id="get"),
        pytest.param("tags: {source: item.channel}", "tags: []", 1, id="tags"),
        pytest.param("version: 1", "version: {}", 1, id="version"),
        pytest.param("format", "format", 0, id="nothing"),
    ],
)
def test_a_slip_has_no_wake(old: str, new: str, count: int) -> None:
    """Each slip is reported once: what stands around it is checked as if it were right."""
    text = change((old, new)) if old != new else change()

    assert len(findings(text)) == count


def test_a_name_is_shown_on_one_line_and_not_at_any_length() -> None:
    """A key with control characters or of great length does not disturb the finding."""
    found = findings(change(("platform: acme", f'platform: acme\n"a\\n{"b" * 100}": 1')))

    assert f"unknown key `a?{'b' * 58}...`" == found[0].message
