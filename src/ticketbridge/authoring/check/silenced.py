"""Warnings that their mapping says are meant: by their code, in a comment."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from ticketbridge.mapping.findings import Finding
from ticketbridge.mapping.places import LINE_BREAK

_COMMENT = re.compile(r"(?:^|\s)#(?P<words>.*)")
_CODE = re.compile(r"\bTB\d{3}\b")
_KEY = re.compile(r"\s*(?:- +)*(?:[\w.-]+|\"[^\"]*\"|'[^']*') *:(?:\s|$)")


def without_silenced(findings: Iterable[Finding], text: str) -> Iterator[Finding]:
    """The findings without the warnings whose code stands in a comment: on their line, or above its key.

    An error cannot be silenced.
    """
    lines = LINE_BREAK.split(text)
    for finding in findings:
        number = finding.place.line - 1
        if finding.severity == "error" or finding.code not in _codes_at(lines, number):
            yield finding


def _codes_at(lines: Sequence[str], number: int) -> Iterator[str]:
    """The codes in the comments of a line, of its key's where that is above, and directly above that."""
    at = min(number, len(lines) - 1)
    yield from _codes(lines[at])
    while at > 0 and not _KEY.match(lines[at]):
        at -= 1
        yield from _codes(lines[at])
    while at > 0 and lines[at - 1].lstrip().startswith("#"):
        at -= 1
        yield from _codes(lines[at])


def _codes(line: str) -> Iterator[str]:
    comment = _COMMENT.search(line)
    if comment:
        yield from _CODE.findall(comment["words"])
