"""`source`: calls and bindings, outermost first."""

from __future__ import annotations

from typing import Literal, cast

from ticketbridge.mapping.builders.calls import CallBuilder
from ticketbridge.mapping.builders.context import Context, expression, text_of
from ticketbridge.mapping.findings import Place
from ticketbridge.mapping.nodes import MapNode, Node
from ticketbridge.mapping.spec import AuthSpec, BindingSpec, EntrySpec

RESERVED = frozenset({"user", "body", "status", "headers", "page", "tickets"})


def build_source(node: Node, auth: AuthSpec, context: Context) -> tuple[EntrySpec, ...]:
    """The entries that *node* declares; those that are broken are left out."""
    entries: list[EntrySpec] = []
    taken: dict[str, Place] = {}
    looped = False
    for item in node.items:
        if not isinstance(item, MapNode):
            continue
        _check_name(item, taken, context)
        entries.append(_build_entry(item, auth, context, looped=looped))
        looped = looped or _loops(entries[-1])
    return tuple(entries)


def _build_entry(node: MapNode, auth: AuthSpec, context: Context, *, looped: bool) -> EntrySpec:
    if node.get("get") is None and node.get("post") is None:
        return _build_binding(node, context)
    return CallBuilder(node, auth, context, looped=looped).build()


def _build_binding(node: MapNode, context: Context) -> BindingSpec:
    kinds = [key for key in ("take", "each") if node.get(key) is not None]
    if not kinds:
        message = "an entry without a call needs `take` or `each`"
        context.report.error(node.place, "TB061", message, "for example each: order.items")
    if all(map(node.has, ("take", "each"))):
        message = "an entry binds with `take` or `each`, not both"
        context.report.error(node.key_place(kinds[1]), "TB061", message, "keep one of them")
    kind = cast("Literal['take', 'each']", kinds[0] if kinds else "take")
    return BindingSpec(text_of(node.need("name")), kind, expression(node.need(kind)), node.place)


def _check_name(node: MapNode, taken: dict[str, Place], context: Context) -> None:
    name, place = text_of(node.need("name")), node.need("name").place
    if name in RESERVED:
        message = f"`{name}` is a name of the language"
        context.report.error(place, "TB060", message, f"not free: {', '.join(sorted(RESERVED))}")
    elif name and name in taken:
        message = f"`{name}` is the name of an entry above, on line {taken[name].line}"
        context.report.error(place, "TB060", message, "give each entry a name of its own")
    taken.setdefault(name, place)


def _loops(entry: EntrySpec) -> bool:
    """Whether what stands below *entry* runs more than once."""
    if isinstance(entry, BindingSpec):
        return entry.kind == "each"
    paged_take = entry.pages is not None and entry.result.kind == "take"
    return entry.result.kind == "each" or paged_take
