"""Hosts, cookies, `none` and `last` in the tools, from cases to slips."""

from __future__ import annotations

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import anyio
import pytest

from tests.fake_platform import FakePlatform, Reply, Seen
from tests.support import SECRET, TOKEN, USER, item, mapping, order, orders, spec_of
from tests.workbench.cases_support import TICKET, Folder, case, run_cases
from ticketbridge.cli import main
from ticketbridge.workbench.cases.coverage import Trace, measure_coverage
from ticketbridge.workbench.cases.reader import read_cases
from ticketbridge.workbench.cases.runner import load_for_cases
from ticketbridge.workbench.mutants.mutations import make_mutants

pytestmark = pytest.mark.anyio

FAN_OUT: dict[str, Any] = {
    "upstream.hosts": {"files": "${FILES_API:-https://files.acme.example}/v2"},
    "source": [
        {"name": "event", "get": "/events", "each": "body.events"},
        {
            "name": "order",
            "get": "/events/{event.id}",
            "query": {"email": "{user}"},
            "host": "files",
            "cookies": "keep",
            "responses": [
                {"status": 404, "when": "body.code == 'NONE'", "then": "none"},
                {"status": 202, "then": "poll", "after": "1ms"},
            ],
            "each": "body.orders",
        },
        {"name": "item", "each": "order.items"},
    ],
}
EVENTS = {"get": "/events", "body": {"events": [{"id": 1}, {"id": 2}]}}
NONE = {"get": "/events/1", "host": "files", "status": 404, "body": {"code": "NONE"}}
SOME = {"get": "/events/2", "host": "files", "body": orders(order(item(1)))}
QUEUED = {
    "get": "/events/2",
    "host": "files",
    "status": 202,
    "headers": {"Set-Cookie": ["SID=1; Path=/", "CID=2"]},
    "body": {},
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folder:
    """A folder to work in, with the mapping of a fan-out to another host."""
    monkeypatch.chdir(tmp_path)
    made = Folder(tmp_path)
    made.map(FAN_OUT)
    return made


@pytest.fixture
async def files(
    platform: FakePlatform, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[FakePlatform]:
    """The platform's other host, with all variables of the mapping set."""
    async with FakePlatform() as other:
        variables = {
            "MENTA_SECRET": SECRET,
            "ACME_TOKEN": TOKEN,
            "ACME_API": platform.url,
            "FILES_API": other.url,
        }
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        yield other


# --- cases ----------------------------------------------------------------------------------------


def test_a_case_names_the_host_of_a_call(folder: Folder) -> None:
    """`host` of an answer is that of the call; the path leaves out the path of that host's URL."""
    answers = [EVENTS, NONE, QUEUED, SOME]

    assert folder.message(upstream=answers, expect={"tickets": [TICKET]}) == ""


@pytest.mark.parametrize(
    "wrong", [{**SOME, "host": "other"}, {k: SOME[k] for k in ("get", "body")}]
)
def test_an_answer_of_one_host_is_none_of_another(folder: Folder, wrong: Any) -> None:
    """The same path on another host is another call: the case fails, and says which was made."""
    message = folder.message(upstream=[EVENTS, NONE, wrong], expect={"tickets": [TICKET]})

    assert "GET files:/events/2?email=" in message


def test_an_answer_that_nothing_asks_for_is_told_with_its_host(folder: Folder) -> None:
    """Which of two hosts was not called can be read."""
    nothing = {"events": [{"id": 2}]}
    answers = [{"get": "/events", "body": nothing}, NONE, SOME]

    message = folder.message(upstream=answers, expect={"tickets": [TICKET]})

    assert "never asked for: GET files:/events/1" in message


def test_the_url_in_an_answer_is_that_of_its_host(folder: Folder) -> None:
    """`{BASE}` stands for the URL of the host that the answer comes from: the next page lies there."""
    folder.map(
        {
            **FAN_OUT,
            "source.1.pages": {"next_url": "body.next"},
            "source.1.responses": [{"status": 404, "when": "body.code == 'NONE'", "then": "none"}],
            "source.1.cookies": ...,
        }
    )
    url = "{BASE}/events/2?email=ana%40example.com&p=2"
    first = {**SOME, "body": {**orders(), "next": url}}
    second = {**SOME, "get": "/events/2?p=2", "body": {**orders(order(item(1))), "next": None}}

    answers = [EVENTS, NONE, first, second]

    assert folder.message(upstream=answers, expect={"tickets": [TICKET]}) == ""


@pytest.mark.parametrize("leads_to_itself", [True, False])
def test_two_hosts_are_two_without_their_variables(
    folder: Folder, *, leads_to_itself: bool
) -> None:
    """Offline, where no variable is set, the same path on two hosts is two calls, and no page leads over."""
    asked = {"get": "/orders", "query": {"email": "{user}"}}
    folder.map(
        {
            "upstream.hosts": {"files": "${FILES_API}"},
            "source": [
                {"name": "who", **asked, "take": "body"},
                {
                    "name": "order",
                    **asked,
                    "host": "files",
                    "pages": {"next_url": "body.next"},
                    "each": "body.orders",
                },
                {"name": "item", "each": "order.items"},
            ],
            "ticket.owner": "who.email",
        }
    )
    start = "{BASE}" if leads_to_itself else "https://placeholder.invalid"
    following = f"{start}/orders?email=ana%40example.com&p=2"
    answers = [
        {"get": "/orders", "body": {"email": USER}},
        {"get": "/orders", "host": "files", "body": {**orders(), "next": following}},
        {
            "get": "/orders?p=2",
            "host": "files",
            "body": {**orders(order(item(1))), "next": None},
        },
    ]
    if leads_to_itself:
        assert folder.message(upstream=answers, expect={"tickets": [TICKET]}) == ""
    else:
        problem = {"problem": "mapping-mismatch"}
        assert folder.message(upstream=answers[:2], expect=problem) == ""


# --- samples --------------------------------------------------------------------------------------


def test_a_sample_of_another_host_is_given_by_its_call(
    folder: Folder, capsys: pytest.CaptureFixture[str]
) -> None:
    """A path names a call to `base_url`; what is missing on another host is told with that host."""
    folder.file("events.json", json.dumps({"events": [{"id": 2}]}))
    folder.file("orders.json", json.dumps(orders(order(item(1)))))

    missing = main(["map", "acme.yaml", "events.json", "/events/2=orders.json", "--user", USER])
    said = capsys.readouterr().err
    found = main(["map", "acme.yaml", "events.json", "order=orders.json", "--user", USER])

    assert (missing, found) == (2, 0)
    assert "no sample answers the call `order`: GET files:/events/2" in said
    assert said.rstrip().endswith("give it as order=FILE")
    assert json.loads(capsys.readouterr().out)["tickets"] == [TICKET]


# --- explanations and recordings ------------------------------------------------------------------


def queued(seen: Seen) -> Reply:
    """Orders for whoever comes back with both cookies, which are secrets."""
    kept = seen.headers.get("cookie", "").split("; ")
    if sorted(kept) == ["CID=s3cret-of-a-client", "SID=s3cret-of-a-session"]:
        return Reply(json=orders(order(item(1))))
    cookies = ("SID=s3cret-of-a-session; Path=/", "CID=s3cret-of-a-client")
    return Reply(202, json={}, cookies=cookies)


def asked_for(platform: FakePlatform, files: FakePlatform) -> None:
    """Have both hosts answer."""
    platform.on("/events", Reply(json={"events": [{"id": 1}, {"id": 2}, {"id": 3}]}))
    for number in (1, 3):
        files.on(f"/v2/events/{number}", Reply(404, json={"code": "NONE"}))
    files.on("/v2/events/2", queued)


async def test_an_explanation_counts_nothing_and_names_hosts(
    platform: FakePlatform, files: FakePlatform, folder: Folder, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--explain` says for how many bindings nothing came, and where each call went; it shows no cookie."""
    del folder
    asked_for(platform, files)
    words = ["fetch", "acme.yaml", "--user", USER, "--explain"]

    code = await anyio.to_thread.run_sync(main, words)
    text = capsys.readouterr().out
    await anyio.to_thread.run_sync(main, [*words, "--format", "json"])
    shown = capsys.readouterr().out

    assert code == 0
    assert "order: nothing for 2 bindings, by a rule with `then: none`" in text
    assert "GET files:/events/{event.id}?email={user}" in text or "GET files:/events/2?" in text
    assert json.loads(shown)["nothing"] == {"order": 2}
    assert "s3cret-of" not in text + shown


async def test_a_recording_keeps_hosts_and_no_cookie(
    platform: FakePlatform, files: FakePlatform, folder: Folder
) -> None:
    """The recorded case passes offline, names each answer's host, and holds neither cookie nor URL."""
    asked_for(platform, files)
    files.on(
        "/v2/events/3",
        Reply(json={**orders(), "self": f"{files.url}/v2/events/3", "see": f"{platform.url}/x"}),
    )
    words = ["fetch", "acme.yaml", "--user", USER, "--record", "acme.cases.yaml"]

    code = await anyio.to_thread.run_sync(main, words)
    results = await anyio.to_thread.run_sync(run_cases, folder.mapping)
    text = folder.cases.read_text("utf-8")

    assert code == 0
    assert [result.message for result in results] == [""]
    assert text.count("host: files") == 4
    assert "s3cret-of" not in text
    assert "127.0.0.1" not in text


async def test_a_result_at_another_url_is_recorded_and_explained(
    platform: FakePlatform, files: FakePlatform, folder: Folder, capsys: pytest.CaptureFixture[str]
) -> None:
    """A `poll` with `url` is of its call: it is told by that call's name, and stands in the case."""
    del files
    rule = {"status": 202, "then": "poll", "after": "1ms", "url": "headers.location"}
    folder.map({"source.0.responses": [rule]})
    platform.on("/orders", Reply(202, json={}, headers={"Location": "/jobs/7"}))
    platform.on("/jobs/7", Reply(json=orders(order(item(1)))))
    words = ["fetch", "acme.yaml", "--user", USER, "--explain", "--record", "acme.cases.yaml"]

    code = await anyio.to_thread.run_sync(main, words)
    results = await anyio.to_thread.run_sync(run_cases, folder.mapping)
    said = capsys.readouterr().out

    assert code == 0
    assert [result.message for result in results] == [""]
    assert "get: /jobs/7" in folder.cases.read_text("utf-8")
    assert re.search(r"order +GET /jobs/7 +200", said)


async def test_a_recording_keeps_the_cursors_form(
    platform: FakePlatform, files: FakePlatform, folder: Folder
) -> None:
    """A cursor that is a list goes on as the list that the recorded page has."""
    del files
    search = {
        "name": "order",
        "post": "/_search",
        "json": {"email": "{user}", "search_after": "{page.cursor}"},
        "pages": {"cursor": "body.next"},
        "each": "body.orders",
    }
    folder.map({"source.0": search})
    first = {**orders(order(item(1))), "next": [1700000000000, "ord-7", {"of": USER}]}
    platform.on("/_search", Reply(json=first), Reply(json={**orders(order(item(2))), "next": None}))
    words = ["fetch", "acme.yaml", "--user", USER, "--record", "acme.cases.yaml"]

    code = await anyio.to_thread.run_sync(main, words)
    results = await anyio.to_thread.run_sync(run_cases, folder.mapping)
    (recorded,) = read_cases(folder.cases).cases

    assert code == 0
    assert [result.message for result in results] == [""]
    assert USER not in folder.cases.read_text("utf-8")
    sent: Any = recorded.answers[1].sent
    assert isinstance(sent.given["search_after"], list)
    assert sent.given["search_after"] == json.loads(recorded.answers[0].content)["next"]


# --- coverage and slips ---------------------------------------------------------------------------


def test_coverage_wants_each_rule_and_a_cookie(folder: Folder) -> None:
    """A call that keeps cookies is tried where an answer sets one; `none` where it is said."""
    plain = case(upstream=[EVENTS, NONE, SOME], expect={"tickets": [TICKET]})
    kept = case(case="kept", upstream=[EVENTS, NONE, QUEUED, SOME], expect={"tickets": [TICKET]})

    def lacking(*cases: Any) -> set[str]:
        folder.write(*cases)
        points = measure_coverage(load_for_cases(folder.mapping), read_cases(folder.cases).cases)
        return {point.lacking for point in points if not point.met}

    wanted = {
        "no answer meets this rule (none)",
        "no answer meets this rule (poll)",
        "no answer of `order` sets a cookie",
    }
    assert lacking() >= wanted
    assert lacking(plain) & wanted == wanted - {"no answer meets this rule (none)"}
    assert lacking(kept) & wanted == set()


def test_each_key_may_be_missing_and_each_word_wrong() -> None:
    """Slips leave out `host` and `cookies`, and let a word that says that nothing is there fail."""
    slips = {slip.name: slip.spec for slip in make_mutants(spec_of(FAN_OUT), Trace())}

    assert {
        "source.order.host: left out",
        "source.order.cookies: left out",
        "source.order.responses[0].then: fail",
    } <= slips.keys()
    assert "source.order.responses[1].then: fail" not in slips
    call: Any = slips["source.order.host: left out"].source[1]
    assert (call.host, call.cookies) == (None, "keep")
    rule = slips["source.order.responses[0].then: fail"].source[1].responses[0]  # type: ignore[union-attr]
    assert rule.then == "fail"


# --- the sheet ------------------------------------------------------------------------------------


def test_the_sheet_says_where_each_call_goes_and_how_often(
    folder: Folder, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both companies can read the host, the rate, and what `none` means."""
    for name in ("MENTA_SECRET", "ACME_TOKEN"):
        monkeypatch.setenv(name, "x" * 20)
    monkeypatch.setenv("ACME_API", "https://api.acme.example")
    folder.map({**FAN_OUT, "upstream.rate": "20/1s", "upstream.timeout": "10s"})

    assert main(["sheet", "acme.yaml"]) == 0
    page = capsys.readouterr().out
    assert "files:/events/{event.id}" in page
    assert "there is nothing for this one" in page
    assert "calls to the platform in 1 s" in page


def test_the_mapping_of_these_tests_is_sound() -> None:
    """It is the tests' mapping with these changes, and has no doubt of its own."""
    assert mapping(FAN_OUT)["source"][1]["host"] == "files"
    spec = spec_of(FAN_OUT, base_url="https://platform.example")
    assert [each.code for each in spec.warnings if each.code != "TB058"] == []
