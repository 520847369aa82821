"""JMESPath's own functions, with decimals among the numbers."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from ticketbridge.formats.elements import RepeatedElement
from ticketbridge.jmes import decimals, kinds
from ticketbridge.jmes.budget import spend
from ticketbridge.jmes.decimals import CONTEXT, simplest, to_decimal
from ticketbridge.jmes.errors import ArgumentFault, describe
from ticketbridge.jmes.jsontext import require_length, to_json
from ticketbridge.jmes.kinds import NUMBERS, Example, Function, Inline, Kind, Parameter
from ticketbridge.jmes.values import equal, in_range, order_key, require_unattributed

_STEPS_TO_SORT = 4  # for each element
_STEPS_TO_COMPARE = 2  # likewise, beside the one that looking at it takes
_TYPES = {bool: "boolean", str: "string", list: "array", dict: "object", type(None): "null"}


def _abs(value: Any) -> Any:
    return value.copy_abs() if type(value) is Decimal else abs(value)


def _whole(rounding: Callable[[Any], int]) -> Callable[[Any], int]:
    def whole(value: Any) -> int:
        return rounding(in_range(value) if type(value) is Decimal else value)

    return whole


def _sum(numbers: list[Any]) -> Any:
    if any(type(number) is Decimal for number in numbers):
        return simplest(functools.reduce(CONTEXT.add, map(to_decimal, numbers)))
    return sum(numbers)


def _avg(numbers: list[Any]) -> Any:
    if not numbers:
        return None
    total = _sum(numbers)
    if any(type(number) is Decimal for number in numbers):
        return simplest(CONTEXT.divide(Decimal(total), Decimal(len(numbers))))
    return total / len(numbers)


def _contains(subject: Any, search: Any) -> bool:
    if type(subject) is str:
        if type(search) is not str:
            raise ArgumentFault(f"a string never contains {describe(search)}")
        return search in subject
    require_unattributed(search)
    if type(search) is str:
        return search in subject
    spend(_STEPS_TO_COMPARE * len(subject))
    return any(equal(element, search) for element in subject)


def _join(separator: str, strings: list[str]) -> str:
    require_length(sum(map(len, strings)) + len(separator) * len(strings))
    return separator.join(strings)


def _merge(*objects: dict[str, Any]) -> dict[str, Any]:
    merged: dict[str, Any] = {}
    for each in objects:
        merged.update(each)
    return merged


def _not_null(*values: Any) -> Any:
    found = next((value for value in values if value is not None), None)
    return require_unattributed(found)


def _map(evaluate: Callable[[Any], Any], array: list[Any]) -> list[Any]:
    return [evaluate(element) for element in array]


def _best(choose: Callable[..., int]) -> Callable[..., Any]:
    def best(array: list[Any], evaluate: Callable[[Any], Any] | None = None) -> Any:
        ranks = _ranks(array, evaluate)
        return array[choose(range(len(array)), key=ranks.__getitem__)] if array else None

    return best


def _sort(array: list[Any], evaluate: Callable[[Any], Any] | None = None) -> list[Any]:
    ranks = _ranks(array, evaluate)
    spend(_STEPS_TO_SORT * len(array))
    return [array[at] for at in sorted(range(len(array)), key=ranks.__getitem__)]


def _ranks(array: list[Any], evaluate: Callable[[Any], Any] | None) -> list[Any]:
    """Return what the elements are ordered by: what *evaluate* gives, or else they themselves."""
    if evaluate is None:
        return order_key(array)
    keys = _map(evaluate, array)
    if not kinds.SORTABLE.holds(keys):
        found = sorted({describe(key) for key in keys})
        raise ArgumentFault(f"it needs numbers or strings after &, and found: {', '.join(found)}")
    return order_key(keys)


def to_array(value: Any) -> list[Any]:
    """Return a list as it is, and anything else as the one element of a list."""
    if type(value) is RepeatedElement:
        return list(value)
    return value if type(value) is list else [value]


def _plain_number(value: Any) -> Any:
    if type(value) in NUMBERS:
        return value
    return _parsed(value) if type(value) is str else None


def _parsed(text: str) -> int | float | None:
    for read in (int, float):
        try:
            return read(text)
        except ValueError:
            continue
    return None


def _to_number(value: Any) -> Any:
    require_unattributed(value)
    # Python reads more than numbers: "1_000", other scripts' digits, "nan".
    if type(value) is str and (not value.isascii() or "_" in value):
        return None
    number = _plain_number(value)
    if type(number) is float and not math.isfinite(number):
        if type(value) is str and any(map(str.isdigit, value)):
            raise ArgumentFault("the number is too large")
        return None
    return number


def _type(value: Any) -> str:
    if type(value) is RepeatedElement:
        raise ArgumentFault(f"it is {describe(value)}")
    require_unattributed(value)
    return _TYPES.get(type(value), "number")


def _standard(
    name: str,
    types: tuple[tuple[Parameter, ...], Kind],
    call: Callable[..., Any],
    doc: str,
    *examples: Example,
    inline: Inline | None = None,
) -> Function:
    parameters, returns = types
    return Function(name, parameters, returns, doc, examples, call, standard=True, inline=inline)


_VALUE = Parameter("value", kinds.ANY)
_NUMBER = Parameter("value", kinds.NUMBER)
_NUMBERS = Parameter("numbers", kinds.NUMBER_ARRAY)
_TEXT = Parameter("text", kinds.STRING)
_LIST = Parameter("list", kinds.ARRAY)
_SORTABLE = Parameter("list", kinds.SORTABLE)
_EACH = Parameter("expression", kinds.EXPRESSION)
_OBJECT = Parameter("object", kinds.OBJECT)

STANDARD = (
    _standard(
        "abs",
        ((_NUMBER,), kinds.NUMBER),
        _abs,
        "The number without its sign.",
        Example("abs(n)", {"n": -3}, 3),
    ),
    _standard(
        "avg",
        ((_NUMBERS,), kinds.ANY),
        _avg,
        "The mean of the numbers; null where there is none.",
        Example("avg(n)", {"n": [1, 2]}, 1.5),
    ),
    _standard(
        "ceil",
        ((_NUMBER,), kinds.NUMBER),
        _whole(math.ceil),
        "The next whole number upwards.",
        Example("ceil(n)", {"n": 1.2}, 2),
    ),
    _standard(
        "contains",
        (
            (Parameter("subject", kinds.ARRAY_OR_STRING), Parameter("search", kinds.ANY)),
            kinds.BOOLEAN,
        ),
        _contains,
        "Whether a list has an element equal to `search`, or a text has it as a part.",
        Example("contains(tags, 'vip')", {"tags": ["vip", "early"]}, result=True),
        Example("contains(zone, 'BLOCK')", {"zone": "BLOCK 7"}, result=True),
        inline=Inline(
            "{1} in {0}",
            "type({1}) is str and (type({0}) is str or len({0}) < 16 and TEXTS.issuperset(map(type, {0})))",
            names={"TEXTS": frozenset({str})},
        ),
    ),
    _standard(
        "ends_with",
        ((_TEXT, Parameter("suffix", kinds.STRING)), kinds.BOOLEAN),
        str.endswith,
        "Whether the text ends so.",
        Example("ends_with(code, '-R')", {"code": "A17-R"}, result=True),
        inline=Inline("{0}.endswith({1})"),
    ),
    _standard(
        "floor",
        ((_NUMBER,), kinds.NUMBER),
        _whole(math.floor),
        "The next whole number downwards.",
        Example("floor(n)", {"n": 1.8}, 1),
    ),
    _standard(
        "join",
        (
            (Parameter("separator", kinds.STRING), Parameter("list", kinds.STRING_ARRAY)),
            kinds.STRING,
        ),
        _join,
        "The texts of a list as one, with the separator between them.",
        Example("join('-', [row, seat])", {"row": "F", "seat": "12"}, "F-12"),
        inline=Inline(
            "{0}.join({1})", "len({0}) < 50 and len({1}) < 16 and sum(map(len, {1})) < 250"
        ),
    ),
    _standard(
        "keys",
        ((_OBJECT,), kinds.STRING_ARRAY),
        list,
        "The keys of an object, in its own order.",
        Example("keys(o)", {"o": {"b": 1, "a": 2}}, ["b", "a"]),
    ),
    _standard(
        "length",
        ((Parameter("value", kinds.SIZED),), kinds.NUMBER),
        len,
        "How many characters, elements or keys there are.",
        Example("length(data)", {"data": [1, 2, 3]}, 3),
        inline=Inline("len({0})"),
    ),
    _standard(
        "map",
        ((_EACH, _LIST), kinds.ARRAY),
        _map,
        "The list of what the expression gives for each element, nulls included.",
        Example("map(&a, list)", {"list": [{"a": 1}, {"a": None}]}, [1, None]),
    ),
    _standard(
        "max",
        ((_SORTABLE,), kinds.ANY),
        _best(max),
        "The largest element; null where there is none.",
        Example("max(n)", {"n": [1, 3, 2]}, 3),
    ),
    _standard(
        "max_by",
        ((_LIST, _EACH), kinds.ANY),
        _best(max),
        "The first element for which the expression gives the most; null where there is none.",
        Example("max_by(list, &n).id", {"list": [{"id": "a", "n": 1}, {"id": "b", "n": 2}]}, "b"),
    ),
    _standard(
        "merge",
        ((Parameter("objects", kinds.OBJECT, variadic=True),), kinds.OBJECT),
        _merge,
        "One object with the keys of all; the later one wins.",
        Example("merge(a, b)", {"a": {"x": 1, "y": 1}, "b": {"y": 2}}, {"x": 1, "y": 2}),
    ),
    _standard(
        "min",
        ((_SORTABLE,), kinds.ANY),
        _best(min),
        "The smallest element; null where there is none.",
        Example("min(n)", {"n": [2, 1, 3]}, 1),
    ),
    _standard(
        "min_by",
        ((_LIST, _EACH), kinds.ANY),
        _best(min),
        "The first element for which the expression gives the least; null where there is none.",
        Example("min_by(list, &n).id", {"list": [{"id": "a", "n": 1}, {"id": "b", "n": 2}]}, "a"),
    ),
    _standard(
        "not_null",
        ((Parameter("values", kinds.ANY, variadic=True),), kinds.ANY),
        _not_null,
        "The first value that is not null; all of them are evaluated.",
        Example("not_null(a, b)", {"a": None, "b": 0}, 0),
    ),
    _standard(
        "reverse",
        ((Parameter("value", kinds.ARRAY_OR_STRING),), kinds.ARRAY_OR_STRING),
        lambda value: value[::-1],
        "The list or the text backwards.",
        Example("reverse(list)", {"list": [1, 2]}, [2, 1]),
    ),
    _standard(
        "sort",
        ((_SORTABLE,), kinds.SORTABLE),
        _sort,
        "The list in order: numbers by value, texts by code point.",
        Example("sort(list)", {"list": ["b", "a"]}, ["a", "b"]),
    ),
    _standard(
        "sort_by",
        ((_LIST, _EACH), kinds.ARRAY),
        _sort,
        "The list in the order of what the expression gives; equal ones stay in order.",
        Example("sort_by(list, &n)", {"list": [{"n": 2}, {"n": 1}]}, [{"n": 1}, {"n": 2}]),
    ),
    _standard(
        "starts_with",
        ((_TEXT, Parameter("prefix", kinds.STRING)), kinds.BOOLEAN),
        str.startswith,
        "Whether the text starts so.",
        Example("starts_with(code, 'A')", {"code": "A17-R"}, result=True),
        inline=Inline("{0}.startswith({1})"),
    ),
    _standard(
        "sum",
        ((_NUMBERS,), kinds.NUMBER),
        _sum,
        "The sum of the numbers, as JSON numbers add up; for money see `add`.",
        Example("sum(n)", {"n": [1, 2]}, 3),
    ),
    _standard(
        "to_array",
        ((_VALUE,), kinds.ARRAY),
        to_array,
        "A list as it is, anything else (null too) as the one element of a list.",
        Example("to_array(a)", {"a": "x"}, ["x"]),
    ),
    Function(
        "to_number",
        (_VALUE,),
        kinds.ANY,
        "The number in a text, as JSON reads it; null where there is none. See `decimal`.",
        (
            Example("to_number(a)", {"a": "12.5"}, 12.5),
            Example("to_number(a)", {"a": "nan"}, None),
        ),
        _to_number,
        standard=True,
        plain=_plain_number,
    ),
    _standard(
        "to_string",
        ((_VALUE,), kinds.STRING),
        to_json,
        "A text as it is, anything else as its JSON text.",
        Example("to_string(a)", {"a": 7}, "7"),
        inline=Inline(
            "{0} if type({0}) is str else str({0})",
            f"type({{0}}) is str or {decimals.SMALL_INTEGER}",
        ),
    ),
    _standard(
        "type",
        ((_VALUE,), kinds.STRING),
        _type,
        "The name of the JSON type.",
        Example("type(a)", {"a": [1]}, "array"),
    ),
    _standard(
        "values",
        ((_OBJECT,), kinds.ARRAY),
        lambda value: list(value.values()),
        "The values of an object, in its own order.",
        Example("values(o)", {"o": {"a": 1, "b": 2}}, [1, 2]),
    ),
)
