"""From a record's scope to its verdict, with the reason: what explanations and odd answers take.

Answers without anything odd are made by the code of `serving`, which gives the same tickets and verdicts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ticketbridge.contract import Validator
from ticketbridge.contract.marks import STATUS, VALID
from ticketbridge.contract.properties import may_have
from ticketbridge.contract.shape import ObjectShape, Schema, object_shape
from ticketbridge.jmes.budget import shared_budget
from ticketbridge.mapping.compiler import Scope, SpecCompiler
from ticketbridge.mapping.spec import TicketSpec
from ticketbridge.tickets.checks import (
    Check,
    Judgement,
    compile_checks,
    mark_of,
    stages_of,
)
from ticketbridge.tickets.convert import Violation
from ticketbridge.tickets.fields import Field, FieldCompiler, make_field, make_object
from ticketbridge.tickets.origins import Origin, Question, origins_of, questions_of
from ticketbridge.tickets.settle import TICKET_ID
from ticketbridge.tickets.verdicts import NOT_OWNER, RETURNED, Record, Verdict


@dataclass(frozen=True, slots=True)
class TicketContract:
    """The schema *ticket* that each ticket is held to, a part of the schema *root*."""

    root: Schema
    ticket: Schema

    @property
    def shape(self) -> ObjectShape:
        """The properties of a ticket."""
        return object_shape(self.ticket, self.root)


@dataclass(frozen=True, slots=True)
class TicketParts:
    """What a mapping's `ticket` compiles to: checks, each with its stage, and fields.

    *names* are those that `source` binds, in order; a stage is the number of an entry. *marks*: tickets
    that are not eligible go out with their mark. *has_status*: tickets carry their status.
    """

    names: tuple[str, ...]
    checks: tuple[Check, ...]
    stages: tuple[int, ...]
    fields: tuple[Field, ...]
    marks: bool
    has_status: bool


def compile_ticket(
    spec: TicketSpec, contract: TicketContract, names: Sequence[str], compiler: SpecCompiler
) -> TicketParts:
    """The parts of *spec*; slips go to *compiler* as findings."""
    roots = ("user", *names)
    shape = contract.shape
    _report_status(spec, compiler)
    _hold_to_marks(spec, contract, compiler)
    checks = compile_checks(spec, roots, compiler)
    fields = FieldCompiler(compiler, roots, contract.root)
    return TicketParts(
        names=tuple(names),
        checks=checks,
        stages=stages_of(checks, names),
        fields=fields.object(spec.fields, replace(shape, required=shape.required - {STATUS})),
        marks=spec.ineligible == "mark",
        has_status=may_have(contract.ticket, contract.root, STATUS),
    )


class Judge:
    """Gives each record its verdict and says why.

    `early` judges a binding as soon as the names that a check uses are bound; `judge` judges an
    innermost binding.
    """

    def __init__(self, parts: TicketParts, contract: TicketContract) -> None:
        self._parts = parts
        self._last = len(parts.names) - 1
        self._checks = [self._asked_at(stage) for stage in range(len(parts.names))]
        self._id_field = next((field for field in parts.fields if field.name == TICKET_ID), None)
        self._validator = Validator(contract.root, part=contract.ticket)

    def _asked_at(self, stage: int) -> list[Check]:
        """The checks of a stage; where ineligible ones go on, those of earlier stages again.

        For the first verdict decides, also over one that is only found further in.
        """
        due = zip(self._parts.checks, self._parts.stages, strict=True)
        if self._parts.marks:
            return [check for check, at in due if at <= stage]
        return [check for check, at in due if at == stage]

    def early(self, stage: int, scope: Scope) -> Record | None:
        """The record of a binding that fails once entry number *stage* is bound, or None: go on."""
        with shared_budget():
            judgement = self._judgement(stage, scope)
        if judgement is None or (self._parts.marks and judgement.mark):
            return None
        return Record(judgement.verdict, reason=judgement.reason)

    def judge(self, scope: Scope) -> Record:
        """The record of an innermost binding that no earlier stage has judged."""
        with shared_budget():
            record = self._judged(scope)
        record.scope = scope
        return record

    def origins(self, record: Record) -> Iterator[Origin]:
        """Where each field of a record came from; nothing of one that was judged before its fields."""
        scope = record.scope
        bound = scope is not None and scope.keys() >= set(self._parts.names)
        return origins_of(self._parts.fields, scope) if scope and bound else iter(())

    def questions(self, record: Record) -> Iterator[Question]:
        """What was asked of a record before its fields, up to the answer that decided."""
        return iter(()) if record.scope is None else questions_of(self._parts.checks, record.scope)

    def _judged(self, scope: Scope) -> Record:
        judgement = self._judgement(self._last, scope)
        if judgement is None:
            return self._ticket(scope, RETURNED, VALID)
        if judgement.verdict == NOT_OWNER:
            return Record(NOT_OWNER)
        if judgement.mark and self._parts.marks:
            return self._marked(scope, judgement)
        return Record(judgement.verdict, self._ticket_id(scope), reason=judgement.reason)

    def _judgement(self, stage: int, scope: Scope) -> Judgement | None:
        """The first verdict of this stage's checks, or None where they all pass."""
        for check in self._checks[stage]:
            judgement = check.ask(scope)
            if judgement is not None:
                return judgement
        return None

    def _ticket(self, scope: Scope, verdict: Verdict, status: str) -> Record:
        """The record with its ticket, or a violation of the first field that fails."""
        try:
            ticket = make_object(self._parts.fields, scope)
        except Violation as violation:
            verdict = Verdict("violation", violation.field)
            return Record(verdict, self._ticket_id(scope), reason=violation.reason)
        if self._parts.has_status:
            ticket[STATUS] = status
        breach = self._validator.breach(ticket)
        if breach is not None:
            verdict = Verdict("violation", breach.field or "ticket")
            return Record(verdict, _comparable(ticket.get(TICKET_ID)), reason=str(breach))
        return Record(verdict, _comparable(ticket[TICKET_ID]), ticket)

    def _marked(self, scope: Scope, judgement: Judgement) -> Record:
        """A ticket that is not eligible, with its mark; without the ticket where its fields fail."""
        record = self._ticket(scope, judgement.verdict, judgement.mark)
        return Record(judgement.verdict, record.ticket_id, record.ticket, record.reason)

    def _ticket_id(self, scope: Scope) -> str | None:
        """The ticket's id where it can be had: an ineligible record needs it to be compared by."""
        if self._id_field is None:
            return None
        try:
            return _comparable(make_field(self._id_field, scope))
        except Violation:
            return None


def _report_status(spec: TicketSpec, compiler: SpecCompiler) -> None:
    """`status` has its own place in a mapping, and is not given twice."""
    for named in spec.fields.fields:
        if named.name == STATUS:
            compiler.report(
                named.place,
                "TB305",
                "`status` is made by `ticket.status`",
                "remove it from `fields`",
            )


def marks_of(spec: TicketSpec) -> list[str]:
    """The marks under which tickets go out that are not eligible; none where they are left out."""
    if spec.ineligible != "mark":
        return []
    words = [status.value for table in spec.statuses for status in table.values.values()]
    reasons = [mark_of(reason.name) for reason in spec.not_eligible_when]
    return list(dict.fromkeys(word for word in [*words, *reasons] if word != VALID))


def _hold_to_marks(spec: TicketSpec, contract: TicketContract, compiler: SpecCompiler) -> None:
    """Report a schema that does not allow a mark: such a ticket could not go out with its status."""
    marks = marks_of(spec)
    refused = [m for m in marks if not may_have(contract.ticket, contract.root, STATUS, m)]
    if refused:
        lost = ", ".join(f"`{mark}`" for mark in refused)
        message = (
            f"`ineligible: mark` sends tickets with {lost} as their `{STATUS}`,"
            " and the contract has no place for that"
        )
        hint = f"give the schema's tickets a `{STATUS}` that allows it, or write `ineligible: omit`"
        compiler.report(spec.place, "TB424", message, hint)


def _comparable(ticket_id: Any) -> str | None:
    """The id as the text by which records are compared, or None where there is none."""
    return str(ticket_id) if isinstance(ticket_id, str | int) else None
