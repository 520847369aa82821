"""Pages by `Link` header, cursor and offset, from a platform on a real socket."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import httpx
import pytest

from tests.fake_platform import FakePlatform, Reply
from tests.support import (
    USER,
    bridge_of,
    ids_on,
    item,
    mapping,
    order,
    orders,
    problem_on,
    spec_of,
    tickets_of,
)
from ticketbridge.bridge import compile_mapping
from ticketbridge.mapping import MappingError
from ticketbridge.problems import MappingMismatch, UpstreamError

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


@pytest.mark.parametrize("cursor", [True, 1.5, {}, []])
async def test_a_cursor_is_text_or_an_integer(platform: FakePlatform, cursor: object) -> None:
    """Anything else is no cursor, and no end either."""
    platform.on("/orders", page(1, next=cursor))

    found = await problem_on(platform, CURSOR)

    assert isinstance(found, MappingMismatch)
    assert "gives no cursor" in found.log


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


async def test_a_cursor_in_a_json_body_is_null_on_the_first_page() -> None:
    """Inside a `json` body the cursor keeps its type, null included."""
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
    assert [json.loads(request.content)["after"] for request in platform.requests] == [None, 5]


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
