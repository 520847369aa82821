"""The command line. Exit codes: 0 fine (warnings too), 1 errors or failures, 2 wrong usage.

Each command is a module here, with its arguments and its code. Only the module of the given command is
loaded, so `serve` loads none of the tools.
"""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence
from importlib import import_module

from ticketbridge import __version__
from ticketbridge.cli.commands import COMMANDS, EXIT_CODES
from ticketbridge.cli.reporting import print_findings
from ticketbridge.cli.stdout import StdoutError, checked_stdout
from ticketbridge.engine.agreement import WaysDiffer
from ticketbridge.mapping import MappingError
from ticketbridge.terminal import UsageError, open_missing_streams


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    closed = open_missing_streams()
    if "stderr" in closed:
        print("ticketbridge: stderr is closed: errors and the log are lost")
    arguments = sys.argv[1:] if arguments is None else arguments
    if arguments[:1] == ["serve"] and hasattr(signal, "SIGHUP"):
        # A reload that comes before anything is read ends nothing.
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with checked_stdout(is_closed="stdout" in closed):
            return _run(arguments)
    except StdoutError as error:
        print(f"ticketbridge: the output cannot be written: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        return 1  # whoever reads the output has seen enough (`| head`)


def _run(arguments: Sequence[str]) -> int:
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


def _parser(arguments: Sequence[str]) -> argparse.ArgumentParser:
    """Return the parser of all commands, with the arguments of the command in *arguments*."""
    parser = argparse.ArgumentParser(
        prog="ticketbridge",
        description="One GET /tickets in front of a ticketing platform's existing API.",
        epilog=f"Exit codes: {EXIT_CODES}. `ticketbridge COMMAND --help` says more of a command.",
    )
    parser.add_argument("--version", action="version", version=f"ticketbridge {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for name, text in COMMANDS.items():
        command = commands.add_parser(name, help=text.line)
        if name in arguments[:1]:
            fill_parser(name, command)
    return parser


def fill_parser(name: str, parser: argparse.ArgumentParser) -> None:
    """Give *parser* the arguments and the help of the command *name*, whose module is loaded for it."""
    text = COMMANDS[name]
    parser.description = text.description
    parser.epilog = f"Example: {text.example}\nExit codes: {text.exit_codes}"
    parser.formatter_class = _Help
    module = import_module(f"ticketbridge.cli.{name}")
    module.add_arguments(parser)
    parser.set_defaults(run=module.run)


class _Help(argparse.HelpFormatter):
    """Wraps the description, and keeps the last lines unchanged, so that the example can be copied."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        if text.startswith("Example: "):
            return "".join(f"{indent}{line}\n" for line in text.splitlines())
        return super()._fill_text(text, width, indent)
