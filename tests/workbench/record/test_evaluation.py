"""Expressions that are evaluated slowly, to see what they read, give what the compiled ones give."""

from __future__ import annotations

import pytest

from ticketbridge.jmes import compile_expression
from ticketbridge.workbench.record.evaluation import Evaluation
from ticketbridge.workbench.record.reading import Reads
from ticketbridge.workbench.record.slots import Use

SCOPE = {"d": {"a": None, "b": "", "c": 0, "e": {"f": 1}, "g": [{"k": "x", "v": 1}, {"k": "y"}]}}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        pytest.param("d.a.*", None, id="values of null"),
        pytest.param("d.e.*", [1], id="values"),
        pytest.param("d.a || d.b", "", id="a choice of nothing"),
        pytest.param("d.b || d.c", 0, id="zero is something"),
        pytest.param("d.a.[k, v]", None, id="list of null"),
        pytest.param("d.a.{k: k}", None, id="object of null"),
        pytest.param("d.e.[f, f]", [1, 1], id="list"),
        pytest.param("lookup(d.g, 'k', 'nobody')", None, id="nothing found"),
        pytest.param("lookup(d.g, 'k', 'x').v", 1, id="found"),
        pytest.param("lookup(d.g, 'k', d.a)", None, id="nothing looked for"),
    ],
)
@pytest.mark.parametrize("use", [Use.DECIDES, Use.PASSES])
def test_the_value_is_that_of_the_compiled_expression(text: str, value: object, use: Use) -> None:
    """Null goes on as null, and the last choice is taken where none is anything."""
    expression = compile_expression(text, roots=["d"])

    assert expression(SCOPE) == value
    assert Evaluation(SCOPE, Reads(), use).of(expression) == value


def test_a_member_of_merged_objects_is_read_where_it_came_from() -> None:
    """In the last object that has the key, be it the first one."""
    document = {"a": {"x": 1, "y": 2}, "b": {"y": 3}}
    reads = Reads()
    reads.learn_paths(document)
    expression = compile_expression("merge(a, b).[x, y]", roots=["a", "b"])
    Evaluation(document, reads, Use.DECIDES).of(expression)

    assert reads.uses(("a", "x"), 1) == reads.uses(("b", "y"), 3) == {Use.DECIDES}
    assert reads.uses(("a", "y"), 2) == ()
