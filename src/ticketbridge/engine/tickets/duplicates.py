"""Find records with the same ticketId: one ticket twice, or two records of which one is wrong."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

import msgspec

from ticketbridge.engine.tickets.verdicts import DUPLICATE, RETURNED, Record, Verdict

TICKET_ID = "ticketId"


def resolve_duplicates(records: Iterable[Record]) -> None:
    """Compare the records that share a ticketId, and change the verdicts of those that clash.

    A record that equals an earlier one, field for field, is a duplicate. If the records differ and at least
    one would go out as valid, all of them are violations, because one of them is wrong. Of two marked tickets
    that are equal, only the first goes out; if they differ, neither goes out.
    """
    groups: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        if record.ticket_id is not None:
            groups[record.ticket_id].append(record)
    for group in groups.values():
        if len(group) > 1:
            _resolve_group(group)


def _resolve_group(group: Sequence[Record]) -> None:
    eligible = [record for record in group if record.verdict == RETURNED]
    outgoing = [record for record in group if record.ticket is not None]
    if len({_fingerprint(record) for record in (group if eligible else outgoing)}) > 1:
        for record in group:
            record.verdict = Verdict("violation", TICKET_ID)
            record.reason = "records with one ticketId that differ"
            record.ticket = None
        return
    for record in outgoing[1:]:
        record.ticket = None
        if eligible:
            record.verdict = DUPLICATE


def _fingerprint(record: Record) -> tuple[str, bytes]:
    """Return everything in which two records of one ticket may differ: the verdict and every field."""
    return str(record.verdict), msgspec.json.encode(record.ticket, order="deterministic")
