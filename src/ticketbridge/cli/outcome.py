"""Print the answer to one user, for `map` and `fetch`."""

from __future__ import annotations

import argparse
import sys

from ticketbridge.workbench.answer_run import AnswerRun
from ticketbridge.workbench.explain_output import WRITERS, PrintedAnswer


def add_outcome_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that say how the answer is printed."""
    parser.add_argument(
        "--explain", action="store_true", help="show each call, each record and each field"
    )
    parser.add_argument(
        "--show-personal-data",
        action="store_true",
        help="do not mask personal data in the explanation (credentials always are)",
    )
    parser.add_argument("--format", choices=list(WRITERS), default="text", help="output format")


def print_outcome(trial: AnswerRun, options: argparse.Namespace) -> int:
    """Print the result of a trial. Return 1 if it is a problem."""
    outcome = PrintedAnswer(
        trial, explain=options.explain, show_personal=options.show_personal_data
    )
    out, err = WRITERS[options.format](outcome, sys.stdout)
    if out:
        print(out)
    if err:
        print(f"ticketbridge: {err}", file=sys.stderr)
    for line in trial.open:
        print(f"ticketbridge: {line}", file=sys.stderr)
    if trial.open:
        print("ticketbridge: a draft with something open answers nobody", file=sys.stderr)
    return 0 if trial.problem is None and not trial.open else 1
