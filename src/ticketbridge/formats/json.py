"""Read JSON without loss: one document, or one on each line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from ticketbridge.formats import DocumentError

_BOM = b"\xef\xbb\xbf"
_MOST_CONTAINERS = 500_000
"""Objects and lists of one document. A body within `max_body` could hold millions of them, all empty, which
take seconds to read and many times its size to keep."""
_MOST_LINES = 500_000  # each may be a value
_LARGE = 1_000_000
_FEW, _MANY = 20, 500
_ALL_BUT_BRACKETS = bytes(set(range(256)) - set(b"[{"))


def read_json(content: bytes, *, whole: bool = True) -> Any:
    """Return the document in *content*. *whole* is true if something proves that no part is missing.

    Raises DocumentError. Integers keep all their digits. Refused are NaN, Infinity, text that is not
    UTF-8, half characters, a name twice in one object, and documents with too many parts. A bare
    number is refused if it may be the beginning of another one.
    """
    content = content.removeprefix(_BOM)
    _require_few_containers(content)
    return _document(content, whole=whole)


def read_json_lines(content: bytes) -> Iterator[Any]:
    """Yield the document on each line of *content*; blank lines are ignored.

    Raises DocumentError at a line that `read_json` would refuse. The last line needs no line end, unless it
    is a bare number.
    """
    content = content.removeprefix(_BOM)
    _require_few_containers(content)
    if content.count(b"\n") > _MOST_LINES:
        raise DocumentError(f"more than {_MOST_LINES} lines")
    lines = content.split(b"\n")
    for number, line in enumerate(lines, 1):
        if line and not line.isspace():
            try:
                yield _document(line, whole=number < len(lines))
            except DocumentError as error:
                raise DocumentError(f"line {number}: {error}") from None


def _require_few_containers(content: bytes) -> None:
    # Each takes two bytes at the least: most answers are too short to have so many.
    if (
        len(content) > 2 * _MOST_CONTAINERS
        and len(content.translate(None, _ALL_BUT_BRACKETS)) > _MOST_CONTAINERS
    ):
        raise DocumentError(f"more than {_MOST_CONTAINERS} objects and lists")


def _document(content: bytes, *, whole: bool) -> Any:
    try:
        return _trusted(content, whole=whole)
    except RecursionError:
        raise DocumentError("the JSON is nested too deeply") from None
    except (msgspec.MsgspecError, ValueError) as error:
        raise DocumentError(f"no valid JSON ({type(error).__name__})") from None


def _trusted(content: bytes, *, whole: bool) -> Any:
    document = msgspec.json.decode(content)
    if _has_a_name_twice(content, document):
        raise DocumentError("the JSON has a name twice in one object")
    if type(document) in {int, float} and not whole and content[-1:].isdigit():
        raise DocumentError("a bare number, and nothing says that it is whole")
    return document


def _has_a_name_twice(content: bytes, document: Any) -> bool:
    """Return whether *document* lost a part of *content*: the reader keeps one of two equal names.

    Each member has a colon, in the original text and in the document written anew. Colons inside texts are
    the same in both, once they are not escaped. So the counts differ by the lost members.
    """
    if len(content) > _LARGE:
        colons = sum(map(_colons, _pieces(document)))
    else:
        written = msgspec.json.encode(document)
        if written == content:
            return False  # as most are: their colons need not be counted
        colons = written.count(b":")
    return content.count(b":") + _escaped_colons(content) != colons


def _escaped_colons(content: bytes) -> int:
    if b"\\u003" not in content:
        return 0
    # A backslash that is escaped begins no escape. Of a row of them, each two are one.
    content = content.replace(b"\\\\", b"")
    return content.count(b"\\u003a") + content.count(b"\\u003A")


def _pieces(document: Any) -> Iterator[Any]:
    """Yield values that together have the members of *document*: a long list is split.

    Otherwise a large document would be in memory together with its text and the new copy.
    """
    values = [
        document
    ]  # no recursion: each piece of a deep document would pass through all its levels
    while values:
        value = values.pop()
        if isinstance(value, dict) and len(value) <= _FEW:
            yield dict.fromkeys(value)
            values += value.values()
        elif isinstance(value, list):
            for start in range(0, len(value), _MANY):
                yield value[start : start + _MANY]
        else:
            yield value


def _colons(value: Any) -> int:
    return msgspec.json.encode(value).count(b":")
