"""Which types a value can have, known from the expression alone."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.jmes.grammar import Grammar
from ticketbridge.jmes import EvaluationError, ExpressionError, compile_expression

NULL = type(None)
NUMBER = {int, float, Decimal}


@pytest.mark.parametrize(
    ("text", "types"),
    [
        ("user", {str}),
        ("order", None),
        ("order.email", None),
        ("`1`", {int}),
        ("'a'", {str}),
        ("`null`", {NULL}),
        ("order.a == order.b", {bool}),
        ("!(order.a)", {bool}),
        ("order.a && order.b", None),
        ("order.a == `1` && order.b == `2`", {bool}),
        ("order.a == `1` && 'x'", {bool, str}),
        ("order.a || 'x'", None),
        ("`null` || 'x'", {str}),
        ("lower(order.a)", {str}),
        ("order.a | lower(@)", {str}),
        ("(user)", {str}),
        ("length(order.a)", NUMBER),
        ("default(length(order.a), 'x')", NUMBER | {str}),
        ("default(order.a, 'x')", None),
        ("optional(lower(order.a))", {str, NULL}),
        ("null_if(lower(order.a), '')", {str, NULL}),
        ("not_null(lower(order.a), `1`)", {str, int, NULL}),
        ("order.items[*].id", {list, NULL}),
        ("order.items[?a == `1`]", {list, NULL}),
        ("order.items[1:]", {list, NULL}),
        ("order.items[]", {list, NULL}),
        ("order.*", {list, NULL}),
        ("order.items[0]", None),
        ("[order.a]", {list}),
        ("{a: order.a}", {dict}),
        ("order.[a]", {list, NULL}),
        ("order.{a: b}", {dict, NULL}),
    ],
)
def test_the_possible_types_of_an_expression(text: str, types: set[type] | None) -> None:
    """Literals, comparisons, functions and brackets have a type; a path can give anything."""
    assert compile_expression(text, roots=["user", "order"]).outcomes == types


@pytest.mark.parametrize(
    ("text", "column", "reason", "hint"),
    [
        ("!order.a", 8, "an object, and what stands before it gives a boolean", "write !(...)"),
        ("upper(order.a).b", 16, "an object, and what stands before it gives a string", ""),
        ("user.name", 6, "an object, and what stands before it gives a string", ""),
        ("length(order.a)[0]", 1, "an array, and what stands before it gives a number", ""),
        ("(order.a == order.b).c", 22, "an object, and what stands before it gives a boolean", ""),
    ],
)
def test_a_step_that_can_never_be_taken_is_an_error(
    text: str, column: int, reason: str, hint: str
) -> None:
    """A key of a text, or a position in a number, is refused where it stands."""
    with pytest.raises(ExpressionError) as caught:
        compile_expression(text, roots=["user", "order"])

    assert (caught.value.column, reason in caught.value.reason) == (column, True)
    assert hint in caught.value.suggestion


def test_a_step_of_something_unknown_or_null_is_taken() -> None:
    """What may have the key at run time is left to run time."""
    for text in ("order.a.b", "null_if(lower(order.a), 'x').b", "split(user, '@')[1]"):
        compile_expression(text, roots=["user", "order"])


@given(st.data())
@settings(
    max_examples=300,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
def test_every_value_is_of_a_possible_type(data: st.DataObject) -> None:
    """Whatever an expression gives, its type was foreseen."""
    grammar = Grammar(lambda options: data.draw(st.sampled_from(options)))
    text, document = grammar.expression(data.draw(st.integers(1, 3))), grammar.document()
    try:
        expression = compile_expression(text)
        value = expression(document)
    except (ExpressionError, EvaluationError):
        return

    assert expression.outcomes is None or type(value) in expression.outcomes, (text, document)
