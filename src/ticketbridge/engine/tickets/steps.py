"""The record program: the list of steps that makes a record's verdict and its ticket.

    owner ──► status tables ──► conditions ──► fields ──► contract

The checks come first, in this order; each is asked as soon as the names that it and all checks before it
use are bound. `emit` writes the program as Python, once bare and once with notes; there is no other judge.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

from ticketbridge.contract.marks import STATUS, VALID
from ticketbridge.contract.properties import may_have
from ticketbridge.contract.shape import ObjectShape, Schema, object_shape
from ticketbridge.engine.tickets.convert import Violation, json_type
from ticketbridge.engine.tickets.fields import Field, FieldCompiler
from ticketbridge.engine.tickets.verdicts import Verdict
from ticketbridge.jmes import Expression, kinds
from ticketbridge.jmes.analysis import choices
from ticketbridge.jmes.nodes import Field as FieldNode
from ticketbridge.mapping.spec import ExpressionSpec, ReasonSpec, StatusTableSpec, TicketSpec
from ticketbridge.mapping.spec_compiler import SpecCompiler


@dataclass(frozen=True, slots=True)
class Ineligible:
    """Why a record is not eligible: its *verdict*, and the *mark* with which the ticket may go out."""

    verdict: Verdict
    mark: str

    @property
    def word(self) -> str:
        """The verdict, as it is counted."""
        return str(self.verdict)


class UnknownStatus(Violation):
    """A status that its table does not list."""


class StatusTable(dict[str | None, Ineligible | None]):
    """The meaning of each status word of a platform; None is VALID.

    Raises UnknownStatus for any other word.
    """

    def __init__(self, spec: StatusTableSpec) -> None:
        super().__init__({word: _meaning(status.value) for word, status in spec.values.items()})
        self._place = str(spec.place)

    def __missing__(self, key: str | None) -> None:
        raise UnknownStatus("", f"a status that the table does not list, at {self._place}")


def _meaning(status: str) -> Ineligible | None:
    return None if status == VALID else Ineligible(Verdict("not_eligible", status), status)


@dataclass(frozen=True, slots=True)
class OwnerCheck:
    """A check that the owner in the platform's answer is the asked user."""

    kind: ClassVar[Literal["owner"]] = "owner"
    name: ClassVar[str] = "owner"
    passes: ClassVar[str] = "the asked user"
    expression: Expression
    stage: int


@dataclass(frozen=True, slots=True)
class StatusCheck:
    """A check that the table maps the platform's status to VALID."""

    kind: ClassVar[Literal["status"]] = "status"
    name: ClassVar[str] = STATUS
    passes: ClassVar[str] = VALID
    expression: Expression
    stage: int
    table: StatusTable


@dataclass(frozen=True, slots=True)
class ReasonCheck:
    """A check that a condition of `not_eligible_when` is false."""

    kind: ClassVar[Literal["condition"]] = "condition"
    passes: ClassVar[str] = "does not apply"
    expression: Expression
    stage: int
    name: str
    ineligible: Ineligible


Check = OwnerCheck | StatusCheck | ReasonCheck


@dataclass(frozen=True, slots=True)
class Level:
    """An entry below the last call. *bind* gives the values to bind, from the value of *expression*.

    *bind* raises MappingMismatch for values that cannot be bound.
    """

    expression: Expression
    bind: Callable[[Any], list[Any]]


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
class RecordProgram:
    """The steps of one mapping's records.

    *names* are those that `source` binds, in order; a stage is the number of an entry. *marks*: tickets that
    are not eligible go out with their mark. *has_status*: tickets carry their status.
    """

    names: tuple[str, ...]
    checks: tuple[Check, ...]
    fields: tuple[Field, ...]
    marks: bool
    has_status: bool
    contract: TicketContract

    @property
    def last(self) -> int:
        """The stage in which records are complete."""
        return len(self.names) - 1


def compile_program(
    spec: TicketSpec, contract: TicketContract, names: Sequence[str], compiler: SpecCompiler
) -> RecordProgram:
    """Return the program of *spec*; mistakes go to *compiler* as findings."""
    shape = contract.shape
    _check_status(spec, compiler)
    _check_marks(spec, contract, compiler)
    checks = _Checks(names, compiler)
    owner = [] if spec.owner is None else [checks.owner(spec.owner)]
    statuses = [checks.status(table) for table in spec.statuses]
    reasons = [checks.reason(reason) for reason in spec.not_eligible_when]
    fields = FieldCompiler(compiler, ("user", *names), contract.root)
    return RecordProgram(
        names=tuple(names),
        checks=(*owner, *statuses, *reasons),
        fields=fields.object(spec.fields, replace(shape, required=shape.required - {STATUS})),
        marks=spec.ineligible == "mark",
        has_status=may_have(contract.ticket, contract.root, STATUS),
        contract=contract,
    )


class _Checks:
    """Compiles checks in the order of the verdicts. No check runs before the one above it."""

    def __init__(self, names: Sequence[str], compiler: SpecCompiler) -> None:
        self._names = names
        self._roots = ("user", *names)
        self._compiler = compiler
        self._due = 0

    def owner(self, spec: ExpressionSpec) -> OwnerCheck:
        expression = self._compiler.expression(spec, self._roots, kinds.STRING_OR_NULL)
        if not self._compiler.failed(spec):
            self._check_owner(spec, expression)
        return OwnerCheck(expression, self._stage(expression))

    def status(self, spec: StatusTableSpec) -> StatusCheck:
        expression = self._compiler.expression(spec.source, self._roots, kinds.TABLE_KEY)
        return StatusCheck(expression, self._stage(expression), StatusTable(spec))

    def reason(self, spec: ReasonSpec) -> ReasonCheck:
        expression = self._compiler.expression(spec.expression, self._roots, kinds.BOOLEAN)
        ineligible = Ineligible(Verdict("not_eligible", spec.name), mark_of(spec.name))
        return ReasonCheck(expression, self._stage(expression), spec.name, ineligible)

    def _stage(self, expression: Expression) -> int:
        used = (self._names.index(name) for name in expression.names if name in self._names)
        self._due = max([self._due, *used])
        return self._due

    def _check_owner(self, spec: ExpressionSpec, expression: Expression) -> None:
        """Report an owner expression that may be the asked user itself."""
        if not expression.names - {"user"}:
            message = "`owner` must come from the platform's answer: this uses no entry of `source`"
            self._compiler.report(spec.place, "TB311", message)
        for choice in choices(expression.tree):
            if choice is not expression.tree and choice == FieldNode(choice.start, "user"):
                message = (
                    "where the platform names no owner, this takes the asked user for the owner"
                )
                hint = "leave it out: a ticket whose owner is not known is nobody's"
                self._compiler.report(spec.at(choice.start), "TB311", message, hint)


def is_owner(owner: object, user: str) -> bool:
    """Return whether *owner* is the text *user*; only ASCII letter case is ignored.

    Null matches no user. Raises Violation for an owner that is neither null nor text.
    """
    if owner is None:
        return False
    if not isinstance(owner, str):
        raise Violation("", f"{json_type(owner)} where the owner's text is due")
    # bytes.lower() changes only ASCII; str.lower() would turn the Kelvin sign into "k".
    return owner.encode("utf-8", "surrogatepass").lower() == user.encode().lower()


def mark_of(reason: str) -> str:
    """Return the mark of a ticket that a reason makes not eligible."""
    return reason.upper()


def marks_of(spec: TicketSpec) -> list[str]:
    """Return the marks with which ineligible tickets go out; none if they are left out."""
    if spec.ineligible != "mark":
        return []
    words = [status.value for table in spec.statuses for status in table.values.values()]
    reasons = [mark_of(reason.name) for reason in spec.not_eligible_when]
    return list(dict.fromkeys(word for word in [*words, *reasons] if word != VALID))


def _check_status(spec: TicketSpec, compiler: SpecCompiler) -> None:
    """Report a `status` among the fields: it has its own place in a mapping."""
    for named in spec.fields.fields:
        if named.name == STATUS:
            compiler.report(
                named.place,
                "TB305",
                "`status` is made by `ticket.status`",
                "remove it from `fields`",
            )


def _check_marks(spec: TicketSpec, contract: TicketContract, compiler: SpecCompiler) -> None:
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
