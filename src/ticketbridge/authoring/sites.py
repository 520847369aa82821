"""Each part of a mapping with its name, and how the mapping would be with another in its place."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

from ticketbridge.mapping.findings import Place
from ticketbridge.mapping.keys import name_of
from ticketbridge.mapping.spec import ExpressionSpec, MappingSpec, Secret

Put = Callable[[Any], MappingSpec]

_SECTIONS = ("source", "ticket", "response")
_OPAQUE = (Place, Secret, str, int, float, type(None))
# Members that are no level of the file.
_NO_LEVEL = frozenset(
    {
        ("FormBodySpec", "fields"),
        ("JsonBodySpec", "value"),
        ("NamedField", "field"),
        ("ObjectSpec", "fields"),
        ("ReasonSpec", "expression"),
        ("TemplateSpec", "parts"),
    }
)


@dataclass(frozen=True, slots=True)
class Site:
    """The part *node* of a mapping; *slot* is its dotted name, *put* gives the mapping with another."""

    node: Any
    slot: str
    put: Put


def sites(spec: MappingSpec) -> Iterator[Site]:
    """The parts of `source`, `ticket` and `response`, each before those within it."""
    for section in _SECTIONS:
        part = getattr(spec, section)
        yield from _within(Site(part, section, _member_put(spec, section, lambda whole: whole)))


def _within(site: Site) -> Iterator[Site]:
    yield site
    for label, member, put in _members(site.node, site.put):
        if not isinstance(member, _OPAQUE):
            yield from _within(Site(member, _joined(site.slot, label), put))


def _members(node: Any, put: Put) -> Iterator[tuple[str, Any, Put]]:
    if is_dataclass(node):
        for member in fields(node):
            value = getattr(node, member.name)
            yield _label(node, member.name), value, _member_put(node, member.name, put)
    elif isinstance(node, Mapping):
        for name, value in node.items():
            yield str(name), value, _item_put(node, name, put)
    elif isinstance(node, tuple | list):
        for index, value in enumerate(node):
            yield _position(node, index), value, _entry_put(node, index, put)


def _member_put(node: Any, name: str, put: Put) -> Put:
    return lambda value: put(replace(node, **{name: value}))


def _item_put(node: Mapping[Any, Any], name: Any, put: Put) -> Put:
    return lambda value: put({**node, name: value})


def _entry_put(node: tuple[Any, ...] | list[Any], index: int, put: Put) -> Put:
    return lambda value: put(type(node)((*node[:index], value, *node[index + 1 :])))


def _label(node: Any, name: str) -> str:
    is_level = (type(node).__name__, name) not in _NO_LEVEL
    return name_of(type(node), name) if is_level else ""


def _position(entries: tuple[Any, ...] | list[Any], index: int) -> str:
    """An entry by its name where it has one; by its number where there are several; a hole by neither."""
    if isinstance(entries[index], ExpressionSpec):
        return ""
    name = getattr(entries[index], "name", None)
    if isinstance(name, str):
        return name
    return f"[{index}]" if len(entries) > 1 else ""


def _joined(slot: str, label: str) -> str:
    return f"{slot}.{label}" if label and not label.startswith("[") else f"{slot}{label}"
