"""An entry of `source` that calls the platform."""

from __future__ import annotations

from dataclasses import dataclass

from ticketbridge.mapping.builders.context import (
    Context,
    expression,
    is_true,
    optional_expression,
    text_of,
)
from ticketbridge.mapping.builders.formats import build_format
from ticketbridge.mapping.builders.pages import build_pages
from ticketbridge.mapping.builders.requests import RequestBuilder
from ticketbridge.mapping.builders.rules import build_rules
from ticketbridge.mapping.nodes import MapNode
from ticketbridge.mapping.spec import (
    AuthSpec,
    CallSpec,
    PagesSpec,
    ResultKind,
    ResultSpec,
)

KINDS: tuple[ResultKind, ...] = ("take", "each", "collect")


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
            request=RequestBuilder(node, self.auth, context).build(),
            condition=optional_expression(node.get("if")),
            responses=build_rules(node.get("responses"), context, looped=self.looped),
            pages=pages,
            result=self._result(kinds, pages),
            format=build_format(node.get("format"), context),
            any_content_type=is_true(node.get("any_content_type")),
            place=node.place,
        )

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
