"""Check that the two ways to an answer agree: the serving function and the explanation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ticketbridge.engine.problems import ProblemError


class WaysDiffer(Exception):
    """The serving function and its explanation give different answers: a defect of ticketbridge.

    It is not a ProblemError, so that nothing takes it for an expected answer. The message has counts,
    positions and names of verdicts, and no value from the platform.
    """


@dataclass(frozen=True, slots=True)
class Made:
    """The result of one of the two ways: a *problem*, or a *status* with a *body*; and its *verdicts*."""

    verdicts: Mapping[str, int]
    status: int = 0
    body: bytes | bytearray = field(default=b"", repr=False)
    problem: ProblemError | None = None

    @property
    def outcome(self) -> str:
        """The problem or the status in words."""
        return str(self.status) if self.problem is None else f"the problem {self.problem.slug}"


def require_same(served: Made, explained: Made) -> None:
    """Raise WaysDiffer unless *served* equals *explained*, byte for byte."""
    differences = [
        *_outcomes(served, explained),
        *_bodies(served.body, explained.body),
        *_verdicts(served.verdicts, explained.verdicts),
    ]
    if differences:
        raise WaysDiffer(
            "`serve` would not give the answer that is explained here, a defect of ticketbridge:"
            f" {'; '.join(differences)}. Do not serve this mapping; report it"
        )


def _outcomes(served: Made, explained: Made) -> list[str]:
    if served.outcome != explained.outcome:
        return [f"served {served.outcome}, explained {explained.outcome}"]
    if served.problem is None or explained.problem is None:
        return []
    same = served.problem.log == explained.problem.log
    return [] if same else ["the two problems have different reasons"]


def _bodies(served: bytes | bytearray, explained: bytes | bytearray) -> list[str]:
    if served == explained:
        return []
    pairs = zip(served, explained, strict=False)
    at = next((n for n, (a, b) in enumerate(pairs) if a != b), min(len(served), len(explained)))
    sizes = f"served {len(served)} bytes, explained {len(explained)}"
    return [f"the bodies differ from byte {at} on ({sizes})"]


def _verdicts(served: Mapping[str, int], explained: Mapping[str, int]) -> list[str]:
    words = dict.fromkeys([*explained, *served])
    return [
        f"{word}: served {served.get(word, 0)}, explained {explained.get(word, 0)}"
        for word in words
        if served.get(word, 0) != explained.get(word, 0)
    ]
