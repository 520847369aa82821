"""Reads `codes.md`, the one table of all codes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files
from types import MappingProxyType

from ticketbridge.authoring.check.codes import Code, Example
from ticketbridge.authoring.markdown import Fence, fences

_SECTION = re.compile(r"^## ", re.MULTILINE)
_HEAD = re.compile(r"(?P<name>TB\d{3}): (?P<title>.*)\n\n(?P<why>(?:(?!```).*\n)*?)\n*(?=```)")
_VARIABLE = re.compile(r"(?P<name>[A-Z_]+)=(?P<value>\S*)")


@cache
def all_codes() -> Mapping[str, Code]:
    """Every code of a finding, by its name."""
    _, _, *sections = _sections()
    return MappingProxyType({code.name: code for code in map(read_code, sections)})


@cache
def frame() -> str:
    """The mapping that examples are taken from: what one leaves out is as it is here."""
    return next(fences(_sections()[1])).text


def _sections() -> Sequence[str]:
    """What stands above the first heading, the frame's section, and one a code."""
    text = files("ticketbridge.authoring.codes").joinpath("codes.md").read_text("utf-8")
    return _SECTION.split(text)


def read_code(section: str) -> Code:
    """The code of a *section*; ValueError where it is none."""
    head = _HEAD.match(section)
    if head is None:
        raise ValueError(f"codes.md: no section of a code: {section[:40]!r}")
    bad, good = _examples(list(fences(section)))
    return Code(head["name"], head["title"], head["why"].strip(), bad, good)


def _examples(blocks: Sequence[Fence]) -> Iterator[Example]:
    """The examples of a section, each with the files that follow it."""
    starts = [at for at, block in enumerate(blocks) if block.info.startswith("yaml")]
    for start, end in zip(starts, [*starts[1:], len(blocks)], strict=True):
        example, *beside = blocks[start:end]
        _, _, *options = example.info.split()
        yield Example(
            text=example.text,
            files={block.info.split()[1]: block.text for block in beside},
            variables={v["name"]: v["value"] for v in map(_VARIABLE.fullmatch, options) if v},
            serving="serving" in options,
            encoding="latin-1" if "latin-1" in options else "utf-8",
            name=next((word for word in options if word.endswith(".yaml")), ""),
        )
