"""`ticketbridge rehearse`: many users asked over real sockets, counted, and never named."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import anyio
import pytest

from tests.fake_platform import FakePlatform, Pause, Reply, Seen
from tests.support import SECRET, TOKEN, item, order, orders
from tests.workbench.cases_support import Folder
from ticketbridge.cli import main
from ticketbridge.workbench.page import Bars, as_html, as_markdown
from ticketbridge.workbench.rehearse.rehearsal_report import times_of

pytestmark = pytest.mark.anyio

Run = Callable[..., Awaitable[tuple[int, str, str]]]


@pytest.fixture
def folder(tmp_path: Path, platform: FakePlatform, monkeypatch: pytest.MonkeyPatch) -> Folder:
    """A folder to work in, with the tests' mapping, its variables set."""
    monkeypatch.chdir(tmp_path)
    variables = {"MENTA_SECRET": SECRET, "ACME_TOKEN": TOKEN, "ACME_API": platform.url}
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return Folder(tmp_path)


@pytest.fixture
def run(folder: Folder, capsys: pytest.CaptureFixture[str]) -> Run:
    """Rehearses with these users, a thousand a second; gives exit code, stdout and stderr."""

    async def run(*words: str, users: str = "ana@example.com\n") -> tuple[int, str, str]:
        folder.file("users.txt", users)
        whole = ["rehearse", "acme.yaml", "--users", "users.txt", "--rate", "1000", *words]
        code = await anyio.to_thread.run_sync(main, whole)
        return code, *capsys.readouterr()

    return run


def owner_of(seen: Seen) -> str:
    """The user that a request asks for."""
    return dict(seen.query)["email"]


def one_ticket(**changes: Any) -> Callable[[Seen], Reply]:
    """Gives whoever is asked for one order with one item."""
    return lambda seen: Reply(json=orders(order(item(1, **changes), email=owner_of(seen))))


def users_of(number: int) -> str:
    """The lines of a file with so many users."""
    return "".join(f"user{each}@example.com\n" for each in range(number))


async def test_a_good_mapping_passes(platform: FakePlatform, run: Run) -> None:
    """Where each user is answered and one owns a ticket, there is nothing to look at: exit code 0."""
    platform.on("/orders", one_ticket())

    code, out, err = await run("--format", "json", users=f"{users_of(7)}\nuser0@example.com\n")

    report = json.loads(out)
    assert (code, err, report["remarks"]) == (0, "", [])
    assert report["users"] == {"asked": 7, "repeated": 1, "left": 0}
    assert report["outcomes"] == {"tickets": 7}
    assert report["verdicts"] == {"returned": 7}
    assert report["statuses"][0]["words"] == [{"word": "PAID", "means": "VALID", "count": 7}]
    assert report["calls"][0]["outcomes"] == {"200": 7}
    assert report["answer"]["count"] == report["upstream"]["count"] == 7
    assert sum(report["answer"]["histogram"].values()) == 7
    assert {field["name"]: field["given"] for field in report["fields"]}["ticketId"] == 7
    assert len(platform.seen) == 7


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        pytest.param(
            lambda _seen: Reply(json=orders()),
            "no user was given a ticket: ask for users who own some",
            id="nothing shown",
        ),
        pytest.param(
            one_ticket(state="ON_HOLD"),
            "`item.state` gave 'ON_HOLD' 1 time, which its table does not list",
            id="unknown status",
        ),
        pytest.param(
            one_ticket(price="abc"), "`price` could not be made for 1 of 1 records", id="a field"
        ),
        pytest.param(
            lambda _seen: Reply(401, json={}), "1 of 1 answer: upstream-auth", id="credentials"
        ),
        pytest.param(
            lambda seen: Reply(json=orders(order(item(1), email=f"x{owner_of(seen)}"))),
            "1 user had records of other people alone: does `owner` name who owns the ticket now?",
            id="strangers",
        ),
        pytest.param(
            lambda _seen: Reply(429, json={}),
            "`order` was told to slow down (429) 1 time",
            id="too fast",
        ),
    ],
)
async def test_what_must_not_go_live_is_said_first(
    platform: FakePlatform, run: Run, reply: Callable[[Seen], Reply], said: str
) -> None:
    """Each thing that a user's owner would meet is an error of the report, and the exit code is 1."""
    platform.on("/orders", reply)

    code, out, _ = await run()

    assert code == 1
    assert said in out.split("Answers")[0]


async def test_a_field_that_never_comes_is_doubted(
    platform: FakePlatform, run: Run, folder: Folder
) -> None:
    """A path that is wrong in an optional field shows as a field that nobody was given."""
    folder.map({"ticket.fields.priceTypeId": "optional(item.tarif)"})
    platform.on("/orders", one_ticket())

    code, out, _ = await run(users=users_of(20))

    assert code == 0
    assert "`priceTypeId` was never given, in 20 records: is optional(item.tarif)" in out
    assert "20 (100 %)" in out


async def test_nothing_of_a_user_is_in_a_report(platform: FakePlatform, run: Run) -> None:
    """No address, name, id or token stands in any format, not even where the platform puts it oddly."""
    name = "Ana Lopez"
    platform.on(
        "/orders",
        lambda seen: Reply(
            json=orders(
                order(
                    item(1, state=f"held for {owner_of(seen)}"),
                    email=owner_of(seen),
                    buyer={"name": name},
                )
            )
            | {owner_of(seen): name}
        ),
        query={"email": "user0@example.com"},
    )
    platform.on(
        "/orders", Reply(json={"user1@example.com": 1}), query={"email": "user1@example.com"}
    )
    platform.on("/orders", one_ticket(), query={"email": "user2@example.com"})

    for format_ in ("text", "json", "html"):
        _, out, err = await run("--format", format_, users=users_of(3))
        assert "unknown_status" in out
        for word in ("example.com", "user0", "user1", name, TOKEN, SECRET, platform.url):
            assert word not in out + err


async def test_a_platform_that_fails_is_left_alone(platform: FakePlatform, run: Run) -> None:
    """After some answers in a row that the platform failed, nobody else is asked for."""
    platform.on("/orders", Reply(500, json={}))

    code, out, _ = await run("--stop-after", "3", "--at-once", "1", users=users_of(50))

    assert code == 1
    assert "stopped: the platform failed 3 answers in a row (upstream-error)" in out
    assert len(platform.seen) == 3


async def test_users_are_bounded_in_number(platform: FakePlatform, run: Run) -> None:
    """`--most` asks for the first ones, and the report says how many were not asked."""
    platform.on("/orders", one_ticket())

    code, out, _ = await run("--most", "3", users=users_of(5))

    assert (code, len(platform.seen)) == (0, 3)
    assert "2 users of the file not asked" in out


async def test_answers_begin_at_the_rate(platform: FakePlatform, run: Run) -> None:
    """No two answers begin sooner after each other than `--rate` says."""
    times: list[float] = []

    def note(seen: Seen) -> Reply:
        times.append(time.monotonic())
        return one_ticket()(seen)

    platform.on("/orders", note)
    await run("--rate", "20/1s", users=users_of(5))

    # What is measured is the platform's clock: a request may be late, and the next one then comes sooner.
    assert times[-1] - times[0] >= 4 * 0.05 * 0.8


@pytest.mark.parametrize(
    ("users", "said"),
    [
        ("", "users.txt: no user is in it: write one a line"),
        ("ana@example.com\nana\n", "users.txt: line 2: The query parameter `user` is no e-mail"),
        ("x y\n" * 9, "; and 4 more (one user a line"),
    ],
)
async def test_a_bad_file_of_users_is_refused(
    platform: FakePlatform, run: Run, users: str, said: str
) -> None:
    """A file that cannot be right ends it before the first call, and its lines are not repeated."""
    code, out, err = await run(users=users)

    assert (code, out) == (2, "")
    assert said in err
    assert "x y" not in err
    assert platform.seen == []


async def test_a_file_that_is_none_is_refused(run: Run, folder: Folder) -> None:
    """What cannot be read, is not UTF-8 or too large is named with what is wrong."""
    folder.path.joinpath("latin").write_bytes(b"\xe9@example.com")
    with folder.path.joinpath("large").open("wb") as file:
        file.seek(10_000_001)
        file.write(b"a")

    for name, said in (
        ("nothing", "the users cannot be read: No such file"),
        ("latin", "not UTF-8"),
        ("large", "over 10 MB"),
    ):
        code, _, err = await run("--users", name)
        assert code == 2
        assert said in err


@pytest.mark.parametrize("words", [("--rate", "2/x"), ("--rate", "0/1s"), ("--most", "0")])
async def test_a_bad_bound_is_refused(run: Run, words: tuple[str, ...]) -> None:
    """A bound that is none is wrong usage."""
    with pytest.raises(SystemExit) as ended:
        await run(*words)

    assert ended.value.code == 2


async def test_a_mapping_that_is_not_there(run: Run, folder: Folder) -> None:
    """A missing mapping is an error that names it."""
    folder.mapping.unlink()

    code, _, err = await run()

    assert code == 2
    assert "acme.yaml" in err


async def test_the_page_loads_nothing(platform: FakePlatform, run: Run, folder: Folder) -> None:
    """The HTML report is one file with drawings of its own, and shows the platform's text as text."""
    platform.on("/orders", one_ticket(state="<script>alert(1)</script>"))

    code, out, err = await run("--format", "html", "--output", "report.html")

    page = folder.path.joinpath("report.html").read_text("utf-8")
    tags = set(re.findall(r"<([a-z]+)", page))
    assert (code, out) == (1, "")
    assert "report.html: the report is written" in err
    assert "svg" in tags
    assert not {"script", "link", "img", "iframe"} & tags


async def test_progress_is_shown_on_a_terminal(
    platform: FakePlatform, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a terminal one line counts users and problems; a pipe has none of it."""
    platform.on("/orders", one_ticket())
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)

    _, _, err = await run(users=users_of(2))

    assert err.endswith("] 2 of 2 users, 0 problems\n")
    assert os.linesep not in err[:-1]


async def test_what_was_done_is_reported_when_it_is_interrupted(
    platform: FakePlatform, folder: Folder
) -> None:
    """Ctrl-C ends the calls, and the report has the answers until then."""
    folder.file("users.txt", users_of(3))
    platform.on("/orders", one_ticket())
    platform.on("/orders", Reply(hang=True), query={"email": "user2@example.com"})
    words = [sys.executable, "-m", "ticketbridge", "rehearse", "acme.yaml", "--users", "users.txt"]

    # Under the tracer of the coverage, Python 3.11 loses what is raised into an `async with`.
    variables = {name: value for name, value in os.environ.items() if "COV" not in name}

    async with await anyio.open_process([*words, "--at-once", "1"], env=variables) as process:
        while len(platform.seen) < 3:  # noqa: ASYNC110 - a test's wait, for what has no event
            await anyio.sleep(0.01)
        process.send_signal(signal.SIGINT)
        assert process.stdout is not None
        out = b"".join([part async for part in process.stdout]).decode()

    assert process.returncode == 1
    assert "stopped by the keyboard" in out
    assert "tickets  ######################################## 2" in out


async def test_slow_answers_and_broken_ones_are_counted(
    platform: FakePlatform, run: Run, folder: Folder
) -> None:
    """An answer near the time that is allowed is a warning, and a call without an answer has its reason."""
    folder.map({"upstream.timeout": "500ms"})
    reply = one_ticket()(Seen("GET", "", "", (("email", "user0@example.com"),), {}, 1))
    body = json.dumps(reply.json).encode()
    head = (
        f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    slow = Reply(steps=[Pause(0.3), head.encode(), body])
    platform.on("/orders", slow, query={"email": "user0@example.com"})
    platform.on("/orders", Reply(raw=b""), query={"email": "user1@example.com"})
    unread = Reply(body=b"no gzip", headers={"Content-Encoding": "gzip"})
    platform.on("/orders", unread, query={"email": "user2@example.com"})

    code, out, _ = await run("--format", "json", users=users_of(3))

    report = json.loads(out)
    assert code == 1
    assert any("0.5 s allowed" in remark["message"] for remark in report["remarks"])
    outcomes = report["calls"][0]["outcomes"]
    assert len(outcomes) == 3
    assert outcomes["a body that is no gzip"] == 1
    problems = {each["problem"] for each in report["problems"]}
    assert problems == {"upstream-unavailable", "upstream-unreadable"}


async def test_status_words_are_bounded_in_number(platform: FakePlatform, run: Run) -> None:
    """A field that is no status at all does not fill the report: after 40 words the rest is one row."""
    items = [
        item(n, state=f"{n:b} ".replace("0", "x").replace("1", "y") + "on hold " * ((60 - n) // 7))
        for n in range(60)
    ]
    platform.on("/orders", lambda seen: Reply(json=orders(order(*items, email=owner_of(seen)))))

    _, out, _ = await run("--format", "json")

    words = json.loads(out)["statuses"][0]["words"]
    assert len(words) <= 41
    assert sum(word["count"] for word in words) == 60
    assert max(len(word["word"]) for word in words) == 63  # cut, with its dots
    assert "(others)" in {word["word"] for word in words}


def test_percentiles_are_values_that_were_there() -> None:
    """p50 and p95 by the nearest rank; no answer, no time."""
    times = times_of([0.01 * number for number in range(1, 101)])

    assert (times.p50, times.p95, times.max) == (500, 950, 1000)
    assert sum(times.histogram.values()) == 100
    assert times_of([]).count == 0
    assert times_of([40.0]).histogram["over 30000 ms"] == 1


def test_bars_are_drawn_to_scale() -> None:
    """The longest bar is the largest count, in Markdown as in HTML; zero has none."""
    page = [Bars("Words & more", [("a<b", 10), ("c", 5), ("none", 0)])]

    drawn = as_markdown(page).splitlines()
    assert [line.count("#") for line in drawn] == [0, 0, 40, 20, 0, 0]
    assert 'width="400.0"' in as_html(page)
    assert "a&lt;b" in as_html(page)
    assert "Words &amp; more" in as_html(page)
