"""The questions put to a record before its fields: whose it is, its status, its conditions.

Each is a frozen value with `ask`, which gives the judgement with its reason; the serving code of the
same questions is written by `serving`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from ticketbridge.contract.marks import STATUS, VALID
from ticketbridge.jmes import EvaluationError, Expression, kinds
from ticketbridge.jmes.analysis import choices
from ticketbridge.jmes.nodes import Field
from ticketbridge.mapping.compiler import Scope, SpecCompiler
from ticketbridge.mapping.spec import ExpressionSpec, ReasonSpec, StatusTableSpec, TicketSpec
from ticketbridge.tickets.convert import Violation, json_type
from ticketbridge.tickets.fields import table_key
from ticketbridge.tickets.verdicts import NOT_OWNER, UNKNOWN_STATUS, Verdict


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict that is not "returned"; *mark* is the status under which the ticket may still go out."""

    verdict: Verdict
    mark: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class OwnerCheck:
    """The owner in the platform's answer must be the asked user."""

    expression: Expression

    def ask(self, scope: Scope) -> Judgement | None:
        """None where the record is the user's."""
        try:
            owner = self.expression(scope)
        except EvaluationError as error:
            return Judgement(Verdict("violation", "owner"), reason=str(error))
        if owner is None:
            return Judgement(NOT_OWNER)
        if not isinstance(owner, str):
            reason = f"{json_type(owner)} where the owner's text is due, at {self.expression.place}"
            return Judgement(Verdict("violation", "owner"), reason=reason)
        return None if same_owner(owner, scope["user"]) else Judgement(NOT_OWNER)


@dataclass(frozen=True, slots=True)
class StatusCheck:
    """One table of the platform's status words; *place* is where it stands."""

    expression: Expression
    values: Mapping[str, str]
    place: str

    def ask(self, scope: Scope) -> Judgement | None:
        """None where the status is VALID."""
        try:
            key = table_key(self.expression(scope))
        except EvaluationError as error:
            return Judgement(Verdict("violation", STATUS), reason=str(error))
        except Violation as violation:
            reason = f"{violation.reason}, at {self.expression.place}"
            return Judgement(Verdict("violation", STATUS), reason=reason)
        status = None if key is None else self.values.get(key)
        if status is None:
            reason = f"a status that the table does not list, at {self.place}"
            return Judgement(UNKNOWN_STATUS, reason=reason)
        return None if status == VALID else Judgement(Verdict("not_eligible", status), status)


@dataclass(frozen=True, slots=True)
class ReasonCheck:
    """One condition of `not_eligible_when`."""

    expression: Expression
    name: str

    def ask(self, scope: Scope) -> Judgement | None:
        """None where the condition is false."""
        try:
            value = self.expression(scope)
        except EvaluationError as error:
            return Judgement(Verdict("violation", self.name), reason=str(error))
        if value is False:
            return None
        if value is True:
            return Judgement(Verdict("not_eligible", self.name), mark_of(self.name))
        reason = f"a condition that gives neither true nor false, at {self.expression.place}"
        return Judgement(Verdict("violation", self.name), reason=reason)


Check = OwnerCheck | StatusCheck | ReasonCheck


def mark_of(reason: str) -> str:
    """The mark of a ticket that a reason makes not eligible."""
    return reason.upper()


def same_owner(owner: str, user: str) -> bool:
    """Whether two owners are the same text, ASCII letter case aside, and nothing else aside."""
    # bytes.lower() knows ASCII alone; str.lower() would make one of the Kelvin sign and "k".
    return owner.encode("utf-8", "surrogatepass").lower() == user.encode().lower()


def compile_checks(
    spec: TicketSpec, roots: Collection[str], compiler: SpecCompiler
) -> tuple[Check, ...]:
    """The checks of *spec* in the order of the verdicts: owner, status tables, conditions."""
    owner = [] if spec.owner is None else [_owner(spec.owner, roots, compiler)]
    return (
        *owner,
        *(_status(table, roots, compiler) for table in spec.statuses),
        *(_reason(reason, roots, compiler) for reason in spec.not_eligible_when),
    )


def _owner(spec: ExpressionSpec, roots: Collection[str], compiler: SpecCompiler) -> OwnerCheck:
    """The owner's check; an owner that may be the asked user himself is a finding."""
    expression = compiler.expression(spec, roots, kinds.STRING_OR_NULL)
    if not compiler.failed(spec):
        if not expression.names - {"user"}:
            message = "`owner` must come from the platform's answer: this uses no entry of `source`"
            compiler.report(spec.place, "TB311", message)
        for choice in choices(expression.tree):
            if choice is not expression.tree and choice == Field(choice.start, "user"):
                message = (
                    "where the platform names no owner, this takes the asked user for the owner"
                )
                hint = "leave it out: a ticket whose owner is not known is nobody's"
                compiler.report(spec.at(choice.start), "TB311", message, hint)
    return OwnerCheck(expression)


def _status(spec: StatusTableSpec, roots: Collection[str], compiler: SpecCompiler) -> StatusCheck:
    words = {word: status.value for word, status in spec.values.items()}
    return StatusCheck(
        compiler.expression(spec.source, roots, kinds.TABLE_KEY), words, str(spec.place)
    )


def _reason(spec: ReasonSpec, roots: Collection[str], compiler: SpecCompiler) -> ReasonCheck:
    return ReasonCheck(compiler.expression(spec.expression, roots, kinds.BOOLEAN), spec.name)


def stages_of(checks: Sequence[Check], names: Sequence[str]) -> tuple[int, ...]:
    """For each check the entry (by number) that must be bound before it can be asked.

    A check waits for its own names, and for those of all checks before it.
    """
    stages = []
    due = 0
    for check in checks:
        used = check.expression.names
        due = max([due, *(names.index(name) for name in used if name in names)])
        stages.append(due)
    return tuple(stages)
