"""What each peer is told by its environment, as ticketbridge is."""

from __future__ import annotations

import os
from dataclasses import dataclass, field


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
