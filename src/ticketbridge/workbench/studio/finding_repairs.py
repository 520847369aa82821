"""Repairs that a finding names itself, each tried before it is offered: the finding must be gone by it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from ticketbridge.mapping.findings import Finding, Place
from ticketbridge.mapping.places import LINE_BREAK

_MEANT = re.compile(r'did you mean "(?P<right>[^"]+)"\?')
_WRITE = re.compile(
    r"write (?P<right>`[^`]+`(?= in backticks)|'[^']*'|[A-Za-z_]\w*\((?:[^()]|\([^()]*\))*\)|![(].*?[)])"
)
_QUOTE = re.compile(r"needs quotes|\bquote (?:this expression|the whole value)")
_VALUE = re.compile(r"[ ]*(?:- +)*[\w@.-]+: +")
_QUOTED = re.compile(r'"(?P<wrong>[^"]+)"|`(?P<plain>[^`]+)`')
_WORD = re.compile(r"""[^\s:,{}\[\]()'"`|&=<>!.*?]+""")
_SYNTAX = "TB002"
MOST = 20

Check = Callable[[str], Sequence[Finding]]


@dataclass(frozen=True, slots=True)
class FindingRepair:
    """What repairs the finding of that *number*: the whole *text* after it, and what it does in words."""

    number: int
    words: str
    text: str


def find_repairs(text: str, findings: Sequence[Finding], check: Check) -> list[FindingRepair]:
    """Return a repair for each finding that has exactly one: by it the finding goes, and none comes."""
    found = []
    for number, finding in enumerate(findings[:MOST]):
        tried = {made: words for made, words in _list_repairs(text, finding) if made != text}
        good = [
            (made, words) for made, words in tried.items() if _mends(finding, check(made), findings)
        ]
        if good:
            made, words = good[0]
            found.append(FindingRepair(number, words, made))
    return found


def _mends(finding: Finding, after: Sequence[Finding], before: Sequence[Finding]) -> bool:
    """Whether there are fewer errors after the repair, or as many and fewer warnings.

    Behind a slip of the syntax nobody has looked yet: it is mended once there is none.
    """
    if finding.code == _SYNTAX:
        return all(each.code != _SYNTAX for each in after)
    return _weigh(after) < _weigh(before)


def _weigh(findings: Sequence[Finding]) -> tuple[int, int]:
    errors = sum(finding.severity == "error" for finding in findings)
    return errors, len(findings) - errors


def _list_repairs(text: str, finding: Finding) -> Iterator[tuple[str, str]]:
    said = f"{finding.message} {finding.suggestion}"
    for right in _MEANT.finditer(said):
        for quoted in _QUOTED.finditer(finding.message):
            wrong = quoted["wrong"] or quoted["plain"]
            yield from _replace_near(text, finding.place, wrong, right["right"])
        yield from _replace_at(text, finding.place, right["right"])
    for right in _WRITE.finditer(finding.suggestion):
        yield from _replace_at(text, finding.place, right["right"])
    if _QUOTE.search(said):
        yield from _quote_rest(text, finding.place)


def find_data_repairs(text: str, reason: str, place: Place | None) -> list[FindingRepair]:
    """Return the repair of a key that the data does not have, if *reason* names the one that was meant."""
    missing = re.search(r'no key "(?P<wrong>[^"]+)"', reason)
    meant = _MEANT.search(reason)
    if missing is None or meant is None or place is None:
        return []
    made = list(_replace_near(text, place, missing["wrong"], meant["right"]))
    return [FindingRepair(-1, words, changed) for changed, words in made[:1]]


def _offset(text: str, place: Place) -> int:
    starts = [0, *(match.end() for match in LINE_BREAK.finditer(text))]
    line = min(place.line, len(starts)) - 1
    return min(starts[line] + place.column - 1, len(text))


def _replace_near(text: str, place: Place, wrong: str, right: str) -> Iterator[tuple[str, str]]:
    """Yield *text* with *right* for the first *wrong* from the place on, on its line or the next few."""
    start = _offset(text, place)
    found = re.compile(rf"(?<![\w-]){re.escape(wrong)}(?![\w-])").search(text, start, start + 400)
    if found:
        yield text[: found.start()] + right + text[found.end() :], f"write {right} for {wrong}"


def _replace_at(text: str, place: Place, right: str) -> Iterator[tuple[str, str]]:
    """Yield *text* with *right* for the word at the place, with its quotes or the rest of a call."""
    start = _offset(text, place)
    found = _WORD.match(text, start) or re.compile(r'"[^"]*"').match(text, start)
    if found:
        yield text[:start] + right + text[found.end() :], f"write {right} for {found[0]}"
        closed = _find_call_end(text, found.end())
        if closed:
            yield text[:start] + right + text[closed:], f"write {right}"


def _find_call_end(text: str, offset: int) -> int:
    """Return where the call ends whose brackets open at *offset*, or 0."""
    if text[offset : offset + 1] != "(":
        return 0
    depth = 0
    for at in range(offset, min(len(text), offset + 1000)):
        depth += {"(": 1, ")": -1}.get(text[at], 0)
        if depth == 0:
            return at + 1
    return 0


def _quote_rest(text: str, place: Place) -> Iterator[tuple[str, str]]:
    """Yield *text* with quotes around the value on the line, which ends with it, or at a comment."""
    begin = _offset(text, Place(place.file, place.line, 1))
    key = _VALUE.match(text, begin)
    start = key.end() if key else _offset(text, place)
    rest = re.compile(r"[^\n]*?(?=[ \t]*(?: #[^\n]*)?(?:\r?\n|$))").match(text, start)
    for quote in ("'", '"') if rest and rest[0] else ():
        if rest and quote not in rest[0] and (quote == "'" or "\\" not in rest[0]):
            made = text[:start] + quote + rest[0] + quote + text[rest.end() :]
            yield made, f"put {quote}...{quote} around it"
            return
