"""Regular expressions of a mapping: RE2's syntax, and its linear time."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import re2  # type: ignore[import-untyped]  # it has no stubs

from ticketbridge.jmes.errors import RegexFault

_HINTS: Mapping[str, str] = MappingProxyType(
    {
        "invalid perl operator": " (it has no look-around)",
        "invalid escape sequence": " (it has no back-references)",
    }
)


def compile_regex(pattern: str) -> Any:
    """The compiled *pattern*; RegexFault where RE2 refuses it."""
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except re2.error as error:
        # What follows the colon is a part of the pattern, which may be made of a user's data.
        reason = error.args[0].decode("utf-8", "replace").partition(":")[0]
    finally:
        # re2 keeps the last patterns of the process.
        re2.purge()
    hint = _HINTS.get(reason, "")
    raise RegexFault(f"RE2 refuses the regular expression: {reason}{hint}")


def compile_group(pattern: str) -> Any:
    """Like compile_regex, for a pattern that must have a group."""
    regex = compile_regex(pattern)
    if not regex.groups:
        raise RegexFault("the regular expression has no group to extract")
    return regex
