"""Mapping alone: from a platform's parsed body to tickets and verdict counts, no HTTP, no schema."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial

from benchmarks.data import USER, body_of
from benchmarks.ours import ours
from benchmarks.peers import by_hand, by_jmespath
from benchmarks.peers.result import Json, Mapper
from benchmarks.report import Part, Table, Target, milliseconds, times
from benchmarks.timing import Run, Samples, in_turns, middle, ratio

OURS, HAND, SEARCH = "ticketbridge", "Python by hand", "jmespath, a search a field"
PEERS: Mapping[str, Mapping[str, Mapper]] = {
    name: {HAND: by_hand.MAPPERS[name], SEARCH: by_jmespath.MAPPERS[name]}
    for name in ("realistic", "plain")
}
"""The other ways of each mapping."""
_TITLES = {
    "realistic": "Realistic mapping alone: minor units, upper case, a join, tags and seats",
    "plain": "Plain mapping alone: eight direct paths",
}


def runs_of(mapping: str, body: Json) -> dict[str, Run]:
    """Every way of one mapping, ready to run on *body*."""
    peers = {name: partial(peer, body, USER) for name, peer in PEERS[mapping].items()}
    return {OURS: ours(mapping, body), **peers}


def measure(*, quick: bool) -> Part:
    """Both mappings at 10, 1,000 and 10,000 tickets."""
    sizes = (10, 1_000) if quick else (10, 1_000, 10_000)
    rounds = 5 if quick else 11
    found = {
        mapping: {size: in_turns(runs_of(mapping, body_of(size)), rounds=rounds) for size in sizes}
        for mapping in PEERS
    }
    tables = [_table(mapping, of_size) for mapping, of_size in found.items()]
    return Part(tables, _targets(*(found[mapping][1_000] for mapping in PEERS)))


def _table(mapping: str, found: Mapping[int, Samples]) -> Table:
    rows = [
        [
            f"{size:,} tickets, {name}",
            milliseconds(middle(samples, name)),
            times(ratio(samples, name, OURS)),
        ]
        for size, samples in found.items()
        for name in samples
    ]
    return Table(_TITLES[mapping], ["", "time", "to ticketbridge's"], rows)


def _targets(realistic: Samples, plain: Samples) -> list[Target]:
    return [
        Target(
            "realistic mapping, 1,000 tickets: time to that of Python by hand",
            ratio(realistic, OURS, HAND),
            at_most=1,
        ),
        Target(
            "plain mapping, 1,000 tickets: time to that of Python by hand",
            ratio(plain, OURS, HAND),
            at_most=1,
        ),
        Target(
            "plain mapping, 1,000 tickets: times as fast as a jmespath search a field",
            ratio(plain, SEARCH, OURS),
            at_least=20,
        ),
    ]
