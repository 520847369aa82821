"""Plain paths and what stands at them in samples, and the values that say nothing, yes or no."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import Enum
from typing import Any, Final

from ticketbridge.workbench.draft.platform_words import fold
from ticketbridge.workbench.draft.vocabulary import read_names
from ticketbridge.workbench.personal.chance import looks_secret
from ticketbridge.workbench.personal.personal_kinds import word_set

Path = tuple[str, ...]

TEXT = "#text"
"""The text of an XML element that has attributes."""

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
_DEEPEST = 6


class Absent(Enum):
    """The value of a key that is absent."""

    ABSENT = "absent"


ABSENT: Final = Absent.ABSENT


def write_path(root: str, path: Path) -> str:
    """Return a path as an expression: `root.a."b-c"`."""
    return ".".join([root, *map(_write_key, path)])


def find_value(value: Any, path: Path) -> Any:
    """Return what stands at *path*: null below a null, and ABSENT if a key is absent."""
    for key in path:
        if value is None:
            return None
        if not isinstance(value, dict) or key not in value:
            return ABSENT
        value = value[key]
    return value


def find_scalars(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Yield each text, number, boolean and null below *value*, but nothing within lists."""
    if isinstance(value, dict) and len(path) < _DEEPEST:
        for key, member in value.items():
            if not _is_data(key):
                yield from find_scalars(member, (*path, key))
    elif not isinstance(value, dict | list):
        yield path, value


def find_lists(value: Any, path: Path = ()) -> Iterator[tuple[Path, list[Any]]]:
    """Yield each list below *value*, but no list within a list."""
    if isinstance(value, list):
        yield path, value
    elif isinstance(value, dict) and len(path) < _DEEPEST:
        for key, member in value.items():
            if not _is_data(key):
                yield from find_lists(member, (*path, key))


def find_values(values: Iterable[Any], path: Path) -> tuple[Any, ...]:
    """Return what stands at *path* in each of *values*: see `find_value`."""
    return tuple(find_value(value, path) for value in values)


def list_paths(
    find: Callable[[Any], Iterable[tuple[Path, Any]]], values: Iterable[Any]
) -> list[Path]:
    """Return the paths that *find*, one of the two above, yields of *values*, each once."""
    return list(dict.fromkeys(path for value in values for path, _ in find(value)))


def _is_data(key: str) -> bool:
    """Whether *key* is no name, but someone's address, or a key as good as a credential."""
    return "@" in key[1:] or looks_secret(key)


def empty_list_at(value: Any, path: Path) -> Any:
    """Return *value* with an empty list at *path*."""
    if not path:
        return []
    if not isinstance(value, dict):
        return value
    return {k: empty_list_at(v, path[1:]) if k == path[0] else v for k, v in value.items()}


def _write_key(key: str) -> str:
    if _PLAIN.fullmatch(key):
        return key
    return json.dumps(key, ensure_ascii=any(not c.isprintable() for c in key))


# --- nothing, yes and no --------------------------------------------------------------------------


_YEAR = re.compile(r"(?<![0-9])[0-9]{4}(?![0-9])")
_DATE = re.compile(r"[0-9]{1,4}[-/.][0-9]{1,2}[-/.][0-9]{1,4}([T ].*)?|[0-9]{8}(T?[0-9]{4,6})?")
_ZEROS = re.compile(r"[\s0:./+-]*|[0./-]+T[0:.]+(Z|[+-][0:]+)?")
_SPELT = re.compile(r"(?=.*\b[0-9]{1,2}\b)(?=.*[^\W\d_]{3}).*(?<![0-9])[0-9]{4}(?![0-9]).*")
_MICROSOFT = re.compile(r"/Date\((-?[0-9]+)([+-][0-9]{4})?\)/")
_NOTHING = word_set(
    "null none nil undefined nan never n/a na niemals nie nunca jamais keine kein \\n (null) <null>"
)
_YES = word_set("true yes y t on si s ja j oui o wahr vrai verdadero x")
_NO = word_set("false no n f off nein non falsch faux falso nee")
_LONGEST = 40
_OLDEST, _NEWEST = 1971, 2900
"""A ticket was used in none of the years before and after: such a date stands for none at all."""

_PAIRS: Sequence[Sequence[Any]] = (
    *((True, False), (1, 0)),
    *read_names(
        "1_0 true_false TRUE_FALSE True_False yes_no Yes_No YES_NO Y_N y_n T_F on_off si_no Si_No S_N ja_nein"
        " J_N oui_non O_N"
    ),
)


def is_nothing(value: Any) -> bool:
    """Whether a value stands for none: null, blank, `0000-00-00`, `0001-01-01T00:00:00`, `never`, 0."""
    if isinstance(value, str):
        return _is_nothing(value.strip())
    if isinstance(value, int | float):
        return value is not True and value <= 0
    return value is None or value is ABSENT


def _is_nothing(text: str) -> bool:
    if _ZEROS.fullmatch(text) or text.casefold() in _NOTHING or re.fullmatch(r"-[0-9]+", text):
        return True
    microsoft = _MICROSOFT.fullmatch(text)
    if microsoft:
        return int(microsoft[1]) <= 0
    dated = is_date(text) or "-00" in text or (len(text) < _LONGEST and _SPELT.fullmatch(text))
    years = [int(year) for year in _YEAR.findall(text)] if dated else []
    return bool(years) and all(year < _OLDEST or year > _NEWEST for year in years)


def is_date(value: Any) -> bool:
    """Whether a text looks like a date, or a number like Unix seconds or milliseconds."""
    if isinstance(value, str):
        return bool(_DATE.fullmatch(value.strip().lstrip("-")) or _MICROSOFT.fullmatch(value))
    return isinstance(value, int) and not isinstance(value, bool) and value >= 10**8


def is_yes(value: Any) -> bool:
    """Whether a value says yes: true, `Y`, `sí`, 1; a count and a date say so too."""
    if is_no(value):
        return False
    if isinstance(value, str):
        text = fold(value.strip()).casefold()
        return text in _YES or text.isdecimal() or is_date(value)
    return isinstance(value, int | float)


def is_no(value: Any) -> bool:
    """Whether a value says no: false, `N`, `nein`, 0, or nothing at all."""
    said = isinstance(value, str) and fold(value.strip()).casefold() in _NO
    return said or is_nothing(value)


def find_opposite(value: Any) -> Any:
    """Return the no of a yes, or the yes of a no; ABSENT if it is not known."""
    for yes, no in _PAIRS:
        for one, other in ((yes, no), (no, yes)):
            if type(one) is type(value) and one == value:
                return other
    return ABSENT


def write_safe(text: str, values: Iterable[Any]) -> str:
    """Return an expression that gives null for *text* where a key is absent, as for one of *values*."""
    return f"optional({text})" if ABSENT in values else text


def write_is_one_of(text: str, values: Iterable[Any]) -> str:
    """Return an expression that is true if *text* gives one of *values*."""
    several = _drop_repeated(values)
    if len(several) == 1:
        return f"{text} == {write_literal(several[0])}"
    return f"contains({write_literal(several)}, {text})"


def write_is_none_of(text: str, values: Iterable[Any]) -> str:
    """Return an expression that is true if *text* gives none of *values*."""
    several = _drop_repeated(values)
    if len(several) == 1:
        return f"{text} != {write_literal(several[0])}"
    return f"!contains({write_literal(several)}, {text})"


def write_literal(value: Any) -> str:
    """Return *value* in JMESPath: a text in quotes, else JSON in backticks."""
    if isinstance(value, str) and value.isprintable() and not {"'", "\\"} & set(value):
        return f"'{value}'"
    return f"`{json.dumps(value, ensure_ascii=False).replace('`', chr(92) + '`')}`"


def _drop_repeated(values: Iterable[Any]) -> list[Any]:
    """Return *values*, each once, with null first and in place of ABSENT."""
    found: list[Any] = []
    for value in values:
        if not is_among(value, found):
            found.append(None if value is ABSENT else value)
    return sorted(found, key=lambda one: one is not None)


def is_among(value: Any, values: Sequence[Any]) -> bool:
    """Whether *value* is one of *values*: ABSENT is null, and `true` and 1 are two values."""
    wanted, *others = (None if one is ABSENT else one for one in (value, *values))
    return any(type(one) is type(wanted) and one == wanted for one in others)
