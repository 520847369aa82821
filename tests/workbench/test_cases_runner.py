"""What passes a case, and what fails it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.workbench.cases_support import TICKET, Folder, case, item, orders_answer, run_cases
from ticketbridge.mapping import Environment
from ticketbridge.mapping.findings import MappingError
from ticketbridge.workbench.cases.mapping_runs import run_files
from ticketbridge.workbench.cases.reader import CasesError
from ticketbridge.workbench.cases.runner import cases_file


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """A mapping whose cases a test writes."""
    return Folder(tmp_path)


# --- expectations ---------------------------------------------------------------------------------


def test_a_case_whose_tickets_come_out_passes(folder: Folder) -> None:
    """Exactly the expected tickets in their order: the case passes, and has no message."""
    (result,) = folder.run(case())

    assert (result.passed, result.message) == (True, "")
    assert (result.file, result.case) == (str(folder.cases), "a ticket")


def test_a_field_that_differs_fails_the_case(folder: Folder) -> None:
    """The message names ticket, field, what was expected and what came."""
    message = folder.message(expect={"tickets": [{**TICKET, "price": 19.99}]})

    assert message.startswith("ticket 1 `price`: expected 19.99, got 10 (`item.price` at ")
    assert message.endswith(" gave 10)")


def test_a_field_beyond_the_expected_ones_fails_the_case(folder: Folder) -> None:
    """Tickets are compared whole: what a case leaves out must not be there."""
    expected = {name: value for name, value in TICKET.items() if name != "currency"}

    assert folder.message(expect={"tickets": [expected]}) == (
        'ticket 1 `currency`: expected nothing, got "EUR"'
    )


def test_a_ticket_too_many_or_too_few_fails_the_case(folder: Folder) -> None:
    """Each ticket that is missing, and each beyond the expected ones, is named."""
    both = [orders_answer(item(1), item(2))]

    assert folder.message(expect={"tickets": []}).startswith("ticket beyond the expected ones: {")
    assert folder.message(expect={"tickets": [dict(TICKET), {**TICKET, "ticketId": "2"}]}).endswith(
        ", got nothing"
    )
    assert folder.message(upstream=both).startswith(
        'ticket beyond the expected ones: {"ticketId":"2"'
    )


def test_tickets_in_another_order_fail_the_case(folder: Folder) -> None:
    """The order of tickets is part of the expectation."""
    expected = [{**TICKET, "ticketId": "2"}, dict(TICKET)]
    message = folder.message(
        upstream=[orders_answer(item(1), item(2))], expect={"tickets": expected}
    )

    assert message == "order of tickets: expected 2, 1, got 1, 2"


def test_verdicts_are_compared_whole(folder: Folder) -> None:
    """Whole words with their counts, exactly these."""
    upstream = [orders_answer(item(1), item(2, state="REFUNDED"))]
    right = {"returned": 1, "not_eligible:REFUNDED": 1, "not_owner": 0}

    assert folder.message(upstream=upstream, expect={"verdicts": right}) == ""
    message = folder.message(upstream=upstream, expect={"verdicts": {"returned": 1}})
    assert message.startswith(
        "verdicts: expected returned=1, got returned=1, not_eligible:REFUNDED=1\n"
    )
    assert folder.message(upstream=upstream, expect={"verdicts": {}}).startswith(
        "verdicts: expected none, got"
    )


def test_a_problem_is_expected_by_its_slug(folder: Folder) -> None:
    """The expected problem passes the case; another one fails it with slug and reason."""
    upstream = [{"get": "/orders", "status": 401, "body": {}}]

    assert folder.message(upstream=upstream, expect={"problem": "upstream-auth"}) == ""
    assert folder.message(upstream=upstream, expect={"problem": "upstream-error"}) == (
        "expected the problem upstream-error, got the problem upstream-auth: order: status 401"
    )


def test_a_problem_in_place_of_tickets_fails_the_case(folder: Folder) -> None:
    """A case that expects tickets says which problem came instead, and why."""
    message = folder.message(upstream=[{"get": "/orders", "status": 500}])

    assert message == "expected an answer, got the problem upstream-error: order: status 500"


def test_tickets_in_place_of_a_problem_fail_the_case(folder: Folder) -> None:
    """A case that expects a problem shows the answer that came instead."""
    message = folder.message(expect={"problem": "mapping-mismatch"})

    assert message.startswith(
        'expected the problem mapping-mismatch, got an answer with 1 tickets: {"userEmail":'
    )


def test_verdicts_may_be_expected_beside_a_problem(folder: Folder) -> None:
    """They say which record is behind the problem."""
    upstream = [orders_answer(item(state="LOST"))]
    expect: dict[str, Any] = {"problem": "mapping-mismatch", "verdicts": {"unknown_status": 1}}

    assert folder.message(upstream=upstream, expect=expect) == ""

    expect["verdicts"] = {"returned": 1}

    assert folder.message(upstream=upstream, expect=expect).startswith(
        "verdicts: expected returned=1, got unknown_status=1\nticket 1: unknown_status (`item.state` at "
    )


def test_the_whole_body_is_compared(folder: Folder) -> None:
    """`body` is the answer as menta tech gets it."""
    body = {"userEmail": "ana@example.com", "tickets": [dict(TICKET)]}

    assert folder.message(expect={"body": body}) == ""
    assert folder.message(expect={"body": {**body, "userEmail": "x"}}) == (
        'body `userEmail`: expected "x", got "ana@example.com"'
    )
    assert folder.message(expect={"body": {**body, "tickets": []}}).startswith(
        "body `tickets[0]`: expected nothing, got {"
    )


def test_an_empty_answer_is_a_null_body(folder: Folder) -> None:
    """With `when_empty: 204` there is no body, and a case says null."""
    folder.map({"response": {"when_empty": 204}})
    upstream = [{"get": "/orders", "body": {"orders": []}}]

    assert folder.message(upstream=upstream, expect={"body": None}) == ""
    assert folder.message(upstream=upstream, expect={"body": {}}) == "body: expected {}, got null"


def test_a_user_that_the_service_refuses_is_refused(folder: Folder) -> None:
    """A case asks as menta tech does: a user that is no e-mail makes no call."""
    changes: dict[str, Any] = {"user": "ana", "expect": {"problem": "invalid-user"}}

    assert folder.message(upstream=[], **changes) == ""
    assert folder.message(**changes) == (
        "never asked for: GET /orders?email=ana@example.com (line 1)"
    )


def test_a_plus_in_the_user_stays_one(folder: Folder) -> None:
    """The user reaches the platform as the case has it, and a `+` in `get` is a plus."""
    order = {"email": "ana+1@example.com", "event": "fest", "items": [item()]}
    upstream = [{"get": "/orders?email=ana+1@example.com", "body": {"orders": [order]}}]

    assert folder.message(user="ana+1@example.com", upstream=upstream) == ""


def test_now_fixes_the_clock(folder: Folder) -> None:
    """`now()` gives the case's `now`, whatever its offset."""
    folder.map({"ticket.not_eligible_when": {"over": "item.until <= now()"}})
    upstream = [orders_answer(item(until="2026-11-24T12:00:00Z"))]
    over: dict[str, Any] = {"verdicts": {"not_eligible:over": 1}}

    assert folder.message(upstream=upstream, now="2026-11-24T11:59:59Z") == ""
    assert folder.message(upstream=upstream, now="2026-11-24T13:00:00+01:00", expect=over) == ""


# --- calls ----------------------------------------------------------------------------------------


def test_an_unexpected_call_fails_the_case(folder: Folder) -> None:
    """The message says which call, and which answers were left; nothing is tried again."""
    folder.map({"upstream.retries": 2})
    message = folder.message(upstream=[{"get": "/other"}])

    assert message == (
        "unexpected call: GET /orders?email=ana%40example.com\nanswers left: GET /other (line 1)"
    )
    assert folder.message(upstream=[]).endswith("\nanswers left: none")


def test_an_unexpected_call_fails_a_case_that_expects_a_problem(folder: Folder) -> None:
    """No problem stands for a call that the case does not know."""
    message = folder.message(upstream=[], expect={"problem": "upstream-unavailable"})

    assert message.startswith("unexpected call: ")


def test_unexpected_calls_that_go_out_together_fail_the_case(folder: Folder) -> None:
    """Calls below an `each` are made at once; one that no answer fits ends them all."""
    folder.map(
        {
            "source.1": {"name": "item", "get": "/items/{order.event}", "each": "body"},
        }
    )
    orders = [{"email": "ana@example.com", "event": event} for event in ("a", "b")]
    message = folder.message(upstream=[{"get": "/orders", "body": {"orders": orders}}])

    assert message.startswith("unexpected call: GET /items/")


def test_an_answer_that_is_never_asked_for_fails_the_case(folder: Folder) -> None:
    """Also where the tickets are the expected ones."""
    message = folder.message(upstream=[orders_answer(item()), {"get": "/other"}])

    assert message == "never asked for: GET /other (line 1)"


def test_parameters_that_a_case_names_must_be_equal(folder: Folder) -> None:
    """Other parameters of the request do not matter; a repeated one has all its values."""
    folder.map({"source.0.query": {"email": "{user}", "tag": ["a b", "c"]}})

    def message(query: str) -> str:
        return folder.message(upstream=[orders_answer(item(), get=f"/orders{query}")])

    assert message("") == ""
    assert message("?email=ana%40example.com") == ""
    assert message("?tag=a%20b&tag=c") == ""
    assert message("?tag=c").startswith("unexpected call")
    assert message("?email=").startswith("unexpected call")
    assert message("?page=1").startswith("unexpected call")


def test_paths_compare_decoded(folder: Folder) -> None:
    """An escaped character is that character; an escaped slash separates nothing."""
    folder.map({"source.0.get": "/users/{user}/a b%2Fc"})

    def message(path: str) -> str:
        return folder.message(upstream=[orders_answer(item(), get=path)])

    assert message("/users/ana@example.com/a%20b%2Fc") == ""
    assert message("/users/ana%40example.com/%61%20b%2Fc") == ""
    assert message("/users/ana@example.com/a%20b/c").startswith("unexpected call")


def test_paths_leave_out_the_path_of_base_url(folder: Folder) -> None:
    """What `base_url` has before each call's path, no case repeats."""
    folder.map({"upstream.base_url": "https://api.acme.example/v2%20b"})

    assert folder.message() == ""
    assert folder.message(upstream=[orders_answer(item(), get="/v2%20b/orders")]).startswith(
        "unexpected call: GET /orders?"
    )


def test_a_call_beside_the_path_of_base_url_keeps_its_path(folder: Folder) -> None:
    """A next URL may lie elsewhere on the platform."""
    folder.map(
        {
            "upstream.base_url": "https://api.acme.example/v2",
            "source.0.pages": {"next_url": "optional(body.next)", "any_path": True},
        }
    )
    body = {**orders_answer(item())["body"], "next": "/more?page=2"}
    upstream = [{"get": "/orders", "body": body}, {"get": "/more?page=2", "body": {"orders": []}}]

    assert folder.message(upstream=upstream) == ""


@pytest.mark.parametrize(
    ("body", "fitting", "other"),
    [
        pytest.param(
            {"json": {"email": "{user}", "page": {"size": 5}, "kinds": ["a", "b"]}},
            [{}, {"json": {"email": "ana@example.com"}}, {"json": {"page": {"size": 5}}}],
            [{"json": {"email": "b"}}, {"json": {"kinds": ["a"]}}, {"form": {"email": "b"}}],
            id="json",
        ),
        pytest.param(
            {"form": {"email": "{user}", "kind": ["a b", "c+"]}},
            [{}, {"form": {"email": "ana@example.com"}}, {"form": {"kind": ["a b", "c+"]}}],
            [{"form": {"kind": "a b"}}, {"form": {"page": "1"}}, {"json": {}}],
            id="form",
        ),
        pytest.param(
            {
                "graphql": {
                    "query": "query ($email: String) { a(email: $email) }",
                    "variables": {"email": "{user}"},
                }
            },
            [{}, {"json": {"variables": {"email": "ana@example.com"}}}],
            [{"json": {"variables": {"email": True}}}, {"json": [1]}],
            id="graphql",
        ),
    ],
)
def test_a_post_is_matched_by_the_body_that_a_case_names(
    folder: Folder, body: dict[str, Any], fitting: list[Any], other: list[Any]
) -> None:
    """Members and parameters that are given must be equal; without any, each body fits."""
    call = {"name": "order", "post": "/search", "each": "body.orders", **body}
    folder.map({"source.0": call})

    def message(sent: dict[str, Any]) -> str:
        answer = orders_answer(item(), **sent, post="/search")
        del answer["get"]
        return folder.message(upstream=[answer])

    assert [message(sent) for sent in fitting] == [""] * len(fitting)
    assert [message(sent).partition(" with ")[0] for sent in other] == [
        "unexpected call: POST /search"
    ] * len(other)


def test_a_get_is_no_post(folder: Folder) -> None:
    """The method is part of what an answer answers, and of what a message says of it."""
    answer = {"post": "/orders", "body": {}}

    assert folder.message(upstream=[answer]).endswith("\nanswers left: POST /orders (line 1)")


def test_a_long_body_is_cut_in_a_message(folder: Folder) -> None:
    """What was sent is shown as far as it helps."""
    folder.map({"source.0": {"name": "order", "post": "/a", "json": ["x" * 300], "each": "body"}})

    assert folder.message(upstream=[]).startswith(
        f'unexpected call: POST /a with ["{"x" * 198}...\n'
    )


def test_an_answer_serves_once_and_in_order(folder: Folder) -> None:
    """Where the same stands twice, the first is for the first call."""
    folder.map({"upstream.retries": 1})

    assert folder.message(upstream=[{"get": "/orders", "status": 503}, orders_answer(item())]) == ""
    assert folder.message(upstream=[{"get": "/orders", "status": 503}]).startswith(
        "unexpected call"
    )


def test_a_body_that_is_too_large_when_served_is_too_large_in_a_case(folder: Folder) -> None:
    """`max_body` holds for each answer, and ten times that for all of them together."""
    folder.map({"upstream.max_body": "1KB"})
    large = orders_answer(item(padding="x" * 1000))
    assert folder.message(upstream=[large], expect={"problem": "upstream-unreadable"}) == ""

    pages = {"number": {"start": 1}, "last": "page.number == `11`"}
    folder.map(
        {
            "upstream.max_body": "1KB",
            "source.0.pages": pages,
            "source.0.query": {"page": "{page.number}"},
        }
    )
    upstream = [
        {**orders_answer(item(id=at, padding="x" * 820)), "get": f"/orders?page={at}"}
        for at in range(1, 12)
    ]
    assert folder.message(upstream=upstream, expect={"problem": "mapping-mismatch"}) == ""


def test_waits_take_no_time(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    """A case whose tries are half an hour apart does not wait for them."""
    monkeypatch.setattr("ticketbridge.engine.upstream.limits.wait_before", lambda _attempt: 1800.0)
    folder.map({"upstream.retries": 1, "upstream.timeout": "1h"})
    upstream = [{"get": "/orders", "status": 503}] * 2

    assert folder.message(upstream=upstream, expect={"problem": "upstream-error"}) == ""


# --- answers --------------------------------------------------------------------------------------


def test_a_body_file_is_read_from_the_folder_of_the_cases(folder: Folder) -> None:
    """Or from below it; its content is the answer."""
    folder.file("samples/orders.json", json.dumps(orders_answer(item())["body"]))

    assert folder.message(upstream=[{"get": "/orders", "body_file": "samples/orders.json"}]) == ""


def test_a_body_file_may_be_xml(folder: Folder) -> None:
    """Its name says so, and its content type is that of XML."""
    item_text = "<items><id>1</id><state>PAID</state><zone>A</zone><price>10</price></items>"
    order_text = f"<order><email>ana@example.com</email><event>fest</event>{item_text}</order>"
    folder.file("a.xml", f"<orders>{order_text}</orders>")
    folder.map(
        {
            "source.0.format": {"xml": {"lists": ["orders/order", "items"]}},
            "source.0.each": "body.orders.order",
        }
    )

    assert folder.message(upstream=[{"get": "/orders", "body_file": "a.xml"}]) == ""


def test_a_text_is_sent_as_it_is(folder: Folder) -> None:
    """Its content type is text, so it is no JSON unless the case says so."""
    text = json.dumps(orders_answer(item())["body"])
    unreadable = {"problem": "upstream-unreadable"}

    def message(expect: dict[str, Any], **answer: Any) -> str:
        return folder.message(upstream=[{"get": "/orders", **answer}], expect=expect)

    assert message(unreadable, text=text) == ""
    assert message(unreadable, text="") == ""
    assert message(case()["expect"], text=text, content_type="application/json") == ""
    assert message(unreadable, text=text[:-1], content_type="application/json") == ""


def test_headers_and_status_are_the_answers(folder: Folder) -> None:
    """Expressions see them; a number among the headers is its digits."""
    rule = {
        "status": 404,
        "when": "headers.\"x-left\" == '0' && headers.\"x-why\" == 'nö'",
        "then": "unknown_user",
    }
    folder.map({"source.0.responses": [rule], "response": {"when_unknown_user": 404}})
    answer = {"get": "/orders", "status": 404, "headers": {"X-Left": 0, "X-Why": "nö"}}

    assert folder.message(upstream=[answer], expect={"problem": "unknown-user"}) == ""


def test_a_content_type_may_stand_among_the_headers(folder: Folder) -> None:
    """It takes the place of the one that a body has by default."""
    answer = orders_answer(item(), headers={"content-type": "text/html"})

    assert folder.message(upstream=[answer], expect={"problem": "upstream-unreadable"}) == ""


@pytest.mark.parametrize("base_url", ["${ACME_API}", "https://api.acme.example/v2"])
def test_base_stands_for_base_url(folder: Folder, base_url: str) -> None:
    """Absolute URLs in bodies, files, texts and headers lie on it, whatever it is."""
    folder.map(
        {
            "upstream.base_url": base_url,
            "source.0.pages": {"next_url": "body.next || headers.link"},
        }
    )
    body = orders_answer(item())["body"]
    empty: dict[str, Any] = {"orders": []}
    folder.file("page2.json", json.dumps({**empty, "next": "{BASE}/orders?page=3"}))
    upstream = [
        {"get": "/orders", "body": {**body, "next": "{BASE}/orders?page=2"}},
        {"get": "/orders?page=2", "body_file": "page2.json"},
        {
            "get": "/orders?page=3",
            "text": '{"orders": [], "next": "{BASE}/orders?page=4"}',
            "content_type": "application/json",
        },
        {
            "get": "/orders?page=4",
            "headers": {"Link": "{BASE}/orders?page=5"},
            "body": {**empty, "next": None},
        },
        {"get": "/orders?page=5", "headers": {"Link": ""}, "body": {**empty, "next": None}},
    ]

    assert folder.message(upstream=upstream) == ""


# --- secrets, environments, files -----------------------------------------------------------------


def test_a_key_in_the_query_is_not_shown(folder: Folder) -> None:
    """A message about a call leaves the platform's key out."""
    auth = {"type": "api_key", "in": "query", "name": "key", "value": "${ACME_TOKEN}"}
    folder.map({"upstream.auth": auth, "source.0.query": {}, "ticket.owner": "order.email"})
    folder.cases.write_text(json.dumps([case(upstream=[])]), "utf-8")
    (result,) = run_cases(
        folder.mapping, Environment({"ACME_TOKEN": "t0ken"}, missing="placeholder")
    )

    assert result.message == "unexpected call: GET /orders\nanswers left: none"


def test_no_variable_is_needed_and_none_is_taken(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cases come out alike on every machine: what its environment holds makes no difference."""
    monkeypatch.setenv("ACME_API", "no URL")

    assert folder.message() == ""


def test_an_environment_may_be_given(folder: Folder) -> None:
    """Its variables are what the mapping sees."""
    folder.map({"source.0.get": "/${ACME_PLACE}/orders"})
    folder.cases.write_text(
        json.dumps([case(upstream=[orders_answer(item(), get="/here/orders")])]), "utf-8"
    )
    environment = Environment({"ACME_PLACE": "here"}, missing="placeholder")

    assert [result.passed for result in run_cases(folder.mapping, environment)] == [True]
    assert [result.passed for result in run_cases(folder.mapping)] == [False]


def test_cases_do_not_know_of_each_other(folder: Folder) -> None:
    """Each case has its own platform and its own bridge, and all are run."""
    results = folder.run(case(case="one"), case(case="two", upstream=[]), case(case="three"))

    assert [(result.case, result.passed) for result in results] == [
        ("one", True),
        ("two", False),
        ("three", True),
    ]


def test_a_mapping_without_cases_has_no_results(folder: Folder) -> None:
    """That is not a pass: a run of it alone has not passed, and names it."""
    run = run_files([folder.mapping])

    assert run_cases(folder.mapping) == []
    assert (run.results, run.without_cases, run.passed) == ((), (folder.mapping,), False)


@pytest.mark.parametrize("changes", [{"version": 2}, {"ticket.fields.price": "item."}])
def test_a_mapping_that_cannot_be_used_is_no_case(folder: Folder, changes: dict[str, Any]) -> None:
    """Its errors are raised, whether there are cases or not."""
    folder.map(changes)

    with pytest.raises(MappingError) as raised:
        run_cases(folder.mapping)
    assert not isinstance(raised.value, CasesError)


def test_a_file_that_cannot_be_used_stops_no_other(folder: Folder, tmp_path: Path) -> None:
    """Findings of one mapping or cases file stand beside the results of the others."""
    folder.run(case())
    (tmp_path / "broken").mkdir()
    broken = Folder(tmp_path / "broken")
    broken.findings("- case: x")
    run = run_files([broken.mapping, folder.mapping])

    assert {finding.place.file for finding in run.findings} == {str(broken.cases)}
    assert ([result.passed for result in run.results], run.passed) == ([True], False)


def test_a_run_passes_where_all_cases_do(folder: Folder) -> None:
    """One that fails is enough to fail the run."""
    folder.run(case())
    good = run_files([folder.mapping])
    folder.run(case(), case(case="b", upstream=[]))
    bad = run_files([folder.mapping])

    assert (good.passed, bad.passed) == (True, False)


def test_cases_stand_beside_their_mapping() -> None:
    """`acme.cases.yaml` beside `acme.yaml`; the ending is the mapping's."""
    assert cases_file(Path("a/acme.yaml")) == Path("a/acme.cases.yaml")
    assert cases_file(Path("acme.v2.yml")) == Path("acme.v2.cases.yml")


SESSION = {
    "type": "session",
    "login": {"post": "/users/{user}/login", "json": {"key": "${ACME_TOKEN}"}},
    "token": "body.token",
}
OAUTH2 = {
    "type": "oauth2",
    "token_url": "https://login.example/token",
    "client_id": "bridge",
    "client_secret": "${ACME_TOKEN}",
}


@pytest.mark.parametrize("auth", [SESSION, OAUTH2])
def test_token_calls_need_no_answer(folder: Folder, auth: dict[str, Any]) -> None:
    """A case without an answer for the login runs as if there were a token, renewed upon a 401."""
    folder.map({"upstream.auth": auth})
    upstream = [{"get": "/orders", "status": 401, "text": "who?"}, orders_answer(item())]

    assert folder.message(upstream=upstream) == ""


def test_a_case_may_answer_the_login(folder: Folder) -> None:
    """Where a case has an answer for the login, the login is made, and held to what it says."""
    folder.map({"upstream.auth": SESSION})
    login = {"post": "/users/ana@example.com/login", "body": {"token": "t"}}

    assert folder.message(upstream=[login, orders_answer(item())]) == ""
    refused = {**login, "status": 401}
    assert folder.message(upstream=[refused], expect={"problem": "upstream-auth"}) == ""


@pytest.mark.parametrize("url", ["https://login.example/v2/s%65ssion/", "${LOGIN}/v2/session/"])
def test_a_case_may_answer_a_login_elsewhere(folder: Folder, url: str) -> None:
    """Paths leave out the host, and that of `base_url` alone; a login's is known by its path."""
    login = {"url": url, "json": {"key": "${ACME_TOKEN}"}}
    folder.map({"upstream.auth": {"type": "session", "login": login, "token": "body.token"}})
    answer = {"post": "/v2/session/", "body": {"token": "t"}}

    assert folder.message(upstream=[answer, orders_answer(item())]) == ""
    refused = {**answer, "status": 403}
    assert folder.message(upstream=[refused], expect={"problem": "upstream-auth"}) == ""


def test_a_placed_token_is_masked_unless_the_case_answers_the_login(folder: Folder) -> None:
    """Without a login `(token)` stands in the request; with one, what that gave."""
    login = {"post": "/rpc", "json": {"method": "login"}}
    auth = {"type": "session", "login": login, "token": "body.token", "place": "request"}
    call = {"name": "order", "post": "/rpc", "json": {"a": ["{token}"]}, "each": "body.orders"}
    folder.map({"upstream.auth": auth, "source.0": call})

    def asked(token: str) -> dict[str, Any]:
        answer = orders_answer(item())
        return {**answer, "post": "/rpc", "json": {"a": [token]}}

    masked = asked("(token)")
    masked.pop("get", None)
    filled = asked("t-1")
    filled.pop("get", None)
    given = {"post": "/rpc", "json": {"method": "login"}, "body": {"token": "t-1"}}

    assert folder.message(upstream=[masked]) == ""
    assert folder.message(upstream=[given, filled]) == ""
    assert "unexpected call" in folder.message(upstream=[given, masked])
