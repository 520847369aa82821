"""Write the steps of the record program as Python code, for both of its forms.

`bare` writes the form that serves, `noted` the form that explains. Both use the steps and the code of this
module; the abstract methods contain the differences.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, ClassVar, NamedTuple, assert_never

from ticketbridge.engine.tickets.convert import MISSING, Violation, to_number, to_string
from ticketbridge.engine.tickets.fields import (
    ConstantField,
    ExpressionField,
    Field,
    ObjectField,
    TableField,
    TagsField,
    table_key,
)
from ticketbridge.engine.tickets.steps import (
    Check,
    OwnerCheck,
    ReasonCheck,
    RecordProgram,
    StatusCheck,
    is_owner,
)
from ticketbridge.engine.tickets.verdicts import NOT_OWNER, Verdict
from ticketbridge.formats.elements import RepeatedElement
from ticketbridge.jmes import Expression
from ticketbridge.jmes.compiler import CodeGenerator

_USUAL = 10**15  # a number below it is as exact as float as it is as integer
_NO_CONDITION = "a condition that gives neither true nor false"


class Member(NamedTuple):
    """A member of an object: its name, the variable of its value, and whether the value may be MISSING."""

    name: str
    value: str
    may_be_missing: bool


class StepEmitter(ABC):
    """Writes the steps. What differs between the two forms is in the abstract methods."""

    shortcuts: ClassVar[bool]
    """Whether the usual value is handled inline, before the function for all values is called."""

    def __init__(self, program: RecordProgram) -> None:
        self._program = program
        self._code = CodeGenerator(strict=True)
        self._constants = 0

    # --- what the forms do differently ------------------------------------------------------------

    @abstractmethod
    def _evaluate(self, expression: Expression, kind: str | None = None) -> str:
        """Return the value of *expression*, which will become a value of the JSON type *kind*."""

    @abstractmethod
    def _asking(self, check: Check) -> AbstractContextManager[None]:
        """Return a context around the code of *check*."""

    @abstractmethod
    def _end(self, check: Check, verdict: str | Verdict, *, innermost: bool) -> None:
        """End the record with *verdict*: a Verdict, or the code of an Ineligible."""

    @abstractmethod
    def _mark(self, check: Check, ineligible: str) -> None:
        """Let the ticket go out with the mark of *ineligible*, the code of an Ineligible."""

    @abstractmethod
    def _make(
        self, name: str, field: ExpressionField | TableField, write: Callable[[], str]
    ) -> str:
        """Return the variable of a field's value, whose code *write* writes."""

    @abstractmethod
    def _made_value(self, field: ExpressionField | TagsField, value: str) -> None:
        """Handle a value of the field, or one of its tags, that is in the variable *value*."""

    @abstractmethod
    def _make_constant(self, name: str, value: str) -> None:
        """Handle a field whose *value* is constant."""

    @abstractmethod
    def _may_be_missing(self, field: ExpressionField | TableField) -> bool:
        """Return whether a field's value may be MISSING."""

    # --- checks -----------------------------------------------------------------------------------

    def _check(self, check: Check, *, innermost: bool) -> None:
        unmarked = self._code.block("if marked is None") if self._program.marks else nullcontext()
        with unmarked, self._asking(check):
            value = self._evaluate(check.expression)
            match check:
                case OwnerCheck():
                    self._ask_owner(check, value, innermost=innermost)
                case StatusCheck():
                    table = self._named("table", check.table)
                    found = self._code.variable(f"{table}[{self._key(value)}]")
                    with self._code.block(f"if {found} is not None"):
                        self._ineligible(check, found, innermost=innermost)
                case ReasonCheck():
                    with self._code.block(f"if {value} is not False"):
                        self._require(f"{value} is True", _NO_CONDITION)
                        found = self._named("reason", check.ineligible)
                        self._ineligible(check, found, innermost=innermost)
                case _:
                    assert_never(check)

    def _ask_owner(self, check: Check, value: str, *, innermost: bool) -> None:
        # What is equal needs no closer look.
        differs = f"{value} != user and " if self.shortcuts else ""
        asked = self._helper("is_owner", is_owner)
        with self._code.block(f"if {differs}not {asked}({value}, user)"):
            self._end(check, NOT_OWNER, innermost=innermost)

    def _ineligible(self, check: Check, ineligible: str, *, innermost: bool) -> None:
        if self._program.marks:
            self._mark(check, ineligible)
        else:
            self._end(check, ineligible, innermost=innermost)

    def _require(self, condition: str, reason: str) -> None:
        with self._code.block(f"if not ({condition})"):
            violation = self._helper("Violation", Violation)
            self._code.line(f"raise {violation}('', {self._named('reason', reason)})")

    def _key(self, value: str) -> str:
        key = f"{self._helper('table_key', table_key)}({value})"
        return f"{value} if type({value}) is str else {key}" if self.shortcuts else key

    # --- fields -----------------------------------------------------------------------------------

    def _field(self, field: Field, within: str = "") -> tuple[str, bool]:
        """Return the variable of a field's converted value, and whether it may be MISSING."""
        name = f"{within}.{field.name}" if within else field.name
        match field:
            case ExpressionField():
                value = self._make(name, field, lambda: self._expression(field))
                return value, self._may_be_missing(field)
            case TableField():
                value = self._make(name, field, lambda: self._looked_up(field))
                return value, self._may_be_missing(field)
            case ConstantField():
                value = self._constant(field.value)
                self._make_constant(name, value)
                return value, field.value is MISSING
            case ObjectField():
                members = [Member(inner.name, *self._field(inner, name)) for inner in field.fields]
                return self._nested(members)
            case TagsField():
                return self._tags(field, name), True
            case _:
                assert_never(field)

    def _expression(self, field: ExpressionField) -> str:
        # A variable of its own: another field may need the value before its conversion.
        value = self._code.variable(self._evaluate(field.expression, field.kind))
        if not field.optional:
            self._convert(field, value)
            self._made_value(field, value)
            return value
        with self._code.block(f"if {value} is None or {value} == ''"):
            self._code.line(f"{value} = {self._missing}")
        with self._code.block("else"):
            self._convert(field, value)
            self._made_value(field, value)
        return value

    def _convert(self, field: ExpressionField, value: str) -> None:
        """Emit the conversion of *value*, in place."""
        code = self._code
        match field.kind:
            case "string" if self.shortcuts:
                other = f"{self._helper('to_string', to_string)}({value})"
                with code.block(f"if type({value}) is not str"):
                    code.line(f"{value} = str({value}) if type({value}) is int else {other}")
            case "number" if self.shortcuts:
                self._convert_number(value)
            case _:
                if not field.optional:
                    self._require(f"{value} is not None", "null where a value is due")
                if self.shortcuts:  # else the expression has refused it
                    repeated = self._helper("RepeatedElement", RepeatedElement)
                    self._require(f"type({value}) is not {repeated}", "")
                code.line(f"{value} = {self._named('convert', field.convert)}({value})")

    def _convert_number(self, value: str) -> None:
        """Emit the conversion of the most frequent prices without a call of `to_number`."""
        code = self._code
        usual = f"-{_USUAL} < {value} < {_USUAL}"
        other = f"{self._helper('to_number', to_number)}({value})"
        with code.block(f"if type({value}) is float"), code.block(f"if not {value} % 1 > 0"):
            code.line(f"{value} = int({value}) if {usual} else {other}")
        with code.block(f"elif type({value}) is not int or not {usual}"):
            code.line(f"{value} = {other}")

    def _looked_up(self, field: TableField) -> str:
        key = self._key(self._evaluate(field.expression))
        table = self._named("table", field.table)
        found = f"{table}[{key}]"
        if field.otherwise is not None:
            found = f"{table}.get({key}, {self._constant(field.otherwise)})"
        value = self._code.variable(found)
        if field.may_be_missing and not field.optional:
            self._require(f"{value} is not {self._missing}", "the table leaves it out")
        return value

    def _tags(self, field: TagsField, name: str) -> str:
        code = self._code
        made = code.variable("[]")
        for tag in field.fields:
            value, may_be_missing = self._field(tag, name)
            text = f"{self._named('key', tag.name + ':')} + {value}"
            is_there = code.block(f"if {value} is not {self._missing}")
            with is_there if may_be_missing else nullcontext():
                made_tag = code.variable(text)
                self._made_value(field, made_tag)
                code.line(f"{made}.append({made_tag})")
        code.line(f"{made} = {made} or {self._missing}")
        return made

    def _nested(self, members: Sequence[Member]) -> tuple[str, bool]:
        """Return an object inside the ticket, and whether it may be MISSING. An empty one is MISSING."""
        if not all(member.may_be_missing for member in members):
            return self._object(members), False
        if not members:  # of a mapping from which a tool has taken the only one
            return self._missing, True
        made = self._code.variable(self._missing)
        there = [f"{member.value} is not {self._missing}" for member in members]
        with self._code.block(f"if {' or '.join(there)}"):
            self._code.line(f"{made} = {self._object(members)}")
        return made, True

    def _object(self, members: Sequence[Member]) -> str:
        """Return an object of the *members* that are not MISSING."""
        code = self._code
        pairs = ", ".join(f"{code.key(member.name)}: {member.value}" for member in members)
        made = code.variable(f"{{{pairs}}}")
        doubtful = [f"{m.value} is {self._missing}" for m in members if m.may_be_missing]
        if doubtful:
            without_missing = self._helper("without_missing", _without_missing)
            with code.block(f"if {' or '.join(doubtful)}"):
                code.line(f"{made} = {without_missing}({made})")
        return made

    # --- names ------------------------------------------------------------------------------------

    @property
    def _missing(self) -> str:
        return self._helper("MISSING", MISSING)

    def _helper(self, name: str, value: Any) -> str:
        return self._code.helper(name, value)

    def _named(self, kind: str, value: Any) -> str:
        """Return a name for *value* that no other constant has: `1 == True` would merge them."""
        self._constants += 1
        return self._helper(f"{kind}_{self._constants}", value)

    def _constant(self, value: Any) -> str:
        return self._code.key(value) if isinstance(value, str) else self._named("const", value)


def _without_missing(made: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in made.items() if value is not MISSING}
