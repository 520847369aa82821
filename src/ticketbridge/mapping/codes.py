"""The stable codes of findings: what each one means, in a line."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

CODES: Mapping[str, str] = MappingProxyType(
    {
        "TB001": "the file cannot be read",
        "TB002": "the file is not YAML",
        "TB003": "a key stands twice",
        "TB004": "anchors, aliases, merge keys and tags are refused",
        "TB005": "nested too deeply",
        "TB006": "a key is not text",
        "TB007": "a number or a text cannot be kept as it is written",
        "TB010": "an unknown key",
        "TB011": "a needed key is missing",
        "TB012": "a value of the wrong type",
        "TB013": "a word that is none of the legal ones",
        "TB014": "a value that does not have the right form or size",
        "TB015": "an empty value where one is needed",
        "TB016": "a word of the language that this version does not support yet",
        "TB020": "a variable is not set",
        "TB021": "a variable is not set, and placeholder text stands in for it",
        "TB022": "a `${...}` that is not well-formed",
        "TB023": "a variable that cannot be used",
        "TB024": "a character that cannot stand in this place",
        "TB025": "a `${...}` where variables are not resolved",
        "TB030": "a hole where only plain text is legal",
        "TB031": "a template that cannot be read",
        "TB040": "a path that the endpoint cannot have",
        "TB041": "access that is not complete",
        "TB042": "access that lets everyone in",
        "TB043": "no network address",
        "TB050": "no usable base_url",
        "TB051": "no legal name of a header, parameter or cookie",
        "TB052": "a header or parameter that is set elsewhere",
        "TB053": "a credential written in clear",
        "TB054": "credentials over plain http",
        "TB060": "a name that is taken",
        "TB061": "an entry that binds not exactly one result",
        "TB062": "pages that cannot be walked",
        "TB063": "a rule that could give a false answer",
        "TB064": "a path that a call cannot have",
        "TB065": "a method and a body that do not go together",
        "TB066": "no GraphQL query that can be sent",
        "TB067": "a rule whose keys do not go together",
        "TB068": "a list whose parent is not named",
        "TB070": "a status table without VALID",
        "TB080": "another body needs its own schema",
        "TB081": "a response schema that cannot be used",
        "TB082": "a response schema that asks itself without end",
        "TB083": "a regular expression of the response schema that can take very long",
    }
)
