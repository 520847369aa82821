"""Guesses of `responses`: what stands beside a list, and says whether the answer is a whole one.

An answer that says `success: false`, `partial: true` or has an `error` is no list of tickets, whatever
stands in its list. And a list that an answer may be without has to be held to something.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from ticketbridge.workbench.draft.entries import DraftRule
from ticketbridge.workbench.draft.platform_words import GENERIC, fold, split_key
from ticketbridge.workbench.draft.sample_values import (
    ABSENT,
    Path,
    find_lists,
    find_opposite,
    find_scalars,
    find_value,
    find_values,
    is_among,
    is_no,
    is_yes,
    write_is_none_of,
    write_path,
    write_safe,
)
from ticketbridge.workbench.personal.personal_kinds import word_set

_GOOD = word_set(
    "success ok isok succeeded successful issuccess complete iscomplete done erfolg"
    " erfolgreich exito sucesso succes successo"
)
_BAD = word_set(
    "error errors err errorcode errormessage errormsg errortext haserror haserrors iserror failed failure"
    " failures fault faults exception partial ispartial partialresults incomplete incompleteresults truncated"
    " istruncated timedout fehler fehlercode erreur erreurs errores"
)
_WORDS = word_set(
    "status result code statuscode resultcode responsecode returncode state resultado ergebnis outcome rc ack"
)
_FINE = word_set(
    "ok success successful succeeded true done complete completed fine exito erfolg 0 200 00 000"
)
_COUNTS = word_set(
    "count total totalcount totalitems totalresults recordcount numresults size resultcount"
)
_AROUND = word_set(
    "meta status response header result info envelope head responsestatus cabecera error fault"
)
_OF_OBJECTS = word_set("complete iscomplete partial ispartial incomplete failed exception")
"""In an answer that is one object, these are about the object (a complete order), not about the answer."""

_DEEPEST = 3


@dataclass(frozen=True, slots=True)
class RuleGuess:
    """The rules of a call, and the expression of its list; *why* says what is not sure."""

    rules: Sequence[DraftRule]
    text: str
    why: str = ""


@dataclass(frozen=True, slots=True)
class _Flag:
    """A value beside a list; *fine* are its values in a complete answer."""

    path: Path
    fine: Sequence[Any] = field(repr=False)
    why: str

    def holds(self, document: Any) -> bool:
        """Whether it says that *document* is complete."""
        return is_among(find_value(document, self.path), self.fine)

    def rule(self, documents: Sequence[Any]) -> DraftRule:
        """Return the rule that fails any answer with another value."""
        text = write_safe(write_path("body", self.path), find_values(documents, self.path))
        return DraftRule(write_is_none_of(text, self.fine), "fail", self.why)


def guess_rules(documents: Sequence[Any], path: Path) -> RuleGuess:
    """Return the rules for answers of one call; *path* is where their list is."""
    text = write_path("body", path)
    flags = list(_find_flags(documents, path))
    rules = [flag.rule(documents) for flag in flags]
    without = [d for d in documents if is_among(find_value(d, path), [None])]
    open_ended = [d for d in without if all(flag.holds(d) for flag in flags)]
    if not open_ended or len(without) == len(documents):
        return RuleGuess(rules, text)
    found = write_safe(text, find_values(open_ended, path))
    count = _find_count(documents, open_ended, path)
    if count is not None:
        none = find_value(open_ended[0], count)
        when = f"{found} == `null` && {write_is_none_of(write_path('body', count), [none])}"
        rule = DraftRule(when, "fail", "likely: without the list there must be none to come")
        return RuleGuess([*rules, rule], f"as_list({found})")
    if flags:
        return RuleGuess(
            rules, f"as_list({found})", "unsure: does an answer without the list mean none?"
        )
    return RuleGuess(
        rules, text, "unsure: a sample has no such list: does that mean none, or an error?"
    )


def _find_count(documents: Sequence[Any], without: Sequence[Any], path: Path) -> Path | None:
    """Return a number beside the list that is 0 only where the list is absent, or None."""
    for counted in _find_paths(documents, path):
        if "".join(split_key(counted[-1])) in _COUNTS:
            zero = [str(value) == "0" for value in find_values(documents, counted)]
            if zero == [document in without for document in documents]:
                return counted
    return None


def _find_flags(documents: Sequence[Any], path: Path) -> Iterator[_Flag]:
    whole = [d for d in documents if isinstance(find_value(d, path), list) and find_value(d, path)]
    for place in _find_paths(documents, path):
        name = "".join(split_key(place[-1]))
        values = find_values(whole or documents, place)
        if any(isinstance(value, dict) for value in values) or (not path and name in _OF_OBJECTS):
            continue
        if name in _GOOD and any(v is not ABSENT and v is not None for v in values):
            fine = [value for value in values if is_yes(value) or _is_fine(value)]
            yield _make_flag(place, values, fine, True, ("", "say no by"))
        elif name in _BAD:
            fine = [value for value in values if is_no(value) or value in ([], {})]
            yield _make_flag(place, values, fine, None, ("no ", "a"))
        elif name in _WORDS and path:
            yield from _make_word_flags(place, values, find_values(documents, place))


def _make_flag(
    place: Path, values: Sequence[Any], fine: Sequence[Any], usual: Any, words: tuple[str, str]
) -> _Flag:
    """Return a flag by its *fine* values; without them, by the opposites, or what is *usual*."""
    if fine:
        why = f"likely: {words[0]}`{place[-1]}` in the samples that have records"
        return _Flag(place, fine, why)
    others = [find_opposite(value) for value in values]
    why = f"unsure: the samples have records, and {words[1]} `{place[-1]}`"
    return _Flag(place, [usual] if ABSENT in others else others, why)


def _make_word_flags(place: Path, values: Sequence[Any], others: Sequence[Any]) -> Iterator[_Flag]:
    """Yield a flag if its words say that all is well, or stand in no sample without records."""
    if any(isinstance(value, list | float) or value in {None, ABSENT} for value in values):
        return
    differ = any(value not in values for value in others)
    if differ or all(map(_is_fine, values)):
        why = f"unsure: `{place[-1]}` in the samples that have records"
        yield _Flag(place, values, why)


def _is_fine(value: Any) -> bool:
    return value is not False and fold(str(value)).casefold() in _FINE


def _find_paths(documents: Sequence[Any], path: Path) -> list[Path]:
    """Return paths of the values around the list: in an object above it, or in one such as `meta`."""
    found: dict[Path, None] = {}
    for document in documents:
        found.update((place, None) for place, _ in find_scalars(document))
        found.update((place, None) for place, items in find_lists(document) if not items)
    return [place for place in found if _is_around(place, path)]


def _is_around(place: Path, path: Path) -> bool:
    above = place[:-1]
    if not place or len(place) > _DEEPEST or place == path:
        return False
    named = "".join(split_key(above[-1])) if above else ""
    return (
        path[: len(above)] == above
        or (len(above) == 1 and (named in _AROUND or named in GENERIC or not named))
        or (len(above) > 1 and path[: len(above) - 1] == above[:-1] and named in _AROUND)
    )
