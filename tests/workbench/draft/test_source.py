"""How a draft finds the records, the calls that lead to them, their pages, and what is joined."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support import USER
from tests.workbench.draft.drafting import draft, entries, fields, source, ticket, tickets
from ticketbridge.mapping.spec_compiler import TODO
from ticketbridge.workbench.draft.documents import Document, group_documents
from ticketbridge.workbench.draft.platform_words import make_singular
from ticketbridge.workbench.samples import Sample

ORDERS = f"/orders?email={USER}"


# --- records --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        pytest.param([ticket()], {"record": "each body"}, id="a list"),
        pytest.param({"tickets": [ticket()]}, {"ticket": "each body.tickets"}, id="a named list"),
        pytest.param({"data": [ticket()]}, {"record": "each body.data"}, id="a list of no name"),
        pytest.param(
            {"data": [ticket(object="issued_ticket")]},
            {"issued_ticket": "each body.data"},
            id="an element that says what it is",
        ),
        pytest.param(
            {"result": {"orders": [{"id": 1, "line-items": [ticket()]}]}},
            {"order": "each body.result.orders", "line_item": 'each order."line-items"'},
            id="lists in lists",
        ),
        pytest.param(
            {"orders": [{"tickets": [ticket()]}, {}]},
            {"order": "each body.orders", "ticket": "each as_list(optional(order.tickets))"},
            id="a list that some lack",
        ),
        pytest.param(
            {"orders": [{"tickets": [ticket()]}, {"tickets": None}]},
            {"order": "each body.orders", "ticket": "each as_list(order.tickets)"},
            id="a list that is null somewhere",
        ),
        pytest.param(
            {"tickets": [{**ticket(), "taxes": [{"id": 1, "price": 2, "status": "x"}]}]},
            {"ticket": "each body.tickets"},
            id="not the taxes",
        ),
        pytest.param(
            {"users": [{"id": 1, "entradas": [ticket()]}]},
            {"user_2": "each body.users", "entrada": "each user_2.entradas"},
            id="a name that is taken",
        ),
        pytest.param({"ok": True}, {"record": "take body"}, id="no list"),
        pytest.param(12, {"record": "take body"}, id="no object"),
    ],
)
def test_the_records_are_the_list_that_looks_most_like_tickets(
    answer: Any, found: dict[str, str]
) -> None:
    """Lists within lists are levels, named by one of theirs."""
    assert entries(draft(answer)) == found


def test_answers_without_a_target_leave_the_path_open() -> None:
    """Where they came from was not said; what looks alike is one call."""
    assert source(tickets(ticket(1)), tickets(ticket(2))) == [
        "- name: ticket",
        'get: "/{TODO}"',
        'query: {email: "{user}"}',
        "each: body.tickets",
    ]


def test_a_line_of_several_tickets_goes_down_to_its_codes() -> None:
    """Where there are as many codes as the quantity says, each is a ticket."""
    lines = [
        {"id": 1, "quantity": 2, "price": 5, "codes": ["a", "b"]},
        {"id": 2, "quantity": 1, "price": 5, "codes": ["c"]},
    ]
    drafted = draft({"line_items": lines})

    assert entries(drafted)["code"] == "each as_list(optional(line_item.codes))"
    assert fields(drafted)["ticketId"] == "code"
    assert fields(drafted)["price"] == "line_item.price"


def test_codes_may_be_in_a_list_of_keys_and_values() -> None:
    """As shops keep what they have no field for."""

    def line(number: int, *codes: str) -> dict[str, Any]:
        meta = [{"key": "_codes", "value": list(codes)}, {"key": "_event_id", "value": "7"}]
        return {"id": number, "quantity": len(codes), "meta": meta if codes else []}

    drafted = draft({"line_items": [line(1, "a", "b"), line(2, "c")]})

    assert entries(drafted)["code"] == "each as_list(lookup(line_item.meta, 'key', '_codes').value)"
    event = fields(drafted)["externalReferenceEventId"]
    assert event == "lookup(line_item.meta, 'key', '_event_id').value"


def test_codes_that_are_not_as_many_as_the_tickets_are_no_level() -> None:
    """A line of two tickets with one code may lack the other, or the code is the order's."""
    lines = [{"id": 1, "quantity": 2, "price": 5, "codes": ["a"]}]

    assert entries(draft({"line_items": lines})) == {"line_item": "each body.line_items"}


# --- calls ----------------------------------------------------------------------------------------


def test_a_target_becomes_a_request_with_the_user_in_it() -> None:
    """The parameter that is the asked user, and any that is an address, is a hole."""
    assert source((f"/v1/{{x}}/orders?email={USER}&limit=100", tickets()))[:3] == [
        "- name: ticket",
        'get: "/v1/{TODO}/orders"',
        'query: {email: "{user}", limit: "100"}',
    ]
    assert 'query: {mail: "{user}"}' in source(
        ("/orders?mail=bo@example.com", tickets()), user=None
    )


def test_a_number_in_a_path_that_nothing_explains_is_doubted() -> None:
    """It may be one customer's id, and the same for nobody else."""
    text = draft(("/v2/customers/71/orders", tickets())).text

    assert "get: /v2/customers/71/orders" in text
    assert "# unsure: is `71` the same for every user?" in text


def test_a_value_of_an_earlier_answer_leads_to_the_next_call() -> None:
    """The person first, then their tickets."""
    customer = {"customers": [{"id": 71, "email": USER}]}
    lines = source((f"/customers?email={USER}", customer), ("/customers/71/tickets", tickets()))

    assert lines == [
        "- name: customer",
        "get: /customers",
        'query: {email: "{user}"}',
        'responses: [{when: "length(body.customers) == `0`", then: unknown_user}]',
        "take: body.customers[0]",
        "- name: ticket",
        'get: "/customers/{customer.id}/tickets"',
        "each: body.tickets",
    ]


def test_an_answer_that_is_one_object_leads_too() -> None:
    """It is bound whole."""
    lines = source(("/me", {"account": {"uuid": "a-1"}}), ("/tickets?of=a-1", tickets()))

    assert lines[:3] == ["- name: me", "get: /me", "take: body"]
    assert 'query: {of: "{me.account.uuid}"}' in lines


def test_one_call_for_each_of_a_list() -> None:
    """The events first, then the tickets of each."""
    events = {"events": [{"id": 1, "slug": "rock-fest"}, {"id": 2, "slug": "jazz-fest"}]}
    lines = source(
        ("/events", events),
        ("/rock-fest/tickets", tickets(ticket(1))),
        ("/jazz-fest/tickets", tickets(ticket(2))),
    )

    assert lines == [
        "- name: event",
        "get: /events",
        "each: body.events",
        "- name: ticket",
        'get: "/{event.slug}/tickets"',
        "each: body.tickets",
    ]


def test_what_is_asked_for_afterwards_is_joined() -> None:
    """One object for each record is taken, and gives what the record lacks."""

    def event(name: str, currency: str) -> dict[str, Any]:
        return {"id": name, "currency": currency, "types": [{"id": "A", "price": 1250}]}

    bare = [{"id": n, "status": "PAID", "event_id": f"e{n}", "type_id": "A"} for n in (1, 2)]
    drafted = draft(
        (ORDERS, {"tickets": bare}),
        ("/events/e1", event("e1", "EUR")),
        ("/events/e2", event("e2", "usd")),
    )

    assert entries(drafted) == {"ticket": "each body.tickets", "event": "take body"}
    assert 'get: "/events/{ticket.event_id}"' in drafted.text
    found = fields(drafted)
    assert found["currency"] == "upper(event.currency)"
    price = "minor_units(lookup(event.types, 'id', ticket.type_id).price, event.currency)"
    assert found["price"] == price


def test_a_list_beside_the_records_is_collected_and_looked_up() -> None:
    """Which element is meant is found by the values."""
    events = {"results": [{"slug": "a", "currency": "EUR"}, {"slug": "b", "currency": "USD"}]}
    bare = [{"id": n, "status": "PAID", "event": name, "price": 1.5} for n, name in enumerate("ab")]
    drafted = draft(("/events", events), (ORDERS, {"tickets": bare}))

    assert entries(drafted)["events"] == "collect body.results"
    assert fields(drafted)["currency"] == "lookup(events, 'slug', ticket.event).currency"


def test_lists_of_one_record_are_collected_in_the_order_of_their_samples() -> None:
    """Each below the binding that both need."""
    orders = {"orders": [{"id": 910, "tickets": [ticket(1)]}]}
    asides = [(f"/orders/910/{name}", [{"id": 7, "label": "x"}]) for name in ("gifts", "notes")]
    drafted = draft((ORDERS, orders), *asides)

    assert list(entries(drafted)) == ["order", "gifts", "notes", "ticket"]


def test_samples_that_contradict_each_other_bind_nothing() -> None:
    """The venue is of another event than the one in the path: no record is of either."""
    events = {"events": [{"id": 501, "venue_id": 801}, {"id": 502, "venue_id": 802}]}
    drafted = draft(
        (f"/events?email={USER}", events), ("/events/501/venues/802/tickets", tickets())
    )

    assert set(fields(drafted).values()) == {TODO}
    assert drafted.parts.owner.is_open


def test_a_call_that_was_made_for_some_only_has_a_condition() -> None:
    """The list that is empty for the others says when."""
    orders = [
        {"id": 10, "refunds": [{"id": 1}], "tickets": [ticket(1)]},
        {"id": 20, "refunds": [], "tickets": [ticket(2)]},
    ]
    lines = source((ORDERS, {"orders": orders}), ("/orders/10/refunds", [{"id": 1, "total": "5"}]))

    at = lines.index("- name: refunds")
    assert lines[at + 1] == "if: length(order.refunds) > `0`"
    assert lines[at + 3] == "collect: body"


# --- pages ----------------------------------------------------------------------------------------


def pages(*answers: Any) -> list[str]:
    """The lines of the first call's pages, with its query."""
    lines = source(*answers)
    query = [line for line in lines if line.startswith("query")][:1]
    at = lines.index("pages:") + 1 if "pages:" in lines else len(lines)
    end = next((n for n, line in enumerate(lines) if n >= at and line[:4] in {"each", "take"}), at)
    return [*query, *lines[at:end]]


def page(number: int, **changes: Any) -> dict[str, Any]:
    """One page with two tickets."""
    return {**tickets(ticket(2 * number), ticket(2 * number + 1)), **changes}


@pytest.mark.parametrize(
    ("answers", "found"),
    [
        pytest.param([(ORDERS, page(1))], ['query: {email: "{user}"}'], id="none"),
        pytest.param(
            [
                (ORDERS, page(1, next=f"https://a.example{ORDERS}&p=2", count=4)),
                (f"{ORDERS}&p=2", page(2, next=None, count=4)),
            ],
            [
                'query: {email: "{user}", p: "{page.number}"}',
                "number: {start: 1}",
                "total: body.count",
            ],
            id="what was asked for says most",
        ),
        pytest.param(
            [(ORDERS, page(1, links={"next": f"https://a.example{ORDERS}&x=2"}, total=2))],
            ['query: {email: "{user}"}', "next_url: body.links.next", "total: body.total"],
            id="a next URL",
        ),
        pytest.param(
            [(ORDERS, page(1, _links={"next": {"href": f"{ORDERS}&x=2"}}))],
            ['query: {email: "{user}"}', "next_url: body._links.next.href"],
            id="a link as an object",
        ),
        pytest.param(
            [(ORDERS, page(1, next="https://a.example/orders?page=2", page=1, total_pages=3))],
            [
                'query: {email: "{user}", page: "{page.number}"}',
                "number: {start: 1}",
                "last: page.number >= body.total_pages",
            ],
            id="a next URL that forgets the user is not followed",
        ),
        pytest.param(
            [(f"{ORDERS}&offset=0", page(1, total=4)), (f"{ORDERS}&offset=2", page(2, total=4))],
            [
                'query: {email: "{user}", offset: "{page.offset}"}',
                "offset: {step: 2}",
                "last: subtract(body.total, add(page.offset, `2`)) <= `0`",
                "total: body.total",
            ],
            id="an offset",
        ),
        pytest.param(
            [
                (ORDERS, page(1, meta={"next_cursor": "abc", "has_more": True})),
                (f"{ORDERS}&after=abc", page(2, meta={"next_cursor": None, "has_more": False})),
            ],
            [
                'query: {email: "{user}", after: "{page.cursor}"}',
                "cursor: body.meta.next_cursor",
                "last: body.meta.has_more == `false`",
            ],
            id="a cursor that was asked for",
        ),
        pytest.param(
            [(ORDERS, page(1, continuation="abc", has_more=True))],
            [
                'query: {email: "{user}", continuation: "{page.cursor}"}',
                "cursor: body.continuation",
                "last: body.has_more == `false`",
            ],
            id="a cursor by its name",
        ),
        pytest.param(
            [(ORDERS, page(1)), (f"{ORDERS}&page=2", tickets(ticket(9)))],
            [
                'query: {email: "{user}", page: "{page.number}"}',
                "number: {start: 1}",
                "last: length(body.tickets) < `2`",
            ],
            id="a shorter page is the last",
        ),
        pytest.param(
            [
                (ORDERS, page(1, next_page=2, current_page=1)),
                (f"{ORDERS}&page=2", page(2, next_page=None, current_page=2)),
            ],
            [
                'query: {email: "{user}", page: "{page.number}"}',
                "number: {start: 1}",
                "last: body.next_page == `null`",
            ],
            id="null after the last",
        ),
        pytest.param(
            [(f"{ORDERS}&offset=0", page(1)), (f"{ORDERS}&offset=2", page(2))],
            ['query: {email: "{user}", offset: "{page.offset}"}', "offset: {step: 2}"],
            id="an offset without a total",
        ),
        pytest.param(
            [(f"{ORDERS}&after=zz", page(1)), (f"{ORDERS}&after=yy", page(2))],
            ['query: {email: "{user}"}'],
            id="a cursor from nowhere",
        ),
    ],
)
def test_pages_are_guessed_by_requests_and_answers(answers: list[Any], found: list[str]) -> None:
    """Kind, parameter, end and total."""
    assert pages(*answers) == found


def test_a_next_url_tells_the_path_of_base_url() -> None:
    """What it has before the call's path."""
    first = page(1, next=f"https://api.acme.example/v2{ORDERS}&page=2")

    assert "base_url: ${ACME_API}/v2 " in draft((ORDERS, first)).text


# --- XML ------------------------------------------------------------------------------------------


def test_xml_is_read_with_the_lists_that_it_shows() -> None:
    """What comes twice, or alone in its plural, is a list; the draft names them."""
    one = "<sale><id>{}</id><status>ACTIVE</status><eventId>e</eventId><price>2.5</price></sale>"
    text = f"<r><sales>{one.format(1)}</sales><sales2/></r>"
    two = f"<r><sales>{one.format(2)}{one.format(3)}</sales></r>"
    drafted = draft((ORDERS, text), (f"{ORDERS}&start=1", two))

    assert entries(drafted) == {"sale": "each body.r.sales.sale"}
    assert "format: {xml: {lists: [sales/sale]}}" in drafted.text
    assert fields(drafted)["ticketId"] == "sale.id"
    assert fields(drafted)["price"] == "sale.price"


def test_an_element_that_is_empty_or_has_attributes_is_read_by_its_text() -> None:
    """The empty one is null, and so is the text of null."""
    two = "<sale><id>1</id><price/></sale><sale><id>2</id><price unit='x'>2.5</price></sale>"
    drafted = draft((ORDERS, f"<r><sales>{two}</sales></r>"))

    assert fields(drafted)["price"] == 'sale.price."#text"'


# --- names and groups -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "one"),
    [
        ("ticketSales", "ticket_sale"),
        ("companies", "company"),
        ("boxes", "box"),
        ("passes", "pass"),
        ("ties", "tie"),
        ("status", "status"),
        ("...", ""),
    ],
)
def test_an_element_is_named_after_its_list(name: str, one: str) -> None:
    """In the singular, as far as the last letters tell."""
    assert make_singular(name) == one


@pytest.mark.parametrize(
    ("values", "number"),
    [
        ([[{"id": 1}], [{"id": 2}]], 1),
        ([[{"id": 1}], [{"key": 2}]], 2),
        ([[{"id": 1}], []], 2),
        ([{"id": 1}, {"id": 2}], 1),
        ([{"id": 1}, [{"id": 1}]], 2),
        (["a", "b"], 1),
    ],
)
def test_answers_without_a_target_are_of_one_call_where_they_look_alike(
    values: list[Any], number: int
) -> None:
    """Two pages of one list have the same keys; answers of two calls have not."""
    documents = [Document(Sample("", "orders.json", b""), value) for value in values]

    assert len(group_documents(documents)) == number


def test_answers_with_a_name_are_of_the_call_of_that_name() -> None:
    """However alike they look."""
    named = [Document(Sample(name, "a.json", b""), [{"id": 1}]) for name in ("a", "b", "a", "")]

    assert [len(group.documents) for group in group_documents(named)] == [2, 1, 1]
