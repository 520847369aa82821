"""What tests of Prometheus have in common: its programs, and the names of series."""

from __future__ import annotations

import os
import shutil

import pytest

from ticketbridge.service.metric_specs import MetricSpec

SERIES = {
    "counter": ("_total",),
    "gauge": ("",),
    "histogram": ("_bucket", "_sum", "_count"),
}
"""What stands behind a metric's name in the names of its series."""


def series_of(spec: MetricSpec) -> tuple[str, ...]:
    """The names of the series that Prometheus has of a metric."""
    return tuple(f"{spec.name}{end}" for end in SERIES[spec.kind])


def program(name: str) -> str:
    """Its path; without it the test is skipped on a desk, and fails in CI."""
    found = shutil.which(name)
    if found is None and not os.environ.get("CI"):
        pytest.skip(f"{name} is not installed")
    assert found is not None, f"{name} is not installed: apt-get install prometheus"
    return found
