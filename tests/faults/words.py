# ruff: noqa: E501 - a row is a line, however long
# fmt: off
"""The table of faults, continued: where the mapping logs in, posts, polls, walks pages, or reads XML."""

from __future__ import annotations

import gzip
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from tests.fake_platform import CLOSE, HANG, RESET, Answers, Reply, Seen
from tests.faults.fault import (
    ANA,
    ASKED,
    AUTH,
    BEA,
    BEAS,
    ERROR,
    MISMATCH,
    NONE,
    ONE,
    TIMEOUT,
    UNAVAILABLE,
    UNREADABLE,
    Fault,
    Rows,
    later,
    replies_of,
    section,
    tickets,
)
from tests.faults.wire import BODY, GOOD, LENGTH, dripped, encoded, ok, page, sends, text
from tests.support import Changes, item, orders

HTML = Reply(body=b"<h1>Log in</h1>", content_type="text/html")

# --- logins -------------------------------------------------------------------------------------------

GRANTED = "granted-token"
OAUTH2: Changes = {
    "upstream.auth": {
        "type": "oauth2", "token_url": "${ACME_API}/token", "client_id": "bridge", "client_secret": "${ACME_TOKEN}",
    }
}


def grant(token: Any = GRANTED, **more: Any) -> Reply:
    """A token endpoint's answer."""
    return Reply(json={"access_token": token, "token": token, "token_type": "Bearer", **more})


def signed(reply: Reply) -> Answers:
    """*reply*, to whoever brings the granted token."""
    wanted = f"Bearer {GRANTED}"
    return lambda seen: reply if seen.headers.get("authorization") == wanted else Reply(401)


TOKENS: Rows = {
    "a token": (grant(), ONE),
    "a token that lives no time": (grant(expires_in=0), ONE),
    "closed": (sends(CLOSE), UNAVAILABLE),
    "reset": (sends(RESET), UNAVAILABLE),
    "silence": (sends(HANG), TIMEOUT),
    "silence in the body": (sends(ok(LENGTH)[:-1], HANG), TIMEOUT),
    "dripped for ever": (sends(*dripped(ok(LENGTH), 1, 0.01)), TIMEOUT),
    "cut": (sends(ok(LENGTH)[:-1], CLOSE), UNREADABLE),
    "a login page": (HTML, UNREADABLE),
    "a login page under JSON's name": (Reply(body=b"<h1>Log in</h1>"), UNREADABLE),
    "a redirect to a login page": (Reply(302, headers={"Location": "/login"}), ERROR),
    "a redirect to another host": (Reply(307, headers={"Location": "{other}/token"}), ERROR),
    "nothing": (Reply(body=b""), UNREADABLE),
    "204": (Reply(204, body=b""), UNREADABLE),
    "400": (Reply(400, json={"error": "invalid_client"}), AUTH),
    "401": (Reply(401, json={"error": "invalid_client"}), AUTH),
    "403": (Reply(403), AUTH),
    "404": (Reply(404), ERROR),
    "429": (Reply(429, headers={"Retry-After": "9"}), later(9)),
    "500": (Reply(500), ERROR),
    "503": (Reply(503), ERROR),
    "an error with 200": (Reply(json={"error": "invalid_client"}), AUTH),
    "another error with 200": (Reply(json={"error": {"code": 7}}), AUTH),
    "a token with 201": (replace(grant(), status=201), ONE),
    "nothing with 202": (Reply(202, body=b""), UNREADABLE),
    "null": (text("null"), MISMATCH),
    "a list": (text("[]"), MISMATCH),
    "a text": (Reply(json=GRANTED), MISMATCH),
    "no token": (Reply(json={"token_type": "Bearer", "expires_in": 60}), MISMATCH),
    "another name": (Reply(json={"accessToken": GRANTED}), MISMATCH),
    "a token of null": (grant(None), MISMATCH),
    "a token of nothing": (grant(""), MISMATCH),
    "a token of true": (grant(token=True), MISMATCH),
    "a token of a number": (grant(5), MISMATCH),
    "a token in an object": (grant({"value": GRANTED}), MISMATCH),
    "a token with a line break": (grant("a\r\nX-Admin: 1"), MISMATCH),
    "a token with a NUL": (grant("a\0"), MISMATCH),
    "a token with a blank": (grant("a b"), MISMATCH),
    "a token beyond ASCII": (grant("\u00e9"), MISMATCH),
    "a token twice": (text('{"access_token": "a", "access_token": "b"}'), UNREADABLE),
    "another type": (grant(token_type="mac"), MISMATCH),
    "a type of null": (grant(token_type=None), MISMATCH),
    "a life of text": (grant(expires_in="an hour"), MISMATCH),
    "a life below zero": (grant(expires_in=-1), MISMATCH),
    "a life of true": (grant(expires_in=True), MISMATCH),
    "a bomb": (encoded("gzip", gzip.compress(bytes(30_000_000))), UNREADABLE),
    "a token that nobody takes": (grant("stale"), AUTH),
}
"""What the token endpoint answers."""

REFUSALS: Rows = {
    "once": ((Reply(401), signed(Reply(json=GOOD))), ONE),
    "for ever": (Reply(401), AUTH),
    "for ever, with a list": (Reply(401, json=GOOD), AUTH),
    "by a login page": (HTML, UNREADABLE),
    "by a redirect": (Reply(302, headers={"Location": "/login"}), ERROR),
    "403": (Reply(403), AUTH),
    "407": (Reply(407), ERROR),
}
"""What the platform answers to a token that it gave."""

SESSION: Changes = {
    "upstream.auth": {
        "type": "session", "token": "body.token",
        "login": {"post": "/token", "json": {"name": "bridge", "password": "${ACME_TOKEN}"}},
    }
}
SESSIONS: Rows = {
    "a token": (grant(), ONE),
    "closed": (sends(CLOSE), UNAVAILABLE),
    "silence": (sends(HANG), TIMEOUT),
    "cut": (sends(ok(LENGTH)[:-1], CLOSE), UNREADABLE),
    "a login page": (HTML, UNREADABLE),
    "a redirect": (Reply(302, headers={"Location": "/"}), ERROR),
    "400": (Reply(400), AUTH),
    "401": (Reply(401), AUTH),
    "500": (Reply(500), ERROR),
    "an error with 200": (Reply(json={"error": "locked"}), MISMATCH),
    "a token of null": (grant(None), MISMATCH),
    "a token of nothing": (grant(""), MISMATCH),
    "a token of true": (grant(token=True), MISMATCH),
    "a token in a list": (grant([GRANTED]), MISMATCH),
    "a token with a line break": (grant("a\r\nX-Admin: 1"), MISMATCH),
}

# --- posts --------------------------------------------------------------------------------------------

POST: Changes = {
    "upstream.retries": 2,
    "source.0": {"name": "order", "post": "/orders", "json": {"email": "{user}"}, "each": "body.orders"},
}
POSTS: Rows = {
    "answered": (Reply(json=GOOD), ONE),
    "closed": (sends(CLOSE), UNAVAILABLE),
    "reset": (sends(RESET), UNAVAILABLE),
    "cut": (sends(ok(LENGTH)[:-1], CLOSE), UNREADABLE),
    "silence": (sends(HANG), TIMEOUT),
    "503": (Reply(503), ERROR),
    "401": (Reply(401), AUTH),
    "201": (Reply(201, json=GOOD), ERROR),
    "303 to the answer": (Reply(303, headers={"Location": "/orders/1"}), ERROR),
    "307 to another host": (Reply(307, headers={"Location": "{other}/orders"}), ERROR),
    "308 to itself": (Reply(308, headers={"Location": "/orders"}), ERROR),
}
"""With `retries: 2`, and yet sent once: it may have had its effect."""

REPEATED_POSTS: Rows = {
    "closed once": ((sends(CLOSE), Reply(json=GOOD)), ONE),
    "cut twice": ((*[sends(ok(LENGTH)[:-1], CLOSE)] * 2, Reply(json=GOOD)), ONE),
    "503 once": ((Reply(503), Reply(json=GOOD)), ONE),
}
"""The same, `idempotent`."""

GRAPHQL: Changes = {
    "source.0": {
        "name": "order", "post": "/orders", "each": "body.data.orders",
        "graphql": {"query": "query ($email: String!) { orders(email: $email) { id } }", "variables": {"email": "{user}"}},
    }
}


def data(**more: Any) -> Reply:
    """A GraphQL answer with the good orders."""
    return Reply(json={"data": GOOD, **more})


ANSWERS_OF_GRAPHQL: Rows = {
    "data": (data(), ONE),
    "data, and no errors": (data(errors=[]), ONE),
    "data, and errors of null": (data(errors=None), ONE),
    "data, and errors": (data(errors=[{"message": "shard 2"}]), ERROR),
    "data, and an error that is no list": (data(errors={"message": "shard 2"}), ERROR),
    "data, and a text of errors": (data(errors="shard 2"), ERROR),
    "errors": (Reply(json={"errors": [{"message": "no"}]}), ERROR),
    "errors, and data of null": (Reply(json={"data": None, "errors": [{}]}), ERROR),
    "errors with 400": (Reply(400, json={"errors": [{}]}), ERROR),
    "errors, cut": (Reply(json={"errors": [{}]}, cut=9), UNREADABLE),
    "data of null": (Reply(json={"data": None}), MISMATCH),
    "data without orders": (Reply(json={"data": {}}), MISMATCH),
    "orders of null": (Reply(json={"data": {"orders": None}}), MISMATCH),
    "a batch": (Reply(json=[{"data": GOOD}]), MISMATCH),
    "a batch of errors": (Reply(json=[{"errors": [{}]}]), MISMATCH),
    "an empty object": (text("{}"), MISMATCH),
    "null": (text("null"), MISMATCH),
    "a playground": (HTML, UNREADABLE),
    "its own media type": (Reply(json={"data": GOOD}, content_type="application/graphql-response+json"), ONE),
    "a multipart answer": (Reply(json={"data": GOOD}, content_type="multipart/mixed; boundary=-"), UNREADABLE),
    "no orders": (Reply(json={"data": orders()}), NONE),
}

# --- polls --------------------------------------------------------------------------------------------

POLL: Changes = {"source.0.responses": [{"status": 202, "then": "poll", "after": "1ms"}], "upstream.max_calls": 6}
PATIENT: Changes = {"source.0.responses": [{"status": 202, "then": "poll", "after": "20ms"}]}
ELSEWHERE: Changes = {
    "source.0.responses": [{"status": 202, "then": "poll", "after": "1ms", "url": "headers.location"}],
    "upstream.max_calls": 6,
}
WAIT = Reply(202, json={"state": "working"})
POLLS: Rows = {
    "ready": (Reply(json=GOOD), ONE),
    "ready the third time": ((WAIT, WAIT, Reply(json=GOOD)), ONE),
    "never ready": (WAIT, MISMATCH),
    "ready, with nothing": ((WAIT, Reply(json=orders())), NONE),
    "500 the second time": ((WAIT, Reply(500)), ERROR),
    "404 the second time": ((WAIT, Reply(404)), ERROR),
    "closed the second time": ((WAIT, sends(CLOSE)), UNAVAILABLE),
    "silence the second time": ((WAIT, sends(HANG)), TIMEOUT),
    "cut the second time": ((WAIT, sends(ok(LENGTH)[:-1], CLOSE)), UNREADABLE),
    "HTML the second time": ((WAIT, HTML), UNREADABLE),
    "204 the second time": ((WAIT, Reply(204, body=b"")), UNREADABLE),
    "cut while it works": (Reply(202, json={"state": "working"}, cut=4), UNREADABLE),
}
PATIENT_POLLS: Rows = {"never ready": (WAIT, TIMEOUT)}


def working(place: str) -> Reply:
    """The answer will be at that place."""
    return Reply(202, json={}, headers={"Location": place})


_PLACES = [
    "{other}/jobs/7", "//{other_host}/jobs/7", "https://{host}/jobs/7", "http://127.0.0.1:1/jobs/7",
    "http://ana@{host}/jobs/7", "file:///jobs/7", "javascript:alert(1)", "/jobs/%2e%2e/7", "/\\{other_host}/jobs/7",
    "/jobs/7?email=bea@example.com", "/jobs/7?EMAIL=bea@example.com",
]
_AT: Rows = {f"at {place}": (working(place), MISMATCH) for place in _PLACES}
PLACES: Rows = {
    **_AT,
    "the job": (working("/jobs/7"), ONE),
    "a job that waits for itself": (working("/jobs/8"), MISMATCH),
    "a job of someone else": (working("/jobs/9"), NONE),
    "the same place": (working(f"/orders?email={ANA}"), MISMATCH),
    "no place": (WAIT, MISMATCH),
}

# --- pages --------------------------------------------------------------------------------------------

CURSOR: Changes = {
    "source.0.pages": {"cursor": "body.next"},
    "source.0.query": {"email": "{user}", "after": "{page.cursor}"},
    "upstream.max_pages": 5,
}


def by_cursor(*cursors: Any) -> Answers:
    """Pages by the cursor they are asked for with: the first gives the first cursor, and so on, then null."""
    def reply(seen: Seen) -> Reply:
        asked = dict(seen.query).get("after")
        number = 0 if asked is None else [str(one) for one in cursors].index(asked) + 1
        return Reply(json=page(item(number + 1), next=cursors[number] if number < len(cursors) else None))
    return reply


def endless(seen: Seen) -> Reply:
    """Another cursor for each."""
    number = int(dict(seen.query).get("after", "0"))
    return Reply(json=page(item(number + 1), next=number + 1))


def around(seen: Seen) -> Reply:
    """Two cursors that lead to each other, and other items each time."""
    after = dict(seen.query).get("after", "")
    return Reply(json=page(item(f"{after}{seen.turn}"), next={"": "a", "a": "b", "b": "a"}[after]))


CURSORS: Rows = {
    "three": (by_cursor("a", "b"), tickets(1, 2, 3)),
    "numbers, zero among them": (by_cursor(0, 1), tickets(1, 2, 3)),
    "what looks like more of a query": (by_cursor("a&email=bea@example.com#"), tickets(1, 2)),
    "what looks like a path": (by_cursor("../../admin?x=1"), tickets(1, 2)),
    "control characters": (by_cursor("a\r\nX-Admin: 1\0"), tickets(1, 2)),
    "letters beyond ASCII": (by_cursor("caf\u00e9 \U0001f3ab"), tickets(1, 2)),
    "around": (around, MISMATCH),
    "always another": (endless, MISMATCH),
    "always the same": (Reply(json=page(item(1), next="a")), MISMATCH),
    "none": (Reply(json=page(item(1))), MISMATCH),
    "true": (Reply(json=page(item(1), next=True)), MISMATCH),
    "a fraction": (Reply(json=page(item(1), next=1.5)), MISMATCH),
    "a list": (Reply(json=page(item(1), next=["a"])), MISMATCH),
    "an object": (Reply(json=page(item(1), next={"after": "a"})), MISMATCH),
    "false, at the end": (Reply(json=page(item(1), next=False)), ONE),
    "nothing, at the end": (Reply(json=page(item(1), next="")), ONE),
    "one that is gone by then": ((Reply(json=page(item(1), next="a")), Reply(410)), ERROR),
    "one that is refused": ((Reply(json=page(item(1), next="a")), Reply(400)), ERROR),
    "one that is shown a login": ((Reply(json=page(item(1), next="a")), HTML), UNREADABLE),
}

LINK: Changes = {"source.0.pages": {"link_header": True}, "upstream.max_pages": 5}


def linked(*links: str) -> Reply:
    """Page one with these Link headers, as they are."""
    headers = [f"Link: {link}" for link in links]
    return sends(ok(LENGTH, *headers))


LINKS: Rows = {
    "next": (linked('</orders?p=2>; rel="next"'), tickets(1, 2)),
    "next, without quotes": (linked("<?p=2>; rel=next"), tickets(1, 2)),
    "next among others": (linked('</a>; rel="prev", <?p=2>; rel="next last"'), tickets(1, 2)),
    "next in a header of its own": (linked("</a>; rel=prev", "<?p=2>; rel=next"), tickets(1, 2)),
    "the same next twice": (linked("<?p=2>; rel=next", "<?p=2>; rel=next"), tickets(1, 2)),
    "no link": (linked(), ONE),
    "an empty header": (linked(""), ONE),
    "links without a next": (linked('</orders?p=0>; rel="prev"'), ONE),
    "two nexts": (linked("<?p=2>; rel=next, <?p=3>; rel=next"), MISMATCH),
    "no brackets": (linked("/orders?p=2; rel=next"), MISMATCH),
    "half a bracket": (linked("</orders?p=2; rel=next"), MISMATCH),
    "half a quote": (linked('</orders?p=2>; rel="next'), MISMATCH),
    "words": (linked("see the documentation"), MISMATCH),
    "a next of another resource": (linked('<?p=2>; rel=next; anchor="/other"'), MISMATCH),
    "its own page": (linked(f"</{ASKED[1:]}>; rel=next"), MISMATCH),
    "another host": (linked("<http://127.0.0.1:1/orders?p=2>; rel=next"), MISMATCH),
    "another scheme": (linked("<https://127.0.0.1/orders?p=2>; rel=next"), MISMATCH),
    "another user": (linked("<?p=2&email=bea%40example.com>; rel=next"), MISMATCH),
    "another path": (linked("</admin?p=2>; rel=next"), MISMATCH),
    "a file": (linked("<file:///etc/passwd>; rel=next"), MISMATCH),
}

OFFSET: Changes = {
    "source.0.pages": {"offset": {"step": 1}, "total": "body.total"},
    "source.0.query": {"email": "{user}", "skip": "{page.offset}"},
    "upstream.max_pages": 5,
}


def by_offset(count: int, total: Any, *, broken: Mapping[int, Reply] | None = None) -> Answers:
    """*count* pages of one order each, of a *total*; those of *broken* offsets are others."""
    def reply(seen: Seen) -> Reply:
        skip = int(dict(seen.query)["skip"])
        made = {**(page(item(skip + 1)) if skip < count else orders()), "total": total}
        return (broken or {}).get(skip) or Reply(json=made)
    return reply


def _beas_by_offset(seen: Seen) -> Reply:
    """One order on the first page, and no other."""
    return Reply(json={**(BEAS.json if dict(seen.query)["skip"] == "0" else orders()), "total": 1})


OFFSETS: Rows = {
    "three": (by_offset(3, 3), tickets(1, 2, 3)),
    "none": (by_offset(0, 0), NONE),
    "fewer than are counted": (by_offset(2, 3), MISMATCH),
    "none, where some are counted": (by_offset(0, 3), MISMATCH),
    "an offset that is ignored": (Reply(json={**page(item(1)), "total": 3}), MISMATCH),
    "for ever": (by_offset(99, 99), MISMATCH),
    "no count": (Reply(json=page(item(1))), MISMATCH),
    "a count of text": (by_offset(2, "2"), MISMATCH),
    "a count of null": (by_offset(2, None), MISMATCH),
    "the second one fails": (by_offset(3, 3, broken={1: Reply(500)}), ERROR),
    "the second one is cut": (by_offset(3, 3, broken={1: sends(ok(LENGTH)[:-1], CLOSE)}), UNREADABLE),
    "the second one is HTML": (by_offset(3, 3, broken={1: HTML}), UNREADABLE),
    "the second one is silent": (by_offset(3, 3, broken={1: sends(HANG)}), TIMEOUT),
    "the second one is empty": (by_offset(3, 3, broken={1: Reply(json={**orders(), "total": 3})}), MISMATCH),
    "the last one is not found": (by_offset(3, 3, broken={3: Reply(404)}), ERROR),
}

# --- calls below others -------------------------------------------------------------------------------

BELOW: Changes = {
    "source": [
        {"name": "order", "get": "/orders", "query": {"email": "{user}"}, "each": "body.orders"},
        {"name": "item", "get": "/items/{order.id}", "query": {"user": "{user}"}, "each": "body"},
    ]
}
ONE_OF_THREE: Rows = {
    "good": (Reply(json=[item(2)]), tickets(1, 2, 3)),
    "empty": (Reply(json=[]), tickets(1, 3)),
    "closed": (sends(CLOSE), UNAVAILABLE),
    "reset": (sends(RESET), UNAVAILABLE),
    "silence": (sends(HANG), TIMEOUT),
    "cut": (Reply(json=[item(2)], cut=9), UNREADABLE),
    "404": (Reply(404, json=[]), ERROR),
    "429": (Reply(429, headers={"Retry-After": "9"}), later(9)),
    "500": (Reply(500, json=[]), ERROR),
    "204": (Reply(204, body=b""), UNREADABLE),
    "HTML": (HTML, UNREADABLE),
    "null": (text("null"), MISMATCH),
    "an object": (text("{}"), MISMATCH),
    "an error": (Reply(json={"error": "shard 2"}), MISMATCH),
    "the same as the first": (Reply(json=[item(1)]), tickets(1, 3)),
    "one that contradicts the first": (Reply(json=[item(1, state="REFUNDED")]), MISMATCH),
}

# --- XML ----------------------------------------------------------------------------------------------

XML: Changes = {
    "source.0.each": "body.r.orders.order",
    "source.0.format": {"xml": {"lists": ["orders/order", "items/item"]}},
    "source.1.each": "order.items.item",
}


def xml_item(number: Any, state: str = "PAID") -> str:
    """One item."""
    return f"<item><id>{number}</id><state>{state}</state><zone>A</zone><price>10</price></item>"


def xml_of(*items: str, email: str = ANA) -> str:
    """One order with these items."""
    made = f"<order><email>{email}</email><event>fest</event><items>{''.join(items)}</items></order>"
    return f"<r><orders>{made}</orders></r>"


def xml(content: str | bytes, content_type: str = "application/xml") -> Reply:
    """An answer in XML."""
    return Reply(body=content if isinstance(content, bytes) else content.encode(), content_type=content_type)


DOCUMENT = xml_of(xml_item(1))
LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
DOCUMENTS: Rows = {
    "good": (xml(DOCUMENT), ONE),
    "good, with a declaration": (xml(f"<?xml version='1.0' encoding='UTF-8'?>\n{DOCUMENT}\n"), ONE),
    "good, with a comment and CDATA": (xml(DOCUMENT.replace("PAID", "<!-- x --><![CDATA[PAID]]>")), ONE),
    "good, with prefixes": (xml(DOCUMENT.replace("<r>", "<a:r xmlns:a='urn:a'>").replace("</r>", "</a:r>")), ONE),
    "good, closed at its end": (sends(b"HTTP/1.1 200 x\r\nContent-Type: text/xml\r\n\r\n" + DOCUMENT.encode(), CLOSE), ONE),
    "cut": (xml(DOCUMENT[:-1]), UNREADABLE),
    "cut at an element's end": (xml(DOCUMENT.removesuffix("</orders></r>")), UNREADABLE),
    "cut, closed before its end": (sends(b"HTTP/1.1 200 x\r\nContent-Type: text/xml\r\n\r\n" + DOCUMENT[:-2].encode(), CLOSE), UNREADABLE),
    "two roots": (xml(DOCUMENT * 2), UNREADABLE),
    "words after it": (xml(DOCUMENT + "and more"), UNREADABLE),
    "nothing": (xml(""), UNREADABLE),
    "blanks": (xml(" \n"), UNREADABLE),
    "a declaration alone": (xml("<?xml version='1.0'?>"), UNREADABLE),
    "tags that cross": (xml("<r><a><b></a></b></r>"), UNREADABLE),
    "an attribute twice": (xml(DOCUMENT.replace("<r>", "<r a='1' a='2'>")), UNREADABLE),
    "a NUL": (xml(DOCUMENT.replace("fest", "fe\0st")), UNREADABLE),
    "a control character": (xml(DOCUMENT.replace("fest", "fe&#1;st")), UNREADABLE),
    "no UTF-8": (xml(DOCUMENT.encode().replace(b"fest", b"f\xffst")), UNREADABLE),
    "a document type": (xml("<!DOCTYPE r>" + DOCUMENT), UNREADABLE),
    "a thousand million laughs": (xml(f'<!DOCTYPE r [<!ENTITY l0 "ha">{LAUGHS}]><r>&l9;</r>'), UNREADABLE),
    "a quadratic bomb": (xml(f'<!DOCTYPE r [<!ENTITY a "{"a" * 50_000}">]><r>{"&a;" * 10_000}</r>'), UNREADABLE),
    "an entity of a file": (xml(DOCUMENT.replace("<r>", '<!DOCTYPE r [<!ENTITY f SYSTEM "file:///etc/passwd">]><r>').replace("fest", "&f;")), UNREADABLE),
    "an entity of another host": (xml(DOCUMENT.replace("<r>", '<!DOCTYPE r [<!ENTITY f SYSTEM "http://127.0.0.1:1/">]><r>').replace("fest", "&f;")), UNREADABLE),
    "a document type of another host": (xml('<!DOCTYPE r SYSTEM "http://127.0.0.1:1/r.dtd">' + DOCUMENT), UNREADABLE),
    "an unknown entity": (xml(DOCUMENT.replace("fest", "&eacute;")), UNREADABLE),
    "100,000 levels": (xml("<a>" * 100_000 + "</a>" * 100_000), UNREADABLE),
    "100,000 levels, cut": (xml("<a>" * 100_000), UNREADABLE),
    "a bomb": (Reply(body=gzip.compress(b"<r>" + b" " * 30_000_000), content_type="text/xml", headers={"Content-Encoding": "gzip"}), UNREADABLE),
    "a page": (xml("<html><body>Maintenance</body></html>", "text/html"), UNREADABLE),
    "a page in XHTML": (xml("<html><body>Maintenance</body></html>", "application/xhtml+xml"), UNREADABLE),
    "a page under XML's name": (xml("<html><body><h1>Maintenance</h1></body></html>"), MISMATCH),
    "a SOAP fault": (xml("<s:Envelope xmlns:s='urn:s'><s:Body><s:Fault/></s:Body></s:Envelope>"), ERROR),
    "JSON": (Reply(json=GOOD), UNREADABLE),
    "JSON under XML's name": (xml(BODY), UNREADABLE),
    "another root": (xml(DOCUMENT.replace("r>", "response>")), MISMATCH),
    "an empty root": (xml("<r/>"), MISMATCH),
    "no orders": (xml("<r><orders></orders></r>"), NONE),
    "the orders renamed": (xml(DOCUMENT.replace("orders>", "order_list>")), MISMATCH),
    "the orders twice": (xml(f"<r><orders/>{DOCUMENT[3:]}"), MISMATCH),
    "the owner twice": (xml(DOCUMENT.replace("<email>", f"<email>{BEA}</email><email>")), MISMATCH),
    "the state twice": (xml(DOCUMENT.replace("<state>", "<state>REFUNDED</state><state>")), MISMATCH),
    "an empty id": (xml(xml_of(xml_item(""))), MISMATCH),
    "words among the orders": (xml(DOCUMENT.replace("<order>", "error<order>")), ONE),
    "two items": (xml(xml_of(xml_item(1), xml_item(2))), tickets(1, 2)),
}

# --- the table ----------------------------------------------------------------------------------------


def _logins(name: str, rows: Rows, changes: Changes) -> Iterator[Fault]:
    """Rows about the login, which is well the next time."""
    for row, (what, expected) in rows.items():
        orders_of_bea, orders_of_ana = (signed(BEAS),), (signed(Reply(json=GOOD)),)
        routes = {f"/orders?email={BEA}": orders_of_bea, ASKED: orders_of_ana, "/token": (*replies_of(what), grant())}
        if row == "a token that nobody takes":
            routes["/token"] = (*replies_of(what), *replies_of(what), grant())
        yield Fault(name, row, routes, expected, changes, repeats=True)


def _posts(name: str, rows: Rows, changes: Changes, *, repeats: bool = False) -> Iterator[Fault]:
    """Rows about a post, which does not tell in its URL whom it is about; the next one is well."""
    well = Reply(json={**BEAS.json, "data": BEAS.json})
    for row, (what, expected) in rows.items():
        yield Fault(name, row, {"/orders": (*replies_of(what), well)}, expected, changes, repeats=repeats)


def _xml() -> Iterator[Fault]:
    well = xml(xml_of(xml_item("b"), email=BEA))
    for row, (what, expected) in DOCUMENTS.items():
        routes = {ASKED: replies_of(what), f"/orders?email={BEA}": (well,)}
        yield Fault("XML", row, routes, expected, XML)


def _below() -> Iterator[Fault]:
    numbered = Reply(json=orders(*({"email": ANA, "event": "fest", "id": number} for number in (1, 2, 3))))
    beas = Reply(json=orders({"email": BEA, "event": "fest", "id": 4}))
    routes = {ASKED: (numbered,), f"/orders?email={BEA}": (beas,)}
    routes |= {f"/items/{number}": (Reply(json=[item(made)]),) for number, made in ((1, 1), (3, 3), (4, "b"))}
    for row, (what, expected) in ONE_OF_THREE.items():
        yield Fault("call below", row, {**routes, "/items/2": replies_of(what)}, expected, BELOW)


def _faults() -> Iterator[Fault]:
    yield from _logins("token", TOKENS, OAUTH2)
    yield from _logins("session", SESSIONS, SESSION)
    yield from section("refusal", REFUSALS, OAUTH2, {"/token": (grant(),)}, repeats=True)
    yield from _posts("POST", POSTS, POST)
    yield from _posts("repeated POST", REPEATED_POSTS, {**POST, "source.0.idempotent": True}, repeats=True)
    yield from _posts("GraphQL", ANSWERS_OF_GRAPHQL, GRAPHQL)
    yield from section("poll", POLLS, POLL, repeats=True)
    yield from section("patient poll", PATIENT_POLLS, PATIENT, repeats=True)
    jobs: Mapping[str, Sequence[Answers]] = {"/jobs/7": (Reply(json=GOOD),), "/jobs/8": (working("/jobs/8"),), "/jobs/9": (BEAS,)}
    yield from section("polled place", PLACES, ELSEWHERE, jobs, repeats=True)
    yield from section("cursor", CURSORS, CURSOR)
    yield from section("link", LINKS, LINK, {"/orders?p=2": (Reply(json=page(item(2))),)})
    yield from section("offset", OFFSETS, OFFSET, {f"/orders?email={BEA}": (_beas_by_offset,)})
    yield from _below()
    yield from _xml()


FAULTS: Sequence[Fault] = list(_faults())
