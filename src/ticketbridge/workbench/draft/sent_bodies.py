"""Bodies of requests: JSON or a form, with each value as a parameter that a JSON pointer names.

`{"filter": {"email": "ana@example.com"}}` has the parameter `#/filter/email`. A parameter of the query has no
name that begins with `#/`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlencode

import msgspec

_MARK = "#/"
_FORM = re.compile(
    rb"(?![\w+/-]+=*\Z)"  # one text in base64 is no parameter without a value
    rb"(?:(?:[\w.~$@:!*()\[\]+-]|%[0-9A-Fa-f]{2})+=(?:[\w.~$@:!*()\[\]+/?',-]|%[0-9A-Fa-f]{2})*=?=?(?:&|\Z))+"
)


def is_draftable(sent: bytes | None) -> bool:
    """Whether a draft can have the body: it is a JSON object or list, a form as URLs encode it, or none."""
    return not sent or _read_json(sent) is not None or _FORM.fullmatch(sent) is not None


def list_sent(sent: bytes | None) -> dict[str, list[str]]:
    """Return the values in a body by their pointers; none for a GET."""
    return {pointer: [_write_value(value)] for pointer, value in _list_leaves(read_sent(sent), "#")}


def read_sent(sent: bytes | None) -> Any:
    """Return a body as values: a JSON document, else a form's parameters; None for none."""
    if not sent:
        return None
    if is_form(sent):
        return dict(parse_qsl(sent.decode("utf-8", "replace"), keep_blank_values=True))
    return _read_json(sent)


def is_form(sent: bytes) -> bool:
    """Whether a body is a form, and no JSON document."""
    return _read_json(sent) is None


def _read_json(sent: bytes) -> Any:
    """Return a JSON object or list; None if it is something else."""
    try:
        value = msgspec.json.decode(sent)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    return value if isinstance(value, dict | list) else None


def name_kind(sent: bytes | None) -> str:
    """Return "form", "dict" or "list" (of JSON), or "" of no body. All bodies of one call are of one kind."""
    if not sent:
        return ""
    return "form" if is_form(sent) else type(read_sent(sent)).__name__


def is_in_body(name: str) -> bool:
    """Whether a parameter is one of the body."""
    return name.startswith(_MARK)


def name_parameter(name: str) -> str:
    """Return a parameter's own name: the last key of its pointer that is no place in a list."""
    if not is_in_body(name):
        return name
    return ([""] + [key for key in list_keys(name) if not key.isdigit()])[-1]


def list_keys(name: str) -> list[str]:
    """Return the keys of a parameter's pointer; the name alone of a parameter of the query."""
    return (
        [_unescape(k) for k in name.removeprefix(_MARK).split("/")] if is_in_body(name) else [name]
    )


def write_body(sent: bytes, parts: Mapping[str, str]) -> bytes:
    """Return a body with the texts of *parts* in place of the values at their pointers."""
    value = _change_leaves(read_sent(sent), parts.get)
    return urlencode(value).encode() if is_form(sent) else msgspec.json.encode(value)


def fill_body(value: Any, parts: Mapping[str, str]) -> Any:
    """Return a body for a mapping: with *parts*, and with the braces of other texts doubled."""
    filled = _change_leaves(value, lambda pointer, leaf: parts.get(pointer, _double_braces(leaf)))
    for pointer in parts.keys() - _list_pointers(value):
        _add_member(filled, pointer.removeprefix(_MARK).split("/"), parts[pointer])
    return filled


def _list_pointers(value: Any) -> set[str]:
    return {pointer for pointer, _ in _list_leaves(value, "#")}


def _add_member(value: Any, keys: Sequence[str], text: str) -> None:
    """Add a member that only later requests have, such as a cursor, where its object is in the body."""
    *above, last = keys
    for key in above:
        value = value.setdefault(_unescape(key), {}) if isinstance(value, dict) else None
    if isinstance(value, dict):
        value[_unescape(last)] = text


def _double_braces(value: Any) -> Any:
    return value.replace("{", "{{").replace("}", "}}") if isinstance(value, str) else value


def _change_leaves(value: Any, change: Callable[[str, Any], Any], pointer: str = "#") -> Any:
    if isinstance(value, dict):
        return {
            k: _change_leaves(v, change, f"{pointer}/{escape_key(k)}") for k, v in value.items()
        }
    if isinstance(value, list):
        return [_change_leaves(v, change, f"{pointer}/{number}") for number, v in enumerate(value)]
    return change(pointer, value)


def _write_value(value: Any) -> str:
    """Return a value as it would stand in a query."""
    return msgspec.json.encode(value).decode() if isinstance(value, bool) else str(value)


def _list_leaves(value: Any, pointer: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, member in value.items():
            yield from _list_leaves(member, f"{pointer}/{escape_key(key)}")
    elif isinstance(value, list):
        for number, member in enumerate(value):
            yield from _list_leaves(member, f"{pointer}/{number}")
    elif value is not None:
        yield pointer, value


def escape_key(key: str) -> str:
    """Return a key as it stands in a pointer."""
    return key.replace("~", "~0").replace("/", "~1")


def _unescape(key: str) -> str:
    return key.replace("~1", "/").replace("~0", "~")
