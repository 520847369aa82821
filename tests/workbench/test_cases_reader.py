"""What a cases file may say, and how each slip is found."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.workbench.cases_support import Folder
from ticketbridge.workbench.cases.reader import CasesError, read_cases

GOOD = """\
- case: one
  user: ana@example.com
  upstream: [{get: /orders, body: {orders: []}}]
  expect: {tickets: []}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """A mapping whose cases a test writes."""
    return Folder(tmp_path)


def _with(old: str, new: str) -> str:
    assert old in GOOD
    return GOOD.replace(old, new)


def test_a_good_file_has_no_findings(folder: Folder) -> None:
    """A byte order mark is no part of it."""
    assert folder.findings(GOOD) == ()
    assert folder.findings(f"\ufeff{GOOD}") == ()


@pytest.mark.parametrize(
    ("text", "at", "code", "words"),
    [
        pytest.param("", "1:1", "TB015", "the file is empty", id="empty"),
        pytest.param("- {a: b c: d}", "1:10", "TB002", "missing", id="no YAML"),
        pytest.param(
            _with("  user:", "  case: two\n  user:"), "2:3", "TB003", "stands twice", id="key twice"
        ),
        pytest.param("case: one", "1:1", "TB412", "should be a list", id="no list"),
        pytest.param("- one", "1:3", "TB412", "legal here: case, user, now", id="no mapping"),
        pytest.param(
            _with("  user:", "  users: x\n  user:"),
            "2:3",
            "TB410",
            'did you mean "user"? legal here: case, user, now, upstream, expect',
            id="unknown key",
        ),
        pytest.param(
            _with("{get: /orders,", "{get: /orders, bdy: 1,"),
            "3:29",
            "TB410",
            "body",
            id="in answer",
        ),
        pytest.param(
            _with("{tickets: []}", "{ticket: [], tickets: []}"),
            "4:12",
            "TB410",
            "tickets",
            id="in expect",
        ),
        pytest.param(_with("{get: /orders, body", "{body"), "3:14", "TB411", "`get`", id="no get"),
        pytest.param(f"{GOOD}- survivors: [a]", "5:14", "TB412", "`survivors`", id="survivors"),
        pytest.param(
            f"{GOOD}- {{survivors: {{a: b}}, case: c}}",
            "5:23",
            "TB410",
            "legal here: survivors",
            id="both",
        ),
        pytest.param(f"{GOOD}- survivors: {{a: ''}}", "5:18", "TB415", "reason", id="no reason"),
        pytest.param(
            _with("  user: ana@example.com\n", ""), "1:3", "TB411", "`user`", id="no user"
        ),
        pytest.param(
            _with("  expect: {tickets: []}\n", ""), "1:3", "TB411", "`expect`", id="no expect"
        ),
        pytest.param(
            _with("get: /orders", "post: orders"), "3:21", "TB414", "`post`", id="post no path"
        ),
        pytest.param(
            _with("get: /orders", "get: /a, post: /a"), "3:14", "TB416", "`post`", id="get and post"
        ),
        pytest.param(
            _with("get: /orders", "get: /a, json: {}"), "3:14", "TB416", "`post`", id="get a body"
        ),
        pytest.param(
            _with("get: /orders", "post: /a, json: {}, form: {}"),
            "3:14",
            "TB416",
            "one body",
            id="json and form",
        ),
        pytest.param(
            _with("get: /orders", "post: /a, form: {a: 1}"), "3:35", "TB412", "`a`", id="form"
        ),
        pytest.param(_with("one", "1"), "1:9", "TB412", "quote it", id="case no text"),
        pytest.param(_with("one", "[]"), "1:9", "TB412", "not a list", id="case a list"),
        pytest.param(_with("one", '""'), "1:9", "TB415", "empty", id="case empty"),
        pytest.param(f"{GOOD}{GOOD}", "5:3", "TB418", "here and on line 1", id="case twice"),
        pytest.param(
            _with("  upstream", "  now: 2026-11-24\n  upstream"),
            "3:8",
            "TB414",
            "T12",
            id="no time",
        ),
        pytest.param(
            _with("  upstream", "  now: soon\n  upstream"), "3:8", "TB414", "date", id="no date"
        ),
        pytest.param(
            _with("  upstream", "  now: 5\n  upstream"), "3:8", "TB412", "text", id="now no text"
        ),
        pytest.param(
            _with("[{get: /orders, body: {orders: []}}]", "/orders"),
            "3:13",
            "TB412",
            "`upstream` should be a list",
            id="upstream no list",
        ),
        pytest.param(
            _with("get: /orders", "get: orders"), "3:20", "TB414", "begins with `/`", id="no path"
        ),
        pytest.param(
            _with("get: /orders", 'get: "/a b"'), "3:20", "TB414", "without spaces", id="space"
        ),
        pytest.param(
            _with("body:", "status: ok, body:"), "3:37", "TB412", "whole number", id="status text"
        ),
        pytest.param(
            _with("body:", "status: true, body:"),
            "3:37",
            "TB412",
            "true or false",
            id="status true",
        ),
        pytest.param(
            _with("body:", "status: 99, body:"), "3:37", "TB414", "from 200 to 599", id="status 99"
        ),
        pytest.param(
            _with("body:", "headers: [], body:"), "3:38", "TB412", "a mapping", id="headers a list"
        ),
        pytest.param(
            _with("body:", "headers: {A b: c}, body:"),
            "3:39",
            "TB414",
            "legal name",
            id="header name",
        ),
        pytest.param(
            _with("body:", 'headers: {A: "b\\n"}, body:'),
            "3:42",
            "TB414",
            "line break",
            id="header",
        ),
        pytest.param(
            _with("body:", "headers: {A: true}, body:"),
            "3:42",
            "TB412",
            "quote it",
            id="header true",
        ),
        pytest.param(
            _with("body:", "content_type: a/b, headers: {Content-type: a/b}, body:"),
            "3:43",
            "TB416",
            "exclude each other",
            id="two content types",
        ),
        pytest.param(
            _with("body:", "text: x, body:"), "3:14", "TB416", "`body` and `text`", id="two bodies"
        ),
        pytest.param(
            _with("body: {orders: []}", "text: {}"), "3:35", "TB412", "a mapping", id="text no text"
        ),
        pytest.param(
            _with("body: {orders: []}", "body_file: ../o.json"),
            "3:40",
            "TB420",
            "below",
            id="above",
        ),
        pytest.param(
            _with("body: {orders: []}", "body_file: /o.json"),
            "3:40",
            "TB420",
            "below",
            id="absolute",
        ),
        pytest.param(
            _with("body: {orders: []}", "body_file: o.json"),
            "3:40",
            "TB421",
            "No such",
            id="no file",
        ),
        pytest.param(
            _with("body: {orders: []}", 'body_file: "\\0"'), "3:40", "TB421", "", id="a folder"
        ),
        pytest.param(
            _with("body: {orders: []}", 'body_file: ""'), "3:40", "TB415", "empty", id="no name"
        ),
        pytest.param(
            _with("body: {orders: []}", "body_file: acme.cases.yaml"),
            "3:40",
            "TB422",
            "is no JSON",
            id="no JSON",
        ),
        pytest.param(
            _with("{tickets: []}", "{}"), "4:11", "TB415", "at least one", id="expect empty"
        ),
        pytest.param(
            _with("{tickets: []}", "[]"), "4:11", "TB412", "a mapping", id="expect a list"
        ),
        pytest.param(
            _with("{tickets: []}", "{tickets: {}}"), "4:21", "TB412", "a list", id="tickets no list"
        ),
        pytest.param(
            _with("{tickets: []}", "{tickets: [1]}"),
            "4:22",
            "TB412",
            "ticket 1",
            id="ticket no mapping",
        ),
        pytest.param(
            _with("{tickets: []}", "{problem: upstream-auth, tickets: []}"),
            "4:11",
            "TB416",
            "`problem` and `tickets`",
            id="problem and tickets",
        ),
        pytest.param(
            _with("{tickets: []}", "{problem: upstream-auth, body: null}"),
            "4:11",
            "TB416",
            "`problem` and `body`",
            id="problem and body",
        ),
        pytest.param(
            _with("{tickets: []}", "{problem: upstream-oauth}"),
            "4:21",
            "TB413",
            'did you mean "upstream-auth"?',
            id="unknown problem",
        ),
        pytest.param(
            _with("{tickets: []}", "{problem: unauthorized}"),
            "4:21",
            "TB413",
            "no problem",
            id="other",
        ),
        pytest.param(
            _with("{tickets: []}", "{problem: null}"), "4:21", "TB412", "empty", id="problem null"
        ),
        pytest.param(
            _with("{tickets: []}", "{verdicts: [returned]}"),
            "4:22",
            "TB412",
            "a mapping",
            id="list",
        ),
        pytest.param(
            _with("{tickets: []}", "{verdicts: {retuned: 1}}"),
            "4:23",
            "TB413",
            'did you mean "returned"?',
            id="unknown verdict",
        ),
        pytest.param(
            _with("{tickets: []}", "{verdicts: {not_eligible: 1}}"),
            "4:23",
            "TB413",
            "what",
            id="of what",
        ),
        pytest.param(
            _with("{tickets: []}", '{verdicts: {"returned:x": 1}}'),
            "4:23",
            "TB413",
            "write",
            id="detail",
        ),
        pytest.param(
            _with("{tickets: []}", "{verdicts: {returned: -1}}"),
            "4:33",
            "TB414",
            "from 0",
            id="count",
        ),
        pytest.param(
            _with("{tickets: []}", '{verdicts: {returned: "1"}}'),
            "4:33",
            "TB412",
            "number",
            id="digits",
        ),
    ],
)
def test_each_slip_is_found_at_its_place(
    folder: Folder, text: str, at: str, code: str, words: str
) -> None:
    """One slip, one finding: file, line, column, code, and what would be right."""
    (finding,) = folder.findings(text)

    assert (str(finding.place), finding.code) == (f"{folder.cases}:{at}", code)
    assert words in f"{finding.message} {finding.suggestion}"


def test_all_slips_are_found_at_once(folder: Folder) -> None:
    """What is wrong in one case hides nothing in another."""
    text = _with("/orders", "orders") + "- case: two\n- case: 3\n  user: b\n  expect: {}\n"

    assert [finding.code for finding in folder.findings(text)] == [
        "TB414",
        "TB411",
        "TB411",
        "TB412",
        "TB415",
    ]


def test_scalars_are_read_as_in_a_mapping(tmp_path: Path) -> None:
    """Words and dates are text, numbers and null are JSON's, of any length."""
    file = tmp_path / "a.cases.yaml"
    body = "[NO, 012, 2026-11-24, 12345678901234567890123, 1.50, null, true]"
    file.write_text(_with("{orders: []}", body), "utf-8")
    (case,) = read_cases(file).cases

    assert case.answers[0].content == (
        b'["NO","012","2026-11-24",12345678901234567890123,1.5,null,true]'
    )


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"\xff", "not UTF-8"), (b" " * (1024 * 1024 + 1), "over 1 MiB")],
    ids=["bytes", "large"],
)
def test_a_file_that_is_no_text_is_not_read(tmp_path: Path, content: bytes, words: str) -> None:
    """It must be UTF-8 and of a size that a person could have written."""
    file = tmp_path / "a.cases.yaml"
    file.write_bytes(content)

    with pytest.raises(CasesError, match=words) as raised:
        read_cases(file)
    assert [finding.code for finding in raised.value.findings] == ["TB401"]


def test_a_file_that_is_not_there_is_not_read(tmp_path: Path) -> None:
    """The finding says why."""
    with pytest.raises(CasesError, match="cannot be read: No such file"):
        read_cases(tmp_path / "a.cases.yaml")


def test_a_link_does_not_lead_out_of_the_folder(folder: Folder, tmp_path: Path) -> None:
    """A body_file is where its links lead."""
    (tmp_path / "cases").mkdir()
    inner = Folder(tmp_path / "cases")
    folder.file("outside.json", "{}")
    (inner.path / "link.json").symlink_to(folder.path / "outside.json")
    text = _with("body: {orders: []}", "body_file: link.json")

    assert [finding.code for finding in inner.findings(text)] == ["TB420"]


def test_slips_that_no_case_notices_are_listed(folder: Folder) -> None:
    """Lists of them stand among the cases, each slip with its reason."""
    folder.file("acme.cases.yaml", f"- survivors: {{'a: b': c}}\n{GOOD}- survivors: {{d: e f}}\n")
    spec = read_cases(folder.cases)

    assert [case.name for case in spec.cases] == ["one"]
    assert [(each.name, each.reason, each.place.line) for each in spec.survivors] == [
        ("a: b", "c", 1),
        ("d", "e f", 6),
    ]
