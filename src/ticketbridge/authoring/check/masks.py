"""What of a line of a mapping must not be shown: credentials that are written in clear.

It works on the line alone, since a line is also shown of a file that is no YAML.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from ticketbridge.mapping.findings import nearest
from ticketbridge.mapping.headers import is_sensitive
from ticketbridge.mapping.schema import legal_keys
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


def masked(lines: Sequence[str], number: int, credentials: Sequence[int]) -> list[Span]:
    """What to hide of line *number* (from 0), in order; *credentials* are known to begin there."""
    line = lines[number]
    known = [(start, _end(line, start)) for start in credentials]
    below = _below_a_credential(lines, number)
    spans = [*known, *_values(line), *below, *userinfo_spans(line)]
    return _merged(span for span in spans if not _OPEN.fullmatch(line[slice(*span)]))


def _merged(spans: Iterable[Span]) -> list[Span]:
    """*spans* in order, those that overlap as one."""
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start < merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _values(line: str) -> Iterator[Span]:
    """The values of the keys that hold a credential."""
    for pair in _PAIR.finditer(line):
        if _holds_a_credential(pair["key"].strip("\"'")):
            yield pair.end(), _end(line, pair.end())


def _end(line: str, start: int) -> int:
    """Where the value ends that begins at *start*."""
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


def _below_a_credential(lines: Sequence[str], number: int) -> Iterator[Span]:
    """The whole line where it is an entry or a text below a key that holds a credential."""
    line = lines[number]
    parent = next((above for above in reversed(lines[:number]) if _is_above(above, line)), "")
    pair = _PAIR.match(parent.lstrip(" -"))
    if pair and _holds_a_credential(pair["key"].strip("\"'")):
        yield len(line) - len(line.lstrip(" -")), len(line)


def _is_above(above: str, line: str) -> bool:
    """Whether *line* belongs to what begins in the line *above*; entries may stand below their key."""
    deeper = _indent(line) - _indent(above)
    beside = _is_entry(line) and not _is_entry(above)
    return bool(above.strip()) and (deeper > 0 or (deeper == 0 and beside))


def _is_entry(line: str) -> bool:
    return line.lstrip(" ").startswith("- ")


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _holds_a_credential(key: str) -> bool:
    if key in _CREDENTIALS:
        return True
    if key in legal_keys() or _HARMLESS.fullmatch(key):
        return False
    return is_sensitive(key) or bool(nearest(key, _CREDENTIALS))
