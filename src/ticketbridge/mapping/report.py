"""Where the findings of one mapping are gathered, so that a reader sees them all at once."""

from __future__ import annotations

from ticketbridge.mapping.findings import Finding, MappingError, Place


class Report:
    """Errors and warnings of one file, in any order; the same one is kept once."""

    def __init__(self) -> None:
        self._findings: dict[Finding, None] = {}

    def error(self, place: Place, code: str, message: str, suggestion: str = "") -> None:
        """The mapping cannot be used, because of *message*."""
        self._findings[Finding(place, "error", code, message, suggestion)] = None

    def warning(self, place: Place, code: str, message: str, suggestion: str = "") -> None:
        """The mapping can be used, but *message* is doubtful."""
        self._findings[Finding(place, "warning", code, message, suggestion)] = None

    @property
    def findings(self) -> tuple[Finding, ...]:
        """All of them, in the order of the file."""
        return tuple(sorted(self._findings, key=lambda f: (f.place, f.severity, f.code, f.message)))

    def raise_errors(self) -> None:
        """Raises MappingError, warnings included, where at least one error was reported."""
        if any(finding.severity == "error" for finding in self._findings):
            raise MappingError(self.findings)
