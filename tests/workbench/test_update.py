"""Cases that accept what they came to: what is written, and what is left for people to write."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.workbench.cases_support import TICKET, Folder, item, orders_answer, run_cases
from ticketbridge.workbench.cases.case_output import OutputError
from ticketbridge.workbench.cases.update import Update, update_files


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """A mapping whose cases a test writes."""
    return Folder(tmp_path)


def _updated(folder: Folder, text: str) -> Update:
    folder.cases.write_bytes(text.encode())
    (update,) = update_files([folder.mapping])
    assert folder.cases.read_bytes().decode() == update.after
    return update


def _case(expect: str, *items: Any, **answer: Any) -> str:
    """A cases file with one case, whose `expect` is written as given."""
    upstream = json.dumps([orders_answer(*(items or (item(),)), **answer)])
    return f"""\
# cases of acme

- case: one   # the first
  user: ana@example.com
  upstream: {upstream}
{expect}
- survivors: {{a: b}}  # none
"""


FLOW = json.dumps(TICKET)


@pytest.mark.parametrize(
    ("expect", "updated"),
    [
        pytest.param(
            """\
  expect:
    tickets:
      - ticketId: "1"
        externalReferenceEventId: 'fest'   # quoted so
        showId: 'it''s'  # quoted
        ticketOptionId: A
        price: 11  # was dearer
        currency: EUR
        status: VALID
    verdicts: {returned: 1}
""",
            """\
  expect:
    tickets:
      - ticketId: "1"
        externalReferenceEventId: 'fest'   # quoted so
        showId: fest  # quoted
        ticketOptionId: A
        price: 10  # was dearer
        currency: EUR
        status: VALID
    verdicts: {returned: 1}
""",
            id="a value",
        ),
        pytest.param(
            '  expect: {tickets: [{ticketId: "1", showId: it\'s, externalReferenceEventId: "a\\"]}",'
            " ticketOptionId: 'A''', price: 10, currency: EUR, status: VALID}]}\n",
            """\
  expect:
    tickets:
      - ticketId: "1"
        externalReferenceEventId: fest
        showId: fest
        ticketOptionId: A
        price: 10
        currency: EUR
        status: VALID
""",
            id="too wide for brackets",
        ),
        pytest.param(
            "  expect: {verdicts: {returned: 2, not_owner: 1}}  # counts\n",
            "  expect: {verdicts: {returned: 1}}  # counts\n",
            id="in brackets",
        ),
        pytest.param(
            "  expect:\n    verdicts:\n      not_owner: 1\n\n    # and no more\n",
            "  expect:\n    verdicts:\n      returned: 1\n\n    # and no more\n",
            id="keys",
        ),
        pytest.param(
            "  expect:\n    verdicts: # as counted\n      ? not_owner\n      : 1\n",
            "  expect:\n    verdicts: # as counted\n      returned: 1\n",
            id="a comment before the lines",
        ),
        pytest.param(
            "  expect:\n    tickets: []  # none\n    verdicts: {returned: 1}\n",
            """\
  expect:
    tickets:
      - ticketId: "1"
        externalReferenceEventId: fest
        showId: fest
        ticketOptionId: A
        price: 10
        currency: EUR
        status: VALID  # none
    verdicts: {returned: 1}
""",
            id="lines in the place of brackets",
        ),
        pytest.param(
            "  expect:\n    body: null\n",
            """\
  expect:
    body:
      userEmail: ana@example.com
      tickets:
        - ticketId: "1"
          externalReferenceEventId: fest
          showId: fest
          ticketOptionId: A
          price: 10
          currency: EUR
          status: VALID
""",
            id="a body",
        ),
        pytest.param(
            f"  expect:\n    tickets:\n    - {FLOW}\n    - {FLOW}\n    verdicts: {{returned: 2}}\n",
            """\
  expect:
    tickets:
    - ticketId: "1"
      externalReferenceEventId: fest
      showId: fest
      ticketOptionId: A
      price: 10
      currency: EUR
      status: VALID
    verdicts: {returned: 1}
""",
            id="a list that is not indented",
        ),
        pytest.param(
            f"  expect:\n    tickets:\n      - {FLOW.replace('10', '11')}\n",
            f"  expect:\n    tickets:\n      - {FLOW}\n",
            id="a value in brackets",
        ),
    ],
)
def test_what_a_case_came_to_is_written(folder: Folder, expect: str, updated: str) -> None:
    """In the style that is there; all that stands elsewhere, or stays the same, is left as it is."""
    update = _updated(folder, _case(expect))

    assert update.after == _case(updated)
    assert update.refused == ()
    assert [result.passed for result in run_cases(folder.mapping)] == [True]


@pytest.mark.parametrize(
    ("expect", "updated"),
    [
        pytest.param(
            "    verdicts:  \n      not_owner: 1\n    tickets: []\n",
            "    verdicts: {}\n    tickets: []\n",
            id="lines",
        ),
        pytest.param(
            "    body: {userEmail: ana@example.com, tickets: []}\n"
            "    verdicts: {'violation:it''s': 1, \"violation:[\\\"\": 1,\n      violation:its': 1 }\n",
            "    body: {userEmail: ana@example.com, tickets: []}\n    verdicts: {}\n",
            id="brackets over two lines, with all kinds of quotes",
        ),
    ],
)
def test_an_empty_value_takes_the_place_of_another(
    folder: Folder, expect: str, updated: str
) -> None:
    """It stands in brackets, on the line of its key."""
    update = _updated(folder, _case(f"  expect:\n{expect}", body={"orders": []}))

    assert update.refused == ()
    assert update.after == _case(f"  expect:\n{updated}", body={"orders": []})


def test_nothing_is_written_where_nothing_fails(folder: Folder) -> None:
    """A file whose cases pass is the same, byte for byte, and no diff is shown."""
    update = _updated(folder, _case(f"  expect: {{tickets: [{FLOW}]}}\n"))

    assert (update.after, str(update)) == (update.before, "")


def test_the_diff_shows_what_was_written(folder: Folder) -> None:
    """As `diff -u` does."""
    lines = str(_updated(folder, _case("  expect: {verdicts: {returned: 2}}\n"))).splitlines()

    assert lines[:2] == [f"--- {folder.cases}", f"+++ {folder.cases}"]
    assert [line for line in lines[2:] if line[0] in "+-"] == [
        "-  expect: {verdicts: {returned: 2}}",
        "+  expect: {verdicts: {returned: 1}}",
    ]


def test_several_cases_are_updated_each_by_itself(folder: Folder) -> None:
    """Also where one is refused; the verdicts of a problem may be accepted."""
    second = _case(
        "  expect: {problem: mapping-mismatch, verdicts: {returned: 1}}\n", item(state="NEW")
    )
    third = _case("  expect: {verdicts: {not_owner: 2}}\n")
    fourth = _case(f"  expect: {{tickets: [{FLOW}]}}\n", item(state="REFUNDED"))
    texts = [second, third, fourth]
    names = ["two", "three", "four"]
    text = "".join(t.replace("one ", f"{n} ") for t, n in zip(texts, names, strict=True))
    update = _updated(folder, text)

    assert "expect: {problem: mapping-mismatch, verdicts: {unknown_status: 1}}" in update.after
    assert "expect: {verdicts: {returned: 1}}" in update.after
    assert [refusal.case for refusal in update.refused] == ["four"]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param(
            _case(f"  expect: {{tickets: [{FLOW}]}}\n", item(state="REFUNDED")),
            "no ticket is left: write it yourself, if it is right",
            id="none is left",
        ),
        pytest.param(
            _case(
                "  expect: {body: {userEmail: ana@example.com, tickets: [1]}}\n",
                item(state="REFUNDED"),
            ),
            "no ticket is left: write it yourself, if it is right",
            id="none is left of a body",
        ),
        pytest.param(
            _case("  expect: {tickets: []}\n", item(state="NEW")),
            "it comes to the problem mapping-mismatch, and expects an answer: write it yourself,"
            " if it is right",
            id="a problem",
        ),
        pytest.param(
            _case("  expect: {problem: upstream-auth}\n"),
            "it comes to an answer, and expects the problem upstream-auth: write it yourself,"
            " if it is right",
            id="no problem",
        ),
        pytest.param(
            _case("  expect: {tickets: []}\n", get="/other"),
            "the calls are others than those that it answers: mend `upstream`",
            id="an unexpected call",
        ),
        pytest.param(
            _case("  expect: {tickets: []}\n").replace("upstream: [", "upstream: [{get: /other},"),
            "the calls are others than those that it answers: mend `upstream`",
            id="a call that never came",
        ),
        pytest.param(
            _case(
                "  expect:\n    tickets:\n    - ticketId: '1'\n      externalReferenceEventId: fest\n"
                "      showId: fest\n      ticketOptionId: B\n        C\n      price: 10\n"
                "      currency: EUR\n      status: VALID\n"
            ),
            "its `expect` cannot be changed as it is written: write it yourself, if it is right",
            id="a text over two lines",
        ),
    ],
)
def test_what_is_not_plain_is_left_to_people(folder: Folder, text: str, reason: str) -> None:
    """The file stays as it is, and the reason is told with the place of the case."""
    update = _updated(folder, text)

    assert update.after == text
    assert [(refusal.place.line, refusal.reason) for refusal in update.refused] == [(3, reason)]
    assert str(update) == f"{folder.cases}:3:3: not updated: one: {reason}"


def test_line_ends_and_a_byte_order_mark_stay(folder: Folder) -> None:
    """A file that was written elsewhere keeps what is its own."""
    text = "\ufeff" + _case("  expect:\n    tickets: []\n").replace("\n", "\r\n")
    update = _updated(folder, text)

    assert update.after.startswith("\ufeff# cases of acme\r\n")
    assert update.after.count("\n") == update.after.count("\r\n")
    assert run_cases(folder.mapping)[0].passed


def test_a_file_that_cannot_be_used_is_left_alone(folder: Folder, tmp_path: Path) -> None:
    """And so is a mapping without cases; the others are updated."""
    (tmp_path / "other").mkdir()
    (tmp_path / "none").mkdir()
    other, none = Folder(tmp_path / "other"), Folder(tmp_path / "none")
    other.cases.write_text("- case: x")
    folder.cases.write_text(_case("  expect: {verdicts: {returned: 2}}\n"))

    updates = list(update_files([other.mapping, none.mapping, folder.mapping]))
    assert [update.file for update in updates] == [folder.cases]
    assert other.cases.read_text() == "- case: x"


def test_a_file_that_cannot_be_written_is_named(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No traceback where a folder is read-only."""

    def refuse(_file: Path, _content: bytes) -> int:
        raise PermissionError(13, "Permission denied")

    folder.cases.write_text(_case("  expect: {verdicts: {returned: 2}}\n"))
    monkeypatch.setattr(Path, "write_bytes", refuse)

    with pytest.raises(OutputError, match=r"cases\.yaml: cannot be written: Permission denied"):
        list(update_files([folder.mapping]))
