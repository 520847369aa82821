"""A request to the platform: its method, path, query, headers and body."""

from __future__ import annotations

from dataclasses import dataclass

from ticketbridge.mapping.builders.bodies import build_body
from ticketbridge.mapping.builders.context import Context, is_true
from ticketbridge.mapping.builders.headers import check_header_names
from ticketbridge.mapping.builders.parameters import build_parameters, warn_of_credential
from ticketbridge.mapping.builders.templates import HOLE, Template, resolve_template
from ticketbridge.mapping.builders.texts import CONTROL, check_header_value, refuse_controls
from ticketbridge.mapping.builders.urls import has_dot_segment
from ticketbridge.mapping.nodes import MapNode, Node, Scalar
from ticketbridge.mapping.spec import (
    ApiKeyAuthSpec,
    AuthSpec,
    GraphqlBodySpec,
    RequestSpec,
    TemplateSpec,
)
from ticketbridge.mapping.words import shown


@dataclass(frozen=True, slots=True)
class RequestBuilder:
    """Builds the request that *node* declares with `get` or `post`; *auth* signs it."""

    node: MapNode
    auth: AuthSpec
    context: Context

    def build(self) -> RequestSpec:
        """The request."""
        node = self.node
        posts = node.get("post") is not None
        self._check_method(posts=posts)
        body = build_body(node, self.context) if posts else None
        return RequestSpec(
            method="POST" if posts else "GET",
            path=self._path("post" if posts else "get"),
            query=self._query(node.get("query")),
            headers=self._headers(node.get("headers")),
            body=body,
            idempotent=not posts
            or isinstance(body, GraphqlBodySpec)
            or is_true(node.get("idempotent")),
        )

    def _check_method(self, *, posts: bool) -> None:
        """A GET carries no body, and may be repeated in any case."""
        node, report = self.node, self.context.report
        if all(map(node.has, ("get", "post"))):
            message = "a call is a `get` or a `post`, not both"
            report.error(node.key_place("post"), "TB065", message, "keep one of them")
        for key in ("json", "form", "graphql", "idempotent"):
            if not posts and node.get(key) is not None:
                message = f"`{key}` belongs to `post`; a GET has no body, and may be repeated"
                report.error(node.key_place(key), "TB065", message, "leave it out, or use `post`")

    def _path(self, method: str) -> TemplateSpec:
        node = self.node.need(method)
        template = resolve_template(node, self.context, method)
        slip, suggestion = _path_slip(template) if template.text.known else ("", "")
        if slip:
            message = f"{template.text.label} {slip}"
            self.context.report.error(node.place, "TB064", message, suggestion)
        return template.spec

    def _query(self, node: Node | None) -> dict[str, tuple[TemplateSpec, ...]]:
        for key, _ in node.pairs if node else ():
            self._refuse_key_of_auth(key)
        return build_parameters(node, self.context)

    def _refuse_key_of_auth(self, key: Scalar) -> None:
        auth, name = self.auth, str(key.value)
        if isinstance(auth, ApiKeyAuthSpec) and (auth.location, auth.name) == ("query", name):
            message = f"the parameter {shown(name)} is set by `auth`"
            self.context.report.error(key.place, "TB052", message, "leave it out")

    def _headers(self, node: Node | None) -> dict[str, TemplateSpec]:
        pairs = node.pairs if node else ()
        names = [(str(key.value), key.place) for key, _ in pairs]
        check_header_names(names, self.auth, self.context)
        headers: dict[str, TemplateSpec] = {}
        for key, value in pairs:
            name = str(key.value)
            template = resolve_template(value, self.context, name)
            self._check_header(template)
            warn_of_credential(name, template, self.context)
            headers[name] = template.spec
        return headers

    def _check_header(self, template: Template) -> None:
        if template.holes:
            refuse_controls(template.text, self.context)
        else:
            check_header_value(template.text, self.context)


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
