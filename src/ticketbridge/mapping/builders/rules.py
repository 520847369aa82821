"""`responses`: what the platform's answers mean."""

from __future__ import annotations

from typing import cast

from ticketbridge.mapping.builders.context import Context, optional_expression, text_of
from ticketbridge.mapping.nodes import ListNode, Node, Scalar
from ticketbridge.mapping.spec import OWNS_NOTHING, Action, PollSpec, RuleSpec, StatusRange
from ticketbridge.mapping.units import UnitError, seconds

DEFAULT_WAIT = 1.0
# An answer with such a status says something about the platform or the bridge, not about the user.
NOT_ABOUT_USERS = (
    StatusRange(401, 401),
    StatusRange(403, 403),
    StatusRange(429, 429),
    StatusRange(500, 599),
)


def build_rules(
    node: Node | None, context: Context, *, looped: bool, of_login: bool = False
) -> tuple[RuleSpec, ...]:
    """The rules that *node* declares, in order.

    *looped*: their call runs more than once; *of_login*: it gives the credentials of others.
    """
    entries = node.items if node else ()
    rules = tuple(_build_rule(entry, context, looped=looped) for entry in entries)
    for rule, entry in zip(rules, entries, strict=True):
        if rule.then == "reauthenticate" and of_login:
            message = "`reauthenticate` needs credentials that a login gives, and this is the login"
            suggestion = "it is legal in `source`; 400, 401 and 403 say it of a login by themselves"
            context.report.error(entry.need("then").place, "TB063", message, suggestion)
        if rule.poll and of_login:
            message = "a login gives its token at once; it is not polled"
            context.report.error(
                entry.need("then").place, "TB067", message, "say `retry` or `fail`"
            )
    return rules


def _build_rule(node: Node, context: Context, *, looped: bool) -> RuleSpec:
    then = text_of(node.get("then"), "fail")
    rule = RuleSpec(
        status=_statuses(node.get("status")),
        when=optional_expression(node.get("when")),
        then=cast("Action", then),
        message=optional_expression(node.get("message")),
        poll=_build_poll(node, context) if then == "poll" else None,
        place=node.place,
    )
    if then in OWNS_NOTHING:
        _check_claim(rule, node, context, looped=looped)
    _check_poll(rule, node, context)
    return rule


def _build_poll(node: Node, context: Context) -> PollSpec:
    wait = node.get("after")
    return PollSpec(
        url=optional_expression(node.get("url")),
        after=_duration(wait, context) if wait else DEFAULT_WAIT,
        place=wait.place if wait else node.place,
    )


def _duration(node: Node, context: Context) -> float:
    try:
        return seconds(text_of(node, "1s"))
    except UnitError as error:
        context.report.error(node.place, "TB014", f"`after` {error}")
        return DEFAULT_WAIT


def _check_poll(rule: RuleSpec, node: Node, context: Context) -> None:
    for key in ("url", "after"):
        if rule.poll is None and node.has("then") and node.get(key) is not None:
            message = f"`{key}` belongs to `then: poll`"
            context.report.error(node.key_place(key), "TB067", message, "leave it out")
    if rule.poll and rule.status is None and rule.when is None:
        message = "this rule makes every answer `poll`: the call never ends"
        suggestion = "give it a `status` or a `when`"
        context.report.error(node.need("then").place, "TB067", message, suggestion)


def _check_claim(rule: RuleSpec, node: Node, context: Context, *, looped: bool) -> None:
    """`empty` and `unknown_user` claim that the user owns nothing: that must be known for sure."""
    place = node.need("then").place
    if looped:
        message = f"`{rule.then}` is legal only where no `each` and no paged `take` stands above"
        suggestion = "it speaks of one binding there, and not of the user"
        context.report.error(place, "TB063", message, suggestion)
    elif rule.status is None and rule.when is None:
        message = f"this rule makes every answer `{rule.then}`"
        context.report.error(place, "TB063", message, "give it a `status` or a `when`")
    elif rule.when is None and any(map(not_about_users, rule.status or ())):
        message = f"an error of the platform or of our credentials would count as `{rule.then}`"
        context.report.warning(place, "TB063", message, "narrow it with `when`")


def not_about_users(status: StatusRange) -> bool:
    """Whether *status* may be that of an error of the platform, or of the bridge's credentials."""
    return any(s.first <= status.last and status.first <= s.last for s in NOT_ABOUT_USERS)


def _statuses(node: Node | None) -> tuple[StatusRange, ...] | None:
    if node is None:
        return None
    entries = node.items if isinstance(node, ListNode) else (node,)
    return tuple(_status(entry) for entry in entries if isinstance(entry, Scalar))


def _status(node: Scalar) -> StatusRange:
    if isinstance(node.value, str):
        first = int(node.value[0]) * 100
        return StatusRange(first, first + 99)
    number = int(node.value or 0)
    return StatusRange(number, number)
