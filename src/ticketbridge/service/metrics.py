"""What the service counts. Each process has plain numbers of its own; `metrics_export` adds them up.

prometheus-client's own counters take a lock, and over several processes a write to a file, for each number:
11 us for an answer of 250 us. These take a tenth of that, and are put into its form when they are asked for.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from ticketbridge import __version__
from ticketbridge.engine.answer_trace import AnswerTrace, Stopwatch
from ticketbridge.engine.problems import (
    BadRequest,
    ContentTooLarge,
    Forbidden,
    HeaderTooLarge,
    NotFound,
    ProblemError,
    RequestTimeout,
    Unauthorized,
    list_problems,
)
from ticketbridge.engine.tickets.shape_counts import ShapeCounts
from ticketbridge.engine.upstream.limits import State
from ticketbridge.service import metric_specs as specs
from ticketbridge.service.metric_specs import ANSWER_BOUNDS, MAPPING_BOUNDS, MetricSpec

NO_PROBLEM: Final = "none"
OTHER: Final = "other"
_RESULTS: Final = ("given", "left_out", "failed")
MOST_WORDS: Final = 20
"""The most unknown status words of one platform that are counted apart."""

MOST_VERDICTS: Final = 200
"""The most verdicts of one platform that are counted apart; a mapping names far fewer."""

_NOT_OF_A_MAPPING: Final = (BadRequest, RequestTimeout, ContentTooLarge, HeaderTooLarge, NotFound)
_REFUSALS: Final[Mapping[type[ProblemError], str]] = {Unauthorized: "secret", Forbidden: "address"}
_STATES: Final[tuple[State, ...]] = ("closed", "half-open", "open")

Samples = dict[str, dict[tuple[str, ...], list[float]]]
"""By the name of a metric and the values of its labels: a number.

For a histogram it is the sum, and the count of each single bucket.
"""


class PlatformState(NamedTuple):
    """The current state of one platform's mapping, which is not a count."""

    platform: str
    digest: str
    breaker: State
    answers_in_flight: int
    calls_in_flight: int


class PlatformMeter:
    """The counts of one platform's answers since the process began. A histogram is as in Samples."""

    __slots__ = (
        "_answer_seconds",
        "_calls",
        "_good",
        "_left",
        "_logins",
        "_mapping_seconds",
        "_problems",
        "_rate_seconds",
        "_rate_waits",
        "_retries",
        "_secrets",
        "_turn_seconds",
        "_turn_waits",
        "_upstream_seconds",
        "_verdicts",
        "_words",
        "platform",
        "shapes",
    )

    def __init__(self, platform: str) -> None:
        self.platform = platform
        self.shapes = ShapeCounts()
        # There from the start: a series that begins with 1 has not risen, says Prometheus.
        self._good = {200: 0}
        self._problems = {kind: 0 for kind in list_problems() if kind not in _NOT_OF_A_MAPPING}
        self._left = 0
        self._verdicts = {"returned": 0, "unknown_status": 0}
        self._words: Counter[str] = Counter()
        self._secrets: dict[int | None, int] = {}
        self._calls = self._retries = self._logins = 0
        self._turn_waits = self._rate_waits = 0
        self._turn_seconds = self._rate_seconds = 0.0
        self._answer_seconds = _histogram(ANSWER_BOUNDS)
        self._upstream_seconds = _histogram(ANSWER_BOUNDS)
        self._mapping_seconds = _histogram(MAPPING_BOUNDS)

    def count_answer(
        self, trace: AnswerTrace, status: int, problem: ProblemError | None, seconds: float
    ) -> None:
        """Count an answer with *status* that took *seconds*."""
        # In one piece and in plain dictionaries, as it runs for each answer: a call, or a Counter, takes as
        # long as all of what it would do.
        if problem is None:
            self._good[status] = self._good.get(status, 0) + 1
        else:
            kind = type(problem)
            self._problems[kind] = self._problems.get(kind, 0) + 1
        secrets, secret = self._secrets, trace.secret
        secrets[secret] = secrets.get(secret, 0) + 1
        if trace.user is None:
            return
        times = self._answer_seconds
        times[0] += seconds
        times[bisect_left(ANSWER_BOUNDS, seconds) + 1] += 1
        verdicts = self._verdicts
        for verdict, number in trace.verdicts.items():
            try:
                verdicts[verdict] += number
            except KeyError:
                self._count_new(verdict, number)
        if trace.retries or trace.logins or trace.waiting.starts or trace.unknown_words:
            self._count_unusual(trace)
        if not trace.calls:
            return
        self._calls += trace.calls
        upstream = trace.upstream.seconds
        times = self._upstream_seconds
        times[0] += upstream
        times[bisect_left(ANSWER_BOUNDS, upstream) + 1] += 1
        if not (trace.waiting.starts or trace.retries):
            own = seconds - upstream
            times = self._mapping_seconds
            times[0] += own
            times[bisect_left(MAPPING_BOUNDS, own) + 1] += 1

    def count_left(self, trace: AnswerTrace) -> None:
        """Count a caller who left before the answer came, and the work that was done for it."""
        self._left += 1
        self._calls += trace.calls
        self._count_unusual(trace)

    def _count_new(self, verdict: str, number: int) -> None:
        if len(self._verdicts) >= MOST_VERDICTS:
            verdict = f"{verdict.partition(':')[0]}:{OTHER}"
        self._verdicts[verdict] = self._verdicts.get(verdict, 0) + number

    def _count_unusual(self, trace: AnswerTrace) -> None:
        self._retries += trace.retries
        self._logins += trace.logins
        if trace.waiting.starts:
            self._count_waits(trace)
        if trace.unknown_words:
            self._count_words(trace.unknown_words)

    def _count_waits(self, trace: AnswerTrace) -> None:
        for_rate = trace.rate_waiting or Stopwatch()
        self._rate_waits += for_rate.starts
        self._rate_seconds += for_rate.seconds
        self._turn_waits += trace.waiting.starts - for_rate.starts
        self._turn_seconds += max(0.0, trace.waiting.seconds - for_rate.seconds)

    def _count_words(self, words: Mapping[str, int]) -> None:
        for word, number in words.items():
            is_told = word in self._words or len(self._words) < MOST_WORDS
            self._words[word if is_told else OTHER] += number

    def add_to(self, samples: Samples) -> None:
        """Put the counts into *samples*."""
        put = _putting(samples, self.platform)
        for status, number in self._good.items():
            put(specs.ANSWERS, number, str(status), NO_PROBLEM)
        for kind, number in self._problems.items():
            put(specs.ANSWERS, number, str(kind.status), kind.slug)
            if kind in _REFUSALS:
                put(specs.REFUSED_CALLERS, number, _REFUSALS[kind])
        for verdict, number in self._verdicts.items():
            what, _, detail = verdict.partition(":")
            put(specs.VERDICTS, number, what, detail)
        for word, number in self._words.items():
            put(specs.UNKNOWN_WORDS, number, word)
        for secret, number in self._secrets.items():
            if secret is not None:
                put(specs.SECRET_USES, number, str(secret))
        self._add_shapes(put)
        put(specs.CLIENTS_LEFT, self._left)
        put(specs.CALLS, self._calls)
        put(specs.RETRIES, self._retries)
        put(specs.LOGINS, self._logins)
        put(specs.TURN_WAITS, self._turn_waits)
        put(specs.TURN_WAIT_SECONDS, self._turn_seconds)
        put(specs.RATE_WAITS, self._rate_waits)
        put(specs.RATE_WAIT_SECONDS, self._rate_seconds)
        for spec, times in (
            (specs.ANSWER_SECONDS, self._answer_seconds),
            (specs.UPSTREAM_SECONDS, self._upstream_seconds),
            (specs.MAPPING_SECONDS, self._mapping_seconds),
        ):
            samples.setdefault(spec.name, {})[(self.platform,)] = list(times)

    def _add_shapes(self, put: Callable[..., None]) -> None:
        put(specs.SAMPLED_RECORDS, self.shapes.records)
        put(specs.NEW_KEYS, self.shapes.new_keys)
        for field, numbers in self.shapes.fields.items():
            for result, number in zip(_RESULTS, numbers, strict=True):
                put(specs.SAMPLED_FIELDS, number, field, result)


class Metrics:
    """All counts of this process. A platform's counts continue when its mapping is read again."""

    def __init__(self) -> None:
        self._meters: dict[str, PlatformMeter] = {}
        self._reloads: Counter[tuple[str, str]] = Counter()

    def meter(self, platform: str) -> PlatformMeter:
        """Return the meter of *platform*, the same each time."""
        if platform not in self._meters:
            self._meters[platform] = PlatformMeter(platform)
        return self._meters[platform]

    def count_reload(self, mapping: str, *, ok: bool) -> None:
        """Count that the file *mapping* was read again, with or without success."""
        self._reloads[mapping, "ok" if ok else "failed"] += 1

    def samples(
        self,
        platforms: Iterable[PlatformState],
        connections: int,
        refused: Mapping[str, int],
        files: Mapping[str, bool],
    ) -> Samples:
        """Return all numbers as they are now.

        See PlatformState for *platforms*; *refused* counts requests that came to no mapping, by problem.
        *files* tells by the name of a mapping's file whether it can be used.
        """
        samples: Samples = {}
        for meter in self._meters.values():
            meter.add_to(samples)
        for state in platforms:
            put = _putting(samples, state.platform)
            put(specs.ANSWERS_IN_FLIGHT, state.answers_in_flight)
            put(specs.CALLS_IN_FLIGHT, state.calls_in_flight)
            put(specs.MAPPING_INFO, 1, state.digest)
            for each in _STATES:
                put(specs.BREAKER_STATE, int(each == state.breaker), each)
        put = _putting(samples)
        for slug, number in refused.items():
            put(specs.REFUSED_REQUESTS, number, slug)
        for (mapping, result), number in self._reloads.items():
            put(specs.RELOADS, number, mapping, result)
        for mapping, is_usable in files.items():
            put(specs.MAPPING_BROKEN, int(not is_usable), mapping)
        put(specs.CONNECTIONS, connections)
        put(specs.WORKERS, 1)
        put(specs.BUILD_INFO, 1, __version__)
        return samples


def _histogram(bounds: Sequence[float]) -> list[float]:
    """Return the numbers of a histogram without a value: its sum, and a count for each bucket."""
    return [0.0, *[0] * (len(bounds) + 1)]


def _putting(samples: Samples, *first: str) -> Callable[..., None]:
    """Return a function that puts a number into *samples*, for a metric whose *first* labels are given."""

    def put(spec: MetricSpec, number: float, *labels: str) -> None:
        samples.setdefault(spec.name, {})[(*first, *labels)] = [number]

    return put
