"""JSON values as YAML."""

from __future__ import annotations

import string
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ticketbridge.mapping.findings import Report
from ticketbridge.mapping.yaml_reader import read_yaml
from ticketbridge.workbench.cases.value_text import write_block, write_flow, write_scalar


def _read(text: str) -> Any:
    report = Report()
    value = read_yaml(text, "a.yaml", report).plain()
    assert report.findings == ()
    return value


@pytest.mark.parametrize(
    ("value", "text"),
    [
        pytest.param("ana@example.com", "ana@example.com", id="address"),
        pytest.param("Tribune A", "Tribune A", id="two words"),
        pytest.param("07", "07", id="no number"),
        pytest.param("7", '"7"', id="digits"),
        pytest.param("null", '"null"', id="a word of YAML"),
        pytest.param("a: b", '"a: b"', id="colon"),
        pytest.param("", '""', id="empty"),
        pytest.param(
            "é\x7f\u2028\ufeff", '"é\\u007f\\u2028\\ufeff"', id="what YAML does not allow"
        ),
        pytest.param(1.5, "1.5", id="number"),
        pytest.param(None, "null", id="null"),
        pytest.param(True, "true", id="true"),
        pytest.param("1" * 5000, f'"{"1" * 5000}"', id="too many digits"),
    ],
)
def test_scalars(value: Any, text: str) -> None:
    """Text has quotes where it would be something else without."""
    assert write_scalar(value) == text
    assert _read(text) == value


def test_lists_and_objects_on_one_line_and_on_several() -> None:
    """What is empty stays in brackets."""
    value = {"a": [{"b": 1, "c": []}, [2, [3]], "x"], "d": {}}

    assert write_flow(value) == "{a: [{b: 1, c: []}, [2, [3]], x], d: {}}"
    assert list(write_block(value)) == [
        "a:",
        "  - b: 1",
        "    c: []",
        "  - - 2",
        "    - - 3",
        "  - x",
        "d: {}",
    ]


_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-9, 99)
    | st.sampled_from([0.5, 19.99])
    | st.text(
        alphabet=string.ascii_letters + string.digits + string.punctuation + " \té\u2028",
        max_size=5,
    )
)
_KEYS = st.text(alphabet="ab1-: #'\"{[", max_size=3)
_VALUES = st.recursive(
    _SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=3)
)


@settings(max_examples=200, deadline=None, database=None, derandomize=True)
@given(_VALUES)
def test_what_is_written_is_read_again(value: Any) -> None:
    """Whatever the value, on one line and on several."""
    assert _read(write_flow(value)) == value
    if isinstance(value, dict | list) and value:
        assert _read("\n".join(write_block(value))) == value
