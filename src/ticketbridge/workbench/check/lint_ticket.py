"""Warn about `ticket`: shapes in which a record counts as the user's, or as valid, by mistake."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ticketbridge.contract.marks import VALID
from ticketbridge.jmes import nodes
from ticketbridge.jmes.analysis import choices, walk
from ticketbridge.mapping.findings import Finding
from ticketbridge.mapping.spec import (
    ExpressionSpec,
    MappingSpec,
    NamedField,
    StatusTableSpec,
    TableSpec,
    parts_within,
)
from ticketbridge.workbench.check.trees import (
    find_literal_text,
    find_open_words,
    find_partial_words,
    find_path,
    find_untyped_conditions,
    keep_about_status,
    make_doubt,
    make_doubt_in,
    make_snake_case,
    read_tree,
)

_CHANGING = frozenset({"lower", "upper", "trim", "replace", "split", "extract", "join"})
_CATCH_ALL = re.compile(r"\*|\.\*|_|else|default|other|otherwise|any|unknown|null|", re.IGNORECASE)
_ENDED = re.compile(
    r"(?!.*(?:un|no|not|non|never|partial|partially|partly)[_ -]?(?:cancel|refund|void|revok|expire))"
    r"(?!.*(?:fail|reject|declin|denied|partial))"
    r".*(?:cancel|refund|void|revok|expire|charge.?back|anulad|reembols).*",
    re.IGNORECASE,
)
_MINOR = re.compile(
    r"(?:.*_)?(?:cents?|centimes|centavos|centimos|pence|minor(?:_units?)?)(?:_.*)?"
)


def doubt_owner(spec: MappingSpec) -> Iterator[Finding]:
    """Yield a doubt at an owner that may be another value than the platform means."""
    source = spec.ticket.owner
    if source is None:
        return
    tree = read_tree(source)
    if len(list(choices(tree))) > 1:
        yield make_doubt_in(
            source,
            tree,
            "TB501",
            "the owner is a choice: where the first is empty, the next one is taken for the owner",
            "name the one key that says whose ticket it is",
        )
    for node in walk(tree):
        if isinstance(node, nodes.Call) and node.name == "optional":
            message = "were the owner's key renamed, every record would be nobody's: an empty list"
            yield make_doubt_in(source, node, "TB501", message, "leave `optional` out")
        if isinstance(node, nodes.Call) and node.name in _CHANGING:
            message = f"`{node.name}` makes other owners equal to the asked user"
            hint = "compare the owner as it is: ASCII letter case makes no difference anyway"
            yield make_doubt_in(source, node, "TB502", message, hint)


def doubt_status_sources(spec: MappingSpec) -> Iterator[Finding]:
    """Yield a warning at a status that has a default if absent, or that is searched for parts of words."""
    sources = [read_tree(table.source) for table in spec.ticket.statuses]
    # Where another table takes the platform's word as it is, this one may only refine it.
    alone = all(len(list(choices(tree))) > 1 for tree in sources)
    for table, tree in zip(spec.ticket.statuses, sources, strict=True):
        if alone:
            yield from _doubt_made_up(table, tree)
        for node in walk(tree):
            if isinstance(node, nodes.Call) and node.name == "optional":
                message = (
                    "were the status's key renamed, `optional` would make it an unknown status"
                )
                yield make_doubt_in(table.source, node, "TB503", message, "leave `optional` out")
        yield from _doubt_partial_words(table.source)
        for node in _find_open_in(table, tree):
            yield _doubt_open_word(table.source, node)


def _doubt_made_up(table: StatusTableSpec, tree: nodes.Node) -> Iterator[Finding]:
    valid = {word for word, status in table.values.items() if status.value == VALID}
    _, *others = choices(tree)
    for other in others:
        word = find_literal_text(other)
        if word in valid or not isinstance(other, nodes.Constant):
            message = "where the platform says no status, this one is taken, and may be VALID"
            hint = "leave it out: a status that is not there is no valid one"
            yield make_doubt_in(table.source, other, "TB503", message, hint)


def _find_open_in(table: StatusTableSpec, tree: nodes.Node) -> Iterator[nodes.Node]:
    """Yield the comparisons, in a table over true and false, in which any other word is VALID."""
    for truth, good in (("true", True), ("false", False)):
        status = table.values.get(truth)
        if status is not None and status.value == VALID:
            yield from find_open_words(tree, good=good)


def doubt_reasons(spec: MappingSpec) -> Iterator[Finding]:
    """Yield a doubt at conditions that let an unknown status pass, or take a value for true or false."""
    known = {find_path(read_tree(table.source)) for table in spec.ticket.statuses}
    listed = {path for path in known if path}
    for reason in spec.ticket.not_eligible_when:
        source, tree = reason.expression, read_tree(reason.expression)
        for node in keep_about_status(find_open_words(tree, good=False), listed):
            yield _doubt_open_word(source, node)
        yield from doubt_truth_values(source, tree, rooted=True)
        yield from _doubt_partial_words(source)


def _doubt_open_word(source: ExpressionSpec, node: nodes.Node) -> Finding:
    return make_doubt_in(
        source,
        node,
        "TB504",
        "every word but the ones named here counts as valid, also one that the platform adds tomorrow",
        "list the words in `ticket.status`, where an unknown one is an error",
    )


def doubt_truth_values(
    source: ExpressionSpec, tree: nodes.Node, *, rooted: bool, whole: bool = False
) -> Iterator[Finding]:
    """Yield a warning at operands that are used as true or false, but may be anything."""
    for node in find_untyped_conditions(tree, rooted=rooted, whole=whole):
        yield make_doubt_in(
            source,
            node,
            "TB506",
            'this counts as true or false whatever it is: "0" and "false" are true, null is false',
            "compare it, for example with == `true`",
        )


def _doubt_partial_words(source: ExpressionSpec) -> Iterator[Finding]:
    for node in find_partial_words(read_tree(source)):
        message = "this searches for a part of a status: UNPAID has PAID in it"
        yield make_doubt_in(source, node, "TB509", message, "compare the whole word with ==")


def doubt_tables(spec: MappingSpec) -> Iterator[Finding]:
    """Yield a doubt at tables in which an unexpected word is VALID."""
    for table in spec.ticket.statuses:
        for word, status in table.values.items():
            if status.value == VALID and _CATCH_ALL.fullmatch(word):
                message = f"`{word}` is a status that is spelt so; it stands for no others"
                hint = "list the platform's words: an unknown one is an error"
                yield make_doubt(status.place, "TB507", message, hint)
            elif status.value == VALID and _ENDED.fullmatch(word):
                message = f"`{word}` is VALID here, and does not sound so"
                yield make_doubt(status.place, "TB508", message, "for example CANCELED or REFUNDED")
    for part in parts_within(spec.ticket.fields):
        if isinstance(part, TableSpec) and part.otherwise and part.otherwise.value == VALID:
            message = "every word that is not listed is VALID here"
            hint = "leave `else` out: then it is a violation"
            yield make_doubt(part.otherwise.place, "TB507", message, hint)


def doubt_prices(spec: MappingSpec) -> Iterator[Finding]:
    """Yield a doubt at a price that is taken unchanged from a key that names minor units."""
    for part in parts_within(spec.ticket.fields):
        if not isinstance(part, NamedField) or part.name != "price":
            continue
        path = find_path(read_tree(part.field)) if isinstance(part.field, ExpressionSpec) else None
        if path and _MINOR.fullmatch(make_snake_case(path[-1]).lower()):
            message = f"`{path[-1]}` sounds like minor units; a price is in major ones (180.5)"
            hint = f"for example minor_units({'.'.join(path)}, item.currency)"
            yield make_doubt(part.field.place, "TB514", message, hint)
