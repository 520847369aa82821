"""The first case beside a drafted mapping: the samples, with made-up data in place of personal data."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import msgspec

from ticketbridge.contract.marks import VALID
from ticketbridge.engine.tickets.verdicts import NOT_OWNER
from ticketbridge.mapping import Environment, MappingError, parse_mapping
from ticketbridge.mapping.spec import JSON_FORMAT
from ticketbridge.mapping.spec_compiler import TODO
from ticketbridge.workbench.answer_run import AnswerRun, run_answer
from ticketbridge.workbench.call_formats import TYPES, write_values
from ticketbridge.workbench.cases.answer_reader import XML_TYPE
from ticketbridge.workbench.cases.runner import SkippingLoop, compile_for_cases, list_tickets
from ticketbridge.workbench.cases.value_text import write_moment
from ticketbridge.workbench.draft.candidates import Guess
from ticketbridge.workbench.draft.documents import Document
from ticketbridge.workbench.draft.draft_writing import DraftParts, write_mapping
from ticketbridge.workbench.draft.drafting import MappingDraft
from ticketbridge.workbench.draft.entries import USER, DraftCall, DraftEntry, Hole, Part
from ticketbridge.workbench.draft.page_guesses import DraftPages
from ticketbridge.workbench.draft.sample_values import empty_list_at
from ticketbridge.workbench.draft.status_tables import TableGuess
from ticketbridge.workbench.personal.personal_data import PersonalData, Replace
from ticketbridge.workbench.personal.standins import SOMEONE, StandIns
from ticketbridge.workbench.record.case_writing import CaseParts, write_case
from ticketbridge.workbench.record.recorded_answers import RecordedAnswer, change_texts
from ticketbridge.workbench.record.replay import NotRecorded, Replay, ReplayedAnswer

_HEAD = (
    "# Drafted from samples; personal data in them is made up. What is expected is what the draft gives:\n"
    "# hold it to what the platform itself shows, and write what is right in place of each TODO.\n\n"
)
_OPEN = {"ticketId": TODO}
"""A ticket that no answer has, in place of what the user should get."""

_CURRENCY = "EUR"
_PRICE = "0"


def write_first_case(drafted: MappingDraft, documents: Sequence[Document], user: str | None) -> str:
    """Return the cases file, with long answers in it."""
    user = user or _find_most_frequent_owner(drafted) or SOMEONE
    personal = PersonalData(user, secrets=drafted.hidden.secrets)
    for document in documents:
        personal.learn(document.value)
    stand_ins = StandIns(user, personal.words | personal.known.keys())
    replies = list(make_answers(drafted, personal, stand_ins))
    now = datetime.now(UTC).replace(microsecond=0)
    answers, expect = _run_parts(drafted.parts, replies, stand_ins.user, now)
    key = drafted.hidden.key[0] if drafted.hidden.key else ""
    parts = CaseParts("the samples", stand_ins.user, write_moment(now), answers, expect, key)
    return _HEAD + write_case(parts, drafted.parts.platform, longest=None).text


def _find_most_frequent_owner(drafted: MappingDraft) -> str | None:
    owner = drafted.parts.owner.text.removeprefix("optional(").removesuffix(")")
    found = next((c for c in drafted.plan.candidates() if c.text == owner), None)
    counts = Counter(value for value in (found.given if found else ()) if isinstance(value, str))
    return counts.most_common(1)[0][0] if counts else None


def make_answers(
    drafted: MappingDraft, personal: PersonalData, by: Replace
) -> Iterator[RecordedAnswer]:
    """Yield the platform's answers, by the names of calls, with personal data replaced."""
    hidden = drafted.hidden
    for entry in drafted.plan.entries:
        for document in _list_answers(entry, drafted.parts.pages.get(entry.name)):
            asked = personal.replace_in_text(
                hidden.replace_variables(document.target or f"/{TODO}"), by
            )
            if document.is_xml:
                text = document.sample.content.decode("utf-8", "replace")
                made = hidden.without_short(personal.replace_in_xml(text, by)).encode()
                yield RecordedAnswer(
                    entry.name, document.method, asked, 200, {"content-type": XML_TYPE}, made
                )
            else:
                value = change_texts(personal.replace_in(document.value, by), hidden.without_short)
                form, headers = document.form, {"content-type": TYPES[type(document.form)]}
                content = write_values(value, form)
                body = value if form == JSON_FORMAT else msgspec.UNSET
                method = document.method
                yield RecordedAnswer(entry.name, method, asked, 200, headers, content, body, form)


def _list_answers(entry: DraftEntry, pages: DraftPages | None) -> Iterator[Document]:
    """Yield the samples, and an empty page behind them if only an empty page ends the pages."""
    documents = entry.call.group.documents if entry.call else []
    yield from documents
    if pages is not None and pages.ends_empty and not documents[0].is_xml:
        value = empty_list_at(documents[-1].value, entry.list_path)
        yield replace(documents[-1], value=value)


# --- what the draft gives -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class DraftRun:
    """One run of a draft: its outcome, and what it asked for."""

    answer_run: AnswerRun
    replay: Replay


def _run_parts(
    parts: DraftParts, replies: Sequence[RecordedAnswer], user: str, now: datetime
) -> tuple[list[ReplayedAnswer], Mapping[str, Any]]:
    """Return the answers that the draft asks for, and what it makes of them; TODO for what is open."""
    run = run_draft(close_open_parts(parts), replies, user, now)
    if run is None or run.answer_run.problem is not None:
        return [ReplayedAnswer(reply, reply.asked, None) for reply in replies], {"tickets": [_OPEN]}
    records = run.answer_run.trace.records
    open_fields = dict.fromkeys(_list_open_fields(parts), TODO)
    made = [{**ticket, **open_fields} for ticket in list_tickets(run.answer_run)]
    # That the user's records give no ticket is for someone to say who knows the platform.
    owned = [record for record in records if record.verdict != NOT_OWNER]
    return run.replay.replayed, {"tickets": made or ([_OPEN] if owned else [])}


def _list_open_fields(parts: DraftParts) -> Iterator[str]:
    """Yield the fields that are TODO, and "status" if something about validity is TODO."""
    yield from (n for n, g in parts.fields.items() if isinstance(g, Guess) and g.is_open)
    tables = not parts.tables or any(table.is_open for table in parts.tables)
    if tables or any(condition.guess.is_open for condition in parts.conditions):
        yield "status"


def run_draft(
    parts: DraftParts, replies: Sequence[RecordedAnswer], user: str, now: datetime | None
) -> DraftRun | None:
    """Run *parts* on *replies*; None if that is not possible."""
    text = write_mapping(parts)
    try:
        spec = parse_mapping(text, file="draft", environment=Environment.offline())
        bridge = compile_for_cases(spec)
        replay = Replay(replies, spec.upstream)
        bridge = bridge.with_last_stage(replay.send)
        with asyncio.Runner(loop_factory=SkippingLoop) as runner:
            return DraftRun(runner.run(run_answer(bridge, user, now=now)), replay)
    except (MappingError, NotRecorded):
        return None


def close_open_parts(parts: DraftParts) -> DraftParts:
    """Return *parts* with something that compiles in place of each TODO.

    A record of unknown status is left out.
    """
    fields = {
        name: _close_field(name, made) if isinstance(made, Guess) else made
        for name, made in parts.fields.items()
    }
    entries = [replace(e, call=_close_call(e.call) if e.call else None) for e in parts.entries]
    return replace(
        parts,
        entries=entries,
        owner=accept_any_owner(parts).owner if parts.owner.is_open else parts.owner,
        tables=[_close_table(table) for table in parts.tables],
        conditions=[c for c in parts.conditions if not c.guess.is_open],
        fields=fields,
        omits=True,
    )


def accept_any_owner(parts: DraftParts) -> DraftParts:
    """Return *parts* with the asked user as owner of each record, so that each is seen."""
    text = f"[{USER}, {parts.entries[-1].name}][0]"
    return replace(parts, owner=replace(parts.owner, text=text))


def _close_field(name: str, guess: Guess) -> Guess:
    if not guess.is_open:
        return guess
    constants = {"price": f"`{_PRICE}`", "currency": f"'{_CURRENCY}'"}
    return replace(guess, text=constants.get(name, f"'{TODO}'"))


def _close_call(call: DraftCall) -> DraftCall:
    segments = (TODO,) if call.segments is None else tuple(map(_close_part, call.segments))
    return replace(
        call,
        segments=segments,
        query={name: _close_part(part) for name, part in call.query.items()},
    )


def _close_part(part: Part) -> Part:
    return TODO if isinstance(part, Hole) and part.text == TODO else part


def _close_table(table: TableGuess) -> TableGuess:
    """Return a table without VALID in which all words are VALID, to see what the fields give."""
    if not table.is_open:
        return table
    return replace(
        table, known={**table.known, **dict.fromkeys((*table.unknown, TODO), VALID)}, unknown=()
    )
