"""What OpenTelemetry says in the log, without the values of its variables: they may be credentials."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from logging import LogRecord
from typing import Final
from urllib.parse import unquote

from ticketbridge.redaction import mask_paths, mask_words

EXPORTER: Final = "opentelemetry"
"""The logger of OpenTelemetry, and of all below it."""

_MASK: Final = "********"
_HEADERS: Final = "opentelemetry.util.re"  # it writes headers that it cannot read
_PREFIX: Final = "OTEL_"
_BETWEEN: Final = re.compile(r"[\s,;=]+")


def exporter_message(record: LogRecord) -> str:
    """Return the message of *record*, which is of OpenTelemetry."""
    if record.name == _HEADERS:
        return str(record.msg).replace("%s", _MASK)
    return mask_exporter(record.getMessage())


def mask_exporter(text: str, environment: Mapping[str, str] = os.environ) -> str:
    """Return *text* without the values of the variables OTEL_*, their parts, and the paths of URLs.

    The host of a collector stays, so that one sees which one does not answer.
    """
    return mask_paths(mask_words(text, set(_secret_words(environment)), _MASK))


def _secret_words(environment: Mapping[str, str]) -> Iterator[str]:
    for name, value in environment.items():
        if name.startswith(_PREFIX):
            for word in (value.strip(), *_BETWEEN.split(value)):
                yield word
                yield unquote(word)
                yield repr(word)[1:-1]  # as `%r` and the text of an exception have it
