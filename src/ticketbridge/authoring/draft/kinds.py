"""Guesses of which records are tickets at all, where a list has donations, fees or goods among them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ticketbridge.authoring.draft.candidates import Candidate
from ticketbridge.authoring.draft.conditions import Condition
from ticketbridge.authoring.draft.empties import is_one_of
from ticketbridge.authoring.draft.guesses import Guess
from ticketbridge.authoring.draft.platform_words import VALID, status_words
from ticketbridge.authoring.draft.status_tables import NO_WORD, Table
from ticketbridge.authoring.personal.personal_kinds import word_set
from ticketbridge.terminal import counted

NOT_A_TICKET = "NOT_A_TICKET"

_KEYS = word_set("type kind tipo typ art genre nature object class clase klasse")
_ALWAYS = word_set("kind nature")
_TAGS = ({"object"}, {"kind"})
_GROUPS = word_set("category group family name title categoria kategorie gruppe department")
_TICKETS = word_set(
    "ticket tickets eticket admission admissions registration registrations attendee attendees seat"
    " seats pass entrada entradas boleto boletos billet billets place places inscription inscriptions"
    " karte karten eintrittskarte eintrittskarten eintritt biglietto biglietti"
)
_BESIDE = word_set("event events issued e item line order standard single sold")
_OTHERS = word_set(
    "donation donations don dons donativo donacion spende spenden merchandise merch shop membership"
    " memberships subscription adhesion cotisation abonnement mitgliedschaft fee fees shipping versand"
    " envio livraison handling insurance versicherung seguro assurance tax taxes steuer impuesto"
    " discount coupon coupons voucher vouchers giftcard gift gutschein bono addon addons extra extras"
    " upgrade upgrades parking parkplatz aparcamiento food drink drinks catering refund refunds"
    " deposit service services tip creditnote credit invoice payment payments locker rental hotel"
    " gebuehr gastos cuota checkout"
)
_PRODUCTS = word_set(
    "product item article variant ticket line entry producto artikel produit attributes"
)
_MOST = 12


def says_ticket(word: str) -> bool | None:
    """Whether a word names a ticket; None where it is not known whole: `Registration`, `Donation`, `T`."""
    words = status_words(word)
    if not _OTHERS.isdisjoint((*words, "".join(words))):
        return False
    known = [w for w in words if w in _TICKETS]
    return True if known and all(w in _TICKETS or w in _BESIDE for w in words) else None


def guess_kinds(
    candidates: Sequence[Candidate], scopes: Sequence[Mapping[str, Any]], record: str
) -> list[Table]:
    """A closed table on what the records say that they are, where they are not all said to be tickets."""
    found = [c for c in candidates if _may_tell(c) and _tells(c, scopes, record)]
    return [_table(candidate) for candidate in found[:1]]


def guess_others(candidates: Sequence[Candidate]) -> Iterator[Condition]:
    """A condition by a category, or a name, that is none of a ticket: `category: Parking`."""
    for candidate in candidates:
        if not _is_own(candidate) or candidate.words[-1] not in _GROUPS:
            continue
        texts = dict.fromkeys(v for v in candidate.given if isinstance(v, str))
        others = [text for text in texts if says_ticket(text) is False]
        if others:
            text = is_one_of(candidate.safe_text, others)
            yield Condition("not_a_ticket", Guess(text, "unsure", "by the word, it is no ticket"))


def _is_own(candidate: Candidate) -> bool:
    plain = not candidate.joined and not candidate.aside and bool(candidate.words)
    near = candidate.nested <= 1 or not _PRODUCTS.isdisjoint(candidate.above)
    return plain and candidate.depth == 0 and near


def _may_tell(candidate: Candidate) -> bool:
    if not _is_own(candidate) or candidate.words[-1] not in _KEYS:
        return False
    words = set(candidate.given)
    return 0 < len(words) <= _MOST and all(isinstance(word, str | int) for word in words)


def _tells(candidate: Candidate, scopes: Sequence[Mapping[str, Any]], record: str) -> bool:
    """Whether its words are kinds of records, and not kinds of tickets: `Donation`, not `Adult`."""
    words = set(map(str, candidate.given))
    said = {says_ticket(word) for word in words}
    several = len(words) > 1 or candidate.is_partial
    if not several:
        return said == {False} or (said == {True} and not _is_tag(candidate))
    if said != {None}:
        return True
    bare = len(candidate.words) == 1
    if bare and candidate.words[0] in _ALWAYS:
        return True
    return bare and _differ(candidate, [scope[record] for scope in scopes])


def _is_tag(candidate: Candidate) -> bool:
    """Whether it is the class of all elements of such lists: `"object": "ticket"`, `"@type": "Ticket"`."""
    key = candidate.text.rpartition(".")[2].strip('"')
    return set(candidate.words) in _TAGS or key[:1] in {"_", "@"}


def _differ(candidate: Candidate, records: Sequence[Any]) -> bool:
    """Whether records of different words have different keys, and those of one word the same."""
    shapes: dict[str, set[frozenset[str]]] = {}
    for word, record in zip(candidate.values, records, strict=True):
        if isinstance(record, dict):
            shapes.setdefault(str(word), set()).add(frozenset(record))
    every = [shape for found in shapes.values() for shape in found]
    return len(shapes) > 1 and len(set(every)) == len(every) == len(shapes)


def _table(candidate: Candidate) -> Table:
    words = dict.fromkeys(map(str, candidate.given))
    said = {word: says_ticket(word) for word in words}
    known = {
        w: VALID if is_ticket else NOT_A_TICKET
        for w, is_ticket in said.items()
        if is_ticket is not None
    }
    unknown = [word for word in words if word not in known]
    text = candidate.safe_text
    if candidate.is_partial:
        text = f"default({text}, '{NO_WORD}')"
        unknown.append(NO_WORD)
    why = f"{counted(len(words), 'kind')} of record in the list; one that is not listed fails the answer"
    return Table(Guess(text, "unsure", why), known, unknown, "by the word, it is a ticket")
