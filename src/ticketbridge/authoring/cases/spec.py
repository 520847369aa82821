"""What a cases file declares, as frozen values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import unquote

from ticketbridge.mapping.findings import Place


@dataclass(frozen=True, slots=True)
class Target:
    """A path, segment by segment, and a query, both decoded."""

    path: tuple[str, ...]
    query: Mapping[str, Sequence[str]]

    @classmethod
    def of(cls, text: str) -> Target:
        """The target that *text* (`/orders?email=a%40b.example`) names."""
        path, _, query = text.partition("?")
        values: dict[str, list[str]] = {}
        for part in filter(None, query.split("&")):
            name, _, value = part.partition("=")
            values.setdefault(unquote(name), []).append(unquote(value))
        return cls(tuple(map(unquote, path.split("/"))), values)

    def fits(self, asked: Target) -> bool:
        """Whether *asked* has this path, and each parameter that is given here with its values."""
        return self.path == asked.path and all(
            asked.query.get(name) == values for name, values in self.query.items()
        )


@dataclass(frozen=True, slots=True)
class AnswerSpec:
    """One answer of the platform to one call; *get* is the target as the file has it."""

    get: str
    target: Target
    status: int
    headers: tuple[tuple[str, str], ...]
    content: bytes
    place: Place


@dataclass(frozen=True, slots=True)
class ExpectSpec:
    """What menta tech must get; what the case does not say is None.

    *body* is in a tuple of one, because null is a body to expect.
    """

    tickets: list[Any] | None
    verdicts: Mapping[str, int] | None
    body: tuple[Any] | None
    problem: str | None


@dataclass(frozen=True, slots=True)
class CaseSpec:
    """One case; *now* None takes the time of the run."""

    name: str
    user: str
    now: datetime | None
    answers: tuple[AnswerSpec, ...]
    expect: ExpectSpec
    place: Place
