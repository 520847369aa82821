"""The mappings and cases in the YAML fences of a Markdown file.

A fence is one where its language is `yaml` or `yml`, with nothing behind it, and it has three of the
keys that a mapping needs, or begins with `- case:`. Every other is a fragment, or something else, and
is left alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ticketbridge.authoring.markdown import Fence, fences
from ticketbridge.mapping import schema

_KEYS = re.compile(rf"^(?:{'|'.join(schema()['required'])}):", re.MULTILINE)
_LEAST_KEYS = 3


@dataclass(frozen=True, slots=True)
class Block:
    """A mapping, or cases: *text* has empty lines for all that stands above it in its file."""

    text: str
    is_cases: bool


def blocks(text: str) -> Iterator[Block]:
    """The mappings and cases in the Markdown *text*, each character in its own line and column."""
    for fence in fences(text):
        if fence.info not in {"yaml", "yml"}:
            continue
        is_cases = fence.text.startswith("- case:")
        if is_cases or len(set(_KEYS.findall(fence.text))) >= _LEAST_KEYS:
            yield Block(_in_place(fence), is_cases)


def _in_place(fence: Fence) -> str:
    return "\n" * fence.line + "\n".join(fence.lines) + "\n"
