"""The files that a probe is given: what users own, and a JSON Schema."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ticketbridge.authoring.probe.contracts import Contract, id_of
from ticketbridge.authoring.probe.probe_session import Expected
from ticketbridge.terminal import UsageError


def read_expected(file: Path) -> Expected:
    """Return the users in *file* (JSON), each with tickets: an id alone, or an object of known fields."""
    document = _read(file, "--expect")
    if not isinstance(document, dict) or not document:
        raise UsageError(_SHAPE.format(file=file))
    return {
        user: [_ticket(each, file) for each in _list(tickets, file)]
        for user, tickets in document.items()
    }


_SHAPE = (
    '--expect {file}: write {{"ana@example.com": ["17", {{"ticketId": "18", "price": 45.5}}],'
    ' "bo@example.com": []}}'
)


def _list(value: object, file: Path) -> list[Any]:
    if not isinstance(value, list):
        raise UsageError(_SHAPE.format(file=file))
    return value


def _ticket(value: object, file: Path) -> Mapping[str, Any]:
    if isinstance(value, str) and value:
        return {"ticketId": value}
    if isinstance(value, dict) and id_of(value) is not None:
        return value
    raise UsageError(_SHAPE.format(file=file))


def read_schema(file: Path) -> Mapping[str, Any]:
    """Return the JSON Schema in *file*; raises UsageError."""
    document = _read(file, "--schema")
    try:
        if not isinstance(document, dict):
            raise ValueError("no object")  # noqa: TRY004, TRY301 - as what is no schema
        Contract("tickets", document)
    except ValueError:
        raise UsageError(f"--schema {file}: this is no JSON Schema (2020-12)") from None
    return document


def _read(file: Path, flag: str) -> Any:
    try:
        return json.loads(file.read_text("utf-8"))
    except OSError as error:
        raise UsageError(f"{flag} {file}: cannot be read: {error.strerror}") from None
    except ValueError:
        raise UsageError(f"{flag} {file}: this is no JSON") from None
