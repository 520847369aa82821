"""What a draft guesses of each field, and how sure it is."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support import USER
from tests.workbench.draft.drafting import conditions, draft, fields, guess, ticket, tickets
from ticketbridge.mapping.spec_compiler import TODO


def one(**changes: Any) -> Any:
    """The draft of two tickets that differ in their ids, with *changes* of both (`...` takes a key out)."""
    kept = {key: value for key, value in ticket(**changes).items() if value is not ...}
    return draft(tickets(kept, {**kept, "id": 2} if "id" in kept else kept))


def test_a_plain_ticket_leaves_nothing_open() -> None:
    """Names, types and values all say the same."""
    drafted = draft(tickets())

    assert fields(drafted) == {
        "ticketId": "ticket.id",
        "externalReferenceEventId": "ticket.event_id",
        "showId": "ticket.event_id",
        "ticketOptionId": "ticket.category_id",
        "price": "ticket.price",
        "currency": "ticket.currency",
        "buyer": "ticket.email",
    }
    assert drafted.parts.owner.text == "ticket.email"
    assert guess(drafted, "ticketId").sure == "sure"


@pytest.mark.parametrize(
    ("changes", "name", "text"),
    [
        ({"id": ..., "ticketNumber": "A"}, "ticketId", TODO),
        ({"event_id": ..., "event": {"id": 7}}, "externalReferenceEventId", "ticket.event.id"),
        ({"event_id": ..., "event": "fest"}, "externalReferenceEventId", "ticket.event"),
        ({"event_id": ..., "concertCode": "x"}, "externalReferenceEventId", "ticket.concertCode"),
        ({"event_id": ..., "id_event": 7}, "externalReferenceEventId", "ticket.id_event"),
        ({"order_session": 9}, "showId", "ticket.order_session"),
        (
            {"category_id": ..., "tierId": 4, "priceCategory": "x"},
            "ticketOptionId",
            "ticket.tierId",
        ),
        ({"price": ..., "paid": "1", "prix": "12.00"}, "price", "ticket.prix"),
        ({"event_id": ..., "eventName": "x"}, "externalReferenceEventId", TODO),
        ({"event_id": ..., "session_id": 3}, "showId", "ticket.session_id"),
        ({"session_id": 3}, "showId", "ticket.session_id"),
        ({"session_id": None, "event": {"session": 3}}, "showId", "ticket.event.session"),
        ({"event_series_id": "s"}, "externalReferenceEventId", "ticket.event_series_id"),
        ({"event_series_id": "s"}, "showId", "ticket.event_id"),
        ({"event_id": ..., "series_id": "s"}, "showId", "ticket.series_id"),
        ({"category_id": ..., "zone": {"code": "A"}}, "ticketOptionId", "ticket.zone.code"),
        ({"category_id": ..., "ticket_type_id": 4}, "ticketOptionId", "ticket.ticket_type_id"),
        ({"category_id": ..., "ticket_class_name": "x"}, "ticketOptionId", TODO),
        ({"variation_id": 0}, "priceTypeId", "null_if(ticket.variation_id, `0`)"),
        ({"tarifa": "T1"}, "priceTypeId", "ticket.tarifa"),
        (
            {"price": ..., "amount_cents": 1250},
            "price",
            "minor_units(ticket.amount_cents, ticket.currency)",
        ),
        ({"price": 4550}, "price", "minor_units(ticket.price, ticket.currency)"),
        ({"price": 45}, "price", "ticket.price"),
        ({"price": "12.50", "tax_amount": "1.00"}, "price", "ticket.price"),
        ({"price": ..., "fee": 1.5}, "price", TODO),
        ({"price": "12,50"}, "price", TODO),
        ({"price": True}, "price", TODO),
        (
            {"price": {"value": 1250, "major_value": "12.50", "display": "$12.50"}},
            "price",
            "ticket.price.major_value",
        ),
        ({"currency": "eur"}, "currency", "upper(ticket.currency)"),
        ({"currency": ..., "cur": "KWD"}, "currency", "ticket.cur"),
        ({"currency": "XYZ"}, "currency", TODO),
        ({"currency": ..., "price": 4550}, "price", "divide(ticket.price, `100`)"),
        ({"bought_by": "bo@example.com"}, "buyer", "ticket.bought_by"),
    ],
)
def test_a_field_is_guessed_by_name_type_and_value(
    changes: dict[str, Any], name: str, text: str
) -> None:
    """Where nothing fits, it is left open."""
    drafted = one(**changes)

    assert fields(drafted)[name] == text
    assert guess(drafted, name).is_open == (text == TODO)


def test_a_key_that_some_records_lack_is_optional() -> None:
    """A missing key would be an error; a null goes back to what is always there."""
    drafted = draft(tickets(ticket(1, session_id=3), ticket(2), ticket(3, session_id=None)))

    assert fields(drafted)["showId"] == "default(optional(ticket.session_id), ticket.event_id)"


def test_the_reasons_name_what_was_seen_and_what_else_it_could_be() -> None:
    """Someone has to judge the guess."""
    drafted = draft(tickets(ticket(1, code="a"), ticket(2, code="b"), ticket(3, code="c")))

    comment = guess(drafted, "ticketId").comment
    assert comment == "likely: different in all 3 records; it could be `ticket.code`"
    assert "# sure: EUR in all records" in drafted.text


def test_one_record_alone_makes_no_id_sure() -> None:
    """That it differs in each cannot be seen."""
    assert guess(draft(tickets(ticket())), "ticketId").sure == "unsure"


# --- owner ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "owner"),
    [
        ({"email": ...}, TODO),
        ({"email": "bo@example.com", "holder": {"email": USER}}, "ticket.holder.email"),
        ({"attendee_email": USER}, "ticket.email"),
        ({"email": "ANA@example.com"}, "ticket.email"),
    ],
)
def test_the_owner_is_the_address_that_is_the_users(changes: dict[str, Any], owner: str) -> None:
    """Letter case aside; an attendee's address comes after the order's."""
    assert one(**changes).parts.owner.text == owner


OTHER = "bo@example.com"


@pytest.mark.parametrize(
    ("records", "owner"),
    [
        ([{"owner_email": USER}, {"owner_email": OTHER}], "ticket.owner_email"),
        ([{"current_owner": OTHER}, {"current_owner": OTHER}], "ticket.current_owner"),
        ([{"email": OTHER, "holder_email": USER}, {"holder_email": USER}], "ticket.holder_email"),
        ([{"owner": {"email": USER}}, {"owner": {"email": OTHER}}], "ticket.owner.email"),
        (
            [{"owner_email": None}, {"owner_email": OTHER}],
            "default(ticket.owner_email, ticket.email)",
        ),
        (
            [{"owner_email": ""}, {"owner_email": OTHER}],
            "default(null_if(ticket.owner_email, ''), ticket.email)",
        ),
        ([{}, {"ownerEmail": OTHER}], "default(optional(ticket.ownerEmail), ticket.email)"),
    ],
)
def test_an_owner_who_is_called_so_comes_before_another_address(
    records: list[dict[str, Any]], owner: str
) -> None:
    """After a transfer the buyer owns nothing; the other address is named, and is taken for the buyer."""
    drafted = draft(tickets(*(ticket(n, **changes) for n, changes in enumerate(records))))

    assert (drafted.parts.owner.text, drafted.parts.owner.sure) == (owner, "unsure")
    assert "TODO: `ticket.email` is somebody else" in drafted.parts.owner.why
    assert fields(drafted)["buyer"] == "ticket.email"


@pytest.mark.parametrize(
    "changes",
    [
        {"event": {"owner": {"email": OTHER}}},
        {"previous_owner_email": OTHER},
        {"account_owner_email": OTHER},
        {"card_holder_email": OTHER},
    ],
)
def test_the_owner_of_something_else_is_none_of_the_ticket(changes: dict[str, Any]) -> None:
    """Of the event, of an account, or an owner who was."""
    assert one(**changes).parts.owner.text == "ticket.email"


def test_an_owner_who_is_the_same_everywhere_names_no_other() -> None:
    """And a key of a transfer is nobody's address but the next one's."""
    owner = one(owner_email="ANA@example.com", transferred_to={"email": OTHER}).parts.owner

    assert (owner.text, owner.sure) == ("ticket.owner_email", "likely")
    assert "TODO" not in owner.why


def test_the_orders_address_comes_before_the_tickets() -> None:
    """Who bought it may sell it."""
    drafted = draft({"orders": [{"id": 1, "email": USER, "tickets": [ticket(1), ticket(2)]}]})

    assert drafted.parts.owner.text == "order.email"
    assert drafted.parts.owner.sure == "likely"


def test_without_a_user_no_owner_is_likely() -> None:
    """Whose tickets they are was not said."""
    owner = draft(tickets(), user=None).parts.owner

    assert (owner.text, owner.sure) == ("ticket.email", "unsure")
    assert "--user" in owner.why


# --- status ---------------------------------------------------------------------------------------


def tables(*words: Any, key: str = "status") -> str:
    """The drafted text of the status, for tickets of these words."""
    return draft(
        tickets(*({**ticket(n), "status": 0.5, key: word} for n, word in enumerate(words)))
    ).text.partition("  fields:")[0]


def test_a_word_that_is_taken_for_valid_is_said_to_be_unsure() -> None:
    """No word counts as valid without a doubt beside it."""
    text = tables("PAID", "REFUNDED", "checkedIn")

    line = next(line for line in text.splitlines() if line.strip().startswith("PAID: VALID"))
    assert "# unsure: " in line
    assert "REFUNDED: REFUNDED" in text
    assert "checkedIn: USED" in text


@pytest.mark.parametrize(
    "word",
    [
        *("FOO", "not paid", "partially_refunded", "unassigned", "paid_refunded", "p", "p4", "-"),
        *("CREDIT_NOTE_ISSUED", "PAID_BACK", "sold back", "payment.received.late", "nicht bezahlt"),
        *("Valid until refund", "activePending", "issuedForCancel", "incomplete", "PAID?no"),
        *("issued_by_admin", "ACTIVE_PAYMENT", "order confirmed"),
    ],
)
def test_a_word_of_unknown_meaning_is_not_in_the_table(word: str) -> None:
    """It is a TODO in a comment, so that it fails the answer; half a meaning is none."""
    text = tables("PAID", word)

    assert f"{word}: VALID" not in text
    assert "# TODO: " in text
    assert "what does it mean? Unlisted, it fails the answer." in text


def test_a_table_without_a_valid_word_is_open() -> None:
    """`check` points at it."""
    text = tables("x", "y")

    assert "values: {}" in text
    assert "# TODO: which word means that the ticket is valid?" in text


def test_without_a_status_the_draft_is_open() -> None:
    """`from: TODO` is an expression that `check` refuses."""
    text = draft(tickets({k: v for k, v in ticket().items() if k != "status"})).text

    assert "from: TODO" in text
    assert "# TODO: no value looks like a status word" in text


def test_a_status_that_is_sometimes_null_says_so() -> None:
    """Null would be an unknown status; it gets a word of its own, and a doubt."""
    text = tables("REFUNDED", None, key="refund_status")

    assert "default(ticket.refund_status, 'none')" in text
    assert any(
        line.strip().startswith("none: VALID") and "# unsure" in line for line in text.splitlines()
    )


def test_a_null_of_the_tickets_own_status_is_left_open() -> None:
    """Only of what undoes a ticket it says that nothing was done."""
    text = tables("PAID", None, key="status")

    assert "default(ticket.status, 'none')" in text
    assert "# TODO: none: what does it mean?" in text


def test_without_a_price_no_word_of_a_payment_is_one_of_free_tickets() -> None:
    """Where nothing says what a ticket costs, `paid` means paid."""
    kept = {key: value for key, value in ticket(payment_status="paid").items() if key != "price"}
    (table,) = (t for t in draft(tickets(kept)).parts.tables if "payment" in t.guess.text)

    assert table.known == {"paid": "VALID"}


def test_several_statuses_are_several_tables() -> None:
    """The order's and the ticket's both decide, the outer one first."""
    drafted = draft({"orders": [{"state": "placed", "tickets": [ticket(1), ticket(2)]}]})

    assert [table.guess.text for table in drafted.parts.tables] == ["order.state", "ticket.status"]


# --- conditions -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"voided": False}, {"voided": "ticket.voided"}),
        ({"is_test": False}, {"test": "ticket.is_test"}),
        ({"checkedIn": "false"}, {"checked_in": "ticket.checkedIn != 'false'"}),
        (
            {"refunded": None, "voided": True},
            {"refunded": "ticket.refunded != `null`", "voided": "ticket.voided"},
        ),
        ({"scanned_at": None}, {"scanned": "ticket.scanned_at != `null`"}),
        ({"used_on": "2026-01-01"}, {"used": TODO}),
        ({"used_at": False}, {"used": "ticket.used_at"}),
        (
            {"valid_until": "2027-01-01T00:00:00Z"},
            {"over": "ticket.valid_until != `null` && date(ticket.valid_until) <= now()"},
        ),
        (
            {"valid_until": "2027-01-01T00:00:00.5+0100"},
            {"over": "ticket.valid_until != `null` && date(ticket.valid_until) <= now()"},
        ),
        (
            {"valid_until": "2027-01-01 00:00:00"},
            {"over": TODO},
        ),
        (
            {"valid_until": "2027-01-01"},
            {"over": TODO},
        ),
        ({"valid_until": 5}, {"over": TODO}),
        ({"add_on_id": None}, {"add_on": "ticket.add_on_id != `null`"}),
        ({"active": True}, {"not_active": "ticket.active != `true`"}),
        ({"active": 0}, {"not_active": "ticket.active != `1`"}),
        ({"active": "perhaps"}, {"not_active": TODO}),
        ({"paid": True}, {"not_paid": "ticket.paid != `true` && ticket.price != `0`"}),
        ({"paid": True, "price": "free"}, {"not_paid": "ticket.paid != `true`"}),
        ({"paid": "perhaps"}, {"not_paid": TODO}),
        ({"paid_at": None}, {"not_paid": TODO}),
        ({"paid_at": "2026-01-01T00:00:00Z", "price": 0}, {"not_paid": TODO}),
        ({"quantity": "two"}, {}),
        ({"voided": 1}, {"voided": "ticket.voided != `0`"}),
        ({"voided": "perhaps"}, {"voided": TODO}),
        ({"checkins": []}, {"used": "length(ticket.checkins) > `0`"}),
        (
            {"refunded_amount": 0, "cancelled": 0},
            {
                "refunded_amount": "ticket.refunded_amount != `0`",
                "cancelled": "ticket.cancelled != `0`",
            },
        ),
    ],
)
def test_flags_and_moments_become_conditions(
    changes: dict[str, Any], found: dict[str, str]
) -> None:
    """By their names and by what values they have."""
    assert conditions(one(**changes)) == found


def test_a_flag_that_may_be_missing_is_taken_for_false_and_said_to_be_unsure() -> None:
    """Someone has to judge it."""
    drafted = draft(tickets(ticket(1, voided=True), ticket(2)))
    (condition,) = drafted.parts.conditions

    assert condition.guess.text == "default(optional(ticket.voided), `false`)"
    assert condition.guess.sure == "unsure"


def test_the_zone_of_a_time_without_an_offset_is_left_to_be_written() -> None:
    """What a sample does not say is no guess: the draft cannot be served before somebody says it."""
    (condition,) = one(valid_until="2027-01-01T20:00:00").parts.conditions

    assert condition.guess.is_open
    assert "zone" in condition.guess.why


def test_two_flags_of_one_name_are_two_conditions() -> None:
    """The inner one is named by where it stands."""
    drafted = draft(
        {"orders": [{"void": False, "tickets": [ticket(1, void=False), ticket(2, void=True)]}]}
    )

    assert conditions(drafted) == {"void": "order.void", "ticket_void": "ticket.void"}


def test_where_that_name_is_taken_too_a_number_tells_conditions_apart() -> None:
    """No two conditions have one name, whatever the platform's keys are."""
    order = {"void": False, "ticket_void": False, "tickets": [ticket(1, void=False)]}

    assert conditions(draft({"orders": [order]})) == {
        "void": "order.void",
        "ticket_void": "order.ticket_void",
        "ticket_void_2": "ticket.void",
    }


# --- seats ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        (
            {"seat": {"row": "4", "number": 7, "block": "B"}},
            {
                "section": "ticket.seat.block",
                "row": "ticket.seat.row",
                "seat": "ticket.seat.number",
            },
        ),
        (
            {"row_name": "4", "seat_number": 7},
            {"row": "ticket.row_name", "seat": "ticket.seat_number"},
        ),
        ({"zone": "A"}, None),
        ({"seat": None}, None),
    ],
)
def test_seats_are_found(changes: dict[str, Any], found: dict[str, str] | None) -> None:
    """A zone alone is no seat."""
    props = one(**changes).parts.fields.get("props")

    assert props is None or isinstance(props, dict)
    seating = props["seating"] if props else None
    assert (seating and {name: guess.text for name, guess in seating.items()}) == found


def test_the_number_of_a_record_that_is_a_seat_is_that_of_the_seat() -> None:
    """Where the list of tickets is one of seats."""
    seats = [{**ticket(n), "number": n + 4} for n in (1, 2)]
    props = draft({"seats": seats}).parts.fields["props"]

    assert isinstance(props, dict)
    assert props["seating"]["seat"].text == "seat.number"
