"""Where in the mapping a cursor stands, told from lines that need not be legal YAML yet."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_LINE = re.compile(
    r"(?P<indent> *)(?P<dashes>(?:- +|-$)*)(?:(?P<key>[\w$@.-]+|\"[^\"]*\")\s*:(?:\s+|$))?"
)
_NAME = re.compile(r"[ {,-]*name: *(?P<name>[a-z][a-z0-9_]*)")
ITEM = "-"


@dataclass(frozen=True, slots=True)
class CursorContext:
    """*path* has keys, and `-` for an entry of a list. *is_key*: a key is due, else the value of the last.

    *before* is what stands before the cursor of that key or value. *names* are the entries above, *entry* is
    the name of the entry that the cursor is in, or "".
    """

    path: tuple[str, ...]
    is_key: bool
    before: str
    names: tuple[str, ...] = ()
    entry: str = ""


@dataclass(frozen=True, slots=True)
class _Token:
    indent: int
    key: str


def find_context(text: str, offset: int) -> CursorContext:
    """Return where the character at *offset* of *text* stands."""
    lines = text[:offset].split("\n")
    tokens, rest = _split_line(lines[-1])
    key_due = not tokens or tokens[-1].key == ITEM
    path = _find_path(lines[:-1], tokens, len(lines[-1]) - len(lines[-1].lstrip(" ")))
    if not key_due or rest[:1] in {"{", "["}:
        path, key_due, rest = _enter_brackets(path, rest)
    names, entry = _find_names(text, lines, path)
    return CursorContext(path, key_due, rest, names, entry)


def _split_line(line: str) -> tuple[list[_Token], str]:
    """Return the dashes and the key that *line* begins with, and what follows them."""
    found = _LINE.match(line)
    if found is None or line.lstrip().startswith("#"):
        return [], ""
    column = len(found["indent"])
    tokens = []
    for dash in re.findall(r"- *", found["dashes"]):
        tokens.append(_Token(column, ITEM))
        column += len(dash)
    if found["key"] is not None:
        tokens.append(_Token(column, found["key"].strip('"')))
    return tokens, line[found.end() :]


def _find_path(lines: Sequence[str], own: Sequence[_Token], indent: int) -> tuple[str, ...]:
    """Return the keys around the cursor, from the outermost in."""
    path: list[str] = []
    limit, below_item = indent if not own else own[-1].indent + 1, False
    groups = [list(own), *(_split_line(line)[0] for line in reversed(lines))]
    for group in groups:
        for token in reversed(group):
            beside_item = below_item and token.key != ITEM and token.indent == limit
            if token.indent < limit or beside_item:
                path.append(token.key)
                limit, below_item = token.indent, token.key == ITEM
    return tuple(reversed(path))


def _enter_brackets(path: tuple[str, ...], rest: str) -> tuple[tuple[str, ...], bool, str]:
    """Follow *rest* into the braces and brackets that it opens and does not close."""
    stack: list[tuple[str, tuple[str, ...], str]] = []
    start, quote, key = 0, "", ""
    for at, sign in enumerate(rest):
        if quote:
            quote = "" if sign == quote else quote
        elif sign in "'\"":
            quote = sign
        elif sign in "{[" and not rest[start:at].strip():
            inner = (*path, key) if key else path
            stack.append((sign, path, key))
            path, key, start = (inner if sign == "{" else (*inner, ITEM)), "", at + 1
        elif sign in "}]" and stack:
            _, path, key = stack.pop()
            start = at + 1
        elif sign == "," and stack:
            key, start = "", at + 1
        elif sign == ":" and stack and stack[-1][0] == "{" and not key:
            key, start = rest[start:at].strip().strip("\"'"), at + 1
    inside = bool(stack) and stack[-1][0] == "{"
    value = rest[start:].lstrip()
    return ((*path, key) if key else path), inside and not key, value


def _find_names(
    text: str, lines: Sequence[str], path: Sequence[str]
) -> tuple[tuple[str, ...], str]:
    """Return the entries of `source` that are bound at the cursor, and the entry that it is in."""
    in_source = path[:1] == ("source",)
    searched = lines if in_source else text.split("\n")
    found, inside = [], False
    for line in searched:
        if line[:1].strip():
            inside = line.startswith("source:")
        name = _NAME.match(line) if inside else None
        if name and line.lstrip().startswith(("-", "{")):
            found.append(name["name"])
    if in_source and found:
        return tuple(found[:-1]), found[-1]
    return tuple(found), ""
