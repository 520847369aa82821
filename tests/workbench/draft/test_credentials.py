"""No credential of a sample stands in what a draft writes: neither in the mapping nor in the cases."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.support import USER
from tests.workbench.draft.drafting import ticket, tickets
from ticketbridge.cli import main
from ticketbridge.workbench.draft.command import DraftFiles, make_draft
from ticketbridge.workbench.personal.chance import looks_secret

HEX = "9f8e7d6c5b4a39281706f5e4d3c2b1a0"
JWT = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abcDEF123_-xyz"
UUID = "3f2504e0-4f89-11d3-9a0c-0305e82c3301"
BASE64 = "kQ7vX2mZp9Lr4TtYb1Nc8WsE5uHj"


def drafted(folder: Path, *samples: tuple[str, Any]) -> DraftFiles:
    """The drafts of documents, each with its target."""
    named = []
    for number, (target, value) in enumerate(samples):
        file = folder / f"{number}.sample"
        file.write_text(value if isinstance(value, str) else json.dumps(value))
        named.append(f"{target}={file}")
    return make_draft(named, USER, "acme")


def hold_without(files: DraftFiles, *secrets: str) -> None:
    """Fail where one of *secrets* stands in the mapping or in the cases."""
    for secret in secrets:
        assert secret not in files.mapping
        assert secret not in files.cases
    assert files.cases


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *[
            ("key", HEX),
            ("api_key", "abc"),
            ("apikey", "x1"),
            ("access_token", "t0k"),
            ("sig", UUID),
        ],
        *[("pwd", "hunter2"), ("X-Api-Key", BASE64), ("sessionId", "81"), ("passwort", "geheim")],
    ],
)
def test_a_parameter_that_is_a_credential_by_its_name_is_left_to_auth(
    tmp_path: Path, name: str, value: str
) -> None:
    """However short it is; in the case it is not asked for at all."""
    next_url = f"https://acme.example/orders?email={USER}&{name}={value}&page=2"
    answer = {**tickets(), "links": {"self": next_url}}
    files = drafted(tmp_path, (f"/orders?email={USER}&{name}={value}", answer))

    assert "auth: {type: api_key, in: query, name: " in files.mapping
    assert 'query: {email: "{user}"}' in files.mapping
    assert f"={value}" not in files.cases
    if len(value) > 3:
        hold_without(files, value)


@pytest.mark.parametrize("value", [HEX, JWT, UUID, BASE64, HEX.upper()])
def test_a_value_that_looks_like_one_is_a_variable(tmp_path: Path, value: str) -> None:
    """In a parameter of any name, and in the path."""
    target = f"/hooks/{value}/orders?email={USER}&z={value}"
    files = drafted(tmp_path, (target, tickets()))

    hold_without(files, value)
    assert 'get: "/hooks/${ACME_HOOK}/orders"' in files.mapping
    assert 'z: "${ACME_Z}"' in files.mapping


def test_who_logs_in_beside_a_credential_is_a_variable_too(tmp_path: Path) -> None:
    """It is the platform's account, and no asked user."""
    target = f"/orders?user=4711&key={HEX}&email={USER}"
    files = drafted(tmp_path, (target, tickets()))

    hold_without(files, HEX, "4711")
    assert 'user: "${ACME_USER}"' in files.mapping


@pytest.mark.parametrize(
    "query",
    ["sort_key=date", "group_key=x", "cursor=9f8e7d6c5b4a39281706f5e4d3c2b1a0", "fields=id,status"],
)
def test_what_only_sounds_like_one_is_none(tmp_path: Path, query: str) -> None:
    """By what is sorted, and where the next page begins."""
    files = drafted(tmp_path, (f"/orders?email={USER}&{query}", tickets()))

    assert "type: api_key" not in files.mapping
    assert files.mapping.count("${ACME_") == 2


def test_an_id_of_an_answer_is_no_credential(tmp_path: Path) -> None:
    """It leads from one call to the next, however it looks."""
    files = drafted(
        tmp_path,
        (f"/customers?email={USER}", {"customers": [{"id": UUID, "email": USER}]}),
        (f"/customers/{UUID}/tickets", tickets()),
    )

    assert 'get: "/customers/{customer.id}/tickets"' in files.mapping


@pytest.mark.parametrize(
    ("target", "private"),
    [
        (f"/customers/{UUID}/tickets", UUID),
        ("/tickets?phone=%2B34600111222", "34600111222"),
        ("/tickets/by/Ana%20L%C3%B3pez", "López"),
    ],
)
def test_a_value_of_one_person_is_left_open(tmp_path: Path, target: str, private: str) -> None:
    """The mapping is for every user: it has nobody's id, number or name in it."""
    person = {"first_name": "Ana", "last_name": "López", "phone": "+34600111222"}
    files = drafted(tmp_path, (target, tickets(ticket(1, **person), ticket(2, **person))))

    hold_without(files, private)
    assert "{TODO}" in files.mapping


def test_credentials_in_urls_inside_of_samples_are_masked(tmp_path: Path) -> None:
    """In a next URL, a link, and an XML document; in a path that would be a part of base_url too."""
    urls = {
        "next": f"https://acme.example/{BASE64}/orders?email={USER}&page=2&token=t7",
        "pdf": f"https://robot:hunter22@files.acme.example/pdf?signature={JWT}",
    }
    files = drafted(tmp_path, (f"/orders?email={USER}", {**tickets(), **urls}))
    hold_without(files, BASE64, JWT, "hunter22", "token=t7")

    item = "".join(f"<{k}>{v}</{k}>" for k, v in ticket().items())
    links = "".join(f"<{k}>{v.replace('&', '&amp;')}</{k}>" for k, v in urls.items())
    xml = f"<r><tickets><ticket>{item}</ticket></tickets>{links}</r>"
    hold_without(
        drafted(tmp_path, (f"/orders?email={USER}", xml)), BASE64, JWT, "hunter22", "token=t7"
    )


@pytest.mark.parametrize(
    ("userinfo", "secrets"),
    [
        ("robot:hunter22", ["hunter22", "robot"]),
        ("t0k3n", ["t0k3n"]),
        ("a-long-token", ["a-long-token"]),
        ("a-long-token:", ["a-long-token"]),
        (f"{BASE64}:x-oauth-basic", [BASE64, "x-oauth-basic"]),
        ("robot%40acme:s%2Fcr%3Ft!", ["s%2Fcr%3Ft!", "robot%40acme"]),
        ("robot:p@ssword:1", ["p@ssword:1"]),
    ],
)
def test_who_logs_in_at_a_url_is_masked(tmp_path: Path, userinfo: str, secrets: list[str]) -> None:
    """A token needs no colon; it stands nowhere, and if it is long, not alone either."""
    url = f"https://{userinfo}@files.acme.example/pdf?email={USER}"
    alone = [secret for secret in secrets if len(secret) > 8 and secret != "robot%40acme"]
    for answer in (
        {**tickets(), "pdf": url, "text": f"see {url}, or {' '.join(alone)}"},
        f"<r><pdf>{url}</pdf><tickets><ticket><id>1</id></ticket></tickets></r>",
    ):
        hold_without(drafted(tmp_path, (f"/orders?email={USER}", answer)), *secrets)


@pytest.mark.parametrize(
    "value",
    [
        f'{{"email": "{USER}", "password": "hunter22"}}',
        *("{hunter22}", "https://x.example/cb?token=hunter22", "<a>hunter22</a>"),
        f'{{ tickets(email: "{USER}", key: "hunter22") {{ id }} }}',
        *(f"email eq '{USER}' and password = 'hunter22'", "select secret='hunter22'"),
        *('["shop", 2, "hunter22"]', "user=ana&password=hunter22", '{"a": ["id", "hunter22"]}'),
    ],
)
def test_a_text_with_a_credential_inside_is_left_open(tmp_path: Path, value: str) -> None:
    """In the query and in a body: it is a document of its own, to be written by hand."""
    sent = json.dumps({"email": USER, "x": value})
    for target in (f"/t?email={USER}&x={quote(value)}", f"POST /t {sent}"):
        files = drafted(tmp_path, (target, tickets()))
        hold_without(files, "hunter22")
        assert '{email: "{user}", x: "{TODO}"}' in files.mapping


def test_only_what_a_draft_left_open_is_named_there(tmp_path: Path) -> None:
    """And a word for a field: another text in braces may be anything, and `${NAME}` is a text too."""
    files = drafted(tmp_path, ("/shops/{shop}/t?a={hunter22}&b=${HUNTER22}", tickets()))

    assert "which value is `shop`?" in files.mapping
    assert 'query: {a: "{TODO}", b: "${{HUNTER22}}"}' in files.mapping
    assert "which value is it?" in files.mapping
    assert "hunter22" not in files.mapping


def test_arguments_of_a_call_are_not_copied(tmp_path: Path) -> None:
    """A password among them has no name. Words of the API, conditions and ids of an answer are."""
    found = [["email", "=", USER], ["state", "in", ["paid", "done"]], ["date", ">=", "2026-01-01"]]
    more = {"fields": ["id", "name", "A-1"], "status": ["PAID", "used"]}
    arguments = ["db7", 2, "master", "sale.order", f"{USER}:pw", "A-1", found, more]
    body = {"method": "execute_kw", "args": arguments, "more": [["root", "toor"], ["id", "name"]]}
    answer = {**tickets(), "next": "A-1"}
    files = drafted(tmp_path, (f"POST /rpc {json.dumps(body)}", answer))

    assert (
        'args: ["${ACME_ARGS_0}", 2, "${ACME_ARGS_2}", sale.order, "{TODO}", A-1,'
        ' [[email, "=", "{user}"], [state, in, [paid, done]], [date, ">=", 2026-01-01]],'
        " {fields: [id, name, A-1], status: [PAID, used]}],"
        ' more: [["${ACME_MORE_0_0}", "${ACME_MORE_0_1}"], [id, name]]}'
    ) in files.mapping
    hold_without(files, "db7", "master", "toor", ":pw")


def test_an_address_among_arguments_is_the_user_if_none_is_named(tmp_path: Path) -> None:
    """As it is in a parameter; in a document inside of one too."""
    (tmp_path / "t.json").write_text(json.dumps(tickets()))
    sample = f'POST /rpc?q=["{USER}"] {{"params": ["{USER}"]}}={tmp_path / "t.json"}'
    mapping = make_draft([sample], None, "acme").mapping

    assert 'json: {params: ["{user}"]}' in mapping
    assert "ACME_PARAMS" not in mapping


@pytest.mark.parametrize(
    "body",
    [
        *({"pass": "hunter22"}, {"password": "hunter@22"}, {"auth": {"u": "hunter22"}}),
        *({"token": {"value": "hunter22"}}, {"passwords": {"a": ["hunter22"]}}),
    ],
)
def test_a_credential_in_a_body_is_one_by_any_name_around_it(tmp_path: Path, body: Any) -> None:
    """The name of the object that it stands in counts too."""
    files = drafted(tmp_path, (f"POST /t {json.dumps(body)}", tickets()))

    hold_without(files, "hunter22", "hunter@22")
    assert '"${ACME_' in files.mapping.partition("json: ")[2]


def test_several_values_of_one_name_in_bodies_are_left_open(tmp_path: Path) -> None:
    """One variable cannot stand for two."""
    body = {"a": {"token": "hunter22"}, "b": {"token": "hunter33"}}
    files = drafted(tmp_path, (f"POST /t {json.dumps(body)}", tickets()))

    hold_without(files, "hunter22", "hunter33")
    assert 'json: {a: {token: "{TODO}"}, b: {token: "{TODO}"}}' in files.mapping


def test_a_key_that_is_data_stands_in_no_expression(tmp_path: Path) -> None:
    """A platform may list tickets by the addresses of their owners."""
    files = drafted(tmp_path, ("/orders", {"ana.ruiz@example.net": [ticket(1)], HEX: [ticket(2)]}))

    hold_without(files, "ana.ruiz@example.net")
    assert HEX not in files.mapping


def test_a_whole_url_names_its_path_and_query(tmp_path: Path) -> None:
    """It is what an integrator has at hand; its host, and who logs in there, stand nowhere."""
    target = f"https://robot:hunter22@api.acme.example/v2/orders?email={USER}&key={HEX}"
    files = drafted(tmp_path, (target, tickets()))

    hold_without(files, HEX, "hunter22", "api.acme.example")
    assert "get: /v2/orders" in files.mapping


def test_map_finds_the_sample_of_a_request_with_a_credential(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """By the arguments that the draft was made with, whatever the variables hold; and it shows none."""
    monkeypatch.chdir(tmp_path)
    Path("orders.json").write_text(json.dumps(tickets()))
    sample = f"/orders?user=4711&key={HEX}&email={USER}=orders.json"
    assert main(["draft", sample, "--user", USER, "-o", "acme.yaml"]) == 0
    assert main(["test", "acme.yaml"]) == 0

    assert main(["map", "acme.yaml", sample, f"/x?key={HEX}=orders.json", "--user", USER]) == 0
    out, err = capsys.readouterr()
    assert '"ticketId": "1"' in out
    assert "never asked for: /x?...=orders.json" in err
    assert HEX not in out + err


@pytest.mark.parametrize(
    ("text", "is_secret"),
    [
        *[
            (HEX, True),
            (JWT, True),
            (UUID, True),
            (BASE64, True),
            ("sk_live_abc123def456ghi7", True),
        ],
        *[("aB3dE5fG7hI9jK1l", True), ("dGhpcyBpcyBhIHNlY3JldCB0b2tlbg==", True)],
        *[("gala-2027", False), ("2026-11-24T12:00:00Z", False), ("organizations", False)],
        *[("rock-in-rio-lisboa-2026-weekend-1", False), ("T356-3899-E1000", False), ("v5", False)],
        *[("ticketTypeAndCategory", False), ("1234567890123456", False), ("", False)],
    ],
)
def test_how_a_credential_looks(text: str, *, is_secret: bool) -> None:
    """Long, and of digits and letters that are no words."""
    assert looks_secret(text) is is_secret
