"""Functions on text. Regular expressions have RE2's syntax, and run in linear time."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import re2  # type: ignore[import-untyped]  # it has no stubs

from ticketbridge.jmes import kinds
from ticketbridge.jmes.budget import require_elements, spend
from ticketbridge.jmes.errors import ArgumentFault, RegexFault
from ticketbridge.jmes.jsontext import require_length
from ticketbridge.jmes.kinds import Example, Function, Inline, Parameter

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


# --- regular expressions --------------------------------------------------------------------------


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


# --- functions ------------------------------------------------------------------------------------


def _not_empty(text: str) -> str:
    if not text:
        raise ArgumentFault("it must not be empty")
    return text


def _replace(text: str, old: str, new: str) -> str:
    require_length(len(text) + text.count(old) * len(new))
    return text.replace(old, new)


def _split(text: str, separator: str) -> list[str]:
    require_elements(text.count(separator) + 1)
    return text.split(separator)


def _extract(text: str | None, regex: Any) -> str | None:
    found = None if text is None else regex.search(text)
    group: str | None = found and found.group(1)
    return group


def _matches(text: str, regex: Any) -> bool:
    return regex.search(text) is not None


_TEXT = Parameter("text", kinds.STRING)
_SEPARATOR = Parameter("separator", kinds.STRING, prepare=_not_empty)
_OLD = Parameter("old", kinds.STRING, prepare=_not_empty)

TEXT = (
    Function(
        "lower",
        (_TEXT,),
        kinds.STRING,
        "The text in small letters, by Unicode's rules. These fold more than A to Z (the Kelvin"
        " sign becomes k), which is why the owner of a ticket is not compared by them.",
        (Example("lower(zone)", {"zone": "VIP"}, "vip"),),
        str.lower,
        inline=Inline("{0}.lower()"),
    ),
    Function(
        "upper",
        (_TEXT,),
        kinds.STRING,
        "The text in capitals, by Unicode's rules.",
        (Example("upper(cur)", {"cur": "eur"}, "EUR"),),
        str.upper,
        inline=Inline("{0}.upper()"),
    ),
    Function(
        "trim",
        (_TEXT,),
        kinds.STRING,
        "The text without white space at its ends.",
        (Example("trim(seat)", {"seat": " 12 "}, "12"),),
        str.strip,
        inline=Inline("{0}.strip()"),
    ),
    Function(
        "split",
        (_TEXT, _SEPARATOR),
        kinds.STRING_ARRAY,
        "The parts of the text between the separators.",
        (Example("split(seat, '-')[1]", {"seat": "F-12"}, "12"),),
        _split,
        inline=Inline("{0}.split({1})", "len({0}) < 1000"),
    ),
    Function(
        "replace",
        (_TEXT, _OLD, Parameter("new", kinds.STRING)),
        kinds.STRING,
        "The text with each `old` replaced by `new`.",
        (Example("replace(id, ' ', '')", {"id": "12 34"}, "1234"),),
        _replace,
        inline=Inline("{0}.replace({1}, {2})", "len({0}) * (1 + len({2})) < 1000"),
    ),
    Function(
        "extract",
        (
            Parameter("text", kinds.STRING_OR_NULL),
            Parameter(
                "regex", kinds.STRING, prepare=compile_group, prepare_data=compile_data_group
            ),
        ),
        kinds.STRING_OR_NULL,
        "What the first group of the regular expression (RE2's syntax) finds in the text, or null;"
        " null of null. For an expression that comes from data, see `matches`.",
        (Example("extract(url, 'show=([0-9]+)')", {"url": "/buy?show=77"}, "77"),),
        _extract,
    ),
    Function(
        "matches",
        (
            _TEXT,
            Parameter(
                "regex", kinds.STRING, prepare=compile_regex, prepare_data=compile_data_regex
            ),
        ),
        kinds.BOOLEAN,
        "Whether the regular expression (RE2's syntax) is found anywhere in the text. One that comes"
        " from data has 1,000 characters at most, and is looked for in 10,000.",
        (Example("matches(code, '^R-')", {"code": "R-17"}, result=True),),
        _matches,
    ),
)
