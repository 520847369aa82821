"""A tree without the parts that were reported."""

from __future__ import annotations

from dataclasses import dataclass, field

from ticketbridge.mapping.nodes import Broken, ListNode, MapNode, Node, Path, Scalar


@dataclass(frozen=True, slots=True)
class Repairs:
    """What was wrong: *broken* values, keys to be *dropped*, and keys to be *added* as broken."""

    broken: set[Path] = field(default_factory=set)
    dropped: set[Path] = field(default_factory=set)
    added: dict[Path, set[str]] = field(default_factory=dict)

    def add(self, path: Path, name: str) -> None:
        """*name* belongs to the mapping at *path*, and its absence was reported."""
        self.added.setdefault(path, set()).add(name)

    def explains(self, path: Path, name: str) -> bool:
        """Whether the absence of *name* was reported."""
        return name in self.added.get(path, ())


def repair(node: Node, repairs: Repairs, path: Path = ()) -> Node:
    """*node* with Broken values where something was wrong or missing."""
    if path in repairs.broken:
        return Broken(node.place)
    if isinstance(node, ListNode):
        entries = (repair(entry, repairs, (*path, i)) for i, entry in enumerate(node.entries))
        return ListNode(node.place, tuple(entries), node.source)
    if isinstance(node, MapNode):
        return MapNode(node.place, _entries(node, repairs, path), node.source)
    return node


def _entries(node: MapNode, repairs: Repairs, path: Path) -> dict[str, tuple[Scalar, Node]]:
    kept = {
        name: (key, repair(value, repairs, (*path, name)))
        for name, (key, value) in node.entries.items()
        if (*path, name) not in repairs.dropped
    }
    missing = sorted(repairs.added.get(path, set()) - kept.keys())
    return kept | {name: (Scalar(node.place, name), Broken(node.place)) for name in missing}
