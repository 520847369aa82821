"""Each code of a finding is explained, by an example that has the finding and one that has not."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

import pytest

import ticketbridge
from ticketbridge import cli
from ticketbridge.mapping import Environment, load_mapping
from ticketbridge.mapping.findings import Finding
from ticketbridge.workbench.cases.reader import read_cases
from ticketbridge.workbench.check.checking import check_files, check_paths
from ticketbridge.workbench.check.codes import (
    MARK,
    CodeExample,
    FindingCode,
    make_page,
    read_code,
    read_codes,
    read_frame,
    show_code,
)
from ticketbridge.workbench.mutants.survivors import run_mutants

SOURCE = Path(ticketbridge.__file__).parent
GIVEN = re.compile(r'"(TB\d{3})"')
KEY = re.compile(r"(?:  )?([a-z_]+)\b", re.IGNORECASE)
TOP = re.compile(r"^(?=[^\s#-])", re.MULTILINE)
INNER = re.compile(r"^(?=  [^\s#-])", re.MULTILINE)

CODES = read_codes()
VARIABLES = {
    "MENTA_SECRET": "s3cret-of-menta-tech",
    "ACME_API": "https://api.acme.example",
    "ACME_TOKEN": "t0ken",
}

each_code = pytest.mark.parametrize("name", list(CODES))


def is_of_cases(code: FindingCode) -> bool:
    """Whether the examples of *code* are cases files."""
    return code.good.text.startswith("- case:")


def completed(text: str, frame: str) -> str:
    """The *text* of an example as a whole mapping, with its mark; missing parts come from the *frame*."""
    parts = [completed_part(part, frame) for part in TOP.split(text) if part]
    named = {name_of(part) for part in parts}
    rest = [part for part in TOP.split(frame) if part and name_of(part) not in named]
    return "".join([*parts, *rest])


def completed_part(part: str, frame: str) -> str:
    """A section of the example, with the keys that only the *frame* has."""
    head, newline, _ = part.partition("\n")
    whole = next((p for p in TOP.split(frame) if p.startswith(f"{head}\n")), "")
    if not newline or name_of(part) == "source":
        return part
    named = {name_of(inner) for inner in INNER.split(part)[1:]}
    return part + "".join(p for p in INNER.split(whole)[1:] if name_of(p) not in named)


def name_of(part: str) -> str:
    """The key that a section begins with, or ""."""
    key = KEY.match(part.replace(MARK, ""))
    return key[1] if key else ""


def whole(code: FindingCode, example: CodeExample) -> str:
    """The text of the example's file, with its mark."""
    return example.text if is_of_cases(code) else completed(example.text, read_frame())


def found(code: FindingCode, example: CodeExample, folder: Path) -> list[Finding]:
    """What is found in *example*, written into *folder*; a variable that is not set is no slip of it."""
    for name, content in example.files.items():
        (folder / name).write_text(content, "utf-8")
    mapping, cases = folder / "acme.yaml", folder / (example.name or "acme.cases.yaml")
    (cases if is_of_cases(code) else mapping).write_bytes(
        whole(code, example).replace(MARK, "").encode(example.encoding)
    )
    if not is_of_cases(code):
        variables = {**VARIABLES, **example.variables}
        environment = Environment(variables, missing="error" if example.serving else "placeholder")
        findings = check_files([mapping], environment)
        return [f for f in findings if f.code != "TB021" or code.name == "TB021"]
    mapping.write_text(read_frame())
    return in_cases(mapping, cases, runs=code.name == "TB430")


def in_cases(mapping: Path, cases: Path, *, runs: bool) -> list[Finding]:
    """What is found in a cases file by reading it, and where it *runs*, by trying its list of slips."""
    if not runs:
        return list(check_paths([cases], Environment(VARIABLES)).findings)
    spec = load_mapping(mapping, environment=Environment(VARIABLES))
    return list(run_mutants(spec, read_cases(cases)).stale)


def mark(code: FindingCode, example: CodeExample) -> tuple[int, int] | None:
    """The line and the column of the mark."""
    lines = whole(code, example).splitlines()
    places = [(n, line.index(MARK) + 1) for n, line in enumerate(lines, 1) if MARK in line]
    return places[0] if places else None


@each_code
def test_the_bad_example_has_the_finding_where_it_is_marked(name: str, tmp_path: Path) -> None:
    """The example has exactly this one finding, at its mark."""
    code = CODES[name]

    (finding,) = found(code, code.bad, tmp_path)

    assert finding.code == name
    assert (finding.place.line, finding.place.column) == mark(code, code.bad)


@each_code
def test_the_good_example_has_none(name: str, tmp_path: Path) -> None:
    """The mended example has no finding at all."""
    code = CODES[name]

    assert found(code, code.good, tmp_path) == []


def test_the_frame_is_a_good_mapping(tmp_path: Path) -> None:
    """What examples leave out comes from a mapping that has no finding."""
    file = tmp_path / "acme.yaml"
    file.write_text(read_frame())

    assert check_files([file], Environment(VARIABLES)) == []


def test_every_code_is_used_and_every_used_code_is_explained() -> None:
    """The table and the program agree: no code without a meaning, and none that is never given."""
    sources = [path for path in SOURCE.rglob("*.py") if "codes" not in path.parts]
    used = {code for path in sources for code in GIVEN.findall(path.read_text("utf-8"))}

    assert used == set(CODES)


def test_the_codes_are_in_order_and_in_words() -> None:
    """The table is sorted; titles are one line, no two alike, and explanations are sentences."""
    titles = [code.title for code in CODES.values()]

    assert list(CODES) == sorted(CODES)
    assert len(set(titles)) == len(titles)
    assert all("\n" not in title and not title.endswith(".") for title in titles)
    assert all(code.why.endswith((".", ".)")) for code in CODES.values())


@each_code
def test_a_warning_says_that_it_is_one(name: str, tmp_path: Path) -> None:
    """The explanation of a finding that stops nothing begins with that."""
    code = CODES[name]
    (finding,) = found(code, code.bad, tmp_path)

    assert code.why.startswith("A warning:") == (finding.severity == "warning")


def test_the_page_has_what_check_explains() -> None:
    """A code's section has its title, its explanation and both examples, as `--explain` does."""
    page = make_page()
    for code in CODES.values():
        section = page.split(f"\n## {code.name}\n")[1].split("\n## ")[0]
        shown = show_code(code)
        assert f"| [{code.name}](#{code.name.lower()}) | {code.title} |" in page
        assert code.why in section
        for example in (code.bad, code.good):
            assert example.marked in section
            assert textwrap.indent(example.marked, "    ") in shown


def test_a_mark_becomes_a_comment_that_points_at_its_place() -> None:
    """What is shown has no mark, and is the same YAML."""
    example = CodeExample("a: 1\n»b: 2\n  c: »3\n", {}, {}, serving=False, encoding="utf-8")

    assert example.marked == "a: 1\nb: 2\n#^\n  c: 3\n#    ^\n"


def test_check_explains_a_code(capsys: pytest.CaptureFixture[str]) -> None:
    """`check --explain` prints title, reason and both examples of a code, its files included."""
    with pytest.raises(SystemExit) as caught:
        cli.main(["check", "--explain", "tb082"])

    out = capsys.readouterr().out
    assert caught.value.code == 0
    assert out.startswith("TB082: a response schema that asks itself without end\n\n")
    assert "Wrong:\n\n    response:\n      schema: acme.schema.json\n    #         ^\n" in out
    assert "    acme.schema.json:\n    {" in out
    assert "Right:\n\n    response:\n" in out


def test_a_code_that_is_not_there_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    """An unknown code is named, and exit code 2."""
    with pytest.raises(SystemExit) as caught:
        cli.main(["check", "--explain", "TB999"])

    assert caught.value.code == 2
    assert "there is no code TB999" in capsys.readouterr().err


def test_a_section_that_is_none_is_refused() -> None:
    """A slip in the table is named when it is read."""
    with pytest.raises(ValueError, match="no section of a code: 'TB9: x"):
        read_code("TB9: x\n\ny\n")
