"""Values as JSON text."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import msgspec

from ticketbridge.jmes.errors import ArgumentFault, describe
from ticketbridge.jmes.repeated import Repeated
from ticketbridge.jmes.values import in_range, unattributed

MAX_RESULT = 10_000_000
# A decimal that an expression has reckoned is a number in JSON; msgspec would write it as text.
ENCODER = msgspec.json.Encoder(decimal_format="number")


def number_text(number: Any) -> str:
    """A number as JSON writes it; ArgumentFault where it is not finite."""
    if type(number) is Decimal:
        return f"{in_range(number):f}"
    return json.dumps(in_range(number))


def to_json(value: Any) -> str:
    """A text as it is, anything else as compact JSON."""
    if type(value) is str:
        return value
    unattributed(value)
    parts: list[str] = []
    _Writer(parts).write(value)
    return "".join(parts)


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
        elif type(value) is Repeated:
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
        self._put("[")
        for at, element in enumerate(value):
            self._put("," if at else "")
            self.write(element)
        self._put("]")

    def _object(self, value: dict[str, Any]) -> None:
        self._put("{")
        for at, (key, element) in enumerate(value.items()):
            self._put(("," if at else "") + json.dumps(key) + ":")
            self.write(element)
        self._put("}")
