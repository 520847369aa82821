"""What a POST carries, and when it is sent again."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from tests.support import (
    USER,
    answer_of,
    bridge_of,
    item,
    log_of_the_deepest,
    order,
    orders,
    tickets_of,
)
from ticketbridge.engine.problems import (
    MappingMismatch,
    ProblemError,
    UpstreamAuth,
    UpstreamError,
    UpstreamUnavailable,
    UpstreamUnreadable,
)

pytestmark = pytest.mark.anyio
QUERY = "query ($email: String!, $after: String) { orders(email: $email, after: $after) { id } }"


def posting(**call: Any) -> dict[str, Any]:
    """The changes that make the first call a POST with these keys."""
    return {"source.0": {"name": "order", "post": "/search", "each": "body.orders", **call}}


async def sent(**call: Any) -> httpx.Request:
    """The request that the platform sees."""
    bridge, platform = bridge_of(posting(**call), {"/search": orders()})
    await bridge.answer(USER)
    return platform.requests[0]


async def test_json_is_sent_as_a_document() -> None:
    """Texts of a `json` body are templates; numbers, true and null stay what they are."""
    request = await sent(
        json={"filter": {"mail": "{user}", "not": [None, True, 1.5]}, "note": 'for "{user}"'}
    )

    assert request.method == "POST"
    assert request.headers["content-type"] == "application/json"
    assert json.loads(request.content) == {
        "filter": {"mail": USER, "not": [None, True, 1.5]},
        "note": f'for "{USER}"',
    }


async def test_one_hole_keeps_the_type_of_its_value() -> None:
    """A JSON value that is one hole is what the hole gives, null included."""
    request = await sent(json={"n": "{length(user)}", "none": "{null_if(user, user)}", "t": "{{}}"})

    assert json.loads(request.content) == {"n": len(USER), "none": None, "t": "{}"}


async def test_a_hole_in_a_json_text_needs_a_value() -> None:
    """A hole with text beside it that gives null is an error: no filter silently vanishes."""
    with pytest.raises(MappingMismatch, match="gives null"):
        await answer_of(posting(json={"q": "mail:{null_if(user, user)}"}), {"/search": orders()})


async def test_form_is_sent_escaped_and_repeated() -> None:
    """A `form` is sent as one; a list repeats its parameter, values are escaped."""
    request = await sent(form={"mail": "{user}", "state": ["paid", "a&b"]})

    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    assert request.content == b"mail=ana%40example.com&state=paid&state=a%26b"


async def test_a_call_may_name_its_own_media_type() -> None:
    """A Content-Type of the call's own headers is the one that is sent."""
    request = await sent(json={}, headers={"content-type": "application/vnd.api+json"})

    assert request.headers.get_list("content-type") == ["application/vnd.api+json"]


async def test_a_post_needs_no_body() -> None:
    """A POST without a body is sent as one, with its query."""
    request = await sent(query={"email": "{user}"})

    assert (request.method, request.content) == ("POST", b"")
    assert request.url.raw_path == b"/search?email=ana%40example.com"


async def test_graphql_sends_its_query_as_it_is_written() -> None:
    """A GraphQL query is literal; its variables are values as in `json`."""
    request = await sent(graphql={"query": QUERY, "variables": {"email": "{user}"}})

    assert json.loads(request.content) == {"query": QUERY, "variables": {"email": USER}}


@pytest.mark.parametrize(("status", "log"), [(200, "GraphQL"), (400, "status 400")])
async def test_graphql_errors_are_an_error_before_any_rule(status: int, log: str) -> None:
    """`errors` in the answer is upstream-error, though part of the data is there, and a rule says ok."""
    answer = httpx.Response(status, json={"data": {}, "errors": [{"message": "x"}], **orders()})
    changes = posting(
        graphql={"query": "{ orders { id } }"}, responses=[{"then": "empty", "status": [200, 400]}]
    )

    with pytest.raises(UpstreamError, match=log):
        await answer_of(changes, {"/search": answer})


@pytest.mark.parametrize(
    ("status", "problem"), [(401, UpstreamAuth), (403, UpstreamAuth), (429, UpstreamUnavailable)]
)
async def test_a_status_says_more_than_graphql_errors(
    status: int, problem: type[ProblemError]
) -> None:
    """A refusal stays one where the platform explains it by `errors`."""
    answer = httpx.Response(status, json={"errors": [{"message": "no"}]})

    with pytest.raises(problem):
        await answer_of(posting(graphql={"query": "{ orders { id } }"}), {"/search": answer})


async def test_graphql_without_errors_is_read() -> None:
    """An empty list of errors, which some servers send, is none."""
    answer = await answer_of(
        posting(graphql={"query": "{ orders { id } }"}),
        {"/search": {**orders(order(item(1))), "errors": []}},
    )

    assert [ticket["ticketId"] for ticket in tickets_of(answer)] == ["1"]


REPEATED: list[dict[str, Any]] = [
    {"json": {}, "idempotent": True},
    {"graphql": {"query": "{ orders { id } }"}},
]


@pytest.mark.parametrize("call", REPEATED)
async def test_a_post_that_may_be_repeated_is_tried_again(call: dict[str, Any]) -> None:
    """`idempotent: true`, and a GraphQL query, are retried as a GET is."""
    changes = {**posting(**call), "upstream.retries": 1}

    answer = await answer_of(changes, {"/search": (httpx.Response(502), orders(order(item(1))))})

    assert len(tickets_of(answer)) == 1


@pytest.mark.parametrize(
    ("reply", "problem"),
    [(httpx.Response(502), UpstreamError), (httpx.ReadError("cut"), Exception)],
)
async def test_another_post_is_sent_once(reply: Any, problem: type[Exception]) -> None:
    """A POST that got no complete answer may have had its effect: it is not sent again."""
    bridge, platform = bridge_of({**posting(json={}), "upstream.retries": 3}, {"/search": reply})

    with pytest.raises(problem):
        await bridge.answer(USER)
    assert len(platform.requests) == 1


async def test_a_rule_may_have_any_post_sent_again() -> None:
    """`then: retry` is asked for by whoever knows the platform."""
    changes = {
        **posting(json={}, responses=[{"status": 409, "then": "retry"}]),
        "upstream.retries": 1,
    }

    answer = await answer_of(changes, {"/search": (httpx.Response(409), orders())})

    assert tickets_of(answer) == []


async def test_pages_of_a_post_stand_in_its_body() -> None:
    """`page.number` may stand inside a `json` body; each page is another request."""
    changes = posting(
        json={"mail": "{user}", "page": "{page.number}"},
        pages={"number": {"start": 1}},
    )
    bridge, platform = bridge_of(
        changes, {"/search": (orders(order(item(1))), orders(order(item(2))), orders())}
    )

    answer = await bridge.answer(USER)

    assert len(tickets_of(answer)) == 2
    assert [json.loads(request.content)["page"] for request in platform.requests] == [1, 2, 3]


async def test_the_same_post_is_made_each_time() -> None:
    """Only a GET is made once within one answer: a POST may have an effect."""
    changes = {
        "source": [
            {"name": "number", "each": "range(`2`)"},
            {"name": "order", "post": "/search", "json": {"mail": "{user}"}, "each": "body.orders"},
            {"name": "item", "each": "order.items"},
        ]
    }
    bridge, platform = bridge_of(changes, {"/search": orders()})

    await bridge.answer(USER)

    assert len(platform.requests) == 2


async def test_a_user_in_the_body_is_asking_for_the_user() -> None:
    """`owner: upstream` is legal where the body names the user."""
    changes = {**posting(json={"mail": "{user}"}), "ticket.owner": "upstream"}

    answer = await answer_of(changes, {"/search": orders(order(item(1), email="x@y.example"))})

    assert len(tickets_of(answer)) == 1


async def test_an_unreadable_graphql_answer_is_unreadable() -> None:
    """An error page in place of a GraphQL answer is no empty answer."""
    page = httpx.Response(200, html="<h1>Sorry</h1>")

    with pytest.raises(UpstreamUnreadable):
        await answer_of(posting(graphql={"query": "{ a }"}), {"/search": page})


async def test_a_value_that_is_nested_too_deeply_is_not_sent() -> None:
    """A document that is as deep as can be has no room in a deeper body: the request is not made."""
    deeper = f"{{{'[' * 90}all.deep{']' * 90}}}"
    source = [
        {"name": "all", "get": "/all", "query": {"email": "{user}"}, "take": "body"},
        {"name": "order", "post": "/search", "json": deeper, "each": "body.orders"},
        {"name": "item", "each": "order.items"},
    ]

    async def log_at(levels: int) -> str:
        deep = b'{"deep":' + b"[" * levels + b"]" * levels + b"}"
        reply = httpx.Response(200, content=deep, headers={"Content-Type": "application/json"})
        bridge, platform = bridge_of({"source": source}, {"/all": reply, "/search": orders()})
        try:
            await bridge.answer(USER)
        except ProblemError as problem:
            assert platform.targets == ["/all?email=ana%40example.com"]
            return problem.log
        return ""

    assert await log_of_the_deepest(log_at) == "order: a value in the body is nested too deeply"
