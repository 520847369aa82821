"""The library of functions: one table, by name."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from ticketbridge.jmes.functions.arithmetic import ARITHMETIC
from ticketbridge.jmes.functions.digests import DIGESTS
from ticketbridge.jmes.functions.inner_documents import INNER_DOCUMENTS
from ticketbridge.jmes.functions.lists import LISTS, LOOKUP, LOOKUP_CACHE, LOOKUP_INDEX
from ticketbridge.jmes.functions.moments import MOMENT, MOMENTS, NOW
from ticketbridge.jmes.functions.nulls import NULLS, OPTIONAL
from ticketbridge.jmes.functions.quoting import QUOTING
from ticketbridge.jmes.functions.standard import STANDARD
from ticketbridge.jmes.functions.text import TEXT
from ticketbridge.jmes.kinds import Function

__all__ = ["FUNCTIONS", "LOOKUP", "LOOKUP_CACHE", "LOOKUP_INDEX", "MOMENT", "NOW", "OPTIONAL"]

FUNCTIONS: Mapping[str, Function] = MappingProxyType(
    {
        function.name: function
        for function in (
            *STANDARD,
            *TEXT,
            *QUOTING,
            *DIGESTS,
            *INNER_DOCUMENTS,
            *LISTS,
            *ARITHMETIC,
            *MOMENTS,
            *NULLS,
        )
    }
)
