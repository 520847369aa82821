"""`ticketbridge map`."""

from __future__ import annotations

import argparse
import os
import sys
from datetime import datetime
from pathlib import Path

from ticketbridge.cli.outcome import add_outcome_arguments, print_outcome
from ticketbridge.cli.reporting import all_findings
from ticketbridge.mapping import Environment
from ticketbridge.service.catalog import not_there
from ticketbridge.workbench.answers import map_samples


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("mapping", type=Path, metavar="MAPPING", help="the mapping file")
    parser.add_argument(
        "samples",
        nargs="+",
        metavar="SAMPLE",
        help="a file with a saved answer: orders.json for the first call, order=orders.json for the"
        " call of that name, /orders?page=2=orders2.json for a request; or a case, FILE.cases.yaml#NAME",
    )
    parser.add_argument("--user", metavar="E", help="whose tickets (a case brings its own)")
    parser.add_argument("--now", type=_moment, metavar="TIME", help="the time that now() gives")
    add_outcome_arguments(parser)


def run(options: argparse.Namespace) -> int:
    """Print the mapping's answer for the samples."""
    if options.mapping.is_dir():
        raise not_there(options.mapping)
    with all_findings([options.mapping], Environment(os.environ, missing="placeholder")):
        trial, left = map_samples(options.mapping, options.samples, options.user, now=options.now)
    code = print_outcome(trial, options)
    for sample in left:
        print(f"ticketbridge: never asked for: {sample}", file=sys.stderr)
    return code


def _moment(text: str) -> datetime:
    """Return a time with its offset, for example `2026-11-24T12:00:00Z`."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        example = "write it as 2026-11-24T12:00:00Z"
        raise argparse.ArgumentTypeError(f"{text!r} is no time: {example}") from None
    if moment.tzinfo is None:
        raise argparse.ArgumentTypeError(f"{text!r} has no offset: write {text}Z for UTC")
    return moment
