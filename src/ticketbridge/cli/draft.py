"""`ticketbridge draft`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ticketbridge.workbench.draft.command import make_draft, name_platform, write_files


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "samples",
        nargs="+",
        metavar="SAMPLE",
        help="a saved answer, JSON or XML, best with the request that it answers: "
        "'/orders?email=ana@example.com=orders.json', 'POST /search {\"email\": ...}=found.json' or "
        "'curl ...=found.json'; or a browser's HAR file; or an OpenAPI file, JSON or YAML",
    )
    parser.add_argument("--user", metavar="E", help="whose tickets are in the samples")
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="FILE",
        help="write the mapping to this file, and its first cases beside it",
    )


def run(options: argparse.Namespace) -> int:
    """Write the draft, or print it."""
    files = make_draft(options.samples, options.user, name_platform(options.output))
    if options.output is None:
        print(files.mapping, end="")
        print(f"ticketbridge: {files.summary}", file=sys.stderr)
        return 0
    written = write_files(files, options.output)
    print(f"{' and '.join(map(str, written))}: {files.summary}")
    print(f"Next: ticketbridge check {options.output}")
    return 0
