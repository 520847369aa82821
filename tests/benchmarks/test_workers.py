"""Two workers are compared by what they did, or could have done where something else ran."""

from __future__ import annotations

import pytest

from benchmarks.workers import Shared, ratio, was_disturbed


def test_the_rates_are_compared_where_both_cores_were_theirs() -> None:
    """Nothing is made of the CPU times then."""
    ones = [Shared(1000, 0.1, 1.0, 0.03, 0.07)] * 3
    twos = [Shared(1800, 0.1, 1.8, 0.06, 0.13)] * 3

    assert not was_disturbed(ones, twos)
    assert ratio(ones, twos, disturbed=False) == pytest.approx(1.8)


def test_a_disturbed_run_is_compared_by_cpu_times() -> None:
    """A worker that had half a core could have answered twice as often; load and platform cost theirs."""
    ones = [Shared(500, 0.1, 0.5, 0.02, 0.03)] * 3
    twos = [Shared(900, 0.1, 0.9, 0.04, 0.05)] * 3

    assert was_disturbed(ones, twos)
    assert ratio(ones, twos, disturbed=True) == pytest.approx(2 * 900 / 0.99 / 1000)
