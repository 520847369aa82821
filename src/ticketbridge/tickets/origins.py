"""Where a record's verdict and each field of its ticket came from: expression, place and values.

This is for explanations alone; nothing of it runs when an answer is served.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from ticketbridge.contract.marks import STATUS
from ticketbridge.jmes import EvaluationError, Expression
from ticketbridge.mapping.compiler import Scope
from ticketbridge.tickets.checks import Check, OwnerCheck, StatusCheck
from ticketbridge.tickets.convert import MISSING, Violation
from ticketbridge.tickets.fields import (
    ConstantField,
    ExpressionField,
    Field,
    ObjectField,
    TableField,
    TagsField,
)

OWNER: Final = "owner"


@dataclass(frozen=True, slots=True)
class Origin:
    """What made one field: *name* is dotted; a constant has no expression, and no place.

    *value* is what the expression gave, *made* what it was converted to (MISSING: the field is left
    out); *failure* says why there is no value, *refusal* why it could not be converted.
    """

    name: str
    expression: str = ""
    place: str = ""
    value: Any = field(default=None, repr=False)
    failure: str = ""
    made: Any = field(default=MISSING, repr=False)
    refusal: str = ""
    source: Expression | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Question:
    """One check that a record went through.

    *name* is "owner", "status", or the condition's name; *value* is what the expression gave, or
    *failure* says why it gave nothing. *answer* says what follows: "the asked user", "VALID", "false",
    or the verdict.
    """

    kind: Literal["owner", "status", "condition"]
    name: str
    source: Expression
    value: Any = field(repr=False)
    failure: str
    answer: str


def origins_of(fields: Collection[Field], scope: Scope, within: str = "") -> Iterator[Origin]:
    """The origins of *fields*, those of objects member by member, in the mapping's order."""
    for member in fields:
        name = f"{within}.{member.name}" if within else member.name
        match member:
            case ExpressionField() | TableField():
                yield _evaluated(name, member, scope)
            case ConstantField():
                yield Origin(name, value=member.value, made=member.value)
            case ObjectField() | TagsField():
                yield from origins_of(member.fields, scope, name)


def _evaluated(name: str, member: ExpressionField | TableField, scope: Scope) -> Origin:
    expression = member.expression
    value, failure = _tried(expression, scope)
    made, refusal = MISSING, failure
    if not failure:
        try:
            made = member.make(scope)
        except Violation as violation:
            refusal = str(violation.reason)
    text, place = expression.text, expression.place
    return Origin(name, text, place, value, failure, made, refusal, expression)


def questions_of(checks: Iterable[Check], scope: Scope) -> Iterator[Question]:
    """The *checks* as a record of this *scope* met them, the last of them the one that decided."""
    for check in checks:
        judgement = check.ask(scope)
        value, failure = _tried(check.expression, scope)
        kind, name, passed = _kind(check)
        answer = passed if judgement is None else str(judgement.verdict)
        yield Question(kind, name, check.expression, value, failure, answer)
        if judgement is not None:
            return


def _kind(check: Check) -> tuple[Literal["owner", "status", "condition"], str, str]:
    """Which check it is, its name, and what is said where it passes."""
    match check:
        case OwnerCheck():
            return "owner", OWNER, "the asked user"
        case StatusCheck():
            return "status", STATUS, "VALID"
        case _:
            return "condition", check.name, "does not apply"


def _tried(expression: Expression, scope: Scope) -> tuple[Any, str]:
    """The value and "", or None and why there is none."""
    try:
        return expression(scope), ""
    except EvaluationError as error:
        return None, error.reason
