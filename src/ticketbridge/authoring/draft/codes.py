"""Records that are several tickets: a line of an order with a quantity, and a code for each ticket."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ticketbridge.authoring.draft.platform_words import key_words, singular
from ticketbridge.authoring.draft.sample_values import ABSENT, expression, value_at

_QUANTITY = ("quantity", "qty", "count", "number_of_tickets", "cantidad")


@dataclass(frozen=True, slots=True)
class CodeList:
    """The expression of a list of codes, a name for one, and those of each record."""

    text: str
    name: str
    why: str
    codes: tuple[list[Any], ...] = field(repr=False)


def quantity_key(scopes: Sequence[Mapping[str, Any]], record: str) -> str | None:
    """The key by which a record says that it is several tickets, where one does."""
    for key in _QUANTITY:
        numbers = [value_at(scope[record], (key,)) for scope in scopes]
        if any(isinstance(n, int) and not isinstance(n, bool) and n > 1 for n in numbers):
            return key
    return None


def code_list(scopes: Sequence[Mapping[str, Any]], record: str) -> CodeList | None:
    """The list that has as many different texts as the record has tickets, in all records that have it."""
    quantity = quantity_key(scopes, record)
    if quantity is None or not all(isinstance(scope[record], dict) for scope in scopes):
        return None
    numbers = [value_at(scope[record], (quantity,)) for scope in scopes]
    for text, key, found in _text_lists(scopes, record):
        given = [(codes, n) for codes, n in zip(found, numbers, strict=True) if codes]
        every = [code for codes, _ in given for code in codes]
        if given and all(len(codes) == n for codes, n in given) and len(set(every)) == len(every):
            why = f"as many as `{quantity}` says"
            return CodeList(text, singular(key), why, tuple(codes or [] for codes in found))
    return None


def _text_lists(
    scopes: Sequence[Mapping[str, Any]], record: str
) -> Iterator[tuple[str, str, list[Any]]]:
    """The lists of texts in the records: those of a key, and those in lists of key and value."""
    items = [scope[record] for scope in scopes]
    for key in dict.fromkeys(key for item in items for key in item):
        plain = [value_at(item, (key,)) for item in items]
        if _are_texts(plain):
            yield f"as_list(optional({expression(record, (key,))}))", key, _lists(plain)
        for name in dict.fromkeys(p["key"] for value in plain for p in _pairs(value)):
            valued = [
                next((p["value"] for p in _pairs(v) if p["key"] == name), None) for v in plain
            ]
            if _are_texts(valued) and key_words(name) and "'" not in name and "\\" not in name:
                list_text = expression(record, (key,))
                yield f"as_list(lookup({list_text}, 'key', '{name}').value)", name, _lists(valued)


def _pairs(value: Any) -> list[Any]:
    items = value if isinstance(value, list) else []
    found = [i for i in items if isinstance(i, dict) and {"key", "value"} <= i.keys()]
    return [pair for pair in found if isinstance(pair["key"], str)]


def _are_texts(values: Sequence[Any]) -> bool:
    found = [value for value in values if value is not ABSENT and value is not None and value != []]
    lists = all(isinstance(v, list) and all(isinstance(t, str) for t in v) for v in found)
    return bool(found) and lists


def _lists(values: Sequence[Any]) -> list[Any]:
    return [value if isinstance(value, list) else [] for value in values]
