"""Guesses of ids: of the ticket, the event, the show, the access category and the type of price."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ticketbridge.engine.tickets.fields import table_key
from ticketbridge.workbench.draft.candidates import (
    Candidate,
    Guess,
    Scored,
    Sureness,
    choose_best,
    make_todo,
    name_others,
    rate_sureness,
)
from ticketbridge.workbench.draft.platform_words import ID_WORDS, NAMING, make_singular
from ticketbridge.workbench.draft.sample_values import is_date
from ticketbridge.workbench.draft.vocabulary import (
    EVENT,
    OPTION,
    PLACES,
    PRICE_TYPE,
    SERIES,
    SHOW,
    TICKET,
    Nouns,
)
from ticketbridge.workbench.personal.personal_kinds import word_set

_SHORT = 3
"""A value of fewer characters is different in each record by chance."""

_FRACTION = re.compile(r"-?[0-9]+[.,][0-9]+")

_OF = frozenset({"order", "booking", "pedido"})
"""Words before others that say no more than where a value comes from: `order_session`."""

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
    usable = [candidate for candidate in candidates if _is_id(candidate)]
    ticket, ticket_from = _guess_ticket(usable, record)
    left = [candidate for candidate in usable if candidate.text != ticket_from]
    event, show = _guess_event_and_show(left)
    option, option_from = _guess_option(left, record)
    if option.is_open:
        option = _guess_option_name(candidates) or option
    left = [c for c in left if c.text not in {option_from, event.text, show.text}]
    price_type = _guess_price_type(left)
    if price_type is not None and (option.is_open or _is_bare_section(candidates, option_from)):
        why = "nothing but the type of price tells categories apart"
        option = Guess(price_type.text, "unsure", why)
    if event.is_open:
        left = [c for c in left if price_type is None or c.text != price_type.text]
        options = next((c for c in usable if c.text == option.text), None)
        event, show = _guess_event_by_value(left, options, show)
    return Ids(ticket, event, show, option, price_type)


def _is_id(candidate: Candidate) -> bool:
    """Whether the values can be ids: texts or integers, none of them empty, and no description."""
    given = candidate.given
    fit = all(isinstance(v, str | int) and not isinstance(v, bool) and v != "" for v in given)
    fit = fit and not any(isinstance(v, str) and _FRACTION.fullmatch(v) for v in given)
    if not given or not fit:
        return False
    # A type that is a number is an id of a type, whatever its name ends with.
    numbers = candidate.words[-1:] == ("type",) and all(str(value).isdecimal() for value in given)
    return numbers or not candidate.words or candidate.words[-1] not in NAMING


def _is_link(candidate: Candidate) -> bool:
    """Whether the values are links or paths, such as the `@id` of JSON-LD, and no plain ids."""
    return bool(candidate.given) and all("/" in str(value) for value in candidate.given)


# --- the ticket -----------------------------------------------------------------------------------


def _guess_ticket(candidates: Sequence[Candidate], record: str) -> tuple[Guess, str]:
    own = [c for c in candidates if c.depth == 0 and c.nested <= 1 and not c.joined]
    distinct = [c for c in own if not c.is_partial and _are_distinct(c)]
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
    return telling[0] if len(telling) == 1 and len(telling[0].values) >= _SHORT else None


def _proves_nothing(value: object) -> bool:
    """Whether a value may be different in each record by chance: a short one, a date, an address."""
    return len(str(value)) < _SHORT or is_date(value) or "@" in str(value)


def _score_ticket(candidate: Candidate, record: str) -> Scored:
    words = candidate.words
    cost = ID_WORDS.get(words[-1]) if words else None
    if candidate.nested == 0:
        score = 10.0
    elif cost is None and any(map(_proves_nothing, candidate.values)):
        score = 0.0
    elif cost is None:
        score = _weigh_noun(words, TICKET, least=6.0) - 1.0
    elif len(words) == 1 or "_".join(words[:-1]) == record:
        score = 9.5 - 2 * cost - _is_link(candidate)
    else:
        score = _weigh_noun(words[:-1], TICKET) - 2 * cost - (words[:-1] == ("order",)) * 9
    return Scored(score, candidate)


# --- event and show -------------------------------------------------------------------------------


def _guess_event_and_show(candidates: Sequence[Candidate]) -> tuple[Guess, Guess]:
    event, near_event = choose_best(_score_nouns(candidates, EVENT))
    series, _ = choose_best(_score_nouns(candidates, SERIES), least=7.0)
    show, near_show = choose_best(_score_nouns(candidates, SHOW), least=7.0)
    if show is not None and event is not None and show.candidate.text == event.candidate.text:
        show = None
    if event is None:
        return _guess_without_event(series, show)
    if series is not None:
        return _guess_of_series(series.candidate, event.candidate)
    made = Guess(
        event.candidate.text,
        rate_sureness(event, near_event),
        _explain_choice(event) + name_others(near_event),
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
    return event, Guess(found.candidate.safe_text, "unsure", _explain_choice(found))


def _guess_of_series(series: Candidate, event: Candidate) -> tuple[Guess, Guess]:
    """Return event and show: where events are in a series, the series is menta tech's event."""
    text, why = series.text, "a series is one event to menta tech"
    if series.is_partial:
        text = f"default({series.safe_text}, {event.text})"
        why += "; without one, the event is"
    show = Guess(event.safe_text, "likely", "the one performance in the series")
    return Guess(text, "likely", why), show


def _guess_event_by_value(
    candidates: Sequence[Candidate], options: Candidate | None, show: Guess
) -> tuple[Guess, Guess]:
    """Return event and show: an id without a known word that is the same wherever the category is."""
    event = make_todo("where is the event's id?")
    coarser = [c for c in candidates if _is_unknown_id(c) and not _are_distinct(c)]
    if options is not None:
        coarser = [c for c in coarser if _depends_on(c, options)]
    if len({c.values for c in coarser}) != 1 or len(coarser[0].values) < _SHORT:
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
        return Guess(text, sure, f"{_explain_choice(show)}; where there is none, the event's id")
    return Guess(found.text, rate_sureness(show, near), _explain_choice(show) + name_others(near))


# --- access category and type of price ------------------------------------------------------------


_PLACE_WORDS = word_set(PLACES)
_SURE = 6.0

_NAMES = frozenset({"name", "title", "label", "nombre", "nome", "nom", "naam", "bezeichnung"})

_EVENTS = frozenset({"event", "evento", "show", "concert", "festival", "session", "veranstaltung"})


def _guess_option(candidates: Sequence[Candidate], record: str) -> tuple[Guess, str]:
    """Return the guess of the access category, and its expression. The record's own id is excluded."""
    near_record = [c for c in candidates if c.depth == 0]
    first, near = choose_best(_score_options(near_record))
    if first is None:
        first, near = choose_best(_score_options(candidates), least=6.0)
    if first is None:
        return make_todo(f"which value of {record} is the id of its category or zone?"), ""
    found = first.candidate
    sure, why = rate_sureness(first, near), _explain_choice(first) + name_others(near)
    if found.depth or found.joined or _is_of_event(found):
        # An option of the whole event is the same for each of its tickets.
        sure, why = "unsure", f"{why}; is it of the ticket, and not of what is around it?"
    return Guess(found.safe_text, sure, why), found.text


def _score_options(candidates: Sequence[Candidate]) -> Iterator[Scored]:
    """Yield how well each fits; a value that is different in each record is rather the ticket's own.

    A place comes before a type of ticket.
    """
    scored = list(_score_nouns(candidates, OPTION))
    places = any(_is_place(one.candidate) and one.score >= _SURE for one in scored)
    for one in scored:
        if places and one.candidate.words[-2:] and _is_type(one.candidate):
            continue
        own = len(one.candidate.values) >= _SHORT and _are_distinct(one.candidate)
        yield Scored(one.score - (3.0 if own else 0.0), one.candidate)


def _is_bare_section(candidates: Sequence[Candidate], text: str) -> bool:
    """Whether it is the name of a section, which says where a seat is rather than what it costs."""
    return any(c.text == text and c.words == ("section",) for c in candidates)


def _is_place(candidate: Candidate) -> bool:
    """Whether it is the id of a place, such as a zone."""
    words = candidate.words
    named = words[:-1] or candidate.above
    return words[-1] in ID_WORDS and not _PLACE_WORDS.isdisjoint(named[-1:])


def _is_type(candidate: Candidate) -> bool:
    """Whether it is of a type of ticket, such as adult or child."""
    words = candidate.words
    named = words[:-1] if words[-1] in ID_WORDS else words
    return (named or candidate.above)[-1:] in {("type",), ("class",)}


def _guess_option_name(candidates: Sequence[Candidate]) -> Guess | None:
    """Return a name in place of an id, such as `ticket_name`; None if none names a category."""
    names = [
        c
        for c in candidates
        if c.words and c.words[-1] in _NAMES and not c.depth and not c.joined and _are_classes(c)
    ]
    first, _ = choose_best(_score_names(names), least=5.0)
    if first is None:
        return None
    why = f"{_explain_choice(first)}; no id of a category is here: is the name always the same?"
    return Guess(first.candidate.safe_text, "unsure", why)


def _score_names(candidates: Sequence[Candidate]) -> Iterator[Scored]:
    for c in candidates:
        words = c.words[:-1] or tuple(make_singular("_".join(c.above)).split("_"))
        yield Scored(_weigh_noun(words, OPTION), c)


def _are_classes(candidate: Candidate) -> bool:
    """Whether the values are texts that some of the records share, and not all."""
    texts = bool(candidate.given) and all(isinstance(v, str) and v for v in candidate.given)
    return texts and 1 < len(set(candidate.given)) < len(candidate.values)


def _is_of_event(candidate: Candidate) -> bool:
    around = {*candidate.above, *candidate.words} if candidate.nested > 1 else set(candidate.words)
    return not _EVENTS.isdisjoint(around)


def _guess_price_type(candidates: Sequence[Candidate]) -> Guess | None:
    own = [c for c in candidates if c.depth == 0 and not c.joined]
    first, near = choose_best(_score_nouns(own, PRICE_TYPE), least=6.5)
    if first is None:
        return None
    text = first.candidate.safe_text
    if 0 in first.candidate.given:
        text = f"null_if({text}, `0`)"
    return Guess(text, rate_sureness(first, near), _explain_choice(first) + name_others(near))


# --- how well the words of a key fit a noun -------------------------------------------------------


def _score_nouns(candidates: Sequence[Candidate], nouns: Nouns) -> Iterator[Scored]:
    for candidate in candidates:
        score = _measure_fit(candidate, nouns)
        if score > 0:
            partial = 0.5 if candidate.is_partial else 0.0
            joined = 1.5 if candidate.joined else 0.0
            outer = 0.2 * candidate.depth + 0.2 * max(0, candidate.nested - 1)
            link = 1.0 if _is_link(candidate) else 0.0
            yield Scored(score - partial - joined - outer - link, candidate)


def _measure_fit(candidate: Candidate, nouns: Nouns) -> float:
    """Return how well the words of a key fit *nouns*: `event_id`, `event.id`, or `event` alone."""
    words = candidate.words
    if len(words) > 1 and words[0] in _OF:
        words = words[1:]
    if not words:
        return 0.0
    cost = ID_WORDS.get(words[-1])
    if cost is not None and len(words) > 1:
        singular = tuple(make_singular("_".join(words[:-1])).split("_"))
        return max(_weigh_noun(words[:-1], nouns), _weigh_noun(singular, nouns)) - cost
    if cost is not None:
        above = _weigh_noun(tuple(make_singular("_".join(candidate.above)).split("_")), nouns)
        return above - 0.5 - cost if above else 0.0
    # `tier_id` before `price_category`: several words without one for an id describe rather.
    return _weigh_noun(words, nouns, whole=True) - (1.6 if len(words) > 1 else 1.0)


def _weigh_noun(
    words: tuple[str, ...], nouns: Nouns, *, whole: bool = False, least: float = 0.0
) -> float:
    """Return the weight of the noun that *words* end with, a little less if they say more."""
    found = [
        weight - (0.0 if len(noun) == len(words) else 1.0)
        for noun, weight in nouns.items()
        if words[-len(noun) :] == noun and (not whole or len(words) == len(noun))
    ]
    best = max(found, default=0.0)
    return best if best >= least else 0.0


def _explain_choice(scored: Scored) -> str:
    """Return why a candidate was taken."""
    candidate = scored.candidate
    where = f", found {candidate.joined}" if candidate.joined else ""
    return f"by the name `{candidate.label}`{where}"


def _are_distinct(candidate: Candidate) -> bool:
    return len({table_key(value) for value in candidate.values}) == len(candidate.values)
