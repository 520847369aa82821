"""What a code of findings is explained by: words, an example that has the finding, and one mended."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

MARK = "»"
"""Stands in an example before the character that the finding is about."""

_KEY = re.compile(r"(?:  )?([a-z_]+)\b", re.IGNORECASE)
_TOP = re.compile(r"^(?=[^\s#-])", re.MULTILINE)
_INNER = re.compile(r"^(?=  [^\s#-])", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Example:
    """A part of a mapping, or a whole cases file, that has one finding or none.

    *files* stand beside it, and *variables* are set. *serving*: it is read as `serve` does, which
    needs all variables. *encoding* is that of the file, *name* its name where that matters.
    """

    text: str
    files: Mapping[str, str]
    variables: Mapping[str, str]
    serving: bool
    encoding: str
    name: str = ""

    @property
    def marked(self) -> str:
        """The text, and below the line of the mark a comment that points at its place."""
        lines = []
        for line in self.text.splitlines():
            column = line.find(MARK)
            lines.append(line.replace(MARK, ""))
            if column >= 0:
                lines.append(f"#{' ' * (column - 1)}^" if column else "#^")
        return "".join(f"{line}\n" for line in lines)

    def within(self, frame: str) -> str:
        """The text as a whole mapping, with its mark: what it leaves out comes from the *frame*."""
        parts = [_completed(part, frame) for part in _TOP.split(self.text) if part]
        named = {_name(part) for part in parts}
        rest = [part for part in _TOP.split(frame) if part and _name(part) not in named]
        return "".join([*parts, *rest])


@dataclass(frozen=True, slots=True)
class Code:
    """What a code means. *why* says what could go wrong, and how it is mended."""

    name: str
    title: str
    why: str
    bad: Example
    good: Example

    @property
    def is_of_cases(self) -> bool:
        """Whether its examples are cases files."""
        return self.good.text.startswith("- case:")


def _completed(part: str, frame: str) -> str:
    """A section of the example, with the keys that only the *frame* has."""
    head, newline, _ = part.partition("\n")
    whole = next((p for p in _TOP.split(frame) if p.startswith(f"{head}\n")), "")
    if not newline or _name(part) == "source":
        return part
    named = {_name(inner) for inner in _INNER.split(part)[1:]}
    return part + "".join(p for p in _INNER.split(whole)[1:] if _name(p) not in named)


def _name(part: str) -> str:
    key = _KEY.match(part.replace(MARK, ""))
    return key[1] if key else ""
