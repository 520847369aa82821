"""Where each field of a ticket came from: expression, place in the mapping, and the platform's value.

This is for explanations alone; nothing of it runs when an answer is served.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any

from ticketbridge.jmes import EvaluationError, Expression
from ticketbridge.mapping.compiler import Scope
from ticketbridge.tickets.fields import (
    ConstantField,
    ExpressionField,
    Field,
    ObjectField,
    TableField,
    TagsField,
)


@dataclass(frozen=True, slots=True)
class Origin:
    """What made one field: *name* is dotted; a constant has no expression, and no place.

    *value* is what the expression gave, before any conversion; *failure* says why it gave nothing.
    """

    name: str
    expression: str = ""
    place: str = ""
    value: Any = field(default=None, repr=False)
    failure: str = ""


def origins_of(fields: Collection[Field], scope: Scope, within: str = "") -> Iterator[Origin]:
    """The origins of *fields*, those of objects member by member, in the mapping's order."""
    for member in fields:
        name = f"{within}.{member.name}" if within else member.name
        match member:
            case ExpressionField() | TableField():
                yield _evaluated(name, member.expression, scope)
            case ConstantField():
                yield Origin(name, value=member.value)
            case ObjectField() | TagsField():
                yield from origins_of(member.fields, scope, name)


def _evaluated(name: str, expression: Expression, scope: Scope) -> Origin:
    try:
        return Origin(name, expression.text, expression.place, expression(scope))
    except EvaluationError as error:
        return Origin(name, expression.text, expression.place, failure=error.reason)
