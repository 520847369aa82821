"""Expressions about the platform's answers: what they may not give is a mapping mismatch."""

from __future__ import annotations

from typing import Any

from ticketbridge.engine.problems import MappingMismatch
from ticketbridge.jmes import EvaluationError, Expression, RepeatedElement, has_null
from ticketbridge.mapping.spec import ResultKind
from ticketbridge.mapping.spec_compiler import Scope

_NOTHINGS = frozenset({"", "null", "none", "nil", "undefined", "false"})


def evaluate(expression: Expression, scope: Scope, slot: str) -> Any:
    """The expression's value; an error in it is a MappingMismatch that names the *slot*."""
    try:
        return expression(scope)
    except EvaluationError as error:
        raise mismatch(slot, str(error)) from error


def evaluate_bool(expression: Expression, scope: Scope, slot: str) -> bool:
    """As `evaluate`, for a condition: only true and false are conditions."""
    value = evaluate(expression, scope, slot)
    if value is True or value is False:
        return value
    raise mismatch(slot, f"`{expression.text}` at {expression.place} gives neither true nor false")


def evaluate_list(expression: Expression, scope: Scope, slot: str) -> list[Any]:
    """As `evaluate`, for a list: anything else is a MappingMismatch."""
    value = evaluate(expression, scope, slot)
    if not isinstance(value, list):
        raise mismatch(slot, f"`{expression.text}` at {expression.place} gives no list")
    return value


def find_values(expression: Expression, scope: Scope, kind: ResultKind, name: str) -> list[Any]:
    """Return what the entry *name* binds: the one value to `take`, or the elements of a list."""
    value = evaluate(expression, scope, f"{name}: {kind}")
    return require_bindable(value, expression, kind, name)


def require_bindable(value: Any, expression: Expression, kind: ResultKind, name: str) -> list[Any]:
    """Return the values to bind of the *value* that the *expression* of the entry *name* gave.

    Raises MappingMismatch for what is no list, and for null in `take` and `each`: nothing could be told
    of it, not even whose it is.
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
    """Whether *text*, where a next page should be named, is a null of some language, or blank.

    It may mean the end, or a next page that the platform failed to name: nobody can tell.
    """
    return text.strip().lower() in _NOTHINGS


def mismatch(slot: str, reason: str) -> MappingMismatch:
    """The problem of an answer that has not the declared shape; *slot* is like "order: each"."""
    return MappingMismatch(
        f"The platform's answer does not fit the mapping ({slot})", log=f"{slot}: {reason}"
    )
