"""`ticketbridge demo`."""

from __future__ import annotations

import argparse

from ticketbridge.demo.screen import run_demo


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("--port", type=int, default=8080, help="port of the proxy (8080)")


def run(options: argparse.Namespace) -> int:
    """Run the demo until it is told to stop."""
    return run_demo(options.port)
