"""Read the files of a probe: what users own, the steps of a resale, and a JSON Schema."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ticketbridge.terminal import UsageError
from ticketbridge.workbench.probe.contracts import Contract, id_of
from ticketbridge.workbench.probe.probe_session import Expected
from ticketbridge.workbench.probe.resale import POINTS, ResaleStep


def read_expected(file: Path) -> Expected:
    """Return the users in *file* (JSON) with their tickets: each an id, or an object of known fields."""
    return _expected(_read(file, "--expect"), UsageError(f"--expect {file}: write {_OWNED}"))


def read_replay(file: Path) -> Sequence[ResaleStep]:
    """Return the steps of a resale in *file* (JSON), at least one for each call point, in their order."""
    slip = UsageError(f"--replay {file}: write {_STEPS}; all four points, in their order")
    document = _read(file, "--replay")
    if not isinstance(document, list):
        raise slip
    steps = [_step(each, slip) for each in document]
    points = [step.point for step in steps]
    if points != sorted(points, key=POINTS.index) or set(points) != set(POINTS):
        raise slip
    return steps


_OWNED = '{"ana@example.com": ["17", {"ticketId": "18", "price": 45.5}], "bo@example.com": []}'
_STEPS = (
    '[{"at": "enter", "expect": {"ana@example.com": ["17"]}},'
    ' {"at": "list", "change": ["./refund", "17"], "expect": {"ana@example.com": []}}, ...]'
)


def _step(value: object, slip: UsageError) -> ResaleStep:
    if not isinstance(value, dict) or value.keys() - {"at", "change", "expect"}:
        raise slip
    point = next((each for each in POINTS if each == value.get("at")), None)
    change = value.get("change", "")
    words = [change] if isinstance(change, str) else change
    if point is None or not isinstance(words, list):
        raise slip
    if not all(isinstance(word, str) for word in words):
        raise slip
    return ResaleStep(point, change, _expected(value.get("expect"), slip))


def _expected(document: object, slip: UsageError) -> Expected:
    if not isinstance(document, dict) or not document:
        raise slip
    if not all(isinstance(tickets, list) for tickets in document.values()):
        raise slip
    return {user: [_ticket(each, slip) for each in tickets] for user, tickets in document.items()}


def _ticket(value: object, slip: UsageError) -> Mapping[str, Any]:
    if isinstance(value, str) and value:
        return {"ticketId": value}
    if isinstance(value, dict) and id_of(value) is not None:
        return value
    raise slip


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
