"""Warn about `source`: unused names, filters that hide, missing braces, lists that may be absent."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from ticketbridge.jmes import nodes
from ticketbridge.jmes.analysis import walk
from ticketbridge.mapping.findings import Finding
from ticketbridge.mapping.spec import (
    TOKEN_ROOT,
    BindingSpec,
    CallSpec,
    EntrySpec,
    ExpressionSpec,
    FormatSpec,
    MappingSpec,
    OffsetSpec,
    RequestSpec,
    SessionAuthSpec,
    SignatureAuthSpec,
    TemplateSpec,
    XmlFormatSpec,
    parts_within,
)
from ticketbridge.workbench.check.lint_ticket import doubt_truth_values
from ticketbridge.workbench.check.trees import (
    binds_several,
    find_filters,
    find_open_words,
    find_path,
    find_roots,
    find_subject,
    is_status,
    keep_about_status,
    make_doubt,
    make_doubt_in,
    read_tree,
)

# Parameters whose values are names of fields, as `include=order.items` is.
_NAMES_OF_FIELDS = frozenset({"include", "fields", "expand", "embed", "select", "sort", "order_by"})


def doubt_unused_names(spec: MappingSpec) -> Iterator[Finding]:
    """Yield a doubt at each entry whose name is not used below it."""
    for position, entry in enumerate(spec.source):
        used = find_roots((spec.source[position + 1 :], spec.ticket))
        if entry.name not in used and not _is_a_guard(entry):
            yield make_doubt(
                entry.place,
                "TB510",
                f"`{entry.name}` is bound, and never used",
                _suggest_use(entry),
            )


def doubt_unused_values(spec: MappingSpec) -> Iterator[Finding]:
    """Yield a warning at each value of a signature that nothing uses."""
    auth = spec.upstream.auth
    if isinstance(auth, SignatureAuthSpec):
        for position, value in enumerate(auth.values, 1):
            if value.name not in find_roots((auth.values[position:], auth.headers, auth.query)):
                message = f"`{value.name}` is made, and never used"
                yield make_doubt(value.place, "TB540", message, "use it, or leave it out")


def _is_a_guard(entry: EntrySpec) -> bool:
    """Return whether the answer of *entry* matters without being used: as an error, or by a rule."""
    return (
        isinstance(entry, CallSpec)
        and entry.result.kind == "take"
        and (entry.condition is not None or bool(entry.responses))
    )


def _suggest_use(entry: EntrySpec) -> str:
    kind = entry.kind if isinstance(entry, BindingSpec) else entry.result.kind
    if kind == "each":
        return "each of its values makes the same records again: use it, or leave it out"
    return "use it, or leave it out"


def doubt_offsets(spec: MappingSpec) -> Iterator[Finding]:
    """Yield a doubt at offsets that are compared with no number of items."""
    for entry in spec.source:
        pages = entry.pages if isinstance(entry, CallSpec) else None
        if pages and isinstance(pages.paging, OffsetSpec) and not (pages.total or pages.last):
            message = (
                "a platform that gives fewer items a page than `step` ends these pages too early"
            )
            hint = "name its own count with `total`, or the end with `last`"
            yield make_doubt(pages.place, "TB515", message, hint)


def doubt_ids(spec: MappingSpec) -> Iterator[Finding]:
    """Yield a doubt at a ticket id that is the same for all records of the innermost list."""
    looped = list(filter(binds_several, spec.source))
    id_field = next((f for f in spec.ticket.fields.fields if f.name == "ticketId"), None)
    if not looped or id_field is None:
        return
    innermost = looped[-1]
    below = _find_derived(innermost, spec.source)
    if not find_roots(id_field) & below and find_roots(spec.ticket) & below:
        message = f"every `{innermost.name}` of one list has the same ticketId"
        yield make_doubt(id_field.field.place, "TB511", message, f"for example {innermost.name}.id")


def _find_derived(entry: EntrySpec, source: Sequence[EntrySpec]) -> set[str]:
    """Return the name of *entry*, and the names below that are made from it."""
    names = {entry.name}
    for other in source[source.index(entry) + 1 :]:
        if find_roots(other) & names:
            names.add(other.name)
    return names


def doubt_hiding_filters(spec: MappingSpec) -> Iterator[Finding]:
    """Yield a doubt at filters, and conditions of calls, that leave out records by status."""
    for entry in spec.source:
        for expression, condition in _find_filters_in(entry):
            yield from _doubt_hidden(expression, condition)
        if isinstance(entry, CallSpec) and entry.condition is not None:
            yield from _doubt_hidden(entry.condition, read_tree(entry.condition))


def doubt_source_truth_values(spec: MappingSpec) -> Iterator[Finding]:
    """Yield a doubt at values taken for true or false in filters and conditions."""
    for entry in spec.source:
        for expression, condition in _find_filters_in(entry):
            yield from doubt_truth_values(expression, condition, rooted=False, whole=True)
        for expression in _find_conditions(entry):
            yield from doubt_truth_values(expression, read_tree(expression), rooted=True)


def _find_filters_in(entry: EntrySpec) -> Iterator[tuple[ExpressionSpec, nodes.Node]]:
    """Yield the conditions of the filters in what *entry* binds."""
    result = entry.expression if isinstance(entry, BindingSpec) else entry.result.expression
    if result is not None:
        for condition in find_filters(read_tree(result)):
            yield result, condition


def _find_conditions(entry: EntrySpec) -> Iterator[ExpressionSpec]:
    """Yield the conditions of a call: its own, those of its rules, and that of its last page."""
    if isinstance(entry, CallSpec):
        last = entry.pages.last if entry.pages else None
        found = (entry.condition, last, *(rule.when for rule in entry.responses))
        yield from (spec for spec in found if spec is not None)


def _doubt_hidden(source: ExpressionSpec, condition: nodes.Node) -> Iterator[Finding]:
    is_open = list(keep_about_status(find_open_words(condition, good=True)))
    for node in is_open:
        message = "every record but those of the word named here is taken, also of an unknown word"
        hint = "take the list whole: `ticket.status` tells the words apart"
        yield make_doubt_in(source, node, "TB504", message, hint)
    for node in walk(condition):
        about = find_subject(node) if node not in is_open else None
        if about is not None and is_status(about):
            message = "a record of another status is left out unseen, also one of an unknown word"
            hint = "take the list whole: `ticket.status` tells the words apart"
            yield make_doubt_in(source, node, "TB505", message, hint)


def doubt_missing_braces(spec: MappingSpec) -> Iterator[Finding]:
    """Yield a doubt at literal text that looks like an expression without braces."""
    names = "|".join(re.escape(entry.name) for entry in spec.source)
    path = rf"(?:(?:{names})\.\w[\w.]*|page\.(?:number|offset|cursor))"
    auth = spec.upstream.auth
    if isinstance(auth, SessionAuthSpec) and auth.is_placed:
        path = rf"(?:{path}|{TOKEN_ROOT}(?:\.\w[\w.]*)?)"
    for part in parts_within((spec.source, spec.upstream.auth)):
        if isinstance(part, RequestSpec):
            yield from _doubt_bare_words(part, path)
        for text in part.parts if isinstance(part, TemplateSpec) else ():
            braced = (
                re.search(rf"\{{\s*(user|{path})\s*\}}", text) if isinstance(text, str) else None
            )
            if braced:
                yield _doubt_text(part, braced[0], braced[1])


def _doubt_bare_words(request: RequestSpec, path: str) -> Iterator[Finding]:
    """Yield a warning at a bare expression as a path segment, or as the whole value of a parameter."""
    values = [(t, name) for name, several in request.query.items() for t in several]
    asks = "user" in find_roots(request)
    for template, name in values:
        word = template.parts[0] if len(template.parts) == 1 else None
        if isinstance(word, str) and name.lower() not in _NAMES_OF_FIELDS:
            found = re.fullmatch(path, word) or (not asks and re.fullmatch("user", word))
            if found:
                yield _doubt_text(template, word, word)
    for text in request.path.parts:
        found = (
            re.search(rf"(?<=/):?({path}|:user)(?=/|$)", text) if isinstance(text, str) else None
        )
        if found:
            yield _doubt_text(request.path, found[0], found[1].strip(":"))


def _doubt_text(template: TemplateSpec, shown: str, word: str) -> Finding:
    message = f"`{shown}` is sent as it stands, letter for letter"
    return make_doubt(template.place, "TB513", message, f"write {{{word}}} for its value")


def doubt_requests(spec: MappingSpec) -> Iterator[Finding]:
    """Yield a warning if no request names the user."""
    requests = [entry.request for entry in spec.source if isinstance(entry, CallSpec)]
    if (
        spec.ticket.owner is not None
        and requests
        and "user" not in find_roots((requests, spec.upstream))
    ):
        message = "no request says who asks: each answer is made from everybody's tickets"
        place, hint = requests[0].path.place, 'for example query: {email: "{user}"}'
        for text in parts_within([(request.headers, request.body) for request in requests]):
            if isinstance(text, TemplateSpec) and any(map(_names_user, text.parts)):
                place, hint = (
                    text.place,
                    "`user` is sent letter for letter: write {user} for the asked one",
                )
                break
        yield make_doubt(place, "TB512", message, hint)


def _names_user(part: object) -> bool:
    return isinstance(part, str) and re.search(r"(?<!\w)user(?!\w)", part) is not None


# --- lists that may be absent ---------------------------------------------------------------------


_CHOOSERS = frozenset({"default", "not_null"})
_OF_OBJECTS = frozenset({"values", "keys", "items"})


def doubt_absent_lists(spec: MappingSpec) -> Iterator[Finding]:
    """Yield a doubt at a list that is empty if a key is absent, in an answer that no rule checks."""
    # What is an answer, or a part of one, by the name that it is bound to.
    taken: dict[str, CallSpec] = {}
    call: CallSpec | None
    expression: ExpressionSpec | None
    for entry in spec.source:
        if isinstance(entry, CallSpec):
            call, kind, expression = entry, entry.result.kind, entry.result.expression
        else:
            kind, expression = entry.kind, entry.expression
            known = (taken[name] for name in sorted(find_roots(expression)) if name in taken)
            call = next(known, None)
        if call is None:
            continue
        if kind == "take" or expression is None:
            taken[entry.name] = call
        if expression is None:
            continue
        tree = read_tree(expression)
        absent = next(chain(_find_emptying(tree), _find_declared(tree, call.format)), None)
        if absent is not None and not _is_held(call):
            yield make_doubt_in(
                expression,
                absent,
                "TB522",
                "if this is absent the list is empty, and nothing tells that from an error in the body, or"
                " from a list that was renamed",
                "give the call a rule that looks at the body, for example"
                " responses: [{when: body.success != `true`, then: fail}]; or hold it to `total`",
            )


def _is_held(call: CallSpec) -> bool:
    """Return whether a rule looks at the body of *call*, or the platform's own count is checked."""
    if call.pages is not None and call.pages.total is not None:
        return True
    return any("body" in find_roots(rule.when) for rule in call.responses if rule.when is not None)


def _find_declared(tree: nodes.Node, form: FormatSpec) -> Iterator[nodes.Node]:
    """Yield what leads to an element of `lists`: such a list is empty if there is no such element."""
    lists = form.lists if isinstance(form, XmlFormatSpec) else ()
    listed = {path[-1] for path in lists if len(path) > 1}
    return (node for node in walk(tree) if listed.intersection((find_path(node) or ())[-1:]))


def _find_emptying(tree: nodes.Node, kind: type = list) -> Iterator[nodes.Node]:
    """Yield the calls of `optional` whose absent key makes *tree* an empty list, or a shorter one.

    *kind* is dict if an empty object would become an empty list.
    """
    match tree:
        case nodes.Either(choices=several):
            yield from _find_emptying_choices(several, kind)
        case nodes.Call(name=name, arguments=several) if name in _CHOOSERS:
            yield from _find_emptying_choices(several, kind)
        case nodes.Call(name="as_list", arguments=(value,)):
            yield from _find_nulls(value)
            yield from _find_emptying(value)
        case nodes.Call(name=name, arguments=several):
            inner = dict if name in _OF_OBJECTS else list
            yield from chain.from_iterable(_find_emptying(each, inner) for each in several)
        case nodes.ListOf(items=several):
            # A projection over such a list leaves its nulls out.
            yield from chain.from_iterable(map(_find_nulls, several))
            yield from chain.from_iterable(map(_find_emptying, several))
        case nodes.Chain(steps=several):
            yield from chain.from_iterable(map(_find_emptying, several))
        case nodes.Projection() | nodes.ValueProjection():
            yield from chain.from_iterable(map(_find_emptying, (tree.base, tree.each)))
        case nodes.Flatten():
            yield from _find_emptying(tree.base)
        case nodes.Reference():
            yield from _find_emptying(tree.body)
        case _:
            return


def _find_emptying_choices(several: tuple[nodes.Node, ...], kind: type) -> Iterator[nodes.Node]:
    """Yield the same for a choice whose last value is an empty list or object."""
    *before, last = several
    if isinstance(last, nodes.Constant) and type(last.value) is kind and not last.value:
        yield from _find_all_null(before)
    yield from chain.from_iterable(_find_emptying(each, kind) for each in several)


def _find_nulls(tree: nodes.Node) -> Iterator[nodes.Node]:
    """Yield the calls of `optional` whose absent key makes *tree* null."""
    match tree:
        case nodes.Call(name="optional"):
            yield tree
        case nodes.Call(name=name, arguments=several) if name in _CHOOSERS:
            yield from _find_all_null(several)
        case nodes.Either(choices=several):
            yield from _find_all_null(several)
        case nodes.Both(conditions=several) | nodes.Chain(steps=several):
            yield from chain.from_iterable(map(_find_nulls, several))
        case nodes.Projection() | nodes.ValueProjection() | nodes.Flatten():
            yield from _find_nulls(tree.base)
        case _:
            return


def _find_all_null(several: Iterable[nodes.Node]) -> Iterator[nodes.Node]:
    """Yield the same for a choice; nothing if one of its keys is not optional."""
    found = [list(_find_nulls(each)) for each in several]
    if all(found):
        yield from chain.from_iterable(found)
