"""Which answers lead to others: a value of one is part of the request for another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ticketbridge.authoring.draft.groups import PAGING, Group
from ticketbridge.authoring.draft.paths import Path, lists, scalars
from ticketbridge.authoring.draft.words import ID_WORDS
from ticketbridge.authoring.personal.kinds import words_of


def leading(groups: Sequence[Group], main: int) -> set[int]:
    """The groups before the main one whose values are in its requests, or in those of another such."""
    needed, leads = [groups[main]], set()
    for number in reversed(range(main)):
        values = {text for d in groups[number].documents for _, text in ids_in(d.value)}
        if any(_asks_for(group, values, groups) for group in needed):
            leads.add(number)
            needed.append(groups[number])
    return leads


def _asks_for(group: Group, values: set[str], groups: Sequence[Group]) -> bool:
    """Whether a segment or a parameter that is no part of every path is one of *values*."""
    return any(value in values for value in variable_parts(group, groups))


def variable_parts(group: Group, groups: Sequence[Group]) -> Iterator[str]:
    constant = _constant_places(groups)
    for target in group.targets:
        yield from (s for place, s in enumerate(target.path) if place not in constant and s)
        for name, found in target.query.items():
            if not PAGING.fullmatch(name):
                yield from found


def _constant_places(groups: Sequence[Group]) -> set[int]:
    """The places at which all paths have the same segment: `v1`, the name of an organizer."""
    paths = [target.path for group in groups for target in group.targets]
    shortest = min(map(len, paths), default=0)
    return {place for place in range(shortest) if len({path[place] for path in paths}) == 1}


def ids_in(value: Any) -> Iterator[tuple[Path, str]]:
    """The values that could stand in a path, with their paths; of lists, those of all elements."""
    for path, scalar in scalars(value):
        if path and words_of(path[-1])[-1:] and words_of(path[-1])[-1] in ID_WORDS:
            yield path, str(scalar)
    for path, items in lists(value):
        for item in items:
            for below, text in ids_in(item):
                yield (*path, *below), text
