"""`ticketbridge test`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ticketbridge.service.catalog import mapping_files
from ticketbridge.terminal import shows_colours
from ticketbridge.workbench.cases.case_output import WRITERS, as_junit, write_text
from ticketbridge.workbench.cases.mapping_runs import run_files
from ticketbridge.workbench.cases.update import update_files
from ticketbridge.workbench.check.finding_output import as_text


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "paths", nargs="+", type=Path, metavar="PATH", help="a mapping, or a folder of them"
    )
    parser.add_argument("--format", choices=list(WRITERS), default="text", help="output format")
    parser.add_argument(
        "--coverage",
        action="store_true",
        help="list the parts of a mapping that no case exercises",
    )
    parser.add_argument(
        "--mutants", action="store_true", help="list the slips of a mapping that no case notices"
    )
    parser.add_argument(
        "--strict",
        action="store_true",
        help="exit 1 if --coverage or --mutants lists anything, or a mapping has no cases",
    )
    parser.add_argument(
        "--update", action="store_true", help="write the results of failing cases into their files"
    )
    parser.add_argument(
        "--junit", type=Path, metavar="FILE", help="also write the results as JUnit XML"
    )


def run(options: argparse.Namespace) -> int:
    """Print the results. Return 1 if a case fails."""
    # The cases run without variables: they come out the same everywhere, and no secret is at hand.
    files = mapping_files(options.paths)
    if options.update:
        for update in update_files(files):
            if str(update):
                print(update, file=sys.stdout if options.format == "text" else sys.stderr)
    ran = run_files(files, with_coverage=options.coverage, with_mutants=options.mutants)
    errors = [finding for finding in ran.findings if finding.severity == "error"]
    if errors:
        print(as_text(errors, colour=shows_colours(sys.stderr)), file=sys.stderr)
    text = WRITERS[options.format](ran)
    if text:
        print(text)
    if options.junit:
        write_text(options.junit, as_junit(ran))
    return 0 if (ran.is_thorough if options.strict else ran.passed) else 1
