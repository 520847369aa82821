"""Evaluate expressions on the platform's answers; a wrong result is a MappingMismatch."""

from __future__ import annotations

from typing import Any

from ticketbridge.engine.problems import MappingMismatch
from ticketbridge.jmes import EvaluationError, Expression, RepeatedElement, has_null
from ticketbridge.mapping.spec import ResultKind
from ticketbridge.mapping.spec_compiler import Scope

_NOTHINGS = frozenset({"", "null", "none", "nil", "undefined", "false"})


def evaluate(expression: Expression, scope: Scope, slot: str) -> Any:
    """Return the expression's value. An error is a MappingMismatch that names the *slot*."""
    try:
        return expression(scope)
    except EvaluationError as error:
        raise mismatch(slot, str(error)) from error


def evaluate_bool(expression: Expression, scope: Scope, slot: str) -> bool:
    """Return the value of a condition. Anything but true and false is a MappingMismatch."""
    value = evaluate(expression, scope, slot)
    if value is True or value is False:
        return value
    raise mismatch(slot, f"`{expression.text}` at {expression.place} gives neither true nor false")


def evaluate_list(expression: Expression, scope: Scope, slot: str) -> list[Any]:
    """Return the value of a list. Anything else is a MappingMismatch."""
    value = evaluate(expression, scope, slot)
    if not isinstance(value, list):
        raise mismatch(slot, f"`{expression.text}` at {expression.place} gives no list")
    return value


def find_values(expression: Expression, scope: Scope, kind: ResultKind, name: str) -> list[Any]:
    """Evaluate the expression of the entry *name*; return `[value]` for `take`, else the list."""
    value = evaluate(expression, scope, f"{name}: {kind}")
    return require_bindable(value, expression, kind, name)


def require_bindable(value: Any, expression: Expression, kind: ResultKind, name: str) -> list[Any]:
    """Return the values to bind from *value*, which the *expression* of the entry *name* gave.

    Raises MappingMismatch if a list is needed and *value* is none. It also raises for null in `take`
    and `each`, because nothing says whose record null is.
    """
    values = [value] if kind == "take" else value
    wrong = ""
    if type(values) is not list or type(value) is RepeatedElement:
        wrong = "gives no list"
    elif kind != "collect" and has_null(values):
        wrong = "gives null"
    if wrong:
        raise mismatch(f"{name}: {kind}", f"`{expression.text}` at {expression.place} {wrong}")
    return values


def says_nothing(text: str) -> bool:
    """Return whether *text*, at the place of a next page, is blank or a null of some language.

    It may mean the end, or a next page that the platform failed to name; both look the same.
    """
    return text.strip().lower() in _NOTHINGS


def mismatch(slot: str, reason: str) -> MappingMismatch:
    """Return the problem of an answer that does not have the declared shape; *slot* is like "order: each"."""
    return MappingMismatch(
        f"The platform's answer does not fit the mapping ({slot})", log=f"{slot}: {reason}"
    )
