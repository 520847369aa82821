"""`auth: {type: session}`: a login of the platform's own, and the token that it gives."""

from __future__ import annotations

from ticketbridge.mapping.findings import Place
from ticketbridge.mapping.headers import Claimed, check_header_name, read_header
from ticketbridge.mapping.keys import Declared, declared, inline, key, mapping_of, needed
from ticketbridge.mapping.read_context import Context, text_of
from ticketbridge.mapping.spec_answers import (
    RULES,
    RuleSpec,
    check_claims,
    check_login_rules,
)
from ticketbridge.mapping.spec_formats import FORMAT, FormatSpec
from ticketbridge.mapping.spec_requests import RequestSpec, check_request, needs_one
from ticketbridge.mapping.spec_texts import ExpressionSpec, TemplateSpec
from ticketbridge.mapping.value_kinds import (
    EXPRESSION,
    TEMPLATE,
    YES_OR_NO,
    UnitError,
    read_expression,
    seconds,
    text,
)
from ticketbridge.mapping.variables import ResolvedText, check_controls
from ticketbridge.mapping.yaml_nodes import Node

_LONGEST_SESSION = 720  # hours


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
    responses: tuple[RuleSpec, ...] = key(
        RULES,
        "Ordered rules for its answers, as in a call; `empty` and `unknown_user` need a login that uses "
        "`user`.",
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


def _check_login(login: LoginSpec, node: Node, context: Context) -> None:
    check_request(node, Claimed(), context)
    check_claims(login.responses, node.get("responses"), context, looped=False)
    check_login_rules(login.responses, node.get("responses"), context)


_LOGIN = mapping_of(
    LoginSpec,
    "a mapping with a `post` or a `get`",
    define="login",
    heading="`auth.login` of a session",
    check=_check_login,
    **needs_one("post", "get"),
).showing({"post": "/login", "form": {"user": "${ACME_USER}", "password": "${ACME_PASSWORD}"}})


def _read_header_name(text: ResolvedText, context: Context) -> str:
    if check_controls(text, context):
        check_header_name(text.value, text.called, text.place, context)
    return text.value


def _read_expiry(node: Node, context: Context, name: str) -> ExpressionSpec | float | None:
    """A duration where it begins as one does, else an expression that gives seconds."""
    if not text_of(node)[:1].isdigit():
        return read_expression(node, context, name)
    try:
        return seconds(text_of(node), most_hours=_LONGEST_SESSION)
    except UnitError as error:
        message = f"`expires_in` {error}, or be an expression that gives seconds"
        context.report.error(node.place, "TB014", message, "for example 30m or body.expires_in")
        return None


@declared
class SessionAuthSpec(Declared):
    """A login of the platform's own. One whose request uses `user` is made for each answer, and its
    token never shared.

    *login* gives the token, and *header* carries it as *value*. *expires_in*: an expression that gives
    seconds, seconds, or None where only a 401 tells.
    """

    login: LoginSpec = needed(
        _LOGIN,
        "The request that gives the token.",
        {"post": "/login", "json": {"user": "${ACME_USER}", "password": "${ACME_PASSWORD}"}},
    )
    token: ExpressionSpec = needed(
        EXPRESSION,
        "Where the token stands; it sees `body`, `status`, `headers`, and `user` where the login uses it.",
        "body.session.token",
    )
    expires_in: ExpressionSpec | float | None = key(
        EXPRESSION.reading(_read_expiry),
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
