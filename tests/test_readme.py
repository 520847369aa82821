"""What the README and the pages of `docs` show is what the program does."""

from __future__ import annotations

import argparse
import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml

import ticketbridge
from tests.stand_in import compiled_on
from tests.support import SECRET, TOKEN, USER, Replies
from ticketbridge import cli
from ticketbridge.cli.command_page import make_command_page
from ticketbridge.cli.commands import COMMANDS
from ticketbridge.engine import problems as tree
from ticketbridge.engine.answer_trace import AnswerTrace
from ticketbridge.engine.problems import ProblemError, UpstreamAuth
from ticketbridge.engine.tickets.verdicts import VerdictKind, count_kinds
from ticketbridge.mapping import Environment, parse_mapping
from ticketbridge.service.replies import problem_reply
from ticketbridge.service.settings import Settings

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
DOCS = ROOT / "docs"
MOST_LINES = 150


def section_of(page: str, under: str = "") -> str:
    """The section *under* of a page of `docs`, or the README's for ""; without *under* the whole page."""
    text = (DOCS / page).read_text("utf-8") if page else README
    return text.split(f"\n## {under}\n")[1].split("\n## ")[0] if under else text


def fences(language: str, page: str, under: str = "") -> list[str]:
    """The fenced blocks of a language there."""
    return re.findall(rf"```{language}\n(.*?)```", section_of(page, under), re.DOTALL)


def rows(page: str, under: str = "") -> list[list[str]]:
    """The cells of the table there, without its head."""
    lines = [line for line in section_of(page, under).splitlines() if line.startswith("| `")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def words(cell: str) -> list[str]:
    """The words in backticks."""
    return re.findall(r"`([^`]+)`", cell)


def problems(kind: type[ProblemError] = ProblemError) -> Iterator[type[ProblemError]]:
    """All problems that have a slug."""
    for child in kind.__subclasses__():
        yield from problems(child)
    if hasattr(kind, "slug"):
        yield kind


@pytest.mark.anyio
async def test_the_example_gives_the_answer_that_is_shown() -> None:
    """The mapping of the README, on the platform's answer that it shows, gives its answer."""
    (text,) = fences("yaml", "", "Example")
    platform, answer = (json.loads(block) for block in fences("json", "", "Example"))
    environment = Environment(
        {"MENTA_SECRET": SECRET, "ACME_API": "https://api.acme.example", "ACME_TOKEN": TOKEN}
    )
    spec = parse_mapping(text, file="acme.yaml", environment=environment)
    bridge = compiled_on(Replies({"/orders?email=ana%40example.com": platform}), spec)

    trace = AnswerTrace()
    made = await bridge.answer(USER, trace)

    assert json.loads(made.body) == answer
    assert "X-Ticketbridge-Verdicts: returned=1, not_eligible=1" in README
    assert count_kinds(trace.verdicts) == {"returned": 1, "not_eligible": 1}
    assert bridge.warnings == ()


def test_the_problem_that_is_shown_is_one() -> None:
    """The problem document that is shown is what that problem looks like."""
    (block,) = fences("json", "reference/problems.md")
    shown: dict[str, Any] = json.loads(block)

    made = json.loads(problem_reply(UpstreamAuth(), shown["instance"]).body)

    assert made == shown


def test_the_table_of_errors_is_the_tree_of_problems() -> None:
    """Each problem is in the table, with its status and whether it may be tried again."""
    shown = {
        (words(row[0])[0], int(row[1]), row[2] == "yes") for row in rows("reference/problems.md")
    }

    assert shown == {(kind.slug, kind.status, kind.retryable) for kind in problems()}


def test_the_docstring_of_the_problems_draws_them_all() -> None:
    """The tree that the module's docstring draws names each problem with status and slug."""
    drawn = set(re.findall(r"(\w+) +(\d{3}) ([a-z-]+)$", tree.__doc__ or "", re.MULTILINE))

    assert drawn == {(kind.__name__, str(kind.status), kind.slug) for kind in problems()}


def test_the_table_of_verdicts_has_each_kind() -> None:
    """Each kind of verdict is explained."""
    shown = {words(row[0])[0].partition(":")[0] for row in rows("reference/verdicts.md")}

    assert shown == set(get_args(VerdictKind))


def test_the_table_of_settings_is_what_is_read() -> None:
    """Each variable is in the table, with its default."""
    shown = {words(row[0])[0]: (words(row[1]) or [""])[0] for row in rows("reference/settings.md")}

    durations = {"TICKETBRIDGE_KEEP_ALIVE": "75s", "TICKETBRIDGE_GRACE": "30s"}
    assert shown == {**Settings().as_environment(), **durations}


def test_the_page_of_commands_says_what_help_says(capsys: pytest.CaptureFixture[str]) -> None:
    """Both have each command's description, each argument, an example that parses, and its exit codes."""
    page = make_command_page()
    for name, text in COMMANDS.items():
        section = page.split(f"\n## {name}\n")[1].split("\n## ")[0]
        with pytest.raises(SystemExit) as ended:
            cli.main([name, "--help"])
        shown = " ".join(capsys.readouterr().out.split())
        parser = argparse.ArgumentParser()
        cli.fill_parser(name, parser)
        for words_ in (text.description, text.example, text.exit_codes):
            assert " ".join(words_.split()) in shown
            assert words_ in section
        for action in parser._actions[1:]:
            assert action.help, f"{name}: {action.dest}"
            assert all(option in section for option in action.option_strings)
        asked = shlex.split(text.example.partition(" > ")[0])
        assert asked[:2] == ["ticketbridge", name]
        parser.parse_args(asked[2:])
        assert ended.value.code == 0


def test_each_module_of_a_command_is_a_command() -> None:
    """No command is without its words, and no words without a command."""
    folder = Path(ticketbridge.__file__).parent / "cli"
    modules = {path.stem for path in folder.glob("*.py") if "def add_arguments" in path.read_text()}

    assert modules == set(COMMANDS)


def test_the_table_of_modules_is_the_package() -> None:
    """Each module that the table names is there."""
    shown = {
        word.rstrip("/")
        for row in rows("explanation/architecture.md", "The modules")
        for word in words(row[0])
    }
    package = Path(ticketbridge.__file__).parent

    assert all((package / name).is_dir() or (package / f"{name}.py").is_file() for name in shown)


def test_the_log_line_that_is_shown_is_valid() -> None:
    """The log line of the operator's guide is JSON, without an address."""
    (line,) = fences("json", "operations.md", "What it says about itself")

    assert json.loads(line)["event"] == "answer"
    assert "@" not in line


def test_the_readme_is_short() -> None:
    """Who comes to the project reads one page of it."""
    assert len(README.splitlines()) <= MOST_LINES


def test_the_first_commands_set_themselves_up() -> None:
    """The README opens with one command that runs the demo and one that passes the tests."""
    demo, tests = (block.strip() for block in fences("sh", "", "Try it"))

    assert demo == (
        "python3 -m venv .venv && .venv/bin/pip install -q . && .venv/bin/ticketbridge demo"
    )
    assert tests.startswith("python3 -m venv .venv && .venv/bin/pip install -q -e '.[dev]' && ")
    assert "pytest" in tests
    assert "\n" not in demo + tests


def test_the_hooks_for_other_repositories_are_those_that_there_are() -> None:
    """The page names the hooks of pre-commit, and each is a command that runs on the mappings."""
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
    page = "how-to/checks-in-your-repository.md"
    shown, jobs = (yaml.safe_load(block) for block in fences("yaml", page))

    assert [hook["id"] for hook in shown["repos"][0]["hooks"]] == [hook["id"] for hook in hooks]
    assert {
        step["run"].split()[1] for step in jobs["jobs"]["mappings"]["steps"] if "run" in step
    } == {
        "install",
        "check",
        "test",
    }


@pytest.mark.parametrize("number", [0, 1])
def test_each_hook_runs(
    number: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A hook's command, as pre-commit calls it with the files that it asks for, succeeds here."""
    hook = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))[number]
    monkeypatch.chdir(ROOT)
    names = [path.relative_to(ROOT).as_posix() for path in (ROOT / "mappings").rglob("*")]
    wanted = [name for name in sorted(names) if re.search(hook["files"], name)]
    program, *arguments = hook["entry"].split()
    given = hook["args"] if not hook.get("pass_filenames", True) else wanted

    assert program == "ticketbridge"
    assert {"mappings/pretix.yaml", "mappings/pretix.cases.yaml"} <= set(wanted)
    assert cli.main([*arguments, *given]) == 0
    assert capsys.readouterr().out


def test_the_first_line_of_a_mapping_names_the_schema() -> None:
    """What the page tells editors is how the mappings of this repository begin."""
    (modeline,) = fences("yaml", "how-to/editor.md")
    name = modeline.strip().partition("$schema=")[2]

    assert name == "mapping.schema.json"
    for path in (ROOT / "mappings").glob("*.yaml"):
        if not path.name.endswith(".cases.yaml"):
            first = path.read_text("utf-8").split("\n")[0]
            assert first == f"# yaml-language-server: $schema=../src/ticketbridge/mapping/{name}"
