"""One browser for all tests of the page, and a copy of the demo's mapping for each."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest
from selenium.webdriver import Chrome

from tests.workbench.studio.browsing import MAPPINGS, StudioPage, open_browser, serving_studio

_LEAVE = "addEventListener('beforeunload', each => each.stopImmediatePropagation(), true)"

OpenPage = Callable[..., StudioPage]


@pytest.fixture(scope="session")
def browser() -> Iterator[Chrome]:
    """A headless Chromium."""
    opened = open_browser()
    yield opened
    opened.quit()


@pytest.fixture
def demo_file(tmp_path: Path) -> Path:
    """A copy of the demo's mapping, its cases beside it."""
    for name in ("demo.yaml", "demo.cases.yaml"):
        shutil.copy(MAPPINGS / name, tmp_path / name)
    return tmp_path / "demo.yaml"


@pytest.fixture
def open_page(browser: Chrome, demo_file: Path) -> Iterator[OpenPage]:
    """Opens the studio on the demo's mapping, or on another; what the page logs must be nothing."""
    with ExitStack() as stack:

        def open_on(
            mapping: Path = demo_file, variables: Mapping[str, str] | None = None
        ) -> StudioPage:
            return StudioPage(browser, stack.enter_context(serving_studio(mapping, variables)))

        browser.get("about:blank")
        browser.get_log("browser")  # type: ignore[no-untyped-call]
        yield open_on
        logged = browser.get_log("browser")  # type: ignore[no-untyped-call]
        # Text that is not saved would have the browser ask before it leaves.
        browser.execute_script(_LEAVE)
        browser.get("about:blank")
        assert [line["message"] for line in logged if line["level"] == "SEVERE"] == []
