"""A drafted mapping in which something is TODO, made such that its records can be seen.

What is open is left out: a field, a condition, a table without a word that is valid. Nothing of it is
ever served: only `map` shows it, and says what is open.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from ticketbridge.authoring.sites import sites
from ticketbridge.bridge import Answer
from ticketbridge.contract import tickets_schema
from ticketbridge.contract.marks import VALID
from ticketbridge.mapping.compiler import TODO
from ticketbridge.mapping.findings import Finding, MappingError
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

_OPEN_CODES = frozenset({"TB015", "TB070"})
"""What reading a mapping reports of a table that is open: it is empty, or no word in it is VALID."""


@dataclass(frozen=True, slots=True)
class Unfinished:
    """*spec* is the mapping without what is open: *open* says what that is, in words, with its line.

    *fields* are those that the tickets lack, "status" among them where it is not known what is valid.
    """

    spec: MappingSpec
    open: tuple[str, ...]
    fields: tuple[str, ...]

    def shown(self, answer: Answer | None) -> Answer | None:
        """*answer* with TODO in place of what its tickets lack."""
        if answer is None or not answer.body:
            return answer
        body = msgspec.json.decode(answer.body)
        tickets = body.get("tickets", []) if isinstance(body, dict) else []
        for ticket in tickets:
            ticket.update(dict.fromkeys(self.fields, TODO))
        return replace(answer, body=msgspec.json.encode(body))


def finished(draft: Draft) -> MappingSpec:
    """The mapping, where nothing is wrong with it; MappingError else."""
    if any(finding.severity == "error" for finding in draft.findings):
        raise MappingError(draft.findings)
    return replace(draft.spec, warnings=tuple(draft.findings))


def unfinished(draft: Draft) -> Unfinished | None:
    """The mapping without what is open; None where nothing is, or more is wrong with it."""
    wrong = [finding for finding in draft.findings if finding.severity == "error"]
    opened = [_said(site.slot, site.node) for site in sites(draft.spec) if _is_open(site.node)]
    if any(finding.code not in _OPEN_CODES for finding in wrong) or not (opened or wrong):
        return None
    ticket = draft.spec.ticket
    tables = tuple(t for t in ticket.statuses if not _is_open(t.source) and _has_valid(t.values))
    reasons = tuple(r for r in ticket.not_eligible_when if not _is_open(r.expression))
    lacking = tuple(f.name for f in ticket.fields.fields if _is_open(f.field))
    bad = tuple(
        _bad_words(t, n) for n, t in enumerate(ticket.statuses) if t not in tables and t.values
    )
    bad = tuple(reason for reason in bad if not _is_open(reason.expression))
    judged = len(tables) == len(ticket.statuses) and len(reasons) == len(ticket.not_eligible_when)
    spec = replace(
        draft.spec,
        source=tuple(_entry(entry) for entry in draft.spec.source),
        ticket=_ticket(
            replace(ticket, statuses=tables, not_eligible_when=(*bad, *reasons)),
            lacking,
            draft.spec.source[-1].name,
        ),
        response=_response(draft.spec.response, lacking),
    )
    said = (*opened, *(_finding(finding) for finding in wrong))
    return Unfinished(spec, said, lacking if judged else (*lacking, "status"))


def _is_open(node: Any) -> bool:
    return isinstance(node, ExpressionSpec) and node.text == TODO


def _has_valid(values: Any) -> bool:
    return any(word.value == VALID for word in values.values())


def _bad_words(table: StatusTableSpec, number: int) -> ReasonSpec:
    """The words of a table that are known to be none of a valid ticket, as a reason."""
    if _is_open(table.source):
        return ReasonSpec("status", table.source)
    words = json.dumps(list(table.values)).replace("`", "\\`")
    text = f"contains(`{words}`, {table.source.text})"
    return ReasonSpec(f"status_{number + 1}", replace(table.source, text=text, pieces=()))


def _said(slot: str, node: Any) -> str:
    return f"{node.place.file}:{node.place.line}: `{slot}` is TODO"


def _finding(finding: Finding) -> str:
    return f"{finding.place.file}:{finding.place.line}: {finding.message}"


def _ticket(ticket: TicketSpec, lacking: tuple[str, ...], record: str) -> TicketSpec:
    """*ticket* without the fields that are open; of an open owner each *record* is the user's."""
    owner = ticket.owner
    if owner is not None and _is_open(owner):
        owner = replace(owner, text=f"[user, {record}][0]", pieces=())
    kept = tuple(field for field in ticket.fields.fields if field.name not in lacking)
    return replace(ticket, owner=owner, fields=replace(ticket.fields, fields=kept))


def _response(response: ResponseSpec, lacking: tuple[str, ...]) -> ResponseSpec:
    """The bundled contract without the fields that are open."""
    if response.schema is not None or not lacking:
        return response
    schema = tickets_schema()
    for part in _objects(schema):
        if isinstance(part.get("required"), list) and "ticketId" in part["required"]:
            part["required"] = [name for name in part["required"] if name not in lacking]
    return replace(response, schema=schema)


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for member in value.values():
            yield from _objects(member)
    elif isinstance(value, list):
        for member in value:
            yield from _objects(member)


def _entry(entry: Any) -> Any:
    """A call with a text in place of each hole that is open."""
    if not isinstance(entry, CallSpec):
        return entry
    request = entry.request
    query = {name: tuple(map(_template, parts)) for name, parts in request.query.items()}
    headers = {name: _template(text) for name, text in request.headers.items()}
    get, post = (path and _template(path) for path in (request.get, request.post))
    made = replace(request, get=get, post=post, query=query, headers=headers)
    return replace(entry, request=made)


def _template(text: TemplateSpec) -> TemplateSpec:
    parts = tuple(TODO if _is_open(part) else part for part in text.parts)
    return replace(text, parts=parts)
