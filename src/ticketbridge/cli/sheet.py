"""`ticketbridge sheet`."""

from __future__ import annotations

import argparse
from pathlib import Path

from ticketbridge.cli.reporting import all_findings
from ticketbridge.engine.bridge import compile_mapping
from ticketbridge.mapping import Environment, load_mapping
from ticketbridge.service.catalog import not_there
from ticketbridge.workbench.page import WRITERS
from ticketbridge.workbench.sheet.sheet_content import sheet_of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("mapping", type=Path, metavar="MAPPING", help="the mapping file")
    parser.add_argument("--format", choices=list(WRITERS), default="markdown", help="output format")


def run(options: argparse.Namespace) -> int:
    """Print the page of one mapping, which must be without errors."""
    # No variable is read: the page is the same on each machine, and has no secret.
    environment = Environment.offline()
    if not options.mapping.is_file():
        raise not_there(options.mapping)
    with all_findings([options.mapping], environment):
        content = options.mapping.read_bytes()
        spec = load_mapping(options.mapping, environment=environment)
        compile_mapping(spec)
    print(WRITERS[options.format](sheet_of(spec, content, options.mapping.name)), end="")
    return 0
