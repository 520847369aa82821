"""Documents that answer the same call: by the shape of their targets, or by what they look like."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from ticketbridge.authoring.cases.case_spec import Target
from ticketbridge.authoring.draft.documents import Document, texts_in
from ticketbridge.authoring.draft.platform_words import key_words

_PAGING = re.compile(
    r"(current|start|starting|next)?(page|p|offset|start|skip|cursor|after|before|continuation|from|index)"
    r"(number|no|nr|num|index|token|after)?|continuation(token)?|firstresult|seite|pagina"
)


def is_paging(name: str) -> bool:
    """Whether a parameter is one of pages: `page`, `pageIndex`, `page[number]`, `$skip`, not `page_size`."""
    return _PAGING.fullmatch("".join(key_words(name))) is not None


@dataclass(slots=True)
class Group:
    """The documents of one call, in their order."""

    documents: list[Document] = field(default_factory=list)

    @property
    def target(self) -> Target | None:
        """The first document's path and query, where it is known."""
        text = self.documents[0].target
        return Target.of(text) if text else None

    @property
    def targets(self) -> list[Target]:
        """The paths and queries of all documents."""
        return [Target.of(document.target) for document in self.documents if document.target]

    def values_of(self, parameter: str) -> list[str | None]:
        """What each document was asked for by *parameter*."""
        asked = [target.query.get(parameter) for target in self.targets]
        return [values[0] if values else None for values in asked]

    def segments_at(self, place: int) -> list[str]:
        """The path's segment at *place*, of each document."""
        return [target.path[place] for target in self.targets]


def grouped(documents: Sequence[Document]) -> list[Group]:
    """The groups, in the order of their first documents."""
    known = {text for document in documents for text in texts_in(document.value)}
    groups: list[Group] = []
    for document in documents:
        group = next((g for g in groups if _belongs(document, g, known)), None)
        if group is None:
            group = Group()
            groups.append(group)
        group.documents.append(document)
    return groups


def _belongs(document: Document, group: Group, known: set[str]) -> bool:
    first = group.documents[0]
    if bool(document.target) != bool(first.target):
        return False
    if document.target:
        return _same_call(Target.of(first.target), Target.of(document.target), known)
    if document.name or first.name:
        return document.name == first.name
    return _shape(document.value) == _shape(first.value)


def _same_call(one: Target, other: Target, known: set[str]) -> bool:
    """Whether two paths differ in nothing but values that stand in an answer, or have a digit."""
    if len(one.path) != len(other.path):
        return False
    different = [(a, b) for a, b in zip(one.path, other.path, strict=True) if a != b]
    values = all(_is_value(a, known) and _is_value(b, known) for a, b in different)
    return values and (len(different) <= 1 or len(one.path) > len(different) + 1)


def _is_value(segment: str, known: set[str]) -> bool:
    return segment in known or any(map(str.isdigit, segment))


def _shape(value: Any) -> object:
    """What two answers of one call have in common: the keys at their top, or the first element's."""
    if isinstance(value, list):
        return ("list", _shape(value[0])) if value else "list"
    return frozenset(value) if isinstance(value, dict) else type(value)
