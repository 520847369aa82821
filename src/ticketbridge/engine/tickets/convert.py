"""Convert a platform's value to the type that the contract asks for, without loss, or raise.

A converter is chosen for each field when the mapping is compiled, from the field's schema. It returns the
converted value, or MISSING if the field is left out, or raises Violation.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

import msgspec

from ticketbridge.contract.shape import (
    ObjectShape,
    Schema,
    items_of,
    object_shape,
    resolve,
    type_of,
)
from ticketbridge.contract.validator import UNNAMED
from ticketbridge.jmes import AttributedElement, Kind, RepeatedElement, kinds

_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?", re.ASCII)
_DEEPEST = 200  # levels of lists and objects; the deepest that are met have a dozen
_LONGEST_NUMBER = 60  # characters of a decimal text; a price is far below
_BOUND: Final = 10 ** (_LONGEST_NUMBER + 1)
"""Numbers must be smaller than this: many readers use floats, and would read a larger one as infinite."""


MISSING: Final = msgspec.UNSET
"""The value that says "left out". It is not a JSON value, and nothing is written for it."""

Converter = Callable[[Any], Any]


class Violation(Exception):
    """A field's value that the contract does not allow. *field* is the dotted name.

    *reason* says what kind of value was found and what would be right. It repeats no value.
    """

    def __init__(self, field: str, reason: str) -> None:
        self.field = field
        self.reason = reason
        super().__init__(f"{reason} @ {field}")

    def within(self, parent: str) -> Violation:
        """Return the same violation, with the name of the object that holds the field."""
        return Violation(f"{parent}.{self.field}" if self.field else parent, self.reason)


def converter(schema: Schema, root: Schema) -> Converter:
    """Return the converter to the type of *schema* (part of the document *root*)."""
    schema = resolve(schema, root)
    kind = type_of(schema)
    if kind == "array":
        return _array(converter(items_of(schema, root), root))
    if kind == "object":
        return _object(object_shape(schema, root), root)
    return _SCALARS.get(kind or "", plain)


def accepted(schema: Schema, root: Schema, *, optional: bool) -> Kind:
    """Return the kind of values that can be converted to *schema*; null leaves an optional field out."""
    kind = _ACCEPTED.get(type_of(resolve(schema, root)) or "", kinds.ANY)
    if kind.types is None or not optional:
        return kind
    return Kind(kind.name, kind.types | {type(None)})


def json_type(value: object) -> str:
    """Return the JSON name of *value*'s type, for messages."""
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, int):
        return "an integer"
    if isinstance(value, float | Decimal):
        whole = "a number with a point or an exponent (1.0, 1e3)"
        return whole if _is_integral(Decimal(value)) else "a fraction"
    names: dict[type, str] = {
        str: "text",
        list: "a list",
        dict: "an object",
        type(None): "null",
        RepeatedElement: "an element that came more than once (name it in `lists`)",
        AttributedElement: "an element that has attributes (its text is its `#text`)",
    }
    return names.get(type(value), type(value).__name__)


def _is_integral(value: Decimal) -> bool:
    return value.is_finite() and value == value.to_integral_value()


def to_string(value: object) -> str:
    """Return a text unchanged, and an integer as its digits."""
    if isinstance(value, str):
        return _encodable(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return _digits(value)
    raise Violation("", f"{json_type(value)} where text is due")


def to_number(value: object) -> int | float:
    """Return a number (an integral one as an integer), also from a plain decimal text."""
    if isinstance(value, str):
        return _number_of_text(value)
    if isinstance(value, Decimal):
        return _number_of_decimal(value)
    if isinstance(value, float):
        return _number_of_float(value)
    if isinstance(value, int) and not isinstance(value, bool):
        return _number_of_integer(value)
    raise Violation("", f"{json_type(value)} where a number is due")


def to_integer(value: object) -> int:
    """Return an integer, also from anything that `to_number` converts to one."""
    number = to_number(value)
    if isinstance(number, int):
        return number
    raise Violation("", "a fraction where an integer is due")


def to_boolean(value: object) -> bool:
    """Return true or false. Nothing else is a boolean."""
    if isinstance(value, bool):
        return value
    raise Violation("", f"{json_type(value)} where true or false is due")


def plain(value: object) -> Any:
    """Return the value of a field whose schema names no type: unchanged, but decimals become numbers."""
    return _plain(value, _DEEPEST)


def _plain(value: object, levels: int) -> Any:
    if isinstance(value, str):
        return _encodable(value)
    if isinstance(value, float | Decimal):
        return to_number(value)
    if levels == 0 and isinstance(value, list | dict):
        # A bound of our own: how deep Python goes depends on its version, and on who calls.
        raise Violation("", f"a value that is nested more than {_DEEPEST} levels deep")
    if isinstance(value, list):
        return [_plain(item, levels - 1) for item in value]
    if isinstance(value, dict):
        return {_encodable(name): _plain(item, levels - 1) for name, item in value.items()}
    return value


_SCALARS: Mapping[str, Converter] = {
    "string": to_string,
    "number": to_number,
    "integer": to_integer,
    "boolean": to_boolean,
}

_TEXT = Kind("text or an integer", frozenset({str, int}))
_NUMBER = Kind("a number or a decimal text", kinds.NUMBERS | {str})
_ACCEPTED: Mapping[str, Kind] = {
    "string": _TEXT,
    "number": _NUMBER,
    "integer": _NUMBER,
    "boolean": kinds.BOOLEAN,
    "array": kinds.ARRAY,
    "object": kinds.OBJECT,
}


def _array(convert: Converter) -> Converter:
    def to_array(value: object) -> list[Any]:
        if not isinstance(value, list):
            raise Violation("", f"{json_type(value)} where a list is due")
        return [convert(item) for item in value]

    return to_array


def _object(shape: ObjectShape, root: Schema) -> Converter:
    parts = {name: converter(schema, root) for name, schema in shape.properties.items()}

    def to_object(value: object) -> Any:
        if not isinstance(value, dict):
            raise Violation("", f"{json_type(value)} where an object is due")
        return _assemble({n: (parts.get(n, plain), v) for n, v in value.items()}, shape)

    return to_object


def _assemble(members: Mapping[str, tuple[Converter, Any]], shape: ObjectShape) -> Any:
    """Return the object of the converted *members*, or MISSING if it has none."""
    made = {}
    for name, (convert, value) in members.items():
        # Any other name is data of the platform's: it may be a person's.
        shown = name if name in shape.properties else UNNAMED
        kept = _convert_member(shown, convert, value, optional=name not in shape.required)
        if kept is not MISSING:
            made[name] = kept
    return made or MISSING


def convert_value(convert: Converter, value: object, *, optional: bool) -> Any:
    """Return the converted *value*, or MISSING.

    Null, and "" for an *optional* field, leave the field out.
    """
    if value is None or (optional and isinstance(value, str) and not value):
        return MISSING
    return convert(value)


def _convert_member(name: str, convert: Converter, value: object, *, optional: bool) -> Any:
    try:
        return convert_value(convert, value, optional=optional)
    except Violation as violation:
        raise violation.within(name) from None


def _encodable(text: str) -> str:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise Violation("", "text with half a character (a lone surrogate)") from None
    return text


def _digits(value: int) -> str:
    try:
        return str(value)
    except ValueError:  # Python's own bound on the digits of an integer
        raise Violation("", "an integer with too many digits") from None


def _number_of_integer(value: int) -> int:
    if not -_BOUND < value < _BOUND:
        raise Violation("", "a number beyond all bounds")
    return value


def _number_of_text(text: str) -> int | float:
    if len(text) > _LONGEST_NUMBER or not _DECIMAL.fullmatch(text):
        raise Violation("", 'text that is no plain decimal number (like "19.99")')
    return _number_of_decimal(Decimal(text))


def _number_of_decimal(value: Decimal) -> int | float:
    if not value.is_finite():
        raise Violation("", "a number that is not finite")
    if value.adjusted() > _LONGEST_NUMBER:
        raise Violation("", "a number beyond all bounds")
    if _is_integral(value):
        return int(value)
    number = float(value)
    if Decimal(repr(number)) != value:
        raise Violation("", "a decimal with more digits than a JSON number carries: round it")
    return number


def _number_of_float(value: float) -> int | float:
    if not math.isfinite(value):
        raise Violation("", "a number that is not finite")
    return _number_of_integer(int(value)) if value.is_integer() else value
