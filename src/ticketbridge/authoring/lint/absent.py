"""Lists that may be absent, where nothing tells an answer without one from an answer of another kind."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from ticketbridge.authoring.check.trees import roots_in, tree_of
from ticketbridge.authoring.lint.doubts import doubt_in
from ticketbridge.jmes import nodes
from ticketbridge.mapping.findings import Finding
from ticketbridge.mapping.spec import CallSpec, EntrySpec, ExpressionSpec, MappingSpec

_CHOOSERS = frozenset({"default", "not_null"})
_OF_OBJECTS = frozenset({"values", "keys", "items"})


def absent_lists(spec: MappingSpec) -> Iterator[Finding]:
    """Lists of a call that are empty where a key is absent, and that nothing else holds to the answer."""
    taken: dict[
        str, CallSpec
    ] = {}  # what is an answer, or a part of one, by the name that it is bound to
    for entry in spec.source:
        expression = _bound(entry)
        if expression is None:
            if isinstance(entry, CallSpec):
                taken[entry.name] = entry
            continue
        call = _call_of(entry, expression, taken)
        if call is None:
            continue
        if _kind(entry) == "take":
            taken[entry.name] = call
        absent = next(_emptied(tree_of(expression)), None)
        if absent is not None and not _is_held(call):
            yield doubt_in(
                expression,
                absent,
                "TB522",
                "where this key is absent the list is empty, and nothing tells that from an error in the"
                " body, or from a key that was renamed",
                "give the call a rule that looks at the body, for example"
                " responses: [{when: body.success != `true`, then: fail}]; or hold it to `total`",
            )


def _bound(entry: EntrySpec) -> ExpressionSpec | None:
    return entry.result.expression if isinstance(entry, CallSpec) else entry.expression


def _kind(entry: EntrySpec) -> str:
    return entry.result.kind if isinstance(entry, CallSpec) else entry.kind


def _call_of(
    entry: EntrySpec, expression: ExpressionSpec, taken: Mapping[str, CallSpec]
) -> CallSpec | None:
    """The call whose answer *expression* reads, as far as that is not one element of a list."""
    if isinstance(entry, CallSpec):
        return entry
    return next((taken[name] for name in sorted(roots_in(expression)) if name in taken), None)


def _is_held(call: CallSpec) -> bool:
    """Whether a rule looks at the body, or the platform's own count must be met."""
    if call.pages is not None and call.pages.total is not None:
        return True
    return any("body" in roots_in(rule.when) for rule in call.responses if rule.when is not None)


def _emptied(tree: nodes.Node, kind: type = list) -> Iterator[nodes.Node]:
    """The calls of `optional` whose absent key makes *tree* an empty list, or one with less in it.

    *kind* is dict where an empty object would become an empty list.
    """
    match tree:
        case nodes.Either(choices=several):
            yield from _chosen(several, kind)
        case nodes.Call(name=name, arguments=several) if name in _CHOOSERS:
            yield from _chosen(several, kind)
        case nodes.Call(name="as_list", arguments=(value,)):
            yield from _nulls(value)
            yield from _emptied(value)
        case nodes.Call(name=name, arguments=several):
            inner = dict if name in _OF_OBJECTS else list
            yield from _of_all(_emptied(each, inner) for each in several)
        case nodes.ListOf(items=several):
            # A projection over such a list leaves its nulls out.
            yield from _of_all(map(_nulls, several))
            yield from _of_all(map(_emptied, several))
        case nodes.Chain(steps=several):
            yield from _of_all(map(_emptied, several))
        case nodes.Projection() | nodes.ValueProjection():
            yield from _of_all(map(_emptied, (tree.base, tree.each)))
        case nodes.Flatten():
            yield from _emptied(tree.base)
        case nodes.Reference():
            yield from _emptied(tree.body)
        case _:
            return


def _chosen(several: tuple[nodes.Node, ...], kind: type) -> Iterator[nodes.Node]:
    """The same for a choice that ends in an empty list, or object, of its own."""
    *before, last = several
    if isinstance(last, nodes.Constant) and type(last.value) is kind and not last.value:
        yield from _all_null(before)
    yield from _of_all(_emptied(each, kind) for each in several)


def _nulls(tree: nodes.Node) -> Iterator[nodes.Node]:
    """The calls of `optional` whose absent key makes *tree* null."""
    match tree:
        case nodes.Call(name="optional"):
            yield tree
        case nodes.Call(name=name, arguments=several) if name in _CHOOSERS:
            yield from _all_null(several)
        case nodes.Either(choices=several):
            yield from _all_null(several)
        case nodes.Both(conditions=several) | nodes.Chain(steps=several):
            yield from _of_all(map(_nulls, several))
        case nodes.Projection() | nodes.ValueProjection() | nodes.Flatten():
            yield from _nulls(tree.base)
        case _:
            return


def _all_null(several: Iterable[nodes.Node]) -> Iterator[nodes.Node]:
    """The same for a choice: where one key is not optional, it must be there."""
    found = [list(_nulls(each)) for each in several]
    if all(found):
        yield from _of_all(map(iter, found))


def _of_all(several: Iterable[Iterator[nodes.Node]]) -> Iterator[nodes.Node]:
    for each in several:
        yield from each
