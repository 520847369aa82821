"""Findings as people, programs and GitHub read them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Literal

import msgspec

from ticketbridge.mapping.findings import Finding, Place

Format = Literal["text", "json", "github"]


def as_text(findings: Sequence[Finding]) -> str:
    """One finding a paragraph: place, severity, code, message, the line with a caret, what would be right."""
    return "\n".join(map(_paragraph, findings))


def as_json(findings: Sequence[Finding]) -> str:
    """A list of `{file, line, column, severity, code, message, suggestion}`."""
    rows = [
        {
            "file": finding.place.file,
            "line": finding.place.line,
            "column": finding.place.column,
            "severity": finding.severity,
            "code": finding.code,
            "message": finding.message,
            "suggestion": finding.suggestion,
        }
        for finding in findings
    ]
    return msgspec.json.format(msgspec.json.encode(rows), indent=2).decode()


def as_github(findings: Sequence[Finding]) -> str:
    """Workflow commands, which GitHub shows beside the line."""
    return "\n".join(
        f"::{f.severity} file={f.place.file},line={f.place.line},col={f.place.column},title={f.code}::"
        + _escaped(f"{f.message} {f.suggestion}".strip())
        for f in findings
    )


WRITERS: Mapping[Format, Callable[[Sequence[Finding]], str]] = {
    "text": as_text,
    "json": as_json,
    "github": as_github,
}


def _paragraph(finding: Finding) -> str:
    lines = [f"{finding.place}: {finding.severity}[{finding.code}]: {finding.message}"]
    lines += _excerpt(finding.place)
    if finding.suggestion:
        lines.append(f"    = {finding.suggestion}")
    return "\n".join(lines)


def _excerpt(place: Place) -> list[str]:
    """The line of the file with a caret under the column; nothing where it cannot be read again."""
    try:
        text = Path(place.file).read_text("utf-8").splitlines()[place.line - 1]
    except (OSError, ValueError, IndexError):
        return []
    return [f"    | {text}", f"    | {' ' * (place.column - 1)}^"]


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
