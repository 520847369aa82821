"""Read the files that a mapping names: certificates, keys, and a schema of the answer. None is fetched."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, NoReturn

from ticketbridge.mapping.file_reader import why_unread
from ticketbridge.mapping.findings import Place
from ticketbridge.mapping.json_schema import SchemaSlip, require_schema
from ticketbridge.mapping.read_context import Context, text_of
from ticketbridge.mapping.variables import ResolvedText
from ticketbridge.mapping.words import shown
from ticketbridge.mapping.yaml_nodes import Broken, Node

MAX_BYTES = 1024 * 1024
_PEM = "-----BEGIN "


# --- certificates and keys ------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FileSpec:
    """A file that the mapping names. *label* is its name in findings."""

    path: Path
    label: str
    place: Place


def read_file(text: ResolvedText, context: Context) -> FileSpec | None:
    """Return the file that *text* names, or None if the text is not known or the file was reported."""
    if not text.known:
        return None
    if text.value.lstrip().startswith(_PEM):
        message = f"{text.label} holds PEM text, where the path of its file belongs"
        suggestion = "a variable whose NAME_FILE is set gives that file's content: set NAME itself"
        context.report.error(text.place, "TB056", message, suggestion)
        return None
    path = Path(text.value)
    if not path.is_absolute() and context.folder is None:
        message = f"{text.label} names a file beside the mapping, which is in no folder"
        context.report.error(text.place, "TB056", message, "write a path from the root on")
        return None
    path = path if context.folder is None else context.folder / path
    return FileSpec(path, text.label, text.place) if _is_readable(path, text, context) else None


def _is_readable(path: Path, text: ResolvedText, context: Context) -> bool:
    """Return whether the file can be read and is small enough. Report it if not.

    If variables may be missing, files may be missing too: a mapping is checked on machines without its keys.
    """
    try:
        content = context.environment.files.read(path, MAX_BYTES)
    except (OSError, ValueError) as error:
        say = context.report.warning if context.environment.placeholders else context.report.error
        say(text.place, "TB055", f"{text.label} cannot be read: {why_unread(error)}")
        return False
    if len(content) > MAX_BYTES:
        context.report.error(text.place, "TB056", f"{text.label} is over 1 MiB")
        return False
    return True


# --- schemas --------------------------------------------------------------------------------------


def read_schema(node: Node, context: Context, name: str) -> Mapping[str, Any] | None:
    """Return the JSON Schema in the file that *node* names, or None if it names none or was reported."""
    if isinstance(node, Broken) or node.plain() is None:
        return None
    try:
        document = _parsed(_content(_resolved(text_of(node), context.folder), context))
        require_schema(document)
    except RecursionError:
        context.report.error(node.place, "TB081", f"`{name}` is nested too deeply")
    except SchemaSlip as slip:
        context.report.error(node.place, slip.code, f"`{name}` {slip}", slip.suggestion)
    else:
        return document
    return None


def _resolved(name: str, folder: Path | None) -> Path:
    relative = PurePosixPath(name)
    if folder is None:
        raise SchemaSlip("names a file, but this mapping is in no folder")
    if relative.is_absolute() or ".." in relative.parts or "\\" in name or ":" in name:
        raise SchemaSlip(
            "should be a path relative to the mapping's folder, and inside it",
            "for example acme.schema.json",
        )
    return _inside(folder, relative)


def _inside(folder: Path, relative: PurePosixPath) -> Path:
    try:
        path = (folder / relative).resolve()
        if path.is_relative_to(folder.resolve()):
            return path
    except (OSError, ValueError):
        raise SchemaSlip("is no legal path") from None
    raise SchemaSlip("leads out of the mapping's folder")


def _content(path: Path, context: Context) -> bytes:
    try:
        content = context.environment.files.read(path, MAX_BYTES)
    except OSError as error:
        raise SchemaSlip(f"cannot be read: {error.strerror}") from None
    if len(content) > MAX_BYTES:
        raise SchemaSlip("is over 1 MiB")
    return content


def _parsed(content: bytes) -> dict[str, Any]:
    try:
        document = json.loads(
            content.decode("utf-8-sig"), parse_constant=_no_constant, object_pairs_hook=_object
        )
    except SchemaSlip:
        raise
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise SchemaSlip(f"is not JSON: {error.msg} ({where})") from None
    except ValueError:
        raise SchemaSlip("is not JSON in UTF-8") from None
    if not isinstance(document, dict):
        raise SchemaSlip("should hold a JSON object")
    return document


def _no_constant(word: str) -> NoReturn:
    raise SchemaSlip(f"is not JSON: {word} is no number of it")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise SchemaSlip(f"has the key {shown(twice)} twice in one object")
    return content
