"""The slips that a mapping can have: each is the mapping with one change."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ticketbridge.contract.marks import VALID
from ticketbridge.jmes import (
    EvaluationError,
    ExpressionError,
    compile_expression,
    names_in,
    nodes,
)
from ticketbridge.jmes.parser import parse
from ticketbridge.jmes.writing import Unwritable, text_of
from ticketbridge.mapping.findings import Place
from ticketbridge.mapping.spec import (
    DEFAULT_BODY,
    NOTHING_THERE,
    TOKEN_ROOT,
    CallSpec,
    ConstSpec,
    CsvFormatSpec,
    ExpressionSpec,
    MappingSpec,
    NumberSpec,
    ObjectSpec,
    OffsetSpec,
    PagesSpec,
    RequestSpec,
    ResponseSpec,
    RuleSpec,
    SessionAuthSpec,
    SignatureAuthSpec,
    StatusTableSpec,
    TableSpec,
    TicketSpec,
    XmlFormatSpec,
)
from ticketbridge.mapping.spec_compiler import Scope
from ticketbridge.workbench.cases.coverage import Trace
from ticketbridge.workbench.mutants.expression_edits import list_edits
from ticketbridge.workbench.spec_parts import SpecPart, list_parts

LEFT_OUT = "left out"
# Fields that are taken for one another, both ways.
_PAIRS = (
    ("showId", "externalReferenceEventId"),
    ("ticketOptionId", "priceTypeId"),
    ("row", "seat"),
    ("firstName", "lastName"),
)
_CONFUSED = {one: other for pair in _PAIRS for one, other in (pair, pair[::-1])}


@dataclass(frozen=True, slots=True)
class Mutant:
    """A mapping with one mistake: its place, what it *changed*, and the mapping.

    *name* is unique within its mapping: the part, and the part's new text.
    """

    place: Place
    name: str
    change: str
    spec: MappingSpec


def make_mutants(spec: MappingSpec, trace: Trace) -> list[Mutant]:
    """Return every mutant of *spec*, in the order of the file, and equal ones once.

    *trace* knows the objects of the cases, and so which keys may be confused.
    """
    found: dict[str, Mutant] = {}
    for part in list_parts(spec):
        if _is_masked(part.node, spec, trace):
            continue
        for mutant in _make_mutants_at(part, trace):
            found.setdefault(mutant.name, mutant)
    return sorted(found.values(), key=lambda mutant: mutant.place)


def _is_masked(node: Any, spec: MappingSpec, trace: Trace) -> bool:
    """Return whether *node* uses a token that no case has: in its requests a mask replaces the token."""
    auth = spec.upstream.auth
    return (
        isinstance(node, ExpressionSpec)
        and isinstance(auth, SessionAuthSpec)
        and auth.is_placed
        and TOKEN_ROOT in names_in(node.text)
        and not trace.of(node)
    )


def _make_mutants_at(part: SpecPart, trace: Trace) -> Iterator[Mutant]:
    match part.node:
        case ExpressionSpec():
            yield from _mutate_expression(part, part.node, trace)
        case CallSpec():
            yield from _mutate_call(part, part.node)
        case RequestSpec() | SignatureAuthSpec():
            yield from _mutate_request(part, part.node)
        case RuleSpec():
            yield from _mutate_rule(part, part.node)
        case PagesSpec():
            yield from _mutate_pages(part, part.node)
        case TicketSpec():
            yield from _mutate_ticket(part, part.node)
        case StatusTableSpec() | TableSpec():
            yield from _mutate_table(part, part.node)
        case ObjectSpec():
            yield from _mutate_object(part, part.node)
        case ResponseSpec():
            yield from _mutate_response(part, part.node)


def _make_mutant(
    part: SpecPart, place: Place, slot: str, says: Any, change: str, **members: Any
) -> Mutant:
    """Return the mutant in which *part* has other *members*; *says* is the new text of *slot*."""
    spec = part.with_node(replace(part.node, **members))
    return Mutant(place, f"{part.slot}{slot}: {says}", change, spec)


def _exchange(
    part: SpecPart, place: Place, slot: str, old: Any, new: Any, **members: Any
) -> Mutant:
    return _make_mutant(part, place, slot, new, f"`{new}` for `{old}`", **members)


def _leave_out(part: SpecPart, place: Place, slot: str, **members: Any) -> Mutant:
    what = slot.strip(".") or part.slot.rpartition(".")[2]
    return _make_mutant(part, place, slot, LEFT_OUT, f"`{what}` left out", **members)


def _drop_entry(entries: tuple[Any, ...], index: int) -> tuple[Any, ...]:
    return (*entries[:index], *entries[index + 1 :])


# --- expressions ----------------------------------------------------------------------------------


def _mutate_expression(part: SpecPart, spec: ExpressionSpec, trace: Trace) -> Iterator[Mutant]:
    if spec.text == DEFAULT_BODY:
        return  # nobody has written it
    if part.slot.endswith(".message"):
        return  # only the log has it: no answer changes, even if it cannot be made
    tree = parse(spec.text, strict=True)
    scopes = [scope for scope, _ in trace.of(spec)]
    for edit in list_edits(tree, lambda before, name: find_sibling(before, name, scopes)):
        text = _write_expression(edit.tree)
        if text is not None:
            mutant = part.with_node(replace(spec, text=text, pieces=()))
            yield Mutant(spec.at(edit.start), f"{part.slot}: {text}", edit.change, mutant)


def _write_expression(tree: Any) -> str | None:
    """Return the text of *tree*; None if no text means this tree."""
    try:
        text = text_of(tree)
        parse(text, strict=True)
    except (ExpressionError, Unwritable):
        return None
    return text


# --- source ---------------------------------------------------------------------------------------


def _mutate_call(part: SpecPart, spec: CallSpec) -> Iterator[Mutant]:
    if spec.condition is not None:
        yield _leave_out(part, spec.condition.place, ".if", condition=None)
    if spec.pages is not None:
        yield _leave_out(part, spec.pages.place, ".pages", pages=None)
    for name in ("host", "cookies"):
        if getattr(spec, name) is not None:
            yield _leave_out(part, spec.place, f".{name}", **{name: None})
    if spec.any_content_type:
        yield _leave_out(part, spec.place, ".any_content_type", any_content_type=False)
    yield from _mutate_format(part, spec)
    for index, rule in enumerate(spec.responses):
        slot = ".responses" if len(spec.responses) == 1 else f".responses[{index}]"
        yield _leave_out(part, rule.place, slot, responses=_drop_entry(spec.responses, index))


def _mutate_format(part: SpecPart, spec: CallSpec) -> Iterator[Mutant]:
    if isinstance(spec.format, XmlFormatSpec):
        if spec.format.attributes == "drop":
            kept = replace(spec.format, attributes="keep")
            yield _leave_out(part, spec.place, ".format.attributes", format=kept)
        for index, path in enumerate(spec.format.lists):
            lists = replace(spec.format, lists=_drop_entry(spec.format.lists, index))
            yield _leave_out(part, spec.place, f".format.lists.{'/'.join(path)}", format=lists)
    if isinstance(spec.format, CsvFormatSpec) and spec.format.any_end:
        ended = replace(spec.format, any_end=False)
        yield _leave_out(part, spec.place, ".format.any_end", format=ended)


def _mutate_request(part: SpecPart, spec: RequestSpec | SignatureAuthSpec) -> Iterator[Mutant]:
    for name, values in spec.query.items():
        query = {other: value for other, value in spec.query.items() if other != name}
        yield _leave_out(part, values[0].place, f".query.{name}", query=query)
    signed = spec.headers if isinstance(spec, SignatureAuthSpec) else {}
    for name, text in signed.items():
        headers = {other: value for other, value in signed.items() if other != name}
        yield _leave_out(part, text.place, f".headers.{name}", headers=headers)


def _mutate_rule(part: SpecPart, spec: RuleSpec) -> Iterator[Mutant]:
    if spec.when is not None and spec.status is not None:
        yield _leave_out(part, spec.when.place, ".when", when=None)
        yield _leave_out(part, spec.place, ".status", status=None)
    if spec.then in NOTHING_THERE:
        # Where it is left out, an answer may be read as usual, and come to the same.
        yield _exchange(part, spec.place, ".then", spec.then, "fail", then="fail")


def _mutate_pages(part: SpecPart, spec: PagesSpec) -> Iterator[Mutant]:
    for name in ("last", "total", "items"):
        member = getattr(spec, name)
        if member is not None:
            yield _leave_out(part, member.place, f".{name}", **{name: None})
    if spec.any_path:
        yield _leave_out(part, spec.place, ".any_path", any_path=False)
    if spec.number is not None:
        start = spec.number.start
        later = NumberSpec(start + 1)
        yield _exchange(part, spec.place, ".number.start", start, start + 1, number=later)
    if spec.offset is not None:
        step = spec.offset.step
        wider = OffsetSpec(step + 1)
        yield _exchange(part, spec.place, ".offset.step", step, step + 1, offset=wider)


# --- ticket ---------------------------------------------------------------------------------------


def _mutate_ticket(part: SpecPart, spec: TicketSpec) -> Iterator[Mutant]:
    if spec.owner is not None:
        change = "the owner is not compared"
        yield _make_mutant(part, spec.owner.place, ".owner", "upstream", change, owner=None)
    for index, reason in enumerate(spec.not_eligible_when):
        left = _drop_entry(spec.not_eligible_when, index)
        slot = f".not_eligible_when.{reason.name}"
        yield _leave_out(part, reason.expression.place, slot, not_eligible_when=left)
    if len(spec.statuses) > 1:
        for index, table in enumerate(spec.statuses):
            left = _drop_entry(spec.statuses, index)
            yield _leave_out(part, table.place, f".status[{index}]", statuses=left)
    if spec.ineligible == "mark":
        yield _exchange(part, spec.place, ".ineligible", "mark", "omit", ineligible="omit")
    if spec.on_violation == "omit":
        yield _exchange(part, spec.place, ".on_violation", "omit", "fail", on_violation="fail")


def _mutate_table(part: SpecPart, spec: StatusTableSpec | TableSpec) -> Iterator[Mutant]:
    for word, constant in spec.values.items():
        other = _find_other_value(spec, constant)
        if other is not None:
            values = {**spec.values, word: replace(constant, value=other)}
            slot = f".values.{word}"
            yield _exchange(part, constant.place, slot, constant.value, other, values=values)
    if isinstance(spec, TableSpec) and spec.otherwise is not None:
        yield _leave_out(part, spec.otherwise.place, ".else", otherwise=None)


def _find_other_value(spec: StatusTableSpec | TableSpec, constant: ConstSpec) -> Any:
    """Return another value of the same table; for statuses, VALID and not VALID are exchanged."""
    others = [other.value for other in spec.values.values() if other.value != constant.value]
    if isinstance(spec, StatusTableSpec):
        invalid = next(iter(others), "NOT_VALID")
        return invalid if constant.value == VALID else VALID
    if spec.otherwise is not None and spec.otherwise.value != constant.value:
        others.append(spec.otherwise.value)
    return next((other for other in others if other is not None), None)


def _mutate_object(part: SpecPart, spec: ObjectSpec) -> Iterator[Mutant]:
    for index, named in enumerate(spec.fields):
        slot = f".{named.name}"
        yield _leave_out(part, named.place, slot, fields=_drop_entry(spec.fields, index))
    yield from _confuse_fields(part, spec)


def _confuse_fields(part: SpecPart, spec: ObjectSpec) -> Iterator[Mutant]:
    """Yield mutants in which one field is taken for another."""
    made = {named.name: named.field for named in spec.fields}
    for index, named in enumerate(spec.fields):
        name = _CONFUSED.get(named.name, "")
        other = made.get(name)
        own = named.field.text if isinstance(named.field, ExpressionSpec) else None
        if not isinstance(other, ExpressionSpec) or own == other.text:
            continue
        wrong = replace(named, field=other)
        fields = (*spec.fields[:index], wrong, *spec.fields[index + 1 :])
        change = f"the expression of `{name}`"
        yield _make_mutant(part, named.place, f".{named.name}", other.text, change, fields=fields)


# --- response -------------------------------------------------------------------------------------


def _mutate_response(part: SpecPart, spec: ResponseSpec) -> Iterator[Mutant]:
    if spec.when_empty == 204:
        yield _exchange(part, spec.place, ".when_empty", 204, 200, when_empty=200)
    if spec.when_unknown_user == 404:
        yield _exchange(part, spec.place, ".when_unknown_user", 404, 200, when_unknown_user=200)


# --- keys that are taken for one another ----------------------------------------------------------


def find_sibling(before: nodes.Node, name: str, scopes: Sequence[Scope]) -> str | None:
    """Return the key most like *name* among those beside it with values of its type, or None.

    The objects are the values of *before* in *scopes*.
    """
    if not scopes:
        return None
    like: dict[str, None] = {}
    for thing in _list_objects(before, name, scopes):
        kind = type(thing[name])
        like |= {key: None for key in thing if key != name and type(thing[key]) is kind}
    return max(like, key=lambda key: difflib.SequenceMatcher(None, name, key).ratio(), default=None)


def _list_objects(
    before: nodes.Node, name: str, scopes: Sequence[Scope]
) -> Iterator[Mapping[str, Any]]:
    """Yield the objects with the key *name*, each once."""
    seen: set[int] = set()
    expression = compile_expression(text_of(before), roots=scopes[0].keys())
    for scope in scopes:
        try:
            value = expression(scope)
        except EvaluationError:
            continue
        if isinstance(value, Mapping) and name in value and id(value) not in seen:
            seen.add(id(value))
            yield value
