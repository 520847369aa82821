"""Guesses of price and currency: by name, by look, and by what stands beside them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from ticketbridge.jmes import EvaluationError, compile_expression
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
from ticketbridge.workbench.draft.vocabulary import CURRENCIES, FEES, PRICES
from ticketbridge.workbench.personal.personal_kinds import word_set

_CODE = re.compile(r"[A-Za-z]{3}")
_EXPONENT = compile_expression("minor_units(`0`, code)", roots=("code",))

_BETTER = {**dict.fromkeys(word_set("base face unit ticket net major item"), 0.4), "original": 0.1}
_NOT = word_set(
    "tax taxes vat fee fees discount refund refunded subtotal quantity qty rate percent percentage id type"
    " count number level before less without iva impuesto descuento commission shipping balance sum category"
    " list display text formatted description currency"
)
_BELOW_PRICE = ("base", "face", "unit", "net", "final")
"""Members of an object that is a price: without and with what comes on top."""
_FEES = {(word,) for word in FEES.split()}
_MINOR = word_set("cents cent minor centimos centavos pence penny subunit subunits")


def is_currency(value: Any) -> bool:
    """Whether *value* is a code of ISO 4217, in any case."""
    if not isinstance(value, str) or not _CODE.fullmatch(value):
        return False
    try:
        _EXPONENT({"code": value})
    except EvaluationError:
        return False
    return True


# --- currency -------------------------------------------------------------------------------------


def guess_currency(candidates: Sequence[Candidate], price: Candidate | None) -> tuple[Guess, str]:
    """Return the guess, and its plain expression for `minor_units` ("" if there is none)."""
    first, near = choose_best(_score_currencies(candidates, price))
    if first is None:
        why = 'no value is a code of ISO 4217; where all prices are in one currency: {const: "EUR"}'
        return make_todo(why), ""
    found = first.candidate
    codes = sorted({str(value) for value in found.given})
    why = f"{_join_codes(codes)} in all records" if not found.is_partial else _join_codes(codes)
    text = found.text if all(code.isupper() for code in codes) else f"upper({found.text})"
    return Guess(text, rate_sureness(first, near), why + name_others(near)), found.text


def _score_currencies(candidates: Sequence[Candidate], price: Candidate | None) -> Iterator[Scored]:
    for candidate in candidates:
        if not candidate.given or not all(map(is_currency, candidate.given)):
            continue
        named = candidate.mean(*CURRENCIES.split())
        beside = price is not None and price.around == candidate.around
        score = (9.0 if named else 5.0) + (1.5 if beside else 0.0) - 0.3 * candidate.depth
        score -= 0.3 * max(0, candidate.nested - 1) + (2.0 if candidate.is_partial else 0.0)
        yield Scored(score - (0.8 if candidate.joined else 0.0), candidate)


def _join_codes(codes: Sequence[str]) -> str:
    return ", ".join(codes[:4]) + (", ..." if len(codes) > 4 else "")


# --- price ----------------------------------------------------------------------------------------


def find_price(candidates: Sequence[Candidate]) -> tuple[Scored | None, list[Scored]]:
    """Return the candidate for the price, or None, and those that come near."""
    return choose_best(_score_prices(candidates))


def guess_price(first: Scored | None, near: list[Scored], currency: str) -> Guess:
    """Return the guess; *currency* is the expression of the price's currency, or ""."""
    if first is None:
        return make_todo("where is the price of this one ticket?")
    found = first.candidate
    if not _says_minor(found) and (found.mean("major") or not _looks_minor(found)):
        return Guess(
            found.text, rate_sureness(first, near), _explain_major(found) + name_others(near)
        )
    why = _explain_minor(found) + name_others(near)
    sure: Sureness = "likely" if _says_minor(found) else "unsure"
    if currency:
        return Guess(f"minor_units({found.text}, {currency})", sure, why)
    return Guess(f"divide({found.text}, `100`)", "unsure", f"{why}; the currency is not known yet")


def is_money(candidate: Candidate) -> bool:
    """Whether the name is one of money."""
    return not PRICES.keys().isdisjoint(candidate.words)


def find_cost_condition(
    flag: Candidate, candidates: Sequence[Candidate], price: Candidate | None
) -> str | None:
    """Return the condition that the subject of *flag* costs something; None if no value says so.

    For an order that is its own total, not the price of one of its tickets.
    """
    about = flag.words[:-1] if len(flag.words) > 1 and flag.words[0] != "is" else ()
    beside = [c for c in candidates if _costs(c) and c.around == flag.around]
    named = [c for c in beside if about and c.words[: len(about)] == about]
    own = [price] if price is not None and _costs(price) and not about and not flag.depth else []
    found = next(iter([*named, *own, *(beside if flag.depth else [])]), None)
    if found is None:
        return None
    texts = any(isinstance(value, str) for value in found.given)
    return f"to_number({found.text}) != `0`" if texts else f"{found.text} != `0`"


def _costs(candidate: Candidate) -> bool:
    """Whether *candidate* gives the price of each record."""
    if not _NOT.isdisjoint(candidate.words) or candidate.is_partial or candidate.joined:
        return False
    return is_money(candidate) and not candidate.mean("paid") and _are_amounts(candidate)


def _score_prices(candidates: Sequence[Candidate]) -> Iterator[Scored]:
    for candidate in candidates:
        named = _score_price_name(candidate)
        if named and candidate.given and _are_amounts(candidate) and not _is_flag(candidate):
            outer = 2.5 * candidate.depth if not candidate.joined else 1.0
            partial = 1.0 if candidate.is_partial else 0.0
            deep = 0.2 * max(0, candidate.nested - 1)
            whole = 0.3 if _looks_minor(candidate) and not _says_minor(candidate) else 0.0
            yield Scored(named - outer - partial - deep - whole, candidate)


def _is_flag(candidate: Candidate) -> bool:
    """Whether *candidate* says by 0 and 1 that something was paid, and not how much."""
    return candidate.mean("paid") and {str(value) for value in candidate.given} <= {"0", "1"}


def _score_price_name(candidate: Candidate) -> float:
    words = (*candidate.above, *candidate.words) if candidate.nested > 1 else candidate.words
    if candidate.words[-1:] == ("fee",) and candidate.words[:-1] in _FEES:
        return 8.0
    if not _NOT.isdisjoint(words) or not candidate.words:
        return 0.0
    own = max((PRICES.get(word, 0.0) for word in candidate.words), default=0.0)
    around = max((PRICES.get(word, 0.0) for word in words), default=0.0)
    if not own and not (around and candidate.mean("major", "amount", "decimal", *_BELOW_PRICE)):
        return 0.0
    extra = len(
        [w for w in candidate.words if w not in PRICES and w not in _BETTER and w not in _MINOR]
    )
    return max(own, around - 0.3) + sum(_BETTER.get(w, 0.0) for w in words) - 0.8 * extra


def _are_amounts(candidate: Candidate) -> bool:
    return all(map(_is_amount, candidate.given))


def _is_amount(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return False
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return False
    return number.is_finite() and number >= 0


def _says_minor(candidate: Candidate) -> bool:
    return not _MINOR.isdisjoint(candidate.words)


def _looks_minor(candidate: Candidate) -> bool:
    """Whether all are large whole numbers: 2500 rather than 25."""
    numbers = [value for value in candidate.given if value != 0]
    whole = all(isinstance(value, int) for value in candidate.given)
    return whole and bool(numbers) and min(numbers) >= 100 and max(numbers) >= 1000


def _explain_minor(candidate: Candidate) -> str:
    if _says_minor(candidate):
        return f"by the name `{candidate.label}`, in minor units"
    low, high = min(candidate.given), max(candidate.given)
    return f"whole numbers from {low} to {high}: taken for cents"


def _explain_major(candidate: Candidate) -> str:
    name = candidate.label
    if any(isinstance(value, float) or "." in str(value) for value in candidate.given):
        return f"by the name `{name}`, with decimals: in major units"
    low, high = min(map(str, candidate.given)), max(map(str, candidate.given))
    return f"by the name `{name}`; {low} to {high}: taken for major units, not for cents"
