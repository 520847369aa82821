"""What the values say: it comes before what a name says, and whatever the platform calls it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support import USER
from tests.workbench.draft.drafting import (
    conditions,
    draft,
    entries,
    fields,
    guess,
    source,
    ticket,
    tickets,
)
from ticketbridge.mapping.spec_compiler import TODO
from ticketbridge.workbench.draft.platform_words import find_meaning, split_key
from ticketbridge.workbench.draft.vocabulary import take_apart

ORDERS = f"/orders?email={USER}"
TICKETS = f"/tickets?email={USER}"


# --- names ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("eventId", ["event", "id"]),
        ("id_evento", ["evento", "id"]),
        ("codigo_ingresso", ["ingresso", "codigo"]),
        ("refBilhete", ["bilhete", "ref"]),
        ("ticketUuid", ["ticket", "uuid"]),
        ("tickettypepriceid", ["ticket", "type", "price", "id"]),
        ("Seat_Number__c", ["seat", "number"]),
        ("Event__r", ["event"]),
        ("_msevtmgt_eventid_value", ["msevtmgt", "event", "id"]),
        ("Sessão", ["sessao"]),
        ("valid", ["valid"]),
        ("showtime", ["showtime"]),
        ("servicecharge", ["servicecharge"]),
    ],
)
def test_a_key_is_read_as_words(key: str, words: list[str]) -> None:
    """An id may stand before or after its word; marks of platforms and missing separators do not matter."""
    assert split_key(key) == words


def test_only_known_words_are_taken_out_of_one() -> None:
    """What is not made of such words as a whole stays as it is."""
    assert take_apart("eventidx") == ["eventidx"]
    assert take_apart("sectionname") == ["section", "name"]


@pytest.mark.parametrize(
    "names",
    [
        ("codigo_boleto", "evento_id", "funcion_id", "localidad_id", "precio", "moneda"),
        ("codigo_ingresso", "evento_id", "sessao_id", "setor_id", "preco", "moeda"),
        ("code_billet", "evenement_id", "seance_id", "categorie_id", "prix", "devise"),
        (
            "Eintrittskarte_ID",
            "VeranstaltungsId",
            "TerminId",
            "Platzkategorie_ID",
            "Preis",
            "Währung",
        ),
        (
            "codice_biglietto",
            "manifestazione_id",
            "rappresentazione_id",
            "settore_id",
            "prezzo",
            "valuta",
        ),
        ("kaartje_nummer", "evenement_id", "voorstelling_id", "vak_id", "prijs", "munt"),
        ("codi_entrada", "esdeveniment_id", "sessio_id", "zona_id", "preu", "moneda"),
        ("ticketNumber", "reservationFor_id", "subEvent_id", "category", "price", "priceCurrency"),
    ],
)
def test_words_of_eight_languages_are_known(names: tuple[str, ...]) -> None:
    """Nouns, prices and currencies; the last are those of schema.org."""
    rows = [
        dict(
            zip(names, (f"T-100{n}", "ev-1", f"s-{n // 2}", f"z-{n % 2}", 12.5, "EUR"), strict=True)
        )
        for n in range(4)
    ]
    found = fields(draft({"data": [{"email": USER, **row} for row in rows]}))

    asked = (
        "ticketId",
        "externalReferenceEventId",
        "showId",
        "ticketOptionId",
        "price",
        "currency",
    )
    keys = [found[name].partition(".")[2].strip('"') for name in asked]
    assert keys == list(names)


@pytest.mark.parametrize(
    ("word", "meaning"),
    [
        ("aprovado", "VALID"),
        ("confermato", "VALID"),
        ("betaald", "VALID"),
        ("ReservationConfirmed", "VALID"),
        ("ReservationHold", "PENDING"),
        ("OrderPaymentDue", "PENDING"),
        ("OrderReturned", "REFUNDED"),
        ("estornado", "REFUNDED"),
        ("rimborsata", "REFUNDED"),
        ("cancel·lat", None),
        ("overgedragen", "TRANSFERRED"),
        ("Forwarded", "TRANSFERRED"),
        ("scaduto", "EXPIRED"),
        ("utilitzat", "USED"),
        ("open", None),
        ("não pago", None),
        ("OrderDelivered", None),
    ],
)
def test_status_words_of_more_languages_have_a_meaning(word: str, meaning: str | None) -> None:
    """A word that is not known whole has none, and so is never valid."""
    assert find_meaning(word) == meaning


# --- ids ------------------------------------------------------------------------------------------


def rows(*several: dict[str, Any]) -> dict[str, Any]:
    """Tickets without an id and a category of their own."""
    plain = {k: v for k, v in ticket().items() if k not in {"id", "category_id"}}
    return tickets(*({**plain, **one} for one in several))


def test_the_only_value_that_differs_in_each_record_is_its_id() -> None:
    """Whatever it is called; but one that several could be is open, and so is a short or a dated one."""
    names = ("AB-1001", "AB-1002", "AB-1003")
    drafted = draft(rows(*({"zz": name} for name in names)))
    assert guess(drafted, "ticketId").text == "ticket.zz"
    assert guess(drafted, "ticketId").sure == "unsure"

    assert guess(draft(rows(*({"zz": n, "yy": n} for n in names))), "ticketId").is_open
    assert guess(draft(rows({"zz": "1"}, {"zz": "2"}, {"zz": "3"})), "ticketId").is_open
    dates = ({"zz": f"2026-01-0{n}"} for n in (1, 2, 3))
    assert guess(draft(rows(*dates)), "ticketId").is_open


def test_values_of_one_character_are_no_ids_of_tickets() -> None:
    """A seat's number differs in each record by chance."""
    assert fields(draft(rows({"seat": "5"}, {"seat": "6"})))["ticketId"] == TODO
    assert fields(draft(rows({"seat": "A-105"}, {"seat": "A-106"})))["ticketId"] == "ticket.seat"


def test_what_differs_in_each_record_is_no_category() -> None:
    """`ticket_number` is the ticket's own, though it says `ticket`."""
    several = ({"ticket_number": f"N-100{n}", "id": n} for n in range(4))
    assert fields(draft(rows(*several)))["ticketOptionId"] == TODO


def test_a_name_stands_for_a_category_without_an_id() -> None:
    """If some records share it, and not all; it is said to be unsure."""
    names = ("Pista", "Pista", "Camarote")
    drafted = draft(rows(*({"id": n, "ticket_name": name} for n, name in enumerate(names))))
    assert guess(drafted, "ticketOptionId").text == "ticket.ticket_name"
    assert guess(drafted, "ticketOptionId").sure == "unsure"

    alone = draft(rows(*({"id": n, "ticket_name": "Pista"} for n in range(3))))
    assert guess(alone, "ticketOptionId").is_open


def test_the_innermost_list_that_looks_like_tickets_has_the_records() -> None:
    """A booking around it has an id, a state and a price too, and is an order all the same."""
    part = {"id": 1, "pricingCategoryId": 2, "bookedPrice": 5.0}
    booking = {
        "id": 7,
        "status": "PAID",
        "type": "x",
        "totalPrice": 5.0,
        "currency": "EUR",
        "email": USER,
        "pricingCategoryBookings": [part],
    }
    assert entries(draft({"items": [booking]})) == {
        "record": "each body.items",
        "pricing_category_booking": "each record.pricingCategoryBookings",
    }


@pytest.mark.parametrize(
    ("several", "name", "text"),
    [
        pytest.param(
            [{"id": 1, "ticket_type": "910010"}, {"id": 2, "ticket_type": "910020"}],
            "ticketOptionId",
            "ticket.ticket_type",
            id="a type that is a number",
        ),
        pytest.param(
            [{"id": 1, "ticket_type": "Adult"}, {"id": 2, "ticket_type": "Child"}],
            "ticketOptionId",
            TODO,
            id="a type in words",
        ),
        pytest.param(
            [{"@id": "/t/1", "uuid": "aa-1"}, {"@id": "/t/2", "uuid": "aa-2"}],
            "ticketId",
            "ticket.uuid",
            id="an id before a path",
        ),
        pytest.param(
            [{"id": 1, "zone": {"@id": "/z/1", "uuid": "z-1"}}],
            "ticketOptionId",
            "ticket.zone.uuid",
            id="an id within an object before a path",
        ),
        pytest.param(
            [{"id": 1, "sector_id": 5, "ticket_type": {"id": 6}}],
            "ticketOptionId",
            "ticket.sector_id",
            id="a place before a type",
        ),
        pytest.param(
            [{"id": 1, "sector_id": 5, "ticket_type": {"id": 6}}],
            "priceTypeId",
            "ticket.ticket_type.id",
            id="the type of a ticket in a place is that of its price",
        ),
        pytest.param(
            [{"id": 1, "sector": {"id": 5}, "type": {"id": 6}}],
            "ticketOptionId",
            "ticket.sector.id",
            id="objects of both",
        ),
        pytest.param(
            [{"id": 1, "price_id": 8, "section": "Main"}],
            "ticketOptionId",
            "ticket.price_id",
            id="a price before the name of a section",
        ),
        pytest.param(
            [{"id": 1, "price_id": 8}], "ticketOptionId", "ticket.price_id", id="a price alone"
        ),
        pytest.param(
            [{"id": 1, "price": ..., "registration_fee": 5.5}],
            "price",
            "ticket.registration_fee",
            id="a fee that is the price",
        ),
        pytest.param(
            [{"id": 1, "price": {"base": 5.5, "final": 6.5}}],
            "price",
            "ticket.price.base",
            id="a price as an object",
        ),
        pytest.param(
            [{"id": 1, "sessions": {"data": [{"id": 71}]}}, {"id": 2, "sessions": {"data": []}}],
            "showId",
            "default(ticket.sessions.data[0].id, ticket.event_id)",
            id="the only one of a list",
        ),
        pytest.param(
            [{"id": 1, "sessions": [{"show": {"id": 71}}]}],
            "showId",
            "ticket.sessions[0].show.id",
            id="an object within the only one of a list",
        ),
        pytest.param(
            [{"id": 1, "sessions": [{"id": 71}, {"id": 72}]}],
            "showId",
            "ticket.event_id",
            id="not the first of several",
        ),
    ],
)
def test_an_id_is_found_by_what_it_looks_like(
    several: list[dict[str, Any]], name: str, text: str
) -> None:
    """Where names alone would give another, or none."""
    made = rows(*several)["tickets"]
    plain = [{k: v for k, v in one.items() if v is not ...} for one in made]

    drafted = draft({"tickets": plain})
    assert fields(drafted)[name] == text
    assert "[0]" not in text or guess(drafted, name).sure == "unsure"


@pytest.mark.parametrize(
    ("several", "text"),
    [
        pytest.param([(120, 5), (120, 5), (121, 6)], "ticket.post_id", id="shared by several"),
        pytest.param([(120, 5), (121, 5), (121, 6)], TODO, id="differs within one category"),
        pytest.param([(120, 5), (120, 5)], TODO, id="too few records"),
        pytest.param([(120, 5), (121, 6), (122, 7)], TODO, id="differs in each"),
        pytest.param([(None, 5), (121, 6), (121, 6)], TODO, id="not in each"),
    ],
)
def test_an_id_of_no_known_word_may_be_the_event(
    several: list[tuple[int | None, int]], text: str
) -> None:
    """If it is the only one, and the same wherever the category is; the order's id is none."""
    plain = [
        {"id": n, "order_id": 9, "post_id": post, "category_id": category}
        for n, (post, category) in enumerate(several)
    ]
    made = [{k: v for k, v in one.items() if k != "event_id"} for one in rows(*plain)["tickets"]]
    drafted = draft({"tickets": made})

    assert fields(drafted)["externalReferenceEventId"] == text
    assert fields(drafted)["showId"] == text
    assert guess(drafted, "showId").sure in {"unsure", "TODO"}


def test_a_seat_may_be_objects_with_names() -> None:
    """A zone with a name is the category, and says nothing of the seat."""
    place = {"row": {"name": "4"}, "sector": {"code": "S12"}, "seat": {"name": "17"}}
    drafted = draft(rows({"id": 1, "zone": {"name": "Low"}, **place}))
    seating = drafted.parts.fields["props"]

    assert not isinstance(seating, str)
    assert {name: g.text for name, g in seating["seating"].items()} == {  # type: ignore[index,union-attr]
        "section": "ticket.sector.code",
        "row": "ticket.row.name",
        "seat": "ticket.seat.name",
    }


def test_a_letter_alone_says_nothing() -> None:
    """`e_number` of an event is the event's number."""
    assert split_key("e_number") == ["number"]
    assert split_key("e") == ["e"]


@pytest.mark.parametrize("key", ["checked", "validated_at"])
def test_a_ticket_that_was_checked_is_used(key: str) -> None:
    """By a flag, and by a date that others have not."""
    values = (False, True) if key == "checked" else (None, "2026-01-01T10:00:00Z")
    several = (ticket(n, **{key: value}) for n, value in enumerate(values))
    assert f"ticket.{key}" in " ".join(conditions(draft(tickets(*several))).values())


def test_a_key_without_a_letter_or_a_digit_says_nothing() -> None:
    """It has no word that could be one of an id, whatever stands there."""
    assert fields(draft(rows({"id": 1, "-": 71}, {"id": 2, "-": 71})))["ticketOptionId"] == TODO


def test_a_key_of_a_list_that_no_expression_can_name_is_passed_over() -> None:
    """A quote would end the text that `lookup` searches for."""
    pairs = [{"key": "o'zone_id", "value": "A"}, {"key": "show_id", "value": "s"}]
    found = fields(draft(rows({"id": 1, "meta": pairs}, {"id": 2, "meta": pairs})))

    assert found["ticketOptionId"] == TODO
    assert found["showId"] == "lookup(ticket.meta, 'key', 'show_id').value"


# --- pairs ----------------------------------------------------------------------------------------


def test_a_pair_is_an_id_and_a_name() -> None:
    """`[31, "Open Days"]`; `false` in place of a pair stands for null."""
    several = (
        {
            "id": 1,
            "event_id": [31, "Open"],
            "event_ticket_id": [64, "VIP"],
            "currency_id": [1, "EUR"],
        },
        {"id": 2, "event_id": [31, "Open"], "event_ticket_id": False, "currency_id": [1, "EUR"]},
    )
    found = fields(draft(tickets(*({"email": USER, "price": 5.5, **one} for one in several))))

    assert found["externalReferenceEventId"] == "ticket.event_id[0]"
    assert found["ticketOptionId"] == "null_if(ticket.event_ticket_id, `false`)[0]"
    assert found["currency"] == "ticket.currency_id[1]"


def test_two_texts_are_no_pair() -> None:
    """And a list of another size is none; an absent one is null."""
    found = fields(draft(rows({"id": 1, "zone": ["A", "B"]}, {"id": 2, "zone": ["A", "C"]})))
    assert found["ticketOptionId"] == TODO
    found = fields(draft(rows({"id": 1, "zone": [1, "B"]}, {"id": 2})))
    assert found["ticketOptionId"] == "optional(ticket.zone)[0]"


# --- JSON:API -------------------------------------------------------------------------------------


def resource(kind: str, number: str, attributes: Any = None, **relations: str) -> dict[str, Any]:
    """A resource of JSON:API."""
    named = {name: {"data": {"id": i, "type": name}} for name, i in relations.items()}
    return {"id": number, "type": kind, "attributes": attributes or {}, "relationships": named}


def answer(*several: dict[str, Any], **more: Any) -> dict[str, Any]:
    """An answer with two bookings and an event; their ids are the same."""
    included = [
        resource("booking", "1", {"customer_email": USER}, event="1"),
        resource("booking", "2", {"customer_email": "bo@example.com"}, event="1"),
        resource("event", "1", {"name": "Fest"}),
    ]
    return {"data": list(several), "included": included, **more}


FIRST = resource(
    "ticket", "t-1", {"status": "valid", "price": 5.5, "currency": "EUR"}, booking="1", zone="9"
)
SECOND = resource(
    "ticket", "t-2", {"status": "valid", "price": 5.5, "currency": "EUR"}, booking="2", zone="9"
)


def test_what_relations_name_is_joined() -> None:
    """By type and id together, as ids of two types may be the same; the answer is bound whole."""
    drafted = draft((TICKETS, answer(FIRST, SECOND)))
    joined = (
        "lookup(answer.included[?type == 'booking'], 'id', ticket.relationships.booking.data.id)"
    )

    assert entries(drafted) == {"answer": "take body", "ticket": "each answer.data"}
    assert drafted.parts.owner.text == f"{joined}.attributes.customer_email"
    assert "the asked user in 1 of 2 records" in drafted.parts.owner.why
    assert fields(drafted)["externalReferenceEventId"] == f"{joined}.relationships.event.data.id"
    assert fields(drafted)["ticketOptionId"] == "ticket.relationships.zone.data.id"


def test_a_relation_to_nothing_or_to_several_types_is_not_joined() -> None:
    """Null where the record has none; two types have no one place to look in."""
    alone = {**SECOND, "relationships": {"booking": {"data": None}}}
    drafted = draft((TICKETS, answer(FIRST, alone)))
    assert drafted.parts.owner.text.endswith(".attributes.customer_email")

    other = {**SECOND, "relationships": {"booking": {"data": {"id": "1", "type": "event"}}}}
    assert draft((TICKETS, answer(FIRST, other))).parts.owner.is_open
    several = {**SECOND, "relationships": {"booking": {"data": [{"id": "1", "type": "booking"}]}}}
    for few in (answer(several), answer(FIRST, several)):
        assert draft((TICKETS, few)).parts.owner.is_open
    odd = {**SECOND, "relationships": {"booking": {"data": {"id": "1", "type": ["booking"]}}}}
    assert draft((TICKETS, answer(FIRST, odd))).parts.owner.is_open
    assert draft((TICKETS, answer(odd))).parts.owner.is_open


def test_pages_that_are_bound_whole_name_their_items_and_their_end() -> None:
    """An empty page is the last, where nothing else says so."""
    lines = source(
        (f"{TICKETS}&page=1", answer(FIRST)),
        (f"{TICKETS}&page=2", answer(SECOND)),
    )
    assert lines[3:] == [
        "pages:",
        "number: {start: 1}",
        "items: body.data",
        "last: length(body.data) == `0`",
        "take: body",
        "- name: ticket",
        "each: answer.data",
    ]


# --- the user -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("email:ana@example.com", '"email:{user}"'),
        ("mariana@example.com", '"{TODO}"'),
        ("x = 'ana@example.com'", "\"x = '{quoted(user, 'backslash')}'\""),
        ("Email eq 'ana@example.com' and {x}", "\"Email eq '{quoted(user, 'sql')}' and {{x}}\""),
        ("ana@example.com", '"{user}"'),
        ("ANA@example.com", '"{user}"'),
    ],
)
def test_a_parameter_that_contains_the_user_is_not_the_user(value: str, written: str) -> None:
    """The text around it stays; between quotes the address is quoted; another's address is open."""
    assert f"q: {written}" in " ".join(source((f"/orders?q={value}", tickets())))


def test_beside_the_user_nothing_personal_is_written() -> None:
    """A name of the answer, in the same parameter, stands in no mapping."""
    lines = source(
        (
            f"/orders?q=Ruiz,{USER}",
            tickets(ticket(1, last_name="Ruiz"), ticket(2, last_name="Ruiz")),
        )
    )
    assert 'query: {q: "{TODO}"}' in lines


def test_without_a_user_any_address_alone_is_the_user() -> None:
    """But no text that contains one."""
    assert 'query: {q: "{user}"}' in source(("/orders?q=bo@example.com", tickets()), user=None)
    assert "{user}" not in " ".join(source(("/orders?q=to:bo@example.com", tickets()), user=None))


# --- pages ----------------------------------------------------------------------------------------


def test_a_parameter_that_stood_in_the_page_before_is_the_cursor() -> None:
    """Whatever both are called; a value of one character proves nothing."""

    def pages(*marks: str) -> list[Any]:
        targets = [ORDERS, *(f"{ORDERS}&bookmark={mark}" for mark in marks)]
        return [
            (target, {**tickets(ticket(n)), "meta": {"resume": mark}})
            for n, (target, mark) in enumerate(zip(targets, (*marks, None), strict=True))
        ]

    assert "cursor: body.meta.resume" in source(*pages("aXk1", "bXk2"))
    assert "cursor: body.meta.resume" not in source(*pages("7", "8"))


# --- conditions -----------------------------------------------------------------------------------


def test_a_list_that_all_records_have_disproves_that_it_ends_a_ticket() -> None:
    """Where each has a check-in, nobody knows what a good ticket has."""
    several = (ticket(n, checkins=[{"done": False}]) for n in (1, 2))
    assert conditions(draft(tickets(*several)))["used"] == TODO
    assert conditions(draft(tickets(ticket(1, checkins=[{}]), ticket(2, checkins=[]))))["used"] == (
        "length(ticket.checkins) > `0`"
    )
    assert conditions(draft(tickets(ticket(1, checkins=[]), ticket(2))))["used"] == (
        "length(as_list(optional(ticket.checkins))) > `0`"
    )


def test_an_answer_that_says_it_is_not_done_fails() -> None:
    """More of it is to come, and nothing says how to ask."""
    assert '{when: "body.done != `true`", then: fail}' in " ".join(
        source((ORDERS, {**tickets(), "done": True}))
    )
