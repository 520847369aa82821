"""Findings as text, JSON and GitHub annotations; what a line of a mapping must never show."""

from __future__ import annotations

import io
import json
import re
import sys
from pathlib import Path

import pytest

from ticketbridge.cli import main
from ticketbridge.mapping.findings import Finding, Place
from ticketbridge.workbench.check.finding_output import as_github, as_json, as_text

CLEAR = "hunter2-correct-horse"


def finding(file: Path | str, line: int = 1, column: int = 1, **changes: str) -> Finding:
    """A finding at that place."""
    texts = {"code": "TB201", "message": "it is wrong", "suggestion": "", **changes}
    return Finding(Place(str(file), line, column), "error", **texts)


def written(folder: Path, text: str) -> Path:
    """A file that has *text*."""
    file = folder / "acme.yaml"
    file.write_text(text, "utf-8")
    return file


def excerpt(folder: Path, text: str, column: int, line: int = 1) -> list[str]:
    """The line and the caret below it, as the text format shows them."""
    shown = as_text([finding(written(folder, text), line, column)]).splitlines()
    return [row.removeprefix("    | ") for row in shown[1:3]]


@pytest.mark.parametrize(
    ("text", "column", "line", "caret"),
    [
        pytest.param("owner: a.b", 8, "owner: a.b", "       ^", id="plain"),
        pytest.param("a: '日本' b", 9, "a: '日本' b", "          ^", id="wide"),
        pytest.param("a: e\u0301 b", 7, "a: e\u0301 b", "     ^", id="combining"),
        pytest.param("a:\tb", 4, "a: b", "   ^", id="tab"),
        pytest.param("a: \x1b[31mb", 4, "a: \ufffd[31mb", "   ^", id="escape-sequence"),
        pytest.param("a: \u202eb", 4, "a: \ufffdb", "   ^", id="bidirectional-sign"),
        pytest.param("\ufeffa: b", 4, "a: b", "   ^", id="bom"),
    ],
)
def test_the_caret_stands_below_the_column(
    tmp_path: Path, text: str, column: int, line: str, caret: str
) -> None:
    """Wide characters, tabs and signs that a terminal would obey do not move it."""
    assert excerpt(tmp_path, text, column) == [line, caret]


def test_of_a_long_line_the_part_around_the_column_is_shown(tmp_path: Path) -> None:
    """A line of thousands of characters does not fill the screen."""
    line, caret = excerpt(tmp_path, "x" * 5000 + "HERE" + "y" * 5000, 5001)

    assert len(line) <= 120
    assert line[caret.index("^") :].startswith("HERE")


@pytest.mark.parametrize("line", [0, 99])
def test_a_line_that_is_not_there_is_left_out(tmp_path: Path, line: int) -> None:
    """A finding about a file that changed meanwhile, or was never one, has no excerpt."""
    file = written(tmp_path, "a: b")

    assert as_text([finding(file, line)]) == f"{file}:{line}:1: error[TB201]: it is wrong"
    assert "|" not in as_text([finding("nowhere.yaml")])


@pytest.mark.parametrize(
    ("text", "line"),
    [
        pytest.param(f"auth: {{type: bearer, token: {CLEAR}}}", 1, id="in-braces"),
        pytest.param(f"  token: {CLEAR}, {CLEAR}", 1, id="plain-with-a-comma"),
        pytest.param(f"  token: '{CLEAR}''{CLEAR}'", 1, id="single-quoted"),
        pytest.param(f'  token: "{CLEAR}\\"{CLEAR}"', 1, id="double-quoted"),
        pytest.param(f'  token: "{CLEAR}', 1, id="open-quote"),
        pytest.param(f"  token:{CLEAR}", 1, id="no-space"),
        pytest.param(f"  tokn: {CLEAR}", 1, id="misspelt"),
        pytest.param(f"  password : {CLEAR}", 1, id="space-before-the-colon"),
        pytest.param(f'  "X-Api-Key": {CLEAR}', 1, id="header"),
        pytest.param(f"  token: ${{TOKEN:-{CLEAR}}}", 1, id="default"),
        pytest.param(f"  secrets: [a, {CLEAR}]", 1, id="list-in-brackets"),
        pytest.param(f"  secrets: [a, {CLEAR}", 1, id="open-bracket"),
        pytest.param(f"  secrets:\n    - a\n    - {CLEAR}", 3, id="entry"),
        pytest.param(f"  secrets:\n  - {CLEAR}", 2, id="entry-not-indented"),
        pytest.param(f"  token: |\n    a\n\n    {CLEAR}", 4, id="block"),
    ],
)
def test_no_line_shows_a_credential(tmp_path: Path, text: str, line: int) -> None:
    """Whatever a finding is about, also in a file that is no YAML, credentials are masked."""
    shown, _ = excerpt(tmp_path, text, 1, line)

    assert CLEAR not in shown
    assert "********" in shown


@pytest.mark.parametrize(
    "text",
    [
        'auth: {type: bearer, token: "${TOKEN}"}',
        'secrets: ["${A}", "${B:-}"]',
        "secret_header: X-Menta-Secret",
        "token_url: https://auth.acme.example/token",
        "token: body.access.tokn",
        'value: "Bearer {token}"',
        "values: {PAID: VALID}",
        "source: item.channel",
        "# token and secret",
        "    - item.token",
    ],
)
def test_what_is_no_credential_is_shown(tmp_path: Path, text: str) -> None:
    """Variables, expressions, templates and other keys stay readable."""
    assert excerpt(tmp_path, text, 1) == [text, "^"]


def test_the_caret_behind_a_masked_value_moves_with_it(tmp_path: Path) -> None:
    """A masked value is as long as any other; the caret stays below its word, or before the value."""
    text = f"auth: {{token: {CLEAR}, tpye: bearer}}"

    line, caret = excerpt(tmp_path, text, text.index("tpye") + 1)
    assert line[caret.index("^") :].startswith("tpye")
    line, caret = excerpt(tmp_path, text, text.index(CLEAR) + 5)
    assert line[caret.index("^") :].startswith("********")


def test_a_credential_that_only_its_finding_knows_is_masked(tmp_path: Path) -> None:
    """Where a warning says that a credential stands in clear, it does not show it."""
    file = written(tmp_path, f"  - [{CLEAR}, other]")

    shown = as_text([finding(file, 1, 6, code="TB053"), finding(file, 1, 30)])

    assert CLEAR not in shown
    assert shown.count("[********, other]") == 2


def test_github_reads_the_properties_and_the_message_as_they_were() -> None:
    """Signs of GitHub's workflow commands are escaped: `%`, line ends, and in properties `:` and `,`."""
    text = as_github(
        [finding("a,b:100%.yaml", 3, 7, message="50% of\r\nthis: a, b", suggestion="x")]
    )

    assert text == (
        "::error file=a%2Cb%3A100%25.yaml,line=3,col=7,title=TB201::50%25 of%0D%0Athis: a, b x"
    )


def test_json_holds_what_the_finding_says() -> None:
    """The agreed keys, with the values of the finding."""
    (row,) = json.loads(as_json([finding("x.yaml", 3, 7, suggestion="y")]))

    assert row == {
        "file": "x.yaml",
        "line": 3,
        "column": 7,
        "severity": "error",
        "code": "TB201",
        "message": "it is wrong",
        "suggestion": "y",
    }


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """It is one."""
        return True


@pytest.mark.parametrize(
    ("stream", "variables", "coloured"),
    [
        pytest.param(Terminal, {}, True, id="terminal"),
        pytest.param(io.StringIO, {}, False, id="pipe"),
        pytest.param(Terminal, {"NO_COLOR": "1"}, False, id="no-color"),
        pytest.param(Terminal, {"TERM": "dumb"}, False, id="dumb"),
    ],
)
def test_colours_are_for_terminals(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    stream: type[io.StringIO],
    variables: dict[str, str],
    coloured: bool,
) -> None:
    """Colours go to a terminal alone, and not against its user's wish; the words are the same."""
    for name in ("NO_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    out = stream()
    monkeypatch.setattr(sys, "stdout", out)

    assert main(["check", str(written(tmp_path, "version: 2"))]) == 1

    assert ("\033[" in out.getvalue()) is coloured
    assert "error[TB013]" in re.sub(r"\033\[[0-9;]*m", "", out.getvalue())


PASSWORDS = ["hunter2", "hun/ter2", "hun@ter2", "hun:ter2?#", "${PLAIN}hunter2"]


@pytest.mark.parametrize("password", PASSWORDS)
@pytest.mark.parametrize(
    "line",
    [
        "base_url: {url}",
        "get: {url}/orders",
        "platform: {url}",
        'query: {{email: "{url}"}}',
        "each: [{url}",
        "# see {url} for more",
        "token_url: '{url}', password: {url}",
        "{url}: 1",
    ],
)
def test_no_line_shows_what_a_url_has_before_its_host(
    tmp_path: Path, line: str, password: str
) -> None:
    """The name and the password in a URL are masked wherever it stands, and its host is shown."""
    url = f"https://bob:{password}@api.example.com"
    shown = "".join(excerpt(tmp_path, line.format(url=url), 1))

    assert password not in shown
    assert "bob" not in shown


@pytest.mark.parametrize("password", PASSWORDS)
def test_no_finding_repeats_what_a_url_has_before_its_host(tmp_path: Path, password: str) -> None:
    """Message and suggestion are masked in every format."""
    url = f"https://bob:{password}@api.example.com"
    one = finding(written(tmp_path, ""), message=f"no `{url}` here", suggestion=f"leave {url} out")
    for form in (as_text, as_json, as_github):
        assert "bob" not in form([one])
        assert password not in form([one])
        assert "@api.example.com" in form([one])
