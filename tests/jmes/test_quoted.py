"""`quoted`: a text between the quotes of another language stays that text, whatever it holds."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from typing import Any

import graphql
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ticketbridge.jmes import EvaluationError, ExpressionError, compile_expression

HOSTILE = [
    "",
    "ana@example.com",
    "o'neil@example.com",
    "x'or'1'eq'1'or'@example.com",
    "''",
    "'",
    "a''b",
    "--",
    "a;drop table t",
    "%",
    "_",
    "a_b%c@example.com",
    "[a-z]@example.com",
    "*@example.com",
    'say "hi"',
    "OR",
    "AND",
    "NOT",
    "a OR b",
    "a b",
    "email:x",
    "(a)",
    "a\\b",
    "DOMAIN\\name",
    "a~2^3",
    "a/b/",
    "{x}",
    "é\u3000中",
    "`",
    "$x",
    "a&&b||c",
    "u0041",
]
TEXTS = st.text(st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="\u2028\u2029"))


def quoted(text: str, style: str) -> str:
    """What `quoted` gives."""
    found: str = compile_expression(f"quoted(text, '{style}')", roots=["text"])({"text": text})
    return found


def refused(text: str, style: str) -> bool:
    """Whether it is an error."""
    try:
        quoted(text, style)
    except EvaluationError:
        return True
    return False


# --- the languages' own readers -------------------------------------------------------------------


def of_sql(literal: str) -> Any:
    """What a database reads."""
    with closing(sqlite3.connect(":memory:")) as database:
        return database.execute(f"select {literal}").fetchone()[0]


def matches_like(text: str, pattern: str) -> bool:
    """Whether LIKE takes *text*, letter case counting."""
    with closing(sqlite3.connect(":memory:")) as database:
        database.execute("pragma case_sensitive_like = on")
        statement = f"select ? like '{pattern}' escape '\\'"
        return bool(database.execute(statement, (text,)).fetchone()[0])


def of_soql(literal: str) -> str:
    """What a reader of texts with backslashes reads: a quote ends it, a backslash takes the next."""
    quote, end, made, at = literal[0], len(literal) - 1, "", 1
    while literal[at] != quote:
        if literal[at] == "\\":
            at += 1
            made += {"n": "\n", "r": "\r", "t": "\t"}.get(literal[at], literal[at])
        else:
            made += literal[at]
        at += 1
    assert at == end, "the text ended early"
    return made


_TERM = re.compile(r'(?:\\.|[^\s+\-!():^\[\]"{}~*?\\/&|<>=])+', re.DOTALL)


def of_lucene(query: str) -> str:
    """What Lucene's classic syntax reads of a term, or of a phrase in double quotes."""
    if query.startswith('"'):
        return of_soql(query) if "\\" not in query else re.sub(r"\\(.)", r"\1", _phrase(query))
    assert _TERM.fullmatch(query), "no single term"
    assert query not in {"AND", "OR", "NOT", "TO"}, "an operator"
    assert "\\u" not in query, "a number of a character"
    return re.sub(r"\\(.)", r"\1", query, flags=re.DOTALL)


def _phrase(query: str) -> str:
    found = re.fullmatch(r'"((?:\\.|[^"\\])*)"', query, re.DOTALL)
    assert found, "the phrase ended early"
    return found[1]


# --- the rules ------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", HOSTILE)
def test_a_text_stays_itself(text: str) -> None:
    """Each style gives what its language reads as the same text, and nothing beside it."""
    assert of_sql(f"'{quoted(text, 'sql')}'") == text
    assert of_soql(f"'{quoted(text, 'backslash')}'") == text
    assert of_soql(f'"{quoted(text, "backslash")}"') == text
    assert matches_like(text, quoted(text, "like"))
    assert of_lucene(f'"{quoted(text, "lucene")}"') == text
    assert not text or of_lucene(quoted(text, "lucene")) == text


@settings(max_examples=300, deadline=None, database=None)
@given(TEXTS, TEXTS)
def test_any_text_stays_itself_or_is_refused(text: str, other: str) -> None:
    """What cannot be said safely is an error; all else is read back as it was."""
    if not refused(text, "sql"):
        assert of_sql(f"'{quoted(text, 'sql')}'") == text
        assert not re.search(r"\\(?:'|\Z)", text)
    assert of_soql(f"'{quoted(text, 'backslash')}'") == text
    assert matches_like(text, quoted(text, "like"))
    assert text == other or not matches_like(other, quoted(text, "like"))
    if text and not refused(text, "lucene"):
        assert of_lucene(quoted(text, "lucene")) == text


@pytest.mark.parametrize(
    ("style", "text", "value"),
    [
        ("sql", "o'neil", "o''neil"),
        ("sql", "DOMAIN\\ana", "DOMAIN\\ana"),
        ("sql", '"', '"'),
        ("backslash", "o'neil", "o\\'neil"),
        ("backslash", 'a"b\\c', 'a\\"b\\\\c'),
        ("backslash", "a\nb\r\tc", "a\\nb\\r\\tc"),
        ("like", "o'n_50%", "o''n\\_50\\%"),
        ("like", "a\\'b[c", "a\\\\''b\\[c"),
        ("lucene", "*@a-b.example", "\\*@a\\-b.example"),
        ("lucene", "a b", "a\\ b"),
        ("xml", '<O\'Neil & "Co">', "&lt;O&apos;Neil &amp; &quot;Co&quot;&gt;"),
        ("lucene", "AND", "\\AND"),
        ("lucene", "android", "android"),
    ],
)
def test_the_escapes_are_the_languages_own(style: str, text: str, value: str) -> None:
    """Each style escapes what its language says, and nothing else."""
    assert quoted(text, style) == value


@pytest.mark.parametrize("style", ["sql", "backslash", "like", "lucene", "xml"])
@pytest.mark.parametrize(
    "text",
    ["a\0b", "\x1b", "\x7f", "\x85", "\u2028", "\ud800"],
    ids=["NUL", "escape", "delete", "C1", "line separator", "surrogate"],
)
def test_control_characters_are_refused(style: str, text: str) -> None:
    """No style lets a character pass that ends a text in some reader of its language."""
    assert refused(text, style)
    assert refused(f"a{text}b", style)


@pytest.mark.parametrize("style", ["sql", "like", "lucene"])
@pytest.mark.parametrize("text", ["a\n", "a\rb", "\t"], ids=["LF", "CR", "tab"])
def test_line_breaks_are_refused_where_there_is_no_escape(style: str, text: str) -> None:
    """Only the style with escapes for them takes line breaks and tabs."""
    assert refused(text, style)


@pytest.mark.parametrize("text", ["\\'", "a\\'or 1=1", "\\", "x\\\\"])
def test_a_backslash_that_means_two_things_is_refused(text: str) -> None:
    """A backslash before a quote or at the end would end the text in one SQL, and not in another."""
    assert refused(text, "sql")
    assert not refused(text, "backslash")
    assert not refused(text, "like")


@pytest.mark.parametrize("text", [">5", "<a", ">=x"])
def test_a_range_of_lucene_is_refused(text: str) -> None:
    """Elasticsearch takes a leading < or > for a range once the escapes are gone."""
    assert refused(text, "lucene")


@pytest.mark.parametrize("value", [None, 7, True, [], {}])
def test_only_texts_are_quoted(value: Any) -> None:
    """As for all functions on text, anything else is an error."""
    with pytest.raises(EvaluationError):
        compile_expression("quoted(text, 'sql')", roots=["text"])({"text": value})


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("quoted(a, b)", "must be written out as a text"),
        ("quoted(a, style)", "must be written out as a text"),
        ("quoted(a, join('', ['sql']))", "must be written out as a text"),
        ("quoted(a, a || 'sql')", "must be written out as a text"),
        ("quoted(a, 'SQL')", "the styles are 'sql', 'backslash', 'like', 'lucene', 'xml'"),
        ("quoted(a, 'sqll')", 'did you mean "sql"?'),
        ("quoted(a, '')", "the styles are"),
        ("quoted(a, `null`)", "must be a string"),
        ("quoted(a, `1`)", "must be a string"),
        ("quoted(a)", "does not take 1 argument"),
        ("quoted(a, 'sql', 'x')", "does not take 3 arguments"),
        ("quoted(`1`, 'sql')", "must be a string"),
    ],
)
def test_the_style_is_a_word_of_the_list(text: str, words: str) -> None:
    """A style that is none, or that comes from the data, is an error at load."""
    with pytest.raises(ExpressionError) as caught:
        compile_expression(text)

    assert words in caught.value.reason


def graphql_value(document: str) -> str:
    """The text of the one argument in a GraphQL *document*."""
    (definition,) = graphql.parse(document).definitions
    assert isinstance(definition, graphql.OperationDefinitionNode)
    (field,) = definition.selection_set.selections
    assert isinstance(field, graphql.FieldNode)
    (argument,) = field.arguments or ()
    assert isinstance(argument.value, graphql.StringValueNode)
    return argument.value.value


@pytest.mark.parametrize("text", ["ana@example.com", 'a"b\\c', "a\nb", '") { all } #', "é"])
def test_a_text_of_graphql_stays_itself(text: str) -> None:
    """GraphQL's own reader reads the text, and nothing beside it."""
    assert graphql_value(f'{{ orders(email: "{quoted(text, "backslash")}") }}') == text
