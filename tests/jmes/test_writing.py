"""Trees written as text again."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from tests.jmes.grammar import Grammar
from tests.jmes.test_differential import of_ours
from ticketbridge.jmes import ExpressionError, compile_expression, nodes
from ticketbridge.jmes.parser import parse
from ticketbridge.jmes.writing import Unwritable, text_of


@pytest.mark.parametrize(
    ("text", "written"),
    [
        pytest.param('a.b[0]."x y"[-1]', None, id="path"),
        pytest.param("a || b && !c", None, id="operators"),
        pytest.param("(a || b) && c != `null`", None, id="parentheses that are needed"),
        pytest.param("(a) == (b.c)", "a == b.c", id="parentheses that are not"),
        pytest.param("!(a.b)", None, id="not of a path"),
        pytest.param("(!a)[0]", None, id="an index of not"),
        pytest.param("a[?b > `1` && c == 'x'].d", None, id="filter"),
        pytest.param("a[*].b[] | [0]", "((a[*].b)[])[0]", id="pipe"),
        pytest.param("a[1:-1:2].b", None, id="slice"),
        pytest.param("[::2]", "@[::2]", id="slice of all"),
        pytest.param("a.*.b", None, id="values"),
        pytest.param("a | (b || c)", "a | b || c", id="pipe into a choice"),
        pytest.param("a[*].[b, c].d", "(a[*].[b, c]).d", id="list of each"),
        pytest.param('a[*].{x: b, "y z": c}', None, id="object of each"),
        pytest.param("a[*][0]", None, id="index of each"),
        pytest.param("a[*].b[*].c", None, id="projection of each"),
        pytest.param("sort_by(a, &b.c)[0]", None, id="reference"),
        pytest.param(r"'it\'s'", None, id="quote"),
        pytest.param(r'`"a\\b"`', r'`"a\\b"`', id="backslash"),
        pytest.param("'a\nb'", r'`"a\nb"`', id="line break"),
        pytest.param("'a\u200bb'", r'`"a\u200bb"`', id="invisible character"),
        pytest.param('`{"a": [1, null]}`', None, id="literal"),
        pytest.param(r'`"\`\\"`', None, id="backtick"),
    ],
)
def test_text_comes_back(text: str, written: str | None) -> None:
    """With single spaces, and parentheses only where they change something."""
    assert text_of(parse(text, strict=True)) == (written or text)


@seed(20261124)
@settings(
    max_examples=300,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(st.data())
def test_what_is_written_means_the_same(data: st.DataObject) -> None:
    """On any document, the written text gives what the tree gives."""
    grammar = Grammar(lambda options: data.draw(st.sampled_from(options)))
    text, document = grammar.expression(data.draw(st.integers(1, 3))), grammar.document()
    try:
        expression = compile_expression(text)
    except ExpressionError:
        return
    again = compile_expression(text_of(expression.tree))

    assert of_ours(again, document) == of_ours(expression, document), text


@pytest.mark.parametrize(
    "each",
    [
        pytest.param(nodes.Constant(0, 1), id="literal"),
        pytest.param(
            nodes.Chain(0, (nodes.Constant(0, 1), nodes.Field(0, "b"))), id="of a literal"
        ),
        pytest.param(nodes.Chain(0, (nodes.ListOf(0, ()), nodes.Field(0, "b"))), id="of a list"),
    ],
)
def test_a_tree_that_no_text_has_is_refused(each: nodes.Node) -> None:
    """Only a path, a function, or, at the end, a list or an object can follow a projection."""
    tree = nodes.Projection(0, nodes.Field(0, "a"), each, None)

    with pytest.raises(Unwritable, match="a projection cannot go on so"):
        text_of(tree)
