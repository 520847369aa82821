"""Another JSON Schema of the answer, from a file beside the mapping. Nothing is ever fetched."""

from __future__ import annotations

import json
from pathlib import Path, PurePosixPath
from typing import Any, NoReturn

from ticketbridge.mapping.builders.json_schema import SchemaSlip, check_schema
from ticketbridge.mapping.words import shown

MAX_BYTES = 1024 * 1024


def read_schema(name: str, folder: Path | None) -> dict[str, Any]:
    """The schema in the file *name* of *folder* or below; raises SchemaSlip."""
    try:
        document = _parsed(_content(_resolved(name, folder)))
        check_schema(document)
    except RecursionError:
        raise SchemaSlip("is nested too deeply") from None
    return document


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


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
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
