"""`then: none` and `then: last`: what is not there for one binding, or after the last page."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

import pytest

from tests.fake_platform import FakePlatform, Reply
from tests.support import (
    USER,
    events,
    ids_on,
    item,
    order,
    orders,
    problem_on,
    serving,
    spec_of,
)
from ticketbridge.engine.answer_trace import AnswerTrace
from ticketbridge.engine.bridge import compile_mapping
from ticketbridge.engine.problems import MappingMismatch, UpstreamError, UpstreamUnreadable
from ticketbridge.mapping import MappingError

pytestmark = pytest.mark.anyio

NONE: Mapping[str, Any] = {"status": 404, "when": "body.code == 'NONE'", "then": "none"}
NO_ORDERS = Reply(404, json={"code": "NONE"})
PAGE = Reply(404, body=b"<h1>Not found</h1>", content_type="text/html")
NO_CONTENT = Reply(204, body=b"", content_type=None)


def each_event(rule: Mapping[str, Any] = NONE, **call: Any) -> dict[str, Any]:
    """MAPPING with one call for each event; *rule* is that call's, *call* its other keys."""
    kind = call.pop("kind", {"each": "body.orders"})
    asked = {"name": "order", "get": "/events/{event.id}/orders", "query": {"email": "{user}"}}
    return {
        "source": [
            {"name": "event", "get": "/events", "each": "body.events"},
            {**asked, "responses": [rule], **kind, **call},
            {"name": "item", "each": "order.items"},
        ]
    }


def three_events(platform: FakePlatform, *replies: Reply) -> None:
    """Have the platform know three events; *replies* are the orders of each."""
    platform.on("/events", Reply(json={"events": [{"id": n} for n in (1, 2, 3)]}))
    for number, reply in enumerate(replies, 1):
        platform.on(f"/events/{number}/orders", reply)


def paged(*rules: Mapping[str, Any], **pages: Any) -> dict[str, Any]:
    """MAPPING with numbered pages and these rules."""
    return {
        "source.0.pages": {"number": {"start": 1}, **pages},
        "source.0.query": {"email": "{user}", "page": "{page.number}"},
        "source.0.responses": list(rules),
    }


def pages_of(platform: FakePlatform, *replies: Reply) -> None:
    """Have the platform answer its numbered pages with *replies*."""
    for number, reply in enumerate(replies, 1):
        platform.on("/orders", reply, query={"page": str(number)})


# --- with items in the answer ---------------------------------------------------------------------


async def test_the_last_page_is_not_lost_to_a_rule(platform: FakePlatform) -> None:
    """A rule that means "this is the last page" would throw its items away: `pages.last` is for that."""
    one, two = (Reply(json={**orders(order(item(n))), "page": n, "pages": 2}) for n in (1, 2))
    pages_of(platform, one, two)

    problem = await problem_on(platform, paged({"when": "body.page == body.pages", "then": "last"}))

    assert isinstance(problem, MappingMismatch)
    assert "says `last`, but the answer has items: they would be lost" in problem.log


@pytest.mark.parametrize("kind", [{"each": "body.orders"}, {"collect": "body.orders"}])
async def test_what_a_binding_has_is_not_nothing(
    platform: FakePlatform, kind: Mapping[str, Any]
) -> None:
    """A word for nothing beside a list with something in it is an error; beside an empty list it is right."""
    rule = {"when": "body.code == 'NONE'", "then": "none"}
    full, empty = (Reply(json={**orders(*each), "code": "NONE"}) for each in ([order(item(1))], []))
    below = {"each": "order[].items[]"} if "collect" in kind else {"each": "order.items"}
    changes = {**each_event(rule, kind=kind), "source.2": {"name": "item", **below}}
    three_events(platform, empty, full, empty)

    problem = await problem_on(platform, changes)

    assert isinstance(problem, MappingMismatch)
    assert "says `none`, but the answer has items" in problem.log


async def test_items_decide_where_a_page_is_taken_whole(platform: FakePlatform) -> None:
    """With a paged `take` the list that `items` names is looked at; an error without one has nothing."""
    call = {
        "name": "answer",
        "get": "/orders",
        "query": {"email": "{user}", "page": "{page.number}"},
        "pages": {"number": {"start": 1}, "items": "body.orders"},
        "responses": [{"when": "page.number > `1`", "then": "last"}],
        "take": "body",
    }
    below = [{"name": "order", "each": "answer.orders"}, {"name": "item", "each": "order.items"}]
    changes = {"source": [call, *below]}
    pages_of(platform, *(Reply(json=orders(order(item(n)))) for n in (1, 2)))
    problem = await problem_on(platform, changes)
    pages_of(platform, Reply(json=orders(order(item(1)))), Reply(json={"code": "NO_PAGE"}))

    assert isinstance(problem, MappingMismatch)
    assert await ids_on(platform, changes) == ["1"]


# --- none -----------------------------------------------------------------------------------------


async def test_nothing_for_one_binding_leaves_the_others(platform: FakePlatform) -> None:
    """Below an `each`, `none` gives nothing for its binding; the trace counts it."""
    three_events(platform, NO_ORDERS, Reply(json=orders(order(item(7)))), NO_ORDERS)
    trace = AnswerTrace()

    assert await ids_on(platform, each_event(), trace) == ["7"]
    assert trace.nothing == {"order": 2}
    assert trace.verdicts == {"returned": 1}


async def test_the_log_counts_what_was_not_there(
    platform: FakePlatform, lines: io.StringIO
) -> None:
    """A line has the number of bindings for which nothing came; one without any has no such member."""
    three_events(platform, NO_ORDERS, NO_ORDERS, Reply(json=orders(order(item(7)))))
    bridge = compile_mapping(spec_of(each_event(), base_url=platform.url))

    async with serving(bridge) as menta:
        await menta.get(f"/tickets?user={USER}")
        three_events(platform, *[Reply(json=orders())] * 3)
        await menta.get(f"/tickets?user={USER}")

    some, none = events(lines, "answer")
    assert some["nothing"] == 2
    assert "nothing" not in none


async def test_an_answer_without_a_body_may_say_none(platform: FakePlatform) -> None:
    """A 204 has no body to ask, and is the platform's own word all the same."""
    three_events(platform, NO_CONTENT, NO_CONTENT, Reply(json=orders(order(item(7)))))

    assert await ids_on(platform, each_event({"status": 204, "then": "none"})) == ["7"]


async def test_a_body_that_may_be_cut_says_nothing(platform: FakePlatform) -> None:
    """Of 0 bytes that nothing marks off there may be more: only a 204 and its like never have a body."""
    cut, whole = (
        Reply(raw=f"HTTP/1.1 404 Not Found\r\nConnection: close\r\n{more}\r\n".encode())
        for more in ("", "Content-Length: 0\r\n")
    )
    changes = each_event({"status": 404, "then": "none"})
    three_events(platform, cut, whole, whole)
    problem = await problem_on(platform, changes)
    three_events(platform, whole, whole, whole)

    assert isinstance(problem, UpstreamError)
    assert await ids_on(platform, changes) == []


@pytest.mark.parametrize("rule", [NONE, {"status": 404, "then": "none"}], ids=["when", "status"])
async def test_a_page_for_people_never_says_none(
    platform: FakePlatform, rule: Mapping[str, Any]
) -> None:
    """A body that is not in the declared format is a gateway's, and no word about the binding."""
    three_events(platform, NO_ORDERS, PAGE, NO_ORDERS)

    found = await problem_on(platform, each_event(rule))

    assert isinstance(found, UpstreamError)
    assert "status 404" in found.log


@pytest.mark.parametrize(
    ("kind", "bound"),
    [
        pytest.param({"take": "body"}, "null", id="take"),
        pytest.param({"collect": "body.refunds"}, "[]", id="collect"),
    ],
)
async def test_none_hides_nothing_of_the_binding_above(
    platform: FakePlatform, kind: Mapping[str, Any], bound: str
) -> None:
    """A `take` is null and a `collect` an empty list, as where `if` is false: the order's items stay."""
    refund = {"name": "refund", "get": "/refunds/{order.event}", "responses": [NONE], **kind}
    platform.on("/orders", Reply(json=orders(order(item(1), item(2)))))
    platform.on("/refunds/fest", NO_ORDERS)
    source = [
        {"name": "order", "get": "/orders", "query": {"email": "{user}"}, "each": "body.orders"},
        refund,
        {"name": "item", "each": "order.items"},
    ]
    changes = {
        "source": source,
        "ticket.not_eligible_when": {"refunded": f"refund != `{bound}`"},
    }

    assert await ids_on(platform, changes) == ["1", "2"]


async def test_none_after_a_page_is_an_error(platform: FakePlatform) -> None:
    """Items came, and then it is said that there are none: that is no shorter list."""
    platform.on("/events", Reply(json={"events": [{"id": 1}]}))
    platform.on("/events/1/orders", Reply(json=orders(order(item(1)))), NO_ORDERS)
    pages: dict[str, Any] = {
        "pages": {"number": {"start": 1}},
        "query": {"email": "{user}", "page": "{page.number}"},
    }

    found = await problem_on(platform, each_event(**pages))

    assert isinstance(found, UpstreamError)
    assert "there is nothing for this binding, but an earlier page was there" in found.log


# --- last -----------------------------------------------------------------------------------------


PAST: Mapping[str, Any] = {"status": [404, 416, 204], "when": "page.number > `1`", "then": "last"}


@pytest.mark.parametrize(
    "end", [NO_ORDERS, Reply(416, json={}), NO_CONTENT], ids=["404", "416", "204"]
)
async def test_last_ends_the_pages(platform: FakePlatform, end: Reply) -> None:
    """An answer past the end has no items, and those of the pages before it are all."""
    pages_of(platform, *[Reply(json=orders(order(item(n)))) for n in (1, 2)], end)

    assert await ids_on(platform, paged(PAST)) == ["1", "2"]


async def test_last_on_the_first_page_is_an_empty_list(platform: FakePlatform) -> None:
    """A platform that has no first page for a user says by a rule of the mapping that there are none."""
    pages_of(platform, NO_CONTENT)

    assert await ids_on(platform, paged({"status": 204, "then": "last"})) == []


async def test_a_page_for_people_is_never_past_the_end(platform: FakePlatform) -> None:
    """An error page of a gateway in the middle of the pages is an error, whatever its status."""
    pages_of(platform, Reply(json=orders(order(item(1)))), PAGE)

    found = await problem_on(platform, paged({"status": 404, "then": "last"}))

    assert isinstance(found, UpstreamError)


@pytest.mark.parametrize(("total", "came"), [(2, ["1", "2"]), (3, None)])
async def test_the_count_holds_past_the_end(
    platform: FakePlatform, total: int, came: list[str] | None
) -> None:
    """With `total`, pages that end too early are an error, also where a rule ended them."""
    replies = [Reply(json={**orders(order(item(n))), "total": total}) for n in (1, 2)]
    pages_of(platform, *replies, NO_ORDERS)
    changes = paged(PAST, total="body.total")

    if came is not None:
        assert await ids_on(platform, changes) == came
    else:
        found = await problem_on(platform, changes)
        assert isinstance(found, MappingMismatch)
        assert "2 items came where the platform counts 3" in found.log


@pytest.mark.parametrize(("total", "fits"), [(2, True), (3, False)])
async def test_the_count_of_a_paged_take_holds_past_the_end(
    platform: FakePlatform, total: int, *, fits: bool
) -> None:
    """A paged `take` needs no `last` where a rule ends it; its `items` are counted against `total`."""
    replies = [Reply(json={**orders(order(item(n))), "total": total}) for n in (1, 2)]
    pages_of(platform, *replies, NO_ORDERS)
    call = {
        "name": "sheet",
        "get": "/orders",
        "query": {"email": "{user}", "page": "{page.number}"},
        "pages": {"number": {"start": 1}, "items": "body.orders", "total": "body.total"},
        "responses": [PAST],
        "take": "body",
    }
    below = [{"name": "order", "each": "sheet.orders"}, {"name": "item", "each": "order.items"}]
    changes = {"source": [call, *below]}

    if fits:
        assert await ids_on(platform, changes) == ["1", "2"]
    else:
        assert "2 items came" in (await problem_on(platform, changes)).log


async def test_an_unreadable_page_without_a_rule_stays_an_error(platform: FakePlatform) -> None:
    """Without a rule that says so, an empty answer in the middle of pages ends nothing."""
    pages_of(platform, Reply(json=orders(order(item(1)))), NO_CONTENT)

    changes = {**paged(), "source.0.responses": [{"status": 500, "then": "retry"}]}
    assert isinstance(await problem_on(platform, changes), UpstreamUnreadable)


# --- where they are legal -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "message", "repair"),
    [
        ({"source.0.responses": [NONE]}, "`none` is legal only where an `each`", "say `empty`"),
        (
            {"source.0.responses": [{"status": 416, "then": "last"}]},
            "`last` is legal only on a call with `pages`",
            "",
        ),
        (each_event({**NONE, "then": "empty"}), "`empty` is legal only where no `each`", "`none`"),
        (each_event({"then": "none"}), "this rule makes every answer `none`", "`status`"),
        (paged({"then": "last"}), "this rule makes every answer `last`", "`status`"),
        (
            {
                "upstream.auth": {
                    "type": "session",
                    "login": {"post": "/login", "json": {"user": "{user}"}, "responses": [NONE]},
                    "token": "body.token",
                }
            },
            "`none` is legal only where an `each`",
            "",
        ),
    ],
)
def test_each_word_has_its_place(changes: Mapping[str, Any], message: str, repair: str) -> None:
    """`none` speaks of a binding, `last` of pages, `empty` of the user: elsewhere each is an error."""
    with pytest.raises(MappingError) as caught:
        spec_of(changes)

    (finding,) = [found for found in caught.value.findings if found.severity == "error"]
    assert finding.code == "TB063"
    assert message in finding.message
    assert repair in finding.suggestion


def test_the_asked_user_is_in_no_message() -> None:
    """What is told of a rule names its place, and nobody."""
    with pytest.raises(MappingError) as caught:
        spec_of({"source.0.responses": [NONE]})

    assert USER not in str(caught.value)
