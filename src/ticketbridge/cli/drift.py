"""`ticketbridge drift`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from ticketbridge.workbench.drift.drifting import WRITERS, find_drift


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    what = "a saved answer, or a recorded case: acme.cases.yaml#NAME"
    parser.add_argument("old", metavar="OLD", help=what)
    parser.add_argument("new", metavar="NEW", help="the same, recorded later")
    parser.add_argument(
        "--mapping",
        type=Path,
        metavar="FILE",
        help="compare also the results of this mapping for the two cases",
    )
    parser.add_argument("--format", choices=list(WRITERS), default="text", help="output format")


def run(options: argparse.Namespace) -> int:
    """Print what changed. Return 1 if a change may break a mapping."""
    drifts = find_drift(options.old, options.new, options.mapping)
    print(WRITERS[options.format](drifts, sys.stdout))
    return 1 if any(drift.severity == "breaks" for drift in drifts) else 0
