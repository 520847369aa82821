"""Report the findings of a mapping, for all commands."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from ticketbridge.mapping import Environment, Finding, MappingError
from ticketbridge.service.catalog import mapping_files
from ticketbridge.terminal import shows_colours


def print_findings(findings: Sequence[Finding]) -> None:
    """Print *findings* for people, to stderr."""
    # `serve` needs the tools only for errors.
    from ticketbridge.workbench.check.finding_output import as_text  # noqa: PLC0415 - see above

    print(as_text(findings, colour=shows_colours(sys.stderr)), file=sys.stderr)


@contextmanager
def all_findings(paths: Iterable[Path], environment: Environment) -> Iterator[None]:
    """Raise MappingError with all findings of `check`: loading stops at the first phase that fails."""
    try:
        yield
    except MappingError as error:
        from ticketbridge.workbench.check.checking import check_files  # noqa: PLC0415 - as above

        found = check_files(mapping_files(paths), environment)
        has_errors = any(finding.severity == "error" for finding in found)
        raise MappingError(found if has_errors else error.findings) from None
