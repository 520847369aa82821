"""The kinds of personal data; find the kind of a value by its key, and mask it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from itertools import pairwise
from types import MappingProxyType


class PersonalKind(Enum):
    """What a text says about a person. The value is the word in a mask."""

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
class DataSpot:
    """The place of a value: its key, the key of the object around it, and all keys of that object.

    *path* has all keys from the root down, without positions in lists.
    """

    key: str = ""
    above: str = ""
    beside: Collection[str] = ()
    path: tuple[str, ...] = ()

    def enter(self, key: str, beside: Collection[str]) -> DataSpot:
        """Return the place of a member. The text of an XML element stands where the element does."""
        path = (*self.path, key)
        if key == "#text":
            return replace(self, path=path)
        return DataSpot(key, self.key, beside, path)


def word_set(text: str) -> frozenset[str]:
    """Return the words of *text*."""
    return frozenset(text.split())


CREDENTIAL_WORDS = word_set(
    "password passwd pwd passphrase passcode secret token authorization signature sig hmac jwt bearer"
    " credential credentials pin apikey accesskey contrasena passwort kennwort"
)
"""Words of names that mean credentials everywhere: in data, in a URL and in a mapping."""

_NAME_WORD = r"[^\W\d_](?:[^\W\d_]|['\u2019.-])*"
_FULL_NAME = re.compile(rf"\s*{_NAME_WORD}(?:,?\s+{_NAME_WORD})+\s*")
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+|[^\W\x00-\x7f]+")

_WORDS: Mapping[PersonalKind, frozenset[str]] = MappingProxyType(
    {
        PersonalKind.SECRET: CREDENTIAL_WORDS
        | word_set(
            "csrf cookie cvv cvc barcode barcodes qr qrcode locator otp accesscode scancode"
        ),
        PersonalKind.EMAIL: word_set("email emails mail correo courriel epost メール"),
        PersonalKind.PHONE: word_set(
            "phone phones mobile tel telephone cellphone telefono movil celular whatsapp fax telefon"
            " handy handynummer telefone telemovel portable msisdn 電話 電話番号"
        ),
        PersonalKind.DOCUMENT: word_set(
            "dni nif nie cedula rut passport identification ssn taxid nationalid iban bic pan cpf"
            " document documento pasaporte passaporte reisepass ausweis personalausweis curp cnpj cuit"
            " documentnumber passportnumber"
        ),
        PersonalKind.BIRTH: word_set(
            "birth birthday birthdate dob born dateofbirth nacimiento geburtstag geburtsdatum nascimento"
            " naissance 生年月日"
        ),
        PersonalKind.IP: word_set("ip ipaddress"),
        PersonalKind.NAME: word_set(
            "firstname lastname fullname surname givenname forename familyname middlename nickname"
            " username nombre apellido apellidos prenom nachname vorname sobrenome cognome achternaam"
            " voornaam 氏名 名前 お名前"
        ),
        PersonalKind.ADDRESS: word_set(
            "street zip zipcode postcode postalcode plz calle strasse anschrift direccion endereco rua"
            " morada adresse indirizzo domicilio cep 住所"
        ),
        PersonalKind.NOTE: word_set(
            "note notes comment comments remark remarks nota notas comentario comentarios notiz"
            " bemerkung anmerkung observaciones observacoes 備考"
        ),
    }
)
_PAIRS: Mapping[tuple[str, ...], PersonalKind] = MappingProxyType(
    {
        tuple(pair.split("_")): kind
        for kind, pairs in {
            PersonalKind.NAME: (
                "first_name last_name full_name given_name family_name middle_name user_name name_parts"
            ),
            PersonalKind.DOCUMENT: (
                "national_id tax_id vat_id vat_number id_number id_card card_number"
            ),
            PersonalKind.SECRET: (
                "api_key unique_url download_url ticket_url pdf_url download_link ticket_link scan_code"
                " access_code access_key scan_data order_url order_link order_href manage_url manage_link"
                " manage_href cancel_url cancel_link cancel_href wallet_url wallet_link wallet_href pass_url"
                " pass_link pass_href edit_url edit_link edit_href refund_url refund_link refund_href"
                " transfer_url transfer_link transfer_href"
            ),
            PersonalKind.ADDRESS: "postal_code post_code zip_code home_city",
            PersonalKind.IP: "user_agent",
        }.items()
        for pair in pairs.split()
    }
)
"""Two words that stand side by side in a key."""
_PEOPLE = word_set(
    "customer buyer purchaser attendee holder passholder owner user person contact member guest recipient"
    " participant billing shipping invoice payer profile account client cliente comprador asistente titular"
    " usuario beneficiary patron visitor invitee assignee registrant orderer registration inhaber besucher"
    " kaeufer kunde teilnehmer asistentes participante"
)
_IN_PERSON: Mapping[str, PersonalKind] = MappingProxyType(
    dict.fromkeys(word_set("name first last company organisation organization"), PersonalKind.NAME)
    | dict.fromkeys(word_set("address city town line1 line2"), PersonalKind.ADDRESS)
)
# A key that ends so tells of the thing and is no such thing itself: `email_verified`, `phone_required`.
_ABOUT = word_set(
    "verified required valid status count at on type format version id ids sent enabled label policy"
    " scheme permission permissions opt date"
)

_PAGING = word_set("page next continuation cursor")

KEY_WORDS = frozenset[str]().union(*_WORDS.values(), *_PAIRS, _PEOPLE, _IN_PERSON, _ABOUT, _PAGING)
"""The words of keys that say something here."""


def is_person_name(text: str, key: str) -> bool:
    """Return whether *text* looks like a name, under the key of a person: `holder: Ana López`.

    A single word may also be an id or a state.
    """
    last = split_words(key)[-1:]
    return is_about_person("".join(last)) and _FULL_NAME.fullmatch(text) is not None


def find_kind(spot: DataSpot) -> PersonalKind | None:
    """Return the kind of the values at *spot* if keys show it, or None."""
    words = split_words(spot.key)
    pairs = pairwise(words)
    paired = next((_PAIRS[pair] for pair in pairs if pair in _PAIRS), None)
    if paired is not None:
        return paired
    if not words or words[-1] in _ABOUT or not _PAGING.isdisjoint(words):
        return PersonalKind.BIRTH if _is_birth_date(words) else None
    for kind, known in _WORDS.items():
        if not known.isdisjoint((*words, "".join(words))):
            return kind
    return _find_kind_in_person(words, spot)


def split_words(key: str) -> list[str]:
    """Return the words of a key in lower case without accents: `attendeeFirst_name` has three."""
    if not key.isascii():
        folded = unicodedata.normalize("NFKD", key.replace("ß", "ss"))
        key = unicodedata.normalize(
            "NFC", "".join(c for c in folded if not unicodedata.category(c).startswith("M"))
        )
    return [word.lower() for word in _WORD.findall(key)]


def is_about_person(key: str) -> bool:
    """Return whether the object under *key* is a person: `customer`, `attendees`, `billing_address`."""
    words = split_words(key)
    return any(word in _PEOPLE or word.removesuffix("s") in _PEOPLE for word in words)


def _is_birth_date(words: list[str]) -> bool:
    return words[-1:] == ["date"] and not _WORDS[PersonalKind.BIRTH].isdisjoint(words)


def _find_kind_in_person(words: list[str], spot: DataSpot) -> PersonalKind | None:
    """Return the kind of values that are personal only in a person's object: a name or a city."""
    kind = _IN_PERSON.get(words[-1]) or _IN_PERSON.get("".join(words[-2:]))
    if kind is None:
        return None
    own = len(words) > 1 and is_about_person(spot.key)
    return kind if own or is_about_person(spot.above) or _is_person(spot) else None


_TELLING = frozenset(
    {PersonalKind.EMAIL, PersonalKind.PHONE, PersonalKind.BIRTH, PersonalKind.NAME}
)


def _is_person(spot: DataSpot) -> bool:
    """Whether the keys beside it are those of a person."""
    kinds = (find_kind(DataSpot(key)) for key in spot.beside if key != spot.key)
    return any(kind in _TELLING for kind in kinds)


# --- masks ----------------------------------------------------------------------------------------


def mask(_text: str, kind: PersonalKind) -> str:
    """Return the mask of a kind: `(e-mail)`, `(name)`."""
    return f"({kind.value})"


def is_mask(text: str) -> bool:
    """Whether *text* is a mask."""
    return text in _MASKS


_MASKS = frozenset(mask("", kind) for kind in PersonalKind)
