"""The metrics of the service: each one's name, type, labels and meaning, as the page `metrics` has them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

MetricKind = Literal["counter", "gauge", "histogram"]

ANSWER_BOUNDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Upper bounds, in seconds, for times that depend on a platform."""

MAPPING_BOUNDS: Final = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 2.5)
"""Upper bounds, in seconds, for times that we need ourselves."""


@dataclass(frozen=True, slots=True)
class MetricSpec:
    """One metric. A counter is read as *name* with `_total` after it. A histogram has *bounds*.

    A gauge of several workers is the sum of theirs or, if *is_largest*, their largest value.
    """

    name: str
    kind: MetricKind
    labels: tuple[str, ...]
    text: str
    bounds: tuple[float, ...] = ()
    is_largest: bool = False


def _counter(name: str, labels: str, text: str) -> MetricSpec:
    return MetricSpec(f"ticketbridge_{name}", "counter", tuple(labels.split()), text)


def _gauge(name: str, labels: str, text: str, *, is_largest: bool = False) -> MetricSpec:
    names = tuple(labels.split())
    return MetricSpec(f"ticketbridge_{name}", "gauge", names, text, is_largest=is_largest)


def _histogram(name: str, text: str, bounds: tuple[float, ...]) -> MetricSpec:
    return MetricSpec(f"ticketbridge_{name}", "histogram", ("platform",), text, bounds)


# --- answers --------------------------------------------------------------------------------------

ANSWERS = _counter(
    "answers",
    "platform status problem",
    "Answers to menta tech, refusals among them. `problem` is the slug of a problem, or `none`.",
)
CLIENTS_LEFT = _counter(
    "clients_left", "platform", "Callers who closed the connection before their answer was there."
)
ANSWER_SECONDS = _histogram(
    "answer_duration_seconds",
    "How long answers took, from the request's head to the answer. Callers who were refused, and requests "
    "whose user was not valid, are not in it.",
    ANSWER_BOUNDS,
)
UPSTREAM_SECONDS = _histogram(
    "upstream_duration_seconds",
    "How long, within one answer, at least one call to the platform was under way. Answers without a call "
    "are not in it.",
    ANSWER_BOUNDS,
)
MAPPING_SECONDS = _histogram(
    "mapping_duration_seconds",
    "What is left of an answer without its calls: the time that ticketbridge takes itself. Answers without "
    "a call, and those in which a call waited or was tried again, are not in it.",
    MAPPING_BOUNDS,
)
ANSWERS_IN_FLIGHT = _gauge("answers_in_flight", "platform", "Answers that are being made.")
SECRET_USES = _counter(
    "secret_uses",
    "platform secret",
    "Accepted requests by the number, from 1, of the secret that they came with. A rotation is over when "
    "the old one's stands still.",
)
REFUSED_CALLERS = _counter(
    "refused_callers",
    "platform reason",
    "Callers who were refused: `secret` (missing or wrong, 401) or `address` (not on the list, 403).",
)

# --- records --------------------------------------------------------------------------------------

VERDICTS = _counter(
    "verdicts",
    "platform verdict detail",
    "Records by what became of them. `detail` is the status, the reason or the field of the mapping, else "
    "empty.",
)
UNKNOWN_WORDS = _counter(
    "unknown_status_words",
    "platform word",
    "Statuses that no table of the mapping has. `word` is the platform's word where it looks like one (at "
    "most 20 of them a worker), else `other`.",
)

SAMPLED_RECORDS = _counter(
    "sampled_records",
    "platform",
    "Records that were looked at for drift: at most 50 of one answer, and one answer in 5 seconds a worker.",
)
SAMPLED_FIELDS = _counter(
    "sampled_fields",
    "platform field result",
    "Fields of these records: `given`, `left_out`, or `failed` where the field could not be made.",
)
NEW_KEYS = _counter(
    "new_keys",
    "platform",
    "Keys in the platform's records that the first 20 answers that were looked at did not have.",
)

# --- the platform ---------------------------------------------------------------------------------

CALLS = _counter(
    "calls", "platform", "Requests to the platform: pages, polls, tries and logins each count."
)
RETRIES = _counter(
    "retries", "platform", "Tries of a call after its first one; they are among the calls."
)
LOGINS = _counter("logins", "platform", "Logins at the platform that were begun.")
TURN_WAITS = _counter(
    "turn_waits", "platform", "Times that a call waited for one of the `concurrency` places."
)
TURN_WAIT_SECONDS = _counter(
    "turn_wait_seconds", "platform", "Time of answers with a call in wait for its turn."
)
RATE_WAITS = _counter(
    "rate_waits", "platform", "Times that a call waited for the platform's `rate`."
)
RATE_WAIT_SECONDS = _counter(
    "rate_wait_seconds", "platform", "Time of answers with a call in wait for the `rate`."
)
CALLS_IN_FLIGHT = _gauge(
    "calls_in_flight", "platform", "Calls that have one of the `concurrency` places."
)
BREAKER_STATE = _gauge(
    "breaker_state",
    "platform state",
    "How many workers have the platform's breaker in this state: `closed`, `half-open` or `open`.",
)

# --- the service ----------------------------------------------------------------------------------

REFUSED_REQUESTS = _counter(
    "refused_requests",
    "problem",
    "Requests that were no HTTP, too large, too slow or to a path where nothing is served, and connections "
    "beyond the setting: no mapping was asked.",
)
CONNECTIONS = _gauge("connections", "", "Open connections of callers.")
MAPPING_INFO = _gauge(
    "mapping_info",
    "platform digest",
    "1 for each mapping that is served; `digest` is the SHA-256 of its file.",
    is_largest=True,
)
RELOADS = _counter(
    "reloads",
    "mapping result",
    "Mappings read again while they are served, by each worker: `ok` or `failed`."
    " `mapping` is the file, by the end of its path that no other has.",
)
MAPPING_BROKEN = _gauge(
    "mapping_broken",
    "mapping",
    "1 where a mapping's file cannot be used as it is now: the last good content is served, or nothing if"
    " there was none.",
    is_largest=True,
)
WORKERS = _gauge("workers", "", "Processes that answer.")
BUILD_INFO = _gauge(
    "build_info", "version", "1, with the version of ticketbridge.", is_largest=True
)


def all_metrics() -> Iterator[MetricSpec]:
    """Yield all metrics, in the order of this file."""
    return (value for value in globals().values() if isinstance(value, MetricSpec))
