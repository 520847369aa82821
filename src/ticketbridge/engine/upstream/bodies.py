"""The body of a POST: a JSON or XML document, a form, a text, or a GraphQL query."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal, assert_never
from urllib.parse import quote

from ticketbridge.jmes import Template, TooLongError, encode_within
from ticketbridge.mapping.spec import (
    BodySpec,
    FormBodySpec,
    GraphqlBodySpec,
    JsonBodySpec,
    TemplateSpec,
    TextBodySpec,
    XmlBodySpec,
)
from ticketbridge.mapping.spec_compiler import Scope, SpecCompiler

Value = Callable[[Scope], Any]

LARGEST = 1_000_000
"""Bytes of a body: 20,000 ids of 36 characters need three quarters of this."""


@dataclass(frozen=True, slots=True)
class Body:
    """A compiled body: *write* gives its bytes, *names* are the roots that it uses.

    *takes_any_page*: `page` is always a whole value in JSON, so that it may have any type. *write* raises
    EvaluationError, and TooLongError for more than LARGEST bytes.
    """

    media_type: str
    names: frozenset[str]
    write: Callable[[Scope], bytes]
    takes_any_page: bool = False


class Parameters:
    """Names and values of a query or a form, each escaped."""

    def __init__(
        self,
        spec: Mapping[str, tuple[TemplateSpec, ...]],
        roots: Collection[str],
        compiler: SpecCompiler,
        kind: Literal["query", "form"] = "query",
    ) -> None:
        self.templates = [
            (quote(name, safe=""), compiler.template(value, roots, kind))
            for name, values in spec.items()
            for value in values
        ]
        self._may_be_left_out = kind == "query" and any(
            is_of_page(template) for _, template in self.templates
        )

    @property
    def names(self) -> frozenset[str]:
        """The roots that the values use."""
        return frozenset[str]().union(*(template.names for _, template in self.templates))

    def text(self, scope: Scope) -> str:
        """Return `a=1&b=2`. In a query, a value that is only one hole of `page` is left out if it is null.

        The first page has no cursor yet.
        """
        placed = self.templates
        if self._may_be_left_out:
            placed = [(name, text) for name, text in placed if not _gives_no_page(text, scope)]
        return "&".join([f"{name}={text(scope)}" for name, text in placed])


def compile_body(
    spec: BodySpec | None, roots: Collection[str], compiler: SpecCompiler
) -> Body | None:
    """Return the body that *spec* declares."""
    match spec:
        case None:
            return None
        case JsonBodySpec():
            return _JsonBody(roots, compiler).body(spec.value)
        case FormBodySpec():
            return _form(Parameters(spec.fields, roots, compiler, "form"))
        case XmlBodySpec():
            return _text(compiler.template(spec.template, roots, "xml"), "text/xml; charset=utf-8")
        case TextBodySpec():
            # Its type stands beside it in the request.
            return _text(compiler.template(spec.template, roots, "text"), "")
        case GraphqlBodySpec():
            document = {"query": _Literal(spec.query), "variables": spec.variables}
            return _JsonBody(roots, compiler, leaves_out=False).body(document)
        case _:
            assert_never(spec)


def _form(parameters: Parameters) -> Body:
    def write(scope: Scope) -> bytes:
        text = parameters.text(scope)
        if len(text) > LARGEST:
            raise TooLongError
        return text.encode()

    return Body("application/x-www-form-urlencoded", parameters.names, write)


def _text(template: Template, media_type: str) -> Body:
    def write(scope: Scope) -> bytes:
        content = template(scope).encode()
        if len(content) > LARGEST:
            raise TooLongError
        return content

    return Body(media_type, template.names, write)


def _gives_no_page(template: Template, scope: Scope) -> bool:
    hole = template.single
    return hole is not None and is_of_page(template) and hole(scope) is None


@dataclass(frozen=True, slots=True)
class _Literal:
    """A text without templates."""

    text: str


def is_of_page(template: Template) -> bool:
    """Return whether *template* is one hole of `page` and nothing else."""
    return template.single is not None and template.single.names == {"page"}


class _JsonBody:
    """Compiles a JSON document with holes; *names* collects the roots that they use.

    *leaves_out*: a member that is one hole of `page` is left out while that is null. In GraphQL null means
    the same, and the query declares its variables.
    """

    def __init__(
        self, roots: Collection[str], compiler: SpecCompiler, *, leaves_out: bool = True
    ) -> None:
        self._roots = roots
        self._compiler = compiler
        self._leaves_out = leaves_out
        self._names: set[str] = set()
        self._mixed: set[str] = set()  # the roots of holes that do not stand alone
        self._optional: set[Value] = set()

    def body(self, document: Any) -> Body:
        value = self._value(document)

        def write(scope: Scope) -> bytes:
            return bytes(encode_within(value(scope), LARGEST))

        any_page = "page" in self._names and "page" not in self._mixed
        return Body("application/json", frozenset(self._names), write, any_page)

    def _value(self, part: Any) -> Value:
        match part:
            case TemplateSpec():
                return self._text(part)
            case dict():
                members = {name: self._value(value) for name, value in part.items()}
                return _object(members, self._optional.intersection(members.values()))
            case list():
                return _array([self._value(value) for value in part])
            case _Literal():
                return _constant(part.text)
            case _:
                return _constant(part)

    def _text(self, spec: TemplateSpec) -> Value:
        template = self._compiler.template(spec, self._roots, "json")
        self._names |= template.names
        if template.single is None:
            self._mixed |= template.names
            return template
        if self._leaves_out and is_of_page(template):
            self._optional.add(template.single)
        return template.single


def _object(members: Mapping[str, Value], optional: Collection[Value]) -> Value:
    """Return an object of *members*. Members that are in *optional* are left out if they are null."""
    if not optional:
        return lambda scope: {name: value(scope) for name, value in members.items()}

    def write(scope: Scope) -> dict[str, Any]:
        made = {name: value(scope) for name, value in members.items()}
        return {n: made[n] for n, v in members.items() if made[n] is not None or v not in optional}

    return write


def _array(elements: list[Value]) -> Value:
    return lambda scope: [value(scope) for value in elements]


def _constant(value: Any) -> Value:
    return lambda _scope: value
