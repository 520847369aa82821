"""Another value at a key of the mapping's text: nothing else in the file changes, and comments stay."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from ticketbridge.mapping.findings import Report
from ticketbridge.mapping.loader import BOM
from ticketbridge.mapping.places import LINE_BREAK
from ticketbridge.mapping.yaml_nodes import ListNode, MapNode, Node
from ticketbridge.mapping.yaml_reader import read_yaml
from ticketbridge.workbench.cases.value_text import write_block, write_flow, write_scalar
from ticketbridge.workbench.cases.yaml_edit import find_span

Value = str | Mapping[str, str]
KeyPath = Sequence[str | int]

_BODY = re.compile(r"\bbody\b")
_GUESS = re.compile(r"[ \t]+#[ \t]*(?:sure|likely|unsure|TODO)\b[^\n]*")
"""What `draft` says of a guess, which holds no more once somebody has chosen."""


class EditError(Exception):
    """The text cannot be changed there; the message says why."""


def set_value(text: str, path: KeyPath, value: Value) -> str:
    """Return *text* with *value* at *path*, a new key where it is not there yet. Raises EditError."""
    bom, text = text[: len(text) - len(text.removeprefix(BOM))], text.removeprefix(BOM)
    report = Report()
    node = read_yaml(text, "", report)
    if report.findings:
        raise EditError(f"mend the file first: {report.findings[0]}")
    for depth, key in enumerate(path):
        inner = _find_member(node, key)
        if inner is None:
            return bom + _insert(text, node, path[depth:], value)
        node = inner
    return bom + _replace(text, node, path, value)


def insert_entry(text: str, number: int, lines: Sequence[str]) -> str:
    """Return *text* with an entry of *lines* in `source`, behind that of *number*. Raises EditError."""
    node: Node | None = read_yaml(text.removeprefix(BOM), "", Report()).get("source")
    if node is None or number >= len(node.items):
        raise EditError("there is no `source` to add an entry to")
    entry = node.items[number]
    if _starts_in_brackets(text, node):
        raise EditError("`source` stands in brackets: write it line by line first")
    end = _find_line_end(text, find_span(text, entry)[1])
    indent = " " * (entry.place.column - 3)
    first, *others = lines
    made = [f"{indent}- {first}", *(f"{indent}  {line}" for line in others)]
    return text[:end] + "".join(f"\n{line}" for line in made) + text[end:]


def split_call(text: str, number: int, whole: str) -> str:
    """Return *text* with the call of that *number* binding its answer as *whole*, and what it bound below.

    Raises EditError.
    """
    entry = _find_member(read_yaml(text.removeprefix(BOM), "", Report()).need("source"), number)
    kind = next((each for each in ("each", "take") if entry and entry.has(each)), "")
    if entry is None or not kind:
        raise EditError("the call binds its whole answer already")
    name, result = str(entry.need("name").plain()), str(entry.need(kind).plain())
    made = insert_entry(text, number, [f"name: {name}", f"{kind}: {_BODY.sub(whole, result)}"])
    made = set_value(made, ["source", number, kind], "body")
    made = _rename_key(made, ["source", number], kind, "take")
    made = set_value(made, ["source", number, "name"], whole)
    paged = entry.has("pages")
    return set_value(made, ["source", number, "pages", "items"], result) if paged else made


def _rename_key(text: str, path: KeyPath, key: str, other: str) -> str:
    pairs = _find_node(text, path).pairs
    start, end = find_span(text, next(each for each, _ in pairs if each.value == key))
    return text[:start] + other + text[end:]


def _find_node(text: str, path: KeyPath) -> Node:
    """Return the node at *path*, as far as it is there."""
    node = read_yaml(text.removeprefix(BOM), "", Report())
    for step in path:
        node = _find_member(node, step) or node
    return node


def _find_member(node: Node, key: str | int) -> Node | None:
    if isinstance(key, int):
        return node.items[key] if key < len(node.items) else None
    return node.get(key)


def _replace(text: str, node: Node, path: KeyPath, value: Value) -> str:
    start, end = find_span(text, node)
    if isinstance(value, str) and not isinstance(node, MapNode | ListNode):
        written = write_expression(value, flow=_is_in_brackets(text, start))
        line_end = _find_line_end(text, end)
        rest = _GUESS.sub("", text[end:line_end])
        return text[:start] + written + rest + text[line_end:]
    if isinstance(value, str):
        return text[:start].rstrip() + f" {write_expression(value, flow=False)}" + text[end:]
    if isinstance(node, MapNode) and not _starts_in_brackets(text, node):
        return _replace_members(text, node, path, value)
    return text[:start] + write_flow(dict(value)) + text[end:]


def _replace_members(text: str, node: MapNode, path: KeyPath, value: Mapping[str, str]) -> str:
    """Return *text* with the members of a table changed one by one, each on its line."""
    for name in node.entries.keys() - value.keys():
        text = _remove(text, path, name)
    for name, each in value.items():
        current = node.get(name)
        if current is None or current.plain() != each:
            text = set_value(text, [*path, name], each)
    return text


def _remove(text: str, path: KeyPath, name: str) -> str:
    node = _find_node(text, path)
    if not isinstance(node, MapNode) or len(node.entries) == 1:
        raise EditError("the last word of a table stays: without one nothing is known to be valid")
    key, value = node.entries[name]
    start = text.rfind("\n", 0, find_span(text, key)[0]) + 1
    return text[:start] + text[_find_line_end(text, find_span(text, value)[1]) + 1 :]


def _insert(text: str, node: Node, path: KeyPath, value: Value) -> str:
    """Return *text* with a new member of *node*, which stands below the others."""
    if any(isinstance(key, int) for key in path):
        raise EditError("there is no such entry")
    keys = [str(key) for key in path]
    if not isinstance(node, MapNode) or not node.entries:
        raise EditError(f"`{keys[0]}` cannot be added here: write it by hand")
    start, end = find_span(text, node)
    if text[start] == "{":
        inner = (
            write_expression(value, flow=True)
            if isinstance(value, str)
            else write_flow(dict(value))
        )
        for key in reversed(keys[1:]):
            inner = f"{{{write_scalar(key)}: {inner}}}"
        return f"{text[: end - 1].rstrip()}, {write_scalar(keys[0])}: {inner}{text[end - 1 :]}"
    indent = next(iter(node.entries.values()))[0].place.column - 1
    lines = [f"{' ' * (indent + 2 * at)}{write_scalar(key)}:" for at, key in enumerate(keys)]
    if isinstance(value, str):
        lines[-1] += f" {write_expression(value, flow=False)}"
    else:
        below = " " * (indent + 2 * len(keys))
        lines += [f"{below}{line}" for line in write_block(dict(value))]
    at = _find_line_end(text, end)
    return text[:at] + "".join(f"\n{line}" for line in lines) + text[at:]


def write_expression(expression: str, *, flow: bool) -> str:
    """Return *expression* as a YAML scalar: plain where it is read back as it is."""
    before, after = ("{a: ", "}") if flow else ("a: ", "")
    report = Report()
    node = read_yaml(f"{before}{expression}{after}", "", report).get("a")
    if not report.findings and node is not None and node.plain() == expression:
        return expression
    if "'" in expression and '"' not in expression and "\\" not in expression:
        return f'"{expression}"'
    return "'" + expression.replace("'", "''") + "'"


def _starts_in_brackets(text: str, node: Node) -> bool:
    return text[find_span(text, node)[0]] in "{["


def _is_in_brackets(text: str, offset: int) -> bool:
    """Whether the value at *offset* stands in braces that began on its line."""
    line = text[text.rfind("\n", 0, offset) + 1 : offset]
    return line.count("{") > line.count("}") or line.count("[") > line.count("]")


def _find_line_end(text: str, offset: int) -> int:
    found = LINE_BREAK.search(text, offset)
    return found.start() if found else len(text)
