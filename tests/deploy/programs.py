"""Programs of others that tests run for real."""

from __future__ import annotations

import os
import shutil

import pytest


def program(name: str) -> str:
    """Its path; without it the test is skipped on a desk, and fails in CI."""
    found = shutil.which(name)
    if found is None and not os.environ.get("CI"):
        pytest.skip(f"{name} is not installed")
    assert found is not None, f"{name} is not installed: apt-get install prometheus"
    return found
