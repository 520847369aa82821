"""Validation of answers: ticketbridge's validator, jsonschema's, and the bare jsonschema-rs."""

from __future__ import annotations

from functools import partial

import jsonschema_rs
from jsonschema import Draft202012Validator

from benchmarks.data import USER, body_of
from benchmarks.peers import by_hand
from benchmarks.report import Part, Table, milliseconds, times
from benchmarks.timing import Run, in_turns, middle, ratio
from ticketbridge.contract import Validator, tickets_schema

OURS = "ticketbridge"


def runs_of(tickets: int) -> dict[str, Run]:
    """Every way to hold an answer of so many tickets to the agreed schema, formats included."""
    schema = tickets_schema()
    body = {"userEmail": USER, "tickets": by_hand.plain(body_of(tickets), USER).tickets}
    checker = Draft202012Validator.FORMAT_CHECKER
    slow = Draft202012Validator(schema, format_checker=checker)
    fast = jsonschema_rs.Draft202012Validator(schema, validate_formats=True)
    return {
        OURS: partial(Validator(schema).fits, body),
        "jsonschema": partial(slow.is_valid, body),
        "jsonschema-rs": partial(fast.is_valid, body),
    }


def measure(*, quick: bool) -> Part:
    """Answers of 100 and of 1,000 tickets."""
    rows = []
    for tickets in (100, 1_000):
        samples = in_turns(runs_of(tickets), rounds=3 if quick else 11)
        for name in samples:
            time = milliseconds(middle(samples, name))
            rows.append([f"{tickets:,} tickets, {name}", time, times(ratio(samples, name, OURS))])
    return Part([Table("Validation of an answer", ["", "time", "to ticketbridge's"], rows)])
