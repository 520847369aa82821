"""A workshop on a mapping, asked as the page asks."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from tests.support import Changes, mapping
from ticketbridge.workbench.studio.studio_requests import REQUESTS, StudioRequest
from ticketbridge.workbench.studio.workshop import ChosenSource, Workshop

Rows = Sequence[Sequence[Any]]


class Asked:
    """A workshop, and the last run in it."""

    def __init__(self, file: Path, variables: Mapping[str, str] | None = None) -> None:
        self.workshop = Workshop(file, variables or {})
        self.text = self.ask("start")["text"]
        self.number = 0
        self.outcome: dict[str, Any] = {}
        self.findings: list[dict[str, Any]] = []

    def ask(self, request: str, **asked: Any) -> Any:
        """Return what the page would get."""
        answer = REQUESTS[request](self.workshop, StudioRequest(**asked))
        return msgspec.json.decode(msgspec.json.encode(answer))

    def run(self, text: str | None = None, *, kind: str = "samples", name: str = "") -> Any:
        """Run *text*, or the file's, on pasted samples or a case; return the answer."""
        self.text = self.text if text is None else text
        answer = self.ask("run", text=self.text, source=ChosenSource(kind, name))
        self.findings = answer["findings"]
        if answer["run"] is not None:
            self.number, self.outcome = answer["run"], answer["outcome"]
        return answer

    def paste(self, target: str, content: Any, user: str = "ana@example.com") -> None:
        """Paste an answer of the platform."""
        self.ask("sample", target=target, content=json.dumps(content), user=user)

    def rows(self, answer: int = 0) -> Rows:
        """Return the rows of an answer."""
        rows: Rows = self.ask("answers", run=self.number)[answer]["rows"]
        return rows

    def find_row(self, key: str, value: str, answer: int = 0) -> int:
        """Return the number of the first row with that key and value."""
        rows = self.rows(answer)
        return next(at for at, row in enumerate(rows) if (row[1], row[3]) == (key, value))


def write_mapping(folder: Path, changes: Changes) -> Path:
    """Write the tests' mapping with *changes*, a key or entry a line, and return its path."""
    file = folder / "acme.yaml"
    file.write_text(json.dumps(mapping(changes), indent=2), "utf-8")
    return file
