"""What `check` knows of the calls that one answer may take, and of their time."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.support import mapping, spec_of
from ticketbridge.cli import main
from ticketbridge.workbench.check.call_load import describe_load, doubt_rate, measure_load

EVENTS: dict[str, Any] = {"name": "event", "get": "/events", "each": "body.events"}
ORDERS: dict[str, Any] = {
    "name": "order",
    "get": "/events/{event.id}/orders",
    "query": {"email": "{user}"},
    "each": "body.orders",
}
ITEM: dict[str, Any] = {"name": "item", "each": "order.items"}
FAN_OUT: dict[str, Any] = {"source": [EVENTS, ORDERS, ITEM]}
NUMBERED: dict[str, Any] = {"number": {"start": 1}}
PAGED: dict[str, Any] = {
    "source.0.pages": NUMBERED,
    "source.0.query": {"email": "{user}", "p": "{page.number}"},
}


@pytest.mark.parametrize(
    ("changes", "most", "is_open", "part"),
    [
        pytest.param({}, 1, False, "`order` once", id="one call"),
        pytest.param(PAGED, 100, False, "`order` once, on up to 100 pages", id="pages"),
        pytest.param(
            {**PAGED, "upstream.max_calls": 30}, 30, False, "on up to 100 pages", id="capped"
        ),
        pytest.param(FAN_OUT, 200, True, "`order` for each `event`", id="fan-out"),
        pytest.param(
            {"source.0.responses": [{"status": 202, "then": "poll"}]},
            200,
            True,
            "`order` once, and again while it is not ready",
            id="poll",
        ),
        pytest.param(
            {
                "source": [
                    {**EVENTS, "take": "body", "each": ..., "pages": {"next_url": "body.next"}},
                    ORDERS,
                    ITEM,
                ]
            },
            200,
            True,
            "`order` for each `event`",
            id="below a paged take",
        ),
        pytest.param(
            {"source": [{**EVENTS, "take": "body", "each": ...}, ORDERS, ITEM]},
            2,
            False,
            "`order` once",
            id="below a take",
        ),
    ],
)
def test_what_the_file_alone_tells(
    changes: dict[str, Any], most: int, part: str, *, is_open: bool
) -> None:
    """Calls are counted where the file bounds them; below a list `max_calls` alone does."""
    if "source" in changes:
        entries = [{k: v for k, v in e.items() if v is not ...} for e in changes["source"]]
        changes = {**changes, "source": entries}

    load = measure_load(spec_of(changes))

    assert (load.most, load.is_open) == (most, is_open)
    assert any(part in each for each in load.parts)


@pytest.mark.parametrize(
    ("rate", "max_calls", "seconds"),
    [("20/1s", 200, 9), ("20/1s", 20, 0), ("20/1s", 21, 1), ("80/1m", 200, 120), ("1/500ms", 3, 1)],
)
def test_the_rate_tells_when_the_last_call_goes_out(
    rate: str, max_calls: int, seconds: float
) -> None:
    """A window's calls may go out together: the last one waits for all windows before its own."""
    load = measure_load(
        spec_of({**FAN_OUT, "upstream.rate": rate, "upstream.max_calls": max_calls})
    )

    assert load.seconds == seconds


@pytest.mark.parametrize(
    ("changes", "fits"),
    [
        ({"upstream.timeout": "8s"}, "`max_calls: 160` is what fits"),
        ({"upstream.timeout": "9s"}, "`max_calls: 180` is what fits"),
        ({"upstream.timeout": "9.5s"}, None),
        ({"upstream.max_calls": 160}, None),
        ({"upstream.rate": "80/1m", "upstream.timeout": "30s"}, "`max_calls: 80` is what fits"),
        ({"upstream.rate": "80/1m", "upstream.max_calls": 80}, None),
    ],
)
def test_calls_that_cannot_go_out_in_time_are_doubted(
    changes: dict[str, Any], fits: str | None
) -> None:
    """Where `max_calls` at the rate take as long as the answer may, `check` says what would fit."""
    found = list(doubt_rate(spec_of({**FAN_OUT, "upstream.rate": "20/1s", **changes})))

    if fits is None:
        assert found == []
    else:
        assert [finding.code for finding in found] == ["TB527"]
        assert fits in found[0].suggestion
        assert "more is `overloaded`" in found[0].suggestion


def test_what_fits_does_fit() -> None:
    """The number that is suggested is the greatest without a doubt."""
    for rate, timeout in (("20/1s", "8s"), ("7/300ms", "2s"), ("80/1m", "30s"), ("3/2s", "8s")):
        changes = {**FAN_OUT, "upstream.rate": rate, "upstream.timeout": timeout}
        (doubt,) = doubt_rate(spec_of({**changes, "upstream.max_calls": 1000}))
        fits = int(doubt.suggestion.split("`")[1].removeprefix("max_calls: "))

        assert list(doubt_rate(spec_of({**changes, "upstream.max_calls": fits}))) == []
        assert list(doubt_rate(spec_of({**changes, "upstream.max_calls": fits + 1})))


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({}, ""),
        (
            FAN_OUT,
            "acme: at most 200 calls for one answer (`event` once; `order` for each `event`)",
        ),
        (
            {"upstream.rate": "20/1s"},
            (
                "acme: at most 1 call for one answer (`order` once); at 20/1s they may all go"
                " out together, and one worker has room for 1,200 such answers a minute"
            ),
        ),
        (
            {**FAN_OUT, "upstream.rate": "20/1m"},
            (
                "acme: at most 200 calls for one answer (`event` once; `order` for each `event`); at 20/1m"
                " the last of them goes out 540s after the first, and one worker has room for 0.1 such"
                " answers a minute"
            ),
        ),
    ],
)
def test_a_line_says_what_an_answer_may_take(changes: dict[str, Any], line: str) -> None:
    """It names what makes the calls, their time and how many such answers a minute the rate has room for."""
    assert describe_load(spec_of(changes)) == line


@pytest.mark.parametrize(
    ("rate", "shown"),
    [
        ("20/1000ms", "20/1s"),
        ("5/300ms", "5/0.3s"),
        ("80/60s", "80/1m"),
        ("9/90s", "9/90s"),
        ("9/1h", "9/1h"),
    ],
)
def test_a_rate_is_shown_as_it_could_be_written(rate: str, shown: str) -> None:
    """In its largest unit, so that people recognise it."""
    assert str(spec_of({"upstream.rate": rate}).upstream.rate) == shown


def test_check_prints_the_line_for_people_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The text format has it above the summary; JSON is a list of findings; a broken mapping has none."""
    monkeypatch.chdir(tmp_path)
    Path("acme.yaml").write_text(json.dumps(mapping(FAN_OUT)), "utf-8")

    assert main(["check", "acme.yaml"]) == 0
    *_, line, summary = capsys.readouterr().out.splitlines()
    assert main(["check", "acme.yaml", "--format", "json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    Path("acme.yaml").write_text(json.dumps(mapping({**FAN_OUT, "ticket.owner": "x"})), "utf-8")
    assert main(["check", "acme.yaml"]) == 1
    broken = capsys.readouterr().out

    assert line.startswith("acme: at most 200 calls")
    assert summary.startswith("1 mapping: 0 errors")
    assert all(set(row) >= {"code", "message"} for row in rows)
    assert "at most 200 calls" not in broken
