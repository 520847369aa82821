"""`ticketbridge studio`."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from ticketbridge.service.catalog import is_cases, mapping_beside
from ticketbridge.service.settings import SettingsError
from ticketbridge.terminal import UsageError
from ticketbridge.workbench.studio.studio_serving import serve_studio


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "mapping", type=Path, metavar="MAPPING", help="the file to work on; it may be a new one"
    )
    parser.add_argument("--port", type=int, default=0, help="port of the page (any free one)")


def run(options: argparse.Namespace) -> int:
    """Serve the page until it is told to stop."""
    mapping = mapping_beside(options.mapping) if is_cases(options.mapping) else options.mapping
    if mapping.is_dir() or not mapping.parent.is_dir() or mapping.suffix not in {".yaml", ".yml"}:
        raise UsageError(
            f"{mapping}: the studio works on one mapping, a file whose name ends in .yaml"
        )
    try:
        serve_studio(mapping, options.port, os.environ, _announce)
    except SettingsError as error:
        raise UsageError(str(error)) from None
    return 0


def _announce(url: str) -> None:
    print(
        f"The studio is at {url}\nThe address opens it for this start only. Ctrl+C ends it.",
        flush=True,
    )
