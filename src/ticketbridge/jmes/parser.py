"""Parse a text to a tree: jmespath's lexer and parser, with places, limits, and errors that they let pass."""

from __future__ import annotations

import contextlib
import json
import math
import re
from typing import Any, NoReturn

import jmespath.lexer
import jmespath.parser
from jmespath.exceptions import ParseError

from ticketbridge.jmes.builder import MAX_DEPTH, build_tree
from ticketbridge.jmes.errors import ExpressionError
from ticketbridge.jmes.nodes import Node
from ticketbridge.jmes.repairs import repair_of

_MAX_TEXT = 16_384
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_Lexer: Any = jmespath.lexer.Lexer
_Parser: Any = jmespath.parser.Parser


def parse(text: str, *, strict: bool) -> Node:
    """Return the tree of *text*. Raises ExpressionError if it is no expression.

    If *strict*, mistakes that jmespath lets pass are errors too: a missing or a trailing comma, a
    literal that is no JSON, a doubled number in a slice.
    """
    if len(text) > _MAX_TEXT:
        raise ExpressionError(text, 1, f"longer than {_MAX_TEXT} characters")
    if not text.strip():
        raise ExpressionError(text, 1, "the expression is empty")
    try:
        return build_tree(text, _PlacedParser(text, strict=strict).tree())
    except ParseError as error:
        raise _parse_error(text, error) from error
    except (ValueError, IndexError) as error:
        raise ExpressionError(text, 1, "this is no JMESPath expression") from error


class _PlacedLexer(_Lexer):  # type: ignore[misc]  # the stubs leave out the methods to override
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
        except ValueError:
            return self._unquoted(start, lexeme)
        _check_literal(self._expression, start, value, finite=self._strict)
        return value

    def _unquoted(self, start: int, lexeme: str) -> Any:
        # Before JEP-12 a literal that is no JSON was a string, and jmespath still reads it so.
        word = lexeme.strip()
        hint = f"write '{word}' for a string" if word.isidentifier() else ""
        if not self._strict:
            with contextlib.suppress(ValueError):
                return json.loads(f'"{lexeme.lstrip()}"')
        raise ExpressionError(self._expression, start + 1, "a literal must be JSON", hint)


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


class _PlacedParser(_Parser):  # type: ignore[misc]  # the stubs leave out the methods to override
    """jmespath's parser. Each node gets a `start`, the offset of its first token.

    The names of its methods are jmespath's, which finds them by the kind of the token.
    """

    def __init__(self, text: str, *, strict: bool) -> None:
        super().__init__()
        self._text = text
        self._strict = strict
        self._depth = 0

    def tree(self) -> dict[str, Any]:
        # jmespath's own way in keeps a cache for all parsers of the process.
        self._tokens = list(_PlacedLexer(strict=self._strict).tokenize(self._text))
        self._index = 0
        tree: dict[str, Any] = self._expression()
        if self._current_token() != "eof":
            self._unexpected(self._lookahead_token(0))
        return tree

    def _expression(self, binding_power: int = 0) -> dict[str, Any]:
        token = self._lookahead_token(0)
        self._depth += 1
        if self._depth > MAX_DEPTH:
            self._refuse(token, f"nested more than {MAX_DEPTH} levels deep")
        self._advance()
        nud: Any = getattr(self, f"_token_nud_{token['type']}", self._error_nud_token)
        left: dict[str, Any] = nud(token)
        left.setdefault("start", token["start"])
        while binding_power < self.BINDING_POWER[self._current_token()]:
            left = self._next_operator(left)
            left.setdefault("start", token["start"])
        self._depth -= 1
        return left

    def _next_operator(self, left: dict[str, Any]) -> dict[str, Any]:
        token = self._lookahead_token(0)
        led: Any = getattr(self, f"_token_led_{token['type']}", None)
        if led is None:
            self._unexpected(token)
        self._advance()
        node: dict[str, Any] = led(left)
        return node

    def _token_nud_quoted_identifier(self, token: dict[str, Any]) -> dict[str, Any]:
        if self._current_token() == "lparen":
            self._refuse(token, "the name of a function is not quoted")
        return {"type": "field", "children": [], "value": token["value"]}

    def _token_led_lparen(self, left: dict[str, Any]) -> dict[str, Any]:
        name = self._lookahead_token(-2)
        if left["type"] != "field" or (self._strict and name["type"] != "unquoted_identifier"):
            self._refuse(name, "what stands before ( is no name of a function")
        arguments: list[dict[str, Any]] = []
        while self._current_token() != "rparen":
            arguments.append(self._expression())
            self._separator("rparen", "argument", may_end=not self._strict)
        self._advance()
        return {"type": "function_expression", "children": arguments, "value": left["value"]}

    def _separator(self, closing: str, what: str, *, may_end: bool) -> None:
        """Read a comma, unless the list ends here. *may_end*: it may also end after a comma."""
        if self._current_token() == "comma":
            comma = self._lookahead_token(0)
            self._advance()
            if not may_end and self._current_token() == closing:
                self._refuse(comma, f"no {what} follows this comma")
        elif self._strict and self._current_token() not in {closing, "eof"}:
            self._unexpected(self._lookahead_token(0), "a comma is missing before it")

    def _parse_multi_select_hash(self) -> dict[str, Any]:
        pairs: list[dict[str, Any]] = []
        while not pairs or self._current_token() != "rbrace":
            key = self._lookahead_token(0)
            self._match_multiple_tokens(["quoted_identifier", "unquoted_identifier"])
            self._match("colon")
            value = self._expression()
            pairs.append({"type": "key_val_pair", "children": [value], "value": key["value"]})
            self._separator("rbrace", "pair", may_end=False)
        self._advance()
        return {"type": "multi_select_dict", "children": pairs}

    def _parse_slice_expression(self) -> dict[str, Any]:
        at = self._index
        start = self._tokens[at - 1]["start"]
        while self._strict and self._tokens[at]["type"] in {"number", "colon"}:
            if self._tokens[at]["type"] == self._tokens[at + 1]["type"] == "number":
                self._unexpected(self._tokens[at + 1])
            at += 1
        node: dict[str, Any] = super()._parse_slice_expression()
        node["start"] = start
        return node

    def _error_nud_token(self, token: dict[str, Any]) -> NoReturn:
        if token["type"] == "number":
            number = _NUMBER.match(self._text, token["start"])
            self._unexpected(token, f"write `{number[0]}` in backticks" if number else "")
        self._unexpected(token)

    def _raise_parse_error_for_token(self, token: dict[str, Any], reason: str) -> NoReturn:
        del reason  # it names jmespath's own kinds of tokens
        self._unexpected(token)

    def _raise_parse_error_maybe_eof(self, expected: Any, token: dict[str, Any]) -> NoReturn:
        del expected
        self._unexpected(token)

    def _unexpected(self, token: dict[str, Any], hint: str = "") -> NoReturn:
        if token["type"] == "eof":
            raise ExpressionError(self._text, token["start"] + 1, "the expression ends too early")
        shown = "literal" if token["type"] == "literal" else f"{token['value']}"
        meant = repair_of(self._text, token["start"])
        self._refuse(token, f"unexpected {shown}", meant or hint)

    def _refuse(self, token: dict[str, Any], reason: str, hint: str = "") -> NoReturn:
        raise ExpressionError(self._text, token["start"] + 1, reason, hint)


def _parse_error(text: str, error: ParseError) -> ExpressionError:
    reason = getattr(error, "message", None) or "this is no JMESPath expression"
    hint = "" if reason.startswith("Unclosed") else repair_of(text, error.lex_position)
    if reason.startswith("Unclosed '") and text.count("'") > 1:
        hint = "inside of a text write \\' for the quote itself"
    return ExpressionError(text, error.lex_position + 1, reason, hint)
