"""CPU times of several ways of doing one thing, taken in turns, so that a machine's drift hits all alike."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Mapping, Sequence
from statistics import median
from typing import Any

Run = Callable[[], Any]
Samples = Mapping[str, Sequence[float]]


def in_turns(runs: Mapping[str, Run], *, rounds: int, at_least: float = 0.02) -> Samples:
    """Seconds of CPU that each of *runs* takes, one sample a round; each sample lasts *at_least* so long."""
    repeats = {name: _repeats(run, at_least) for name, run in runs.items()}
    samples: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            samples[name].append(_sample(run, repeats[name]))
    return samples


def middle(samples: Samples, name: str) -> float:
    """The median of one of them."""
    return median(samples[name])


def ratio(samples: Samples, one: str, other: str) -> float:
    """How many times as long *one* takes as *other*: the median over rounds."""
    return median(a / b for a, b in zip(samples[one], samples[other], strict=True))


def _repeats(run: Run, at_least: float) -> int:
    run()  # warm
    return max(1, round(at_least / max(_sample(run, 1), 1e-9)))


def _sample(run: Run, repeats: int) -> float:
    gc.collect()
    started = time.process_time()
    for _ in range(repeats):
        run()
    return (time.process_time() - started) / repeats
