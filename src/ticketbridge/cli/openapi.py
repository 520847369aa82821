"""`ticketbridge openapi`."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from ticketbridge.cli.reporting import all_findings
from ticketbridge.engine.bridge import compile_mapping
from ticketbridge.mapping import Environment, load_mapping
from ticketbridge.service.catalog import not_there
from ticketbridge.service.description import describe_served


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("mapping", type=Path, metavar="MAPPING", help="the mapping file")


def run(options: argparse.Namespace) -> int:
    """Print what `/openapi.json` gives if only this mapping is served."""
    if not options.mapping.is_file():
        raise not_there(options.mapping)
    environment = Environment.offline()
    with all_findings([options.mapping], environment):
        spec = load_mapping(options.mapping, environment=environment)
        compile_mapping(spec)
    path = spec.endpoint.path or "/tickets"
    print(json.dumps(describe_served({path: spec}), indent=2, ensure_ascii=False))
    return 0
