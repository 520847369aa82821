"""Slips in an auth that logs in: each is found at its line and column."""

from __future__ import annotations

import pytest

from tests.mapping.support import change, findings, short

OLD = 'type: bearer, token: "${TOKEN}"'
OAUTH2 = 'type: oauth2, token_url: "https://l.example/t", client_id: a, client_secret: "${SECRET}"'
SESSION = "type: session, login: {post: /login}, token: body.t"

SLIPS = [
    pytest.param(
        "type: oauth2, client_id: a, client_secret: '${SECRET}'",
        "7:9",
        "TB011",
        "`token_url`",
        id="no-url",
    ),
    pytest.param(OAUTH2.replace("https:", "ftp:"), "7:35", "TB050", "http or https", id="url"),
    pytest.param(OAUTH2.replace("/t", "/t?a=b"), "7:35", "TB050", "has a query", id="url-query"),
    pytest.param(
        OAUTH2.replace("client_id: a", "client_id: ''"), "7:69", "TB015", "client_id", id="empty-id"
    ),
    pytest.param(OAUTH2 + ", send: header", "7:106", "TB013", "`basic` or `body`", id="send"),
    pytest.param(
        OAUTH2 + ", scop: a", "7:100", "TB010", 'did you mean "scope"?', id="misspelt-scope"
    ),
    pytest.param("type: session, token: body.t", "7:9", "TB011", "`login`", id="no-login"),
    pytest.param("type: session, login: {post: /login}", "7:9", "TB011", "`token`", id="no-token"),
    pytest.param(
        SESSION.replace("post: /login", "json: {}"),
        "7:32",
        "TB011",
        "`post` is missing. The path of the login",
        id="login-without-path",
    ),
    pytest.param(
        SESSION.replace("post: /login", "gets: /login"),
        "7:33",
        "TB010",
        'did you mean "get"?',
        id="misspelt-get-of-a-login",
    ),
    pytest.param(
        SESSION.replace("/login", "login"), "7:39", "TB064", "begins with `/`", id="login-path"
    ),
    pytest.param(
        SESSION + ", header: Host", "7:71", "TB052", "set by the bridge itself", id="host-header"
    ),
    pytest.param(
        SESSION + ", expires_in: 3000h", "7:75", "TB014", "at most 720h", id="long-session"
    ),
    pytest.param(
        SESSION + ", expires_in: 30 min", "7:75", "TB014", "for example 30m", id="spelt-duration"
    ),
    pytest.param(SESSION + ', value: "{token"', "7:71", "TB031", "not closed", id="open-value"),
    pytest.param(SESSION + ", value: 'a\u00e9'", "7:70", "TB024", "outside ASCII", id="value"),
    pytest.param(
        SESSION.replace("/login}", "/login, responses: [{status: 401, then: reauthenticate}]}"),
        "7:79",
        "TB063",
        "needs credentials that a login gives",
        id="login-that-renews-itself",
    ),
    pytest.param(
        SESSION.replace("/login}", "/login, responses: [{status: 202, then: poll}]}"),
        "7:79",
        "TB067",
        "it is not polled",
        id="login-that-is-polled",
    ),
]


@pytest.mark.parametrize(("new", "place", "code", "words"), SLIPS)
def test_a_slip_in_a_login_is_said_once_at_its_place(
    new: str, place: str, code: str, words: str
) -> None:
    """One finding, at the line and column, that says what is wrong and what would be right."""
    found = findings(change((OLD, new)))

    assert short(found) == [f"{place} error {code}"]
    assert words in f"{found[0].message} {found[0].suggestion}"


@pytest.mark.parametrize(
    ("new", "place", "code"),
    [
        (OAUTH2.replace("${SECRET}", "hunter2"), "7:87", "TB053"),
        (OAUTH2.replace("https:", "http:"), "7:35", "TB054"),
        (
            SESSION.replace("post: /login", "post: /login, json: {password: hunter2}"),
            "7:64",
            "TB053",
        ),
    ],
)
def test_a_doubtful_login_is_a_warning(new: str, place: str, code: str) -> None:
    """A secret in clear, or sent in clear, is a warning that does not repeat it."""
    found = findings(change((OLD, new)))

    assert short(found) == [f"{place} warning {code}"]
    assert "hunter2" not in str(found)


def test_the_header_of_a_session_is_set_by_auth_alone() -> None:
    """A call must not set the header that carries the session."""
    found = findings(
        change(
            (OLD, SESSION + ", header: X-Session"),
            ("get: /customers\n", "get: /customers\n    headers: {x-session: a}\n"),
        )
    )

    assert short(found) == ["15:15 error TB052"]


@pytest.mark.parametrize("auth", [OLD, SESSION, OAUTH2, "type: none"])
def test_reauthenticate_is_legal_under_any_auth(auth: str) -> None:
    """`then: reauthenticate` says that the platform refuses the credentials, be there others or not."""
    rule = ("then: unknown_user", "then: reauthenticate")

    assert findings(change(rule, (OLD, auth))) == ()


def test_a_url_that_is_not_known_yet_is_not_judged() -> None:
    """`check` knows no variable: a token URL from one is a warning that it is not set, and no more."""
    found = findings(change((OLD, OAUTH2.replace("https://l.example/t", "${NOT_SET}"))))

    assert [finding.code for finding in found] == ["TB020"]
