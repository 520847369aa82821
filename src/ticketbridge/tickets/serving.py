"""The record as one function: a mapping's loops, checks and fields, written as Python once, at load.

The function makes the tickets of an answer in which nothing is odd. Whatever is odd (a fault, a status
that is not listed, a value that does not convert, a ticketId twice) raises an exception, and the answer
is made again by `records`, which says what it was. So the two can differ in speed alone.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ticketbridge.contract.marks import STATUS, VALID
from ticketbridge.jmes.budget import shared_budget
from ticketbridge.jmes.compiler import CodeGenerator
from ticketbridge.jmes.expression import Expression
from ticketbridge.jmes.loading import load
from ticketbridge.jmes.repeated import Repeated
from ticketbridge.jmes.values import has_null
from ticketbridge.tickets.checks import (
    Check,
    OwnerCheck,
    ReasonCheck,
    StatusCheck,
    same_owner,
)
from ticketbridge.tickets.convert import MISSING, to_number, to_string
from ticketbridge.tickets.fields import (
    ConstantField,
    ExpressionField,
    Field,
    ObjectField,
    TableField,
    TagsField,
    table_key,
)
from ticketbridge.tickets.records import TicketParts
from ticketbridge.tickets.settle import TICKET_ID

_USUAL = 10**15  # a number below it is as exact as float as it is as integer
PART = 500
"""Tickets that are handed on together: enough that it costs nothing, few enough that they weigh nothing."""

Level = tuple[str, Expression]
"""An entry below the last call: `each` or `take`, and its expression."""


class Odd(Exception):
    """Something in the answer is odd: `records` says what."""


@dataclass(slots=True)
class Harvest:
    """The tickets of an answer, in order, and its verdicts: `returned` aside, with their counts.

    *take* is given the *tickets* by and by, in a list that is its own no longer than the call; `finish`
    gives it the rest. *ids* are those of all records that are compared, the returned and the ineligible
    ones. *bound* are the values that each level has bound so far, by its number; none may have more than
    *max_records*.
    """

    take: Callable[[list[dict[str, Any]]], object]
    max_records: int
    tickets: list[dict[str, Any]] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    verdicts: dict[str, int] = field(default_factory=dict)
    returned: int = 0
    bound: dict[int, int] = field(default_factory=lambda: defaultdict(int))

    def hand_on(self) -> None:
        """Give what there is to *take*."""
        self.take(self.tickets)
        self.returned += len(self.tickets)
        self.tickets.clear()

    def finish(self) -> None:
        """Give the rest; raises Odd where one id stands twice."""
        if self.tickets:
            self.hand_on()
        if len(set(self.ids)) < len(self.ids):
            raise Odd

    def counts(self, before: Mapping[str, int]) -> dict[str, int]:
        """How often each verdict was given in the whole answer; *before*: to what ended further out."""
        counted = {**before, "returned": self.returned}
        for verdict, number in self.verdicts.items():
            counted[verdict] = counted.get(verdict, 0) + number
        return {verdict: number for verdict, number in counted.items() if number}


Serve = Callable[[Mapping[str, Any], Sequence[Any], Harvest], None]
"""Adds to a harvest what the values that the last call binds in one scope give; may raise anything."""


def harvested(
    serve: Serve,
    bindings: Iterable[tuple[Mapping[str, Any], Sequence[Any]]],
    take: Callable[[list[dict[str, Any]]], object],
    max_records: int,
) -> Harvest:
    """What *serve* makes of all *bindings*, its tickets given to *take*; raises where something is odd.

    So it does where the expressions of all records need more than the steps of one evaluation: `records`
    gives each record as many, and leaves turns to others in between.
    """
    harvest = Harvest(take, max_records)
    with shared_budget():
        for scope, values in bindings:
            serve(scope, values, harvest)
    harvest.finish()
    return harvest


def compile_serving(parts: TicketParts, stage: int, levels: Sequence[Level]) -> Serve | None:
    """The function for records below entry number *stage*, the last that calls; *levels* follow it.

    None where `ineligible: mark` asks for tickets of another kind.
    """
    if parts.marks:
        return None
    return _Writer(parts, stage, levels).function()


class _Writer:
    def __init__(self, parts: TicketParts, stage: int, levels: Sequence[Level]) -> None:
        self._parts = parts
        self._stage = stage
        self._levels = levels
        self._last = len(parts.names) - 1
        self._code = CodeGenerator(strict=True)
        self._helpers = 0
        self._made: dict[str, tuple[str, bool]] = {}

    def function(self) -> Serve:
        code = self._code
        with code.function("def serve(scope, values, harvest)"):
            code.line("tickets, ids, verdicts = harvest.tickets, harvest.ids, harvest.verdicts")
            code.line("hand_on = harvest.hand_on")
            code.line("bound, max_records = harvest.bound, harvest.max_records")
            code.line("user = scope['user']")
            code.bind("user", "user")
            for name in self._parts.names[: self._stage]:
                code.line(f"{_local(name)} = scope[{code.key(name)}]")
                code.bind(name, _local(name))
            self._loop(self._stage, "values")
        serve: Serve = load(code, "serve", "records")
        return serve

    def _loop(self, stage: int, values: str) -> None:
        """The loop over the values that entry number *stage* binds."""
        code = self._code
        name = self._parts.names[stage]
        with code.loop(f"for {_local(name)} in {values}"):
            code.bind(name, _local(name))
            for check, at in zip(self._parts.checks, self._parts.stages, strict=True):
                if at == stage:
                    self._check(check, innermost=stage == self._last)
            if stage == self._last:
                self._record()
            else:
                self._early(stage)
                self._loop(stage + 1, self._bound(stage, *self._levels[stage - self._stage]))

    def _bound(self, stage: int, kind: str, expression: Expression) -> str:
        """The values that the entry after number *stage*, which has no call, binds."""
        code = self._code
        value = code.emit(expression.tree, None)
        if kind == "take":
            self._odd_if_repeated(value)
            value = code.variable(f"[{value}]")
        else:
            self._odd_if(f"type({value}) is not list")
            code.line(f"bound[{stage}] += len({value})")
            self._odd_if(f"bound[{stage}] > max_records")
        self._odd_if(f"{self._helper('has_null', has_null)}({value})")
        return value

    def _odd_if(self, condition: str) -> None:
        with self._code.block(f"if {condition}"):
            self._code.line(f"raise {self._helper('Odd', Odd)}")

    def _odd_if_repeated(self, value: str) -> None:
        """No expression gives an element that came more than once."""
        self._odd_if(f"type({value}) is {self._helper('Repeated', Repeated)}")

    def _helper(self, name: str, value: Any) -> str:
        return self._code.helper(name, value)

    # --- checks -----------------------------------------------------------------------------------

    def _check(self, check: Check, *, innermost: bool) -> None:
        value = self._code.emit(check.expression.tree, None)
        match check:
            case OwnerCheck():
                self._owner(value)
            case StatusCheck():
                self._status(check, value, innermost=innermost)
            case ReasonCheck():
                self._reason(check, value, innermost=innermost)

    def _owner(self, value: str) -> None:
        # What is equal needs no closer look. What is no text has no `encode`, and is odd.
        same = self._helper("same_owner", same_owner)
        condition = f"{value} != user and ({value} is None or not {same}({value}, user))"
        with self._code.block(f"if {condition}"):
            self._counted(self._code.key("not_owner"))

    def _status(self, check: StatusCheck, value: str, *, innermost: bool) -> None:
        code = self._code
        verdicts = {
            word: "" if status == VALID else f"not_eligible:{status}"
            for word, status in check.values.items()
        }
        found = code.variable(f"{self._named('table', verdicts)}[{self._key(value)}]")
        with code.block(f"if {found}"):
            self._ineligible(found, innermost=innermost)

    def _reason(self, check: ReasonCheck, value: str, *, innermost: bool) -> None:
        with self._code.block(f"if {value} is not False"):
            self._odd_if(f"{value} is not True")
            verdict = self._code.key(f"not_eligible:{check.name}")
            self._ineligible(verdict, innermost=innermost)

    def _ineligible(self, verdict: str, *, innermost: bool) -> None:
        """An ineligible record is compared with others by its id where its fields are bound."""
        if innermost:
            self._code.line(f"ids.append({self._id()})")
        self._counted(verdict)

    def _counted(self, verdict: str) -> None:
        self._code.line(f"verdicts[{verdict}] = verdicts.get({verdict}, 0) + 1")
        self._code.line("continue")

    def _id(self) -> str:
        member = next(member for member in self._parts.fields if member.name == TICKET_ID)
        value, _ = self._made.get(TICKET_ID) or self._value(member)
        if not isinstance(member, ExpressionField) or member.kind != "string" or member.optional:
            self._odd_if(f"type({value}) is not str")
        return value

    def _key(self, value: str) -> str:
        return (
            f"{value} if type({value}) is str else {self._helper('table_key', table_key)}({value})"
        )

    # --- fields -----------------------------------------------------------------------------------

    def _early(self, stage: int) -> None:
        """Make the fields that need no more than is bound here: once for all records further in.

        A field that fails makes the answer odd, also where there is no record further in: then the
        explanation finds nothing to say, and gives the answer.
        """
        bound = {"user", *self._parts.names[: stage + 1]}
        for member in self._parts.fields:
            if member.name not in self._made and _roots_of(member) <= bound:
                self._made[member.name] = self._value(member)

    def _record(self) -> None:
        code = self._code
        self._early(self._last)
        members = [(name, value, missing) for name, (value, missing) in self._made.items()]
        order = [member.name for member in self._parts.fields]
        members.sort(key=lambda member: order.index(member[0]))
        if self._parts.has_status:
            members.append((STATUS, code.key(VALID), False))
        ticket = self._object(members)
        code.line(f"ids.append({self._id()})")
        code.line(f"tickets.append({ticket})")
        with code.block(f"if len(tickets) == {PART}"):
            code.line("hand_on()")

    def _object(self, members: Sequence[tuple[str, str, bool]]) -> str:
        """An object of values, each with its name and whether it may be MISSING."""
        code = self._code
        pairs = ", ".join(f"{code.key(name)}: {value}" for name, value, _ in members)
        made = code.variable(f"{{{pairs}}}")
        missing = self._helper("MISSING", MISSING)
        doubtful = [f"{value} is {missing}" for _, value, doubt in members if doubt]
        if doubtful:
            with code.block(f"if {' or '.join(doubtful)}"):
                code.line(f"{made} = {self._helper('without_missing', _without_missing)}({made})")
        return made

    def _value(self, member: Field) -> tuple[str, bool]:
        """A field's converted value, and whether it may be MISSING."""
        match member:
            case ExpressionField():
                return self._expression(member)
            case ConstantField():
                return self._constant(member.value), member.value is MISSING
            case TableField():
                return self._looked_up(member)
            case ObjectField():
                return self._nested(member)
            case TagsField():
                return self._tags(member)

    def _constant(self, value: Any) -> str:
        """A constant of any kind; such as cannot be told apart by equality have a name each."""
        return self._code.key(value) if isinstance(value, str) else self._named("const", value)

    def _named(self, kind: str, value: Any) -> str:
        self._helpers += 1
        return self._helper(f"{kind}_{self._helpers}", value)

    def _expression(self, member: ExpressionField) -> tuple[str, bool]:
        code = self._code
        # A variable of its own: another field may need the value before its conversion.
        emit = code.number if member.kind == "number" else code.emit
        value = code.variable(emit(member.expression.tree, None))
        if not member.optional:
            return value, self._convert(member, value)
        with code.block(f"if {value} is None or {value} == ''"):
            code.line(f"{value} = {self._helper('MISSING', MISSING)}")
        with code.block("else"):
            self._convert(member, value)
        return value, True

    def _convert(self, member: ExpressionField, value: str) -> bool:
        """Convert *value* in its variable; whether it may then be MISSING."""
        code = self._code
        match member.kind:
            case "string":
                # What `to_string` does, without its call for the two that are usual.
                other = f"{self._helper('to_string', to_string)}({value})"
                with code.block(f"if type({value}) is not str"):
                    code.line(f"{value} = str({value}) if type({value}) is int else {other}")
                return False
            case "number":
                self._convert_number(value)
                return False
            case _:
                if not member.optional:
                    self._odd_if(f"{value} is None")
                self._odd_if_repeated(value)
                code.line(f"{value} = {self._named('convert', member.convert)}({value})")
                return True

    def _convert_number(self, value: str) -> None:
        """What `to_number` does, without its call for what most prices are."""
        code = self._code
        usual = f"-{_USUAL} < {value} < {_USUAL}"
        other = f"{self._helper('to_number', to_number)}({value})"
        with code.block(f"if type({value}) is float"), code.block(f"if not {value} % 1 > 0"):
            code.line(f"{value} = int({value}) if {usual} else {other}")
        with code.block(f"elif type({value}) is not int or not {usual}"):
            code.line(f"{value} = {other}")

    def _looked_up(self, member: TableField) -> tuple[str, bool]:
        code = self._code
        key = self._key(code.emit(member.expression.tree, None))
        table = self._named("table", member.values)
        if member.closed:
            value = code.variable(f"{table}[{key}]")
        else:
            otherwise = self._constant(member.otherwise)
            value = code.variable(f"{table}.get({key}, {otherwise})")
        return value, MISSING in member.values.values() or member.otherwise is MISSING

    def _nested(self, member: ObjectField) -> tuple[str, bool]:
        made = self._object([(inner.name, *self._value(inner)) for inner in member.fields])
        self._code.line(f"{made} = {made} or {self._helper('MISSING', MISSING)}")
        return made, True

    def _tags(self, member: TagsField) -> tuple[str, bool]:
        code = self._code
        missing = self._helper("MISSING", MISSING)
        made = code.variable("[]")
        for tag in member.fields:
            value, doubt = self._value(tag)
            text = f"{self._named('key', tag.name + ':')} + {value}"
            with code.block(f"if {value} is not {missing}" if doubt else "if True"):
                code.line(f"{made}.append({text})")
        code.line(f"{made} = {made} or {missing}")
        return made, True


def _roots_of(member: Field) -> frozenset[str]:
    """The roots that a field is made from."""
    match member:
        case ExpressionField() | TableField():
            return member.expression.names
        case ObjectField() | TagsField():
            return frozenset[str]().union(*map(_roots_of, member.fields))
        case ConstantField():
            return frozenset()


def _without_missing(made: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in made.items() if value is not MISSING}


def _local(name: str) -> str:
    """The variable of a root; names of entries are plain, and must not hide one of ours."""
    return f"root_{name}"
