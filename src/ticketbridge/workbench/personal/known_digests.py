"""Digests of known personal data: whoever has the e-mail address can find its digest."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from ticketbridge.workbench.personal.personal_kinds import PersonalKind

LOOKS = re.compile(r"(?<![A-Za-z0-9+/_=-])[A-Za-z0-9+/_-]{22,128}={0,2}(?![A-Za-z0-9+/_=-])")
"""A text that may be a digest in hex or in base64."""

_ALGORITHMS = ("md5", "sha1", "sha256", "sha512")
_LENGTHS = frozenset({22, 24, 27, 28, 43, 44, 86, 88, 32, 40, 64, 128})

Form = Callable[[str], str]
"""The ways to write a text before its digest is made."""


def _keep_digits(text: str) -> str:
    return "".join(filter(str.isdecimal, text))


_CASES: tuple[Form, ...] = (str, str.strip, str.lower, str.upper, lambda text: text.strip().lower())
_FORMS: Mapping[PersonalKind, tuple[Form, ...]] = {
    PersonalKind.EMAIL: (*_CASES, lambda text: f"mailto:{text.lower()}"),
    PersonalKind.NAME: _CASES,
    PersonalKind.PHONE: (str, str.strip, _keep_digits, lambda text: f"+{_keep_digits(text)}"),
    PersonalKind.DOCUMENT: _CASES,
}

Encode = Callable[[bytes], str]


def _encode_base64(digest: bytes) -> str:
    return base64.b64encode(digest).decode()


def _encode_base64_for_urls(digest: bytes) -> str:
    return base64.urlsafe_b64encode(digest).decode()


@dataclass(frozen=True, slots=True)
class Digest:
    """The digest of *text*, of which *kind* the text is, and how the digest was made."""

    text: str
    kind: PersonalKind
    form: Form
    algorithm: str
    encode: Encode
    padded: bool

    def of(self, other: str) -> str:
        """Return the digest of *other*, made in the same way."""
        made = hashlib.new(self.algorithm, self.form(other).encode(), usedforsecurity=False)
        encoded = self.encode(made.digest())
        return encoded if self.padded else encoded.rstrip("=")


def may_be_digest(text: str) -> bool:
    """Return whether *text* is as long as a digest."""
    return len(text) in _LENGTHS


def make_digests(texts: Iterable[tuple[str, PersonalKind]]) -> dict[str, Digest]:
    """Return the digests of *texts*, by the way they are written; hex in lower case."""
    return {
        digest.of(text): digest
        for text, kind in texts
        for form in _FORMS.get(kind, ())
        for digest in _make_of(text, kind, form)
    }


def _make_of(text: str, kind: PersonalKind, form: Form) -> Iterator[Digest]:
    for algorithm in _ALGORITHMS:
        yield Digest(text, kind, form, algorithm, bytes.hex, padded=True)
        # Most digests are the same in both: such a one is taken for the usual one, the last here.
        for encode in (_encode_base64_for_urls, _encode_base64):
            for padded in (True, False):
                yield Digest(text, kind, form, algorithm, encode, padded)
