"""Personal data is found by keys and looks, and replaced wherever it stands."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from tests.support import TOKEN, USER
from ticketbridge.workbench.personal.personal_data import PersonalData
from ticketbridge.workbench.personal.personal_kinds import DataSpot, PersonalKind, find_kind, mask
from ticketbridge.workbench.personal.standins import StandIns, make_shape


def masked(document: Any, **options: Any) -> Any:
    """The document with masks over all that is personal."""
    personal = PersonalData(USER, **options)
    personal.learn(document)
    return personal.replace_in(document, mask)


def made_up(document: Any, user: str = USER) -> Any:
    """The document with stand-ins."""
    personal = PersonalData(user)
    personal.learn(document)
    return personal.replace_in(document, StandIns(user, personal.words | personal.known.keys()))


@pytest.mark.parametrize(
    ("key", "kind"),
    [
        ("email", PersonalKind.EMAIL),
        ("firstName", PersonalKind.NAME),
        ("last_name", PersonalKind.NAME),
        ("attendee_name", PersonalKind.NAME),
        ("name_parts", PersonalKind.NAME),
        ("phoneNumber", PersonalKind.PHONE),
        ("mobile", PersonalKind.PHONE),
        ("identificationNumber", PersonalKind.DOCUMENT),
        ("tax_id", PersonalKind.DOCUMENT),
        ("dni", PersonalKind.DOCUMENT),
        ("dateOfBirth", PersonalKind.BIRTH),
        ("birth_date", PersonalKind.BIRTH),
        ("userHomeCity", PersonalKind.ADDRESS),
        ("zip", PersonalKind.ADDRESS),
        ("customer_note", PersonalKind.NOTE),
        ("client_ip", PersonalKind.IP),
        ("access_token", PersonalKind.SECRET),
        ("apiKey", PersonalKind.SECRET),
        ("barcode", PersonalKind.SECRET),
        ("barcode_url", PersonalKind.SECRET),
        ("unique_url", PersonalKind.SECRET),
    ],
)
def test_a_key_tells_what_its_values_are(key: str, kind: PersonalKind) -> None:
    """Words of keys are known in any spelling."""
    assert find_kind(DataSpot(key)) is kind


@pytest.mark.parametrize(
    "key",
    [
        *(
            "id",
            "event_id",
            "order_number",
            "status",
            "name",
            "city",
            "ticket_class_name",
            "currency",
        ),
        *(
            "email_verified",
            "identificationType",
            "next_page_token",
            "continuation",
            "checked_in_at",
        ),
        *("user_id", "price", "created_at", "", "_"),
    ],
)
def test_other_keys_tell_nothing(key: str) -> None:
    """Ids, states, and what only tells about personal data, are no personal data."""
    assert find_kind(DataSpot(key)) is None


def test_a_name_is_personal_where_it_is_a_persons() -> None:
    """By the key above it, or by the keys beside it: an event has a name too."""
    assert find_kind(DataSpot("name", above="customer")) is PersonalKind.NAME
    assert find_kind(DataSpot("name", beside=("name", "email"))) is PersonalKind.NAME
    assert find_kind(DataSpot("city", above="billing_address")) is PersonalKind.ADDRESS
    assert find_kind(DataSpot("name", above="event", beside=("name", "id", "city"))) is None


def test_a_name_may_stand_under_the_person_itself() -> None:
    """`holder: Ana López` is a name as `holder: {name: ...}` is; one word may be an id or a state."""
    order = {
        "holder": "Ana López",
        "guests": ["O'Neil, Zoë-Mia", "VIP"],
        "customer": "cus_7",
        "owner": "platform",
        "client": "web shop 2",
        "buyer": {"first": "Ana", "last": "Gil", "pan": 4111111111111111},
        "links": {"first": "/orders?page=1", "last": "/orders?page=9"},
    }

    assert masked(order) == {
        "holder": "(name)",
        "guests": ["(name)", "VIP"],
        "customer": "cus_7",
        "owner": "platform",
        "client": "web shop 2",
        "buyer": {"first": "(name)", "last": "(name)", "pan": "(document)"},
        "links": {"first": "/orders?page=1", "last": "/orders?page=9"},
    }


def test_masks_hide_persons_and_keep_what_a_ticket_is() -> None:
    """Ids, states, prices and events stay; the shape stays."""
    order = {
        "id": 7,
        "holder": {"name": "Ana López", "phone": 34600111222, "vip": True, "tel": None},
        "event": {"name": "Rockfest", "city": "Lima"},
        "title": "For ANA LÓPEZ alone",
        "url": "https://a.example/u/ana%40example.com?x=1&to=Ana%20L%C3%B3pez",
        "items": [{"barcode": "0012345678", "state": "PAID", "price": 12.5}],
        "ana@example.com": 1,
    }

    assert masked(order) == {
        "id": 7,
        "holder": {"name": "(name)", "phone": "(phone)", "vip": True, "tel": None},
        "event": {"name": "Rockfest", "city": "Lima"},
        "title": "For (name) alone",
        "url": "https://a.example/u/(e-mail)?x=1&to=(name)",
        "items": [{"barcode": "(secret)", "state": "PAID", "price": 12.5}],
        "(e-mail)": 1,
    }


def test_a_name_in_two_fields_is_known_as_one() -> None:
    """First and last name, either way round, are found in running text."""
    people = [{"first_name": "Ana", "last_name": "López"}, {"firstName": "Bo", "surname": ""}]
    document = {"people": people, "a": "Ana López", "b": "seat of López, Ana", "c": "Anabel"}

    made = masked(document)

    assert (made["a"], made["b"], made["c"]) == ("(name)", "seat of (name)", "Anabel")


def test_a_single_name_is_replaced_in_running_text_only() -> None:
    """A zone may be called as someone is; a word of the mapping's is kept everywhere."""
    person = {"first_name": "Vip", "last_name": "Paid"}
    document = {"buyer": person, "zone": "Vip-1", "text": "a vip seat, paid", "state": "PAID"}

    made = masked(document, kept=["PAID"])

    assert made["buyer"] == {"first_name": "(name)", "last_name": "(name)"}
    assert (made["zone"], made["text"], made["state"]) == ("Vip-1", "a (name) seat, paid", "PAID")


def test_credentials_are_found_anywhere() -> None:
    """What the mapping holds is hidden wherever a platform repeats it."""
    echo = {"echo": f"Bearer {TOKEN}", "next": f"/orders?key={TOKEN}&page=2"}

    assert masked(echo, secrets=[TOKEN]) == {
        "echo": "Bearer (secret)",
        "next": "/orders?key=(secret)&page=2",
    }


def test_what_looks_personal_is_replaced_where_it_was_never_met() -> None:
    """A phone and a document need no key and no other place; a word of the mapping's is kept."""
    personal = PersonalData(USER, kept=["12345678Z"])

    found = personal.replace_in_text("call +34 600 111 222 of 87654321X, state 12345678Z", mask)
    assert found == "call (phone) of (document), state 12345678Z"


def test_personal_data_hidden_in_a_token_is_found() -> None:
    """A cursor is often base64 of a query; one that hides nothing is kept."""
    hides = base64.urlsafe_b64encode(b'{"email": "ana@example.com"}').decode()
    harmless = base64.urlsafe_b64encode(b'{"page": 2, "of": "orders"}').decode()

    made = masked({"continuation": hides, "next": f"/orders?after={hides}", "cursor": harmless})

    padding = "=" * hides.count("=")
    assert made == {
        "continuation": f"(secret){padding}",
        "next": f"/orders?after=(secret){padding}",
        "cursor": harmless,
    }


def test_the_same_text_gets_the_same_stand_in() -> None:
    """E-mails, names and phones stay equal where they were equal, and different where they were not."""
    made = made_up(
        [
            {"email": "ana@example.com", "name": "Ana López", "phone": "+34 600 111 222"},
            {"email": "Ana@Example.com", "first_name": "Ana", "last_name": "LÓPEZ", "phone": 34},
            {"email": "bana@example.com", "name": "Bea Marín", "phone": "+34 600 111 223"},
            {"owner": "ana@example.com", "phone": "+34 600 111 222"},
        ]
    )

    first, second, third, fourth = made
    assert first["email"] == fourth["owner"] == "user@example.com"
    assert second["email"] == "User@Example.com"
    assert third["email"] == "person1@example.com"
    assert first["name"] == f"{second['first_name']} {second['last_name'].title()}"
    assert second["last_name"].isupper()
    assert third["name"].split()[0] != first["name"].split()[0]
    assert first["phone"] == fourth["phone"] == "+55 555 555 551"
    assert third["phone"] != first["phone"]
    assert isinstance(second["phone"], int)


def test_stand_ins_keep_the_shape_and_are_nobodys() -> None:
    """Dates stay dates, documents keep their letters and digits; a stand-in is not in the data already."""
    made = made_up(
        {
            "customer": {"name": "ALEX", "nickname": "b", "note": "call me", "ip": "10.1.2.3"},
            "email": "user@example.com",
            "dob": "1982-08-23T02:00:00+02:00",
            "birthday": "23 Aug",
            "passport": "AB-1234",
            "qr": "https://tickets.example/q/9f8a",
            "password": "x",
        }
    )

    assert made["customer"]["name"] == "ROBIN"
    assert len(made["customer"]["nickname"]) == 1
    assert made["customer"]["note"] == "A note."
    assert made["customer"]["ip"].startswith("192.0.2.")
    assert made["email"] == "person2@example.com"
    assert made["dob"] == "1990-01-01T02:00:00+02:00"
    assert made["birthday"] == "51 Xxx"
    assert made["passport"][:3] == "XX-"
    assert made["qr"].startswith("https://platform.example/")


def test_shapes_are_told_apart_by_their_number() -> None:
    """As long as there are digits or letters enough."""
    assert [make_shape("AB-12", n) for n in (1, 2)] == ["XX-51", "XX-52"]
    assert [make_shape("Abc", n) for n in (1, 27)] == ["Xxa", "Xaa"]
    assert make_shape("a1", 30) == "d5"
    assert make_shape("--", 1) == "--"


def test_there_are_stand_ins_for_everyone() -> None:
    """Names do not run out."""
    stand_ins = StandIns(USER)
    made = {
        stand_ins(f"Name{chr(97 + n // 26)}{chr(97 + n % 26)}", PersonalKind.NAME)
        for n in range(60)
    }

    assert len(made) == 60
    assert all(name.isalpha() for name in made)


def test_a_user_who_is_no_address_keeps_their_id() -> None:
    """An id of a customer is no personal data of its own."""
    assert StandIns("cust-77").user == "cust-77"
    assert PersonalData("cust-77").known == {}


XML = (
    '<?xml version="1.0"?>\n<!-- of Ana --><r xmlns:a="urn:a"><a:passholder id="7" email="ana@example.com">'
    "<name>López</name><firstName><![CDATA[Ana]]></firstName> <uid/><note> </note></a:passholder>"
    "<event><name>R &amp; B of ana@example.com</name></event></r>"
)


def test_xml_is_changed_in_place() -> None:
    """Declaration, order, blanks, CDATA and entities stay as they were; comments go."""
    personal = PersonalData(USER)
    personal.learn_xml(XML)

    assert personal.replace_in_xml(XML, mask) == (
        '<?xml version="1.0"?>\n<r xmlns:a="urn:a"><a:passholder id="7" email="(e-mail)">'
        "<name>(name)</name><firstName><![CDATA[(name)]]></firstName> <uid/><note> </note></a:passholder>"
        "<event><name>R &amp; B of (e-mail)</name></event></r>"
    )


@pytest.mark.parametrize(
    "inner",
    [
        '{"name": "Ana López", "phone": "+34 600 111 222"}',
        ' [{"holder": {"name": "Ana López"}}, "+34 600 111 222"]',
        "<h><name>Ana López</name><phone>+34 600 111 222</phone></h>",
    ],
)
def test_a_document_in_a_text_is_looked_through(inner: str) -> None:
    """Its keys tell what its values are, there and in the text around them."""
    found = masked({"data": inner, "text": "de Ana López"})

    assert "López" not in str(found)
    assert "600" not in str(found)


@pytest.mark.parametrize("text", ["{", '{"name": ', "[\ud800]"])
def test_a_text_that_only_begins_as_a_document_is_a_text(text: str) -> None:
    """Whatever it is, it is looked at as text."""
    assert masked({"data": f"{text} ana@example.com"}) == {"data": f"{text} (e-mail)"}
