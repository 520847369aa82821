"""CSV as RFC 4180 writes it: what becomes of it, and what is refused rather than guessed."""

from __future__ import annotations

import csv as library
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ticketbridge.formats import DocumentError, csv
from ticketbridge.formats.csv import read_csv, write_csv

NAMES = ["id", "mail"]


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ("id,mail\n", []),
        ("id,mail\n007,a\n", [["007", "a"]]),
        ("id,mail\r\n1,\r\n,2\r\n", [["1", ""], ["", "2"]]),
        ('"id","mail"\n"1","a,b"\n', [["1", "a,b"]]),
        ('id,mail\n"a ""b""","c\r\nd\n"\n', [['a "b"', "c\r\nd\n"]]),
        ('id,mail\n"",""\n1,"2"\r\n', [["", ""], ["1", "2"]]),
        ("id,mail\n 1 , é \n", [[" 1 ", " é "]]),
    ],
)
def test_each_row_is_an_object_of_texts(text: str, rows: list[list[str]]) -> None:
    """Cells are kept as they are written: no number is made of them, and no blank is cut off."""
    assert [list(row.values()) for row in read_csv(text, NAMES)] == rows
    assert all(list(row) == NAMES for row in read_csv(text, NAMES))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "the last row has no line end: it may be cut"),
        ("id,mail\n1,a", "the last row has no line end: it may be cut"),
        ("id,mail\n1,a\r", "the last row has no line end: it may be cut"),
        ("id\n", "the first row has 1 cell for 2 columns"),
        ("id,mail,state\n", "the first row has 3 cells for 2 columns"),
        ("id,Mail\n", "cell 2 of the first row is not `mail`"),
        ("mail,id\n", "cell 1 of the first row is not `id`"),
        (" id,mail\n", "cell 1 of the first row is not `id`"),
        (
            "id;mail\n",
            'the first row has 1 cell for 2 columns, but 2 with `delimiter: ";"`',
        ),
        (
            "id\tmail\n",
            'the first row has 1 cell for 2 columns, but 2 with `delimiter: "\\t"`',
        ),
        ("id:mail\n", "the first row has 1 cell for 2 columns"),
        ("\nid,mail\n", "the first row has 1 cell for 2 columns"),
        ("id,mail\n1\n", "row 2 has 1 cell for 2 columns"),
        ("id,mail\n1,a\n2,b,c\n", "row 3 has 3 cells for 2 columns"),
        ("id,mail\n1,a\n\n", "row 3 has 1 cell for 2 columns"),
        ("id,mail\r1,a\r\n", "row 1 has a CR that ends no line"),
        ('id,mail\n1,5" vinyl\n', "row 2 has a quote that parts a cell, or is not closed"),
        ('id,mail\n1, "a"\n', "row 2 has a quote that parts a cell, or is not closed"),
        ('id,mail\n1,"a"b\n', "row 2 has a quote that parts a cell, or is not closed"),
        ('id,mail\n1,"a\n2,b\n', "row 2 has a quote that parts a cell, or is not closed"),
        ('id,mail\n1,"a""\n', "row 2 has a quote that parts a cell, or is not closed"),
        ('id,mail\n"1"\r,a\n', "row 2 has a quote that parts a cell, or is not closed"),
    ],
)
def test_what_is_not_certain_is_refused(text: str, reason: str) -> None:
    """Another first row, another number of cells, a quote elsewhere: an error that shows no cell."""
    with pytest.raises(DocumentError) as caught:
        list(read_csv(text, NAMES))

    assert str(caught.value) == reason


def test_any_end_reads_a_last_row_without_its_line_end() -> None:
    """Where the mapping says that the platform writes none."""
    for text in ("id,mail\n1,a", 'id,mail\n1,"a"'):
        assert list(read_csv(text, NAMES, any_end=True)) == [{"id": "1", "mail": "a"}]
    with pytest.raises(DocumentError, match="0 cells for 2 columns"):
        list(read_csv("", NAMES, any_end=True))


def test_rows_and_cells_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Millions of empty cells take many times the memory of their bytes."""
    monkeypatch.setattr(csv, "_MOST_CELLS", 4)
    assert len(list(read_csv("id,mail\n" + "1,a\n" * 2, NAMES))) == 2
    with pytest.raises(DocumentError, match="more than 500000 rows or 4 cells"):
        list(read_csv("id,mail\n" + "1,a\n" * 3, NAMES))
    monkeypatch.setattr(csv, "_MOST_ROWS", 2)
    with pytest.raises(DocumentError, match="more than 2 rows"):
        list(read_csv("id\n1\n2\n", ["id"]))


CELLS = st.text(st.sampled_from('a;,"\r\n é'), max_size=4)


@settings(deadline=None)
@given(
    rows=st.lists(st.lists(CELLS, min_size=2, max_size=2), max_size=4), sign=st.sampled_from(",;\t")
)
def test_what_is_written_is_read_as_it_was(rows: list[list[str]], sign: str) -> None:
    """By our writer, and by Python's; and cut at any place it is never another list of whole rows."""
    names = ["a", "b"]
    made = [dict(zip(names, row, strict=True)) for row in rows]
    theirs = io.StringIO()
    library.writer(theirs, delimiter=sign).writerows([names, *rows])
    for text in (write_csv([names, *rows], sign), theirs.getvalue()):
        assert list(read_csv(text, names, delimiter=sign)) == made
        for end in range(len(text)):
            assert_never_another(text[:end], names, sign, made)


def assert_never_another(
    text: str, names: list[str], sign: str, made: list[dict[str, str]]
) -> None:
    """The beginning of a file is refused, or ends where a row does: then its rows are the first ones."""
    try:
        found = list(read_csv(text, names, delimiter=sign))
    except DocumentError:
        return
    assert text.endswith("\n")
    assert found == made[: len(found)]
