"""Hostile values in each slot of a mapping: the answer is the right problem, and nobody waits for it."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.fake_platform import FakePlatform, Reply
from tests.faults.asking import asks_for, judged
from tests.faults.fault import ANA, ERROR, MISMATCH, TIMEOUT, UNREADABLE, Expected
from tests.processes import HEADERS, serving_program
from tests.support import Changes, item, order, orders

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(sys.platform != "linux", reason="the process is told to end with the tests"),
]

REFUSED = [MISMATCH]
UNREAD = [UNREADABLE]
ENDED = [MISMATCH, TIMEOUT]
"""What takes long, with turns for others: the problem, or the deadline where that comes before."""
LONGEST_WAIT = 2.0  # the bound is one second: the machine of the tests may be shared
HEAVY_PATTERN = "|".join([r"\pL"] * 240)
CALL = {"name": "order", "get": "/orders", "query": {"email": "{user}"}, "each": "body.orders"}


def field(expression: str) -> Changes:
    """MAPPING with *expression* as a ticket's field."""
    return {"ticket.fields.ticketOptionId": expression}


def below(*expressions: str) -> Changes:
    """MAPPING with these lists below its call, and a record for each element of the last."""
    names = [*(f"level{at}" for at in range(len(expressions) - 1)), "item"]
    levels = [{"name": n, "each": e} for n, e in zip(names, expressions, strict=True)]
    return {
        "source": [CALL, *levels],
        "ticket.status": {"from": "order.state", "values": {"PAID": "VALID"}},
        "ticket.fields.ticketId": "order.id",
        "ticket.fields.ticketOptionId": "order.id",
        "ticket.fields.price": "order.quantity",
    }


def call(**changes: Any) -> Changes:
    """MAPPING, whose call has these other slots."""
    return {"source": [slots(CALL, **changes), {"name": "item", "each": "order.items"}]}


def slots(entry: Mapping[str, Any], **changes: Any) -> Mapping[str, Any]:
    """*entry* with *changes*: `...` takes a slot out."""
    return {name: value for name, value in {**entry, **changes}.items() if value is not ...}


def asking_for_many(count: int, quantity: int) -> Mapping[str, Any]:
    """Orders whose numbers ask for a lot."""
    return orders(
        *[order(id=f"o{at}", state="PAID", quantity=quantity, items=[]) for at in range(count)]
    )


def items(count: int, **changes: Any) -> Mapping[str, Any]:
    """One order of many items, each with these *changes*."""
    return orders(order(*[item(at, **changes) for at in range(count)]))


LONG_LIST = [{"x": 1}] * 20_000
TEXT = "x" * 1_000_000
ROWS: Mapping[str, tuple[Changes, Mapping[str, Any], Sequence[Expected]]] = {
    "each: range": (below("range(order.quantity)"), asking_for_many(900, 100_000), REFUSED),
    "each: range in range": (
        below("range(order.quantity)", "range(order.quantity)"),
        asking_for_many(5, 15_000),
        REFUSED,
    ),
    "each: ranges that lead to nothing": (
        below("range(order.quantity)", "order.items"),
        asking_for_many(900, 15_000),
        REFUSED,
    ),
    "call: range in range": (
        call(
            each="body.orders[?length(range(quantity)[?length(range(`1000`)[?@ > `1`]) > `3`]) > `1`]"
        ),
        asking_for_many(3, 100_000),
        REFUSED,
    ),
    "if: of a rule": (
        call(
            responses=[
                {"when": "length(map(&range(`9999`), range(body.n))) == `1`", "then": "fail"}
            ]
        ),
        {**items(1), "n": 100_000},
        REFUSED,
    ),
    "field: range in range": (
        field("to_string(length(range(item.n)[*].range(`1000`)[]))"),
        items(1, n=100_000),
        REFUSED,
    ),
    "field: pattern": (field("extract(item.zone, item.p)"), items(2_000, p=HEAVY_PATTERN), ENDED),
    "field: long pattern": (
        field("extract(item.zone, item.p)"),
        items(20, p=f"({HEAVY_PATTERN * 20})"),
        REFUSED,
    ),
    "owner: filter of a long list": (
        {"ticket.owner": "[order.email, to_string([item.id, length(order.more[?x == `2`])])][0]"},
        {"orders": [{**order(*[item(at) for at in range(9_000)]), "more": LONG_LIST}]},
        ENDED,
    ),
    "reason: a long list in a long list": (
        {"ticket.not_eligible_when": {"resold": "contains(order.more, item.id)"}},
        {"orders": [{**order(*[item(at) for at in range(9_000)]), "more": LONG_LIST}]},
        ENDED,
    ),
    "field: a long text again and again": (
        field("join('', [order.text, item.zone])"),
        {"orders": [{**order(*[item(at) for at in range(9_000)]), "text": TEXT}]},
        ENDED,
    ),
    "status: a long text again and again": (
        {"ticket.status": {"from": "upper(order.text)", "values": {"PAID": "VALID"}}},
        {"orders": [{**order(*[item(at) for at in range(9_000)]), "text": TEXT}]},
        REFUSED,
    ),
    "field: JSON of a long list": (
        field("to_string(order.more)"),
        {"orders": [{**order(*[item(at) for at in range(2_000)]), "more": LONG_LIST}]},
        ENDED,
    ),
    "field: JSON in a text, again and again": (
        field("to_string([item.id, length(from_json(order.data))])"),
        {
            "orders": [
                {**order(*[item(at) for at in range(9_000)]), "data": f"[{'[],' * 300_000}1]"}
            ]
        },
        ENDED,
    ),
    "field: XML in a text, again and again": (
        field("join(item.zone, [from_xml(order.data).a.c])"),
        {
            "orders": [
                {
                    **order(*[item(at) for at in range(9_000)]),
                    "data": f"<a>{'<b x=``/>' * 20_000}<c>1</c></a>".replace("``", '""'),
                }
            ]
        },
        ENDED,
    ),
    "each: many short documents": (
        below("order.data[*].from_xml(@)"),
        {"orders": [order(id="o", state="PAID", quantity=1, data=["<a/>"] * 900_000)]},
        REFUSED,
    ),
    "each: many short texts of JSON": (
        below("order.data[*].from_json(@)"),
        {"orders": [order(id="o", state="PAID", quantity=1, data=["1"] * 1_900_000)]},
        REFUSED,
    ),
    "field: a deep document in a text": (
        field("to_string(from_json(item.data))"),
        items(1, data="[" * 400_000),
        REFUSED,
    ),
    "field: a deep element in a text": (
        field("to_string(from_xml(item.data))"),
        items(1, data="<a>" * 3_000_000),
        REFUSED,
    ),
    "field: attributes in a text": (
        field("to_string(from_xml(item.data))"),
        items(1, data=f"<a {' '.join(f'a{at}=``' for at in range(90_000))}/>".replace("``", '""')),
        REFUSED,
    ),
    "field: attributes that come twice in a text": (
        field("to_string(from_xml(item.data))"),
        items(1, data="<a " + "a=`` ".replace("``", '""') * 900_000 + "/>"),
        REFUSED,
    ),
}


# --- other slots than those of records --------------------------------------------------------------

MEGABYTE = "x" * 1_000_000
BODY = "x" * 9_900_000
"""As much as `max_body` has room for."""
DIGITS = "9" * 4_200
"""As many as an integer in JSON may have."""
STEPS = "length(map(&length(range(`9999`)), range(body.n))) == `1`"
"""A condition that has no end where the platform says so."""
MANY = {"n": 100_000}
TWICE = 'a="" ' * 900_000
PREFIXED = '<b xmlns:b=""/>' * 300_000
SCHEMA_INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"


def tree(leaf: str) -> Mapping[str, Any]:
    """An item below items: each of them has all of *leaf* in it."""
    node = item("leaf", text=leaf, children=[])
    for at in range(300):
        node = item(at, children=[node])
    return node


def paged(**changes: Any) -> Changes:
    """MAPPING, whose call has pages, with these slots of theirs."""
    pages = {"number": {"start": 1}, "last": "body.last", **changes}
    return call(query={"email": "{user}", "page": "{page.number}"}, pages=pages)


def session(**changes: Any) -> Changes:
    """MAPPING with a login, whose slots are these."""
    login = {"post": "/login", "form": {"name": "bridge"}}
    return {"upstream.auth": {"type": "session", "login": login, "token": "body.token", **changes}}


OAUTH2: Changes = {
    "upstream.auth": {
        "type": "oauth2",
        "token_url": "${ACME_API}/token",
        "client_id": "bridge",
        "client_secret": "${ACME_TOKEN}",
    }
}


def second(**changes: Any) -> Changes:
    """MAPPING with a second call, made from what the first one said."""
    entry = {"name": "item", "get": "/items", "each": "body"}
    return {"source": [CALL, slots(entry, **changes)]}


def xml(content: str) -> Routes:
    """This document."""
    return {"/orders": Reply(body=content.encode(), content_type="application/xml")}


def as_type(content_type: str, content: str) -> Routes:
    """This text, of that type."""
    return {"/orders": Reply(body=content.encode(), content_type=content_type)}


def attributes(count: int, value: str, name: str = "a") -> str:
    """So many attributes."""
    return " ".join(f'{name}{at}="{value}"' for at in range(count))


Routes = Mapping[str, Reply]
XML = call(format="xml", each="as_list(body.a)")
NDJSON = call(format="ndjson", each="body")
CSV = call(format={"csv": {"columns": ["a"]}}, each="body")
NEXT = call(pages={"next_url": "body.next"})
ANY_PATH = call(pages={"next_url": "body.next", "any_path": True})
LINK = call(pages={"link_header": True})
CURSOR = call(query={"email": "{user}", "after": "{page.cursor}"}, pages={"cursor": "body.next"})
POLL = call(responses=[{"when": "`true`", "then": "poll", "after": "1ms", "url": "body.next"}])
NOTE = call(responses=[{"when": "`true`", "then": "fail", "message": "body"}])
GOOD = items(1)


def login(**body: Any) -> Routes:
    """The login says this, and then the platform all that is asked."""
    routes = dict.fromkeys(("/login", "/token"), Reply(json=body))
    return {**routes, "/orders": Reply(json=GOOD)}


def listing(**body: Any) -> Routes:
    """The platform says this beside a good order."""
    return {"/orders": Reply(json={**GOOD, "last": True, **body}), "/items": Reply(json=[])}


def linking(header: str) -> Routes:
    """A good order with this `Link`."""
    return {"/orders": Reply(json=GOOD, headers={"Link": header})}


def ordering(**changes: Any) -> Routes:
    """One order, with these *changes*, and nothing that could be asked of it."""
    return {"/orders": Reply(json=orders(order(**changes))), "/items": Reply(json=[])}


SLOTS: Mapping[str, tuple[Changes, Routes, Sequence[Expected]]] = {
    "body: an order in each of its items": (
        {"ticket.fields.metadata": "order"},
        {"/orders": Reply(json=orders({**order(*map(item, range(9_000))), "text": MEGABYTE}))},
        REFUSED,
    ),
    "body: a long text in each item": (
        {"ticket.fields.metadata": {"text": "order.text"}},
        {"/orders": Reply(json=orders({**order(*map(item, range(9_000))), "text": MEGABYTE}))},
        REFUSED,
    ),
    "body: a tree in each of its nodes": (
        {**below("descendants(order.items, 'children')"), "ticket.fields.metadata": "item"},
        {"/orders": Reply(json=orders(order(tree(BODY), state="PAID", id="o", quantity=1)))},
        REFUSED,
    ),
    "session: token": (session(), login(token=BODY), REFUSED),
    "session: a token that is made": (session(token=f"to_string({STEPS})"), login(**MANY), REFUSED),
    "session: expires_in": (
        session(expires_in="body.seconds"),
        login(token="t", seconds="9" * 9_900_000),
        REFUSED,
    ),
    "session: value": (
        session(value="{lower(token)} {upper(token)}"),
        login(token=MEGABYTE),
        REFUSED,
    ),
    "oauth2: token": (OAUTH2, login(access_token=BODY), REFUSED),
    "oauth2: type": (OAUTH2, login(access_token="t", token_type=BODY), REFUSED),
    "oauth2: expires_in": (OAUTH2, login(access_token="t", expires_in=BODY), REFUSED),
    "total: a long number": (paged(total="body.n"), listing(n=int(DIGITS)), REFUSED),
    "total: an expression": (paged(total=f"[`1`, {STEPS}][0]"), listing(**MANY), REFUSED),
    "items: a tree in each of its nodes": (
        {
            "source": [
                slots(
                    CALL,
                    query={"email": "{user}", "page": "{page.number}"},
                    pages={
                        "number": {"start": 1},
                        "last": "body.last",
                        "items": "descendants(body.tree, 'children')",
                    },
                    each=...,
                    take="body.orders[0]",
                ),
                {"name": "item", "each": "order.items"},
            ]
        },
        listing(tree=[tree(BODY)]),
        REFUSED,
    ),
    "each: a tree in each of its nodes": (
        {
            **paged(),
            "source.0.each": "descendants(body.tree, 'children')",
        },
        listing(tree=[tree(BODY)]),
        REFUSED,
    ),
    "last": (paged(last=STEPS), listing(**MANY), REFUSED),
    "if": (second(**{"if": STEPS.replace("body", "order")}), ordering(**MANY), REFUSED),
    "poll: url": (POLL, listing(next="/o?" + "a[" * 400_000), REFUSED),
    "next_url: brackets": (NEXT, listing(next="?" + "email[" * 400_000), REFUSED),
    "next_url: brackets of a short one": (NEXT, listing(next="?" + "a[" * 3_900), REFUSED),
    "next_url: parameters": (ANY_PATH, listing(next="/o?" + "a&" * 500_000), REFUSED),
    "next_url: letters": (ANY_PATH, listing(next="/o?" + "\u00e9" * 1_000_000), REFUSED),
    "next_url: dots": (ANY_PATH, listing(next="/a/.." * 300_000), REFUSED),
    "link_header: brackets": (LINK, linking("<?" + "a[" * 30_000 + ">; rel=next"), REFUSED),
    "link_header: links": (LINK, linking("<a>;rel=a," * 6_000 + "<"), REFUSED),
    "link_header: parameters": (LINK, linking("<a>" + ";a" * 30_000), REFUSED),
    "link_header: quotes": (LINK, linking('<a>;a="' + "\\" * 60_000), REFUSED),
    "cursor": (CURSOR, listing(next=MEGABYTE), REFUSED),
    "cursor: a long number": (CURSOR, listing(next=int(DIGITS)), REFUSED),
    "get: a long path": (second(get="/items/{order.id}"), ordering(id=BODY), REFUSED),
    "query: a long value": (
        second(query={"a": "{order.id}"}),
        ordering(id="\u00e9" * 1_600_000),
        REFUSED,
    ),
    "headers: a long value": (second(headers={"X-A": "{order.id}"}), ordering(id=BODY), REFUSED),
    "json: a long value": (
        second(get=..., post="/items", json={"a": "{order}"}),
        ordering(id=BODY),
        REFUSED,
    ),
    "json: long values": (
        second(get=..., post="/items", json={"a": ["{order.id}"] * 99}),
        ordering(id=BODY),
        REFUSED,
    ),
    "form: a long value": (
        second(get=..., post="/items", form={"a": "{order.id}"}),
        ordering(id=BODY),
        REFUSED,
    ),
    "message: addresses": (NOTE, {"/orders": Reply(json="a@b " * 2_400_000)}, [ERROR]),
    "message: a large document": (NOTE, {"/orders": Reply(json=[[BODY]])}, [ERROR]),
    "ndjson: lines": (NDJSON, as_type("application/x-ndjson", "1\n" * 4_900_000), UNREAD),
    "ndjson: blank lines": (NDJSON, as_type("application/x-ndjson", "\n" * 450_000), UNREAD),
    "ndjson: small values": (NDJSON, as_type("application/x-ndjson", "[1]\n" * 480_000), REFUSED),
    "csv: rows": (CSV, as_type("text/csv", "a\n" + "b\n" * 4_900_000), UNREAD),
    "csv: cells": (CSV, as_type("text/csv", "a\n" + "," * 9_900_000 + "\n"), UNREAD),
    "csv: quotes": (CSV, as_type("text/csv", 'a\n"' + '""' * 4_900_000 + "\n"), UNREAD),
    "csv: quoted cells": (CSV, as_type("text/csv", "a\n" + '"b"\n' * 480_000), REFUSED),
    "text: a long text": (
        call(format="text", each="split(body, 'x')"),
        as_type("text/plain", BODY),
        REFUSED,
    ),
    "xml: depth": (XML, xml("<a>" * 3_000_000), UNREAD),
    "xml: siblings": (XML, xml(f"<a>{'<b/>' * 490_000}</a>"), REFUSED),
    "xml: names": (XML, xml(f"<a>{''.join(f'<a{n}/>' for n in range(400_000))}</a>"), UNREAD),
    "xml: attributes": (XML, xml(f"<a {attributes(90_000, '')}/>"), UNREAD),
    "xml: attributes that come twice": (XML, xml(f"<a {TWICE}/>"), UNREAD),
    "xml: a long tag": (XML, xml(f"<a a='{BODY}'/>"), UNREAD),
    "xml: a long name": (XML, xml(f"<{BODY}/>"), UNREAD),
    "xml: a long comment": (XML, xml(f"<a><!--{BODY}--></a>"), UNREAD),
    "xml: prefixes": (
        XML,
        xml(f"<a {attributes(15_000, SCHEMA_INSTANCE, 'xmlns:a')}>{PREFIXED}</a>"),
        UNREAD,
    ),
    "xml: a long text": (XML, xml(f"<a>{'&lt;' * 2_400_000}</a>"), REFUSED),
}


async def longest_wait(client: httpx.AsyncClient, url: str, until: asyncio.Task[Any]) -> float:
    """The longest that `/healthz` takes to answer as long as *until* runs."""
    longest = 0.0
    while not until.done():
        started = time.perf_counter()
        assert (await client.get(f"{url}/healthz")).status_code == 200
        longest = max(longest, time.perf_counter() - started)
        await asyncio.sleep(0.005)
    return longest


@pytest.mark.parametrize(
    ("changes", "routes", "expected"),
    [
        *(
            pytest.param(changes, {"/orders": Reply(json=body)}, expected, id=name)
            for name, (changes, body, expected) in ROWS.items()
        ),
        *(pytest.param(*row, id=name) for name, row in SLOTS.items()),
    ],
)
async def test_a_hostile_value_holds_nobody_up(
    platform: FakePlatform,
    tmp_path: Path,
    changes: Changes,
    routes: Routes,
    expected: Sequence[Expected],
) -> None:
    """Whatever a value asks for, `/healthz` is answered, and the pull ends with a problem."""
    for path, reply in routes.items():
        platform.on(path, reply)
    deadline = "2s" if TIMEOUT in expected else "30s"
    settings = {"upstream.timeout": deadline, **changes}
    with serving_program(tmp_path, platform.url, settings) as program:
        async with httpx.AsyncClient(headers=HEADERS, trust_env=False, timeout=60) as menta:
            pull = asyncio.create_task(menta.get(program.url + asks_for(ANA)))
            longest = await longest_wait(menta, program.url, pull)
            found = judged(await pull, ANA)

    assert longest < LONGEST_WAIT
    assert found in expected
