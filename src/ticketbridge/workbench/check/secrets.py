"""Find credentials by their form, anywhere in a file: in comments and recorded answers too."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ticketbridge.mapping.findings import Finding, Place
from ticketbridge.mapping.places import LINE_BREAK
from ticketbridge.mapping.sensitive_names import is_sensitive, is_sensitive_parameter
from ticketbridge.workbench.check.trees import make_doubt
from ticketbridge.workbench.personal.chance import KNOWN_TOKEN, is_random, is_uuid
from ticketbridge.workbench.personal.looks import TOKEN, is_stand_in
from ticketbridge.workbench.personal.personal_kinds import CREDENTIAL_WORDS, split_words, word_set

# Tokens that have the form of a known maker.
_LOOKS = re.compile(
    rf"{KNOWN_TOKEN.pattern}"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----"
    r"|\b(?:Bearer|Basic) (?![a-z]+\b)[\w+/=.-]{20,}"
)
_NAMED = re.compile(
    r"""(?P<before>[?&])?(?P<name>(?<![\w.])[A-Za-z][\w.-]*)["']?(?P<mark>\s*:\s*|=)["']?"""
    r"""(?P<value>[^\s"'`,;&?#{}\[\]()<>|$]{4,})"""
)
_URL = re.compile(r"""https?://[^\s"'`<>{}]+""")
_NAMES = CREDENTIAL_WORDS | word_set(
    "key pass otp auth session sid sessionid code hash license nonce barcode qr scan capability ticketcode"
    " sas"
)
"""Words of names under which a random value is a credential."""
_SHORTEST = 12
_LONG = 16


def find_secret_looks(text: str, file: str) -> Iterator[Finding]:
    """Yield a warning at each text of the file that looks like a credential."""
    for number, written in enumerate(LINE_BREAK.split(text), 1):
        line = written.replace(r"\/", "//")  # a slash, as PHP writes it in JSON
        known = {found.start() for found in _LOOKS.finditer(line)}
        named = () if known else _find_named(line)
        for column in sorted({*known, *named, *_find_links(line)}):
            message = "this looks like a credential in clear"
            hint = "use a variable: `${NAME}`; and renew it, if it was ever shared"
            yield make_doubt(Place(file, number, column + 1), "TB053", message, hint)


def _find_named(line: str) -> Iterator[int]:
    """Yield the places of values that are credentials by their name and form."""
    for found in _NAMED.finditer(line):
        in_url = found["before"] is not None and found["mark"] == "="
        if _opens(found["value"], found["name"], in_url=in_url):
            yield found.start("value")


def _opens(value: str, name: str, *, in_url: bool) -> bool:
    if is_stand_in(value):
        return False
    named = is_sensitive(name) or not _NAMES.isdisjoint(split_words(name))
    if in_url and is_sensitive_parameter(name):
        return any(map(str.isdecimal, value)) or is_random(value)
    return named and len(value) >= _SHORTEST and is_random(value)


def _find_links(line: str) -> Iterator[int]:
    """Yield the places of links with a random part: whoever has the link can open it."""
    comment = line.find(" #") if not line.lstrip().startswith("#") else 0
    for url in _URL.finditer(line):
        if 0 <= comment < url.start():
            return
        for token in TOKEN.finditer(url[0]):
            code = token[0]
            if (
                len(code) >= _LONG
                and not is_uuid(code)
                and not is_stand_in(code)
                and is_random(code)
            ):
                yield url.start() + token.start()
