"""Another JSON Schema of the answer, from a file beside the mapping. Nothing is ever fetched."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, NoReturn

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

from ticketbridge.mapping.words import shown

MAX_BYTES = 1024 * 1024
DIALECT = "https://json-schema.org/draft/2020-12/schema"
REFERENCES = frozenset({"$ref", "$dynamicRef"})
# What stands below these is data, and no schema.
DATA = frozenset({"const", "enum", "default", "examples"})


class SchemaFileError(ValueError):
    """What is wrong with the file that `response.schema` names."""

    def __init__(self, message: str, suggestion: str = "") -> None:
        self.suggestion = suggestion
        super().__init__(message)


def read_schema(name: str, folder: Path | None) -> dict[str, Any]:
    """The schema in the file *name* of *folder* or below; raises SchemaFileError."""
    try:
        return _checked(_parsed(_content(_resolved(name, folder))))
    except RecursionError:
        raise SchemaFileError("is nested too deeply") from None


def _resolved(name: str, folder: Path | None) -> Path:
    relative = PurePosixPath(name)
    if folder is None:
        raise SchemaFileError("names a file, but this mapping is in no folder")
    if relative.is_absolute() or ".." in relative.parts or "\\" in name or ":" in name:
        raise SchemaFileError(
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
        raise SchemaFileError("is no legal path") from None
    raise SchemaFileError("leads out of the mapping's folder")


def _content(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise SchemaFileError(f"cannot be read: {error.strerror}") from None
    if len(content) > MAX_BYTES:
        raise SchemaFileError("is over 1 MiB")
    return content


def _parsed(content: bytes) -> dict[str, Any]:
    try:
        document = json.loads(
            content.decode("utf-8-sig"), parse_constant=_no_constant, object_pairs_hook=_object
        )
    except SchemaFileError:
        raise
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise SchemaFileError(f"is not JSON: {error.msg} ({where})") from None
    except ValueError:
        raise SchemaFileError("is not JSON in UTF-8") from None
    if not isinstance(document, dict):
        raise SchemaFileError("should hold a JSON object")
    return document


def _no_constant(word: str) -> NoReturn:
    raise SchemaFileError(f"is not JSON: {word} is no number of it")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise SchemaFileError(f"has the key {shown(twice)} twice in one object")
    return content


def _checked(document: dict[str, Any]) -> dict[str, Any]:
    dialect = document.get("$schema", DIALECT)
    if dialect not in {DIALECT, f"{DIALECT}#"}:
        raise SchemaFileError("is of another version of JSON Schema", f'"$schema": "{DIALECT}"')
    try:
        Draft202012Validator.check_schema(document)
    except SchemaError as error:
        raise SchemaFileError(f"is no JSON Schema: see {error.json_path}") from None
    for schema in _schemas(document):
        _check_references(schema, document)
    return document


def _check_references(schema: Mapping[str, Any], document: dict[str, Any]) -> None:
    if "$id" in schema and schema is not document:
        raise SchemaFileError("has an `$id` inside", "keep the one at the top")
    for keyword in REFERENCES & schema.keys():
        target = schema[keyword]
        if not isinstance(target, str):
            continue
        if not target.startswith("#"):
            message = f"has a `{keyword}` that leads out of the file; nothing is fetched"
            raise SchemaFileError(message, 'copy it below "$defs" and write "#/$defs/..."')
        if not _leads_somewhere(target[1:], document):
            raise SchemaFileError(f"has a `{keyword}` to {shown(target)}, which is not there")


def _leads_somewhere(fragment: str, document: dict[str, Any]) -> bool:
    if fragment and not fragment.startswith("/"):
        return any(
            fragment in {schema.get("$anchor"), schema.get("$dynamicAnchor")}
            for schema in _schemas(document)
        )
    node: Any = document
    for step in fragment.split("/")[1:]:
        key = step.replace("~1", "/").replace("~0", "~")
        if isinstance(node, list) and key.isdecimal() and int(key) < len(node):
            node = node[int(key)]
        elif isinstance(node, dict) and key in node:
            node = node[key]
        else:
            return False
    return isinstance(node, dict | bool)


def _schemas(node: Any) -> Iterator[dict[str, Any]]:
    """Every object of the document that may be a schema."""
    if isinstance(node, dict):
        yield node
        for key, value in node.items():
            if key not in DATA:
                yield from _schemas(value)
    elif isinstance(node, list):
        for entry in node:
            yield from _schemas(entry)
