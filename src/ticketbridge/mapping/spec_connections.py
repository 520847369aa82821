"""What a mapping declares about the connections to its platform, as `spec` declares the rest."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ticketbridge.mapping.findings import Place


@dataclass(frozen=True, slots=True)
class BreakerSpec:
    """After so many consecutive *failures* the platform is left alone for *open* seconds."""

    failures: int
    open: float


@dataclass(frozen=True, slots=True)
class FileSpec:
    """A file that the mapping names; *label* is how a finding calls it."""

    path: Path
    label: str
    place: Place


@dataclass(frozen=True, slots=True)
class TlsSpec:
    """Whom the platform's certificate must come from, and the bridge's own certificate and its key.

    *ca* None trusts whom the machine trusts; a *key* of None stands in the file of *cert*.
    """

    ca: FileSpec | None
    cert: FileSpec | None
    key: FileSpec | None
