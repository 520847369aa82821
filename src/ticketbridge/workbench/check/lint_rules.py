"""Warn about rules of `responses` that can never decide, or that decide by too little."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType

from ticketbridge.jmes import nodes
from ticketbridge.mapping.findings import Finding
from ticketbridge.mapping.spec import (
    NOTHING_THERE,
    OWNS_NOTHING,
    CallSpec,
    LoginSpec,
    MappingSpec,
    NumberSpec,
    OffsetSpec,
    PagesSpec,
    RuleSpec,
    parts_within,
)
from ticketbridge.mapping.spec_answers import not_about_users
from ticketbridge.workbench.check.trees import find_roots, make_doubt, read_tree

_SUCCESS = frozenset(range(200, 300))
_ORDERS: Mapping[nodes.Operator, Callable[[int, int], bool]] = MappingProxyType(
    {
        "==": operator.eq,
        "!=": operator.ne,
        "<": operator.lt,
        "<=": operator.le,
        ">": operator.gt,
        ">=": operator.ge,
    }
)
_WITHOUT_BODY = frozenset({204, 205, 304})
_KNOWN_BY_BODY = "{status: 404, when: body.code == 'NO_CUSTOMER', then: unknown_user}"
_PAST_THE_END = frozenset({416})


def doubt_dead_rules(spec: MappingSpec) -> Iterator[Finding]:
    """Yield a doubt at each rule that no answer reaches."""
    for part in parts_within((spec.source, spec.upstream.auth)):
        if isinstance(part, CallSpec | LoginSpec):
            yield from _doubt_dead(part.responses)


def _doubt_dead(rules: Sequence[RuleSpec]) -> Iterator[Finding]:
    for position, rule in enumerate(rules):
        reason = _find_impossible(rule) or _find_shadowing(rule, rules[:position])
        if reason:
            yield make_doubt(
                rule.place, "TB520", f"no answer ever reaches this rule: {reason[0]}", reason[1]
            )


def _find_impossible(rule: RuleSpec) -> tuple[str, str] | None:
    if rule.when is None:
        return None
    statuses = _list_statuses(rule)
    tree = read_tree(rule.when)
    if not any(_may_hold(tree, status) for status in statuses):
        if rule.status is None:
            return "without `status` it is for 2xx alone", "write the status under `status`"
        return "its `status` and its `when` exclude each other", "keep one of them"
    if statuses <= _WITHOUT_BODY and "body" in find_roots(rule.when):
        return "such an answer has no body to ask", "leave `when` out"
    return None


def _may_hold(tree: nodes.Node, status: int) -> bool:
    """Return whether the condition can be true of an answer with that *status*."""
    match tree:
        case nodes.Both():
            return all(_may_hold(each, status) for each in tree.conditions)
        case nodes.Either():
            return any(_may_hold(each, status) for each in tree.choices)
        case nodes.Comparison(
            left=nodes.Field(name="status"), right=nodes.Constant(value=int(word))
        ):
            return _ORDERS[tree.operator](status, word)
        case _:
            return True


def _find_shadowing(rule: RuleSpec, above: Sequence[RuleSpec]) -> tuple[str, str] | None:
    left = set(_list_statuses(rule))
    for other in above:
        same = (
            rule.when is not None and other.when is not None and rule.when.text == other.when.text
        )
        if (other.when is None or same) and not _passes_pages(other, rule):
            left -= _list_statuses(other)
        if not left:
            return (
                f"the one on line {other.place.line} decides before",
                "move it up, or leave it out",
            )
    return None


def _passes_pages(other: RuleSpec, rule: RuleSpec) -> bool:
    """Return whether *rule* can match a page in another format than the declared one, and *other* cannot."""
    claims = other.then in NOTHING_THERE and rule.then not in NOTHING_THERE
    return claims and (rule.when is None or "body" not in find_roots(rule.when))


def _list_statuses(rule: RuleSpec) -> frozenset[int]:
    if rule.status is None:
        return _SUCCESS
    return frozenset(s for each in rule.status for s in range(each.first, each.last + 1))


def doubt_unsaid_users(spec: MappingSpec) -> Iterator[Finding]:
    """Yield a warning at a status for unknown users if no rule ever leads to it."""
    parts = parts_within((spec.source, spec.upstream.auth))
    said = {part.then for part in parts if isinstance(part, RuleSpec)}
    if spec.response.when_unknown_user != 200 and "unknown_user" not in said:
        message = "no rule says `unknown_user`, so `when_unknown_user` never applies"
        hint = f"for example responses: [{_KNOWN_BY_BODY}]"
        yield make_doubt(spec.response.place, "TB521", message, hint)


def doubt_claims(spec: MappingSpec) -> Iterator[Finding]:
    """Yield a warning at each rule that concludes from the status that something is not there."""
    for part in parts_within((spec.source, spec.upstream.auth)):
        if isinstance(part, CallSpec | LoginSpec):
            pages = part.pages if isinstance(part, CallSpec) else None
            yield from _doubt_claims_in(part.responses, _find_past_first(pages))


def _doubt_claims_in(rules: Sequence[RuleSpec], past_first: str | None) -> Iterator[Finding]:
    """*past_first* is the condition that a page is not the first one, where pages are counted."""
    for rule in rules:
        is_end = rule.then == "last" and past_first is not None
        if rule.then in NOTHING_THERE and _is_by_status(rule, by_page=is_end):
            message = f"only the status decides this `{rule.then}`: a wrong path or a gateway gives it too"
            hint = f"say by `when` what the body has, for example {_suggest_claim(rule)}"
            if is_end:
                hint += (
                    f", or that a page came before: {{status: 404, when: {past_first}, then: last}}"
                )
            yield make_doubt(rule.place, "TB526", message, hint)


def _find_past_first(pages: PagesSpec | None) -> str | None:
    """Return what is true of all counted pages except the first. A page that is named has to exist."""
    match pages and pages.paging:
        case NumberSpec(start):
            return f"page.number > `{start}`"
        case OffsetSpec():
            return "page.offset > `0`"
        case _:
            return None


def _suggest_claim(rule: RuleSpec) -> str:
    if rule.then in OWNS_NOTHING:
        return _KNOWN_BY_BODY
    return f"{{status: 404, when: body.code == 'NOT_FOUND', then: {rule.then}}}"


def _is_by_status(rule: RuleSpec, *, by_page: bool) -> bool:
    """Return whether only the status decides, for an answer that may have a body.

    *by_page*: it is enough that a page came before.
    """
    if rule.when is None and (rule.status is None or any(map(not_about_users, rule.status))):
        return False  # which is worse, and was said
    # Only a page that is not the first one can be past the end, and only that answers 416.
    known_by = {"body", "page"} if by_page else {"body"}
    enough = _WITHOUT_BODY | (_PAST_THE_END if rule.then == "last" else frozenset())
    asks = rule.when is not None and bool(known_by & find_roots(rule.when))
    return not asks and not _list_statuses(rule) <= enough and _find_impossible(rule) is None
