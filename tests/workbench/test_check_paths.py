"""What `check` looks at: mappings, their cases, and the fences of Markdown files."""

from __future__ import annotations

from pathlib import Path

import pytest

from ticketbridge.mapping import Environment
from ticketbridge.service.catalog import NoMappings
from ticketbridge.workbench.check.checking import check_paths
from ticketbridge.workbench.check.codes import read_frame

VARIABLES = {
    "MENTA_SECRET": "s3cret-of-menta-tech",
    "ACME_API": "https://api.acme.example",
    "ACME_TOKEN": "t",
}
CASES = "- case: none\n  user: ana@example.com\n  expect: {tickets: []}\n"
SLIP = read_frame().replace("owner: order.email", "owner: ordr.email")
SLIPPED_CASES = CASES.replace("expect", "expects")


def write(folder: Path, **files: str) -> Path:
    """*folder* with these files; `__` in a name stands for a dot."""
    for name, content in files.items():
        (folder / name.replace("__", ".")).write_text(content, "utf-8")
    return folder


def found(*paths: Path) -> tuple[list[str], int]:
    """The findings as `file:line code`, and how many mappings were looked at."""
    checked = check_paths(paths, Environment(VARIABLES, missing="placeholder"))
    lines = [f"{Path(f.place.file).name}:{f.place.line} {f.code}" for f in checked.findings]
    return lines, checked.mappings


def test_a_mapping_is_checked_with_its_cases(tmp_path: Path) -> None:
    """The cases file beside a mapping is part of it."""
    write(tmp_path, acme__yaml=SLIP, acme__cases__yaml=SLIPPED_CASES, other__cases__yaml="[")

    assert found(tmp_path / "acme.yaml") == (
        ["acme.yaml:16 TB203", "acme.cases.yaml:1 TB411", "acme.cases.yaml:3 TB410"],
        1,
    )


def test_cases_can_be_checked_alone(tmp_path: Path) -> None:
    """A cases file is read as one, and not as a mapping."""
    write(tmp_path, acme__yaml=SLIP, acme__cases__yaml=CASES)

    assert found(tmp_path / "acme.cases.yaml") == ([], 0)


def test_each_file_is_checked_once(tmp_path: Path) -> None:
    """A folder and its files, named together, give each finding once."""
    write(tmp_path, acme__yaml=SLIP, acme__cases__yaml=CASES)

    lines, mappings = found(tmp_path, tmp_path / "acme.yaml", tmp_path / "acme.cases.yaml")

    assert (lines, mappings) == (["acme.yaml:16 TB203"], 1)


def test_a_folder_is_its_mappings_their_cases_and_its_markdown(tmp_path: Path) -> None:
    """Everything in a folder that speaks of mappings is checked; other files are not."""
    write(
        tmp_path,
        acme__yaml=read_frame(),
        beta__cases__yaml=CASES,
        README__md=f"# Acme\n\n```yaml\n{SLIP}```\n",
        notes__md="# Nothing\n",
        other__txt="{",
    )

    assert found(tmp_path) == (["README.md:19 TB203", "beta.cases.yaml:1 TB402"], 2)


def test_a_folder_of_markdown_alone_is_enough(tmp_path: Path) -> None:
    """Documentation can be checked where it has a folder of its own."""
    write(tmp_path, README__md=f"```yaml\n{read_frame()}```\n")

    assert found(tmp_path) == ([], 1)


def test_a_folder_without_anything_to_check_is_wrong_usage(tmp_path: Path) -> None:
    """Nothing is no success."""
    write(tmp_path, README__md="# Nothing\n")

    with pytest.raises(NoMappings, match=r"no mapping \(\*\.yaml or \*\.yml\)"):
        found(tmp_path)
    with pytest.raises(NoMappings, match="no such file"):
        found(tmp_path / "gone.yaml")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(f"```yaml\n{SLIP}```\n", ["x.md:17 TB203"], id="fence"),
        pytest.param(f"a\n\n~~~ yml\n{SLIP}~~~\n", ["x.md:19 TB203"], id="tildes"),
        pytest.param(f"````yaml\n{SLIP}````\n", ["x.md:17 TB203"], id="four-marks"),
        pytest.param(
            f"```yaml\r\n{SLIP}```\r\n".replace("\n", "\r\n"), ["x.md:17 TB203"], id="crlf"
        ),
        pytest.param(f"```yaml\n{SLIP}", ["x.md:17 TB203"], id="never-closed"),
        pytest.param(f"```yaml example\n{SLIP}```\n", [], id="more-than-the-language"),
        pytest.param(f"```text\n{SLIP}```\n", [], id="another-language"),
        pytest.param(SLIP, [], id="no-fence"),
        pytest.param("```yaml\nticket:\n  owner: ordr.email\n```\n", [], id="fragment"),
        pytest.param("```yaml\nversion: '3'\nservices: {}\n```\n", [], id="another-file"),
        pytest.param(
            f"```yaml\n{SLIPPED_CASES}```\n", ["x.md:2 TB411", "x.md:4 TB410"], id="cases"
        ),
        pytest.param(f"```yaml\n{CASES}```\n\n```yaml\n{read_frame()}```\n", [], id="good"),
        pytest.param(
            f"```yaml\n{read_frame()}```\n```yaml\n{SLIP}```\n",
            ["x.md:43 TB203"],
            id="second-fence",
        ),
    ],
)
def test_the_fences_of_markdown(tmp_path: Path, text: str, expected: list[str]) -> None:
    """Whole mappings and cases in YAML fences are checked, at their lines of the Markdown file."""
    (tmp_path / "x.md").write_bytes(text.encode())

    assert found(tmp_path / "x.md")[0] == expected


def test_markdown_that_cannot_be_read_hides_nothing(tmp_path: Path) -> None:
    """It is a finding of its own, beside those of the other files."""
    write(tmp_path, acme__yaml=SLIP)
    (tmp_path / "README.md").write_bytes(b"\xff")

    assert found(tmp_path) == (["acme.yaml:16 TB203", "README.md:1 TB001"], 1)


def test_a_fence_in_a_list_keeps_its_columns(tmp_path: Path) -> None:
    """A fence that is indented is checked where it stands."""
    indented = "".join(f"   {line}\n" for line in f"```yaml\n{SLIP}```".splitlines())
    write(tmp_path, x__md=f"1. A mapping:\n\n{indented}")

    (finding,) = check_paths([tmp_path / "x.md"], Environment(VARIABLES)).findings

    assert (finding.place.line, finding.place.column) == (19, 13)


def test_documentation_needs_no_variables(tmp_path: Path) -> None:
    """Nobody serves a fence: variables that are not set are no finding."""
    write(tmp_path, x__md=f"```yaml\n{read_frame()}```\n")

    assert check_paths([tmp_path / "x.md"], Environment({})).findings == []


TOKEN = "sk_live_" + "4eC39HqLyjWDarjtT1zdp7dc"


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("platform: acme", f"platform: acme  # {TOKEN}", ["2 TB053"]),
        ("platform: acme", f"# Authorization: Bearer {'a1B2c3' * 5}\nplatform: acme", ["2 TB053"]),
        ("{email", "{x: eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbmEi.c2lnbmF0dXJl, email", ["11 TB053"]),
        ('token: "${ACME_TOKEN}"', f"token: {TOKEN}", ["7 TB053"]),
        ("platform: acme", "platform: acme  # the Bearer token comes from ACME_TOKEN", []),
        (
            "platform: acme",
            "platform: acme  # written against 9fceb02d0ae598e95dc970b74767f19372d61af8",
            [],
        ),
    ],
)
def test_credentials_are_told_by_their_looks(
    tmp_path: Path, old: str, new: str, expected: list[str]
) -> None:
    """Also in a comment, or under a key that nobody would suspect, and once each."""
    write(tmp_path, acme__yaml=read_frame().replace(old, new))

    assert found(tmp_path / "acme.yaml")[0] == [f"acme.yaml:{line}" for line in expected]


def test_a_credential_in_recorded_answers_is_found(tmp_path: Path) -> None:
    """Cases are shared as mappings are."""
    write(tmp_path, acme__yaml=read_frame(), acme__cases__yaml=f"# {TOKEN}\n{CASES}")

    assert found(tmp_path / "acme.yaml")[0] == ["acme.cases.yaml:1 TB053"]


def test_the_documentation_of_the_project_is_good() -> None:
    """README.md, and all that stands beside the mappings, have no finding."""
    root = Path(__file__).parents[2]
    checked = check_paths(
        [root / "README.md", root / "mappings"], Environment({}, missing="placeholder")
    )

    assert [str(f) for f in checked.findings if f.code != "TB021"] == []
    assert checked.mappings > len(list((root / "mappings").glob("*.cases.yaml")))
