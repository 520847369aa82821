"""Functions for exact decimal arithmetic. All give an integer if the result is one."""

from __future__ import annotations

import decimal
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final

from ticketbridge.jmes import kinds
from ticketbridge.jmes.decimals import (
    CONTEXT,
    EXACT,
    PRECISION,
    SMALL_INTEGER,
    parse_with,
    simplest,
    to_amount,
    to_count,
    to_decimal,
)
from ticketbridge.jmes.errors import ArgumentFault
from ticketbridge.jmes.kinds import Example, Function, Inline, Parameter

# The currencies of ISO 4217. A table of our own, because reading the standard's XML at each start would
# take longer than reading a mapping. A test compares it with the package `iso4217`, which follows it.
_BY_DIGITS: Mapping[int | None, str] = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    2: (
        "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD "
        "CAD CDF CHE CHF CHW CNY COP COU CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP "
        "GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK "
        "LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO "
        "NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS "
        "SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST "
        "XAD XCD XCG YER ZAR ZMW ZWG"
    ),
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
    None: "XAG XAU XBA XBB XBC XBD XDR XPD XPT XSU XTS XUA XXX",
}
DIGITS: Final[Mapping[str, int | None]] = MappingProxyType(
    {code: digits for digits, codes in _BY_DIGITS.items() for code in codes.split()}
)
"""By currency code, the number of decimal digits; None if it has no minor units, for example gold."""

_CODE = re.compile(r"[A-Za-z]{3}")  # as ISO 4217 has them; a longer word may be about a person


def _round(value: Decimal, places: int) -> int | Decimal:
    unit = Decimal((0, (1,), -places))
    return simplest(value.quantize(unit, rounding=decimal.ROUND_HALF_UP, context=CONTEXT))


def _places(value: Any) -> int:
    places = to_count(value)
    if abs(places) > PRECISION:
        raise ArgumentFault(f"it must be from -{PRECISION} to {PRECISION}")
    return places


def _exponent(code: str) -> int:
    shown = f" {code}" if _CODE.fullmatch(code) else ""
    capitals = code.upper()
    if not code.isascii() or capitals not in DIGITS:
        raise ArgumentFault(f"ISO 4217 does not know the currency{shown}")
    digits = DIGITS[capitals]
    if digits is None:
        raise ArgumentFault(f"ISO 4217 gives the currency{shown} no minor units")
    return digits


def _minor_units(amount: Decimal, exponent: int) -> int | Decimal:
    return simplest(amount.scaleb(-exponent, context=EXACT))


def _units() -> Mapping[str, int]:
    """Return how many minor units make a major one, by currency, in capitals and in small letters."""
    found = {}
    for code, digits in DIGITS.items():
        if digits is not None:
            found[code] = found[code.lower()] = 10**digits
    return found


def _arithmetic(
    name: str,
    operation: Callable[[Decimal, Decimal], Decimal],
    doc: str,
    *examples: Example,
    inline: Inline,
) -> Function:
    def call(left: Decimal, right: Decimal) -> int | Decimal:
        return simplest(operation(left, right))

    sides = (_number("x"), _number("y"))
    return Function(name, sides, kinds.NUMBER, doc, examples, call, inline=inline)


def _number(name: str) -> Parameter:
    return Parameter(name, kinds.NUMBER_OR_STRING, prepare=to_decimal, usual=SMALL_INTEGER)


_PLAIN = "; numbers, or plain decimal text, to 34 digits."

ARITHMETIC = (
    _arithmetic(
        "add",
        CONTEXT.add,
        f"x + y{_PLAIN}",
        Example("add(price, fee)", {"price": "0.10", "fee": 1.9}, 2),
        inline=Inline("{0} + {1}"),
    ),
    _arithmetic(
        "subtract",
        CONTEXT.subtract,
        f"x - y{_PLAIN}",
        Example("subtract(total, fee)", {"total": 0.3, "fee": 0.1}, Decimal("0.2")),
        inline=Inline("{0} - {1}"),
    ),
    _arithmetic(
        "multiply",
        CONTEXT.multiply,
        f"x * y{_PLAIN}",
        Example("multiply(price, `3`)", {"price": 0.1}, Decimal("0.3")),
        inline=Inline("{0} * {1}"),
    ),
    _arithmetic(
        "divide",
        CONTEXT.divide,
        f"x / y{_PLAIN} The last digit is rounded half to even.",
        Example("divide(total, quantity)", {"total": "5.00", "quantity": 4}, Decimal("1.25")),
        inline=Inline("{0} // {1}", "{1} and not {0} % {1}"),
    ),
    Function(
        "round",
        (
            _number("x"),
            Parameter(
                "digits",
                kinds.NUMBER,
                prepare=_places,
                usual="type({0}) is int and 0 <= {0} <= 15",
            ),
        ),
        kinds.NUMBER,
        "x with that many digits after the point, a half going away from zero.",
        (Example("round(price, `2`)", {"price": 1.005}, Decimal("1.01")),),
        _round,
        inline=Inline("{0}"),
    ),
    Function(
        "decimal",
        (
            Parameter("text", kinds.NUMBER_OR_STRING),
            Parameter("decimal_separator", kinds.STRING, prepare=parse_with, optional=True),
        ),
        kinds.NUMBER,
        'The number that the text says. With a decimal separator ("." or ","), groups of three'
        " digits may be set apart by the other of the two, a space or an apostrophe; without"
        " one, only plain decimal text is read, because `1,234` may mean either.",
        (Example("decimal(price, ',')", {"price": "1.234,50"}, Decimal("1234.5")),),
        lambda text, read: simplest(read(text)),
        inline=Inline("{0}", SMALL_INTEGER),
    ),
    Function(
        "minor_units",
        (
            Parameter("amount", kinds.NUMBER_OR_STRING, prepare=to_amount, usual=SMALL_INTEGER),
            Parameter(
                "currency",
                kinds.STRING,
                prepare=_exponent,
                usual="type({0}) is str and UNITS.get({0})",
            ),
        ),
        kinds.NUMBER,
        "The amount in major units, by the currency's ISO 4217 exponent; the case of the currency"
        " does not matter. The amount is a whole number, or the text of its digits.",
        (
            Example("minor_units(cents, cur)", {"cents": 1999, "cur": "EUR"}, Decimal("19.99")),
            Example("minor_units(cents, cur)", {"cents": "500", "cur": "jpy"}, 500),
            Example("minor_units(cents, cur)", {"cents": 1500, "cur": "KWD"}, Decimal("1.5")),
        ),
        _minor_units,
        inline=Inline(
            "{0} // {u1}", "not {0} % {u1}", number="{0} / {u1}", names={"UNITS": _units()}
        ),
    ),
)
