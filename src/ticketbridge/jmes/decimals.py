"""Exact decimal arithmetic with 34 digits. Every result is a finite number."""

from __future__ import annotations

import decimal
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from ticketbridge.jmes.errors import ArgumentFault
from ticketbridge.jmes.values import MAX_EXPONENT, exact, in_range

PRECISION = 34
_TRAPS = [decimal.InvalidOperation, decimal.DivisionByZero, decimal.Overflow, decimal.Underflow]


def _context(*more: type[decimal.DecimalException]) -> decimal.Context:
    return decimal.Context(
        prec=PRECISION,
        rounding=decimal.ROUND_HALF_EVEN,
        Emin=-MAX_EXPONENT,
        Emax=MAX_EXPONENT,
        traps=[*_TRAPS, *more],
    )


SMALL_INTEGER = f"(type({{0}}) is int and -{10**14} < {{0}} < {10**14})"
"""A template (see `kinds.Inline`): an integer that a float holds exactly, also as a hundredth or the like.

A float has 53 bits. So it tells numbers of 15 digits apart, and its shortest text is the number's own.
"""
CONTEXT = _context()
EXACT = _context(decimal.Inexact)

_PLAIN = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
_INTEGER = re.compile(r"-?[0-9]+")
_SPACES = " \u00a0\u202f'\u2019"
_OTHER = {".": ",", ",": "."}


def to_decimal(value: Any) -> Decimal:
    """Return the exact value of a number, or of a plain decimal text. Raises ArgumentFault for other text."""
    if type(value) is str and _PLAIN.fullmatch(value) is None:
        raise ArgumentFault("the string is no plain decimal number")
    number: Decimal = in_range(Decimal(exact(value)))
    return number


def to_amount(value: Any) -> Decimal:
    """Return the whole number *value*, which may be a text of digits. Raises ArgumentFault if it is none."""
    if type(value) is str and _INTEGER.fullmatch(value) is None:
        raise ArgumentFault("the string is no whole number")
    number = to_decimal(value)
    if number != number.to_integral_value():
        raise ArgumentFault("the number has a fraction")
    return number


def to_count(value: Any) -> int:
    """Return the whole number *value*."""
    return int(to_amount(value))


def simplest(number: Decimal) -> int | Decimal:
    """Return *number* as an integer if it is one, else without zeros at its end."""
    if number == number.to_integral_value():
        return int(number)
    return EXACT.normalize(number)


def parse_with(separator: str | None) -> Callable[[str], Decimal]:
    """Return a reader of numbers with this decimal *separator*. Without one it reads plain text only.

    With a separator, groups of three digits may be separated by the other one of `.` and `,`, by a
    space or by an apostrophe. The sign must be the same in the whole number.
    """
    if separator is None:
        return to_decimal
    if separator not in _OTHER:
        raise ArgumentFault('the decimal separator is "." or ","')
    group = re.escape(_OTHER[separator] + _SPACES)
    pattern = re.compile(
        rf"(-?(?:[0-9]+|[0-9]{{1,3}}([{group}])[0-9]{{3}}(?:\2[0-9]{{3}})*))"
        rf"(?:{re.escape(separator)}([0-9]+))?"
    )
    apart = dict.fromkeys(map(ord, _OTHER[separator] + _SPACES))

    def parse(value: Any) -> Decimal:
        if type(value) is not str:
            return to_decimal(value)
        found = pattern.fullmatch(value)
        if found is None:
            raise ArgumentFault("the string is no decimal number with this separator")
        return to_decimal(f"{found[1].translate(apart)}.{found[3] or 0}")

    return parse
