"""`ticketbridge schema`."""

from __future__ import annotations

import argparse

from ticketbridge.contract import tickets_schema_text
from ticketbridge.mapping.mapping_schema import schema_text

_SCHEMAS = {"mapping": schema_text, "tickets": tickets_schema_text}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("which", choices=list(_SCHEMAS), help="which schema")


def run(options: argparse.Namespace) -> int:
    """Print the schema that was asked for."""
    print(_SCHEMAS[options.which](), end="")
    return 0
