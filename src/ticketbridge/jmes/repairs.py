"""Guess what a wrong expression was meant to be: habits of other languages, and their repair."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from itertools import pairwise
from types import MappingProxyType
from typing import TypeAlias

_WINDOW = 200
_QUOTED = re.compile(r"'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\"|`(?:\\.|[^`\\])*`", re.DOTALL)
_PLAIN = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")

# Of a text whose quotes hold nothing but `_`: a path with calls and indexes in it, or a literal.
_PART = r"(?:\[[^\[\]]*\]|\([^()]*(?:\([^()]*\)[^()]*)?\)|\.\"_*\"|\.\w+)"
_X = rf"(?:'_*'|`_*`|-?[0-9][0-9.]*|(?:[^\W\d]\w*|\"_*\"|@){_PART}*)"
_PATH = rf"(?:[^\W\d]\w*|@){_PART}*?"
_SPACE = r"[ \t\n]*"
_PLAIN_TEXT = r"(?:[\w/:?&=%~+.-]*[\w/:?&=%~+-])?"
_HOLE = re.compile(r"\{([^{}]*)\}")

_Make: TypeAlias = "Callable[[Callable[[int | str], str]], str]"


def repair_of(text: str, offset: int) -> str:
    """Return what would be right instead of the sign at *offset* of *text*, which is wrong, or ""."""
    start = max(0, offset - _WINDOW)
    text = text[start : offset + _WINDOW]
    masked = _QUOTED.sub(_mask, text)
    for pattern, make in _repairs():
        for found in pattern.finditer(masked):
            if found.start() <= offset - start < max(found.end(), found.start() + 1):
                return make(_reader(text, found))
    return ""


def _mask(found: re.Match[str]) -> str:
    quote = found[0][0]
    return f"{quote}{'_' * (len(found[0]) - 2)}{quote}"


def _reader(text: str, found: re.Match[str]) -> Callable[[int | str], str]:
    """Return a reader of the groups of *found*, which gives them as they stand in *text*."""
    return lambda group: text[found.start(group) : found.end(group)].strip()


def name_of(key: str) -> str:
    """Return *key* as an expression writes it: quoted, unless it is a plain word."""
    return key if _PLAIN.fullmatch(key) else json.dumps(key, ensure_ascii=False)


def _operand(text: str) -> str:
    """Return a bare number in backticks, and anything else as it is."""
    return f"`{text}`" if _NUMBER.fullmatch(text) else text


def _write(words: str) -> _Make:
    """Return a maker of *words*: `{1}` becomes a group as it was written, and `{1!}` an operand."""

    def make(group: Callable[[int | str], str]) -> str:
        return re.sub(
            r"\{(\d)(!?)\}",
            lambda m: _operand(group(int(m[1]))) if m[2] else group(int(m[1])),
            words,
        )

    return make


def _plus(group: Callable[[int | str], str]) -> str:
    masked = _QUOTED.sub(_mask, group(0))
    cuts = [0, *(m.end() for m in re.finditer(r"\+", masked)), len(masked) + 1]
    pairs = pairwise(cuts)
    operands = [_operand(group(0)[a : b - 1].strip()) for a, b in pairs]
    joined = f"join('', [{', '.join(operands)}])"
    if any(operand.startswith("'") for operand in operands):
        return f"to join texts write {joined}"
    added = operands[0]
    for operand in operands[1:]:
        added = f"add({added}, {operand})"
    sure = any(operand.startswith("`") for operand in operands)
    return f"write {added}" if sure else f"write {added} for numbers, {joined} for texts"


def _holes(group: Callable[[int | str], str]) -> str:
    """Return the repair for a text with holes, as a request has them, where an expression is due."""
    text = group(0)
    if only := _HOLE.fullmatch(text):
        return f"write {only[1].strip()}, without braces around: only texts of requests have holes"
    # Of a split by a pattern with a group, every second part is that group.
    parts = enumerate(_HOLE.split(text))
    operands = [part.strip() if at % 2 else f"'{part}'" for at, part in parts if part]
    return f"to join texts write join('', [{', '.join(operands)}])"


def _hyphen(group: Callable[[int | str], str]) -> str:
    path, key = group("path"), group("key")
    quoted = f"quote the key: {path}{name_of(key)}"
    left, _, right = key.rpartition("-")
    difference = f"subtract({path}{left}, {_operand(right)})"
    if path and not right.isdigit():
        return f"{quoted} (a difference is {difference})"
    return f"write {difference}, or {quoted}"


def _key(group: Callable[[int | str], str]) -> str:
    """Return the repair for a key in quotes of the wrong kind, or in brackets."""
    return f"write {group(1)}.{name_of(group(2)[1:-1])}"


def _special_key(group: Callable[[int | str], str]) -> str:
    return f"quote the key: {group(1)}{name_of(group(2))}"


def _regex(group: Callable[[int | str], str]) -> str:
    sign, pattern = group(2), group(3)
    if pattern.startswith("/"):
        body, _, flags = pattern[1:].rpartition("/")
        pattern = f"'{'(?i)' if 'i' in flags else ''}{body}'"
    return f"write {'!' if sign == '!~' else ''}matches({group(1)}, {pattern})"


def _pair(group: Callable[[int | str], str]) -> str:
    return (
        f"write {{{', '.join(f'{word.strip()}: {word.strip()}' for word in group(1).split(','))}}}"
    )


def _like(group: Callable[[int | str], str]) -> str:
    subject, pattern, negated = group(1), group(3)[1:-1], "!" if group(2) else ""
    word = pattern.strip("%")
    name = {
        (False, True): "starts_with",
        (True, False): "ends_with",
        (True, True): "contains",
    }.get((pattern.startswith("%"), pattern.endswith("%")))
    if name is None or "%" in word or "_" in word:
        return f"see {negated}matches(text, regex)"
    return f"write {negated}{name}({subject}, '{word}')"


def _by_word(words: Mapping[str, str]) -> Mapping[str, str]:
    """Return the keys of *words* by each of the words that stand behind them."""
    return MappingProxyType({word: key for key, row in words.items() for word in row.split()})


_ORDERS = _by_word(
    {
        "==": "=== eq",
        "!=": "!== <> ≠ ne",
        ">=": "=> ≥ ge",
        "<=": "=< ≤ le",
        ">": "gt",
        "<": "lt",
    }
)


def _order(group: Callable[[int | str], str]) -> str:
    return f"write {_ORDERS[group(1).lower()]}"


_NO_COMMENTS = "an expression has no comments; YAML's # is one outside of the quotes"
_PICK = "where the one in the middle is never null, false or empty; see also `values` of a field"
_QUOTES = "\u201c\u201d\u201e\u201f\u2018\u2019\u201a\u201b\u00b4\u00ab\u00bb"

_TABLE: tuple[tuple[str, str | _Make], ...] = (
    # --- what stands around an expression, or beside it ---
    (rf"[{_QUOTES}]([^{_QUOTES}'\"]*)[{_QUOTES}]?", "write straight quotes: '{1}'"),
    (
        rf"^{_SPACE}(?:\{{\{{|[$#%]\{{|<%=?)(.*?)(?:\}}\}}|\}}|%>)",
        "write {1}, without braces around",
    ),
    (rf"^{_SPACE}{_PLAIN_TEXT}(?:\{{{_SPACE}{_X}{_SPACE}\}}{_PLAIN_TEXT})+{_SPACE}$", _holes),
    (r"''(\w+)''", "write '{1}': only inside of YAML's own single quotes each is doubled"),
    (r"\b[fFrRbBuU]('_*')", "a text has no letter before it: write {1}, or join('', [...])"),
    (rf"({_X}){_SPACE}//{_SPACE}({_X}){_SPACE}$", f"write {{1}} || {{2}}; {_NO_COMMENTS}"),
    (r"//.*|/\*.*|--[ \t].*", _NO_COMMENTS),
    (r";", "leave the ; out"),
    (r"[\w.+-]+@[\w-]+\.[\w.-]+", "write '{0}' for a text"),
    # --- keys that are no plain words ---
    (rf"((?:{_PATH}|\"_*\")\.)([@#$]\w+)", _special_key),
    (rf"({_PATH}\.)(\w+:\w+)", _special_key),
    (r"#.*", _NO_COMMENTS),
    (
        rf"(?<![\w.])(?P<path>(?:{_PATH}\.)?)(?P<key>[^\W\d]\w*(?:-\w+)+)",
        _hyphen,
    ),
    (rf"({_PATH})\.('_*'|`_*`)", _key),
    (rf"({_PATH})\[{_SPACE}('_*'|\"_*\"){_SPACE}\]?", _key),
    # --- JSONPath, jq ---
    (
        r"\$?\.\.",
        "name each key on the way: there is no `..`; of a tree see descendants(list, key)",
    ),
    (r"\$\.?(?=[A-Za-z_\"\[])", "leave {0} out: an expression starts with its first name"),
    (r"\$", "an expression starts with a name; the current value is @"),
    (r"(?:^|[|(,])[ \t\n]*(\.)(?=[\w\[\"])", "leave the dot out: a name begins without one"),
    (rf"({_PATH})\.\[{_SPACE}(-?\d+){_SPACE}\]?", "write {1}[{2}]"),
    (rf"({_PATH})\.(\d+)", "write {1}[{2}]"),
    (rf"({_PATH})\[{_SPACE}last\(\){_SPACE}\]?", "write {1}[-1]"),
    (
        rf"({_PATH})\[{_SPACE}(\d+){_SPACE},{_SPACE}(\d+){_SPACE}\]?",
        "write [{1}[{2}], {1}[{3}]]",
    ),
    (rf"({_PATH})\[([^\[\]?]*(?:[=<>]|&&)[^\[\]]*)\]?", "a filter begins with ?: write {1}[?{2}]"),
    (
        rf"({_PATH})\[{_SPACE}([^\W\d][\w.]*){_SPACE}\]?",
        "for a key write {1}.{2}; for an element of a list see lookup({1}, 'id', {2})",
    ),
    # --- operators of other languages ---
    (rf"({_X}){_SPACE}(=~|!~|~){_SPACE}(/[^/]*/\w*|{_X})", _regex),
    (rf"\b(\w+){_SPACE}(?:=>|->){_SPACE}\1\.(\w+)", "write &{2}: it is evaluated on each element"),
    (rf"({_PATH}){_SPACE}->>?{_SPACE}('_*')", _key),
    (rf"({_PATH}){_SPACE}->>?{_SPACE}(\w+)", "write {1}.{2}"),
    (r"(===|!==|<>|=<|=>|≥|≤|≠)", _order),
    (rf"({_X}){_SPACE}\?\?{_SPACE}({_X})", "write default({1}, {2!})"),
    (rf"({_X}){_SPACE}\?:{_SPACE}({_X})", "write {1} || {2!}"),
    (rf"({_PATH})\?\.({_PATH})", "write optional({1}.{2})"),
    (r"([^?]+)\?([^:?]+):(.+)", f"write {{1}} && {{2!}} || {{3!}}, {_PICK}"),
    (rf"({_X})[ \t]+if[ \t]+(.+?)[ \t]+else[ \t]+(.+)", f"write {{2}} && {{1}} || {{3!}}, {_PICK}"),
    (
        r"(?i)\bcase[ \t\n]+when[ \t\n]+(.+?)[ \t\n]+then[ \t\n]+(.+?)[ \t\n]+else[ \t\n]+(.+?)[ \t\n]+end\b",
        f"write {{1}} && {{2}} || {{3}}, {_PICK}",
    ),
    (
        rf"(?i)({_X})[ \t\n]+is[ \t\n]+not[ \t\n]+(?:null|none|nil)\b",
        "write {1} != `null`",
    ),
    (rf"(?i)({_X})[ \t\n]+is[ \t\n]+(?:null|none|nil)\b", "write {1} == `null`"),
    (rf"(?i)({_X})[ \t\n]+is[ \t\n]+not[ \t\n]+({_X})", "write {1} != {2!}"),
    (rf"(?i)({_X})[ \t\n]+is[ \t\n]+({_X})", "write {1} == {2!}"),
    (rf"(?i)({_X})[ \t\n]+not[ \t\n]+in\b[ \t\n]*({_X}|\[[^\]]*\])", "write !contains({2}, {1})"),
    (rf"(?i)({_X})[ \t\n]+in\b[ \t\n]*({_X}|\[[^\]]*\])", "write contains({2}, {1})"),
    (
        rf"(?i)({_X})[ \t\n]+between[ \t\n]+({_X})[ \t\n]+and[ \t\n]+({_X})",
        "write {1} >= {2!} && {1} <= {3!}",
    ),
    (rf"(?i)({_X})[ \t\n]+(not[ \t\n]+)?i?like[ \t\n]+('_*')", _like),
    (
        rf"({_X})[ \t\n]+(contains|starts_with|ends_with|matches)[ \t\n]+({_X})",
        "write {2}({1}, {3})",
    ),
    (r"(?i)(?<=[\w)\]'`\"])[ \t\n]+(eq|ne|gt|ge|lt|le)\b", _order),
    (r"(?i)\band\b", "write &&"),
    (r"(?i)\bor\b", "write ||"),
    (rf"(?i)\bnot[ \t\n]+({_X})", "write !{1}"),
    (
        r"(?<!&)&(?!&)",
        "write && for both; & is only for an argument of map, sort_by, max_by, min_by",
    ),
    # --- arithmetic ---
    (rf"{_X}(?:{_SPACE}\+{_SPACE}{_X})+", _plus),
    (rf"({_X}){_SPACE}-{_SPACE}({_X})", "write subtract({1!}, {2!})"),
    (rf"({_X}){_SPACE}\*{_SPACE}({_X})", "write multiply({1!}, {2!})"),
    (rf"({_X}){_SPACE}/{_SPACE}({_X})", "write divide({1!}, {2!})"),
    (r"\+", "see add(x, y)"),
    (r"-(?!\d)", "see subtract(x, y)"),
    (r"/", "see divide(x, y)"),
    (r"%", "see floor(x) and divide(x, y)"),
    (r"\?", "see `values` of a field, or default(x, y)"),
    # --- objects and lists ---
    (rf"\{{{_SPACE}(\w+){_SPACE}={_SPACE}({_X})", "write {{1}: {2!}}"),
    (r"=", "write == to compare"),
    (rf"\{{((?:{_SPACE}[^\W\d]\w*{_SPACE},)+{_SPACE}[^\W\d]\w*{_SPACE})\}}", _pair),
    (rf"[{{,]{_SPACE}'(\w+)'{_SPACE}:", "a key stands without quotes, or in double ones"),
    (rf"^{_SPACE}{_X}(?:{_SPACE},{_SPACE}{_X})+{_SPACE}$", "write [{0}] for a list"),
    (r"^[\w ./-]+:[\w ./:-]+$", "write '{0}' for a text"),
    (r"(?<![\w\])])(\.\d+)", "write `0{1}` in backticks"),
)


@cache
def _repairs() -> Sequence[tuple[re.Pattern[str], _Make]]:
    """Return `_TABLE`, compiled. Only a wrong text needs it, and it takes longer than to load a mapping."""
    return [
        (re.compile(pattern), _write(make) if isinstance(make, str) else make)
        for pattern, make in _TABLE
    ]


_LISTED = "[*] gives all elements, [0] the first, [-1] the last, [?...] those for which it is true"
_CHOICE = "write condition && x || y, where x is never null, false or empty"


_FUNCTIONS = _by_word(
    {
        "join": "concat concatenate concatws joinstrings implode",
        "lower": "lowercase tolower tolowercase lcase downcase",
        "upper": "uppercase toupper touppercase ucase upcase",
        "length": "len size count strlen charlength",
        "trim": "strip btrim",
        "contains": "includes has arraycontains instr",
        "starts_with": "startswith hasprefix beginswith",
        "ends_with": "endswith hassuffix",
        "matches": "regex regexp test match regexmatch rlike",
        "extract": "capture regexextract regexpextract search scan",
        "replace": "gsub sub replaceall translate",
        "unique": "distinct uniq uniqueby",
        "avg": "mean average",
        "add": "plus sumof",
        "subtract": "minus diff difference",
        "multiply": "times mul mult product",
        "divide": "div quotient",
        "ceil": "ceiling roundup",
        "floor": "rounddown trunc truncate",
        "to_string": "str string tostring stringify tojson text",
        "to_number": "int integer float number num tonumber toint parseint parsefloat",
        "decimal": "todecimal dec money",
        "date": "todate parsedate strptime datetime timestamp totimestamp fromdate",
        "now": "today currenttimestamp currentdate getdate sysdate",
        "not_null": "coalesce nvl ifnull firstnonnull",
        "null_if": "nullif",
        "sort_by": "sortby orderby sorted",
        "split": "explode",
        "quoted": "escape quote addslashes sqlescape",
        "as_list": "aslist asarray list array",
        "merge": "assign extend mergeobjects",
        "type": "typeof",
    }
)
_FORMS = _by_word(
    {
        _CHOICE: "if iif ifelse case when cond decode",
        _LISTED: "first last nth head tail elementat",
        "write list[?condition]": "select filter where find",
        "write list[]": "flatten flat flatmap",
        "write x == `null`": "isnull isnone isnil",
        "write x != `null`": "isnotnull notnone",
        "write optional(x) != `null`": "exists defined isset haskey",
        "write length(x) == `0`": "isempty empty",
        "write !x": "not",
        "write x && y": "and all every",
        "write x || y": "or any some",
        "write x == y": "eq equals equal",
        "write object.key, or optional(object.key)": "get getattr dig path",
        "see extract(text, regex)": "substring substr slice mid left right",
        "write join('', [a, '-', b])": "format sprintf printf template",
        "a hole escapes by itself": "urlencode encodeuricomponent encodeuri",
    }
)
_LITERALS = _by_word({"null": "null none nil undefined nan", "true": "true", "false": "false"})


def function_meant(name: str) -> str:
    """Return our function for one that another language calls *name*, or ""."""
    return _FUNCTIONS.get(_letters(name), "")


def form_meant(name: str) -> str:
    """Return how to write what another language does with a function *name*, or ""."""
    return _FORMS.get(_letters(name), "")


def _letters(name: str) -> str:
    return name.replace("_", "").lower()


def literal_meant(word: str) -> str:
    """Return the JSON literal for a word of another language (`None`, `nil`), or ""."""
    return _LITERALS.get(word.lower(), "")
