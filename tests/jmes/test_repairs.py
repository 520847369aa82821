"""Expressions as other languages write them: the error says what was meant, as it is written here."""

from __future__ import annotations

import contextlib
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ticketbridge.jmes import ExpressionError, compile_expression
from ticketbridge.jmes.functions import FUNCTIONS
from ticketbridge.jmes.repairs import form_meant, function_meant

ROOTS = ("body", "user", "order", "item", "events")

# What is written, and a repair that the error must name. Where it is a whole expression, it must be legal.
HABITS = [
    # --- JavaScript, Python ---
    ("item.row + '-' + item.seat", "join('', [item.row, '-', item.seat])"),
    ("'R' + item.row", "join('', ['R', item.row])"),
    ("item.a+item.b+'x'", "join('', [item.a, item.b, 'x'])"),
    ("upper(item.zone) + '-' + item.seat", "join('', [upper(item.zone), '-', item.seat])"),
    ("item.price + item.fee", "add(item.price, item.fee)"),
    ("item.row + item.seat", "join('', [item.row, item.seat])"),
    ("item.price + 5", "add(item.price, `5`)"),
    ("item.price + `5` + item.fee", "add(add(item.price, `5`), item.fee)"),
    ("item.total - item.fee", "subtract(item.total, item.fee)"),
    ("item.total -1", "subtract(item.total, `1`)"),
    ("item.list[0]-1", "subtract(item.list[0], `1`)"),
    ("item.count * 2", "multiply(item.count, `2`)"),
    ("item.cents / 100", "divide(item.cents, `100`)"),
    ("item.cents/item.count", "divide(item.cents, item.count)"),
    ("item.state === 'PAID'", "=="),
    ("item.state !== 'PAID'", "!="),
    ("item.state = 'PAID'", "write == to compare"),
    ("item.sold ? 'a' : 'b'", "item.sold && 'a' || 'b'"),
    ("item.state == 'x' ? item.a : item.b", "item.state == 'x' && item.a || item.b"),
    ("'a' if item.sold else 'b'", "item.sold && 'a' || 'b'"),
    ("item.nick ?? item.name", "default(item.nick, item.name)"),
    ("item.nick ?: item.name", "item.nick || item.name"),
    ("item.seat?.row", "optional(item.seat.row)"),
    ("item['row']", "item.row"),
    ('item["row"]', "item.row"),
    ("item['first name']", 'item."first name"'),
    ("item['e-mail'].x", 'item."e-mail"'),
    ("item[row]", "item.row"),
    ("events[order.event_id]", "lookup(events, 'id', order.event_id)"),
    ("item.'row'", "item.row"),
    ("item.tags.length()", "length(item.tags)"),
    ("item.zone.toLowerCase()", "lower(item.zone)"),
    ("item.zone.upper()", "upper(item.zone)"),
    ("item.seat.split('-')", "split(item.seat, '-')"),
    ("item.seat.split('-')[0]", "split(item.seat, '-')"),
    ("item.tags.includes('vip')", "contains(item.tags, 'vip')"),
    ("item.code.startsWith('A')", "starts_with(item.code, 'A')"),
    ("item.code.replace('a', 'b')", "replace(item.code, 'a', 'b')"),
    ("item.code.trim().lower()", "trim(item.code)"),
    ("'-'.join(item.parts)", "join('-', item.parts)"),
    ("len(item.tags)", "length(item.tags)"),
    ("str(item.id)", "to_string(item.id)"),
    ("parseInt(item.id)", "to_number(item.id)"),
    ("item.sold == None", "`null`"),
    ("item.sold == True", "`true`"),
    ("item.sold == undefined", "`null`"),
    ("f'{item.row}'", "join("),
    ("map(x => x.id, item.parts)", "&id"),
    ("item.a && not item.b", "!item.b"),
    ("item.a and item.b", "&&"),
    ("item.a or item.b", "||"),
    ("item.a & item.b", "&&"),
    ("item.zone in ['A', 'B']", "contains(['A', 'B'], item.zone)"),
    ("item.zone not in ['A', 'B']", "!contains(['A', 'B'], item.zone)"),
    ("item.zone in events", "contains(events, item.zone)"),
    ("item.a; ", "leave the ; out"),
    ("item.a // the zone of it", "no comments"),
    ("item.a /* the zone */", "no comments"),
    ("item.a # the zone", "no comments"),
    ("item.name == 'it's'", "\\'"),
    # --- SQL, OData ---
    ("concat(item.row, '-', item.seat)", "join('', [item.row, '-', item.seat])"),
    ("CONCAT(item.row, item.seat)", "join('', [item.row, item.seat])"),
    ("item.sold is null", "item.sold == `null`"),
    ("item.sold IS NOT NULL", "item.sold != `null`"),
    ("item.sold <> 'x'", "!="),
    ("item.n =< `5`", "<="),
    ("item.n => `5`", ">="),
    ("item.n \u2265 `5`", ">="),
    ("item.state eq 'PAID'", "=="),
    ("item.state ne 'PAID'", "!="),
    ("item.a AND item.b", "&&"),
    ("NOT item.a", "!item.a"),
    ("item.n between 1 and 5", "item.n >= `1` && item.n <= `5`"),
    ("item.code LIKE 'A%'", "starts_with(item.code, 'A')"),
    ("item.code like '%A%'", "contains(item.code, 'A')"),
    ("item.code not like '%A'", "!ends_with(item.code, 'A')"),
    ("item.code like 'A_C%'", "matches(text, regex)"),
    ("coalesce(item.nick, item.name)", "not_null(item.nick, item.name)"),
    ("NVL(item.nick, item.name)", "not_null(item.nick, item.name)"),
    ("substring(item.code, `0`, `2`)", "extract(text, regex)"),
    ("isnull(item.sold)", "x == `null`"),
    ("case when item.a then 'x' else 'y' end", "item.a && 'x' || 'y'"),
    ("if(item.a, 'x', 'y')", "condition && x || y"),
    ("item.state == ''PAID''", "'PAID'"),
    ("count(item.tags)", "length(item.tags)"),
    ("item.a -- the zone", "no comments"),
    ("item->>'row'", "item.row"),
    # --- JSONPath, jq ---
    ("$.orders", "leave $. out"),
    ("$.orders[*].id", "leave $. out"),
    ("$['orders']", "leave $ out"),
    ("item == $.other", "leave $. out"),
    ("$..id", "descendants(list, key)"),
    ("order..id", "descendants(list, key)"),
    ("$", "starts with a name"),
    (".orders[]", "leave the dot out"),
    ("order.items[] | .id", "leave the dot out"),
    ("order.items | select(a)", "list[?condition]"),
    ("order.items[0,1]", "[order.items[0], order.items[1]]"),
    ("order.items[last()]", "order.items[-1]"),
    ("order.items[@.state == 'PAID']", "order.items[?@.state == 'PAID']"),
    ("order.items[state == 'PAID']", "order.items[?state == 'PAID']"),
    ("order.items.[0]", "order.items[0]"),
    ("order.items.0", "order.items[0]"),
    ("item.nick // item.name", "item.nick || item.name"),
    ("first(order.items)", "[0] the first"),
    ("exists(item.seat)", "optional(x) != `null`"),
    # --- Perl, Ruby, templates ---
    ("item.code =~ 'A.*'", "matches(item.code, 'A.*')"),
    ("item.code =~ /^A/i", "matches(item.code, '(?i)^A')"),
    ("item.code !~ '^A'", "!matches(item.code, '^A')"),
    ("{{ item.code }}", "write item.code, without braces"),
    ("${item.code}", "write item.code, without braces"),
    ("{item.code}", "write item.code, without braces"),
    ("{user}", "write user, without braces"),
    ("/jobs/{item.code}", "join('', ['/jobs/', item.code])"),
    ("/jobs/{item.code}/{user}?x=1", "join('', ['/jobs/', item.code, '/', user, '?x=1'])"),
    ("{code = item.code}", "{code: item.code"),
    ("{user, item}", "{user: user, item: item}"),
    ("{'a': item.code}", "without quotes"),
    # --- keys and texts ---
    ("order.e-mail", 'order."e-mail"'),
    ("order.buyer.first-name == 'x'", 'order.buyer."first-name"'),
    ("lower(order.e-mail)", 'order."e-mail"'),
    ("order.items[?e-mail == 'x']", '"e-mail"'),
    ("order.line-2", 'order."line-2"'),
    ("order.a-b-c", 'order."a-b-c"'),
    ("item.@id", 'item."@id"'),
    ("item.#text", 'item."#text"'),
    ("item.$ref", 'item."$ref"'),
    ("item.xsi:nil", 'item."xsi:nil"'),
    ("item.state == PAID", "'PAID'"),
    ("item.state == PAID || item.state == OPEN", "'PAID'"),
    ("item.state != paid", "'paid'"),
    ("contains([PAID, OPEN], item.state)", "'PAID'"),
    ("default(item.state, NONE)", "'NONE'"),
    ("lookup(events, id, order.event)", "'id'"),
    ("split(item.seat, dash)", "'dash'"),
    ('item.state == "PAID"', "'PAID'"),
    ("item.state == \u201cPAID\u201d", "'PAID'"),
    ("item.state == \u2018PAID\u2019", "'PAID'"),
    ("item.state == `PAID`", "'PAID'"),
    ("ana@example.com", "'ana@example.com'"),
    ("channel:web", "'channel:web'"),
    ("item.a, item.b", "[item.a, item.b]"),
    ("item.n == 5", "`5`"),
    ("item.n == 1e5", "`1e5`"),
    ("item.n == .5", "`0.5`"),
    ("item.at > now", "now()"),
    # --- arguments the other way round ---
    ("map(order.items, &id)", "map(&id, order.items)"),
    ("map(order.items, id)", "map(&id, order.items)"),
    ("map(order.items, 'id')", "&"),
    ("sort_by(&id, order.items)", "sort_by(order.items, &id)"),
    ("sort_by(order.items, id)", "sort_by(order.items, &id)"),
    ("sort_by(order.items, 'id')", "sort_by(order.items, &id)"),
    ("max_by(&n, order.items).id", "max_by(order.items, &n)"),
    ("join([item.row, item.seat], '-')", "join('-', [item.row, item.seat])"),
    ("join(item.parts, ', ')", "join(', ', item.parts)"),
    ("join('-', item.row, item.seat)", "join('-', [item.row, item.seat])"),
    ("minor_units('EUR', item.cents)", "minor_units(item.cents, 'EUR')"),
    ("lookup('id', events, order.event)", "lookup(events, 'id', order.event)"),
    ("quoted('sql', user)", "quoted(user, 'sql')"),
    ("quoted(user, sql)", "'sql'"),
]


@pytest.mark.parametrize(("text", "repair"), [pytest.param(*row, id=row[0]) for row in HABITS])
def test_the_error_names_what_was_meant(text: str, repair: str) -> None:
    """A habit of another language is an error that says how the same is written here."""
    with pytest.raises(ExpressionError) as caught:
        compile_expression(text, roots=ROOTS)

    assert repair in caught.value.suggestion


@pytest.mark.parametrize("text", [pytest.param(text, id=text) for text, _ in HABITS])
def test_a_repair_that_is_an_expression_is_a_legal_one(text: str) -> None:
    """What the error says to write can be read: a repair is no new slip."""
    with pytest.raises(ExpressionError) as caught:
        compile_expression(text, roots=ROOTS)
    suggestion = caught.value.suggestion.split("; the roots are")[0]
    found = re.match(r"(?:to join texts )?write ((?:not_null|[a-z_]+)\([^;]*\))$", suggestion)

    if found is not None:
        compile_expression(found[1], roots=None)


def test_each_function_that_is_named_is_there() -> None:
    """No function of ours is taken for one of another language."""
    assert function_meant("concat") == "join"
    assert function_meant("STR_LEN") == function_meant("strlen") == "length"
    assert form_meant("isEmpty") == "write length(x) == `0`"
    for name in FUNCTIONS:
        assert function_meant(name) in {"", name}
        assert not form_meant(name)


WORDS = (
    *("a", "b-c", "item", "'x'", "`1`", "5", "..", "is null", " in ", " like ", "map(", "sort_by("),
    *("&id", "concat(", "join(", "//", "user", " not ", ".lower()", "item.", "default(", "[?"),
)


@settings(max_examples=400, deadline=2000, database=None)
@given(
    st.lists(
        st.sampled_from([*"+-*/%=~!?:;,.&|$@#<>()[]{}'\"`\\ \n", *WORDS]),
        max_size=25,
    ).map("".join)
)
def test_whatever_is_written_is_an_expression_or_an_error_of_one(text: str) -> None:
    """Looking for a repair never fails in another way, and never takes long."""
    with contextlib.suppress(ExpressionError):
        compile_expression(text, roots=ROOTS)


@pytest.mark.parametrize(
    "text",
    [
        "a " + "+ a " * 4000,
        "a ? " * 4000,
        "a[" * 5000,
        "(" * 90 + "a b",
        "'" + "x" * 9000 + "' 'y'",
        "a-" * 5000 + "b",
        "a." * 5000 + "-",
        "x(" * 60 + "a =~ b",
        "." * 9000,
        "a b" + " if a" * 3000,
    ],
    ids=range(10),
)
def test_a_long_slip_is_told_at_once(text: str) -> None:
    """The repair is looked for around the slip alone."""
    with pytest.raises(ExpressionError):
        compile_expression(text, roots=ROOTS)
