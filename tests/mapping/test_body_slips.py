"""Slips in a POST: each is found at its line and column."""

from __future__ import annotations

import pytest

from tests.mapping.support import change, findings, read, short
from ticketbridge.mapping.findings import Place
from ticketbridge.mapping.spec import TemplateSpec
from ticketbridge.mapping.xml_bodies import texts_of

POST = "post: /customers\n    "
QUERY = "query ($email: String!) { a(email: $email) }"

SLIPS = [
    pytest.param(
        "get: /customers\n    json: {a: b}", "15:5", "TB065", "use `post`", id="json-of-a-get"
    ),
    pytest.param(
        "get: /customers\n    idempotent: true", "15:5", "TB065", "use `post`", id="idempotent-get"
    ),
    pytest.param(
        "get: /customers\n    post: /customers", "15:5", "TB065", "not both", id="get-and-post"
    ),
    pytest.param(
        POST + "json: {a: b}\n    form: {a: b}", "16:5", "TB065", "one body", id="two-bodies"
    ),
    pytest.param(
        POST + "form: [a]", "15:11", "TB012", "a mapping of parameter names", id="form-list"
    ),
    pytest.param(POST + 'form: {"": a}', "15:12", "TB051", "no legal name", id="form-name"),
    pytest.param(
        POST + 'json: {"{user}": a}', "15:12", "TB030", "not in names", id="hole-in-a-name"
    ),
    pytest.param(POST + 'json: {a: "{user"}', "15:16", "TB031", "not closed", id="open-hole"),
    pytest.param(POST + "idempotent: yes", "15:17", "TB012", "true or false", id="idempotent-yes"),
    pytest.param("pst: /customers", "14:5", "TB010", 'did you mean "post"?', id="misspelt-post"),
    pytest.param(POST + "graphql: {variables: {}}", "15:14", "TB011", "`query`", id="no-query"),
    pytest.param(
        POST + "graphql: {query: '{ a'}", "15:26", "TB066", "Expected Name", id="cut-graphql"
    ),
    pytest.param(
        POST + "graphql: {query: 'mutation { a }'}", "15:23", "TB066", "mutation", id="mutation"
    ),
    pytest.param(
        POST + "graphql: {query: 'query a { a } query b { b }'}",
        "15:22",
        "TB066",
        "here are 2",
        id="two-queries",
    ),
    pytest.param(
        POST + f"graphql: {{query: '{QUERY}'}}",
        "15:30",
        "TB066",
        "needs the variable $email",
        id="missing-variable",
    ),
    pytest.param(
        POST + f"graphql: {{query: '{QUERY}', variables: {{email: a, emial: b}}}}",
        "15:92",
        "TB066",
        'did you mean "email"?',
        id="misspelt-variable",
    ),
    pytest.param(
        POST + "graphql: {query: '{ a }', variables: {email: a}}",
        "15:43",
        "TB066",
        "declares none",
        id="no-variables",
    ),
    pytest.param(
        POST + "json: {a: b}\n    xml: <a/>", "16:5", "TB065", "`json` or `xml`", id="json-and-xml"
    ),
    pytest.param(
        "get: /customers\n    xml: <a/>", "15:5", "TB065", "use `post`", id="xml-of-a-get"
    ),
    pytest.param(POST + "xml: {a: b}", "15:10", "TB012", "text", id="xml-mapping"),
    pytest.param(POST + 'xml: ""', "15:10", "TB076", "no element found", id="no-document"),
    pytest.param(POST + "xml: user", "15:10", "TB076", "line 1 of the document", id="no-element"),
    pytest.param(POST + "xml: <a><b></a>", "15:10", "TB076", "mismatched tag", id="open-element"),
    pytest.param(POST + "xml: <a/><b/>", "15:10", "TB076", "junk after", id="two-elements"),
    pytest.param(POST + "xml: <s:a/>", "15:10", "TB076", "unbound prefix", id="prefix"),
    pytest.param(POST + "xml: <a>&nbsp;</a>", "15:10", "TB076", "undefined entity", id="entity"),
    pytest.param(POST + "xml: <!DOCTYPE a><a/>", "15:10", "TB076", "a document type", id="doctype"),
    pytest.param(
        POST + "xml: <?xml version='1.0' encoding='iso-8859-1'?><a/>",
        "15:10",
        "TB076",
        "UTF-8, in which it is sent",
        id="declared-encoding",
    ),
    pytest.param(
        POST + "xml: <a>\ufffc</a>",
        "15:10",
        "TB076",
        "U+FFFC",
        id="mark",
    ),
    pytest.param(
        POST + "xml: <a xmlns='{user}'/>", "15:10", "TB076", "name a namespace", id="hole-namespace"
    ),
    pytest.param("get: /customers\n    text: a", "15:5", "TB065", "use `post`", id="text-of-a-get"),
    pytest.param(
        "get: /customers\n    content_type: text/plain",
        "15:5",
        "TB065",
        "use `post`",
        id="type-of-a-get",
    ),
    pytest.param(
        POST + "xml: <a b='{user}'>&#xFFFC;</a>", "15:10", "TB076", "U+FFFC", id="mark-reference"
    ),
    pytest.param(POST + 'xml: "<{user}/>"', "15:11", "TB076", "not well-formed", id="hole-tag"),
    pytest.param(
        POST + """xml: "<a {user}='b'/>\"""", "15:11", "TB076", "not well-formed", id="hole-name"
    ),
    pytest.param(
        POST + 'xml: "<a b={user}/>"', "15:11", "TB076", "not well-formed", id="no-quotes"
    ),
    pytest.param(POST + 'xml: "{user}<a/>"', "15:11", "TB076", "not well-formed", id="hole-before"),
    pytest.param(
        POST + 'xml: "<a><!-- for {user} --></a>"', "15:24", "TB077", "in a comment", id="comment"
    ),
    pytest.param(POST + 'xml: "<a><?x {user}?></a>"', "15:19", "TB077", "instruction", id="pi"),
    pytest.param(
        POST + 'xml: "<a><![CDATA[<b>{user}</b>]]></a>"', "15:27", "TB077", "`&lt;`", id="cdata"
    ),
    pytest.param(
        POST + 'xml: "<a><![CDATA[${TOKEN}]]></a>"', "15:11", "TB077", "CDATA", id="cdata-variable"
    ),
    pytest.param(POST + 'xml: "<a>{user</a>"', "15:14", "TB031", "not closed", id="xml-open-hole"),
    pytest.param(POST + "text: a", "15:5", "TB065", "needs its `content_type`", id="untyped-text"),
    pytest.param(
        POST + "json: {a: b}\n    content_type: text/plain",
        "16:5",
        "TB065",
        "belongs to `text`",
        id="typed-json",
    ),
    pytest.param(
        POST + "text: a\n    content_type: Text", "16:19", "TB014", "media type", id="no-type"
    ),
    pytest.param(
        POST + "text: a\n    content_type: text/plain; charset=latin1",
        "16:19",
        "TB076",
        "another encoding",
        id="charset-of-a-text",
    ),
    pytest.param(
        POST + "text: a\n    content_type: text/plain\n    headers: {content-type: text/x}",
        "17:15",
        "TB052",
        "stands twice",
        id="two-types",
    ),
    pytest.param(
        POST + "xml: <a/>\n    headers: {Content-Type: text/xml;charset=ISO-8859-1}",
        "16:29",
        "TB076",
        "another encoding",
        id="charset-of-xml",
    ),
]


@pytest.mark.parametrize(("new", "place", "code", "words"), SLIPS)
def test_a_slip_in_a_body_is_said_once_at_its_place(
    new: str, place: str, code: str, words: str
) -> None:
    """One finding, at the line and column, that says what is wrong and what would be right."""
    found = findings(change(("get: /customers\n", f"{new}\n")))

    assert short(found) == [f"{place} error {code}"]
    assert words in f"{found[0].message} {found[0].suggestion}"


def test_a_password_in_a_body_is_a_credential_in_clear() -> None:
    """A credential written into a body is a warning, as in a header."""
    found = findings(change(("get: /customers\n", POST + "json: {a: {password: hunter2}}\n")))

    assert short(found) == ["15:26 warning TB053"]
    assert "hunter2" not in str(found)


def test_a_graphql_query_nested_beyond_reason_is_an_error() -> None:
    """Nesting that would break the reader is refused, and is no crash."""
    found = findings(change(("get: /customers\n", POST + f"graphql: {{query: '{'{a' * 3000}'}}\n")))

    assert [finding.code for finding in found] == ["TB066"]
    assert "nested too deeply" in found[0].message


def test_a_credential_of_a_document_in_clear_is_a_warning() -> None:
    """As one of a form or of JSON: it belongs into a variable."""
    body = "post: /customers\n    xml: <a key='k'><Password>p</Password><b>${TOKEN}</b></a>"
    found = read(change(("get: /customers\n", f"{body}\n"))).warnings

    assert short(found) == ["15:10 warning TB053"] * 2
    assert [finding.message.split()[0] for finding in found] == ["`Password`", "`key`"]


@pytest.mark.parametrize(
    "body",
    [
        "xml: <a b='${TOKEN}'>{user} {{}}</a>",
        'xml: \'<?xml version="1.0" encoding="UTF-8"?><a><!-- x --><![CDATA[<b>]]></a>\'',
        "xml: <s:a xmlns:s='urn:s'/>\n    headers: {Content-Type: application/soap+xml}",
        'text: ""\n    content_type: text/plain',
        "text: a {user}\n    content_type: text/plain; charset=UTF-8",
    ],
)
def test_a_good_body_has_no_finding(body: str) -> None:
    """Holes and variables in texts and attributes; comments and CDATA that are as they are."""
    assert not read(change(("get: /customers\n", f"post: /customers\n    {body}\n"))).warnings


def test_a_document_that_is_none_has_no_texts() -> None:
    """It is reported once, where it stands."""
    assert list(texts_of(TemplateSpec(("<a>",), Place("acme.yaml", 1, 1)))) == []
