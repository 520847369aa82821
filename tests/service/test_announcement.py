"""What `serve` says at its start, in both formats of its log."""

from __future__ import annotations

import io
import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import logged_to
from tests.support import SECRET, spec_of
from ticketbridge.engine.bridge import compile_mapping
from ticketbridge.service import logs
from ticketbridge.service.announcement import announce, curl_command
from ticketbridge.service.listening import close_all, open_listeners
from ticketbridge.service.mapping_set import set_of
from ticketbridge.service.settings import LogFormat, Settings


def announced(form: LogFormat, changes: Mapping[str, Any]) -> tuple[str, str]:
    """Return what is said of the changed MAPPING, and where it is served."""
    stream = io.StringIO()
    settings = Settings(log_format=form)
    listeners = open_listeners("127.0.0.1", 0)
    with logged_to(stream):
        logs.configure(settings, stream)
        announce(set_of([compile_mapping(spec_of(changes))]), settings, listeners)
    url = f"http://127.0.0.1:{listeners[0].getsockname()[1]}"
    close_all(listeners)
    return stream.getvalue(), url


def test_as_text_each_path_is_three_lines_to_copy() -> None:
    """The path's URL, who may ask, and a command, without anything before them that a shell would take."""
    said, url = announced("text", {"endpoint.access.allow": ["127.0.0.0/8"]})

    *_, running = [line for line in said.splitlines() if not line.startswith(" ")]
    assert running.endswith(f"running on {url}")
    assert said.splitlines()[-3:] == [
        f"  acme: {url}/tickets",
        "    with a secret in X-Menta-Secret from 127.0.0.0/8",
        f"    curl -H \"X-Menta-Secret: $MENTA_SECRET\" '{url}/tickets?user=ana@example.com'",
    ]
    assert SECRET not in said


def test_the_command_reads_the_file_that_holds_the_secret(tmp_path: Path) -> None:
    """A shell that has `NAME_FILE` alone sends the secret, and not an empty header."""
    file = tmp_path / "secret of menta"
    file.write_text(f"{SECRET}\n", "utf-8")
    variables = {"DESK_FILE": str(file)}
    spec = spec_of({"endpoint.access.secrets": ["${DESK}"]}, variables=variables)
    command = curl_command(spec.endpoint, "http://127.0.0.1/tickets")

    # The shell's own words: the header is the third argument.
    shown = subprocess.run(  # noqa: S603 - a fixed text
        ["/bin/sh", "-c", command.replace("curl", "printf '%s\\n'", 1)],
        env={"PATH": os.environ["PATH"], **variables},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()

    assert command.startswith('curl -H "X-Menta-Secret: $(cat "$DESK_FILE")" ')
    assert shown[:2] == ["-H", f"X-Menta-Secret: {SECRET}"]


@pytest.mark.parametrize("form", ["text", "json"])
def test_open_access_and_the_warnings_of_a_mapping_are_said(form: LogFormat) -> None:
    """Whoever starts it reads what `check` would warn of."""
    said, url = announced(form, {"endpoint.access": "open", "ticket.owner": "upstream"})

    assert "open: whoever reaches it may ask" in said
    assert f"curl '{url}/tickets?user=ana@example.com'" in said
    assert "mapping warning" in said
    if form == "json":
        assert {json.loads(line)["event"] for line in said.splitlines()} >= {"serving"}
