"""`ticketbridge probe`."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from ticketbridge.mapping import Environment
from ticketbridge.terminal import UsageError
from ticketbridge.workbench.probe.caller import ProbeTarget, read_header, read_url
from ticketbridge.workbench.probe.contracts import CONTRACTS, Contract
from ticketbridge.workbench.probe.handshake import trust_of
from ticketbridge.workbench.probe.probe_files import read_expected, read_replay, read_schema
from ticketbridge.workbench.probe.probe_output import WRITERS
from ticketbridge.workbench.probe.probe_session import Limits
from ticketbridge.workbench.probe.probing import CHECKS, OUTSIDER_CHECKS, probe, resale_checks

_MOST_CALLS = 200


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("url", metavar="URL", help="the endpoint, without the user")
    parser.add_argument("--user", metavar="E", help="a user who owns a valid ticket")
    parser.add_argument(
        "--user-parameter", default="user", metavar="NAME", help="the query parameter (user)"
    )
    parser.add_argument(
        "--header",
        action="append",
        default=[],
        metavar="'NAME: ${VARIABLE}'",
        help="a header of each call; a value from a variable is a secret and is never printed",
    )
    parser.add_argument(
        "--contract", choices=CONTRACTS, default="tickets", help="what the endpoint must answer"
    )
    parser.add_argument(
        "--schema", type=Path, metavar="FILE", help="a JSON Schema instead of the bundled one"
    )
    parser.add_argument(
        "--expect", type=Path, metavar="FILE", help="users and what they own: {user: [ids]}"
    )
    parser.add_argument(
        "--replay", type=Path, metavar="FILE", help="play a resale in place of all other checks"
    )
    parser.add_argument(
        "--ca", type=Path, metavar="FILE", help="trust only these certificate authorities"
    )
    parser.add_argument("--calls", type=_calls, default=10, help="pulls for latency and ids (10)")
    parser.add_argument(
        "--slow",
        type=_seconds,
        default=2.0,
        metavar="S",
        help="a p95 above S seconds is an error (2)",
    )
    parser.add_argument(
        "--timeout", type=_seconds, default=10.0, metavar="S", help="seconds for one call (10)"
    )
    parser.add_argument(
        "--outsider",
        action="store_true",
        help="this machine is not on the endpoint's list of addresses: each call must be refused",
    )
    parser.add_argument("--format", choices=list(WRITERS), default="text", help="output format")


def run(options: argparse.Namespace) -> int:
    """Print the findings at the endpoint. Return 1 if one is an error."""
    environment = Environment(os.environ)
    target = ProbeTarget(
        read_url(options.url),
        options.user_parameter,
        [read_header(text, environment) for text in options.header],
        options.timeout,
    )
    if options.replay is not None:
        checks = resale_checks(read_replay(options.replay))
    elif options.user is None:
        raise UsageError("--user E is needed: a user who owns a valid ticket")
    else:
        checks = OUTSIDER_CHECKS if options.outsider else CHECKS
    schema = None if options.schema is None else read_schema(options.schema)
    report = probe(
        target,
        trust_of(options.ca),
        Contract(options.contract, schema),
        options.user or "",
        limits=Limits(options.calls, options.slow),
        expected={} if options.expect is None else read_expected(options.expect),
        checks=checks,
    )
    print(WRITERS[options.format](report, sys.stdout))
    return 1 if report.failed else 0


def _calls(text: str) -> int:
    """Return a number of calls from 2 to 200. Raises ArgumentTypeError for any other text."""
    if not text.isascii() or not text.isdigit() or not 2 <= int(text) <= _MOST_CALLS:
        raise argparse.ArgumentTypeError(f"a number from 2 to {_MOST_CALLS}")
    return int(text)


def _seconds(text: str) -> float:
    """Return seconds, over 0 and up to 300. Raises ArgumentTypeError for any other text."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds <= 300:
        raise argparse.ArgumentTypeError("seconds, over 0 and up to 300")
    return seconds
