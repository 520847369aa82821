"""A text that is no legal expression is an error at load, with its column and a hint."""

from __future__ import annotations

import pytest

from ticketbridge.jmes import ExpressionError, compile_expression


@pytest.mark.parametrize(
    ("text", "column", "reason", "hint"),
    [
        pytest.param("", 1, "the expression is empty", "", id="empty"),
        pytest.param(" \n", 1, "the expression is empty", "", id="blank"),
        pytest.param("a.", 3, "the expression ends too early", "", id="dot at the end"),
        pytest.param("length(a", 9, "the expression ends too early", "", id="open call"),
        pytest.param("{a: b", 6, "the expression ends too early", "", id="open hash"),
        pytest.param("a[0", 4, "the expression ends too early", "", id="open index"),
        pytest.param("a[1:2", 6, "the expression ends too early", "", id="open slice"),
        pytest.param("a b", 3, "unexpected b", "", id="two words"),
        pytest.param("a 'b'", 3, "unexpected literal", "", id="literal after a word"),
        pytest.param("a and b", 3, "unexpected and", "write &&", id="and"),
        pytest.param("a or b", 3, "unexpected or", "write ||", id="or"),
        pytest.param("a = b", 3, "Unknown token '='", "write == to compare", id="one equals"),
        pytest.param("a == 5", 6, "unexpected 5", "write `5` in backticks", id="integer"),
        pytest.param("a == -1.5", 6, "unexpected -1", "write `-1.5` in backticks", id="fraction"),
        pytest.param("a ^ b", 3, "Unknown token ^", "", id="unknown character"),
        pytest.param("a == 'b", 6, "Unclosed ' delimiter", "", id="open quote"),
        pytest.param(
            "{a}",
            3,
            "unexpected }",
            "write a, without braces around: only texts of requests have holes",
            id="hash without a value",
        ),
        pytest.param("a.0", 3, "unexpected 0", "write a[0]", id="number as a key"),
        pytest.param("f(a)", 1, "there is no function f()", "", id="unknown function"),
        pytest.param(
            "a || lenght(b)",
            6,
            "there is no function lenght()",
            'did you mean "length"?',
            id="misspelt function",
        ),
        pytest.param(
            "upper(a, b)", 1, "upper(text) does not take 2 arguments", "", id="too many arguments"
        ),
        pytest.param(
            "split(a)", 1, "split(text, separator) does not take 1 argument", "", id="few"
        ),
        pytest.param(
            "date()", 1, "date(value, format?, zone?) does not take 0 arguments", "", id="none"
        ),
        pytest.param(
            "merge()", 1, "merge(objects...) does not take 0 arguments", "", id="variadic"
        ),
        pytest.param(
            '"length"(a)', 1, "the name of a function is not quoted", "", id="quoted name"
        ),
        pytest.param(
            "(length)(a)", 8, "what stands before ( is no name of a function", "", id="brackets"
        ),
        pytest.param("@(a)", 1, "what stands before ( is no name of a function", "", id="current"),
        pytest.param("a[::0]", 2, "the step of a slice must not be 0", "", id="step of zero"),
        pytest.param(
            "a.b | &c",
            7,
            "& is only for an argument of map, sort_by, max_by and min_by",
            "",
            id="&",
        ),
        pytest.param(
            "map(a, b)",
            5,
            "argument 1 (`expression`) of map() must start with &",
            "write map(&a, b)",
            id="no &",
        ),
        pytest.param(
            "length(&a)",
            8,
            "& is only for an argument of map, sort_by, max_by and min_by",
            "",
            id="stray &",
        ),
    ],
)
def test_a_slip_is_an_error_at_its_column(text: str, column: int, reason: str, hint: str) -> None:
    """The error says what is wrong, where, and where it can, what would be right."""
    with pytest.raises(ExpressionError) as caught:
        compile_expression(text)

    error = caught.value
    assert (error.column, error.reason, error.suggestion) == (column, reason, hint)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("hash('sha256', a.id, 'hex')", "write hash(a.id, 'sha256', 'hex')"),
        ("quoted('sql', a)", "write quoted(a, 'sql')"),
        ("join(a, ',')", "write join(',', a)"),
        ("join(upper(a), ',')", ""),
        ("lookup('id', a, b)", "write lookup(a, 'id', b)"),
        ("minor_units('EUR', a)", "write minor_units(a, 'EUR')"),
        ("split(a.id, '')", ""),
        ("replace(a, '', 'x')", ""),
        ("extract(a, 'x')", ""),
        ("matches(a, '(')", ""),
        ("starts_with(a, `1`)", ""),
        ("merge(a, `1`)", ""),
        ("date('%d.%m.%Y', `5`)", ""),  # exchanged, it would still lack a zone
        ("date('%d.%m.%Y %z', `5`)", "write date(`5`, '%d.%m.%Y %z')"),
        ("hash(a.id, sha256, 'hex')", "write 'sha256'"),
        ("hash(a.id, b.c, 'hex')", "the algorithms are 'md5', 'sha1', 'sha256', 'sha512'"),
        ("hmac(a, 'k', 'sha256', 'hex', b.c)", "the encodings are 'hex', 'base64', 'base64url'"),
    ],
)
def test_arguments_are_only_exchanged_where_that_is_right(text: str, hint: str) -> None:
    """An error proposes to exchange two arguments if it is about them, and the call would be right then."""
    with pytest.raises(ExpressionError) as caught:
        compile_expression(text)

    assert caught.value.suggestion == hint
    if hint.startswith("write ") and not hint.startswith("write '"):
        compile_expression(hint.removeprefix("write "))


@pytest.mark.parametrize(
    ("text", "column", "reason"),
    [
        pytest.param("contains(a b)", 12, "unexpected b", id="missing comma between arguments"),
        pytest.param("{x: a y: b}", 7, "unexpected y", id="missing comma between pairs"),
        pytest.param("length(a,)", 9, "no argument follows this comma", id="trailing comma"),
        pytest.param("a[1:2 3]", 7, "unexpected 3", id="two numbers in a slice"),
        pytest.param("`foo`", 1, "a literal must be JSON", id="literal without quotes"),
        pytest.param("a == `NaN`", 6, "JSON has no NaN and no infinite numbers", id="NaN"),
        pytest.param("`[-Infinity]`", 1, "JSON has no NaN and no infinite numbers", id="infinite"),
        pytest.param("`1e999`", 1, "JSON has no NaN and no infinite numbers", id="too large"),
    ],
)
def test_what_jmespath_lets_pass_is_an_error_when_strict(
    text: str, column: int, reason: str
) -> None:
    """A slip that jmespath's parser forgives is an error, and passes only without strict."""
    with pytest.raises(ExpressionError) as caught:
        compile_expression(text)

    assert (caught.value.column, caught.value.reason) == (column, reason)
    assert compile_expression(text, strict=False).text == text


@pytest.mark.parametrize(
    "strict", [pytest.param(True, id="strict"), pytest.param(False, id="plain")]
)
@pytest.mark.parametrize(
    "text",
    [
        pytest.param("{a: b,}", id="trailing comma in a hash"),
        pytest.param("[a,]", id="trailing comma in a list"),
        pytest.param('`"`', id="lone quote in a literal"),
        pytest.param('"\\q"', id="bad escape in a quoted key"),
        pytest.param(f"a[{'9' * 5000}]", id="index of 5,000 digits"),
    ],
)
def test_broken_text_is_an_error_in_both_modes(text: str, strict: bool) -> None:
    """What no JMESPath reads is an ExpressionError with and without strict."""
    with pytest.raises(ExpressionError):
        compile_expression(text, strict=strict)


def test_a_literal_that_is_no_json_suggests_quotes() -> None:
    """The old way to write a string is refused with the new one."""
    with pytest.raises(ExpressionError) as caught:
        compile_expression("a == `PAID`")

    assert caught.value.suggestion == "write 'PAID' for a string"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("lower(`1`)", "argument 1 (`text`) of lower() must be a string", id="number"),
        pytest.param(
            'sum(`["a"]`)',
            "argument 1 (`numbers`) of sum() must be an array of numbers",
            id="elements",
        ),
        pytest.param(
            "split(a, '')",
            "argument 2 (`separator`) of split(): it must not be empty",
            id="separator",
        ),
        pytest.param(
            "replace(a, '', 'b')", "argument 2 (`old`) of replace(): it must not be empty", id="old"
        ),
        pytest.param(
            "matches(a, '(')",
            "argument 2 (`regex`) of matches(): RE2 refuses the regular expression: missing )",
            id="regex",
        ),
        pytest.param(
            r"matches(a, '(a)\1')",
            "argument 2 (`regex`) of matches(): RE2 refuses the regular expression:"
            " invalid escape sequence (it has no back-references)",
            id="back reference",
        ),
        pytest.param(
            "extract(a, 'b')",
            "argument 2 (`regex`) of extract(): the regular expression has no group to extract",
            id="no group",
        ),
        pytest.param(
            "range(`-1`)",
            "argument 1 (`count`) of range(): it must be from 0 to 100000",
            id="range",
        ),
        pytest.param(
            "range(`1.5`)", "argument 1 (`count`) of range(): the number has a fraction", id="half"
        ),
        pytest.param(
            "round(a, `99`)",
            "argument 2 (`digits`) of round(): it must be from -34 to 34",
            id="digits",
        ),
        pytest.param(
            "add(a, 'x')",
            "argument 2 (`y`) of add(): the string is no plain decimal number",
            id="add",
        ),
        pytest.param(
            "decimal(a, ';')",
            'argument 2 (`decimal_separator`) of decimal(): the decimal separator is "." or ","',
            id="decimal separator",
        ),
        pytest.param(
            "minor_units(a, 'XAB')",
            "argument 2 (`currency`) of minor_units(): ISO 4217 does not know the currency XAB",
            id="currency",
        ),
        pytest.param(
            "date(a, '%Y-%m')",
            "argument 2 (`format`) of date(): the format has no whole date: it needs a year, a month"
            " and a day",
            id="date format",
        ),
    ],
)
def test_a_constant_that_can_never_be_right_is_an_error_at_load(text: str, reason: str) -> None:
    """A literal argument is checked once, when the mapping is loaded."""
    with pytest.raises(ExpressionError) as caught:
        compile_expression(text)

    assert caught.value.reason == reason
    assert caught.value.column > 1


def test_own_functions_are_unknown_to_plain_jmespath() -> None:
    """Without strict, only JMESPath's functions exist."""
    with pytest.raises(ExpressionError, match=r"there is no function upper\(\)"):
        compile_expression("upper(a)", strict=False)


def test_the_error_shows_the_text_with_a_caret() -> None:
    """The message repeats the expression's line, with a caret under the column."""
    with pytest.raises(ExpressionError) as caught:
        compile_expression("a ==\n\tb c d")

    assert str(caught.value) == "unexpected c\n   b c d\n     ^"


def test_the_error_shows_a_window_of_a_long_text() -> None:
    """Of a long expression, only the neighbourhood of the slip is shown."""
    with pytest.raises(ExpressionError) as caught:
        compile_expression("a || " * 200 + "b c" + " || a" * 200)

    shown, caret = str(caught.value).splitlines()[1:]
    assert len(shown) <= 122
    assert shown[caret.index("^")] == "c"
