"""Bodies of requests: JSON or a form, with each value as a parameter that a JSON pointer names.

`{"filter": {"email": "ana@example.com"}}` has the parameter `#/filter/email`. A parameter of the query has no
name that begins with `#/`. The place in a list says what some texts are: `["shop", 2, "a password"]`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, urlencode

import msgspec

from ticketbridge.workbench.draft.platform_words import GENERIC, find_meaning
from ticketbridge.workbench.draft.sample_values import is_date
from ticketbridge.workbench.personal.field_names import USUAL_WORDS
from ticketbridge.workbench.personal.personal_kinds import split_words, word_set

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
    return {pointer: [_write_value(value)] for pointer, value in _list_leaves(read_sent(sent))}


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
    return next((key for key in reversed(list_keys(name)) if not key.isdigit()), "")


def list_keys(pointer: str) -> list[str]:
    """Return the keys of a pointer."""
    steps = pointer.removeprefix(_MARK).split("/")
    return [step.replace("~1", "/").replace("~0", "~") for step in steps]


def write_body(sent: bytes, parts: Mapping[str, str]) -> bytes:
    """Return a body with the texts of *parts* in place of the values at their pointers."""
    value = _change_leaves(read_sent(sent), parts.get)
    return urlencode(value).encode() if is_form(sent) else msgspec.json.encode(value)


def fill_body(value: Any, parts: Mapping[str, str]) -> Any:
    """Return a body for a mapping: with *parts*, and with the braces of other texts doubled."""

    def fill(pointer: str, leaf: Any) -> Any:
        return parts.get(pointer, double_braces(leaf) if isinstance(leaf, str) else leaf)

    filled = _change_leaves(value, fill)
    for pointer in parts.keys() - dict(_list_leaves(value)):
        _add_member(filled, list_keys(pointer), parts[pointer])
    return filled


def _add_member(value: Any, keys: Sequence[str], text: str) -> None:
    """Add a member that only later requests have, such as a cursor, where its object is in the body."""
    *above, last = keys
    for key in above:
        value = value.setdefault(key, {}) if isinstance(value, dict) else None
    if isinstance(value, dict):
        value[last] = text


def double_braces(text: str) -> str:
    """Return *text* for a template, where a single brace begins an expression."""
    return text.replace("{", "{{").replace("}", "}}")


def _change_leaves(value: Any, change: Callable[[str, Any], Any], pointer: str = "#") -> Any:
    if isinstance(value, dict):
        return {k: _change_leaves(v, change, f"{pointer}/{_escape(k)}") for k, v in value.items()}
    if isinstance(value, list):
        return [_change_leaves(v, change, f"{pointer}/{number}") for number, v in enumerate(value)]
    return change(pointer, value)


def _write_value(value: Any) -> str:
    """Return a value as it would stand in a query."""
    return msgspec.json.encode(value).decode() if isinstance(value, bool) else str(value)


def _list_leaves(value: Any, pointer: str = "#") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, member in value.items():
            yield from _list_leaves(member, f"{pointer}/{_escape(key)}")
    elif isinstance(value, list):
        for number, member in enumerate(value):
            yield from _list_leaves(member, f"{pointer}/{number}")
    elif value is not None:
        yield pointer, value


def _escape(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")


# --- texts that only their place shows ------------------------------------------------------------


_ARGUMENTS = GENERIC | word_set("args argv arguments params parameters input inputs login user")
_CALLED = USUAL_WORDS | word_set("res ir kw execute call rpc common create done")
_NAME = re.compile(r"[A-Za-z]+(?:[._:/-]{1,2}[A-Za-z]+)*")
_ENUMERATED = re.compile(r"[A-Z_]+|[A-Za-z]{,3}")
_OPERATOR = re.compile(r"[^\w\s]{1,3}|(not )?(in|=?i?like)|eq|ne|[gl][te]", re.IGNORECASE)


def find_arguments(value: Any, key: str = "args", pointer: str = "#") -> Iterator[str]:
    """Yield the pointers of the texts in lists of *value* that nothing shows to be words of the API.

    Such words are those of `fields: [id, name]`, all of `[state, "=", sale]`, and `sale.order`. A word alone
    among arguments may be a password. *key* is where *value* stands.
    """
    if isinstance(value, dict):
        for name, member in value.items():
            yield from find_arguments(member, name, f"{pointer}/{_escape(name)}")
    elif isinstance(value, list):
        field = _find_field(value)
        are_words = bool(field) or _are_words(value, key)
        for number, member in enumerate(value):
            place = f"{pointer}/{number}"
            if not isinstance(member, str):
                yield from find_arguments(member, field, place)
            elif not _is_told(member, alone=are_words):
                yield place


def _find_field(items: Sequence[Any]) -> str:
    """Return the field of a condition such as `[state, "=", sale]`, or ""."""
    match items:
        case [str(field), str(operator), _] if _OPERATOR.fullmatch(operator):
            return field
    return ""


def _are_words(items: Sequence[Any], key: str) -> bool:
    """Whether a list is one of words, and no row of arguments."""
    if not all(isinstance(item, str) for item in items) or key.lower() in _ARGUMENTS:
        return False
    return bool(key) or all(_is_told(item, alone=True) for item in items)


def _is_told(text: str, *, alone: bool) -> bool:
    """Whether a text is a word of the API; *alone*: one word is enough, as are an operator and a date."""
    if alone and (_ENUMERATED.fullmatch(text) or _OPERATOR.fullmatch(text) or is_date(text)):
        return True
    if alone and find_meaning(text) is not None:
        return True
    words = split_words(text) if _NAME.fullmatch(text) else []
    return len(words) > (0 if alone else 1) and all(word in _CALLED for word in words)
