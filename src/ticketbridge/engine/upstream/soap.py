"""SOAP 1.1 and 1.2: find an answer that reports a fault, whatever its status."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

_FAULT = ("Envelope", "Body", "Fault")


def has_fault(body: Any) -> bool:
    """Return whether the XML document *body* is an envelope with a fault. Prefixes are already dropped."""
    found: list[Any] = [body]
    for name in _FAULT:
        found = [inner for each in found for inner in _children(each, name)]
    return bool(found)


def _children(element: Any, name: str) -> Iterator[Any]:
    """Yield the children of that name: the mapping may declare a list, or the platform sent several."""
    if isinstance(element, dict) and name in element:
        child = element[name]
        yield from child if isinstance(child, list) else [child]
