"""Set up and run the benchmarks: `python3 benchmarks/run.py [--only a,c] [--quick] [--markdown]`.

Makes a virtual environment in `.bench-venv/` with the project and its `bench` extra, and runs the
package `benchmarks` in it. With `--here` it runs in the Python that was called, as it is.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HOME = ROOT / ".bench-venv"
PYTHON = HOME / ("Scripts" if os.name == "nt" else "bin") / "python"
STAMP = HOME / "installed"


def main() -> int:
    """Run the benchmarks in the right Python, and give their exit code."""
    if sys.version_info < (3, 11):  # noqa: UP036 - whatever Python is called python3 may run this
        print("ticketbridge needs Python 3.11 or newer", file=sys.stderr)
        return 2
    python = sys.executable if "--here" in sys.argv else str(_environment())
    command = [python, "-m", "benchmarks", *sys.argv[1:]]
    return subprocess.run(command, cwd=ROOT, check=False).returncode


def _environment() -> Path:
    """The Python of the benchmarks' own environment, made anew when the project's needs change."""
    wanted = hashlib.sha256((ROOT / "pyproject.toml").read_bytes()).hexdigest()
    if STAMP.exists() and STAMP.read_text("utf-8") == wanted:
        return PYTHON
    print(f"setting up {HOME.name}/ ...", file=sys.stderr)
    venv.create(HOME, clear=True, with_pip=True)
    install = [str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*install, "--editable", f"{ROOT}[bench]"], check=True)
    STAMP.write_text(wanted, "utf-8")
    return PYTHON


if __name__ == "__main__":
    sys.exit(main())
