"""The platform's answer and ours as pydantic models, and the way between them, for both mappings."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BaseModel, Field, StrictInt, StrictStr

from benchmarks.peers.by_hand import major_units
from benchmarks.peers.result import STATUSES, Unusable

State = Literal["PAID", "REFUNDED", "CANCELLED"]
Id = Annotated[str, Field(min_length=1, max_length=256, pattern=r"^[^\x00-\x1f\x7f-\x9f\ufffd]+$")]
Price = Annotated[float, Field(ge=0, allow_inf_nan=False)]
Currency = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
Status = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*$")]
Tag = Annotated[str, Field(pattern=r"^[^:]+:.")]
Place = Annotated[str, Field(min_length=1)]
PlatformId = StrictInt | StrictStr


class Customer(BaseModel):
    """Who owns an order."""

    email: str | None


class Event(BaseModel):
    """What an order is for."""

    code: PlatformId
    session: PlatformId


class Ids(BaseModel):
    """The ids that both mappings fill."""

    ticketId: Id
    externalReferenceEventId: Id
    showId: Id
    ticketOptionId: Id


# --- the plain mapping ----------------------------------------------------------------------------


class PlainItem(BaseModel):
    """One ticket of an order, as far as the plain mapping reads it."""

    id: PlatformId
    state: State
    zone: PlatformId
    price_type: PlatformId | None
    price: float
    currency: str


class PlainOrder(BaseModel):
    """An order with its tickets."""

    customer: Customer
    event: Event
    items: list[PlainItem]


class PlainPlatform(BaseModel):
    """What the platform answers."""

    orders: list[PlainOrder]


class PlainTicket(Ids):
    """A ticket as agreed with menta tech, as far as the plain mapping fills it."""

    priceTypeId: Id | None
    price: Price
    currency: Currency
    buyer: Annotated[str, Field(max_length=254, pattern=r"^[^@\s]+@[^@\s]+$")] | None
    status: Status


class PlainAnswer(BaseModel):
    """The answer as agreed with menta tech."""

    userEmail: str
    tickets: list[PlainTicket]


def plain_tickets(answer: PlainPlatform, user: str) -> list[PlainTicket]:
    """The valid tickets of *user*."""
    return _tickets(answer.orders, user, _plain_ticket)


def _plain_ticket(order: PlainOrder, item: PlainItem) -> PlainTicket:
    return PlainTicket(
        ticketId=str(item.id),
        externalReferenceEventId=str(order.event.code),
        showId=str(order.event.session),
        ticketOptionId=str(item.zone),
        priceTypeId=None if item.price_type in (None, "") else str(item.price_type),
        price=item.price,
        currency=item.currency,
        buyer=order.customer.email or None,
        status="VALID",
    )


# --- the realistic mapping ------------------------------------------------------------------------


class Face(BaseModel):
    """What a ticket cost, in minor units."""

    cents: StrictInt
    cur: str


class Seat(BaseModel):
    """Where the holder sits."""

    block: PlatformId
    row: PlatformId
    number: PlatformId


class RealisticItem(BaseModel):
    """One ticket of an order, as far as the realistic mapping reads it."""

    id: PlatformId
    state: State
    zone: PlatformId
    face: Face
    seat: Seat


class RealisticOrder(BaseModel):
    """An order with its tickets."""

    customer: Customer
    event: Event
    channel: str
    items: list[RealisticItem]


class Zone(BaseModel):
    """A part of the house."""

    code: PlatformId
    name: str


class RealisticPlatform(BaseModel):
    """What the platform answers."""

    orders: list[RealisticOrder]
    zones: list[Zone]


class Seating(BaseModel):
    """Where the seat is."""

    section: Place
    row: Place
    seat: Place


class Props(BaseModel):
    """What is open in the contract."""

    seating: Seating


class RealisticTicket(Ids):
    """A ticket as agreed with menta tech, as far as the realistic mapping fills it."""

    price: Price
    currency: Currency
    tags: list[Tag]
    props: Props
    status: Status


class RealisticAnswer(BaseModel):
    """The answer as agreed with menta tech."""

    userEmail: str
    tickets: list[RealisticTicket]


def realistic_tickets(answer: RealisticPlatform, user: str) -> list[RealisticTicket]:
    """The valid tickets of *user*; KeyError where a ticket's zone is not in the answer."""
    zones = {zone.code: zone for zone in answer.zones}

    def ticket_of(order: RealisticOrder, item: RealisticItem) -> RealisticTicket:
        return _realistic_ticket(order, item, zones[item.zone])

    return _tickets(answer.orders, user, ticket_of)


def _realistic_ticket(order: RealisticOrder, item: RealisticItem, zone: Zone) -> RealisticTicket:
    currency = item.face.cur.upper()
    seat = item.seat
    seating = Seating(section=str(seat.block), row=str(seat.row), seat=str(seat.number))
    return RealisticTicket(
        ticketId=str(item.id),
        externalReferenceEventId=str(order.event.code),
        showId=str(order.event.session),
        ticketOptionId=str(item.zone),
        price=major_units(item.face.cents, currency),
        currency=currency,
        tags=[f"source:{order.channel}", f"category:{zone.name.lower()}"],
        props=Props(seating=seating),
        status="VALID",
    )


# --- both -----------------------------------------------------------------------------------------


def _tickets(orders: Sequence[Any], user: str, ticket_of: Callable[[Any, Any], Any]) -> list[Any]:
    owner = user.encode().lower()  # of bytes: ASCII letters alone
    tickets: dict[str, Any] = {}
    ineligible: set[str] = set()
    for order in orders:
        email = order.customer.email
        if email is None or email.encode().lower() != owner:
            continue
        for item in order.items:
            if STATUSES[item.state] != "VALID":
                ineligible.add(str(item.id))
                continue
            ticket = ticket_of(order, item)
            if tickets.setdefault(ticket.ticketId, ticket) != ticket:
                raise Unusable("tickets with one id that differ")
    if not ineligible.isdisjoint(tickets):
        raise Unusable("a ticket that is valid and is not")
    return list(tickets.values())


class Way(NamedTuple):
    """The models of one mapping, and what makes tickets of the platform's."""

    platform: type[BaseModel]
    answer: type[BaseModel]
    tickets_of: Callable[[Any, str], list[Any]]


WAYS: Mapping[str, Way] = {
    "plain": Way(PlainPlatform, PlainAnswer, plain_tickets),
    "realistic": Way(RealisticPlatform, RealisticAnswer, realistic_tickets),
}
"""By the names of the mapping files."""
