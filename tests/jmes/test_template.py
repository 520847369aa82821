"""Request strings: how they are split, and how each hole is escaped for its place."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from ticketbridge.jmes import (
    EvaluationError,
    ExpressionError,
    HolePart,
    Template,
    TextPart,
    VariablePart,
    compile_expression,
    compile_template,
    split_template,
)
from ticketbridge.jmes.template import LONGEST, TemplateKind

ROOTS = ("user", "page", "x")


def template(text: str, kind: TemplateKind = "path", place: str = "") -> Template:
    """The template of *text*, which has no variables."""
    parts: list[Any] = []
    for part in split_template(text):
        if isinstance(part, HolePart):
            parts.append(compile_expression(part.text, roots=ROOTS, place="hole:1:1"))
        elif isinstance(part, TextPart):
            parts.append(part.text)
    return compile_template(parts, kind=kind, place=place)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        pytest.param("", (), id="empty"),
        pytest.param("/a/b", (TextPart("/a/b"),), id="text"),
        pytest.param("{user}", (HolePart("user", 1),), id="hole"),
        pytest.param(
            "/c/{ x.id }/o", (TextPart("/c/"), HolePart("x.id", 5), TextPart("/o")), id="spaces"
        ),
        pytest.param("{{a}}", (TextPart("{a}"),), id="literal braces"),
        pytest.param("{{{user}}}", (TextPart("{"), HolePart("user", 3), TextPart("}")), id="both"),
        pytest.param("{user}}}", (HolePart("user", 1), TextPart("}")), id="brace after a hole"),
        pytest.param("{ {a: x}.a }", (HolePart("{a: x}.a", 2),), id="hash in a hole"),
        pytest.param("{x.{a: b}}", (HolePart("x.{a: b}", 1),), id="hash at the end"),
        pytest.param("{join('}', x)}", (HolePart("join('}', x)", 1),), id="brace in quotes"),
        pytest.param('{x."}{"}', (HolePart('x."}{"', 1),), id="braces in a quoted key"),
        pytest.param('{x == `"}"`}', (HolePart('x == `"}"`', 1),), id="brace in a literal"),
        pytest.param(r"{join('\'}', x)}", (HolePart(r"join('\'}', x)", 1),), id="escaped quote"),
        pytest.param("${A}", (VariablePart("A", None, 0),), id="variable"),
        pytest.param(
            "a${A_1:-b c}{user}",
            (TextPart("a"), VariablePart("A_1", "b c", 1), HolePart("user", 13)),
            id="variable with a default",
        ),
        pytest.param("${A:-}", (VariablePart("A", "", 0),), id="empty default"),
        pytest.param("$5 $$ $", (TextPart("$5 $$ $"),), id="dollars"),
        pytest.param("a\nb", (TextPart("a\nb"),), id="line break"),
    ],
)
def test_a_template_is_text_variables_and_holes(text: str, parts: tuple[Any, ...]) -> None:
    """A hole ends at the first } that completes an expression; doubled braces are literal."""
    assert split_template(text) == parts


@pytest.mark.parametrize(
    ("text", "column", "reason"),
    [
        pytest.param("/a/{user", 4, "the hole is not closed", id="open hole"),
        pytest.param("{join('}', x)", 1, "the hole is not closed", id="brace in quotes"),
        pytest.param("{'}", 1, "the hole is not closed", id="open quote"),
        pytest.param("{'\\", 1, "the hole is not closed", id="open escape"),
        pytest.param("a}b", 2, "a } without its {", id="lone brace"),
        pytest.param("{user}}", 7, "a } without its {", id="lone brace after a hole"),
        pytest.param("/a/{}", 4, "the hole is empty", id="empty hole"),
        pytest.param("{ \t}", 1, "the hole is empty", id="blank hole"),
        pytest.param("a${}", 2, "no variable of the environment", id="no name"),
        pytest.param("${1A}", 1, "no variable of the environment", id="digit first"),
        pytest.param("${A", 1, "no variable of the environment", id="open variable"),
        pytest.param("${A:b}", 1, "no variable of the environment", id="no dash"),
        pytest.param("${A:-{user}}", 1, "no variable of the environment", id="hole in a default"),
        pytest.param("/{x.${A}}", 5, "a hole has no ${...} in it", id="variable in a hole"),
        pytest.param("{join('${A}', x)}", 8, "a hole has no ${...} in it", id="variable in quotes"),
    ],
)
def test_a_broken_template_is_an_error_at_its_column(text: str, column: int, reason: str) -> None:
    """Open and empty holes, lone braces and bad variables are errors at load."""
    with pytest.raises(ExpressionError) as caught:
        split_template(text)

    assert (caught.value.column, caught.value.reason, caught.value.text) == (column, reason, text)


@pytest.mark.parametrize("text", ["/{x.${A}}", "{join('${A}', x)}"])
def test_a_variable_in_a_hole_is_told_where_it_stands(text: str) -> None:
    """It is no part of an expression."""
    with pytest.raises(ExpressionError) as caught:
        split_template(text)

    assert caught.value.suggestion.startswith("write ${NAME} outside of the braces")


def test_only_what_is_unreserved_stays_as_it_is() -> None:
    """Of ASCII, letters, digits and `-._~` alone mean the same in every place of a URL."""
    hole = template("{x}", "query")
    for code in range(128):
        character = chr(code)
        plain = character.isalnum() or character in "-._~"
        assert hole({"x": character}) == (character if plain else f"%{code:02X}")


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        pytest.param("path", "a b/c?d#e%f", "a%20b%2Fc%3Fd%23e%25f", id="path"),
        pytest.param("path", "ana+x@example.com", "ana%2Bx%40example.com", id="address in a path"),
        pytest.param("path", "-._~", "-._~", id="unreserved"),
        pytest.param("path", "é€", "%C3%A9%E2%82%AC", id="UTF-8"),
        pytest.param("path", "a\n", "a%0A", id="control character in a path"),
        pytest.param("path", "...", "...", id="three dots"),
        pytest.param("query", "a b&c=d+e", "a%20b%26c%3Dd%2Be", id="query"),
        pytest.param("query", "..", "..", id="dots in a query"),
        pytest.param("header", "Bearer a/b é", "Bearer a/b é", id="header"),
        pytest.param("query", 7, "7", id="integer"),
        pytest.param("query", 10**30, "1" + "0" * 30, id="long integer"),
        pytest.param("query", 1.5, "1.5", id="float"),
        pytest.param("query", Decimal("19.90"), "19.90", id="decimal"),
        pytest.param("query", Decimal("1E+3"), "1000", id="decimal with an exponent"),
        pytest.param("query", True, "true", id="true"),
        pytest.param("header", False, "false", id="false"),
        pytest.param("header", 0, "0", id="zero"),
    ],
)
def test_a_hole_is_escaped_for_its_place(kind: TemplateKind, value: Any, text: str) -> None:
    """No value of a hole can change the structure of the request."""
    assert template("{x}", kind)({"x": value}) == text


@pytest.mark.parametrize(
    "kind", [pytest.param(each, id=each) for each in ("path", "query", "header")]
)
@pytest.mark.parametrize(
    ("value", "reason"),
    [
        pytest.param(None, "a hole gives null, and needs a text, a number or a boolean", id="null"),
        pytest.param("", "a hole gives an empty string", id="empty"),
        pytest.param(
            {}, "a hole gives an object, and needs a text, a number or a boolean", id="object"
        ),
        pytest.param(
            [1], "a hole gives an array, and needs a text, a number or a boolean", id="list"
        ),
        pytest.param(float("nan"), "a number is not finite", id="NaN"),
        pytest.param(Decimal("Infinity"), "a number is not finite", id="infinite"),
        pytest.param(10**5000, "a number has too many digits", id="huge"),
        pytest.param(b"x", "it cannot be evaluated (TypeError)", id="no JSON"),
    ],
)
def test_a_hole_that_gives_no_text_is_an_error(kind: TemplateKind, value: Any, reason: str) -> None:
    """Null, "", objects and lists are errors, so that no filter silently vanishes."""
    with pytest.raises(EvaluationError) as caught:
        template("a{x}b", kind)({"x": value})

    error = caught.value
    assert (error.reason, error.expression, error.place) == (reason, "x", "hole:1:1")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        pytest.param("/a/{x}", ".", id="dot"),
        pytest.param("/a/{x}/b", "..", id="two dots"),
        pytest.param("/a/.{x}", ".", id="dots from both"),
        pytest.param("{x}", "..", id="alone"),
        pytest.param("/a/%2e{x}", ".", id="encoded literal"),
        pytest.param("/a/{x}", "b/../c", id="behind an encoded slash"),
        pytest.param("/a/{x}", "..\\c", id="behind an encoded backslash"),
    ],
)
def test_a_path_has_no_dot_segments(text: str, value: str) -> None:
    """A segment that is . or .. after rendering is an error."""
    with pytest.raises(EvaluationError, match=r"a segment that is \. or \.\."):
        template(text, place="a.yaml:1:1")({"x": value})


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("/a/../b", id="dots"),
        pytest.param("./a", id="dot"),
        pytest.param("/a/%2E%2e/{x}", id="encoded"),
    ],
)
def test_literal_dot_segments_are_errors_at_load(text: str) -> None:
    """A path that can never be right is refused when it is compiled."""
    with pytest.raises(ExpressionError, match=r"a segment that is \. or \.\."):
        template(text)


@pytest.mark.parametrize(
    ("kind", "text", "rendered"),
    [
        pytest.param("path", "/a b/c%2Fd/%zz?é", "/a%20b/c%2Fd/%25zz%3F%C3%A9", id="path"),
        pytest.param("path", "/T(1);v=2:x@y", "/T(1);v=2:x@y", id="legal in a path"),
        pytest.param("query", "a b/%20", "a%20b%2F%2520", id="query"),
        pytest.param("header", "a b/%20", "a b/%20", id="header"),
    ],
)
def test_literal_text_is_escaped_for_its_place(
    kind: TemplateKind, text: str, rendered: str
) -> None:
    """In a path, slashes and %XX stay; in a query value, text is escaped like a hole."""
    assert template(text, kind)({}) == rendered


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("a\r\nX: y", id="line break"),
        pytest.param("a\x00", id="null character"),
        pytest.param("a\tb", id="tab"),
        pytest.param("a\x7f", id="delete"),
        pytest.param("a\x85", id="C1"),
        pytest.param("a\ud800", id="lone surrogate"),
    ],
)
def test_a_header_has_no_control_characters(value: str) -> None:
    """A control character is an error, at run time in a hole and at load in the text."""
    with pytest.raises(EvaluationError, match="a header must not have control characters"):
        template("{x}", "header")({"x": value})
    with pytest.raises(ExpressionError, match="a header must not have control characters"):
        compile_template([value], kind="header")


def test_a_header_is_not_longer_than_its_longest_hole_may_be() -> None:
    """Several holes together have the length that one may have; longer text is an error at load."""
    half = "x" * (LONGEST // 2)
    assert template("{x}{x}", "header")({"x": half}) == half + half
    with pytest.raises(EvaluationError, match=f"must not have more than {LONGEST} characters"):
        template("{x}{x}.", "header")({"x": half})
    with pytest.raises(ExpressionError, match=f"must not have more than {LONGEST} characters"):
        compile_template(["x" * (LONGEST + 1)], kind="header")


@pytest.mark.parametrize("kind", [pytest.param(each, id=each) for each in ("path", "query")])
def test_a_lone_surrogate_is_an_error(kind: TemplateKind) -> None:
    """Text that is no Unicode cannot be sent."""
    with pytest.raises(EvaluationError, match="lone surrogate"):
        template("{x}", kind)({"x": "\ud800"})
    with pytest.raises(ExpressionError, match="lone surrogate"):
        compile_template(["\ud800"], kind=kind)


def test_a_failing_hole_keeps_its_own_error() -> None:
    """A missing key in a hole is the error of that expression, at its place."""
    with pytest.raises(EvaluationError) as caught:
        template("/a/{x.id}")({"x": {}})

    assert str(caught.value) == 'hole:1:1: no key "id"; the object is empty, in `x.id`'


def test_a_template_knows_its_names_and_its_single_hole() -> None:
    """Callers see which roots a template uses, and whether it is one hole and nothing else."""
    both, single = template("{user}/{x.id}"), template("{page.number}", "query")

    assert both.names == {"user", "x"}
    assert both.single is None
    assert single.names == {"page"}
    assert single.single is not None
    assert single.single.text == "page.number"
    assert template("a{x}").single is None
    assert template("a").names == frozenset()


def test_empty_text_does_not_hide_a_single_hole() -> None:
    """A variable that resolved to nothing leaves the hole alone."""
    hole = compile_expression("x", roots=ROOTS)

    assert compile_template(["", hole], kind="query").single is hole
