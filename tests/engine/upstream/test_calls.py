"""A call of `source`: what it binds, its pages, and what its answers mean."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.stand_in import compiled_on
from tests.support import (
    TOKEN,
    USER,
    Replies,
    answer_of,
    bridge_of,
    item,
    order,
    orders,
    spec_of,
    tickets_of,
)
from ticketbridge.engine.answer_trace import AnswerTrace
from ticketbridge.engine.bridge import compile_mapping
from ticketbridge.engine.problems import (
    MappingMismatch,
    ProblemError,
    UnknownUser,
    UpstreamError,
    UpstreamUnavailable,
    UpstreamUnreadable,
)
from ticketbridge.mapping import MappingError

pytestmark = pytest.mark.anyio

FIRST = "/orders?email=ana%40example.com"
ANA_IN_BASE64 = base64.b64encode(f"ana:{TOKEN}".encode()).decode()


async def ids(changes: dict[str, Any] | None, replies: dict[str, Any]) -> list[str]:
    """The ids of the tickets in one answer."""
    return [ticket["ticketId"] for ticket in tickets_of(await answer_of(changes, replies))]


async def problem(changes: dict[str, Any] | None, replies: dict[str, Any]) -> ProblemError:
    """The problem of an answer that fails."""
    with pytest.raises(ProblemError) as caught:
        await answer_of(changes, replies)
    return caught.value


# --- what an entry binds --------------------------------------------------------------------------


async def test_each_binds_the_elements_of_a_list_in_order() -> None:
    """`each` binds one element after the other; an empty list means that the user owns nothing."""
    assert await ids(None, {"/orders": orders(order(item(2), item(1)), order(item(3)))}) == [
        "2",
        "1",
        "3",
    ]
    assert await ids(None, {"/orders": orders()}) == []


CUSTOMER: list[dict[str, Any]] = [
    {"name": "customer", "get": "/customers", "query": {"q": "{user}"}, "take": "body.data[0]"},
    {"name": "order", "get": "/customers/{customer.id}/orders", "each": "body"},
    {"name": "item", "each": "order.items"},
]


async def test_take_binds_one_value_for_the_next_call() -> None:
    """`take` binds one value; the next call's path is made from it, escaped."""
    bridge, platform = bridge_of(
        {"source": CUSTOMER},
        {
            "/customers": {"data": [{"id": "7/x"}]},
            "/customers/7%2Fx/orders": [order(item(1))],
        },
    )

    assert len(tickets_of(await bridge.answer(USER))) == 1
    assert platform.targets == ["/customers?q=ana%40example.com", "/customers/7%2Fx/orders"]


ORDER: dict[str, Any] = {
    "name": "order",
    "get": "/orders",
    "query": {"email": "{user}"},
    "each": "body.orders",
}
ITEM: dict[str, Any] = {"name": "item", "each": "order.items"}


@pytest.mark.parametrize(
    "source",
    [
        pytest.param(
            [{"name": "order", "get": "/customers", "take": "body.data[0]"}, ITEM],
            id="the only call",
        ),
        pytest.param(
            [
                {"name": "order", "get": "/customers", "take": "body.data[0]"},
                {"name": "item", "each": "as_list(order.items)"},
            ],
            id="a list below it that may be null",
        ),
        pytest.param(
            [{"name": "customer", "get": "/customers", "take": "body.data[0]"}, ORDER, ITEM],
            id="before a call that does not need it",
        ),
        pytest.param(
            [
                {"name": "answer", "get": "/customers", "take": "body"},
                {"name": "customer", "take": "answer.data[0]"},
                {"name": "order", "each": "answer.orders"},
                ITEM,
            ],
            id="below the last call",
        ),
        pytest.param(
            [
                {"name": "answer", "get": "/customers", "take": "body"},
                {"name": "order", "each": "answer.orders"},
                {"name": "item", "take": "order.none"},
            ],
            id="the innermost of all",
        ),
        pytest.param(
            [
                {
                    "name": "order",
                    "get": "/customers",
                    "query": {"n": "{page.number}"},
                    "pages": {"number": {"start": 1}, "last": "`true`"},
                    "take": "body.data[0]",
                },
                {"name": "item", "each": "as_list(order.items)"},
            ],
            id="once a page",
        ),
        pytest.param(CUSTOMER, id="before a call that needs it"),
    ],
)
async def test_take_that_gives_null_is_a_mismatch(source: list[dict[str, Any]]) -> None:
    """`take` must not give null: a customer who is not there is no customer without orders."""
    names = [entry["name"] for entry in source]
    owner = "customer.email" if "customer" in names else f"{names[-1]}.email"
    mine = order(item(1), none=None)
    nobody = {"data": [], "orders": [mine]}

    found = await problem(
        {"source": source, "ticket.owner": owner}, {"/customers": nobody, "/orders": orders(mine)}
    )

    assert isinstance(found, MappingMismatch)
    assert ": take: `" in found.log
    assert found.log.endswith("gives null")


async def test_collect_binds_a_list_whole_for_joins() -> None:
    """`collect` binds the list itself: `lookup` finds in it what belongs to a record."""
    source = [
        {"name": "events", "get": "/events", "collect": "body"},
        {"name": "order", "get": "/orders", "query": {"email": "{user}"}, "each": "body"},
        {"name": "item", "each": "order.items"},
    ]
    changes = {"source": source, "ticket.fields.currency": "lookup(events, 'id', order.event).cur"}
    answer = await answer_of(
        changes,
        {
            "/events": [{"id": "a", "cur": "USD"}, {"id": "fest", "cur": "JPY"}],
            "/orders": [order(item(1))],
        },
    )

    assert tickets_of(answer)[0]["currency"] == "JPY"


async def test_a_binding_without_a_call_takes_or_goes_down() -> None:
    """An entry without a call names a value (`take`) or goes down a level (`each`)."""
    source = [
        {"name": "answer", "get": "/orders", "query": {"email": "{user}"}, "take": "body"},
        {"name": "list", "take": "answer.orders"},
        {"name": "order", "each": "list"},
        {"name": "item", "each": "order.items"},
    ]

    assert await ids({"source": source}, {"/orders": orders(order(item(5)))}) == ["5"]
    assert isinstance(
        await problem({"source": source}, {"/orders": {"orders": None}}), MappingMismatch
    )


@pytest.mark.parametrize(
    ("kind", "expression", "fields"),
    [("take", "body.x", "x == `null`"), ("collect", "body.x", "x == `[]`")],
)
async def test_if_false_makes_no_call(kind: str, expression: str, fields: str) -> None:
    """Without its call, `take` is null and `collect` is `[]`."""
    source = [
        {"name": "order", "get": "/orders", "query": {"email": "{user}"}, "each": "body.orders"},
        {"name": "x", "get": "/x", "if": "order.event == 'other'", kind: expression},
        {"name": "item", "each": "order.items"},
    ]
    changes = {"source": source, "ticket.not_eligible_when": {"no_call": fields}}
    bridge, platform = bridge_of(changes, {"/orders": orders(order(item(1)))})
    trace = AnswerTrace()

    await bridge.answer(USER, trace)

    assert platform.targets == [FIRST]
    assert trace.verdicts == {"not_eligible:no_call": 1}


async def test_if_false_on_each_gives_nothing() -> None:
    """`each` whose call is not made binds nothing."""
    source = [
        {"name": "order", "get": "/orders", "query": {"email": "{user}"}, "each": "body.orders"},
        {"name": "item", "get": "/items", "if": "order.event == 'other'", "each": "body"},
    ]

    assert await ids({"source": source}, {"/orders": orders(order())}) == []


@pytest.mark.parametrize("value", [None, "true", 1, []])
async def test_if_gives_true_or_false(value: object) -> None:
    """An `if` that gives neither true nor false is a mismatch."""
    source = [
        {"name": "order", "get": "/orders", "query": {"email": "{user}"}, "each": "body.orders"},
        {"name": "item", "get": "/items", "if": "order.more", "each": "body"},
    ]

    assert isinstance(
        await problem({"source": source}, {"/orders": orders(order(more=value))}), MappingMismatch
    )


async def test_calls_below_an_each_keep_the_order_of_their_bindings() -> None:
    """Calls for several bindings go out together; their results stay in the bindings' order."""
    source = [
        {"name": "order", "get": "/orders", "query": {"email": "{user}"}, "each": "body.orders"},
        {"name": "item", "get": "/items/{order.event}", "each": "body"},
    ]
    replies = {
        "/orders": orders(order(event="b"), order(event="a"), order(event="c")),
        "/items/a": [item("a1")],
        "/items/b": [item("b1"), item("b2")],
        "/items/c": [],
    }

    assert await ids({"source": source}, replies) == ["b1", "b2", "a1"]


async def test_the_same_get_is_made_once_in_one_answer() -> None:
    """Two bindings that ask for the same share the call; the next answer asks again."""
    source = [
        {"name": "order", "get": "/orders", "query": {"email": "{user}"}, "each": "body.orders"},
        {"name": "event", "get": "/events/{order.event}", "take": "body"},
        {"name": "item", "each": "order.items"},
    ]
    bridge, platform = bridge_of(
        {"source": source},
        {"/orders": orders(order(item(1)), order(item(2))), "/events/fest": {"id": 1}},
    )

    await bridge.answer(USER)
    await bridge.answer(USER)

    assert platform.targets == [FIRST, "/events/fest"] * 2


async def test_one_failed_call_among_many_fails_the_answer() -> None:
    """A call that fails below an `each` is an error, never a binding fewer."""
    source = [
        {"name": "order", "get": "/orders", "query": {"email": "{user}"}, "each": "body.orders"},
        {"name": "item", "get": "/items/{order.event}", "each": "body"},
    ]
    replies = {
        "/orders": orders(order(event="a"), order(event="b")),
        "/items/a": [item(1)],
        "/items/b": httpx.Response(500),
    }

    assert isinstance(await problem({"source": source}, replies), UpstreamError)


async def test_two_bindings_that_share_a_failing_call_fail_as_it_does() -> None:
    """A call shared by two bindings fails both, with its own problem."""
    source = [
        {"name": "order", "get": "/orders", "query": {"email": "{user}"}, "each": "body.orders"},
        {"name": "item", "get": "/items", "each": "body"},
    ]
    replies = {"/orders": orders(order(), order()), "/items": httpx.ConnectError("refused")}

    assert isinstance(await problem({"source": source}, replies), UpstreamUnavailable)


# --- requests ---------------------------------------------------------------------------------------


async def test_the_request_is_what_the_mapping_declares() -> None:
    """Credentials, declared headers, escaped query, a repeated parameter: and nothing of menta's."""
    bridge, platform = bridge_of(
        {
            "upstream.base_url": "http://platform.example/api/v1/",
            "upstream.headers": {"X-Channel": "resale"},
            "source.0.query": {"email": "{user}", "state": ["a b", "c&d"], "x[y]": "{{}}"},
            "source.0.headers": {"X-User": "<{user}>"},
        },
        {"/api/v1/orders": orders()},
    )

    await bridge.answer("o'brien+x@example.com")

    request = platform.requests[0]
    assert platform.targets == [
        "/api/v1/orders?email=o%27brien%2Bx%40example.com&state=a%20b&state=c%26d&x%5By%5D=%7B%7D"
    ]
    assert request.headers["authorization"] == "Bearer t0ken-of-the-platform"
    assert request.headers["x-channel"] == "resale"
    assert request.headers["x-user"] == "<o'brien+x@example.com>"
    assert request.headers["accept"] == "application/json"
    assert "x-menta-secret" not in request.headers
    assert "cookie" not in request.headers


@pytest.mark.parametrize("event", [None, "", {}, [], "..", ".", "%2e"])
async def test_a_hole_without_a_value_is_an_error(event: object) -> None:
    """A hole that gives null, "", an object, a list, or a dot segment makes no request."""
    source = [
        {"name": "order", "get": "/orders", "query": {"email": "{user}"}, "each": "body.orders"},
        {"name": "item", "get": "/items/{order.event}", "each": "body"},
    ]
    replies: dict[str, Any] = {"/orders": orders(order(event=event)), "/items/%252e": []}

    if event == "%2e":
        assert await ids({"source": source}, replies) == []
    else:
        assert isinstance(await problem({"source": source}, replies), MappingMismatch)


async def test_a_header_takes_no_control_character() -> None:
    """A header made from the platform's answer holds no line break."""
    source = [
        {"name": "order", "get": "/orders", "query": {"email": "{user}"}, "each": "body.orders"},
        {"name": "item", "get": "/items", "headers": {"X-Event": "{order.event}"}, "each": "body"},
    ]
    replies = {"/orders": orders(order(event="a\r\nX-Admin: 1"))}

    assert isinstance(await problem({"source": source}, replies), MappingMismatch)


# --- pages --------------------------------------------------------------------------------------------

NEXT = {"source.0.pages": {"next_url": "body.next"}}
NUMBER = {
    "source.0.pages": {"number": {"start": 1}},
    "source.0.query": {"email": "{user}", "page": "{page.number}"},
}


def page(*all_orders: Any, **more: Any) -> dict[str, Any]:
    """One page of orders."""
    return {**orders(*all_orders), **more}


async def test_next_url_walks_to_the_last_page() -> None:
    """`next_url` is followed until it gives null, "" or false."""
    for end in (None, "", False):
        replies = {
            FIRST: page(order(item(1)), next=f"http://platform.example{FIRST}&p=2"),
            f"{FIRST}&p=2": page(order(item(2)), next="?p=3"),
            "/orders?p=3": page(order(item(3)), next=end),
        }
        assert await ids(NEXT, replies) == ["1", "2", "3"]


async def test_an_empty_page_does_not_end_a_walk_by_next_url() -> None:
    """Only the next URL says whether there is another page."""
    replies = {FIRST: page(next="?p=2"), "/orders?p=2": page(order(item(2)), next=None)}

    assert await ids(NEXT, replies) == ["2"]


@pytest.mark.parametrize(
    "replies",
    [
        pytest.param({FIRST: page(order(item(1)))}, id="no next at all"),
        pytest.param({FIRST: page(order(item(1)), next=2)}, id="a number"),
        pytest.param({FIRST: page(order(item(1)), next=FIRST)}, id="the same page again"),
        pytest.param(
            {
                FIRST: page(order(item(1)), next="?p=2"),
                "/orders?p=2": page(order(item(1)), next="?p=3"),
            },
            id="the same items again",
        ),
        pytest.param(
            {FIRST: page(order(item(1)), next="https://evil.example/orders")}, id="another host"
        ),
        pytest.param({FIRST: page(order(item(1)), next="/admin/orders")}, id="another path"),
        pytest.param(
            {FIRST: page(order(item(1)), next="?email=bea%40example.com")}, id="another user"
        ),
    ],
)
async def test_a_walk_that_cannot_be_trusted_is_a_mismatch(replies: dict[str, Any]) -> None:
    """A next URL that is missing, wrong, foreign or leads in a circle is an error, not an end."""
    assert isinstance(await problem(NEXT, replies), MappingMismatch)


async def test_a_next_url_to_another_host_sees_no_request() -> None:
    """Nothing is sent to a host that is not the platform's."""
    bridge, platform = bridge_of(
        NEXT, {FIRST: page(order(item(1)), next="https://evil.example/orders")}
    )

    with pytest.raises(MappingMismatch):
        await bridge.answer(USER)

    assert [request.url.host for request in platform.requests] == ["platform.example"]


async def test_a_page_two_that_fails_fails_the_answer() -> None:
    """A page that fails is an error, never the end of the list."""
    replies = {FIRST: page(order(item(1)), next="?p=2"), "/orders?p=2": httpx.Response(404)}

    assert isinstance(await problem(NEXT, replies), UpstreamError)


async def test_numbered_pages_end_at_an_empty_page() -> None:
    """`number` counts from `start` until a page has nothing."""
    replies = {
        f"{FIRST}&page=1": page(order(item(1))),
        f"{FIRST}&page=2": page(order(item(2))),
        f"{FIRST}&page=3": page(),
    }

    assert await ids(NUMBER, replies) == ["1", "2"]


async def test_numbered_pages_end_where_last_says_so() -> None:
    """`last` that is true ends the walk without another call."""
    changes = {
        **NUMBER,
        "source.0.pages": {"number": {"start": 0}, "last": "page.number >= body.n"},
    }
    replies = {
        f"{FIRST}&page=0": page(order(item(1)), n=1),
        f"{FIRST}&page=1": page(order(item(2)), n=1),
    }

    assert await ids(changes, replies) == ["1", "2"]


@pytest.mark.parametrize("last", [None, "true", 0])
async def test_last_gives_true_or_false(last: object) -> None:
    """A `last` that gives neither true nor false is a mismatch."""
    changes = {**NUMBER, "source.0.pages": {"number": {"start": 1}, "last": "body.last"}}

    replies = {f"{FIRST}&page=1": page(order(item(1)), last=last)}
    assert isinstance(await problem(changes, replies), MappingMismatch)


@pytest.mark.parametrize(
    "expression",
    [
        "body.orders[?event == 'fest']",
        "body.orders[*].parts[]",
        "body.orders[1:]",
        "as_list(body.orders[?event == 'fest'])",
        "sort_by(body.orders, &event)",
    ],
)
def test_numbered_pages_do_not_end_where_the_mapping_leaves_all_out(expression: str) -> None:
    """A page that a filter empties would end the pages: an expression that may do so needs `last`."""
    with pytest.raises(MappingError, match=r"TB313.*`last`"):
        compile_mapping(spec_of({**NUMBER, "source.0.each": expression}))

    last = {"number": {"start": 1}, "last": "page.number == `2`"}
    compile_mapping(spec_of({**NUMBER, "source.0.pages": last, "source.0.each": expression}))


@pytest.mark.parametrize(
    "expression",
    ["body.data[0].orders", "as_list(optional(body.orders))", "default(body.orders, `[]`)"],
)
def test_a_list_that_is_taken_whole_may_end_numbered_pages(expression: str) -> None:
    """An expression that gives the platform's own list is empty only where that is."""
    compile_mapping(spec_of({**NUMBER, "source.0.each": expression}))


async def test_a_filter_with_last_reads_past_a_page_that_it_empties() -> None:
    """With `last`, a page on which nothing is left is a page like any other."""
    changes = {
        **NUMBER,
        "source.0.pages": {"number": {"start": 1}, "last": "page.number >= body.n"},
        "source.0.each": "body.orders[?event == 'fest']",
    }
    replies = {
        f"{FIRST}&page=1": page(order(item(1), event="shop"), n=2),
        f"{FIRST}&page=2": page(order(item(2)), n=2),
    }

    assert await ids(changes, replies) == ["2"]


async def test_a_platform_that_ignores_the_page_is_found_out() -> None:
    """The same page for every number is an error, not a longer list."""
    replies = {"/orders": page(order(item(1)))}

    assert isinstance(await problem(NUMBER, replies), MappingMismatch)


async def test_fewer_items_than_the_total_is_a_mismatch() -> None:
    """`total` holds the platform to what it counts."""
    changes = {"source.0.pages": {"next_url": "body.next", "total": "body.count"}}
    replies = {
        FIRST: page(order(item(1)), next="?p=2", count=3),
        "/orders?p=2": page(order(item(2)), next=None, count=3),
    }

    found = await problem(changes, replies)

    assert isinstance(found, MappingMismatch)
    assert "2 items came where the platform counts 3" in found.log


@pytest.mark.parametrize("count", [None, "1", 1.5, True])
async def test_total_is_an_integer(count: object) -> None:
    """A `total` that is no integer is a mismatch."""
    changes = {"source.0.pages": {"next_url": "body.next", "total": "body.count"}}

    replies = {FIRST: page(order(item(1)), next=None, count=count)}
    assert isinstance(await problem(changes, replies), MappingMismatch)


async def test_collect_gathers_all_pages() -> None:
    """A paged `collect` binds the items of all pages as one list."""
    source = [
        {
            "name": "all",
            "get": "/orders",
            "query": {"email": "{user}"},
            "pages": {"next_url": "body.next"},
            "collect": "body.orders",
        },
        {"name": "order", "each": "all"},
        {"name": "item", "each": "order.items"},
    ]
    replies = {
        FIRST: page(order(item(1)), next="?p=2"),
        "/orders?p=2": page(order(item(2)), next=None),
    }

    assert await ids({"source": source}, replies) == ["1", "2"]


async def test_a_paged_take_binds_once_a_page() -> None:
    """A paged `take` counts as an `each`: one value a page."""
    source = [
        {
            "name": "page_",
            "get": "/orders",
            "query": {"email": "{user}"},
            "pages": {"next_url": "body.next"},
            "take": "body",
        },
        {"name": "order", "each": "page_.orders"},
        {"name": "item", "each": "order.items"},
    ]
    replies = {
        FIRST: page(order(item(1)), next="?p=2"),
        "/orders?p=2": page(order(item(2)), next=None),
    }

    assert await ids({"source": source}, replies) == ["1", "2"]


# --- caps -----------------------------------------------------------------------------------------------


async def test_max_pages_reached_is_a_mismatch() -> None:
    """A walk that needs more pages than `max_pages` fails: it is not cut."""
    changes = {**NEXT, "upstream.max_pages": 2}
    replies = {
        FIRST: page(order(item(1)), next="?p=2"),
        "/orders?p=2": page(order(item(2)), next="?p=3"),
    }

    assert isinstance(await problem(changes, replies), MappingMismatch)
    replies["/orders?p=2"] = page(order(item(2)), next=None)
    assert await ids(changes, replies) == ["1", "2"]


async def test_max_calls_reached_is_a_mismatch() -> None:
    """An answer that needs more calls than `max_calls` fails."""
    source = [
        {"name": "order", "get": "/orders", "query": {"email": "{user}"}, "each": "body.orders"},
        {"name": "item", "get": "/items/{order.event}", "each": "body"},
    ]
    changes = {"source": source, "upstream.max_calls": 2}
    replies = {
        "/orders": orders(order(event="a"), order(event="b")),
        "/items/a": [],
        "/items/b": [],
    }

    assert isinstance(await problem(changes, replies), MappingMismatch)


async def test_max_records_reached_is_a_mismatch() -> None:
    """An answer with more records than `max_records` fails, whoever owns them."""
    changes = {"upstream.max_records": 2}

    many = orders(order(item(1), item(2), item(3)))
    assert isinstance(await problem(changes, {"/orders": many}), MappingMismatch)
    assert await ids(changes, {"/orders": orders(order(item(1), item(2)))}) == ["1", "2"]


# --- what an answer means ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "application/json; charset=utf-8", "application/hal+json", "text/json"],
)
async def test_json_is_read_losslessly(content_type: str) -> None:
    """JSON media types are read, with a BOM too; long integers and leading zeros survive."""
    body = (
        b'\xef\xbb\xbf{"orders": [{"email": "ana@example.com", "event": "007", "items": ['
        b'{"id": 123456789012345678901234567890, "state": "PAID", "zone": "a", "price": 1.10}]}]}'
    )
    reply = httpx.Response(200, content=body, headers={"content-type": content_type})

    ticket = tickets_of(await answer_of(None, {"/orders": reply}))[0]

    assert ticket["ticketId"] == "123456789012345678901234567890"
    assert ticket["externalReferenceEventId"] == "007"
    assert ticket["price"] == 1.1


async def test_any_content_type_reads_json_under_another_name() -> None:
    """`any_content_type: true` is for platforms that say text/html of their JSON."""
    reply = httpx.Response(200, content=b'{"orders": []}', headers={"content-type": "text/html"})

    assert await ids({"source.0.any_content_type": True}, {"/orders": reply}) == []


# --- rules ------------------------------------------------------------------------------------------------


def rules(*rows: dict[str, Any]) -> dict[str, Any]:
    """MAPPING with these `responses`."""
    return {"source.0.responses": list(rows)}


async def test_the_first_rule_whose_conditions_hold_decides() -> None:
    """Rules are asked in order; the first that matches is the outcome."""
    changes = rules(
        {"when": "body.code == `1`", "then": "fail"},
        {"when": "body.code == `2`", "then": "empty"},
        {"when": "body.code >= `1`", "then": "fail"},
    )

    assert await ids(changes, {"/orders": {"code": 2}}) == []
    assert isinstance(await problem(changes, {"/orders": {"code": 1}}), UpstreamError)
    assert isinstance(await problem(changes, {"/orders": {"code": 3}}), UpstreamError)
    assert await ids(changes, {"/orders": {"code": 0, **orders(order(item(1)))}}) == ["1"]


@pytest.mark.parametrize(
    ("status", "matches"), [(404, 404), ([400, 404], 404), ("4xx", 404), (["4xx", 500], 500)]
)
async def test_a_rule_may_name_statuses(status: object, matches: int) -> None:
    """`status` is a number, a list, or a class like 4xx."""
    changes = rules({"status": status, "then": "empty"})

    assert await ids(changes, {"/orders": httpx.Response(matches, json={})}) == []
    assert isinstance(await problem(changes, {"/orders": httpx.Response(302)}), UpstreamError)


async def test_a_rule_without_status_is_about_2xx_alone() -> None:
    """An error that happens to look empty is an error."""
    changes = rules({"when": "length(body.orders) == `0`", "then": "empty"})

    assert await ids(changes, {"/orders": orders()}) == []
    assert await ids(changes, {"/orders": httpx.Response(202, json=orders())}) == []
    assert isinstance(
        await problem(changes, {"/orders": httpx.Response(500, json=orders())}), UpstreamError
    )


async def test_a_rule_about_the_body_does_not_match_an_unreadable_one() -> None:
    """A `when` that uses `body` is passed over where there is none to read."""
    changes = rules({"when": "body.orders == `[]`", "then": "empty"})
    html = httpx.Response(200, content=b"<h1>", headers={"content-type": "text/html"})

    assert isinstance(await problem(changes, {"/orders": html}), UpstreamUnreadable)


async def test_a_rule_may_look_at_status_and_headers() -> None:
    """`when` sees `status` and `headers` (lower-case names) whether or not the body can be read."""
    changes = rules({"when": "status == `204` && headers.\"x-total\" == '0'", "then": "empty"})

    assert await ids(changes, {"/orders": httpx.Response(204, headers={"X-Total": "0"})}) == []
    assert isinstance(
        await problem(changes, {"/orders": httpx.Response(204, headers={"X-Total": "1"})}),
        UpstreamUnreadable,
    )


@pytest.mark.parametrize("code", [None, "true", 1])
async def test_when_gives_true_or_false(code: object) -> None:
    """A `when` that gives neither true nor false is a mismatch."""
    changes = rules({"when": "body.code", "then": "empty"})

    assert isinstance(await problem(changes, {"/orders": {"code": code}}), MappingMismatch)


async def test_when_on_a_missing_key_is_a_mismatch() -> None:
    """A rule about a key that the platform does not send is no rule that does not match."""
    changes = rules({"when": "body.code == `1`", "then": "empty"})

    assert isinstance(await problem(changes, {"/orders": orders()}), MappingMismatch)


async def test_ok_takes_an_answer_of_any_status() -> None:
    """`ok` makes an answer of a status that would fail, if its body can be read."""
    changes = rules({"status": 404, "then": "ok"})

    assert await ids(changes, {"/orders": httpx.Response(404, json=orders())}) == []
    assert isinstance(await problem(changes, {"/orders": httpx.Response(404)}), UpstreamUnreadable)


async def test_an_unknown_user_owns_nothing_or_is_not_found() -> None:
    """`unknown_user` is an empty list, or with `when_unknown_user: 404` its own problem."""
    changes = rules({"status": 404, "then": "unknown_user"})
    found = await problem(
        {**changes, "response.when_unknown_user": 404}, {"/orders": httpx.Response(404)}
    )

    assert await ids(changes, {"/orders": httpx.Response(404)}) == []
    assert isinstance(found, UnknownUser)


@pytest.mark.parametrize(
    ("rule", "body", "told"),
    [
        (
            {"then": "empty"},
            {"content": b"<h1>", "headers": {"Content-Type": "text/html"}},
            "the body is not in the declared format: the content type is not JSON but text/html",
        ),
        (
            {"then": "fail", "when": "body.gone"},
            {"content": b"<h1>", "headers": {"Content-Type": "text/html"}},
            "the body is not in the declared format: the content type is not JSON but text/html",
        ),
        ({"then": "fail", "when": "body.gone"}, {}, "the answer has no body"),
    ],
)
async def test_a_rule_that_the_body_keeps_off_is_told(
    rule: dict[str, Any], body: dict[str, Any], told: str
) -> None:
    """The rule is for that status: without its place in the log it would seem not to be there."""
    changes = rules({"status": 404, **rule})
    found = await problem(changes, {"/orders": httpx.Response(404, **body)})

    place = re.escape("order: status 404; the rule at acme.yaml:")
    assert re.fullmatch(rf"{place}\d+:\d+ does not count here: {re.escape(told)}", found.log)


async def test_a_rule_for_another_status_is_not_told() -> None:
    """Nor one whose condition was asked, or would not hold whatever the body is."""
    page = httpx.Response(404, content=b"<h1>", headers={"Content-Type": "text/html"})
    other = await problem(rules({"status": 410, "then": "empty"}), {"/orders": page})
    asked = await problem(
        rules({"status": 404, "then": "fail", "when": "`false`"}), {"/orders": page}
    )
    wrong = await problem(
        rules({"status": 404, "then": "empty", "when": "headers.a == 'b'"}), {"/orders": page}
    )

    assert {other.log, asked.log, wrong.log} == {"order: status 404"}


async def test_when_empty_204_says_nothing_to_say() -> None:
    """With `when_empty: 204` an answer without tickets has no body, and one with tickets is a 200."""
    changes = {"response.when_empty": 204}
    answer = await answer_of(changes, {"/orders": orders()})
    other = await answer_of(changes, {"/orders": orders(order(item(1)))})

    assert (answer.status, answer.body) == (204, b"")
    assert (other.status, len(tickets_of(other))) == (200, 1)


async def test_an_empty_body_needs_no_gzip_for_a_rule_to_decide() -> None:
    """Some platforms say `Content-Encoding: gzip` of every answer, of one without a body too."""
    changes = {**rules({"status": 404, "then": "empty"}), "response.when_empty": 204}
    missing = httpx.Response(404, headers={"Content-Encoding": "gzip", "Content-Length": "0"})

    answer = await answer_of(changes, {"/orders": missing})

    assert answer.status == 204


async def test_empty_on_the_first_page_is_an_empty_list() -> None:
    """A paged call may say that the user owns nothing, as any other call."""
    changes = {**NEXT, **rules({"status": 404, "then": "empty"})}

    assert tickets_of(await answer_of(changes, {FIRST: httpx.Response(404)})) == []


async def test_empty_after_the_first_page_is_an_error() -> None:
    """A platform that forgets the user on page two is not believed."""
    changes = {**NEXT, **rules({"status": 404, "then": "empty"})}
    replies = {FIRST: page(order(item(1)), next="?p=2"), "/orders?p=2": httpx.Response(404)}

    assert isinstance(await problem(changes, replies), UpstreamError)


async def test_a_rules_message_goes_to_the_log_without_addresses() -> None:
    """`message` is noted for the log; an e-mail address in it is masked."""
    changes = rules({"status": 404, "then": "empty", "message": "join(' ', ['no', body.who])"})
    trace = AnswerTrace()

    await answer_of(changes, {"/orders": httpx.Response(404, json={"who": USER})}, trace=trace)

    assert trace.notes == ["order: no (e-mail)"]


@pytest.mark.parametrize(
    ("auth", "told"),
    [
        ({"type": "bearer", "token": "${ACME_TOKEN}"}, TOKEN),
        ({"type": "basic", "username": "ana", "password": "${ACME_TOKEN}"}, ANA_IN_BASE64),
        ({"type": "basic", "username": "bridge", "password": "${ACME_TOKEN}"}, TOKEN),
        ({"type": "api_key", "in": "cookie", "name": "k", "value": "${ACME_TOKEN}"}, TOKEN),
        ({"type": "api_key", "in": "query", "name": "k", "value": "${ACME_TOKEN}"}, TOKEN),
        ({"type": "api_key", "in": "header", "name": "K", "value": "${ACME_TOKEN}"}, TOKEN),
    ],
)
async def test_a_rules_message_repeats_neither_user_nor_credential(
    auth: dict[str, str], told: str
) -> None:
    """A platform that names what it refuses does not get it into the log."""
    rule = {"status": 400, "then": "fail", "message": "body.error"}
    changes = {**rules(rule), "endpoint.user_format": "any", "upstream.auth": auth}
    text = f"key '{told}' may not see A-12 or A-123"
    trace = AnswerTrace()
    refused = httpx.Response(400, json={"error": text})

    with pytest.raises(UpstreamError):
        await answer_of(changes, {"/orders": refused}, user="a-12", trace=trace)

    assert trace.notes == ["order: key '(credential)' may not see (user) or A-123"]


# --- tries ------------------------------------------------------------------------------------------------


@pytest.fixture
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tries follow one another at once."""
    monkeypatch.setattr("ticketbridge.engine.upstream.limits.wait_before", lambda _attempt: 0)


RETRIES = {"upstream.retries": 2}


@pytest.mark.usefixtures("no_waiting")
@pytest.mark.parametrize(
    "failure",
    [
        pytest.param(httpx.Response(502), id="502"),
        pytest.param(httpx.Response(503), id="503"),
        pytest.param(httpx.Response(504), id="504"),
        pytest.param(httpx.ConnectError("refused"), id="refused"),
        pytest.param(httpx.ReadError("reset"), id="reset"),
        pytest.param(httpx.RemoteProtocolError("empty"), id="empty"),
    ],
)
async def test_a_passing_failure_is_tried_again(failure: object) -> None:
    """502, 503, 504 and calls that got no complete answer are tried again, up to `retries` times."""
    good = orders(order(item(1)))

    assert await ids(RETRIES, {"/orders": (failure, failure, good)}) == ["1"]
    assert isinstance(
        await problem(RETRIES, {"/orders": (failure, failure, failure, good)}),
        UpstreamError | UpstreamUnavailable,
    )


@pytest.mark.usefixtures("no_waiting")
@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500])
async def test_a_clear_no_is_not_tried_again(status: int) -> None:
    """Other statuses are final at once."""
    bridge, platform = bridge_of(RETRIES, {"/orders": httpx.Response(status)})

    with pytest.raises(ProblemError):
        await bridge.answer(USER)

    assert len(platform.requests) == 1


@pytest.mark.usefixtures("no_waiting")
async def test_retry_is_a_rules_to_give() -> None:
    """`then: retry` tries again whatever the status; in vain it is `upstream-error`."""
    changes = {**RETRIES, **rules({"when": "body.busy == `true`", "then": "retry"})}
    busy = {"busy": True}

    good = {"busy": False, **orders(order(item(1)))}
    assert await ids(changes, {"/orders": (busy, good)}) == ["1"]
    assert isinstance(await problem(changes, {"/orders": busy}), UpstreamError)


@pytest.mark.usefixtures("no_waiting")
async def test_retries_are_at_most_a_fifth_of_the_calls() -> None:
    """A platform that is down is not asked three times for each answer: 10 in reserve, then 20 %."""
    changes = {**RETRIES, "upstream.breaker": {"failures": 1000}}
    bridge, platform = bridge_of(changes, {"/orders": httpx.Response(503)})

    for _ in range(100):
        with pytest.raises(UpstreamError):
            await bridge.answer(USER)

    assert 100 + 10 <= len(platform.requests) <= 100 + 10 + 100 // 5


@pytest.mark.usefixtures("no_waiting")
async def test_followers_of_a_failing_call_try_again_together() -> None:
    """Bindings that share a call share its next try as well."""
    source = [
        {"name": "order", "get": "/orders", "query": {"email": "{user}"}, "each": "body.orders"},
        {"name": "event", "get": "/events", "take": "body"},
        {"name": "item", "each": "order.items"},
    ]
    platform = Replies(
        {
            "/orders": orders(order(item(1)), order(item(2)), order(item(3))),
            "/events": (httpx.Response(503), {"id": 1}),
        }
    )
    bridge = compiled_on(platform, spec_of({"source": source, **RETRIES}))

    answer = await bridge.answer(USER)

    assert len(tickets_of(answer)) == 3
    assert platform.targets == [FIRST, "/events", "/events"]


# --- what a call may not say -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        pytest.param({"source.0.each": "order.orders"}, "body", id="itself"),
        pytest.param({"source.0.each": "page.number"}, "body", id="page without pages"),
        pytest.param({"source.0.query": {"email": "{body.x}"}}, "user", id="body in a request"),
        pytest.param({"source.0.if": "status == `200`"}, "user", id="status in if"),
        pytest.param({"source.1.each": "item.x"}, "order", id="binding of itself"),
        pytest.param(
            {"source.0.responses": [{"when": "item.x", "then": "ok"}]}, "body", id="later name"
        ),
        pytest.param(
            {"response.body": "{a: order}", "response.schema": "s.json"}, "tickets", id="body"
        ),
    ],
)
def test_each_slot_knows_its_legal_roots(
    changes: dict[str, Any], words: str, tmp_path: Path
) -> None:
    """A root that a slot does not have is an error that lists those it has."""
    (tmp_path / "s.json").write_text("{}")

    with pytest.raises(MappingError) as caught:
        compile_mapping(spec_of(changes, folder=tmp_path))

    finding = next(f for f in caught.value.findings if f.code in {"TB203", "TB204"})
    assert words in finding.suggestion


def test_a_name_that_is_bound_too_late_is_told_from_one_that_is_not_there() -> None:
    """The finding says where the name is bound; one that no entry binds lists the roots."""
    with pytest.raises(MappingError) as caught:
        compile_mapping(spec_of({"source.0.if": "item.x", "source.1.each": "itme.x"}))

    late, unknown = caught.value.findings
    assert (late.code, unknown.code) == ("TB204", "TB203")
    assert late.message.startswith("`item` is used before the entry on line ")
    assert 'did you mean "item"' not in unknown.suggestion


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        pytest.param({"source.0.query": {"email": "{body.x}"}}, "read its answer", id="body"),
        pytest.param({"source.0.if": "status == `200`"}, "read its answer", id="status"),
        pytest.param({"source.0.take": "page.number", "source.0.each": ...}, "`pages`", id="page"),
        pytest.param({"ticket.owner": "tickets[0].id"}, "`response.body`", id="tickets"),
    ],
)
def test_a_root_of_another_slot_says_where_it_belongs(changes: dict[str, Any], words: str) -> None:
    """`body` in a request is no unknown word: it belongs elsewhere."""
    with pytest.raises(MappingError) as caught:
        compile_mapping(spec_of(changes))

    finding = next(f for f in caught.value.findings if f.code == "TB203")
    assert words in finding.suggestion


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        pytest.param({"source.0.each": "length(body.orders)"}, "an array is due", id="each"),
        pytest.param({"source.1.each": "upper(order.items)"}, "an array is due", id="binding"),
        pytest.param({"source.0.if": "length(user)"}, "a boolean is due", id="if"),
        pytest.param(
            {"source.0.responses": [{"when": "status", "then": "ok"}]},
            "a boolean is due",
            id="when",
        ),
        pytest.param(
            {"source.0.pages": {"next_url": "body.next", "last": "length(body.orders)"}},
            "a boolean is due",
            id="last",
        ),
        pytest.param(
            {"source.0.pages": {"next_url": "body.next", "total": "to_string(body.n)"}},
            "an integer is due",
            id="total",
        ),
        pytest.param(
            {"source.0.pages": {"next_url": "length(body.next)"}},
            "a string, null or false is due",
            id="next_url",
        ),
    ],
)
def test_an_expression_that_can_never_give_what_is_due_is_an_error(
    changes: dict[str, Any], words: str
) -> None:
    """What an expression always gives is known at load: it need not wait for the first answer."""
    with pytest.raises(MappingError) as caught:
        compile_mapping(spec_of(changes))

    assert [finding.code for finding in caught.value.findings] == ["TB207"]
    assert words in caught.value.findings[0].message
