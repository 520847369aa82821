"""Say which binding an error or a call is about, without personal data."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ticketbridge.jmes import ExpressionError, RootPath, compile_expression, names_in, root_paths
from ticketbridge.mapping.spec import (
    CallSpec,
    EntrySpec,
    ExpressionSpec,
    MappingSpec,
    TemplateSpec,
    expressions_in,
)
from ticketbridge.mapping.spec_compiler import Scope

_CATALOGUE_FIELDS = frozenset({"externalReferenceEventId", "showId"})
_ID_KEY = re.compile(
    r"(?:.*[_-])?(?:id|uuid|guid|slug|code|key|ref|reference|number|no)", re.IGNORECASE
)
_ID_VALUE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}", re.ASCII)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_PERSON = re.compile(
    r"customer|client|user|person|people|member|holder|buyer|purchaser|attendee|owner|contact|account"
    r"|patron|guest|participant|visitor|profile|subscriber|recipient|student|mail|phone|name|passport",
    re.IGNORECASE,
)


class BindingLabels:
    """Labels a scope with the ids that the mapping sends to the platform.

    The log shows only ids that are the same for all users, and the event and show of a ticket. Explanations
    show other ids too, for example an order's. An id is shown only if no word of its path stands for a
    person, and its value has no character that ids do not have.
    """

    def __init__(self, spec: MappingSpec) -> None:
        self._names = [entry.name for entry in spec.source]
        holes = list(_holes(spec.source))
        catalogue = {
            field.field.text
            for field in spec.ticket.fields.fields
            if field.name in _CATALOGUE_FIELDS and isinstance(field.field, ExpressionSpec)
        }
        common = _common_to_all_users(spec)
        paths = {text: self._path(text) for text in dict.fromkeys((*holes, *sorted(catalogue)))}
        ids: Mapping[str, RootPath] = {
            text: path
            for text, path in paths.items()
            if path is not None
            and not any(isinstance(step, str) and _PERSON.search(step) for step in path.steps)
            and (text in catalogue or _is_id(path))
        }
        self._ids = frozenset(ids)
        self._logged = {
            text: path for text, path in ids.items() if text in catalogue or path.steps[0] in common
        }

    def _path(self, text: str) -> RootPath | None:
        """Return the path that an expression is, or None if it is more than a path."""
        try:
            found = root_paths(compile_expression(text, roots=("user", "page", *self._names)))
        except ExpressionError:
            return None
        whole = len(found) == 1 and str(found[0]) == text
        return found[0] if whole and len(found[0].steps) > 1 else None

    def explained(self, text: str, value: str) -> str | None:
        """Return the *value* of the expression *text* if an explanation may show it, else None."""
        return _shown(value) if text in self._ids else None

    def label(self, scope: Scope) -> str:
        """Return `event.slug=jazz-2026` for what *scope* binds, or "" if nothing may be shown."""
        values = ((text, _shown(path.value(scope))) for text, path in self._logged.items())
        return ", ".join(f"{text}={value}" for text, value in values if value is not None)

    def place(self, scope: Scope, position: int, scopes: Sequence[Scope]) -> str:
        """Return the label of *scope*; before it its position in *scopes* if there are several."""
        innermost = next((name for name in reversed(self._names) if name in scope), None)
        number = f"{innermost} {position + 1} of {len(scopes)}" if len(scopes) > 1 else ""
        return ": ".join(filter(None, (number, self.label(scope))))


def _shown(value: object) -> str | None:
    """Return an id as text, or None if it may be something else."""
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    text = str(value) if isinstance(value, str) or abs(value) < 10**20 else ""
    return text if _ID_VALUE.fullmatch(text) else None


def _is_id(path: RootPath) -> bool:
    last = path.steps[-1]
    return isinstance(last, str) and _ID_KEY.fullmatch(_CAMEL.sub("_", last)) is not None


def _holes(source: Sequence[EntrySpec]) -> Iterator[str]:
    """Yield the expressions in the paths and queries of the calls."""
    for entry in source:
        if isinstance(entry, CallSpec):
            values = (value for several in entry.request.query.values() for value in several)
            for template in (entry.request.path, *values):
                yield from _holes_of(template)


def _holes_of(template: TemplateSpec) -> Iterator[str]:
    return (part.text for part in template.parts if isinstance(part, ExpressionSpec))


def _common_to_all_users(spec: MappingSpec) -> frozenset[Any]:
    """Return the entries whose values do not depend on the user."""
    if "user" in _roots(spec.upstream):
        return frozenset()
    common: set[str] = set()
    own = {entry.name for entry in spec.source}
    for entry in spec.source:
        used = _roots(entry)
        if "user" not in used and used & own <= common:
            common.add(entry.name)
    return frozenset(common)


def _roots(part: object) -> frozenset[str]:
    return frozenset[str]().union(*(names_in(each.text) for each in expressions_in(part)))
