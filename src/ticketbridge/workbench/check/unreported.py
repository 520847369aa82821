"""Drop findings: those that follow from another finding, and those that are silenced."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType

from ticketbridge.mapping.findings import Finding
from ticketbridge.mapping.loader import Draft
from ticketbridge.mapping.places import LINE_BREAK
from ticketbridge.mapping.yaml_nodes import Path


def drop_follow_ons(found: Sequence[Finding], draft: Draft) -> Iterator[Finding]:
    """Drop follow-on errors: those reported only because another part of *draft* is broken."""
    wrong = {finding.place for finding in draft.findings if finding.severity == "error"}
    for finding in found:
        follows = _FOLLOW_ONS.get(finding.code)
        if finding.place not in wrong and not (follows and follows(finding, draft)):
            yield finding


def drop_dependent_doubts(doubts: Iterable[Finding], wrong: Iterable[Finding]) -> Iterator[Finding]:
    """Yield the doubts that do not depend on broken parts, *wrong*."""
    errors = {finding.place for finding in wrong if finding.severity == "error"}
    for doubt in doubts:
        if doubt.place not in errors and not (errors and doubt.code in _OF_THE_WHOLE):
            yield doubt


def _follows_from_names(finding: Finding, draft: Draft) -> bool:
    """Return whether a broken entry may be the cause of an unknown name."""
    own = _find_entry_number(finding, draft)
    entries = [path[1:] for path in draft.broken if path[:1] == ("source",)]
    taken = any(finding.code == "TB060" for finding in draft.findings)
    return (
        taken
        or _is_broken(draft, ("source",))
        or any(len(path) == 1 or path[0] == own or path[1:] == ("name",) for path in entries)
    )


def _follows_from_entry(finding: Finding, draft: Draft) -> bool:
    """Return whether another error is in the entry of *finding*."""
    own = _find_entry_number(finding, draft)
    errors = [each for each in draft.findings if each.severity == "error"]
    return (
        _is_broken(draft, ("source",))
        or _is_broken_below(draft, ("source", own))
        or any(_find_entry_number(each, draft) == own for each in errors)
    )


def _find_entry_number(finding: Finding, draft: Draft) -> int:
    """Return the number of the entry of `source` that *finding* is in, or of the last one above it."""
    return sum(entry.place <= finding.place for entry in draft.spec.source) - 1


def _follows_from_requests(_finding: Finding, draft: Draft) -> bool:
    return _is_broken_below(draft, ("source",)) or _is_broken_below(draft, ("upstream",))


def _follows_from_contract(_finding: Finding, draft: Draft) -> bool:
    """Return whether the mapping's own schema could not be used."""
    refused = any(finding.code.startswith("TB08") for finding in draft.findings)
    return refused or _is_broken_below(draft, ("response",))


def _follows_from_fields(finding: Finding, draft: Draft) -> bool:
    return _follows_from_contract(finding, draft) or _is_broken_below(draft, ("ticket", "fields"))


def _is_broken(draft: Draft, path: Path) -> bool:
    """Return whether the part at *path*, or a part around it, was reported."""
    return any(path[:length] in draft.broken for length in range(len(path) + 1))


def _is_broken_below(draft: Draft, path: Path) -> bool:
    """Return whether the part at *path*, a part around it, or a part in it was reported."""
    return _is_broken(draft, path) or any(inner[: len(path)] == path for inner in draft.broken)


_OF_THE_WHOLE = frozenset({"TB510", "TB511", "TB512", "TB520", "TB521"})
"""Doubts that need the whole mapping, because they ask whether something is used, or said."""
_FOLLOW_ONS: Mapping[str, Callable[[Finding, Draft], bool]] = MappingProxyType(
    {
        "TB203": _follows_from_names,
        "TB204": _follows_from_names,
        "TB208": _follows_from_entry,
        "TB301": _follows_from_contract,
        "TB302": _follows_from_fields,
        "TB303": _follows_from_contract,
        "TB304": _follows_from_contract,
        "TB306": _follows_from_contract,
        "TB312": _follows_from_requests,
        "TB313": _follows_from_entry,
        "TB315": _follows_from_entry,
    }
)


# --- silenced warnings ----------------------------------------------------------------------------


_COMMENT = re.compile(r"(?:^|\s)#(?P<words>.*)")
_CODE = re.compile(r"\bTB\d{3}\b")
_KEY = re.compile(r"\s*(?:- +)*(?:[\w.-]+|\"[^\"]*\"|'[^']*') *:(?:\s|$)")


def drop_silenced(findings: Iterable[Finding], text: str) -> Iterator[Finding]:
    """Yield the findings without the warnings that a comment silences by their code.

    The comment stands on the line, or above its key. An error cannot be silenced.
    """
    lines = LINE_BREAK.split(text)
    for finding in findings:
        number = finding.place.line - 1
        if finding.severity == "error" or finding.code not in _find_codes_at(lines, number):
            yield finding


def _find_codes_at(lines: Sequence[str], number: int) -> Iterator[str]:
    """Yield the codes in comments of a line, of the line of its key, and of the lines directly above that."""
    at = min(number, len(lines) - 1)
    yield from _find_codes(lines[at])
    while at > 0 and not _KEY.match(lines[at]):
        at -= 1
        yield from _find_codes(lines[at])
    while at > 0 and lines[at - 1].lstrip().startswith("#"):
        at -= 1
        yield from _find_codes(lines[at])


def _find_codes(line: str) -> Iterator[str]:
    comment = _COMMENT.search(line)
    if comment:
        yield from _CODE.findall(comment["words"])
