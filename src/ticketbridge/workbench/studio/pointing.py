"""From a value that somebody points at to the expression that reads it: a path, a join, or one more loop."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from ticketbridge.contract import tickets_schema
from ticketbridge.engine.tickets.verdicts import Record
from ticketbridge.jmes import (
    EvaluationError,
    ExpressionError,
    compile_expression,
    root_paths,
)
from ticketbridge.mapping.spec import (
    BindingSpec,
    CallSpec,
    ExpressionSpec,
    MappingSpec,
    NamedField,
    ObjectSpec,
)
from ticketbridge.mapping.spec_compiler import TODO
from ticketbridge.workbench.draft.candidate_finding import find_candidates
from ticketbridge.workbench.draft.candidates import Candidate
from ticketbridge.workbench.draft.platform_words import make_singular
from ticketbridge.workbench.draft.record_lists import make_free_name
from ticketbridge.workbench.draft.sample_values import find_value, write_path
from ticketbridge.workbench.studio.answer_rows import RowIndex, Step
from ticketbridge.workbench.studio.joins import find_join
from ticketbridge.workbench.studio.provenance import Spot
from ticketbridge.workbench.studio.studio_run import StudioRun

MOST_RECORDS = 60
OTHERWISE = "(a constant, a table or several)"
OWNER = "owner"
STATUS_FROM = "status.from"
_LARGE = 100


@dataclass(frozen=True, slots=True)
class PointChoice:
    """An expression that reads the value, and why it is one.

    *entry* is a loop that it needs first. *split* is the number of a call that must bind its whole answer
    first, under the name *whole*.
    """

    expression: str
    why: str
    entry: tuple[str, ...] = ()
    split: int | None = None
    whole: str = ""


@dataclass(frozen=True, slots=True)
class _Base:
    """The binding that a value stands in: its *name*, and the *steps* from there; in *record*'s scope."""

    name: str
    steps: tuple[Step, ...]
    record: Record
    row: int


def list_fields() -> list[str]:
    """Return what a value can be pointed to: the owner, the status, and each field of a ticket."""
    return [OWNER, STATUS_FROM, *_list_properties(_find_ticket(tickets_schema()), "")]


def _find_ticket(schema: Any) -> Mapping[str, Any]:
    """Return the part of the contract that a ticket follows."""
    if isinstance(schema, Mapping):
        if "ticketId" in schema.get("properties", ()):
            return schema
        schema = list(schema.values())
    inner = map(_find_ticket, schema) if isinstance(schema, list) else ()
    return next((found for found in inner if found), {})


def _list_properties(schema: Mapping[str, Any], before: str) -> Iterator[str]:
    for name, part in schema.get("properties", {}).items():
        inner = part.get("properties")
        if inner:
            yield from _list_properties(part, f"{before}{name}.")
        elif f"{before}{name}" != "status":
            yield f"{before}{name}"


def path_of_field(field: str) -> list[str]:
    """Return where *field* stands in a mapping."""
    within = field in {OWNER, STATUS_FROM} or field.startswith("not_eligible_when.")
    return ["ticket", *([] if within else ["fields"]), *field.split(".")]


# --- the expression -------------------------------------------------------------------------------


def point_at(run: StudioRun, spot: Spot, field: str, chosen: int | None) -> list[PointChoice]:
    """Return the expressions that read the value at *spot* for *field*, the likeliest first.

    The record *chosen* is looked at first. There is none where no record is bound to what is around it.
    """
    number, row = spot
    index = run.indexes[number]
    if index is None:
        return []
    base = _find_base(run, index, row, chosen)
    if base is None:
        return list(_split_call(run, number, index.find_steps(row, 0)))
    plain = list(_list_choices(run, index, base))
    return [made for choice in plain for made in _fit(run, choice, field)]


def _list_scoped(run: StudioRun, chosen: int | None) -> list[Record]:
    records = run.answer_run.trace.records
    first = [records[chosen]] if chosen is not None and chosen < len(records) else []
    return [record for record in (*first, *records[: MOST_RECORDS * 10]) if record.scope]


def _find_base(run: StudioRun, index: RowIndex, row: int, chosen: int | None) -> _Base | None:
    """Return the innermost binding around *row*, in the first record that is bound to it."""
    around = index.find_ancestors(row)
    names = run.names
    best: tuple[int, _Base] | None = None
    for record in _list_scoped(run, chosen):
        for name in reversed(names):
            found = _find_row(index, (record.scope or {}).get(name), around)
            if found is not None and (best is None or around.index(found) < best[0]):
                steps = index.find_steps(row, found)
                best = around.index(found), _Base(name, steps, record, found)
        if best is not None and best[0] <= 1:
            break
    return best[1] if best else None


def _find_row(index: RowIndex, value: Any, around: Sequence[int]) -> int | None:
    """Return the row of *around* that *value* is; of a list of several pages, that of its element."""
    row = index.containers.get(id(value))
    if row in around:
        return row
    if row is None and isinstance(value, list):
        elements = {id(element) for element in value}
        return next((each for each in around if id(index.values[each]) in elements), None)
    return None


def _list_choices(run: StudioRun, index: RowIndex, base: _Base) -> Iterator[PointChoice]:
    scope = base.record.scope or {}
    collected = id(scope[base.name]) != id(index.values[base.row])
    steps: tuple[Step, ...] = (index.steps[base.row], *base.steps) if collected else base.steps
    positions = [at for at, step in enumerate(steps) if isinstance(step, int)]
    if not positions:
        keys = tuple(map(str, steps))
        yield PointChoice(write_path(base.name, keys), f"it stands in `{base.name}`")
        return
    before, after = steps[: positions[0]], steps[positions[0] + 1 :]
    array = write_path(base.name, tuple(map(str, before)))
    yield from _list_joins(run, array, after)
    if not collected and base.name in _find_way(run):
        yield _make_loop(run, array, before, after)
    yield PointChoice(
        write_steps(base.name, steps), f"always at position {steps[positions[0]]}: is it, in each?"
    )


def _list_joins(run: StudioRun, array: str, after: tuple[Step, ...]) -> Iterator[PointChoice]:
    """Yield the joins with the list *array* that give what stands at *after* in its elements."""
    if any(isinstance(step, int) for step in after):
        return
    ending = write_path("", tuple(map(str, after)))
    for candidate in list_candidates(run):
        text = candidate.text
        begins = text.startswith(f"lookup({array}, ")
        if candidate.joined and begins and text.endswith(f"){ending}"):
            yield PointChoice(text, f"the element of `{array}` {candidate.joined}")
            return
    values = [value for _, value in _evaluate_all(run, array)]
    yield from _join(list_scopes(run), values, array, ending)


def _join(
    scopes: Sequence[Mapping[str, Any]], lists: Sequence[Any], array: str, ending: str
) -> Iterator[PointChoice]:
    """Yield the join by a value that a record has in common with an element of its list."""
    join = find_join(scopes, lists)
    if join is not None:
        text = f"lookup({array}, '{join.key}', {join.reference}){ending}"
        yield PointChoice(
            text, f"the element of `{array}` where `{join.key}` is `{join.reference}`"
        )


def _split_call(run: StudioRun, number: int, steps: tuple[Step, ...]) -> Iterator[PointChoice]:
    """Yield the choices for what stands beside all that a call binds: it binds its whole answer first."""
    name = run.answer_run.exchanges[number].request.call
    source = run.spec.source
    at = next((at for at, entry in enumerate(source) if entry.name == name), 0)
    entry = source[at]
    if not isinstance(entry, CallSpec) or entry.name != name or entry.result.kind == "collect":
        return
    whole = make_free_name("answer", run.names)
    split = partial(PointChoice, split=at, whole=whole)
    positions = [place for place, step in enumerate(steps) if isinstance(step, int)]
    if not positions:
        yield split(write_steps(whole, steps), f"`{name}` binds its whole answer first")
        return
    before, after = steps[: positions[0]], steps[positions[0] + 1 :]
    keys = tuple(map(str, before))
    scopes = list_scopes(run)
    lists = [find_value(_find_body(run, scope.get(name)), keys) for scope in scopes]
    if not any(isinstance(step, int) for step in after):
        ending = write_path("", tuple(map(str, after)))
        for choice in _join(scopes, lists, write_path(whole, keys), ending):
            yield split(choice.expression, choice.why)
    why = f"always at position {steps[positions[0]]}: is it, in each?"
    yield split(write_steps(whole, steps), why)


def _find_body(run: StudioRun, value: Any) -> Any:
    """Return the document that *value* stands in, or None."""
    found = (index for index in run.indexes if index and id(value) in index.containers)
    index = next(found, None)
    return index.values[0] if index else None


def _make_loop(
    run: StudioRun, array: str, before: tuple[Step, ...], after: tuple[Step, ...]
) -> PointChoice:
    """Return the choice that makes each element of *array* a record of its own."""
    own = make_singular(str(before[-1])) if before else "element"
    name = make_free_name(own, run.names)
    each = array if _works_everywhere(run, array) else f"as_list(optional({array}))"
    entry = (f"name: {name}", f"each: {each}")
    return PointChoice(write_steps(name, after), f"each element of `{array}` is a ticket", entry)


def _find_way(run: StudioRun) -> list[str]:
    """Return the entries that are bound one by one, the last of which is the record."""
    records = run.answer_run.trace.records
    scope = next((record.scope for record in records if record.scope), {})
    return [name for name in run.names if not isinstance(scope.get(name), list)]


def write_steps(root: str, steps: Sequence[Step]) -> str:
    """Return a path with keys and positions as an expression."""
    text = root
    for step in steps:
        text = f"{text}[{step}]" if isinstance(step, int) else write_path(text, (step,))
    return text


# --- as the field wants it ------------------------------------------------------------------------


def _fit(run: StudioRun, choice: PointChoice, field: str) -> Iterator[PointChoice]:
    """Yield *choice* as *field* wants it, and as it is."""
    text = choice.expression
    if choice.entry:
        yield choice
        return
    if not _works_everywhere(run, text):
        text = f"optional({text})"
    values = list_values(run, text)
    if field == "price" and _are_minor(values):
        currency = _find_field(run.spec, "currency")
        if currency:
            made = f"minor_units({text}, {currency})"
            yield PointChoice(made, "whole numbers, taken for cents")
    if field == "currency" and any(isinstance(v, str) and v != v.upper() for v in values):
        yield PointChoice(f"upper({text})", "a currency is written in capitals")
    yield PointChoice(text, choice.why)


def _are_minor(values: Sequence[Any]) -> bool:
    whole = all(isinstance(value, int) and not isinstance(value, bool) for value in values)
    return whole and any(value >= _LARGE for value in values)


def _find_field(spec: MappingSpec, name: str) -> str:
    """Return the path that the mapping has for a field, without what is around it; "" if it has none."""
    for named in spec.ticket.fields.fields:
        if named.name == name and isinstance(named.field, ExpressionSpec):
            return named.field.text.removeprefix("upper(").removesuffix(")")
    return ""


def list_values(run: StudioRun, text: str) -> list[Any]:
    """Return what *text* gives for the records for which it gives something."""
    return [value for works, value in _evaluate_all(run, text) if works and value is not None]


def _works_everywhere(run: StudioRun, text: str) -> bool:
    return all(works for works, _ in _evaluate_all(run, text))


def _evaluate_all(run: StudioRun, text: str) -> Iterator[tuple[bool, Any]]:
    for scope in list_scopes(run):
        try:
            yield True, compile_expression(text, roots=scope.keys())(scope)
        except (EvaluationError, ExpressionError):
            yield False, None


# --- what draft knows -----------------------------------------------------------------------------


def list_scopes(run: StudioRun) -> list[dict[str, Any]]:
    """Return the scopes of the first records that reached the last entry, without what is not bound."""
    names = run.names
    whole = [
        {name: record.scope[name] for name in names if name in record.scope}
        for record in run.answer_run.trace.records
        if record.scope
    ]
    most = max(map(len, whole), default=0)
    return [scope for scope in whole if len(scope) == most][:MOST_RECORDS]


def list_candidates(run: StudioRun) -> list[Candidate]:
    """Return everything that a field could be."""
    return find_candidates(list_scopes(run), dict(_find_loops(run)), _find_way(run))


def _find_loops(run: StudioRun) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the lists that the entries of `source` go down to: by the binding that each stands in."""
    for entry in run.spec.source:
        if isinstance(entry, BindingSpec) and entry.kind == "each":
            text = entry.expression.text
            paths = root_paths(compile_expression(text, roots=("user", *run.names)))
            if paths:
                root, *keys = map(str, paths[0].steps)
                yield root, tuple(keys)


def find_expression(spec: MappingSpec, field: str) -> str:
    """Return what the mapping has for *field* now; "" if it has nothing, or TODO."""
    if field == OWNER:
        found = spec.ticket.owner.text if spec.ticket.owner else ""
    elif field == STATUS_FROM:
        found = spec.ticket.statuses[0].source.text if spec.ticket.statuses else ""
    else:
        found = _find_within(spec.ticket.fields.fields, field.split("."))
    return "" if found == TODO else found


def list_mapped(run: StudioRun) -> list[str]:
    """Return the fields that the mapping has something for, that is not open."""
    opened = run.unfinished.open if run.unfinished else ()
    is_owner_open = any("`ticket.owner`" in each for each in opened)
    found = [field for field in list_fields() if find_expression(run.spec, field)]
    return [field for field in found if field != OWNER or not is_owner_open]


def _find_within(fields: Sequence[NamedField], keys: Sequence[str]) -> str:
    for named in fields:
        if named.name == keys[0]:
            inner = named.field
            if isinstance(inner, ObjectSpec) and len(keys) > 1:
                return _find_within(inner.fields, keys[1:])
            return inner.text if isinstance(inner, ExpressionSpec) else OTHERWISE
    return ""
