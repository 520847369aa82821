"""The peer that runs in Node.js: its packages come by npm into the benchmarks' own environment."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from functools import cache
from pathlib import Path

_PEER = Path(__file__).parent / "peers" / "fastify"
_HOME = Path(__file__).parent.parent / ".bench-venv" / "fastify"
_PACKAGES = _PEER / "package.json"
_STAMP = _HOME / "installed"
_INSTALL = ("npm", "install", "--no-audit", "--no-fund", "--no-package-lock")
_PATIENCE = 180.0  # seconds for npm

SERVER = _HOME / "server.mjs"


@cache
def why_missing() -> str:
    """Why the peer cannot run here; "" where it can, and its packages are installed."""
    missing = [command for command in ("node", "npm") if shutil.which(command) is None]
    if missing:
        return f"{missing[0]} is not installed"
    wanted = hashlib.sha256(_PACKAGES.read_bytes()).hexdigest()
    if not _STAMP.exists() or _STAMP.read_text("utf-8") != wanted:
        _HOME.mkdir(parents=True, exist_ok=True)
        shutil.copy(_PACKAGES, _HOME)
        if not _installed():
            return "npm could not install its packages"
        _STAMP.write_text(wanted, "utf-8")
    # Node looks for packages beside the file that asks for them.
    shutil.copy(_PEER / SERVER.name, SERVER)
    return ""


def _installed() -> bool:
    silent = subprocess.DEVNULL
    try:
        done = subprocess.run(
            _INSTALL, cwd=_HOME, timeout=_PATIENCE, check=False, stdout=silent, stderr=silent
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
