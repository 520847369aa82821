"""What each peer is told by its environment, as ticketbridge is."""

from __future__ import annotations

import os
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Config:
    """Where the platform is, and the two secrets."""

    platform_url: str
    token: str = field(repr=False)
    secret: str = field(repr=False)

    @property
    def bearer(self) -> dict[str, str]:
        """The header that the platform wants."""
        return {"Authorization": f"Bearer {self.token}"}


def from_environment() -> Config:
    """The peer's configuration."""
    return Config(
        os.environ["PLATFORM_URL"], os.environ["PLATFORM_TOKEN"], os.environ["MENTA_SECRET"]
    )
