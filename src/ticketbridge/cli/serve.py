"""`ticketbridge serve`."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from ticketbridge.cli.reporting import all_findings
from ticketbridge.mapping import Environment
from ticketbridge.service import logs
from ticketbridge.service.catalog import NoMappings
from ticketbridge.service.server import serve
from ticketbridge.service.settings import Settings, doubts_of, doubts_of_variables, settings_from


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "paths",
        nargs="*",
        metavar="MAPPING_OR_FOLDER",
        help="mappings to serve (TICKETBRIDGE_MAPPINGS)",
    )
    parser.add_argument("--host", help="address to listen on (TICKETBRIDGE_HOST, 127.0.0.1)")
    parser.add_argument("--port", help="port to listen on (TICKETBRIDGE_PORT, 8080)")
    parser.add_argument("--workers", help="processes (TICKETBRIDGE_WORKERS, 1)")
    parser.add_argument(
        "--metrics-port", help="port of /metrics, 0 for none (TICKETBRIDGE_METRICS_PORT, 9464)"
    )
    parser.add_argument(
        "--watch",
        action="store_const",
        const="1",
        help="read mappings again when their files change, not only on SIGHUP (TICKETBRIDGE_WATCH, 0)",
    )


def run(options: argparse.Namespace) -> int:
    """Run the proxy until it is told to stop."""
    settings = _settings(options)
    logs.configure(settings)
    if not settings.mappings:
        logs.log_doubts(doubts_of_variables(os.environ))
        raise NoMappings("name a mapping or a folder of them (or set TICKETBRIDGE_MAPPINGS)")
    logs.log_doubts(doubts_of(settings))
    files = map(Path, settings.mappings)
    with all_findings(files, Environment(os.environ)):
        return serve(settings, os.environ)


def _settings(options: argparse.Namespace) -> Settings:
    """Return the settings of the environment; each given flag replaces one."""
    flags = {
        "HOST": options.host,
        "PORT": options.port,
        "WORKERS": options.workers,
        "METRICS_PORT": options.metrics_port,
        "WATCH": options.watch,
        "MAPPINGS": os.pathsep.join(options.paths) or None,
    }
    given = {name: value for name, value in flags.items() if value is not None}
    return settings_from(os.environ, given)
