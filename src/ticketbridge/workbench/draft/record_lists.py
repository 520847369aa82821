"""Which lists of an answer are the records, and the lists of codes of records that are several tickets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ticketbridge.mapping.spec_source import RESERVED
from ticketbridge.workbench.draft.money import is_currency
from ticketbridge.workbench.draft.platform_words import (
    GENERIC,
    ID_WORDS,
    TICKET_LISTS,
    find_free_name,
    make_singular,
    split_key,
)
from ticketbridge.workbench.draft.sample_values import (
    ABSENT,
    Path,
    find_lists,
    find_value,
    find_values,
    write_path,
)
from ticketbridge.workbench.draft.vocabulary import PRICES
from ticketbridge.workbench.personal.personal_kinds import word_set

_RESERVED = RESERVED | {"true", "false", "null"}
_STATUS = word_set("status state estado situacao statut etat stato zustand staat estat")
_MONEY = frozenset(PRICES)
_KINDS = word_set("type class category zone tier product option release seat row section")


@dataclass(frozen=True, slots=True)
class RecordChain:
    """Lists within lists: the path from each to the next, and all elements of the innermost."""

    paths: tuple[Path, ...]
    items: tuple[Any, ...] = field(repr=False)
    score: float


def find_best_chain(documents: Sequence[Any]) -> RecordChain | None:
    """Return the chain whose innermost elements look most like tickets; None if no list has objects."""
    found: dict[tuple[Path, ...], list[Any]] = {}
    for document in documents:
        for paths, items in _find_chains(document):
            found.setdefault(paths, []).extend(items)
    scores = {paths: _score_chain(paths, items) for paths, items in found.items()}
    chains = [
        RecordChain(paths, tuple(items), scores[paths] - _measure_parts(paths, scores))
        for paths, items in found.items()
    ]
    return max(chains, key=lambda chain: (chain.score, len(chain.paths)), default=None)


_PARTS = 8.0
"""How much a list within a list must look like tickets, so that what is around it is rather an order."""


def _measure_parts(paths: tuple[Path, ...], scores: Mapping[tuple[Path, ...], float]) -> float:
    """Return by how much a list looks less like tickets, as its elements have a list that looks like them."""
    inner = [
        score
        for other, score in scores.items()
        if len(other) > len(paths) and other[: len(paths)] == paths
    ]
    return 2.0 if max(inner, default=0.0) >= _PARTS else 0.0


def _find_chains(
    value: Any, above: tuple[Path, ...] = ()
) -> Iterator[tuple[tuple[Path, ...], list[Any]]]:
    for path, items in find_lists(value):
        objects = [item for item in items if isinstance(item, dict)]
        if objects and len(objects) == len(items):
            yield (*above, path), objects
            for item in objects:
                yield from _find_chains(item, (*above, path))


def _score_chain(paths: tuple[Path, ...], items: Sequence[Mapping[str, Any]]) -> float:
    """Return how much the elements, and the name of their list, look like tickets."""
    name = make_singular(paths[-1][-1]) if paths[-1] else ""
    words = name.split("_")
    named = max((TICKET_LISTS[word] for word in words if word in TICKET_LISTS), default=0.0)
    if TICKET_LISTS.get(words[-1], 0.0) < 0:
        named = TICKET_LISTS[words[-1]]
    keys = [split_key(key) for key in items[0]]
    lasts = {key[-1] for key in keys if key}
    every = {word for key in keys for word in key}
    has_id = not lasts.isdisjoint(ID_WORDS)
    return (
        named
        + 2.0 * has_id
        + 2.0 * (not lasts.isdisjoint(_STATUS))
        + 1.5 * (not every.isdisjoint(_MONEY))
        + 1.5 * (not every.isdisjoint(_KINDS))
        + 1.0 * ("event" in every or "show" in every)
        + 0.5 * any(is_currency(value) for value in items[0].values())
        + (0.6 * len(paths) if has_id else -2.0)
    )


def make_level_names(chain: RecordChain, first: str, taken: Sequence[str]) -> list[str]:
    """Return a name for each list of *chain*; *first* if the outermost has none of its own."""
    names: list[str] = []
    for number, path in enumerate(chain.paths):
        own = make_singular(path[-1]) if path else ""
        said = not own or (number == 0 and path[-1].lower() in GENERIC)
        name = (first or _find_kind_name(chain) or "record") if said else own
        names.append(make_free_name(name, [*taken, *names]))
    return names


def make_free_name(name: str, taken: Sequence[str]) -> str:
    """Return *name*, or one like it that is free."""
    return find_free_name(make_plain_name(name) or "record", {*_RESERVED, *taken})


def make_plain_name(name: str) -> str:
    """Return *name* with legal characters only, or "": small letters first, then digits and `_` too."""
    plain = "".join(c for c in name.lower() if c.isascii() and (c.isalnum() or c == "_"))
    return plain.strip("_").lstrip("0123456789_")


def _find_kind_name(chain: RecordChain) -> str:
    """Return what an element says that it is, such as `"object": "issued_ticket"`, or ""."""
    first = chain.items[0] if len(chain.paths) == 1 else {}
    said = next((first[key] for key in ("object", "_type", "type", "kind") if key in first), "")
    return said if isinstance(said, str) and said.isidentifier() else ""


# --- codes of tickets -----------------------------------------------------------------------------


_QUANTITY = ("quantity", "qty", "count", "number_of_tickets", "cantidad")


@dataclass(frozen=True, slots=True)
class CodeList:
    """The expression of a list of codes, a name for one, and the codes of each record."""

    text: str
    name: str
    why: str
    codes: tuple[list[Any], ...] = field(repr=False)


def find_code_list(scopes: Sequence[Mapping[str, Any]], record: str) -> CodeList | None:
    """Return the list with as many different texts as the record has tickets, or None."""
    records = [scope[record] for scope in scopes]
    quantity = next((key for key in _QUANTITY if any(_are_several(r, key) for r in records)), None)
    if quantity is None or not all(isinstance(item, dict) for item in records):
        return None
    numbers = find_values(records, (quantity,))
    for text, key, found in _find_text_lists(records, record):
        given = [(codes, n) for codes, n in zip(found, numbers, strict=True) if codes]
        every = [code for codes, _ in given for code in codes]
        if given and all(len(codes) == n for codes, n in given) and len(set(every)) == len(every):
            why = f"as many as `{quantity}` says"
            return CodeList(text, make_singular(key), why, tuple(found))
    return None


def _are_several(record: Any, key: str) -> bool:
    """Whether a record says by *key* that it is several tickets."""
    number = find_value(record, (key,))
    return isinstance(number, int) and not isinstance(number, bool) and number > 1


def _find_text_lists(
    records: Sequence[Mapping[str, Any]], name: str
) -> Iterator[tuple[str, str, list[Any]]]:
    """Yield the lists of texts in the records: of a key, and in lists of key and value."""
    for key in dict.fromkeys(key for record in records for key in record):
        path = write_path(name, (key,))
        plain = find_values(records, (key,))
        if _are_texts(plain):
            yield f"as_list(optional({path}))", key, _replace_missing(plain)
        pairs = [*map(_list_named_pairs, plain)]
        for own in dict.fromkeys(pair["key"] for several in pairs for pair in several):
            valued = [next((p["value"] for p in ps if p["key"] == own), None) for ps in pairs]
            if _are_texts(valued) and split_key(own) and "'" not in own and "\\" not in own:
                text = f"as_list(lookup({path}, 'key', '{own}').value)"
                yield text, own, _replace_missing(valued)


def _list_named_pairs(value: Any) -> list[Any]:
    items = value if isinstance(value, list) else []
    found = [i for i in items if isinstance(i, dict) and {"key", "value"} <= i.keys()]
    return [pair for pair in found if isinstance(pair["key"], str)]


def _are_texts(values: Sequence[Any]) -> bool:
    found = [value for value in values if value is not ABSENT and value is not None and value != []]
    lists = all(isinstance(v, list) and all(isinstance(t, str) for t in v) for v in found)
    return bool(found) and lists


def _replace_missing(values: Sequence[Any]) -> list[Any]:
    return [value if isinstance(value, list) else [] for value in values]
