"""Keys and values of a cases file, each slip as a finding at its place."""

from __future__ import annotations

from collections.abc import Sequence

from ticketbridge.mapping.findings import Report, did_you_mean
from ticketbridge.mapping.words import found
from ticketbridge.mapping.yaml_nodes import ListNode, MapNode, Node, Scalar


class CaseValues:
    """Reads values and reports what is wrong; a wrong value is replaced by a stand-in."""

    def __init__(self, report: Report) -> None:
        self._report = report

    def report(self, node: Node, code: str, message: str, suggestion: str = "") -> None:
        """Report a finding at *node*."""
        self._report.error(node.place, code, message, suggestion)

    def check_mapping(
        self, node: Node, what: str, legal: Sequence[str], needed: Sequence[str]
    ) -> bool:
        """Whether *node* is a mapping with all *needed* keys; report keys that are missing or not *legal*."""
        if not isinstance(node, MapNode):
            keys = f"legal here: {', '.join(legal)}"
            self.report(node, "TB412", f"{what} should be a mapping, not {found(node)}", keys)
            return False
        for key, _ in node.pairs:
            self._check_key(key, what, legal)
        missing = [name for name in needed if node.get(name) is None]
        for name in missing:
            self.report(node, "TB411", f"`{name}` is missing in {what}")
        return not missing

    def _check_key(self, key: Scalar, what: str, legal: Sequence[str]) -> None:
        name = str(key.value)
        if name not in legal:
            message = f"unknown key `{name}` in {what}"
            self.report(key, "TB410", message, suggest_legal(name, legal))

    def read_list(self, node: Node | None, label: str) -> Sequence[Node]:
        """Return the entries of a list; none if *node* is absent."""
        if node is not None and not isinstance(node, ListNode):
            hint = "begin each entry with `- `"
            self.report(node, "TB412", f"{label} should be a list, not {found(node)}", hint)
        return node.items if node else ()

    def read_pairs(self, node: Node | None, label: str) -> Sequence[tuple[Scalar, Node]]:
        """Return the keys and values of a mapping with free keys; none if *node* is absent."""
        if node is not None and not isinstance(node, MapNode):
            self.report(node, "TB412", f"{label} should be a mapping, not {found(node)}")
        return node.pairs if node else ()

    def read_text(self, node: Node | None, label: str, *, empty: bool = False) -> str:
        """Return the text of *node*; "" if *node* is absent."""
        value = node.plain() if node else ""
        if node and not isinstance(value, str):
            self.report(
                node, "TB412", f"{label} should be text, not {found(node)}", _quote_it(node)
            )
        elif node and not value and not empty:
            self.report(node, "TB415", f"{label} is empty")
        return value if isinstance(value, str) else ""

    def read_whole_number(
        self, node: Node | None, label: str, *, least: int, most: int, default: int = 0
    ) -> int:
        """Return the number of *node*; *default* if *node* is absent."""
        if node is None:
            return default
        value = node.plain()
        if isinstance(value, bool) or not isinstance(value, int):
            message = f"{label} should be a whole number, not {found(node)}"
            self.report(node, "TB412", message, "write it without quotes")
            return default
        if not least <= value <= most:
            self.report(node, "TB414", f"{label} should be from {least} to {most}")
            return default
        return value


def suggest_legal(word: str, legal: Sequence[str]) -> str:
    """Return which of the *legal* words was meant, if that can be told, and all of them."""
    return f"{did_you_mean(word, legal)} legal here: {', '.join(legal)}".strip()


def _quote_it(node: Node) -> str:
    value = node.plain()
    return "quote it" if isinstance(value, bool | int | float) else ""
