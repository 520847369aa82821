"""Resolve plain YAML scalars: as in JSON if possible, else as text."""

from __future__ import annotations

import math
import re
from decimal import Decimal

from ticketbridge.mapping.yaml_nodes import Plain

WORDS: dict[str, bool | None] = {"": None, "null": None, "true": True, "false": False}
NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?P<fraction>\.[0-9]+)?(?P<exponent>[eE][+-]?[0-9]+)?")
MAX_DIGITS = 4000


class NumberError(ValueError):
    """A number that Python cannot keep: it is too large, too small, or has too many digits."""


def resolve_plain(text: str) -> Plain:
    """Return `true`, `false`, `null` and JSON numbers as their values, and everything else as text.

    An empty text is null. Raises NumberError if a number cannot be kept.
    """
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
