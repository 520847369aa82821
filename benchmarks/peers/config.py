"""What each peer is told by its environment, as ticketbridge is."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).parent.parent.parent
CONTRACT = _ROOT / "src" / "ticketbridge" / "contract" / "tickets.schema.json"


def agreed_schema() -> dict[str, Any]:
    """The schema of the answers, read as a file: who imports ticketbridge for it starts later."""
    schema: dict[str, Any] = json.loads(CONTRACT.read_text("utf-8"))
    return schema


@dataclass(frozen=True, slots=True)
class Config:
    """Where the platform is, the two secrets, and which of the mappings to do: `plain` or `realistic`."""

    platform_url: str
    token: str = field(repr=False)
    secret: str = field(repr=False)
    mapping: str = "plain"

    @property
    def bearer(self) -> dict[str, str]:
        """The header that the platform wants."""
        return {"Authorization": f"Bearer {self.token}"}


def from_environment() -> Config:
    """The peer's configuration."""
    names = ("PLATFORM_URL", "PLATFORM_TOKEN", "MENTA_SECRET", "MAPPING")
    return Config(*(os.environ[name] for name in names))
