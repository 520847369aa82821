"""CSV as RFC 4180 writes it, strictly: each row is an object, and each cell its text.

    id;mail             becomes     [{"id": "007", "mail": "ana@example.com"}]
    007;ana@example.com

The first row must be the expected names, and each row must have as many cells. Line ends are LF or
CRLF. A quote may stand only around a whole cell, or twice inside such a cell. A reader that took
another quote for a letter would divide the cells at other places than the writer did.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from typing import cast

from ticketbridge.formats import DocumentError

_MOST_ROWS = 500_000
_MOST_CELLS = 2_000_000
"""The most cells of one document. A body within `max_body` could hold millions more, nearly all empty."""
_DELIMITERS = (",", ";", "\t", "|")


def read_csv(
    text: str, columns: Sequence[str], *, delimiter: str = ",", any_end: bool = False
) -> Iterator[dict[str, str]]:
    """Yield the rows of *text* below the first, whose cells must be *columns*. Raises DocumentError.

    The last row needs a line end, unless *any_end*: without one, its last cell may be cut.
    """
    if not any_end and not text.endswith("\n"):
        raise DocumentError("the last row has no line end: it may be cut")
    rows = enumerate(_Rows(text, delimiter), 1)
    _, names = next(rows, (1, []))
    if len(names) != len(columns):
        hint = _other_delimiter(text.partition("\n")[0], len(columns), delimiter)
        reason = f"the first row has {_count(names)} for {len(columns)} columns"
        raise DocumentError(reason + hint)
    _require_columns(names, columns)
    width, cells = len(columns), 0
    for number, row in rows:
        if len(row) != width:
            raise DocumentError(f"row {number} has {_count(row)} for {width} columns")
        cells += width
        if cells > _MOST_CELLS or number > _MOST_ROWS:
            raise DocumentError(f"more than {_MOST_ROWS} rows or {_MOST_CELLS} cells")
        yield dict(zip(columns, row, strict=True))


def _require_columns(names: Sequence[str], columns: Sequence[str]) -> None:
    for number, (name, column) in enumerate(zip(names, columns, strict=True), 1):
        if name != column:
            raise DocumentError(f"cell {number} of the first row is not `{column}`")


def _other_delimiter(line: str, width: int, delimiter: str) -> str:
    """Return what to write if another delimiter gives the first *line* as many cells as there are columns."""
    for sign in _DELIMITERS:
        if width > 1 and sign != delimiter and line.count(sign) == width - 1:
            return f", but {width} with `delimiter: {json.dumps(sign)}`"
    return ""


def _count(row: Sequence[str]) -> str:
    return f"{len(row)} cell{'' if len(row) == 1 else 's'}"


class _Rows:
    """The rows of a text, each as its cells."""

    def __init__(self, text: str, delimiter: str) -> None:
        self._text = text
        self._delimiter = delimiter
        self._cell = re.compile(rf'"([^"]*(?:""[^"]*)*)"|([^"\r\n{re.escape(delimiter)}]*)')

    def __iter__(self) -> Iterator[list[str]]:
        text, at, number = self._text, 0, 0
        while at < len(text):
            number += 1
            end = text.find("\n", at)
            end = len(text) if end < 0 else end
            if text.find('"', at, end) < 0:
                line = text[at:end]
                yield self._plain(line.removesuffix("\r") if end < len(text) else line, number)
                at = end + 1
            else:
                row, at = self._quoted(at, number)
                yield row

    def _plain(self, line: str, number: int) -> list[str]:
        if "\r" in line:
            raise DocumentError(f"row {number} has a CR that ends no line")
        return line.split(self._delimiter)

    def _quoted(self, at: int, number: int) -> tuple[list[str], int]:
        """Return the row at *at*, in which a cell is quoted, and the place of the next row."""
        text, row = self._text, list[str]()
        while True:
            match = cast("re.Match[str]", self._cell.match(text, at))  # if need be, of nothing
            quoted, plain, at = match[1], match[2], match.end()
            row.append(plain if quoted is None else quoted.replace('""', '"'))
            if text.startswith(self._delimiter, at):
                at += 1
            elif at == len(text):
                return row, at
            elif text.startswith(("\n", "\r\n"), at):
                return row, text.index("\n", at) + 1
            else:
                raise DocumentError(f"row {number} has a quote that parts a cell, or is not closed")


def write_csv(rows: Sequence[Sequence[str]], delimiter: str) -> str:
    """Return *rows* as text that `read_csv` reads. A cell is quoted only if it must be."""
    return "".join(f"{delimiter.join(_written(cell, delimiter) for cell in row)}\n" for row in rows)


def _written(cell: str, delimiter: str) -> str:
    if any(sign in cell for sign in (delimiter, '"', "\r", "\n")):
        return '"{}"'.format(cell.replace('"', '""'))
    return cell
