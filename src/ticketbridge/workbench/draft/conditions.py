"""Guesses of `not_eligible_when`: flags, moments, lists and objects that say that a ticket is of no use.

What stands for "no" is what the samples show. Where they show none, the condition is TODO: a guess that
its own samples disprove gives a wrong answer for every ticket.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ticketbridge.workbench.draft.candidates import Candidate, Condition, Guess, Sureness, make_todo
from ticketbridge.workbench.draft.end_dates import guess_over, is_end
from ticketbridge.workbench.draft.money import find_cost_condition, is_money
from ticketbridge.workbench.draft.platform_words import (
    GOOD_FLAGS,
    GOOD_PAIRS,
    ID_WORDS,
    MOMENTS,
    PAID_FLAGS,
    find_free_name,
    is_bad,
    is_bad_amount,
    is_bad_moment,
    is_bad_noun,
    is_bad_trace,
    is_due,
    is_quantity,
    split_key,
    strip_flag,
)
from ticketbridge.workbench.draft.record_lists import make_plain_name
from ticketbridge.workbench.draft.sample_values import (
    ABSENT,
    Path,
    find_lists,
    find_opposite,
    find_values,
    is_date,
    is_no,
    is_nothing,
    is_yes,
    write_is_none_of,
    write_is_one_of,
    write_path,
    write_safe,
)
from ticketbridge.workbench.draft.status_tables import is_status
from ticketbridge.workbench.personal.personal_kinds import word_set

_CONFIRMED = PAID_FLAGS | {"confirmed", "confirmado", "confirmada", "bestaetigt", "confirme"}
_COUNTED = ID_WORDS.keys() | word_set("count quantity qty version status state name sort order")
_NEAR = 2


def guess_conditions(candidates: Sequence[Candidate], price: Candidate | None) -> list[Condition]:
    """Return conditions by the names of flags and moments, from the outermost record inwards."""
    found: dict[str, Condition] = {}
    for candidate in sorted(candidates, key=lambda candidate: -candidate.depth):
        if candidate.is_on_way and candidate.words:
            condition = _guess_condition(candidate, candidates, price)
            if condition is not None:
                _add_condition(found, condition, candidate.above)
    return list(found.values())


def name_apart(conditions: Sequence[Condition]) -> list[Condition]:
    """Return the conditions, each with its own name."""
    found: dict[str, Condition] = {}
    for condition in conditions:
        _add_condition(found, condition, ())
    return list(found.values())


def list_unjudged(candidates: Sequence[Candidate], conditions: Sequence[Condition]) -> list[str]:
    """Return the yes and no values of the records that no condition uses."""
    judged = " ".join(condition.guess.text + condition.guess.why for condition in conditions)
    return [
        candidate.text
        for candidate in candidates
        if candidate.is_on_way
        and candidate.nested
        and candidate.given
        and _are_answers(candidate)
        and candidate.text not in judged
        and not is_money(candidate)
        and not is_status(candidate)
    ]


def _are_answers(candidate: Candidate) -> bool:
    """Whether the values say yes or no; digits that count something, or identify it, do not."""
    if candidate.says_yes_or_no:
        return True
    texts = all(isinstance(v, str) and find_opposite(v) is not ABSENT for v in candidate.given)
    plain = candidate.words and candidate.words[-1] not in _COUNTED and candidate.nested == 1
    return bool(texts and plain and (len(set(candidate.given)) > 1 or candidate.given[0].isdigit()))


def _add_condition(found: dict[str, Condition], condition: Condition, above: Sequence[str]) -> None:
    """Add a condition under a free name; a name that is taken gets words from the keys around it."""
    name = make_plain_name(condition.name)
    if name in found:
        name = make_plain_name("_".join([*above, name]))
    name = find_free_name(name, found)
    found[name] = Condition(name, condition.guess)


def _guess_condition(
    candidate: Candidate, candidates: Sequence[Candidate], price: Candidate | None
) -> Condition | None:
    words = candidate.words
    if candidate.nested > 1 and MOMENTS.issuperset(words):
        words = (*candidate.above, *words)  # `cancellation.at`
    name = "_".join(word for word in words if word != "is")
    found = _guess_gone(candidate, words, name)
    found = found or _guess_not_yet(candidate, words, candidates, price)
    if found is None and is_end(words) and candidate.depth == 0:
        return Condition("over", guess_over(candidate, candidates))
    return found


def _guess_gone(candidate: Candidate, words: tuple[str, ...], name: str) -> Condition | None:
    """Return the condition by which a ticket is no longer of use; None if the words do not say so."""
    bare = strip_flag(words)
    if is_bad(words) or (len(bare) == 1 and is_bad_noun(bare[0])):
        return Condition(name, _guess_bad(candidate))
    if is_bad_moment(words) and candidate.nested <= _NEAR:
        timeless = _drop_moments(words)
        return Condition("_".join(timeless) or name, _guess_bad_moment(candidate, timeless))
    if is_bad_trace(words):
        return _guess_trace(candidate, name)
    if is_quantity(words) and candidate.depth == 0 and any(map(_is_zero, candidate.given)):
        return Condition("none_left", _guess_none_left(candidate))
    if is_bad_amount((*(candidate.above if candidate.nested > 1 else ()), *words)):
        return Condition(name, _guess_no_amount(candidate))
    return None


def _guess_not_yet(
    candidate: Candidate,
    words: tuple[str, ...],
    candidates: Sequence[Candidate],
    price: Candidate | None,
) -> Condition | None:
    """Return the condition by which a ticket is not good yet, such as unpaid; None for other words."""
    timeless = _drop_moments(words)
    bare, of_moment = strip_flag(words), strip_flag(timeless)
    if is_due(words):
        counted = is_money(candidate) or _is_counted(candidate)
        guess = _guess_no_amount(candidate) if counted else _guess_bad(candidate)
        return Condition("not_paid", _limit_to_priced(guess, candidate, candidates, price))
    if (len(bare) == 1 and bare[0] in GOOD_FLAGS) or bare in GOOD_PAIRS:
        guess, said = _guess_good(candidate), bare
    elif len(timeless) < len(words) and len(of_moment) == 1 and of_moment[0] in _CONFIRMED:
        guess, said = _guess_good_moment(candidate), of_moment
    else:
        return None
    if said[0] in PAID_FLAGS:
        guess = _limit_to_priced(guess, candidate, candidates, price)
    return Condition(f"not_{'_'.join(said)}", guess)


def _drop_moments(words: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(word for word in words if word not in MOMENTS)


# --- flags ----------------------------------------------------------------------------------------


def _guess_bad(candidate: Candidate) -> Guess:
    """Return a guess for a bad flag. A word that no sample has counts as yes."""
    if candidate.says_yes_or_no and not candidate.is_partial:
        return Guess(candidate.text, "likely", "by its name")
    if candidate.says_yes_or_no:
        text = f"default({candidate.safe_text}, `false`)"
        return Guess(text, "unsure", "by its name; missing is taken for false")
    nos = [value for value in candidate.values if is_no(value)]
    if not nos:
        return _guess_by_opposite(candidate, "no")
    strange = any(not is_yes(value) and not is_no(value) for value in candidate.given)
    sure: Sureness = "unsure" if strange or candidate.is_partial else "likely"
    why = "by its name: what says no in the samples"
    return Guess(write_is_none_of(candidate.safe_text, nos), sure, why)


def _guess_good(candidate: Candidate) -> Guess:
    """Return a guess for a good flag: not eligible unless it says yes as the samples do."""
    if candidate.says_yes_or_no:
        return Guess(f"{candidate.safe_text} != `true`", "unsure", "by its name")
    yeses = [value for value in candidate.given if is_yes(value)]
    plain = all(find_opposite(value) is not ABSENT for value in candidate.given)
    if yeses and plain:
        return Guess(write_is_none_of(candidate.safe_text, yeses), "unsure", "by its name")
    return _guess_by_opposite(candidate, "yes")


def _guess_by_opposite(candidate: Candidate, wanted: str) -> Guess:
    """Return a guess by the opposite of the only value in the samples: `0` for `1`."""
    others = [find_opposite(value) for value in candidate.given]
    if others and ABSENT not in others:
        why = (
            f"by its name; `{candidate.given[0]}` in all records, so what says {wanted} is a guess"
        )
        return Guess(write_is_none_of(candidate.safe_text, others), "unsure", why)
    return make_todo(f"what does `{candidate.text}` say where the answer is {wanted}?")


def _limit_to_priced(
    guess: Guess, candidate: Candidate, candidates: Sequence[Candidate], price: Candidate | None
) -> Guess:
    """Return *guess*, limited to tickets that cost something: a free ticket is never paid."""
    if guess.is_open:
        return guess
    costs = find_cost_condition(candidate, candidates, price)
    if costs:
        why = f"{guess.why}; of one that costs nothing it says nothing"
        return Guess(f"{guess.text} && {costs}", guess.sure, why)
    if price is not None and any(_is_zero(value) for value in price.given):
        return make_todo(f"does `{candidate.text}` count for a ticket that costs nothing?")
    return Guess(guess.text, "unsure", f"{guess.why}; is a free ticket paid too?")


def _is_zero(value: Any) -> bool:
    try:
        return not isinstance(value, bool) and float(value) == 0
    except (TypeError, ValueError, OverflowError):
        return False


# --- moments --------------------------------------------------------------------------------------


def _guess_bad_moment(candidate: Candidate, timeless: Sequence[str]) -> Guess:
    """Return a guess: not eligible once there is a date. TODO if each record has one."""
    if candidate.says_yes_or_no:
        return _guess_bad(candidate)
    nos = [value for value in candidate.values if is_no(value)]
    what = " ".join(timeless)
    if not nos:
        return make_todo(
            f"`{candidate.text}` has a date in all records: what has a ticket that is not {what}?"
        )
    text = write_is_none_of(candidate.safe_text, [None, *nos])
    shown = sorted({str(value) for value in nos if value not in {None, ABSENT}})
    how = f"null or `{shown[0] or '(empty)'}`" if shown else "null"
    until = f"it is not {what}" if is_bad(tuple(timeless)) else f"there is no {what}"
    return Guess(text, "likely", f"{how} as long as {until}")


def _guess_trace(candidate: Candidate, name: str) -> Condition:
    """Return the condition for keys such as `transferred_to`: null or empty until it happens."""
    nos = [value for value in candidate.values if is_no(value)]
    text = write_is_none_of(candidate.safe_text, [None, *nos])
    if name.replace("_", "").startswith("addon"):
        return Condition("add_on", Guess(text, "unsure", "an add-on is no ticket"))
    if not nos:
        why = f"`{candidate.text}` in all records: what has a ticket that is valid?"
        return Condition(name, make_todo(why))
    why = "by its name: nothing there as long as it did not happen"
    return Condition(name, Guess(text, "unsure", why))


def _guess_good_moment(candidate: Candidate) -> Guess:
    """Return a guess: not eligible before there is a date."""
    if not any(is_date(value) and not is_nothing(value) for value in candidate.given):
        return make_todo(
            f"`{candidate.text}` has no date in any record: what has a ticket that is paid?"
        )
    nos = [None, *(value for value in candidate.values if is_no(value))]
    return Guess(
        write_is_one_of(candidate.safe_text, nos), "unsure", "by its name: a date once it is so"
    )


# --- amounts --------------------------------------------------------------------------------------


def _is_counted(candidate: Candidate) -> bool:
    """Whether the values are numbers, and not just 0 and 1."""
    return any(not is_yes(v) and not is_no(v) for v in candidate.given) or any(
        isinstance(v, float) for v in candidate.given
    )


def _guess_no_amount(candidate: Candidate) -> Guess:
    nos = [value for value in candidate.values if is_no(value) or _is_zero(value)]
    if not nos:
        return make_todo(
            f"`{candidate.text}` in all records: what has a ticket of which nothing was?"
        )
    why = "by its name" + ("; of which of its tickets?" if candidate.depth else "")
    return Guess(write_is_none_of(candidate.safe_text, nos), "unsure", why)


def _guess_none_left(candidate: Candidate) -> Guess:
    """Return a guess for a quantity that is 0 in a record: nobody owns that any more."""
    zeros = [value for value in candidate.given if _is_zero(value)]
    if len(zeros) == len(candidate.values):
        return make_todo(f"`{candidate.text}` is 0 in all records: probably nobody owns these")
    text = write_is_one_of(candidate.safe_text, zeros)
    return Guess(text, "unsure", "probably nobody owns what there are 0 of")


# --- lists and objects ----------------------------------------------------------------------------


def guess_list_conditions(
    scopes: Sequence[Mapping[str, Any]], way: Sequence[str]
) -> list[Condition]:
    """Return conditions on lists and objects, such as `length(position.checkins) > 0`."""
    found: dict[str, Condition] = {}
    for name in way:
        inner = name == way[-1]
        bindings = [scope[name] for scope in scopes if isinstance(scope.get(name), dict)]
        for path in dict.fromkeys(
            p for b in bindings for p, _ in find_lists(b) if _find_bad_key(p)
        ):
            guess = _guess_list(name, path, bindings, inner=inner)
            _add_condition(
                found, Condition(_name_list(_find_bad_key(path)), guess), split_key(name)
            )
        for key in dict.fromkeys(key for b in bindings for key, v in b.items() if _is_object(v)):
            others = [b.get(key, ABSENT) for b in bindings if not isinstance(b.get(key), dict)]
            if (_find_bad_key((key,)) or is_bad_trace(tuple(split_key(key)))) and others:
                text = write_safe(write_path(name, (key,)), others)
                why = f"there is a `{key}` once it happened"
                guess = Guess(write_is_none_of(text, [None, *others]), "unsure", why)
                _add_condition(found, Condition("_".join(split_key(key)), guess), split_key(name))
    return list(found.values())


def _is_object(value: Any) -> bool:
    """Whether *value* has members, and is no XML element with a text."""
    return isinstance(value, dict) and any(key[:1] not in {"@", "#"} for key in value)


def _find_bad_key(path: Path) -> str:
    """Return the first key that names what ends a ticket; "" if none does, or it lies too deep."""
    near = path if len(path) <= _NEAR else ()
    bare = ((key, "".join(strip_flag(tuple(split_key(key))))) for key in near)
    return next((key for key, noun in bare if is_bad_noun(noun)), "")


def _name_list(key: str) -> str:
    words = "".join(split_key(key))
    used = {"checkins", "scans", "redemptions", "usages", "checkin", "scan", "usos"}
    return "used" if words in used else words


def _guess_list(
    name: str, path: Path, bindings: Sequence[Mapping[str, Any]], *, inner: bool
) -> Guess:
    seen = find_values(bindings, path)
    text = write_path(name, path)
    if any(not isinstance(value, list) for value in seen):
        text = f"as_list(optional({text}))"
    if inner and len(seen) > 1 and all(isinstance(v, list) and v for v in seen):
        return make_todo(f"there are `{text}` in all records: what do they say of a good ticket?")
    if inner:
        return Guess(f"length({text}) > `0`", "likely", f"its {path[-1]}")
    if any(isinstance(value, list) and value for value in seen):
        return make_todo(f"there are `{text}` in the samples: which of its tickets do they take?")
    return Guess(f"length({text}) > `0`", "unsure", f"its {path[-1]}: of which of its tickets?")
