"""The platform's answer and ours as pydantic models, and the way between them."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field, StrictInt, StrictStr

from benchmarks.peers.result import STATUSES, Unusable

State = Literal["PAID", "REFUNDED", "CANCELLED"]
Id = Annotated[str, Field(min_length=1, max_length=256, pattern=r"^[^\x00-\x1f\x7f-\x9f\ufffd]+$")]
PlatformId = StrictInt | StrictStr


class Customer(BaseModel):
    """Who owns an order."""

    email: str | None


class Event(BaseModel):
    """What an order is for."""

    code: PlatformId
    session: PlatformId


class Item(BaseModel):
    """One ticket of an order."""

    id: PlatformId
    state: State
    zone: PlatformId
    price_type: PlatformId | None
    price: float
    currency: str


class Order(BaseModel):
    """An order with its tickets."""

    customer: Customer
    event: Event
    items: list[Item]


class PlatformAnswer(BaseModel):
    """What the platform answers, as far as it is read."""

    orders: list[Order]


class Ticket(BaseModel):
    """A ticket as agreed with menta tech, as far as this platform fills it."""

    ticketId: Id
    externalReferenceEventId: Id
    showId: Id
    ticketOptionId: Id
    priceTypeId: Id | None
    price: Annotated[float, Field(ge=0, allow_inf_nan=False)]
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    buyer: Annotated[str, Field(max_length=254, pattern=r"^[^@\s]+@[^@\s]+$")] | None
    status: Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*$")]


class TicketsAnswer(BaseModel):
    """The answer as agreed with menta tech."""

    userEmail: str
    tickets: list[Ticket]


def tickets_of(answer: PlatformAnswer, user: str) -> list[Ticket]:
    """The valid tickets of *user*."""
    owner = user.encode().lower()  # of bytes: ASCII letters alone
    tickets: dict[str, Ticket] = {}
    ineligible: set[str] = set()
    for order in answer.orders:
        email = order.customer.email
        if email is None or email.encode().lower() != owner:
            continue
        for item in order.items:
            if STATUSES[item.state] != "VALID":
                ineligible.add(str(item.id))
                continue
            ticket = _ticket(order, item)
            if tickets.setdefault(ticket.ticketId, ticket) != ticket:
                raise Unusable("tickets with one id that differ")
    if not ineligible.isdisjoint(tickets):
        raise Unusable("a ticket that is valid and is not")
    return list(tickets.values())


def _ticket(order: Order, item: Item) -> Ticket:
    return Ticket(
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
