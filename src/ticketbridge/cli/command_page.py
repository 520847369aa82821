"""The page of the command line, as Markdown, made from the parsers of the commands."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from ticketbridge.cli import fill_parser
from ticketbridge.cli.commands import COMMANDS

_HEAD = """\
# The command line

`ticketbridge COMMAND --help` prints what stands here. `--version` prints the version.

| command | does |
|---|---|
"""


def make_command_page() -> str:
    """Return the page: a table of the commands, and a section for each."""
    rows = "".join(f"| [`{name}`](#{name}) | {text.line} |\n" for name, text in COMMANDS.items())
    return f"{_HEAD}{rows}\n" + "\n".join(line for name in COMMANDS for line in _section(name))


def _section(name: str) -> Iterator[str]:
    text = COMMANDS[name]
    parser = argparse.ArgumentParser(prog=f"ticketbridge {name}", add_help=False)
    fill_parser(name, parser)
    yield from (f"## {name}", "", text.description, "", "```sh", text.example, "```", "")
    yield from ("| argument | meaning |", "|---|---|")
    for action in parser._actions:  # noqa: SLF001 - argparse has no other list of them
        yield f"| {_name_of(action)} | {_meaning_of(action)} |"
    yield from ("", f"Exit codes: {text.exit_codes}.", "")


def _name_of(action: argparse.Action) -> str:
    metavar = action.metavar if isinstance(action.metavar, str) else action.dest.upper()
    if not action.option_strings:
        return f"`{metavar}`"
    takes_value = action.nargs != 0
    shown = f" {metavar}" if takes_value and not action.choices else ""
    return f"`{', '.join(action.option_strings)}{shown}`"


def _meaning_of(action: argparse.Action) -> str:
    words = action.help or ""
    if action.choices:
        words = f"{words}: " * bool(words) + ", ".join(f"`{each}`" for each in action.choices)
        words += f" ({action.default})" if action.default else ""
    return words.replace("|", "\\|")
