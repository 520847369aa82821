"""What is wrong or doubtful in files, as far as it can be known without a call."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from ticketbridge.authoring.check.silenced import without_silenced
from ticketbridge.authoring.check.wakes import certain, without_wakes
from ticketbridge.authoring.lint import lint
from ticketbridge.bridge import compile_findings
from ticketbridge.mapping import Environment
from ticketbridge.mapping.findings import Finding, MappingError
from ticketbridge.mapping.loader import draft_mapping, read_text


def check_files(files: Iterable[Path], environment: Environment) -> list[Finding]:
    """The findings of all *files*, each file's in its order."""
    return [finding for file in files for finding in _check_file(file, environment)]


def _check_file(file: Path, environment: Environment) -> Sequence[Finding]:
    try:
        return check_text(
            read_text(file), file=str(file), environment=environment, folder=file.parent
        )
    except MappingError as error:
        return error.findings


def check_text(
    text: str, *, file: str, environment: Environment, folder: Path | None = None
) -> Sequence[Finding]:
    """All that is wrong or doubtful in the mapping *text*, in its order.

    *file* names it; raises MappingError where it is no text of a mapping at all.
    """
    draft = draft_mapping(text, file=file, environment=environment, folder=folder)
    compiled = () if () in draft.broken else compile_findings(draft.spec)
    wrong = [*draft.findings, *without_wakes(compiled, draft)]
    found = {*wrong, *certain(lint(draft.spec), wrong)}
    meant = without_silenced(found, text)
    return sorted(meant, key=lambda f: (f.place, f.severity, f.code, f.message))
