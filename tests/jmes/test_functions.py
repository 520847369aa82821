"""The function library: the table, and what each function gives and refuses."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from ticketbridge.jmes import (
    FUNCTIONS,
    LOOKUP_CACHE,
    NOW,
    EvaluationError,
    Example,
    ExpressionError,
    Function,
    compile_expression,
)

JMESPATH = (
    "abs avg ceil contains ends_with floor join keys length map max max_by merge min min_by not_null"
    " reverse sort sort_by starts_with sum to_array to_number to_string type values"
)
OWN = (
    "lower upper trim split replace extract matches as_list lookup unique range descendants add"
    " subtract multiply divide round decimal minor_units date now moment default null_if optional"
    " quoted hash hmac base64 items rows from_json from_xml"
)


def value_of(text: str, document: Any = None) -> Any:
    """What *text* gives."""
    return compile_expression(text)(document)


def reason_of(text: str, document: Any = None) -> str:
    """Why *text* fails."""
    with pytest.raises(EvaluationError) as caught:
        compile_expression(text)(document)
    return caught.value.reason


def test_the_table_has_jmespath_s_functions_and_ours() -> None:
    """The table is complete, and knows which functions are JMESPath's."""
    standard = {name for name, function in FUNCTIONS.items() if function.standard}

    assert standard == set(JMESPATH.split())
    assert set(FUNCTIONS) - standard == set(OWN.split())


@pytest.mark.parametrize(
    "function", [pytest.param(each, id=name) for name, each in FUNCTIONS.items()]
)
def test_each_function_is_described_for_the_reference(function: Function) -> None:
    """Each entry has a sentence, an example, a signature, and parameters with types."""
    assert FUNCTIONS[function.name] is function
    assert function.doc.endswith(".")
    assert f"{function.name}(" in function.example.expression
    assert function.signature.startswith(f"{function.name}(")
    assert all(parameter.name and parameter.kind.name for parameter in function.parameters)
    assert function.returns.name


@pytest.mark.parametrize(
    "example",
    [
        pytest.param(example, id=f"{name} {at}")
        for name, function in FUNCTIONS.items()
        for at, example in enumerate(function.examples)
    ],
)
def test_each_example_runs(example: Example) -> None:
    """Each example of the table gives what it says, of the type that it says."""
    found = value_of(example.expression, example.document)

    assert found == example.result
    assert type(found) is type(example.result)


@pytest.mark.parametrize(
    ("text", "document", "value"),
    [
        pytest.param("lower(@)", "\u212aELVIN", "kelvin", id="lower folds the Kelvin sign"),
        pytest.param("upper(@)", "straße", "STRASSE", id="upper"),
        pytest.param("trim(@)", "\u00a0 a b \n", "a b", id="trim"),
        pytest.param("split(@, ', ')", "a, b, ", ["a", "b", ""], id="split"),
        pytest.param("replace(@, 'aa', 'b')", "aaa", "ba", id="replace"),
        pytest.param("extract(@, '#(.+)')", "a", None, id="extract without a match"),
        pytest.param("extract(@, 'a(b)?')", "a", None, id="extract of an absent group"),
        pytest.param("extract(@, '(a)')", None, None, id="extract of null"),
        pytest.param("extract(@, '(.)(.)')", "ab", "a", id="extract of the first group"),
        pytest.param("matches(@, 'é')", "café", True, id="matches searches"),
        pytest.param("matches(@, '^a$')", "ab", False, id="matches, anchored"),
        pytest.param("matches('ab', @)", "b", True, id="regex from the data"),
        pytest.param("as_list(@)", [None], [None], id="as_list of a list"),
        pytest.param("as_list(@)", "", [""], id="as_list of a value"),
        pytest.param(
            "unique(@)", [1, True, 1.0, "1", None, None], [1, True, "1", None], id="unique"
        ),
        pytest.param("unique(@)", [[1], [1], {"a": [1]}, {"a": [1]}], [[1], {"a": [1]}], id="deep"),
        pytest.param("unique(@)", [0.1, Decimal("0.1")], [0.1], id="unique of decimals"),
        pytest.param("range(@)", 0, [], id="range of none"),
        pytest.param("range(@)", 2.0, [0, 1], id="range of a whole float"),
        pytest.param("descendants(@, 'c')", [], [], id="no tree"),
        pytest.param("default(@, 'x')", 0, 0, id="default keeps 0"),
        pytest.param("default(@, 'x')", "", "", id="default keeps empty text"),
        pytest.param("null_if(@, '')", "", None, id="null_if"),
        pytest.param("null_if(@, `1`)", True, True, id="null_if keeps true beside 1"),
        pytest.param("null_if(@, `0`)", 0.0, None, id="null_if by value"),
        pytest.param("to_number(@)", "nan", None, id="to_number of nan"),
        pytest.param("to_number(@)", "-inf", None, id="to_number of inf"),
        pytest.param("to_number(@)", float("inf"), None, id="to_number of an infinite number"),
        pytest.param("to_number(@)", "1_000", None, id="to_number of Python's grouping"),
        pytest.param("to_number(@)", "\uff11\uff12", None, id="to_number of other digits"),
        pytest.param("to_number(@)", "12", 12, id="to_number of an integer"),
        pytest.param("to_number(@)", "x", None, id="to_number of text"),
        pytest.param("to_number(@)", True, None, id="to_number of a boolean"),
        pytest.param(
            "to_string(@)", {"é": [1.5, None, True]}, '{"\\u00e9":[1.5,null,true]}', id="json"
        ),
        pytest.param("avg(@)", [], None, id="avg of none"),
        pytest.param("sum(@)", [], 0, id="sum of none"),
        pytest.param("max(@)", [], None, id="max of none"),
        pytest.param("max_by(@, &n)", [], None, id="max_by of none"),
        pytest.param(
            "sort_by(@, &n)", [{"n": "b"}, {"n": "a"}], [{"n": "a"}, {"n": "b"}], id="sort_by"
        ),
        pytest.param("contains(@, 'x')", ["a"], False, id="contains no text"),
        pytest.param("reverse(@)", "abc", "cba", id="reverse of text"),
    ],
)
def test_functions_on_text_lists_and_nulls(text: str, document: Any, value: Any) -> None:
    """Each function gives what its description says."""
    found = value_of(text, document)

    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("text", "document", "reason"),
    [
        pytest.param(
            "lower(@)",
            None,
            "argument 1 (`text`) of lower() must be a string, and is null",
            id="null",
        ),
        pytest.param(
            "trim(@)",
            5,
            "argument 1 (`text`) of trim() must be a string, and is a number",
            id="number",
        ),
        pytest.param(
            "split('a', @)",
            "",
            "argument 2 (`separator`) of split(): it must not be empty",
            id="split",
        ),
        pytest.param(
            "contains(@, 'a')",
            None,
            "argument 1 (`subject`) of contains() must be an array or a string, and is null",
            id="contains",
        ),
        pytest.param(
            "contains(@, `1`)",
            "a1",
            "contains(): a string never contains a number",
            id="text contains",
        ),
        pytest.param(
            "merge(`{}`, @)",
            [],
            "argument 2 (`objects`) of merge() must be an object, and is an array",
            id="merge",
        ),
        pytest.param(
            "sort_by(@, &n)",
            [{"n": 1}, {"n": "a"}],
            "sort_by(): it needs numbers or strings after &, and found: a number, a string",
            id="sort_by",
        ),
        pytest.param(
            "max_by(@, &n)",
            [{"n": None}],
            "max_by(): it needs numbers or strings after &, and found: null",
            id="max_by",
        ),
        pytest.param(
            "descendants(@, 'c')",
            [1],
            "descendants(): a node is a number, and no object",
            id="node",
        ),
        pytest.param(
            "descendants(@, 'c')",
            [{"c": {}}],
            "descendants(): the children of a node are an object, no array",
            id="children",
        ),
        pytest.param(
            "length(@)",
            5,
            "argument 1 (`value`) of length() must be a string, an array or an object, and is a number",
            id="length",
        ),
        pytest.param(
            "matches('a', @)",
            "(",
            "argument 2 (`regex`) of matches(): RE2 refuses the regular expression: missing )",
            id="regex",
        ),
    ],
)
def test_wrong_arguments_are_named(text: str, document: Any, reason: str) -> None:
    """A wrong argument is an error that names the function, the argument and the type."""
    assert reason_of(text, document) == reason


def test_arguments_are_evaluated_first() -> None:
    """A function's arguments are all evaluated, as JMESPath says; for a choice there is ||."""
    assert reason_of("default(a, b)", {"a": 1}) == 'no key "b"; the keys there: a'
    assert value_of("a || b", {"a": 1}) == 1


def test_descendants_come_after_their_parents() -> None:
    """The tree is flattened depth first; a node without the key, or with null, is a leaf."""
    tree = [{"id": 1, "c": [{"id": 2, "c": [{"id": 3}]}, {"id": 4, "c": None}]}, {"id": 5, "c": []}]

    assert value_of("descendants(@, 'c')[*].id", tree) == [1, 2, 3, 4, 5]


def test_a_deep_tree_has_no_limit() -> None:
    """descendants() does not recurse."""
    node: dict[str, Any] = {}
    for _ in range(50_000):
        node = {"c": [node]}

    assert value_of("length(descendants(@, 'c'))", [node]) == 50_001


@pytest.mark.parametrize(
    ("text", "document", "value"),
    [
        pytest.param(
            "add(a, b)", {"a": 0.1, "b": 0.2}, Decimal("0.3"), id="floats by shortest text"
        ),
        pytest.param("add(a, b)", {"a": "1.50", "b": "0.50"}, 2, id="integer where integral"),
        pytest.param(
            "add(a, b)", {"a": Decimal("1.1"), "b": 1}, Decimal("2.1"), id="decimal operand"
        ),
        pytest.param(
            "subtract(a, b)",
            {"a": 10**20, "b": "0.01"},
            Decimal("99999999999999999999.99"),
            id="digits",
        ),
        pytest.param("multiply(a, b)", {"a": "19.99", "b": 3}, Decimal("59.97"), id="multiply"),
        pytest.param("divide(a, b)", {"a": 1, "b": 3}, Decimal("0." + "3" * 34), id="34 digits"),
        pytest.param(
            "divide(a, b)", {"a": 2, "b": 3}, Decimal("0." + "6" * 33 + "7"), id="rounded"
        ),
        pytest.param("divide(a, b)", {"a": "-6", "b": 3}, -2, id="negative"),
        pytest.param("round(a, `2`)", {"a": 2.675}, Decimal("2.68"), id="half up"),
        pytest.param("round(a, `2`)", {"a": "-2.675"}, Decimal("-2.68"), id="half away from zero"),
        pytest.param("round(a, `0`)", {"a": 2.5}, 3, id="no digits"),
        pytest.param("round(a, `-2`)", {"a": 1250}, 1300, id="before the point"),
        pytest.param(
            "round(a, `4`)", {"a": "1.5"}, Decimal("1.5"), id="more digits than there are"
        ),
        pytest.param("decimal(a)", {"a": "0012.340"}, Decimal("12.34"), id="plain text"),
        pytest.param("decimal(a)", {"a": 19.99}, Decimal("19.99"), id="number"),
        pytest.param("decimal(a, ',')", {"a": "-1.234.567,5"}, Decimal("-1234567.5"), id="groups"),
        pytest.param("decimal(a, ',')", {"a": "1234,50"}, Decimal("1234.5"), id="no groups"),
        pytest.param("decimal(a, ',')", {"a": "1 234,50"}, Decimal("1234.5"), id="space"),
        pytest.param("decimal(a, ',')", {"a": "1\u202f234"}, 1234, id="narrow space"),
        pytest.param("decimal(a, '.')", {"a": "1,234.50"}, Decimal("1234.5"), id="point"),
        pytest.param("decimal(a, '.')", {"a": "1'234.50"}, Decimal("1234.5"), id="apostrophe"),
        pytest.param(
            "decimal(a, b)", {"a": "1,5", "b": ","}, Decimal("1.5"), id="separator from the data"
        ),
        pytest.param("decimal(a, ',')", {"a": 1.5}, Decimal("1.5"), id="number with a separator"),
        pytest.param("minor_units(a, 'EUR')", {"a": 1999}, Decimal("19.99"), id="two digits"),
        pytest.param(
            "minor_units(a, 'eur')", {"a": "-5"}, Decimal("-0.05"), id="small letters, text"
        ),
        pytest.param("minor_units(a, 'JPY')", {"a": 500}, 500, id="none"),
        pytest.param("minor_units(a, 'KWD')", {"a": 1500}, Decimal("1.5"), id="three"),
        pytest.param("minor_units(a, 'CLF')", {"a": 12345}, Decimal("1.2345"), id="four"),
        pytest.param("minor_units(a, 'USD')", {"a": 1000.0}, 10, id="whole float"),
        pytest.param(
            "minor_units(a, b)", {"a": Decimal(250), "b": "GBP"}, Decimal("2.5"), id="decimal"
        ),
    ],
)
def test_arithmetic_is_exact(text: str, document: Any, value: Any) -> None:
    """The result is an integer where it is integral, else the exact decimal in its shortest form."""
    found = value_of(text, document)

    assert (type(found), str(found)) == (type(value), str(value))


@pytest.mark.parametrize(
    ("text", "document", "reason"),
    [
        pytest.param("divide(a, b)", {"a": 1, "b": 0}, "divide(): division by zero", id="by zero"),
        pytest.param(
            "divide(a, b)",
            {"a": 0, "b": 0},
            "divide(): the result is no number, or has more than 34 digits",
            id="0 by 0",
        ),
        pytest.param(
            "multiply(a, a)",
            {"a": "1" + "0" * 600},
            "multiply(): the result is too large",
            id="overflow",
        ),
        pytest.param(
            "multiply(a, a)",
            {"a": "0." + "0" * 600 + "1"},
            "multiply(): the result is too small",
            id="underflow",
        ),
        pytest.param(
            "add(a, a)",
            {"a": float("nan")},
            "argument 1 (`x`) of add(): a number is not finite",
            id="NaN",
        ),
        pytest.param(
            "add(a, a)",
            {"a": Decimal("NaN")},
            "argument 1 (`x`) of add(): a number is not finite",
            id="decimal NaN",
        ),
        pytest.param(
            "add(a, a)",
            {"a": Decimal("1E+999999")},
            "argument 1 (`x`) of add(): a number has too many digits",
            id="exponent",
        ),
        pytest.param(
            "floor(a)",
            {"a": Decimal("1E+999999999")},
            "floor(): a number has too many digits",
            id="floor",
        ),
        pytest.param(
            "add(a, a)",
            {"a": True},
            "argument 1 (`x`) of add() must be a number or a string, and is a boolean",
            id="boolean",
        ),
        pytest.param(
            "add(a, a)",
            {"a": "1e5"},
            "argument 1 (`x`) of add(): the string is no plain decimal number",
            id="exponent in text",
        ),
        pytest.param(
            "add(a, a)",
            {"a": " 1"},
            "argument 1 (`x`) of add(): the string is no plain decimal number",
            id="space",
        ),
        pytest.param(
            "add(a, a)",
            {"a": "+1"},
            "argument 1 (`x`) of add(): the string is no plain decimal number",
            id="plus",
        ),
        pytest.param(
            "add(a, a)",
            {"a": "1.\n"},
            "argument 1 (`x`) of add(): the string is no plain decimal number",
            id="line break",
        ),
        pytest.param(
            "add(a, a)",
            {"a": "\u0661"},
            "argument 1 (`x`) of add(): the string is no plain decimal number",
            id="other digits",
        ),
        pytest.param(
            "round(a, `2`)",
            {"a": "1" * 34},
            "round(): the result is no number, or has more than 34 digits",
            id="round",
        ),
        pytest.param(
            "decimal(a)",
            {"a": "1,234"},
            "decimal(): the string is no plain decimal number",
            id="groups without a separator",
        ),
        pytest.param(
            "decimal(a)",
            {"a": "0." + "1" * 40},
            "decimal(): the result has more than 34 digits",
            id="too many digits",
        ),
        pytest.param(
            "decimal(a, ',')",
            {"a": "1.23"},
            "decimal(): the string is no decimal number with this separator",
            id="no group of three",
        ),
        pytest.param(
            "decimal(a, ',')",
            {"a": "1.234 567"},
            "decimal(): the string is no decimal number with this separator",
            id="two kinds of groups",
        ),
        pytest.param(
            "decimal(a, ',')",
            {"a": "12,5 €"},
            "decimal(): the string is no decimal number with this separator",
            id="sign of a currency",
        ),
        pytest.param(
            "minor_units(a, 'EUR')",
            {"a": 19.99},
            "argument 1 (`amount`) of minor_units(): the number has a fraction",
            id="fraction",
        ),
        pytest.param(
            "minor_units(a, 'EUR')",
            {"a": "19.99"},
            "argument 1 (`amount`) of minor_units(): the string is no whole number",
            id="fraction in text",
        ),
        pytest.param(
            "minor_units(a, 'EUR')",
            {"a": None},
            "argument 1 (`amount`) of minor_units() must be a number or a string, and is null",
            id="null",
        ),
        pytest.param(
            "minor_units(`1`, a)",
            {"a": "XAB"},
            "argument 2 (`currency`) of minor_units(): ISO 4217 does not know the currency XAB",
            id="unknown",
        ),
        pytest.param(
            "minor_units(`1`, a)",
            {"a": "USD\n"},
            "argument 2 (`currency`) of minor_units(): ISO 4217 does not know the currency",
            id="not shown",
        ),
        pytest.param(
            "minor_units(`1`, a)",
            {"a": "Smith"},
            "argument 2 (`currency`) of minor_units(): ISO 4217 does not know the currency",
            id="no code",
        ),
        pytest.param(
            "minor_units(`1`, a)",
            {"a": "u\u017fd"},
            "argument 2 (`currency`) of minor_units(): ISO 4217 does not know the currency",
            id="long s",
        ),
        pytest.param(
            "minor_units(`1`, a)",
            {"a": "XAU"},
            "argument 2 (`currency`) of minor_units(): ISO 4217 gives the currency XAU no minor units",
            id="gold",
        ),
        pytest.param(
            "minor_units(a, 'EUR')",
            {"a": "1" * 40},
            "minor_units(): the result has more than 34 digits",
            id="digits",
        ),
    ],
)
def test_arithmetic_refuses_what_is_not_exact(text: str, document: Any, reason: str) -> None:
    """What is no finite decimal number, or gives none, is an error."""
    assert reason_of(text, document) == reason


@pytest.mark.parametrize(
    ("text", "document", "value"),
    [
        pytest.param(
            "date(@, `null`, 'UTC')", "2026-11-24", "2026-11-24T00:00:00Z", id="date is midnight"
        ),
        pytest.param("date(@)", "2026-11-24T12:00:00Z", "2026-11-24T12:00:00Z", id="UTC"),
        pytest.param("date(@)", "2026-11-24 12:00+00", "2026-11-24T12:00:00Z", id="a blank"),
        pytest.param(
            "date(@)", "2026-11-24t12:00:59.999z", "2026-11-24T12:00:59Z", id="whole seconds"
        ),
        pytest.param("date(@)", "2026-11-24T12:00:00+0530", "2026-11-24T06:30:00Z", id="offset"),
        pytest.param(
            "date(@)", "2026-11-24T12:00:00 -03", "2026-11-24T15:00:00Z", id="hours of offset"
        ),
        pytest.param("date(@)", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z", id="year 1"),
        pytest.param("date(@)", 0, "1970-01-01T00:00:00Z", id="Unix seconds"),
        pytest.param("date(@)", 1795521600.9, "2026-11-24T12:00:00Z", id="fraction of a second"),
        pytest.param("date(@)", -0.5, "1969-12-31T23:59:59Z", id="before 1970"),
        pytest.param("date(@)", Decimal(1795521600), "2026-11-24T12:00:00Z", id="decimal"),
        pytest.param(
            "date(@, '%d/%m/%Y %H:%M %z')",
            "24/11/2026 13:00 +0100",
            "2026-11-24T12:00:00Z",
            id="format",
        ),
        pytest.param(
            "date(@, '%d %b %y', 'UTC')", "24 Nov 26", "2026-11-24T00:00:00Z", id="names of months"
        ),
        pytest.param(
            "date(@, '%m/%d/%Y %I:%M %p', 'UTC')",
            "11/24/2026 01:05 PM",
            "2026-11-24T13:05:00Z",
            id="12 hours",
        ),
        pytest.param(
            "date(@, '%Y-%j', 'UTC')", "2026-328", "2026-11-24T00:00:00Z", id="day of the year"
        ),
        pytest.param(
            "date(@, '%G-W%V-%u', 'UTC')", "2026-W48-2", "2026-11-24T00:00:00Z", id="ISO week"
        ),
        pytest.param(
            "date(a, b, 'UTC')",
            {"a": "20261124", "b": "%Y%m%d"},
            "2026-11-24T00:00:00Z",
            id="format from the data",
        ),
    ],
)
def test_dates_become_rfc_3339(text: str, document: Any, value: str) -> None:
    """A moment is UTC text in whole seconds with Z."""
    assert value_of(text, document) == value


@pytest.mark.parametrize(
    ("text", "document", "reason"),
    [
        pytest.param(
            "date(@)", "1795521600", "date(): the string is no ISO 8601 date", id="digits"
        ),
        pytest.param(
            "date(@)", "24.11.2026", "date(): the string is no ISO 8601 date", id="other order"
        ),
        pytest.param(
            "date(@)", "2026-11-24T12", "date(): the string is no ISO 8601 date", id="hour"
        ),
        pytest.param(
            "date(@)", "2026-02-30", "date(): the string is no date that exists", id="no day"
        ),
        pytest.param(
            "date(@)",
            "2026-11-24T25:00:00Z",
            "date(): the string is no date that exists",
            id="no hour",
        ),
        pytest.param(
            "date(@)",
            "0001-01-01T00:00:00+01:00",
            "date(): the string is no date that exists",
            id="year 0",
        ),
        pytest.param(
            "date(@)",
            1795521600000,
            "date(): the number is no date of the years 1 to 9999 in Unix seconds",
            id="milliseconds",
        ),
        pytest.param(
            "date(@)",
            10**30,
            "date(): the number is no date of the years 1 to 9999 in Unix seconds",
            id="huge",
        ),
        pytest.param("date(@)", float("inf"), "date(): a number is not finite", id="infinite"),
        pytest.param(
            "date(@)",
            None,
            "argument 1 (`value`) of date() must be a number or a string, and is null",
            id="null",
        ),
        pytest.param(
            "date(@, '%d.%m.%Y', 'UTC')",
            "2026-11-24",
            "date(): the string is no date in this format",
            id="format",
        ),
        pytest.param(
            "date(@, '%Y%m%d', 'UTC')",
            20261124,
            "date(): only a string is read with a format",
            id="number",
        ),
        pytest.param(
            "date('x', @)",
            "%d.%m",
            "argument 2 (`format`) of date(): the format has no whole date: it needs a year,"
            " a month and a day",
            id="no year",
        ),
        pytest.param(
            "date('x', @)",
            "%Y-%m-%d %Z",
            "argument 2 (`format`) of date(): %Z is read by the names of this machine's own zone; use %z",
            id="zone",
        ),
        pytest.param(
            "date('x', @)",
            "%Y-%m-%d %Q",
            "argument 2 (`format`) of date(): the format has a directive that strptime does not know",
            id="directive",
        ),
        pytest.param(
            "date('x', @)",
            "%Y-%m-%d %",
            "argument 2 (`format`) of date(): the format has a directive that strptime does not know",
            id="percent",
        ),
        pytest.param(
            "date('x', @)",
            "%Y-%m-%d %I:%M",
            "argument 2 (`format`) of date(): the format needs %I and %p together, or %H",
            id="half a day",
        ),
        pytest.param(
            "date('x', @)",
            "%Y-%m-%d %Y",
            "argument 2 (`format`) of date(): the format has the same directive twice",
            id="twice",
        ),
    ],
)
def test_dates_are_never_guessed(text: str, document: Any, reason: str) -> None:
    """What names no moment, or more than one, is an error."""
    assert reason_of(text, document) == reason


def test_now_is_the_moment_of_the_answer() -> None:
    """The caller's moment is the same in all expressions of an answer."""
    expression = compile_expression("[now(), user]", roots=["user"])

    found = expression({"user": "ana", NOW: datetime(2026, 11, 24, 12, tzinfo=UTC)})

    assert found == ["2026-11-24T12:00:00Z", "ana"]


def test_now_without_a_moment_is_the_clock() -> None:
    """Where the caller gives none, the clock's time is used; it reads back as a date."""
    assert value_of("now() == date(now())", {NOW: "not of the document"}) is True


EVENTS = [{"id": 7, "n": "a"}, {"id": "8", "n": "b"}, {"id": 7.0, "n": "c"}, {"id": True, "n": "d"}]
EVENTS += [
    {"id": None, "n": "e"},
    {"id": [1], "n": "f"},
    {"id": 1.5, "n": "g"},
    {"id": "09", "n": "h"},
]


@pytest.mark.parametrize(
    ("value", "name"),
    [
        pytest.param(7, "a", id="the first of two wins"),
        pytest.param("7", "a", id="text of the digits"),
        pytest.param(8, "b", id="integer for text"),
        pytest.param(7.0, "a", id="whole float"),
        pytest.param(Decimal(8), "b", id="whole decimal"),
        pytest.param(True, "d", id="boolean"),
        pytest.param(1, None, id="1 is not true"),
        pytest.param(None, "e", id="null"),
        pytest.param([1], "f", id="list"),
        pytest.param([True], None, id="list of another type"),
        pytest.param(Decimal("1.5"), "g", id="decimal for a float"),
        pytest.param("1.5", None, id="only integers are their digits"),
        pytest.param(9, None, id="leading zeros differ"),
        pytest.param("true", None, id="text is no boolean"),
    ],
)
def test_lookup_finds_the_first_equal_key(value: Any, name: str | None) -> None:
    """An integer equals the text of its digits, a boolean equals no number, the first wins."""
    found = value_of("lookup(e, 'id', v)", {"e": EVENTS, "v": value})

    assert (found and found["n"]) == name


@pytest.mark.parametrize(
    ("events", "reason"),
    [
        pytest.param([{"id": 1}, None], "lookup(): element 1 is null, and no object", id="null"),
        pytest.param(
            [{"id": 1}, {"Id": 2}],
            'lookup(): element 1 lacks the key; the keys there: Id; did you mean "Id"?',
            id="key",
        ),
        pytest.param(
            {"id": 1},
            "argument 1 (`list`) of lookup() must be an array, and is an object",
            id="object",
        ),
        pytest.param(
            [{"id": Decimal("1E+999999999")}],
            "lookup(): a number has too many digits",
            id="huge number",
        ),
        pytest.param(
            [{"id": 10**5000}], "lookup(): a number has too many digits", id="huge integer"
        ),
    ],
)
def test_lookup_needs_objects_with_the_key(events: Any, reason: str) -> None:
    """All elements are checked, those behind the found one too, and inside of optional()."""
    for text in ("lookup(e, 'id', `1`)", "optional(lookup(e, 'id', `1`))"):
        found = reason_of(text, {"e": events})

        assert found == reason


def test_lookup_indexes_a_list_once_per_answer() -> None:
    """With the caller's cache in the scope, each list is indexed once, and kept while it is used."""
    expression = compile_expression("lookup(events, 'id', item).n", roots=["events", "item"])
    cache: dict[Any, Any] = {}

    found = [
        expression({"events": EVENTS, "item": item, LOOKUP_CACHE: cache}) for item in (7, 8, 7)
    ]

    assert found == ["a", "b", "a"]
    assert [entry[0] is EVENTS for entry in cache.values()] == [True]


def test_the_lookup_cache_is_bounded_and_belongs_to_the_scope() -> None:
    """Of many lists, the last 64 indexes are kept, in the scope alone."""
    expression = compile_expression("lookup(events, 'id', `1`)", roots=["events"])
    cache: dict[Any, Any] = {}

    for _ in range(100):
        expression({"events": [{"id": 1}], LOOKUP_CACHE: cache})

    assert len(cache) == 64
    assert expression({"events": [{"id": 1}]}) == {"id": 1}


def test_a_list_that_grew_is_indexed_anew() -> None:
    """An index that does not know all elements is not used."""
    expression = compile_expression("lookup(events, 'id', `2`)", roots=["events"])
    scope: dict[str, Any] = {"events": [{"id": 1}], LOOKUP_CACHE: {}}
    assert expression(scope) is None

    scope["events"].append({"id": 2})

    assert expression(scope) == {"id": 2}


def test_scoped_functions_work_inside_of_projections_and_references() -> None:
    """The scope reaches functions that are called for each element."""
    scope = {"a": [1, 2], NOW: datetime(2026, 11, 24, 12, tzinfo=UTC), LOOKUP_CACHE: {}}
    text = "map(&lookup([{id: @, t: now()}], 'id', @).t, a)"

    assert compile_expression(text, roots=["a"])(scope) == ["2026-11-24T12:00:00Z"] * 2


def test_digests_are_those_of_the_standards() -> None:
    """RFC 1321, RFC 6234, RFC 4231 and RFC 4648 give these; a key may be written in three ways."""
    assert value_of("hash('abc', 'md5', 'hex')") == "900150983cd24fb0d6963f7d28e17f72"
    assert value_of("hash('abc', 'sha1', 'base64')") == "qZk+NkcGgWq6PiVxeFDCbJzQ2J0="
    assert value_of("hash('abc', 'sha1', 'base64url')") == "qZk-NkcGgWq6PiVxeFDCbJzQ2J0="
    assert value_of("hash('\u00e9', 'md5', 'hex')") == "66ddcd97cfdeabb2f6fb8a999b4bc76f"
    signed = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    text = "what do ya want for nothing?"
    assert value_of(f"hmac('{text}', 'Jefe', 'sha256', 'hex')") == signed
    assert value_of(f"hmac('{text}', '4a656665', 'sha256', 'hex', 'hex')") == signed
    assert value_of(f"hmac('{text}', 'SmVmZQ==', 'sha256', 'hex', 'base64')") == signed
    assert value_of(f"hmac('{text}', 'SmVmZQ==', 'sha256', 'hex', 'base64url')") == signed
    assert value_of("base64('foobar')") == "Zm9vYmFy"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("hmac(t, 'zz', 'sha256', 'hex', 'hex')", "not written in the encoding"),
        ("hmac(t, 'a', 'sha256', 'hex', 'base64')", "not written in the encoding"),
        ("hmac(t, k, 'sha256', 'hex', 'base64')", "not written in the encoding"),
        ("hmac(t, '', 'sha256', 'hex')", "the key is empty"),
        ("hash(n, 'sha256', 'hex')", "must be a string"),
        ("hash(half, 'sha256', 'hex')", "lone surrogate"),
        ("base64(half)", "lone surrogate"),
    ],
)
def test_a_digest_of_what_is_no_text_fails_and_tells_no_key(text: str, said: str) -> None:
    """Keys are secrets: what is wrong is told without them."""
    document = {"t": "text", "n": 1, "half": "\ud800", "k": "s3cret!"}

    reason = reason_of(text, document)

    assert said in reason
    assert "s3cret" not in reason


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("hash('a', 'sha265', 'hex')", 'did you mean "sha256"?'),
        ("hash('a', 'SHA256', 'hex')", "the algorithms are"),
        ("hash('a', 'sha256', 'Hex')", 'did you mean "hex"?'),
        ("hash('a', kind, 'hex')", "algorithm"),
        ("hmac('a', 'k', 'sha256', 'base46')", 'did you mean "base64"?'),
        ("hmac('a', 'k', 'sha256', 'hex', 'text')", "the encodings are"),
    ],
)
def test_an_unknown_algorithm_or_encoding_is_an_error_at_load(text: str, hint: str) -> None:
    """The words are literals, and the legal ones are listed."""
    with pytest.raises(ExpressionError) as caught:
        compile_expression(text)

    assert hint in str(caught.value)


def test_items_lists_the_members_of_an_object() -> None:
    """Keys keep their order and their letters; an empty array is PHP's empty object."""
    document: dict[str, Any] = {"b": {"x": 1}, "a": None, "": []}

    assert value_of("items(@)", document) == [
        {"key": "b", "value": {"x": 1}},
        {"key": "a", "value": None},
        {"key": "", "value": []},
    ]
    assert value_of("items(@)", []) == []
    assert "not empty" in reason_of("items(@)", [1])
    for wrong in (None, "a", 1, True):
        assert "must be an object, or an empty array" in reason_of("items(@)", wrong)


def test_rows_makes_objects_of_columns_and_values() -> None:
    """A row that is too short or too long is an error: its values would stand under other names."""
    head = ["id", "state"]

    assert value_of("rows(h, r)", {"h": head, "r": [[1, "PAID"], [2, None]]}) == [
        {"id": 1, "state": "PAID"},
        {"id": 2, "state": None},
    ]
    assert value_of("rows(h, r)", {"h": head, "r": []}) == []
    for row, said in (
        ([1], "row 1 has 1 value"),
        ([1, 2, 3], "row 1 has 3 values"),
        ("ab", "a string"),
    ):
        assert said in reason_of("rows(h, r)", {"h": head, "r": [[1, 2], row]})
    assert "comes twice" in reason_of("rows(h, r)", {"h": ["id", "id"], "r": []})
    assert "an array of strings" in reason_of("rows(h, r)", {"h": ["id", 1], "r": []})
