"""What a plain YAML scalar means: as in JSON, and text otherwise."""

from __future__ import annotations

import math
import re
from decimal import Decimal

from ticketbridge.mapping.yaml_nodes import Plain

WORDS: dict[str, bool | None] = {"": None, "null": None, "true": True, "false": False}
NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?P<fraction>\.[0-9]+)?(?P<exponent>[eE][+-]?[0-9]+)?")
MAX_DIGITS = 4000


class NumberError(ValueError):
    """A number that Python could only keep changed."""


def resolve_plain(text: str) -> Plain:
    """`true`, `null` and JSON numbers as such, everything else as text; raises NumberError."""
    if text in WORDS:
        return WORDS[text]
    match = NUMBER.fullmatch(text)
    if match is None:
        return text
    if match["fraction"] or match["exponent"]:
        return _finite(text)
    return _exact(text)


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number) or (number == 0 and Decimal(text) != 0):
        raise NumberError("this number is too large or too small to be kept")
    return number


def _exact(text: str) -> int:
    if len(text) > MAX_DIGITS:
        raise NumberError(f"this number has more than {MAX_DIGITS} digits")
    return int(text)
