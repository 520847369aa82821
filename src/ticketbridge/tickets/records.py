"""From a record's scope to its verdict, in the order that the contract of verdicts fixes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace

import msgspec

from ticketbridge.contract import Validator
from ticketbridge.contract.shape import ObjectShape, Schema, object_shape
from ticketbridge.jmes import EvaluationError, Expression
from ticketbridge.mapping.compiler import Scope, SpecCompiler
from ticketbridge.mapping.spec import ReasonSpec, StatusTableSpec, TicketSpec
from ticketbridge.tickets.convert import Violation
from ticketbridge.tickets.fields import FieldCompiler, make_object, table_key
from ticketbridge.tickets.verdicts import (
    DUPLICATE,
    NOT_OWNER,
    RETURNED,
    UNKNOWN_STATUS,
    Record,
    Verdict,
)

VALID = "VALID"
TICKET_ID = "ticketId"
STATUS = "status"


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict that is not "returned"; *mark* is the status under which the ticket may still go out."""

    verdict: Verdict
    mark: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """One of the questions put to a record before its fields: owner, a status table, a condition."""

    names: frozenset[str]
    ask: Callable[[Scope], Judgement | None]


@dataclass(frozen=True, slots=True)
class TicketContract:
    """The schema *ticket* that each ticket is held to, a part of the schema *root*."""

    root: Schema
    ticket: Schema

    @property
    def shape(self) -> ObjectShape:
        """The properties of a ticket."""
        return object_shape(self.ticket, self.root)


class TicketPlan:
    """What a mapping's `ticket` compiles to.

    `early` judges a binding as soon as the names that a check uses are bound; `judge` judges an
    innermost binding; `settle` compares the records of one answer.
    """

    def __init__(
        self,
        spec: TicketSpec,
        contract: TicketContract,
        names: Sequence[str],
        compiler: SpecCompiler,
    ) -> None:
        """*names* are those that `source` binds, in order; slips go to *compiler* as findings."""
        roots = ("user", *names)
        shape = contract.shape
        checks = _checks(spec, roots, compiler)
        self._marks = spec.ineligible == "mark"
        self._stages = _staged(checks, names, cumulative=self._marks)
        self._last = len(names) - 1
        fields = FieldCompiler(compiler, roots, contract.root)
        self._fields = fields.object(
            spec.fields, replace(shape, required=shape.required - {STATUS})
        )
        self._id_field = next((f for f in self._fields if f.name == TICKET_ID), None)
        self._has_status = STATUS in shape.properties or not shape.closed
        self._validator = Validator(contract.root, part=contract.ticket)
        _report_status(spec, compiler)

    def early(self, stage: int, scope: Scope) -> Record | None:
        """The record of a binding that fails once entry number *stage* is bound, or None: go on."""
        judgement = self._judgement(stage, scope)
        if judgement is None or (self._marks and judgement.mark):
            return None
        return Record(judgement.verdict, reason=judgement.reason)

    def judge(self, scope: Scope) -> Record:
        """The record of an innermost binding that no earlier stage has judged."""
        judgement = self._judgement(self._last, scope)
        if judgement is None:
            return self._ticket(scope, RETURNED, VALID)
        if judgement.verdict == NOT_OWNER:
            return Record(NOT_OWNER)
        if judgement.mark and self._marks:
            return self._marked(scope, judgement)
        return Record(judgement.verdict, self._ticket_id(scope), reason=judgement.reason)

    def _judgement(self, stage: int, scope: Scope) -> Judgement | None:
        """The first verdict of this stage's checks, or None where they all pass."""
        for check in self._stages[stage]:
            judgement = check.ask(scope)
            if judgement is not None:
                return judgement
        return None

    def _ticket(self, scope: Scope, verdict: Verdict, status: str) -> Record:
        """The record with its ticket, or a violation of the first field that fails."""
        try:
            ticket = make_object(self._fields, scope)
        except Violation as violation:
            verdict = Verdict("violation", violation.field)
            return Record(verdict, self._ticket_id(scope), reason=violation.reason)
        if self._has_status:
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
            return _comparable(self._id_field.of(scope))
        except Violation:
            return None


def settle(records: Iterable[Record]) -> None:
    """Compare the records that share a ticketId, and change the verdicts of those that clash.

    The same ticket again, field for field, is a duplicate. Records of which at least one would go out
    as valid, and that differ in anything, are violations all: one of them is wrong. Of two marked
    tickets with one id that are alike, the second goes out no more; that differ, none does.
    """
    groups: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        if record.ticket_id is not None:
            groups[record.ticket_id].append(record)
    for group in groups.values():
        if len(group) > 1:
            _settle_group(group)


def _settle_group(group: Sequence[Record]) -> None:
    eligible = [record for record in group if record.verdict == RETURNED]
    outgoing = [record for record in group if record.ticket is not None]
    if len({_fingerprint(record) for record in (group if eligible else outgoing)}) > 1:
        for record in group:
            record.verdict = Verdict("violation", TICKET_ID)
            record.reason = "records with one ticketId that differ"
            record.ticket = None
        return
    for record in outgoing[1:]:
        record.ticket = None
        if eligible:
            record.verdict = DUPLICATE


def _fingerprint(record: Record) -> tuple[str, bytes]:
    """All that may differ between two records of one ticket: the verdict and every field."""
    return str(record.verdict), msgspec.json.encode(record.ticket, order="deterministic")


# --- the checks -----------------------------------------------------------------------------------


def same_owner(owner: str, user: str) -> bool:
    """Whether two owners are the same text, ASCII letter case aside, and nothing else aside."""
    # bytes.lower() knows ASCII alone; str.lower() would make one of the Kelvin sign and "k".
    return owner.encode("utf-8", "surrogatepass").lower() == user.encode().lower()


def _checks(spec: TicketSpec, roots: Collection[str], compiler: SpecCompiler) -> tuple[Check, ...]:
    checks = [_owner_check(compiler.expression(spec.owner, roots))] if spec.owner else []
    checks += [_status_check(table, roots, compiler) for table in spec.statuses]
    checks += [_reason_check(reason, roots, compiler) for reason in spec.not_eligible_when]
    if spec.owner and not compiler.failed(spec.owner) and not checks[0].names - {"user"}:
        compiler.report(
            spec.owner.place,
            "TB311",
            "`owner` must come from the platform's answer: this expression uses no entry of `source`",
        )
    return tuple(checks)


def _staged(
    checks: Sequence[Check], names: Sequence[str], *, cumulative: bool
) -> Sequence[Sequence[Check]]:
    """For each stage the checks that are asked once its entry is bound.

    A check is asked as soon as its names and those of all earlier checks are bound. *cumulative*: the
    checks of earlier stages are asked again, for what they refuse has gone on, and the first decides.
    """
    stages: list[list[Check]] = [[] for _ in names]
    due = 0
    for check in checks:
        due = max([due, *(names.index(name) for name in check.names if name in names)])
        for stage in range(due, len(names) if cumulative else due + 1):
            stages[stage].append(check)
    return stages


def _owner_check(owner: Expression) -> Check:
    def ask(scope: Scope) -> Judgement | None:
        try:
            value = owner(scope)
        except EvaluationError as error:
            return Judgement(Verdict("violation", "owner"), reason=str(error))
        if value is None:
            return Judgement(NOT_OWNER)
        if not isinstance(value, str):
            return Judgement(Verdict("violation", "owner"), reason="an owner that is no text")
        return None if same_owner(value, scope["user"]) else Judgement(NOT_OWNER)

    return Check(owner.names, ask)


def _status_check(spec: StatusTableSpec, roots: Collection[str], compiler: SpecCompiler) -> Check:
    source = compiler.expression(spec.source, roots)
    marks = {key: Judgement(Verdict("not_eligible", v), v) for key, v in spec.values.items()}
    valid = {key for key, value in spec.values.items() if value == VALID}
    unknown = Judgement(
        UNKNOWN_STATUS, reason=f"a status that the table does not list, at {spec.place}"
    )

    def ask(scope: Scope) -> Judgement | None:
        try:
            key = table_key(source(scope))
        except EvaluationError as error:
            return Judgement(Verdict("violation", STATUS), reason=str(error))
        if key is None:
            return unknown
        return None if key in valid else marks.get(key, unknown)

    return Check(source.names, ask)


def _reason_check(spec: ReasonSpec, roots: Collection[str], compiler: SpecCompiler) -> Check:
    condition = compiler.expression(spec.expression, roots)
    met = Judgement(Verdict("not_eligible", spec.name), spec.name.upper())

    def ask(scope: Scope) -> Judgement | None:
        try:
            value = condition(scope)
        except EvaluationError as error:
            return Judgement(Verdict("violation", spec.name), reason=str(error))
        if value is True or value is False:
            return met if value else None
        reason = f"a condition that gives neither true nor false, at {spec.expression.place}"
        return Judgement(Verdict("violation", spec.name), reason=reason)

    return Check(condition.names, ask)


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


def _comparable(ticket_id: object) -> str | None:
    """The id as the text by which records are compared, or None where there is none."""
    return str(ticket_id) if isinstance(ticket_id, str | int) else None
