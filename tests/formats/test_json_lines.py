"""NDJSON: a value on each line, each read as strictly as a document alone."""

from __future__ import annotations

from typing import Any

import pytest

from ticketbridge.formats import DocumentError, json
from ticketbridge.formats.json import read_json_lines


@pytest.mark.parametrize(
    ("content", "values"),
    [
        (b'{"a": 1}\n{"a": 2}\n', [{"a": 1}, {"a": 2}]),
        (b'{"a": 1}\r\n{"a": 2}', [{"a": 1}, {"a": 2}]),
        (b"\xef\xbb\xbf1\n\n \t\r\n2\n", [1, 2]),
        (b"[1]\nnull\n", [[1], None]),
        (b"12345678901234567890123\n", [12345678901234567890123]),
        (b"\n", []),
    ],
)
def test_each_line_is_a_value(content: bytes, values: list[Any]) -> None:
    """Line ends are LF or CRLF, the last may be missing, and blank lines say nothing."""
    assert list(read_json_lines(content)) == values


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b'{"a": 1}\n{"a": 2', "line 2: no valid JSON (DecodeError)"),
        (b'{"a":\n1}\n', "line 1: no valid JSON (DecodeError)"),
        (b'{"a": 1} {"a": 2}\n', "line 1: no valid JSON (DecodeError)"),
        (b'{"a": 1}\r{"a": 2}\n', "line 1: no valid JSON (DecodeError)"),
        (b'1\n{"a": 1, "a": 2}\n', "line 2: the JSON has a name twice in one object"),
        (b"NaN\n", "line 1: no valid JSON (DecodeError)"),
        (b'"\xe9"\n', "line 1: no valid JSON (UnicodeDecodeError)"),
        (b"1\n15", "line 2: a bare number, and nothing says that it is whole"),
        (b"[" * 5_000 + b"]" * 5_000, "line 1: the JSON is nested too deeply"),
        (b"[]\n" * 500_001, "more than 500000 objects and lists"),
        (b"1\n" * 500_001, "more than 500000 lines"),
    ],
)
def test_a_line_that_is_no_value_is_told_by_its_number(content: bytes, reason: str) -> None:
    """None is skipped, whatever is wrong with it."""
    with pytest.raises(DocumentError) as caught:
        list(read_json_lines(content))

    assert str(caught.value).startswith(reason.partition(" (")[0])


def test_lines_are_counted_before_they_are_parted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Millions of lines, each of nothing, would take many times the memory of their bytes."""
    monkeypatch.setattr(json, "_MOST_LINES", 2)

    assert list(read_json_lines(b"1\n2\n")) == [1, 2]
    with pytest.raises(DocumentError, match="more than 2 lines"):
        list(read_json_lines(b"\n\n\n"))
