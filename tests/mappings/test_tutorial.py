"""The tutorial, run as it is written: command by command, in an empty folder."""

from __future__ import annotations

import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import ticketbridge
from ticketbridge.workbench.markdown import Fence, find_fences

TUTORIAL = (Path(__file__).parents[2] / "docs" / "tutorial" / "integrator.md").read_text("utf-8")


def environment(folder: Path) -> dict[str, str]:
    """That of a newcomer: no variables, and `ticketbridge` on the path."""
    program = folder / "ticketbridge"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m ticketbridge "$@"\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    source = str(Path(ticketbridge.__file__).parents[1])
    return {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}", "PYTHONPATH": source}


def pattern(expected: str) -> str:
    """What matches the output; a line of dots stands for any lines."""
    lines = [
        r"(?:.*\n)*?" if line == "..." else re.escape(line) + "\n" for line in expected.splitlines()
    ]
    return "".join(lines)


def write(block: Fence, folder: Path) -> None:
    """Writes the file that the block names, or adds to it."""
    _, *sign, name = block.info.split()
    with (folder / name).open("a" if sign else "w") as file:
        file.write(block.text)


def test_the_tutorial_runs_as_it_is_written(tmp_path: Path) -> None:
    """Each command prints what is shown, and the last one finds nothing that no case notices."""
    home, program = tmp_path / "home", tmp_path / "bin"
    home.mkdir()
    program.mkdir()
    variables = environment(program)
    shown, outputs = [], []
    for block in find_fences(TUTORIAL):
        language, *rest = block.info.split()
        if language == "sh":
            run = subprocess.run(  # noqa: S603 - the tutorial's own commands
                ["/bin/sh", "-c", block.text],
                cwd=home,
                env=variables,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
            )
            outputs.append((run.stdout, run.returncode))
        elif language == "text":
            shown.append((block.line, outputs[-1][0], block.text))
        elif rest and rest[-1] != "example":
            write(block, home)

    for line, output, expected in shown:
        assert re.fullmatch(pattern(expected), output), f"line {line}:\n{output}"
    assert [code for _, code in outputs] == [0, 0, 0, 1, 0, 1, 0, 0, 0, 0]
    assert len(shown) == len(outputs) - 1
