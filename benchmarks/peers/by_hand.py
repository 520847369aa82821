"""The two mappings in plain Python."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from iso4217 import Currency

from benchmarks.peers.result import Json, Mapped, Mapper, Unusable, collect, text


def plain(body: Json, user: str) -> Mapped:
    """What `mappings/plain.yaml` declares."""
    return collect(body, user, _plain_ticket)


def _plain_ticket(order: Json, item: Json) -> Json:
    event = order["event"]
    ticket = {
        "ticketId": text(item["id"]),
        "externalReferenceEventId": text(event["code"]),
        "showId": text(event["session"]),
        "ticketOptionId": text(item["zone"]),
        "price": number(item["price"]),
        "currency": text(item["currency"]),
        "status": "VALID",
    }
    if item["price_type"] not in (None, ""):
        ticket["priceTypeId"] = text(item["price_type"])
    if order["customer"]["email"] not in (None, ""):
        ticket["buyer"] = text(order["customer"]["email"])
    return ticket


def realistic(body: Json, user: str) -> Mapped:
    """What `mappings/realistic.yaml` declares."""
    zones = {zone["code"]: zone for zone in body["zones"]}

    def ticket_of(order: Json, item: Json) -> Json:
        return _realistic_ticket(order, item, zones[item["zone"]])

    return collect(body, user, ticket_of)


def _realistic_ticket(order: Json, item: Json, zone: Json) -> Json:
    event, face, seat = order["event"], item["face"], item["seat"]
    currency = face["cur"].upper()
    return {
        "ticketId": text(item["id"]),
        "externalReferenceEventId": text(event["code"]),
        "showId": text(event["session"]),
        "ticketOptionId": text(item["zone"]),
        "price": major_units(face["cents"], currency),
        "currency": currency,
        "tags": [f"source:{order['channel']}", f"category:{zone['name'].lower()}"],
        "props": {
            "seating": {
                "section": text(seat["block"]),
                "row": text(seat["row"]),
                "seat": text(seat["number"]),
            }
        },
        "status": "VALID",
    }


def number(value: object) -> int | float:
    """A price as it is; a boolean is none."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return value
    raise Unusable("no number")


def major_units(amount: int, currency: str) -> float:
    """Cents as euros, exactly, by the currency's exponent."""
    exponent = Currency(currency).exponent
    if exponent is None:
        raise Unusable("a currency without minor units")
    return float(Decimal(amount).scaleb(-exponent))


MAPPERS: Mapping[str, Mapper] = {"plain": plain, "realistic": realistic}
"""By the names of the mapping files."""
