"""`responses`: the rules that say what the platform's answers mean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from ticketbridge.mapping.findings import Place
from ticketbridge.mapping.keys import (
    Declared,
    NoValueError,
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
from ticketbridge.mapping.yaml_nodes import ListNode, Node, Scalar

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
    """Return whether *status* may come from an error of the platform, or of the bridge's credentials."""
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

Action = Literal[
    "ok", "empty", "unknown_user", "none", "last", "fail", "retry", "poll", "reauthenticate"
]
_ACTIONS: tuple[Action, ...] = get_args(Action)
OWNS_NOTHING: frozenset[Action] = frozenset({"empty", "unknown_user"})
"""The actions that say that the asked user owns nothing."""
NOTHING_THERE: frozenset[Action] = OWNS_NOTHING | {"none", "last"}
"""The actions that say that something is not there. An error page must never lead to one of them."""


@dataclass(frozen=True, slots=True)
class WaitSpec:
    """A wait of this many *seconds*."""

    seconds: float
    place: Place


@dataclass(frozen=True, slots=True)
class PollSpec:
    """Where to ask again (*url*), and after how many seconds. If *url* is None, the same request is repeated.

    *place* is the place of the wait in the file.
    """

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
    """One entry of `responses`. If *status* is None, it applies to 2xx answers only."""

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
        word(*_ACTIONS, broken="fail"),
        "What the answer means: `ok`, `empty` (the user owns nothing), `unknown_user` (likewise; see "
        "`response`), `none` (nothing for this binding of an `each` above: the call then gives what it "
        "gives where `if` is false), `last` (the pages have ended, and this one has no items), `fail`, "
        "`retry`, `poll` (not ready yet: ask again, within `timeout` and `max_calls`), or "
        "`reauthenticate` (the platform refused our credentials: once more with a new login where `auth` "
        "has one, else `upstream-auth`). `empty`, `unknown_user`, `none` and `last` match an answer "
        "without a body, and never one whose body is not in the declared format.",
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
    message: ExpressionSpec | None = key(
        EXPRESSION,
        "What goes to the log: best a code, as a sentence of the platform may name a person.",
        "body.error.code",
    )
    place: Place

    @property
    def poll(self) -> PollSpec | None:
        """How to ask again, or None if the rule has no `then: poll`."""
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
    rules: tuple[RuleSpec, ...],
    node: Node | None,
    context: Context,
    *,
    looped: bool = False,
    paged: bool = False,
) -> None:
    """Report rules at *node* that say that something is not there, if this is not certain.

    *looped*: their call runs more than once for one user. *paged*: it walks over pages.
    """
    for rule, entry in zip(rules, node.items if node else (), strict=True):
        place = entry.need("then").place
        if rule.then not in NOTHING_THERE:
            continue
        misplaced = _find_misplaced(rule.then, looped=looped, paged=paged)
        if misplaced:
            context.report.error(place, "TB063", *misplaced)
        elif rule.status is None and rule.when is None:
            message = f"this rule makes every answer `{rule.then}`"
            context.report.error(place, "TB063", message, "give it a `status` or a `when`")
        elif rule.when is None and any(map(not_about_users, rule.status or ())):
            message = f"an error of the platform or of our credentials would count as `{rule.then}`"
            context.report.warning(place, "TB063", message, "narrow it with `when`")


def _find_misplaced(then: Action, *, looped: bool, paged: bool) -> tuple[str, str] | None:
    """Return why *then* is not legal in such a call, and what would be right; None if it is legal."""
    if then == "last" and not paged:
        return "`last` is legal only on a call with `pages`", "it says that they have ended"
    if then == "none" and not looped:
        return (
            "`none` is legal only where an `each` or a paged `take` stands above",
            "it speaks of one binding; of the user say `empty`",
        )
    if then in OWNS_NOTHING and looped:
        return (
            f"`{then}` is legal only where no `each` and no paged `take` stands above",
            "it speaks of one binding there, and not of the user: say `none` of that",
        )
    return None


def check_login_rules(rules: tuple[RuleSpec, ...], node: Node | None, context: Context) -> None:
    """Check that the rules of a login, at *node*, do not poll."""
    for rule, entry in zip(rules, node.items if node else (), strict=True):
        place = entry.need("then").place
        if rule.then == "poll":
            message = "a login gives its token at once; it is not polled"
            context.report.error(place, "TB067", message, "say `retry` or `fail`")
