"""A real Chromium on a real studio: what a person does on the page, and what the page then shows."""

from __future__ import annotations

import asyncio
import os
import shutil
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import pytest
from selenium.webdriver import ActionChains, Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

from ticketbridge.service.listening import close_all, open_listeners
from ticketbridge.workbench.studio.studio_serving import LOOPBACK, make_studio_server

PATIENCE = 30
MAPPINGS = Path(__file__).parents[3] / "mappings"
_CONFIGURED = (
    "--headless=new",
    "--no-sandbox",  # a container's root has none
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
    "--window-size=1280,960",
)

Found = TypeVar("Found")


def open_browser() -> Chrome:
    """Return a headless Chromium; a test without it is skipped on a desk, and fails where `CI` is set."""
    program, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if program is None or driver is None:
        if os.environ.get("CI"):
            pytest.fail("chromium and chromedriver are not installed")
        pytest.skip("chromium and chromedriver are not installed")
    options = ChromeOptions()
    options.binary_location = program
    for argument in _CONFIGURED:
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    return Chrome(options=options, service=Service(driver))


@contextmanager
def serving_studio(mapping: Path, variables: Mapping[str, str] | None = None) -> Iterator[str]:
    """Serve the studio about *mapping* in a thread; gives the URL of its page."""
    doors = open_listeners(LOOPBACK, 0)
    server, url = make_studio_server(mapping, doors[0], variables or {})
    thread = threading.Thread(target=lambda: asyncio.run(server.serve(doors)))
    thread.start()
    try:
        wait_until(lambda: server.started)
        yield url
    finally:
        server.should_exit = True
        thread.join(PATIENCE)
        close_all(doors)


def wait_until(condition: Callable[[], Found]) -> Found:
    """Return what *condition* gives, once that is something."""
    waiting = threading.Event()
    for _ in range(PATIENCE * 50):
        found = condition()
        if found:
            return found
        waiting.wait(0.02)
    raise AssertionError("it has not come about")


class StudioPage:
    """The page in the browser; *actions* counts the clicks and keys of the person before it."""

    def __init__(self, browser: Chrome, url: str) -> None:
        self.browser = browser
        self.actions = 0
        browser.get(url)
        self.wait_for(lambda: self.run("return document.documentElement.dataset.ready === 'yes'"))

    def run(self, script: str, *arguments: Any) -> Any:
        """Return what a script of the test gives."""
        return self.browser.execute_script(script, *arguments)

    def wait_for(self, condition: Callable[[], Found]) -> Found:
        """Return what *condition* gives, once that is something; elements may be drawn anew meanwhile."""
        wait = WebDriverWait(self.browser, PATIENCE, 0.03, ignored_exceptions=[Exception])
        return wait.until(lambda _browser: condition())

    # --- what is there --------------------------------------------------------------------------

    def all(self, selector: str) -> list[WebElement]:
        """Return the elements of a *selector*."""
        return self.browser.find_elements(By.CSS_SELECTOR, selector)

    def one(self, selector: str, text: str = "") -> WebElement:
        """Return the first element of *selector* in sight that has *text* in it, once there is one."""

        def look() -> WebElement | None:
            shown = (each for each in self.all(selector) if each.is_displayed())
            return next((each for each in shown if text in each.text), None)

        found = self.wait_for(look)
        assert found is not None
        return found

    def text(self, selector: str) -> str:
        """Return what an element says."""
        return self.one(selector).text

    def texts(self, selector: str) -> list[str]:
        """Return what elements say."""
        script = "return [...document.querySelectorAll(arguments[0])].map(e => e.innerText.trim())"
        return list(self.run(script, selector))

    def see(self, selector: str, text: str) -> None:
        """Wait until an element of *selector* says *text*."""
        self.wait_for(lambda: any(text in each for each in self.texts(selector)))

    def see_none(self, selector: str) -> None:
        """Wait until no element of *selector* is in sight."""
        self.wait_for(lambda: not [each for each in self.all(selector) if each.is_displayed()])

    @property
    def mapping(self) -> str:
        """The text in the editor."""
        return str(self._with_editor("done(view.state.doc.toString());"))

    def _with_editor(self, script: str, *arguments: Any) -> Any:
        """Return what *script* gives to `done`; it has the editor as `view`."""
        whole = """
            const args = [...arguments], done = args.pop();
            import('./editor.js').then(({EditorView}) => {
              const view = EditorView.findFromDOM(document.getElementById('editor'));
        """
        return self.browser.execute_async_script(f"{whole}{script}}});", *arguments)

    # --- what a person does ---------------------------------------------------------------------

    def click(self, selector: str, text: str = "") -> None:
        """Click an element."""
        self._do(lambda: self.one(selector, text).click())
        self.actions += 1

    def hover(self, selector: str, text: str = "") -> None:
        """Move the pointer over an element."""

        def move() -> None:
            ActionChains(self.browser).move_to_element(self.one(selector, text)).perform()

        self._do(move)

    def _do(self, act: Callable[[], None]) -> None:
        """Do something, again where the element was drawn anew meanwhile."""

        def done() -> bool:
            act()
            return True

        self.wait_for(done)

    def press(self, *keys: str) -> None:
        """Press keys one after the other, wherever the focus is."""
        for key in keys:
            self._strike(key)
            self.actions += 1

    def _strike(self, keys: str) -> None:
        # To what has the focus by then: an element that was asked for before may be drawn anew.
        ActionChains(self.browser).send_keys(keys).perform()

    def type(self, text: str) -> None:
        """Type *text*, which counts as one action, wherever the focus is."""
        self._strike(text)
        self.actions += 1

    def chord(self, *keys: str) -> None:
        """Press keys together."""
        *held, last = keys
        chain = ActionChains(self.browser)
        for key in held:
            chain = chain.key_down(key)
        chain = chain.send_keys(last)
        for key in reversed(held):
            chain = chain.key_up(key)
        chain.perform()
        self.actions += 1

    def choose_field(self, field: str) -> None:
        """Choose *field* in the open list: type its name, and Enter."""
        self.one("#chooser[open]")
        self.type(field)
        self.press(Keys.ENTER)

    def point(self, row: str, field: str) -> None:
        """Point the value of the tree's *row* to *field*."""
        self.click("#tree .row", row)
        self.choose_field(field)

    def go_to_line_with(self, text: str, *, behind: bool = True) -> None:
        """Put the cursor behind (or before) *text* in the editor, as a click would."""
        script = """
              const at = view.state.doc.toString().indexOf(args[0]);
              const place = at + (args[1] ? args[0].length : 0);
              view.dispatch({selection: {anchor: place}, scrollIntoView: true}); view.focus(); done(at);"""
        assert self._with_editor(script, text, behind) >= 0
        self.actions += 1

    def select_source(self, words: str) -> None:
        """Choose the answers whose entry says *words*."""
        script = """
            const select = document.getElementById('source');
            const option = [...select.options].find(each => each.text.includes(arguments[0]));
            select.value = option.value; select.dispatchEvent(new Event('change'));"""
        self.run(script, words)
        self.actions += 1
