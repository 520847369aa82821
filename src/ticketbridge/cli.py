"""The command line. Exit codes: 0 fine (warnings too), 1 errors or failures, 2 wrong usage."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from ticketbridge import __version__, logs
from ticketbridge.agreement import WaysDiffer
from ticketbridge.app import PathTaken
from ticketbridge.authoring.answers import fetched, mapped
from ticketbridge.authoring.check import WRITERS, as_text, check_files, check_paths
from ticketbridge.authoring.codes import all_codes
from ticketbridge.authoring.codes.page import explained
from ticketbridge.authoring.draft import draft, platform_of, write
from ticketbridge.authoring.explain import WRITERS as OUTCOME_WRITERS
from ticketbridge.authoring.explain import Outcome
from ticketbridge.authoring.record import RecordError, record
from ticketbridge.authoring.samples import SampleError
from ticketbridge.authoring.testing import WRITERS as CASE_WRITERS
from ticketbridge.authoring.testing import (
    OutputError,
    as_junit,
    run_files,
    update_files,
    write_text,
)
from ticketbridge.authoring.trial import Trial
from ticketbridge.catalog import NoMappings, mapping_files
from ticketbridge.contract import tickets_schema_text
from ticketbridge.demo import run_demo
from ticketbridge.mapping import Environment, MappingError
from ticketbridge.mapping.schema import schema_text
from ticketbridge.server import serve
from ticketbridge.settings import Settings, SettingsError, doubts_of, settings_from
from ticketbridge.terminal import counted, open_missing_streams, shows_colours

_SCHEMAS = {"mapping": schema_text, "tickets": tickets_schema_text}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and give its exit code."""
    if open_missing_streams():
        print("ticketbridge: stderr is closed: errors and the log are lost")
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except MappingError as error:
        print(as_text(error.findings, colour=shows_colours(sys.stderr)), file=sys.stderr)
        return 1
    except WaysDiffer as error:
        print(f"ticketbridge: {error}", file=sys.stderr)
        return 1
    except (NoMappings, OutputError, PathTaken, SampleError, SettingsError) as error:
        print(f"ticketbridge: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # Who reads the output has seen enough (`| head`); Python must not flush what is left.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _serve(options: argparse.Namespace) -> int:
    settings = _settings(options)
    if not settings.mappings:
        raise NoMappings("name a mapping or a folder of them (or set TICKETBRIDGE_MAPPINGS)")
    logs.configure(settings)
    for doubt in doubts_of(settings):
        logs.log_event("doubtful setting", {"reason": doubt}, logging.WARNING)
    files = map(Path, settings.mappings)
    with _all_findings(files, Environment(os.environ)):
        return serve(settings, os.environ)


@contextmanager
def _all_findings(paths: Iterable[Path], environment: Environment) -> Iterator[None]:
    """Loading ends at the first phase that fails: raise MappingError with what `check` finds in all."""
    try:
        yield
    except MappingError as error:
        found = check_files(mapping_files(paths), environment)
        has_errors = any(finding.severity == "error" for finding in found)
        raise MappingError(found if has_errors else error.findings) from None


def _check(options: argparse.Namespace) -> int:
    checked = check_paths(options.paths, Environment(os.environ, missing="placeholder"))
    findings = checked.findings
    colour = options.format == "text" and shows_colours(sys.stdout)
    text = as_text(findings, colour=True) if colour else WRITERS[options.format](findings)
    if text:
        print(text)
    errors = sum(finding.severity == "error" for finding in findings)
    if options.format == "text":
        print(_summary(checked.mappings, errors, len(findings) - errors))
    return 1 if errors else 0


def _test(options: argparse.Namespace) -> int:
    # The cases run without variables: they come out the same everywhere, and no secret is at hand.
    files = mapping_files(options.paths)
    if options.update:
        _update(files, options.format)
    run = run_files(files, with_coverage=options.coverage, with_slips=options.mutants)
    errors = [finding for finding in run.findings if finding.severity == "error"]
    if errors:
        print(as_text(errors, colour=shows_colours(sys.stderr)), file=sys.stderr)
    text = CASE_WRITERS[options.format](run)
    if text:
        print(text)
    if options.junit:
        write_text(options.junit, as_junit(run))
    return 0 if (run.is_thorough if options.strict else run.passed) else 1


def _update(files: Sequence[Path], form: str) -> None:
    for update in update_files(files):
        if str(update):
            print(update, file=sys.stdout if form == "text" else sys.stderr)


def _map(options: argparse.Namespace) -> int:
    environment = Environment(os.environ, missing="placeholder")
    with _all_findings([options.mapping], environment):
        trial, left = mapped(
            options.mapping, options.samples, options.user, environment, now=options.now
        )
    code = _tell(trial, options)
    for sample in left:
        print(f"ticketbridge: never asked for: {sample}", file=sys.stderr)
    return code


def _fetch(options: argparse.Namespace) -> int:
    environment = Environment(os.environ)
    with _all_findings([options.mapping], environment):
        trial = fetched(options.mapping, options.user, environment)
    code = _tell(trial, options)
    return code if options.record is None else _record(trial, options)


def _record(trial: Trial, options: argparse.Namespace) -> int:
    """Record what was fetched, a problem too; 1 where that cannot be."""
    try:
        name = record(trial, options.mapping, options.record, options.case)
    except RecordError as error:
        print(f"ticketbridge: nothing was recorded: {error}", file=sys.stderr)
        return 1
    print(f"ticketbridge: {options.record}: recorded the case `{name}`", file=sys.stderr)
    return 0 if trial.problem is None else 1


def _tell(trial: Trial, options: argparse.Namespace) -> int:
    """Print what came of a trial; 1 where it is a problem."""
    outcome = Outcome(trial, explain=options.explain, show_personal=options.show_personal_data)
    out, err = OUTCOME_WRITERS[options.format](outcome, sys.stdout)
    if out:
        print(out)
    if err:
        print(f"ticketbridge: {err}", file=sys.stderr)
    for line in trial.open:
        print(f"ticketbridge: {line}", file=sys.stderr)
    if trial.open:
        print("ticketbridge: a draft with something open answers nobody", file=sys.stderr)
    return 0 if trial.problem is None and not trial.open else 1


def _draft(options: argparse.Namespace) -> int:
    files = draft(options.samples, options.user, platform_of(options.output))
    if options.output is None:
        print(files.mapping, end="")
        print(f"ticketbridge: {files.summary}", file=sys.stderr)
        return 0
    written = write(files, options.output)
    print(f"{' and '.join(map(str, written))}: {files.summary}")
    print(f"Next: ticketbridge check {options.output}")
    return 0


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
    given = {name: value for name, value in flags.items() if value is not None}
    return settings_from(os.environ, given)


def _summary(files: int, errors: int, warnings: int) -> str:
    return (
        f"{counted(files, 'mapping')}: {counted(errors, 'error')}, {counted(warnings, 'warning')}"
    )


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


class _Explain(argparse.Action):
    """Prints what a code means, and does nothing else."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        _namespace: argparse.Namespace,
        values: str | Sequence[object] | None,
        _option: str | None = None,
    ) -> None:
        code = all_codes().get(str(values).upper())
        if code is None:
            known = list(all_codes())
            parser.error(f"there is no code {values} (from {known[0]} to {known[-1]})")
        print(explained(code), end="")
        parser.exit()


def _add_check(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--explain", action=_Explain, metavar="CODE", help="print what a code means, and exit"
    )
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH")
    parser.add_argument("--format", choices=list(WRITERS), default="text")
    parser.set_defaults(run=_check)


def _add_test(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("paths", nargs="+", type=Path, metavar="PATH")
    parser.add_argument("--format", choices=list(CASE_WRITERS), default="text")
    parser.add_argument(
        "--coverage", action="store_true", help="list what a mapping declares and no case comes by"
    )
    parser.add_argument(
        "--mutants", action="store_true", help="list the slips of a mapping that no case notices"
    )
    parser.add_argument(
        "--strict", action="store_true", help="fail for what those two list, and without cases"
    )
    parser.add_argument(
        "--update", action="store_true", help="write what failing cases come to into their files"
    )
    parser.add_argument("--junit", type=Path, metavar="FILE", help="write the results as XML too")
    parser.set_defaults(run=_test)


def _add_map(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("mapping", type=Path, metavar="MAPPING")
    parser.add_argument(
        "samples",
        nargs="+",
        metavar="SAMPLE",
        help="a file with a saved answer: orders.json for the first call, order=orders.json for the"
        " call of that name, /orders?page=2=orders2.json for a request; or a case, FILE.cases.yaml#NAME",
    )
    parser.add_argument("--user", metavar="E", help="whose tickets (a case brings its own)")
    parser.add_argument("--now", type=_moment, metavar="TIME", help="what now() gives")
    _add_outcome(parser)
    parser.set_defaults(run=_map)


def _add_fetch(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("mapping", type=Path, metavar="MAPPING")
    parser.add_argument("--user", required=True, metavar="E", help="whose tickets")
    _add_outcome(parser)
    parser.add_argument(
        "--record",
        type=Path,
        metavar="FILE",
        help="add the answers to this cases file, with made-up data in place of personal data",
    )
    parser.add_argument("--case", metavar="NAME", help="the name of the recorded case")
    parser.set_defaults(run=_fetch)


def _add_draft(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "samples",
        nargs="+",
        metavar="SAMPLE",
        help="a saved answer, JSON or XML, best with what it answered: "
        "'/orders?email=ana@example.com=orders.json'; or an OpenAPI file, JSON or YAML",
    )
    parser.add_argument("--user", metavar="E", help="whose tickets are in the samples")
    parser.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="FILE",
        help="write here, and the first cases beside it",
    )
    parser.set_defaults(run=_draft)


def _add_outcome(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--explain", action="store_true", help="show each call, each record and each field"
    )
    parser.add_argument(
        "--show-personal-data",
        action="store_true",
        help="do not mask personal data in the explanation (credentials always are)",
    )
    parser.add_argument("--format", choices=list(OUTCOME_WRITERS), default="text")


def _moment(text: str) -> datetime:
    """A time with its offset, as `2026-11-24T12:00:00Z`."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        example = "write it as 2026-11-24T12:00:00Z"
        raise argparse.ArgumentTypeError(f"{text!r} is no time: {example}") from None
    if moment.tzinfo is None:
        raise argparse.ArgumentTypeError(f"{text!r} has no offset: write {text}Z for UTC")
    return moment


def _add_schema(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("which", choices=list(_SCHEMAS))
    parser.set_defaults(run=_schema)


_COMMANDS: Mapping[str, tuple[str, Callable[[argparse.ArgumentParser], None]]] = {
    "demo": ("run a small platform and the proxy on it", _add_demo),
    "serve": ("run the proxy", _add_serve),
    "check": ("say all that is wrong in mappings, without a call", _add_check),
    "test": ("run the cases of mappings, offline", _add_test),
    "map": ("map saved answers of the platform, offline", _add_map),
    "draft": ("draft a first mapping from saved answers, or an OpenAPI file", _add_draft),
    "fetch": ("make one real call, as menta tech would", _add_fetch),
    "schema": ("print a JSON Schema", _add_schema),
}
