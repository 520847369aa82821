"""What start-up is held to is counted as it is."""

from __future__ import annotations

import pytest

from benchmarks import startup


@pytest.mark.slow
def test_the_modules_of_serve_are_those_of_the_process_that_answers() -> None:
    """Its own and foreign ones, each once, and none of the benchmarks."""
    modules = startup.modules_of_serve()

    assert {"ticketbridge.service.app", "ticketbridge.jmes", "starlette", "asyncio"} <= set(modules)
    assert len(set(modules)) == len(modules)
    assert not any(name.startswith("benchmarks") for name in modules)
