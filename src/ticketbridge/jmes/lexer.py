"""The tokens of an expression: jmespath's lexer, with literals that are read as JSON says."""

from __future__ import annotations

import json
import math
from typing import Any

import jmespath.lexer

from ticketbridge.jmes.errors import ExpressionError

MAX_TEXT = 16_384
MAX_DEPTH = 100

_Lexer: Any = jmespath.lexer.Lexer


class PlacedLexer(_Lexer):  # type: ignore[misc]  # the stubs leave out the methods to override
    """jmespath's lexer without its warning. If *strict*, a literal must be JSON."""

    def __init__(self, *, strict: bool) -> None:
        self._strict = strict

    def _consume_literal(self) -> dict[str, Any]:
        start = self._position
        lexeme = self._consume_until("`").replace("\\`", "`")
        value = self._literal(start, lexeme)
        return {"type": "literal", "value": value, "start": start, "end": self._position}

    def _literal(self, start: int, lexeme: str) -> Any:
        try:
            value = json.loads(lexeme)
        except ValueError as error:
            return self._unquoted(start, lexeme, error)
        _check_literal(self._expression, start, value, finite=self._strict)
        return value

    def _unquoted(self, start: int, lexeme: str, error: ValueError) -> Any:
        # Before JEP-12 a literal that is no JSON was a string, and jmespath still reads it so.
        word = lexeme.strip()
        hint = f"write '{word}' for a string" if word.isidentifier() else ""
        if self._strict:
            raise ExpressionError(self._expression, start + 1, "a literal must be JSON", hint)
        try:
            return json.loads(f'"{lexeme.lstrip()}"')
        except ValueError:
            raise ExpressionError(
                self._expression, start + 1, "a literal must be JSON", hint
            ) from error


def _check_literal(text: str, start: int, value: Any, *, finite: bool) -> None:
    level = [value]
    for _ in range(MAX_DEPTH):
        if finite and any(isinstance(x, float) and not math.isfinite(x) for x in level):
            raise ExpressionError(
                text,
                start + 1,
                "JSON has no NaN and no infinite numbers",
                "write 'NaN' for a string",
            )
        level = [inner for outer in level for inner in _children(outer)]
        if not level:
            return
    raise ExpressionError(text, start + 1, f"nested more than {MAX_DEPTH} levels deep")


def _children(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []
