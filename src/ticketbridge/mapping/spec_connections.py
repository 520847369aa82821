"""What a mapping declares about the connections to its platform, as `spec` declares the rest."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BreakerSpec:
    """After so many consecutive *failures* the platform is left alone for *open* seconds."""

    failures: int
    open: float
