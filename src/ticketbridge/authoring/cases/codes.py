"""The stable codes of findings in cases files; slips of the YAML have the codes of mappings."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

CODES: Mapping[str, str] = MappingProxyType(
    {
        "TB401": "the cases file cannot be read",
        "TB410": "an unknown key",
        "TB411": "a needed key is missing",
        "TB412": "a value of the wrong type",
        "TB413": "a word that is none of the legal ones",
        "TB414": "a value that does not have the right form or size",
        "TB415": "an empty value where one is needed",
        "TB416": "keys that exclude each other",
        "TB418": "a name that stands twice",
        "TB420": "a body_file that is not in the folder of the cases file, or below it",
        "TB421": "a body_file that cannot be read",
        "TB422": "a body_file that is no JSON",
        "TB430": "a survivor in the list that is none",
    }
)
