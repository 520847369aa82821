"""Slips in an auth that logs in: each is found at its line and column."""

from __future__ import annotations

import pytest

from tests.mapping.support import change, findings, short

OLD = 'type: bearer, token: "${TOKEN}"'
OAUTH2 = 'type: oauth2, token_url: "https://l.example/t", client_id: a, client_secret: "${SECRET}"'
TOKEN_URL = 'type: oauth2, token_url: "https://l.example/t"'
JWT = f"{TOKEN_URL}, grant: jwt_bearer, private_key: '${{TOKEN}}'"
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
        SESSION + r', header: "X\nHost"', "7:71", "TB024", "line break", id="header-of-two-lines"
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
        SESSION.replace("/login}", "/login, responses: [{status: 202, then: poll}]}"),
        "7:79",
        "TB067",
        "it is not polled",
        id="login-that-is-polled",
    ),
    pytest.param(
        OAUTH2.replace("client_id: a, ", ""), "7:9", "TB011", "`client_id`", id="no-client-id"
    ),
    pytest.param(OAUTH2 + ", grant: implicit", "7:107", "TB013", "client_credentials", id="grant"),
    pytest.param(
        OAUTH2 + ", username: u",
        "7:100",
        "TB059",
        "`username` belongs to `grant: password`; this is `client_credentials`",
        id="username-of-a-client",
    ),
    pytest.param(
        OAUTH2 + ", grant: password, username: u", "7:9", "TB011", "`password`", id="no-password"
    ),
    pytest.param(
        f"{TOKEN_URL}, grant: password, username: u, password: '${{TOKEN}}', refresh_token: '${{TOKEN}}'",
        "7:110",
        "TB059",
        "`refresh_token` belongs to `grant: refresh_token`; this is `password`",
        id="refresh-token-of-a-password",
    ),
    pytest.param(
        f"{TOKEN_URL}, grant: refresh_token", "7:9", "TB011", "`refresh_token`", id="no-refresh"
    ),
    pytest.param(
        f"{TOKEN_URL}, grant: refresh_token, refresh_token: '${{TOKEN}}', claims: {{iss: a}}",
        "7:107",
        "TB059",
        "`claims` belongs to `grant: jwt_bearer`",
        id="claims-of-a-refresh-token",
    ),
    pytest.param(
        f"{TOKEN_URL}, grant: jwt_bearer, claims: {{iss: a}}",
        "7:9",
        "TB011",
        "`private_key`",
        id="no-private-key",
    ),
    pytest.param(f"{JWT}, claims: {{aud: a}}", "7:110", "TB011", "`iss` is missing", id="no-iss"),
    pytest.param(f"{JWT}, claims: {{iss: 7}}", "7:116", "TB012", "`iss`", id="iss-number"),
    pytest.param(f"{JWT}, claims: {{}}", "7:110", "TB015", "claims", id="no-claims"),
    pytest.param(
        f"{JWT}, claims: {{iss: a, exp: 7}}", "7:119", "TB059", "set anew", id="claims-exp"
    ),
    pytest.param(
        f"{JWT}, claims: {{iss: a, sub: '{{user}}'}}", "7:125", "TB030", "holes", id="claims-hole"
    ),
    pytest.param(
        OAUTH2 + ", form: {scope: a}", "7:107", "TB052", "`scope` of `auth`", id="form-scope"
    ),
    pytest.param(
        OAUTH2 + ", form: {grant_type: a}", "7:107", "TB052", "`grant` of `auth`", id="form-grant"
    ),
    pytest.param(OAUTH2 + ", scheme: a b", "7:108", "TB051", "the scheme", id="scheme"),
    pytest.param(OAUTH2 + ", expires_in: 3000h", "7:112", "TB014", "at most 720h", id="long-token"),
    pytest.param(
        f"{TOKEN_URL}, grant: password, username: u, password: '${{TOKEN}}', client_secret: '${{TOKEN}}'",
        "7:110",
        "TB011",
        "no `client_id`",
        id="secret-of-nobody",
    ),
    pytest.param(
        f"{TOKEN_URL}, grant: password, username: u, password: '${{TOKEN}}', client_id: a, send: body",
        "7:124",
        "TB059",
        "no `client_secret`",
        id="send-of-nothing",
    ),
    pytest.param(
        SESSION.replace("post: /login", 'url: "/login"'),
        "7:38",
        "TB050",
        "absolute",
        id="login-url",
    ),
    pytest.param(
        SESSION.replace("post: /login", "url: 'https://a.example/{user}'"),
        "7:57",
        "TB030",
        "holes",
        id="url-hole",
    ),
    pytest.param(
        SESSION.replace("post: /login", "post: /login, url: 'https://a.example'"),
        "7:47",
        "TB065",
        "a `post` or a `url`, not both",
        id="post-and-url",
    ),
    pytest.param(
        SESSION + ", place: header", "7:70", "TB013", "the word `request`", id="another-place"
    ),
    pytest.param(
        SESSION + ", place: request, header: X-A", "7:79", "TB059", "keep one", id="two-places"
    ),
    pytest.param(
        SESSION + ", headers: {A: '{token}'}, value: '{token}'",
        "7:88",
        "TB059",
        "keep one",
        id="headers-and-value",
    ),
    pytest.param(
        SESSION + ", headers: {Host: '{token}'}",
        "7:73",
        "TB052",
        "bridge itself",
        id="headers-host",
    ),
    pytest.param(
        SESSION + ", headers: {A: '{token}', a: b}", "7:87", "TB052", "twice", id="headers-twice"
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
        (OAUTH2 + ", form: {api_key: hunter2}", "7:116", "TB053"),
        (
            f"{TOKEN_URL}, grant: password, username: u, password: hunter2",
            "7:98",
            "TB053",
        ),
        (JWT.replace("${TOKEN}", "hunter2") + ", claims: {iss: a}", "7:90", "TB053"),
        (
            SESSION.replace("post: /login", "url: 'http://l.example/t', form: {a: b}"),
            "7:38",
            "TB054",
        ),
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


@pytest.mark.parametrize(
    "auth",
    [
        OAUTH2.replace("https://l.example/t", "${NOT_SET}"),
        OAUTH2 + ", scheme: '${NOT_SET}'",
        SESSION.replace("post: /login", "url: '${NOT_SET}/login'"),
        SESSION + ", headers: {A: '${NOT_SET}{token}'}",
    ],
)
def test_a_text_that_is_not_known_yet_is_not_judged(auth: str) -> None:
    """`check` knows no variable: a text from one is a finding that it is not set, and no more."""
    found = findings(change((OLD, auth)))

    assert [finding.code for finding in found] == ["TB020"]
