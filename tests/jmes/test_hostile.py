"""No text of a mapping, and no data, breaks the compiler or becomes code."""

from __future__ import annotations

import gc
import linecache
import re
import subprocess
import sys
import traceback
from typing import Any

import pytest

from ticketbridge.jmes import EvaluationError, ExpressionError, compile_expression

MANY = 5_000


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("(" * MANY + "a" + ")" * MANY, id="brackets"),
        pytest.param("[" * MANY + "a" + "]" * MANY, id="lists"),
        pytest.param("{a:" * MANY + "a" + "}" * MANY, id="hashes"),
        pytest.param("!" * MANY + "a", id="nots"),
        pytest.param("a" + "[*]" * MANY, id="projections"),
        pytest.param("a" + ".*" * MANY, id="values"),
        pytest.param("a" + "[]" * MANY, id="flattens"),
        pytest.param("==".join("a" * MANY), id="comparisons"),
        pytest.param("abs(" * 3000 + "a" + ")" * 3000, id="calls"),
        pytest.param("`" + "[" * MANY + "]" * MANY + "`", id="literal"),
        pytest.param("`" + "[" * 200 + "]" * 200 + "`", id="literal of 200 levels"),
        pytest.param("a" * 20_000, id="long name"),
    ],
)
@pytest.mark.parametrize(
    "strict", [pytest.param(True, id="strict"), pytest.param(False, id="plain")]
)
def test_nesting_beyond_reason_is_an_error(text: str, strict: bool) -> None:
    """Thousands of levels, or a text over the bound, are a clear error at load."""
    with pytest.raises(ExpressionError, match=r"nested|longer than"):
        compile_expression(text, strict=strict)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        pytest.param("||".join("nabb"[at % 4] for at in range(4000)), 1, id="choices"),
        pytest.param("&&".join("a" * 4000), 1, id="conditions"),
        pytest.param("|".join(["a", *["@"] * 4000]), 1, id="pipes"),
        pytest.param("n" + ".x" * 4000, None, id="path"),
        pytest.param("n" + ".x[0]" * 2000, None, id="path with indexes"),
    ],
)
def test_long_chains_are_fine(text: str, value: Any) -> None:
    """What is long but not nested has no limit but the length of the text."""
    assert compile_expression(text)({"a": 1, "b": 2, "n": None}) == value


@pytest.mark.parametrize(
    ("text", "depth"),
    [
        pytest.param("[" * 90 + "a" + "]" * 90, 90, id="lists"),
        pytest.param("not_null(" * 90 + "[a]" + ")" * 90, 1, id="calls"),
        pytest.param("map(&" * 40 + "@" + ", [@])" * 40, 40, id="references"),
        pytest.param("[a][*]" + ".[@]" * 20, 21, id="selections"),
    ],
)
def test_deep_expressions_below_the_limit_work(text: str, depth: int) -> None:
    """Python's own limits on nested blocks do not show."""
    found, levels = compile_expression(text)({"a": 1}), 0
    while isinstance(found, list):
        found, levels = found[0], levels + 1

    assert levels == depth


def test_nested_filters_work() -> None:
    """Filters in filters, deeper than Python nests loops, give what JMESPath gives."""
    text = "a" + "[?@" * 30 + "]" * 30

    assert compile_expression(text, strict=False)({"a": [[[1]]]}) == []


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("\"'); import os; ('\"", id="key with quotes"),
        pytest.param('"\\n    raise SystemExit"', id="key with a line break"),
        pytest.param('\'\n"""raise"""\n\' == a', id="literal with quotes"),
        pytest.param('"{0.__class__}"', id="format"),
    ],
)
def test_text_of_a_mapping_never_becomes_code(text: str) -> None:
    """Keys and literals are constants of the function; its source quotes plain words alone."""
    source = compile_expression(text, strict=False).source

    assert "import" not in source
    assert "raise" not in source
    assert "'" not in source
    assert all(re.fullmatch(r"[A-Za-z0-9_]+", word) for word in source.split('"')[1::2])


def test_a_caller_near_the_end_of_the_stack_gets_a_clear_error() -> None:
    """Where Python's stack is used up already, compiling is an ExpressionError."""

    def compile_at_the_end() -> Any:
        try:
            return compile_at_the_end()
        except RecursionError:
            return compile_expression("[[[a]]]")

    with pytest.raises(ExpressionError, match="nested too deeply"):
        compile_at_the_end()


def test_a_place_with_any_characters_is_fine() -> None:
    """The place goes into the name of the pseudo file without control characters."""
    expression = compile_expression("a", place="x\x00\n.yaml:1:2")

    assert expression({"a": 1}) == 1


def test_the_source_is_shown_in_tracebacks() -> None:
    """The generated line stands in the traceback of the error's cause."""
    with pytest.raises(EvaluationError) as caught:
        compile_expression("a[0]", place="acme.yaml:12:9")({"a": 1})

    shown = "".join(traceback.format_exception(caught.value))
    assert "acme.yaml:12:9>" in shown
    assert "= index(v1," in shown


def test_the_source_goes_with_the_expression() -> None:
    """A mapping that is loaded anew leaves no source of the old one behind."""
    expression = compile_expression("a", place="gone.yaml:1:1")
    name = expression._evaluate.__code__.co_filename
    assert name in linecache.cache

    del expression
    gc.collect()

    assert name not in linecache.cache


def test_data_nested_beyond_python_s_stack_is_an_error() -> None:
    """Recursion in the data is an EvaluationError, never a crash."""
    deep: Any = []
    other: Any = []
    for _ in range(100_000):
        deep, other = [deep], [other]

    with pytest.raises(EvaluationError, match="nested too deeply"):
        compile_expression("to_string(a)")({"a": deep})
    with pytest.raises(EvaluationError, match="nested too deeply"):
        compile_expression("a == b")({"a": deep, "b": other})


@pytest.mark.parametrize(
    ("text", "document", "reason"),
    [
        pytest.param("sum(a)", {"a": [1e308, 1e308]}, "sum(): the result is not finite", id="sum"),
        pytest.param("avg(a)", {"a": [10**400, 1]}, "avg(): a number is too large", id="avg"),
        pytest.param("ceil(a)", {"a": float("inf")}, "ceil(): a number is too large", id="ceil"),
        pytest.param("abs(a)", {"a": float("nan")}, "abs(): the result is not finite", id="abs"),
        pytest.param("max(a)", {"a": [float("inf")]}, "max(): the result is not finite", id="max"),
        pytest.param(
            "to_number(a)", {"a": "9" * 5000}, "to_number(): the number is too large", id="digits"
        ),
        pytest.param(
            "to_string(a)",
            {"a": float("nan")},
            "to_string(): a number is not finite",
            id="text of NaN",
        ),
        pytest.param(
            "to_string(a)",
            {"a": 10**5000},
            "to_string(): a number has too many digits",
            id="text",
        ),
        pytest.param(
            "matches(a, 'x')",
            {"a": "\ud800"},
            "matches(): the text has a lone surrogate, which is no character",
            id="surrogate",
        ),
        pytest.param(
            "replace(a, 'a', a)",
            {"a": "a" * 4000},
            "replace(): the result is longer than 10000000 characters",
            id="replace",
        ),
        pytest.param(
            "join(a, b)",
            {"a": "a" * 4000, "b": ["b"] * 4000},
            "join(): the result is longer than 10000000 characters",
            id="join",
        ),
        pytest.param(
            "to_string([a, a])",
            {"a": ["a" * 6_000_000]},
            "to_string(): the text is longer than 10000000 characters",
            id="text of much",
        ),
        pytest.param(
            "range(a)",
            {"a": 10**9},
            "argument 1 (`count`) of range(): it must be from 0 to 100000",
            id="range",
        ),
    ],
)
def test_numbers_and_texts_beyond_bounds_are_errors(text: str, document: Any, reason: str) -> None:
    """Overflow, NaN and results without bounds are errors that name the function."""
    with pytest.raises(EvaluationError) as caught:
        compile_expression(text)(document)

    assert caught.value.reason == reason


def test_it_works_without_asserts() -> None:
    """Nothing depends on `assert`, which `python -O` leaves out."""
    code = (
        "from ticketbridge.jmes import compile_expression as c;"
        "print(c('a[?b == `1`].c | [0]')({'a': [{'b': 1, 'c': 7}]}))"
    )

    done = subprocess.run(  # noqa: S603 - our own interpreter and text
        [sys.executable, "-O", "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": ":".join(sys.path)},
    )

    assert done.stdout == "7\n"
