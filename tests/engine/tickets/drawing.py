"""Mappings and answers of platforms, drawn: each a little different from all before."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path
from typing import Any

USER = "kim@example.com"
EVENTS = [{"id": "e1", "name": "One"}, {"id": 2, "name": "Two"}]


def write_schemas(folder: Path) -> None:
    """Write the schemas that drawn mappings name."""
    for name, (_, schema) in OWN.items():
        (folder / name).write_text(json.dumps(schema), "utf-8")


def _list_of(properties: Mapping[str, Any], *, closed: bool = False) -> dict[str, Any]:
    return {
        "type": "array",
        "items": {
            "type": "object",
            "required": ["ticketId"],
            "properties": properties,
            **({"additionalProperties": False} if closed else {}),
        },
    }


_TEXT = {"type": "string"}
_PRICE = {"type": "number", "minimum": 0}
_LEAN = {"ticketId": _TEXT, "price": {**_PRICE, "multipleOf": 0.01}, "tags": {"type": "array"}}
OWN: Mapping[str, tuple[str, dict[str, Any]]] = {
    "integer.json": ("tickets", _list_of({"ticketId": {"type": "integer"}, "status": _TEXT})),
    "lean.json": ("tickets", _list_of(_LEAN, closed=True)),
    "loose.json": ("tickets", _list_of({"ticketId": {}, "priceTypeId": {"type": "boolean"}})),
    "reshaped.json": (
        "tickets[*].{code: ticketId, state: status, cents: price}",
        {"type": "array"},
    ),
}
"""The name of each own schema, with its body and the schema."""

# --- mappings -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Source:
    """The entries of `source`, and the *names* of its levels, from the outermost in.

    A value has those of the next level in its list `kids`, and one of them as `one`; what the call
    `/kids/{key}` gives for it is the same list.
    """

    names: Sequence[str]
    entries: Sequence[Mapping[str, Any]]


def _call(name: str, path: str = "/orders", **more: Any) -> dict[str, Any]:
    return {"name": name, "get": path, "query": {"email": "{user}"}, **more}


def _each(name: str, above: str) -> dict[str, Any]:
    return {"name": name, "each": f"{above}.kids"}


_ORDER = _call("order", each="body.kids")
_EVENTS = {"name": "events", "get": "/events", "collect": "body"}
_KIDS = {"name": "item", "get": "/kids/{order.key}", "each": "body.kids"}
SOURCES = [
    Source(["order"], [_ORDER]),
    Source(["order", "item"], [_ORDER, _each("item", "order")]),
    Source(["order", "item"], [_ORDER, _KIDS]),
    Source(["order", "item", "seat"], [_ORDER, _each("item", "order"), _each("seat", "item")]),
    Source(["order", "item", "seat"], [_ORDER, _KIDS, _each("seat", "item")]),
    Source(
        ["order", "group", "item"],
        [_EVENTS, _ORDER, {"name": "group", "take": "order.one"}, _each("item", "group")],
    ),
    Source(["root", "order"], [_call("root", take="body"), _each("order", "root")]),
    Source(
        ["order", "item", "seat"], [_ORDER, _KIDS, {"name": "seat", "take": "item.one"}]
    ),
]  # fmt: skip

_STATES = [
    {"PAID": "VALID", "1": "VALID", "true": "VALID", "OLD": "USED", "GONE": "REFUNDED"},
    {"PAID": "VALID", "OLD": "VALID", "GONE": "REFUNDED", "1.5": "VALID", "[]": "VALID"},
    {"PAID": "VALID", "1": "USED", "None": "VALID", "True": "VALID", "": "VOID", "{}": "VALID"},
]


@dataclass(frozen=True)
class Drawn:
    """One mapping, as *changes* of the tests' own."""

    source: Source
    changes: Mapping[str, Any]

    def answers(self, rng: random.Random, number: int) -> Iterator[dict[str, Any]]:
        """What the platform says to each call, so many times over."""
        read = set(re.findall(r"[a-z]+", json.dumps(self.changes)))
        for _ in range(number):
            yield _Platform(rng, read).replies(self.source)


def drawn(rng: random.Random) -> Drawn:
    """A mapping that compiles."""
    source = rng.choice(SOURCES)
    last = source.names[-1]

    def at(*texts: str) -> str:
        """One of the texts, with each `L` a level, and each `I` the innermost."""
        text = rng.choice(texts)
        return text.replace("L.", f"{rng.choice(source.names)}.").replace("I.", f"{last}.")

    own = rng.choice([*[None] * 5, *OWN])
    marks = own != "lean.json" and rng.random() < 0.1
    changes = {
        "source": source.entries,
        "ticket": {
            "owner": at(
                "L.mail", "L.mail", "L.mail", "default(optional(L.who).mail, L.mail)", "upstream"
            ),
            "status": _status(rng, at),
            "not_eligible_when": _conditions(rng, at),
            "fields": _fields(rng, at, own, with_events="group" in source.names),
            "on_violation": rng.choice(["fail", "omit"]),
            "ineligible": "mark" if marks else "omit",
        },
        "response.when_empty": rng.choice([200, 204]),
    }
    if own is not None:
        changes |= {"response.schema": own, "response.body": OWN[own][0]}
    return Drawn(source, changes)


At = Callable[..., str]


def _status(rng: random.Random, at: At) -> Any:
    """Up to two tables; each has keys that a value of another type could be taken for."""
    tables = [
        {"from": at("L.state", "L.state", "default(optional(L.note), L.state)"), "values": values}
        for values in rng.sample(_STATES, rng.choice([0, 1, 1, 2]))
    ]
    return tables or {"const": "VALID"}


def _conditions(rng: random.Random, at: At) -> dict[str, str]:
    texts = {
        "sold": at("L.sold", "L.sold == `true`", "optional(L.sold) || `false`"),
        "late": at("date(L.at) < now()"),
        "noted": at("optional(L.note) != `null`"),
        "dear": at("L.price > `100`", "contains(L.words, 'x')", "L.any == `1`"),
    }
    return {name: texts[name] for name in rng.sample(sorted(texts), rng.choice([0, 1, 1, 2]))}


def _fields(rng: random.Random, at: At, own: str | None, *, with_events: bool) -> dict[str, Any]:
    def one(*choices: Any) -> Any:
        return rng.choice(choices)

    ids = at("I.id", "I.id", "I.id", "I.id", "I.id", "I.id", "optional(I.id)", "L.id")
    price = at(
        "L.price",
        "L.price",
        "L.price",
        "L.price",
        "multiply(L.price, `0.1`)",
        "minor_units(L.cents, 'EUR')",
    )
    both = at("join('-', [to_string(I.id), to_string(L.zone)])")
    needed: dict[str, Any] = {
        "ticketId": ids if own == "integer.json" else one(ids, ids, both),
        "externalReferenceEventId": one(at("L.event"), {"const": "fest"}),
        "showId": at("default(L.show, L.event)", "L.event"),
        "ticketOptionId": one(
            at("L.zone"),
            {"from": at("L.zone"), "values": {"A": "a", "1": "one", "1.5": "half", "": "none"}},
            {"from": at("L.zone"), "values": {"A": "a"}, "else": "other"},
        ),
        "price": one(*[price] * 5, {"const": 10}, {"const": 12.5},
                     {"from": at("L.zone"), "values": {"A": 10, "true": 12.5}, "else": 1}),
        "currency": one({"const": "EUR"}, at("upper(L.cur)")),
    }  # fmt: skip
    optional: dict[str, Any] = {
        "priceTypeId": {"from": at("L.kind"), "values": {"E": "early", "L": None}, "else": None},
        "buyer": at("optional(L.note)", "L.mail", "optional(L.who).mail"),
        "tags": one(at("L.words"), {"zone": at("L.zone"), "kind": at("optional(L.kind)"),
                                    "fixed": {"const": "x"}}),
        "props": {
            "seating": {"row": at("optional(L.row)"), "seat": {"const": "1"}},
            "urls": at("optional(L.urls)"),
            "more": at("L.any"),
            "same": {"const": one(1, 1.0, True, "1", False, 0)},
            **({"event": at("lookup(events, 'id', L.event).name")} if with_events else {}),
        },
        "nominalTicket": {"fullName": at("optional(L.kind)")},
        "metadata": at("optional(L.urls)"),
    }  # fmt: skip
    if own is None:
        kept = rng.sample(sorted(optional), rng.choice([0, 1, 2, 3]))
        return needed | {name: optional[name] for name in sorted(kept)}
    if own == "lean.json":
        return {name: needed[name] for name in ("ticketId", "price")} | {"tags": at("L.words")}
    free = {"priceTypeId": at("L.sold"), "buyer": at("L.any")} if own == "loose.json" else {}
    return needed | free


# --- answers --------------------------------------------------------------------------------------

_ODD: Sequence[Any] = [
    None,
    "",
    0,
    -1,
    1.5,
    True,
    [],
    {},
    [None],
    "?",
    "\ufffd",
    "a\nb",
    "x" * 300,
    2**70,
    0.1,
]
_ODD_FOR: Mapping[str, Sequence[Any]] = {
    "mail": ["\u212aim@example.com", "\u212aIM@example.com", f"{USER} ", [USER], {"mail": USER}],
    "state": ["[]", "None", "True", "1.5", 1.5, "paid", "{}", 0],
    "sold": ["false", 0, 1, "0"],
    "price": [1e70, -1e70, 1e62, 1e300, 10**61, -(10**61), 5e-324, 0.1 + 0.2, -0.0, "1e5", "1" * 70, "-1"],
    "zone": [1.5, 1e17, "1.5", "[]", True],
    "id": [1e70, 2**63, 7.0, 0.5, "7", True, 10**61],
    "cur": ["\u212a", "e\u0131r", "EUR\n", "eu\u017f"],
    "any": [1e70, 0.1, [1e70], {"a": None, "b": [1e17, True, 1]}, {"a": -0.0}],
    "words": [["a:b", "a:b"], ["x"], [1], "a:b", [None]],
    "at": ["2027-01-01", "", 1700000000, "never"],
    "kids": [{}, "", {"a": 1}, "text", None, 0],
    **{key: ["", "", 1.5, 0, {}] for key in ("kind", "row", "note", "show")},
}  # fmt: skip
"""Values that a platform should not send, by their key; and those that it may send for any."""
_ODD_ELEMENTS: Sequence[Any] = [None, None, None, 7, "text", [], {}]
_USUAL: Mapping[str, Sequence[Any]] = {
    "mail": [*[USER] * 20, "KIM@Example.com", "Kim@example.com", "\u212aim@example.com", "bea@example.com",
             None, "\u212aIM@example.com", f"{USER} "],
    "state": [*["PAID"] * 12, 1, True, "OLD", "GONE"],
    "sold": [*[False] * 8, True],
    "at": [*["2027-01-01T00:00:00Z"] * 8, "2027-01-01T10:00:00Z", "2020-01-01T00:00:00Z"],
    "event": ["e1", "e1", 2],
    "show": ["s1", None, 7],
    "zone": [*["A"] * 8, "1", 1],
    "price": [10, 10.0, 12.5, 0, "12.50", "7", 2**60, 1e17, 123456789012345680, 19.99, 0.07],
    "cents": [100, 1999, "50"],
    "cur": ["eur", "JPY", "EUR"],
    "kind": ["E", "L", "Z", None],
    "words": [["a:b"], ["a:b"], [], ["a:b", "c:x"]],
    "any": [1, True, 1.0, "1", 0, False, None, [1, 2.0], {"a": 1.0}, 2**70, 1e17],
}  # fmt: skip
_MAYBE: Mapping[str, Sequence[Any]] = {
    "who": [*[{"mail": USER}] * 9, {"mail": "bea@example.com"}],
    "note": ["PAID", "PAID", "bea@example.com", None],
    "row": [7, "07", None, ""],
    "urls": [{"a": "b"}, {"a": None}, {}],
}


class _Platform:
    """An answer made by *rng*: as it should be, or odd in one place or two of those that are *read*."""

    def __init__(self, rng: random.Random, read: AbstractSet[str]) -> None:
        self._rng = rng
        self._read = read
        self._ids = rng.choice([*[range(10**9)] * 7, range(6)])
        self._keys = 0
        self._calls: dict[str, Any] = {"/events": EVENTS}
        self._places: list[tuple[Any, Any]] = []

    def replies(self, source: Source) -> dict[str, Any]:
        """What is said to each call of *source*, by its path."""
        names = source.names[1:] if source.names[0] == "root" else source.names
        self._calls["/orders"] = self._node(names)
        for _ in range(self._rng.choice([0, 0, 0, 1, 1, 2])):
            keys = [key for _, key in self._places]
            key = self._rng.choice(sorted(set(keys), key=str))
            self._spoil(*self._rng.choice([place for place in self._places if place[1] == key]))
        return self._calls

    def _node(self, below: Sequence[str]) -> dict[str, Any]:
        """A value of some level, with those of the next in its list, as its one and by its call."""
        rng = self._rng
        made = {name: rng.choice(usual) for name, usual in _USUAL.items()}
        made |= {name: rng.choice(some) for name, some in _MAYBE.items() if rng.random() < 0.3}
        number = rng.choice(self._ids)
        made["id"] = rng.choice([number, number, str(number)])
        if below:
            kids = [self._node(below[1:]) for _ in range(rng.choice([0, 1, 1, 1, 2, 2, 3]))]
            made |= {"kids": kids, "one": self._node(below[1:])}
            self._keys += 1
            self._calls[f"/kids/{self._keys}"] = {"kids": kids}
            self._places += [(kids, 0)] if kids else []
        self._places += [(made, name) for name in made if name in self._read]
        made["key"] = self._keys
        return made

    def _spoil(self, holder: Any, key: Any) -> None:
        """Make what is in *holder* at *key* odd, or take it out; of a list make one element odd."""
        rng = self._rng
        if isinstance(holder, list):
            holder[rng.randrange(len(holder))] = rng.choice(_ODD_ELEMENTS)
        elif rng.random() < 0.15:
            holder.pop(key, None)
        else:
            holder[key] = rng.choice(
                _ODD_FOR[key] if key in _ODD_FOR and rng.random() < 0.8 else _ODD
            )
