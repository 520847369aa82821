"""The page of a mapping: complete, true to its file, without secrets, and safe to open."""

from __future__ import annotations

import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.support import SECRET, Changes, mapping
from ticketbridge.cli import main
from ticketbridge.mapping import Environment, load_mapping
from ticketbridge.mapping.spec import ExpressionSpec, ObjectSpec
from ticketbridge.workbench.page import Mono, Words
from ticketbridge.workbench.sheet.expression_words import condition_in_words, in_words

MAPPINGS = sorted(
    path
    for path in (Path(__file__).parents[3] / "mappings").glob("*.yaml")
    if not path.name.endswith(".cases.yaml")
)


def plain(words: Words) -> str:
    """Words with names in quotes."""
    return "".join(f"'{each.text}'" if isinstance(each, Mono) else each for each in words)


def sheet(
    folder: Path, capsys: pytest.CaptureFixture[str], changes: Changes | None = None, *words: str
) -> str:
    """The page of the changed MAPPING."""
    file = folder / "acme.yaml"
    file.write_text(json.dumps(mapping(changes)), "utf-8")
    assert main(["sheet", str(file), *words]) == 0
    return capsys.readouterr().out


def names_of(fields: ObjectSpec, before: str = "") -> list[str]:
    """The dotted names of fields."""
    names: list[str] = []
    for each in fields.fields:
        if isinstance(each.field, ObjectSpec):
            names += names_of(each.field, f"{before}{each.name}.")
        else:
            names.append(before + each.name)
    return names


@pytest.mark.parametrize("path", MAPPINGS, ids=lambda path: path.stem)
def test_nothing_of_a_mapping_is_missing(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each field, status word, reason and expression of a real mapping stands in its page."""
    spec = load_mapping(path, environment=Environment({}, missing="placeholder"))
    assert main(["sheet", str(path)]) == 0
    text = capsys.readouterr().out

    words = [word for table in spec.ticket.statuses for word in table.values]
    reasons = [each.name for each in spec.ticket.not_eligible_when]
    for name in (*names_of(spec.ticket.fields), *words, *reasons):
        assert f"| `{name}` |" in text
    rules = [each.expression.text for each in spec.ticket.not_eligible_when]
    rules += [
        each.field.text
        for each in spec.ticket.fields.fields
        if isinstance(each.field, ExpressionSpec)
    ]
    for rule in rules:
        assert " ".join(rule.split()).replace("|", "\\|") in text
    assert hashlib.sha256(path.read_bytes()).hexdigest() in text


@pytest.mark.parametrize("path", MAPPINGS, ids=lambda path: path.stem)
def test_a_page_has_no_secret_and_no_host(
    path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither the value nor the stand-in of a variable is shown, and no base URL."""
    for name in set(re.findall(r"\$\{(\w+)", path.read_text("utf-8"))):
        monkeypatch.setenv(name, "s3cret-value-of-a-variable")
    for form in ("markdown", "html"):
        assert main(["sheet", str(path), "--format", form]) == 0
        text = capsys.readouterr().out
        for hidden in ("s3cret-value", "placeholder", "base_url", "http://", "https://"):
            assert hidden not in text


def test_each_row_has_the_cells_of_its_head(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A word of the platform cannot end its cell: not with a bar, a line's end or a backtick."""
    odd = {"A|B": "VALID", "`C`": "ODD", "D\nE": "ODD"}
    text = sheet(tmp_path, capsys, {"ticket.status.values": {"PAID": "VALID", **odd}})

    cells = -1
    for line in text.splitlines():
        row = re.split(r"(?<!\\)\|", line)
        if re.fullmatch(r"\|(---\|)+", line):
            cells = len(row)
        elif not line.startswith("|"):
            cells = -1
        elif cells > 0:
            assert len(row) == cells, line
    for shown in ("`A\\|B`", "`` `C` ``", "`D E`"):
        assert f"| {shown} |" in text


class _Reader(HTMLParser):
    """Reads a page strictly: each element is closed in turn, and none loads or runs anything."""

    VOID = frozenset({"meta", "wbr"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag not in {"script", "img", "link", "iframe", "a", "object"}
        assert not {"src", "href", "onload", "onclick"} & {name for name, _ in attrs}
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_html_is_whole_escaped_and_loads_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What a mapping says is text in the page, never a part of it."""
    hostile = "</td><script>alert(1)</script>"
    changes = {"title": hostile, "ticket.status.values": {"PAID": "VALID", hostile: "ODD"}}
    text = sheet(tmp_path, capsys, changes, "--format", "html")
    reader = _Reader()
    reader.feed(text)
    reader.close()

    assert reader.open == []
    assert reader.text.count(hostile) == 3  # as the title, as the heading, as a word
    assert "url(" not in text
    assert "@import" not in text
    assert "<script>" not in sheet(tmp_path, capsys, {"title": hostile})


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "The caller sends a secret in the header `X-Menta-Secret`"),
        ({"endpoint.access": "open"}, "Whoever reaches the service may ask"),
        (
            {"endpoint.access": {"allow": ["203.0.113.0/24"]}},
            "these addresses may ask: `203.0.113.0/24`",
        ),
        ({"endpoint.user_format": "phone"}, "The user is a phone number"),
        ({"ticket.owner": "upstream"}, "The platform itself is trusted"),
        (
            {"ticket.status": {"const": "VALID"}},
            "All tickets that the platform gives count as valid",
        ),
        ({"ticket.on_violation": "omit"}, "Any other word, or none, leaves the ticket out"),
        ({"ticket.ineligible": "mark"}, "A ticket that is not valid is returned too"),
        ({"response": {"when_empty": 204}}, "| the platform says that the user owns none | 204"),
        ({"response": {"when_unknown_user": 404}}, "| the platform does not know the user | 404 |"),
        ({"ticket.fields.buyer": "order.email"}, "Fields that hold personal data: `buyer`."),
        ({}, "No field of the contract for personal data is given"),
        ({"ticket.fields.currency": {"const": "CHF"}}, "| always `CHF` |"),
        (
            {
                "ticket.fields.ticketOptionId": {
                    "from": "item.zone",
                    "values": {"A": "1"},
                    "else": "9",
                }
            },
            "| `zone` of the `item`: `A` is `1`; else `9` |",
        ),
        (
            {
                "source.0.responses": [
                    {"status": 404, "when": "body.code == 'NONE'", "then": "empty"}
                ]
            },
            "| `order` | the status is 404 and `code` of the answer is `NONE` | the user owns nothing |",
        ),
        (
            {"source.0.responses": [{"status": "5xx", "then": "retry"}]},
            "| `order` | the status is 500 to 599 | it is asked again |",
        ),
        ({"source.0.query": {"email": "{user}", "api_key": "k3y-of-the-platform-1"}}, "api_key=…`"),
        ({"endpoint.path": "/my"}, "`GET /my?user=…`. The user"),
        ({}, "or at /acme/tickets where several"),
        (
            {"source.0.each": "body.orders[?open == `true`]"},
            "| each entry of `orders` of the answer where its",
        ),
        (
            {"source.1.each": "items(order.items)[*].value"},
            "each `value` of the entries of the names and",
        ),
        (
            {"source.0.each": "body.orders[*].{items: items, email: email, event: event}"},
            "one after the other, worked",
        ),
        ({"upstream.timeout": "3s"}, "| time for a whole answer | 3 s |"),
        ({}, "These optional fields of the contract: `priceTypeId`, `buyer`"),
        ({}, "| 502 | `mapping-mismatch` |"),
    ],
)
def test_the_page_says_what_the_mapping_says(
    changes: Changes, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each choice of a mapping is a sentence or a row."""
    assert said in sheet(tmp_path, capsys, changes)


def test_a_body_of_its_own_is_said_to_be_one(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where a mapping has its own schema, the meaning of fields is the one that it gives them."""
    code = {"type": "string", "description": "The number on the ticket's back."}
    properties = {"ticketId": code, "currency": True, "price": {"minimum": 0}}
    schema = {
        "type": "array",
        "items": {"type": "object", "properties": properties, "required": ["ticketId"]},
    }
    (tmp_path / "own.json").write_text(json.dumps(schema), "utf-8")
    response = {"body": "tickets[*].{ticketId: ticketId}", "schema": "own.json"}
    text = sheet(tmp_path, capsys, {"response": response})

    assert "made by the rule `tickets[*].{ticketId: ticketId}`" in text
    assert "| `ticketId` | The number on the ticket's back. |" in text
    assert "| `price` | What was paid for the ticket" in text
    assert "These optional fields of the contract" not in text


def test_a_broken_mapping_has_no_page(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its findings are told, and nothing is printed that somebody could sign."""
    file = tmp_path / "bad.yaml"
    file.write_text(json.dumps(mapping({"ticket.fields.prize": "item.price"})), "utf-8")

    assert main(["sheet", str(file)]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert "prize" in err
    assert SECRET not in err
    assert main(["sheet", str(tmp_path / "none.yaml")]) == 2


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("item.id", "'id' of the 'item'"),
        ("user", "the asked user"),
        ("order.event.code", "'event.code' of the 'order'"),
        ("order.seats[0].row", "'row' of the first entry of 'seats' of the 'order'"),
        ("order.seats[-1]", "the last entry of 'seats' of the 'order'"),
        ("upper(item.cur)", "'cur' of the 'item' in capitals"),
        ("item.a || item.b", "'a' of the 'item', or if that is empty 'b' of the 'item'"),
        ("date(item.at, null_if('%Y', 'x'))", "the moment 'at' of the 'item'"),
        (
            "lookup(events, 'slug', order.event).currency",
            "'currency' of the entry of the 'events' whose 'slug' is 'event' of the 'order'",
        ),
        (
            "join('-', [item.row, item.seat])",
            "'row' of the 'item', 'seat' of the 'item', joined by '-'",
        ),
        (
            "item.tags[?name == 'x'].value",
            "'value' of the entries of 'tags' of the 'item' where its 'name' is 'x'",
        ),
        (
            "item.a == 'x' && 'yes' || item.b && 'no'",
            "'yes' where 'a' of the 'item' is 'x', else 'no' where 'b' of the 'item' is true or not empty",
        ),
        ("item.tags[]", "the entries of 'tags' of the 'item'"),
        ("item.tags[*].a.b", "'a.b' of the entries of 'tags' of the 'item'"),
        ("item.a == 'x'", "whether 'a' of the 'item' is 'x'"),
        ("item.*", "worked out by the rule 'item.*'"),
        ("[item.a, item.b]", "worked out by the rule '[item.a, item.b]'"),
        ("items(item.x)[*].{a: key}", "worked out by the rule 'items(item.x)[*].{a: key}'"),
        ("item.tags.join('-', @)", None),
        ("split(item.a)", "worked out by the rule 'split(item.a)'"),
        ("item.a == 'x' && 'yes' || 'no'", None),
    ],
)
def test_expressions_in_words(expression: str, said: str | None) -> None:
    """Plain expressions are said in words; where words would not be exact, the rule stands itself."""
    assert plain(in_words(expression)) == (said or f"worked out by the rule '{expression}'")


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("order.test", "'test' of the 'order' is true"),
        ("item.used != `null`", "'used' of the 'item' is given"),
        ("item.used == `null`", "'used' of the 'item' is empty"),
        ("length(item.scans) > `0`", "'scans' of the 'item' has an entry"),
        ("length(item.scans) == `0`", "'scans' of the 'item' has no entry"),
        (
            "length(item.scans) > `1`",
            "the number of entries (or letters) in 'scans' of the 'item' is more than '1'",
        ),
        (
            "date(item.end) <= now()",
            "the moment 'end' of the 'item' is not after the moment of asking",
        ),
        ("!(item.ok)", "it is not so that 'ok' of the 'item' is true or not empty"),
        (
            "(item.a == 'x' || item.b == 'y') && item.c == 'z'",
            "('a' of the 'item' is 'x' or 'b' of the 'item' is 'y') and 'c' of the 'item' is 'z'",
        ),
        ("item.a < `null`", "'a' of the 'item' is less than nothing"),
        ("item.xs[?a.b == 'x'] == `[]`", "the rule 'item.xs[?a.b == 'x'] == `[]`' is true"),
        (
            "item.xs[?contains(y, 'x')] == item.z",
            "the rule 'item.xs[?contains(y, 'x')] == item.z' is true",
        ),
        ("contains(item.tags, 'vip')", "'tags' of the 'item' contains 'vip'"),
    ],
)
def test_conditions_in_words(expression: str, said: str) -> None:
    """A condition reads as one; of the names in a list's condition it is said whose they are."""
    assert plain(condition_in_words(expression)) == said
