"""SOAP 1.1 and 1.2: an answer that says that something failed, whatever its status."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

_FAULT = ("Envelope", "Body", "Fault")


def has_fault(body: Any) -> bool:
    """Whether the XML document *body* is an envelope with a fault; its prefixes are dropped already."""
    found: list[Any] = [body]
    for name in _FAULT:
        found = [inner for each in found for inner in _children(each, name)]
    return bool(found)


def _children(element: Any, name: str) -> Iterator[Any]:
    """The children of that name; a mapping may call them a list, or the platform have sent several."""
    if isinstance(element, dict) and name in element:
        child = element[name]
        yield from child if isinstance(child, list) else [child]
