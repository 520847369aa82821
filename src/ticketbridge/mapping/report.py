"""Collect the findings of one mapping, so that a reader sees them all at once."""

from __future__ import annotations

from ticketbridge.mapping.findings import Finding, MappingError, Place


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
        if any(finding.severity == "error" for finding in self._findings):
            raise MappingError(self.findings)
