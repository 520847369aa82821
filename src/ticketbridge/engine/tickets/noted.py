"""The record program with notes: one function for each stage, which says how it came to its result.

It explains, and it judges answers in which something is unusual.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from ticketbridge.contract.marks import STATUS, VALID
from ticketbridge.engine.tickets.duplicates import TICKET_ID
from ticketbridge.engine.tickets.emit import Member, StepEmitter
from ticketbridge.engine.tickets.fields import ExpressionField, TableField, TagsField
from ticketbridge.engine.tickets.notes import FAULTS, Notes, comparable_id
from ticketbridge.engine.tickets.steps import Check, RecordProgram
from ticketbridge.engine.tickets.verdicts import Record, Verdict
from ticketbridge.jmes import Expression
from ticketbridge.jmes.source import load
from ticketbridge.mapping.spec_compiler import Scope

Judge = Callable[[Scope, Notes], Record | None]
"""Returns the record of a binding that ends here, or None if the next stage follows."""

FindId = Callable[[Scope, Notes], str | None]
"""Returns the ticketId of a record that ended before its fields; records are compared by it."""


def emit_judges(program: RecordProgram) -> Sequence[Judge]:
    """Return one function for each stage. The last one always returns a record."""
    return [_Noted(program).judge(stage) for stage in range(len(program.names))]


def emit_find_id(program: RecordProgram) -> FindId:
    """Return the function that finds the ticketId of a record that ended before its fields."""
    return _Noted(program).find_id()


class _Noted(StepEmitter):
    """Writes one function for each stage: the checks up to this stage; in the last stage also the fields.

    Each expression is evaluated separately, so that its error has its text and place, and observers see it.
    """

    shortcuts = False

    def judge(self, stage: int) -> Judge:
        code, program = self._code, self._program
        with code.function("def judge(scope, notes)"):
            code.line("user = scope['user']")
            code.line("marked = None")
            for check in program.checks:
                if check.stage <= stage:
                    self._check(check, innermost=stage == program.last)
            if stage == program.last:
                members = [Member(field.name, *self._field(field)) for field in program.fields]
                if program.has_status:
                    code.line(f"status = {code.key(VALID)} if marked is None else marked.mark")
                    members.append(Member(STATUS, "status", may_be_missing=False))
                code.line(f"return notes.ticket({self._object(members)}, marked)")
        judge: Judge = load(code, "judge", "records")
        return judge

    def find_id(self) -> FindId:
        code = self._code
        field = next(field for field in self._program.fields if field.name == TICKET_ID)
        with code.function("def find_id(scope, notes)"):
            value, _ = self._field(field)
            code.line(f"return {self._helper('comparable_id', comparable_id)}({value})")
        find_id: FindId = load(code, "find_id", "records")
        return find_id

    def _evaluate(self, expression: Expression, kind: str | None = None) -> str:
        del kind
        self._code.line(f"given = {self._named('expression', expression)}(scope)")
        return "given"

    @contextmanager
    def _asking(self, check: Check) -> Iterator[None]:
        code, asked = self._code, self._named("check", check)
        code.line("given = None")
        with code.block("try"):
            yield
        with code.block(f"except {self._helper('FAULTS', FAULTS)} as fault"):
            code.line(f"return notes.refused({asked}, given, fault)")
        with code.block("if marked is None"):
            code.line(f"notes.passed({asked}, given)")

    def _end(self, check: Check, verdict: str | Verdict, *, innermost: bool) -> None:
        del innermost
        asked = self._named("check", check)
        is_known = isinstance(verdict, Verdict)
        ended = self._named("verdict", verdict) if is_known else f"{verdict}.verdict"
        self._code.line(f"return notes.ended({asked}, given, {ended})")

    def _mark(self, check: Check, ineligible: str) -> None:
        self._code.line(f"marked = {ineligible}")
        self._code.line(f"notes.marked({self._named('check', check)}, given, marked)")

    def _make(
        self, name: str, field: ExpressionField | TableField, write: Callable[[], str]
    ) -> str:
        code = self._code
        what = f"{self._named('name', name)}, {self._named('expression', field.expression)}, given"
        code.line("given = None")
        with code.block("try"):
            made = write()
        with code.block(f"except {self._helper('FAULTS', FAULTS)} as fault"):
            code.line(f"{made} = notes.failed({what}, fault)")
        with code.block("else"):
            code.line(f"notes.made({what}, {made})")
        return made

    def _made_value(self, field: ExpressionField | TagsField, value: str) -> None:
        """Emit nothing: the contract is checked for the whole ticket."""

    def _make_constant(self, name: str, value: str) -> None:
        self._code.line(f"notes.made({self._named('name', name)}, None, {value}, {value})")

    def _may_be_missing(self, field: ExpressionField | TableField) -> bool:
        del field
        return True
