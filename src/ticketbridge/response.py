"""The body that menta tech gets, and the schema that it and each ticket are held to."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Protocol

import msgspec

from ticketbridge.contract import Validator, tickets_schema
from ticketbridge.contract.body import hold_to_fields, hold_to_schema
from ticketbridge.contract.marks import hold_to_marks
from ticketbridge.contract.shape import Schema, items_of, object_shape
from ticketbridge.jmes import ENCODER, EvaluationError, HashShape, RootShape, Shape
from ticketbridge.mapping.compiler import SpecCompiler
from ticketbridge.mapping.spec import ResponseSpec
from ticketbridge.problems import MappingMismatch
from ticketbridge.tickets.duplicates import TICKET_ID
from ticketbridge.tickets.steps import TicketContract

_ROOTS = ("user", "tickets")
_END = b"]}"
_OPENING, _COMMA = b"[,"


Body = bytes | bytearray
"""A body as it is sent: a long one is not copied into bytes once it is written."""


class Misfit(Exception):
    """A body or a ticket is not what its schema says."""


class Writing(Protocol):
    """A body in the making. Whatever is odd about it raises: the explanation meets it again."""

    def add(self, tickets: list[dict[str, Any]]) -> None:
        """Some more tickets; the list is the caller's, and is used again."""
        ...

    def check(self) -> None:
        """There are no more."""
        ...

    def encoded(self) -> Body:
        """The body as JSON, once it was checked; to be called once."""
        ...


class ResponsePlan:
    """What a mapping's `response` compiles to."""

    def __init__(self, spec: ResponseSpec, compiler: SpecCompiler) -> None:
        self._spec = spec
        self.when_empty = spec.when_empty
        self.when_unknown_user = spec.when_unknown_user
        self._schema: Schema = tickets_schema() if spec.schema is None else spec.schema
        self._body = compiler.expression(spec.body, _ROOTS)
        self._validator = Validator(self._schema)
        # The bundled schema asks nothing of the list as a whole, and has the default body alone.
        self._writing = _InParts if spec.schema is None else _Whole
        self.user_schema: Schema | None = (
            self._schema["properties"]["userEmail"] if spec.schema is None else None
        )
        """The schema of the asked user in the bundled body; None for any other body."""
        self.contract = _ticket_contract(self._body.shape(), self._schema)
        # A ticket that the body reshapes is held to the contract before; any other in the body.
        reshaped = self.contract.root is not self._schema
        self._tickets = (
            Validator(self.contract.root, part=self.contract.ticket) if reshaped else None
        )
        if not compiler.failed(spec.body):
            hold_to_schema(self._body.tree, spec.body, self._schema, compiler)
        if TICKET_ID not in self.contract.shape.properties:
            compiler.report(
                spec.place,
                "TB306",
                f"the schema's tickets have no `{TICKET_ID}`, by which tickets are told apart",
                f'keep `{TICKET_ID}` in `fields` and rename it in `body`: "tickets[*].{{id: ticketId}}"',
            )

    def hold_to_marks(self, compiler: SpecCompiler) -> None:
        """The body gives each ticket with its status; what leaves it out is a finding."""
        if not compiler.failed(self._spec.body):
            hold_to_marks(self._body.tree, self._spec.body, compiler)

    def hold_to_fields(self, names: Collection[str], compiler: SpecCompiler) -> None:
        """The body takes only such fields of tickets as are among *names*; others are findings."""
        if not compiler.failed(self._spec.body):
            hold_to_fields(self._body.tree, self._spec.body, names, compiler)

    def writing(self, user: str) -> Writing:
        """A body to be written for *user*, which has no tickets yet."""
        return self._writing(self, user)

    def made(self, user: str, tickets: Sequence[Mapping[str, Any]]) -> Any:
        """The body of these tickets; raises EvaluationError."""
        return self._body({"user": user, "tickets": tickets})

    def fitting(self, user: str, tickets: list[dict[str, Any]]) -> Any:
        """The body where it and all tickets are what their schemas say; else it raises."""
        body = self.made(user, tickets)
        if self._tickets is not None and not self._tickets.all_fit(tickets):
            raise Misfit
        if not self._validator.fits(body):
            raise Misfit
        return body

    def encoded(self, body: object) -> bytes:
        """*body* as JSON; MappingMismatch where it cannot be written."""
        try:
            return ENCODER.encode(body)
        except (msgspec.MsgspecError, ValueError) as error:
            raise MappingMismatch(log="response: body: no JSON") from error

    def render(self, user: str, tickets: Sequence[Mapping[str, Any]]) -> bytes:
        """The body as JSON; MappingMismatch where it is not what the schema says."""
        try:
            body = self.made(user, tickets)
        except EvaluationError as error:
            raise MappingMismatch(log=f"response: body: {error}") from error
        breach = self._validator.breach(body)
        if breach is not None:
            raise MappingMismatch(log=f"response: the body {breach}")
        return self.encoded(body)


class _InParts:
    """The bundled body: its tickets, which were checked before, are written as they come, and not kept.

    In an answer of many tickets they, what the platform said of them, and the text of the answer would
    otherwise stand side by side.
    """

    def __init__(self, plan: ResponsePlan, user: str) -> None:
        self._text = bytearray(plan.encoded({"userEmail": user, "tickets": []})[: -len(_END)])
        self._before = _OPENING

    def add(self, tickets: list[Any]) -> None:
        # Over the bracket that opens the list, or closes what there is of it.
        at = len(self._text) - 1
        ENCODER.encode_into(tickets, self._text, at)
        self._text[at], self._before = self._before, _COMMA

    def check(self) -> None:
        if self._before == _OPENING:
            self._text += b"]"

    def encoded(self) -> Body:
        self._text += b"}"
        return self._text


class _Whole:
    """Any other body: what its expression makes of the tickets, and its schema asks, takes them all."""

    def __init__(self, plan: ResponsePlan, user: str) -> None:
        self._plan = plan
        self._user = user
        self._tickets: list[dict[str, Any]] = []
        self._body: Any = None

    def add(self, tickets: list[dict[str, Any]]) -> None:
        self._tickets += tickets

    def check(self) -> None:
        self._body = self._plan.fitting(self._user, self._tickets)

    def encoded(self) -> bytes:
        return self._plan.encoded(self._body)


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
