"""The reference of the mapping language, as Markdown, from its keys and its table of functions.

The site's build makes its pages of it (`.ci/site_pages.py`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from ticketbridge.jmes import FUNCTIONS, Function
from ticketbridge.mapping.keys import Key, ValueKind
from ticketbridge.mapping.mapping_schema import sections
from ticketbridge.mapping.words import written

_MAPPING_HEAD = """\
# The keys of a mapping

Each table is one part of the file. A key without a default and without *needed* may be left out.
[How a mapping is read](language.md) says what holds for all of them.
"""
_FUNCTIONS_HEAD = """\
# The functions of expressions

JMESPath's own functions and those beside them. An argument of another type is an error that names it.
"""


def make_mapping_page() -> str:
    """Return the page of all keys."""
    parts = [line for section in sections() for line in _write_section(section)]
    return "\n".join([_MAPPING_HEAD, *parts])


def make_functions_page() -> str:
    """Return the page of all functions."""
    return "\n".join([_FUNCTIONS_HEAD, *_write_functions()])


def _write_section(kind: ValueKind[Any]) -> Iterator[str]:
    title = f"## {kind.heading}"
    yield from (title, "", "| key | type | default | meaning | example |", "|---|---|---|---|---|")
    for key in kind.keys:
        example = f"`{_write_cell(_write_yaml(key.examples[0]))}`"
        kind_title = _write_cell(key.kind.title)
        meaning = _write_cell(key.text)
        yield f"| `{key.name}` | {kind_title} | {_write_default(key)} | {meaning} | {example} |"
    yield ""


def _write_default(key: Key) -> str:
    if key.is_needed:
        return "needed"
    default = key.default
    if default is None:
        return ""
    return f"`{_write_cell(default if isinstance(default, str) else written(default))}`"


def _write_yaml(value: object) -> str:
    """Return *value* in YAML's flow style, quoted only if the reader of mappings needs it."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {_write_yaml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_write_yaml, value)) + "]"
    if isinstance(value, str) and not set(value) & set("{}[],#&*!|>%@`\"'"):
        return value
    return json.dumps(value, ensure_ascii=False)


def _write_functions() -> Iterator[str]:
    yield from (
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
