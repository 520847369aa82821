"""Trees written as text again."""

from __future__ import annotations

import random
from typing import Any

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
        pytest.param("a[*].b[] | [0]", "(a[*].b[])[0]", id="pipe"),
        pytest.param("a[1:-1:2].b", None, id="slice"),
        pytest.param("[::2]", "@[::2]", id="slice of all"),
        pytest.param("a.*.b", None, id="values"),
        pytest.param("a | (b || c)", "a | b || c", id="pipe into a choice"),
        pytest.param("a | *.b", "a.*.b", id="values behind a pipe"),
        pytest.param("a | *.b.c", None, id="a path in all values behind a pipe"),
        pytest.param("*.b.c", None, id="a path in all values"),
        pytest.param("(*.b).c", "@.*.b.c", id="a path from all values"),
        pytest.param("a[*].*.b.c", None, id="a path in all values of each"),
        pytest.param("a[0][1:].b", None, id="slice behind an index"),
        pytest.param("a[0][1:][*].b", None, id="slice behind an index, of each"),
        pytest.param("a[1:][*].b", None, id="projection behind a slice"),
        pytest.param("a[?b].c[?d].e", None, id="filter of a filter"),
        pytest.param("a[*].b[?c].d[?e].f", None, id="filter of a filter of each"),
        pytest.param("a[*].[b, c].d", None, id="list of each"),
        pytest.param("a[*][b, c].d", None, id="path in a list of each"),
        pytest.param("a[*].b.[c, d].e", None, id="path in a list in each"),
        pytest.param("a[1:][*].[b].{c: d}.e", None, id="object in a list of each"),
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


STEPS = ("a", "*", "[*]", "[]", "[0]", "[1:]", "[?a]", " | a", ".a", ".*", ".[a]", ".{a: b}")


def nested(depth: int) -> Any:
    """A document in which steps lead on, however many."""
    inner = nested(depth - 1) if depth else 1
    return {"a": [inner, {"a": inner, "b": None}, [inner]], "b": {"a": inner, "b": inner}}


@pytest.mark.parametrize("first", STEPS)
def test_steps_behind_each_other_mean_the_same(first: str) -> None:
    """Any path can be written, and what goes into a projection goes into it again."""
    documents = [nested(4), [nested(3)] * 2]
    chance = random.Random(first)  # noqa: S311 - the same ones in each run
    for _ in range(200):
        text = first + "".join(chance.choices(STEPS, k=chance.randint(1, 6)))
        try:
            tree = parse(text, strict=True)
        except ExpressionError:
            continue
        expression, again = (compile_expression(each) for each in (text, text_of(tree)))
        for document in documents:
            assert of_ours(again, document) == of_ours(expression, document), text


A, B = nodes.Field(0, "a"), nodes.Field(0, "b")


@pytest.mark.parametrize(
    "each",
    [
        pytest.param(nodes.Constant(0, 1), id="literal"),
        pytest.param(nodes.Chain(0, (nodes.Constant(0, 1), B)), id="of a literal"),
        pytest.param(nodes.Chain(0, (nodes.HashOf(0, (("x", A),)), B)), id="of an object"),
        pytest.param(nodes.Projection(0, nodes.Flatten(0, A), B, None), id="flattening"),
    ],
)
def test_a_projection_that_no_text_has_is_refused(each: nodes.Node) -> None:
    """Only a path, functions and lists, or, at the end, an object can follow a projection."""
    tree = nodes.Projection(0, A, each, None)

    with pytest.raises(Unwritable, match="a projection cannot go on so"):
        text_of(tree)


@pytest.mark.parametrize(
    "tree",
    [
        pytest.param(nodes.Slice(0, slice(1, 2)), id="slice alone"),
        pytest.param(nodes.Chain(0, (A, nodes.Slice(0, slice(1, 2)), B)), id="slice"),
        pytest.param(nodes.Flatten(0, A), id="flattening"),
    ],
)
def test_what_opens_a_projection_is_not_written_without_it(tree: nodes.Node) -> None:
    """A text with a slice or `[]` has a projection, so that a tree without one has no text."""
    with pytest.raises(Unwritable, match="opens a projection"):
        text_of(tree)
