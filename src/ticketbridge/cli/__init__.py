"""The command line. Exit codes: 0 fine (warnings too), 1 errors or failures, 2 wrong usage.

Each command is a module here, with its arguments and what it runs; only that of the command that was asked
for is loaded, so that `serve` carries none of the tools.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module

from ticketbridge import __version__
from ticketbridge.cli.reporting import print_findings
from ticketbridge.engine.agreement import WaysDiffer
from ticketbridge.mapping import MappingError
from ticketbridge.terminal import UsageError, open_missing_streams

COMMANDS: Mapping[str, str] = {
    "demo": "run a small platform and the proxy on it",
    "serve": "run the proxy",
    "check": "say all that is wrong in mappings, without a call",
    "test": "run the cases of mappings, offline",
    "map": "map saved answers of the platform, offline",
    "draft": "draft a first mapping from saved answers, or an OpenAPI file",
    "studio": "work on a mapping in the browser, and see what it makes of answers",
    "fetch": "make one real call, as menta tech would",
    "probe": "judge an endpoint from outside, as menta tech calls it",
    "sheet": "print a mapping as a page that both companies can sign",
    "schema": "print a JSON Schema",
    "openapi": "print the OpenAPI description of what a mapping serves",
}
"""The commands and what each does; a command's module has its name."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    if open_missing_streams():
        print("ticketbridge: stderr is closed: errors and the log are lost")
    arguments = sys.argv[1:] if arguments is None else arguments
    options = _parser(arguments).parse_args(arguments)
    try:
        return int(options.run(options))
    except MappingError as error:
        print_findings(error.findings)
        return 1
    except WaysDiffer as error:
        print(f"ticketbridge: {error}", file=sys.stderr)
        return 1
    except UsageError as error:
        print(f"ticketbridge: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Who reads the output has seen enough (`| head`); Python must not flush what is left.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _parser(arguments: Sequence[str]) -> argparse.ArgumentParser:
    """Return the parser of all commands, with the arguments of the one that *arguments* name."""
    parser = argparse.ArgumentParser(
        prog="ticketbridge",
        description="One GET /tickets in front of a ticketing platform's existing API.",
    )
    parser.add_argument("--version", action="version", version=f"ticketbridge {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for name, words in COMMANDS.items():
        command = commands.add_parser(name, help=words)
        if name in arguments[:1]:
            module = import_module(f"ticketbridge.cli.{name}")
            module.add_arguments(command)
            command.set_defaults(run=module.run)
    return parser
