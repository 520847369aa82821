"""`serve` as its operator meets it: a real process, its signals, its pipes, and what it says."""

from __future__ import annotations

import asyncio
import json
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import takewhile
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.fake_platform import FakePlatform, Pause, Reply
from tests.processes import (
    HEADERS,
    PATIENCE,
    Program,
    own_process,
    serving_program,
    workers_of,
)
from tests.support import SECRET, TOKEN, Changes, item, mapping, order, orders
from ticketbridge.engine.bridge import compile_mapping
from ticketbridge.mapping import Environment, parse_mapping
from ticketbridge.service.app import create_app
from ticketbridge.service.settings import Settings, SettingsError

pytestmark = pytest.mark.anyio

ROOT = Path(__file__).parents[1]
GOOD = Reply(json=orders(order(item(1))))
OPEN: Changes = {"endpoint.access": "open"}


def slow(seconds: float) -> Reply:
    """A good answer that takes its time."""
    return Reply(steps=(Pause(seconds), *GOOD.script()))


def command(
    folder: Path, *flags: str, changes: Changes | None = None, **variables: str
) -> tuple[list[str], dict[str, str]]:
    """The words and the variables of a `serve` of the changed MAPPING."""
    file = folder / "acme.yaml"
    file.write_text(json.dumps(mapping(changes)), "utf-8")
    known = {"MENTA_SECRET": SECRET, "ACME_TOKEN": TOKEN, "ACME_API": "http://127.0.0.1:9"}
    words = [sys.executable, "-m", "ticketbridge", "serve", *flags, str(file)]
    return words, {**os.environ, **known, **variables}


def refused(folder: Path, *flags: str, changes: Changes | None = None, **variables: str) -> str:
    """What a `serve` says that does not start: one line, and the exit code of wrong usage."""
    words, environment = command(folder, *flags, changes=changes, **variables)
    ended = subprocess.run(  # noqa: S603 - our own program
        words, env=environment, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert (ended.returncode, ended.stdout) == (2, "")
    for raw in ("Errno", "Traceback", "vicorn", '"event"'):
        assert raw not in ended.stderr
    (line,) = ended.stderr.splitlines()
    assert line.startswith("ticketbridge: ")
    return line


async def until_ready(menta: httpx.AsyncClient, url: str) -> None:
    """Wait until a pull is answered there."""
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                if (await menta.get(f"{url}/readyz")).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.05)


async def until(condition: Callable[[], object]) -> None:
    """Wait for what comes in its own time."""
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110 - there is no event for it
            await asyncio.sleep(0.05)


def client() -> httpx.AsyncClient:
    """menta tech."""
    return httpx.AsyncClient(headers=HEADERS, trust_env=False, timeout=PATIENCE)


def started(program: Program) -> int:
    """How many workers have said that they answer."""
    events = [line["event"] for line in program.lines()]
    return events.count("Application startup complete.")


def is_alive(pid: int) -> bool:
    """Whether a process runs."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text("ascii")
    except (FileNotFoundError, ProcessLookupError):
        return False
    return status.rpartition(")")[2].split()[0] != "Z"


# --- where it cannot listen -----------------------------------------------------------------------


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_taken_port_is_one_clear_line(tmp_path: Path, workers: str) -> None:
    """A port that another program has is said in words, with one worker and with more."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        said = refused(tmp_path, "--port", port, "--workers", workers)

    assert f"port {port}: another program listens there" in said


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_taken_port_of_the_metrics_is_said_to_be_theirs(tmp_path: Path, workers: str) -> None:
    """Two services on one machine cannot have the same port for their metrics: one line says what to do."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        said = refused(tmp_path, "--port", "0", "--metrics-port", port, "--workers", workers)

    assert f"metrics: cannot listen on 127.0.0.1, port {port}: another program listens" in said
    assert "0 leaves the metrics out" in said


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (["--port", "abc"], "--port must be a port from 0 to 65535, not 'abc'"),
        (["--port", "65536"], "--port must be a port from 0 to 65535"),
        (["--host", "nosuch.invalid"], "cannot listen on 'nosuch.invalid'"),
        (["--host", "192.0.2.1", "--workers", "2"], "this machine does not have that address"),
        (["--host", ""], "--host must be an address to listen on"),
    ],
)
def test_where_it_cannot_listen_is_one_clear_line(
    tmp_path: Path, flags: Sequence[str], said: str
) -> None:
    """A host or a port that cannot be is wrong usage, and no text of a library's is shown."""
    assert said in refused(tmp_path, *flags)


def test_a_wrong_variable_is_one_clear_line(tmp_path: Path) -> None:
    """What a flag may say wrong, a variable may too."""
    said = refused(tmp_path, TICKETBRIDGE_PORT="abc")

    assert "TICKETBRIDGE_PORT must be a port from 0 to 65535, not 'abc'" in said


# --- open access ----------------------------------------------------------------------------------


@pytest.mark.parametrize("flags", [["--host", "0.0.0.0"], ["--host", "0.0.0.0", "--workers", "2"]])
def test_open_access_is_not_served_to_the_network(tmp_path: Path, flags: Sequence[str]) -> None:
    """`access: open` is served on loopback alone, and the error says by what else."""
    said = refused(tmp_path, *flags, changes=OPEN)

    assert "`acme` has `access: open`" in said
    assert "TICKETBRIDGE_ALLOW_OPEN=1" in said


@pytest.mark.parametrize(
    ("host", "allow_open", "serves"),
    [
        ("127.0.0.1", False, True),
        ("localhost", False, True),
        ("::1", False, True),
        ("0.0.0.0", False, False),
        ("::", False, False),
        ("192.0.2.1", False, False),
        ("0.0.0.0", True, True),
    ],
)
def test_an_application_says_where_it_is_reached(host: str, allow_open: bool, serves: bool) -> None:
    """An application with open access is made only for loopback, whoever runs it."""
    document = json.dumps(mapping({**OPEN, "upstream.base_url": "https://a.example"}))
    variables = {"ACME_TOKEN": TOKEN}
    spec = parse_mapping(document, file="acme.yaml", environment=Environment(variables))
    bridges, settings = [compile_mapping(spec)], Settings(host=host, allow_open=allow_open)

    if serves:
        create_app(bridges, settings)
    else:
        with pytest.raises(SettingsError, match="ALLOW_OPEN"):
            create_app(bridges, settings)


# --- what it says ---------------------------------------------------------------------------------


async def test_it_says_what_it_serves_in_json(platform: FakePlatform, tmp_path: Path) -> None:
    """In JSON each line stays a document: one a path, with its platform, access and a `curl`."""
    platform.on("/orders", GOOD)
    changes = {"endpoint.access.allow": ["127.0.0.0/8"]}
    with serving_program(tmp_path, platform.url, changes) as program:
        async with client() as menta:
            await until_ready(menta, program.url)
        (line,) = [line for line in program.lines() if line["event"] == "serving"]

    assert line["platform"] == "acme"
    assert line["url"] == f"{program.url}/tickets"
    assert line["access"] == "with a secret in X-Menta-Secret from 127.0.0.0/8"
    assert SECRET not in program.log.read_text()


@pytest.mark.parametrize("form", ["json", "text"])
@pytest.mark.parametrize(
    ("changes", "user"),
    [
        ({}, "ana@example.com"),
        (
            {
                "endpoint.user_format": "phone",
                "endpoint.user_parameter": "filter[phone]",
                "endpoint.path": "/it's/tickets",
            },
            "+34600111222",
        ),
        ({**OPEN, "endpoint.user_format": "any"}, "4711"),
    ],
)
@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
async def test_the_curl_that_it_prints_works(
    platform: FakePlatform, tmp_path: Path, form: str, changes: Changes, user: str
) -> None:
    """Pasted into a shell that has the secret's variable, the command asks as menta tech does."""
    platform.on("/orders", Reply(json=orders()))
    with serving_program(tmp_path, platform.url, changes, TICKETBRIDGE_LOG_FORMAT=form) as program:
        async with client() as menta:
            await until_ready(menta, program.url)
        text = program.log.read_text()
        line = next(line for line in text.splitlines() if "curl " in line)
        told = line.strip() if form == "text" else json.loads(line)["try"]
        shell = await asyncio.create_subprocess_exec(
            "sh",
            "-c",
            f"{told} -s",
            env={"MENTA_SECRET": SECRET, "PATH": os.environ["PATH"]},
            stdout=subprocess.PIPE,
        )
        answer, _ = await shell.communicate()

    assert json.loads(answer) == {"userEmail": user, "tickets": []}
    assert SECRET not in text


def test_the_warnings_of_a_mapping_are_logged(tmp_path: Path) -> None:
    """What `check` would warn of is said at the start too, with its place."""
    with running(tmp_path, MENTA_SECRET="rock-2026") as process:
        lines = list(takewhile(lambda line: line["event"] != "serving", told(process)))

    (line,) = [line for line in lines if line["event"] == "mapping warning"]
    assert (line["code"], line["level"]) == ("TB058", "warning")
    assert "rock-2026" not in json.dumps(line)


@contextmanager
def running(folder: Path, **variables: str) -> Iterator[subprocess.Popen[bytes]]:
    """A `serve` whose stderr is a pipe that the test reads, or does not."""
    words, environment = command(folder, "--port", "0", changes=None, **variables)
    environment |= {"TICKETBRIDGE_LOG_FORMAT": "json"}
    with own_process(words, env=environment, stderr=subprocess.PIPE) as process:
        yield process


def told(process: subprocess.Popen[bytes]) -> Iterator[dict[str, Any]]:
    """The lines that a process logs, as they come."""
    assert process.stderr is not None
    return map(json.loads, iter(process.stderr.readline, b""))


# --- stderr ---------------------------------------------------------------------------------------


async def test_a_log_that_nobody_reads_holds_no_answer_up(
    platform: FakePlatform, tmp_path: Path
) -> None:
    """With stderr a full pipe, pulls and `/healthz` are answered, and it ends in time; no line is lost."""
    platform.on("/orders", GOOD)
    number = 600  # of lines, which are more than a pipe takes
    with running(tmp_path, ACME_API=platform.url) as process:
        lines = told(process)
        url = await asyncio.to_thread(
            lambda: next(line["url"] for line in lines if line["event"] == "serving")
        )
        async with client() as menta, asyncio.timeout(PATIENCE):
            statuses = {
                (await menta.get(f"{url}?user=ana%40example.com")).status_code
                for _ in range(number)
            }
            health = await menta.get(url.replace("/tickets", "/healthz"))
        answers = await asyncio.to_thread(
            lambda: [
                next(line for line in lines if line["event"] == "answer") for _ in range(number)
            ]
        )
        process.send_signal(signal.SIGTERM)
        rest = await asyncio.to_thread(lambda: [line["event"] for line in lines])
        code = await asyncio.to_thread(process.wait, PATIENCE)

    assert (statuses, health.status_code, code) == ({200}, 200, 0)
    assert {row["status"] for row in answers} == {200}
    assert "log lines dropped" not in rest


async def test_it_ends_in_time_while_nobody_reads_its_log(
    platform: FakePlatform, tmp_path: Path
) -> None:
    """A full pipe keeps a process that is told to leave for a few seconds at most."""
    platform.on("/orders", GOOD)
    with running(tmp_path, ACME_API=platform.url) as process:
        lines = told(process)
        url = await asyncio.to_thread(
            lambda: next(line["url"] for line in lines if line["event"] == "serving")
        )
        async with client() as menta:
            for _ in range(600):
                await menta.get(f"{url}?user=ana%40example.com")
        process.send_signal(signal.SIGTERM)
        code = await asyncio.to_thread(process.wait, 10)

    assert code == 0


@pytest.mark.parametrize("workers", ["1", "2"])
async def test_a_closed_stderr_ends_nothing(
    platform: FakePlatform, tmp_path: Path, workers: str
) -> None:
    """Started with `2>&-` it serves, says on stdout that its log is lost, and sends no line to a caller."""
    platform.on("/orders", GOOD)
    port = _free_port()
    words, environment = command(
        tmp_path, "--port", str(port), "--workers", workers, ACME_API=platform.url
    )
    shell = ["sh", "-c", f"exec {shlex.join(words)} 2>&-"]
    with own_process(shell, env=environment, stdout=subprocess.PIPE) as process:
        url = f"http://127.0.0.1:{port}"
        async with client() as menta:
            await until_ready(menta, url)
            answers = [await menta.get(f"{url}/tickets?user=ana%40example.com") for _ in range(5)]
        process.send_signal(signal.SIGTERM)
        out, _ = await asyncio.to_thread(process.communicate, None, PATIENCE)

    assert [len(answer.json()["tickets"]) for answer in answers] == [1] * 5
    assert process.returncode == 0
    assert out == b"ticketbridge: stderr is closed: errors and the log are lost\n"


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


# --- signals and workers --------------------------------------------------------------------------


@pytest.mark.parametrize("workers", ["1", "2"])
async def test_a_hangup_cuts_no_pull(platform: FakePlatform, tmp_path: Path, workers: str) -> None:
    """SIGHUP to all processes at once, as a terminal sends it, ends neither them nor their pulls."""
    platform.on("/orders", slow(0.5), GOOD)
    with serving_program(tmp_path, platform.url, TICKETBRIDGE_WORKERS=workers) as program:
        async with client() as menta:
            await until_ready(menta, program.url)
            await until(lambda: started(program) == int(workers))
            before = workers_of(program)
            pull = asyncio.create_task(menta.get(program.tickets))
            await until(lambda: platform.seen)
            for pid in (*before, program.process.pid):
                os.kill(pid, signal.SIGHUP)
            first, second = await pull, await menta.get(program.tickets)
            after = workers_of(program)
        program.tell(signal.SIGTERM)
        code = await asyncio.to_thread(program.ended)

    assert (first.status_code, second.status_code, code) == (200, 200, 0)
    assert len(program.events("mappings read again")) >= int(workers)
    assert (before, len(after)) == (after, int(workers) if workers == "2" else 0)


async def test_workers_leave_with_their_supervisor(platform: FakePlatform, tmp_path: Path) -> None:
    """When the supervisor is killed, its workers finish their pulls, and end."""
    platform.on("/orders", slow(1.0))
    with serving_program(tmp_path, platform.url, TICKETBRIDGE_WORKERS="2") as program:
        async with client() as menta:
            await until_ready(menta, program.url)
            await until(lambda: started(program) == 2)
            workers = workers_of(program)
            pull = asyncio.create_task(menta.get(program.tickets))
            await until(lambda: platform.seen)
            program.process.kill()
            answer = await pull
            await until(lambda: not any(map(is_alive, workers)))
        lines = [line for line in program.lines() if line["event"] == "answer"]

    assert answer.status_code == 200
    assert [line["status"] for line in lines] == [200]


CHILD = """
import subprocess, sys
from tests.processes import own_process
with own_process(sys.argv[1:]) as process:
    print(process.pid, flush=True)
    sys.stdin.read()
"""


async def test_no_process_of_a_test_outlives_the_tests() -> None:
    """A process that a test has started ends with it, with all of its own, also when tests are killed."""
    sleeper = [sys.executable, "-c", "import time; time.sleep(600)"]
    pipe = subprocess.PIPE
    tests = subprocess.Popen(  # noqa: ASYNC220, S603 - our own
        [sys.executable, "-c", CHILD, *sleeper], stdin=pipe, stdout=pipe, cwd=ROOT
    )
    assert tests.stdout is not None
    pid = int(await asyncio.to_thread(tests.stdout.readline))
    assert is_alive(pid)
    tests.kill()
    await asyncio.to_thread(tests.communicate)
    await until(lambda: not is_alive(pid))

    shell = ["sh", "-c", f"{shlex.join(sleeper)} & echo $!; wait"]
    with own_process(shell, stdout=pipe) as process:
        assert process.stdout is not None
        pid = int(await asyncio.to_thread(process.stdout.readline))
        assert is_alive(pid)
    await until(lambda: not is_alive(pid))


async def test_workers_mark_a_user_alike(platform: FakePlatform, tmp_path: Path) -> None:
    """Without a key of the log workers share one that was made, so that their lines match."""
    platform.on("/orders", GOOD)
    with serving_program(tmp_path, platform.url, TICKETBRIDGE_WORKERS="2") as program:
        async with client() as menta:
            await until_ready(menta, program.url)
            await until(lambda: started(program) == 2)

        async def both_have_answered() -> None:
            while platform.open_connections < 2:  # each worker has one of its own
                async with client() as menta:
                    await menta.get(program.tickets)

        await asyncio.wait_for(both_have_answered(), PATIENCE)
        program.tell(signal.SIGTERM)
        await asyncio.to_thread(program.ended)
        marks = {line["user"] for line in program.lines() if line["event"] == "answer"}

    assert len(marks) == 1


async def test_workers_have_about_as_many_connections_each(
    platform: FakePlatform, tmp_path: Path
) -> None:
    """Connections that are kept go to both of two workers, as they come."""
    with serving_program(tmp_path, platform.url, TICKETBRIDGE_WORKERS="2") as program:
        await until(lambda: started(program) == 2)
        pids = [line["pid"] for line in program.events("worker started")]
        before = [files_of(pid) for pid in pids]
        kept = []
        for _ in range(40):
            kept.append(socket.create_connection(("127.0.0.1", program.port)))
            await asyncio.sleep(0.01)
        await until(lambda: sum(map(files_of, pids)) >= sum(before) + 40)
        taken = [files_of(pid) - known for pid, known in zip(pids, before, strict=True)]
        for connection in kept:
            connection.close()

    assert min(taken) >= 5


def files_of(pid: int) -> int:
    """How many files a process has open."""
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


# --- connections ----------------------------------------------------------------------------------


def test_connections_beyond_the_setting_get_503(platform: FakePlatform, tmp_path: Path) -> None:
    """One that is open keeps its place; the next is told so at once, before it has asked anything."""
    with serving_program(tmp_path, platform.url, TICKETBRIDGE_MAX_CONNECTIONS="1") as program:
        place = ("127.0.0.1", program.port)
        with (
            socket.create_connection(place, PATIENCE) as first,
            socket.create_connection(place, PATIENCE) as second,
        ):
            told = second.makefile("rb").readline()
            first.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            answer = first.makefile("rb").readline()

    assert (told[:12], answer[:12]) == (b"HTTP/1.1 503", b"HTTP/1.1 200")


@pytest.mark.parametrize(("connections", "lines"), [("999999999", 1), ("100", 0)])
def test_too_few_files_for_the_connections_are_said(
    platform: FakePlatform, tmp_path: Path, connections: str, lines: int
) -> None:
    """Where the system lets the process open fewer files than it needs, its log warns at the start."""
    number = {"TICKETBRIDGE_MAX_CONNECTIONS": connections}
    with serving_program(tmp_path, platform.url, None, **number) as program:
        program.tell(signal.SIGTERM)
        program.ended()
        found = [line for line in program.lines() if line["event"] == "too few files may be open"]

    assert len(found) == lines
    assert all(line["allowed"] < line["wanted"] == 2_000_000_198 for line in found)
