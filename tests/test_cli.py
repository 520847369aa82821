"""The command line as a user meets it: output, exit codes, and a real process that serves."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest

from tests.fake_platform import FakePlatform, Reply
from tests.processes import own_process, port_in
from tests.support import SECRET, TOKEN, item, mapping, order, orders
from ticketbridge import __version__
from ticketbridge.cli import main

VARIABLES = {"MENTA_SECRET": SECRET, "ACME_TOKEN": TOKEN, "ACME_API": "http://127.0.0.1:9"}


@pytest.fixture
def good(tmp_path: Path) -> Path:
    """A mapping file without a slip."""
    path = tmp_path / "acme.yaml"
    path.write_text(json.dumps(mapping(), indent=1))
    return path


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    """A mapping file with one slip, on its last line but one."""
    path = tmp_path / "bad.yaml"
    text = json.dumps(mapping(), indent=1).replace('"price": "item.price"', '"prize": "item.price"')
    path.write_text(text)
    return path


def test_check_says_that_a_good_mapping_is_good(
    good: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mapping without findings is one line, and exit code 0."""
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)

    assert main(["check", str(good)]) == 0
    assert capsys.readouterr().out == "1 mapping: 0 errors, 0 warnings\n"


@pytest.mark.parametrize(
    "words",
    [["serve"], ["fetch", "--user", "a@b.example"], ["map", "x.json", "--user", "a@b.example"]],
)
def test_what_cannot_be_loaded_is_told_as_check_tells_it(
    words: list[str],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """All phases of loading are told at once: a wrong key, a wrong root, and what is doubted."""
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    path = tmp_path / "bad.yaml"
    rule = {"status": 404, "then": "empty"}
    changes = {
        "endpoint.pth": "/x",
        "source.0.responses": [rule],
        "ticket.fields.price": "itm.price",
        "ticket.fields.prize": "item.price",
    }
    path.write_text(json.dumps(mapping(changes), indent=1))

    assert main(["check", str(path)]) == 1
    checked = capsys.readouterr().out
    assert main([words[0], str(path), *words[1:]]) == 1
    told = capsys.readouterr().err

    assert all(code in told for code in ("TB010", "TB203", "TB301", "TB526"))
    assert told.strip() == checked.rpartition("\n1 mapping")[0].strip()


def test_cases_without_their_mapping_are_wrong_usage(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A cases file stands for the mapping beside it; where there is none, that is said."""
    (tmp_path / "lonely.cases.yaml").write_text("[]", "utf-8")

    assert main(["test", str(tmp_path / "lonely.cases.yaml")]) == 2
    assert "there is no lonely.yaml beside it" in capsys.readouterr().err


def test_check_needs_no_variables(good: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A missing variable is a warning of `check`: it is needed where the mapping is served."""
    assert main(["check", str(good)]) == 0

    out = capsys.readouterr().out
    assert "ACME_TOKEN" in out
    assert "1 mapping: 0 errors, 3 warnings" in out


def test_check_shows_the_place_the_line_and_what_would_be_right(
    bad: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each finding has file, line, column, code, the line with a caret, and a repair."""
    assert main(["check", str(bad)]) == 1

    out = capsys.readouterr().out
    line = bad.read_text().splitlines().index('   "prize": "item.price",') + 1
    assert f"{bad}:{line}:4: error[TB301]: the contract has no field `prize`" in out
    assert '    |    "prize": "item.price",\n    |    ^' in out
    assert 'did you mean "price"?' in out
    assert "error[TB302]" in out


def test_check_as_json_is_a_list_of_findings(bad: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--format json` is for programs: the agreed keys, and nothing beside the list."""
    assert main(["check", "--format", "json", str(bad)]) == 1

    rows = json.loads(capsys.readouterr().out)
    errors = [row for row in rows if row["severity"] == "error"]
    assert {frozenset(row) for row in rows} == {
        frozenset({"file", "line", "column", "severity", "code", "message", "suggestion"})
    }
    assert [row["code"] for row in errors] == ["TB302", "TB301"]


def test_check_as_github_annotates_the_line(bad: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--format github` writes workflow commands, one a line."""
    main(["check", "--format", "github", str(bad)])

    out = capsys.readouterr().out.splitlines()
    assert any(
        re.match(rf"::error file={re.escape(str(bad))},line=\d+,col=4,title=TB301::", o)
        for o in out
    )


def test_check_takes_folders(good: Path, bad: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A folder means its mappings, without the cases beside them."""
    (good.parent / "acme.cases.yaml").write_text("[]")

    assert main(["check", str(good.parent), str(bad)]) == 1
    assert "2 mappings: 2 errors" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["check"], id="no path"),
        pytest.param(["chekc"], id="unknown command"),
        pytest.param([], id="no command"),
        pytest.param(["check", "--format", "xml", "x.yaml"], id="unknown format"),
    ],
)
def test_wrong_usage_is_exit_code_2(arguments: list[str]) -> None:
    """What the command line does not know is refused with usage."""
    with pytest.raises(SystemExit) as caught:
        main(arguments)

    assert caught.value.code == 2


def test_a_path_that_is_not_there_is_wrong_usage(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A path without a mapping is named."""
    (tmp_path / "empty").mkdir()

    assert main(["check", str(tmp_path / "none.yaml")]) == 2
    assert main(["check", str(tmp_path / "empty")]) == 2
    assert main(["serve"]) == 2
    error = capsys.readouterr().err
    assert "none.yaml: no such file" in error
    assert "empty: no mapping" in error
    assert "TICKETBRIDGE_MAPPINGS" in error


def test_serve_says_what_is_hardly_meant(
    bad: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A trusted network that strangers are in is a line of the log before anything is served."""
    monkeypatch.setenv("TICKETBRIDGE_TRUSTED_PROXIES", "0.0.0.0/0")
    main(["serve", str(bad)])

    assert "TICKETBRIDGE_TRUSTED_PROXIES has 0.0.0.0/0" in capsys.readouterr().err


def test_serve_refuses_a_mapping_with_errors(bad: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A mapping that is wrong, or whose variables are missing, does not serve."""
    assert main(["serve", str(bad)]) == 1
    assert "ACME_TOKEN" in capsys.readouterr().err


def test_serve_refuses_a_wrong_setting(good: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A flag or variable that cannot be used is named."""
    assert main(["serve", "--port", "http", str(good)]) == 2
    assert "--port must be a port from 0 to 65535" in capsys.readouterr().err


def test_test_runs_the_cases_beside_a_mapping(
    good: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`test` is 0 where all cases pass, and 1 where one fails, none is there, or a file is wrong."""
    cases = good.parent / "acme.cases.yaml"
    answer = "{get: /orders, body: {orders: []}}"
    row = f"- {{case: none, user: a@example.com, upstream: [{answer}], expect: {{tickets: %s}}}}"

    outcomes = []
    for text in (None, row % "[]", row % "[{}]", "- {}"):
        if text is not None:
            cases.write_text(text)
        outcomes.append(main(["test", str(good)]))
    out, err = capsys.readouterr()

    assert outcomes == [1, 0, 1, 1]
    assert "no cases" in out
    assert "1 case, 0 failed" in out
    assert f"{cases}:1:" in err


def test_a_failing_case_says_where_the_field_came_from(
    good: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A differing field is shown with its expression, its line and what the platform sent."""
    answer = json.dumps(orders(order(item(7, price=25))))
    ticket: dict[str, Any] = {"ticketId": "7", "externalReferenceEventId": "fest", "showId": "fest"}
    ticket |= {"ticketOptionId": "A", "price": 19, "currency": "EUR", "status": "VALID"}
    (good.parent / "acme.cases.yaml").write_text(
        f"- case: price\n  user: ana@example.com\n  upstream: [{{get: /orders, body: {answer}}}]\n"
        f"  expect: {{tickets: [{json.dumps(ticket)}]}}\n"
    )

    assert main(["test", str(good)]) == 1
    out = capsys.readouterr().out
    assert "ticket 1 `price`: expected 19, got 25 (`item.price` at " in out
    assert "acme.yaml:" in out
    assert " gave 25)" in out


def test_test_as_json_is_a_list_of_results(good: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`test --format json` has the agreed keys."""
    (good.parent / "acme.cases.yaml").write_text(
        "- {case: c, user: a@example.com, upstream: [], expect: {problem: invalid-user}}"
    )

    assert main(["test", "--format", "json", str(good)]) == 1

    (row,) = json.loads(capsys.readouterr().out)
    assert row.keys() == {"file", "case", "result", "message"}
    assert (row["case"], row["result"]) == ("c", "fail")


def test_test_says_what_the_cases_leave_out(good: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With `--coverage` and `--mutants`; only with `--strict` it is a failure."""
    (good.parent / "acme.cases.yaml").write_text(
        "- {case: c, user: a@example.com, upstream: [{get: /orders, body: {orders: []}}],"
        " expect: {tickets: []}}"
    )

    assert main(["test", "--coverage", str(good)]) == 0
    assert f"{good}:" in capsys.readouterr().out
    assert main(["test", "--mutants", str(good)]) == 0
    assert "no case notices the owner is not compared" in capsys.readouterr().out
    assert main(["test", "--strict", str(good)]) == 0
    assert "1 case, 0 failed\n" in capsys.readouterr().out
    assert main(["test", "--strict", "--coverage", str(good)]) == 1
    assert "not covered: no record has status `PAID`" in capsys.readouterr().out
    assert main(["test", "--strict", "--mutants", str(good)]) == 1


def test_test_writes_junit(good: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--junit` writes the results as XML beside the text; a file that cannot be written is named."""
    (good.parent / "acme.cases.yaml").write_text(
        "- {case: c, user: a@example.com, upstream: [], expect: {problem: invalid-user}}"
    )
    file = good.parent / "results.xml"

    assert main(["test", "--junit", str(file), str(good)]) == 1
    assert "failed: c" in capsys.readouterr().out
    assert '<testcase classname="' in file.read_text()
    assert main(["test", "--junit", str(good.parent), str(good)]) == 2
    assert f"{good.parent}: cannot be written" in capsys.readouterr().err


@pytest.mark.parametrize("form", ["text", "json"])
def test_test_accepts_what_cases_came_to(
    good: Path, form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """`--update` shows what it writes, beside the results, and then runs the cases."""
    cases = good.parent / "acme.cases.yaml"
    answer = json.dumps(orders(order(item(7))))
    cases.write_text(
        f"- case: c\n  user: ana@example.com\n  upstream: [{{get: /orders, body: {answer}}}]\n"
        "  expect: {verdicts: {returned: 2}}\n"
    )

    assert main(["test", "--update", "--format", form, str(good)]) == 0
    out, err = capsys.readouterr()
    assert "+  expect: {verdicts: {returned: 1}}\n" in (out if form == "text" else err)
    assert "{returned: 1}" in cases.read_text()
    assert main(["test", "--update", str(good)]) == 0
    assert capsys.readouterr().out == f"{cases}: 1 case, 0 failed\n"


def test_demo_runs_on_the_port_that_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """`demo --port` is the port of the proxy."""
    asked: list[int] = []

    def run_demo(port: int) -> int:
        asked.append(port)
        return 0

    monkeypatch.setattr("ticketbridge.cli.demo.run_demo", run_demo)

    assert main(["demo", "--port", "9"]) == 0
    assert asked == [9]


def test_a_reader_who_has_seen_enough_gets_no_traceback(bad: Path) -> None:
    """`check … | head -1` ends quietly."""
    program = (
        f"{sys.executable} -m ticketbridge check {bad} {bad.parent} | true; exit ${{PIPESTATUS[0]}}"
    )
    ended = subprocess.run(  # noqa: S603 - our own program
        ["/bin/bash", "-c", program], capture_output=True, text=True, check=False
    )

    assert ended.stderr == ""


def test_check_finds_a_link_that_leads_nowhere(
    good: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody expects a mapping there, and `serve` would not have it."""
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    link = good.with_name("link.yaml")
    link.symlink_to(good.with_name("missing.yaml"))
    code = main(["check", str(good.parent)])
    out = capsys.readouterr().out

    assert code == 1
    assert f"{link}:1:1: error[TB001]" in out
    assert "2 mappings: 1 error, 0 warnings" in out
    assert main(["check", str(link)]) == 2
    assert "a link to a file or folder that does not exist" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ["sheet"],
        ["openapi"],
        ["rehearse", "--users", "users.txt"],
        ["fetch", "--user", "a@b.example"],
        ["map", "x.json", "--user", "a@b.example"],
    ],
)
def test_a_folder_is_not_one_mapping(
    words: list[str], good: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A command for one mapping says so of a folder that exists."""
    command, *rest = words

    assert main([command, str(good.parent), *rest]) == 2
    told = f"ticketbridge: {good.parent}: this is a folder: name one mapping file\n"
    assert capsys.readouterr().err == told


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize(
    "words", [["schema", "tickets"], ["check", "{bad}"], ["sheet", "{good}"], ["--help"]]
)
@pytest.mark.parametrize(
    ("stdout", "reason"),
    [(">/dev/full", "No space left on device"), (">&-", "stdout is closed")],
)
def test_output_that_cannot_be_written_is_an_error(
    good: Path, bad: Path, words: list[str], stdout: str, reason: str
) -> None:
    """A full disk or a closed stdout is one line on stderr and exit code 1, also for `--help`."""
    given = [word.format(good=good, bad=bad) for word in words]
    program = shlex.join([sys.executable, "-m", "ticketbridge", *given])
    ended = subprocess.run(  # noqa: S603 - our own program
        ["/bin/sh", "-c", f"{program} {stdout}"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.stderr == f"ticketbridge: the output cannot be written: {reason}\n"
    assert ended.returncode == 1


@pytest.mark.parametrize("which", ["mapping", "tickets"])
def test_schema_prints_a_schema(which: str, capsys: pytest.CaptureFixture[str]) -> None:
    """`schema` prints the JSON Schema as it is bundled."""
    assert main(["schema", which]) == 0

    assert json.loads(capsys.readouterr().out)["$schema"].endswith("2020-12/schema")


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    """`--version` names the program and its version."""
    with pytest.raises(SystemExit):
        main(["--version"])

    assert capsys.readouterr().out == f"ticketbridge {__version__}\n"


# --- a real process ---------------------------------------------------------------------------------------


@contextmanager
def process(*arguments: str, **variables: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """`python -m ticketbridge …` that serves, and its port; ended with the test."""
    with own_process(
        [sys.executable, "-m", "ticketbridge", *arguments],
        env={**os.environ, **VARIABLES, **variables, "TICKETBRIDGE_LOG_FORMAT": "json"},
        stderr=subprocess.PIPE,
        text=True,
    ) as running:
        yield running, _port(running)


def _port(running: subprocess.Popen[str]) -> int:
    """The port that the process says it listens on."""
    assert running.stderr is not None
    seen: list[str] = []
    for line in running.stderr:
        seen.append(line)
        if port := port_in(line):
            return port
    raise AssertionError("".join(seen))


@pytest.mark.anyio
@pytest.mark.parametrize("workers", ["1", "2"])
async def test_serve_answers_until_it_is_told_to_stop(
    platform: FakePlatform, good: Path, workers: str
) -> None:
    """The process serves over real sockets, with one worker or more, and ends on SIGTERM."""
    platform.on("/orders", Reply(json=orders(order(item(1)))))
    flags = ("--port", "0", "--workers", workers)
    if workers == "2":
        flags = ("--port", str(_free_port()), "--workers", workers)
    with process("serve", *flags, str(good), ACME_API=platform.url) as (running, port):
        async with httpx.AsyncClient(trust_env=False) as menta:
            response = await _when_up(
                menta,
                f"http://127.0.0.1:{port}/tickets?user=ana@example.com",
                {"X-Menta-Secret": SECRET},
            )
        running.send_signal(signal.SIGTERM)
        running.wait(20)

    assert [ticket["ticketId"] for ticket in response.json()["tickets"]] == ["1"]


async def _when_up(client: httpx.AsyncClient, url: str, headers: dict[str, str]) -> Any:
    """The answer once the workers have started."""
    for _ in range(200):
        try:
            return await client.get(url, headers=headers)
        except httpx.TransportError:
            await anyio.sleep(0.05)
    raise AssertionError("no worker came up")


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port
