"""A draft gives out no ticket that is not due: run on its own samples, by whatever says that it is not."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support import USER
from tests.workbench.draft.drafting import conditions, draft, ticket
from tests.workbench.draft.due import ORDERS, draft_of, given_out
from ticketbridge.mapping.spec_compiler import TODO

LATER = "2026-05-05T10:00:00Z"


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        pytest.param({"used_date": "0000-00-00 00:00:00"}, {"used_date": LATER}, id="zero date"),
        pytest.param({"used_date": "00/00/0000"}, {"used_date": "03/04/2026"}, id="zero day"),
        pytest.param({"voidedAt": "0001-01-01T00:00:00"}, {"voidedAt": LATER}, id="year 1"),
        pytest.param({"refundedOn": "1970-01-01T00:00:00Z"}, {"refundedOn": LATER}, id="the epoch"),
        pytest.param({"refunded_at": 0}, {"refunded_at": 1767225600}, id="Unix seconds"),
        pytest.param(
            {"cancelledOn": "/Date(-62135596800000)/"},
            {"cancelledOn": "/Date(1767225600000)/"},
            id="a date in slashes",
        ),
        pytest.param({"scanned_at": ""}, {"scanned_at": LATER}, id="empty"),
        pytest.param({"scanned_at": "never"}, {"scanned_at": LATER}, id="never"),
        pytest.param({"fecha_anulacion": None}, {"fecha_anulacion": LATER}, id="Spanish"),
        pytest.param({"entwertet_am": "0000-00-00"}, {"entwertet_am": LATER}, id="German"),
        pytest.param({"date_annulation": "-"}, {"date_annulation": LATER}, id="French"),
        pytest.param({"cancelDate": "9999-12-31"}, {"cancelDate": LATER}, id="the end of time"),
        pytest.param({"cancellation": {"at": None}}, {"cancellation": {"at": LATER}}, id="nested"),
        pytest.param({"cancelled": 0}, {"cancelled": 1}, id="0 and 1"),
        pytest.param({"cancelled": "0"}, {"cancelled": "1"}, id="0 and 1 as text"),
        pytest.param({"anulada": "N"}, {"anulada": "S"}, id="N and S"),
        pytest.param({"storniert": "nein"}, {"storniert": "ja"}, id="nein and ja"),
        pytest.param({"eingelöst": False}, {"eingelöst": True}, id="an umlaut in a key"),
        pytest.param({"is_resold": "No"}, {"is_resold": "Yes"}, id="No and Yes"),
        pytest.param({"blocked": ""}, {"blocked": "by the box office"}, id="a reason for a flag"),
        pytest.param({"isValid": 1}, {"isValid": 0}, id="a good flag"),
        pytest.param({"gueltig": "J"}, {"gueltig": "N"}, id="a good flag as text"),
        pytest.param({"livemode": True}, {"livemode": False}, id="of a test"),
        pytest.param({"paid_at": LATER}, {"paid_at": None}, id="paid when"),
        pytest.param({"scan_count": 0}, {"scan_count": 1}, id="how often"),
        pytest.param({"times_used": 0}, {"times_used": 2}, id="times"),
        pytest.param({"amount_refunded": "0.00"}, {"amount_refunded": "12.50"}, id="how much"),
        pytest.param({"transferred_to": None}, {"transferred_to": "bo@example.com"}, id="to whom"),
        pytest.param({"replaced_by": None}, {"replaced_by": "T-9"}, id="by another ticket"),
        pytest.param({"upgraded_to_id": ""}, {"upgraded_to_id": 7}, id="to another ticket"),
        pytest.param({}, {"superseded_by": {"id": 7}}, id="by an object"),
        pytest.param({"quantity": 1}, {"quantity": 0}, id="none left"),
        pytest.param({"ticketQty": "2"}, {"ticketQty": "0"}, id="none left as text"),
        pytest.param({"cancelled_by": ""}, {"cancelled_by": "admin"}, id="by whom"),
        pytest.param({"block_reason": None}, {"block_reason": "fraud"}, id="why"),
        pytest.param({"transfer": None}, {"transfer": {"state": "accepted"}}, id="an object"),
        pytest.param({"refunds": []}, {"refunds": [{"id": 3}]}, id="a list"),
        pytest.param(
            {"redemption": {"done": 0, "redeemed": 0}},
            {"redemption": {"done": 0, "redeemed": 1}},
            id="a flag in an object",
        ),
        pytest.param({"valid_until": "2099-01-01T00:00:00Z"}, {"valid_until": LATER}, id="over"),
        pytest.param({"expires_at": 4070908800}, {"expires_at": 1577836800}, id="over in seconds"),
        pytest.param({"is_donation": False}, {"is_donation": True}, id="no ticket by a flag"),
        pytest.param({"addon_to": None}, {"addon_to": 1}, id="an add-on"),
        pytest.param(
            {"category": "VIP"}, {"category": "Gift card"}, id="no ticket by its category"
        ),
        pytest.param(
            {"product": {"type": "ticket"}}, {"product": {"type": "donation"}}, id="a product"
        ),
        pytest.param({"amount_due": 0}, {"amount_due": 12.5}, id="what is due"),
        pytest.param({"unpaid": False}, {"unpaid": True}, id="unpaid"),
        pytest.param({"refund": "0"}, {"refund": "1"}, id="a noun as a flag"),
        pytest.param(
            {"used_at": {"date": "-0001-11-30 00:00:00.000000", "timezone": "UTC"}},
            {"used_at": {"date": "2026-01-01 00:00:00.000000", "timezone": "UTC"}},
            id="a zero date as an object",
        ),
        pytest.param(
            {"void_date": "Thu, 01 Jan 1970 00:00:00 GMT"}, {"void_date": LATER}, id="spelt out"
        ),
        pytest.param({"status": "PAID"}, {"status": "CREDIT_NOTE_ISSUED"}, id="a word"),
        pytest.param({"status": "gültig"}, {"status": "ungültig"}, id="a word with an umlaut"),
        pytest.param({"refund_status": None}, {"refund_status": "completed"}, id="of a refund"),
        pytest.param(
            {"status": {"code": "PAID"}},
            {"status": {"code": "ANNULLED"}},
            id="a status with a code",
        ),
    ],
)
def test_what_the_samples_tell_of_a_ticket_is_a_rule_of_the_draft(
    good: dict[str, Any], bad: dict[str, Any]
) -> None:
    """Whatever the platform writes for yes, no and nothing; the good ticket goes out."""
    assert given_out(draft_of(good, bad, good)) == ["1", "3"]


@pytest.mark.parametrize(
    "changes",
    [
        {"used_at": LATER},
        {"refund_date": "2026-01-01"},
        {"cancelled": "by whom?"},
        {"transfer_id": 9},
        {"replaced_by": "T-9"},
        {"quantity": 0},
        {"times_used": 3},
        {"valid_until": "2026-12-31"},
        {"valid_until": "31.12.2026"},
        {"valid_until": "2026-12-31 23:00:00"},
    ],
)
def test_a_guess_that_its_samples_disprove_is_left_open(changes: dict[str, Any]) -> None:
    """Where all tickets have a date of use, null is not what an unused one has: nobody can know."""
    drafted = draft_of(changes, changes)

    assert TODO in conditions(drafted).values()


@pytest.mark.parametrize(
    "changes",
    [
        {"refundable": False, "transferable": True, "cancelable": "0"},
        {"cancel_url": "https://acme.example/cancel", "refund_policy": "none"},
        {"block": "B", "row": "1", "seat": 2},
        {"transfer_fee": 1.5},
    ],
)
def test_what_may_happen_has_not_happened(changes: dict[str, Any]) -> None:
    """A ticket that can be given back is a good one."""
    assert conditions(draft_of(changes, changes)) == {}


def test_the_zone_of_a_date_without_an_offset_is_taken_from_the_data() -> None:
    """Without one it is left open: a local time is no time in UTC."""
    local = {"valid_until": "2099-01-01T00:00:00"}
    zoned = {**local, "event": {"timezone": "Europe/Madrid"}}

    over = conditions(draft_of(zoned, zoned))["over"]
    assert over.endswith("date(ticket.valid_until, `null`, ticket.event.timezone) <= now()")
    odd = {**local, "event": {"timezone": "Madrid time"}}
    assert conditions(draft_of(odd, odd))["over"] == TODO


# --- payment --------------------------------------------------------------------------------------


@pytest.mark.parametrize("price", [0, "0.00", 0.0])
@pytest.mark.parametrize("flag", ["is_paid", "paid", "bezahlt"])
def test_a_payment_flag_says_nothing_of_a_free_ticket(price: Any, flag: str) -> None:
    """Nobody pays for a ticket that costs nothing, and it lets its owner in."""
    paid = {"price": 5 if price != "0.00" else "5.00", flag: True}
    drafted = draft_of(paid, {"price": price, flag: False}, {**paid, flag: False})

    assert given_out(drafted) == ["1", "2"]


def test_a_free_ticket_that_is_not_confirmed_is_not_due() -> None:
    """That it costs nothing excuses no other flag."""
    free = {"price": 0, "confirmed": True}

    assert given_out(draft_of(free, {**free, "confirmed": False})) == ["1"]


def test_a_time_of_payment_may_be_a_number() -> None:
    """Seconds since 1970; null until it is paid."""
    drafted = draft_of({"paid_at": 1767225600}, {"paid_at": None})

    assert conditions(drafted)["not_paid"] == "ticket.paid_at == `null`"
    assert given_out(drafted) == ["1"]


def test_of_an_order_the_total_says_whether_it_is_free() -> None:
    """A free ticket of an order that was not paid is not paid for."""
    orders = [
        {"id": 1, "paid": True, "total": 5, "tickets": [ticket(1)]},
        {"id": 2, "paid": False, "total": 0, "tickets": [ticket(2, price=0)]},
        {"id": 3, "paid": False, "total": 9, "tickets": [ticket(3, price=0)]},
    ]

    assert given_out(draft((ORDERS, {"orders": orders}))) == ["1", "2"]


# --- kinds of record ------------------------------------------------------------------------------


def test_several_kinds_in_one_list_are_a_closed_table() -> None:
    """A kind that nobody has seen fails the answer."""
    drafted = draft_of({"type": "Registration"}, {"type": "Donation"}, {"type": "Shop"})

    assert given_out(drafted) == ["1"]
    (table,) = [t for t in drafted.parts.tables if t.guess.text == "ticket.type"]
    assert table.known == {
        "Registration": "VALID",
        "Donation": "NOT_A_TICKET",
        "Shop": "NOT_A_TICKET",
    }


@pytest.mark.parametrize(
    "several",
    [
        [{"kind": "T"}, {"kind": "D"}],
        [{"type": "R", "qr": "x"}, {"type": "D", "receipt": "y"}],
        [{"type": "ticket"}, {}],
        [{"type": "ticket"}, {"type": "bundle"}],
    ],
)
def test_a_kind_that_is_not_known_is_left_open(several: list[dict[str, Any]]) -> None:
    """One that some records lack, or a letter, may be anything."""
    tables = draft_of(*several).parts.tables

    assert any(table.unknown for table in tables)


def test_where_each_ticket_is_a_code_alone_the_kind_of_its_line_is_none() -> None:
    """Nothing but the keys of records could tell kinds apart, and a text has none."""
    lines = [{"id": n, "quantity": 1, "type": kind, "codes": [kind]} for n, kind in enumerate("RD")]
    drafted = draft({"line_items": [*lines, {**lines[0], "quantity": 2, "codes": ["x", "y"]}]})

    assert drafted.plan.record == "code"
    assert drafted.parts.tables == []


def test_several_kinds_of_what_is_no_ticket_are_one_condition() -> None:
    """By the words of their category."""
    drafted = draft_of({"category": "Parking"}, {"category": "Merch"}, {"category": "A"})

    assert conditions(drafted)["not_a_ticket"] == (
        'contains(`["Parking", "Merch"]`, ticket.category)'
    )
    assert given_out(drafted) == ["3"]


def test_kinds_of_tickets_are_no_kinds_of_records() -> None:
    """`Adult` and `Child` are what the access category, or the price, is told by."""
    drafted = draft_of({"type": "Adult"}, {"type": "Child"})

    assert [table.guess.text for table in drafted.parts.tables] == ["ticket.status"]


# --- other formats --------------------------------------------------------------------------------


def test_a_status_of_something_else_makes_no_ticket_valid() -> None:
    """An event is active, a refund complete, a user confirmed: none of it says that the ticket is good."""
    for other in ("event", "refund", "user", "delivery"):
        drafted = draft_of({other: {"status": "completed"}}, {other: {"status": "active"}})
        (table,) = [t for t in drafted.parts.tables if other in t.guess.text]
        assert table.is_open


def test_whatever_says_yes_or_no_and_is_not_known_is_pointed_at() -> None:
    """Someone who knows the platform has to look at each."""
    text = draft_of({"ownerChanged": True, "vip": False}, {"ownerChanged": False, "vip": True}).text

    assert "# unsure: not judged here: `ticket.ownerChanged`, `ticket.vip`;" in text


XML_TICKET = (
    "<Ticket><Id>{}</Id><State>Valid</State><EventId>e</EventId><ZoneCode>Z</ZoneCode>"
    f"<Price>1.50</Price><Currency>EUR</Currency><Email>{USER}</Email>{{}}</Ticket>"
)
XSI = 'xmlns:i="http://www.w3.org/2001/XMLSchema-instance"'


@pytest.mark.parametrize(
    ("good", "bad", "text"),
    [
        ('<Void i:nil="true"/>', "<Void>true</Void>", "ticket.Void != `null`"),
        ('<Void nil="true"/>', "<Void>true</Void>", "ticket.Void != `null`"),
        ('<VoidedAt i:nil="1"/>', f"<VoidedAt>{LATER}</VoidedAt>", "ticket.VoidedAt != `null`"),
        ("<VoidedAt/>", f"<VoidedAt>{LATER}</VoidedAt>", "ticket.VoidedAt != `null`"),
        (
            '<VoidedAt type="datetime"/>',
            f'<VoidedAt type="datetime">{LATER}</VoidedAt>',
            'optional(ticket.VoidedAt."#text") != `null`',
        ),
        (
            '<VoidedAt type="datetime" nil="true"/>',
            f'<VoidedAt type="datetime">{LATER}</VoidedAt>',
            'optional(ticket.VoidedAt."#text") != `null`',
        ),
        (
            '<VoidedAt type="datetime"/>',
            '<VoidedAt type="datetime"/>',
            'optional(ticket.VoidedAt."#text") != `null`',
        ),
    ],
)
def test_an_element_that_is_nil_or_has_attributes_alone_is_null(
    good: str, bad: str, text: str
) -> None:
    """It did not happen, whatever stands in the tag."""
    body = XML_TICKET.format(1, good) + XML_TICKET.format(2, bad)
    drafted = draft((ORDERS, f"<R {XSI}><Tickets>{body}</Tickets></R>"))

    assert list(conditions(drafted).values()) == [text]


def test_a_status_with_attributes_is_read_by_its_text() -> None:
    """In all elements, and where only some have attributes."""
    some = "<State code='1'>Valid</State>"
    for first, second in ((some, some), (some, "<State>Void</State>")):
        several = [
            XML_TICKET.format(n, "").replace("<State>Valid</State>", state)
            for n, state in enumerate((first, second), 1)
        ]
        drafted = draft((ORDERS, f"<R {XSI}><Tickets>{''.join(several)}</Tickets></R>"))
        (table,) = drafted.parts.tables
        assert '."#text"' in table.guess.text
        assert table.known["Valid"] == "VALID"
        due = ["1", "2"] if first == second else ["1"]
        assert given_out(drafted) == due
