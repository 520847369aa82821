"""Guesses of status tables: what makes a ticket valid, and which records are tickets at all.

A word is never taken for VALID without saying so: the mapping's table lists what is known, and what is
not listed fails the answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ticketbridge.contract.marks import VALID
from ticketbridge.engine.tickets.fields import table_key
from ticketbridge.terminal import counted
from ticketbridge.workbench.draft.candidates import Candidate, Condition, Guess
from ticketbridge.workbench.draft.platform_words import find_meaning, split_status
from ticketbridge.workbench.draft.sample_values import write_is_one_of
from ticketbridge.workbench.personal.personal_kinds import word_set

_STATUS = word_set(
    "status state estado situation situacion zustand statut etat stato estatus staat situacao estat"
)
_FORMS = word_set("code name text value id key label description")
"""What a platform writes behind `status`: `status_code`."""

_TICKET = word_set(
    "ticket order payment purchase booking registration attendee item reservation line position sale entry"
    " record entrada pedido pago compra reserva boleto billet commande paiement zahlung bestellung buchung"
    " karte attributes properties fields data financial current overall general transaction"
)
_UNDONE = word_set(
    "refund cancellation cancelation transfer chargeback dispute resale reembolso anulacion devolucion"
    " transferencia storno stornierung erstattung remboursement annulation refunded void"
)
"""Of these a status that is null says that there is none: `refund_status`."""

_PLACES = word_set(
    "billing shipping address venue location place adresse direccion city country region"
)
_PAYMENT = word_set("payment paid pago zahlung paiement financial")
_GONE = {"REFUNDED", "TRANSFERRED", "RESOLD"}
_FOREIGN = word_set(
    "event show session customer user account member person client product form category venue evento kunde"
    " cliente veranstaltung"
)
_MOST_WORDS = 12
_LONGEST = 40
NO_WORD = "none"


@dataclass(frozen=True, slots=True)
class TableGuess:
    """A table of status words: *known* are those with a meaning, *unknown* those without.

    *valid* says what to make sure of, behind a word that is VALID.
    """

    guess: Guess
    known: Mapping[str, str]
    unknown: Sequence[str]
    valid: str = "ask the platform whether such a ticket always lets its owner in"

    @property
    def is_open(self) -> bool:
        """Whether no word is known to mean VALID."""
        return VALID not in self.known.values()


def guess_tables(
    candidates: Sequence[Candidate], price: Candidate | None = None
) -> list[TableGuess]:
    """Return a table for each status, from the outermost inwards."""
    found = [c for c in candidates if is_status(c) and c.is_on_way]
    found.sort(key=lambda candidate: (-candidate.depth, candidate.nested, len(candidate.words)))
    return [_guess_table(candidate, price) for candidate in _drop_repeated(found)]


def _drop_repeated(found: Iterable[Candidate]) -> list[Candidate]:
    """Return the better known of two keys that say the same, such as `status` and `status_code`."""
    kept: dict[tuple[object, tuple[str, ...]], Candidate] = {}
    for candidate in found:
        words = _find_status_words(candidate)
        above = words == candidate.above and words != candidate.words
        around = candidate.place[: -2 if above else -1] or candidate.text
        one = kept.setdefault((around, words), candidate)
        if _count_known(candidate) > _count_known(one):
            kept[around, words] = candidate
    return list(kept.values())


def _count_known(candidate: Candidate) -> int:
    """Return how many of its words have a meaning."""
    return sum(find_meaning(str(table_key(value))) is not None for value in candidate.given)


def _find_status_words(candidate: Candidate) -> tuple[str, ...]:
    """Return the words up to `status`; none if the key is not one of a status."""
    words = candidate.words
    if len(words) > 1 and words[-1] in _FORMS and words[-2] in _STATUS:
        words = words[:-1]
    elif words and words[-1] in _FORMS and len(words) == 1 and candidate.above[-1:]:
        words = candidate.above  # `status.name`
    return words if words and words[-1] in _STATUS else ()


def is_status(candidate: Candidate) -> bool:
    """Whether the values are words of a status."""
    given = candidate.given
    if not _find_status_words(candidate) or not given or not _PLACES.isdisjoint(candidate.above):
        return False
    words = {table_key(value) for value in given}
    if None in words or "" in words or len(words) > _MOST_WORDS:
        return False
    return all(len(str(word)) <= _LONGEST and "@" not in str(word) for word in words)


def _find_subject(candidate: Candidate) -> set[str]:
    """Return what the status is about: a refund for `refund_status` and `refund.status`."""
    own = _find_status_words(candidate)[:-1]
    if own or _find_status_words(candidate) == candidate.above:
        return set(own)
    return set(candidate.above) if candidate.nested > 1 else set(candidate.above) & _FOREIGN


def _guess_table(candidate: Candidate, price: Candidate | None) -> TableGuess:
    words = dict.fromkeys(str(table_key(value)) for value in candidate.given)
    subject = _find_subject(candidate)
    of_ticket = subject <= _TICKET
    free = _find_words_of_free(candidate, price) if subject & _PAYMENT else set()
    known = {word: found for word in words if (found := find_meaning(word)) and word not in free}
    if not of_ticket:
        # A refund that is complete, and an event that is active, make no ticket valid.
        gone = _GONE if subject & _UNDONE else set()
        known = {word: found for word, found in known.items() if found in gone}
    text = candidate.safe_text
    unknown = [word for word in words if word not in known]
    if candidate.is_partial:
        text = f"default({text}, '{NO_WORD}')"
        if subject & _UNDONE:
            known[NO_WORD] = VALID
        else:
            unknown.append(NO_WORD)
    why = f"{counted(len(words), 'word')} in {counted(len(candidate.values), 'record')}"
    if not of_ticket:
        why += f"; it is of the {' '.join(sorted(subject))}, and of the ticket it may say something else"
    return TableGuess(
        Guess(text, "likely" if len(candidate.words) == 1 else "unsure", why), known, unknown
    )


def _find_words_of_free(candidate: Candidate, price: Candidate | None) -> set[str]:
    """Return the words that only free tickets have: their meaning for others is not known."""
    if price is None:
        return set()
    pairs = list(zip(candidate.values, price.values, strict=True))
    priced = {str(table_key(word)) for word, costs in pairs if str(costs).strip("0.,")}
    return {str(table_key(word)) for word, _ in pairs} - priced


# --- what is a ticket at all ----------------------------------------------------------------------


NOT_A_TICKET = "NOT_A_TICKET"

_KEYS = word_set("type kind tipo typ art genre nature object class clase klasse")
_ALWAYS = word_set("kind nature")
_TAGS = ({"object"}, {"kind"})
_GROUPS = word_set("category group family name title categoria kategorie gruppe department")
_TICKETS = word_set(
    "ticket tickets eticket admission admissions registration registrations attendee attendees seat"
    " seats pass entrada entradas boleto boletos billet billets place places inscription inscriptions"
    " karte karten eintrittskarte eintrittskarten eintritt biglietto biglietti ingresso ingressos bilhete"
    " bilhetes kaartje kaartjes toegangskaart"
)
_BESIDE = word_set("event events issued e item line order standard single sold")
_OTHERS = word_set(
    "donation donations don dons donativo donacion spende spenden merchandise merch shop membership"
    " memberships subscription adhesion cotisation abonnement mitgliedschaft fee fees shipping versand"
    " envio livraison handling insurance versicherung seguro assurance tax taxes steuer impuesto"
    " discount coupon coupons voucher vouchers giftcard gift gutschein bono addon addons extra extras"
    " upgrade upgrades parking parkplatz aparcamiento food drink drinks catering refund refunds"
    " deposit service services tip creditnote credit invoice payment payments locker rental hotel"
    " gebuehr gastos cuota checkout shipment delivery doacao taxa frete estacionamento donazione parcheggio"
    " spedizione donatie parkeren verzending donacio aparcament"
)
_PRODUCTS = word_set(
    "product item article variant ticket line entry producto artikel produit attributes"
)
_MOST = 12


def says_ticket(word: str) -> bool | None:
    """Whether a word names a ticket; None if it is not known as a whole: `Registration`, `T`."""
    words = split_status(word)
    if not _OTHERS.isdisjoint((*words, "".join(words))):
        return False
    known = [w for w in words if w in _TICKETS]
    return True if known and all(w in _TICKETS or w in _BESIDE for w in words) else None


def guess_kinds(
    candidates: Sequence[Candidate], scopes: Sequence[Mapping[str, Any]], record: str
) -> list[TableGuess]:
    """Return a closed table on what kinds of records there are, unless all are said to be tickets."""
    found = [c for c in candidates if _may_tell(c) and _tells(c, scopes, record)]
    return [_guess_kind_table(candidate) for candidate in found[:1]]


def guess_others(candidates: Sequence[Candidate]) -> Iterator[Condition]:
    """Yield a condition on a category, or a name, that is not of a ticket: `category: Parking`."""
    for candidate in candidates:
        if not _is_own(candidate) or candidate.words[-1] not in _GROUPS:
            continue
        texts = dict.fromkeys(v for v in candidate.given if isinstance(v, str))
        others = [text for text in texts if says_ticket(text) is False]
        if others:
            text = write_is_one_of(candidate.safe_text, others)
            yield Condition("not_a_ticket", Guess(text, "unsure", "by the word, it is no ticket"))


def _is_own(candidate: Candidate) -> bool:
    near = candidate.nested <= 1 or not _PRODUCTS.isdisjoint(candidate.above)
    return candidate.is_on_way and bool(candidate.words) and candidate.depth == 0 and near


def _may_tell(candidate: Candidate) -> bool:
    if not _is_own(candidate) or candidate.words[-1] not in _KEYS:
        return False
    words = set(candidate.given)
    return 0 < len(words) <= _MOST and all(isinstance(word, str | int) for word in words)


def _tells(candidate: Candidate, scopes: Sequence[Mapping[str, Any]], record: str) -> bool:
    """Whether its words are kinds of records, not kinds of tickets: `Donation`, not `Adult`."""
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
    return bare and _have_own_keys(candidate, [scope[record] for scope in scopes])


def _is_tag(candidate: Candidate) -> bool:
    """Whether it is the class of all elements: `"object": "ticket"`, `"@type": "Ticket"`."""
    key = candidate.text.rpartition(".")[2].strip('"')
    return set(candidate.words) in _TAGS or key[:1] in {"_", "@"}


def _have_own_keys(candidate: Candidate, records: Sequence[Any]) -> bool:
    """Whether records of one word have the same keys, and records of different words others."""
    shapes: dict[str, set[frozenset[str]]] = {}
    for word, record in zip(candidate.values, records, strict=True):
        if isinstance(record, dict):
            shapes.setdefault(str(word), set()).add(frozenset(record))
    every = [shape for found in shapes.values() for shape in found]
    return len(shapes) > 1 and len(set(every)) == len(every) == len(shapes)


def _guess_kind_table(candidate: Candidate) -> TableGuess:
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
    return TableGuess(Guess(text, "unsure", why), known, unknown, "by the word, it is a ticket")
