"""Look for known holes in the packages of constraint files, by pip-audit; exit 1 where there are any.

Where pip-audit does not reach its source, or not all of it, that is said, and is no failure: a machine
without a way out has to be able to run all else.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

PATIENCE = 15  # seconds
AUDIT = ("pip_audit", "--format=json", "--progress-spinner=off", "--disable-pip", "--timeout=5")


def audited(files: Sequence[str]) -> list[dict[str, Any]] | None:
    """Return what pip-audit says of each package of *files*; None where it says nothing."""
    named = [word for file in files for word in ("-r", file)]
    command = (sys.executable, "-m", *AUDIT, "--require-hashes", *named)
    try:
        ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=PATIENCE)
        packages: list[dict[str, Any]] = json.loads(ran.stdout)["dependencies"]
    except (subprocess.TimeoutExpired, ValueError):
        return None
    return packages


def main(files: Sequence[str]) -> int:
    """Say what is known of the packages of *files*; return 1 where one has a hole."""
    packages = audited(files)
    if packages is None:
        print("NOT AUDITED: pip-audit did not reach its source, or did not end")
        return 0
    known = [package for package in packages if "skip_reason" not in package]
    unknown = len(packages) - len(known)
    if unknown:
        print(f"NOT AUDITED: pip-audit's source says nothing of {unknown} packages")
    print(f"{len(known)} of {len(packages)} packages audited")
    holes = [(package, hole) for package in known for hole in package["vulns"]]
    for package, hole in holes:
        fixed = ", ".join(hole["fix_versions"]) or "nothing yet"
        print(f"{package['name']} {package['version']}: {hole['id']}, mended in {fixed}")
    return 1 if holes else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
