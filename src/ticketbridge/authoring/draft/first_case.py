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
from ticketbridge.authoring.draft.documents import Document
from ticketbridge.authoring.draft.drafting import Drafted
from ticketbridge.authoring.draft.entries import USER, Call, Entry, Hole, holes_of
from ticketbridge.authoring.draft.guesses import Guess
from ticketbridge.authoring.draft.paging import Pages
from ticketbridge.authoring.draft.paths import without_items
from ticketbridge.authoring.draft.states import Table
from ticketbridge.authoring.draft.words import VALID
from ticketbridge.authoring.draft.writing import Parts, written
from ticketbridge.authoring.personal import Findings, StandIns
from ticketbridge.authoring.personal.findings import Replace
from ticketbridge.authoring.record.replay import NotRecorded, Replay, Replayed
from ticketbridge.authoring.record.replies import Reply
from ticketbridge.authoring.record.writing import CaseParts
from ticketbridge.authoring.record.writing import written as written_case
from ticketbridge.authoring.trial import Trial, tried
from ticketbridge.mapping import Environment, MappingError, parse_mapping
from ticketbridge.mapping.compiler import TODO

_HEAD = (
    "# Drafted from samples; personal data in them is made up. What is expected is what the draft gives:\n"
    "# hold it to what the platform itself shows, and write what is right in place of each TODO.\n\n"
)
XML_TYPE = "application/xml"
_CURRENCY = "EUR"
_PRICE = "0"
_SOMEONE = "user@example.com"


def first_case(drafted: Drafted, documents: Sequence[Document], user: str | None) -> str:
    """The cases file; long answers stand in it whole."""
    user = user or _most_frequent_owner(drafted) or _SOMEONE
    findings = Findings(user)
    for document in documents:
        findings.learn(document.value)
    stand_ins = StandIns(user, findings.words | findings.known.keys())
    replies = list(replies_of(drafted, findings, stand_ins))
    now = datetime.now(UTC).replace(microsecond=0)
    answers, expect = _run(drafted.parts, replies, stand_ins.user, now)
    moment = now.isoformat().replace("+00:00", "Z")
    parts = CaseParts("the samples", stand_ins.user, moment, answers, expect)
    return _HEAD + written_case(parts, drafted.parts.platform, longest=None).text


def _most_frequent_owner(drafted: Drafted) -> str | None:
    owner = drafted.parts.owner.text.removeprefix("optional(").removesuffix(")")
    found = next((c for c in drafted.plan.candidates() if c.text == owner), None)
    counts = Counter(value for value in (found.given if found else ()) if isinstance(value, str))
    return counts.most_common(1)[0][0] if counts else None


def replies_of(drafted: Drafted, findings: Findings, by: Replace) -> Iterator[Reply]:
    """What the platform answers, by the names of calls, with personal data replaced."""
    for entry in drafted.plan.entries:
        for document in _answers(entry, drafted.parts.pages.get(entry.name)):
            asked = findings.in_text(document.target or f"/{TODO}", by)
            if document.is_xml:
                text = document.sample.content.decode("utf-8", "replace")
                made = findings.replaced_xml(text, by).encode()
                yield Reply(entry.name, "GET", asked, 200, {"content-type": XML_TYPE}, made)
            else:
                value = findings.replaced(document.value, by)
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
        return [Replayed(reply, reply.asked, None) for reply in replies], {"tickets": []}
    tickets = [r.ticket for r in ran.trial.journal.records if r.ticket is not None]
    plain = msgspec.json.decode(msgspec.json.encode(tickets))
    open_fields = [n for n, g in parts.fields.items() if isinstance(g, Guess) and g.is_open]
    return ran.replay.replayed, {
        "tickets": [{**t, **dict.fromkeys(open_fields, TODO)} for t in plain]
    }


def replayed(parts: Parts, replies: Sequence[Reply], user: str, now: datetime | None) -> Ran | None:
    """*parts* run on *replies*; None where that cannot be."""
    text = written(parts)
    try:
        spec = parse_mapping(text, file="draft", environment=Environment({}, missing="placeholder"))
        bridge = compiled(spec)
        replay = Replay(replies, spec.upstream.base_url)
        bridge = bridge.through(lambda _: replay)
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
    asks = any(hole.text == USER for e in parts.entries for hole in holes_of(e.call))
    entries = [
        replace(e, call=_closed_call(e.call, asks=asks) if e.call else None) for e in parts.entries
    ]
    return replace(
        parts,
        entries=entries,
        owner=replace(parts.owner, text="upstream") if parts.owner.is_open else parts.owner,
        tables=[_closed_table(table) for table in parts.tables],
        fields=fields,
        omits=True,
    )


def _closed_field(name: str, guess: Guess) -> Guess:
    if not guess.is_open:
        return guess
    constants = {"price": f"`{_PRICE}`", "currency": f"'{_CURRENCY}'"}
    return replace(guess, text=constants.get(name, f"'{TODO}'"))


def _closed_call(call: Call, *, asks: bool) -> Call:
    """The call; where no other names the user, with the user in it: a mapping without an owner must ask."""
    segments = (TODO,) if call.segments is None else tuple(map(_closed_part, call.segments))
    query = {name: _closed_part(part) for name, part in call.query.items()}
    return replace(
        call, segments=segments, query=query if asks else {**query, USER: Hole(USER, "")}
    )


def _closed_part(part: str | Hole) -> str | Hole:
    return TODO if isinstance(part, Hole) and part.text == TODO else part


def _closed_table(table: Table) -> Table:
    """Of a table without a VALID, all words count as valid: what the fields give is to be seen."""
    if not table.is_open:
        return table
    return replace(
        table, known={**table.known, **dict.fromkeys((*table.unknown, TODO), VALID)}, unknown=()
    )
