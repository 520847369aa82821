"""The contract with menta tech: the bundled JSON Schema, and the check of a value against a schema."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any

from ticketbridge.contract.validator import Breach, Validator

__all__ = ["Breach", "Validator", "tickets_schema", "tickets_schema_text"]


def tickets_schema_text() -> str:
    """Return the agreed JSON Schema of the answer to `GET /tickets`, as it is in its file."""
    return (
        resources.files("ticketbridge.contract").joinpath("tickets.schema.json").read_text("utf-8")
    )


def tickets_schema() -> dict[str, Any]:
    """Return the schema of `tickets_schema_text` as a new dict."""
    schema: dict[str, Any] = json.loads(tickets_schema_text())
    return schema
