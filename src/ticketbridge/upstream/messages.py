"""One request to the platform and its answer."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class PlatformRequest:
    """A GET of *url*, with the headers that the mapping's call declares; credentials come later."""

    url: str = field(repr=False)
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class PlatformAnswer:
    """A complete answer: *headers* with lower-case names, *content* after decompression."""

    status: int
    headers: dict[str, str] = field(repr=False)
    content: bytes = field(repr=False)
