"""The reference of the mapping language, as Markdown, from its keys and its table of functions.

    python -m ticketbridge.authoring.reference mappings/README.md

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
from ticketbridge.mapping.schema import sections

START = "<!-- reference: generated from the keys of the language and the table of functions -->"
END = "<!-- end of the reference -->"


def reference() -> str:
    """The whole reference."""
    parts = [line for section in sections() for line in _section(section)]
    return "\n".join([START, "", *parts, *_functions(), END])


def renewed(text: str) -> str:
    """*text* with what stands between its marks made anew."""
    before, _, rest = text.partition(START)
    _, _, after = rest.partition(END)
    return before + reference() + after


def _section(kind: ValueKind[Any]) -> Iterator[str]:
    title = f"### {kind.heading}"
    yield from (title, "", "| key | needed | meaning | example |", "|---|---|---|---|")
    for key in kind.keys:
        needed = "yes" if key.is_needed else ""
        example = f"`{_cell(_yaml(key.examples[0]))}`"
        yield f"| `{key.name}` | {needed} | {_cell(key.description)} | {example} |"
    yield ""


def _yaml(value: object) -> str:
    """*value* in YAML's flow style, quoted only where the reader of mappings would need it."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_yaml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_yaml, value)) + "]"
    if isinstance(value, str) and not set(value) & set("{}[],#&*!|>%@`\"'"):
        return value
    return json.dumps(value, ensure_ascii=False)


def _functions() -> Iterator[str]:
    yield from (
        "### Functions",
        "",
        "| function | meaning | example | gives |",
        "|---|---|---|---|",
    )
    for function in sorted(FUNCTIONS.values(), key=lambda function: function.name):
        yield _function(function)
    yield ""


def _function(function: Function) -> str:
    example = function.example
    shown = f"`` {_cell(example.expression)} ``"
    given = "" if example.document is None else f" on `{_cell(_json(example.document))}`"
    meaning = _cell(" ".join(function.doc.split()))
    result = f"`{_cell(_json(example.result))}`"
    return f"| `{_cell(function.signature)}` | {meaning} | {shown}{given} | {result} |"


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=float)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def main(path: str) -> None:
    """Renew the reference in the file at *path*."""
    file = Path(path)
    file.write_text(renewed(file.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
