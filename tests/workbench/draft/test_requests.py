"""Requests that samples answered: POSTs, curl commands, HAR files; their credentials are written nowhere."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from tests.support import USER
from tests.workbench.draft.drafting import draft, entries, source, ticket, tickets
from ticketbridge.workbench.draft.curl_commands import is_curl, read_curl
from ticketbridge.workbench.draft.har_samples import read_har
from ticketbridge.workbench.draft.sample_requests import (
    SampleRequest,
    find_request_auth,
)
from ticketbridge.workbench.samples import SampleError, read_sample

SECRETS = ("tok-5f2a9c11", "key-77aa0011", "hunter22", "body-zz99", "sid-4411", "cGFzcw")


@pytest.fixture
def run(run: Any) -> Any:
    """Runs a command in a folder that has a sample; gives exit code, stdout and stderr."""
    Path("tickets.json").write_text(json.dumps(tickets()))
    return run


# --- POST -----------------------------------------------------------------------------------------


def test_a_post_is_drafted_with_its_body(run: Any) -> None:
    """The user in it is a hole, a number keeps its type, and the case passes."""
    sent = json.dumps({"filter": {"email": USER, "note": "a{b}"}, "limit": 5, "more": None})
    drafted = run("draft", f"POST /search?x=1 {sent}=tickets.json", "--user", USER, "-o", "a.yaml")

    assert drafted[0] == 0
    text = Path("a.yaml").read_text()
    assert '    post: /search\n    query: {x: "1"}\n' in text
    assert 'json: {filter: {email: "{user}", note: "a{{b}}"}, limit: 5, more: null}' in text
    assert run("check", "a.yaml")[0] == 0
    assert run("test", "a.yaml")[:2] == (0, "a.cases.yaml: 1 case, 0 failed\n")


def test_a_body_that_is_no_json_is_a_form(run: Any) -> None:
    """Its parameters are found as those of a query are."""
    sample = f"POST https://api.example/search email={USER}&cmd=find=tickets.json"
    assert run("draft", sample, "--user", USER, "-o", "a.yaml")[0] == 0

    assert '    form: {email: "{user}", cmd: find}' in Path("a.yaml").read_text()
    assert run("test", "a.yaml")[0] == 0


ENVELOPE = '<e:Envelope xmlns:e="x"><e:Body><password>hunter22</password></e:Body></e:Envelope>'
OTHER_BODIES = [
    ENVELOPE,
    '--b\r\nContent-Disposition: form-data; name="password"\r\n\r\nhunter22\r\n--b--',
    *("password=hunter22 user=ana", "user=ana,password=hunter22", "Server=x;Password=hunter22"),
    *('"hunter22"', "aHVudGVyMjI=", "{password: hunter22}", "[" * 5000, "hunter22", "{ t(p: 1) }"),
]


@pytest.mark.parametrize("body", OTHER_BODIES)
def test_a_body_that_is_neither_json_nor_a_form_is_refused(run: Any, body: str) -> None:
    """It may hold a password anywhere: it stands neither in a draft nor in what is said about it."""
    sample = f"curl https://api.example/t?e={USER} --data-binary $'{body}'=tickets.json"
    code, out, err = run("draft", sample, "--user", USER)

    assert (code, out) == (2, "")
    assert "tickets.json: its POST's body is neither JSON nor a form" in err
    assert not [part for part in ("hunter22", "aHVudGVyMjI", USER) if part in err]


@pytest.mark.parametrize(
    "body", ["a=1&b=", "a%5B%5D=x%20y+z&a[]=/u?,'", "t=abc==&e=ana@example.com", "[]", '{"a": 1}']
)
def test_a_body_that_is_json_or_a_form_is_drafted(body: str) -> None:
    """A form may leave out to encode what a query may have."""
    assert source(("/search", tickets(), body.encode()))[1] == "post: /search"


def test_a_request_may_say_that_it_is_a_get(tmp_path: Path) -> None:
    """A POST may have no body; a whole URL is its path and query."""
    file = tmp_path / "a.json"
    file.write_text("[]")
    found = [read_sample(f"{key}={file}") for key in ("GET /a?b=1", "POST /a", "GET https://x/a")]

    assert [(one.key, one.sent) for one in found] == [("/a?b=1", None), ("/a", b""), ("/a", None)]
    assert str(read_sample(f'POST /a?k=1 {{"secret": 1}}={file}')) == f"POST /a?...={file}"


def test_a_request_may_be_longer_than_the_name_of_a_file(tmp_path: Path) -> None:
    """What stands before the last `=` is then no part of a name, and is not looked for on the disk."""
    file, cursor = tmp_path / "a.json", "x" * 5_000
    file.write_text("[]")

    assert read_sample(f"/a?cursor={cursor}={file}").key == f"/a?cursor={cursor}"


def test_calls_to_one_path_are_told_apart_by_what_they_do() -> None:
    """`cmd` names another call; its answer leads to the next by an id in the body."""
    people = {"customer": [{"acct_id": 100345, "email": USER}]}
    lines = source(
        ("/command", people, {"cmd": "find", "email_addr": USER}),
        ("/command", {"seats": [ticket(10), ticket(11)]}, {"cmd": "seats", "acct_id": 100345}),
    )

    assert 'json: {cmd: find, email_addr: "{user}"}' in lines
    assert 'json: {cmd: seats, acct_id: "{customer.acct_id}"}' in lines


def test_pages_may_be_asked_for_in_the_body() -> None:
    """By number, or by a cursor that the first request has not."""

    def sent(number: int, **more: Any) -> Any:
        return ("/search", {**tickets(ticket(number)), "next": f"c-{number}"}, {"e": USER, **more})

    by_number = source(sent(1, page=1), sent(2, page=2))
    assert 'json: {e: "{user}", page: "{page.number}"}' in by_number
    by_cursor = source(sent(1), sent(2, after="c-1"))
    assert 'json: {e: "{user}", after: "{page.cursor}"}' in by_cursor
    assert "cursor: body.next" in by_cursor
    inside = source(sent(1, p={"x": 1}), sent(2, p={"x": 1, "after": "c-1"}))
    assert 'json: {e: "{user}", p: {x: 1, after: "{page.cursor}"}}' in inside
    other = source(sent(1, p={"x": 1, "y": 2}), sent(2, q={"after": "c-1"}))
    assert 'p: {x: "{TODO}", y: "{TODO}"}, q: {after: "{page.cursor}"}}' in " ".join(other)
    # The fullest body has a text where the later one has an object: there is no place for the cursor.
    text = source(sent(1, w="first", x=1), sent(2, w={"after": "c-1"}))
    assert 'json: {e: "{user}", w: "{TODO}", x: "{TODO}"}' in text


def test_a_body_may_be_a_list() -> None:
    """Its values have no names but those around the list."""
    assert 'json: [["{user}"], 5, true]' in source(("/rpc", tickets(), [[USER], 5, True]))


def test_credentials_in_a_body_become_variables() -> None:
    """With the name that goes with them; a value that the answer has is none."""
    body = {"api_key": SECRETS[3], "client_id": "shop", "email": USER, "token": "T-9"}
    drafted = draft(("/search", {**tickets(), "token": "T-9"}, body))

    wanted = (
        'api_key: "${ACME_API_KEY}", client_id: "${ACME_CLIENT_ID}", email: "{user}", token: T-9'
    )
    assert wanted in drafted.text
    assert SECRETS[3] in drafted.hidden.secrets
    form = draft(("/search", tickets(), f"email={USER}&password={SECRETS[3]}".encode()))
    assert 'form: {email: "{user}", password: "${ACME_PASSWORD}"}' in form.text


# --- curl -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "method", "url", "sent"),
    [
        ("curl https://x/a", "GET", "https://x/a", None),
        ("curl x/a --compressed -s -m 5 -o f", "GET", "https://x/a", None),
        ("curl -X POST 'https://x/a?b=1'", "POST", "https://x/a?b=1", b""),
        ("curl --url https://x/a -d a=1 --data-raw=b=2", "POST", "https://x/a", b"a=1&b=2"),
        ("curl https://x/a -G -d a=1", "GET", "https://x/a?a=1", None),
        ("curl 'https://x/a?c=2' --get --data a=1", "GET", "https://x/a?c=2&a=1", None),
        ("curl https://x/a \\\n --json $'{\"a\": 1}'", "POST", "https://x/a", b'{"a": 1}'),
        ("curl -XPOST https://x/a -da=1", "POST", "https://x/a", b"a=1"),
        ("curl -sSLXPOST https://x/a -kHAccept:x", "POST", "https://x/a", b""),
        (
            'curl https://x/a --data-raw $\'{"a": "it\\\'s\\u0021"}\'',
            "POST",
            "https://x/a",
            b'{"a": "it\'s!"}',
        ),
        (
            "curl -G x/a --data-urlencode 'q=a b&c' --url-query d=é",
            "GET",
            "https://x/a?d=%C3%A9&q=a+b%26c",
            None,
        ),
        (
            "curl -x p:1 --proxy-user a:b --connect-timeout 2 -A me -e r --cacert f x/a",
            "GET",
            "https://x/a",
            None,
        ),
        ("curl --no-progress-meter -b cookies.txt x/a#f | jq .", "GET", "https://x/a#f", None),
        ("$ curl -d '' x/a", "GET", "https://x/a", None),
        ('curl.exe "https://x/a" `\n -H "A: b"', "GET", "https://x/a", None),
        (
            'curl ^"https://x/a?b=%^40^" ^\r\n  -H ^"accept: */*^" ^\r\n  --data-raw ^"^{^\\^"a^\\^":1^}^"',
            *("POST", "https://x/a?b=%40", b'{"a":1}'),
        ),
    ],
)
def test_a_curl_command_is_read(command: str, method: str, url: str, sent: bytes | None) -> None:
    """As curl itself would read it, in any shell; nothing is run."""
    assert is_curl(command)
    found = read_curl(command)

    assert (found.method, found.url, found.sent) == (method, url, sent)


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("curl 'https://x", "cannot be read: No closing quotation"),
        ("curl -H 'A: b'", "has no URL"),
        ("curl -X DELETE https://x", "makes a DELETE"),
        ("curl -I https://x", "makes a HEAD"),
        ("curl https://x hunter22", "has a second URL"),
        (
            "curl --frobnicate hunter22 https://x",
            "--frobnicate of the curl command is not known here",
        ),
        ("curl -sQhunter22 https://x", "-Q of the curl command is not known here"),
        ("curl --Hunter22 https://x", "an option of the curl command is not known here"),
        ("curl https://x -H", "`-H` of the curl command has no value"),
        ("curl https://x -F pass=hunter22", "`-F` of the curl command sends a form in parts"),
        (
            "curl https://x --form=pass=hunter22",
            "`--form` of the curl command sends a form in parts",
        ),
        ("curl -T hunter22 https://x", "`-T` of the curl command sends a form in parts or a file"),
        ("curl -d @hunter22 https://x", "sends a file"),
        ("curl --data-urlencode a@hunter22 https://x", "sends a file"),
        ("curl -H @hunter22 https://x", "sends a file"),
        ("curl 'http://[::1/x?p=hunter22'", "is no legal URL"),
    ],
)
def test_a_curl_command_that_no_draft_could_have_is_refused(command: str, message: str) -> None:
    """With the reason, and without a value of the command: it may be a credential."""
    with pytest.raises(SampleError, match=message) as caught:
        read_curl(command)
    assert "https://x" not in str(caught.value)
    assert "hunter22" not in str(caught.value).lower()


@pytest.mark.parametrize(
    ("options", "lines"),
    [
        (
            f"-H 'Authorization: Bearer {SECRETS[0]}'",
            ['auth: {type: bearer, token: "${ACME_TOKEN}"}'],
        ),
        (
            "-u shop:hunter22",
            ['auth: {type: basic, username: "${ACME_USER}", password: "${ACME_PASSWORD}"}'],
        ),
        (
            f"-H'X-Api-Key: {SECRETS[1]}' -H 'Accept: */*'",
            ['auth: {type: api_key, in: header, name: x-api-key, value: "${ACME_API_KEY}"}'],
        ),
        (
            f"--header='Authorization: Custom {SECRETS[0]}' -b sid={SECRETS[4]}",
            [
                'auth: {type: api_key, in: header, name: Authorization, value: "${ACME_AUTHORIZATION}"}'
            ],
        ),
        (
            f"-H 'Authorization: Bearer {SECRETS[0]}' -H 'X-Api-Key: {SECRETS[1]}'",
            [
                'auth: {type: bearer, token: "${ACME_TOKEN}"}',
                'headers: {x-api-key: "${ACME_API_KEY}"}',
            ],
        ),
        (f"--cookie sid={SECRETS[4]}", []),
        (
            f"-H 'Authorization: Basic {base64.b64encode(b'shop:hunter22').decode()}'",
            ['auth: {type: basic, username: "${ACME_USER}", password: "${ACME_PASSWORD}"}'],
        ),
        ("-A me", []),
        (f"--oauth2-bearer {SECRETS[0]}", ['auth: {type: bearer, token: "${ACME_TOKEN}"}']),
        (
            "--digest -u shop:hunter22",
            ['auth: {type: digest, username: "${ACME_USER}", password: "${ACME_PASSWORD}"}'],
        ),
    ],
)
def test_headers_say_how_to_authenticate(options: str, lines: list[str]) -> None:
    """By variables; what they stand for must stand nowhere."""
    found = find_request_auth([read_curl(f"curl https://x/a {options}")], "ACME")

    assert [line.partition("  #")[0] for line in found.lines] == lines
    for secret in SECRETS:
        assert secret not in options or any(secret in one for one in found.secrets)
    assert ("hunter22" in found.secrets) == ("Basic" in options or "-u " in options)


def test_who_logs_in_at_the_url_of_a_curl_command_is_a_login() -> None:
    """As curl takes it; a percent sign there is written in two digits."""
    found = find_request_auth([read_curl("curl https://shop:hunter%2022@x/a")], "ACME")

    assert found.lines[0].startswith("auth: {type: basic, username: ")
    assert "hunter 22" in found.secrets
    assert "hunter22" in find_request_auth([read_curl("curl -u hunter22: x/a")], "ACME").secrets


def test_a_key_in_the_query_beside_a_header_is_kept(run: Any) -> None:
    """`auth` is one alone, so the request itself has the other; each has a variable of its own."""
    url = f"https://api.example/t?email={USER}&api_key={SECRETS[1]}&token={SECRETS[3]}"
    headers = f"-H 'Authorization: Bearer {SECRETS[0]}' -H 'X-Token: {SECRETS[2]}'"
    sample = f"curl '{url}' {headers}=tickets.json"
    assert run("draft", sample, "--user", USER, "-o", "a.yaml")[0] == 0

    text = Path("a.yaml").read_text()
    assert 'auth: {type: bearer, token: "${A_TOKEN}"}' in text
    assert 'headers: {x-token: "${A_TOKEN_2}"}' in text
    assert 'query: {email: "{user}", api_key: "${A_API_KEY}", token: "${A_TOKEN_3}"}' in text
    assert not [s for s in SECRETS if s in text + Path("a.cases.yaml").read_text()]
    assert run("test", "a.yaml")[0] == 0


def test_what_is_no_secret_may_stay_in_the_answers() -> None:
    """A cookie of a choice, and the name that logs in."""
    command = read_curl(f"curl https://x/a -u shop:hunter22 -b 'theme=dark; sid={SECRETS[4]}'")
    found = find_request_auth([command], "ACME")

    assert {"Basic shop:hunter22", "shop:hunter22", "hunter22", SECRETS[4]} == found.secrets


def test_a_sample_may_be_named_by_a_curl_command(run: Any) -> None:
    """The credential stands neither in the mapping nor in the cases."""
    answer = {**tickets(), "echo": {"url": f"https://x/?x={SECRETS[1]}"}}
    Path("echo.json").write_text(json.dumps(answer))
    command = f"curl 'https://api.example/v1/t?email={USER}' -H 'X-Api-Key: {SECRETS[1]}'"
    assert run("draft", f"{command}=echo.json", "--user", USER, "-o", "a.yaml")[0] == 0

    written = Path("a.yaml").read_text() + Path("a.cases.yaml").read_text()
    assert "get: /v1/t\n" in written
    assert SECRETS[1] not in written
    assert run("test", "a.yaml")[0] == 0


# --- HAR ------------------------------------------------------------------------------------------


def exchange(
    url: str, answer: Any, sent: Any = None, kind: str = "application/json", **more: Any
) -> dict[str, Any]:
    """One entry of a HAR file."""
    headers = [
        {"name": "Authorization", "value": f"Bearer {SECRETS[0]}"},
        {"name": "Cookie", "value": f"sid={SECRETS[4]}; theme=dark"},
    ]
    asked: dict[str, Any] = {"method": "GET", "url": url, "headers": headers}
    if sent is not None:
        asked |= {"method": "POST", "postData": {"text": json.dumps(sent)}}
    text = answer if isinstance(answer, str) else json.dumps(answer)
    content = {"mimeType": kind, "text": text}
    return {"request": asked, "response": {"status": 200, "content": content}, **more}


API = "https://api.example/v1"
SEARCH = exchange(
    f"{API}/search",
    {"orders": [{"id": 881001, "email": USER, "tickets": [ticket(1, event_id="fest-2026")]}]},
    {"email": USER, "apiKey": SECRETS[3]},
)
EVENT = exchange(f"{API}/events/fest-2026", {"id": "fest-2026", "name": "Fest"})
LIST = exchange(f"{API}/shops", {"shops": [{"id": "shop-77"}]})
ITEMS = exchange(f"{API}/shops/shop-77/items", {"items": [{"id": 1, "email": USER}]})


def read(*entries: Any, user: str | None = USER) -> list[str]:
    """The targets of the exchanges that count."""
    value = {"log": {"entries": list(entries)}}
    return [one.sample.key for one in read_har(value, "a.har", user)]


def test_the_exchanges_of_the_api_that_are_about_the_user_count() -> None:
    """With what they lead to, and what leads to them; the tracker, the login and the rest do not."""
    tracker = exchange(f"https://track.example/p?e={USER}", {"ok": 1})
    login = exchange(f"{API}/login", {"token": SECRETS[0]}, {"email": USER, "password": "hunter22"})
    second = exchange(f"{API}/enter", {"ok": True}, {"mail": USER, "Password": "hunter22"})
    other = exchange(f"{API}/settings", {"theme": "dark", "number": 12345})

    assert read(tracker, login, second, other, SEARCH, EVENT, SEARCH) == [
        "/v1/search",
        "/v1/events/fest-2026",
    ]
    assert read(LIST, ITEMS, other) == ["/v1/shops", "/v1/shops/shop-77/items"]


@pytest.mark.parametrize("body", OTHER_BODIES)
def test_a_post_whose_body_no_draft_has_does_not_count(body: str) -> None:
    """The other exchanges do; where there are none, it is said which bodies count."""
    other = json.loads(json.dumps(SEARCH))
    other["request"]["postData"]["text"] = body

    assert read(other, EVENT, SEARCH) == ["/v1/events/fest-2026", "/v1/search"]
    with pytest.raises(SampleError, match="a POST counts if its body is JSON or a form") as caught:
        read(other)
    assert "hunter22" not in str(caught.value)


def test_a_session_is_a_show() -> None:
    """And no login, by its path alone."""
    assert read(exchange(f"{API}/sessions", {"tickets": [ticket()]})) == ["/v1/sessions"]


@pytest.mark.parametrize(
    "broken",
    [
        None,
        {"request": None},
        {**SEARCH, "request": {**SEARCH["request"], "method": "PUT"}},
        {**SEARCH, "request": {**SEARCH["request"], "url": "https://[x"}},
        {**SEARCH, "response": None},
        {**SEARCH, "response": {"status": 500, "content": {}}},
        {**SEARCH, "response": {"status": 200, "content": {}}},
        exchange(f"{API}/a", f"<p>{USER}</p>", kind="text/html"),
        exchange(f"{API}/a", f"<p>{USER}</p>", kind="application/xhtml+xml; html"),
        exchange(f"{API}/a", f"{{{USER}"),
        *(
            {**SEARCH, "request": {**SEARCH["request"], "postData": odd}}
            for odd in (5, [USER], {"text": 5})
        ),
        *(
            {**SEARCH, "request": {**SEARCH["request"], key: 5}}
            for key in ("url", "headers", "method")
        ),
        *(
            {**SEARCH, "response": {"status": 200, "content": odd}}
            for odd in (5, [USER], {"text": [USER]})
        ),
        {**SEARCH, "request": [USER]},
        exchange(f"{API}/a", "[" * 100_000),
    ],
)
def test_what_no_mapping_could_read_does_not_count(broken: Any) -> None:
    """Other methods, failures, pages for people, answers that are cut, and what is of no HAR file."""
    with pytest.raises(SampleError, match="is about the user"):
        read(broken)
    assert read(broken, SEARCH) == ["/v1/search"]


def test_an_answer_may_be_xml_or_in_base64() -> None:
    """As browsers write what is no plain text."""
    packed = json.loads(json.dumps(SEARCH))
    content = packed["response"]["content"]
    content["text"] = base64.b64encode(content["text"].encode()).decode()
    content["encoding"] = "base64"
    assert read(packed) == ["/v1/search"]
    content["text"] = "?"
    with pytest.raises(SampleError):
        read(packed)
    assert read(exchange(f"{API}/x", f"<t><e>{USER}</e></t>", kind="text/xml")) == ["/v1/x"]


def test_a_har_file_needs_a_user() -> None:
    """Nothing else says whose exchanges count; one that only contains the address is another's."""
    with pytest.raises(SampleError, match="--user says which"):
        read(SEARCH, user=None)
    with pytest.raises(SampleError, match="is about the user"):
        read(SEARCH, user="na@example.com")


def test_a_har_file_becomes_a_draft_without_its_credentials(run: Any) -> None:
    """Neither those of headers nor those of bodies; the case passes."""
    text = json.dumps({"log": {"entries": [SEARCH, EVENT]}})
    Path("a.har").write_text(text, encoding="utf-8-sig")  # as some browsers write it
    assert run("draft", "a.har", "--user", USER, "-o", "a.yaml")[0] == 0

    written = Path("a.yaml").read_text() + Path("a.cases.yaml").read_text()
    assert 'auth: {type: bearer, token: "${A_TOKEN}"}' in written
    assert 'get: "/v1/events/{ticket.event_id}"' in written
    assert not [secret for secret in SECRETS if secret in written]
    assert run("test", "a.yaml")[:2] == (0, "a.cases.yaml: 1 case, 0 failed\n")


def test_headers_that_only_name_a_request_are_no_credentials(run: Any) -> None:
    """Those of HTTP/2 that begin with a colon, and ids that are made anew for each request."""
    entry = json.loads(json.dumps(SEARCH))
    entry["request"]["headers"] = [
        {"name": name, "value": "3f2504e0-4f89-11d3-9a0c-0305e82c3301"}
        for name in (":path", "X-Request-Id", "traceparent", "X-Correlation-ID", "Referer", "ETag")
    ]
    Path("a.har").write_text(json.dumps({"log": {"entries": [entry]}}))
    assert run("draft", "a.har", "--user", USER, "-o", "a.yaml")[0] == 0

    assert "api_key" not in Path("a.yaml").read_text()


def test_a_request_does_not_print_what_it_holds() -> None:
    """Its URL, headers and body may have credentials."""
    shown = repr(SampleRequest("GET", f"https://x/{SECRETS[0]}", {"a": SECRETS[1]}, b"hunter22"))
    assert not [secret for secret in SECRETS if secret in shown]
    assert entries(draft(tickets()))  # and a sample alone still is one
