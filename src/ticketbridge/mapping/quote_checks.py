"""Find values in requests that could end the quoted text of a query, and so change the query."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import islice
from typing import Any, TypeAlias

from ticketbridge.jmes import ExpressionError, nodes
from ticketbridge.jmes.analysis import asked, choices, walk
from ticketbridge.jmes.functions.quoting import PROTECTED, QUOTED, open_quotes, style_of
from ticketbridge.jmes.outcomes import outcomes
from ticketbridge.jmes.parser import parse
from ticketbridge.jmes.writing import text_of
from ticketbridge.mapping.findings import Finding, Severity
from ticketbridge.mapping.spec import (
    BindingSpec,
    EntrySpec,
    ExpressionSpec,
    FormBodySpec,
    GraphqlBodySpec,
    JsonBodySpec,
    MappingSpec,
    RequestSpec,
    Secret,
    SessionAuthSpec,
    TemplateSpec,
    TextBodySpec,
    XmlBodySpec,
)
from ticketbridge.mapping.spec_compiler import SpecCompiler
from ticketbridge.mapping.xml_bodies import texts_of

_QUOTES = "'\"`"
_NOTHING = nodes.Constant(0, None)
_NO_TEXT = frozenset({int, float, Decimal, bool, type(None)})
_SAFE_TEXTS = frozenset({"date", "now"})
# What they give has as many quotes as what they are given, and escapes stay where they are.
_KEEPING = frozenset({"lower", "upper", "to_string"})
_MOST_PARTS = 1000  # of one text, in which each name may stand for many more
_MOST_DEPTH = 8
_ALONE = frozenset({"lucene", "xml"})
"""Styles that also work for texts without quotes around them."""
_MARKUP = re.compile(r"</|/>|<\?xml")
"""Text that every XML document has."""
_COUNTS = frozenset({"number", "offset"})
_SEARCHES = re.compile(
    r"q|s|.*(?:query|search|filter|where|expression|criteria|conditions?|formula|jql|sql)",
    re.IGNORECASE,
)
_COMPARES = re.compile(
    r"(?:[:=~<>(]|\b(?:eq|ne|is|in|like|contains|matches))[ \t\n]*\Z", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class _Value:
    """A part of a text that an expression gives. It is *node* of *spec*, reached over *depth* bindings."""

    spec: ExpressionSpec
    node: nodes.Node
    depth: int = 0

    def at(self, node: nodes.Node) -> _Value:
        """Return the value that another *node* of the same expression gives."""
        return replace(self, node=node)


@dataclass(frozen=True, slots=True)
class _Variable:
    """A part of a text that comes from the environment."""

    text: str


_Part: TypeAlias = str | _Variable | _Value
_Slip: TypeAlias = tuple[_Value, str, str]
"""A value that may end its text, the message, and the suggestion."""


def check_quoting(spec: MappingSpec, compiler: SpecCompiler) -> None:
    """Report each value that could end the quoted text of a query, unless `quoted(...)` gives it.

    Without `ticket.owner` only the request decides whose tickets come: then it is an error, else a warning.
    """
    texts = _Texts(spec.source)
    severity: Severity = "error" if spec.ticket.owner is None else "warning"
    for finding in dict.fromkeys(_findings(spec, texts, severity)):
        compiler.findings.append(finding)


def _findings(spec: MappingSpec, texts: _Texts, severity: Severity) -> Iterator[Finding]:
    for request in _requests(spec):
        for name, template in _templates(request):
            parts = list(texts.of_template(template))
            slips = [*_unquoted(parts), *texts.built_within(parts)]
            for value, message, hint in slips:
                yield _finding(value, severity, "TB210", message, hint)
            if not slips and _SEARCHES.fullmatch(name):
                yield from map(_searching, _compared(parts))


def _finding(value: _Value, severity: Severity, code: str, message: str, hint: str) -> Finding:
    return Finding(value.spec.at(value.node.start), severity, code, message, hint)


# --- the texts of requests ------------------------------------------------------------------------


def _requests(spec: MappingSpec) -> Iterator[RequestSpec]:
    auth = spec.upstream.auth
    if isinstance(auth, SessionAuthSpec):
        yield auth.login.request
    yield from (entry.request for entry in spec.source if not isinstance(entry, BindingSpec))


def _templates(request: RequestSpec) -> Iterator[tuple[str, TemplateSpec]]:
    """Yield the texts of a request that may be in another language, each with the name of its key."""
    yield "", request.path
    yield from _parameters(request.query)
    yield from request.headers.items()
    match request.body:
        case JsonBodySpec(value=value) | GraphqlBodySpec(variables=value):
            yield from _members("", value)
        case FormBodySpec(fields=fields):
            yield from _parameters(fields)
        case XmlBodySpec(template=template):
            yield from texts_of(template)
        case TextBodySpec(template=template):
            yield "", template
        case _:
            return


def _parameters(
    several: Mapping[str, Iterable[TemplateSpec]],
) -> Iterator[tuple[str, TemplateSpec]]:
    yield from ((name, value) for name, values in several.items() for value in values)


def _members(name: str, value: Any) -> Iterator[tuple[str, TemplateSpec]]:
    if isinstance(value, TemplateSpec):
        yield name, value
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _members(key, inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _members(name, inner)


class _Texts:
    """Splits texts into parts: texts of templates, and texts that `join` and `replace` build."""

    def __init__(self, source: Sequence[EntrySpec]) -> None:
        self._bound = {
            entry.name: expression
            for entry in source
            if (expression := _expression_of(entry)) is not None
        }
        self._taken = {
            entry.name
            for entry in source
            if isinstance(entry, BindingSpec) and entry.kind == "take"
        }
        self._trees: dict[ExpressionSpec, nodes.Node] = {}
        self._taken_apart: set[int] = set()

    def of_template(self, template: TemplateSpec) -> Iterator[_Part]:
        """Yield the parts of *template*. A value that an expression builds is replaced by its own parts."""
        for part in template.parts:
            if isinstance(part, ExpressionSpec):
                yield from self._parts(_Value(part, self._tree(part)))
            else:
                yield _Variable(part.reveal()) if isinstance(part, Secret) else part

    def built_within(self, parts: Iterable[_Part]) -> Iterator[_Slip]:
        """Yield the slips in other texts that are built inside the values of *parts*.

        The values are followed to the entries that bind them.
        """
        specs = [part.spec for part in parts if isinstance(part, _Value)]
        for spec in self._with_bound(specs):
            for node in walk(self._tree(spec)):
                built = isinstance(node, nodes.Call) and node.name in {"join", "replace"}
                if built and id(node) not in self._taken_apart:
                    yield from _unquoted(self._parts(_Value(spec, node)), certain=False)

    def _tree(self, spec: ExpressionSpec) -> nodes.Node:
        """Return the syntax tree of *spec*, or that of null after an error, which is reported elsewhere."""
        if spec not in self._trees:
            try:
                self._trees[spec] = parse(spec.text, strict=True)
            except ExpressionError:
                self._trees[spec] = _NOTHING
        return self._trees[spec]

    def _with_bound(self, specs: Iterable[ExpressionSpec]) -> Iterable[ExpressionSpec]:
        """Return *specs*, and the expressions that bind the names in them."""
        found = dict.fromkeys(specs)
        waiting = list(found)
        while waiting:
            for root in asked(self._tree(waiting.pop())):
                spec = self._bound.get(root.name)
                if spec is not None and spec not in found:
                    found[spec] = None
                    waiting.append(spec)
        return found

    def _parts(self, value: _Value) -> list[_Part]:
        return list(islice(self._of(value), _MOST_PARTS))

    def _of(self, value: _Value) -> Iterator[_Part]:
        self._taken_apart.add(id(value.node))
        match value.node:
            case nodes.Constant(value=str(text)):
                yield text
            case nodes.Field(name=name) if name in self._taken and value.depth < _MOST_DEPTH:
                spec = self._bound[name]
                yield from self._of(_Value(spec, self._tree(spec), value.depth + 1))
            case nodes.Call(name=name, arguments=(inner,)) if name in _KEEPING:
                yield from self._of(value.at(inner))
            case nodes.Call(name="join", arguments=(separator, several)):
                yield from self._joined(value, separator, several)
            case nodes.Call(name="replace", arguments=(nodes.Constant(value=str(text)), old, new)):
                yield from self._replaced(value, text, old, new)
            case _:
                yield value

    def _joined(self, value: _Value, separator: nodes.Node, several: nodes.Node) -> Iterator[_Part]:
        for number, node in enumerate(_elements(several)):
            if number:
                yield from self._of(value.at(separator))
            yield from self._of(value.at(node))

    def _replaced(
        self, value: _Value, text: str, old: nodes.Node, new: nodes.Node
    ) -> Iterator[_Part]:
        known = old.value if isinstance(old, nodes.Constant) else None
        for number, piece in enumerate(text.split(known) if known else (text, "")):
            if number:
                yield from self._of(value.at(new))
            yield piece


def _expression_of(entry: EntrySpec) -> ExpressionSpec | None:
    return entry.expression if isinstance(entry, BindingSpec) else entry.result.expression


def _elements(several: nodes.Node) -> Sequence[nodes.Node]:
    """Return the elements of a list, if they are written out.

    Of any other list return one element twice, so that the separator stands between two elements.
    """
    match several:
        case nodes.ListOf():
            return several.items
        case nodes.Call(name="map", arguments=(nodes.Reference(body=body), _)):
            return (body, body)
        case nodes.Projection(each=each) | nodes.ValueProjection(each=each):
            each = each.steps[-1] if isinstance(each, nodes.Chain) else each
            return (each, each)
        case _:
            return (several, several)


# --- what is wrong with them ----------------------------------------------------------------------


def _unquoted(parts: Sequence[_Part], *, certain: bool = True) -> Iterator[_Slip]:
    """Yield the values that could end their text, if it has several *parts*.

    *certain* is true if nothing else stands around the text.
    """
    quoted = any(sign in _text(part) for part in parts for sign in _QUOTES)
    marked = any(_MARKUP.search(_text(part)) for part in parts)
    before = ""
    for part in parts if len([part for part in parts if part]) > 1 else ():
        if isinstance(part, _Value) and marked:
            yield from _unescaped(part)
        elif isinstance(part, _Value):
            yield from _slips(part, open_quotes(before), quoted=quoted, certain=certain)
        certain = certain and not isinstance(part, _Variable)
        before += _text(part)


def _text(part: _Part) -> str:
    if isinstance(part, _Value):
        return "\ufffc"
    return part.text if isinstance(part, _Variable) else part


def _slips(value: _Value, within: str, *, quoted: bool, certain: bool) -> Iterator[_Slip]:
    for node in choices(value.node):
        style = style_of(node)
        left = "".join(sign for sign in within if sign not in PROTECTED.get(style, ""))
        found = value.at(node)
        if style and left:
            message = f"`{style}` does not escape {left[0]}, and this stands between such signs"
            yield found, message, _repair(node, left)
        elif style and style not in _ALONE and certain and not within:
            message = f"this stands between no quotes: `{style}` escapes only what ends such a text"
            yield found, message, "put quotes around the hole"
        elif not style and quoted and not _is_harmless(node):
            yield found, _ENDS, _repair(node, within)


def _unescaped(value: _Value) -> Iterator[_Slip]:
    """Yield the choices of *value* that could end the text or attribute of a document in which it stands."""
    for node in choices(value.node):
        if style_of(node) != "xml" and not _is_harmless(node):
            yield value.at(node), _MARKS, f"write {_quoted(node, 'xml')}"


_MARKS = (
    "this stands in a document inside of a text: a `<` or `&` in the value is read as markup of that"
    " document, which may ask for everybody's tickets"
)
_ENDS = (
    "this stands inside a text of another language: a quote in the value ends that text, and the rest is"
    " read as a part of the query, which may ask for everybody's tickets"
)


def _is_harmless(node: nodes.Node) -> bool:
    """Return whether the value is never a text that could hold a quote."""
    match node:
        case nodes.Constant():
            return True
        case nodes.Chain(steps=(nodes.Field(name="page"), nodes.Field(name=name))):
            return name in _COUNTS
        case nodes.Call(name=name) if name in _SAFE_TEXTS:
            return True
        case _:
            types = outcomes(node, rooted=False)
            return types is not None and types <= _NO_TEXT


def _repair(node: nodes.Node, within: str) -> str:
    style = "backslash" if '"' in within else "sql"
    styles = ", ".join(PROTECTED)
    return f"write {_quoted(node, style)}, in the style of that language: {styles}"


def _quoted(node: nodes.Node, style: str) -> str:
    """Return the hole that gives *node*, or what another style quotes in it, in this *style*."""
    inner = node.arguments[0] if isinstance(node, nodes.Call) and style_of(node) else node
    return f"{{{QUOTED}({text_of(inner)}, '{style}')}}"


def _compared(parts: Sequence[_Part]) -> Iterator[_Value]:
    """Yield the values after a comparison sign that may contain signs of a query."""
    before = ""
    for part in parts:
        if isinstance(part, _Value) and _COMPARES.search(before):
            for node in choices(part.node):
                if not style_of(node) and not _is_harmless(node):
                    yield part.at(node)
        before += _text(part)


def _searching(value: _Value) -> Finding:
    message = "this looks like a search: signs of its language in a value, such as * or OR, find others too"
    hint = (
        f"write {{{QUOTED}({text_of(value.node)}, 'lucene')}} where it is Lucene's, or ask by a parameter"
        " of its own"
    )
    return _finding(value, "warning", "TB211", message, hint)
