"""Findings as people, programs and GitHub read them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from ticketbridge.mapping.findings import Finding, Severity
from ticketbridge.workbench.cases.value_text import write_document
from ticketbridge.workbench.check.excerpts import Excerpts

_COLOURS: Mapping[Severity, str] = {"error": "\033[1;31m", "warning": "\033[1;33m"}
_HINT, _PLAIN = "\033[36m", "\033[0m"


def as_text(findings: Sequence[Finding], *, colour: bool = False) -> str:
    """Return a paragraph for each finding: place, code, message, the line with a caret, a suggestion."""
    excerpts = Excerpts(findings)
    return "\n".join(_write_paragraph(finding, excerpts, colour=colour) for finding in findings)


def as_json(findings: Sequence[Finding]) -> str:
    """Return a JSON list of `{file, line, column, severity, code, message, suggestion}`."""
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
    return write_document(rows)


def as_github(findings: Sequence[Finding]) -> str:
    """Return workflow commands, which GitHub shows beside the line."""
    return "\n".join(
        f"::{f.severity} file={_escape_property(f.place.file)},line={f.place.line},col={f.place.column},"
        f"title={_escape_property(f.code)}::" + _escape_data(f"{f.message} {f.suggestion}".strip())
        for f in findings
    )


WRITERS: Mapping[str, Callable[[Sequence[Finding]], str]] = {
    "text": as_text,
    "json": as_json,
    "github": as_github,
}


def _write_paragraph(finding: Finding, excerpts: Excerpts, *, colour: bool) -> str:
    mark, hint, plain = (_COLOURS[finding.severity], _HINT, _PLAIN) if colour else ("", "", "")
    lines = [f"{finding.place}: {mark}{finding.severity}[{finding.code}]{plain}: {finding.message}"]
    excerpt = excerpts.of(finding.place)
    if excerpt is not None:
        line, caret = excerpt
        lines += [f"    | {line}", f"    | {mark}{caret}{plain}"]
    if finding.suggestion:
        lines.append(f"    {hint}= {finding.suggestion}{plain}")
    return "\n".join(lines)


def _escape_data(text: str) -> str:
    """Return *text* as the message of a workflow command."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escape_property(text: str) -> str:
    """Return *text* as a property of a workflow command, where `:` and `,` are signs."""
    return _escape_data(text).replace(":", "%3A").replace(",", "%2C")
