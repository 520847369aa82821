"""Pages by `Link` header, cursor and offset, from a platform on a real socket."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import httpx
import pytest

from tests.fake_platform import FakePlatform, Reply
from tests.support import (
    USER,
    answer_of,
    bridge_of,
    ids_on,
    item,
    log_of_the_deepest,
    mapping,
    order,
    orders,
    problem_on,
    spec_of,
    tickets_of,
)
from ticketbridge.engine.answer_trace import AnswerTrace
from ticketbridge.engine.bridge import compile_mapping
from ticketbridge.engine.problems import MappingMismatch, ProblemError, UpstreamError
from ticketbridge.engine.upstream.paging import PageLimits, Walk
from ticketbridge.mapping import MappingError

pytestmark = pytest.mark.anyio

LINKED: Mapping[str, Any] = {"source.0.pages": {"link_header": True}}
CURSOR: Mapping[str, Any] = {
    "source.0.pages": {"cursor": "body.next"},
    "source.0.query": {"email": "{user}", "after": "{page.cursor}"},
}
OFFSET: Mapping[str, Any] = {
    "source.0.pages": {"offset": {"step": 2}},
    "source.0.query": {"email": "{user}", "skip": "{page.offset}", "limit": "2"},
}


def page(*numbers: int, link: str | None = None, **more: Any) -> Reply:
    """A page with one order for each of *numbers*."""
    body = {**orders(*(order(item(number)) for number in numbers)), **more}
    return Reply(json=body, headers={} if link is None else {"Link": link})


def queries(platform: FakePlatform) -> list[str]:
    """The queries that the platform has seen, as they were sent."""
    return [seen.target.partition("?")[2] for seen in platform.seen]


# --- link_header ------------------------------------------------------------------------------------


async def test_link_header_is_followed_to_the_last_page(platform: FakePlatform) -> None:
    """Absolute and relative links resolve against their page; without `rel="next"` it is the last."""
    following = f'<{platform.url}/orders?email=ana%40example.com&p=2>; rel="next"'
    platform.on("/orders", page(1, link=f'<?p=1>; rel="prev", {following}'))
    platform.on("/orders", page(2, link="<?p=3>; title=x; rel=next"), query={"p": "2"})
    platform.on("/orders", page(3, link='<?p=1>; rel="first"'), query={"p": "3"})

    assert await ids_on(platform, LINKED) == ["1", "2", "3"]
    assert queries(platform) == ["email=ana%40example.com", "email=ana%40example.com&p=2", "p=3"]


async def test_one_page_without_a_link_header_is_all(platform: FakePlatform) -> None:
    """An answer without a `Link` header has no next page."""
    platform.on("/orders", page(1))

    assert await ids_on(platform, LINKED) == ["1"]


async def test_link_headers_are_read_as_one(platform: FakePlatform) -> None:
    """A platform may send a `Link` header for each link."""
    body = json.dumps(orders(order(item(1)))).encode()
    head = (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n"
        b"Link: </orders?p=9>; rel=last\r\nlink: </orders?p=2>; rel=next\r\n\r\n" % len(body)
    )
    platform.on("/orders", Reply(steps=[head + body]))
    platform.on("/orders", page(2), query={"p": "2"})

    assert await ids_on(platform, LINKED) == ["1", "2"]


async def test_other_letters_in_a_link_are_sent_escaped(platform: FakePlatform) -> None:
    """A header in UTF-8 may name a page with letters that no request line carries."""
    platform.on("/orders", page(1, link="<?p=\u00e9>; rel=next"))
    platform.on("/orders", page(2), query={"p": "\u00e9"})

    assert await ids_on(platform, LINKED) == ["1", "2"]
    assert queries(platform)[1] == "p=%C3%A9"


async def test_an_empty_page_does_not_end_a_walk_by_link_header(platform: FakePlatform) -> None:
    """Only the header says whether there is another page."""
    platform.on("/orders", page(link="<?p=2>; rel=next"))
    platform.on("/orders", page(2), query={"p": "2"})

    assert await ids_on(platform, LINKED) == ["2"]


@pytest.mark.parametrize(
    ("link", "reason"),
    [
        pytest.param("<https://evil.example/orders>; rel=next", "scheme, host", id="host"),
        pytest.param("</admin/orders>; rel=next", "another path", id="path"),
        pytest.param("<?email=bea%40example.com>; rel=next", "another user", id="user"),
        pytest.param("<>; rel=next", "asked for twice", id="the page itself"),
        pytest.param("<? p=2>; rel=next", "blank", id="blank"),
        pytest.param("?p=2; rel=next", "cannot be read", id="no link"),
        pytest.param("<?p=2>; rel=next, <?p=3>; rel=next", "several", id="two next pages"),
    ],
)
async def test_a_link_that_cannot_be_trusted_is_a_mismatch(
    platform: FakePlatform, link: str, reason: str
) -> None:
    """A next link passes the rules of `next_url`; one that is not clear is no end."""
    platform.on("/orders", page(1, link=link))

    found = await problem_on(platform, LINKED)

    assert isinstance(found, MappingMismatch)
    assert reason in found.log
    assert len(platform.seen) == 1


async def test_any_path_lets_a_link_lead_to_another_path(platform: FakePlatform) -> None:
    """`any_path: true` loosens the path for `link_header` as for `next_url`."""
    changes = {"source.0.pages": {"link_header": True, "any_path": True}}
    platform.on("/orders", page(1, link="</pages/2>; rel=next"))
    platform.on("/pages/2", page(2))

    assert await ids_on(platform, changes) == ["1", "2"]


async def test_a_total_may_stand_in_a_header(platform: FakePlatform) -> None:
    """Where `Link` was lost on the way, the `total` of another header tells."""
    changes = {
        "source.0.pages": {"link_header": True, "total": 'to_number(headers."x-total")'},
    }
    platform.on("/orders", Reply(json=orders(order(item(1))), headers={"X-Total": "2"}))

    found = await problem_on(platform, changes)

    assert "1 items came where the platform counts 2" in found.log


@pytest.mark.parametrize(
    "link", ["<?p=2>; rel='next'", "<?p=2>; rel={next}", '<?p=2>; rel="[next]"', "<?p=2>"]
)
async def test_a_link_that_may_be_the_next_page_does_not_end_the_pages(
    platform: FakePlatform, link: str
) -> None:
    """A next link that is misspelt makes an error of the answer, and no list of its first page."""
    platform.on("/orders", page(1, link=f'{link}, <?p=9>; rel="last"'))

    found = await problem_on(platform, LINKED)

    assert isinstance(found, MappingMismatch)
    assert found.log.startswith("order: link_header: a link")


# --- next_url ---------------------------------------------------------------------------------------

NEXT_URL: Mapping[str, Any] = {"source.0.pages": {"next_url": "body.next"}}


@pytest.mark.parametrize("end", [None, "", False])
async def test_null_an_empty_text_and_false_end_the_pages(
    platform: FakePlatform, end: object
) -> None:
    """These are the platform's ways to say that there is no next URL."""
    platform.on("/orders", page(1, next="?p=2"))
    platform.on("/orders", page(2, next=end), query={"p": "2"})

    assert await ids_on(platform, NEXT_URL) == ["1", "2"]


@pytest.mark.parametrize(
    "following",
    [
        [],
        {},
        0,
        0.0,
        True,
        1,
        ["?p=2"],
        {"href": "?p=2"},
        " ",
        "null",
        "None",
        "undefined",
        "false",
    ],
)
@pytest.mark.parametrize("any_path", [False, True])
async def test_a_next_url_that_cannot_be_read_is_no_end(
    platform: FakePlatform, following: object, *, any_path: bool
) -> None:
    """What is neither a URL nor one of the three ends is an error: a page may be missing."""
    platform.on("/orders", page(1, next=following))
    pages = {"next_url": "body.next", "any_path": any_path}

    found = await problem_on(platform, {"source.0.pages": pages})

    assert isinstance(found, MappingMismatch)
    assert found.log.startswith("order: next_url: the next URL is")
    assert len(platform.seen) == 1


@pytest.mark.parametrize("name", ["filter[email]", "filter%5Bemail%5D", "filter[email][]"])
@pytest.mark.parametrize("owner", ["order.email", "upstream"])
async def test_a_next_url_never_asks_for_the_orders_of_another_user(
    platform: FakePlatform, name: str, owner: str
) -> None:
    """A parameter with brackets that was made from the user is held as one without is."""
    changes = {
        **NEXT_URL,
        "source.0.query": {"filter[email]": "{user}"},
        "ticket.owner": owner,
    }
    platform.on("/orders", page(1, next=f"?{name}=bea@example.com&p=2"))

    found = await problem_on(platform, changes)

    assert "another user" in found.log
    assert len(platform.seen) == 1


async def test_a_next_url_keeps_what_an_entry_above_has_bound(platform: FakePlatform) -> None:
    """A call that asks by the customer's number does not go on with another customer's orders."""
    source = [
        {"name": "customer", "get": "/customers", "query": {"q": "{user}"}, "take": "body"},
        {
            "name": "order",
            "get": "/orders",
            "query": {"customer": "{customer.id}"},
            "pages": {"next_url": "body.next"},
            "each": "body.orders",
        },
        {"name": "item", "each": "order.items"},
    ]
    changes = {"source": source, "ticket.owner": "customer.email"}
    platform.on("/customers", Reply(json={"id": 7, "email": USER}))
    platform.on("/orders", page(1, next="?customer=8&p=2"))

    assert "another user" in (await problem_on(platform, changes)).log

    platform.on("/orders", page(1, next="?customer=7&p=2"))
    platform.on("/orders", page(2, next=None), query={"p": "2"})
    assert await ids_on(platform, changes) == ["1", "2"]


async def test_a_user_in_the_path_stays_the_same_on_any_path(platform: FakePlatform) -> None:
    """`any_path` lets the pages go elsewhere, and not to another user."""
    changes = {
        "source.0.get": "/users/{user}/orders",
        "source.0.query": ...,
        "source.0.pages": {"next_url": "body.next", "any_path": True},
    }
    platform.on(f"/users/{USER}/orders", page(1, next="/users/bea@example.com/orders?p=2"))

    assert "another user in its path" in (await problem_on(platform, changes)).log


# --- cursor -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("end", [None, "", False])
async def test_cursor_is_placed_from_the_second_page_on(
    platform: FakePlatform, end: object
) -> None:
    """The cursor is null on the first request, and left out; null, "" or false ends the pages."""
    platform.on("/orders", page(1, next="a b&c"))
    platform.on("/orders", page(2, next=7), query={"after": "a b&c"})
    platform.on("/orders", page(3, next=end), query={"after": "7"})

    assert await ids_on(platform, CURSOR) == ["1", "2", "3"]
    email = "email=ana%40example.com"
    assert queries(platform) == [email, f"{email}&after=a%20b%26c", f"{email}&after=7"]


async def test_zero_is_a_cursor(platform: FakePlatform) -> None:
    """Only null, "" and false end the pages."""
    platform.on("/orders", page(1, next=0))
    platform.on("/orders", page(2, next=None), query={"after": "0"})

    assert await ids_on(platform, CURSOR) == ["1", "2"]


async def test_the_same_cursor_again_is_a_mismatch(platform: FakePlatform) -> None:
    """The same cursor makes the same request: the platform leads in a circle."""
    platform.on("/orders", page(1, next="x"))
    platform.on("/orders", page(2, next="x"), query={"after": "x"})

    found = await problem_on(platform, CURSOR)

    assert isinstance(found, MappingMismatch)
    assert "asked for twice" in found.log
    assert len(platform.seen) == 2


@pytest.mark.parametrize("cursor", [True, 1.5, 0.0, {}, [], {"after": "x"}, ["x"]])
async def test_a_cursor_is_text_or_an_integer(platform: FakePlatform, cursor: object) -> None:
    """Anything else is no cursor, and no end either."""
    platform.on("/orders", page(1, next=cursor))

    found = await problem_on(platform, CURSOR)

    assert isinstance(found, MappingMismatch)
    assert "gives no cursor" in found.log


@pytest.mark.parametrize("cursor", [" ", "null", "NULL", "None", "nil", "undefined", "false"])
async def test_a_cursor_that_says_there_is_none_is_no_end(
    platform: FakePlatform, cursor: str
) -> None:
    """The text `null` may be the end, or a cursor that the platform failed to make: nobody can tell."""
    platform.on("/orders", page(1, next=cursor))

    found = await problem_on(platform, CURSOR)

    assert isinstance(found, MappingMismatch)
    assert "says there is none" in found.log
    assert len(platform.seen) == 1


async def test_a_text_that_means_the_end_is_said_to_be_null(platform: FakePlatform) -> None:
    """`null_if` is how the mapping says that the platform's text is its end."""
    changes = {**CURSOR, "source.0.pages": {"cursor": "null_if(body.next, 'null')"}}
    platform.on("/orders", page(1, next="null"))

    assert await ids_on(platform, changes) == ["1"]


async def test_a_cursor_that_is_missing_is_no_end(platform: FakePlatform) -> None:
    """A renamed key is an error; a platform that leaves it out is read with `optional`."""
    platform.on("/orders", page(1))

    assert isinstance(await problem_on(platform, CURSOR), MappingMismatch)
    optional = {**CURSOR, "source.0.pages": {"cursor": "optional(body.next)"}}
    assert await ids_on(platform, optional) == ["1"]


async def test_an_empty_page_does_not_end_a_walk_by_cursor(platform: FakePlatform) -> None:
    """Only the cursor says whether there is another page."""
    platform.on("/orders", page(next="x"))
    platform.on("/orders", page(2, next=None), query={"after": "x"})

    assert await ids_on(platform, CURSOR) == ["2"]


async def test_a_platform_that_ignores_the_cursor_is_found_out(platform: FakePlatform) -> None:
    """The same items for another cursor are an error, not a longer list."""
    platform.on("/orders", page(1, next="x"))
    platform.on("/orders", page(1, next="y"), query={"after": "x"})

    assert "two pages have the same items" in (await problem_on(platform, CURSOR)).log


async def test_a_page_after_a_cursor_that_fails_fails_the_answer(platform: FakePlatform) -> None:
    """A page that fails is an error, never the end of the list."""
    platform.on("/orders", page(1, next="x"))
    platform.on("/orders", Reply(404, json={}), query={"after": "x"})

    assert isinstance(await problem_on(platform, CURSOR), UpstreamError)


async def test_last_ends_a_walk_by_cursor(platform: FakePlatform) -> None:
    """`last` ends any kind of pages, whatever the cursor says."""
    changes = {**CURSOR, "source.0.pages": {"cursor": "body.next", "last": "body.more == `false`"}}
    platform.on("/orders", page(1, next="x", more=True))
    platform.on("/orders", page(2, next="y", more=False), query={"after": "x"})

    assert await ids_on(platform, changes) == ["1", "2"]


async def test_a_cursor_may_be_made_of_the_last_item(platform: FakePlatform) -> None:
    """`starting_after`: the id of the last item, while the platform says that there is more."""
    changes = {**CURSOR, "source.0.pages": {"cursor": "body.more && body.orders[-1].id || `null`"}}
    first = {**orders(order(item(1), id=41), order(item(2), id=42)), "more": True}
    platform.on("/orders", Reply(json=first))
    platform.on("/orders", page(3, more=False), query={"after": "42"})

    assert await ids_on(platform, changes) == ["1", "2", "3"]


async def test_a_cursor_in_a_json_body_is_not_there_on_the_first_page() -> None:
    """Inside a `json` body the cursor keeps its type; while there is none, its member is left out."""
    changes = {
        "source.0": {
            "name": "order",
            "post": "/search",
            "json": {"email": "{user}", "after": "{page.cursor}"},
            "pages": {"cursor": "body.next"},
            "each": "body.orders",
        }
    }
    pages = ({**orders(order(item(1))), "next": 5}, {**orders(order(item(2))), "next": None})
    bridge, platform = bridge_of(changes, {"/search": pages})

    tickets = tickets_of(await bridge.answer(USER))

    assert [ticket["ticketId"] for ticket in tickets] == ["1", "2"]
    sent = [json.loads(request.content) for request in platform.requests]
    assert sent == [{"email": USER}, {"email": USER, "after": 5}]


async def test_the_same_cursor_in_a_json_body_is_the_same_request() -> None:
    """A POST is the same where its body is."""
    changes = {
        "source.0": {
            "name": "order",
            "post": "/search",
            "json": {"after": "{page.cursor}"},
            "pages": {"cursor": "body.next"},
            "each": "body.orders",
        }
    }
    pages = ({**orders(order(item(1))), "next": 5}, {**orders(order(item(2))), "next": 5})
    bridge, _ = bridge_of(changes, {"/search": pages})

    with pytest.raises(MappingMismatch, match="pages"):
        await bridge.answer(USER)


async def test_a_cursor_beside_text_needs_a_value(platform: FakePlatform) -> None:
    """Only a query value that is one hole of `page` is left out: another that has no value is an error."""
    for query in ({"after": "id:{page.cursor}"}, {"after": "{page.cursor || user && `null`}"}):
        changes = {**CURSOR, "source.0.query": query}
        assert isinstance(await problem_on(platform, changes), MappingMismatch)
    assert platform.seen == []


# --- offset -------------------------------------------------------------------------------------------


async def test_offsets_are_a_step_apart_until_an_empty_page(platform: FakePlatform) -> None:
    """`offset` begins at 0 and grows by `step`."""
    platform.on("/orders", page(1, 2), query={"skip": "0"})
    platform.on("/orders", page(3), query={"skip": "2"})
    platform.on("/orders", page(), query={"skip": "4"})

    assert await ids_on(platform, OFFSET) == ["1", "2", "3"]
    assert queries(platform)[1] == "email=ana%40example.com&skip=2&limit=2"


async def test_last_ends_pages_by_offset_without_another_call(platform: FakePlatform) -> None:
    """`last` sees `page.offset`."""
    last = {"offset": {"step": 2}, "last": "add(page.offset, `2`) >= body.total"}
    changes = {**OFFSET, "source.0.pages": last}
    platform.on("/orders", page(1, 2, total=3), query={"skip": "0"})
    platform.on("/orders", page(3, total=3), query={"skip": "2"})

    assert await ids_on(platform, changes) == ["1", "2", "3"]
    assert len(platform.seen) == 2


async def test_a_platform_that_ignores_the_offset_is_found_out(platform: FakePlatform) -> None:
    """The same page for every offset is an error, not a longer list."""
    platform.on("/orders", page(1))

    assert "two pages have the same items" in (await problem_on(platform, OFFSET)).log


async def test_a_paged_take_by_offset_ends_where_last_says_so(platform: FakePlatform) -> None:
    """A paged `take` has no empty page: `last` is its end."""
    source = [
        {
            "name": "answer",
            "get": "/orders",
            "query": {"email": "{user}", "skip": "{page.offset}"},
            "pages": {"offset": {"step": 1}, "last": "length(body.orders) == `0`"},
            "take": "body",
        },
        {"name": "order", "each": "answer.orders"},
        {"name": "item", "each": "order.items"},
    ]
    platform.on("/orders", page(1), query={"skip": "0"})
    platform.on("/orders", page(), query={"skip": "1"})

    assert await ids_on(platform, {"source": source}) == ["1"]


@pytest.mark.parametrize("expression", ["body.orders[?event == 'fest']", "body.orders[*].parts[]"])
def test_pages_by_offset_do_not_end_where_the_mapping_leaves_all_out(expression: str) -> None:
    """As with numbers: an expression that may empty a page needs `last`."""
    with pytest.raises(MappingError, match=r"TB313.*`last`"):
        compile_mapping(spec_of({**OFFSET, "source.0.each": expression}))

    last = {"offset": {"step": 2}, "last": "page.offset == `2`"}
    compile_mapping(spec_of({**OFFSET, "source.0.pages": last, "source.0.each": expression}))


# --- total ----------------------------------------------------------------------------------------------

COUNTED = {"total": "body.total"}


@pytest.mark.parametrize("last", [{}, {"last": "body.last"}])
async def test_an_empty_page_before_the_total_is_no_end(
    platform: FakePlatform, last: dict[str, str]
) -> None:
    """An empty page ends the pages, `last` or not; `total` says that there should be more."""
    changes = {**OFFSET, "source.0.pages": {"offset": {"step": 2}, **COUNTED, **last}}
    platform.on("/orders", page(1, 2, total=3, last=False), query={"skip": "0"})
    platform.on("/orders", page(total=3, last=False), query={"skip": "2"})

    found = await problem_on(platform, changes)

    assert isinstance(found, MappingMismatch)
    assert "2 items came where the platform counts 3" in found.log


async def test_the_greatest_total_counts(platform: FakePlatform) -> None:
    """A platform that counts nothing on the empty page has counted more before."""
    changes = {**OFFSET, "source.0.pages": {"offset": {"step": 2}, **COUNTED}}
    platform.on("/orders", page(1, 2, total=3), query={"skip": "0"})
    platform.on("/orders", page(total=0), query={"skip": "2"})

    assert "2 items came where the platform counts 3" in (await problem_on(platform, changes)).log


async def test_a_platform_that_caps_its_pages_below_the_step_is_found_out(
    platform: FakePlatform,
) -> None:
    """What lies between a short page and the next offset is missing, and `total` says so."""
    changes = {**OFFSET, "source.0.pages": {"offset": {"step": 2}, **COUNTED}}
    platform.on("/orders", page(1, total=3), query={"skip": "0"})
    platform.on("/orders", page(3, total=3), query={"skip": "2"})
    platform.on("/orders", page(total=3), query={"skip": "4"})

    assert "2 items came where the platform counts 3" in (await problem_on(platform, changes)).log


async def test_a_short_page_that_is_not_the_last_is_an_error(platform: FakePlatform) -> None:
    """Without `total`, a page shorter than `step` with another after it has left items between them."""
    platform.on("/orders", page(1), query={"skip": "0"})
    platform.on("/orders", page(3), query={"skip": "2"})

    found = await problem_on(platform, OFFSET)

    assert "a page of 1 items, and another after it; `step` is 2" in found.log


async def test_a_filter_may_shorten_any_page(platform: FakePlatform) -> None:
    """Where the mapping leaves items out, the length of a page says nothing."""
    changes = {
        **OFFSET,
        "source.0.pages": {"offset": {"step": 2}, "last": "page.offset == `2`"},
        "source.0.each": "body.orders[?event != 'other']",
    }
    platform.on("/orders", page(1), query={"skip": "0"})
    platform.on("/orders", page(3), query={"skip": "2"})

    assert await ids_on(platform, changes) == ["1", "3"]


@pytest.mark.parametrize("changes", [LINKED, CURSOR], ids=["link_header", "cursor"])
async def test_an_end_before_the_total_is_no_end(
    platform: FakePlatform, changes: Mapping[str, Any]
) -> None:
    """`total` holds every kind of pages to what the platform counts."""
    pages = {**changes["source.0.pages"], **COUNTED}
    platform.on("/orders", page(1, total=2, next=None))

    found = await problem_on(platform, {**changes, "source.0.pages": pages})

    assert "1 items came where the platform counts 2" in found.log


@pytest.mark.parametrize(
    ("total", "reason"),
    [
        (-1, "gives less than 0: the platform does not count here"),
        (None, "gives no integer, but null"),
        ("2", "gives no integer, but a string (for its number: `to_number(...)`)"),
        (2.0, "gives no integer, but a number with a decimal point"),
        (True, "gives no integer, but a boolean"),
        ([], "gives no integer, but an array"),
    ],
)
@pytest.mark.parametrize("on_page", [1, 2])
async def test_a_total_is_a_count(
    platform: FakePlatform, total: object, reason: str, on_page: int
) -> None:
    """A `total` on any page that is no integer from 0 on holds the pages to nothing: an error."""
    changes = {**CURSOR, "source.0.pages": {"cursor": "body.next", **COUNTED}}
    platform.on("/orders", page(1, next="x", total=total if on_page == 1 else 2))
    platform.on("/orders", page(2, next=None, total=total), query={"after": "x"})

    found = await problem_on(platform, changes)

    assert isinstance(found, MappingMismatch)
    assert found.log.startswith("order: total: `body.total` at ")
    assert reason in found.log
    assert len(platform.seen) == on_page


@pytest.mark.parametrize(
    ("total", "expression"), [("2", "to_number(body.total)"), (2.0, "floor(body.total)")]
)
async def test_a_total_of_another_type_is_made_an_integer_by_the_mapping(
    platform: FakePlatform, total: object, expression: str
) -> None:
    """What the error suggests makes the total one."""
    changes = {**CURSOR, "source.0.pages": {"cursor": "body.next", "total": expression}}
    platform.on("/orders", page(1, next=None, total=total))

    assert "1 items came where the platform counts 2" in (await problem_on(platform, changes)).log


# --- items that move between pages ---------------------------------------------------------------

MOVING: Mapping[str, Mapping[str, Any]] = {
    "cursor": CURSOR,
    "next_url": NEXT_URL,
    "link_header": LINKED,
    "number": {
        "source.0.pages": {"number": {"start": 0}, "last": "page.number == `1`"},
        "source.0.query": {"email": "{user}", "n": "{page.number}"},
    },
    "offset": {**OFFSET, "source.0.pages": {"offset": {"step": 2}, "last": "page.offset == `2`"}},
}
every_kind = pytest.mark.parametrize("changes", MOVING.values(), ids=MOVING)


def two_pages(platform: FakePlatform, first: Reply, second: Reply) -> None:
    """Answer *first* and then *second*, in whatever way the pages are asked for."""
    headers = {"Link": "<?p=2>; rel=next"}
    first_body = {**first.json, "next": "?p=2"}
    platform.on(
        "/orders",
        Reply(json=first_body, headers=headers),
        Reply(json={"next": None, **second.json}),
    )


@every_kind
async def test_an_item_that_came_on_two_pages_is_an_error_where_nobody_counts(
    platform: FakePlatform, changes: Mapping[str, Any]
) -> None:
    """Orders that move between two pages hide others: without `total` nothing tells how many."""
    two_pages(platform, page(1, 2), page(2, 3))

    found = await problem_on(platform, changes)

    assert isinstance(found, MappingMismatch)
    assert "an item came on two pages" in found.log


@every_kind
async def test_an_item_that_came_on_two_pages_counts_once(
    platform: FakePlatform, changes: Mapping[str, Any]
) -> None:
    """A total is not met by an item that came twice, while another never came."""
    changes = {**changes, "source.0.pages": {**changes["source.0.pages"], **COUNTED}}
    two_pages(platform, page(1, 2, total=4), page(2, 4, total=4))

    found = await problem_on(platform, changes)

    assert isinstance(found, MappingMismatch)
    assert "3 items came where the platform counts 4" in found.log


@every_kind
async def test_an_item_that_came_on_two_pages_does_no_harm_where_all_came(
    platform: FakePlatform, changes: Mapping[str, Any]
) -> None:
    """Where the platform's count is met without it, the second one is a duplicate."""
    changes = {**changes, "source.0.pages": {**changes["source.0.pages"], **COUNTED}}
    two_pages(platform, page(1, 2, total=3), page(2, 3, total=3))
    trace = AnswerTrace()

    assert await ids_on(platform, changes, trace) == ["1", "2", "3"]
    assert trace.verdicts == {"returned": 3, "duplicate": 1}


async def test_a_list_bound_whole_is_held_to_the_same(platform: FakePlatform) -> None:
    """`collect` passes the rules of `each`: a join in a list that moved would find too little."""
    source = [
        {"name": "events", "get": "/orders", **{k[9:]: v for k, v in NEXT_URL.items()}},
        {"name": "item", "get": "/items", "query": {"email": "{user}"}, "each": "body"},
    ]
    source[0]["collect"] = "body.orders"
    changes = {"source": source, "ticket.owner": "item.who", "ticket.fields.showId": "item.id"}
    changes["ticket.fields.externalReferenceEventId"] = "length(events)"
    two_pages(platform, page(1, 2), page(2, 3))

    assert "an item came on two pages" in (await problem_on(platform, changes)).log


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"a": 1, "b": {"c": [1], "d": None}}, {"b": {"d": None, "c": [1]}, "a": 1}),
        ({"a": 10**30}, {"a": 10**30}),
        ([1, "x"], [1, "x"]),
        ("x", "x"),
    ],
    ids=["keys in another order", "a long number", "lists", "texts"],
)
def test_an_item_is_known_again_by_all_that_is_in_it(one: Any, other: Any) -> None:
    """Equal items are one, however deep, whatever the order of their keys."""
    walk = Walk(PageLimits("order", 9, 0, is_counted=False))
    walk.add([one, "a"])

    with pytest.raises(MappingMismatch) as caught:
        walk.add([other, "b"])
    assert "came on two pages" in caught.value.log


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"a": 1}, {"a": True}),
        ({"a": 0}, {"a": False}),
        ({"a": 1}, {"a": "1"}),
        ({"a": None}, {"a": "null"}),
        ({"a": None}, {}),
        ({"a": [1, 2]}, {"a": [2, 1]}),
        ({"a": [[1], 2]}, {"a": [1, [2]]}),
        ({"a": "b,c"}, {"a": ["b", "c"]}),
        ({"a": Decimal("1.5")}, {"a": "1.5"}),
        (12345678901234567890123, 12345678901234567890124),
    ],
)
def test_items_that_differ_in_anything_are_two(one: Any, other: Any) -> None:
    """Types differ all the way down, and so does every digit."""
    walk = Walk(PageLimits("order", 9, 0, is_counted=True))
    walk.add([one, "a"])
    walk.add([other, "b"])
    walk.count_to(4)

    walk.end()


async def test_equal_items_of_one_page_are_two(platform: FakePlatform) -> None:
    """Two tickets without a number of their own may be equal; only another page tells that they moved."""
    changes = {**CURSOR, "source.0.pages": {"cursor": "body.next", **COUNTED}}
    platform.on("/orders", page(1, 1, total=3, next="x"))
    platform.on("/orders", page(2, total=3, next=None), query={"after": "x"})
    trace = AnswerTrace()

    assert await ids_on(platform, changes, trace) == ["1", "2"]
    assert trace.verdicts == {"returned": 2, "duplicate": 1}


async def test_more_items_than_the_total_may_come(platform: FakePlatform) -> None:
    """An order that arrives while the pages are asked for is no error."""
    changes = {**CURSOR, "source.0.pages": {"cursor": "body.next", **COUNTED}}
    platform.on("/orders", page(1, 2, total=2, next="x"))
    platform.on("/orders", page(3, total=2, next=None), query={"after": "x"})

    assert await ids_on(platform, changes) == ["1", "2", "3"]


async def test_a_total_that_counts_something_else_says_nothing_of_items_that_moved(
    platform: FakePlatform,
) -> None:
    """A count of each page's own items is met by any two pages: it cannot vouch for what moved."""
    changes = {**CURSOR, "source.0.pages": {"cursor": "body.next", **COUNTED}}
    platform.on("/orders", page(1, 2, total=2, next="x"))
    platform.on("/orders", page(2, 3, total=2, next=None), query={"after": "x"})

    found = await problem_on(platform, changes)

    assert "it counts something else than these items" in found.log


async def test_a_total_that_shrinks_between_two_pages_is_an_error(platform: FakePlatform) -> None:
    """An order that is deleted while the pages are asked for moves another one out of sight."""
    changes = {**CURSOR, "source.0.pages": {"cursor": "body.next", **COUNTED}}
    platform.on("/orders", page(1, 2, total=4, next="x"))
    platform.on("/orders", page(4, total=3, next=None), query={"after": "x"})

    assert "3 items came where the platform counts 4" in (await problem_on(platform, changes)).log


def test_a_long_walk_takes_time_by_its_length() -> None:
    """Each item is compared with all before it at the same cost."""

    def seconds(pages: int) -> float:
        walk = Walk(PageLimits("order", pages, 0, is_counted=True))
        items = [[{"id": n * 100 + i, "a": "x" * 50} for i in range(100)] for n in range(pages)]
        began = time.thread_time()  # of this thread alone, however busy the machine is
        for found in items:
            walk.add(found)
        return time.thread_time() - began

    seconds(10)
    # Ten times the items take ten times as long; a hundred times, were each compared with all others.
    assert min(seconds(400) for _ in range(3)) < 35 * min(seconds(40) for _ in range(3))


# --- what counts in a paged take -----------------------------------------------------------------

TAKEN: Mapping[str, Any] = {
    "source": [
        {
            "name": "found",
            "get": "/orders",
            "query": {"email": "{user}"},
            "pages": {"next_url": "body.next", "items": "body.orders", **COUNTED},
            "take": "body",
        },
        {"name": "order", "each": "found.orders"},
        {"name": "item", "each": "order.items"},
    ]
}


async def test_items_say_what_counts_in_a_paged_take(platform: FakePlatform) -> None:
    """With `items` a paged `take` is held to the platform's count."""
    two_pages(platform, page(1, 2, total=3), page(3, total=3))
    assert await ids_on(platform, TAKEN) == ["1", "2", "3"]

    two_pages(platform, page(1, 2, total=4), page(3, total=4))
    assert "3 items came where the platform counts 4" in (await problem_on(platform, TAKEN)).log

    two_pages(platform, page(1, 2, total=4), page(2, 3, total=4))
    assert "3 items came where the platform counts 4" in (await problem_on(platform, TAKEN)).log


async def test_items_that_came_on_two_pages_of_a_take_are_an_error(platform: FakePlatform) -> None:
    """Without `total`, as with `each`."""
    pages = {"next_url": "body.next", "items": "body.orders[*].items[0].id"}
    two_pages(platform, page(1, 2), page(2, 3))

    found = await problem_on(platform, {**TAKEN, "source.0.pages": pages})

    assert "an item came on two pages" in found.log


async def test_items_are_a_list(platform: FakePlatform) -> None:
    """Anything else cannot be counted."""
    pages = {"next_url": "body.next", "items": "body.total"}
    two_pages(platform, page(1, total=None), page(2, total=None))

    found = await problem_on(platform, {**TAKEN, "source.0.pages": pages})

    assert found.log.startswith("found: items: `body.total` at ")
    assert found.log.endswith("gives no list")


async def test_two_empty_pages_are_not_two_with_the_same_items(platform: FakePlatform) -> None:
    """A page without items says nothing, in a paged `take` too."""
    platform.on("/orders", page(total=1, next="?p=2"))
    platform.on("/orders", page(total=1, next="?p=3"), query={"p": "2"})
    platform.on("/orders", page(1, total=1, next=None), query={"p": "3"})

    assert await ids_on(platform, TAKEN) == ["1"]


@pytest.mark.parametrize(
    ("call", "code"),
    [
        ({"pages": {"next_url": "body.next", **COUNTED}, "take": "body"}, "TB062"),
        (
            {
                "pages": {"next_url": "body.next", "items": "body.orders"},
                "each": "body.orders",
            },
            "TB316",
        ),
        (
            {
                "pages": {"next_url": "body.next", "items": "body.orders"},
                "collect": "body.orders",
            },
            "TB316",
        ),
        (
            {"pages": {"number": {"start": 1}, "items": "body.orders"}, "take": "body"},
            "TB062",
        ),
        ({"pages": {"next_url": "body.next", "items": "`7`"}, "take": "body"}, "TB207"),
    ],
    ids=["total without", "each", "collect", "numbers without last", "no list"],
)
def test_items_belong_to_a_paged_take(call: dict[str, Any], code: str) -> None:
    """What `items` can be is known before any call."""
    query = {"n": "{page.number}"} if "number" in call["pages"] else {"email": "{user}"}
    first = {"name": "order", "get": "/orders", "query": query, **call}

    with pytest.raises(MappingError) as caught:
        compile_mapping(spec_of({"source.0": first}))
    errors = [f.code for f in caught.value.findings if f.severity == "error"]
    assert errors == [code]


def test_empty_is_no_word_below_a_paged_take() -> None:
    """A paged `take` runs what stands below it once a page, as an `each` does."""
    below = {
        "name": "order",
        "get": "/orders/{found.id}",
        "responses": [{"status": 404, "when": "body.none", "then": "empty"}],
        "each": "body",
    }

    with pytest.raises(MappingError, match="TB063"):
        compile_mapping(spec_of({**TAKEN, "source.1": below}))


# --- what is known before any call ---------------------------------------------------------------


def findings(changes: Mapping[str, Any]) -> list[str]:
    """What is wrong with MAPPING when its expressions are compiled, with code and words."""
    with pytest.raises(MappingError) as caught:
        compile_mapping(spec_of(changes))
    return [f"{f.code} {f.message}; {f.suggestion}" for f in caught.value.findings]


@pytest.mark.parametrize(
    ("pages", "hole"),
    [
        ({"number": {"start": 1}}, "{page.number}"),
        ({"offset": {"step": 50}}, "{page.offset}"),
        ({"cursor": "body.next"}, "{page.cursor}"),
    ],
)
def test_a_request_that_is_the_same_for_each_page_is_refused(
    pages: dict[str, Any], hole: str
) -> None:
    """A request without a hole of `page` would get the first page again and again."""
    (finding,) = findings({"source.0.pages": pages})

    assert finding.startswith(f"TB315 the request has no `{hole}`")
    for part in ("headers", "query"):
        compile_mapping(spec_of({"source.0.pages": pages, f"source.0.{part}": {"X": hole}}))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        pytest.param(
            {**CURSOR, "source.0.query": {"page": "{page.number}"}},
            "page has no number here ... it has cursor",
            id="number for a cursor",
        ),
        pytest.param(
            {**OFFSET, "source.0.pages": {"offset": {"step": 2}, "last": "page.ofset > `9`"}},
            "page has no ofset here ... it has offset",
            id="misspelt offset",
        ),
        pytest.param(
            {**LINKED, "source.0.query": {"page": "{page.number}"}},
            "page has no number here ... it has no keys",
            id="next links",
        ),
        pytest.param(
            {**CURSOR, "source.0.responses": [{"when": "page.next == `1`", "then": "ok"}]},
            "page has no next here ... it has cursor",
            id="in a rule",
        ),
        pytest.param(
            {**CURSOR, "source.0.if": "page.cursor == 'x'"}, '"page" is no root here', id="in if"
        ),
        pytest.param(
            {**CURSOR, "ticket.fields.showId": "page.cursor"}, "no root here", id="in a field"
        ),
        pytest.param(
            {"source.0.query": {"page": "{page.number}"}}, "no root here", id="without pages"
        ),
    ],
)
def test_page_has_what_its_kind_of_pages_gives(changes: dict[str, Any], words: str) -> None:
    """`page` is legal in requests and response slots of a paged call, with the one key of its kind."""
    (finding,) = findings(changes)

    assert all(part in finding for part in words.split(" ... "))


# --- requests -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("changes", [LINKED, CURSOR, OFFSET], ids=["link", "cursor", "offset"])
async def test_max_pages_holds_for_every_kind(
    platform: FakePlatform, changes: Mapping[str, Any]
) -> None:
    """A walk that needs more pages than `max_pages` fails: it is not cut."""
    platform.on("/orders", page(1, next="x", link="<?p=2>; rel=next"))

    found = await problem_on(platform, {**changes, "upstream.max_pages": 1})

    assert isinstance(found, MappingMismatch)
    assert "max_pages" in found.log


async def test_empty_after_the_first_page_of_a_cursor_is_an_error() -> None:
    """A platform that forgets the user on page two is not believed."""
    changes = {**CURSOR, "source.0.responses": [{"status": 404, "then": "empty"}]}
    first = {**orders(order(item(1))), "next": "x"}
    bridge, _ = bridge_of(changes, {"/orders": (first, httpx.Response(404))})

    with pytest.raises(UpstreamError):
        await bridge.answer(USER)


# --- headers that are no UTF-8 ----------------------------------------------------------------------

NO_UTF8 = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nX-Mark: \xff,b\r\n"
    b'Content-Length: 13\r\n\r\n{"orders":[]}'
)


async def test_items_from_a_header_that_is_no_utf8_are_a_mismatch() -> None:
    """Pages are compared by what is in them, which half a character cannot be."""
    changes = {
        "source": [
            {
                "name": "item",
                "get": "/orders",
                "query": {"email": "{user}", "page": "{page.number}"},
                "pages": {"number": {"start": 1}, "last": "`true`"},
                "each": "split(headers.\"x-mark\", ',')",
            }
        ],
        "ticket": {
            "owner": "upstream",
            "status": {"const": "VALID"},
            "fields": {
                name: {"const": 1} if name == "price" else "item"
                for name in mapping()["ticket"]["fields"]
            },
        },
    }
    async with FakePlatform() as platform:
        platform.on("/orders", Reply(steps=[NO_UTF8]))

        failed = await problem_on(platform, changes)

    assert isinstance(failed, MappingMismatch)
    assert "an item has a lone surrogate" in failed.log


async def test_items_that_are_nested_too_deeply_are_a_mismatch() -> None:
    """`each` may put a document that is as deep as can be into a deeper item, which cannot be compared."""
    page = {"pages": {"number": {"start": 1}, "last": "`true`"}}
    deeper = {**page, "query": {"email": "{user}", "p": "{page.number}"}}
    each = f"{'[' * 90}body.deep{']' * 90}"

    async def log_at(levels: int) -> str:
        deep = b'{"deep":' + b"[" * levels + b"]" * levels + b"}"
        reply = httpx.Response(200, content=deep, headers={"Content-Type": "application/json"})
        source = {"name": "order", "get": "/orders", **deeper, "each": each}
        with pytest.raises(ProblemError) as caught:
            await answer_of({"source.0": source}, {"/orders": reply})
        return caught.value.log

    assert await log_of_the_deepest(log_at) == "order: pages: an item is nested too deeply"


async def test_a_header_that_is_no_utf8_does_not_go_into_a_body() -> None:
    """JSON has no way to say it: the request is not made."""
    order_by_mark = {"post": "/search", "json": {"mark": "{first}"}, "each": "body.orders"}
    changes = {
        "source": [
            {"name": "first", "get": "/orders", "take": 'headers."x-mark"'},
            {"name": "order", **order_by_mark},
            {"name": "item", "each": "order.items"},
        ]
    }
    async with FakePlatform() as platform:
        platform.on("/orders", Reply(steps=[NO_UTF8]))

        failed = await problem_on(platform, changes)

    assert isinstance(failed, MappingMismatch)
    assert "a text in the body has a lone surrogate" in failed.log
    assert platform.paths == ["/orders"]


@pytest.mark.parametrize("owner", ["upstream", "order.email"])
async def test_a_next_link_that_loses_the_user_gives_nobody_elses_tickets(owner: str) -> None:
    """Laravel's links drop the query by default: page two would be everybody's."""
    replies = {
        "/orders?email=ana%40example.com": {**orders(order(item(1))), "next": "?page=2"},
        "/orders?page=2": {**orders(order(item(2), email="bea@example.com")), "next": None},
    }
    changes = {"ticket.owner": owner, "source.0.pages": {"next_url": "body.next"}}

    if owner == "upstream":
        with pytest.raises(MappingMismatch) as caught:
            await answer_of(changes, replies)
        assert "lost what names the user" in caught.value.log
    else:
        assert [t["ticketId"] for t in tickets_of(await answer_of(changes, replies))] == ["1"]
