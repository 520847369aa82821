"""What words in the keys and values of ticketing platforms mean.

In English, Spanish, Portuguese, French, German, Italian, Dutch and Catalan; of schema.org also the values of
OrderStatus and ReservationStatusType. The nouns of what is sold are in `vocabulary`.

Keys and values are folded before they are looked up: `eingelöst` is `eingeloest`, `Anulación` `anulacion`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping
from itertools import chain, count
from types import MappingProxyType

from ticketbridge.contract.marks import VALID
from ticketbridge.workbench.draft.vocabulary import take_apart, weigh_words
from ticketbridge.workbench.personal.personal_kinds import split_words, word_set

ID_WORDS: Mapping[str, float] = weigh_words(
    {
        0.0: "id",
        0.1: "uuid guid",
        0.3: "code slug codigo cod codi codice",
        0.4: "key",
        0.5: "numero nummer number no num nr",
        1.0: "ref reference sku",
    }
)
"""Words for what tells things apart, and what each costs against `id`."""

NAMING = word_set(
    "name title label description text display url uri href link image date time at type"
)
"""A key that ends so describes the thing, and is not its id."""

PEOPLE_LISTS = word_set(
    "customer customers user users account accounts person people client clients passholder passholders"
    " member members buyer buyers contact contacts cliente clientes usuario usuarios comprador compradores"
    " kunde kunden clienti klant klanten acheteur acheteurs utente utenti"
)

GENERIC = word_set(
    "data results result items records rows list content entries value values embedded response body"
    " collection objects page payload member"
)
"""Names of lists that say nothing of what is in them."""

TICKET_LISTS: Mapping[str, float] = weigh_words(
    {
        5.0: "ticket entrada admission pass seat boleto billet ingresso bilhete karte karten eintrittskarte"
        " eintrittskarten biglietto biglietti kaartje kaarten",
        4.0: "attendee position barcode guest asistente participant participante teilnehmer partecipanti"
        " deelnemer deelnemers",
        3.0: "item line product sale booking lineitem",
        2.0: "order purchase reservation transaction registration pedido compra commande bestellung"
        " bestellungen ordine ordini bestelling bestellingen comanda",
        -4.0: "event category tax fee refund coupon meta link answer checkin payment question page error"
        " discount shipping address price variation type image tag log",
    }
)
"""How much the name of a list says that its elements are tickets."""

_WORDS: Mapping[str, str] = {
    VALID: (
        "valid paid active confirmed complete completed issued booked placed attending sold approved"
        " success successful succeeded ok purchased assigned fulfilled settled captured received pagado"
        " pagada valido valida activo activa confirmado confirmada emitido emitida completado completada"
        " vendido vendida bezahlt gueltig aktiv bestaetigt ausgestellt gebucht verkauft abgeschlossen"
        " paymentreceived paymentcompleted paymentcomplete nopaymentrequired paye payee confirme confirmee"
        " emis emise actif active aprobado aprobada aprovado aprovada pago paga ativo ativa pagato pagata"
        " confermato confermata emesso emessa attivo attiva betaald geldig bevestigd actief pagat valid"
        " confirmat emesa reservationconfirmed"
    ),
    "CANCELED": (
        "cancelled canceled cancel annulled deleted removed cancelado cancelada anulado anulada"
        " storniert annulliert abgesagt geloescht annule annulee supprime geannuleerd annullato annullata"
        " cancellato cancellata cancelat cancelada anullat ordercancelled reservationcancelled"
    ),
    "REFUNDED": (
        "refunded refund chargeback reembolsado reembolsada devuelto devuelta erstattet"
        " zurueckerstattet rembourse remboursee terugbetaald rimborsato rimborsata estornado estornada"
        " reemborsat orderreturned"
    ),
    "TRANSFERRED": (
        "transferred transfered transferido transferida reassigned uebertragen transfere transferee forwarded"
        " trasferito trasferita overgedragen transferit"
    ),
    "RESOLD": "resold reselling relisted revendido revendida weiterverkauft revendu",
    "EXPIRED": (
        "expired expirado expirada lapsed caducado caducada abgelaufen verfallen expire expiree scaduto"
        " scaduta verlopen vencido vencida caducat"
    ),
    "PENDING": (
        "pending reserved awaiting unpaid hold held draft new created pendiente reservado reservada"
        " onhold offen ausstehend reserviert unbezahlt impagado impagada attente reserve reservee impaye"
        " pendente aguardando attesa openstaand pendent orderpaymentdue orderprocessing reservationhold"
        " reservationpending"
    ),
    "USED": (
        "used redeemed scanned checkedin attended consumed usado usada utilizado utilizada canjeado"
        " canjeada escaneado escaneada eingeloest entwertet benutzt verwendet gescannt utilise utilisee"
        " scanne scannee gescand gebruikt usato usata utilizzato utilizzata utilitzat utilitzada"
    ),
    "VOID": "void voided invalid invalidated revoked nulo nula invalido invalida ungueltig widerrufen",
    "BLOCKED": "blocked locked suspended disabled bloqueado bloqueada gesperrt blockiert bloque bloquee",
    "FAILED": (
        "failed declined rejected error abandoned fallido fallida rechazado rechazada fehlgeschlagen"
        " abgelehnt echoue refuse"
    ),
}
MEANINGS: Mapping[str, str] = MappingProxyType(
    {word: meant for meant, words in _WORDS.items() for word in words.split()}
)
"""What a platform's status word probably means."""

_FIRST_IDS = word_set("id uuid guid codigo cod code codi codice ref")
_CUSTOM = re.compile(r"__(c|r|pc|x)$", re.IGNORECASE)
"""How Salesforce marks fields and relations that are not its own."""
_LOOKUP = re.compile(r"_(\w+)_value")
"""How OData of Dynamics writes the id behind a relation."""
_FILLERS = word_set("is has been was fully the ist esta est")
"""Words that change no meaning."""

_BY_WHOM = word_set(
    "by user customer buyer organizer organiser admin system seller platform payment order ticket auto"
    " automatically"
)
"""Words beside a bad one that leave it bad: `cancelled_by_organizer`."""

BAD_FLAGS = word_set(
    "cancelled canceled annulled refunded void voided used redeemed scanned test testmode sandbox"
    " blocked transferred resold expired deleted revoked invalid suspended disputed disabled locked"
    " consumed removed checked chargeback donation addon merchandise anulado anulada cancelado cancelada"
    " reembolsado reembolsada devuelto devuelta usado usada utilizado utilizada canjeado canjeada"
    " escaneado escaneada bloqueado bloqueada transferido transferida caducado caducada revendido"
    " storniert annulliert erstattet entwertet eingeloest benutzt verwendet gescannt gesperrt"
    " abgelaufen ungueltig uebertragen geloescht annule annulee rembourse remboursee utilise utilisee"
    " scanne bloque transfere geannuleerd terugbetaald gescand gebruikt annullato rimborsato usato"
    " estornado estornada utilizzato trasferito scaduto verlopen overgedragen utilitzat cancelat"
)
"""A ticket of which one of these is true is not eligible."""

_BAD_STEMS = tuple(
    word_set(
        "cancel refund redeem redempt void transfer resold resale resell chargeback disput revok annul anul"
        " storn reembols devol rembours erstatt rueckerstatt entwert einloes eingeloes uebertrag uebergeb"
        " canje invalidat suspend scan gescan checkin usage utiliz utilis consum deletion delete escane"
        " reventa weiterverk gutschrift"
    )
)
_BAD_WORDS = word_set(
    "used use uses uso usos redemptions deleted removed blocked locked reassigned validated validado validada"
)
_MAY_BE = ("able", "ible", "bar")
"""`refundable`: what may happen has not happened."""

GOOD_PAIRS = frozenset({("live", "mode")})
BAD_PAIRS = frozenset({("checked", "in"), ("test", "mode"), ("add", "on"), ("check", "in")})
GOOD_FLAGS = word_set(
    "valid active admission paid confirmed live issued enabled valido valida activo activa pagado pagada"
    " confirmado confirmada livemode gueltig bezahlt aktiv bestaetigt paye payee actif confirme"
)
PAID_FLAGS = word_set("paid pagado pagada bezahlt paye payee")
"""Such a flag says nothing of a ticket that costs nothing."""

_TWO = 2
_TRACES = word_set(
    "to by with into durch par da door reason cause id ref reference motivo grund razon uuid user por raison"
)
_REPLACED = word_set(
    "replaced replacement superseded exchanged swapped upgraded reissued merged moved reemplazado reemplazada"
    " sustituido sustituida substituido ersetzt umgetauscht remplace echange sostituito vervangen"
)
"""What ends a ticket by another one; `replaces` is said of that one."""
_AMOUNTS = word_set(
    "amount amounts total value sum cents count counts counter times number num quantity qty gross net money"
    " importe betrag montant anzahl veces nombre numero of"
)
_QUANTITIES = word_set(
    "quantity qty cantidad quantidade menge anzahl quantite quantita aantal quantitat"
)
_OWED = word_set(
    "due outstanding owed unpaid balance impagado impagada unbezahlt offen pendiente impaye"
)
MOMENTS = word_set(
    "at on date time datetime timestamp fecha hora datum zeit am le heure moment em data il ora op tijd"
)
_OF_TICKET = word_set(
    "order ticket item attendee entrada boleto pedido booking position line karte billet"
)


_UMLAUTS = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ß": "ss"}
)


def fold(text: str) -> str:
    """Return *text* without accents, and with umlauts written in two letters."""
    decomposed = unicodedata.normalize("NFKD", text.translate(_UMLAUTS))
    return "".join(c for c in decomposed if not unicodedata.combining(c))


def split_key(key: str) -> list[str]:
    """Return the words of a key, in lower case and folded; `id_event` in the order of `event_id`."""
    plain = _CUSTOM.sub("", fold(key))
    lookup = _LOOKUP.fullmatch(plain)
    split = split_words(lookup[1] if lookup else plain)
    words = [part for word in split for part in take_apart(word)]
    # `e_number`: a letter alone says nothing.
    words = [word for word in words if len(word) > 1 or not word.isalpha()] or words
    if len(words) > 1 and words[0] in _FIRST_IDS and words[-1] not in ID_WORDS:
        return [*words[1:], words[0]]
    return words


def strip_flag(words: tuple[str, ...]) -> tuple[str, ...]:
    """Return the words of a flag without fillers (`is`) and without its subject (`ticket`)."""
    bare = tuple(word for word in words if word not in _FILLERS)
    kept = tuple(word for word in bare if word not in _OF_TICKET)
    return kept or bare


def is_bad(words: tuple[str, ...]) -> bool:
    """Whether the words say that it is no longer of use: `voided`, `checked_in`, not `refunded_amount`."""
    bare = strip_flag(words)
    return bare in BAD_PAIRS or (len(bare) == 1 and bare[0] in BAD_FLAGS)


def is_bad_moment(words: tuple[str, ...]) -> bool:
    """Whether the words say when that happened: `checked_in_at`, `date_voided`, `fecha_anulacion`."""
    left = tuple(word for word in words if word not in MOMENTS)
    bare = strip_flag(left)
    return len(left) < len(words) and (is_bad(left) or (len(bare) == 1 and is_bad_noun(bare[0])))


def is_bad_noun(word: str) -> bool:
    """Whether a word names what ends a ticket: `cancellation`, `refunds`, not `refundable`."""
    stem = word.startswith(_BAD_STEMS) and not word.endswith(_MAY_BE)
    return stem or word in _BAD_WORDS or word in BAD_FLAGS


def is_bad_trace(words: tuple[str, ...]) -> bool:
    """Whether the words name what exists once it happened: `transferred_to`, `refund_id`."""
    bare = strip_flag(words)
    if not words or words[-1] not in _TRACES or len(bare) < _TWO:
        return False
    before = "".join(bare[:-1])
    if bare[0] in _REPLACED and _TRACES.issuperset(bare[1:]):
        return True  # `replaced_by_id`
    return bare[:-1] in BAD_PAIRS or is_bad_noun(before) or before in {"block", "addon"}


def is_due(words: tuple[str, ...]) -> bool:
    """Whether the words name what is still to be paid: `amount_due`, `outstanding`, `unpaid`."""
    bare = strip_flag(words)
    owed = not _OWED.isdisjoint(bare)
    return owed and all(word in _OWED or word in _AMOUNTS for word in bare)


def is_bad_amount(words: tuple[str, ...]) -> bool:
    """Whether the words say how much or how often it happened: `refunded_amount`, `scan_count`."""
    bare = strip_flag(words)
    rest = [word for word in bare if word not in _AMOUNTS]
    return len(rest) < len(bare) and bool(rest) and all(map(is_bad_noun, rest))


def is_quantity(words: tuple[str, ...]) -> bool:
    """Whether the words say how many of it there are: `quantity`, `ticket_qty`."""
    return len(bare := strip_flag(words)) == 1 and bare[0] in _QUANTITIES


def make_singular(name: str) -> str:
    """Return a name for one of them: `ticket_sale` for `ticketSales`."""
    words = split_words(name)
    if not words:
        return ""
    last = words[-1]
    if last.endswith("ies") and len(last) > 4:
        last = f"{last[:-3]}y"
    elif last.endswith(("sses", "xes", "ches", "shes")):
        last = last[:-2]
    elif last.endswith("s") and not last.endswith(("ss", "us")):
        last = last[:-1]
    return "_".join([*words[:-1], last])


def find_free_name(name: str, taken: Collection[str]) -> str:
    """Return *name*, or, if that is *taken*, the same with the first number from 2 that is free."""
    numbered = (f"{name}_{number}" for number in count(2))
    return next(one for one in chain([name], numbered) if one not in taken)


def find_meaning(word: str) -> str | None:
    """Return what a status word means; None if that is not known of the whole word.

    `not paid`, `partially refunded` and `credit note issued` are not known: half of a meaning is none.
    """
    words = split_status(word)
    whole = MEANINGS.get("".join(words))
    if whole is not None:
        return whole
    telling = [part for part in words if part not in _FILLERS]
    meant = {MEANINGS.get(part) for part in telling if part in MEANINGS or part not in _BY_WHOM}
    if len(meant) != 1:
        return None
    found = meant.pop()
    # Beside a word for VALID any other may take it back: `payment_confirmed`, `issued_by_admin`.
    return None if found == VALID and not all(part in MEANINGS for part in telling) else found


def split_status(word: str) -> list[str]:
    """Return the words of a status, in lower case and folded: the same for `CheckedIn` and `CHECKED-IN`."""
    plain = fold(word)
    if plain.isupper():
        return [part.lower() for part in re.findall(r"[^\W_]+", plain)]
    return [
        part.lower() for part in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+|[^\W\d_]", plain)
    ]
