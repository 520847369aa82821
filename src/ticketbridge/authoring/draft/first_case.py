"""The first case beside a drafted mapping: the samples, with made-up data in place of personal data."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import msgspec

from ticketbridge.authoring.cases.answers import JSON_TYPE
from ticketbridge.authoring.cases.clock import SkippingLoop
from ticketbridge.authoring.cases.runner import compiled
from ticketbridge.authoring.draft.credentials import without_variables
from ticketbridge.authoring.draft.documents import Document
from ticketbridge.authoring.draft.drafting import Drafted
from ticketbridge.authoring.draft.entries import USER, Call, Entry, Hole, Part
from ticketbridge.authoring.draft.guesses import Guess
from ticketbridge.authoring.draft.paging import Pages
from ticketbridge.authoring.draft.paths import without_items
from ticketbridge.authoring.draft.states import Table
from ticketbridge.authoring.draft.words import VALID
from ticketbridge.authoring.draft.writing import Parts, written
from ticketbridge.authoring.personal import Findings, StandIns
from ticketbridge.authoring.personal.findings import Replace
from ticketbridge.authoring.record.replay import NotRecorded, Replay, Replayed
from ticketbridge.authoring.record.replies import Reply, each_text
from ticketbridge.authoring.record.writing import CaseParts
from ticketbridge.authoring.record.writing import written as written_case
from ticketbridge.authoring.trial import Trial, tried
from ticketbridge.mapping import Environment, MappingError, parse_mapping
from ticketbridge.mapping.compiler import TODO
from ticketbridge.tickets.verdicts import NOT_OWNER

_HEAD = (
    "# Drafted from samples; personal data in them is made up. What is expected is what the draft gives:\n"
    "# hold it to what the platform itself shows, and write what is right in place of each TODO.\n\n"
)
XML_TYPE = "application/xml"
_OPEN = {"ticketId": TODO}
"""A ticket that no answer has, in place of what the user should get."""

_CURRENCY = "EUR"
_PRICE = "0"
_SOMEONE = "user@example.com"


def first_case(drafted: Drafted, documents: Sequence[Document], user: str | None) -> str:
    """The cases file; long answers stand in it whole."""
    user = user or _most_frequent_owner(drafted) or _SOMEONE
    findings = Findings(user, secrets=drafted.hidden.secrets)
    for document in documents:
        findings.learn(document.value)
    stand_ins = StandIns(user, findings.words | findings.known.keys())
    replies = list(replies_of(drafted, findings, stand_ins))
    now = datetime.now(UTC).replace(microsecond=0)
    answers, expect = _run(drafted.parts, replies, stand_ins.user, now)
    moment = now.isoformat().replace("+00:00", "Z")
    key = drafted.hidden.key[0] if drafted.hidden.key else ""
    parts = CaseParts("the samples", stand_ins.user, moment, answers, expect, key)
    return _HEAD + written_case(parts, drafted.parts.platform, longest=None).text


def _most_frequent_owner(drafted: Drafted) -> str | None:
    owner = drafted.parts.owner.text.removeprefix("optional(").removesuffix(")")
    found = next((c for c in drafted.plan.candidates() if c.text == owner), None)
    counts = Counter(value for value in (found.given if found else ()) if isinstance(value, str))
    return counts.most_common(1)[0][0] if counts else None


def replies_of(drafted: Drafted, findings: Findings, by: Replace) -> Iterator[Reply]:
    """What the platform answers, by the names of calls, with personal data replaced."""
    hidden = drafted.hidden
    for entry in drafted.plan.entries:
        for document in _answers(entry, drafted.parts.pages.get(entry.name)):
            asked = findings.in_text(without_variables(document.target or f"/{TODO}"), by)
            if document.is_xml:
                text = document.sample.content.decode("utf-8", "replace")
                made = hidden.without_short(findings.replaced_xml(text, by)).encode()
                yield Reply(entry.name, "GET", asked, 200, {"content-type": XML_TYPE}, made)
            else:
                value = each_text(findings.replaced(document.value, by), hidden.without_short)
                content = msgspec.json.encode(value)
                headers = {"content-type": JSON_TYPE}
                yield Reply(entry.name, "GET", asked, 200, headers, content, value)


def _answers(entry: Entry, pages: Pages | None) -> Iterator[Document]:
    """The samples; and an empty page after them, where nothing but an empty page ends the pages."""
    documents = entry.call.group.documents if entry.call else []
    yield from documents
    counted = pages is not None and bool({"number", "offset"} & pages.keys.keys())
    if counted and pages and "last" not in pages.keys and not documents[0].is_xml:
        value = without_items(documents[-1].value, entry.path)
        yield replace(documents[-1], value=value)


# --- what the draft gives -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Ran:
    """A draft, run: what came of it, and what it asked for."""

    trial: Trial
    replay: Replay


def _run(
    parts: Parts, replies: Sequence[Reply], user: str, now: datetime
) -> tuple[list[Replayed], Mapping[str, Any]]:
    """The answers that the draft asks for, and what it makes of them; of what is TODO, TODO."""
    ran = replayed(closed(parts), replies, user, now)
    if ran is None or ran.trial.problem is not None:
        return [Replayed(reply, reply.asked, None) for reply in replies], {"tickets": [_OPEN]}
    records = ran.trial.journal.records
    tickets = [record.ticket for record in records if record.ticket is not None]
    plain = msgspec.json.decode(msgspec.json.encode(tickets))
    open_fields = dict.fromkeys(_open_fields(parts), TODO)
    made = [{**ticket, **open_fields} for ticket in plain]
    # That the user's records give no ticket is for someone to say who knows the platform.
    owned = [record for record in records if record.verdict != NOT_OWNER]
    return ran.replay.replayed, {"tickets": made or ([_OPEN] if owned else [])}


def _open_fields(parts: Parts) -> Iterator[str]:
    """The fields that are TODO; the status too, where something is that makes a ticket valid or not."""
    yield from (n for n, g in parts.fields.items() if isinstance(g, Guess) and g.is_open)
    tables = not parts.tables or any(table.is_open for table in parts.tables)
    if tables or any(condition.guess.is_open for condition in parts.conditions):
        yield "status"


def replayed(parts: Parts, replies: Sequence[Reply], user: str, now: datetime | None) -> Ran | None:
    """*parts* run on *replies*; None where that cannot be."""
    text = written(parts)
    try:
        spec = parse_mapping(text, file="draft", environment=Environment({}, missing="placeholder"))
        bridge = compiled(spec)
        replay = Replay(replies, spec.upstream.base_url)
        bridge = bridge.replaced(replay.send)
        with asyncio.Runner(loop_factory=SkippingLoop) as runner:
            return Ran(runner.run(tried(bridge, user, now=now)), replay)
    except (MappingError, NotRecorded):
        return None


def closed(parts: Parts) -> Parts:
    """*parts* with something that compiles in place of each TODO; a record of unknown status is left out."""
    fields = {
        name: _closed_field(name, made) if isinstance(made, Guess) else made
        for name, made in parts.fields.items()
    }
    entries = [replace(e, call=_closed_call(e.call) if e.call else None) for e in parts.entries]
    return replace(
        parts,
        entries=entries,
        owner=anybodys(parts).owner if parts.owner.is_open else parts.owner,
        tables=[_closed_table(table) for table in parts.tables],
        conditions=[c for c in parts.conditions if not c.guess.is_open],
        fields=fields,
        omits=True,
    )


def anybodys(parts: Parts) -> Parts:
    """*parts* with an owner that is always the asked user: each record is seen, whoever owns it."""
    text = f"[{USER}, {parts.entries[-1].name}][0]"
    return replace(parts, owner=replace(parts.owner, text=text))


def _closed_field(name: str, guess: Guess) -> Guess:
    if not guess.is_open:
        return guess
    constants = {"price": f"`{_PRICE}`", "currency": f"'{_CURRENCY}'"}
    return replace(guess, text=constants.get(name, f"'{TODO}'"))


def _closed_call(call: Call) -> Call:
    segments = (TODO,) if call.segments is None else tuple(map(_closed_part, call.segments))
    return replace(
        call,
        segments=segments,
        query={name: _closed_part(part) for name, part in call.query.items()},
    )


def _closed_part(part: Part) -> Part:
    return TODO if isinstance(part, Hole) and part.text == TODO else part


def _closed_table(table: Table) -> Table:
    """Of a table without a VALID, all words count as valid: what the fields give is to be seen."""
    if not table.is_open:
        return table
    return replace(
        table, known={**table.known, **dict.fromkeys((*table.unknown, TODO), VALID)}, unknown=()
    )
