"""Slips in a POST: each is found at its line and column."""

from __future__ import annotations

import pytest

from tests.mapping.support import change, findings, short

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
