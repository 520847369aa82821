"""Answers of the platform: their format, and the rules that say what they mean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ticketbridge.mapping.findings import Place
from ticketbridge.mapping.keys import (
    Declared,
    Key,
    NoValueError,
    ValueKind,
    closed,
    declared,
    key,
    mapping_of,
    needed,
)
from ticketbridge.mapping.read_context import Context, text_of
from ticketbridge.mapping.spec_texts import ExpressionSpec
from ticketbridge.mapping.value_kinds import (
    DURATION,
    DURATION_FORM,
    EXPRESSION,
    UnitError,
    either,
    list_of,
    pattern,
    seconds,
    whole,
    word,
)
from ticketbridge.mapping.words import shown
from ticketbridge.mapping.yaml_nodes import ListNode, Node, Scalar

# --- formats --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class JsonFormatSpec:
    """`format: json`."""


def _read_element(node: Node, context: Context, _name: str) -> tuple[str, ...]:
    text = text_of(node)
    if text.startswith("body."):
        message = f"{shown(text)} begins with `body`, which is no element"
        hint = f"for example {text.removeprefix('body.').replace('.', '/')}"
        context.report.error(node.place, "TB014", message, hint)
    elif text and "/" not in text:
        message = f"{shown(text)} is no empty list where it is absent: its parent is not named"
        hint = text.replace(".", "/") if "." in text else f"{text}s/{text}"
        context.report.warning(node.place, "TB068", message, f"for example {hint}")
    return tuple(text.split("/"))


_STEP = r"""[^\s/:@#\[\](){}<>$*'"`]+"""
_ELEMENT = pattern(
    f"{_STEP}(/{_STEP})*",
    "a path of elements, without prefixes: `parent/element`",
    examples=("passholders/passholder",),
).reading(_read_element)


@declared
class XmlFormatSpec(Declared):
    """`format: xml`. *lists* are the paths of elements that are always lists, by their ends."""

    lists: tuple[tuple[str, ...], ...] = needed(
        list_of(_ELEMENT, "a list of paths of elements"),
        "The elements that are always lists, `[]` where the parent has none. A path matches the end of an "
        "element's path.",
        ["passholders/passholder"],
    )


FormatSpec = JsonFormatSpec | XmlFormatSpec

_XML = mapping_of(
    XmlFormatSpec, "a mapping with `lists`", define="xml_format", heading="`format: {xml: ...}`"
)
_FORMATS = "`json`, `xml` or `{xml: {lists: [...]}}`"
_XML_KEY = Key(
    "xml", _XML, "How the platform's XML is read.", ({"lists": ["passholders/passholder"]},), None
)


def _read_format(node: Node, context: Context, name: str) -> FormatSpec:
    xml = node.get("xml")
    if xml is not None and xml.get("lists") is not None:
        return _XML.read(xml, context, name)
    return XmlFormatSpec(()) if text_of(node) == "xml" else JsonFormatSpec()


FORMAT: ValueKind[FormatSpec] = either(
    _FORMATS,
    "string",
    word("json", "xml", title=_FORMATS),
    ValueKind("", closed(_XML_KEY, minProperties=1), _read_format),
    define="format",
).reading(_read_format)


# --- statuses -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StatusRange:
    """HTTP statuses from *first* to *last*, both included; `4xx` is 400 to 499."""

    first: int
    last: int


# An answer with such a status says something about the platform or the bridge, not about the user.
_NOT_ABOUT_USERS = (
    StatusRange(401, 401),
    StatusRange(403, 403),
    StatusRange(429, 429),
    StatusRange(500, 599),
)


def not_about_users(status: StatusRange) -> bool:
    """Whether *status* may be that of an error of the platform, or of the bridge's credentials."""
    return any(s.first <= status.last and status.first <= s.last for s in _NOT_ABOUT_USERS)


def _read_statuses(node: Node, _context: Context, _name: str) -> tuple[StatusRange, ...]:
    entries = node.items if isinstance(node, ListNode) else (node,)
    return tuple(_status(entry) for entry in entries if isinstance(entry, Scalar))


def _status(node: Scalar) -> StatusRange:
    if isinstance(node.value, str):
        first = int(node.value[0]) * 100
        return StatusRange(first, first + 99)
    number = int(node.value or 0)
    return StatusRange(number, number)


_STATUS_TITLE = "a status from 100 to 599, or a word like `4xx`"
_STATUS = either(
    _STATUS_TITLE,
    "string",
    word("1xx", "2xx", "3xx", "4xx", "5xx", title=_STATUS_TITLE),
    whole(100, 599, title=_STATUS_TITLE),
    define="status_range",
    examples=(404, "4xx"),
)
_STATUSES = either(
    "a status, or a list of them",
    "array",
    list_of(_STATUS, ""),
    _STATUS,
    define="statuses",
    examples=(404,),
).reading(_read_statuses)


# --- rules ----------------------------------------------------------------------------------------

Action = Literal["ok", "empty", "unknown_user", "fail", "retry", "poll", "reauthenticate"]
OWNS_NOTHING: frozenset[Action] = frozenset({"empty", "unknown_user"})
"""The actions that say so of the asked user."""


@dataclass(frozen=True, slots=True)
class WaitSpec:
    """A wait of so many *seconds*."""

    seconds: float
    place: Place


@dataclass(frozen=True, slots=True)
class PollSpec:
    """Where and after how many seconds to ask again. *url* None is the same request; *place*: the wait's."""

    url: ExpressionSpec | None
    after: float
    place: Place


def _read_wait(node: Node, context: Context, name: str) -> WaitSpec:
    try:
        return WaitSpec(seconds(text_of(node)), node.place)
    except UnitError as error:
        context.report.error(node.place, "TB014", f"`{name}` {error}")
        raise NoValueError from None


@declared
class RuleSpec(Declared):
    """One entry of `responses`. *status* None applies to 2xx answers only."""

    status: tuple[StatusRange, ...] | None = key(
        _STATUSES,
        "The HTTP statuses of the rule: a number, `4xx`, or a list of them. Default: 2xx.",
        404,
        "4xx",
        [404, 410],
    )
    when: ExpressionSpec | None = key(
        EXPRESSION,
        "A condition that must give true or false. One that uses `body` does not match an unreadable body.",
        "length(body.data) == `0`",
    )
    then: Action = needed(
        word(
            *("ok", "empty", "unknown_user", "fail", "retry", "poll", "reauthenticate"),
            broken="fail",
        ),
        "What the answer means: `ok`, `empty` (the user owns nothing), `unknown_user` (likewise; see "
        "`response`), `fail`, `retry`, `poll` (not ready yet: ask again, within `timeout` and "
        "`max_calls`), or `reauthenticate` (the platform refused our credentials: once more with a new "
        "login where `auth` has one, else `upstream-auth`). `empty` and `unknown_user` never match an "
        "answer whose body is not in the declared format.",
        "unknown_user",
    )
    url: ExpressionSpec | None = key(
        EXPRESSION,
        "Where `poll` asks next, by GET: absolute or relative, on the same scheme, host and port. Default: "
        "the same request again.",
        "headers.location",
    )
    after: WaitSpec = key(
        pattern(DURATION_FORM, DURATION.title).reading(_read_wait),
        "How long `poll` waits before it asks; less than `timeout`.",
        "500ms",
        absent="1s",
    )
    message: ExpressionSpec | None = key(EXPRESSION, "What goes to the log.", "body.error.code")
    place: Place

    @property
    def poll(self) -> PollSpec | None:
        """How to ask again, with `then: poll`."""
        if self.then != "poll":
            return None
        return PollSpec(self.url, self.after.seconds, self.after.place)


def _check_rule(rule: RuleSpec, node: Node, context: Context) -> None:
    for name in ("url", "after"):
        if rule.poll is None and node.has("then") and node.get(name) is not None:
            message = f"`{name}` belongs to `then: poll`"
            context.report.error(node.key_place(name), "TB067", message, "leave it out")
    if rule.poll and rule.status is None and rule.when is None:
        message = "this rule makes every answer `poll`: the call never ends"
        suggestion = "give it a `status` or a `when`"
        context.report.error(node.need("then").place, "TB067", message, suggestion)


RULES = list_of(
    mapping_of(
        RuleSpec,
        "a mapping with a `then`",
        define="rule",
        heading="`responses`: a rule",
        check=_check_rule,
    ),
    "a list of rules",
)


def check_claims(
    rules: tuple[RuleSpec, ...], node: Node | None, context: Context, *, looped: bool
) -> None:
    """Check the rules at *node* that say that the user owns nothing: that must be known for sure.

    *looped*: their call runs more than once for one user.
    """
    for rule, entry in zip(rules, node.items if node else (), strict=True):
        place = entry.need("then").place
        if rule.then not in OWNS_NOTHING:
            continue
        if looped:
            message = (
                f"`{rule.then}` is legal only where no `each` and no paged `take` stands above"
            )
            suggestion = "it speaks of one binding there, and not of the user"
            context.report.error(place, "TB063", message, suggestion)
        elif rule.status is None and rule.when is None:
            message = f"this rule makes every answer `{rule.then}`"
            context.report.error(place, "TB063", message, "give it a `status` or a `when`")
        elif rule.when is None and any(map(not_about_users, rule.status or ())):
            message = f"an error of the platform or of our credentials would count as `{rule.then}`"
            context.report.warning(place, "TB063", message, "narrow it with `when`")


def check_login_rules(rules: tuple[RuleSpec, ...], node: Node | None, context: Context) -> None:
    """Check that the rules of a login, at *node*, do not poll."""
    for rule, entry in zip(rules, node.items if node else (), strict=True):
        place = entry.need("then").place
        if rule.then == "poll":
            message = "a login gives its token at once; it is not polled"
            context.report.error(place, "TB067", message, "say `retry` or `fail`")
