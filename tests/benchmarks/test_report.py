"""Tables and targets say what was measured."""

from __future__ import annotations

import pytest

from benchmarks.__main__ import PARTS, main
from benchmarks.report import Part, Table, Target, as_markdown, as_text

TABLE = Table("Speed", ["", "time"], [["ours", "1 ms"], ["theirs", "20 ms"]], "Of one run.")


@pytest.mark.parametrize(
    ("target", "met"),
    [
        (Target("ratio", 20.0, at_least=20), True),
        (Target("ratio", 19.9, at_least=20), False),
        (Target("ratio", 2.0, at_most=2), True),
        (Target("ratio", 2.1, at_most=2), False),
    ],
)
def test_a_target_is_met_within_its_bound(target: Target, met: bool) -> None:
    """The bound itself is good enough, and the line says which way it went."""
    assert target.met is met
    assert str(target).startswith("PASS" if met else "FAIL")


def test_a_table_for_a_terminal_is_aligned() -> None:
    """Names to the left, numbers to the right."""
    assert as_text(TABLE).splitlines()[2:] == [
        "           time",
        "  ours     1 ms",
        "  theirs  20 ms",
        "  Of one run.",
    ]


def test_a_table_for_the_readme_is_markdown() -> None:
    """The numbers' columns are aligned to the right."""
    assert as_markdown(TABLE).splitlines()[1:] == [
        "**Speed**",
        "",
        "|  | time |",
        "| --- | ---: |",
        "| ours | 1 ms |",
        "| theirs | 20 ms |",
        "",
        "Of one run.",
    ]


def test_an_unknown_part_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """The message lists the parts there are."""
    with pytest.raises(SystemExit) as leaving:
        main(["--only", "z"])

    assert leaving.value.code == 2
    said = capsys.readouterr().err
    assert all(name in said for name in PARTS.values())


def test_what_could_not_be_measured_is_said(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once, below the targets; it fails no run."""
    part = Part([TABLE], [Target("ratio", 1.0, at_least=1)], ["a peer is not measured: no Node"])
    monkeypatch.setattr("benchmarks.__main__._measured", lambda _letter, **_options: part)

    assert main(["--only", "a,c"]) == 0
    assert capsys.readouterr().out.count("SKIP  a peer is not measured: no Node") == 1


def test_a_missed_target_fails_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """The exit code says so, whatever else is met."""
    part = Part([TABLE], [Target("one", 1.0, at_least=1), Target("two", 1.0, at_least=2)])
    monkeypatch.setattr("benchmarks.__main__._measured", lambda _letter, **_options: part)

    assert main(["--only", "a"]) == 1
