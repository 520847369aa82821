"""The fenced blocks of a Markdown file, with their places."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_OPENING = re.compile(r"(?P<indent>[ ]*)(?P<mark>`{3,}|~{3,})[ ]*(?P<info>[^`]*?)\s*")


@dataclass(frozen=True, slots=True)
class Fence:
    """A block of *lines*, indented as they are; *line* is that of its opening, from 1.

    *info* is what follows the opening marks, a language and whatever else.
    """

    info: str
    lines: tuple[str, ...]
    line: int
    indent: int

    @property
    def text(self) -> str:
        """Its lines without the indentation that they share with the opening."""
        return "".join(f"{_outdented(line, self.indent)}\n" for line in self.lines)


def fences(text: str) -> Iterator[Fence]:
    """The fenced blocks of the Markdown *text*; one that is never closed runs to its end."""
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


def _outdented(line: str, indent: int) -> str:
    return line[min(indent, len(line) - len(line.lstrip(" "))) :]
