"""The kinds of personal data, which kind a value under a key is, and what masks it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise
from types import MappingProxyType


class Kind(Enum):
    """What a text tells of a person; the value is what a mask says."""

    EMAIL = "e-mail"
    NAME = "name"
    PHONE = "phone"
    DOCUMENT = "document"
    ADDRESS = "address"
    BIRTH = "birth date"
    IP = "ip"
    NOTE = "note"
    SECRET = "secret"  # noqa: S105 - a kind, and no secret


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a value stands: its key, the key of the object around it, and all keys of that object.

    *path* has all keys from the root down; positions in lists are left out of it.
    """

    key: str = ""
    above: str = ""
    beside: Collection[str] = ()
    path: tuple[str, ...] = ()


def word_set(text: str) -> frozenset[str]:
    """The words of *text*."""
    return frozenset(text.split())


CREDENTIAL_WORDS = word_set(
    "password passwd pwd passphrase passcode secret token authorization signature sig hmac jwt bearer"
    " credential credentials pin apikey accesskey contrasena passwort kennwort"
)
"""Words of names that are credentials wherever they stand: in data, in a URL and in a mapping."""

_NAME_WORD = r"[^\W\d_](?:[^\W\d_]|['\u2019.-])*"
_FULL_NAME = re.compile(rf"\s*{_NAME_WORD}(?:,?\s+{_NAME_WORD})+\s*")
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+|[^\W\x00-\x7f]+")

_WORDS: Mapping[Kind, frozenset[str]] = MappingProxyType(
    {
        Kind.SECRET: CREDENTIAL_WORDS
        | word_set(
            "csrf cookie cvv cvc barcode barcodes qr qrcode locator otp accesscode scancode"
        ),
        Kind.EMAIL: word_set("email emails mail correo courriel epost メール"),
        Kind.PHONE: word_set(
            "phone phones mobile tel telephone cellphone telefono movil celular whatsapp fax telefon"
            " handy handynummer telefone telemovel portable msisdn 電話 電話番号"
        ),
        Kind.DOCUMENT: word_set(
            "dni nif nie cedula rut passport identification ssn taxid nationalid iban bic pan cpf"
            " document documento pasaporte passaporte reisepass ausweis personalausweis curp cnpj cuit"
            " documentnumber passportnumber"
        ),
        Kind.BIRTH: word_set(
            "birth birthday birthdate dob born dateofbirth nacimiento geburtstag geburtsdatum nascimento"
            " naissance 生年月日"
        ),
        Kind.IP: word_set("ip ipaddress"),
        Kind.NAME: word_set(
            "firstname lastname fullname surname givenname forename familyname middlename nickname"
            " username nombre apellido apellidos prenom nachname vorname sobrenome cognome achternaam"
            " voornaam 氏名 名前 お名前"
        ),
        Kind.ADDRESS: word_set(
            "street zip zipcode postcode postalcode plz calle strasse anschrift direccion endereco rua"
            " morada adresse indirizzo domicilio cep 住所"
        ),
        Kind.NOTE: word_set(
            "note notes comment comments remark remarks nota notas comentario comentarios notiz"
            " bemerkung anmerkung observaciones observacoes 備考"
        ),
    }
)
_PAIRS: Mapping[tuple[str, str], Kind] = MappingProxyType(
    {
        ("first", "name"): Kind.NAME,
        ("last", "name"): Kind.NAME,
        ("full", "name"): Kind.NAME,
        ("given", "name"): Kind.NAME,
        ("family", "name"): Kind.NAME,
        ("middle", "name"): Kind.NAME,
        ("user", "name"): Kind.NAME,
        ("name", "parts"): Kind.NAME,
        ("national", "id"): Kind.DOCUMENT,
        ("tax", "id"): Kind.DOCUMENT,
        ("vat", "id"): Kind.DOCUMENT,
        ("vat", "number"): Kind.DOCUMENT,
        ("id", "number"): Kind.DOCUMENT,
        ("id", "card"): Kind.DOCUMENT,
        ("api", "key"): Kind.SECRET,
        ("unique", "url"): Kind.SECRET,
        ("download", "url"): Kind.SECRET,
        ("ticket", "url"): Kind.SECRET,
        ("pdf", "url"): Kind.SECRET,
        **{
            (what, link): Kind.SECRET
            for what in (
                "order",
                "manage",
                "cancel",
                "wallet",
                "pass",
                "edit",
                "refund",
                "transfer",
            )
            for link in ("url", "link", "href")
        },
        ("download", "link"): Kind.SECRET,
        ("ticket", "link"): Kind.SECRET,
        ("scan", "code"): Kind.SECRET,
        ("access", "code"): Kind.SECRET,
        ("access", "key"): Kind.SECRET,
        ("scan", "data"): Kind.SECRET,
        ("postal", "code"): Kind.ADDRESS,
        ("post", "code"): Kind.ADDRESS,
        ("zip", "code"): Kind.ADDRESS,
        ("home", "city"): Kind.ADDRESS,
        ("user", "agent"): Kind.IP,
        ("card", "number"): Kind.DOCUMENT,
    }
)
_PEOPLE = word_set(
    "customer buyer purchaser attendee holder passholder owner user person contact member guest recipient"
    " participant billing shipping invoice payer profile account client cliente comprador asistente titular"
    " usuario beneficiary patron visitor invitee assignee registrant orderer registration inhaber besucher"
    " kaeufer kunde teilnehmer asistentes participante"
)
_IN_PERSON: Mapping[str, Kind] = MappingProxyType(
    {
        "name": Kind.NAME,
        "first": Kind.NAME,
        "last": Kind.NAME,
        "company": Kind.NAME,
        "organisation": Kind.NAME,
        "organization": Kind.NAME,
        "address": Kind.ADDRESS,
        "city": Kind.ADDRESS,
        "town": Kind.ADDRESS,
        "line1": Kind.ADDRESS,
        "line2": Kind.ADDRESS,
    }
)
# A key that ends so tells of the thing and is no such thing itself: `email_verified`, `phone_required`.
_ABOUT = word_set(
    "verified required valid status count at on type format version id ids sent enabled label policy"
    " scheme permission permissions opt date"
)

_PAGING = word_set("page next continuation cursor")

KEY_WORDS = frozenset[str]().union(*_WORDS.values(), *_PAIRS, _PEOPLE, _IN_PERSON, _ABOUT, _PAGING)
"""The words of keys that tell something here."""


def names_person(text: str, key: str) -> bool:
    """Whether *text* looks like someone's name, under a key that is a person's: `holder: Ana López`.

    One word alone may as well be an id or a state there.
    """
    last = words_of(key)[-1:]
    return tells_of_person("".join(last)) and _FULL_NAME.fullmatch(text) is not None


def kind_of(spot: Spot) -> Kind | None:
    """The kind of the values at *spot*, as far as keys tell."""
    words = words_of(spot.key)
    pairs = pairwise(words)
    paired = next((_PAIRS[pair] for pair in pairs if pair in _PAIRS), None)
    if paired is not None:
        return paired
    if not words or words[-1] in _ABOUT or not _PAGING.isdisjoint(words):
        return Kind.BIRTH if _is_birth_date(words) else None
    for kind, known in _WORDS.items():
        if not known.isdisjoint((*words, "".join(words))):
            return kind
    return _of_person(words, spot)


def words_of(key: str) -> list[str]:
    """`attendeeFirst_name` as its words, in lower case and without accents."""
    if not key.isascii():
        folded = unicodedata.normalize("NFKD", key.replace("ß", "ss"))
        key = unicodedata.normalize(
            "NFC", "".join(c for c in folded if not unicodedata.category(c).startswith("M"))
        )
    return [word.lower() for word in _WORD.findall(key)]


def tells_of_person(key: str) -> bool:
    """Whether the object under *key* is a person's: `customer`, `attendees`, `billing_address`."""
    words = words_of(key)
    return any(word in _PEOPLE or word.removesuffix("s") in _PEOPLE for word in words)


def _is_birth_date(words: list[str]) -> bool:
    return words[-1:] == ["date"] and not _WORDS[Kind.BIRTH].isdisjoint(words)


def _of_person(words: list[str], spot: Spot) -> Kind | None:
    """The kind of what is personal only where it is a person's: a name, a city."""
    kind = _IN_PERSON.get(words[-1]) or _IN_PERSON.get("".join(words[-2:]))
    if kind is None:
        return None
    own = len(words) > 1 and tells_of_person(spot.key)
    return kind if own or tells_of_person(spot.above) or _is_person(spot) else None


_TELLING = frozenset({Kind.EMAIL, Kind.PHONE, Kind.BIRTH, Kind.NAME})


def _is_person(spot: Spot) -> bool:
    """Whether the keys beside it are those of a person."""
    kinds = (kind_of(Spot(key)) for key in spot.beside if key != spot.key)
    return any(kind in _TELLING for kind in kinds)


# --- masks ----------------------------------------------------------------------------------------


def mask(_text: str, kind: Kind) -> str:
    """`(e-mail)`, `(name)`."""
    return f"({kind.value})"


def is_mask(text: str) -> bool:
    """Whether *text* is what `mask` gives."""
    return text in _MASKS


_MASKS = frozenset(mask("", kind) for kind in Kind)
