"""A value tells by itself that it opens something, or whose it is; ids, words and dates do not."""

from __future__ import annotations

import base64
import hashlib
import json
import random
import re
import string
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ticketbridge.workbench.draft.command import make_draft
from ticketbridge.workbench.personal.chance import is_random, is_uuid
from ticketbridge.workbench.personal.field_names import is_field_name
from ticketbridge.workbench.personal.looks import TOKEN, find_user_kind, is_stand_in
from ticketbridge.workbench.personal.personal_data import PersonalData
from ticketbridge.workbench.personal.personal_kinds import PersonalKind, mask, word_set
from ticketbridge.workbench.personal.standins import StandIns, ValueShapes

USER = "Ana.Ruiz@Example.com"
PHONE = "+34 600 111 222"
SIGNED = re.compile(r"\b(?:Authorization|signature): .*")
"""What a case says a request is signed with: that does look drawn."""
MADE = random.Random(7)  # noqa: S311 - the same ones in each run


def drawn(alphabet: str, length: int) -> str:
    """A code drawn by lot."""
    return "".join(MADE.choices(alphabet, k=length))


RANDOM = [
    *("9f8a7c6b5d4e3f2a1b0c", "9F8A7C6B5D4E", "AB12CD34EF", "1b4e28ba-2fa1-11d2-883f-0016d3cca427"),
    *(drawn("0123456789abcdef", 32) for _ in range(5)),
    *(drawn(string.ascii_letters + string.digits, 24) for _ in range(5)),
    *(drawn(string.ascii_lowercase + string.digits, 20) for _ in range(5)),
    *(str(uuid.UUID(int=MADE.getrandbits(128), version=4)) for _ in range(3)),
    *(drawn(string.digits, 24) for _ in range(2)),
    *("A8F3-99QZ-KK12-PLM0", "7KQ-9XA-22B-M4T", "x9k2l-p4m8q-7z1w3"),
]


@pytest.mark.parametrize("code", RANDOM)
def test_a_random_code_is_replaced_wherever_it_stands(code: str) -> None:
    """Under a key that tells nothing, in a path, in a parameter, before an ending and in running text."""
    document = {
        "reference": code,
        "link": f"https://shop.example/o/{code}",
        "pdf": f"https://shop.example/{code}.pdf?id=264751",
        "self": f"https://shop.example/x?id=264751&x={code}",
        "text": f"show {code} at the door",
    }

    made = replace_in(document, StandIns(USER))

    assert code not in json.dumps(made)
    assert made["link"].endswith(made["reference"])
    assert made["pdf"].endswith(f"{made['reference']}.pdf?id=264751")
    assert made["text"] == f"show {made['reference']} at the door"
    assert is_stand_in(made["reference"]) or len(code) < 12


@pytest.mark.parametrize(
    "text",
    [
        *(
            "evt_summer_2026",
            "VIP-Floor-12",
            "2026-11-24T12:00:00Z",
            "20261124T120000Z",
            "PT1H30M15S",
        ),
        *("1234567890123", "general admission", "GA-2026", "rockfest-barcelona-2026", "SUMMER26"),
        *(
            "externalReferenceEventId",
            "it_50201",
            "Row12Seat34",
            "application/json",
            "es_ES",
            "EUR",
        ),
        *(
            "ti_test_2026",
            "madrid",
            "order-7001-3",
            "EVT-001-ABC",
            "2026-06-01",
            "12.50",
            "WC-727-1",
        ),
    ],
)
def test_ids_words_and_dates_stay(text: str) -> None:
    """Without them a case tells nothing."""
    assert not is_random(text)
    assert replace_in({"code": text}, mask) == {"code": text}


LETTERS, DIGITS = string.ascii_letters, string.digits
ALPHABETS = {
    "base64": LETTERS + DIGITS + "+/",
    "base64url": LETTERS + DIGITS + "-_",
    "letters and digits": LETTERS + DIGITS,
    "base32": string.ascii_lowercase + "234567",
    "hex": "0123456789abcdef",
    "HEX": "0123456789ABCDEF",
    "Crockford's": "0123456789ABCDEFGHJKMNPQRSTVWXYZ",
}


@pytest.mark.parametrize("alphabet", ALPHABETS.values(), ids=ALPHABETS)
@pytest.mark.parametrize(("length", "most"), [(16, 25), (24, 6), (32, 2)])
def test_what_is_drawn_is_told_from_names(alphabet: str, length: int, most: int) -> None:
    """Of a thousand that are drawn few are missed: 1 to 2 in a hundred of 16 characters."""
    chance = random.Random(length)  # noqa: S311 - the same ones in each run
    codes = ["".join(chance.choices(alphabet, k=length)) for _ in range(1000)]

    assert sum(not is_random(code) for code in codes) <= most


SLUGS = word_set(
    "Donaudampfschifffahrtsgesellschaft Veranstaltungskalender"
    " KrankenversicherungsNummer codigoPostalResidencia GATE-A12-ROW-B7-SEAT-C3"
    " Section-101-Row-12B-Seat-7C GA2026VIP1 niepodleglosciowy ylioppilaskunta"
    " primavera-sound-barcelona-2027 order_line_item_ids AirportShuttleBus2026"
    " madcool-2026-abono-3-dias sonar-by-night-2027-06-19 WIZINK-CENTER-PISTA"
    " platea-fila-12-butaca-34 EVT-2027-000123 R12-S34-A5 X-RateLimit-Remaining"
    " application/x-www-form-urlencoded UTF8String Base64Encoded OAuth2Token"
    " TICKETBRIDGE_MAX_CONCURRENCY DocXMLRPCRequestHandler FileNotFoundError"
    " ---------------- ________"
)


@pytest.mark.parametrize("slug", sorted(SLUGS))
def test_names_of_any_language_and_case_are_not_drawn(slug: str) -> None:
    """Slugs, seats, headers, classes and long words are made by people."""
    assert not is_random(slug)


def test_the_words_of_the_shipped_mappings_are_not_drawn() -> None:
    """In mappings and their cases only what is a UUID, or base64 of a cursor, looks drawn."""
    files = sorted((Path(__file__).parents[3] / "mappings").glob("*.yaml"))
    texts = [SIGNED.sub("", file.read_text("utf-8")) for file in files]
    tokens = {match[0] for text in texts for match in TOKEN.finditer(text)}
    found = {token for token in tokens if is_random(token) and not is_uuid(token)}

    assert len(tokens) > 300
    assert found <= {"eyJwYWdlIjogMn0"}


def test_a_random_word_of_the_mapping_stays() -> None:
    """A constant that the mapping compares with is no secret of a person."""
    personal = PersonalData(USER, kept=[RANDOM[0]])

    assert personal.replace_in({"x": RANDOM[0], "y": RANDOM[1]}, mask) == {
        "x": RANDOM[0],
        "y": "(secret)",
    }


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("to ES91 2100 0418 4502 0005 1332", "to (document)"),
        ("DE89370400440532013000", "(document)"),
        ("12345678Z", "(document)"),
        ("cpf 111.222.333-44", "cpf (document)"),
        ("123-45-6789", "(document)"),
        ("4111 1111 1111 1111", "(document)"),
        ("from 203.0.113.7", "from (ip)"),
        ("2001:db8:0:1:1:1:1:1", "(ip)"),
        ("fe80::1", "(ip)"),
        ("ring +34 600 111 222", "ring (phone)"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbmEi.c2lnbmF0dXJl", "(secret)"),
        ("at 12:30:00+02:00", "at 12:30:00+02:00"),
        ("version 5.2.1", "version 5.2.1"),
    ],
)
def test_documents_phones_and_addresses_are_told_by_their_look(text: str, masked: str) -> None:
    """Under any key."""
    assert replace_in({"x": text}, mask) == {"x": masked}


# --- digests --------------------------------------------------------------------------------------

FOR_URLS = str.maketrans("+/", "-_")
ENCODINGS: dict[str, Callable[[bytes], str]] = {
    "hex": bytes.hex,
    "HEX": lambda digest: digest.hex().upper(),
    "base64": lambda digest: base64.b64encode(digest).decode(),
    "unpadded": lambda digest: base64.b64encode(digest).decode().rstrip("="),
    "base64url": lambda digest: base64.urlsafe_b64encode(digest).decode(),
}


@pytest.mark.parametrize("encode", ENCODINGS.values(), ids=ENCODINGS)
@pytest.mark.parametrize("algorithm", ["md5", "sha1", "sha256", "sha512"])
@pytest.mark.parametrize(
    ("text", "made"),
    [
        (USER, "User@Example.com"),
        (USER.lower(), "user@example.com"),
        (PHONE, None),
        ("34600111222", None),
        ("Ana Ruiz", "Alex Baker"),
        ("ana ruiz", "alex baker"),
    ],
)
def test_a_digest_of_what_is_known_becomes_that_of_the_stand_in(
    encode: Callable[[bytes], str], algorithm: str, text: str, made: str | None
) -> None:
    """As it is written or in small letters, in hex and base64, alone and in a URL: joins still find it."""

    def digest(of: str) -> str:
        return encode(hashlib.new(algorithm, of.encode(), usedforsecurity=False).digest())

    document = {"name": "Ana Ruiz", "phone": PHONE, "h": digest(text), "u": f"/a/{digest(text)}"}

    found = replace_in(document, StandIns(USER))

    assert digest(text) not in json.dumps(found)
    stand_in = made or (
        found["phone"] if "+" in text else "".join(filter(str.isdigit, found["phone"]))
    )
    # Without a character that tells them apart, base64 for URLs is taken for the usual one.
    assert found["h"].translate(FOR_URLS) == digest(stand_in).translate(FOR_URLS)
    assert replace_in(document, mask)["h"] in {"(e-mail)", "(phone)", "(name)"}


# --- shapes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "shape"),
    [
        ("Ana Ruiz", "Xxx Xxxa"),
        ("山田太郎", "xxxa"),
        ("600 111", "555 551"),
        ("1990-02-03", "2000-01-01"),
        ("1990-02-03T04:05:06+02:00", "2000-01-01T00:00:00+00:00"),
        ("https://shop.example/o/48", "https://platform.example/x/51"),
        ("a@b.c", "xxx.a"),
        (1990, 5551),
        (-40.48, -55.51),
        (7, 1),
        (True, True),
        (None, None),
        ("", ""),
    ],
)
def test_of_a_value_its_shape_is_left(value: Any, shape: Any) -> None:
    """Its kind, its length up to a bound, its capitals and signs."""
    made = ValueShapes().of(value)

    assert (made, type(made)) == (shape, type(value))
    assert len(ValueShapes().of("x y" * 999)) == 60


def test_equal_values_have_equal_shapes_and_others_others() -> None:
    """So that joins and comparisons of pages come out as they did."""
    shapes = ValueShapes()
    made = [shapes.of(text) for text in ("one", "two", "one", 11, 12, 11)]

    assert (made[0], made[3]) == (made[2], made[5])
    assert len(set(made)) == 4


@pytest.mark.parametrize(
    ("key", "usual"),
    [
        *(
            (key, True)
            for key in ("meta_data", "lineItems", "@id", "_links", "address_2", "isPaid")
        ),
        *(
            (key, False)
            for key in ("Ana Ruiz", "ana_ruiz", "48372615Z", "a@b.example", "123456", "")
        ),
        *((key, False) for key in ("名前", "seat_of_plantina", "x" * 99)),
    ],
)
def test_a_usual_name_of_a_field_is_known(key: str, usual: bool) -> None:
    """A key that has a word of its own may be data."""
    assert is_field_name(key) is usual


@pytest.mark.parametrize(
    ("user", "stand_in"),
    [
        ("+34600111222", "+55555555551"),
        ("600 111 222", "555 555 551"),
        ("12345678Z", "55555551X"),
        (RANDOM[0], "5a5a5a5a5a5a5a5a5a1a"),
        ("cust-77", "cust-77"),
        ("7", "7"),
    ],
)
def test_a_user_who_is_told_by_something_of_their_own_is_another(user: str, stand_in: str) -> None:
    """A phone number, a document, a secret; an id of a customer is nobody's outside of the platform."""
    assert StandIns(user).user == stand_in
    assert (find_user_kind(user) is None) == (user == stand_in)


def test_no_stand_in_is_what_it_stands_for() -> None:
    """Where the usual one is what is there already, it is another."""
    assert StandIns(USER)("1990-01-01", PersonalKind.BIRTH) != "1990-01-01"
    assert [ValueShapes().of(value) for value in ("2000-01-01", "xxa", 51, "51")] == [
        *("2001-02-03", "xxb", 52, "52")
    ]


# --- a draft --------------------------------------------------------------------------------------


def test_the_first_case_of_a_draft_opens_nothing(tmp_path: Any) -> None:
    """Links, codes and documents of a sample are made up in the case that is drafted from it."""
    codes = [f"9f8a7c6b5d4e3f2a1b{n}" for n in range(10, 27)]
    keys = [
        *("order_management", "product_download", "manage_link", "link", "pdf", "wallet", "href"),
        *("self", "url", "download_url", "ticket_url", "cancel_url"),
    ]
    links = {
        key: f"https://shop.example/x?id=7&c={code}" for key, code in zip(keys, codes, strict=False)
    }
    plain = dict(zip(("secret", "hash", "qr", "qr_data", "scan_code"), codes[12:], strict=True))
    digest = hashlib.md5(b"ana@example.com", usedforsecurity=False).hexdigest()
    ticket = {"id": 7, "email": "ana@example.com", "state": "PAID", "event": "fest", "zone": "A"}
    ticket |= {"price": "10.00", "currency": "EUR", **links, **plain, "avatar": f"/a/{digest}"}
    sample = tmp_path / "tickets.json"
    sample.write_text(json.dumps({"tickets": [ticket]}))

    files = make_draft([f"/tickets?email=ana@example.com={sample}"], "ana@example.com", "acme")

    assert [secret for secret in (*codes, digest) if secret in files.cases] == []
    assert "user@example.com" in files.cases


def replace_in(document: Any, by: Any) -> Any:
    """The document with what is personal replaced."""
    personal = PersonalData(USER)
    personal.learn(document)
    return personal.replace_in(document, by)
