"""Credentials that can be told by their looks, anywhere in a file: in comments and recorded answers too."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ticketbridge.authoring.lint.doubts import doubt
from ticketbridge.mapping.findings import Finding, Place
from ticketbridge.mapping.places import LINE_BREAK

_LOOKS = re.compile(
    r"\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{8,}"  # a JSON Web Token
    r"|\b(?:sk|rk|pk)_(?:live|test)_\w{16,}"
    r"|\bgh[pousr]_\w{30,}|\bgithub_pat_\w{30,}|\bglpat-[\w-]{20,}"
    r"|\bxox[abprs]-[\w-]{20,}"
    r"|\bAKIA[0-9A-Z]{16}\b"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----"
    r"|\b(?:Bearer|Basic) (?![a-z]+\b)[\w+/=.-]{20,}"
)


def looks_of_secrets(text: str, file: str) -> Iterator[Finding]:
    """A warning at each text of the file that looks like a credential."""
    for number, line in enumerate(LINE_BREAK.split(text), 1):
        for found in _LOOKS.finditer(line):
            place = Place(file, number, found.start() + 1)
            message = "this looks like a credential in clear"
            hint = "use a variable: `${NAME}`; and renew it, if it was ever shared"
            yield doubt(place, "TB053", message, hint)
