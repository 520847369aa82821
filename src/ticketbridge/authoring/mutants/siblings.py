"""Which key of the platform's objects is easily taken for another: what the answers of cases tell."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ticketbridge.jmes import EvaluationError, compile_expression, nodes
from ticketbridge.jmes.writing import text_of
from ticketbridge.mapping.compiler import Scope


def sibling(before: nodes.Node, name: str, scopes: Sequence[Scope]) -> str | None:
    """The key most like *name* of those beside it with values of its type, or None.

    The objects are those that *before* gives in *scopes*.
    """
    if not scopes:
        return None
    like: dict[str, None] = {}
    for thing in _objects(before, name, scopes):
        kind = type(thing[name])
        like |= {key: None for key in thing if key != name and type(thing[key]) is kind}
    return max(like, key=lambda key: _likeness(name, key), default=None)


def _likeness(one: str, other: str) -> float:
    return difflib.SequenceMatcher(None, one, other).ratio()


def _objects(before: nodes.Node, name: str, scopes: Sequence[Scope]) -> Iterator[Mapping[str, Any]]:
    """The objects with the key *name*, each once."""
    seen: set[int] = set()
    expression = compile_expression(text_of(before), roots=scopes[0].keys())
    for scope in scopes:
        try:
            value = expression(scope)
        except EvaluationError:
            continue
        if isinstance(value, Mapping) and name in value and id(value) not in seen:
            seen.add(id(value))
            yield value
