"""Where each character of a YAML text stands in the file."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.mapping.support import change, read
from tests.support import node_at
from ticketbridge.engine.bridge import compile_mapping
from ticketbridge.mapping import MappingError
from ticketbridge.mapping.findings import Report
from ticketbridge.mapping.yaml_nodes import Scalar
from ticketbridge.mapping.yaml_reader import read_yaml

WORD = st.text("ab.[]{}?=&|'\" \\#", min_size=1, max_size=12).map(str.strip)
LINES = st.lists(WORD.filter(bool), min_size=1, max_size=4)


def scalar(text: str) -> Scalar:
    """The value of the one key in *text*."""
    node = node_at(read_yaml(text, "x.yaml", Report()), ("key",))
    assert isinstance(node, Scalar)
    return node


def character(text: str, node: Scalar, offset: int) -> str:
    """What stands in *text* where *node* says that its character at *offset* stands."""
    place = node.at(offset)
    line = text.split("\n")[place.line - 1]
    return line[place.column - 1 : place.column]


@pytest.mark.parametrize("header", ["|", ">", "|-", ">+"])
@given(lines=LINES, indent=st.integers(1, 5), blank=st.integers(0, 2))
@settings(max_examples=60, deadline=None)
def test_each_character_of_a_block_is_found(
    header: str, lines: list[str], indent: int, blank: int
) -> None:
    """In `|` and `>` each character of the text is where its place says."""
    text = f"key: {header}\n" + ("\n" * (blank + 1)).join(" " * indent + line for line in lines)
    node = scalar(text + "\n")

    assert isinstance(node.value, str)
    for offset, one in enumerate(node.value):
        assert one.isspace() or character(text, node, offset) == one


@given(words=st.lists(st.text("ab'é ", min_size=1, max_size=8), min_size=1, max_size=3))
@settings(max_examples=60, deadline=None)
def test_each_character_of_a_quoted_text_is_found(words: list[str]) -> None:
    """Doubled quotes and folded lines are counted for what they are."""
    body = "\n  ".join(f"x{word.strip()}" for word in words).replace("'", "''")
    text = f"key: '{body}'"
    node = scalar(text)

    assert isinstance(node.value, str)
    for offset, one in enumerate(node.value):
        assert one.isspace() or character(text, node, offset) == one


@pytest.mark.parametrize(
    ("written", "offset", "expected"),
    [
        pytest.param('"a\\x20b\\u00e9c"', 4, (1, 19), id="escapes"),
        pytest.param('"\\U0001F600z"', 1, (1, 17), id="long-escape"),
        pytest.param('"a\\\n   b"', 1, (2, 4), id="escaped-line-break"),
        pytest.param('"a\n\n  b"', 2, (3, 3), id="blank-line-in-quotes"),
        pytest.param("a\n  b", 2, (2, 3), id="plain-lines"),
        pytest.param("|2\n    ab", 2, (2, 5), id="indentation-indicator"),
        pytest.param(">\n  a\n    b\n  c", 4, (3, 5), id="more-indented-line"),
    ],
)
def test_a_character_stands_where_the_file_has_it(
    written: str, offset: int, expected: tuple[int, int]
) -> None:
    """Escapes and folds take more room in the file than in the text."""
    place = scalar(f"key: {written}\n").at(offset)

    assert (place.line, place.column) == expected


@pytest.mark.parametrize(
    ("written", "line", "column"),
    [
        pytest.param("|\n      item.resold ==\n      nul", 32, 7, id="literal-block"),
        pytest.param(">-\n      item.resold ==\n      nul", 32, 7, id="folded-block"),
        pytest.param("'item.resold == nul'", 30, 29, id="single-quoted"),
        pytest.param('"item.resold ==\\x20nul"', 30, 32, id="double-quoted"),
    ],
)
def test_a_slip_inside_an_expression_has_its_own_place(
    written: str, line: int, column: int
) -> None:
    """The caret stands under the wrong word of the expression, however the expression is written."""
    text = change(("item.resold_to != `null`", written))

    with pytest.raises(MappingError) as caught:
        compile_mapping(read(text))

    (place,) = [f.place for f in caught.value.findings if '"nul" is no root' in f.message]
    assert (place.line, place.column) == (line, column)
