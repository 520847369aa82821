"""Warn about expressions that are legal, but mean something else than in other languages."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from ticketbridge.jmes import nodes
from ticketbridge.jmes.analysis import walk
from ticketbridge.jmes.arguments import swap_arguments
from ticketbridge.jmes.functions import FUNCTIONS
from ticketbridge.jmes.values import truthy
from ticketbridge.jmes.writing import text_of
from ticketbridge.mapping.findings import Finding
from ticketbridge.mapping.spec import ExpressionSpec, MappingSpec, expressions_in
from ticketbridge.workbench.check.trees import is_literal, make_doubt_in, read_tree

_REGEX_FUNCTIONS = frozenset({"matches", "extract"})
# Before a letter, `\n` and `\t` may well be a backslash: of C:\new, and of a name of a domain.
_ESCAPE = re.compile(
    r"\\(?:[nrt](?!\w)|u[0-9A-Fa-f]{4}|x[0-9A-Fa-f]{2}|\")|(?<=\w)\\\\(?=\w)|\A\\\\\Z"
)
# The text to work on comes first in all of these.
_SUBJECT_FIRST = frozenset(
    {"split", "replace", "starts_with", "ends_with", "matches", "extract", "default", "null_if"}
)
_WORD = re.compile(r"[^\W\d_]{2,}")
_PLAIN = re.compile(r"[A-Za-z_]\w*", re.ASCII)


def doubt_habits(spec: MappingSpec) -> Iterator[Finding]:
    """Yield the doubts about each expression, in templates too."""
    for expression in expressions_in(spec):
        tree = read_tree(expression)
        yield from _doubt_escapes(expression, tree)
        for node in walk(tree):
            match node:
                case nodes.Call():
                    yield from _doubt_swapped(expression, node)
                    yield from _doubt_key(expression, node)
                case nodes.Either():
                    yield from _doubt_never_taken(expression, node)
                case nodes.Comparison():
                    yield from _doubt_words(expression, node)
                case _:
                    continue


def _doubt_escapes(spec: ExpressionSpec, tree: nodes.Node) -> Iterator[Finding]:
    """Yield a warning at each text with a backslash that was meant as an escape; in a regex it is one."""
    regexes = {
        id(part)
        for node in walk(tree)
        if isinstance(node, nodes.Call) and node.name in _REGEX_FUNCTIONS
        for part in walk(node.arguments[1])
    }
    for node in walk(tree):
        text = node.value if isinstance(node, nodes.Constant) else None
        raw = spec.text.startswith("'", node.start) and id(node) not in regexes
        if raw and isinstance(text, str) and _ESCAPE.search(text):
            message = "the backslash stays in this text: in single quotes only \\' is an escape"
            yield make_doubt_in(spec, node, "TB212", message, _suggest_escapes(text))


def _suggest_escapes(text: str) -> str:
    escaped = text.replace('"', '\\"') if '\\"' not in text else text
    try:
        literal = json.dumps(json.loads(f'"{escaped}"'), ensure_ascii=False)
    except ValueError:
        return 'write the text as JSON, in backticks: `"..."`'
    return f"as JSON, in backticks, it has escapes: `{literal}`"


def _doubt_swapped(spec: ExpressionSpec, call: nodes.Call) -> Iterator[Finding]:
    """Yield a doubt at a call whose first argument is a literal and whose second is not."""
    if len(call.arguments) < 2:
        return
    first, second = call.arguments[:2]
    if (
        not isinstance(first, nodes.Constant)
        or is_literal(second)
        or not _comes_second(call, first)
    ):
        return
    message = f"`{call.name}` works on its first argument, and that is always the same here"
    hint = swap_arguments(FUNCTIONS[call.name], call)
    yield make_doubt_in(spec, call, "TB213", message, hint)


def _doubt_key(spec: ExpressionSpec, call: nodes.Call) -> Iterator[Finding]:
    """Yield a warning at the key of a signature that stands in the file."""
    key = call.arguments[1] if call.name == "hmac" else None
    if isinstance(key, nodes.Constant):
        message = "the key of hmac() is a credential in clear"
        hint = "sign by `auth: {type: signature}`: a key from a variable stands under its `secrets`"
        yield make_doubt_in(spec, key, "TB053", message, hint)


def _comes_second(call: nodes.Call, first: nodes.Constant) -> bool:
    """Whether the function takes such a literal as its second argument."""
    text = first.value if isinstance(first.value, str) else ""
    match call.name:
        case "contains":
            return _WORD.fullmatch(text) is not None
        case "date":
            return "%" in text
        case name:
            return name in _SUBJECT_FIRST


def _doubt_never_taken(spec: ExpressionSpec, node: nodes.Either) -> Iterator[Finding]:
    """Yield a warning at the part after a literal in `a 'x' b`, which is ignored."""
    for choice, behind in zip(node.choices, node.choices[1:], strict=False):
        if isinstance(choice, nodes.Constant) and truthy(choice.value):
            joined = text_of(nodes.ListOf(node.start, node.choices))
            hint = f"to join texts write join('', {joined})"
            message = "this is never used: the text before it is never null or false"
            yield make_doubt_in(spec, behind, "TB215", message, hint)
            return


def _doubt_words(spec: ExpressionSpec, node: nodes.Comparison) -> Iterator[Finding]:
    """Yield a warning at a compared key name that was probably meant as a text."""
    for side, other in ((node.left, node.right), (node.right, node.left)):
        if isinstance(side, nodes.Field) and not isinstance(other, nodes.Constant):
            quoted = spec.text.startswith('"', side.start) and _PLAIN.fullmatch(side.name)
            shouted = _WORD.fullmatch(side.name) and side.name.isupper() and side is node.right
            if quoted or (shouted and not text_of(other).isupper()):
                message = f"this is the value of a key {side.name}, and no text"
                yield make_doubt_in(spec, side, "TB214", message, f"write '{side.name}' for a text")
                return
