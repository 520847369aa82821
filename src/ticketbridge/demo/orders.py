"""What the demo's platform knows: invented customers, their orders, and the tickets in them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

Document = dict[str, Any]

_STALLS = {"code": "007", "name": "Stalls"}
_STANDING = {"code": "001", "name": "Standing"}
_TOUR = {"id": 4711, "title": "Los Faroles", "starts": "2027-03-12 21:00", "performance": "0002"}
# An evening that is given once has no performances in this platform.
_CONCERT = {
    "id": 5023,
    "title": "Open House Concert",
    "starts": "2027-05-01 12:00",
    "performance": None,
}


def _customer(number: str, name: str, email: str) -> Document:
    return {"number": number, "name": name, "email": email}


def _order(
    number: int, customer: Document, event: Document, items: list[Document], **more: str
) -> Document:
    return {
        "id": number,
        "channel": "web",
        "customer": customer,
        "bought_by": customer["email"],
        "event": event,
        "items": items,
        **more,
    }


def _item(number: str, state: str, cents: int, zone: Document, **more: Any) -> Document:
    return {
        "ticket_no": number,
        "state": state,
        "zone": zone,
        "amount_cents": cents,
        "cur": "eur",
        "scanned_at": None,
        **more,
    }


def _seat(block: str, row: str, number: str) -> Document:
    return {"block": block, "row": row, "number": number}


_ANA = _customer("00048213", "Ana Ferrer", "ana@example.com")
_BRUNO = _customer("00048377", "Bruno Salas", "bruno@example.com")
_CARLA = _customer("00050120", "Carla Mora", "carla@example.com")
_DORA = _customer("00051904", "Dora Vidal", "dora@example.com")

CUSTOMERS: Mapping[str, Document] = MappingProxyType(
    {customer["email"]: customer for customer in (_ANA, _BRUNO, _CARLA, _DORA)}
)
"""The customers by their address."""

ORDERS: tuple[Document, ...] = (
    _order(
        90011,
        _ANA,
        _TOUR,
        [
            _item("00020417", "PAID", 18050, _STALLS, seat=_seat("B", "07", "014")),
            _item("00020418", "PAID", 18050, _STALLS, seat=_seat("B", "07", "015")),
            _item("00020419", "CANCELLED", 18050, _STALLS, seat=_seat("B", "07", "016")),
        ],
    ),
    _order(
        90044,
        _BRUNO,
        _TOUR,
        [_item("00020655", "PAID", 4599, _STANDING)],
        note="Birthday present, send a copy to ana@example.com",
    ),
    _order(
        90052,
        _ANA,
        _TOUR,
        [
            _item("00020733", "PAID", 4599, _STANDING),
            _item("00020734", "TRANSFERRED", 4599, _STANDING, transferred_to="leo@example.com"),
        ],
        bought_by="eva@example.com",
        channel="box_office",
    ),
    _order(90060, _ANA, _CONCERT, [_item("00021001", "ISSUED", 0, _STANDING)], channel="partner"),
    _order(
        90071,
        _ANA,
        _CONCERT,
        [
            _item("00021118", "REFUNDED", 1200, _STANDING),
            _item("00021119", "PAID", 1200, _STANDING, scanned_at="2027-05-01 11:42"),
        ],
    ),
    _order(
        90083,
        _DORA,
        _TOUR,
        [
            _item("00021240", "PAID", 4599, _STANDING),
            _item("00021241", "ON_HOLD", 4599, _STANDING),
        ],
    ),
)
"""All orders, in the order in which the platform lists them."""
