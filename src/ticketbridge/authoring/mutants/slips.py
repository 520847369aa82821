"""The slips that a mapping can have: each is the mapping with one thing in it changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from ticketbridge.authoring.cases.trace import Trace
from ticketbridge.authoring.mutants.expressions import edits
from ticketbridge.authoring.mutants.siblings import sibling
from ticketbridge.authoring.sites import Site, sites
from ticketbridge.jmes import ExpressionError
from ticketbridge.jmes.parser import parse
from ticketbridge.jmes.writing import Unwritable, text_of
from ticketbridge.mapping.findings import Place
from ticketbridge.mapping.spec import (
    DEFAULT_BODY,
    CallSpec,
    ConstSpec,
    ExpressionSpec,
    FieldSpec,
    MappingSpec,
    NumberSpec,
    ObjectSpec,
    OffsetSpec,
    PagesSpec,
    RequestSpec,
    ResponseSpec,
    RuleSpec,
    StatusTableSpec,
    TableSpec,
    TicketSpec,
    XmlFormatSpec,
)

LEFT_OUT = "left out"
VALID = "VALID"
# Fields that are taken for one another, both ways.
_PAIRS = (
    ("showId", "externalReferenceEventId"),
    ("ticketOptionId", "priceTypeId"),
    ("row", "seat"),
    ("firstName", "lastName"),
)
_CONFUSED = {one: other for pair in _PAIRS for one, other in (pair, pair[::-1])}


@dataclass(frozen=True, slots=True)
class Slip:
    """One slip: where it is, what it *changed*, and the mapping that has it.

    *name* tells it from the others of its mapping: the part, and what that part would say.
    """

    place: Place
    name: str
    change: str
    spec: MappingSpec


def slips(spec: MappingSpec, trace: Trace) -> list[Slip]:
    """Every slip of *spec*, in the order of the file; those that come to the same once.

    *trace* knows the objects of the cases, and so the keys that may be taken for one another.
    """
    found: dict[str, Slip] = {}
    for site in sites(spec):
        for slip in _slips_at(site, trace):
            found.setdefault(slip.name, slip)
    return sorted(found.values(), key=lambda slip: slip.place)


def _slips_at(site: Site, trace: Trace) -> Iterator[Slip]:
    match site.node:
        case ExpressionSpec():
            yield from _of_expression(site, site.node, trace)
        case CallSpec():
            yield from _of_call(site, site.node)
        case RequestSpec():
            yield from _of_request(site, site.node)
        case RuleSpec():
            yield from _of_rule(site, site.node)
        case PagesSpec():
            yield from _of_pages(site, site.node)
        case TicketSpec():
            yield from _of_ticket(site, site.node)
        case StatusTableSpec() | TableSpec():
            yield from _of_table(site, site.node)
        case ObjectSpec():
            yield from _of_object(site, site.node)
        case ResponseSpec():
            yield from _of_response(site, site.node)


def _slip(site: Site, place: Place, slot: str, says: Any, change: str, **members: Any) -> Slip:
    """The slip that the node of *site* has other *members*; *says* is what *slot* says then."""
    spec = site.put(replace(site.node, **members))
    return Slip(place, f"{site.slot}{slot}: {says}", change, spec)


def _left_out(site: Site, place: Place, slot: str, **members: Any) -> Slip:
    what = slot.strip(".") or site.slot.rpartition(".")[2]
    return _slip(site, place, slot, LEFT_OUT, f"`{what}` left out", **members)


def _without(entries: tuple[Any, ...], index: int) -> tuple[Any, ...]:
    return (*entries[:index], *entries[index + 1 :])


# --- expressions ----------------------------------------------------------------------------------


def _of_expression(site: Site, spec: ExpressionSpec, trace: Trace) -> Iterator[Slip]:
    if spec.text == DEFAULT_BODY:
        return  # nobody has written it
    if site.slot.endswith(".message"):
        return  # only the log has it: no answer changes, even if it cannot be made
    tree = parse(spec.text, strict=True)
    scopes = [scope for scope, _ in trace.of(spec)]
    for edit in edits(tree, lambda before, name: sibling(before, name, scopes)):
        text = _written(edit.tree)
        if text is not None:
            mutant = site.put(replace(spec, text=text, pieces=()))
            yield Slip(spec.at(edit.start), f"{site.slot}: {text}", edit.change, mutant)


def _written(tree: Any) -> str | None:
    """The text of *tree*, or None where it has none: nobody can write that."""
    try:
        text = text_of(tree)
        parse(text, strict=True)
    except (ExpressionError, Unwritable):
        return None
    return text


# --- source ---------------------------------------------------------------------------------------


def _of_call(site: Site, spec: CallSpec) -> Iterator[Slip]:
    if spec.condition is not None:
        yield _left_out(site, spec.condition.place, ".if", condition=None)
    if spec.pages is not None:
        yield _left_out(site, spec.pages.place, ".pages", pages=None)
    if spec.any_content_type:
        yield _left_out(site, spec.place, ".any_content_type", any_content_type=False)
    if isinstance(spec.format, XmlFormatSpec):
        for index, path in enumerate(spec.format.lists):
            lists = replace(spec.format, lists=_without(spec.format.lists, index))
            yield _left_out(site, spec.place, f".format.lists.{'/'.join(path)}", format=lists)
    for index, rule in enumerate(spec.responses):
        slot = ".responses" if len(spec.responses) == 1 else f".responses[{index}]"
        yield _left_out(site, rule.place, slot, responses=_without(spec.responses, index))


def _of_request(site: Site, spec: RequestSpec) -> Iterator[Slip]:
    for name, values in spec.query.items():
        query = {other: value for other, value in spec.query.items() if other != name}
        yield _left_out(site, values[0].place, f".query.{name}", query=query)


def _of_rule(site: Site, spec: RuleSpec) -> Iterator[Slip]:
    if spec.when is not None and spec.status is not None:
        yield _left_out(site, spec.when.place, ".when", when=None)
        yield _left_out(site, spec.place, ".status", status=None)


def _of_pages(site: Site, spec: PagesSpec) -> Iterator[Slip]:
    if spec.last is not None:
        yield _left_out(site, spec.last.place, ".last", last=None)
    if spec.total is not None:
        yield _left_out(site, spec.total.place, ".total", total=None)
    if spec.items is not None:
        yield _left_out(site, spec.items.place, ".items", items=None)
    if spec.any_path:
        yield _left_out(site, spec.place, ".any_path", any_path=False)
    if spec.number is not None:
        start = spec.number.start
        other = NumberSpec(start + 1)
        change = f"`{start + 1}` for `{start}`"
        yield _slip(site, spec.place, ".number.start", start + 1, change, number=other)
    if spec.offset is not None:
        step = spec.offset.step
        wider, change = OffsetSpec(step + 1), f"`{step + 1}` for `{step}`"
        yield _slip(site, spec.place, ".offset.step", step + 1, change, offset=wider)


# --- ticket ---------------------------------------------------------------------------------------


def _of_ticket(site: Site, spec: TicketSpec) -> Iterator[Slip]:
    if spec.owner is not None:
        change = "the owner is not compared"
        yield _slip(site, spec.owner.place, ".owner", "upstream", change, owner=None)
    for index, reason in enumerate(spec.not_eligible_when):
        left = _without(spec.not_eligible_when, index)
        slot = f".not_eligible_when.{reason.name}"
        yield _left_out(site, reason.expression.place, slot, not_eligible_when=left)
    if len(spec.statuses) > 1:
        for index, table in enumerate(spec.statuses):
            left = _without(spec.statuses, index)
            yield _left_out(site, table.place, f".status[{index}]", statuses=left)
    if spec.ineligible == "mark":
        yield _slip(site, spec.place, ".ineligible", "omit", "`omit` for `mark`", ineligible="omit")
    if spec.on_violation == "omit":
        change = "`fail` for `omit`"
        yield _slip(site, spec.place, ".on_violation", "fail", change, on_violation="fail")


def _of_table(site: Site, spec: StatusTableSpec | TableSpec) -> Iterator[Slip]:
    for word, constant in spec.values.items():
        other = _other(spec, constant)
        if other is not None:
            change = f"`{other}` for `{constant.value}`"
            values = {**spec.values, word: replace(constant, value=other)}
            yield _slip(site, constant.place, f".values.{word}", other, change, values=values)
    if isinstance(spec, TableSpec) and spec.otherwise is not None:
        yield _left_out(site, spec.otherwise.place, ".else", otherwise=None)


def _other(spec: StatusTableSpec | TableSpec, constant: ConstSpec) -> Any:
    """Another value of the same table; of statuses, VALID for what is not, and not VALID for what is."""
    others = [other.value for other in spec.values.values() if other.value != constant.value]
    if isinstance(spec, StatusTableSpec):
        invalid = next(iter(others), "NOT_VALID")
        return invalid if constant.value == VALID else VALID
    if spec.otherwise is not None and spec.otherwise.value != constant.value:
        others.append(spec.otherwise.value)
    return next((other for other in others if other is not None), None)


def _of_object(site: Site, spec: ObjectSpec) -> Iterator[Slip]:
    for index, named in enumerate(spec.fields):
        slot = f".{named.name}"
        yield _left_out(site, named.place, slot, fields=_without(spec.fields, index))
    yield from _confused(site, spec)


def _confused(site: Site, spec: ObjectSpec) -> Iterator[Slip]:
    """One field taken for another."""
    made = {named.name: named.field for named in spec.fields}
    for index, named in enumerate(spec.fields):
        name = _CONFUSED.get(named.name, "")
        other = made.get(name)
        if not isinstance(other, ExpressionSpec) or _text(named.field) == other.text:
            continue
        wrong = replace(named, field=other)
        fields = (*spec.fields[:index], wrong, *spec.fields[index + 1 :])
        change = f"the expression of `{name}`"
        yield _slip(site, named.place, f".{named.name}", other.text, change, fields=fields)


def _text(field: FieldSpec) -> str | None:
    return field.text if isinstance(field, ExpressionSpec) else None


# --- response -------------------------------------------------------------------------------------


def _of_response(site: Site, spec: ResponseSpec) -> Iterator[Slip]:
    if spec.when_empty == 204:
        yield _slip(site, spec.place, ".when_empty", 200, "`200` for `204`", when_empty=200)
    if spec.when_unknown_user == 404:
        change = "`200` for `404`"
        yield _slip(site, spec.place, ".when_unknown_user", 200, change, when_unknown_user=200)
