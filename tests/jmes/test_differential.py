"""Random expressions on random documents: no difference from the jmespath library."""

from __future__ import annotations

from typing import Any
from unittest import mock

import jmespath
import jmespath.functions
import jmespath.visitor
import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from tests.jmes.grammar import Grammar
from ticketbridge.jmes import EvaluationError, Expression, ExpressionError, compile_expression

ERROR = "error"


def exact(value: Any) -> Any:
    """A stand-in that is equal only for the same value of the same types, in the same order."""
    if isinstance(value, list):
        return [exact(each) for each in value]
    if isinstance(value, dict):
        return [(key, exact(each)) for key, each in value.items()]
    return type(value).__name__, repr(value)


def typed(value: Any) -> Any:
    """A stand-in that is equal for equal JSON values: true is no number, and 1 is 1.0."""
    if isinstance(value, list):
        return [typed(each) for each in value]
    if isinstance(value, dict):
        return {key: typed(each) for key, each in value.items()}
    return (bool, value) if isinstance(value, bool) else value


class _Functions(jmespath.functions.Functions):
    @jmespath.functions.signature({"types": ["array", "string"]}, {"types": []})
    def _func_contains(self, subject: Any, search: Any) -> bool:
        return search in subject if isinstance(subject, str) else typed(search) in typed(subject)


_EQUALITY = {
    "eq": lambda left, right: typed(left) == typed(right),
    "ne": lambda left, right: typed(left) != typed(right),
}


def of_library(text: str, document: Any) -> Any:
    """What the jmespath library gives, with an equality that tells true from 1 everywhere.

    The library's own does so only where they are compared directly, and not inside of lists.
    """
    options = jmespath.Options(custom_functions=_Functions())
    interpreter = jmespath.visitor.TreeInterpreter
    try:
        with mock.patch.dict(interpreter.COMPARATOR_FUNC, _EQUALITY):
            return exact(jmespath.search(text, document, options))
    except Exception:  # noqa: BLE001 - the library raises errors of all kinds on wrong types
        return ERROR


def of_ours(expression: Expression, document: Any) -> Any:
    """What the compiled expression gives."""
    try:
        return exact(expression(document))
    except EvaluationError:
        return ERROR


@seed(20261124)
@settings(
    max_examples=300,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(st.data())
def test_no_difference_from_the_library(data: st.DataObject) -> None:
    """Both err, or both give the same value; strict errs, or gives that value too."""
    grammar = Grammar(lambda options: data.draw(st.sampled_from(options)))
    text, document = grammar.expression(data.draw(st.integers(1, 3))), grammar.document()

    library = of_library(text, document)
    plain = of_ours(compile_expression(text, strict=False), document)
    assert plain == library, (text, document)

    try:
        strict = of_ours(compile_expression(text), document)
    except ExpressionError:
        return
    assert strict in (ERROR, plain), (text, document)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("merge(a, c)", id="only the first object is checked"),
        pytest.param("`foo`", id="a literal that is no JSON"),
        pytest.param("to_number('1_000')", id="Python's way to write numbers"),
        pytest.param("to_number(b)", id="the number in text"),
        pytest.param("a < b", id="no order"),
        pytest.param("{x: a y: b}", id="a missing comma"),
        pytest.param("length(b,)", id="a trailing comma"),
    ],
)
@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")  # the library's, of the literal
def test_the_library_s_oddities_are_kept_without_strict(text: str) -> None:
    """Without strict, even what the library does by accident is the same."""
    document = {"a": {"x": 1}, "b": "nan", "c": [1]}

    assert of_ours(compile_expression(text, strict=False), document) == of_library(text, document)
