"""The body that menta tech gets, and the schemas that it and each ticket must fit.

Its size is limited while it is written. A field like `metadata: order` copies all data of an order into each
of its tickets; a small answer of the platform could become gigabytes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Any, Protocol

import msgspec

from ticketbridge.contract import Breach, Validator, tickets_schema
from ticketbridge.contract.body import check_fields, check_schema
from ticketbridge.contract.marks import check_marks
from ticketbridge.contract.shape import Schema, items_of, object_shape
from ticketbridge.engine.problems import MappingMismatch
from ticketbridge.engine.tickets.duplicates import TICKET_ID
from ticketbridge.engine.tickets.steps import TicketContract
from ticketbridge.jmes import (
    ENCODER,
    EvaluationError,
    HashShape,
    RootShape,
    Shape,
    TooLongError,
    encode_within,
    locate,
)
from ticketbridge.mapping.spec import ResponseSpec, UpstreamSpec
from ticketbridge.mapping.spec_compiler import SpecCompiler

_ROOTS = ("user", "tickets")
_END = b"]}"
_PART = 500
"""Tickets that are checked and written together."""
_STRETCH = 8_000_000
"""Bytes of several tickets: to write and check this many takes at most a tenth of a second."""
_USUAL = 300  # bytes of a ticket
_TICKET = 1_000
"""Bytes of a ticket; one with all fields of the contract has about 800."""


Body = bytes | bytearray
"""The type of a body that is sent: a long one is not copied into bytes after it is written."""


class Misfit(Exception):
    """A body or a ticket that does not fit its schema; *breach* finds the reason."""

    def __init__(self, breach: Callable[[], Breach | None]) -> None:
        self.breach = breach
        super().__init__("no fit")


class Writing(Protocol):
    """A body that is being written.

    Anything unusual raises; the explanation then meets it again. TooLongError is raised for a body that is
    too long, or that takes too long without a turn for others.
    """

    def add(self, tickets: list[dict[str, Any]]) -> None:
        """Add tickets, or raise and add none. The caller uses the list again."""
        ...

    def check(self) -> None:
        """Declare that no more tickets follow."""
        ...

    def encoded(self) -> Body:
        """Return the checked body as JSON. Call it once."""
        ...


class ResponsePlan:
    """What a mapping's `response` compiles to."""

    def __init__(self, spec: ResponseSpec, upstream: UpstreamSpec, compiler: SpecCompiler) -> None:
        """Compile *spec*.

        Mistakes go to *compiler* as findings; *upstream* says how large an answer may become.
        """
        self._spec = spec
        # What the platform said may be in it once, and each ticket has names and constants besides.
        self.room = upstream.max_body + _TICKET * upstream.max_records
        self.when_empty = spec.when_empty
        self.when_unknown_user = spec.when_unknown_user
        self._schema: Schema = tickets_schema() if spec.schema is None else spec.schema
        self._body = compiler.expression(spec.body, _ROOTS)
        self._validator = Validator(self._schema)
        # The bundled schema has no rule for the whole list, and fits only the default body.
        self._writing = _InParts if spec.schema is None else _Whole
        self.is_bundled = spec.schema is None
        """Whether the body is the bundled one, and its tickets are those of the contract."""
        self.contract = _ticket_contract(self._body.shape(), self._schema)
        # A ticket that the body reshapes is held to the contract before; any other in the body.
        reshaped = self.contract.root is not self._schema
        self._tickets = (
            Validator(self.contract.root, part=self.contract.ticket) if reshaped else None
        )
        if not compiler.failed(spec.body):
            check_schema(self._body.tree, spec.body, self._schema, compiler)
        if TICKET_ID not in self.contract.shape.properties:
            compiler.report(
                spec.place,
                "TB306",
                f"the schema's tickets have no `{TICKET_ID}`, by which tickets are told apart",
                f'keep `{TICKET_ID}` in `fields` and rename it in `body`: "tickets[*].{{id: ticketId}}"',
            )

    def check_marks(self, compiler: SpecCompiler) -> None:
        """Report a body that leaves out the status of its tickets."""
        check_marks(self._body.tree, self._spec.body, compiler)

    def check_fields(self, names: Collection[str], compiler: SpecCompiler) -> None:
        """Report each field that the body takes from tickets and that is not among *names*."""
        check_fields(self._body.tree, self._spec.body, names, compiler)

    def writing(self, user: str) -> Writing:
        """Return a writer of the body for *user*, without tickets."""
        return self._writing(self, user)

    def made(self, user: str, tickets: Sequence[Mapping[str, Any]]) -> Any:
        """Return the body of these tickets. Raises EvaluationError."""
        return self._body({"user": user, "tickets": tickets})

    def require_fit(self, tickets: list[dict[str, Any]], body: object) -> None:
        """Raise Misfit if *body*, or one of its *tickets*, does not fit its schema."""
        if self._tickets is not None and not self._tickets.all_fit(tickets):
            breaches = map(self._tickets.breach, tickets)
            raise Misfit(lambda: next(filter(None, breaches), None))
        if not self._validator.fits(body):
            raise Misfit(partial(self._validator.breach, body))

    def size(self) -> Size:
        """Return a counter of the bytes of tickets that are kept until the body is written."""
        return Size(self.too_large(), self.room if self._writing is _InParts else None)

    def too_large(self) -> MappingMismatch:
        """Return the problem of a body that has too many bytes."""
        return MappingMismatch(
            "The answer is larger than allowed",
            log=f"response: body: more than {self.room} bytes"
            f" (max_body, and {_TICKET} for each of max_records)",
        )

    async def render(self, user: str, tickets: Sequence[dict[str, Any]]) -> Body:
        """Return the body as JSON; other answers get turns while it is written.

        Raises MappingMismatch if it does not fit its schema, or has too many bytes.
        """
        try:
            return await self._rendered(user, tickets)
        except TooLongError:
            raise self.too_large() from None
        except EvaluationError as error:
            raise MappingMismatch(log=f"response: body: {error}") from error
        except Misfit as misfit:
            reason = locate(f"the body {misfit.breach()}", self._body.text, self._body.place)
            raise MappingMismatch(log=f"response: {reason}") from misfit
        except (msgspec.MsgspecError, RecursionError, ValueError) as error:
            raise MappingMismatch(log="response: body: no JSON") from error

    async def _rendered(self, user: str, tickets: Sequence[dict[str, Any]]) -> Body:
        writing = self.writing(user)
        parts = [list(tickets[at : at + _PART]) for at in range(0, len(tickets), _PART)][::-1]
        while parts:
            part = parts.pop()
            try:
                writing.add(part)
            except TooLongError:
                if len(part) == 1:
                    raise
                half = len(part) // 2
                parts += part[half:], part[:half]
            await asyncio.sleep(0)
        writing.check()
        return writing.encoded()


class Size:
    """The number of bytes of the tickets so far. With *room* None, the body has no limit of its own."""

    def __init__(self, problem: MappingMismatch, room: int | None) -> None:
        self._problem = problem
        self._left = room

    def add(self, ticket: object) -> None:
        """Count one more ticket. Raises *problem* if the total is too large."""
        if self._left is None:
            return
        try:
            self._left -= len(encode_within(ticket, self._left))
        except TooLongError:
            raise self._problem from None
        except (msgspec.MsgspecError, RecursionError, ValueError):
            return  # no JSON, as is said when the body is written


class _InParts:
    """The bundled body: its tickets, which were checked before, are written at once and not kept.

    Otherwise a large answer would need memory three times: for its tickets, for the platform's data, and for
    its own text.
    """

    def __init__(self, plan: ResponsePlan, user: str) -> None:
        self._plan = plan
        self._user = user
        self._text = bytearray(b'{"userEmail":' + ENCODER.encode(user) + b',"tickets":[')
        self._left = plan.room - len(self._text) - len(_END)
        self._is_empty = True
        self._expected = _USUAL

    def add(self, tickets: list[Any]) -> None:
        # A single ticket is not divided.
        room = self._left if len(tickets) == 1 else min(self._left, _STRETCH)
        text = encode_within(tickets, room, expected=self._expected * len(tickets))
        # Most tickets are as long as those before, or a little longer.
        self._expected = len(text) * 5 // (4 * len(tickets))
        # Of the list's brackets the first parts this ticket from the one before.
        text[0], text[-1:] = ord(","), b""
        self._text += text[1:] if self._is_empty else text
        self._left -= len(text)
        self._is_empty = False

    def check(self) -> None:
        self._plan.require_fit([], {"userEmail": self._user, "tickets": []})

    def encoded(self) -> Body:
        self._text += _END
        return self._text


class _Whole:
    """Any other body: its expression and its schema need all tickets at once."""

    def __init__(self, plan: ResponsePlan, user: str) -> None:
        self._plan = plan
        self._user = user
        self._tickets: list[dict[str, Any]] = []
        self._text = bytearray()

    def add(self, tickets: list[dict[str, Any]]) -> None:
        self._tickets += tickets

    def check(self) -> None:
        body = self._plan.made(self._user, self._tickets)
        self._text = encode_within(body, self._plan.room)
        self._plan.require_fit(self._tickets, body)

    def encoded(self) -> Body:
        return self._text


def _ticket_contract(body: Shape, schema: Schema) -> TicketContract:
    """Return the schema of a ticket: from the body if it holds `tickets` whole, else the bundled one.

    A reshaped ticket needs only its id, because the body's schema says which fields the body takes from it.
    """
    place = _place_of_tickets(body, schema, schema)
    if place is not None:
        return TicketContract(schema, _needing_id(items_of(place, schema)))
    bundled = tickets_schema()
    return TicketContract(bundled, {**bundled["$defs"]["ticket"], "required": [TICKET_ID]})


def _place_of_tickets(body: Shape, schema: Schema, root: Schema) -> Schema | None:
    """Return the schema of the list that is exactly `tickets`, or None."""
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
