"""Fixtures that all tests share."""

from __future__ import annotations

import gc
import io
import logging
import os
import signal
import sys
from collections.abc import AsyncIterator, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import pytest

from tests.fake_platform import FakePlatform
from ticketbridge.service import logs
from ticketbridge.service.settings import Settings

# Programs that tests start are of use to the next only where Python may keep what it has compiled.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# Nothing of the tests is to be told to a collector that is there for others.
for variable in [name for name in os.environ if name.startswith("OTEL_")]:
    del os.environ[variable]

# Several programs of tests run at once, and cannot all have the one port that is the default.
os.environ["TICKETBRIDGE_METRICS_PORT"] = "0"

# A shell lets its background jobs ignore Ctrl-C, and all that they start: some tests send it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

MEASURE_OF_PROGRAMS = "COVERAGE_PROCESS_CONFIG"
"""Where coverage tells the programs that tests start to measure themselves."""

SLOW = (
    "workbench/draft/test_any.py",
    "workbench/probe/",
    "workbench/record/test_planted.py",
    "workbench/studio/test_page.py",
    "benchmarks/test_drafts.py",
    "faults/",
    "mapping/test_fuzz.py",
    "mappings/test_tutorial.py",
    "test_http_face.py",
    "test_leaving.py",
    "test_proxies_in_front.py",
    "test_reload.py",
    "test_serve.py",
    "test_under_load.py",
)

LONG = (
    "faults/test_floods.py",
    "faults/test_hostile_values.py",
    "faults/test_memory.py",
    "test_foreign_parsers.py::test_a_mapping",
    "test_foreign_parsers.py::test_drafts",
    "engine/tickets/test_program.py::test_both_ways_give_the_same",
)
"""What draws or floods at length, in each run anew: `bash .ci/run all` runs it, and pytest without `-m`."""

GENERATED = (
    "workbench/studio/test_page.py",
    "benchmarks/test_drafts.py",
    "mappings/test_tutorial.py",
    "test_proxies_in_front.py",
    "faults/test_load.py",
    "test_architecture.py",
    "workbench/draft/test_any.py",
    "deploy/test_prometheus.py",
    "faults/test_faults.py",
    "faults/test_floods.py",
    "faults/test_hostile_values.py",
    "faults/test_memory.py",
    "faults/test_soak.py",
    "faults/test_work.py::test_records_",
    "jmes/test_budget.py::test_an_evaluation_is_left_where_it_takes_too_much[contains]",
    "jmes/test_budget.py::test_an_evaluation_is_left_where_it_takes_too_much[equal]",
    "jmes/test_budget.py::test_an_evaluation_is_left_where_it_takes_too_much[lookup]",
    "jmes/test_budget.py::test_an_evaluation_is_left_where_it_takes_too_much[to_string]",
    "jmes/test_budget.py::test_an_evaluation_is_left_where_it_takes_too_much[unique]",
    "jmes/test_differential.py::test_no_difference_from_the_library",
    "jmes/test_outcomes.py::test_every_value_is_of_a_possible_type",
    "jmes/test_writing.py::test_what_is_written_means_the_same",
    "mapping/test_fuzz.py",
    "test_http_face.py::test_it_does_not_matter_where_a_request_is_cut",
    "test_serve.py::test_a_hangup",
    "test_serve.py::test_a_log_that_nobody_reads",
    "test_serve.py::test_it_ends_in_time",
    "test_serve.py::test_workers_have",
    "test_serve.py::test_workers_mark",
    "test_under_load.py",
    "test_foreign_parsers.py::test_a_mapping",
    "test_foreign_parsers.py::test_an_expression",
    "test_foreign_parsers.py::test_cases",
    "test_foreign_parsers.py::test_drafts",
    "engine/tickets/test_program.py::test_both_ways_give_the_same",
    "engine/upstream/test_xml_generated.py",
)
"""Coverage would double their time, and other tests run the same lines.

They run these thousands of times, or hold a program to a time.
"""


@pytest.hookimpl(tryfirst=True)
def pytest_xdist_auto_num_workers() -> int:
    """Two processes for each core with `-n auto`: most tests wait for sockets, programs and a browser."""
    return 2 * (os.cpu_count() or 1)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests of the modules and folders that are slow, and those that coverage leaves out."""
    here = Path(__file__).parent
    for item in items:
        path = item.path.relative_to(here).as_posix()
        name = f"{path}::{item.name}"
        if name.startswith(LONG):
            item.add_marker(pytest.mark.long)
        if name.startswith((*SLOW, *LONG)):
            item.add_marker(pytest.mark.slow)
        if name.startswith(GENERATED):
            item.add_marker(pytest.mark.generated)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Run a generated test, and the programs that it starts, without the measure of coverage."""
    if not item.get_closest_marker("generated"):
        return (yield)
    measure, settings = sys.gettrace(), os.environ.pop(MEASURE_OF_PROGRAMS, None)
    sys.settrace(None)
    try:
        return (yield)
    finally:
        sys.settrace(measure)
        if settings is not None:
            os.environ[MEASURE_OF_PROGRAMS] = settings


@pytest.fixture
def anyio_backend() -> str:
    """Tests marked with anyio run on asyncio alone: the server does."""
    return "asyncio"


@pytest.fixture
async def platform(anyio_backend: str) -> AsyncIterator[FakePlatform]:
    """A ticketing platform on a real socket that answers what the test says, and no more."""
    del anyio_backend
    async with FakePlatform() as fake:
        yield fake
    assert fake.unexpected == []


@contextmanager
def logged_to(stream: TextIO) -> Iterator[None]:
    """Have all logs go to *stream* as JSON; logging is as before afterwards."""
    with logging_kept():
        logs.configure(Settings(log_format="json"), stream)
        yield


@contextmanager
def logging_kept() -> Iterator[None]:
    """Whatever is done to logging inside, it is as before afterwards."""
    ours = ("ticketbridge", "uvicorn.error", "opentelemetry")
    names = (*ours, "uvicorn.access", "httpx", "httpcore", "urllib3", "asyncio", "oauthlib")
    before = [
        (logger, logger.handlers[:], logger.propagate, logger.level)
        for logger in map(logging.getLogger, names)
    ]
    try:
        yield
    finally:
        for logger, handlers, propagate, level in before:
            logger.handlers[:] = handlers
            logger.propagate = propagate
            logger.setLevel(level)


@pytest.fixture(autouse=True)
def usual_logging() -> Iterator[None]:
    """A command that a test runs in its own process changes nothing for the tests after it."""
    with logging_kept():
        yield


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """What is logged as JSON while the test runs."""
    stream = io.StringIO()
    with logged_to(stream):
        yield stream


@pytest.fixture
def silence() -> Iterator[None]:
    """What is logged is written, and nobody keeps it."""
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere, logged_to(nowhere):
        yield


@pytest.fixture
def collector() -> Iterator[None]:
    """The collector is as before afterwards."""
    before = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*before)
