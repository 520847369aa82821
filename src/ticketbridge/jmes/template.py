"""Request strings: text with `{expression}` holes, each escaped for the place where it stands."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, TypeAlias
from urllib.parse import quote, unquote

from ticketbridge.formats import DocumentError, xml_text
from ticketbridge.jmes.errors import (
    EvaluationError,
    ExpressionError,
    Fault,
    describe,
    foreign_reason,
)
from ticketbridge.jmes.expression import Expression
from ticketbridge.jmes.functions.quoting import bare_apostrophes, open_quotes, style_of
from ticketbridge.jmes.jsontext import number_text

TemplateKind: TypeAlias = Literal["path", "query", "form", "header", "json", "xml", "text"]

LONGEST = 8_000
"""The most characters of a URL or of a header's value: servers accept some 8 KB, and cut or refuse more."""
_LONGEST_TEXT = 1_000_000  # characters that a hole may give for a body

VARIABLE = re.compile(r"\$\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>[^{}]*))?\}")
"""`${NAME}` or `${NAME:-default}`."""
_PLAIN_TEXT = re.compile(r"(?:[^{}$]|\{\{|\}\}|\$(?!\{))+", re.DOTALL)
_HEX_PAIR = re.compile(r"(%[0-9A-Fa-f]{2})")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_SURROGATE = re.compile("[\ud800-\udfff]")
_PATH_SAFE = "/:@!$&'()*+,;=-._~"
_ESCAPES = {code: quote(chr(code), safe="") for code in range(128)}
_QUOTES = "'\"`"
_BESIDE = (
    "write ${NAME} outside of the braces; to sign with a secret, see `auth: {type: signature}`"
)


@dataclass(frozen=True, slots=True)
class TextPart:
    """Literal text; `{{` and `}}` are single braces already."""

    text: str


@dataclass(frozen=True, slots=True)
class VariablePart:
    """`${NAME}` or `${NAME:-default}`. *offset* is the place of its `$` in the template."""

    name: str
    default: str | None
    offset: int


@dataclass(frozen=True, slots=True)
class HolePart:
    """`{expression}`. *offset* is the place of the expression's first character in the template."""

    text: str
    offset: int


Part: TypeAlias = TextPart | VariablePart | HolePart


def split_template(text: str) -> tuple[Part, ...]:
    """Return the parts of a request string. Raises ExpressionError if a hole or a variable is wrong."""
    parts: list[Part] = []
    at = 0
    while at < len(text):
        part, at = _next_part(text, at)
        parts.append(part)
    return tuple(parts)


def _next_part(text: str, at: int) -> tuple[Part, int]:
    plain = _PLAIN_TEXT.match(text, at)
    if plain:
        return TextPart(plain[0].replace("{{", "{").replace("}}", "}")), plain.end()
    if text[at] == "$":
        return _variable(text, at)
    if text[at] == "{":
        return _hole(text, at)
    raise ExpressionError(text, at + 1, "a } without its {", "write }} for the character itself")


def _variable(text: str, at: int) -> tuple[Part, int]:
    found = VARIABLE.match(text, at)
    if found is None:
        raise ExpressionError(
            text, at + 1, "no variable of the environment", "write ${NAME} or ${NAME:-default}"
        )
    return VariablePart(found["name"], found["default"], at), found.end()


def _hole(text: str, at: int) -> tuple[Part, int]:
    end = _end_of_hole(text, at)
    inner = text[at + 1 : end]
    shown = inner.strip()
    if not shown:
        raise ExpressionError(text, at + 1, "the hole is empty", "write {{ and }} for braces")
    return HolePart(shown, at + 1 + inner.index(shown)), end + 1


def _end_of_hole(text: str, start: int) -> int:
    """Return the offset of the first `}` that completes an expression.

    It is the first one outside quotes that has no `{` of its own. Before an earlier one a quote or a
    brace is open, and before a later one the braces are not balanced.
    """
    at, depth = start + 1, 0
    while at < len(text):
        character = text[at]
        if text.startswith("${", at):
            raise ExpressionError(text, at + 1, "a hole has no ${...} in it", _BESIDE)
        if character in _QUOTES:
            at = _end_of_quote(text, at)
        elif character == "}" and not depth:
            return at
        else:
            depth += (character == "{") - (character == "}")
        at += 1
    raise ExpressionError(text, start + 1, "the hole is not closed", "write {{ for a brace")


def _end_of_quote(text: str, start: int) -> int:
    at = start + 1
    while at < len(text) and text[at] != text[start]:
        if text.startswith("${", at):
            raise ExpressionError(text, at + 1, "a hole has no ${...} in it", _BESIDE)
        at += 2 if text[at] == "\\" else 1
    return at


@dataclass(frozen=True, slots=True, eq=False)
class Template:
    """A compiled request string; call it with the values of the roots, by name.

    *names* are the roots that its holes use. If the template is one hole and nothing else, *single*
    is the expression of that hole.
    """

    kind: TemplateKind
    place: str
    names: frozenset[str]
    single: Expression | None
    _parts: tuple[str | Expression, ...]
    _whole: str | None

    def __call__(self, scope: Mapping[str, Any]) -> str:
        """Return the text with its holes filled. Raises EvaluationError if a value cannot stand there."""
        if self._whole is not None:
            return self._whole
        text = "".join(
            [part if isinstance(part, str) else self._fill(part, scope) for part in self._parts]
        )
        try:
            _RULES[self.kind].finish(text)
        except Fault as fault:
            shown = " ".join(part.text for part in self._parts if isinstance(part, Expression))
            raise EvaluationError(fault.reason, shown, self.place) from fault
        return text

    def segments_of(self, root: str) -> frozenset[int]:
        """Return the positions of the path's segments that holes with *root* make.

        The path is split at its slashes.
        """
        positions: set[int] = set()
        at = 0
        for part in self._parts:
            if isinstance(part, str):
                at += part.count("/")
            elif root in part.names:
                positions.add(at)
        return frozenset(positions)

    def _fill(self, hole: Expression, scope: Mapping[str, Any]) -> str:
        value = hole(scope)
        rules = _RULES[self.kind]
        try:
            return rules.escape(_as_text(value, rules.most))
        except Fault as fault:
            reason = fault.reason
        except Exception as error:  # noqa: BLE001 - whatever it is, it cannot stand there
            reason = foreign_reason(error)
        raise EvaluationError(reason, hole.text, hole.place or self.place)


def compile_template(
    parts: Sequence[str | Expression], *, kind: TemplateKind, place: str = ""
) -> Template:
    """Return the template of *parts*: literal text, variables already resolved, and holes.

    Raises ExpressionError if the literal text cannot stand there.
    """
    literal = [part if isinstance(part, str) else "x" for part in parts]
    rules = _RULES[kind]
    try:
        ready = [
            rules.literal(part) if isinstance(part, str) else part for part in _in_quotes(parts)
        ]
        rules.finish("".join(map(rules.literal, literal)))
    except (Fault, UnicodeError) as error:
        reason = error.reason if isinstance(error, Fault) else "the text has a lone surrogate"
        raise ExpressionError("".join(literal), 1, reason) from None
    holes = [part for part in parts if isinstance(part, Expression)]
    single = holes[0] if len(holes) == 1 and len([part for part in parts if part]) == 1 else None
    names = frozenset[str]().union(*(hole.names for hole in holes))
    # Without holes the text is what was checked above: nothing is left to do.
    whole = None if holes else "".join(part for part in ready if isinstance(part, str))
    return Template(kind, place, names, single, tuple(ready), whole)


def escape_variable(text: str, kind: TemplateKind) -> str:
    """Return the value of a variable as literal text of a template. It cannot change the structure.

    Raises ExpressionError if it cannot stand there. Only XML is escaped here; other kinds are escaped
    later, with the text around it.
    """
    try:
        return xml_text.escape(text) if kind == "xml" else text
    except DocumentError as error:
        raise ExpressionError("", 1, f"a variable holds {error}") from None


def _in_quotes(parts: Sequence[str | Expression]) -> Iterator[str | Expression]:
    """Yield *parts*. A hole of `quoted(..., 'backslash')` between double quotes leaves apostrophes bare."""
    before = ""
    for part in parts:
        if isinstance(part, str):
            before += part
            yield part
            continue
        bare = style_of(part.tree) == "backslash" and open_quotes(before) == '"'
        yield part.then(bare_apostrophes) if bare else part
        before += "x"


def _as_text(value: Any, most: int) -> str:
    """Return *value* as a text of at most *most* characters. Raises Fault if it is none."""
    if type(value) is str:
        text = value
    elif type(value) is bool:
        text = "true" if value else "false"
    elif value is None or isinstance(value, list | dict):
        raise Fault(f"a hole gives {describe(value)}, and needs a text, a number or a boolean")
    else:
        text = number_text(value)
    if not text:
        raise Fault("a hole gives an empty string")
    if len(text) > most:
        raise Fault(f"a hole gives a text of more than {most} characters")
    return text


def _escape_all(text: str) -> str:
    return text.translate(_ESCAPES) if text.isascii() else quote(text, safe="")


def _escape_path(text: str) -> str:
    pieces = _HEX_PAIR.split(text)
    return "".join(
        piece if at % 2 else quote(piece, safe=_PATH_SAFE) for at, piece in enumerate(pieces)
    )


def _as_is(text: str) -> str:
    return text


def _escape_xml(text: str) -> str:
    try:
        return xml_text.escape(text)
    except DocumentError as error:
        raise Fault(f"a hole gives {error}") from None


def has_dot_segment(path: str) -> bool:
    """Return whether a segment of *path*, decoded, is `.` or `..`."""
    return not {".", ".."}.isdisjoint(re.split(r"[/\\]", unquote(path)))


def _check_path(text: str) -> None:
    if has_dot_segment(text):
        raise Fault("the path has a segment that is . or ..")


def _check_header(text: str) -> None:
    if len(text) > LONGEST:
        raise Fault(f"a header must not have more than {LONGEST} characters")
    if _CONTROL.search(text):
        raise Fault("a header must not have control characters or lone surrogates")


def _check_text(text: str) -> None:
    if _SURROGATE.search(text):
        raise Fault("a text must not have lone surrogates")


def _no_check(text: str) -> None:
    del text


class _Rules(NamedTuple):
    """What a kind of template does with texts."""

    most: int
    """The most characters that a hole may give."""
    escape: Callable[[str], str]
    """Escapes what a hole gives."""
    literal: Callable[[str], str]
    """Escapes the text around the holes."""
    finish: Callable[[str], None]
    """Raises Fault if the whole text cannot stand there."""


_RULES: dict[TemplateKind, _Rules] = {
    "path": _Rules(LONGEST, _escape_all, _escape_path, _check_path),
    "query": _Rules(LONGEST, _escape_all, _escape_all, _no_check),
    "form": _Rules(_LONGEST_TEXT, _escape_all, _escape_all, _no_check),
    "header": _Rules(LONGEST, _as_is, _as_is, _check_header),
    "json": _Rules(_LONGEST_TEXT, _as_is, _as_is, _check_text),  # what writes the JSON escapes it
    "xml": _Rules(_LONGEST_TEXT, _escape_xml, _as_is, _check_text),
    "text": _Rules(_LONGEST_TEXT, _as_is, _as_is, _check_text),
}
