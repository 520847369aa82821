"""Functions on text."""

from __future__ import annotations

from typing import Any

from ticketbridge.jmes import kinds
from ticketbridge.jmes.budget import require_elements
from ticketbridge.jmes.errors import ArgumentFault
from ticketbridge.jmes.jsontext import require_length
from ticketbridge.jmes.kinds import Example, Function, Inline, Parameter
from ticketbridge.jmes.regexes import (
    compile_data_group,
    compile_data_regex,
    compile_group,
    compile_regex,
)


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
