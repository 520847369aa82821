"""Whatever stands in a file, reading it gives a spec or a MappingError."""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from tests.mapping.support import FILE, GOOD, VARIABLES, findings, read
from ticketbridge.mapping import (
    Environment,
    Finding,
    MappingError,
    MappingSpec,
    load_mapping,
    schema,
)
from ticketbridge.mapping.findings import Report
from ticketbridge.mapping.structure import check_structure
from ticketbridge.mapping.yaml_nodes import Broken, walk
from ticketbridge.mapping.yaml_reader import read_yaml
from ticketbridge.workbench.check.checking import check_text

BOUNDED = settings(
    max_examples=80,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
WORDS = sorted({word for line in GOOD.splitlines() for word in line.replace(":", " ").split()})
SIGNS = [*"{}[]&*!|>'\"%@`#-?:,\t\n ~\\$", "${", "{{", "}}", "<<: ", "- ", "\ud800", "\ufeff"]
SOUP = st.lists(st.sampled_from(WORDS + SIGNS), max_size=60).map("".join)
SCALARS = (
    st.none() | st.booleans() | st.integers() | st.sampled_from(WORDS + SIGNS) | st.text(max_size=5)
)
VALUES = st.recursive(
    SCALARS | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=3)
    ),
    max_leaves=5,
)
VALIDATOR = Draft202012Validator(schema())
GOOD_TREE = read_yaml(GOOD, FILE, Report())
PATHS = [path for path, _ in walk(GOOD_TREE) if path]


def outcome(text: str) -> MappingSpec | MappingError:
    """The spec, or the error; anything else is a failure of the test."""
    try:
        return read(text)
    except MappingError as error:
        return error


def checked(text: str) -> Sequence[Finding]:
    """What `check` finds, in what can be read of a mapping with errors too."""
    try:
        return check_text(text, file=FILE, environment=Environment(VARIABLES))
    except MappingError as error:
        return error.findings


def judge(text: str) -> None:
    """A spec has no broken part; an error has at least one finding that is one, each once."""
    compare_with_the_schema(text)
    result = outcome(text)
    draft = checked(text)
    if isinstance(result, MappingError):
        assert any(finding.severity == "error" for finding in result.findings)
        assert len(set(result.findings)) == len(result.findings)
        assert all(f.place.line >= 1 and f.place.column >= 1 for f in result.findings)
        assert set(result.findings) <= set(draft)
    else:
        root = check_structure(read_yaml(text.removeprefix("\ufeff"), FILE, Report()), Report())

        assert not any(isinstance(node, Broken) for _, node in walk(root))


def compare_with_the_schema(text: str) -> None:
    """An editor that holds a file to the schema finds it wrong where its structure is reported."""
    unreadable, wrong = Report(), Report()
    root = read_yaml(text.removeprefix("\ufeff"), FILE, unreadable)
    if not unreadable.findings:
        check_structure(root, wrong)

        assert VALIDATOR.is_valid(root.plain()) is not bool(wrong.findings)


@BOUNDED
@given(st.text() | SOUP)
def test_any_text(text: str) -> None:
    """Any text gives a spec or a MappingError."""
    judge(text)


@BOUNDED
@given(content=st.binary() | SOUP.map(lambda text: text.encode("utf-8", "surrogatepass")))
def test_any_bytes(tmp_path: Path, content: bytes) -> None:
    """Any bytes in a file give a spec or a MappingError."""
    file = tmp_path / FILE
    file.write_bytes(content)

    with pytest.raises(MappingError):
        load_mapping(file, environment=Environment(VARIABLES))


@BOUNDED
@given(at=st.integers(0, len(GOOD)), removed=st.integers(0, 12), added=SOUP | st.text(max_size=5))
def test_a_good_mapping_with_other_letters(at: int, removed: int, added: str) -> None:
    """Letters of a good mapping may be removed and others put in."""
    judge(GOOD[:at] + added + GOOD[at + removed :])


@BOUNDED
@given(
    changes=st.lists(
        st.tuples(
            st.sampled_from(PATHS), st.sampled_from(["set", "drop", "rename", "repeat"]), VALUES
        ),
        min_size=1,
        max_size=3,
    )
)
def test_a_good_mapping_of_another_structure(changes: list[tuple[Any, str, Any]]) -> None:
    """Values may be replaced, dropped, renamed and repeated anywhere."""
    tree = GOOD_TREE.plain()
    for path, kind, value in changes:
        _mutate(tree, path, kind, value)

    judge(json.dumps(tree, ensure_ascii=False))


def _mutate(tree: Any, path: tuple[str | int, ...], kind: str, value: Any) -> None:
    """One change at *path*, where an earlier one left it in place."""
    *above, last = path
    try:
        for step in above:
            tree = tree[step]
        old = tree[last]
    except (KeyError, IndexError, TypeError):
        return
    if isinstance(tree, str):
        return  # an earlier change has left a text there, and letters are no parts
    if kind == "drop":
        del tree[last]
    elif kind == "set":
        tree[last] = value
    elif isinstance(tree, list):
        tree.append(copy.deepcopy(old))
    else:
        tree[f"{last}x" if kind == "repeat" else str(value)[:20]] = tree.pop(last)


def test_the_good_mapping_survives_as_json() -> None:
    """A mapping may be written as JSON, and means the same."""
    assert findings(json.dumps(GOOD_TREE.plain())) == ()
