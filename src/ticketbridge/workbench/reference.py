"""The reference of the mapping language, as Markdown, from its keys and its table of functions.

    python -m ticketbridge.workbench.reference mappings/README.md

writes it anew between the two marks of that file.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ticketbridge.jmes import FUNCTIONS, Function
from ticketbridge.mapping.keys import ValueKind
from ticketbridge.mapping.mapping_schema import sections

START = "<!-- reference: generated from the keys of the language and the table of functions -->"
END = "<!-- end of the reference -->"


def make_reference() -> str:
    """The whole reference."""
    parts = [line for section in sections() for line in _write_section(section)]
    return "\n".join([START, "", *parts, *_write_functions(), END])


def renew(text: str) -> str:
    """*text* with what stands between its marks made anew."""
    before, _, rest = text.partition(START)
    _, _, after = rest.partition(END)
    return before + make_reference() + after


def _write_section(kind: ValueKind[Any]) -> Iterator[str]:
    title = f"### {kind.heading}"
    yield from (title, "", "| key | needed | meaning | example |", "|---|---|---|---|")
    for key in kind.keys:
        needed = "yes" if key.is_needed else ""
        example = f"`{_write_cell(_write_yaml(key.examples[0]))}`"
        yield f"| `{key.name}` | {needed} | {_write_cell(key.description)} | {example} |"
    yield ""


def _write_yaml(value: object) -> str:
    """*value* in YAML's flow style, quoted only where the reader of mappings would need it."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_write_yaml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_write_yaml, value)) + "]"
    if isinstance(value, str) and not set(value) & set("{}[],#&*!|>%@`\"'"):
        return value
    return json.dumps(value, ensure_ascii=False)


def _write_functions() -> Iterator[str]:
    yield from (
        "### Functions",
        "",
        "| function | meaning | example | gives |",
        "|---|---|---|---|",
    )
    for function in sorted(FUNCTIONS.values(), key=lambda function: function.name):
        yield _write_function(function)
    yield ""


def _write_function(function: Function) -> str:
    example = function.example
    shown = f"`` {_write_cell(example.expression)} ``"
    given = (
        "" if example.document is None else f" on `{_write_cell(_write_json(example.document))}`"
    )
    meaning = _write_cell(" ".join(function.doc.split()))
    result = f"`{_write_cell(_write_json(example.result))}`"
    return f"| `{_write_cell(function.signature)}` | {meaning} | {shown}{given} | {result} |"


def _write_json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=float)


def _write_cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def main(path: str) -> None:
    """Renew the reference in the file at *path*."""
    file = Path(path)
    file.write_text(renew(file.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
