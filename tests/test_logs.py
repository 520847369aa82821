"""What is logged, and what never is."""

from __future__ import annotations

import io
import json
import re
from datetime import UTC, datetime, timedelta

import pytest

from tests.fake_platform import FakePlatform, Reply
from tests.support import SECRET, TOKEN, USER, events, item, order, orders, serving, spec_of
from ticketbridge import logs
from ticketbridge.bridge import compile_mapping
from ticketbridge.settings import Settings


@pytest.mark.anyio
async def test_each_answer_is_one_line(platform: FakePlatform, lines: io.StringIO) -> None:
    """A line has the request id, platform, status, problem, verdicts, calls and times."""
    platform.on(
        "/orders", Reply(json=orders(order(item(1), item(2, state="REFUNDED")))), Reply(500)
    )
    async with serving(compile_mapping(spec_of(base_url=platform.url))) as menta:
        await menta.get(f"/tickets?user={USER}", headers={"X-Request-Id": "r-1"})
        await menta.get(f"/tickets?user={USER}", headers={"X-Request-Id": "r-2"})
        await menta.get("/tickets?user=nobody", headers={"X-Request-Id": "r-3"})

    good, bad, refused = events(lines, "answer")
    assert good["request_id"] == "r-1"
    assert (good["platform"], good["status"], good["calls"]) == ("acme", 200, 1)
    assert good["verdicts"] == {"returned": 1, "not_eligible:REFUNDED": 1}
    assert good["level"] == "info"
    assert "problem" not in good
    assert isinstance(good["upstream_ms"], float)
    assert (bad["problem"], bad["status"], bad["level"]) == ("upstream-error", 502, "warning")
    assert bad["reason"] == "order: status 500"
    assert bad["user"] == good["user"]
    assert (refused["problem"], refused["calls"]) == ("invalid-user", 0)
    assert "user" not in refused


@pytest.mark.anyio
async def test_no_line_holds_personal_data_or_a_secret(
    platform: FakePlatform, lines: io.StringIO
) -> None:
    """No e-mail, query string, body, credential or upstream host is in the log, whatever fails."""
    replies = [
        Reply(json=orders(order(item(1)))),
        Reply(json=orders(order(item(1, price="private")))),
        Reply(json=orders({USER: "private", "other": 2})),
        Reply(json={USER: []}),
        Reply(500, json={"error": f"{USER} private"}),
        Reply(body=b"<h1>private ana@example.com</h1>"),
        Reply(raw=b""),
        Reply(302, headers={"Location": f"/login?u={USER}"}),
    ]
    bridge = compile_mapping(spec_of(base_url=platform.url))
    async with serving(bridge) as menta:
        for reply in replies:
            platform.on("/orders", reply)
            await menta.get(f"/tickets?user={USER}")

    answers = json.dumps(events(lines, "answer"))
    assert len(events(lines, "answer")) == len(replies)
    assert "status 302, a redirect to /login" in answers
    for private in (USER, "ana%40", "@example", "private", "/orders", "?u=", platform.url):
        assert private not in answers
    for secret in (USER, SECRET, TOKEN, "?user="):
        assert secret not in lines.getvalue()


@pytest.mark.anyio
async def test_a_defects_traceback_holds_no_address(
    platform: FakePlatform, lines: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A defect is logged with its traceback; an e-mail address in it is masked."""

    async def fail(*_: object, **__: object) -> None:
        raise KeyError(USER)

    bridge = compile_mapping(spec_of(base_url=platform.url))
    monkeypatch.setattr(bridge, "answer", fail)
    async with serving(bridge) as menta:
        await menta.get(f"/tickets?user={USER}")

    (defect,) = events(lines, "defect")
    assert "KeyError: '(e-mail)'" in str(defect["traceback"])
    assert USER not in lines.getvalue()


def test_a_value_cannot_start_a_line_of_its_own(lines: io.StringIO) -> None:
    """Control characters are escaped, in JSON and in text."""
    logs.log_event("a\nb", {"x": '1\n{"event": "forged"}\x1b[31m'})
    text = io.StringIO()
    logs.configure(Settings(log_format="text"), text)
    logs.log_event("a\nb", {"x": "1\nforged\x1b[31m", "n": 5, "none": None, "empty": ""})

    assert len(lines.getvalue().splitlines()) == 1
    assert len(text.getvalue().splitlines()) == 1
    assert "\x1b" not in text.getvalue()
    assert 'n=5 empty=""' in text.getvalue()


def test_a_defect_is_readable_on_a_terminal(lines: io.StringIO) -> None:
    """The text format has the traceback below its line."""
    del lines
    text = io.StringIO()
    logs.configure(Settings(log_format="text"), text)
    nothing: dict[str, int] = {}
    try:
        nothing["x"]
    except KeyError:
        logs.LOGGER.exception("defect")

    assert text.getvalue().count("KeyError: 'x'") == 1


def test_a_log_that_cannot_be_written_fails_no_answer(lines: io.StringIO) -> None:
    """A full disk or a closed pipe costs the line alone."""
    lines.close()

    logs.log_event("answer", {})
    logs.LOGGER.error("uvicorn's")


def test_other_handlers_get_records(lines: io.StringIO, caplog: pytest.LogCaptureFixture) -> None:
    """Where logging is set up by somebody else, an event is a record as any other."""
    logs.LOGGER.handlers[:] = [caplog.handler]
    logs.log_event("answer", {"calls": 1, "user": None})

    (record,) = caplog.records
    assert (record.getMessage(), vars(record)["fields"]) == ("answer", {"calls": 1})
    assert lines.getvalue() == ""


def test_a_line_has_its_moment_in_milliseconds(lines: io.StringIO) -> None:
    """Its time is UTC, in the form of RFC 3339."""
    before = datetime.now(UTC)
    logs.log_event("answer", {})
    (row,) = events(lines, "answer")

    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", str(row["time"]))
    written = datetime.fromisoformat(str(row["time"]))
    assert before - timedelta(milliseconds=2) <= written <= datetime.now(UTC)


def test_the_mark_of_a_user_is_no_address() -> None:
    """The same user has the same mark whatever the letter case, another user another one."""
    assert logs.user_hash(USER) == logs.user_hash(USER.upper())
    assert logs.user_hash(USER) != logs.user_hash("bea@example.com")
    assert len(logs.user_hash(USER)) == 16
