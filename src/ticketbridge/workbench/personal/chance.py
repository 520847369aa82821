"""Find text that looks random, as credentials are: a scan code, a key, a UUID.

A text is read as a row of words, numbers and marks. Two costs in bits are compared: to write it as names are
written, and to draw its characters at random. If the second is smaller, the text is random. The letter
statistics of names come from the words that names of fields are made of.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import pairwise

from ticketbridge.workbench.personal.field_names import USUAL_WORDS

KNOWN_TOKEN = re.compile(
    r"\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{8,}"  # a JSON Web Token
    r"|\b(?:sk|rk|pk)_(?:live|test)_\w{16,}"
    r"|\bgh[pousr]_\w{30,}|\bgithub_pat_\w{30,}|\bglpat-[\w-]{20,}"
    r"|\bxox[abprs]-[\w-]{20,}"
    r"|\bAKIA[0-9A-Z]{16}\b"
)
"""Credentials with a known form."""

_JWT = re.compile(r"eyJ[\w-]{6,}\.[\w-]{4,}(\.[\w-]*)?")  # whatever is in it
_UUID = re.compile(
    r"\{?[0-9a-f]{8}(-?)[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{12}\}?", re.IGNORECASE
)
_TIME = re.compile(
    r"[0-9]{4}-?[0-9]{2}-?[0-9]{2}(?:T[0-9-]*Z?)?|P(?:[0-9]+[A-Z]|T)+", re.IGNORECASE
)
_PIECE = re.compile(r"[A-Za-z0-9]+")
_ATOM = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+")
_NUMBERED = re.compile(r"[A-Za-z]{1,3}[0-9]+|[0-9]+[A-Za-z]{1,2}")  # a seat, a row, a version
_HEX = re.compile(r"(?=.*[0-9])(?:[0-9a-f]+|[0-9A-F]+)")

_SHORTEST = 8
_SHORTEST_SECRET = 16
_LONG_WORD = 16
"""From this number of letters on, a random text can be told from a word."""
_LONG_NUMBER = 20
_TURN = 4.5
"""The cost in bits when a name continues with another kind of character."""
_DIGIT = math.log2(10)
_LEAST = 3.0
"""The number of bits by which the random cost must be smaller."""


def is_random(text: str) -> bool:
    """Return whether *text* looks random, in base64, hex or any other alphabet of letters and digits.

    Words, dates, and numbers of fewer than 20 digits are not random.
    """
    if len(text) < _SHORTEST or _TIME.fullmatch(text):
        return False
    if is_uuid(text):
        return True
    pieces = _PIECE.findall(text)
    if any(len(piece) >= _LONG_NUMBER and piece.isdecimal() for piece in pieces):
        return True
    drawn = _measure_drawn_bits("".join(pieces))
    return sum(_measure_saved_bits(piece, drawn) for piece in pieces) >= _LEAST


def looks_secret(text: str) -> bool:
    """Return whether *text* looks like a credential, or like a random key."""
    if _JWT.fullmatch(text) or KNOWN_TOKEN.fullmatch(text) or is_uuid(text):
        return True
    return len(text) >= _SHORTEST_SECRET and is_random(text)


def is_uuid(text: str) -> bool:
    """Return whether *text* is a UUID, with or without braces and hyphens. Ids may be UUIDs too."""
    return _UUID.fullmatch(text) is not None


def _measure_drawn_bits(text: str) -> float:
    """Return the bits of one random character from the smallest usual alphabet that has all of *text*."""
    if _HEX.fullmatch(text):
        return 4.0
    kinds = ((str.isdigit, 10), (str.islower, 26), (str.isupper, 26))
    return math.log2(sum(size for kind, size in kinds if any(map(kind, text))) or 1)


def _measure_saved_bits(piece: str, drawn: float) -> float:
    """Return how many bits *piece* costs less than random characters that cost *drawn* each."""
    atoms = _ATOM.findall(piece)
    named = _TURN * (len(atoms) - 1) + sum(map(_measure_atom_bits, atoms))
    saved = named - drawn * len(piece)
    is_word = (len(atoms) == 1 and len(piece) < _LONG_WORD) or _NUMBERED.fullmatch(piece)
    return min(saved, 0.0) if is_word else saved


def _measure_atom_bits(atom: str) -> float:
    if atom.isdecimal():
        return _DIGIT * len(atom)
    bits = _read_letter_bits()
    return sum(bits[one, other] for one, other in pairwise(f"^{atom.lower()}"))


@cache
def _read_letter_bits() -> Mapping[tuple[str, str], float]:
    """Return the bits of a letter after another one, or after `^` at the start of a word."""
    letters = "abcdefghijklmnopqrstuvwxyz"
    words = [word for word in USUAL_WORDS if word.isascii() and word.isalpha()]
    seen = Counter(pair for word in words for pair in pairwise(f"^{word}"))
    return {pair: bits for one in f"^{letters}" for pair, bits in _make_row(one, letters, seen)}


def _make_row(
    one: str, letters: str, seen: Mapping[tuple[str, str], int]
) -> Sequence[tuple[tuple[str, str], float]]:
    """Return the bits of each of *letters* after *one*; an unseen pair counts as half a one."""
    counts = {other: seen[one, other] + 0.5 for other in letters}
    total = sum(counts.values())
    return [((one, other), -math.log2(count / total)) for other, count in counts.items()]
