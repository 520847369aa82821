"""Guesses of what makes a ticket valid: status words by their meaning, and flags by their name.

A word is never taken for VALID without saying so: the mapping's table lists what is known, and what is
not listed fails the answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ticketbridge.authoring.draft.candidates import Candidate
from ticketbridge.authoring.draft.chains import plain_name
from ticketbridge.authoring.draft.guesses import Guess
from ticketbridge.authoring.draft.paths import ABSENT
from ticketbridge.authoring.draft.words import BAD_FLAGS, BAD_PAIRS, GOOD_FLAGS, VALID, meaning
from ticketbridge.authoring.personal.kinds import word_set
from ticketbridge.mapping.compiler import TODO
from ticketbridge.terminal import counted
from ticketbridge.tickets.fields import table_key

_STATUS = word_set("status state estado situation situacion")
_MOMENTS = word_set("at on date time")
_EXPIRES = {("expires",), ("expires", "at"), ("expiry", "date"), ("expiration", "date")}
_OFFSET = re.compile(r":[0-9.]+ ?(?:Z|[+-][0-9]{2}(?::?[0-9]{2})?)$", re.IGNORECASE)
_MOST_WORDS = 12
NO_WORD = "none"


@dataclass(frozen=True, slots=True)
class Table:
    """A table of status words: *known* are those with a meaning, *unknown* those without."""

    guess: Guess
    known: Mapping[str, str]
    unknown: Sequence[str]

    @property
    def is_open(self) -> bool:
        """Whether no word is known to mean VALID."""
        return VALID not in self.known.values()


@dataclass(frozen=True, slots=True)
class Condition:
    """An entry of `not_eligible_when`."""

    name: str
    guess: Guess


def guess_tables(candidates: Sequence[Candidate]) -> list[Table]:
    """A table for each status, from the outermost inwards."""
    found = [c for c in candidates if _is_status(c) and not c.joined and not c.aside]
    found.sort(key=lambda candidate: (-candidate.depth, candidate.nested, len(candidate.words)))
    return list(map(_table, found))


def _is_status(candidate: Candidate) -> bool:
    given = candidate.given
    if not candidate.words or candidate.words[-1] not in _STATUS or not given:
        return False
    words = {table_key(value) for value in given}
    return None not in words and "" not in words and len(words) <= _MOST_WORDS


def _table(candidate: Candidate) -> Table:
    words = dict.fromkeys(str(table_key(value)) for value in candidate.given)
    known = {word: meant for word in words if (meant := meaning(word)) is not None}
    unknown = [word for word in words if word not in known]
    text = candidate.safe_text
    if candidate.is_partial:
        text = f"default({text}, '{NO_WORD}')"
        known[NO_WORD] = VALID
    why = f"{counted(len(words), 'word')} in {counted(len(candidate.values), 'record')}"
    return Table(
        Guess(text, "likely" if len(candidate.words) == 1 else "unsure", why), known, unknown
    )


# --- conditions -----------------------------------------------------------------------------------


def guess_conditions(candidates: Sequence[Candidate]) -> list[Condition]:
    """What makes a ticket not eligible, by the names of flags, of moments and of lists."""
    found: dict[str, Condition] = {}
    for candidate in sorted(candidates, key=lambda candidate: -candidate.depth):
        if candidate.joined or candidate.aside:
            continue
        for condition in _conditions(candidate):
            name = plain_name(condition.name)
            if name in found:
                name = plain_name("_".join([*candidate.above, name]))
            if name:
                found.setdefault(name, Condition(name, condition.guess))
    return list(found.values())


def _conditions(candidate: Candidate) -> Iterator[Condition]:
    words = tuple(word for word in candidate.words if word != "is")
    if not words:
        return
    values = set(map(_kind, candidate.values))
    name = "_".join(words)
    if _is_bad(words) and values <= {"true", "false"}:
        yield Condition(name, Guess(candidate.text, "likely", "by its name"))
    elif (
        _is_bad(words)
        and values <= {"true", "false", "null", "absent"}
        and values & {"true", "false"}
    ):
        text = f"default({candidate.safe_text}, `false`)"
        yield Condition(name, Guess(text, "unsure", "by its name; missing is taken for false"))
    elif _is_bad(words) and values <= {"'true'", "'false'"}:
        yield Condition(
            name, Guess(f"{candidate.text} != 'false'", "likely", "text, not true or false")
        )
    elif _is_bad_moment(words, candidate):
        text = f"{candidate.safe_text} != `null`"
        yield Condition(
            words[0] if len(words) == 2 else "_".join(words[:-1]),
            Guess(text, "likely", _when(words)),
        )
    elif candidate.depth == 0 and (words[-2:] == ("valid", "until") or words in _EXPIRES):
        yield from _over(candidate)
    elif words in {("add", "on", "id"), ("addon", "id")}:
        text = f"{candidate.safe_text} != `null`"
        yield Condition("add_on", Guess(text, "unsure", "an add-on is no ticket"))
    elif len(words) == 1 and words[0] in GOOD_FLAGS and values <= {"true", "false"}:
        text = f"{candidate.text} != `true`"
        yield Condition(f"not_{words[0]}", Guess(text, "unsure", "by its name"))


def _is_bad(words: tuple[str, ...]) -> bool:
    """Whether the words say that it is of no use any more: `voided`, `checked_in`, not `refunded_amount`."""
    bare = tuple(word for word in words if word not in {"fully", "has", "been", "was"})
    return bare in BAD_PAIRS or (len(bare) == 1 and bare[0] in BAD_FLAGS)


def _is_bad_moment(words: tuple[str, ...], candidate: Candidate) -> bool:
    """`checked_in_at`, `voided_on`: null as long as it has not happened."""
    happened = words[-1] in _MOMENTS and _is_bad(words[:-1])
    return (
        happened and all(not isinstance(v, bool) for v in candidate.given) and candidate.nested <= 2
    )


def _when(words: tuple[str, ...]) -> str:
    return f"null as long as it is not {' '.join(words[:-1])}"


def _over(candidate: Candidate) -> Iterator[Condition]:
    text = candidate.safe_text
    if not all(isinstance(value, str) and "-" in value for value in candidate.given):
        return
    if all(map(_OFFSET.search, candidate.given)):
        condition = f"{text} != `null` && date({text}) <= now()"
        yield Condition("over", Guess(condition, "likely", "by its name"))
        return
    condition = f"{text} != `null` && date({text}, `null`, {TODO}) <= now()"
    why = "a time without an offset: the zone of its clock, a path or 'Europe/Madrid'"
    yield Condition("over", Guess(condition, "TODO", why))


def _kind(value: Any) -> str:
    if value is ABSENT:
        return "absent"
    if isinstance(value, str):
        return f"'{value}'"
    return (
        {True: "true", False: "false", None: "null"}.get(value, "other")
        if not isinstance(value, int | float) or isinstance(value, bool)
        else "other"
    )


# --- lists ----------------------------------------------------------------------------------------

_USES = ("checkins", "check_ins", "scans", "redemptions", "usages")


def guess_list_conditions(scopes: Sequence[Mapping[str, Any]], record: str) -> list[Condition]:
    """`length(position.checkins) > 0`: a list of the times that a ticket was used."""
    found = []
    for key in _USES:
        values = [scope[record].get(key) for scope in scopes if isinstance(scope[record], dict)]
        if values and all(isinstance(value, list) for value in values):
            text = f"length({record}.{key}) > `0`"
            found.append(Condition("used", Guess(text, "likely", f"its {key}")))
    return found
