"""The codes as people read them: one of them on the command line, all of them in a page.

    python -m ticketbridge.authoring.codes.page mappings/codes.md

writes the page.
"""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

from ticketbridge.authoring.check.codes import Code, Example
from ticketbridge.authoring.codes.table import all_codes, frame

_HEAD = """\
# What `ticketbridge check` finds

Each finding has a code that stays the same; `ticketbridge check --explain TB063` prints its section.
An error stops the mapping; a warning is a doubt, and may be meant.
The comment below a line of an example points at the place that the finding names.
An example is a part of a mapping, or a cases file; what a mapping leaves out is as it is here:
"""


def explained(code: Code) -> str:
    """What the command line says of *code*."""
    wrong, right = _indented(code.bad), _indented(code.good)
    return f"{code.name}: {code.title}\n\n{code.why}\n\nWrong:\n\n{wrong}\nRight:\n\n{right}"


def page() -> str:
    """All codes, as Markdown."""
    rows = "".join(
        f"| [{code.name}](#{code.name.lower()}) | {code.title} |\n" for code in all_codes().values()
    )
    table = f"| code | meaning |\n|---|---|\n{rows}"
    sections = "\n".join(map(_section, all_codes().values()))
    return f"{_HEAD}\n{_fence('yaml', frame())}\n{table}\n{sections}"


def _indented(example: Example) -> str:
    name = f"{example.name}:\n" if example.name else ""
    texts = [name, example.marked, *(f"\n{name}:\n{text}" for name, text in example.files.items())]
    return textwrap.indent("".join(texts), "    ")


def _section(code: Code) -> str:
    title = code.title[0].upper() + code.title[1:]
    wrong = "\n".join(_fences(code.bad))
    right = "\n".join(_fences(code.good))
    return f"## {code.name}\n\n{title}.\n\n{code.why}\n\nWrong:\n\n{wrong}\nRight:\n\n{right}"


def _fences(example: Example) -> Iterator[str]:
    name = f"`{example.name}`:\n\n" if example.name else ""
    yield name + _fence("yaml example", example.marked)
    for name, text in example.files.items():
        yield f"`{name}`:\n\n" + _fence(Path(name).suffix[1:], text)


def _fence(language: str, text: str) -> str:
    return f"```{language}\n{text}```\n"


def main(path: str) -> None:
    """Write the page to the file at *path*."""
    Path(path).write_text(page(), "utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
