"""A file is replaced whole, or stays as it is."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from ticketbridge.workbench.file_replacing import replacing


@pytest.fixture
def fixed_name(monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of the next file beside `a.yaml`, which nobody can guess outside of a test."""
    monkeypatch.setattr("secrets.token_hex", lambda _size: "guessed")
    return ".a.yaml.guessed"


def write(file: Path, text: str = "new") -> None:
    """Replaces the content of *file*."""
    with replacing(file) as beside:
        beside.write_text(text)


def test_the_new_file_has_the_rights_of_the_old_one(tmp_path: Path) -> None:
    """One that was not there has those of any new file; nothing else is left."""
    file, other = tmp_path / "a.yaml", tmp_path / "b.yaml"
    file.write_text("old")
    file.chmod(0o604)
    write(file)
    write(other)
    (tmp_path / "c").touch()

    assert (file.read_text(), other.read_text()) == ("new", "new")
    assert stat.S_IMODE(file.stat().st_mode) == 0o604
    assert other.stat().st_mode == (tmp_path / "c").stat().st_mode
    assert {each.name for each in tmp_path.iterdir()} == {"a.yaml", "b.yaml", "c"}


def test_content_is_never_open_to_more_people(tmp_path: Path) -> None:
    """The rights are set before anything is written."""
    file = tmp_path / "a.yaml"
    file.write_text("old")
    file.chmod(0o600)
    with replacing(file) as beside:
        assert stat.S_IMODE(beside.stat().st_mode) == 0o600
        assert beside.read_bytes() == b""


def test_a_failure_changes_nothing(tmp_path: Path) -> None:
    """The old content stays, and nothing stands beside it."""
    file = tmp_path / "a.yaml"
    file.write_text("old")
    with pytest.raises(UnicodeEncodeError):
        write(file, "half a character: \ud800")

    assert [(each.name, each.read_text()) for each in tmp_path.iterdir()] == [("a.yaml", "old")]


@pytest.mark.parametrize("is_link", [False, True])
def test_what_stands_in_the_way_is_not_touched(
    tmp_path: Path, fixed_name: str, *, is_link: bool
) -> None:
    """Neither a file of that name nor the target of a link is overwritten."""
    victim, beside = tmp_path / "victim", tmp_path / fixed_name
    victim.write_text("precious")
    if is_link:
        beside.symlink_to(victim)
    else:
        beside.write_text("precious")
    with pytest.raises(FileExistsError):
        write(tmp_path / "a.yaml")

    assert victim.read_text() == beside.read_text() == "precious"
    assert not (tmp_path / "a.yaml").exists()


def test_a_link_stays_and_its_target_is_replaced(tmp_path: Path) -> None:
    """A mapping may be a link into another folder."""
    (tmp_path / "real").mkdir()
    target, link = tmp_path / "real" / "a.yaml", tmp_path / "a.yaml"
    target.write_text("old")
    link.symlink_to(target)
    write(link)

    assert link.is_symlink()
    assert target.read_text() == "new"
