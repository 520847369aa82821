"""Keep of the platform's answers only what the mapping needs, with made-up personal data.

Everything else is replaced by its shape, because no list of personal data is ever complete.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace
from typing import Any
from urllib.parse import quote, unquote_plus

import msgspec

from ticketbridge.formats.json import read_json
from ticketbridge.workbench.personal.field_names import is_field_name
from ticketbridge.workbench.personal.personal_data import PersonalData, find_kind_at
from ticketbridge.workbench.personal.personal_kinds import DataSpot, PersonalKind, split_words
from ticketbridge.workbench.personal.rewriting import (
    EMAIL,
    change_url_parts,
    change_values,
    is_url,
    rewrite_xml,
)
from ticketbridge.workbench.personal.standins import StandIns, ValueShapes
from ticketbridge.workbench.record.reading import Reads, find_inner_path
from ticketbridge.workbench.record.slots import Use

_ANY_NAME = re.compile(r"[^\W\d_]+(?:['\u2019.,\s-]+[^\W\d_]+)*\.?")
_NUMBER = re.compile(r"[0-9]{1,15}")
_PARAMETER = re.compile(r"(?P<name>[^&=#]+)=(?P<value>[^&#]+)")
_TRUTHS = frozenset({"true", "false", "1", "0"})
"""XML's texts for true and false; XML text has no other way to write them."""


class Needed:
    """Rewrites answers; *reads* is what the mapping reads of them, *names* the keys that it names."""

    def __init__(
        self, reads: Reads, personal: PersonalData, stand_ins: StandIns, names: frozenset[str]
    ) -> None:
        self._reads = reads
        self._personal = personal
        self._by = stand_ins
        self._names = names
        self._shapes = ValueShapes()

    def rewrite_json(self, document: Any) -> Any:
        """Return the JSON *document* with what is not needed replaced."""
        return change_values(document, self._replace_value, self._rename_key)

    def rewrite_xml(self, text: str) -> str:
        """Return the XML document with what is not needed replaced."""
        return rewrite_xml(
            text, lambda value, spot: str(self._replace_in_xml(value, spot)), self._rename_tag
        )

    def rewrite_target(self, asked: str) -> str:
        """Return the target of a request with personal data replaced."""
        return self._personal.replace_in_text(asked, self._by)

    def rewrite_header(self, name: str, value: str) -> str:
        """Return a header with personal data replaced."""
        return str(self._personal.replace_value(value, DataSpot(name), self._by))

    def rewrite_link(self, text: str) -> str:
        """Return a URL that is followed. Its path and the names of parameters stay, unless personal."""
        path, mark, query = text.partition("?")
        plain = self._personal.replace_in_text(path, self._by)
        return plain + mark + _PARAMETER.sub(self._replace_parameter, query)

    def _replace_parameter(self, match: re.Match[str]) -> str:
        """Return a parameter; a number, or a text that the mapping writes itself, stays."""
        value = unquote_plus(match["value"])
        if _NUMBER.fullmatch(value) or self._personal.is_kept(value):
            return match[0]
        made = self._replace_passing(value, DataSpot(unquote_plus(match["name"])))
        return f"{match['name']}={quote(made, safe='@')}"

    # --- values -----------------------------------------------------------------------------------

    def _replace_in_xml(self, value: str, spot: DataSpot) -> Any:
        if spot.path[-1:] == ("@nil",):
            return value if value.strip() in _TRUTHS else self._shapes.of(value)
        text = DataSpot(spot.key, spot.above, spot.beside, (*spot.path, "#text"))
        read = self._reads.uses(text.path, value)
        return value if value in _TRUTHS else self._replace_value(value, text if read else spot)

    def _rewrite_document(self, text: str) -> str:
        """Return a text that is a document, with what is not needed in it replaced."""
        path = find_inner_path(text)
        if text.lstrip().startswith("<"):
            return rewrite_xml(
                text,
                lambda value, spot: str(
                    self._replace_in_xml(value, replace(spot, path=(*path, *spot.path)))
                ),
                self._rename_tag,
            )
        document = read_json(text.encode())
        made = change_values(document, self._replace_value, self._rename_key, DataSpot(path=path))
        return msgspec.json.encode(made).decode()

    def _replace_value(self, value: Any, spot: DataSpot) -> Any:
        if isinstance(value, str) and self._reads.has_document(value):
            return self._rewrite_document(value)
        uses = self._reads.uses(spot.path, value)
        if value is None or isinstance(value, bool):
            return value
        if not uses:
            return self._replace_unread(value, spot)
        written = isinstance(value, str) and self._personal.is_kept(value)
        return (
            value
            if written and not find_kind_at(value, spot)
            else self._replace_read(value, spot, uses)
        )

    def _replace_read(
        self, value: Any, spot: DataSpot, uses: Collection[Use | PersonalKind]
    ) -> Any:
        kinds = [use for use in uses if isinstance(use, PersonalKind)]
        if kinds:
            return self._replace_kind(value, kinds[0])
        if Use.DECIDES in uses or Use.BINDS in uses:
            return self._replace_deciding(value, spot)
        if Use.FOLLOWS in uses and isinstance(value, str):
            return self.rewrite_link(value)
        return self._replace_passing(value, spot)

    def _replace_unread(self, value: Any, spot: DataSpot) -> Any:
        """Return a made-up name or address for one, because people read cases; else a shape."""
        if isinstance(value, str):
            kind = find_kind_at(value, spot) or self._personal.known.get(value.casefold())
            if EMAIL.fullmatch(value):
                return self._by(value, PersonalKind.EMAIL)
            if kind is PersonalKind.NAME and _ANY_NAME.fullmatch(value):
                return self._by(value, kind)
        return self._shapes.of(value)

    def _replace_kind(self, value: Any, kind: PersonalKind) -> Any:
        """Return the replacement of a value that goes into a field of that *kind*."""
        text = str(value)
        if not text.strip() or isinstance(value, float):
            return self._shapes.of(value)
        if kind is PersonalKind.EMAIL and not EMAIL.fullmatch(text):
            return self._replace_passing(value, DataSpot())
        if kind is PersonalKind.NAME and not _ANY_NAME.fullmatch(text):
            return self._shapes.of(value)
        made = change_url_parts(text, self._replace_part) if is_url(text) else self._by(text, kind)
        return int(made) if isinstance(value, int) and made.isdecimal() else made

    def _replace_part(self, part: str) -> str:
        """Return a secret part of a URL, replaced: it may occur without the URL."""
        made = self._personal.replace_in_text(part, self._by)
        return made if made != part else self._shapes.of_text(part)

    def _replace_deciding(self, value: Any, spot: DataSpot) -> Any:
        if isinstance(value, str) and value.lstrip()[:1] in {"{", "["}:
            return self._replace_in_document(value, spot)
        return self._personal.replace_value(value, spot, self._by)

    def _replace_in_document(self, text: str, spot: DataSpot) -> Any:
        """Return a text that is a JSON document, with personal data in it replaced."""
        try:
            document = msgspec.json.decode(text)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return self._personal.replace_value(text, spot, self._by)
        made = self._personal.replace_in(document, self._by)
        return text if made == document else msgspec.json.encode(made).decode()

    def _replace_passing(self, value: Any, spot: DataSpot) -> Any:
        """Return a stand-in if the whole value is known, else its shape: the value decides nothing."""
        if isinstance(value, str) and value == self._by.user:
            return value
        if isinstance(value, str) and self._is_whole(value):
            return self._personal.replace_value(value, spot, self._by)
        return self._shapes.of(value)

    def _is_whole(self, text: str) -> bool:
        """Return whether *text* is known as a whole."""
        return (
            EMAIL.fullmatch(text) is not None
            or text.casefold() in self._personal.known
            or self._personal.is_half(text)
        )

    # --- keys -------------------------------------------------------------------------------------

    def _rename_key(self, key: str, spot: DataSpot) -> str:
        if key in self._names:
            return key
        if self._reads.has_read_key(spot.path[:-1], key):
            return self._personal.replace_in_text(key, self._by)
        if is_field_name(key) and not self._names_someone(key):
            return key
        return self._shapes.of_text(key)

    def _rename_tag(self, name: str) -> str:
        """Return the name of an element or an attribute, or its shape."""
        known = name in self._names or f"@{name}" in self._names or name == "nil"
        return name if known or is_field_name(name) else self._shapes.of_text(name)

    def _names_someone(self, key: str) -> bool:
        known = self._personal.known
        return any(known.get(word) is PersonalKind.NAME for word in split_words(key))
