"""The usual case that code has in place of a call gives what the call gives, errors included."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from decimal import Decimal
from functools import partial
from typing import Any
from unittest import mock

import iso4217
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ticketbridge.engine.tickets.convert import Violation, to_number
from ticketbridge.formats.elements import AttributedElement, RepeatedElement
from ticketbridge.jmes import (
    EvaluationError,
    Expression,
    ExpressionError,
    call_code,
    compile_expression,
    runtime,
)
from ticketbridge.jmes.compiler import CodeGenerator
from ticketbridge.jmes.decimals import SMALL_INTEGER
from ticketbridge.jmes.errors import ArgumentFault
from ticketbridge.jmes.functions import FUNCTIONS, LOOKUP, lists
from ticketbridge.jmes.functions.arithmetic import DIGITS
from ticketbridge.jmes.kinds import Function
from ticketbridge.jmes.parser import parse
from ticketbridge.jmes.source import load
from ticketbridge.jmes.values import equal, truthy

BOUND = 10**14
ROOTS = ("a", "b", "c")

INTEGERS = st.one_of(
    st.integers(-300, 300),
    st.integers(-BOUND * 2, BOUND * 2),
    st.sampled_from([BOUND, BOUND - 1, -BOUND, 1 - BOUND, 2**53 + 1, 10**23, 10**4400, -(2**70)]),
)
FLOATS = st.one_of(
    st.floats(), st.sampled_from([0.0, -0.0, 1.0, 19.99, 1e23, float("inf"), float("nan")])
)
DECIMALS = st.one_of(
    st.decimals(allow_nan=False, allow_infinity=False, places=2),
    st.sampled_from([Decimal("19.99"), Decimal(20), Decimal("-0"), Decimal("1E+2000")]),
)
WORDS = (
    "EUR",
    "eur",
    "Eur",
    "jpy",
    "KWD",
    "XAU",
    "EURO",
    "VIP",
    "vip",
    "-",
    "12",
    "007",
    "19.99",
    ".",
    ",",
)
LETTERS = ("\ud800", "ß", "İ", "\u212a", "ŉ", "\x00", "a\u0301", " seat\u3000", "")
LONG = tuple("a-" * (length // 2) for length in (60, 254, 256, 998, 1000, 1002, 6000))
TEXTS = st.one_of(st.sampled_from((*WORDS, *LETTERS, *LONG)), st.text(max_size=6))
SCALARS = st.one_of(st.none(), st.booleans(), INTEGERS, FLOATS, DECIMALS, TEXTS)
OBJECTS = st.dictionaries(st.sampled_from(["id", "EUR", "a", "-"]), SCALARS, max_size=3)
LISTS = st.one_of(
    st.lists(TEXTS, max_size=20),
    st.lists(INTEGERS, max_size=3),
    st.lists(st.fixed_dictionaries({"id": SCALARS, "-": TEXTS}), max_size=4),
    st.lists(st.one_of(SCALARS, OBJECTS, st.lists(SCALARS, max_size=2)), max_size=4),
)
ODD = st.sampled_from(
    [
        RepeatedElement([]),
        RepeatedElement(["a", "b"]),
        AttributedElement(),
        AttributedElement({"#text": "a"}),
        ["a", AttributedElement({"@id": "1"})],
        [RepeatedElement(["a"]), "a"],
    ]
)
ANY = st.one_of(SCALARS, OBJECTS, LISTS, ODD)
_OF_KIND = {str: TEXTS, list: LISTS, int: INTEGERS, dict: OBJECTS}


def without_inline(name: str) -> Function:
    """The function, always called."""
    function = FUNCTIONS[name]
    parameters = tuple(replace(parameter, usual="") for parameter in function.parameters)
    return replace(function, parameters=parameters, inline=None)


CALLED: Mapping[str, Function] = {name: without_inline(name) for name in FUNCTIONS}
INLINE = [name for name, function in FUNCTIONS.items() if function.inline or name == LOOKUP]


def called(text: str) -> Expression:
    """The expression, compiled with no function in place."""
    with mock.patch.multiple(call_code, FUNCTIONS=CALLED, LOOKUP=""):
        return compile_expression(text, roots=ROOTS)


def shown(value: Any) -> Any:
    """A stand-in that is equal only for the same value of the same types, in the same order."""
    if isinstance(value, list):
        return type(value), [shown(each) for each in value]
    if isinstance(value, dict):
        return type(value), [(key, shown(each)) for key, each in value.items()]
    return type(value), hex(value) if isinstance(value, int) else repr(value)


def outcome(evaluate: Callable[[Mapping[str, Any]], Any], scope: Mapping[str, Any]) -> Any:
    """The value, or the reason why there is none."""
    try:
        return shown(evaluate(scope))
    except EvaluationError as error:
        return error.reason


@st.composite
def calls(draw: st.DrawFn, name: str) -> tuple[str, Mapping[str, Any]]:
    """An expression that calls the function, and what its roots hold: mostly what it takes."""
    function = FUNCTIONS[name]
    texts, scope = [], {}
    for root, parameter in zip(ROOTS, function.parameters, strict=False):
        types = parameter.kind.types or ()
        fitting = [_OF_KIND[kind] for kind in types if kind in _OF_KIND]
        scope[root] = draw(draw(st.sampled_from([*fitting, *fitting, ANY])))
        texts.append(root)
    for at, literal in (("EUR", "'EUR'"), ("-", "'-'"), ("id", "'id'"), (2, "`2`"), (0, "`0`")):
        where = draw(st.integers(0, 3 * len(texts)))
        if where < len(texts) and draw(st.booleans()):
            scope[ROOTS[where]], texts[where] = at, literal
    return f"{name}({', '.join(texts)})", scope


@pytest.mark.generated
@pytest.mark.parametrize("name", INLINE)
@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_a_function_in_place_gives_what_its_call_gives(name: str, data: st.DataObject) -> None:
    """The same value of the same type, or the same reason, for any arguments."""
    text, scope = data.draw(calls(name))
    try:
        usual = compile_expression(text, roots=ROOTS)
    except ExpressionError:
        return  # a literal that can never be right

    assert outcome(usual, scope) == outcome(called(text), scope)
    # In a loop, what a function looks at is counted.
    looped = f"[{{a: a, b: b, c: c}}, {{a: a, b: b, c: c}}][*].{text}"
    everything = {"a": None, "b": None, "c": None, **scope}
    in_loop = outcome(compile_expression(looped, roots=ROOTS), everything)
    assert in_loop == outcome(called(looped), everything)


COMPARED: Mapping[str, Callable[[Any, Any], Any]] = {
    "==": equal,
    "!=": lambda left, right: not equal(left, right),
    **{symbol: runtime.STRICT.order(symbol) for symbol in ("<", "<=", ">", ">=")},
}
"""What each operator stands for."""
LITERALS: Mapping[str, Any] = {"`2`": 2, "`-1`": -1, "`1.5`": 1.5, "`1e23`": 1e23, "'vip'": "vip"}


@pytest.mark.generated
@settings(max_examples=500, deadline=None)
@given(st.sampled_from(sorted(COMPARED)), ANY, ANY)
def test_values_are_compared_in_place_as_by_a_call(symbol: str, left: Any, right: Any) -> None:
    """Numbers of all types, texts, and what cannot be compared."""
    expression = compile_expression(f"a {symbol} b", roots=ROOTS)
    compare = COMPARED[symbol]
    reference = replace(expression, _evaluate=lambda scope: compare(scope["a"], scope["b"]))

    scope = {"a": left, "b": right}
    assert outcome(expression, scope) == outcome(reference, scope)


@pytest.mark.generated
@settings(max_examples=400, deadline=None)
@given(st.sampled_from(sorted(COMPARED)), st.sampled_from(sorted(LITERALS)), ANY, st.booleans())
def test_a_literal_is_compared_in_place_as_by_a_call(
    symbol: str, literal: str, value: Any, mirrored: bool
) -> None:
    """On either side of the operator. A text literal refuses what a root refuses, in its own words."""
    text = f"{literal} {symbol} a" if mirrored else f"a {symbol} {literal}"
    sides = ("literal", "a") if mirrored else ("a", "literal")
    expression = compile_expression(text, roots=ROOTS)
    compare = COMPARED[symbol]
    reference = replace(
        expression, _evaluate=lambda scope: compare(*(scope[side] for side in sides))
    )

    scope = {"a": value, "literal": LITERALS[literal]}
    assert outcome(expression, scope) == outcome(reference, scope)


TRUTH: Mapping[str, Callable[[Any, Any], Any]] = {
    "a || b": lambda a, b: a if truthy(a) else b,
    "a && b": lambda a, b: b if truthy(a) else a,
    "!a": lambda a, _b: not truthy(a),
    "[b][?@]": lambda _a, b: [b] if truthy(b) and b is not None else [],
}


@pytest.mark.generated
@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(TRUTH)), ANY, ANY)
def test_truth_is_told_in_place_as_by_a_call(text: str, left: Any, right: Any) -> None:
    """Zero is true, what is empty is false, and an element with attributes is neither."""
    expression = compile_expression(text, roots=ROOTS)
    reference = replace(expression, _evaluate=lambda scope: TRUTH[text](scope["a"], scope["b"]))

    scope = {"a": left, "b": right}
    assert outcome(expression, scope) == outcome(reference, scope)


@pytest.mark.generated
@settings(max_examples=500, deadline=None)
@given(
    st.sampled_from([("id",), ("id", "a"), ("id", "a", "b"), ("length",)]),
    st.one_of(ANY, st.fixed_dictionaries({"id": st.one_of(ANY, st.just({"a": {"b": 1}}))})),
)
def test_an_optional_path_is_followed_in_place_as_by_a_call(
    keys: tuple[str, ...], value: Any
) -> None:
    """Null for an absent key; a key of what is no object is an error."""
    expression = compile_expression(f"optional(a.{'.'.join(keys)})", roots=ROOTS)
    reference = replace(
        expression, _evaluate=lambda scope: runtime.follow_optional(scope["a"], keys)
    )

    assert outcome(expression, {"a": value}) == outcome(reference, {"a": value})


def as_number(text: str) -> Callable[[Mapping[str, Any]], Any]:
    """The expression where a number is asked for."""
    code = CodeGenerator(strict=True)
    with code.function("def number(scope)"):
        code.line(f"return {code.number(parse(text, strict=True), None)}")
    made: Callable[[Mapping[str, Any]], Any] = load(code, "number", "test")
    return made


def amounts() -> Iterator[int]:
    """Amounts in minor units: all small ones, those about powers of ten, and drawn ones of all sizes."""
    yield from range(-2_000, 20_000)
    for digits in range(4, 19):
        yield from range(10**digits - 60, 10**digits + 60)
        drawn = random.Random(digits)  # noqa: S311 - no secret
        yield from (drawn.randrange(10 ** (digits - 1), 10**digits) for _ in range(1_000))


@pytest.mark.parametrize("currency", ["JPY", "EUR", "KWD", "CLF"])
def test_one_division_gives_the_number_of_the_decimal(currency: str) -> None:
    """An amount of 14 digits and a power of ten are exact as floats.

    So their quotient is the float nearest to the decimal, which is the one that the decimal itself
    becomes; and no two decimals of 15 digits or fewer have the same.
    """
    exact = called("minor_units(a, b)")
    usual = compile_expression("minor_units(a, b)", roots=ROOTS)
    divided = as_number("minor_units(a, b)")

    for amount in amounts():
        scope = {"a": amount, "b": currency}
        expected = converted(exact(scope))
        assert converted(divided(scope)) == expected
        assert converted(usual(scope)) == expected


def converted(value: Any) -> Any:
    """What a price becomes of it, or why it becomes none."""
    try:
        return shown(to_number(value))
    except Violation as violation:
        return violation.reason


def test_currencies_are_those_of_the_standard() -> None:
    """Each has the digits that the package `iso4217` gives it: renew the table when this fails."""
    standard = {
        code: int(units) if (units := str(currency["CcyMnrUnts"])).isdigit() else None
        for code, currency in iso4217.raw_table.items()
        if code
    }

    assert dict(DIGITS) == standard


def test_all_currencies_are_known_in_place_as_by_a_call() -> None:
    """In capitals, in small letters and mixed; what is no currency, or has no minor units, is an error."""
    codes = [
        code
        for known in filter(None, iso4217.raw_table)
        for code in (known, known.lower(), known.title())
    ]
    exact = called("minor_units(a, b)")
    usual = compile_expression("minor_units(a, b)", roots=ROOTS)
    divided = replace(exact, _evaluate=as_number("minor_units(a, b)"))

    for code in (*codes, "EURO", "EU", "", "\u017fek", "XAU", "xau"):
        scope = {"a": 123_450, "b": code}
        expected = outcome(exact, scope)
        assert outcome(usual, scope) == expected
        assert outcome(lambda scope: to_number(divided(scope)), scope) == outcome(
            lambda scope: to_number(exact(scope)), scope
        )


@pytest.mark.generated
@settings(max_examples=500, deadline=None)
@given(ANY, st.one_of(TEXTS, ANY))
def test_a_number_that_is_asked_for_is_the_value(amount: Any, currency: Any) -> None:
    """What is not usual is the value as `emit` gives it, or the same error."""
    exact = called("minor_units(a, b)")
    number = replace(exact, _evaluate=as_number("optional(minor_units(a, b))"))

    scope = {"a": amount, "b": currency}
    expected, found = outcome(exact, scope), outcome(number, scope)
    if expected != found:
        assert type(amount) is int
        assert abs(amount) < BOUND
        assert shown(to_number(exact(scope))) == shown(to_number(number(scope)))


def test_a_small_integer_is_one_below_the_bound() -> None:
    """A boolean is none, nor is what a float could not tell from its neighbours."""
    taken = [0, -1, BOUND - 1, 1 - BOUND, BOUND, -BOUND, True, 1.0, "1", None]

    assert [eval(SMALL_INTEGER.format("x"), {"x": each}) for each in taken] == [  # noqa: S307
        *[True] * 4,
        *[False] * 6,
    ]


def test_an_index_of_lookup_is_that_of_the_list_at_hand() -> None:
    """In a loop over lists, each is looked up in by itself, however often the same one comes."""
    expression = compile_expression("a[*].lookup(@, 'id', 'x').n", roots=ROOTS)
    lists = [[{"id": "x", "n": number}] for number in range(3)]

    assert expression({"a": [*lists, lists[0], lists[0], lists[2]]}) == [0, 1, 2, 0, 0, 2]


@pytest.mark.generated
@settings(max_examples=300, deadline=None)
@given(LISTS | st.lists(st.builds(dict, id=TEXTS, n=INTEGERS), max_size=5))
def test_an_index_of_texts_is_that_of_all_values(array: list[Any]) -> None:
    """The first element of each value, or what is wrong with the list."""
    index, of_all = (partial(find, array, "id") for find in (lists._index, lists._index_of_all))

    assert indexed(index) == indexed(of_all)


def indexed(find: Callable[[], Mapping[Any, Any]]) -> Any:
    """What is found, in any order, or why nothing is."""
    try:
        return {repr(key): shown(element) for key, element in find().items()}
    except ArgumentFault as fault:
        return fault.reason


def test_what_is_usual_is_not_called() -> None:
    """The functions that mappings use most have their usual case in place."""
    scope = {"a": "eur", "b": 1999, "c": [{"id": "eur"}]}
    texts = [
        "upper(a)", "lower(a)", "trim(a)", "default(a, 'x')", "null_if(a, '-')", "to_string(b)",
        "split(a, '-')", "replace(a, 'e', 'E')", "contains(a, 'e')", "join('-', [a, a])", "add(b, `1`)",
        "a == 'eur' && b > `5`", "optional(c[0].x)",
    ]  # fmt: skip

    def refuse(*_arguments: Any) -> Any:
        raise AssertionError("called")

    for text in texts:
        with mock.patch.object(runtime, "guard_call", return_value=refuse):
            expression = compile_expression(text, roots=ROOTS)
        assert outcome(expression, scope) == outcome(called(text), scope), text
