"""`asked`: what a request must carry beside its target, signatures too."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.workbench.cases_support import Folder, case, item, orders_answer
from ticketbridge.mapping import Environment
from ticketbridge.workbench.cases.case_spec import drop_parameters
from ticketbridge.workbench.cases.coverage import measure_coverage
from ticketbridge.workbench.cases.reader import read_cases
from ticketbridge.workbench.cases.runner import load_for_cases
from ticketbridge.workbench.check.checking import check_paths
from ticketbridge.workbench.mutants.survivors import run_mutants

NOW = "2017-07-29T16:40:46Z"
AUTH: dict[str, Any] = {
    "type": "signature",
    "secrets": {"key": "${ACME_KEY}", "secret": "${ACME_SECRET}"},
    "values": [
        {"ts": "moment('%Y-%m-%dT%H:%M:%S')"},
        {
            "sign": "hmac(join('', [secrets.key, 'acme', ts, request.path]), secrets.secret,"
            " 'sha256', 'hex', 'base64')"
        },
    ],
    "headers": {"Authorization": "ACME key={secrets.key} ts={ts}"},
    "query": {"sign": "{sign}"},
}
CONFUSED = (
    "upstream.auth.values.sign: hmac(join('', [secrets.key, 'acme', ts, request.path]), secrets.key,"
    " 'sha256', 'hex', 'base64')"
)
HEADERS = {"authorization": "ACME key=6b657900 ts=2017-07-29T16:40:46"}


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """A mapping that signs its requests."""
    made = Folder(tmp_path)
    made.map({"upstream.auth": AUTH})
    return made


def asking(**asked: Any) -> dict[str, Any]:
    """A case whose request must carry *asked*."""
    return case(now=NOW, upstream=[orders_answer(item(), asked=asked)])


def made_signature(folder: Folder) -> str:
    """What the failing case says that the signature is."""
    (result,) = folder.run(asking(query={"sign": "x"}))
    return result.message.partition("and it is ")[2].partition("\n")[0]


def test_a_case_says_what_a_request_carries(folder: Folder) -> None:
    """Headers by any case of their names, parameters decoded; what auth makes at the fixed clock too."""
    sign = made_signature(folder)
    upper = {"AUTHORIZATION": HEADERS["authorization"], "Accept": "application/json"}
    query = {"sign": sign, "email": ["ana@example.com"]}
    (result,) = folder.run(asking(headers=upper, query=query))

    assert (result.message, len(sign)) == ("", 64)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (
            {"headers": {"Authorization": "ACME key=x"}},
            f"the header authorization: ACME key=x, and it is {HEADERS['authorization']}",
        ),
        ({"headers": {"X-Sign": "a"}}, "the header x-sign: a, and there is none"),
        ({"query": {"email": ["a", "b"]}}, "the parameter email: a, b, and it is ana@example.com"),
        ({"query": {"page": "1"}}, "the parameter page: 1, and there is none"),
    ],
)
def test_what_is_not_carried_fails_the_case(
    asked: dict[str, Any], said: str, folder: Folder
) -> None:
    """The failure says what was asked for, and what came: all variables are placeholders."""
    (result,) = folder.run(asking(**asked))

    assert said in result.message
    assert "unexpected call: GET /orders?email=ana%40example.com; " in result.message


@pytest.mark.parametrize(
    ("auth", "asked"),
    [
        (
            {**AUTH, "secrets": {"key": "${K:-hunter2-key}", "secret": "${S}"}},
            {"headers": {"Authorization": "x"}},
        ),
        (
            {**AUTH, "secrets": {"key": "${K}", "secret": "${S:-aHVudGVyMg==}"}},
            {"query": {"sign": "x"}},
        ),
        ({"type": "bearer", "token": "${T:-hunter2-token}"}, {"headers": {"Authorization": "x"}}),
    ],
)
def test_a_real_credential_is_not_shown(
    auth: dict[str, Any], asked: dict[str, Any], folder: Folder
) -> None:
    """A default in the mapping is one: neither it nor what is made of it is in a failure."""
    folder.map({"upstream.auth": auth})
    (result,) = folder.run(asking(**asked))

    assert "it is another, which is not shown" in result.message
    assert "hunter2" not in result.message


def test_a_header_in_clear_hides_no_signature(folder: Folder) -> None:
    """What `upstream.headers` says is shown, unless its name calls it a credential."""
    headers = {"X-Channel": "resale", "X-Secret": "${X:-hunter2}", "X-Token": "${T}"}
    folder.map({"upstream.auth": AUTH, "upstream.headers": headers})
    asked = dict.fromkeys(["Authorization", *headers], "x")
    (result,) = folder.run(asking(headers=asked))

    assert f"authorization: x, and it is {HEADERS['authorization']}" in result.message
    assert "x-channel: x, and it is resale" in result.message
    assert "x-secret: x, and it is another, which is not shown" in result.message
    assert "x-token: x, and it is placeholder" in result.message
    assert "hunter2" not in result.message


def test_answers_are_told_apart_by_what_is_asked(folder: Folder) -> None:
    """The first one whose request carries all of it serves."""
    wrong = orders_answer(item(2), asked={"headers": {"Authorization": "x"}})
    right = orders_answer(item(), asked={"headers": HEADERS})
    (result,) = folder.run(case(now=NOW, upstream=[wrong, right]))

    assert result.message.startswith("never asked for: GET /orders")


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ("[a]", "TB412"),
        ("{header: {}}", "TB410"),
        ("{headers: [a]}", "TB412"),
        ("{headers: {A B: c}}", "TB414"),
        ('{headers: {A: "b\\nc"}}', "TB414"),
        ("{query: a}", "TB412"),
        ("{query: {a: [[b]]}}", "TB412"),
    ],
)
def test_a_slip_in_asked_is_a_finding(asked: str, code: str, folder: Folder) -> None:
    """At its place, as in the rest of a case."""
    text = (
        "- case: one\n  user: a@b.example\n  upstream:\n"
        f"    - {{get: /orders, asked: {asked}}}\n  expect: {{tickets: []}}\n"
    )
    found = folder.findings(text)

    assert [finding.code for finding in found] == [code]
    assert found[0].place.line == 4


def test_what_is_asked_for_is_no_credential_in_clear(folder: Folder) -> None:
    """A signature looks like one, and is made of placeholders; elsewhere in the case it would be one."""
    made, other = "9f8a7c6b5d4e3f2a1b0c", "1b0c9f8a7c6b5d4e3f2a"
    headers = {"Authorization": f"ACME sign={made}", "X-Short": "a"}
    asked = {"headers": headers, "query": {"signature": f"{made[::-1]}"}}
    folder.write(case(upstream=[orders_answer(item(), asked=asked)]))
    guide = folder.path / "guide.md"
    guide.write_text(f"```yaml\n{folder.cases.read_text('utf-8')}\n```\n", "utf-8")
    environment = Environment({}, missing="placeholder")

    def doubts(file: Path) -> list[str]:
        return [
            str(each) for each in check_paths([file], environment).findings if each.code == "TB053"
        ]

    assert doubts(folder.cases) == doubts(guide) == []
    folder.write(case(upstream=[orders_answer(item(), asked=asked, headers={"X-Token": other})]))
    assert len(doubts(folder.cases)) == 1


# --- what cases leave unsaid ----------------------------------------------------------------------


def lacking(folder: Folder, *cases: Any) -> list[str]:
    """What no case comes by, of the signature."""
    folder.write(*cases)
    points = measure_coverage(load_for_cases(folder.mapping), read_cases(folder.cases).cases)
    return [point.lacking for point in points if not point.met and "asked" in point.lacking]


def test_a_signature_that_no_case_looks_at_is_not_covered(folder: Folder) -> None:
    """Another header than the signature's does not count."""
    missing = ["no case says by `asked` what the signature is"]

    assert lacking(folder, case()) == missing
    assert lacking(folder, asking(headers={"Accept": "application/json"})) == missing
    assert lacking(folder, asking(headers=HEADERS)) == []
    assert lacking(folder, asking(query={"sign": "x"})) == []
    folder.map({})
    assert lacking(folder, case()) == []


def survivors(folder: Folder, *cases: Any) -> set[str]:
    """The slips in the signature that *cases* do not notice."""
    folder.write(*cases)
    run = run_mutants(load_for_cases(folder.mapping), read_cases(folder.cases))
    return {each.name for each in run.unlisted if each.name.startswith("upstream.auth")}


def test_slips_in_a_signature_are_noticed_by_what_is_asked(folder: Folder) -> None:
    """Each constant, key and function of it; without `asked` none of them is."""
    whole = asking(headers=HEADERS, query={"sign": made_signature(folder)})
    unsaid = survivors(folder, case(now=NOW))

    assert survivors(folder, whole) == set()
    assert {"upstream.auth.headers.Authorization: left out", CONFUSED} <= unsaid


@pytest.mark.parametrize("kind", ["oauth1", "digest"])
def test_a_nonce_stands_as_the_clock_does(kind: str, folder: Folder) -> None:
    """So the header of OAuth 1.0, or the answer to a challenge, can be written down."""
    challenge = {"WWW-Authenticate": 'Digest realm="r", nonce="n", qop="auth"'}
    refused = {"get": "/orders", "status": 401, "headers": challenge}
    auths: dict[str, dict[str, str]] = {
        "oauth1": {"consumer_key": "${K}", "consumer_secret": "${S}"},
        "digest": {"username": "${K}", "password": "${S}"},
    }
    folder.map({"upstream.auth": {"type": kind, **auths[kind]}})
    first = [refused] if kind == "digest" else []

    def run(header: str) -> str:
        answer = orders_answer(item(), asked={"headers": {"Authorization": header}})
        (result,) = folder.run(case(now=NOW, upstream=[*first, answer]))
        return result.message

    made = run("x").partition("and it is ")[2].partition("\n")[0]
    assert ("0" * 32) in made
    assert run(made) == ""


@pytest.mark.parametrize(
    ("asked", "left"),
    [
        ("/orders?key=s&email=a", "/orders?email=a"),
        ("/orders?key=s", "/orders"),
        ("/orders?k%65y=s&&email=a?b=c", "/orders?&email=a?b=c"),
        ("/orders", "/orders"),
    ],
)
def test_a_credential_is_left_out_of_a_target_that_is_else_as_it_was_asked(
    asked: str, left: str
) -> None:
    """By its decoded name; a second question mark or an empty part stays, so that a case fits its request."""
    assert drop_parameters(asked, {"key"}) == left
