"""From a YAML file to a MappingSpec, or to everything that is wrong with it.

text -> yaml_reader (a tree with places) -> structure (the schema) -> the kinds of the keys -> MappingSpec
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ticketbridge.mapping.environment import Environment
from ticketbridge.mapping.file_reader import FileReader
from ticketbridge.mapping.findings import Finding, MappingError, Place
from ticketbridge.mapping.read_context import Context
from ticketbridge.mapping.report import Report
from ticketbridge.mapping.spec import MAPPING, MappingSpec
from ticketbridge.mapping.structure import check_structure
from ticketbridge.mapping.yaml_nodes import Broken, walk
from ticketbridge.mapping.yaml_nodes import Path as NodePath
from ticketbridge.mapping.yaml_reader import read_yaml

MAX_BYTES = 256 * 1024
BOM = "\ufeff"


@dataclass(frozen=True, slots=True)
class Draft:
    """A mapping as far as its file can be read; what is wrong in it has stand-ins.

    *broken* are the paths of the values that were reported, and stand for nothing.
    """

    spec: MappingSpec
    findings: Sequence[Finding]
    broken: Collection[NodePath]


def load_mapping(path: Path, *, environment: Environment) -> MappingSpec:
    """The mapping in the file *path*; raises MappingError with every finding that can be known.

    Doubts that do not stop it are its `warnings`.
    """
    text = read_text(path, environment.files)
    return parse_mapping(text, file=str(path), environment=environment, folder=path.parent)


def parse_mapping(
    text: str, *, file: str, environment: Environment, folder: Path | None = None
) -> MappingSpec:
    """The mapping in *text*, as `load_mapping` reads it.

    *file* names it in findings; a `response.schema` is read from *folder*.
    """
    draft = draft_mapping(text, file=file, environment=environment, folder=folder)
    if any(finding.severity == "error" for finding in draft.findings):
        raise MappingError(draft.findings)
    return replace(draft.spec, warnings=tuple(draft.findings))


def draft_mapping(
    text: str, *, file: str, environment: Environment, folder: Path | None = None
) -> Draft:
    """As `parse_mapping`, but with what can be made of a mapping that has errors."""
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise _unreadable(Place(file, 1, 1), "the file is over 256 KiB")
    report = Report()
    root = check_structure(read_yaml(text.removeprefix(BOM), file, report), report)
    spec = MAPPING.read(root, Context(report, environment, folder), "")
    spec = replace(spec, title=spec.title or spec.platform)
    broken = frozenset(path for path, node in walk(root) if isinstance(node, Broken))
    return Draft(spec, report.findings, broken)


def read_text(path: Path, files: FileReader | None = None) -> str:
    """The text of the file *path*; MappingError where it has none."""
    return _decode(_read(path, files or FileReader()), str(path))


def _read(path: Path, files: FileReader) -> bytes:
    try:
        return files.read(path, MAX_BYTES)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "no legal path"
        message = f"the file cannot be read: {reason}"
        raise _unreadable(Place(str(path), 1, 1), message) from None


def _decode(content: bytes, file: str) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        if len(content) > MAX_BYTES:
            return " " * len(content)  # cut inside a character; its size is what is wrong
        before = content[: error.start].decode().split("\n")
        place = Place(file, len(before), len(before[-1]) + 1)
        raise _unreadable(place, "the file is not UTF-8", "save it as UTF-8") from None


def _unreadable(place: Place, message: str, suggestion: str = "") -> MappingError:
    return MappingError([Finding(place, "error", "TB001", message, suggestion)])
