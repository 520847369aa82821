"""What is logged, and what never is."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest

from tests.conftest import logged_to, logging_kept
from tests.fake_platform import FakePlatform, Reply
from tests.support import SECRET, TOKEN, USER, events, item, order, orders, serving, spec_of
from ticketbridge.engine.bridge import compile_mapping
from ticketbridge.service import logs
from ticketbridge.service.settings import Settings
from ticketbridge.workbench.answer_run import run_answer


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


def test_lines_for_people_are_for_our_own_stream(
    lines: io.StringIO, caplog: pytest.LogCaptureFixture
) -> None:
    """A handler that somebody else has added gets records alone."""
    logs.LOGGER.addHandler(caplog.handler)
    logs.tell("serving", "try: curl")

    assert lines.getvalue() == "serving\ntry: curl\n"
    assert caplog.records == []


def test_without_stderr_nothing_is_logged(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where a server of others has none, events are lost, and fail nothing."""
    with logging_kept(), monkeypatch.context() as patched:
        patched.setattr(sys, "stderr", None)
        logs.configure(Settings(), in_background=True)
        logs.log_event("answer", {})
        logs.LOGGER.error("uvicorn's")
        logs.flush()

    assert capsys.readouterr() == ("", "")


def test_a_stream_that_is_no_file_is_written_at_once() -> None:
    """A thread writes to descriptors alone."""
    stream = io.StringIO()
    with logging_kept():
        logs.configure(Settings(log_format="json"), stream, in_background=True)
        logs.log_event("answer", {"calls": 1})

    assert [row["calls"] for row in events(stream, "answer")] == [1]


def test_lost_lines_are_an_event_of_the_log(tmp_path: Path) -> None:
    """Once lines can be written again, a warning in the log's own form has their number."""
    read, write = os.pipe()
    os.close(read)
    with logging_kept(), os.fdopen(write, "w") as stream:
        logs.configure(Settings(log_format="json"), stream, in_background=True)
        logs.log_event("answer", {"calls": 1})
        logs.flush()
        with (tmp_path / "log").open("w") as other:
            os.dup2(other.fileno(), write)
        logs.log_event("answer", {"calls": 2})
        logs.flush()

    rows = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    assert [row["calls"] for row in rows if row["event"] == "answer"] == [2]
    (lost,) = [row for row in rows if row["event"] == "log lines dropped"]
    assert (lost["lines"], lost["level"]) == (1, "warning")


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


# --- who asks -------------------------------------------------------------------------------------


@pytest.mark.anyio
async def test_a_refused_caller_is_logged_by_address(
    platform: FakePlatform, lines: io.StringIO
) -> None:
    """A 401 and a 403 have the caller's address in their line, and no other answer has."""
    platform.on("/orders", Reply(json=orders()))
    allow = {"endpoint.access.allow": ["203.0.113.0/24"]}
    async with serving(compile_mapping(spec_of(base_url=platform.url))) as menta:
        await menta.get(f"/tickets?user={USER}", headers={"X-Menta-Secret": "guess"})
        await menta.get(f"/tickets?user={USER}")
        await menta.get("/tickets?user=nobody")
    async with serving(compile_mapping(spec_of(allow, base_url=platform.url))) as menta:
        await menta.get(f"/tickets?user={USER}")

    rows = [(row["status"], row.get("address")) for row in events(lines, "answer")]
    assert rows == [(401, "127.0.0.1"), (200, None), (400, None), (403, "127.0.0.1")]
    assert "guess" not in lines.getvalue()


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("forwarded", "address"),
    [
        ("198.51.100.7", "198.51.100.7"),
        ("203.0.113.1, 198.51.100.7", "198.51.100.7"),
        ("2001:db8::7", "2001:db8::7"),
        ("<script>", "unknown"),
    ],
)
async def test_behind_a_proxy_the_real_address_is_logged(
    lines: io.StringIO, forwarded: str, address: str
) -> None:
    """Behind trusted proxies it is the caller's own address, and never a text that is none."""
    settings = Settings(port=0, grace=1, trusted_proxies=(ip_network("127.0.0.0/8"),))
    async with serving(compile_mapping(spec_of()), settings=settings, secret=None) as menta:
        await menta.get(f"/tickets?user={USER}", headers={"X-Forwarded-For": forwarded})

    (row,) = events(lines, "answer")
    assert (row["status"], row["address"]) == (401, address)


@pytest.mark.anyio
async def test_an_accepted_secret_is_logged_by_its_number(
    platform: FakePlatform, lines: io.StringIO
) -> None:
    """The number counts the list as it is written, empty entries too; the secret itself is not logged."""
    platform.on("/orders", Reply(json=orders()))
    secrets = ["${MENTA_OLD:-}", "${MENTA_SECRET}", "${NEXT:-second-secret-of-menta}"]
    spec = spec_of({"endpoint.access.secrets": secrets}, base_url=platform.url)
    async with serving(compile_mapping(spec)) as menta:
        await menta.get(f"/tickets?user={USER}")
        await menta.get(
            "/tickets?user=nobody", headers={"X-Menta-Secret": "second-secret-of-menta"}
        )
        await menta.get(f"/tickets?user={USER}", headers={"X-Menta-Secret": ""})

    assert [row.get("secret") for row in events(lines, "answer")] == [2, 3, None]
    assert "second-secret" not in lines.getvalue()


def test_a_key_makes_the_marks_of_users_match() -> None:
    """With TICKETBRIDGE_LOG_KEY a user has one mark in all processes, and without it in one process."""
    script = (
        "from ticketbridge.service import logs; from ticketbridge.service.settings import settings_from;"
        f"logs.configure(settings_from()); print(logs.user_hash({USER!r}))"
    )
    marks = [
        subprocess.run(  # noqa: S603 - our own program
            [sys.executable, "-c", script],
            env={**os.environ, "TICKETBRIDGE_LOG_KEY": key},
            capture_output=True,
            check=True,
        ).stdout
        for key in ("k" * 16, "k" * 16, "l" * 100, "", "")
    ]

    assert marks[0] == marks[1]
    assert len({*marks}) == 4


# --- what is not for a log ------------------------------------------------------------------------


def log_defect(event: str, error: Exception) -> None:
    """Log *error* as a defect is logged, with its traceback."""
    logs.LOGGER.error("%s", event, exc_info=error)


HOSTILE = {
    "right-to-left": "\u202e",
    "isolate": "\u2066",
    "line separator": "\u2028",
    "paragraph separator": "\u2029",
    "next line": "\x85",
    "control sequence": "\x9b31m",
    "delete": "\x7f",
    "escape": "\x1b[2J",
    "zero width": "\u200b",
    "byte order mark": "\ufeff",
    "tag": "\U000e0041",
    "surrogate": "\udc80",
}


@pytest.mark.parametrize("form", ["json", "text"])
@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE)
def test_nothing_in_a_line_moves_a_cursor_or_turns_the_writing(form: str, hostile: str) -> None:
    """Whatever an event, a name, a value or a traceback holds, each line is printable to its end."""
    stream = io.StringIO()
    with logged_to(stream):
        logs.configure(Settings(log_format="json" if form == "json" else "text"), stream)
        fields = {
            f"n{hostile}": 1,
            "text": f"a{hostile}b",
            "list": [f"a{hostile}b"],
            "object": {f"a{hostile}": f"{hostile}b"},
        }
        logs.log_event(f"event{hostile}", fields)
        log_defect(f"defect{hostile}", KeyError(f"a{hostile}b"))

    text = stream.getvalue()
    assert [part for part in text.split("\n") if not part.isprintable()] == []
    assert text.count("event") >= 1
    if form == "json" and hostile != "\udc80":
        row = json.loads(text.splitlines()[0])
        assert (row["event"], row["text"]) == (f"event{hostile}", f"a{hostile}b")


def test_an_exceptions_text_is_no_line_of_the_log() -> None:
    """A line break in an exception's text does not begin a line that passes for one of the log's."""
    stream = io.StringIO()
    with logged_to(stream):
        logs.configure(Settings(log_format="text"), stream)
        log_defect("defect", ValueError("x\n2026-11-24T12:00:00.000Z INFO answer status=200"))

    assert [
        line for line in stream.getvalue().splitlines() if line.startswith("2026-11-24T12")
    ] == []


def test_a_value_cannot_pass_for_two() -> None:
    """In the text format a value with a blank, a quote or a `=` in it is quoted."""
    stream = io.StringIO()
    with logged_to(stream):
        logs.configure(Settings(log_format="text"), stream)
        logs.log_event("answer", {"a": 'x" status=200', "b": "y=1", "c": "z"})

    assert stream.getvalue().rstrip().endswith(r'a="x\" status=200" b="y=1" c=z')


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("body", "key"),
    [
        ({"Smith": [], "Ana_Lopez": []}, "orders"),
        ({"orders": [{"email": USER, "Smith": 1, "itmes": 2}]}, "items"),
        ({"orders": {"Smith": 1}}, ""),
        ({"orders": [order({"id": 1, "Smith": 2})]}, "state"),
        ({"orders": [order(item(1), {"Smith": 2, "state": "PAID"})]}, "id"),
    ],
)
async def test_keys_of_the_data_are_not_logged(
    platform: FakePlatform, lines: io.StringIO, body: object, key: str
) -> None:
    """Of a missing key the log names the mapping's word; what keys are there is for `fetch` to say."""
    platform.on("/orders", Reply(json=body))
    bridge = compile_mapping(spec_of(base_url=platform.url))
    async with serving(bridge) as menta:
        response = await menta.get(f"/tickets?user={USER}")

    (row,) = events(lines, "answer")
    assert row["problem"] == "mapping-mismatch"
    assert key in str(row["reason"])
    for name in ("Smith", "Ana_Lopez", "itmes"):
        assert name not in lines.getvalue()
        assert name not in response.text


@pytest.mark.anyio
async def test_keys_of_the_data_are_shown_to_who_writes_the_mapping(platform: FakePlatform) -> None:
    """The tools, which are asked to explain, name the keys that are there, and the one that was meant."""
    platform.on("/orders", Reply(json={"order": [], "page": 1}))
    bridge = compile_mapping(spec_of(base_url=platform.url))
    trial = await run_answer(bridge, USER)
    await bridge.aclose()

    assert trial.problem is not None
    assert 'the keys there: order, page; did you mean "order"?' in trial.problem.log
