"""Change a value in a cases file: the text changes only where the value does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ticketbridge.jmes.values import equal
from ticketbridge.mapping.findings import Place
from ticketbridge.mapping.places import LINE_BREAK
from ticketbridge.mapping.yaml_nodes import ListNode, MapNode, Node, Scalar
from ticketbridge.workbench.cases.value_text import is_nested, write_block, write_flow

WIDEST = 110
_DEPTH = {"{": 1, "[": 1, "}": -1, "]": -1}
# What stands in brackets: quoted text, text without quotes (which may have some within), and all else.
_TOKEN = re.compile(
    r"""'(?:[^']|'')*'|"(?:\\.|[^"\\])*"|[^\s,:\[\]{}'"](?:[^,:\[\]{}]|:(?=\S))*|.""", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class _Edit:
    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class _NodePlace:
    """A *node*: the value at *key*, or the entry that begins there; *flow*: it stands in brackets."""

    key: Place
    node: Node
    flow: bool


def replace_value(text: str, key: Place, node: Node, value: Any) -> str:
    """Return *text* with *value* in place of *node*, which stands at *key* of a mapping.

    Unchanged parts keep their text. A text over several lines, or a comment between key and value, may change
    the meaning of the result: read it again and compare.
    """
    edits = _Editor(text).make_edits(_NodePlace(key, node, flow=False), value)
    for edit in sorted(edits, key=lambda edit: edit.start, reverse=True):
        text = text[: edit.start] + edit.text + text[edit.end :]
    return text


def find_span(text: str, node: Node) -> tuple[int, int]:
    """Return where *node* begins and ends in *text*."""
    return _Editor(text).find_span(node)


class _Editor:
    def __init__(self, text: str) -> None:
        self._text = text
        self._starts = [0, *(match.end() for match in LINE_BREAK.finditer(text))]
        self._newline = "\r\n" if "\r\n" in text else "\n"

    def make_edits(self, spot: _NodePlace, value: Any) -> Iterator[_Edit]:
        """Yield the edits that put *value* there; on several lines if one would be too long."""
        if self._is_flow(spot.node) and not self._fits(spot, value):
            yield self._edit_whole(spot, value)
        else:
            yield from self._edit_parts(spot, value)

    def _edit_parts(self, spot: _NodePlace, value: Any) -> Iterator[_Edit]:
        """Yield as few edits as possible that turn the present text into *value*."""
        flow = spot.flow or self._is_flow(spot.node)
        match spot.node:
            case MapNode(entries=entries) if (
                isinstance(value, dict) and entries.keys() == value.keys()
            ):
                for name, (key, member) in entries.items():
                    yield from self._edit_parts(_NodePlace(key.place, member, flow), value[name])
            case ListNode(entries=entries) if isinstance(value, list) and len(entries) == len(
                value
            ):
                for entry, other in zip(entries, value, strict=True):
                    yield from self._edit_parts(_NodePlace(entry.place, entry, flow), other)
            case _ if not equal(spot.node.plain(), value):
                yield self._edit_whole(spot, value)

    def _edit_whole(self, spot: _NodePlace, value: Any) -> _Edit:
        start, end = self._find_offset(spot.node.place), self._find_end(spot.node)
        below = spot.node.place.line > spot.key.line
        if spot.flow or not is_nested(value) or (not below and self._fits(spot, value)):
            if below:
                return _Edit(len(self._text[:start].rstrip()), end, f" {write_flow(value)}")
            return _Edit(start, end, write_flow(value))
        if below or spot.node.place == spot.key:
            return _Edit(start, end, self._write_block(value, spot.node.place.column - 1))
        indent = spot.key.column + 1
        lines = self._newline + " " * indent + self._write_block(value, indent)
        return _Edit(len(self._text[:start].rstrip()), end, lines)

    def _write_block(self, value: Any, indent: int) -> str:
        return (self._newline + " " * indent).join(write_block(value))

    def _fits(self, spot: _NodePlace, value: Any) -> bool:
        return spot.node.place.column + len(write_flow(value)) <= WIDEST

    # --- where a node is ------------------------------------------------------------------------

    def find_span(self, node: Node) -> tuple[int, int]:
        """Return where *node* begins and ends."""
        return self._find_offset(node.place), self._find_end(node)

    def _find_offset(self, place: Place) -> int:
        return self._starts[place.line - 1] + place.column - 1

    def _is_flow(self, node: Node) -> bool:
        return (
            isinstance(node, MapNode | ListNode)
            and self._text[self._find_offset(node.place)] in "{["
        )

    def _find_end(self, node: Node) -> int:
        start = self._find_offset(node.place)
        if isinstance(node, Scalar):
            return self._find_end_of_scalar(node, start)
        if self._is_flow(node):
            return self._find_end_of_brackets(start)
        return max(
            map(self._find_end, (*node.items, *(value for _, value in node.pairs))), default=start
        )

    def _find_end_of_scalar(self, node: Scalar, start: int) -> int:
        if self._text[start : start + 1] in {"'", '"'}:
            return next(_TOKEN.finditer(self._text, start)).end()
        return start + sum(piece.length for piece in node.pieces)

    def _find_end_of_brackets(self, start: int) -> int:
        depth = 0
        tokens = _TOKEN.finditer(self._text, start)
        return next(t.end() for t in tokens if not (depth := depth + _DEPTH.get(t[0], 0)))
