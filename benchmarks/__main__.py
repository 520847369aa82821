"""Measures, prints a table a part, and says which targets are met; exit code 1 where one is not."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from importlib import import_module

from benchmarks.report import Part, Target, as_markdown, as_text, machine

PARTS = {
    "a": "mapping",
    "b": "validation",
    "c": "proxy",
    "d": "growth",
    "e": "startup",
    "f": "waiting",
    "g": "neighbour",
    "h": "drafts",
    "i": "watched",
    "j": "workers",
    "k": "reload",
}
"""The module of each part."""
_NAMES = ", ".join(f"{letter} ({name})" for letter, name in PARTS.items())


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what was asked for."""
    options = _parser().parse_args(arguments)
    render = as_markdown if options.markdown else as_text
    print(f"{machine()}{', a quick run' if options.quick else ''}", flush=True)
    targets: list[Target] = []
    skipped: dict[str, None] = {}
    for letter in options.only:
        part = _measured(letter, quick=options.quick)
        print("\n".join(map(render, part.tables)), flush=True)
        targets += part.targets
        skipped.update(dict.fromkeys(part.skipped))
    lines = [*map(str, targets), *[f"SKIP  {sentence}" for sentence in skipped]]
    mark = "- " if options.markdown else ""
    print("", *[mark + line for line in lines], sep="\n")
    return 0 if all(target.met for target in targets) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="benchmarks/run.py", description=__doc__)
    parser.add_argument("--only", type=_letters, default=list(PARTS), metavar="A,B", help=_NAMES)
    parser.add_argument("--quick", action="store_true", help="fewer and shorter rounds")
    parser.add_argument("--markdown", action="store_true", help="tables as the README has them")
    parser.add_argument("--here", action="store_true", help="in this Python, as it is")
    return parser


def _letters(text: str) -> list[str]:
    letters = text.split(",")
    for letter in letters:
        if letter not in PARTS:
            raise argparse.ArgumentTypeError(f"there is no part {letter!r}: {_NAMES}")
    return letters


def _measured(letter: str, *, quick: bool) -> Part:
    measure: Callable[..., Part] = import_module(f"benchmarks.{PARTS[letter]}").measure
    return measure(quick=quick)


if __name__ == "__main__":
    sys.exit(main())
