"""Doubts about mappings: shapes that are legal and often not meant, and their neighbours that are fine."""

from __future__ import annotations

import re

import pytest

from ticketbridge.authoring.check import check_text
from ticketbridge.authoring.codes import frame
from ticketbridge.mapping import Environment

VARIABLES = {
    "MENTA_SECRET": "s3cret-of-menta-tech",
    "ACME_API": "https://api.acme.example",
    "ACME_TOKEN": "t",
}


def doubts(*changes: tuple[str, str]) -> list[str]:
    """The findings of the frame with *changes*, each as `code word`: the word is what it points at."""
    text = frame()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    found = check_text(text, file="acme.yaml", environment=Environment(VARIABLES))
    lines = text.splitlines()
    return [f"{f.code} {word_at(lines[f.place.line - 1][f.place.column - 1 :])}" for f in found]


def word_at(text: str) -> str:
    """The beginning of *text*: a name, a path, or a sign."""
    match = re.match(r"'\w+'|/[\w./:]*|[\w.]+|.", text)
    return match[0] if match else ""


OWNER = "owner: order.email"
STATUS = "from: item.state"
TICKET = "  fields:\n"
ITEM = "  - name: item\n    each: order.items\n"
QUERY = 'query: {email: "{user}"}\n'
EACH = "each: body.orders\n"


def condition(text: str) -> tuple[str, str]:
    """A reason with that condition."""
    return TICKET, f"  not_eligible_when:\n    gone: {text}\n{TICKET}"


def rules(text: str) -> tuple[str, str]:
    """The responses of the call."""
    return EACH, f"responses: {text}\n    {EACH}"


def item(*lines: str) -> tuple[str, str]:
    """The innermost entry."""
    return ITEM, entry("item", *lines)


def entry(name: str, *lines: str) -> str:
    """An entry of `source`."""
    return f"  - name: {name}\n" + "".join(f"    {line}\n" for line in lines)


def between(*lines: str) -> tuple[str, str]:
    """One more entry, `extra`, between the two."""
    return EACH, EACH + entry("extra", *lines)


def table(source: str, values: str) -> tuple[str, str]:
    """The status table."""
    old = "{from: item.state, values: {PAID: VALID, REFUNDED: REFUNDED}}"
    return old, f'{{from: "{source}", values: {{{values}}}}}'


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ([(OWNER, "owner: order.holder || order.email")], ["TB501 order.holder"]),
        ([(OWNER, "owner: default(order.holder, order.email)")], ["TB501 default"]),
        ([(OWNER, "owner: not_null(order.holder, order.email)")], ["TB501 not_null"]),
        ([(OWNER, "owner: optional(order.email)")], ["TB501 optional"]),
        ([(OWNER, "owner: lower(order.email)")], ["TB502 lower"]),
        ([(OWNER, "owner: split(order.contact, ' ')[1]")], ["TB502 split"]),
        ([(OWNER, "owner: lookup(order.people, 'role', 'owner').email")], []),
        ([(OWNER, "owner: order.people[0].email")], []),
    ],
)
def test_owners(changes: list[tuple[str, str]], expected: list[str]) -> None:
    """An owner that is chosen, may be absent, or is changed, is doubted; a path or a join is not."""
    assert doubts(*changes) == expected


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (table("default(item.state, 'PAID')", "PAID: VALID"), ["TB503 'PAID'"]),
        (table("item.state || 'PAID'", "PAID: VALID"), ["TB503 'PAID'"]),
        (table("item.state || order.state", "PAID: VALID"), ["TB503 order.state"]),
        (table("default(item.state, 'NONE')", "PAID: VALID, NONE: PENDING"), []),
        (table("optional(item.state)", "PAID: VALID"), ["TB503 optional"]),
        (table("upper(item.state)", "PAID: VALID"), []),
        (table("sort_by(item.log, &at)[0].state", "PAID: VALID"), []),
        (table("item.state", "'*': VALID"), ["TB507 VALID"]),
        (table("item.state", "PAID: VALID, default: VALID"), ["TB507 VALID"]),
        (table("item.state", "PAID: VALID, '': VALID"), ["TB507 VALID"]),
        (table("item.state", "PAID: VALID, other: REFUNDED"), []),
        (table("item.state", "PAID: VALID, Cancelled: VALID"), ["TB508 VALID"]),
        (table("item.state", "PAID: VALID, NOT_CANCELLED: VALID, unrefunded: VALID"), []),
        (table("item.kind != 'X'", "true: VALID, false: CANCELED"), ["TB504 item.kind"]),
        (table("item.kind == 'X'", "true: VALID, false: CANCELED"), []),
        (table("item.kind == 'X'", "false: VALID, true: CANCELED"), ["TB504 item.kind"]),
        (table("!(item.kind == 'X')", "true: VALID, false: CANCELED"), ["TB504 item.kind"]),
        (table("contains(item.state, 'PAID')", "true: VALID"), ["TB509 contains"]),
        (table("matches(item.state, '^PAID$')", "true: VALID"), []),
    ],
)
def test_statuses(change: tuple[str, str], expected: list[str]) -> None:
    """A status that is made up, searched, or VALID for words not listed, is doubted."""
    assert doubts(change) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("order.status == 'X'", ["TB504 order.status"]),
        ("order.orderStatus == 'X'", ["TB504 order.orderStatus"]),
        ("order.status_code == 'X' || order.paid == `false`", ["TB504 order.status_code"]),
        ("\"'X' == order.status\"", ["TB504 'X'"]),
        ("contains(['X', 'Y'], order.status)", ["TB504 contains"]),
        ('contains(`["X"]`, order.status)', ["TB504 contains"]),
        ("\"!contains(['X', 'Y'], order.status)\"", []),
        ("order.status != 'X'", []),
        ("item.state == 'X'", []),
        ("order.kind == 'PARKING'", []),
        ("order.status == `null`", []),
        ("order.status == order.other", []),
        ("item.used && item.left == `0`", ["TB506 item.used"]),
        ('"!(item.active)"', ["TB506 item.active"]),
        ("item.used", []),
        ("item.used == `true` && starts_with(item.code, 'X')", []),
        ("matches(item.state, 'CANCEL')", ["TB509 matches"]),
        ("matches(item.state, '^CANCEL(L)?ED$')", []),
        ("contains(item.tags, 'VOID')", []),
        ("starts_with(item.state, 'CANC')", ["TB509 starts_with"]),
    ],
)
def test_conditions(text: str, expected: list[str]) -> None:
    """A condition that an unknown status passes, or a value taken for true or false, is doubted."""
    assert doubts(condition(text)) == expected


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (item("each: order.items[?state == 'PAID']"), ["TB505 state"]),
        (item("each: order.items[?state != 'CANCELLED']"), ["TB504 state"]),
        (item("each: order.items[?kind == 'TICKET']"), []),
        (item("each: order.items[?price > `0`]"), []),
        (item("each: order.items[?ticket]"), ["TB506 ticket"]),
        (item("each: order.items[?!addon]"), ["TB506 addon"]),
        (
            item("get: /orders/{order.id}", "if: order.state == 'PAID'", "each: body.items"),
            ["TB505 order.state"],
        ),
        (item("get: /orders/{order.id}", "if: order.has_items", "each: body.items"), []),
        ((EACH, f"if: user != 'x'\n    {EACH}"), []),
        (rules("[{when: body.status == 'error', then: fail}]"), []),
        ((EACH, f"pages: {{next_url: body.next, last: body.status == 'done'}}\n    {EACH}"), []),
        (
            (EACH, f"pages: {{next_url: body.next, last: '!(body.more)'}}\n    {EACH}"),
            ["TB506 body.more"],
        ),
        (
            rules("[{when: body.error && body.fatal, then: fail}]"),
            ["TB506 body.error", "TB506 body.fatal"],
        ),
    ],
)
def test_filters(change: tuple[str, str], expected: list[str]) -> None:
    """A filter or a condition that hides records of unknown words is doubted."""
    assert doubts(change) == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ([(ITEM, ITEM + entry("seat", "take: item.seat"))], ["TB510 name"]),
        ([between("get: /events", "collect: body")], ["TB510 name"]),
        ([between("get: /rights", "take: body")], ["TB510 name"]),
        ([between("get: /rights", "if: order.id == `1`", "take: body")], []),
        ([between("get: /rights", "responses: [{status: 403, then: fail}]")], []),
        ([("ticketId: item.id", "ticketId: order.id")], ["TB511 order.id"]),
        ([("ticketId: item.id", "ticketId: join('-', [order.id, to_string(item.id)])")], []),
        (
            [
                (ITEM, ITEM + entry("detail", "take: item.detail")),
                ("ticketId: item.id", "ticketId: detail.id"),
            ],
            [],
        ),
    ],
)
def test_names(changes: list[tuple[str, str]], expected: list[str]) -> None:
    """A name that nothing uses, and an id that is the same for all of a list, are doubted."""
    assert doubts(*changes) == expected


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ([(QUERY, 'query: {page: "1"}\n')], ["TB512 /orders"]),
        ([(QUERY, "query: {email: user}\n")], ["TB512 /orders", "TB513 user"]),
        ([(QUERY, 'query: {email: "{{user}}", for: "{user}"}\n')], ["TB513 {"]),
        ([(QUERY, 'query: {email: "{user}", role: user}\n')], []),
        ([("get: /orders\n", "get: /users/:user/orders\n")], ["TB513 /users/:user/orders"]),
        (
            [item("get: /orders/order.id/items", "each: body.items")],
            ["TB513 /orders/order.id/items"],
        ),
        (
            [item("get: /x", "query: {order: order.id, include: order.items}", "each: body")],
            ["TB513 order.id"],
        ),
        ([(QUERY, 'headers: {X-User: "{{ user }}"}\n    query: {email: "{user}"}\n')], ["TB513 {"]),
        (
            [("get: /orders\n", "post: /orders\n"), (QUERY, 'json: {a: ["{{user}}", "{user}"]}\n')],
            ["TB513 {"],
        ),
    ],
)
def test_requests(changes: list[tuple[str, str]], expected: list[str]) -> None:
    """A request that does not say who asks, or says so in literal text, is doubted."""
    assert doubts(*changes) == expected


@pytest.mark.parametrize(
    ("pages", "expected"),
    [
        ("{offset: {step: 5}}", ["TB515 {"]),
        ("{offset: {step: 5}, total: body.count}", []),
        ("{offset: {step: 5}, last: body.last}", []),
        ("{number: {start: 1}}", []),
    ],
)
def test_offsets(pages: str, expected: list[str]) -> None:
    """Offsets without `total` and `last` may end at a page that the platform has cut."""
    kind = "offset" if "offset" in pages else "number"
    call = f'query: {{email: "{{user}}", at: "{{page.{kind}}}"}}\n    pages: {pages}'

    assert doubts(('query: {email: "{user}"}', call)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[{status: 4xx, then: fail}, {status: 404, then: unknown_user}]", ["TB520 {"]),
        ("[{status: 404, then: unknown_user}, {status: 4xx, then: fail}]", []),
        ("[{status: [400, 404], then: fail}, {status: [404, 410], then: fail}]", []),
        ("[{status: 404, when: body.a == `1`, then: fail}, {status: 404, then: fail}]", []),
        (
            "[{status: 404, when: body.a, then: fail}, {status: 404, when: body.a, then: ok}]",
            ["TB520 {"],
        ),
        ("[{when: status == `404`, then: unknown_user}]", ["TB520 {"]),
        ("[{when: status >= `400` || status == `204`, then: fail}]", []),
        ("[{status: 4xx, when: status < `400` && body.a == `1`, then: fail}]", ["TB520 {"]),
        ("[{status: 204, when: body.a == `1`, then: fail}]", ["TB520 {"]),
        ("[{status: 204, then: empty}]", []),
        ("[{status: 200, then: ok}, {when: body.a == `1`, then: fail}]", []),
    ],
)
def test_rules(text: str, expected: list[str]) -> None:
    """A rule that a rule above covers, or whose conditions exclude each other, is doubted."""
    assert doubts(rules(text)) == expected


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (("ticket:\n", "response: {when_unknown_user: 404}\nticket:\n"), ["TB521 {"]),
        (("price: item.price", "price: item.price_cents"), ["TB514 item.price_cents"]),
        (("price: item.price", "price: item.inMinorUnits"), ["TB514 item.inMinorUnits"]),
        (("price: item.price", "price: divide(item.cents, `100`)"), []),
        (("price: item.price", "price: item.percent"), []),
        (
            (
                TICKET,
                f"{TICKET}    metadata: {{x: {{from: item.x, values: {{A: B}}, else: VALID}}}}\n",
            ),
            ["TB507 VALID"],
        ),
    ],
)
def test_other_shapes(change: tuple[str, str], expected: list[str]) -> None:
    """Prices in minor units, tables with a catch-all, and statuses that never come are doubted."""
    assert doubts(change) == expected


def test_doubts_about_the_whole_wait_for_the_errors() -> None:
    """With a misspelt name, an entry only seems to be unused."""
    assert doubts(("ticketId: item.id", "ticketId: itme.id")) == ["TB203 itme.id"]


def test_an_expression_that_is_wrong_is_not_doubted() -> None:
    """A call with too many arguments is an error, and nothing more is asked of it."""
    assert doubts(condition("contains(item.state, 'X', 'Y')")) == ["TB205 contains"]


def test_doubts_about_one_place_stand_beside_errors_elsewhere() -> None:
    """An error in one expression hides no doubt about another."""
    assert doubts(
        ("ticketId: item.id", "ticketId: itme.id"), (OWNER, "owner: lower(order.email)")
    ) == [
        "TB502 lower",
        "TB203 itme.id",
    ]
