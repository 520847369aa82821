"""The command line. Exit codes: 0 fine (warnings too), 1 errors or failures, 2 wrong usage."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TextIO

from ticketbridge import __version__, logs
from ticketbridge.app import PathTaken
from ticketbridge.authoring.cases import WRITERS as CASE_WRITERS
from ticketbridge.authoring.cases import run_files
from ticketbridge.authoring.check import WRITERS, as_text
from ticketbridge.catalog import NoMappings, check_files, mapping_files
from ticketbridge.contract import tickets_schema_text
from ticketbridge.demo import run_demo
from ticketbridge.mapping import Environment, MappingError
from ticketbridge.mapping.schema import schema_file
from ticketbridge.server import serve
from ticketbridge.settings import Settings, SettingsError, settings_from

_SCHEMAS = {"mapping": lambda: schema_file().read_text("utf-8"), "tickets": tickets_schema_text}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and give its exit code."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except MappingError as error:
        print(as_text(error.findings, colour=_colours(sys.stderr)), file=sys.stderr)
        return 1
    except (NoMappings, PathTaken, SettingsError) as error:
        print(f"ticketbridge: {error}", file=sys.stderr)
        return 2
    except BrokenPipeError:
        # Who reads the output has seen enough (`| head`); Python must not flush what is left.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _serve(options: argparse.Namespace) -> int:
    settings = _settings(options)
    if not settings.mappings:
        raise NoMappings("name a mapping or a folder of them (or set TICKETBRIDGE_MAPPINGS)")
    logs.configure(settings)
    return serve(settings, os.environ)


def _check(options: argparse.Namespace) -> int:
    files = mapping_files(options.paths)
    findings = check_files(files, Environment(os.environ, missing="placeholder"))
    colour = options.format == "text" and _colours(sys.stdout)
    text = as_text(findings, colour=True) if colour else WRITERS[options.format](findings)
    if text:
        print(text)
    errors = sum(finding.severity == "error" for finding in findings)
    if options.format == "text":
        print(_summary(len(files), errors, len(findings) - errors))
    return 1 if errors else 0


def _test(options: argparse.Namespace) -> int:
    # The cases run without variables: they come out the same everywhere, and no secret is at hand.
    run = run_files(mapping_files(options.paths))
    errors = [finding for finding in run.findings if finding.severity == "error"]
    if errors:
        print(as_text(errors, colour=_colours(sys.stderr)), file=sys.stderr)
    text = CASE_WRITERS[options.format](run.results, run.without_cases)
    if text:
        print(text)
    return 0 if run.passed else 1


def _demo(options: argparse.Namespace) -> int:
    return run_demo(options.port)


def _schema(options: argparse.Namespace) -> int:
    print(_SCHEMAS[options.which](), end="")
    return 0


def _settings(options: argparse.Namespace) -> Settings:
    """The environment's settings, each replaced by the flag that was given."""
    flags = {
        "HOST": options.host,
        "PORT": options.port,
        "WORKERS": options.workers,
        "MAPPINGS": os.pathsep.join(options.paths) or None,
    }
    given = {f"TICKETBRIDGE_{name}": value for name, value in flags.items() if value is not None}
    return settings_from({**os.environ, **given})


def _colours(stream: TextIO) -> bool:
    """Whether *stream* is a terminal whose user wants colours (https://no-color.org)."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _summary(files: int, errors: int, warnings: int) -> str:
    return f"{_count(files, 'mapping')}: {_count(errors, 'error')}, {_count(warnings, 'warning')}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="ticketbridge",
        description="One GET /tickets in front of a ticketing platform's existing API.",
    )
    parser.add_argument("--version", action="version", version=f"ticketbridge {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for name, (words, add_arguments) in _COMMANDS.items():
        add_arguments(commands.add_parser(name, help=words))
    return parser


def command_names() -> list[str]:
    """The commands there are."""
    return list(_COMMANDS)


def _add_demo(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--port", type=int, default=8080, help="port of the proxy (8080)")
    parser.set_defaults(run=_demo)


def _add_serve(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("paths", nargs="*", metavar="MAPPING_OR_FOLDER")
    parser.add_argument("--host", help="address to listen on (TICKETBRIDGE_HOST, 127.0.0.1)")
    parser.add_argument("--port", help="port to listen on (TICKETBRIDGE_PORT, 8080)")
    parser.add_argument("--workers", help="processes (TICKETBRIDGE_WORKERS, 1)")
    parser.set_defaults(run=_serve)


def _add_check(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH")
    parser.add_argument("--format", choices=list(WRITERS), default="text")
    parser.set_defaults(run=_check)


def _add_test(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH")
    parser.add_argument("--format", choices=list(CASE_WRITERS), default="text")
    parser.set_defaults(run=_test)


def _add_schema(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("which", choices=list(_SCHEMAS))
    parser.set_defaults(run=_schema)


_COMMANDS: Mapping[str, tuple[str, Callable[[argparse.ArgumentParser], None]]] = {
    "demo": ("run a small platform and the proxy on it", _add_demo),
    "serve": ("run the proxy", _add_serve),
    "check": ("say all that is wrong in mappings, without a call", _add_check),
    "test": ("run the cases of mappings, offline", _add_test),
    "schema": ("print a JSON Schema", _add_schema),
}
