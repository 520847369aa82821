"""Find each character of a YAML text in the file, also after escapes, folds and indentation."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from ticketbridge.mapping.findings import Place

LINE_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_BREAK = LINE_BREAK.pattern
_FOLD = rf"(?P<fold>[ \t]*(?:(?:{_BREAK})[ \t]*)+)"
_TOKENS = {
    None: re.compile(rf"{_FOLD}|."),
    "'": re.compile(rf"{_FOLD}|(?P<one>'')|."),
    '"': re.compile(
        rf"(?P<none>\\(?:{_BREAK})[ \t]*)|{_FOLD}"
        r"|(?P<one>\\(?:x..|u.{4}|U.{8}|.))|."
    ),
}


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of *length* characters. It begins at *offset* in the text, and at *place* in the file."""

    offset: int
    length: int
    place: Place


def place_at(pieces: Iterable[Piece], offset: int, otherwise: Place) -> Place:
    """Return the place of the character at *offset*, or *otherwise* if it is not known."""
    before = [piece for piece in pieces if piece.offset <= offset]
    if before and offset <= before[-1].offset + before[-1].length:
        return before[-1].place.after(offset - before[-1].offset)
    return otherwise


def pieces_from(pieces: Iterable[Piece], offset: int) -> tuple[Piece, ...]:
    """Return *pieces* with offsets that count from the character at *offset*."""
    return tuple(Piece(piece.offset - offset, piece.length, piece.place) for piece in pieces)


def pieces_of(source: str, value: str, style: str | None, start: Place) -> tuple[Piece, ...]:
    """Return the pieces of the scalar *value*, written in *style* as *source*, which begins at *start*.

    They end at the first character of the source that is not understood.
    """
    quote = style if style in _TOKENS else None
    if source == f"{quote or ''}{value}{quote or ''}" and not LINE_BREAK.search(value):
        # Written as it is, which nearly every text is.
        return (Piece(0, len(value), start.after(len(quote or ""))),) if value else ()
    steps = _block(source, value, start) if style in {"|", ">"} else _flow(source, style, start)
    return tuple(_joined(_followed(steps, value)))


_Step: TypeAlias = tuple[str | None, Place]
"""A part of the source: its text in the value, None for any one character, and its place."""


def _followed(steps: Iterable[_Step], value: str) -> Iterator[Piece]:
    offset = 0
    for known, place in steps:
        gives = value[offset : offset + 1] if known is None else known
        if not value.startswith(gives, offset):
            return
        yield Piece(offset, len(gives), place)
        offset += len(gives)


def _joined(pieces: Iterable[Piece]) -> Iterator[Piece]:
    """Yield *pieces*; those that follow each other in the value and in the file become one."""
    last: Piece | None = None
    for piece in pieces:
        if last and piece.place == last.place.after(last.length):
            last = Piece(last.offset, last.length + piece.length, last.place)
            continue
        if last:
            yield last
        last = piece
    if last:
        yield last


def _flow(source: str, style: str | None, start: Place) -> Iterator[_Step]:
    """Yield the steps of a plain or quoted text: lines are folded, and quotes have their escapes."""
    quotes = 0 if style is None else 1
    text = source[quotes : len(source) - quotes]
    place = start.after(quotes)
    for token in _TOKENS[style].finditer(text):
        kind = token.lastgroup
        if kind == "fold":
            yield _folded(token[0]), place
        elif kind == "one":
            yield None, place
        elif kind is None:
            yield token[0], place
        place = _behind(place, token[0])


def _folded(fold: str) -> str:
    breaks = len(LINE_BREAK.findall(fold))
    return " " if breaks == 1 else "\n" * (breaks - 1)


def _behind(place: Place, text: str) -> Place:
    lines = LINE_BREAK.split(text)
    if len(lines) == 1:
        return place.after(len(text))
    return Place(place.file, place.line + len(lines) - 1, len(lines[-1]) + 1)


def _block(source: str, value: str, start: Place) -> Iterator[_Step]:
    """Yield the steps of a text below `|` or `>`: each line is unchanged, after its indentation."""
    lines = LINE_BREAK.split(source)[1:]
    indent = _indent(lines, value)
    offset = 0
    for number, line in enumerate(lines, start.line + 1):
        content = line[indent:]
        yield content, Place(start.file, number, indent + 1)
        offset += len(content)
        if value[offset : offset + 1] in {" ", "\n"}:
            yield None, Place(start.file, number, indent + len(content) + 1)
            offset += 1


def _indent(lines: list[str], value: str) -> int:
    """Return how many spaces indent the first line with text. Spaces that belong to the text do not count."""
    first = next((line for line in LINE_BREAK.split(value) if line.strip()), "")
    line = next((line for line in lines if line.strip()), "")
    return len(line) - len(first) if line.endswith(first) else len(line) - len(line.lstrip(" "))
