"""Write values as JSON text."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import msgspec

from ticketbridge.formats.elements import RepeatedElement
from ticketbridge.jmes.budget import spend, steps_of_text
from ticketbridge.jmes.errors import ArgumentFault, describe
from ticketbridge.jmes.values import in_range, require_unattributed

MAX_RESULT = 10_000_000
_LONG = 1_000
_STEPS_TO_WRITE = 4  # for each element
# A decimal that an expression has reckoned is a number in JSON; msgspec would write it as text.
ENCODER = msgspec.json.Encoder(decimal_format="number")
_FIRST_ROOM = 2_048
_GROWTH = 8
_NUMBER = 64  # bytes that the encoder may want free before it writes a number


class TooLongError(Exception):
    """A value that is longer as JSON than there is room for."""


def encode_within(
    value: Any, room: int, *, expected: int = 0, encoder: msgspec.json.Encoder = ENCODER
) -> bytearray:
    """Return *value* as JSON of at most *room* bytes. Raises TooLongError, and errors of *encoder*.

    At most *room* bytes are ever written: a value may repeat the same few parts, and grow to gigabytes.
    *expected* bytes are tried first.
    """
    most = room + _NUMBER
    size = min(max(expected, _FIRST_ROOM), most)
    while True:
        text = bytearray(size)
        with memoryview(text):  # a buffer that is looked at does not grow: the encoder stops there
            try:
                encoder.encode_into(value, text)
            except BufferError:
                if size == most:
                    raise TooLongError from None
            else:
                if len(text) > room:
                    raise TooLongError
                return text
        size = min(_GROWTH * size, most)


def require_length(length: int) -> None:
    """Raise ArgumentFault if a text of a function would have too great a *length*."""
    if length > MAX_RESULT:
        raise ArgumentFault(f"the result is longer than {MAX_RESULT} characters")
    if length > _LONG:
        spend(steps_of_text(length))


def number_text(number: Any) -> str:
    """Return a number as JSON writes it. Raises ArgumentFault if it is not finite."""
    if type(number) is Decimal:
        return f"{in_range(number):f}"
    return json.dumps(in_range(number))


def to_json(value: Any) -> str:
    """Return a text unchanged, anything else as compact JSON."""
    if type(value) is str:
        return value
    require_unattributed(value)
    parts: list[str] = []
    _Writer(parts).write(value)
    text = "".join(parts)
    spend(steps_of_text(len(text)))
    return text


class _Writer:
    """Writes into *parts*, no more than MAX_RESULT characters."""

    def __init__(self, parts: list[str]) -> None:
        self._parts = parts
        self._left = MAX_RESULT

    def write(self, value: Any) -> None:
        if isinstance(value, dict):
            self._object(value)
        elif type(value) is list:
            self._array(value)
        elif type(value) is RepeatedElement:
            raise ArgumentFault(f"there is {describe(value)}")
        elif type(value) is str or value is None or type(value) is bool:
            self._put(json.dumps(value))
        else:
            self._put(number_text(value))

    def _put(self, text: str) -> None:
        self._left -= len(text)
        if self._left < 0:
            raise ArgumentFault(f"the text is longer than {MAX_RESULT} characters")
        self._parts.append(text)

    def _array(self, value: list[Any]) -> None:
        spend(_STEPS_TO_WRITE * len(value))
        self._put("[")
        for at, element in enumerate(value):
            self._put("," if at else "")
            self.write(element)
        self._put("]")

    def _object(self, value: dict[str, Any]) -> None:
        spend(_STEPS_TO_WRITE * len(value))
        self._put("{")
        for at, (key, element) in enumerate(value.items()):
            self._put(("," if at else "") + json.dumps(key) + ":")
            self.write(element)
        self._put("}")
