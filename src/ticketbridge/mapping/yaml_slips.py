"""Explain YAML's syntax errors to the person who wrote the file.

PyYAML says what its scanner expected. A person wants to know which mistake it is, and where it began.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

SPACELESS = re.compile(r"\s*(?:- )?(?P<key>[\w-]+):\S.*")
FLOW = frozenset({"while parsing a flow sequence", "while parsing a flow mapping"})
QUOTE_IT = "quote this expression"
_LAST_VALUE = re.compile(r".*[{,\[ ](?P<key>[\w-]+): (?P<value>[^\s\"'{\[][^{}]*)")
_INDEX = frozenset("[({?")


@dataclass(frozen=True, slots=True)
class Spot:
    """A line and a column, both counted from 0."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Slip:
    """A syntax error as the parser reports it.

    *closed_from* and *closed_at* are the beginning and the end of the quoted text just before, if
    there is one.
    """

    problem: str
    context: str
    spot: Spot
    context_spot: Spot | None
    lines: Sequence[str]
    closed_from: Spot | None
    closed_at: Spot | None


@dataclass(frozen=True, slots=True)
class Explanation:
    """A mistake in one sentence, its place, and what would be right."""

    spot: Spot
    message: str
    suggestion: str = ""


def explain(slip: Slip) -> Explanation:
    """Return the mistake that is behind the parser's error."""
    found = (explainer(slip) for explainer in EXPLAINERS)
    fallback = Explanation(slip.spot, f"this is not YAML: {slip.problem}")
    return next((explanation for explanation in found if explanation), fallback)


def _no_token(slip: Slip) -> Explanation | None:
    if "cannot start any token" not in slip.problem:
        return None
    if r"'\t'" in slip.problem:
        return Explanation(slip.spot, "a tab stands here", "YAML is indented with spaces only")
    character = slip.lines[slip.spot.line][slip.spot.column]
    return Explanation(slip.spot, f'a plain text cannot begin with "{character}"', QUOTE_IT)


def _open_quote(slip: Slip) -> Explanation | None:
    if slip.context != "while scanning a quoted scalar" or slip.context_spot is None:
        return None
    return Explanation(slip.context_spot, "the quote that opens here is never closed", "close it")


def _expression_in_flow(slip: Slip) -> Explanation | None:
    """Explain an expression that YAML ends too early.

    In brackets, a plain text has no comma and no bracket.
    """
    if slip.context not in FLOW:
        return None
    line, column = slip.lines[slip.spot.line], slip.spot.column
    found = _LAST_VALUE.fullmatch(line[:column])
    if found is None:
        return None
    is_cut = found["value"].count("(") > found["value"].count(")")
    if not is_cut and line[column : column + 1] not in _INDEX:
        return None
    return Explanation(Spot(slip.spot.line, found.start("value")), *cut_in_flow(found["key"]))


def cut_in_flow(key: str) -> tuple[str, str]:
    """Return message and suggestion for the value of *key*, an expression that YAML's own brackets cut."""
    message = "between brackets of YAML's, a comma, a bracket or a `?` ends a text without quotes"
    return message, f'quote this expression: {key}: "..."'


def _open_bracket(slip: Slip) -> Explanation | None:
    if slip.context not in FLOW or slip.context_spot is None:
        return None
    opening = slip.lines[slip.context_spot.line][slip.context_spot.column]
    suggestion = f"an expression or a text that begins with `{opening}` needs quotes"
    if slip.context_spot.line == slip.spot.line:
        message = f"a comma or the end of the `{opening}` is missing here"
        return Explanation(slip.spot, message, suggestion)
    message = f"the `{opening}` that opens here is not closed, or a comma is missing behind it"
    return Explanation(slip.context_spot, message, suggestion)


def _no_content(slip: Slip) -> Explanation | None:
    if not slip.problem.startswith("expected the node content"):
        return None
    return Explanation(slip.spot, "a value is missing here", "check the brackets and commas")


def _no_colon(slip: Slip) -> Explanation | None:
    if slip.context != "while scanning a simple key" or slip.context_spot is None:
        return None
    spot = slip.context_spot
    return _missing_space(spot, slip.lines[spot.line]) or Explanation(
        spot, "a key without its value: `: ` is missing", "write `key: value`"
    )


def _missing_space(spot: Spot, line: str) -> Explanation | None:
    match = SPACELESS.fullmatch(line)
    if match is None:
        return None
    message = f"a space is missing after `{match['key']}:`"
    return Explanation(spot, message, f"write `{match['key']}: ...`")


def _second_colon(slip: Slip) -> Explanation | None:
    if slip.problem != "mapping values are not allowed here":
        return None
    line, column = slip.spot.line, slip.spot.column
    if ": " in slip.lines[line][:column]:
        message = "a second `: ` stands in this line"
        return Explanation(slip.spot, message, "quote the value, or begin a new line")
    above = slip.lines[line - 1] if line else ""
    start = Spot(line - 1, len(above) - len(above.lstrip()))
    return _missing_space(start, above) or Explanation(
        slip.spot, "no key is legal here", "check the indentation of this line and the one above"
    )


def _after_the_end(slip: Slip) -> Explanation | None:
    """Explain text after a closing quote, bracket or brace, or a quote that closes too late."""
    if "expected <block end>, but found '<scalar>'" not in slip.problem:
        return None
    if slip.closed_from and slip.closed_at and slip.closed_from.line != slip.closed_at.line:
        message = f"the quote that opens here closes only on line {slip.closed_at.line + 1}"
        return Explanation(slip.closed_from, message, "close it where the text ends")
    message = "more text stands after the end of the value"
    return Explanation(slip.spot, message, "quote the whole value")


def _indentation(slip: Slip) -> Explanation | None:
    if "expected <block end>" not in slip.problem and "<document start>" not in slip.problem:
        return None
    message = "this line does not belong to what stands above"
    return Explanation(slip.spot, message, "indent it as its neighbours are")


def _reference(slip: Slip) -> Explanation | None:
    words = {"while scanning an alias": "*", "while scanning an anchor": "&"}
    sign = words.get(slip.context, "")
    if "tag" in slip.context or "tag handle" in slip.problem:
        sign = "!"
    if not sign:
        return None
    spot = slip.context_spot or slip.spot
    return Explanation(spot, f'a plain text cannot begin with "{sign}"', QUOTE_IT)


def _in_a_scalar(slip: Slip) -> Explanation | None:
    if slip.context == "while scanning a double-quoted scalar":
        message = "a backslash in double quotes begins an escape, and this is none"
        return Explanation(slip.spot, message, "use single quotes, or write `\\\\` for a backslash")
    if slip.context == "while scanning a block scalar":
        return Explanation(slip.spot, "`|` and `>` begin a text on the lines below", QUOTE_IT)
    return None


EXPLAINERS: tuple[Callable[[Slip], Explanation | None], ...] = (
    _no_token,
    _open_quote,
    _expression_in_flow,
    _open_bracket,
    _no_content,
    _no_colon,
    _second_colon,
    _after_the_end,
    _indentation,
    _reference,
    _in_a_scalar,
)
