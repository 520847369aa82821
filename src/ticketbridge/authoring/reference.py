"""The reference of the mapping language, as Markdown, from its schema and its table of functions.

    python -m ticketbridge.authoring.reference mappings/README.md

writes it anew between the two marks of that file.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from ticketbridge.jmes import FUNCTIONS, Function
from ticketbridge.mapping import schema

START = "<!-- reference: generated from mapping.schema.json and the table of functions -->"
END = "<!-- end of the reference -->"

_SECTIONS = (
    ("The file", ""),
    ("`endpoint`", "endpoint"),
    ("`endpoint.access`", "access"),
    ("`upstream`", "upstream"),
    ("`upstream.breaker`", "breaker"),
    ("`upstream.tls`", "tls"),
    ("`auth: {type: bearer}`", "auth_bearer"),
    ("`auth: {type: basic}`", "auth_basic"),
    ("`auth: {type: api_key}`", "auth_api_key"),
    ("`auth: {type: oauth2}`", "auth_oauth2"),
    ("`auth: {type: session}`", "auth_session"),
    ("`auth.login` of a session", "login"),
    ("`source`: a call", "call"),
    ("`graphql`", "graphql"),
    ("`format: {xml: ...}`", "xml_format"),
    ("`source`: a binding without a call", "binding"),
    ("`responses`: a rule", "rule"),
    ("`pages`", "pages"),
    ("`ticket`", "ticket"),
    ("`ticket.status`: a table", "status_table"),
    ("A field: a constant", "constant"),
    ("A field: a table", "table"),
    ("`response`", "response"),
)


def reference() -> str:
    """The whole reference."""
    whole = schema()
    parts = [part for title, name in _SECTIONS for part in _section(title, name, whole)]
    return "\n".join([START, "", *parts, *_functions(), END])


def renewed(text: str) -> str:
    """*text* with what stands between its marks made anew."""
    before, _, rest = text.partition(START)
    _, _, after = rest.partition(END)
    return before + reference() + after


def _section(title: str, name: str, whole: Mapping[str, Any]) -> Iterator[str]:
    part = whole["$defs"][name] if name else whole
    part = part if "properties" in part else part["else"]
    needed = part.get("required", ())
    yield from (f"### {title}", "", "| key | needed | meaning | example |", "|---|---|---|---|")
    for key, described in part["properties"].items():
        mark = "yes" if key in needed else ""
        yield f"| `{key}` | {mark} | {_cell(_meaning(described, whole))} | {_example(described, whole)} |"
    yield ""


def _meaning(described: Mapping[str, Any], whole: Mapping[str, Any]) -> str:
    return str(described.get("description") or _referred(described, whole)["description"])


def _example(described: Mapping[str, Any], whole: Mapping[str, Any]) -> str:
    examples = described.get("examples") or _referred(described, whole)["examples"]
    return f"`{_cell(_yaml(examples[0]))}`"


def _referred(described: Mapping[str, Any], whole: Mapping[str, Any]) -> Mapping[str, Any]:
    referred: Mapping[str, Any] = whole["$defs"][described["$ref"].rpartition("/")[2]]
    return referred


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
