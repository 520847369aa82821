"""`auth: {type: session}`: a login that the platform defines, and the token that it gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

from ticketbridge.mapping.findings import Place
from ticketbridge.mapping.headers import (
    HEADERS,
    Claimed,
    check_header_name,
    check_headers,
    read_header,
)
from ticketbridge.mapping.keys import (
    Declared,
    ValueKind,
    declared,
    inline,
    key,
    mapping_of,
    needed,
)
from ticketbridge.mapping.read_context import Context
from ticketbridge.mapping.spec_answers import (
    RULES,
    RuleSpec,
    check_claims,
    check_login_rules,
)
from ticketbridge.mapping.spec_formats import FORMAT, FormatSpec
from ticketbridge.mapping.spec_requests import (
    RequestSpec,
    check_request,
    needs_one,
)
from ticketbridge.mapping.spec_texts import ExpressionSpec, TemplateSpec
from ticketbridge.mapping.urls import read_login_url
from ticketbridge.mapping.value_kinds import (
    EXPRESSION,
    TEMPLATE,
    YES_OR_NO,
    only,
    read_duration_or_expression,
    text,
)
from ticketbridge.mapping.variables import ResolvedText, check_controls
from ticketbridge.mapping.yaml_nodes import Node

TOKEN_ROOT = "token"  # noqa: S105 - a name
"""The root by which holes see the token of a login."""


@declared
class LoginSpec(Declared):
    """The request that a session begins with, and the rules of its answer."""

    request: RequestSpec = inline(
        RequestSpec,
        get=("The path of a GET request, in place of `post`.", "/session"),
        post=("The path of the login, appended to `base_url`.", "/login"),
        query=("The query parameters; a list repeats its parameter.", {"realm": "resale"}),
        headers=(
            "Headers of this request, besides those of `upstream`.",
            {"X-Api-Key": "${ACME_KEY}"},
        ),
        json=(
            "The body, sent as JSON; written as in a call.",
            {"user": "${ACME_USER}", "password": "${ACME_PASSWORD}"},
        ),
        form=(
            "The body, sent as a form.",
            {"user": "${ACME_USER}", "password": "${ACME_PASSWORD}"},
        ),
        xml=(
            "The body: one XML document, such as an envelope of SOAP; written as in a call.",
            "<LogIn><key>${ACME_KEY}</key></LogIn>",
        ),
        graphql=(
            "The body: a GraphQL query and its variables.",
            {"query": "{ session { token } }"},
        ),
        idempotent=(
            "Whether the login may be sent again where no complete answer came; a `get` always may.",
            True,
        ),
    )
    url: str | None = key(
        text(read_login_url),
        "The whole URL of the login, a POST, in place of `post`: it may name another host, to which "
        "nothing else goes. The headers of `upstream` do not go there.",
        "https://login.acme.example/session",
    )
    responses: tuple[RuleSpec, ...] = key(
        RULES,
        "Ordered rules for its answers, as in a call; any 2xx answer counts that has the token. `empty` and "
        "`unknown_user` need a login that uses `user`; `reauthenticate` says that it was refused.",
        [{"status": 404, "when": "body.code == 'NO_CUSTOMER'", "then": "unknown_user"}],
        absent=[],
    )
    format: FormatSpec = key(
        FORMAT, "What the login answers with, written as in a call.", "xml", absent="json"
    )
    any_content_type: bool = key(
        YES_OR_NO, "Reads an answer whatever its Content-Type says.", True, absent=False
    )
    place: Place
    name: str = "login"
    # No entry of `source` can have a name with a dot.
    call: str = "auth.login"


def _read_login(node: Node, context: Context, name: str) -> LoginSpec:
    """Return the login. If it has a `url`, it is a POST to that URL, with no path after it."""
    login = _DECLARED.read(node, context, name)
    if login.url is None:
        return login
    return replace(login, request=replace(login.request, post=TemplateSpec((), login.place)))


def _check_login(login: LoginSpec, node: Node, context: Context) -> None:
    check_request(node, Claimed(), context)
    check_claims(login.responses, node.get("responses"), context)
    check_login_rules(login.responses, node.get("responses"), context)


_DECLARED = mapping_of(
    LoginSpec,
    "a mapping with a `post`, a `url` or a `get`",
    define="login",
    heading="`auth.login` of a session",
    check=_check_login,
    **needs_one("post", "get", "url"),
).showing({"post": "/login", "form": {"user": "${ACME_USER}", "password": "${ACME_PASSWORD}"}})
_LOGIN = _DECLARED.reading(_read_login)


def _read_header_name(text: ResolvedText, context: Context) -> str:
    if check_controls(text, context):
        check_header_name(text.value, text.called, text.place, context)
    return text.value


_REQUEST: ValueKind[Literal["request"]] = only("request", "the word `request`")


@declared
class SessionAuthSpec(Declared):
    """A login of the platform's own. One whose request uses `user` is made for each answer, and its
    token never shared.

    *login* gives the token. There are three ways to send it: in *header*, as *value*; in several
    *headers*, a part in each; or in the place that each request gives it, if *placed_in* says so.
    *expires_in* is seconds, or an expression that gives seconds, or None if only a 401 ends the
    token.
    """

    login: LoginSpec = needed(
        _LOGIN,
        "The request that gives the token.",
        {"post": "/login", "json": {"user": "${ACME_USER}", "password": "${ACME_PASSWORD}"}},
    )
    token: ExpressionSpec = needed(
        EXPRESSION,
        "Where the token stands: a text, an integer, or an object of these. It sees `body`, `status`, "
        "`headers`, and `user` where the login uses it.",
        "body.session.token",
    )
    expires_in: ExpressionSpec | float | None = key(
        EXPRESSION.reading(read_duration_or_expression),
        "A duration of at most 720h, or an expression that gives seconds. Without it only a 401 ends the "
        "token.",
        "30m",
        "body.session.seconds",
    )
    header: str = key(
        text(_read_header_name),
        "The header that carries the token.",
        "Cookie",
        absent="Authorization",
    )
    value: TemplateSpec = key(
        TEMPLATE.reading(read_header),
        "What stands in it; its holes see `token`.",
        "SESSION={token}",
        absent="Bearer {token}",
    )
    headers: Mapping[str, TemplateSpec] = key(
        HEADERS,
        "Several headers in place of `header` and `value`; their holes see `token`.",
        {"access-token": "{token.access}", "client": "{token.client}"},
        absent={},
    )
    placed_in: Literal["request"] | None = key(
        _REQUEST,
        "`request`: no header carries the token; the requests of `source` place it themselves, where "
        "`token` is then a root of holes (not in the path).",
        "request",
        name="place",
    )

    @property
    def is_placed(self) -> bool:
        """Whether the requests of `source` place the token."""
        return self.placed_in is not None

    @property
    def carried(self) -> Mapping[str, TemplateSpec]:
        """The headers that carry the token, by name."""
        if self.is_placed:
            return {}
        return self.headers or {self.header: self.value}


def check_session(_spec: SessionAuthSpec, node: Node, context: Context) -> None:
    """Report a session with more than one way to put the token into a request."""
    ways = [name for name in ("place", "headers", "header", "value") if node.get(name) is not None]
    if ways and ways[0] in {"place", "headers"}:
        for other in ways[1:]:
            message = f"`{ways[0]}` says where the token stands, and so does `{other}`"
            context.report.error(node.key_place(other), "TB059", message, "keep one of them")
    check_headers(node.need("headers"), Claimed(), context)
