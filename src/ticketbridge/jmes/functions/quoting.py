"""Escape text for use between the quotes of another language, for example of a query inside a request."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType

from ticketbridge.formats import xml_text
from ticketbridge.jmes import kinds, nodes
from ticketbridge.jmes.errors import ArgumentFault, one_of
from ticketbridge.jmes.kinds import Example, Function, Parameter

QUOTED = "quoted"
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_ESCAPABLE = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_UNCLEAR = re.compile(r"\\(?:'|\Z)")
_LIKE = re.compile(r"[\\%_\[]")
_LUCENE = re.compile(r"[\s+\-&|!(){}\[\]^\"~*?:\\/<>=]")
_OPERATORS = frozenset({"AND", "OR", "NOT", "TO"})


def _sql(text: str) -> str:
    # MySQL, BigQuery and others read a backslash before a quote as an escape, standard SQL does not:
    # the literal would end in one of the two, and nobody can tell here which it is.
    if _UNCLEAR.search(text):
        raise ArgumentFault(
            "a backslash before a quote or at the end does not mean the same in every SQL;"
            " where a backslash escapes, the style is 'backslash'"
        )
    return _without_controls(text).replace("'", "''")


def _backslash(text: str) -> str:
    escaped = re.sub(r"""[\\'"]""", r"\\\g<0>", text)
    for character, escape in _ESCAPABLE.items():
        escaped = escaped.replace(character, escape)
    return _without_controls(escaped)


def _like(text: str) -> str:
    return _without_controls(_LIKE.sub(r"\\\g<0>", text)).replace("'", "''")


def _lucene(text: str) -> str:
    if text[:1] in {"<", ">"}:
        # Elasticsearch looks for these once the escapes are gone.
        raise ArgumentFault("a text that begins with < or > is a range of Lucene, escaped or not")
    if text in _OPERATORS:
        return f"\\{text}"
    return _LUCENE.sub(r"\\\g<0>", _without_controls(text))


def _xml(text: str) -> str:
    return xml_text.escape(_without_controls(text))


def _without_controls(text: str) -> str:
    if _CONTROL.search(text):
        raise ArgumentFault("the text has a control character, which has no place in a query")
    return text


STYLES: Mapping[str, Callable[[str], str]] = MappingProxyType(
    {"sql": _sql, "backslash": _backslash, "like": _like, "lucene": _lucene, "xml": _xml}
)
PROTECTED: Mapping[str, str] = MappingProxyType(
    {"sql": "'", "backslash": "'\"", "like": "'", "lucene": '"', "xml": "'\""}
)
"""By style, the quotes between which a text of that style is safe."""

_QUOTES = "'\"`"
_APOSTROPHE = re.compile(r"(?<=[^\W\d_])'(?=[^\W\d_])")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


def open_quotes(text: str) -> str:
    """Return the quotes that *text* opens and does not close. An apostrophe within a word does not count."""
    plain = _APOSTROPHE.sub("", _ESCAPED.sub("", text))
    return "".join(sign for sign in _QUOTES if plain.count(sign) % 2)


def style_of(node: nodes.Node) -> str:
    """Return the style of a `quoted(...)`, or "" for anything else."""
    last = node.steps[-1] if isinstance(node, nodes.Chain) else node
    match last:
        case nodes.Call(name=name, arguments=(_, nodes.Constant(value=str(style)))) if (
            name == QUOTED
        ):
            return style
        case _:
            return ""


def bare_apostrophes(text: str) -> str:
    """Return a text of style `backslash` for use between double quotes: GraphQL knows no `\\'` there."""
    return _ESCAPED.sub(lambda found: found[1] if found[1] == "'" else found[0], text)


QUOTING = (
    Function(
        QUOTED,
        (
            Parameter("text", kinds.STRING),
            Parameter(
                "style",
                kinds.STRING,
                prepare=partial(one_of, known=STYLES, what="styles"),
                literal=True,
            ),
        ),
        kinds.STRING,
        "The text with all escaped that would end or steer a literal of another language, for use"
        " between its quotes. `sql` (SQL, OData; between single quotes): a quote is doubled."
        " `backslash` (SOQL, Airtable, GraphQL text, the SQL of MySQL and BigQuery): quotes and"
        " backslashes get a backslash; in a hole between double quotes an apostrophe needs none."
        " `like` (between single quotes): as `sql`, and `%`, `_` and `[`"
        " get a backslash, as LIKE reads them with `ESCAPE '\\'`. `lucene` (Lucene, Elasticsearch,"
        " Solr; between double quotes or without quotes): every sign of its syntax, and blanks."
        " `xml` (a text or an attribute of a document that stands inside of a text): XML's five"
        " signs become references. A control character is an error, but for line breaks and tabs"
        " with `backslash`.",
        (
            Example("quoted(name, 'sql')", {"name": "O'Neil"}, "O''Neil"),
            Example("quoted(name, 'backslash')", {"name": "O'Neil"}, "O\\'Neil"),
            Example("quoted(code, 'like')", {"code": "50%_A"}, "50\\%\\_A"),
            Example("quoted(name, 'xml')", {"name": "<O'Neil>"}, "&lt;O&apos;Neil&gt;"),
            Example("quoted(mail, 'lucene')", {"mail": "*@a-b.example"}, "\\*@a\\-b.example"),
        ),
        lambda text, escape: escape(text),
    ),
)
