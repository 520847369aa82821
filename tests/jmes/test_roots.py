"""Expressions start with one of the roots that their slot knows."""

from __future__ import annotations

from typing import Any

import pytest

from ticketbridge.jmes import (
    EvaluationError,
    ExpressionError,
    HashShape,
    OtherShape,
    RootShape,
    Shape,
    compile_expression,
)

ROOTS = ("body", "user", "item")
SCOPE: dict[str, Any] = {
    "body": {"data": [{"user": "ana", "n": 1}, {"user": "eva", "n": 2}]},
    "user": "eva",
    "item": None,
}


@pytest.mark.parametrize(
    ("text", "value", "names"),
    [
        pytest.param("user", "eva", {"user"}, id="root"),
        pytest.param('"user"', "eva", {"user"}, id="quoted root"),
        pytest.param("body.data[0].user", "ana", {"body"}, id="path"),
        pytest.param("item.anything", None, {"item"}, id="null root"),
        pytest.param("body.data[?user == 'eva'].n", [2], {"body"}, id="filter sees the element"),
        pytest.param("body.data | [1].user", "eva", {"body"}, id="pipe sees what came before"),
        pytest.param("max_by(body.data, &n).user", "eva", {"body"}, id="& sees the element"),
        pytest.param("body.data[*].[user, @.n]", [["ana", 1], ["eva", 2]], {"body"}, id="current"),
        pytest.param(
            "{a: user, b: body.data[1].n}", {"a": "eva", "b": 2}, {"user", "body"}, id="hash"
        ),
        pytest.param("[user, item]", ["eva", None], {"user", "item"}, id="list"),
        pytest.param(
            "[user, body.data][]", ["eva", *SCOPE["body"]["data"]], {"user", "body"}, id="flat"
        ),
        pytest.param("item || user && !item", True, {"user", "item"}, id="logic"),
        pytest.param("body.data[0].user == user", False, {"user", "body"}, id="comparison"),
        pytest.param("'text'", "text", set(), id="literal"),
        pytest.param("`[1]`[0]", 1, set(), id="index of a literal"),
    ],
)
def test_roots_are_read_from_the_scope(text: str, value: Any, names: set[str]) -> None:
    """The first name is a root; below it, the current value is what JMESPath says."""
    expression = compile_expression(text, roots=ROOTS)

    assert expression(SCOPE) == value
    assert expression.names == names


@pytest.mark.parametrize(
    ("text", "column", "hint"),
    [
        pytest.param("bdy.data", 1, 'did you mean "body"?', id="near"),
        pytest.param("  order.id", 3, "", id="far"),
        pytest.param("user == order.id", 9, "", id="second operand"),
        pytest.param("body.data[0] || data", 17, "", id="second choice"),
        pytest.param("length(data)", 8, "", id="argument"),
        pytest.param("{a: user, b: data}", 14, "", id="hash"),
        pytest.param("[data]", 2, "", id="list"),
        pytest.param("!data", 2, "", id="not"),
        pytest.param("(data)[*].a", 2, "", id="base of a projection"),
        pytest.param("user == null", 9, "write `null` in backticks", id="null"),
        pytest.param("true", 1, "write `true` in backticks", id="true"),
        pytest.param("false || user", 1, "write `false` in backticks", id="false"),
        pytest.param('user == "PAID"', 9, "write 'PAID' for a string", id="double quotes"),
    ],
)
def test_a_name_that_is_no_root_is_an_error(text: str, column: int, hint: str) -> None:
    """A wrong root is an error at its column, which lists the legal ones."""
    with pytest.raises(ExpressionError) as caught:
        compile_expression(text, roots=ROOTS)

    assert (caught.value.column, caught.value.text) == (column, text)
    assert caught.value.reason.endswith("is no root here")
    assert (
        caught.value.suggestion.removeprefix(hint).strip("; ") == "the roots are: body, item, user"
    )
    assert caught.value.suggestion.startswith(hint)


@pytest.mark.parametrize(
    ("text", "column"),
    [
        pytest.param("@", 1, id="current"),
        pytest.param("user == @", 9, id="current, later"),
        pytest.param("*", 1, id="values"),
        pytest.param("*.id", 1, id="values and a key"),
        pytest.param("[0]", 1, id="index"),
        pytest.param("[1:]", 1, id="slice"),
        pytest.param("[*]", 1, id="projection"),
        pytest.param("[]", 1, id="flatten"),
        pytest.param("[?user]", 1, id="filter"),
        pytest.param("length(@)", 8, id="argument"),
    ],
)
def test_all_roots_at_once_are_an_error(text: str, column: int) -> None:
    """What would mean all roots together is an error that asks for one of them."""
    with pytest.raises(ExpressionError) as caught:
        compile_expression(text, roots=ROOTS)

    assert (caught.value.reason, caught.value.column) == ("start with one of the roots", column)


def test_a_bare_reference_asks_for_a_root() -> None:
    """An & that is no argument is an error that asks for one of the roots."""
    with pytest.raises(ExpressionError, match="start with one of the roots; the roots are: user"):
        compile_expression("&user", roots=["user"])


def test_a_slot_without_roots_says_so() -> None:
    """Where no root is legal, the error says that there is none."""
    with pytest.raises(ExpressionError, match="there are no roots"):
        compile_expression("user", roots=[])


def test_an_expression_without_roots_has_no_names() -> None:
    """On a document, names of keys are not names of roots."""
    expression = compile_expression("user.name")

    assert (expression.names, expression.shape()) == (frozenset(), OtherShape())
    assert expression({"user": {"name": "Ana"}}) == "Ana"


def test_a_scope_that_lacks_a_root_is_named() -> None:
    """A root without a value is an error that names the root."""
    with pytest.raises(EvaluationError, match="no value was given for the root body"):
        compile_expression("body.a || user", roots=ROOTS)({"user": 1})


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        pytest.param("item", RootShape("item"), id="root"),
        pytest.param("(item)", RootShape("item"), id="root in brackets"),
        pytest.param("{t: item}", HashShape({"t": RootShape("item")}), id="hash"),
        pytest.param("item.a", OtherShape(), id="path"),
        pytest.param("[item]", OtherShape(), id="list"),
        pytest.param(
            "{a: {b: item}, n: length(item)}",
            HashShape({"a": HashShape({"b": RootShape("item")}), "n": OtherShape()}),
            id="nested",
        ),
    ],
)
def test_the_shape_shows_where_roots_stand(text: str, shape: Shape) -> None:
    """A root, and an object whose values are roots, can be told from the expression alone."""
    assert compile_expression(text, roots=ROOTS).shape() == shape
