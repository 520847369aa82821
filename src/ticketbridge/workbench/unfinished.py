"""Complete a drafted mapping that has a TODO, so that its records can be seen.

The open parts are left out: a field, a condition, a table without a valid word. The result is never served.
Only `map` shows it, and says what is open.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from ticketbridge.contract import tickets_schema
from ticketbridge.contract.marks import VALID
from ticketbridge.contract.shape import objects_in
from ticketbridge.engine.bridge import Answer
from ticketbridge.mapping.findings import MappingError, Place
from ticketbridge.mapping.loader import Draft
from ticketbridge.mapping.spec import (
    CallSpec,
    ExpressionSpec,
    MappingSpec,
    ReasonSpec,
    ResponseSpec,
    StatusTableSpec,
    TemplateSpec,
    TicketSpec,
)
from ticketbridge.mapping.spec_compiler import TODO
from ticketbridge.workbench.spec_parts import list_parts

_OPEN_CODES = frozenset({"TB015", "TB070"})
"""The findings for an open table: it is empty, or no word in it is VALID."""


@dataclass(frozen=True, slots=True)
class Unfinished:
    """The mapping *spec* without its open parts; *open* lists them in words, with lines.

    *fields* are those that the tickets lack; "status" is one of them if the valid words are not known.
    """

    spec: MappingSpec
    open: tuple[str, ...]
    fields: tuple[str, ...]

    def mark_open(self, answer: Answer | None) -> Answer | None:
        """Return *answer* with TODO for each field that its tickets lack."""
        if answer is None or not answer.body:
            return answer
        body = msgspec.json.decode(answer.body)
        tickets = body.get("tickets", []) if isinstance(body, dict) else []
        for ticket in tickets:
            ticket.update(dict.fromkeys(self.fields, TODO))
        return replace(answer, body=msgspec.json.encode(body))


def require_finished(draft: Draft) -> MappingSpec:
    """Return the mapping. Raises MappingError if an error was found in it."""
    if any(finding.severity == "error" for finding in draft.findings):
        raise MappingError(draft.findings)
    return replace(draft.spec, warnings=tuple(draft.findings))


def find_unfinished(draft: Draft) -> Unfinished | None:
    """Return the mapping without its open parts; None if nothing is open, or if it has other errors."""
    wrong = [finding for finding in draft.findings if finding.severity == "error"]
    opened = [
        _describe(part.node.place, f"`{part.slot}` is TODO")
        for part in list_parts(draft.spec)
        if _is_open(part.node)
    ]
    is_wrong = any(finding.code not in _OPEN_CODES for finding in wrong)
    if is_wrong or not (opened or wrong) or not draft.spec.source:
        return None
    ticket = draft.spec.ticket
    tables = tuple(t for t in ticket.statuses if not _is_open(t.source) and _has_valid(t.values))
    reasons = tuple(r for r in ticket.not_eligible_when if not _is_open(r.expression))
    lacking = tuple(f.name for f in ticket.fields.fields if _is_open(f.field))
    bad = tuple(
        _make_reason(table, number)
        for number, table in enumerate(ticket.statuses, 1)
        if table not in tables and table.values and not _is_open(table.source)
    )
    judged = len(tables) == len(ticket.statuses) and len(reasons) == len(ticket.not_eligible_when)
    spec = replace(
        draft.spec,
        source=tuple(_close_entry(entry) for entry in draft.spec.source),
        ticket=_close_ticket(
            replace(ticket, statuses=tables, not_eligible_when=(*bad, *reasons)),
            lacking,
            draft.spec.source[-1].name,
        ),
        response=_close_response(draft.spec.response, lacking),
    )
    said = (*opened, *(_describe(finding.place, finding.message) for finding in wrong))
    return Unfinished(spec, said, lacking if judged else (*lacking, "status"))


def _is_open(node: Any) -> bool:
    return isinstance(node, ExpressionSpec) and node.text == TODO


def _has_valid(values: Any) -> bool:
    return any(word.value == VALID for word in values.values())


def _make_reason(table: StatusTableSpec, number: int) -> ReasonSpec:
    """Return the words of a table that are known to be invalid, as a reason."""
    words = json.dumps(list(table.values)).replace("`", "\\`")
    text = f"contains(`{words}`, {table.source.text})"
    return ReasonSpec(f"status_{number}", replace(table.source, text=text, pieces=()))


def _describe(place: Place, what: str) -> str:
    return f"{place.file}:{place.line}: {what}"


def _close_ticket(ticket: TicketSpec, lacking: tuple[str, ...], record: str) -> TicketSpec:
    """Return *ticket* without open fields; if the owner is open, each *record* counts as the user's."""
    owner = ticket.owner
    if owner is not None and _is_open(owner):
        owner = replace(owner, text=f"[user, {record}][0]", pieces=())
    kept = tuple(field for field in ticket.fields.fields if field.name not in lacking)
    return replace(ticket, owner=owner, fields=replace(ticket.fields, fields=kept))


def _close_response(response: ResponseSpec, lacking: tuple[str, ...]) -> ResponseSpec:
    """Return the bundled contract without the fields that are open."""
    if response.schema is not None or not lacking:
        return response
    schema = tickets_schema()
    for part in objects_in(schema):
        required = part.get("required")
        if isinstance(required, list) and "ticketId" in required:
            required[:] = [name for name in required if name not in lacking]
    return replace(response, schema=schema)


def _close_entry(entry: Any) -> Any:
    """Return a call with a text in each open hole."""
    if not isinstance(entry, CallSpec):
        return entry
    request = entry.request
    query = {name: tuple(map(_close_template, parts)) for name, parts in request.query.items()}
    headers = {name: _close_template(text) for name, text in request.headers.items()}
    get, post = (path and _close_template(path) for path in (request.get, request.post))
    made = replace(request, get=get, post=post, query=query, headers=headers)
    return replace(entry, request=made)


def _close_template(text: TemplateSpec) -> TemplateSpec:
    parts = tuple(TODO if _is_open(part) else part for part in text.parts)
    return replace(text, parts=parts)
