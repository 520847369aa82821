"""Print the path of each installed Python that ticketbridge is for, oldest first.

A version is looked for on the PATH, then among those of pyenv.
"""

import shutil
import subprocess

VERSIONS = ("3.11", "3.12", "3.13", "3.14")


def find(version: str) -> str | None:
    """Return the path of a Python of *version* that starts, or None."""
    candidates = [shutil.which(f"python{version}"), in_pyenv(version)]
    return next((path for path in candidates if path and starts(path, version)), None)


def in_pyenv(version: str) -> str | None:
    """Return where pyenv has its newest Python of *version*, or None."""
    newest = output("pyenv", "latest", version)
    prefix = newest and output("pyenv", "prefix", newest)
    return f"{prefix}/bin/python" if prefix else None


def starts(path: str, version: str) -> bool:
    """Tell whether *path* runs as *version*; what a version manager puts on the PATH may not."""
    return output(path, "-c", "import sys; print('%d.%d' % sys.version_info[:2])") == version


def output(*command: str) -> str | None:
    """Return what *command* prints, or None where it fails or is not there."""
    if shutil.which(command[0]) is None:
        return None
    ran = subprocess.run(command, capture_output=True, text=True, check=False)
    return ran.stdout.strip() if ran.returncode == 0 else None


if __name__ == "__main__":
    for found in filter(None, map(find, VERSIONS)):
        print(found)
