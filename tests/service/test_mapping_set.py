"""The mappings of a service as their files come, change, break, clash and go."""

from __future__ import annotations

import json
import pickle
from collections.abc import Mapping
from pathlib import Path

import pytest

import ticketbridge.contract
from tests.support import SECRET, TOKEN, Changes, mapping
from ticketbridge.mapping import MappingError
from ticketbridge.service.admission import Admission
from ticketbridge.service.catalog import NoMappings
from ticketbridge.service.mapping_set import MappingLoader, MappingSet, PathTaken
from ticketbridge.service.metrics import Metrics
from ticketbridge.service.readiness import describe_readiness
from ticketbridge.service.reload import count_reload
from ticketbridge.service.settings import Settings, SettingsError

VARIABLES = {"MENTA_SECRET": SECRET, "ACME_TOKEN": TOKEN, "ACME_API": "http://127.0.0.1:9"}


def write(folder: Path, name: str, changes: Changes | None = None, platform: str = "") -> Path:
    """Write the changed MAPPING of the platform *name*, or another, to a file with that name."""
    file = folder / f"{name}.yaml"
    file.write_text(json.dumps(mapping({"platform": platform or name, **(changes or {})})))
    return file


def loader_of(
    *named: Path, variables: Mapping[str, str] = VARIABLES, **options: object
) -> MappingLoader:
    """A loader of what the operator has named."""
    settings = Settings(mappings=tuple(map(str, named)), **options)  # type: ignore[arg-type]  # of a test
    return MappingLoader(settings, variables)


def files_of(mappings: MappingSet) -> dict[str, str]:
    """The name of the file that each path is of."""
    return {path: each.file.stem for path, each in mappings.paths.items()}


def broken_of(mappings: MappingSet) -> dict[str, str]:
    """Why each broken file is, by its name."""
    return {each.file.name: str(each.error) for each in mappings.broken}


# --- the first time -------------------------------------------------------------------------------


def test_where_all_is_broken_all_that_is_wrong_is_raised(tmp_path: Path) -> None:
    """Nothing is served then, and the findings of each file are told."""
    for name in ("a", "b"):
        write(tmp_path, name, {"ticket.owner": ...})

    with pytest.raises(MappingError) as caught:
        loader_of(tmp_path).load()

    assert {Path(finding.place.file).name for finding in caught.value.findings} == {
        "a.yaml",
        "b.yaml",
    }


def test_a_name_that_leads_nowhere_is_an_error_at_the_start(tmp_path: Path) -> None:
    """A slip of the command line is one, also beside mappings that are good."""
    good = write(tmp_path, "good")

    with pytest.raises(NoMappings, match="no such file or folder"):
        loader_of(good, tmp_path / "missing.yaml").load()


def test_open_access_that_others_reach_stops_only_its_own_mapping(tmp_path: Path) -> None:
    """It is refused beside others, and alone it is the error of the start."""
    opened = write(tmp_path, "opened", {"endpoint.access": "open"})
    write(tmp_path, "closed")

    mappings = loader_of(tmp_path, host="0.0.0.0").load()
    with pytest.raises(SettingsError, match="ALLOW_OPEN"):
        loader_of(opened, host="0.0.0.0").load()

    assert files_of(mappings) == {"/closed/tickets": "closed"}
    assert "`opened` has `access: open`" in broken_of(mappings)["opened.yaml"]
    assert mappings.is_incomplete


def test_a_defect_in_one_mapping_stops_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever is raised while a mapping is compiled is its own."""
    write(tmp_path, "a")
    write(tmp_path, "b")
    module = "ticketbridge.service.mapping_set"

    def require_no_b(bridge: object, settings: object) -> None:
        del settings
        if bridge.spec.platform == "b":  # type: ignore[attr-defined]  # is a Bridge
            raise ZeroDivisionError("a defect")

    monkeypatch.setattr(f"{module}.require_guarded", require_no_b)
    mappings = loader_of(tmp_path).load()

    assert (files_of(mappings), broken_of(mappings)) == (
        {"/a/tickets": "a"},
        {"b.yaml": "a defect"},
    )
    assert mappings.broken[0].codes == []


# --- clashes --------------------------------------------------------------------------------------

SAME_PATH: Changes = {"endpoint.path": "/mine"}


@pytest.mark.parametrize(
    ("changes", "platforms", "said"),
    [
        (SAME_PATH, ("a", "b"), "have one `endpoint.path`, /mine"),
        ({}, ("same", "same"), "have one `platform`, same"),
    ],
)
def test_those_that_clash_are_left_out_and_both_are_named(
    tmp_path: Path, changes: Changes, platforms: tuple[str, str], said: str
) -> None:
    """Which of two mappings is meant nobody knows: neither is served, and the error names both files."""
    a, b = (
        write(tmp_path, name, changes, platform)
        for name, platform in zip("ab", platforms, strict=True)
    )
    write(tmp_path, "other")

    mappings = loader_of(tmp_path).load()

    assert files_of(mappings) == {"/other/tickets": "other"}
    assert set(broken_of(mappings)) == {"a.yaml", "b.yaml"}
    for reason in broken_of(mappings).values():
        assert reason.startswith(f"{a} and {b} {said}")


def test_nothing_but_a_clash_is_the_error_of_the_start(tmp_path: Path) -> None:
    """Where none is left the clash is raised."""
    write(tmp_path, "a", SAME_PATH)
    write(tmp_path, "b", SAME_PATH)

    with pytest.raises(PathTaken, match="give each another one"):
        loader_of(tmp_path).load()


def test_who_was_there_first_keeps_its_path(tmp_path: Path) -> None:
    """A file that comes with the path of another is left out, and the other is served as before."""
    write(tmp_path, "z", SAME_PATH)
    loader = loader_of(tmp_path)
    before = loader.load()
    write(tmp_path, "a", SAME_PATH)
    after = loader.load(before)
    again = loader.load(after)
    (tmp_path / "z.yaml").unlink()
    repaired = loader.load(again)

    assert files_of(after) == files_of(again) == {"/mine": "z"}
    assert list(broken_of(again)) == ["a.yaml"]
    assert not again.broken[0].is_served
    assert files_of(repaired) == {"/mine": "a"}


def test_a_change_that_clashes_keeps_the_last_good_content(tmp_path: Path) -> None:
    """It has its former path, and keeps even a third one from taking that."""
    write(tmp_path, "a", {"endpoint.path": "/a"})
    write(tmp_path, "b", {"endpoint.path": "/b"})
    loader = loader_of(tmp_path)
    before = loader.load()
    write(tmp_path, "a", {"endpoint.path": "/b"})
    write(tmp_path, "c", {"endpoint.path": "/a"})
    after = loader.load(before)

    assert files_of(after) == {"/a": "a", "/b": "b"}
    assert {each.file.name: each.is_served for each in after.broken} == {
        "a.yaml": True,
        "c.yaml": False,
    }


def test_two_mappings_may_change_their_places(tmp_path: Path) -> None:
    """What counts is how all files are together, not one after the other."""
    write(tmp_path, "a", {"endpoint.path": "/a"})
    write(tmp_path, "b", {"endpoint.path": "/b"})
    loader = loader_of(tmp_path)
    before = loader.load()
    write(tmp_path, "a", {"endpoint.path": "/b"})
    write(tmp_path, "b", {"endpoint.path": "/a"})

    assert files_of(loader.load(before)) == {"/b": "a", "/a": "b"}


# --- changes --------------------------------------------------------------------------------------


def test_only_what_changed_is_compiled_anew(tmp_path: Path) -> None:
    """The files that a mapping is made of decide: its own, its schema, and those of its secrets."""
    schema, secret = tmp_path / "a.schema.json", tmp_path / "secret"
    contract = (Path(ticketbridge.contract.__file__).parent / "tickets.schema.json").read_text()
    schema.write_text(contract)
    secret.write_text(SECRET)
    write(tmp_path, "a", {"response": {"schema": "a.schema.json"}})
    write(tmp_path, "b")
    variables = {**VARIABLES, "MENTA_SECRET": "", "MENTA_SECRET_FILE": str(secret)}
    loader = loader_of(tmp_path, variables=variables)
    first = loader.load()
    second = loader.load(first)
    schema.write_text(contract + " ")
    third = loader.load(second)
    secret.write_text(f"{SECRET}2")
    fourth = loader.load(third)

    a, b = "/a/tickets", "/b/tickets"
    assert dict(second.paths) == dict(first.paths)
    assert (third.paths[a] is second.paths[a], third.paths[b] is second.paths[b]) == (False, True)
    assert (fourth.paths[a] is third.paths[a], fourth.paths[b] is third.paths[b]) == (False, False)
    assert third.paths[a].digest == first.paths[a].digest
    assert first.folders == {tmp_path}


@pytest.mark.parametrize("way", ["emptied", "removed", "a file"])
def test_what_the_operator_named_never_goes_as_a_whole(tmp_path: Path, way: str) -> None:
    """A folder that is empty or gone, and a named file that is gone, keep what is served, and are named."""
    folder = tmp_path / "mappings"
    folder.mkdir()
    file = write(folder, "a")
    named = file if way == "a file" else folder
    loader = loader_of(named)
    before = loader.load()
    file.unlink()
    if way == "removed":
        folder.rmdir()
    after = loader.load(before)

    assert dict(after.paths) == dict(before.paths)
    assert [(each.file, each.is_served) for each in after.broken] == [(named, True)]
    assert after.files == {"a.yaml": True, named.name: False}
    assert loader.is_current(after)
    assert not loader.is_current(before)
    folder.mkdir(exist_ok=True)
    write(folder, "a")
    assert not loader.is_current(after)
    assert (mended := loader.load(after)).broken == []
    assert mended.files == {"a.yaml": True}


def test_where_all_that_is_left_is_broken_nothing_is_served(tmp_path: Path) -> None:
    """The last good one was removed on purpose: it goes, and is not raised about; a start would raise."""
    good = write(tmp_path, "good")
    write(tmp_path, "bad", {"ticket.owner": ...})
    loader = loader_of(tmp_path)
    first = loader.load()
    good.unlink()
    second = loader.load(first)
    third = loader.load(second)

    assert files_of(first) == {"/good/tickets": "good"}
    assert (files_of(third), list(broken_of(third))) == ({}, ["bad.yaml"])
    assert (first.files, third.files) == (
        {"good.yaml": True, "bad.yaml": False},
        {"bad.yaml": False},
    )
    assert third.is_incomplete
    assert loader.is_current(third)
    with pytest.raises(MappingError):
        loader.load(loader.restore(third.kept()))


def test_files_with_one_name_are_told_apart(tmp_path: Path) -> None:
    """The metrics and `/readyz` name a file by the shortest end of its path that no other file has."""
    one, other = tmp_path / "da", tmp_path / "db"
    one.mkdir()
    other.mkdir()
    write(one, "p1", platform="a")
    broken = write(other, "p1", platform="b")
    write(other, "p2")
    loader = loader_of(one, other)
    before = loader.load()
    broken.write_text("version: 1\n")
    after = loader.load(before)
    metrics = Metrics()
    count_reload(metrics, before, after)
    reply = describe_readiness(after, Admission(1))

    assert before.files == {"da/p1.yaml": True, "db/p1.yaml": True, "p2.yaml": True}
    assert after.files == {"da/p1.yaml": True, "db/p1.yaml": False, "p2.yaml": True}
    assert [each["file"] for each in json.loads(reply.body)["broken"]] == ["db/p1.yaml"]
    samples = metrics.samples([], 0, {}, after.files)
    assert list(samples["ticketbridge_reloads"]) == [("db/p1.yaml", "failed")]


def test_a_link_that_leads_nowhere_is_a_broken_file(tmp_path: Path) -> None:
    """At the start it is named, later its last good content stays: it was not removed on purpose."""
    folder = tmp_path / "served"
    folder.mkdir()
    target = write(tmp_path, "a")
    write(folder, "b")
    link = folder / "a.yaml"
    link.symlink_to(target)
    (folder / ".#b.yaml").symlink_to("somebody@host.1")  # Emacs' lock of a file that is edited
    loader = loader_of(folder)
    first = loader.load()
    target.unlink()
    is_seen = not loader.is_current(first)
    later, started = loader.load(first), loader.load()
    target.write_text((folder / "b.yaml").read_text().replace('"b"', '"a"'))
    mended = loader.load(later)
    link.unlink()

    assert first.files == mended.files == {"a.yaml": True, "b.yaml": True}
    assert is_seen
    assert files_of(later) == files_of(first) == {"/a/tickets": "a", "/b/tickets": "b"}
    assert [each.is_served for each in later.broken] == [True]
    assert "it is a link to a file that does not exist" in broken_of(later)["a.yaml"]
    assert (files_of(started), list(broken_of(started))) == ({"/b/tickets": "b"}, ["a.yaml"])
    assert files_of(loader.load(mended)) == {"/b/tickets": "b"}


def test_a_file_that_is_named_twice_is_one(tmp_path: Path) -> None:
    """It stays when one of its names leads nowhere any more."""
    file, other = write(tmp_path, "a"), tmp_path / "other"
    other.mkdir()
    write(other, "b")
    loader = loader_of(other, tmp_path, file)
    first = loader.load()
    (other / "b.yaml").unlink()
    second = loader.load(first)

    assert files_of(first) == files_of(second) == {"/a/tickets": "a", "/b/tickets": "b"}
    assert (loader.is_current(first), loader.is_current(second)) == (False, True)


def test_a_look_at_the_files_sees_each_change(tmp_path: Path) -> None:
    """It is not current when a file came, changed, broke or was repaired; a broken one that stays is."""
    file = write(tmp_path, "a")
    write(tmp_path, "b")
    loader = loader_of(tmp_path)
    first = loader.load()
    assert loader.is_current(first)
    content = file.read_text()
    file.write_text("version: 1\n")
    assert not loader.is_current(first)
    second = loader.load(first)
    assert loader.is_current(second)
    assert second.paths == first.paths
    file.write_text(content)
    assert not loader.is_current(second)
    third = loader.load(second)
    assert (third.broken, dict(third.paths)) == ([], dict(first.paths))
    write(tmp_path, "c")
    assert not loader.is_current(third)


def test_a_mapping_that_is_left_alone_answers_no_callers_of_others(tmp_path: Path) -> None:
    """The path of one that went is nobody's until the next start; a renamed file is the same mapping."""
    write(tmp_path, "a")
    loader = loader_of(tmp_path)
    first = loader.load()
    write(tmp_path, "b")
    both = loader.load(first)
    (tmp_path / "a.yaml").unlink()
    alone = loader.load(both)
    write(tmp_path, "b", {"ticket.fields.buyer": "user"})
    changed = loader.load(alone)
    write(tmp_path, "a")
    (tmp_path / "b.yaml").unlink()
    (tmp_path / "a.yaml").rename(tmp_path / "renamed.yaml")
    renamed = loader.load(first)

    assert files_of(alone) == files_of(changed) == {"/b/tickets": "b"}
    assert files_of(renamed) == {"/tickets": "renamed"}


def test_a_file_beside_it_takes_no_path_from_a_mapping(tmp_path: Path) -> None:
    """Alone it is at /tickets; beside others also at its own, until another mapping names that path."""
    write(tmp_path, "a")
    loader = loader_of(tmp_path)
    first = loader.load()
    write(tmp_path, "b")
    second = loader.load(first)
    write(tmp_path, "b", {"endpoint.path": "/tickets"})
    third = loader.load(second)
    write(tmp_path, "a", {"endpoint.path": "/a"})
    fourth = loader.load(second)

    assert files_of(first) == {"/tickets": "a"}
    assert files_of(second) == {"/tickets": "a", "/a/tickets": "a", "/b/tickets": "b"}
    assert files_of(third) == {"/tickets": "b", "/a/tickets": "a"}
    assert set(files_of(fourth)) == {"/a", "/tickets"}


# --- another process ------------------------------------------------------------------------------


def test_another_process_serves_what_this_one_did(tmp_path: Path) -> None:
    """It has the same content at the same paths, though files have broken or gone since."""
    secret = tmp_path / "secret"
    secret.write_text(SECRET)
    file = write(tmp_path, "a")
    variables = {**VARIABLES, "MENTA_SECRET": "", "MENTA_SECRET_FILE": str(secret)}
    loader = loader_of(tmp_path, variables=variables)
    first = loader.load()
    write(tmp_path, "b")
    second = loader.load(first)
    kept = pickle.loads(pickle.dumps(second.kept()))  # noqa: S301 - our own
    file.write_text("version: 1\n")
    secret.unlink()
    other = loader_of(tmp_path, variables=variables)
    restored = other.load(other.restore(kept))

    assert files_of(restored) == files_of(second)
    assert [each.digest for each in restored.loaded] == [each.digest for each in second.loaded]
    assert {each.file.name: each.is_served for each in restored.broken} == {
        "a.yaml": True,
        "b.yaml": True,
    }
    assert SECRET not in repr(kept) + repr(restored)


def test_what_cannot_be_restored_is_left_out(tmp_path: Path) -> None:
    """A variable that this process does not have breaks one mapping of another, and no more."""
    write(tmp_path, "a")
    write(tmp_path, "b", {"upstream.auth": ...})
    kept = loader_of(tmp_path).load().kept()
    poorer = {name: value for name, value in VARIABLES.items() if name != "ACME_TOKEN"}

    assert files_of(loader_of(tmp_path, variables=poorer).restore(kept)) == {"/b/tickets": "b"}
