"""The notes of one record while it is judged, and the record that results.

The code that `emit` writes calls them after each step. The bare program does not use them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

from ticketbridge.contract import Breach, Validator
from ticketbridge.contract.validator import find_change
from ticketbridge.engine.tickets.convert import MISSING, Violation, json_type
from ticketbridge.engine.tickets.duplicates import TICKET_ID
from ticketbridge.engine.tickets.steps import Check, Ineligible, UnknownStatus
from ticketbridge.engine.tickets.verdicts import (
    RETURNED,
    UNKNOWN_STATUS,
    CheckNote,
    FieldNote,
    Record,
    Verdict,
)
from ticketbridge.formats.elements import AttributedError
from ticketbridge.jmes import EvaluationError, Expression, locate

Fault = EvaluationError | Violation | AttributedError
FAULTS: Final = (EvaluationError, Violation, AttributedError)
"""Raised by a step if the record cannot be judged."""


@dataclass(slots=True)
class Notes:
    """The notes of one record so far. The first field that fails decides its verdict."""

    validator: Validator
    checks: list[CheckNote] = field(default_factory=list)
    fields: list[FieldNote] = field(default_factory=list)
    violation: Violation | None = None

    def passed(self, check: Check, given: object) -> None:
        """Note that the record passed *check*."""
        self._note_check(check, given, check.passes)

    def marked(self, check: Check, given: object, ineligible: Ineligible) -> None:
        """Note that the ticket goes out with the mark of *check*."""
        self._note_check(check, given, ineligible.word)

    def ended(self, check: Check, given: object, verdict: Verdict) -> Record:
        """Return the record that *check* ends with *verdict*."""
        self._note_check(check, given, str(verdict))
        return Record(verdict, checks=self.checks)

    def refused(self, check: Check, given: object, fault: Fault) -> Record:
        """Return the record for which *check* failed with an error."""
        verdict = Verdict("violation", check.name)
        if isinstance(fault, UnknownStatus):
            verdict = UNKNOWN_STATUS
        failure = fault.reason if isinstance(fault, EvaluationError) else ""
        self._note_check(check, given, str(verdict), failure)
        return Record(verdict, reason=_reason_of(check, given, fault), checks=self.checks)

    def made(self, name: str, expression: Expression | None, given: object, made: object) -> None:
        """Note that the field *name* has its value."""
        self.fields.append(FieldNote(name, expression, given, made))

    def failed(self, name: str, expression: Expression, given: object, fault: Fault) -> Any:
        """Note that the field *name* failed, and return MISSING."""
        violation = _violation(name, given, fault)
        failure = fault.reason if isinstance(fault, EvaluationError) else ""
        refusal = failure or violation.reason
        located = Violation(violation.field, _locate(refusal, expression))
        self.violation = self.violation or located
        self.fields.append(FieldNote(name, expression, given, MISSING, failure, refusal))
        return MISSING

    def ticket(self, ticket: dict[str, Any], ineligible: Ineligible | None) -> Record:
        """Return the record of a *ticket* that passed all checks, or that goes out with a mark.

        If a field failed, or the contract refuses it, the record is a violation; a marked ticket is then left
        out.
        """
        verdict, reason, ticket_id = RETURNED, "", comparable_id(ticket.get(TICKET_ID))
        if self.violation is not None:
            verdict, reason = Verdict("violation", self.violation.field), self.violation.reason
        elif (breach := self.validator.breach(ticket)) is not None:
            verdict = Verdict("violation", breach.field or "ticket")
            reason = self._describe_breach(breach, ticket)
        goes_out = verdict == RETURNED
        return Record(
            ineligible.verdict if ineligible else verdict,
            ticket_id,
            ticket if goes_out else None,
            reason,
            checks=self.checks,
            fields=self.fields,
        )

    def _describe_breach(self, breach: Breach, ticket: dict[str, Any]) -> str:
        """Return what *breach* says, with the expression that made the value, if one expression did."""
        change = find_change(breach, ticket, self.validator)
        reason = f"{breach}; {change}(...) would fit" if change else str(breach)
        # The longest name is that of the innermost field; `tags.*` are texts of a list without names.
        within = [note for note in self.fields if f"{breach.field}.".startswith(f"{note.name}.")]
        note = max(within, key=lambda each: len(each.name), default=None)
        return _locate(reason, note.expression) if note and note.expression else reason

    def _note_check(self, check: Check, given: object, answer: str, failure: str = "") -> None:
        note = CheckNote(check.kind, check.name, check.expression, given, failure, answer)
        self.checks.append(note)


def comparable_id(ticket_id: object) -> str | None:
    """Return the text by which records with this id are compared, or None if there is no id."""
    return str(ticket_id) if isinstance(ticket_id, str | int) else None


def _reason_of(check: Check, given: object, fault: Fault) -> str:
    match fault:
        case EvaluationError():
            return str(fault)
        case UnknownStatus():
            return fault.reason
        case _:
            return _locate(_violation("", given, fault).reason, check.expression)


def _locate(reason: str, expression: Expression) -> str:
    return locate(reason, expression.text, expression.place)


def _violation(name: str, given: object, fault: Fault) -> Violation:
    """Return *fault* as a violation of the field *name*."""
    match fault:
        case Violation():
            return fault.within(name) if name else fault
        case EvaluationError():
            return Violation(name, fault.reason)
        case _:
            return Violation(name, f"{json_type(given)} where one value is due")
