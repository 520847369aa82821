"""An entry of `source` that calls the platform."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ticketbridge.mapping.builders.context import (
    Context,
    expression,
    is_true,
    optional_expression,
    text_of,
)
from ticketbridge.mapping.builders.headers import check_header_names, is_sensitive
from ticketbridge.mapping.builders.pages import build_pages
from ticketbridge.mapping.builders.rules import build_rules
from ticketbridge.mapping.builders.templates import HOLE, Template, resolve_template
from ticketbridge.mapping.builders.texts import (
    CONTROL,
    check_header_value,
    refuse_controls,
    warn_if_in_clear,
)
from ticketbridge.mapping.builders.urls import has_dot_segment
from ticketbridge.mapping.findings import Place
from ticketbridge.mapping.nodes import MapNode, Node, Scalar
from ticketbridge.mapping.spec import (
    ApiKeyAuthSpec,
    AuthSpec,
    CallSpec,
    PagesSpec,
    ResultKind,
    ResultSpec,
    TemplateSpec,
)
from ticketbridge.mapping.words import shown

KINDS: tuple[ResultKind, ...] = ("take", "each", "collect")
BRACES = re.compile(r"\$\{|\{[^{}]*\}")


@dataclass(frozen=True, slots=True)
class CallBuilder:
    """Builds the call that *node* declares. *looped*: it runs more than once for one user."""

    node: MapNode
    auth: AuthSpec
    context: Context
    looped: bool

    def build(self) -> CallSpec:
        """The call."""
        node, context = self.node, self.context
        pages_node = node.get("pages")
        kinds = [kind for kind in KINDS if node.get(kind) is not None]
        pages = build_pages(pages_node, kinds, context) if pages_node else None
        return CallSpec(
            name=text_of(node.need("name")),
            path=self._path(node.need("get")),
            query=self._query(node.get("query")),
            headers=self._headers(node.get("headers")),
            condition=optional_expression(node.get("if")),
            responses=build_rules(node.get("responses"), context, looped=self.looped),
            pages=pages,
            result=self._result(kinds, pages),
            any_content_type=is_true(node.get("any_content_type")),
            place=node.place,
        )

    def _path(self, node: Node) -> TemplateSpec:
        template = resolve_template(node, self.context, "get")
        slip, suggestion = _path_slip(template) if template.text.known else ("", "")
        if slip:
            message = f"{template.text.label} {slip}"
            self.context.report.error(node.place, "TB064", message, suggestion)
        return template.spec

    def _query(self, node: Node | None) -> dict[str, tuple[TemplateSpec, ...]]:
        query: dict[str, tuple[TemplateSpec, ...]] = {}
        for key, value in node.pairs if node else ():
            self._check_parameter(key)
            name = str(key.value)
            templates = [
                resolve_template(entry, self.context, name) for entry in value.items or (value,)
            ]
            for template in templates:
                self._warn_if_in_clear(name, template)
            query[name] = tuple(template.spec for template in templates)
        return query

    def _check_parameter(self, key: Scalar) -> None:
        name = str(key.value)
        auth, report = self.auth, self.context.report
        if not name or CONTROL.search(name):
            report.error(key.place, "TB051", "this is no legal name of a parameter")
        self._refuse_braces(name, key.place)
        if isinstance(auth, ApiKeyAuthSpec) and (auth.location, auth.name) == ("query", name):
            message = f"the parameter {shown(name)} is set by `auth`"
            report.error(key.place, "TB052", message, "leave it out")

    def _refuse_braces(self, name: str, place: Place) -> None:
        if BRACES.search(name):
            message = "holes and variables are legal in values, not in names"
            self.context.report.error(place, "TB030", message)

    def _headers(self, node: Node | None) -> dict[str, TemplateSpec]:
        pairs = node.pairs if node else ()
        names = [(str(key.value), key.place) for key, _ in pairs]
        check_header_names(names, self.auth, self.context)
        headers: dict[str, TemplateSpec] = {}
        for key, value in pairs:
            name = str(key.value)
            template = resolve_template(value, self.context, name)
            self._check_header(template)
            self._warn_if_in_clear(name, template)
            headers[name] = template.spec
        return headers

    def _check_header(self, template: Template) -> None:
        if template.holes:
            refuse_controls(template.text, self.context)
        else:
            check_header_value(template.text, self.context)

    def _warn_if_in_clear(self, name: str, template: Template) -> None:
        if is_sensitive(name) and not template.holes:
            warn_if_in_clear(template.text, self.context)

    def _result(self, kinds: list[ResultKind], pages: PagesSpec | None) -> ResultSpec:
        node, report = self.node, self.context.report
        clear = [kind for kind in kinds if node.has(kind)]
        if len(clear) > 1:
            message = "a call binds with one of `take`, `each` and `collect`"
            report.error(node.key_place(clear[1]), "TB061", message, "keep one of them")
        if kinds:
            return ResultSpec(kinds[0], expression(node.need(kinds[0])))
        if pages is not None and node.has("pages"):
            message = "a paged call needs `take`, `each` or `collect`"
            report.error(node.place, "TB061", message, "for example each: body.data")
        return ResultSpec("take", None)


def _path_slip(template: Template) -> tuple[str, str]:
    path = template.text.value
    if not path.startswith("/"):
        return "should be a path that begins with `/`", "it is appended to `base_url`"
    if "?" in path:
        return "has a `?`", "put the parameters under `query`"
    if "#" in path:
        return "has a `#`", "a fragment is never sent"
    if CONTROL.search(path):
        return "has a line break or another control character", ""
    if has_dot_segment(path.replace(HOLE, "x")):
        return "has a `.` or `..` segment", "write the path itself"
    return "", ""
