"""`ticketbridge fetch`."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from ticketbridge.cli.outcome import add_outcome_arguments, print_outcome
from ticketbridge.cli.reporting import all_findings
from ticketbridge.mapping import Environment
from ticketbridge.service.catalog import not_there
from ticketbridge.workbench.answer_run import AnswerRun
from ticketbridge.workbench.answers import fetch_answer
from ticketbridge.workbench.record.recording import RecordError, record


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("mapping", type=Path, metavar="MAPPING", help="the mapping file")
    parser.add_argument("--user", required=True, metavar="E", help="whose tickets")
    add_outcome_arguments(parser)
    parser.add_argument(
        "--record",
        type=Path,
        metavar="FILE",
        help="add the answers to this cases file, with made-up data in place of personal data",
    )
    parser.add_argument("--case", metavar="NAME", help="the name of the recorded case")


def run(options: argparse.Namespace) -> int:
    """Print what menta tech would get, and record it if `--record` is given."""
    if options.mapping.is_dir():
        raise not_there(options.mapping)
    environment = Environment(os.environ)
    with all_findings([options.mapping], environment):
        trial = fetch_answer(options.mapping, options.user, environment)
    code = print_outcome(trial, options)
    return code if options.record is None else _record(trial, options)


def _record(trial: AnswerRun, options: argparse.Namespace) -> int:
    """Record the answer or the problem. Return 1 if that is not possible."""
    try:
        name = record(trial, options.mapping, options.record, options.case)
    except RecordError as error:
        print(f"ticketbridge: nothing was recorded: {error}", file=sys.stderr)
        return 1
    print(f"ticketbridge: {options.record}: recorded the case `{name}`", file=sys.stderr)
    return 0 if trial.problem is None else 1
