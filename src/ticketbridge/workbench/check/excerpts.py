"""Show the line of a finding with a caret under its column, safe to print.

Credentials in clear text are masked. The masks look only at the line, because lines of files that are not
YAML are shown too.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from ticketbridge.mapping.findings import Finding, Place, nearest
from ticketbridge.mapping.mapping_schema import legal_keys
from ticketbridge.mapping.places import LINE_BREAK
from ticketbridge.mapping.sensitive_names import is_sensitive
from ticketbridge.redaction import userinfo_spans

Span = tuple[int, int]
"""Where characters begin and end, counted from 0."""

_CREDENTIALS = ("token", "secret", "secrets", "password", "client_secret", "value")
_HARMLESS = re.compile(r".*_(header|url|endpoint)")
_PAIR = re.compile(r"""(?<!\$\{)(?<![\w.@-])(?P<key>"[^"]*"|'[^']*'|[\w.@-]+)[ \t]*:[ \t]*""")
_QUOTED = re.compile(r""""(?:[^"\\]|\\.)*("|$)|'(?:[^']|'')*('|$)""")
_PLAIN = re.compile(r"(?:(?! #).)*")
_PLAIN_IN_BRACES = re.compile(r"(?:(?! #)[^,}\]])*")
# Text that tells nothing: variables, holes, the names of schemes, expressions over an answer.
_OPEN = re.compile(
    r"""(?:\$\{[A-Za-z_]\w*(?::-)?\}|\{[^{}]*\}|(?:body|headers)\b[^,]*|[|>][+-]?|Bearer|Basic|Token"""
    r"""|[\s"'\[\],])*"""
)


def find_masked_spans(lines: Sequence[str], number: int, credentials: Sequence[int]) -> list[Span]:
    """Return what to hide of line *number* (from 0), in order; *credentials* are known to begin there."""
    line = lines[number]
    known = [(start, _find_end(line, start)) for start in credentials]
    below = _find_below_credential(lines, number)
    spans = [*known, *_find_values(line), *below, *userinfo_spans(line)]
    return _merge_spans(span for span in spans if not _OPEN.fullmatch(line[slice(*span)]))


def _merge_spans(spans: Iterable[Span]) -> list[Span]:
    """Return *spans* in order; those that overlap become one."""
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _find_values(line: str) -> Iterator[Span]:
    """Yield the values of keys that hold a credential."""
    for pair in _PAIR.finditer(line):
        if _holds_a_credential(pair["key"]):
            yield pair.end(), _find_end(line, pair.end())


def _find_end(line: str, start: int) -> int:
    """Return the end of the value that begins at *start*."""
    quoted = _QUOTED.match(line, start)
    if quoted:
        return quoted.end()
    if line.startswith("[", start):
        close = line.find("]", start)
        return close + 1 if close >= 0 else len(line)
    before = line[:start]
    in_braces = len(re.findall(r"[{\[]", before)) > len(re.findall(r"[}\]]", before))
    plain = (_PLAIN_IN_BRACES if in_braces else _PLAIN).match(line, start)
    return plain.end() if plain else len(line)


def _find_below_credential(lines: Sequence[str], number: int) -> Iterator[Span]:
    """Yield the whole line if it is an entry or a text below a key that holds a credential."""
    line = lines[number]
    parent = next((above for above in reversed(lines[:number]) if _is_above(above, line)), "")
    pair = _PAIR.match(parent.lstrip(" -"))
    if pair and _holds_a_credential(pair["key"]):
        yield len(line) - len(line.lstrip(" -")), len(line)


def _is_above(above: str, line: str) -> bool:
    """Return whether *line* belongs to the entry that begins in the line *above*."""
    deeper = _count_indent(line) - _count_indent(above)
    beside = _is_entry(line) and not _is_entry(above)
    return bool(above.strip()) and (deeper > 0 or (deeper == 0 and beside))


def _is_entry(line: str) -> bool:
    return line.lstrip(" ").startswith("- ")


def _count_indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _holds_a_credential(written: str) -> bool:
    key = written.strip("\"'")
    if key in _CREDENTIALS:
        return True
    if key in legal_keys() or _HARMLESS.fullmatch(key):
        return False
    return is_sensitive(key) or bool(nearest(key, _CREDENTIALS))


# --- lines as they are shown ----------------------------------------------------------------------


_STARS = "********"
_WIDTH = 120
_BEFORE = 80
_IN_CLEAR = "TB053"
_BY_HAND = frozenset({".yaml", ".yml", ".md", ".markdown"})


class Excerpts:
    """Shows lines of files. Each file is read once; credentials in it are never shown."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self._files: dict[str, Sequence[str]] = {}
        self._credentials: dict[tuple[str, int], list[int]] = {}
        for place in (finding.place for finding in findings if finding.code == _IN_CLEAR):
            self._credentials.setdefault((place.file, place.line), []).append(place.column - 1)

    def of(self, place: Place) -> tuple[str, str] | None:
        """Return the line, and the caret line below it.

        None if the file cannot be read (again), and for an answer with a credential: the rest of its line is
        personal data.
        """
        if self._is_of_an_answer(place):
            return None
        lines = self._lines(place.file)
        if not 0 < place.line <= len(lines):
            return None
        line, caret = self._masked(lines, place)
        start = max(0, caret - _BEFORE)
        shown = line[start : start + _WIDTH]
        before = line[start:caret]
        return _make_printable(shown), " " * sum(map(_measure_width, _make_printable(before))) + "^"

    def _is_of_an_answer(self, place: Place) -> bool:
        written_by_hand = Path(place.file).suffix in _BY_HAND
        return not written_by_hand and (place.file, place.line) in self._credentials

    def _masked(self, lines: Sequence[str], place: Place) -> tuple[str, int]:
        number, caret = place.line - 1, place.column - 1
        line = lines[number]
        known = self._credentials.get((place.file, place.line), ())
        for start, end in reversed(find_masked_spans(lines, number, known)):
            line = line[:start] + _STARS + line[end:]
            if caret >= end:
                caret += len(_STARS) - (end - start)
            elif caret > start:
                caret = start
        return line, caret

    def _lines(self, file: str) -> Sequence[str]:
        if file not in self._files:
            self._files[file] = _read_lines(file)
        return self._files[file]


def _read_lines(file: str) -> Sequence[str]:
    try:
        return LINE_BREAK.split(Path(file).read_bytes().decode("utf-8-sig", "replace"))
    except (OSError, ValueError):
        return ()


def _make_printable(text: str) -> str:
    """Return *text* without characters that move a terminal's cursor, or are invisible."""
    return "".join(one if one.isprintable() else " " if one == "\t" else "\ufffd" for one in text)


def _measure_width(character: str) -> int:
    """Return how many columns of a terminal *character* takes."""
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in {"W", "F"} else 1
