"""Slips that integrators make: each found by the command, at its line, with what would be right."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from ticketbridge.cli import main

MAPPING = """\
version: 1
platform: northwind
endpoint:
  access:
    secret_header: X-Menta-Secret
    secrets: ["${MENTA_SECRET}"]
upstream:
  base_url: https://api.northwind.example/v3
  auth: {type: bearer, token: "${NORTHWIND_TOKEN}"}
  timeout: 8s
source:
  - name: customer
    get: /customers
    query: {email: "{user}"}
    responses:
      - {status: 404, when: body.code == 'UNKNOWN', then: unknown_user}
    take: body.customer
  - name: events
    get: /events
    query: {limit: "100"}
    pages: {next_url: body.links.next, total: body.count}
    collect: body.events
  - name: order
    get: /customers/{customer.id}/orders
    query: {page: "{page.number}"}
    pages: {number: {start: 1}, last: page.number >= body.pages}
    each: body.orders
  - name: item
    each: order.items
ticket:
  owner: customer.email
  status:
    from: item.state
    values: {PAID: VALID, CANCELLED: CANCELED, REFUNDED: REFUNDED}
  not_eligible_when:
    used: item.scanned_at != `null`
  fields:
    ticketId: item.id
    externalReferenceEventId: order.event_id
    showId: order.event_id
    ticketOptionId: item.zone
    price: minor_units(item.cents, item.currency)
    currency: lookup(events, 'id', order.event_id).currency
    tags: {channel: order.channel}
    props: {seating: {row: optional(item.row), seat: optional(item.seat)}}
"""
OWNER = "  owner: customer.email\n"
VALUES = "    values: {PAID: VALID, CANCELLED: CANCELED, REFUNDED: REFUNDED}\n"
USED = "    used: item.scanned_at != `null`\n"
PRICE = "    price: minor_units(item.cents, item.currency)\n"
RULE = "      - {status: 404, when: body.code == 'UNKNOWN', then: unknown_user}\n"
ORDERS = "    get: /customers/{customer.id}/orders\n"
PAGES = "    pages: {number: {start: 1}, last: page.number >= body.pages}\n"
ITEM = "    each: order.items\n"
ITEMS = """\
    get: /orders/{order.id}/items
    responses: [{status: 404, then: empty}]
    each: body.items
"""
TAGS = "    tags: {channel: order.channel}\n"
EVENTS = "    collect: body.events\n"
CURRENCY = "    currency: lookup(events, 'id', order.event_id).currency\n"

SLIPS = [
    # --- YAML ---
    ("  timeout: 8s\n", "\ttimeout: 8s\n", 10, "TB002", "spaces only", "tab"),
    ("platform: northwind", "platform:northwind", 2, "TB002", "write `platform: ...`", "no space"),
    ("  owner:", "   owner:", 32, "TB002", "indent it as its neighbours", "indented too far"),
    (USED, "    used: `true` == item.used\n", 36, "TB002", "quote this expression", "backtick first"),
    (USED, "    used: !item.valid\n", 36, "TB004", "quote this expression", "not first"),
    (USED, "    used: item.scans > 0: yes\n", 36, "TB002", "quote the value", "second colon"),
    (ITEM, "    each: [order.items]\n", 29, "TB012", "quote this expression", "brackets"),
    ("  timeout: 8s\n", "  timeout: 8\n", 10, "TB012", "for example timeout: 8s", "no unit"),
    ('{limit: "100"}', "{limit: }", 20, "TB012", "give it a value", "empty value"),
    ("  - name: item\n", "  name: item\n", 28, "TB002", "as its neighbours", "no dash"),
    ("    tags:", "    price: item.price\n    tags:", 44, "TB003", "keep one of them", "key twice"),
    (TAGS, "    tags: {c: default(order.c, 'web')}\n", 44, "TB002", 'c: "..."', "quote in braces"),
    (TAGS, "    tags: {c: default(order.c, order.d), v: item.v}\n", 44, "TB002", 'c: "..."', "comma"),
    (TAGS, "    tags: {c: default(order.c, lower(order.d))}\n", 44, "TB002", 'c: "..."', "nested"),
    (TAGS, "    tags: {c: order.a[?b == 'c'] | [0].d}\n", 44, "TB002", 'c: "..."', "filter in braces"),
    (TAGS, "    tags: {c: join('', [order.a])}\n", 44, "TB002", 'c: "..."', "list in braces"),
    (TAGS, "    tags: channel:web\n", 44, "TB201", "tags: {channel: {const: web}}", "bare tag"),
    (TAGS, '    tags: "channel:web"\n', 44, "TB201", "tags: {channel: {const: web}}", "quoted tag"),
    # --- keys and words ---
    ("  base_url:", "  baseUrl:", 8, "TB010", 'did you mean "base_url"?', "camel case"),
    ("    responses:", "    response:", 15, "TB010", 'did you mean "responses"?', "singular"),
    ("then: unknown_user", "then: unknown", 16, "TB013", 'did you mean "unknown_user"?', "word"),
    ("type: bearer", "type: Bearer", 9, "TB013", 'did you mean "bearer"?', "capital"),
    (VALUES, VALUES.replace("PAID: VALID", "PAID: Valid"), 34, "TB014", "VALID", "small letters"),
    (VALUES, VALUES.replace("VALID", "OK"), 34, "TB070", "for example values", "no VALID"),
    ("    from: item.state\n", "    from: item.state\n    else: VALID\n", 34, "TB010", "legal here", "else"),
    ("  - name: customer", "  - name: Customer", 12, "TB014", "a small letter", "name"),
    (EVENTS, EVENTS + "    take: body\n", 22, "TB061", "one of", "two results"),
    ("  - name: order", "  - name: page", 23, "TB060", "not free", "reserved"),
    # --- names in expressions ---
    (OWNER, "  owner: custommer.email\n", 31, "TB203", 'did you mean "customer"?', "misspelt root"),
    (OWNER, "  owner: body.email\n", 31, "TB203", "of a call read its answer", "body in the ticket"),
    (OWNER, "  owner: email\n", 31, "TB203", "the roots are", "no root"),
    (OWNER, "  owner: user\n", 31, "TB311", "the platform's answer", "owner is the user"),
    ('{email: "{user}"}', '{email: "{order.email}"}', 14, "TB204", "on line 23", "bound below"),
    ('{page: "{page.number}"}', '{page: "{page}"}', 25, "TB207", "a string, a number", "page alone"),
    ('{limit: "100"}', '{limit: "{page.number}"}', 20, "TB208", "it has no keys", "no number here"),
    # --- expressions ---
    (USED, "    used: item.scans > 0\n", 36, "TB201", "write `0` in backticks", "bare number"),
    (USED, "    used: item.state = 'USED'\n", 36, "TB201", "write == to compare", "single equals"),
    (USED, "    used: item.a == 'x' and item.b == 'y'\n", 36, "TB201", "write &&", "and"),
    (USED, "    used: item.scanned_at != null\n", 36, "TB203", "in backticks", "bare null"),
    (USED, "    used: item.scanned_at != `null`)\n", 36, "TB201", "unexpected )", "bracket"),
    (USED, "    used: length(item.scans)\n", 36, "TB207", "a boolean is due", "number as condition"),
    (USED, '    used: "!item.active"\n', 36, "TB201", "write !(...)", "not of a field"),
    (PRICE, "    price: minor_unit(item.cents, item.currency)\n", 42, "TB205", "minor_units", "function"),
    (PRICE, "    price: minor_units(item.cents)\n", 42, "TB205", "does not take 1 argument", "arguments"),
    (PRICE, "    price: item.cents / 100\n", 42, "TB201", "write divide(item.cents, `100`)", "operator"),
    (PRICE, "    price: item.cents + '0'\n", 42, "TB201", "join('', [item.cents, '0'])", "plus"),
    (PRICE, "    price: item.net-cents\n", 42, "TB201", 'item."net-cents"', "hyphen"),
    (USED, "    used: item.state == USED\n", 36, "TB203", "write 'USED'", "bare word"),
    (USED, "    used: item.state =~ '^U'\n", 36, "TB201", "matches(item.state, '^U')", "match"),
    (USED, "    used: $.item.used\n", 36, "TB201", "leave $. out", "JSONPath"),
    (CURRENCY, "    currency: concat(item.a, item.b)\n", 43, "TB205", "join('', [", "concat"),
    (CURRENCY, "    currency: map(events, &currency)[0]\n", 43, "TB205", "map(&currency", "swapped"),
    (USED, "    used: date(item.at, '%d.%m.%Y') < now()\n", 36, "TB205", "no offset", "no zone"),
    (PRICE, "    price: \"'free'\"\n", 42, "TB303", "plain decimal number", "text as price"),
    (CURRENCY, "    currency: \"'$'\"\n", 43, "TB303", "EUR", "sign as currency"),
    (CURRENCY, "    currency: EUR\n", 43, "TB203", "\"'EUR'\"", "bare constant"),
    (CURRENCY, "    currency: extract(item.price, '(?=EUR)(...)')\n", 43, "TB206", "look-around", "regex"),
    # --- fields ---
    ("    ticketId:", "    ticketID:", 38, "TB301", 'did you mean "ticketId"?', "field's case"),
    ("    showId: order.event_id\n", "", 38, "TB302", "showId: item.showId", "missing field"),
    ("    tags:", "    status: item.state\n    tags:", 44, "TB305", "remove it", "status as field"),
    ("{channel: order.channel}", "order.tags[0] == 'a'", 44, "TB207", "an array is due", "tags"),
    ("seating: {row", "seatng: {row", 45, "TB308", 'did you mean "seating"?', "open object"),
    # --- requests ---
    ("get: /customers\n", "get: customers\n", 13, "TB064", "begins with `/`", "no slash"),
    ("get: /customers\n", "get: /customers?active=1\n", 13, "TB064", "under `query`", "query in path"),
    (ORDERS, "    get: /customers/customer.id/orders\n", 24, "TB513", "write {customer.id}", "no braces"),
    (ORDERS, "    get: /customers/{{customer.id}}/orders\n", 24, "TB513", "{customer.id}", "two braces"),
    (ORDERS, "    get: /customers/${customer.id}/orders\n", 24, "TB022", "`${NAME}`", "shell braces"),
    ('{email: "{user}"}', '{email: "{user"}', 14, "TB031", "is not closed", "open hole"),
    ("https://api", "http://api", 8, "TB054", "use https", "http"),
    ('"${NORTHWIND_TOKEN}"', "a1b2c3", 9, "TB053", "use a variable", "token in clear"),
    ("{type: bearer, ", "{type: api_key, in: header, ", 9, "TB010", "legal here: type, in", "type"),
    (PAGES, "    pages: {number: {start: 1}, next_url: body.next}\n", 26, "TB062", "keep one", "two pagings"),
    ('{page: "{page.number}"}', '{page: "1"}', 26, "TB315", "page.number", "page not placed"),
    # --- logic ---
    (RULE, "      - {status: 4xx, then: unknown_user}\n", 16, "TB063", "narrow it", "any error is empty"),
    (RULE, "      - {then: empty}\n", 16, "TB063", "give it a `status`", "always empty"),
    (RULE, "      - {when: status == `404`, then: unknown_user}\n", 16, "TB520", "under `status`", "dead"),
    (RULE, "      - {status: 4xx, then: fail}\n" + RULE, 17, "TB520", "line 16", "shadowed"),
    (ITEM, ITEMS, 30, "TB063", "not of the user", "empty below each"),
    (OWNER, "  owner: customer.email || user\n", 31, "TB311", "nobody's", "owner or the user"),
    (OWNER, "  owner: default(customer.email, user)\n", 31, "TB311", "nobody's", "default owner"),
    (OWNER, "  owner: customer.email || customer.mail\n", 31, "TB501", "the one key", "two owners"),
    (OWNER, "  owner: optional(customer.email)\n", 31, "TB501", "leave `optional` out", "optional owner"),
    (OWNER, "  owner: contains(customer.emails, user)\n", 31, "TB207", "a boolean", "contains"),
    (OWNER, "  owner: lower(customer.email)\n", 31, "TB502", "letter case", "lower"),
    (OWNER, "", 31, "TB011", "for example owner", "no owner"),
    ("from: item.state", "from: default(item.state, 'PAID')", 33, "TB503", "no valid one", "default"),
    ("from: item.state", "from: optional(item.state)", 33, "TB503", "leave `optional` out", "optional"),
    (VALUES, VALUES.replace("PAID", "'*'"), 34, "TB507", "list the platform's words", "star"),
    (VALUES, VALUES.replace("REFUNDED: REFUNDED", "REFUNDED: VALID"), 34, "TB508", "CANCELED", "copied"),
    (USED, "    gone: order.status == 'CANCELLED'\n", 36, "TB504", "`ticket.status`", "deny-list"),
    (USED, "    used: item.used && item.left == `0`\n", 36, "TB506", "== `true`", "truthiness"),
    (ITEM, "    each: order.items[?state == 'PAID']\n", 29, "TB505", "take the list whole", "filter"),
    (ITEM, "    each: order.items[?state != 'CANCELLED']\n", 29, "TB504", "take the list whole", "unequal"),
    (CURRENCY, "    currency: {const: EUR}\n", 18, "TB510", "leave it out", "unused call"),
    ("ticketId: item.id", "ticketId: order.id", 38, "TB511", "for example item.id", "id of the order"),
    (PRICE, "    price: item.cents\n", 42, "TB514", "minor_units(item.cents", "cents"),
]  # fmt: skip


class Slip(NamedTuple):
    """What is written instead of what, the line and code of its finding, words of it, and a name."""

    old: str
    new: str
    line: int
    code: str
    words: str
    name: str


ALL = [Slip(*slip) for slip in SLIPS]


def checked(folder: Path, capsys: pytest.CaptureFixture[str], text: str) -> list[dict[str, Any]]:
    """What the command says of *text*, without the variables that are not set."""
    file = folder / "northwind.yaml"
    file.write_text(text)
    code = main(["check", "--format", "json", str(file)])
    rows: list[dict[str, Any]] = json.loads(capsys.readouterr().out)
    assert code == any(row["severity"] == "error" for row in rows)
    return [row for row in rows if row["code"] != "TB021"]


@pytest.mark.parametrize("slip", [pytest.param(slip, id=slip.name) for slip in ALL])
def test_a_slip_is_found_at_its_line_with_its_repair(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], slip: Slip
) -> None:
    """A finding is about the slip, at its line, and names what would be right."""
    assert slip.old in MAPPING

    found = checked(tmp_path, capsys, MAPPING.replace(slip.old, slip.new, 1))

    row = next(row for row in found if row["code"] == slip.code)
    assert row["line"] == slip.line
    assert slip.words in f"{row['message']} {row['suggestion']}"


def test_the_mapping_of_the_slips_is_good(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What the slips are made in has no finding."""
    assert checked(tmp_path, capsys, MAPPING) == []


def test_there_are_many_slips_and_no_two_alike() -> None:
    """The table grows; each row is another slip, and says what would be right."""
    assert len(ALL) > 70
    assert len({slip.name for slip in ALL}) == len(ALL)
    assert all(slip.words for slip in ALL)
