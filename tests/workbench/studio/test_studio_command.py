"""`ticketbridge studio` as a program."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from ticketbridge.cli import main


def test_the_command_serves_its_page_until_it_is_stopped(demo_file: Path) -> None:
    """It says where the page is, answers there on loopback, and ends with Ctrl+C."""
    command = [sys.executable, "-m", "ticketbridge", "studio", str(demo_file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env={**os.environ}) as program:  # noqa: S603
        try:
            assert program.stdout is not None
            said = program.stdout.readline().decode()
            found = re.fullmatch(r"The studio is at (http://127\.0\.0\.1:\d+/[\w-]{32}/)\n", said)
            assert found is not None
            page = httpx.get(found[1], timeout=30)
            elsewhere = httpx.get(found[1].rpartition("/")[0][:-3] + "/", timeout=30)
        finally:
            program.send_signal(signal.SIGINT)
        code = program.wait(30)

    assert "ticketbridge studio" in page.text
    assert elsewhere.status_code == 404
    assert code == 0


@pytest.mark.parametrize("name", ["nothing.txt", ".", "gone/acme.yaml"])
def test_it_works_on_one_mapping(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither a folder nor another file is one."""
    assert main(["studio", str(tmp_path / name)]) == 2
    assert "works on one mapping" in capsys.readouterr().err


def test_a_port_that_cannot_be_had_is_told(
    demo_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As wrong usage, in words."""
    assert main(["studio", str(demo_file), "--port", "99999"]) == 2
    assert "99999" in capsys.readouterr().err
