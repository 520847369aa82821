"""Made-up personal data, as platforms' answers have it: under keys and in forms that nobody lists."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

MARIA = "maria.planted@mail.example"


def _digest(algorithm: str, text: str) -> bytes:
    return hashlib.new(algorithm, text.encode(), usedforsecurity=False).digest()


PLANTED: Mapping[str, Any] = {
    "email": MARIA,
    "Email2": "MARIA.Planted@Mail.Example",
    "mail_encoded": "maria.planted%40mail.example",
    "contact_text": "write to leo.planted@mail.example, or ring",
    "tagged": "maria.planted+resale@mail.example",
    "local": "maria.planted",
    "domain": "mail.planted.example",
    "b64": base64.b64encode(MARIA.encode()).decode(),
    "cursor": base64.urlsafe_b64encode(f'{{"of": "{MARIA}"}}'.encode()).decode(),
    "md5": _digest("md5", MARIA).hex(),
    "avatar": f"https://gravatar.example/avatar/{_digest('sha256', MARIA).hex()}?s=80",
    "sha1_b64": base64.b64encode(_digest("sha1", MARIA)).decode(),
    "sha512": _digest("sha512", MARIA).hex(),
    "name": "Planted Plantez",
    "first_name": "Plantina",
    "billing_last_name": "Plantowski",
    "holder": "Plantus O'Plant",
    "seat_holder": "Plantilla",
    "nombre": "Begoña Plantaña",
    "apellido2": "Plantáñez",
    "vorname": "Plantgard",
    "geburtsname": "Plantström",
    "名前": "植木花子",
    "フリガナ": "ウエキハナコ",
    "имя": "Растение Плантова",
    "nome_da_mae": "Plantuxa da Silva",
    "maiden": "Plantworth",
    "pet": "Rexplant",
    "telephone": "+34 611 222 333",
    "tel2": "0034611222444",
    "handynummer": "0171/5556677",
    "whatsapp_nr": 34611222555,
    "fax": "(030) 901820-99",
    "dni": "48372615Z",
    "national_id": "X4837261L",
    "cpf": "483.726.159-01",
    "curp": "PLAN900101HDFRRS09",
    "ssn": "483-72-6159",
    "passport": "PA4837261",
    "steuer_id": "48 372 615 901",
    "rfc": "PLAN900101AB1",
    "iban": "ES7921000813610123456789",
    "iban_spaced": "DE89 3704 0044 0532 0130 00",
    "bic": "PLANTXXX",
    "card": "4111 1111 1111 1234",
    "last4": "9137",
    "card_number": 4111111111119137,
    "address_1": "Calle de la Planta 17, 3ºB",
    "direccion": "Avenida Plantares 4",
    "strasse": "Pflanzenstraße 91",
    "住所": "東京都植木区1-2-3",
    "city": "Plantville",
    "plz": "48372",
    "zip": "PL4 8NT",
    "geo": {"lat": 40.483726, "lng": -3.703791},
    "birth_date": "1948-03-27",
    "geburtsdatum": "27.03.1948",
    "dob_ts": -686880000,
    "生年月日": "昭和23年3月27日",
    "age": 9483,
    "gender_note": "plantgender",
    "ip": "203.0.113.48",
    "ipv6": "2001:db8:4837::2615",
    "user_agent": "PlantBrowser/48.3 (Planted OS)",
    "device_id": "d48372615e",
    "notes": [{"text": "VIP, wheelchair of Plantina", "by": "Plantagent"}],
    "comment": "Please call Plantina after 17:48",
    "comentario": "alérgica al plantacilo",
    "free": "Plantina\nCalle 48\ttel 611-22",
    "html": "<p>Hi <b>Plantina</b></p>",
    "json": '{"who": "Plantina", "dni": "48372615Z"}',
    "order_url": "https://shop.example/o/48x37",
    "manage": "https://shop.example/m?code=p1L2a3N4t5",
    "pdf": "https://cdn.example/t/9f8a7c6b5d4e3f2a1b48.pdf",
    "data_uri": "data:text/plain;base64,UGxhbnRpbmE=",
    "barcode": "4837261590123",
    "qr": "PLANT-48-QR",
    "scan": "9f8a7c6b5d4e3f2a4837",
    "uuid": "48372615-2fa1-41d2-883f-0016d3cca427",
    "jwt": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJwbGFudCJ9.cGxhbnRzaWduYXR1cmU",
    "session": "plantsession",
    "password": "pl4ntpw",
    "api_key": "plantkey48",
    "several": ["Plantina", 48372615, [{"x": "plantx"}, "plantlist"]],
    "key": "planted_meta_key",
    "value": "planted meta value",
    "question": "Plantina's allergy?",
    "answer": "plantnuts",
    "file_name": "plantina_cv.pdf",
    "social": "@plantina_48",
    "company": "Plantina & Söhne KG",
    "iso_note": "Ms.\u00a0Plantina",
    "देवनागरी": "प्लांटिना शर्मा",
    "عربي": "بلانتينا",
}
"""Keys and values: 80 and more, none of which may be left."""

PLANTED_KEYS: Mapping[str, Any] = {
    "Plantina Keyes": "A1",
    "plantina_keyes": {"seat": "A1"},
    "plantinaKeyes": [1],
    "key.planted@mail.example": True,
    "0034611999888": None,
    "48372615Z": 1,
    "植木": 1,
    "seat_of_plantina": 1,
}
"""Keys that are data."""


def planted() -> dict[str, Any]:
    """All of it, as the members of one object."""
    return {**PLANTED, "people": dict(PLANTED_KEYS)}


def traces() -> set[str]:
    """What must not be found: each text, and what it says without its escapes, in small letters."""
    found = {str(value).casefold() for value in _texts((*PLANTED.values(), *PLANTED_KEYS))}
    return found | {"plantin", "planted", "plantez", "4837", "611222", "611999", "9137", "植木"}


def _texts(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        yield from _texts(tuple(value.values()))
    elif isinstance(value, list | tuple):
        for member in value:
            yield from _texts(member)
    else:
        yield value


def with_planted(value: Any) -> Any:
    """*value* with all of it in each object, beside what is there."""
    if isinstance(value, dict):
        extra = {k: v for k, v in planted().items() if k not in value}
        return {**{k: with_planted(v) for k, v in value.items()}, **extra}
    return [with_planted(member) for member in value] if isinstance(value, list) else value


def left_in(text: str) -> list[str]:
    """What of it is found in *text*."""
    folded = text.casefold()
    return sorted(trace for trace in traces() if trace in folded)
