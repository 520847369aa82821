"""The meaning of each code of a finding, with one example that has it and one that is correct.

The texts stand in `codes.md`. They are read here, shown by `check --explain`, and made a page of the site
(`.ci/site_pages.py`).
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from types import MappingProxyType

from ticketbridge.workbench.markdown import Fence, find_fences

MARK = "»"
"""Stands in an example before the character that the finding is about."""


@dataclass(frozen=True, slots=True)
class CodeExample:
    """A part of a mapping, or a whole cases file, that has one finding or none.

    *files* stand beside it, *variables* are set. *serving*: it is read as `serve` reads it, which needs all
    variables. *encoding* is that of the file, *name* its name if that matters.
    """

    text: str
    files: Mapping[str, str]
    variables: Mapping[str, str]
    serving: bool
    encoding: str
    name: str = ""

    @property
    def marked(self) -> str:
        """The text, and below a line with the mark a comment that points at the marked place."""
        lines = []
        for line in self.text.splitlines():
            column = line.find(MARK)
            lines.append(line.replace(MARK, ""))
            if column >= 0:
                lines.append(f"#{' ' * (column - 1)}^" if column else "#^")
        return "".join(f"{line}\n" for line in lines)


@dataclass(frozen=True, slots=True)
class FindingCode:
    """The meaning of a code. *why* says what could go wrong, and how to correct it."""

    name: str
    title: str
    why: str
    bad: CodeExample
    good: CodeExample


# --- the table ------------------------------------------------------------------------------------


_SECTION = re.compile(r"^## ", re.MULTILINE)
_HEAD = re.compile(r"(?P<name>TB\d{3}): (?P<title>.*)\n\n(?P<why>(?:(?!```).*\n)*?)\n*(?=```)")
_VARIABLE = re.compile(r"(?P<name>[A-Z_]+)=(?P<value>\S*)")


@cache
def read_codes() -> Mapping[str, FindingCode]:
    """Return every code of a finding, by its name."""
    _, _, *sections = _split_sections()
    return MappingProxyType({code.name: code for code in map(read_code, sections)})


@cache
def read_frame() -> str:
    """Return the mapping that completes the examples: it has the parts that an example leaves out."""
    return next(find_fences(_split_sections()[1])).text


def _split_sections() -> Sequence[str]:
    """Return the text above the first heading, the section of the frame, and one section for each code."""
    text = files("ticketbridge.workbench.check").joinpath("codes.md").read_text("utf-8")
    return _SECTION.split(text)


def read_code(section: str) -> FindingCode:
    """Return the code of a *section*. Raises ValueError if the section has none."""
    head = _HEAD.match(section)
    if head is None:
        raise ValueError(f"codes.md: no section of a code: {section[:40]!r}")
    bad, good = _read_examples(list(find_fences(section)))
    return FindingCode(head["name"], head["title"], head["why"].strip(), bad, good)


def _read_examples(blocks: Sequence[Fence]) -> Iterator[CodeExample]:
    """Yield the examples of a section, each with the files that follow it."""
    starts = [at for at, block in enumerate(blocks) if block.info.startswith("yaml")]
    for start, end in zip(starts, [*starts[1:], len(blocks)], strict=True):
        example, *beside = blocks[start:end]
        _, _, *options = example.info.split()
        yield CodeExample(
            text=example.text,
            files={block.info.split()[1]: block.text for block in beside},
            variables={v["name"]: v["value"] for v in map(_VARIABLE.fullmatch, options) if v},
            serving="serving" in options,
            encoding="latin-1" if "latin-1" in options else "utf-8",
            name=next((word for word in options if word.endswith(".yaml")), ""),
        )


# --- for people -----------------------------------------------------------------------------------


_PAGE_HEAD = """\
# What `ticketbridge check` finds

Each finding has a code that stays the same; `ticketbridge check --explain TB063` prints its section.
An error stops the mapping; a warning is a doubt, and may be meant.
The comment below a line of an example points at the place that the finding names.
An example is a part of a mapping, or a cases file; what a mapping leaves out is as it is here:
"""


def show_code(code: FindingCode) -> str:
    """Return what the command line prints for *code*."""
    wrong, right = _indent_example(code.bad), _indent_example(code.good)
    return f"{code.name}: {code.title}\n\n{code.why}\n\nWrong:\n\n{wrong}\nRight:\n\n{right}"


def make_page() -> str:
    """Return a page of all codes, in Markdown."""
    rows = "".join(
        f"| [{code.name}](#{code.name.lower()}) | {code.title} |\n"
        for code in read_codes().values()
    )
    table = f"| code | meaning |\n|---|---|\n{rows}"
    sections = "\n".join(map(_make_section, read_codes().values()))
    return f"{_PAGE_HEAD}\n{_make_fence('yaml', read_frame())}\n{table}\n{sections}"


def _indent_example(example: CodeExample) -> str:
    name = f"{example.name}:\n" if example.name else ""
    texts = [name, example.marked, *(f"\n{name}:\n{text}" for name, text in example.files.items())]
    return textwrap.indent("".join(texts), "    ")


def _make_section(code: FindingCode) -> str:
    title = code.title[0].upper() + code.title[1:]
    wrong = "\n".join(_make_fences(code.bad))
    right = "\n".join(_make_fences(code.good))
    return f"## {code.name}\n\n{title}.\n\n{code.why}\n\nWrong:\n\n{wrong}\nRight:\n\n{right}"


def _make_fences(example: CodeExample) -> Iterator[str]:
    name = f"`{example.name}`:\n\n" if example.name else ""
    yield name + _make_fence("yaml example", example.marked)
    for name, text in example.files.items():
        yield f"`{name}`:\n\n" + _make_fence(Path(name).suffix[1:], text)


def _make_fence(language: str, text: str) -> str:
    longest = max(map(len, re.findall("`{3,}", text)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}{language}\n{text}{fence}\n"
