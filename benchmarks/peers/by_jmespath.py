"""The two mappings as JMESPath expressions, run one a field and record by the library's interpreter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jmespath
from jmespath.functions import Functions, signature

from benchmarks.peers.by_hand import major_units
from benchmarks.peers.result import Json, Mapped, Mapper, collect, text


class _Own(Functions):
    """Functions that the realistic mapping needs and JMESPath does not have."""

    @signature({"types": ["string"]})
    def _func_upper(self, value: str) -> str:
        return value.upper()

    @signature({"types": ["string"]})
    def _func_lower(self, value: str) -> str:
        return value.lower()

    @signature({"types": ["number"]}, {"types": ["string"]})
    def _func_minor_units(self, amount: int, currency: str) -> float:
        return major_units(amount, currency.upper())

    @signature({"types": ["array"]}, {"types": ["string"]}, {"types": ["string"]})
    def _func_lookup(self, values: list[Any], key: str, value: str) -> Any:
        return next((found for found in values if found[key] == value), None)


_OPTIONS = jmespath.Options(custom_functions=_Own())
_PLAIN = {
    "ticketId": "item.id",
    "externalReferenceEventId": "order.event.code",
    "showId": "order.event.session",
    "ticketOptionId": "item.zone",
    "priceTypeId": "item.price_type",
    "price": "item.price",
    "currency": "item.currency",
    "buyer": "order.customer.email",
}
_REALISTIC = {
    "ticketId": "item.id",
    "externalReferenceEventId": "order.event.code",
    "showId": "order.event.session",
    "ticketOptionId": "item.zone",
    "price": "minor_units(item.face.cents, item.face.cur)",
    "currency": "upper(item.face.cur)",
    "tags": {
        "source": "order.channel",
        "category": "lower(lookup(account.zones, 'code', item.zone).name)",
    },
    "props": {
        "seating": {
            "section": "item.seat.block",
            "row": "item.seat.row",
            "seat": "item.seat.number",
        }
    },
}
_NUMBERS = {"price"}


def _compiled(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: jmespath.compile(field) if isinstance(field, str) else _compiled(field)
        for name, field in fields.items()
    }


_PLAIN_FIELDS = _compiled(_PLAIN)
_REALISTIC_FIELDS = _compiled(_REALISTIC)


def plain(body: Json, user: str) -> Mapped:
    """What `mappings/plain.yaml` declares."""
    return _mapped(body, user, _PLAIN_FIELDS)


def realistic(body: Json, user: str) -> Mapped:
    """What `mappings/realistic.yaml` declares."""
    return _mapped(body, user, _REALISTIC_FIELDS)


def _mapped(body: Json, user: str, fields: Mapping[str, Any]) -> Mapped:
    def ticket_of(order: Json, item: Json) -> Json:
        ticket = _object(fields, {"account": body, "order": order, "item": item})
        if "tags" in ticket:
            ticket["tags"] = [f"{key}:{value}" for key, value in ticket["tags"].items()]
        ticket["status"] = "VALID"
        return ticket

    return collect(body, user, ticket_of)


def _object(fields: Mapping[str, Any], record: Json) -> Json:
    made = {}
    for name, field in fields.items():
        if isinstance(field, dict):
            value: Any = _object(field, record)
        else:
            value = field.search(record, options=_OPTIONS)
            if name not in _NUMBERS and value is not None:
                value = text(value)
        if value is not None and value != "":
            made[name] = value
    return made


MAPPERS: Mapping[str, Mapper] = {"plain": plain, "realistic": realistic}
"""By the names of the mapping files."""
