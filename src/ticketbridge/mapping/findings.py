"""Findings: each says what is wrong in a mapping file, where, and what would be right.

A report collects those of one file, so that a reader sees them all at once.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from ticketbridge.redaction import mask_userinfo

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A position in a file; *line* and *column* count from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"

    def after(self, characters: int) -> Place:
        """Return the place *characters* further on the same line."""
        return Place(self.file, self.line, self.column + characters)


@dataclass(frozen=True, slots=True)
class Finding:
    """One error or one warning at one place.

    *code* is stable and names the rule. *suggestion* says what would be right, or is "". Neither text
    shows the user name and password of a URL.
    """

    place: Place
    severity: Severity
    code: str
    message: str
    suggestion: str = ""

    def __post_init__(self) -> None:
        """Mask user names and passwords of URLs, because a text may repeat a part of the file."""
        for name in ("message", "suggestion"):
            object.__setattr__(self, name, mask_userinfo(getattr(self, name)))

    def __str__(self) -> str:
        tail = f" ({self.suggestion})" if self.suggestion else ""
        return f"{self.place}: {self.severity}[{self.code}]: {self.message}{tail}"


class MappingError(Exception):
    """A mapping that cannot be used. *findings* has everything that is wrong with it."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        self.findings = tuple(findings)
        super().__init__("\n".join(map(str, self.findings)))


def raise_errors(findings: Sequence[Finding]) -> None:
    """Raise MappingError, with all *findings*, if one of them is an error."""
    if any(finding.severity == "error" for finding in findings):
        raise MappingError(findings)


def nearest(word: str, known: Iterable[str], *, similarity: float = 0.6) -> str:
    """Return the known word most like *word*, or "" if none has at least this *similarity* (0 to 1)."""
    near = difflib.get_close_matches(word, list(known), n=1, cutoff=similarity)
    return near[0] if near else ""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return `did you mean "x"?` for the known word nearest to *word*, or "" if none is near."""
    near = nearest(word, known)
    return f'did you mean "{near}"?' if near else ""


class Report:
    """Collects the errors and warnings of one file, in any order. Equal ones are kept once."""

    def __init__(self) -> None:
        self._findings: dict[Finding, None] = {}

    def error(self, place: Place, code: str, message: str, suggestion: str = "") -> None:
        """Add an error: the mapping cannot be used, because of *message*."""
        self._findings[Finding(place, "error", code, message, suggestion)] = None

    def warning(self, place: Place, code: str, message: str, suggestion: str = "") -> None:
        """Add a warning: the mapping can be used, but *message* says what is doubtful."""
        self._findings[Finding(place, "warning", code, message, suggestion)] = None

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All errors and warnings, in the order of the file."""
        return tuple(sorted(self._findings, key=lambda f: (f.place, f.severity, f.code, f.message)))

    def raise_errors(self) -> None:
        """Raise MappingError, with the warnings too, if at least one error was reported."""
        raise_errors(self.findings)
