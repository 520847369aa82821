"""Find the mapping files of a command line."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ticketbridge.terminal import UsageError

_ENDINGS = (".yaml", ".yml")


class NoMappings(UsageError):
    """A path without a mapping."""


def not_there(path: Path) -> NoMappings:
    """Return the error for a *path* that does not exist, or is a folder where one file is wanted."""
    if str(path) == "-":
        return NoMappings(
            "-: standard input is not read here: name a file, or a folder of mappings"
        )
    if path.is_dir():
        return NoMappings(f"{path}: this is a folder: name one mapping file")
    if path.is_symlink():
        return NoMappings(f"{path}: this is a link to a file or folder that does not exist")
    return NoMappings(f"{path}: no such file or folder")


def mapping_files(paths: Iterable[Path]) -> list[Path]:
    """Return the mapping files at *paths*: a file, those of a folder, or the mapping of a cases file.

    Of a folder, also links that lead nowhere: somebody expects a mapping there.
    """
    found: list[Path] = []
    for path in paths:
        if not path.exists():
            raise not_there(path)
        files = (
            sorted(filter(_is_mapping, path.iterdir())) if path.is_dir() else [_mapping_of(path)]
        )
        if not files:
            raise NoMappings(f"{path}: no mapping (*.yaml or *.yml) in this folder")
        found += [file for file in files if file not in found]
    return found


def is_cases(path: Path) -> bool:
    """Return whether *path* names a cases file."""
    return path.suffix in _ENDINGS and path.stem.endswith(".cases")


def mapping_beside(cases: Path) -> Path:
    """Return the mapping of a cases file: `acme.yaml` beside `acme.cases.yaml`."""
    return cases.with_name(f"{cases.stem.removesuffix('.cases')}{cases.suffix}")


def _mapping_of(path: Path) -> Path:
    mapping = mapping_beside(path) if is_cases(path) else path
    if not mapping.exists():
        raise NoMappings(f"{path}: there is no {mapping.name} beside it")
    return mapping


def _is_mapping(path: Path) -> bool:
    is_named_so = path.suffix in _ENDINGS and not is_cases(path)
    return is_named_so and (path.is_file() or _leads_nowhere(path))


def _leads_nowhere(path: Path) -> bool:
    """Return whether *path* is a link to a missing file, but not the lock of an editor (`.#acme.yaml`)."""
    return path.is_symlink() and not path.exists() and not path.name.startswith(".")
