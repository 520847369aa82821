"""Guesses of fields: ids of ticket, event, show, option and price type, the owner, the buyer, the seat."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ticketbridge.engine.tickets.fields import table_key
from ticketbridge.workbench.draft.candidates import (
    Candidate,
    Guess,
    Scored,
    Sureness,
    choose_best,
    is_id,
    is_link,
    make_todo,
    name_others,
    rate_sureness,
)
from ticketbridge.workbench.draft.category_guesses import (
    guess_option,
    guess_option_name,
    guess_price_type,
    is_bare_section,
)
from ticketbridge.workbench.draft.noun_scores import (
    SHORT,
    are_distinct,
    explain_choice,
    score_nouns,
    weigh_noun,
)
from ticketbridge.workbench.draft.platform_words import ID_WORDS, is_bad_trace, split_key
from ticketbridge.workbench.draft.sample_values import is_date
from ticketbridge.workbench.draft.vocabulary import (
    DOORS,
    EVENT,
    ROWS,
    SEATS,
    SECTIONS,
    SERIES,
    SHOW,
    TICKET,
)
from ticketbridge.workbench.personal.personal_kinds import is_about_person, word_set

_ELSEWHERE = word_set(
    "order booking customer user account buyer contact client person partner portal shop store seller vendor"
    " organizer organiser organization company venue location invoice payment transaction contract parent"
    " channel source created updated group cart checkout pedido cliente external postal zip phone country"
)
"""What an id may be of that is no event."""


@dataclass(frozen=True, slots=True)
class Ids:
    """The guesses of ids; *price_type* is None if nothing names one."""

    ticket: Guess
    event: Guess
    show: Guess
    option: Guess
    price_type: Guess | None


def guess_ids(candidates: Sequence[Candidate], record: str) -> Ids:
    """Return the ids of a record whose innermost binding is *record*."""
    usable = [candidate for candidate in candidates if is_id(candidate)]
    ticket, ticket_from = _guess_ticket(usable, record)
    left = [candidate for candidate in usable if candidate.text != ticket_from]
    event, show = _guess_event_and_show(left)
    option, option_from = guess_option(left, record)
    if option.is_open:
        option = guess_option_name(candidates) or option
    left = [c for c in left if c.text not in {option_from, event.text, show.text}]
    price_type = guess_price_type(left)
    if price_type is not None and (option.is_open or is_bare_section(candidates, option_from)):
        why = "nothing but the type of price tells categories apart"
        option = Guess(price_type.text, "unsure", why)
    if event.is_open:
        left = [c for c in left if price_type is None or c.text != price_type.text]
        options = next((c for c in usable if c.text == option.text), None)
        event, show = _guess_event_by_value(left, options, show)
    return Ids(ticket, event, show, option, price_type)


# --- the ticket -----------------------------------------------------------------------------------


def _guess_ticket(candidates: Sequence[Candidate], record: str) -> tuple[Guess, str]:
    own = [c for c in candidates if c.depth == 0 and c.nested <= 1 and not c.joined]
    distinct = [c for c in own if not c.is_partial and are_distinct(c)]
    first, near = choose_best(_score_ticket(c, record) for c in distinct)
    if first is None:
        only = _find_only_key(distinct)
        if only is not None:
            why = "by no name, but nothing else is different in each record"
            return Guess(only.text, "unsure", why), only.text
        return make_todo(f"which value of {record} is the ticket's own id, different in each?"), ""
    number = len(first.candidate.values)
    why = f"different in all {number} records" if number > 1 else "the record's own id"
    sure = rate_sureness(first, near) if number > 1 else "unsure"
    return Guess(first.candidate.text, sure, why + name_others(near)), first.candidate.text


def _find_only_key(distinct: Sequence[Candidate]) -> Candidate | None:
    """Return the one value that tells the records apart; None if there are more, or too few records."""
    telling = [c for c in distinct if c.nested and not any(map(_proves_nothing, c.values))]
    return telling[0] if len(telling) == 1 and len(telling[0].values) >= SHORT else None


def _proves_nothing(value: object) -> bool:
    """Whether a value may be different in each record by chance: a short one, a date, an address."""
    return len(str(value)) < SHORT or is_date(value) or "@" in str(value)


def _score_ticket(candidate: Candidate, record: str) -> Scored:
    words = candidate.words
    cost = ID_WORDS.get(words[-1] if words else "", None)
    if candidate.nested == 0:
        return Scored(10.0, candidate)
    if cost is None and any(map(_proves_nothing, candidate.values)):
        return Scored(0.0, candidate)
    if cost is None:
        return Scored(weigh_noun(words, TICKET, least=6.0) - 1.0, candidate)
    if len(words) == 1 or "_".join(words[:-1]) == record:
        return Scored(9.5 - 2 * cost - is_link(candidate), candidate)
    return Scored(
        weigh_noun(words[:-1], TICKET) - 2 * cost - (words[:-1] == ("order",)) * 9, candidate
    )


# --- event and show -------------------------------------------------------------------------------


def _guess_event_and_show(candidates: Sequence[Candidate]) -> tuple[Guess, Guess]:
    event, near_event = choose_best(score_nouns(candidates, EVENT))
    series, _ = choose_best(score_nouns(candidates, SERIES), least=7.0)
    show, near_show = choose_best(score_nouns(candidates, SHOW), least=7.0)
    if show is not None and event is not None and show.candidate.text == event.candidate.text:
        show = None
    if event is None:
        return _guess_without_event(series, show)
    if series is not None:
        return _guess_of_series(series.candidate, event.candidate)
    made = Guess(
        event.candidate.text,
        rate_sureness(event, near_event),
        explain_choice(event) + name_others(near_event),
    )
    if show is None:
        why = "nothing speaks of a show of its own: an event with one repeats the event's id"
        return made, Guess(event.candidate.safe_text, "likely", why)
    return made, _guess_show(show, near_show, event.candidate)


def _guess_without_event(series: Scored | None, show: Scored | None) -> tuple[Guess, Guess]:
    found = show or series
    event = make_todo("where is the event's id?")
    if found is None:
        return event, make_todo(
            "where is the show's id? An event with one performance repeats the event's"
        )
    return event, Guess(found.candidate.safe_text, "unsure", explain_choice(found))


def _guess_of_series(series: Candidate, event: Candidate) -> tuple[Guess, Guess]:
    """Return event and show: where events are in a series, the series is menta tech's event."""
    text, why = series.text, "a series is one event to menta tech"
    if series.is_partial:
        text, why = (
            f"default({series.safe_text}, {event.text})",
            f"{why}; without one, the event is",
        )
    show = Guess(event.safe_text, "likely", "the one performance in the series")
    return Guess(text, "likely", why), show


def _guess_event_by_value(
    candidates: Sequence[Candidate], options: Candidate | None, show: Guess
) -> tuple[Guess, Guess]:
    """Return event and show: an id without a known word that is the same wherever the category is."""
    event = make_todo("where is the event's id?")
    coarser = [c for c in candidates if _is_unknown_id(c) and not are_distinct(c)]
    if options is not None:
        coarser = [c for c in coarser if _depends_on(c, options)]
    if len({c.values for c in coarser}) != 1 or len(coarser[0].values) < SHORT:
        return event, show
    text = coarser[0].text
    made = Guess(text, "unsure", f"by no name: `{coarser[0].label}` is shared by several records")
    return made, made if show.is_open else show


def _is_unknown_id(candidate: Candidate) -> bool:
    """Whether it is an id of the record, of what no known noun says."""
    words = candidate.words
    own = candidate.depth == 0 and candidate.nested == 1 and not candidate.joined
    if not own or len(words) < len(("post", "id")) or words[-1] not in ID_WORDS:
        return False
    return not candidate.is_partial and not {*words, *candidate.above} & _ELSEWHERE


def _depends_on(candidate: Candidate, other: Candidate) -> bool:
    """Whether records with one value of *other* have one value of *candidate*."""
    pairs = {
        (table_key(a), table_key(b)) for a, b in zip(other.values, candidate.values, strict=True)
    }
    return len({a for a, _ in pairs}) == len(pairs)


def _guess_show(show: Scored, near: list[Scored], event: Candidate) -> Guess:
    found = show.candidate
    if found.is_partial:
        text = f"default({found.safe_text}, {event.text})"
        sure: Sureness = "unsure" if rate_sureness(show, near) == "unsure" else "likely"
        return Guess(text, sure, f"{explain_choice(show)}; where there is none, the event's id")
    return Guess(found.text, rate_sureness(show, near), explain_choice(show) + name_others(near))


# --- owner and buyer ------------------------------------------------------------------------------


_EMAIL = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")
_PLAIN_EMAILS = {("email",), ("mail",)}
_OWNERS = word_set(
    "owner holder ticketholder propietario titular besitzer inhaber proprietaire titulaire proprietario"
    " titolare eigenaar houder"
)
_OF_OTHERS = word_set(
    "event show venue organizer organiser organisation organization shop account card cardholder company list"
    " previous original former old first anterior next new"
)
_BY_NAME = 12.0
"""More than any other reason: even where nobody in the samples is the asked user."""
_BUYER = ("buyer", "purchaser", "comprador", "bought", "purchased")


def guess_owner(candidates: Sequence[Candidate], user: str | None) -> Guess:
    """Return the expression whose value must be the asked user.

    An address that is called the owner's comes before any other: after a transfer the buyer has another.
    """
    first, near = choose_best(
        [Scored(_score_owner(c, user), c) for c in candidates if _is_email(c)], least=1.0
    )
    if first is None:
        why = "no value is an e-mail address; `owner: upstream` where the request alone sees to it"
        return make_todo(why)
    found = first.candidate
    matching = _count_matching(found, user)
    if user is None:
        why = "e-mail addresses; give --user to see whose they are"
    elif matching == len(found.values):
        why = "the asked user in all records"
    else:
        why = f"the asked user in {matching} of {len(found.values)} records"
    other = _find_other_person(candidates, found)
    if other is not None:
        why = f"{why}, by its name; TODO: `{other.text}` is somebody else: is that the buyer alone?"
        return Guess(_write_owner(found, other), "unsure", why)
    sure: Sureness = "likely" if user is not None and matching and not near else "unsure"
    return Guess(found.safe_text, sure, why + name_others(near))


def _find_other_person(candidates: Sequence[Candidate], owner: Candidate) -> Candidate | None:
    """Return the address beside one that is called the owner's, if it is somebody else's in a record."""
    if not _is_called_owner(owner):
        return None
    others = [
        c
        for c in candidates
        if _is_email(c) and not c.joined and not _is_called_owner(c) and not _is_trace(c)
    ]
    owners = [*map(_fold, owner.values)]
    differing = [c for c in others if [*map(_fold, c.values)] != owners]
    return min(differing, key=lambda c: (c.words not in _PLAIN_EMAILS, c.depth), default=None)


def _is_trace(candidate: Candidate) -> bool:
    """Whether it is there once something happened: `transferred_to.email`."""
    return any(is_bad_trace(tuple(split_key(key))) for key in candidate.place[1:])


def _write_owner(owner: Candidate, other: Candidate) -> str:
    """Return the owner, or the other one as long as the record names no owner."""
    text = f"null_if({owner.safe_text}, '')" if "" in owner.given else owner.safe_text
    is_partial = owner.is_partial or "" in owner.given
    return f"default({text}, {other.safe_text})" if is_partial else text


def guess_buyer(candidates: Sequence[Candidate], owner: Guess) -> Guess | None:
    """Return the original purchaser's address, by its name, or as another than the owner's; else the owner's.

    None if that is open.
    """
    named = [
        c for c in candidates if _is_email(c) and (c.mean(*_BUYER) or set(_BUYER) & set(c.above))
    ]
    if named:
        return Guess(named[0].safe_text, "likely", "by its name")
    if owner.is_open:
        return None
    owners = [c for c in candidates if c.text in owner.text and _is_called_owner(c)]
    other = _find_other_person(candidates, owners[0]) if owners else None
    if other is not None:
        return Guess(other.safe_text, "unsure", "not the owner, by the name of the other")
    return Guess(owner.text, "unsure", "the owner, as long as nobody passed the ticket on")


def _fold(value: object) -> str | None:
    return value.casefold() if isinstance(value, str) else None


def _is_called_owner(candidate: Candidate) -> bool:
    """Whether its name says that it is the owner's, of the ticket and of nothing else."""
    words = {word for key in candidate.place[1:] for word in split_key(key)}
    return not _OWNERS.isdisjoint(words) and _OF_OTHERS.isdisjoint(words)


def _is_email(candidate: Candidate) -> bool:
    given = [value for value in candidate.given if value != ""]
    return bool(given) and all(isinstance(v, str) and _EMAIL.fullmatch(v) for v in given)


def _score_owner(candidate: Candidate, user: str | None) -> float:
    """Return a score. The order's address comes before the attendee's: who bought it may sell it."""
    score = 5.0 + 1.2 * min(candidate.depth, 2) - 1.2 * max(0, candidate.nested - 1)
    if user is not None:
        score += 3.0 * (_count_matching(candidate, user) > 0) - 3.0 * (
            _count_matching(candidate, user) == 0
        )
    if _is_called_owner(candidate):
        return score + _BY_NAME
    if candidate.words not in _PLAIN_EMAILS and not is_about_person("_".join(candidate.above)):
        score -= 1.0
    if "attendee" in (*candidate.words, *(candidate.above if candidate.nested > 1 else ())):
        score -= 1.5
    return score - (1.5 if candidate.joined else 0.0)


def _count_matching(candidate: Candidate, user: str | None) -> int:
    folded = (user or "").casefold()
    return sum(isinstance(v, str) and v.casefold() == folded for v in candidate.values)


# --- seats ----------------------------------------------------------------------------------------


_PLACES: Mapping[str, frozenset[str]] = {
    "section": word_set(SECTIONS),
    "row": word_set(ROWS),
    "seat": word_set(SEATS),
    "door": word_set(DOORS),
}
_SEATING = word_set("seat seating place asiento")
_NAMING = word_set("name number label no")
_CALLED = _NAMING | {"code"}


def guess_seating(candidates: Sequence[Candidate]) -> dict[str, Guess]:
    """Return section, row, seat and door, if the record has keys of such names."""
    own = [c for c in candidates if c.depth == 0 and not c.joined and _is_text(c)]
    found: dict[str, Guess] = {}
    for name, words in _PLACES.items():
        fitting = [c for c in own if _is_named(c, words)]
        if fitting:
            chosen = min(fitting, key=lambda c: (c.words[-1] not in _NAMING, len(c.text)))
            found[name] = Guess(chosen.safe_text, "likely", "by its name")
    # A zone alone is the ticket's category, and no seat.
    return found if found.keys() & {"row", "seat"} else {}


def _is_named(candidate: Candidate, words: frozenset[str]) -> bool:
    inside = bool(_SEATING & set(candidate.above))
    if len(candidate.words) == 1 and candidate.words[0] in _CALLED and candidate.nested > 1:
        above = candidate.above[-1:]
        # A zone with a name is the ticket's category; `row.name` and `sector.code` say where the seat is.
        return bool(above) and above[0] in words - {"zone", "area"}
    if inside and "seat" in words and candidate.words in {(word,) for word in _NAMING}:
        return True  # `seat.number`
    if not candidate.words or not words & set(candidate.words):
        return False
    return inside or (len(candidate.words) <= 2 and candidate.words[-1] in words | _NAMING)


def _is_text(candidate: Candidate) -> bool:
    given = candidate.given
    return bool(given) and all(isinstance(v, str | int) and not isinstance(v, bool) for v in given)
