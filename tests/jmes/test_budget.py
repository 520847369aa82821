"""The work of one evaluation is bounded, whatever the data asks for."""

from __future__ import annotations

from typing import Any

import pytest

from ticketbridge.jmes import EvaluationError, compile_expression
from ticketbridge.jmes.budget import MAX_STEPS, spend

STEPS = f"the evaluation takes more than {MAX_STEPS} steps"
MANY = 100_000
HEAVY_PATTERN = "|".join([r"\pL"] * 240)


@pytest.mark.parametrize(
    ("text", "data", "reason"),
    [
        pytest.param("range(d)[*].range(`99`)", MANY, f"range(): {STEPS}", id="range in range"),
        pytest.param(
            "map(&map(&to_string(@), range(`99`)), range(d))", MANY, STEPS, id="map in map"
        ),
        pytest.param("range(d)[?range(`99`)[?@ > `1`]]", MANY, STEPS, id="filter in filter"),
        pytest.param("range(d)[*].[range(`99`)][].[@]", MANY, STEPS, id="flatten"),
        pytest.param("range(d)[*].[range(`999`)[1:]]", MANY, STEPS, id="slice"),
        pytest.param(
            "d[?contains(b, a)]", [{"a": {}, "b": [1] * 9000}] * 900, STEPS, id="contains"
        ),
        pytest.param("d[*].join('', b)", [{"b": ["x" * 999] * 999}] * 900, STEPS, id="join"),
        pytest.param("d[*].upper(a)", [{"a": "x" * 5_000_000}] * 900, STEPS, id="upper"),
        pytest.param(
            "d[*].replace(a, 'x', 'yyyyyyyyyyyyyyyy')",
            [{"a": "x" * 500_000}] * 900,
            STEPS,
            id="replace",
        ),
        pytest.param("d[*].to_string(a)", [{"a": [1] * 9000}] * 900, STEPS, id="to_string"),
        pytest.param("to_string(d)", [1] * 2_000_000, STEPS, id="to_string of a long list"),
        pytest.param("d[*].sort(b)", [{"b": [2, 1] * 2000}] * 900, STEPS, id="sort"),
        pytest.param("d[?a == b]", [{"a": [1] * 9000, "b": [1] * 9000}] * 900, STEPS, id="equal"),
        pytest.param("d[*].unique(b)", [{"b": [1] * 9000}] * 900, STEPS, id="unique"),
        pytest.param(
            "d[*].lookup(b, a, 'x')", [{"a": "a", "b": [{"a": 1}] * 9000}] * 900, STEPS, id="lookup"
        ),
        pytest.param(
            "d[?matches(a, b)]", [{"a": "x", "b": HEAVY_PATTERN}] * 900, STEPS, id="regex"
        ),
        pytest.param("d[].a", [[{}] * 9000] * 900, "more than 1000000 elements", id="long flatten"),
        pytest.param("split(d, ',')", "," * 2_000_000, "split(): the list has more", id="split"),
    ],
)
def test_an_evaluation_is_left_where_it_takes_too_much(text: str, data: Any, reason: str) -> None:
    """Loops within loops, and functions on what is long in a loop, end with a clear error."""
    evaluate = compile_expression(text, roots=["d"])
    with pytest.raises(EvaluationError) as caught:
        evaluate({"d": data})

    assert reason in caught.value.reason


@pytest.mark.parametrize(("function", "counts"), [("upper", True), ("abs", False)])
def test_only_what_can_be_long_is_measured(function: str, counts: bool) -> None:
    """The code of a call asks for the length of a text, a list or an object, and of no number."""
    source = compile_expression(f"d[*].{function}(a)", roots=["d"]).source

    assert ("spend_on(" in source) is counts


def test_each_evaluation_has_a_budget_of_its_own() -> None:
    """What one evaluation has taken, the next one may take again, and nothing counts in between."""
    evaluate = compile_expression("length(range(n)[*].range(`1000`)[])", roots=["n"])
    for _ in range(3):
        assert evaluate({"n": 900}) == 900_000
    spend(3 * MAX_STEPS)


@pytest.mark.parametrize(
    ("pattern", "text", "reason"),
    [
        pytest.param("a" * 1_001, "x", "longer than 1000 characters", id="long"),
        pytest.param(r"((\pL{50}){20})", "x", "pattern too large", id="large"),
        pytest.param(r"(\pL{30}){30}", "x", "pattern too large", id="repeated"),
        pytest.param("(a)", "x" * 10_001, "looked for in 10000 characters", id="long text"),
    ],
)
@pytest.mark.parametrize("function", ["matches", "extract"])
def test_a_pattern_that_comes_from_data_is_bounded(
    function: str, pattern: str, text: str, reason: str
) -> None:
    """It can neither be long, nor grow large when it is compiled, nor be looked for in a long text."""
    evaluate = compile_expression(f"{function}(text, pattern)", roots=["text", "pattern"])
    with pytest.raises(EvaluationError) as caught:
        evaluate({"text": text, "pattern": pattern})

    assert reason in caught.value.reason
    assert evaluate({"text": "xay", "pattern": "(a)"}) in {True, "a"}


def test_a_pattern_of_the_mapping_is_looked_for_in_long_texts() -> None:
    """What the integrator writes has no other bound than RE2's own."""
    long = "|".join(f"word{at}" for at in range(300))
    assert compile_expression(f"matches(d, '{long}')", roots=["d"])({"d": "x" * 20_000 + "word7"})
