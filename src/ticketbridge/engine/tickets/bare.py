"""The record program without notes: one function that serves.

It makes the tickets of an answer in which nothing is unusual. It handles the usual value inline, and makes
each field in the outermost loop in which its names are bound. Anything unusual raises, and the answer is made
again with notes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, assert_never

import msgspec

from ticketbridge.contract.marks import STATUS, VALID
from ticketbridge.engine.tickets.columns import Columns
from ticketbridge.engine.tickets.duplicates import TICKET_ID
from ticketbridge.engine.tickets.emit import Member, StepEmitter
from ticketbridge.engine.tickets.fields import (
    ConstantField,
    ExpressionField,
    Field,
    ObjectField,
    TableField,
    TagsField,
)
from ticketbridge.engine.tickets.notes import comparable_id
from ticketbridge.engine.tickets.steps import Check, Level, OwnerCheck, RecordProgram
from ticketbridge.engine.tickets.verdicts import Verdict
from ticketbridge.jmes import Expression
from ticketbridge.jmes.source import load
from ticketbridge.mapping.spec_compiler import Scope

PART = 500
"""Number of tickets that are handed on together: large enough for speed, small enough for memory."""

Serve = Callable[[Scope, Sequence[Any], Any], None]
"""Adds to a `Tally` the tickets of the values that the last call binds in one scope; may raise anything."""


def emit_serving(
    program: RecordProgram, stage: int, levels: Sequence[Level], columns: Columns | None
) -> Serve:
    """Return the function for records below entry number *stage*, the last that calls; *levels* follow it.

    With *columns* it fills them, and makes tickets that can only be written; else tickets are dictionaries.
    """
    return _Bare(program, columns).serve(stage, levels)


class _Bare(StepEmitter):
    """Writes one function for all records: loops, checks and fields, without notes."""

    shortcuts = True

    def __init__(self, program: RecordProgram, columns: Columns | None) -> None:
        super().__init__(program)
        self._columns = columns
        self._made: dict[str, tuple[str, bool]] = {}

    def serve(self, stage: int, levels: Sequence[Level]) -> Serve:
        code, program = self._code, self._program
        self._levels = len(levels)
        with code.function("def serve(scope, values, tally)"):
            code.line("tickets, ids, verdicts = tally.tickets, tally.ids, tally.verdicts")
            code.line("hand_on, count_bound = tally.hand_on, tally.bound.add")
            for number, method in self._columns.adders() if self._columns else ():
                code.line(f"to_check_{number} = tally.columns[{number}].{method}")
            code.line("user = scope['user']")
            code.bind("user", "user")
            for name in program.names[:stage]:
                code.line(f"{_local(name)} = scope[{code.key(name)}]")
                code.bind(name, _local(name))
            if program.marks:
                # A binding that an earlier check has marked went on.
                code.line("marked = None")
                for check in program.checks:
                    if check.stage < stage and not isinstance(check, OwnerCheck):
                        self._check(check, innermost=False)
            self._loop(stage, "values", levels)
        serve: Serve = load(code, "serve", "records")
        return serve

    def _loop(self, stage: int, values: str, levels: Sequence[Level]) -> None:
        """Emit the loop over the *values* that entry number *stage* binds."""
        code, program = self._code, self._program
        name, is_last = program.names[stage], stage == program.last
        if program.marks:
            code.line(f"marked_above_{stage} = marked")
        with code.loop(f"for {_local(name)} in {values}"):
            code.bind(name, _local(name))
            if program.marks:
                code.line(f"marked = marked_above_{stage}")
            for check in program.checks:
                if check.stage == stage:
                    self._check(check, innermost=is_last)
            self._make_early(stage)
            if is_last:
                self._ticket()
                return
            level, *below = levels
            given = code.emit(level.expression.tree, None)
            inner = code.variable(f"{self._named('bind', level.bind)}({given})")
            code.line(f"count_bound({self._levels - len(levels)}, len({inner}))")
            self._loop(stage + 1, inner, below)

    def _make_early(self, stage: int) -> None:
        """Emit the fields whose roots are bound at *stage*, so that they are computed once per outer binding.

        A field that fails is unusual, even if no record follows. The program with notes then finds nothing to
        report, and gives the answer.
        """
        bound = {"user", *self._program.names[: stage + 1]}
        for field in self._program.fields:
            if field.name not in self._made and _roots_of(field) <= bound:
                self._made[field.name] = self._field(field)

    def _ticket(self) -> None:
        code, program = self._code, self._program
        members = [Member(field.name, *self._made[field.name]) for field in program.fields]
        if program.has_status:
            status = code.key(VALID)
            if program.marks:
                status = code.variable(f"{status} if marked is None else marked.mark")
            members.append(Member(STATUS, status, may_be_missing=False))
        ticket = self._object(members)
        self._compare_id()
        code.line(f"tickets.append({ticket})")
        if program.marks:
            with code.block("if marked is not None"):
                code.line("tally.marked += 1")
                self._count("marked.word")
        with code.block(f"if len(tickets) == {PART}"):
            code.line("hand_on()")

    def _compare_id(self) -> None:
        """Emit code that notes the id, because records with the same ticketId are compared."""
        field = next(field for field in self._program.fields if field.name == TICKET_ID)
        value, _ = self._made.get(TICKET_ID) or self._unchecked(field)
        if isinstance(field, ExpressionField) and field.kind == "string" and not field.optional:
            self._code.line(f"ids.append({value})")
            return
        comparable = self._helper("comparable_id", comparable_id)
        value = self._code.variable(f"{comparable}({value})")
        with self._code.block(f"if {value} is not None"):
            self._code.line(f"ids.append({value})")

    def _unchecked(self, field: Field) -> tuple[str, bool]:
        """Emit a field that no schema checks, because the record does not go out."""
        columns, self._columns = self._columns, None
        made = self._field(field)
        self._columns = columns
        return made

    def _count(self, word: str) -> None:
        self._code.line(f"verdicts[{word}] = verdicts.get({word}, 0) + 1")

    def _evaluate(self, expression: Expression, kind: str | None = None) -> str:
        emit = self._code.number if kind == "number" else self._code.emit
        return emit(expression.tree, None)

    def _asking(self, check: Check) -> AbstractContextManager[None]:
        del check
        return nullcontext()

    def _end(self, check: Check, verdict: str | Verdict, *, innermost: bool) -> None:
        del check
        if isinstance(verdict, Verdict):
            self._count(self._code.key(str(verdict)))
        else:
            if innermost:
                self._compare_id()
            self._count(f"{verdict}.word")
        self._code.line("continue")

    def _mark(self, check: Check, ineligible: str) -> None:
        del check
        self._code.line(f"marked = {ineligible}")

    def _make(
        self, name: str, field: ExpressionField | TableField, write: Callable[[], str]
    ) -> str:
        del name, field
        return write()

    def _tags(self, field: TagsField, name: str) -> str:
        made = super()._tags(field, name)
        if any(":" in tag.name for tag in field.fields):  # else no two tags can be alike
            unique = f"{made} is {self._missing} or len(set({made})) == len({made})"
            self._require(unique, "a tag comes twice")
        return made

    def _made_value(self, field: ExpressionField | TagsField, value: str) -> None:
        """Emit the check of *value*, if its schema says more than its type."""
        number = self._columns and self._columns.number(field)
        if number is not None:
            self._code.line(f"to_check_{number}({value})")

    def _object(self, members: Sequence[Member]) -> str:
        """Return an object of values: a Struct if it is only written; it may have MISSING members."""
        if self._columns is None:
            return super()._object(members)
        # A name in JSON may be none in Python.
        names = {f"m{number}": member.name for number, member in enumerate(members)}
        struct = msgspec.defstruct("Members", [(n, Any) for n in names], rename=names, gc=False)
        values = ", ".join(member.value for member in members)
        return self._code.variable(f"{self._named('object', struct)}({values})")

    def _make_constant(self, name: str, value: str) -> None:
        """Emit nothing: a constant needs no code here."""

    def _may_be_missing(self, field: ExpressionField | TableField) -> bool:
        return field.may_be_missing


def _roots_of(field: Field) -> frozenset[str]:
    """Return the roots that a field is made from."""
    match field:
        case ExpressionField() | TableField():
            return field.expression.names
        case ObjectField() | TagsField():
            return frozenset[str]().union(*map(_roots_of, field.fields))
        case ConstantField():
            return frozenset()
        case _:
            assert_never(field)


def _local(name: str) -> str:
    """Return the variable of a root. Names of entries must not hide one of ours."""
    return f"root_{name}"
