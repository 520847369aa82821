"""Entries of `source` in the making, the parts of their requests, and what the samples bind for them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from ticketbridge.mapping.spec_compiler import TODO
from ticketbridge.workbench.draft.candidate_finding import find_candidates
from ticketbridge.workbench.draft.candidates import Candidate
from ticketbridge.workbench.draft.documents import Document, Group
from ticketbridge.workbench.draft.sample_values import Path, find_value, find_values

Kind = Literal["each", "take", "collect"]
USER: Final = "user"


@dataclass(frozen=True, slots=True)
class Hole:
    """A part of a request that an expression fills, and why."""

    text: str
    why: str

    @property
    def root(self) -> str:
        """The binding that the expression begins with."""
        return self.text.partition(".")[0]


@dataclass(frozen=True, slots=True)
class Variable:
    """A part of a request that comes from the environment: `${NAME}`."""

    text: str


@dataclass(frozen=True, slots=True)
class UserInside:
    """A text around the asked user, and the expression for the user there: `email:{user}`."""

    before: str
    after: str
    text: str
    why: str


Part = str | Hole | Variable | UserInside


@dataclass(frozen=True, slots=True)
class DraftCall:
    """A request: segments and parameters. *paging* is the parameter that selects the page."""

    group: Group
    segments: tuple[Part, ...] | None
    query: Mapping[str, Part]
    paging: str = ""

    @property
    def method(self) -> Literal["get", "post"]:
        """The key of the mapping that names the path."""
        return "get" if self.group.documents[0].method == "GET" else "post"

    @property
    def holes(self) -> list[Hole]:
        """The parts that an expression fills."""
        parts = (*(self.segments or ()), *self.query.values())
        return [part for part in parts if isinstance(part, Hole)]


@dataclass(frozen=True, slots=True)
class DraftRule:
    """A rule of `responses`, and why."""

    when: str
    then: str
    why: str


@dataclass(frozen=True, slots=True)
class DraftEntry:
    """One entry of `source`; without a *call* it goes down a level. *why* is for a comment.

    *rules* are those of its `responses`. *only_if* is the list without which the call is not made. *items* is
    the list of a page that is taken whole.
    """

    name: str
    kind: Kind
    text: str
    path: Path = ()
    call: DraftCall | None = None
    why: str = ""
    rules: Sequence[DraftRule] = ()
    only_if: str = ""
    items: Path | None = None

    @property
    def list_path(self) -> Path:
        """Where an answer has what its pages are made of."""
        return self.path if self.items is None else self.items


@dataclass(slots=True)
class Plan:
    """The entries, the records that they give, and what the fields can be made from.

    *way* are the entries from the user down to the *record*; other entries are joined.
    """

    entries: list[DraftEntry] = field(default_factory=list)
    scopes: list[dict[str, Any]] = field(default_factory=lambda: [{}])
    below: dict[str, Path] = field(default_factory=dict)
    record: str = ""
    way: list[str] = field(default_factory=list)

    @property
    def names(self) -> list[str]:
        """The names that are taken."""
        return [entry.name for entry in self.entries]

    def candidates(self) -> list[Candidate]:
        """Return everything that a field could be."""
        return find_candidates(self.scopes, self.below, self.way)


def bind_values(entry: DraftEntry, scope: Mapping[str, Any]) -> list[Any]:
    """Return what *entry* binds in a scope, as far as the samples tell."""
    if entry.call is None:
        parent = entry.text.removeprefix("as_list(").removeprefix("optional(").partition(".")[0]
        found = find_value(scope[parent], entry.path)
        return found if isinstance(found, list) else []
    documents = [d for d in entry.call.group.documents if is_answer(d, entry.call, scope)]
    if entry.kind == "take":
        value = find_value(documents[0].value, entry.path) if documents else None
        return [value[0] if isinstance(value, list) and value else value]
    every = find_values((document.value for document in documents), entry.path)
    items = [item for found in every if isinstance(found, list) for item in found]
    return [items] if entry.kind == "collect" else items


def is_answer(document: Document, call: DraftCall, scope: Mapping[str, Any]) -> bool:
    """Whether *document* is the answer in this scope: the holes of its request have the scope's values."""
    if not document.target or call.segments is None:
        return True
    target = Group([document]).targets[0]
    parts = [*zip(call.segments, target.path[1:], strict=True)]
    parts += [(part, (target.query.get(name) or [""])[0]) for name, part in call.query.items()]
    return all(
        not isinstance(part, Hole) or part.text in {USER, TODO} or _fill_hole(part, scope) == value
        for part, value in parts
    )


def _fill_hole(hole: Hole, scope: Mapping[str, Any]) -> str:
    root, *path = hole.text.split(".")
    return str(find_value(scope.get(root), tuple(key.strip('"') for key in path)))


# --- the user inside of a longer text -------------------------------------------------------------


_EMAIL = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")
_ADDRESS = r"A-Za-z0-9._%+@-"
"""What an address may be made of: beside such a character another address begins."""
_QUOTES = "'\""


def is_email(text: str) -> bool:
    """Whether a text is one address, and no more."""
    return _EMAIL.fullmatch(text) is not None and not set("'\":=()<>,;") & set(text)


def contains_user(text: str, user: str) -> bool:
    """Whether a text has the user's address, alone or in more text."""
    return _find_user(text, user) is not None


def _find_user(text: str, user: str) -> re.Match[str] | None:
    address = rf"(?<![{_ADDRESS}]){re.escape(user)}(?![{_ADDRESS}])"
    return re.search(address, text, re.IGNORECASE)


def split_around_user(text: str, user: str | None) -> UserInside | None:
    """Return what stands around the user's address in *text*; None if *text* has no such address.

    `mariana@example.com` has no `ana@example.com`. Between quotes the address must not end the text there, so
    it is written by `quoted`.
    """
    if not user or text.casefold() == user.casefold():
        return None
    found = _find_user(text, user)
    if found is None:
        return None
    before, after = text[: found.start()], text[found.end() :]
    if not set(_QUOTES) & set(before):
        return UserInside(before, after, USER, "the asked user, in a longer text")
    style = _find_style(before)
    why = f"unsure: the asked user, quoted as in {style}: which language is it?"
    return UserInside(before, after, f"quoted({USER}, '{style}')", why)


def _find_style(before: str) -> str:
    """Return how quotes are escaped: OData doubles them, SOQL and formulas have a backslash."""
    return "sql" if re.search(r"\b(eq|WHERE)\b(?!.*__)", before) else "backslash"
