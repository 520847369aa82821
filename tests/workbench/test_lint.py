"""Doubts about mappings: shapes that are legal and often not meant, and their neighbours that are fine."""

from __future__ import annotations

import re

import pytest

from ticketbridge.mapping import Environment
from ticketbridge.workbench.check.checking import check_text
from ticketbridge.workbench.check.codes import read_frame

VARIABLES = {
    "MENTA_SECRET": "s3cret-of-menta-tech",
    "ACME_API": "https://api.acme.example",
    "ACME_TOKEN": "t",
}


def doubts(*changes: tuple[str, str]) -> list[str]:
    """The findings of the frame with *changes*, each as `code word`: the word is what it points at."""
    text = changed(*changes)
    found = check_text(text, file="acme.yaml", environment=Environment(VARIABLES))
    lines = text.splitlines()
    return [f"{f.code} {word_at(lines[f.place.line - 1][f.place.column - 1 :])}" for f in found]


def changed(*changes: tuple[str, str]) -> str:
    """The frame with *changes*."""
    text = read_frame()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    return text


def hints(*changes: tuple[str, str]) -> list[str]:
    """What the findings of the frame with *changes* suggest."""
    found = check_text(changed(*changes), file="acme.yaml", environment=Environment(VARIABLES))
    return [finding.suggestion for finding in found]


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
        ([(QUERY, "headers: {X-User: user}\n")], ["TB512 user"]),
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


LIST = "as_list(optional(body.orders))"


def listed(expression: str, *lines: str) -> tuple[str, str]:
    """The call with *expression* as its list, and with more *lines*."""
    return EACH, "".join(f"{line}\n    " for line in (*lines, f'each: "{expression}"')) + "\n"


@pytest.mark.parametrize(
    "expression",
    [
        LIST,
        "as_list(optional(body.data).orders)",
        "as_list(optional(body.orders[]))",
        "as_list(optional(body.orders)[*].order)",
        "as_list(optional(body.orders)[?total > `0`])",
        "as_list(optional(body.orders)[:10])",
        "as_list(optional(body.orders))[].order",
        "as_list(body.orders || optional(body.items)) || as_list(optional(body.more))",
        "optional(body.orders) || `[]`",
        "optional(body.data) && body.data.orders || `[]`",
        "optional(body.orders) || optional(body.data.orders) || `[]`",
        "default(optional(body.orders), `[]`)",
        "not_null(optional(body.orders), optional(body.items), `[]`)",
        "default(default(optional(body.orders), optional(body.items)), `[]`)",
        "unique(default(optional(body.orders), `[]`))",
        "body | optional(orders) || `[]`",
        "[optional(body.orders), body.more][]",
        "[as_list(optional(body.orders)), body.more][]",
        "values(default(optional(body.orders), `{}`))",
        "values(optional(body.orders) || `{}`)",
        "map(&as_list(optional(orders)), body.days)[]",
        "body.days[].as_list(optional(orders))[]",
    ],
)
def test_a_list_that_may_be_absent_is_doubted_where_nothing_holds_it(expression: str) -> None:
    """An answer without the key is an empty list: of whatever the answer is, and whyever it lacks it."""
    (found,) = doubts(listed(expression))
    assert found.startswith("TB522 optional")

    rule = "responses: [{when: body.success != `true`, then: fail}]"
    assert doubts(listed(expression, rule)) == []
    pages = "pages: {next_url: body.next, total: body.count}"
    assert doubts(listed(expression, pages)) == []


@pytest.mark.parametrize(
    "expression",
    ["body.answer.order", "unique(body.answer.order)", "body.answer.order[?id != '1']"],
)
def test_a_declared_list_of_xml_is_doubted_where_nothing_holds_it(expression: str) -> None:
    """It is empty if there is no such element: also in an error, and once the element is renamed."""
    form = "format: {xml: {lists: [answer/order]}}"
    (found,) = [each for each in doubts(listed(expression, form)) if "TB522" in each]
    rule = (
        "responses: [{when: length(body.answer.order) != to_number(body.answer.count), then: fail}]"
    )

    assert found == "TB522 body.answer.order"
    assert not any("TB522" in each for each in doubts(listed(expression, form, rule)))
    other = "format: {xml: {lists: [answer/ticket]}}"
    assert not any("TB522" in each for each in doubts(listed(expression, other)))


@pytest.mark.parametrize(
    "line",
    [
        "responses: [{status: 404, then: fail}]",
        "responses: [{when: headers.x == 'y', then: fail}]",
        "responses: [{then: fail, status: 4xx, message: body.error}]",
        "pages: {next_url: optional(body.next)}",
    ],
)
def test_what_does_not_look_at_the_body_holds_no_list(line: str) -> None:
    """A rule about status or headers, a message, and pages without a count say nothing of the list."""
    assert doubts(listed(LIST, line)) == ["TB522 optional"]


@pytest.mark.parametrize(
    "expression",
    [
        "body.orders",
        "as_list(body.orders)",
        "default(body.orders, `[]`)",
        "optional(body.orders)",
        "optional(body.orders)[]",
        "optional(body.orders) || body.items",
        "optional(body.orders) || body.items || `[]`",
        "default(optional(body.orders), body.items)",
        "body.orders[?optional(email) != `null`]",
        "body.orders[*].{email: email, items: items, event: optional(event)}",
        "sort_by(body.orders, &optional(at))",
    ],
)
def test_a_list_that_must_be_there_is_not_doubted(expression: str) -> None:
    """A key that is not optional, or a null that is no list, is an error by itself."""
    assert [found for found in doubts(listed(expression)) if "TB522" in found] == []


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (("take: body",), ["TB522 optional"]),
        (("responses: [{when: body.error != `null`, then: fail}]", "take: body"), []),
        (("pages: {next_url: body.next}", "take: body"), ["TB522 optional"]),
        (
            (
                "pages: {next_url: body.next, items: body.orders, total: body.count}",
                "take: body",
            ),
            [],
        ),
    ],
)
@pytest.mark.parametrize("between", ["", entry("part", "take: found.data")])
def test_a_list_of_a_call_may_be_taken_apart_below_it(
    lines: tuple[str, ...], expected: list[str], between: str
) -> None:
    """What a call takes whole is still its answer in the entries below, down to the first list."""
    root = "part" if between else "found"
    call = entry("found", "get: /orders", 'query: {email: "{user}"}', *lines)
    text = call + between + entry("order", f"each: as_list(optional({root}.orders))")
    old = read_frame()[
        read_frame().index("  - name: order\n") : read_frame().index("  - name: item\n")
    ]

    assert doubts((old, text)) == expected


def test_an_optional_list_within_a_record_is_not_doubted() -> None:
    """An order without items is an order: the list of orders was there."""
    assert doubts(item("each: as_list(optional(order.items))")) == []


def test_a_paged_take_binds_several_values() -> None:
    """An id that is the same for all that one page has is doubted, as below an `each`."""
    call = entry(
        "order",
        "get: /orders",
        'query: {email: "{user}", n: "{page.number}"}',
        "pages: {number: {start: 1}, last: body.last}",
        "take: body",
    )
    text = entry("shop", "get: /shop", "take: body") + call
    old = read_frame()[read_frame().index("  - name: order\n") : read_frame().index("ticket:\n")]
    changes = [(old, text), ("ticketId: item.id", "ticketId: shop.id")]

    assert "TB511 shop.id" in doubts(*changes, *[("item.", "order.")] * 4)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "[{status: 4xx, then: fail}, {status: 404, when: body.a, then: unknown_user}]",
            ["TB520 {"],
        ),
        ("[{status: 404, when: body.a, then: unknown_user}, {status: 4xx, then: fail}]", []),
        ("[{status: 404, then: ok}, {status: 404, then: fail}]", ["TB520 {"]),
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


@pytest.mark.parametrize("claim", ["empty", "unknown_user"])
@pytest.mark.parametrize(
    ("conditions", "doubted"),
    [
        ("status: 404", True),
        ("status: [404, 410]", True),
        ("status: 200", True),
        ("status: [204, 404]", True),
        ("status: 404, when: headers.x == 'y'", True),
        ("status: 404, when: user != 'x'", True),
        ("when: status == `200`", True),
        ("status: 404, when: body.code == 'X'", False),
        ("status: 404, when: optional(body.code) == 'X'", False),
        ("when: length(body.list) == `0`", False),
        ("status: 204", False),
        ("status: [204, 205]", False),
    ],
)
def test_a_status_alone_says_nothing_of_a_user(
    claim: str, conditions: str, *, doubted: bool
) -> None:
    """A rule that makes `empty` or `unknown_user` of a status without looking at the body is doubted."""
    assert doubts(rules(f"[{{{conditions}, then: {claim}}}]")) == (["TB526 {"] if doubted else [])
    assert doubts(rules(f"[{{{conditions}, then: ok}}]")) == []


PAGED = (QUERY, 'query: {email: "{user}", p: "{page.number}"}\n    pages: {number: {start: 1}}\n')


@pytest.mark.parametrize(
    ("conditions", "doubted"),
    [
        ("status: 404", True),
        ("status: [416, 404]", True),
        ("status: 404, when: status == `404`", True),
        ("status: 404, when: body.code == 'PAST'", False),
        ("status: 404, when: page.number > `1`", False),
        ("status: [204, 416]", False),
    ],
)
def test_a_status_alone_does_not_end_pages(conditions: str, *, doubted: bool) -> None:
    """`last` asks the body, or whether a page came before; only 204 and 416 say it by themselves."""
    assert doubts(PAGED, rules(f"[{{{conditions}, then: last}}]")) == (
        ["TB526 {"] if doubted else []
    )


@pytest.mark.parametrize(
    ("query", "pages", "past_first"),
    [
        ("{page.number}", "number: {start: 0}", "page.number > `0`"),
        ("{page.offset}", "offset: {step: 10}, total: body.total", "page.offset > `0`"),
        ("{page.cursor}", "cursor: body.next", None),
    ],
)
def test_the_hint_for_the_end_is_right_for_these_pages(
    query: str, pages: str, past_first: str | None
) -> None:
    """It says how the first page is known; a page that the platform has named may not be missing."""
    paged = (QUERY, f'query: {{email: "{{user}}", p: "{query}"}}\n    pages: {{{pages}}}\n')
    (hint,) = hints(paged, rules("[{status: 404, then: last}]"))
    shown = re.search(r"a page came before: (.*)", hint)

    assert (shown[1] if shown else None) == (
        past_first and f"{{status: 404, when: {past_first}, then: last}}"
    )
    if shown is None:
        cursor = rules("[{status: 404, when: page.cursor != `null`, then: last}]")
        assert doubts(paged, cursor) == ["TB526 {"]
    else:
        assert doubts(paged, rules(f"[{shown[1]}]")) == []


@pytest.mark.parametrize(
    ("conditions", "doubted"),
    [
        ("status: 404", True),
        ("status: 404, when: body.code == 'NONE'", False),
        ("status: 204", False),
    ],
)
def test_a_status_alone_says_nothing_of_a_binding(conditions: str, *, doubted: bool) -> None:
    """`none` asks the body as `empty` does; that it stands on a later page makes it no surer."""
    call = item(
        "get: /orders/{order.id}", f"responses: [{{{conditions}, then: none}}]", "each: body.items"
    )

    assert doubts(call) == (["TB526 {"] if doubted else [])


def test_a_page_passes_by_a_claim_to_the_next_rule() -> None:
    """A rule below a claim of the same status is reached by what is in no format, if it asks no body."""
    claim = "{status: 404, then: empty}"

    assert doubts(rules(f"[{claim}, {{status: 404, then: retry}}]")) == ["TB526 {"]
    assert doubts(rules(f"[{claim}, {{status: 404, when: body.a, then: retry}}]")) == [
        "TB526 {",
        "TB520 {",
    ]
    assert doubts(rules(f"[{claim}, {claim}]")) == ["TB526 {", "TB520 {", "TB526 {"]


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


def zone(text: str) -> tuple[str, str]:
    """The field `ticketOptionId` with that expression."""
    return "ticketOptionId: item.zone\n", f"ticketOptionId: {text}\n"


@pytest.mark.parametrize(
    ("text", "doubted"),
    [
        (r"split(item.zone, '\n')[0]", True),
        (r"join('\r\n', [item.zone, item.row])", True),
        (r"replace(item.zone, '\t', ' ')", True),
        (r"join('', [item.zone, ' a\n'])", True),
        (r"join('', [item.zone, 'a\n b'])", True),
        (r"join('', [item.zone, '\d\n'])", True),
        (r"replace(item.zone, '\u00e9', 'e')", True),
        (r"""replace(item.zone, '\"', '')""", True),
        (r"item.zone == 'App\\Models\\Ticket' && 'a' || 'b'", True),
        (r"split(item.zone, '\\')[0]", True),
        # a backslash that is meant
        (r"extract(item.zone, '(\d+)\n')", False),
        (r"matches(item.zone, '^\\d\t') && 'a' || 'b'", False),
        (r"extract(item.zone, join('', ['\n', '(.)']))", False),
        (r"item.zone == 'App\Models\Ticket' && 'a' || 'b'", False),
        (r"item.zone == 'C:\new\table' && 'a' || 'b'", False),
        (r"item.zone == 'ACME\nina' && 'a' || 'b'", False),
        (r"item.zone == '\\server\share' && 'a' || 'b'", False),
        (r"item.zone == 'it\'s' && 'a' || 'b'", False),
        (r"split(item.zone, '\-')[0]", False),
        # JSON, which knows these escapes
        (r"""'split(item.zone, `"\n"`)[0]'""", False),
        (r"""'replace(item.zone, `"\u00e9"`, `"\\"`)'""", False),
    ],
)
def test_backslashes_in_texts(text: str, doubted: bool) -> None:
    """An escape that a text does not know is doubted; a path, a name and a regex keep theirs."""
    found = doubts(zone(text))

    assert [line.split()[0] for line in found] == (["TB212"] if doubted else [])


def test_the_repair_of_a_backslash_is_the_text_that_was_meant() -> None:
    """The suggestion is a literal with that escape."""
    text = read_frame().replace(
        "ticketOptionId: item.zone", r"ticketOptionId: split(item.zone, '\n')[0]"
    )
    (finding,) = check_text(text, file="acme.yaml", environment=Environment(VARIABLES))

    assert r'`"\n"`' in finding.suggestion


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("split('-', item.zone)[0]", ["TB213 split"]),
        ("split('', item.zone)[0]", ["TB213 split"]),
        ("starts_with('A', item.zone) && 'a' || 'b'", ["TB213 starts_with"]),
        ("ends_with('A', item.zone) && 'a' || 'b'", ["TB213 ends_with"]),
        ("contains('VIP', item.zone) && 'a' || 'b'", ["TB213 contains"]),
        ("contains('VIP', item.x[].y.[z].w) && 'a' || 'b'", ["TB213 contains"]),
        ("matches('^A', item.zone) && 'a' || 'b'", ["TB213 matches"]),
        ("default('none', item.zone)", ["TB213 default"]),
        ("null_if('-', item.zone)", ["TB213 null_if"]),
        ("replace('-', item.zone, '')", ["TB213 replace"]),
        ("date('%Y-%m-%d %z', item.zone)", ["TB213 date"]),
        ("split(item.zone, '-')[0]", []),
        ("split(item.zone, item.sign)[0]", []),
        ("split('a-b', '-')[0]", []),
        ("contains('PAID,OPEN', item.zone) && 'a' || 'b'", []),
        ("contains(['PAID', 'OPEN'], item.zone) && 'a' || 'b'", []),
        ("default(item.zone, 'none')", []),
        ("item.row || '-' || item.seat", ["TB215 item.seat"]),
        ("item.row || 'none' || 'other'", ["TB215 'other'"]),
        ("item.row || '' || item.seat", []),
        ("item.row || item.seat || 'none'", []),
        ("join('-', [item.row, item.seat])", []),
    ],
)
def test_arguments_and_choices(text: str, expected: list[str]) -> None:
    """A function that works on a literal, and a choice behind one, are doubted."""
    assert doubts(zone(text)) == expected


@pytest.mark.parametrize(
    "place",
    [
        (QUERY, 'query: {email: "{user}", sign: "{HMAC}"}\n'),
        (QUERY, f'{QUERY}    headers: {{X-Sign: "{{HMAC}}"}}\n'),
        ("ticketOptionId: item.zone\n", "ticketOptionId: HMAC\n"),
    ],
)
def test_a_key_in_clear(place: tuple[str, str]) -> None:
    """The key of a signature is a credential wherever the signature stands; a key from data is not."""
    old, new = place
    literal = (old, new.replace("HMAC", "hmac(user, 'k', 'sha256', 'hex')"))
    found = (old, new.replace("HMAC", "hmac(user, user, 'sha256', 'hex')"))

    assert "TB053 'k'" in doubts(literal)
    assert not [doubt for doubt in doubts(found) if doubt.startswith("TB053")]


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("split('-', item.zone)[0]", "write split(item.zone, '-')"),
        ("split('', item.zone)[0]", ""),
        ("matches('(', item.zone) && 'a' || 'b'", ""),
    ],
)
def test_what_is_written_for_exchanged_arguments_is_no_error(text: str, hint: str) -> None:
    """Where the exchanged call would be an error, none is proposed."""
    assert hints(zone(text)) == [hint]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ('kind == "ticket"', ["TB214"]),
        ('"ticket" == kind', ["TB214"]),
        ('a.kind != "ticket"', ["TB214"]),
        ("kind == TICKET", ["TB214"]),
        ("kind == 'ticket'", []),
        ("kind == other", []),
        ('"first-kind" == other', []),
        ('"ticket" == `true`', []),
        ("KIND == OTHER", []),
    ],
)
def test_words_in_filters(condition: str, expected: list[str]) -> None:
    """A key in double quotes, or in capitals, that is compared was probably meant as a text."""
    found = doubts(item(f"each: 'order.items[?{condition.replace(chr(39), chr(39) * 2)}]'"))

    assert [line.split()[0] for line in found] == expected


AUTH = '{type: bearer, token: "${ACME_TOKEN}"}'
SESSION = 'type: session, login: {post: /login, form: {key: "${ACME_TOKEN}"}}, token: body.s'
REFRESHING = (
    "{type: oauth2, grant: refresh_token, token_url: 'https://l.example/t',"
    " refresh_token: '${ACME_TOKEN}'}"
)
ASKING = (
    "{type: session, login: {post: /login, form: {key: '{user}'}, responses:"
    " [{status: 404, when: body.none, then: unknown_user}]}, token: body.s}"
)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ([(AUTH, f"{{{SESSION}}}")], []),
        ([(AUTH, f"{{{SESSION}, value: 'sid=abc'}}")], ["TB530 sid"]),
        ([(AUTH, f"{{{SESSION}, headers: {{A: '{{token.a}}', B: b}}}}")], []),
        ([(AUTH, f"{{{SESSION}, headers: {{A: a, B: b}}}}")], ["TB530 a"]),
        ([(AUTH, f"{{{SESSION}, place: request}}")], ["TB530 name"]),
        (
            [
                (AUTH, f"{{{SESSION}, place: request}}"),
                (QUERY, 'query: {e: "{user}", s: "{token}"}\n'),
            ],
            [],
        ),
        (
            [
                (AUTH, f"{{{SESSION}, place: request}}"),
                (QUERY, 'query: {e: "{user}", s: token.a}\n'),
            ],
            ["TB530 name", "TB513 token.a"],
        ),
        ([(AUTH, f"{{{SESSION}}}"), (QUERY, 'query: {e: "{user}", s: token}\n')], []),
        (
            [(AUTH, REFRESHING)],
            ["TB531 {"],
        ),
        ([(AUTH, ASKING), ("ticket:\n", "response: {when_unknown_user: 404}\nticket:\n")], []),
    ],
)
def test_logins(changes: list[tuple[str, str]], expected: list[str]) -> None:
    """A token that reaches no request is doubted, and so is a refresh token that may be replaced."""
    assert doubts(*changes) == expected
