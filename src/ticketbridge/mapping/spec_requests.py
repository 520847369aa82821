"""Requests to the platform: their methods, paths, parameters, headers and bodies."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from ticketbridge.jmes import has_dot_segment
from ticketbridge.mapping.findings import Place
from ticketbridge.mapping.headers import (
    HEADERS,
    Claimed,
    check_braces,
    check_headers,
    check_parameters,
    read_parameters,
    warn_of_credential,
)
from ticketbridge.mapping.keys import Declared, declared, key, mapping_of, needed
from ticketbridge.mapping.read_context import Context
from ticketbridge.mapping.spec_texts import TemplateSpec
from ticketbridge.mapping.value_kinds import (
    ANYTHING,
    LITERAL,
    TEMPLATE,
    YES_OR_NO,
    either,
    list_of,
    named,
    pattern,
)
from ticketbridge.mapping.variables import CONTROL, HOLE, ResolvedTemplate, resolve_template
from ticketbridge.mapping.xml_bodies import check_document
from ticketbridge.mapping.yaml_nodes import ListNode, MapNode, Node, Scalar

_BODIES = ("json", "form", "xml", "text", "graphql")
_OF_POST = (*_BODIES, "content_type", "idempotent")

_CHARSET = re.compile(r"""charset\s*=\s*"?([^\s";]+)""", re.IGNORECASE)

# --- values ---------------------------------------------------------------------------------------


def _read_path(node: Node, context: Context, name: str) -> TemplateSpec:
    template = resolve_template(node, context, name)
    slip, suggestion = _path_slip(template) if template.text.known else ("", "")
    if slip:
        message = f"{template.text.label} {slip}"
        context.report.error(node.place, "TB064", message, suggestion)
    return template.spec


def _path_slip(template: ResolvedTemplate) -> tuple[str, str]:
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


def _read_value(node: Node, context: Context, name: str) -> Any:
    """Return *node* as a JSON value in which each text is a template. *name* is its key."""
    if isinstance(node, MapNode):
        for key_node, _ in node.pairs:
            check_braces(str(key_node.value), key_node.place, context)
        return {
            str(inner.value): _read_value(value, context, str(inner.value))
            for inner, value in node.pairs
        }
    if isinstance(node, ListNode):
        return [_read_value(entry, context, name) for entry in node.items]
    if isinstance(node, Scalar) and isinstance(node.value, str):
        template = resolve_template(node, context, name)
        warn_of_credential(name, template, context)
        return template.spec
    return node.plain()


_PATH = TEMPLATE.reading(_read_path)
_JSON = ANYTHING.reading(lambda *given: JsonBodySpec(_read_value(*given)))
_PARAMETER = either(
    "text, or a list of texts",
    "array",
    list_of(TEMPLATE, ""),
    TEMPLATE,
    define="query_value",
    examples=("{user}",),
)
_PARAMETERS = named(
    _PARAMETER, "a mapping of parameter names to texts", {"email": "{user}"}, define="parameters"
).reading(read_parameters)
_FORM = _PARAMETERS.reading(lambda *given: FormBodySpec(read_parameters(*given)))


# --- GraphQL --------------------------------------------------------------------------------------


def _check_graphql(_spec: GraphqlBodySpec, node: Node, context: Context) -> None:
    """Check that `query` is one GraphQL query, and that it declares the variables in `variables`."""
    query, variables = node.need("query"), node.get("variables")
    if not isinstance(query, Scalar) or not isinstance(query.value, str):
        return
    # The library takes longer to load than all else; most mappings have no GraphQL.
    from ticketbridge.mapping.graphql_query import check_query  # noqa: PLC0415 - see above

    given = {str(name.value): name.place for name, _ in (variables.pairs if variables else ())}
    check_query(query, query.value, given, context)


# --- bodies ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class JsonBodySpec:
    """`json`: a tree of objects, lists and plain values. Every text in it is a template."""

    value: Any


@dataclass(frozen=True, slots=True)
class FormBodySpec:
    """`form`: parameters as in a query. A parameter with a list is sent once for each entry."""

    fields: Mapping[str, tuple[TemplateSpec, ...]]


@declared
class GraphqlBodySpec(Declared):
    """`graphql`: a literal *query*, and *variables* as in `json`."""

    query: str = needed(
        LITERAL,
        "One query, sent as it is written: values come from `variables`, and there are no holes.",
        "query ($email: String!) { tickets(email: $email) { id } }",
    )
    variables: Mapping[str, Any] = key(
        named(ANYTHING, "a mapping of variables to values").reading(_read_value),
        "The values of the query's variables, written as in `json`.",
        {"email": "{user}"},
        absent={},
    )


_GRAPHQL = mapping_of(
    GraphqlBodySpec,
    "a mapping with a `query`",
    define="graphql",
    heading="`graphql`",
    check=_check_graphql,
)


@dataclass(frozen=True, slots=True)
class XmlBodySpec:
    """`xml`: the text of a document. Values of holes and variables are escaped in it."""

    template: TemplateSpec


@dataclass(frozen=True, slots=True)
class TextBodySpec:
    """`text`: a body that is sent as it is written."""

    template: TemplateSpec


def _read_xml(node: Node, context: Context, name: str) -> XmlBodySpec:
    template = resolve_template(node, context, name)
    if template.text.known or template.spec.parts:  # else it is reported already
        check_document(template.spec, context)
    return XmlBodySpec(template.spec)


_XML = TEMPLATE.reading(_read_xml)
_TEXT = TEMPLATE.reading(lambda *given: TextBodySpec(resolve_template(*given).spec))
_CONTENT_TYPE = pattern(
    r"[a-z0-9!#$&^_.+-]+/[a-z0-9!#$&^_.+-]+( *; *[a-zA-Z0-9_-]+=[^\x00-\x1f;]+)*",
    "a media type in small letters",
    examples=("text/plain; charset=utf-8",),
)
BodySpec = JsonBodySpec | FormBodySpec | XmlBodySpec | TextBodySpec | GraphqlBodySpec


# --- the request ----------------------------------------------------------------------------------


@declared
class RequestSpec(Declared):
    """One request to the platform. A parameter in *query* with a list is sent once for each entry."""

    get: TemplateSpec | None = key(
        _PATH,
        "The path of a GET request, appended to `base_url`; what follows a `?` stands in `query`.",
        "/customers/{customer.id}/orders",
    )
    post: TemplateSpec | None = key(
        _PATH,
        "The path of a POST request, in place of `get`; its body is one of `json`, `form`, `xml`, `text` "
        "and `graphql`, or none.",
        "/orders/search",
    )
    query: Mapping[str, tuple[TemplateSpec, ...]] = key(
        _PARAMETERS,
        "The query parameters; a list repeats its parameter.",
        {"email": "{user}", "per_page": "100"},
        absent={},
    )
    headers: Mapping[str, TemplateSpec] = key(
        HEADERS,
        "Headers of this request, besides those of `upstream`.",
        {"X-Customer": "{customer.id}"},
        absent={},
    )
    json: JsonBodySpec | None = key(
        _JSON,
        "The body of a `post`, sent as JSON. Each text in it is a template; one that is a single hole "
        "keeps the type of its value, null included; a member that is one hole of `page` is left out "
        "while it is null.",
        {"filter": {"email": "{user}"}, "after": "{page.cursor}", "limit": 100},
    )
    form: FormBodySpec | None = key(
        _FORM,
        "The body of a `post`, sent as a form; a list repeats its parameter.",
        {"email": "{user}"},
    )
    xml: XmlBodySpec | None = key(
        _XML,
        "The body of a `post`: the text of one well-formed document, such as an envelope of SOAP. Holes and "
        "variables stand where a text or the value of an attribute may stand, each escaped. It is sent as "
        "`text/xml; charset=utf-8`, unless `headers` say otherwise.",
        "<search><mail>{user}</mail></search>",
    )
    text: TextBodySpec | None = key(
        _TEXT,
        "The body of a `post`, sent as it is written, in UTF-8, with its `content_type`.",
        "FIND {user}",
    )
    content_type: str | None = key(
        _CONTENT_TYPE,
        "What the `text` of a `post` is.",
        "text/plain; charset=utf-8",
    )
    graphql: GraphqlBodySpec | None = key(
        _GRAPHQL,
        "The body of a `post`: a GraphQL query and its variables. `errors` in the answer is "
        "`upstream-error`, unless a rule that looks at `body.errors` decides first; a status that says "
        "more (401, 429, 503) keeps its meaning.",
        {
            "query": "query ($email: String!) { tickets(email: $email) { id } }",
            "variables": {"email": "{user}"},
        },
    )
    says_idempotent: bool = key(
        YES_OR_NO,
        "Whether a `post` may be sent again where no complete answer came; a `get` and a GraphQL query "
        "always may.",
        True,
        name="idempotent",
        absent=False,
    )
    place: Place

    @property
    def method(self) -> Literal["GET", "POST"]:
        """The HTTP method: POST if there is a `post`, else GET."""
        return "GET" if self.post is None else "POST"

    @property
    def path(self) -> TemplateSpec:
        """The path, to be appended to `base_url`."""
        return self.post or self.get or TemplateSpec((), self.place)

    @property
    def beside_path(self) -> tuple[object, ...]:
        """The parts that may hold credentials: a platform may take a login in each request, as with SOAP."""
        return self.headers, self.query, self.body

    @property
    def body(self) -> BodySpec | None:
        """The body of a POST, or None. A GET has none."""
        several = (self.json, self.form, self.xml, self.text, self.graphql)
        return next((body for body in several if body and self.post), None)

    @property
    def idempotent(self) -> bool:
        """Whether the request may be sent again, because twice does no more than once."""
        return not self.post or bool(self.graphql) or self.says_idempotent


def needs_one(usual: str, *others: str) -> dict[str, Any]:
    """Return the schema's rule that a request has one of these keys.

    If it has none, the *usual* key is reported as missing.
    """
    given = [{"required": [other]} for other in others]
    return {"if": given[0] if len(given) == 1 else {"anyOf": given}, "else": {"required": [usual]}}


def check_request(node: Node, claimed: Claimed, context: Context) -> None:
    """Check the request at *node*. Its headers and parameters must not be those *claimed* by `auth`."""
    _check_method(node, context)
    if node.get("post") is not None:
        _check_content_type(node, context)
    check_parameters(node.need("query"), claimed, context)
    check_headers(node.need("headers"), claimed, context)


def _check_method(node: Node, context: Context) -> None:
    """Report a request with two methods or two bodies, and a GET with a key that belongs to a POST.

    A GET has no body and may always be repeated. Only a login has a `url`, and it is that of a POST.
    """
    ways = [name for name in ("get", "post", "url") if node.has(name)]
    if len(ways) > 1:
        message = f"a call is a `{ways[0]}` or a `{ways[1]}`, not both"
        context.report.error(node.key_place(ways[1]), "TB065", message, "keep one of them")
    posts = node.get("post") is not None or node.get("url") is not None
    for key_name in _OF_POST:
        if not posts and node.get(key_name) is not None:
            message = f"`{key_name}` belongs to `post`; a GET has no body, and may be repeated"
            place = node.key_place(key_name)
            context.report.error(place, "TB065", message, "leave it out, or use `post`")
    bodies = [each for each in _BODIES if node.has(each)]
    if posts and len(bodies) > 1:
        message = f"a request has one body: `{bodies[0]}` or `{bodies[1]}`"
        context.report.error(node.key_place(bodies[1]), "TB065", message, "keep one of them")


def _check_content_type(node: Node, context: Context) -> None:
    """Report a `text` without a type, a type that stands twice, and a charset other than UTF-8.

    The bodies of `text` and `xml` are sent in UTF-8.
    """
    types = [pair for pair in node.need("headers").pairs if _is_type(pair[0])]
    own = node.get("content_type")
    if node.has("text") and own is None:
        message = "`text` needs its `content_type`"
        hint = "for example content_type: text/plain; charset=utf-8"
        context.report.error(node.key_place("text"), "TB065", message, hint)
    if own is not None and node.get("text") is None:
        message = "`content_type` belongs to `text`"
        hint = "leave it out, or name the type in `headers`"
        context.report.error(node.key_place("content_type"), "TB065", message, hint)
    elif own is not None and types:
        message = "the content type stands twice"
        context.report.error(types[0][0].place, "TB052", message, "leave it out of `headers`")
    if node.get("text") is not None or node.get("xml") is not None:
        for each in ([own] if own else []) + [value for _, value in types]:
            found = _CHARSET.search(str(each.plain()))
            if found and found[1].lower() != "utf-8":
                message = "the body is sent in UTF-8, and this names another encoding"
                context.report.error(each.place, "TB076", message, "write charset=utf-8")


def _is_type(name: Node) -> bool:
    return str(name.plain()).lower() == "content-type"
