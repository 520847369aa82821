"""`ticketbridge rehearse`."""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import os
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

from ticketbridge.cli.reporting import all_findings
from ticketbridge.engine.bridge import compile_mapping
from ticketbridge.mapping import Environment, load_mapping
from ticketbridge.mapping.value_kinds import UnitError, seconds
from ticketbridge.service.catalog import not_there
from ticketbridge.workbench.cases.value_text import write_moment
from ticketbridge.workbench.rehearse.rehearsal_output import WRITERS
from ticketbridge.workbench.rehearse.rehearsal_report import Occasion, report_of
from ticketbridge.workbench.rehearse.rehearsing import Bounds, Rehearsal, read_users

_WIDTH = 30


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("mapping", type=Path, metavar="MAPPING", help="the mapping file")
    parser.add_argument(
        "--users", required=True, metavar="FILE", help="a file with one user a line; - reads stdin"
    )
    parser.add_argument(
        "--most", type=_number, default=1000, metavar="N", help="ask for at most N users (1000)"
    )
    parser.add_argument(
        "--rate",
        type=_interval,
        default="2/1s",
        metavar="N/TIME",
        help="begin at most N answers in TIME (2/1s)",
    )
    parser.add_argument(
        "--at-once", type=_number, default=4, metavar="N", help="answers at the same time (4)"
    )
    parser.add_argument(
        "--stop-after",
        type=_number,
        default=10,
        metavar="N",
        help="stop after N failures of the platform in a row (10)",
    )
    parser.add_argument("--format", choices=list(WRITERS), default="text", help="output format")
    parser.add_argument("--output", type=Path, metavar="FILE", help="write the report to this file")


def run(options: argparse.Namespace) -> int:
    """Ask for all users, and print the report. Return 1 if it has an error."""
    environment = Environment(os.environ)
    if not options.mapping.is_file():
        raise not_there(options.mapping)
    with all_findings([options.mapping], environment):
        content = options.mapping.read_bytes()
        bridge = compile_mapping(load_mapping(options.mapping, environment=environment))
    users = read_users(options.users, bridge.spec.endpoint, options.most)
    bounds = Bounds(options.most, options.at_once, options.rate, options.stop_after)
    is_seen = sys.stderr.isatty()
    rehearsal = Rehearsal(bridge, bounds, _progress if is_seen else lambda *_counts: None)
    started, began = write_moment(datetime.now(UTC)), time.perf_counter()
    asyncio.run(rehearsal.run(users.users))
    occasion = Occasion(
        bridge.spec,
        hashlib.sha256(content).hexdigest(),
        started,
        time.perf_counter() - began,
        users.repeated,
        users.left,
        rehearsal.stopped,
    )
    report = report_of(rehearsal.tally, occasion)
    _write(WRITERS[options.format](report), options.output)
    return 1 if report.failed else 0


def _write(text: str, file: Path | None) -> None:
    if file is None:
        print(text, end="")
    else:
        file.write_text(text, "utf-8")
        print(f"ticketbridge: {file}: the report is written", file=sys.stderr)


def _progress(done: int, all_users: int, problems: int) -> None:
    """Draw one line that stays in its place."""
    bar = "#" * (done * _WIDTH // all_users)
    end = "\n" if done == all_users else ""
    line = f"\r[{bar:<{_WIDTH}}] {done} of {all_users} users, {problems} problems"
    print(line, end=end, file=sys.stderr, flush=True)


def _number(text: str) -> int:
    if not text.isascii() or not text.isdigit() or not int(text):
        raise argparse.ArgumentTypeError("a whole number over 0")
    return int(text)


def _interval(text: str) -> float:
    """Return the seconds from the start of one answer to the start of the next."""
    number, _, period = text.partition("/")
    try:
        return seconds(period or "1s") / _number(number)
    except (UnitError, argparse.ArgumentTypeError):
        raise argparse.ArgumentTypeError("write it as 2/1s, or 30/1m") from None
