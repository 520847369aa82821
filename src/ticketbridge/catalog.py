"""The mappings of a command line: which files they are, read and compiled."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from ticketbridge.bridge import Bridge, compile_mapping
from ticketbridge.mapping import Environment, load_mapping
from ticketbridge.mapping.findings import Finding, MappingError

_ENDINGS = (".yaml", ".yml")


class NoMappings(Exception):
    """A path that names no mapping."""


def mapping_files(paths: Iterable[Path]) -> list[Path]:
    """The mapping files at *paths*: a file itself, a folder's `*.yaml` without the `*.cases.yaml`."""
    found: list[Path] = []
    for path in paths:
        if not path.exists():
            raise NoMappings(f"{path}: no such file or folder")
        files = sorted(filter(_is_mapping, path.iterdir())) if path.is_dir() else [path]
        if not files:
            raise NoMappings(f"{path}: no mapping (*.yaml) in this folder")
        found += [file for file in files if file not in found]
    return found


def load_bridges(files: Sequence[Path], environment: Environment) -> list[Bridge]:
    """The compiled mappings of *files*; MappingError with the findings of all that cannot be used."""
    bridges: list[Bridge] = []
    findings: list[Finding] = []
    for file in files:
        try:
            bridges.append(compile_mapping(load_mapping(file, environment=environment)))
        except MappingError as error:
            findings += error.findings
    if findings:
        raise MappingError(findings)
    return bridges


def _is_mapping(path: Path) -> bool:
    return path.suffix in _ENDINGS and not path.stem.endswith(".cases") and path.is_file()
