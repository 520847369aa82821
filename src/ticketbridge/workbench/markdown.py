"""Find the fenced blocks of a Markdown file, and the mappings and cases in them, with their places.

A block is a mapping or a cases file if its language is `yaml` or `yml`, with nothing after it, and if it has
three of the keys that a mapping needs, or begins with `- case:`. All other blocks are ignored.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ticketbridge.mapping import schema

_OPENING = re.compile(r"(?P<indent>[ ]*)(?P<mark>`{3,}|~{3,})[ ]*(?P<info>[^`]*?)\s*")


@dataclass(frozen=True, slots=True)
class Fence:
    """A block of *lines*, with their indentation; *line* is that of its opening, from 1.

    *info* is what follows the opening marks: a language, and options.
    """

    info: str
    lines: tuple[str, ...]
    line: int
    indent: int

    @property
    def text(self) -> str:
        """Its lines without the indentation of the opening."""
        return "".join(f"{_outdent(line, self.indent)}\n" for line in self.lines)


def find_fences(text: str) -> Iterator[Fence]:
    """Yield the fenced blocks of the Markdown *text*; an unclosed one runs to the end."""
    lines = text.split("\n")
    at = 0
    while at < len(lines):
        opening = _OPENING.fullmatch(lines[at].rstrip("\r"))
        at += 1
        if opening is None:
            continue
        start, mark = at, opening["mark"]
        closing = re.compile(rf"\s*{re.escape(mark[0])}{{{len(mark)},}}\s*")
        while at < len(lines) and not closing.fullmatch(lines[at]):
            at += 1
        inside = tuple(line.rstrip("\r") for line in lines[start:at])
        yield Fence(opening["info"], inside, start, len(opening["indent"]))
        at += 1


def _outdent(line: str, indent: int) -> str:
    return line[min(indent, len(line) - len(line.lstrip(" "))) :]


_KEYS = re.compile(rf"^(?:{'|'.join(schema()['required'])}):", re.MULTILINE)
_LEAST_KEYS = 3


@dataclass(frozen=True, slots=True)
class Block:
    """A mapping, or cases; *text* has empty lines instead of the lines above it."""

    text: str
    is_cases: bool


def find_blocks(text: str) -> Iterator[Block]:
    """Yield the mappings and cases in the Markdown *text*; each character keeps its line and column."""
    for fence in find_fences(text):
        if fence.info not in {"yaml", "yml"}:
            continue
        is_cases = fence.text.startswith("- case:")
        if is_cases or len(set(_KEYS.findall(fence.text))) >= _LEAST_KEYS:
            yield Block(_keep_place(fence), is_cases)


def _keep_place(fence: Fence) -> str:
    return "\n" * fence.line + "\n".join(fence.lines) + "\n"
