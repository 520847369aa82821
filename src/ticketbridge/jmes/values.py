"""JMESPath's rules for single values, decimals too: truth, equality and order."""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable
from decimal import Decimal
from itertools import repeat
from typing import Any

from ticketbridge.formats.elements import AttributedElement, RepeatedElement, refuse_attributed
from ticketbridge.jmes.budget import spend
from ticketbridge.jmes.errors import ArgumentFault, describe
from ticketbridge.jmes.kinds import NUMBERS

MAX_EXPONENT = 999
MAX_BITS = 14_000  # below the 4,300 digits that Python writes

_CONTAINERS = frozenset({list, dict})


def truthy(value: Any) -> bool:
    """Return JMESPath's truth of *value*: null, false, "", [] and {} are false, and 0 is true."""
    return bool(value) or type(value) in NUMBERS


def exact(number: Any) -> Any:
    """Return *number*. A float becomes the decimal of its shortest text."""
    return Decimal(repr(number)) if type(number) is float else number


def equal(left: Any, right: Any) -> bool:
    """Return JMESPath's `==`: types count at all levels, and numbers of all types compare by value."""
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
    """Return *keys*, ready for Python's own order: no float stands beside a decimal."""
    if any(type(key) is Decimal for key in keys):
        return [exact(key) for key in keys]
    return keys


def has_null(values: Iterable[Any]) -> bool:
    """Return whether one of *values* is null. Unlike `in`, it compares none of them."""
    return any(map(operator.is_, values, repeat(None)))


def require_unattributed(value: Any) -> Any:
    """Return *value*. Raises ArgumentFault for an element that has attributes: only its text could answer."""
    if type(value) is AttributedElement:
        raise ArgumentFault(f"it is given {describe(value)}")
    return value


def frozen(value: Any) -> Any:
    """Return a hashable stand-in for *value*. It is equal for equal values; booleans are no numbers."""
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
    """Return a stand-in like `frozen`, but the same one for an integer and for the text of its digits."""
    kind = type(value)
    if kind is int:
        return str(in_range(value))
    if kind in NUMBERS:
        number = in_range(exact(value))
        return str(int(number)) if number == number.to_integral_value() else number
    return frozen(value)


def in_range(number: Any) -> Any:
    """Return *number*. Raises ArgumentFault if it is not finite, or if its digits would fill a page."""
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
