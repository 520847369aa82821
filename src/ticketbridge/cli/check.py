"""`ticketbridge check`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from ticketbridge.mapping import Environment
from ticketbridge.terminal import counted, shows_colours
from ticketbridge.workbench.check.checking import check_paths
from ticketbridge.workbench.check.codes import read_codes, show_code
from ticketbridge.workbench.check.finding_output import WRITERS, as_text


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "--explain", action=_Explain, metavar="CODE", help="print what a code means, and exit"
    )
    parser.add_argument(
        "paths",
        nargs="+",
        type=Path,
        metavar="PATH",
        help="a mapping, a cases file, a Markdown file, or a folder of them",
    )
    parser.add_argument("--format", choices=list(WRITERS), default="text", help="output format")


def run(options: argparse.Namespace) -> int:
    """Print all findings. Return 1 if one is an error."""
    checked = check_paths(options.paths, Environment(os.environ, missing="placeholder"))
    findings = checked.findings
    colour = options.format == "text" and shows_colours(sys.stdout)
    text = as_text(findings, colour=True) if colour else WRITERS[options.format](findings)
    if text:
        print(text)
    errors = sum(finding.severity == "error" for finding in findings)
    if options.format == "text":
        print("".join(f"{line}\n" for line in checked.loads), end="")
        warnings = len(findings) - errors
        mappings = counted(checked.mappings, "mapping")
        print(f"{mappings}: {counted(errors, 'error')}, {counted(warnings, 'warning')}")
    return 1 if errors else 0


class _Explain(argparse.Action):
    """Prints what a code means, and does nothing else."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        _namespace: argparse.Namespace,
        values: str | Sequence[object] | None,
        _option: str | None = None,
    ) -> None:
        code = read_codes().get(str(values).upper())
        if code is None:
            known = list(read_codes())
            parser.error(f"there is no code {values} (from {known[0]} to {known[-1]})")
        print(show_code(code), end="")
        parser.exit()
