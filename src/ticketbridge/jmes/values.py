"""What JMESPath says of single values: truth, equality, order; and decimals among them."""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable
from decimal import Decimal
from itertools import repeat
from typing import Any

from ticketbridge.formats.attributed import AttributedElement, refuse_attributed
from ticketbridge.formats.repeated import RepeatedElement
from ticketbridge.jmes.budget import spend
from ticketbridge.jmes.errors import ArgumentFault, describe
from ticketbridge.jmes.kinds import NUMBERS

MAX_EXPONENT = 999
MAX_BITS = 14_000  # below the 4,300 digits that Python writes

_CONTAINERS = frozenset({list, dict})


def truthy(value: Any) -> bool:
    """JMESPath's truth: null, false, "", [] and {} are false, and 0 is true."""
    return bool(value) or type(value) in NUMBERS


def exact(number: Any) -> Any:
    """*number*, a float as the decimal that its shortest text says."""
    return Decimal(repr(number)) if type(number) is float else number


def equal(left: Any, right: Any) -> bool:
    """`==`: types count all the way down, and numbers of all types are compared by value."""
    kind, other = type(left), type(right)
    if kind is other and kind is not AttributedElement:
        same: bool = _equal_inside(left, right) if kind in _CONTAINERS else left == right
        return same
    if kind in NUMBERS and other in NUMBERS:
        return bool(left == right or exact(left) == exact(right))
    if kind is AttributedElement or other is AttributedElement:
        refuse_attributed()
    # `True == 1` for Python. Of two other types none are equal, and a RepeatedElement refuses to be asked.
    return (kind is RepeatedElement or other is RepeatedElement) and bool(left == right)


def _equal_inside(left: Any, right: Any) -> bool:
    if len(left) != len(right):
        return False
    spend(len(left))
    if type(left) is list:
        return all(map(equal, left, right))
    return left.keys() == right.keys() and all(equal(left[key], right[key]) for key in left)


def order_key(keys: list[Any]) -> list[Any]:
    """*keys*, ready for Python's own order: no float beside a decimal."""
    if any(type(key) is Decimal for key in keys):
        return [exact(key) for key in keys]
    return keys


def has_null(values: Iterable[Any]) -> bool:
    """Whether one of *values* is null. It compares none of them, as `in` does."""
    return any(map(operator.is_, values, repeat(None)))


def require_unattributed(value: Any) -> Any:
    """*value*; ArgumentFault for an element that has attributes: it is asked what its text alone can tell."""
    if type(value) is AttributedElement:
        raise ArgumentFault(f"it is given {describe(value)}")
    return value


def frozen(value: Any) -> Any:
    """A hashable stand-in: equal for equal values, booleans and numbers apart."""
    kind = type(value)
    if kind in NUMBERS:
        return exact(value)
    if kind is bool:
        return bool, value
    if kind in _CONTAINERS:
        spend(len(value))
    if kind is list:
        return list, tuple(map(frozen, value))
    if kind is dict:
        return dict, frozenset((key, frozen(inner)) for key, inner in value.items())
    if kind is AttributedElement:
        refuse_attributed()
    return value


def digits(value: Any) -> Any:
    """Like frozen, with an integer and the text of its digits as one."""
    kind = type(value)
    if kind is int:
        return str(in_range(value))
    if kind in NUMBERS:
        number = in_range(exact(value))
        return str(int(number)) if number == number.to_integral_value() else number
    return frozen(value)


def in_range(number: Any) -> Any:
    """*number*, unless its digits written out would fill a page: ArgumentFault."""
    if type(number) is int and number.bit_length() > MAX_BITS:
        raise ArgumentFault("a number has too many digits")
    if type(number) is float and not math.isfinite(number):
        raise ArgumentFault("a number is not finite")
    if type(number) is Decimal:
        if not number.is_finite():
            raise ArgumentFault("a number is not finite")
        if number and abs(number.adjusted()) > MAX_EXPONENT:
            raise ArgumentFault("a number has too many digits")
    return number
