"""Each part of a mapping with its name, and a function that replaces the part."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

from ticketbridge.mapping.findings import Place
from ticketbridge.mapping.keys import name_of
from ticketbridge.mapping.spec import ExpressionSpec, MappingSpec, Secret, SignatureAuthSpec

WithNode = Callable[[Any], MappingSpec]

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
        ("SignedValueSpec", "expression"),
        ("TemplateSpec", "parts"),
        ("TextBodySpec", "template"),
        ("XmlBodySpec", "template"),
    }
)


@dataclass(frozen=True, slots=True)
class SpecPart:
    """The part *node* of a mapping; *slot* is its dotted name.

    *with_node* returns the mapping with another node in its place.
    """

    node: Any
    slot: str
    with_node: WithNode


def list_parts(spec: MappingSpec) -> Iterator[SpecPart]:
    """Yield the parts of a signature, `source`, `ticket` and `response`, each before those within it."""
    upstream = spec.upstream
    if isinstance(upstream.auth, SignatureAuthSpec):
        signed = _make_member_change(
            upstream, "auth", lambda changed: replace(spec, upstream=changed)
        )
        yield from _list_within(SpecPart(upstream.auth, "upstream.auth", signed))
    for section in _SECTIONS:
        part = getattr(spec, section)
        yield from _list_within(
            SpecPart(part, section, _make_member_change(spec, section, lambda whole: whole))
        )


def _list_within(part: SpecPart) -> Iterator[SpecPart]:
    yield part
    for label, member, with_node in _list_members(part.node, part.with_node):
        if not isinstance(member, _OPAQUE):
            yield from _list_within(SpecPart(member, _join_slot(part.slot, label), with_node))


def _list_members(node: Any, with_node: WithNode) -> Iterator[tuple[str, Any, WithNode]]:
    if is_dataclass(node):
        for member in fields(node):
            value = getattr(node, member.name)
            yield (
                _find_label(node, member.name),
                value,
                _make_member_change(node, member.name, with_node),
            )
    elif isinstance(node, Mapping):
        for name, value in node.items():
            yield str(name), value, _make_item_change(node, name, with_node)
    elif isinstance(node, tuple | list):  # pragma: no branch - all that has no parts is in _OPAQUE
        for index, value in enumerate(node):
            yield _find_position(node, index), value, _make_entry_change(node, index, with_node)


def _make_member_change(node: Any, name: str, with_node: WithNode) -> WithNode:
    return lambda value: with_node(replace(node, **{name: value}))


def _make_item_change(node: Mapping[Any, Any], name: Any, with_node: WithNode) -> WithNode:
    return lambda value: with_node({**node, name: value})


def _make_entry_change(
    node: tuple[Any, ...] | list[Any], index: int, with_node: WithNode
) -> WithNode:
    return lambda value: with_node(type(node)((*node[:index], value, *node[index + 1 :])))


def _find_label(node: Any, name: str) -> str:
    is_level = (type(node).__name__, name) not in _NO_LEVEL
    return name_of(type(node), name) if is_level else ""


def _find_position(entries: tuple[Any, ...] | list[Any], index: int) -> str:
    """Return the label of a list item: its name, else `[index]` if there are several, else ""."""
    if isinstance(entries[index], ExpressionSpec):
        return ""
    name = getattr(entries[index], "name", None)
    if isinstance(name, str):
        return name
    return f"[{index}]" if len(entries) > 1 else ""


def _join_slot(slot: str, label: str) -> str:
    return f"{slot}.{label}" if label and not label.startswith("[") else f"{slot}{label}"
