"""A mapping with its cases in a folder, and how they came out."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.support import Changes, mapping
from ticketbridge.mapping import Environment, load_mapping
from ticketbridge.mapping.findings import Finding
from ticketbridge.workbench.cases.reader import CasesError, read_cases
from ticketbridge.workbench.cases.runner import (
    CaseResult,
    cases_file,
    compile_for_cases,
    load_for_cases,
    run_each,
)

TICKET: Mapping[str, Any] = {
    "ticketId": "1",
    "externalReferenceEventId": "fest",
    "showId": "fest",
    "ticketOptionId": "A",
    "price": 10,
    "currency": "EUR",
    "status": "VALID",
}
"""What the tests' mapping makes of the tests' item."""


class Folder:
    """A folder with `acme.yaml`, and `acme.cases.yaml` beside it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.mapping = path / "acme.yaml"
        self.cases = path / "acme.cases.yaml"
        self.map({})

    def map(self, changes: Changes) -> None:
        """Writes the tests' mapping with *changes*."""
        self.mapping.write_text(json.dumps(mapping(changes)), "utf-8")

    def file(self, name: str, content: str) -> None:
        """Writes another file."""
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, "utf-8")

    def write(self, *entries: Mapping[str, Any]) -> None:
        """Writes the cases file (a JSON document is YAML)."""
        self.cases.write_text(json.dumps(entries), "utf-8")

    def run(self, *cases: Mapping[str, Any]) -> list[CaseResult]:
        """How *cases* came out."""
        self.write(*cases)
        return run_cases(self.mapping)

    def message(self, **changes: Any) -> str:
        """What is wrong with one case: the tests' good one with *changes*."""
        (result,) = self.run(case(**changes))
        assert result.passed == (result.message == "")
        return result.message

    def findings(self, text: str) -> tuple[Finding, ...]:
        """What is wrong with a cases file that has *text*."""
        self.cases.write_text(text, "utf-8")
        try:
            run_cases(self.mapping)
        except CasesError as error:
            return error.findings
        return ()


def run_cases(mapping: Path, environment: Environment | None = None) -> list[CaseResult]:
    """Return how each case of *mapping* came out, with the variables of *environment*, if given."""
    spec = (
        load_mapping(mapping, environment=environment) if environment else load_for_cases(mapping)
    )
    bridge, file = compile_for_cases(spec), cases_file(mapping)
    return run_each(bridge, read_cases(file).cases) if file.is_file() else []


def case(**changes: Any) -> dict[str, Any]:
    """A case that passes, with *changes*."""
    return {
        "case": "a ticket",
        "user": "ana@example.com",
        "upstream": [orders_answer(item())],
        "expect": {"tickets": [dict(TICKET)]},
        **changes,
    }


def orders_answer(*items: Any, **changes: Any) -> dict[str, Any]:
    """The platform's answer with one order of Ana's, with *changes* of the answer itself."""
    order = {"email": "ana@example.com", "event": "fest", "items": list(items)}
    return {"get": "/orders?email=ana@example.com", "body": {"orders": [order]}, **changes}


def item(number: int = 1, **changes: Any) -> dict[str, Any]:
    """A platform's item that is a valid ticket, with *changes*."""
    return {"id": number, "state": "PAID", "zone": "A", "price": 10, **changes}
