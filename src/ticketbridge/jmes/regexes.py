"""Regular expressions of a mapping: they have RE2's syntax, and run in linear time."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import re2  # type: ignore[import-untyped]  # it has no stubs

from ticketbridge.jmes.budget import spend
from ticketbridge.jmes.errors import ArgumentFault, RegexFault

_HINTS: Mapping[str, str] = MappingProxyType(
    {
        "invalid perl operator": " (it has no look-around)",
        "invalid escape sequence": " (it has no back-references)",
    }
)


_MAX_PATTERN = 1_000
_MAX_TEXT = 10_000
_MAX_MEMORY = 128 * 1024
_STEPS_TO_COMPILE = 200  # for each character


def compile_regex(pattern: str) -> Any:
    """Return the compiled *pattern*. Raises RegexFault if RE2 refuses it."""
    return _compile(pattern, re2.Options())


def compile_group(pattern: str) -> Any:
    """Return the compiled *pattern*. Raises RegexFault if RE2 refuses it, or if it has no group."""
    return _with_group(compile_regex(pattern))


def compile_data_regex(pattern: str) -> DataRegex:
    """Return the compiled *pattern*, which comes from data: its work, and the length of texts, are limited.

    Raises RegexFault if RE2 refuses it, and ArgumentFault if it takes too much work.
    """
    if len(pattern) > _MAX_PATTERN:
        raise RegexFault(f"the regular expression is longer than {_MAX_PATTERN} characters")
    spend(_STEPS_TO_COMPILE * len(pattern))
    options = re2.Options()
    options.max_mem = _MAX_MEMORY
    return DataRegex(_compile(pattern, options))


def compile_data_group(pattern: str) -> DataRegex:
    """Return what `compile_data_regex` returns. Raises RegexFault if the pattern has no group."""
    regex: DataRegex = _with_group(compile_data_regex(pattern))
    return regex


class DataRegex:
    """A regular expression from data: it searches only texts of limited length."""

    def __init__(self, regex: Any) -> None:
        self._regex = regex
        self.groups: int = regex.groups

    def search(self, text: str) -> Any:
        """Return the match of RE2 in *text*, or None."""
        if len(text) > _MAX_TEXT:
            raise ArgumentFault(
                f"a regular expression that comes from data is looked for in {_MAX_TEXT} characters"
                f" at most, and the text has more"
            )
        return self._regex.search(text)


def _compile(pattern: str, options: Any) -> Any:
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


def _with_group(regex: Any) -> Any:
    if not regex.groups:
        raise RegexFault("the regular expression has no group to extract")
    return regex
