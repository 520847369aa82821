"""From groups of documents to the entries of `source`: what is called, and what each binds."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from ticketbridge.mapping.spec_compiler import TODO
from ticketbridge.workbench.draft.candidate_finding import LIST, has_included
from ticketbridge.workbench.draft.credentials import is_variable
from ticketbridge.workbench.draft.documents import (
    Document,
    Group,
    group_documents,
    is_handed_on,
    is_paging,
)
from ticketbridge.workbench.draft.entries import (
    USER,
    DraftCall,
    DraftEntry,
    DraftRule,
    Hole,
    Part,
    Plan,
    UserInside,
    Variable,
    bind_values,
    is_answer,
    is_email,
    split_around_user,
)
from ticketbridge.workbench.draft.flags import guess_rules
from ticketbridge.workbench.draft.leads import find_leads, find_subject_words, is_weak
from ticketbridge.workbench.draft.page_guesses import guess_end
from ticketbridge.workbench.draft.platform_words import (
    GENERIC,
    ID_WORDS,
    PEOPLE_LISTS,
    make_singular,
    split_key,
)
from ticketbridge.workbench.draft.record_lists import (
    RecordChain,
    find_best_chain,
    find_code_list,
    make_free_name,
    make_level_names,
)
from ticketbridge.workbench.draft.sample_values import ABSENT, Path, find_values, write_path
from ticketbridge.workbench.draft.sent_bodies import name_parameter
from ticketbridge.workbench.personal.field_names import is_field_name

_MOST = 0.5
"""How many of the values of a request a list must have."""

_PLACEHOLDER = re.compile(r"\{\w+\}", re.ASCII)
"""A marker of the draft, a parameter of an OpenAPI file, or what somebody left open in a path."""

_NEAR = 2
"""How deep in an answer the list lies that the answer is."""


def make_plan(
    documents: Sequence[Document],
    user: str | None,
    is_private: Callable[[str], bool],
    markers: frozenset[str],
) -> Plan:
    """Return the plan for these *documents*; a text that *is_private* stands in no request.

    *markers* stand in their requests in place of credentials: see HiddenCredentials.
    """
    groups = group_documents(documents)
    chains = [find_best_chain(group.answers) for group in groups]
    scores = [chain.score if chain else -100.0 for chain in chains]
    main = scores.index(max(scores))
    plan = Plan()
    builder = _PlanBuilder(plan, user, is_private, markers)
    leads = find_leads(groups, main)
    for number, path in leads.items():
        builder.add_lead(groups[number], path)
    beside = [number for number in range(len(groups)) if number != main and number not in leads]
    for number in (n for n in beside if n < main):
        builder.add_aside(groups[number], chains[number])
    builder.add_records(groups[main], chains[main])
    for number in (n for n in beside if n > main):
        builder.add_aside(groups[number], chains[number])
    return plan


class _PlanBuilder:
    def __init__(
        self,
        plan: Plan,
        user: str | None,
        is_private: Callable[[str], bool],
        markers: frozenset[str],
    ) -> None:
        self._plan = plan
        self._user = user
        self._is_private = is_private
        self._markers = markers

    # --- the records ----------------------------------------------------------------------------

    def add_records(self, group: Group, chain: RecordChain | None) -> None:
        """Add the call whose answer has the records, and the levels down to them."""
        call = self._make_call(group)
        if chain is None:
            name = make_free_name(_find_name(group) or "record", self._plan.names)
            self._add(DraftEntry(name, "take", "body", (), call, "no list of objects was found"))
            self._plan.record = name
            return
        names = make_level_names(chain, _find_name(group), self._plan.names)
        root = "body"
        if chain.paths[0] == LIST and has_included(group.answers):
            root = make_free_name("answer", [*self._plan.names, *names])
            why = "whole, as `included` has what its records name"
            self._add(DraftEntry(root, "take", "body", (), call, why, items=LIST))
            self._plan.below[root] = LIST
        for number, (name, path) in enumerate(zip(names, chain.paths, strict=True)):
            if root != "body":
                self._plan.below[root] = path
            why = f"{len(chain.items)} records in the samples" if number == len(names) - 1 else ""
            text = self._write_list(root, path)
            if "optional(" in text:
                why = "; ".join(filter(None, (why, f"unsure: without `{path[-1]}`, has it none?")))
            own = call if root == "body" else None
            self._add(DraftEntry(name, "each", text, path, own, why))
            root = name
        self._plan.record = names[-1]
        self._add_codes()

    def _add_codes(self) -> None:
        """Add a level if a record is several tickets and lists a code for each."""
        found = find_code_list(self._plan.scopes, self._plan.record)
        if found is None:
            return
        name = make_free_name(found.name, self._plan.names)
        self._plan.entries.append(DraftEntry(name, "each", found.text, (), None, found.why))
        self._plan.way.append(name)
        self._plan.record = name
        self._plan.scopes = [
            {**scope, name: code}
            for scope, codes in zip(self._plan.scopes, found.codes, strict=True)
            for code in codes
        ]

    def _write_list(self, root: str, path: Path) -> str:
        """Return the expression of the list; it is empty where a parent has no such list."""
        text = write_path(root, path)
        if root == "body":
            return text
        seen = find_values((scope[root] for scope in self._plan.scopes), path)
        if ABSENT in seen:
            return f"as_list(optional({text}))"
        return f"as_list({text})" if None in seen else text

    # --- what comes before, and beside ----------------------------------------------------------

    def add_lead(self, group: Group, path: Path | None) -> None:
        """Add a call whose answer leads to the records, by an id of the list at *path*."""
        call = self._make_call(group)
        if path is None:
            name = make_free_name(_find_name(group) or "found", self._plan.names)
            self._add(DraftEntry(name, "take", "body", (), call))
            return
        own = make_singular(path[-1]) if path and path[-1].lower() not in GENERIC else ""
        name = make_free_name(own or _find_name(group), self._plan.names)
        if path and not PEOPLE_LISTS.isdisjoint(split_key(path[-1])):
            people = write_path("body", path)
            why = "the one person that was asked for"
            nobody = DraftRule(
                f"length({people}) == `0`", "unknown_user", "unsure: nobody found is nobody known"
            )
            self._add(DraftEntry(name, "take", f"{people}[0]", path, call, why, (nobody,)))
            return
        self._add(DraftEntry(name, "each", write_path("body", path), path, call))

    def add_aside(self, group: Group, chain: RecordChain | None) -> None:
        """Add a call whose answer is joined: a whole list, or one object."""
        call = self._make_call(group)
        if chain is None or not _is_mostly_list(group, chain):
            name = make_free_name(_find_name(group) or "found", self._plan.names)
            self._insert(DraftEntry(name, "take", "body", (), call), call)
            return
        path = chain.paths[0]
        name = make_free_name(_make_plural(path, group), self._plan.names)
        text = write_path("body", path)
        only_if = self._find_only_if(call)
        self._insert(DraftEntry(name, "collect", text, path, call, only_if=only_if), call)

    def _find_only_if(self, call: DraftCall) -> str:
        """Return a list that is empty where the samples have no answer to the call, or ""."""
        for hole in call.holes:
            root = hole.root
            bindings = [
                scope[root] for scope in self._plan.scopes if isinstance(scope.get(root), dict)
            ]
            asked = [
                any(is_answer(d, call, {root: binding}) for d in call.group.documents)
                for binding in bindings
            ]
            for key in bindings[0] if bindings and not all(asked) else ():
                found = [binding.get(key) for binding in bindings]
                if all(isinstance(v, list) for v in found) and [bool(v) for v in found] == asked:
                    return write_path(root, (key,))
        return ""

    def _add_rules(self, entry: DraftEntry) -> DraftEntry:
        """Return *entry* with the rules for its answers."""
        if entry.call is None:
            return entry
        ruled = guess_rules(entry.call.group.answers, entry.list_path)
        if entry.items is not None:
            rules = (*ruled.rules, *guess_end(entry.call, entry.items))
            return replace(entry, rules=rules)
        if entry.kind == "take":
            return replace(entry, rules=(*ruled.rules, *entry.rules))
        why = "; ".join(filter(None, (entry.why, ruled.why)))
        rules = (*ruled.rules, *guess_end(entry.call, entry.path), *entry.rules)
        return replace(entry, rules=rules, text=ruled.text, why=why)

    def _insert(self, entry: DraftEntry, call: DraftCall) -> None:
        """Place a call's entry right below the binding that its request needs; first, if it needs none."""
        roots = {hole.root for hole in call.holes}
        names, entries = self._plan.names, self._plan.entries
        place = max((names.index(name) + 1 for name in names if name in roots), default=0)
        while place and place < len(entries) and entries[place].kind == "collect":
            place += 1
        entry = self._add_rules(entry)
        self._plan.entries.insert(place, entry)
        self._bind(entry)

    def _add(self, entry: DraftEntry) -> None:
        entry = self._add_rules(entry)
        self._plan.entries.append(entry)
        self._plan.way.append(entry.name)
        self._bind(entry)

    def _bind(self, entry: DraftEntry) -> None:
        """Extend each scope with the values that the samples give for *entry*."""
        self._plan.scopes = [
            {**scope, entry.name: value}
            for scope in self._plan.scopes
            for value in bind_values(entry, scope)
        ]

    # --- requests -------------------------------------------------------------------------------

    def _make_call(self, group: Group) -> DraftCall:
        target = group.target
        if target is None:
            return DraftCall(group, None, {})
        places = range(1, len(target.path))
        segments = tuple(
            self._make_part(group.segments_at(place), target.path[place - 1]) for place in places
        )
        query: dict[str, Part] = {}
        paging = ""
        for name in dict.fromkeys(name for t in group.targets for name in t.query):
            values = group.values_of(name)
            if is_paging(name) or is_handed_on(group, name):
                paging = name
            else:
                about = name_parameter(name)
                query[name] = self._make_part([value or "" for value in values], about)
        return DraftCall(group, segments, query, paging)

    def _make_part(self, values: list[str], about: str) -> Part:
        """Return a segment or a parameter as the user, a value of an earlier answer, or a text."""
        first = values[0]
        if first in self._markers and is_variable(first) and set(values) <= {first, ""}:
            return Variable(first)
        if _PLACEHOLDER.fullmatch(first):
            told = first in self._markers or is_field_name(first[1:-1])
            return Hole(TODO, f"which value is {f'`{first[1:-1]}`' if told else 'it'}?")
        return (
            self._find_user_hole(values)
            or self._find_user_inside(values)
            or self._find_answer_hole(values, about)
            or self._make_text(values)
        )

    def _find_user_hole(self, values: list[str]) -> Hole | None:
        folded = {value.casefold() for value in values}
        if self._user is not None and folded == {self._user.casefold()}:
            return Hole(USER, "the asked user")
        address = all(map(is_email, values))
        return Hole(USER, "an e-mail address") if self._user is None and address else None

    def _find_user_inside(self, values: list[str]) -> Part | None:
        """Return the text around the user's address, where a parameter has more than that."""
        found = split_around_user(values[0], self._user) if len(set(values)) == 1 else None
        if found is not None and any(map(self._is_private, _list_texts_around(found))):
            return Hole(TODO, "the asked user, beside a value of one person, or a credential")
        return found

    def _find_answer_hole(self, values: list[str], about: str) -> Hole | None:
        if not self._is_plain(values) or self._leads_here(values):
            return self._find_hole(values, about)
        return None

    def _make_text(self, values: list[str]) -> Part:
        if len(set(values)) > 1:
            return Hole(TODO, "what is it in each request?")
        if self._is_private(values[0]):
            return Hole(TODO, "a value of one person, or a credential: where does it come from?")
        return values[0]

    def _is_plain(self, values: list[str]) -> bool:
        """Whether nothing shows that it is a value: `orders`, `tickets`."""
        same = len(set(values)) == 1
        return same and not any(map(str.isdigit, values[0])) and "-" not in values[0]

    def _leads_here(self, values: list[str]) -> bool:
        """Whether a plain word is the id of something that is bound one by one."""
        bound = {entry.name for entry in self._plan.entries if entry.kind != "collect"}
        return any(
            candidate.words[-1:]
            and candidate.words[-1] in ID_WORDS
            and set(values) <= set(map(str, candidate.values))
            and candidate.text.partition(".")[0] in bound
            and candidate.nested == 1
            and "account" not in candidate.words
            for candidate in self._plan.candidates()
        )

    def _find_hole(self, values: list[str], name: str) -> Hole | None:
        """Return the hole with the bound value that these are, or None.

        It must fit the word before them, and have most of them. A small number alone proves nothing: it is
        found in many places by chance.
        """
        wanted, near = set(values), find_subject_words(name)
        ranked = []
        for candidate in self._plan.candidates():
            if candidate.joined or "${" in candidate.text:
                continue
            covered = len(wanted & set(map(str, candidate.given))) / len(wanted)
            agrees = len(near & {*candidate.words, *candidate.above})
            by_value = covered == 1 and not any(map(is_weak, wanted))
            if by_value or (agrees and covered >= _MOST):
                is_id = candidate.words[-1:] == ("id",)
                rank = (-agrees, -covered, not is_id, candidate.depth, len(candidate.text))
                ranked.append((rank, candidate.text, bool(agrees), covered))
        if not ranked:
            return None
        _, text, agreed, covered = min(ranked)
        seen = "its value is" if covered == 1 else "most of its values are"
        why = f"{seen} in the samples"
        return Hole(text, why if agreed else f"unsure: {why}, and no word speaks for it")


def _list_texts_around(found: UserInside) -> Iterator[str]:
    """Yield what stands before and after the user, and each word of it."""
    for text in (found.before, found.after):
        yield text
        yield from re.findall(r"[^\W_]+", text)


def _find_name(group: Group) -> str:
    """Return a name for the result of the call: the given one, or the last word of its path."""
    return group.documents[0].name or make_singular(group.last_word)


def _make_plural(path: Path, group: Group) -> str:
    own = path[-1] if path else ""
    words = [s for s in group.documents[0].asked.path if s.isalpha()]
    generic = make_singular(own) in {"", "result", "item", "datum", "data"}
    return words[-1] if words and generic else own or "found"


def _is_mostly_list(group: Group, chain: RecordChain) -> bool:
    """Whether the answer is a list, and no object with an id of its own and lists in it."""
    value = group.documents[0].value
    keys = [split_key(key) for key in value] if isinstance(value, dict) else []
    has_id = any(len(words) == 1 and words[0] in ID_WORDS for words in keys)
    return not has_id and len(chain.paths[0]) <= _NEAR
