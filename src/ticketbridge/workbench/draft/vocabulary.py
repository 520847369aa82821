"""Nouns of ticketing in public vocabularies, by what a field could be made from.

Sources: the types Event, Ticket, Offer, Order, OrderItem, Reservation, Seat and Person of https://schema.org
with their properties (`superEvent`, `ticketNumber`, `ticketedSeat`, `seatRow`, `priceCurrency`,
`orderStatus`, `reservationFor`), and the everyday words of box offices in English, Spanish, Portuguese,
French, German, Italian, Dutch and Catalan. No word is here because one platform has it.

Words are folded (`sessão` is `sessao`) and in the singular; `_` joins words that count together. Each line is
one language, in the order above, where a noun has words in several.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

Words = tuple[str, ...]
Nouns = Mapping[Words, float]


def read_names(text: str) -> tuple[Words, ...]:
    """Return the words of each name in *text*, where `_` joins them."""
    return tuple(tuple(name.split("_")) for name in text.split())


def weigh_words(weights: Mapping[float, str]) -> Mapping[str, float]:
    """Return words with their weights."""
    return MappingProxyType({w: weight for weight, words in weights.items() for w in words.split()})


def _read_nouns(weights: Mapping[float, str]) -> Nouns:
    """Return words with their weights; the first weight of a word counts."""
    found: dict[Words, float] = {}
    for weight, text in weights.items():
        for words in read_names(text):
            found.setdefault(words, weight)
    return found


TICKET = _read_nouns(
    {
        10.0: "ticket e_ticket reserved_ticket"
        " entrada boleto"
        " ingresso bilhete"
        " billet"
        " karte eintrittskarte"
        " biglietto"
        " kaartje toegangskaart",
        8.0: "admission pass seat item attendee barcode order_item participant registration reservation"
        " asistente inscripcion"
        " participante inscricao"
        " inscription"
        " teilnehmer"
        " partecipante"
        " deelnemer"
        " assistent",
    }
)
SERIES = _read_nouns(
    {10.0: "event_series series parent_event super_event event_group production tour"}
)
EVENT = _read_nouns(
    {
        10.0: "event evento evenement veranstaltung manifestazione esdeveniment reservation_for",
        7.0: "show concert performance match gig festival exhibition activity game screening"
        " espectaculo funcion concierto partido actividad"
        " espetaculo concerto atividade"
        " spectacle activite"
        " auffuehrung konzert"
        " spettacolo"
        " voorstelling",
        5.0: "node",
    }
)
SHOW = _read_nouns(
    {
        10.0: "show session performance sub_event subevent occurrence timeslot time_slot showtime event_date"
        " event_instance event_session instance slot start_time"
        " sesion funcion pase"
        " sessao"
        " seance representation"
        " vorstellung auffuehrung termin"
        " sessione rappresentazione"
        " voorstelling uitvoering"
        " sessio funcio",
        8.0: "date screening departure",
    }
)
OPTION = _read_nouns(
    {
        10.0: "ticket_type ticket_class ticket_option ticket_category access_category category zone"
        " price_category pricing_category price_zone price_area price_band seat_category seating_area"
        " tipo_entrada tipo_boleto"
        " tipo_ingresso tipo_bilhete"
        " type_billet"
        " ticketart kartenart preiskategorie platzkategorie"
        " tipo_biglietto",
        9.0: "area sector section_type release tier option block_type allocation band"
        " zona categoria localidad tipo"
        " setor"
        " secteur categorie"
        " bereich sektor kategorie rang"
        " settore"
        " vak",
        8.0: "product item type class coupon",
        7.0: "ticket_group offer event_ticket",
        6.0: "ticket sku section entrada ingresso bilhete billet biglietto",
    }
)
PRICE_TYPE = _read_nouns(
    {
        10.0: "price_type ticket_price price_level price_tier fare tariff rate variation variant"
        " tarifa tipo_precio"
        " tipo_preco lote"
        " tarif"
        " preisart preisstufe ermaessigung"
        " tariffa riduzione"
        " prijstype",
        8.0: "ticket_type ticket_class",
        7.0: "subtype concession discount_type price",
    }
)

PRICES = weigh_words(
    {
        9.5: "price precio preco prix preis prezzo prijs preu",
        9.0: "face facevalue tariff tarifa",
        8.0: "amount importe montant betrag importo bedrag import cents centimos centavos pence",
        7.0: "valor valore",
        6.0: "cost costs value paid",
        5.0: "total gross",
    }
)
"""Words for what one ticket costs, and how much each says so."""

FEES = "registration ticket admission entry attendance participation"
"""Of these a fee is the price: `registration_fee`."""

PLACES = "zone area sector band zona setor secteur bereich sektor settore vak"
"""Categories that are places: beside one of these a type of ticket is a type of price."""

CURRENCIES = "currency cur ccy moneda divisa moeda devise monnaie waehrung valuta munt"
SECTIONS = "section sector block zone area setor secteur bloc bereich sektor settore vak"
ROWS = "row fila fileira rangee reihe rij"
SEATS = "seat asiento butaca assento cadeira siege sitz sitzplatz posto poltrona stoel seient"
DOORS = "door gate puerta entrance porta porte eingang tor ingang"

_COMMON = (
    "id uuid guid ref code number name title type status state price date time order booking customer buyer"
    " user event ticket seat row section item line product category zone area class option tier level"
)


def _list_words() -> frozenset[str]:
    every = (TICKET, SERIES, EVENT, SHOW, OPTION, PRICE_TYPE)
    nouns = {word for group in every for noun in group for word in noun if len(word) > 1}
    return frozenset({*nouns, *_COMMON.split(), *PRICES, *CURRENCIES.split()})


WORDS = _list_words()
"""All single words, by which a key such as `tickettypeid` is taken apart."""

_SHORTEST = 3


def take_apart(word: str) -> list[str]:
    """Return the known words that *word* is made of, `ticket type id`; itself if it is not made of such."""
    found = [word] if word in WORDS else _segment(word)
    return found or [word]


def _segment(word: str) -> list[str]:
    if not word or word in WORDS:
        return [word] if word else []
    for size in range(len(word) - 2, _SHORTEST - 1, -1):
        if word[:size] in WORDS:
            rest = _segment(word[size:])
            if rest:
                return [word[:size], *rest]
    return []
