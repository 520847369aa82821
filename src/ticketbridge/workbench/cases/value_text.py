"""Values as text: for messages, as JSON, and as YAML of a cases file, from which the same ones are read."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import datetime
from enum import Enum
from typing import Any, Final

import msgspec

from ticketbridge.jmes import ENCODER
from ticketbridge.mapping.yaml_nodes import NumberError, resolve_plain

LONGEST = 200


class Missing(Enum):
    """The value of a key that is absent, and of a ticket that is not in a list."""

    ABSENT = "nothing"


MISSING: Final = Missing.ABSENT


def show_value(value: Any, longest: int = LONGEST) -> str:
    """Return *value* as JSON on one line, cut if it is long."""
    if isinstance(value, Missing):
        return str(value.value)
    return shorten(ENCODER.encode(value).decode(), longest)


def write_document(value: Any) -> str:
    """Return *value* as a JSON document, a line for each member and element."""
    return msgspec.json.format(ENCODER.encode(value), indent=2).decode()


def write_moment(moment: datetime) -> str:
    """Return *moment* to the second, as `now` of a case has it: `2026-11-24T12:00:00Z`."""
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")


def shorten(text: str, longest: int = LONGEST) -> str:
    """Return *text*, cut if it is long."""
    return text if len(text) <= longest else f"{text[:longest]}..."


# What XML 1.0 cannot say, not even escaped.
_ILLEGAL = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def make_legal_xml(text: str) -> str:
    """Return *text* with the replacement character for each one that XML cannot have."""
    return _ILLEGAL.sub("\N{REPLACEMENT CHARACTER}", text)


# --- as YAML --------------------------------------------------------------------------------------


# Text that needs no quotes, in brackets too; `resolve_plain` says whether it then stays text.
_PLAIN = re.compile(r"[A-Za-z0-9_/][A-Za-z0-9_./@+-]*(?: [A-Za-z0-9_./@+-]+)*")


def write_scalar(value: str | int | float | bool | None) -> str:  # noqa: PYI041 - an int is no float
    """Return *value* on one line, in quotes if it needs them."""
    if isinstance(value, str) and _is_plain(value):
        return value
    text = json.dumps(value, ensure_ascii=False)
    # The line breaks of YAML, and what it does not allow as it is.
    return re.sub("[\x7f-\x9f\u2028\u2029\ufeff]", lambda match: f"\\u{ord(match[0]):04x}", text)


def write_flow(value: Any) -> str:
    """Return *value* on one line, its lists and objects in brackets and braces."""
    if isinstance(value, dict):
        pairs = (f"{write_scalar(name)}: {write_flow(each)}" for name, each in value.items())
        return f"{{{', '.join(pairs)}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(write_flow, value))}]"
    return write_scalar(value)


def write_block(value: Any) -> Iterator[str]:
    """Yield the lines of a list or an object that is not empty, one for each entry that needs one."""
    if isinstance(value, dict):
        for name, each in value.items():
            yield from _write_entry(f"{write_scalar(name)}:", each)
    else:
        for each in value:
            first, *others = write_block(each) if is_nested(each) else (write_flow(each),)
            yield f"- {first}"
            yield from (f"  {line}" for line in others)


def _write_entry(key: str, value: Any) -> Iterator[str]:
    if is_nested(value):
        yield key
        yield from (f"  {line}" for line in write_block(value))
    else:
        yield f"{key} {write_flow(value)}"


def is_nested(value: Any) -> bool:
    """Whether *value* is a list or an object that is not empty."""
    return isinstance(value, dict | list) and bool(value)


def _is_plain(text: str) -> bool:
    try:
        return bool(_PLAIN.fullmatch(text)) and resolve_plain(text) == text
    except NumberError:
        return False
