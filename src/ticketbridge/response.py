"""The body that menta tech gets, and the schema that it and each ticket are held to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from ticketbridge.contract import Validator, tickets_schema
from ticketbridge.contract.shape import Schema, items_of, object_shape
from ticketbridge.jmes import EvaluationError, HashShape, RootShape, Shape
from ticketbridge.mapping.compiler import SpecCompiler
from ticketbridge.mapping.spec import ResponseSpec
from ticketbridge.problems import MappingMismatch
from ticketbridge.tickets.records import TicketContract
from ticketbridge.tickets.settle import TICKET_ID

_ROOTS = ("user", "tickets")
_SLICE = 500
# By default a decimal would go out as text; the body's expression may reckon with some.
_ENCODER = msgspec.json.Encoder(decimal_format="number")


class ResponsePlan:
    """What a mapping's `response` compiles to."""

    def __init__(self, spec: ResponseSpec, compiler: SpecCompiler) -> None:
        self.when_empty = spec.when_empty
        self.when_unknown_user = spec.when_unknown_user
        self._schema: Schema = tickets_schema() if spec.schema is None else spec.schema
        self._body = compiler.expression(spec.body, _ROOTS)
        self._validator = Validator(self._schema)
        # The bundled schema asks nothing of the list as a whole, so that it may be held to it in parts:
        # the fast library copies what it looks at, which for a long list is more than the list.
        self._slice = _SLICE if spec.schema is None else None
        self.contract = _ticket_contract(self._body.shape(), self._schema)
        # A ticket that the body reshapes is held to the contract before; any other in the body.
        reshaped = self.contract.root is not self._schema
        self._tickets = (
            Validator(self.contract.root, part=self.contract.ticket) if reshaped else None
        )
        if TICKET_ID not in self.contract.shape.properties:
            compiler.report(
                spec.place,
                "TB306",
                f"the schema's tickets have no `{TICKET_ID}`, by which tickets are told apart",
                f'keep `{TICKET_ID}` in `fields` and rename it in `body`: "tickets[*].{{id: ticketId}}"',
            )

    def fitting(self, user: str, tickets: list[dict[str, Any]]) -> Any:
        """The body where it and all tickets are what their schemas say, or None."""
        try:
            body = self._body({"user": user, "tickets": tickets})
        except EvaluationError:
            return None
        if self._tickets is not None and not self._tickets.all_fit(tickets):
            return None
        return body if all(map(self._validator.fits, self._parts(user, tickets, body))) else None

    def _parts(self, user: str, tickets: list[dict[str, Any]], body: object) -> Iterator[object]:
        """The body, or bodies that have its tickets between them."""
        if self._slice is None or len(tickets) <= self._slice:
            yield body
            return
        for start in range(0, len(tickets), self._slice):
            yield self._body({"user": user, "tickets": tickets[start : start + self._slice]})

    def encoded(self, body: object) -> bytes:
        """*body* as JSON; MappingMismatch where it cannot be written."""
        try:
            return _ENCODER.encode(body)
        except (msgspec.MsgspecError, ValueError) as error:
            raise MappingMismatch(log="response: body: no JSON") from error

    def render(self, user: str, tickets: Sequence[Mapping[str, Any]]) -> bytes:
        """The body as JSON; MappingMismatch where it is not what the schema says."""
        try:
            body = self._body({"user": user, "tickets": tickets})
        except EvaluationError as error:
            raise MappingMismatch(log=f"response: body: {error}") from error
        breach = self._validator.check(body)
        if breach is not None:
            raise MappingMismatch(log=f"response: the body {breach}")
        return self.encoded(body)


def _ticket_contract(body: Shape, schema: Schema) -> TicketContract:
    """The schema of a ticket where the body holds `tickets` whole; the bundled ticket where it reshapes them.

    A reshaped ticket needs only its id: which fields the body takes from it, the body's schema says.
    """
    place = _place_of_tickets(body, schema, schema)
    if place is not None:
        return TicketContract(schema, _needing_id(items_of(place, schema)))
    bundled = tickets_schema()
    return TicketContract(bundled, {**bundled["$defs"]["ticket"], "required": [TICKET_ID]})


def _place_of_tickets(body: Shape, schema: Schema, root: Schema) -> Schema | None:
    """The schema of the list that is exactly `tickets`, or None."""
    match body:
        case RootShape(name="tickets"):
            return schema
        case HashShape(values=members):
            properties = object_shape(schema, root).properties
            for name, member in members.items():
                place = _place_of_tickets(member, properties.get(name, {}), root)
                if place is not None:
                    return place
    return None


def _needing_id(ticket: Schema) -> Schema:
    required = ticket.get("required", ())
    return ticket if TICKET_ID in required else {**ticket, "required": [*required, TICKET_ID]}
