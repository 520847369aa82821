"""Load a mapping: from a YAML file to a MappingSpec, or to everything that is wrong with it.

text -> yaml_reader (a tree with places) -> structure (the schema) -> the kinds of the keys -> MappingSpec
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ticketbridge.mapping.environment import Environment
from ticketbridge.mapping.file_reader import FileReader, why_unread
from ticketbridge.mapping.findings import Finding, MappingError, Place, Report, raise_errors
from ticketbridge.mapping.read_context import Context
from ticketbridge.mapping.spec import MAPPING, MappingSpec
from ticketbridge.mapping.structure import check_structure
from ticketbridge.mapping.yaml_nodes import Broken, walk
from ticketbridge.mapping.yaml_nodes import Path as NodePath
from ticketbridge.mapping.yaml_reader import read_yaml

MAX_BYTES = 256 * 1024
BOM = "\ufeff"


@dataclass(frozen=True, slots=True)
class Draft:
    """A mapping as far as its file can be read. Wrong values have stand-ins.

    *broken* has the paths of the values that were reported, and that have no meaning.
    """

    spec: MappingSpec
    findings: Sequence[Finding]
    broken: Collection[NodePath]


def load_mapping(path: Path, *, environment: Environment) -> MappingSpec:
    """Return the mapping in the file *path*. Its `warnings` are the findings that do not stop it.

    Raises MappingError, with all findings, if one of them is an error.
    """
    text = read_text(path, environment.files)
    return parse_mapping(text, file=str(path), environment=environment, folder=path.parent)


def parse_mapping(
    text: str, *, file: str, environment: Environment, folder: Path | None = None
) -> MappingSpec:
    """Return the mapping in *text*, as `load_mapping` does.

    *file* is its name in findings. Other files that it names, for example `response.schema`, are read
    from *folder*.
    """
    draft = draft_mapping(text, file=file, environment=environment, folder=folder)
    raise_errors(draft.findings)
    return replace(draft.spec, warnings=tuple(draft.findings))


def draft_mapping(
    text: str, *, file: str, environment: Environment, folder: Path | None = None
) -> Draft:
    """Return what can be read of the mapping in *text*, even if it has errors.

    The parameters are those of `parse_mapping`. Raises MappingError only if the text is over 256 KiB.
    """
    if len(text.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise _unreadable(Place(file, 1, 1), "the file is over 256 KiB")
    report = Report()
    root = check_structure(read_yaml(text.removeprefix(BOM), file, report), report)
    spec = MAPPING.read(root, Context(report, environment, folder), "")
    spec = replace(spec, title=spec.title or spec.platform)
    broken = frozenset(path for path, node in walk(root) if isinstance(node, Broken))
    return Draft(spec, report.findings, broken)


def read_text(path: Path, files: FileReader | None = None) -> str:
    """Return the text of the file *path*. Raises MappingError if it cannot be read, or is not UTF-8."""
    return _decode(_read(path, files or FileReader()), str(path))


def _read(path: Path, files: FileReader) -> bytes:
    try:
        return files.read(path, MAX_BYTES)
    except (OSError, ValueError) as error:
        reason = why_unread(error)
        if isinstance(error, FileNotFoundError) and path.is_symlink():
            reason = "it is a link to a file that does not exist"
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
