"""The mapping file's own JSON Schema."""

from __future__ import annotations

import json
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

SCHEMA_NAME = "mapping.schema.json"


def schema_file() -> Traversable:
    """The bundled file itself, for editors and `ticketbridge schema mapping`."""
    return files("ticketbridge.mapping").joinpath(SCHEMA_NAME)


def schema() -> dict[str, Any]:
    """The schema of mapping files, as a dict."""
    content: dict[str, Any] = json.loads(schema_file().read_text(encoding="utf-8"))
    return content
