"""A query inside of a request: a value between its quotes is `quoted(...)`, or the mapping is doubted."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import graphql
import pytest

from tests.support import Replies, bridge_of, environment, item, mapping, order, orders, spec_of
from ticketbridge.engine.bridge import compile_mapping
from ticketbridge.mapping import MappingError
from ticketbridge.mapping.findings import Finding
from ticketbridge.workbench.check.checking import check_text

HOSTILE = "x'or'1'eq'1'or'@example.com"


def found(changes: dict[str, Any]) -> list[Finding]:
    """What `check` says of the changed mapping, about queries."""
    text = json.dumps(mapping(changes), indent=1)
    findings = check_text(text, file="acme.yaml", environment=environment())
    return [finding for finding in findings if finding.code in {"TB210", "TB211"}]


def of_query(name: str, text: str) -> list[str]:
    """The codes for one parameter of the query."""
    return [finding.code for finding in found({"source.0.query": {"email": "{user}", name: text}})]


def source_of(text: str, *above: dict[str, str]) -> list[dict[str, Any]]:
    """A source that asks by the query *text*, below the entries *above*."""
    return [
        *above,
        {"name": "order", "get": "/o", "query": {"f": text}, "each": "body.orders"},
        {"name": "item", "each": "order.items"},
    ]


def of_xml(document: str) -> list[str]:
    """The codes for a body that is this document."""
    call = {"name": "order", "post": "/o", "xml": document, "each": "body.orders"}
    source = [call, {"name": "item", "each": "order.items"}]
    return [finding.code for finding in found({"source": source})]


FILTER = "$filter"
S = "quoted(user, 'sql')"
B = "quoted(user, 'backslash')"
L = "quoted(user, 'lucene')"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("email eq '{user}'", id="OData"),
        pytest.param("email eq ' {user} '", id="blanks"),
        pytest.param('email = "{user}"', id="double quotes"),
        pytest.param("`email` = {user}", id="backticks"),
        pytest.param("email LIKE '%{user}%'", id="LIKE"),
        pytest.param("email eq '{lower(user)}'", id="lower"),
        pytest.param("email eq '{user || 'none'}'", id="choice"),
        pytest.param(f"email eq '{{{S} || user}}'", id="one of two"),
        pytest.param("email eq '{optional(user)}'", id="optional"),
        pytest.param("email eq '{replace(user, '\\'', '')}'", id="escaped by hand"),
        pytest.param("state eq 'PAID' and email eq {user}", id="beside quotes"),
        pytest.param("{user} and state eq 'PAID'", id="before quotes"),
        pytest.param("{{email: '{user}'}}", id="braces"),
        pytest.param("email eq '{user}' and a eq '{quoted(user, 'sql')}'", id="one of two holes"),
        pytest.param("email eq '{page.cursor}'", id="the platform's own text"),
        pytest.param("{join('', ['email eq \\'', user, '\\''])}", id="built in one hole"),
        pytest.param("""{join('', [`"email eq '"`, user, `"'"`])}""", id="built of JSON"),
        pytest.param("{join('\\'', ['email eq ', user, ''])}", id="quotes between"),
        pytest.param("{join('', ['email eq \\'', lower(user), '\\''])}", id="built, lower"),
        pytest.param("{lower(join('', ['email eq \\'', user, '\\'']))}", id="lower, built"),
        pytest.param("{replace('email eq \\'X\\'', 'X', user)}", id="replaced"),
        pytest.param("{join('\\', \\'', [user, user])}", id="list"),
        pytest.param("a in ('{join('\\', \\'', split(user, ' '))}')", id="list, split"),
        pytest.param("a in ({join(', ', map(&join('', ['\\'', @, '\\'']), split(user, ' ')))})", id="map"),
        pytest.param("a in ({join(', ', split(user, ' ')[*].join('', ['\\'', @, '\\'']))})", id="projection"),
        pytest.param("a in ({join(', ', {a: user}.*.join('', ['\\'', @, '\\'']))})", id="values"),
        pytest.param("{default(optional(user), join('', ['a eq \\'', user, '\\'']))}", id="inside"),
        # quoted(...), where it does not help
        pytest.param(f'email = "{{{S}}}"', id="sql between double quotes"),
        pytest.param(f'{{{{"where": "email = \'{{{S}}}\'"}}}}', id="sql inside of JSON text"),
        pytest.param(f"email eq {{{S}}}", id="between no quotes"),
        pytest.param(f"state eq 'PAID' and email eq {{{S}}}", id="behind quotes"),
        pytest.param(f"email:'{{{L}}}'", id="lucene between single quotes"),
        pytest.param(f"email = `{{{B}}}`", id="between backticks"),
    ],
)  # fmt: skip
def test_a_value_that_could_end_its_text_is_doubted(text: str) -> None:
    """A hole in a text with quotes needs `quoted(...)` in a style that fits the quotes around it."""
    assert set(of_query(FILTER, text)) == {"TB210"}


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("{user}", id="nothing around"),
        pytest.param(f"email eq '{{{S}}}'", id="sql"),
        pytest.param(f"email eq '{{{S}}}' and state eq 'PAID'", id="sql, first"),
        pytest.param(f"state eq 'PAID' and email eq '{{{S}}}'", id="sql, last"),
        pytest.param(f"customer's email eq '{{{S}}}'", id="an apostrophe"),
        pytest.param(f"name eq 'it''s' and email eq '{{{S}}}'", id="a doubled quote"),
        pytest.param("email LIKE '%{quoted(user, 'like')}%'", id="like"),
        pytest.param(f"email = '{{{B}}}'", id="backslash"),
        pytest.param(f'{{{{email}}}} = "{{{B}}}"', id="Airtable"),
        pytest.param(f'{{{{"email": "{{{B}}}"}}}}', id="JSON text"),
        pytest.param(f'email:"{{{L}}}"', id="a phrase"),
        pytest.param(f'state:"PAID" AND email:{{{L}}}', id="a term beside a phrase"),
        pytest.param("email eq '{quoted(lower(user), 'sql')}'", id="lower inside"),
        pytest.param(f"email eq '{{lower({S})}}'", id="lower outside"),
        pytest.param("email eq '{user | quoted(@, 'sql')}'", id="piped"),
        pytest.param(f"{{join('', ['email eq \\'', {S}, '\\''])}}", id="built"),
        pytest.param(f"email eq '{{join('', [{S}, ' x'])}}'", id="built in part"),
        pytest.param("a in ({join(', ', map(&join('', ['\\'', quoted(@, 'sql'), '\\'']),"
                     " split(user, ' ')))})", id="map"),
        pytest.param("a in ({join(', ', split(user, ' ')[*].join('', ['\\'', quoted(@, 'sql'), '\\'']))})",
                     id="projection"),
        pytest.param("state eq 'PAID' and page eq {page.number}", id="a number of pages"),
        pytest.param("at gt '{now()}'", id="now"),
        pytest.param("n eq '{length(user)}'", id="a number"),
        pytest.param("n eq '{user == 'a'}'", id="a boolean"),
        pytest.param("n eq '{'a'}'", id="a literal"),
        pytest.param("a-{user}-b", id="no quotes, no query"),
        pytest.param("{to_string({email: user})}", id="JSON that is written"),
        pytest.param("{join('-', [user, 'x'])}", id="no quotes"),
        pytest.param("{lookup(`[]`, 'id', user) == 'a'}", id="quotes of the expression"),
    ],
)  # fmt: skip
def test_a_good_query_is_not_doubted(text: str) -> None:
    """What is quoted as its text needs, has no quotes, or can hold none, is not annoyed."""
    changes = {"source.0.query": {"page": "{page.number}", FILTER: text}}
    pages = {"source.0.pages": {"number": {"start": 1}}}

    assert [str(finding) for finding in found({**changes, **pages})] == []


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"source.0.get": "/Customers('{user}')/orders"}, id="path"),
        pytest.param(
            {"source.0.get": ..., "source.0.post": "/q", "source.0.json": {"soql": "a = '{user}'"}},
            id="json",
        ),
        pytest.param(
            {
                "source.0.get": ...,
                "source.0.post": "/q",
                "source.0.json": {"a": {"b": [{"c": "a = '{user}'"}, 7, None]}},
            },
            id="json, deep",
        ),
        pytest.param(
            {"source.0.get": ..., "source.0.post": "/q", "source.0.form": {"where": "a = '{user}'"}},
            id="form",
        ),
        pytest.param(
            {"source.0.query": {"f": ["plain", "a = '{user}'"]}}, id="a repeated parameter"
        ),
        pytest.param(
            {
                "source.0.get": ...,
                "source.0.post": "/q",
                "source.0.graphql": {
                    "query": "query ($q: String) { orders(query: $q) { id } }",
                    "variables": {"q": "email:'{user}'"},
                },
            },
            id="variables of GraphQL",
        ),
        pytest.param(
            {
                "upstream.auth": {
                    "type": "session",
                    "login": {"post": "/login", "json": {"q": "a = '{user}'"}},
                    "token": "body.token",
                    "header": "Authorization",
                }
            },
            id="login",
        ),
        pytest.param(
            {"source": source_of("{q}", {"name": "q", "take": "join('', ['a eq \\'', user, '\\''])"})},
            id="built by an entry above",
        ),
        pytest.param(
            {"source": source_of("{q}", {"name": "q", "each": "[join('', ['a eq \\'', user, '\\''])]"})},
            id="built in a list above",
        ),
        pytest.param(
            {
                "source": source_of(
                    "{all}",
                    {"name": "start", "take": "'a eq '"},
                    {"name": "sign", "take": "'\\''"},
                    {"name": "all", "take": "join(sign, [start, user, ''])"},
                )
            },
            id="built by several entries",
        ),
        pytest.param(
            {"source": source_of("a eq '{who}'", {"name": "who", "take": "lower(user)"})},
            id="bound above",
        ),
        pytest.param(
            {"source": source_of("a eq '{who}'", {"name": "who", "get": "/c/{user}", "take": "body.name"})},
            id="a name that the user chose",
        ),
    ],
)  # fmt: skip
def test_every_place_of_a_query_is_looked_at(changes: dict[str, Any]) -> None:
    """Wherever a text goes to the platform, and wherever its parts come from, it is the same."""
    (finding,) = found(changes)

    assert (finding.code, finding.severity) == ("TB210", "warning")


@pytest.mark.parametrize(
    "source",
    [
        source_of("a eq '{who}'", {"name": "who", "take": "quoted(user, 'sql')"}),
        source_of(
            "{q}", {"name": "q", "take": "join('', ['a eq \\'', quoted(user, 'sql'), '\\''])"}
        ),
        [
            {"name": "label", "take": "join('', ['\\'', user, '\\''])"},
            {"name": "order", "get": "/o", "query": {"f": "{user}"}, "each": "body.orders"},
            {"name": "item", "each": "order.items[?kind != label]"},
        ],
    ],
    ids=["quoted above", "built above", "not for a request"],
)
def test_what_an_entry_above_has_quoted_is_good(source: list[Any]) -> None:
    """An entry may quote for a hole below; what no request is made of is nobody's query."""
    assert found({"source": source}) == []


def test_names_that_lead_in_circles_or_grow_without_end_are_no_trouble() -> None:
    """Looking for the parts of a text ends, whatever the entries say of each other."""
    source = [
        {"name": "a0", "take": "join(a1, [a0, user, a0])"},
        *(
            {"name": f"a{n}", "take": f"join('\\'', [a{n - 1}, a{n - 1}, a{n - 1}])"}
            for n in range(1, 60)
        ),
        {"name": "order", "get": "/o", "query": {"f": "{a59}"}, "each": "body.orders"},
        {"name": "item", "each": "order.items"},
    ]

    assert {finding.code for finding in found({"source": source})} == {"TB210"}


# --- owner: upstream ------------------------------------------------------------------------------

TRUSTING = {"ticket.owner": "upstream"}


@pytest.mark.parametrize(
    "text", ["email eq '{user}'", "{join('', ['email eq \\'', user, '\\''])}", f'email = "{{{S}}}"']
)
def test_where_the_request_alone_decides_it_is_an_error(text: str) -> None:
    """Under `owner: upstream` such a mapping is refused by `check`, and cannot be served."""
    changes = {**TRUSTING, "source.0.query": {FILTER: text}}

    (finding,) = found(changes)
    assert (finding.code, finding.severity) == ("TB210", "error")
    with pytest.raises(MappingError, match="TB210"):
        compile_mapping(spec_of(changes))


def test_a_doubt_does_not_stop_a_mapping_with_an_owner() -> None:
    """Where each ticket says whose it is, another's is left out: the mapping is served, and warns."""
    changes = {"source.0.query": {FILTER: "email eq '{user}'"}}

    bridge = compile_mapping(spec_of(changes))

    assert [warning.code for warning in bridge.warnings if warning.code == "TB210"] == ["TB210"]


@pytest.mark.anyio
@pytest.mark.parametrize("user", [HOSTILE, "o'neil@example.com", "%@example.com", "*@example.com"])
async def test_a_hostile_user_stays_a_text_of_the_query(user: str) -> None:
    """The request carries the quotes doubled, and asks for this one user."""
    changes = {**TRUSTING, "source.0.query": {FILTER: "email eq '{quoted(user, 'sql')}'"}}
    bridge, platform = bridge_of(changes, {"/orders": orders(order(item(1)))})

    await bridge.answer(user)

    (sent,) = parse_qs(urlsplit(platform.targets[0]).query)[FILTER]
    assert sent == f"email eq '{user.replace(chr(39), chr(39) * 2)}'"


@pytest.mark.anyio
@pytest.mark.parametrize(
    "user", ["o'neil@example.com", 'a"}) { all } #', "a\\b", "ana@example.com"]
)
async def test_a_text_of_graphql_is_what_its_reader_reads(user: str) -> None:
    """Between double quotes an apostrophe stays bare, as GraphQL has no escape for it."""
    query = "{{ orders(email: \"{quoted(user, 'backslash')}\") {{ id }} }}"
    changes = {
        "source.0.get": ...,
        "source.0.query": ...,
        "source.0.post": "/orders",
        "source.0.json": {"query": query},
    }
    bridge, platform = bridge_of(changes, {"/orders": orders()})

    await bridge.answer(user)

    assert argument_of(platform) == user


def argument_of(platform: Replies) -> str:
    """The one text in the GraphQL query that was sent."""
    document = graphql.parse(json.loads(platform.requests[0].content)["query"])
    texts: list[str] = []
    graphql.visit(document, _Texts(texts))
    (text,) = texts
    return text


class _Texts(graphql.Visitor):
    def __init__(self, found: list[str]) -> None:
        super().__init__()
        self._found = found

    def enter_string_value(self, node: graphql.StringValueNode, *_: Any) -> None:
        """See graphql."""
        self._found.append(node.value)


# --- searches without quotes ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "text", "codes"),
    [
        ("q", "email:{user}", ["TB211"]),
        ("query", "type:order email:{user}", ["TB211"]),
        ("search", "email:{lower(user)}", ["TB211"]),
        ("filter", "email={user}", ["TB211"]),
        (FILTER, "email eq {user}", ["TB211"]),
        ("filterByFormula", "FIND({user})", ["TB211"]),
        ("jql", "reporter = {user}", ["TB211"]),
        ("q", f"email:{{{L}}}", []),
        ("q", "{user}", []),
        ("q", "order-{user}", []),
        ("q", "page:{page.number}", []),
        ("sort", "email:{user}", []),
        ("callback", "mailto:{user}", []),
        ("q", "email:'{user}'", ["TB210"]),
    ],
)
def test_a_search_without_quotes_is_doubted(name: str, text: str, codes: list[str]) -> None:
    """Behind a sign of comparison, in a parameter of that name, signs of the search count in a value too."""
    changes = {"source.0.query": {"page": "{page.number}", name: text}}

    assert [f.code for f in found({**changes, "source.0.pages": {"number": {"start": 1}}})] == codes


def test_a_search_is_never_more_than_a_doubt() -> None:
    """Whether a platform reads signs of a search in it, nobody can tell here."""
    (finding,) = found({**TRUSTING, "source.0.query": {"q": "email:{user}"}})

    assert (finding.code, finding.severity) == ("TB211", "warning")


def test_a_header_is_a_text_of_the_request_too() -> None:
    """Some platforms take their filter in a header: a value ends its text there as well."""
    for text, codes in (("email = '{user}'", ["TB210"]), (f"email = '{{{S}}}'", [])):
        changes = {"ticket.owner": "upstream", "source.0.headers": {"X-Filter": text}}
        assert [finding.code for finding in found(changes)] == codes


# --- documents ------------------------------------------------------------------------------------


X = "quoted(user, 'xml')"


@pytest.mark.parametrize(
    "document",
    [
        pytest.param("<a><filter>email eq '{user}'</filter></a>", id="a query in a text"),
        pytest.param("<a filter=\"email eq '{user}'\"/>", id="a query in an attribute"),
        pytest.param(f"<a>email eq {{{S}}}</a>", id="between no quotes"),
        pytest.param("<a>&lt;b&gt;{user}&lt;/b&gt;</a>", id="a document in a text"),
        pytest.param("<a>&lt;b c='{user}'/&gt;</a>", id="its attribute"),
        pytest.param(f"<a>&lt;b&gt;{{{S}}}&lt;/b&gt;</a>", id="another style"),
        pytest.param("<a b='&lt;c>{user}&lt;/c>'/>", id="a document in an attribute"),
        pytest.param("<a>{join('', ['<b>', user, '</b>'])}</a>", id="built in one hole"),
        pytest.param("<a>{replace('<b>X</b>', 'X', user)}</a>", id="replaced"),
    ],
)
def test_a_value_in_another_language_within_a_document_is_doubted(document: str) -> None:
    """The hole is escaped for the document around it, and not for what stands in its text."""
    assert set(of_xml(document)) == {"TB210"}


@pytest.mark.parametrize(
    "document",
    [
        pytest.param("<a b='{user}'>{user}</a>", id="texts"),
        pytest.param("<a>user {user}</a>", id="a text around"),
        pytest.param(f"<a><filter>email eq '{{{S}}}'</filter></a>", id="sql"),
        pytest.param(f"<a>&lt;b c='{{{X}}}'&gt;{{{X}}}&lt;/b&gt;</a>", id="xml"),
        pytest.param(f"<a>{{join('', ['<b>', {X}, '</b>'])}}</a>", id="built"),
        pytest.param("<a>&lt;b&gt;{length(user)}&lt;/b&gt;</a>", id="a number"),
        pytest.param("<a><b>'</b><c>{user}</c></a>", id="a quote elsewhere"),
    ],
)
def test_a_value_that_is_a_text_of_the_document_is_not(document: str) -> None:
    """It cannot end the text or the attribute; nor can one that is quoted for what stands in it."""
    assert of_xml(document) == []


def test_a_text_in_json_that_is_a_document_is_doubted_too() -> None:
    """JSON escapes its own quotes and no markup."""
    for text, codes in (("<a>{user}</a>", ["TB210"]), (f"<a>{{{X}}}</a>", [])):
        call = {"name": "order", "post": "/o", "json": {"doc": text}, "each": "body.orders"}
        source = [call, {"name": "item", "each": "order.items"}]
        assert [finding.code for finding in found({"source": source})] == codes


def test_a_search_in_a_document_is_doubted_by_the_name_of_its_element() -> None:
    """As a parameter is by its own."""
    assert of_xml("<a><query>email:{user}</query></a>") == ["TB211"]


def test_a_text_body_is_another_language_as_it_is() -> None:
    """Its holes are sent as they are."""
    call = {"name": "order", "post": "/o", "content_type": "text/plain", "each": "body.orders"}
    for text, codes in (("FIND '{user}'", ["TB210"]), (f"FIND '{{{S}}}'", []), ("FIND {user}", [])):
        source = [{**call, "text": text}, {"name": "item", "each": "order.items"}]
        assert [finding.code for finding in found({"source": source})] == codes
