"""What words in the keys and values of ticketing platforms mean, in English and Spanish."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from ticketbridge.authoring.personal.kinds import word_set, words_of

ID_WORDS: Mapping[str, float] = MappingProxyType(
    {
        "id": 0.0,
        "uuid": 0.1,
        "guid": 0.1,
        "code": 0.3,
        "slug": 0.3,
        "key": 0.4,
        "codigo": 0.3,
        "number": 0.5,
        "no": 0.5,
        "num": 0.5,
        "nr": 0.5,
        "ref": 1.0,
        "reference": 1.0,
        "sku": 1.0,
    }
)
"""Words for what tells things apart, and what each costs against `id`."""

NAMING = word_set(
    "name title label description text display url uri href link image date time at type"
)
"""A key that ends so describes the thing, and is not its id."""

PEOPLE_LISTS = word_set(
    "customer customers user users account accounts person people client clients passholder passholders"
    " member members buyer buyers contact contacts cliente clientes usuario usuarios"
)

GENERIC = word_set(
    "data results result items records rows list content entries value values embedded response body"
    " collection objects page payload"
)
"""Names of lists that say nothing of what is in them."""

TICKET_LISTS: Mapping[str, float] = MappingProxyType(
    {
        **dict.fromkeys(word_set("ticket entrada admission pass seat boleto billet"), 5.0),
        **dict.fromkeys(word_set("attendee position barcode guest asistente"), 4.0),
        **dict.fromkeys(word_set("item line product sale booking lineitem"), 3.0),
        **dict.fromkeys(
            word_set("order purchase reservation transaction registration pedido compra"), 2.0
        ),
        **dict.fromkeys(
            word_set(
                "event category tax fee refund coupon meta link answer checkin payment question page"
            ),
            -4.0,
        ),
        **dict.fromkeys(
            word_set("error discount shipping address price variation type image tag log"), -4.0
        ),
    }
)
"""How much the name of a list says that its elements are tickets."""

VALID = "VALID"
MEANINGS: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(
            word_set(
                "valid paid active confirmed complete completed issued booked placed attending sold approved"
                " success successful succeeded ok purchased assigned fulfilled settled captured received"
                " pagado pagada valido valida activo activa confirmado confirmada emitido emitida"
            ),
            VALID,
        ),
        **dict.fromkeys(
            word_set(
                "cancelled canceled cancel annulled deleted removed cancelado cancelada anulado anulada"
            ),
            "CANCELED",
        ),
        **dict.fromkeys(
            word_set("refunded refund chargeback reembolsado reembolsada devuelto"), "REFUNDED"
        ),
        **dict.fromkeys(word_set("transferred transfered transferido reassigned"), "TRANSFERRED"),
        **dict.fromkeys(word_set("resold reselling relisted"), "RESOLD"),
        **dict.fromkeys(word_set("expired expirado lapsed caducado"), "EXPIRED"),
        **dict.fromkeys(
            word_set(
                "pending reserved awaiting unpaid hold held draft new created pendiente reservado"
            ),
            "PENDING",
        ),
        **dict.fromkeys(
            word_set("used redeemed scanned checkedin attended consumed usado usada"), "USED"
        ),
        **dict.fromkeys(word_set("void voided invalid invalidated revoked nulo"), "VOID"),
        **dict.fromkeys(word_set("blocked locked suspended bloqueado"), "BLOCKED"),
        **dict.fromkeys(
            word_set("failed declined rejected error abandoned fallido rechazado"), "FAILED"
        ),
    }
)
"""What a platform's status word probably means."""

_NEGATIONS = word_set("not no un non partially partly never")

BAD_FLAGS = word_set(
    "cancelled canceled annulled refunded void voided used redeemed scanned test testmode blocked transferred"
    " resold expired deleted revoked invalid suspended disputed anulado cancelado usado"
)
"""A ticket of which one of these is true is not eligible."""

BAD_PAIRS = frozenset({("checked", "in"), ("test", "mode"), ("add", "on"), ("is", "test")})
GOOD_FLAGS = word_set("valid active admission paid confirmed live issued")


def singular(name: str) -> str:
    """`ticketSales` as `ticket_sale`: a name for one of them."""
    words = words_of(name)
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


def meaning(word: str) -> str | None:
    """What a status word means, or None where that is not known.

    `not paid` and `partially refunded` are not known: half of a meaning is none.
    """
    words = (
        [part.lower() for part in re.findall(r"[^\W\d_]+", word)]
        if word.isupper()
        else words_of(word)
    )
    if not words or not _NEGATIONS.isdisjoint(words):
        return None
    meant = {MEANINGS[part] for part in (*words, "".join(words)) if part in MEANINGS}
    return meant.pop() if len(meant) == 1 else None
