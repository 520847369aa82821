"""Which answers lead to others: a value of one is part of the request for another.

That a number stands in both says little: group 1 and event 1 have nothing to do with each other. So the
word before the value has to agree with where it comes from, or the value has to be one of its own kind.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from ticketbridge.workbench.draft.documents import Group, is_paging
from ticketbridge.workbench.draft.platform_words import GENERIC, ID_WORDS, make_singular, split_key
from ticketbridge.workbench.draft.sample_values import Path, find_lists, find_scalars
from ticketbridge.workbench.draft.sent_bodies import name_parameter

_SHORT = 4
"""A number of fewer digits stands in many places by chance."""


@dataclass(frozen=True, slots=True)
class RequestPart:
    """A part of a call's requests that varies: its values, and the words before it."""

    about: frozenset[str]
    values: tuple[str, ...]

    @property
    def is_weak(self) -> bool:
        """Whether one of the values may be found elsewhere by chance."""
        return any(is_weak(value) for value in self.values)


@dataclass(frozen=True, slots=True)
class _Source:
    """The values of one key; *path* is the outermost list around them, None without a list."""

    path: Path | None
    words: frozenset[str]
    values: set[str] = field(default_factory=set, repr=False)


def is_weak(value: str) -> bool:
    """Whether a value may stand elsewhere by chance: a small number, or a very short text."""
    return len(value) < (_SHORT if value.isdigit() else _SHORT - 1)


def find_leads(groups: Sequence[Group], main: int) -> dict[int, Path | None]:
    """Return the calls whose answers give values for requests of the *main* call, even indirectly.

    Each comes before those that it leads to, with the list that its values are in.
    """
    found: dict[int, Path | None] = {}
    _add_leads(main, groups, [main], found)
    return found


def _add_leads(
    number: int, groups: Sequence[Group], way: list[int], found: dict[int, Path | None]
) -> None:
    for part in find_variable_parts(groups[number], groups):
        best = _find_best_source(part, groups, way)
        if best is None:
            continue
        provider, path = best
        if provider not in found:
            _add_leads(provider, groups, [*way, provider], found)
            found.setdefault(provider, path)


def _find_best_source(
    part: RequestPart, groups: Sequence[Group], way: Sequence[int]
) -> tuple[int, Path | None] | None:
    """Return the source that fits the part's words and has most of its values, or None."""
    scored = [
        (_score_source(part, source), -abs(number - way[-1]), number, source.path)
        for number, group in enumerate(groups)
        if number not in way and not _asks_for(group, groups, part)
        for source in _find_sources(group)
    ]
    fitting = [one for one in scored if one[0] > (0, 0.0)]
    if not fitting:
        return None
    _, _, number, path = max(fitting, key=lambda one: one[:2])
    return number, path


def _score_source(part: RequestPart, source: _Source) -> tuple[int, float]:
    wanted = set(part.values)
    covered = len(wanted & source.values) / len(wanted)
    agrees = bool(part.about & source.words)
    if not covered or (part.is_weak and not agrees):
        return 0, 0.0
    return 1 + agrees, covered


def _asks_for(group: Group, groups: Sequence[Group], part: RequestPart) -> bool:
    """Whether the call itself was asked for these values: its answer cannot be their source."""
    return any(
        set(one.values) & set(part.values) and (one.about & part.about or not part.is_weak)
        for one in find_variable_parts(group, groups)
    )


# --- what differs in requests ---------------------------------------------------------------------


def find_variable_parts(group: Group, groups: Sequence[Group]) -> Iterator[RequestPart]:
    """Yield the segments that vary between paths, and the parameters, except those of pages."""
    constant = _find_constant_places(groups)
    targets = group.targets
    for place in range(len(targets[0].path) if targets else 0):
        values = tuple(target.path[place] for target in targets)
        if place not in constant and any(values):
            before = targets[0].path[place - 1] if place else ""
            yield RequestPart(find_subject_words(before), values)
    for name in dict.fromkeys(name for target in targets for name in target.query):
        if not is_paging(name):
            values = tuple(v for target in targets for v in target.query.get(name, ()))
            yield RequestPart(find_subject_words(name_parameter(name)), values)


def find_subject_words(name: str) -> frozenset[str]:
    """Return the words of a segment or a parameter that say what a value identifies."""
    return frozenset(make_singular(name).split("_")) - ID_WORDS.keys() - {""}


def _find_constant_places(groups: Sequence[Group]) -> set[int]:
    """Return the places where all paths have the same segment: `v1`, an organizer's name."""
    paths = [target.path for group in groups for target in group.targets]
    shortest = min(map(len, paths), default=0)
    return {place for place in range(shortest) if len({path[place] for path in paths}) == 1}


# --- what answers have ----------------------------------------------------------------------------


def _find_sources(group: Group) -> list[_Source]:
    found: dict[tuple[Path | None, Path], _Source] = {}
    for document in group.documents:
        for outer, path, text in _find_ids(document.value):
            words = _find_source_words(group, outer, path)
            source = found.setdefault((outer, path), _Source(outer, words))
            source.values.add(text)
    return list(found.values())


def _find_source_words(group: Group, outer: Path | None, path: Path) -> frozenset[str]:
    """Return what the values identify: by their key, by the key around it, or by the call."""
    own = set(split_key(path[-1])) - ID_WORDS.keys()
    if own:
        return frozenset(own)
    keys = ("", *(outer or ()), *path[:-1])
    around = find_subject_words(keys[-1])
    return around if around - GENERIC else find_subject_words(group.last_word)


def _find_ids(value: Any, outer: Path | None = None) -> Iterator[tuple[Path | None, Path, str]]:
    """Yield the values that could stand in a path: the outermost list above, the keys, and the text."""
    for path, scalar in find_scalars(value):
        if path and split_key(path[-1])[-1:] and split_key(path[-1])[-1] in ID_WORDS:
            yield outer, path, str(scalar)
    for path, items in find_lists(value):
        for item in items:
            for above, below, text in _find_ids(item, path if outer is None else outer):
                nested = () if outer is None else path
                yield above, (*nested, *below), text
