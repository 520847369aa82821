"""The output of the demo: what to try, and the reasons of each answer."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from typing import TextIO
from urllib.parse import urlsplit

from ticketbridge.demo.lantern import CUSTOMERS
from ticketbridge.demo.running import LOOPBACK, PORT, Demo, running_demo
from ticketbridge.engine.answer_trace import AnswerTrace
from ticketbridge.engine.bridge import Bridge
from ticketbridge.engine.tickets.verdicts import NOT_OWNER, RETURNED, Record
from ticketbridge.service import logs
from ticketbridge.service.replies import Reply
from ticketbridge.service.settings import Settings
from ticketbridge.terminal import BOLD, GREEN, RED, YELLOW, Paint, counted

MAIN_USER = "ana@example.com"
USERS = {
    MAIN_USER: "two pages of orders: some tickets are valid, some are not, one is Bruno's",
    "bruno@example.com": "one ticket",
    "carla@example.com": "a customer who owns nothing: 200 with an empty list",
    "nobody@example.com": "not a customer: an empty list too, for another reason",
    "dora@example.com": "a status word that the mapping does not list: 502 and no list at all",
}


class Screen:
    """Writes to *out*, in colour if that is a terminal."""

    def __init__(self, out: TextIO) -> None:
        self._out = out
        self._paint = Paint(out)

    def greet(self, demo: Demo, *, wanted_port: int) -> None:
        """Write what runs where, and what to try."""
        places = {
            "platform": f"{demo.api}, a legacy ticketing platform, invented",
            "bridge": f"{demo.tickets}, where menta tech asks",
            "mapping": f"{demo.mapping}, all that a platform writes",
        }
        ask = f"curl -s -H 'X-Menta-Secret: {demo.secret}' '{demo.tickets}?user={MAIN_USER}'"
        orders = f"{demo.api}/customers/{CUSTOMERS[MAIN_USER]['number']}/orders"
        look = f"curl -s -H 'Authorization: Bearer {demo.token}' '{orders}'"
        self._write(
            f"{self._paint('ticketbridge demo', BOLD)}{_describe_port(demo, wanted_port)}",
            "",
            *_align(places),
            "",
            "In another terminal, ask as menta tech does which valid tickets Ana owns:",
            "",
            f"  {self._paint(ask, BOLD)}",
            "",
            "Users to ask for:",
            "",
            *_align(USERS),
            "",
            "What the platform itself says about Ana (page 1):",
            "",
            f"  {self._paint(look, BOLD)}",
            "",
            "Each answer's reasons follow here: one verdict for each record. Ctrl-C stops.",
        )

    def show(self, _bridge: Bridge, trace: AnswerTrace, reply: Reply) -> None:
        """Write one answer: its status, what it took, and the verdict on each record."""
        problem: dict[str, str] | None = json.loads(reply.body) if reply.status >= 400 else None
        outcome = problem["type"].rpartition(":")[2] if problem else _count_tickets(trace.records)
        painted = self._paint(f"{reply.status}: {outcome}", RED if problem else GREEN)
        self._write(
            "",
            f"{painted}; {_count_calls(trace)}",
            *self._verdicts(trace.records),
            *(f"  {note}" for note in trace.notes),
            *([f"  {problem['detail']}: no list goes out"] if problem else []),
        )

    def say_goodbye(self) -> None:
        """Write the last line."""
        self._write("", "Stopped.")

    def _verdicts(self, records: Sequence[Record]) -> list[str]:
        verdict_width = max((len(str(record.verdict)) for record in records), default=0)
        id_width = max((len(record.ticket_id or "") for record in records), default=0)
        return [
            f"  {self._paint(f'{record.verdict!s:<{verdict_width}}', _choose_colour(record))}"
            f"  {record.ticket_id or '-':<{id_width}}  {_find_reason(record)}"
            for record in records
        ]

    def _write(self, *lines: str) -> None:
        self._out.write("".join(f"{line.rstrip()}\n" for line in lines))
        self._out.flush()


def _align(rows: dict[str, str]) -> list[str]:
    width = max(map(len, rows))
    return [f"  {name:<{width}}  {what}" for name, what in rows.items()]


def _describe_port(demo: Demo, wanted: int) -> str:
    port = urlsplit(demo.tickets).port
    return "" if wanted in {0, port} else f" (port {wanted} is taken: it is on {port})"


def _count_tickets(records: Sequence[Record]) -> str:
    if not records:
        return "no tickets: the platform named none"
    returned = sum(record.verdict == RETURNED for record in records)
    return f"{counted(returned, 'ticket')} from {counted(len(records), 'record')}"


def _count_calls(trace: AnswerTrace) -> str:
    if not trace.calls:
        return "the platform was not asked"
    took = trace.upstream.seconds * 1000
    return f"{counted(trace.calls, 'call')} to the platform in {took:.1f} ms"


def _find_reason(record: Record) -> str:
    # Nothing of another's record is read but the owner.
    return "someone else's" if record.verdict == NOT_OWNER else record.reason


def _choose_colour(record: Record) -> str:
    if record.verdict.is_violation:
        return RED
    return GREEN if record.verdict == RETURNED else YELLOW


def run_demo(port: int = PORT, *, out: TextIO | None = None, host: str = LOOPBACK) -> int:
    """Run the demo until Ctrl-C or SIGTERM, and return the exit code. *out* is stdout by default.

    Raises NoMappings if the demo's mapping is not installed, and SettingsError if it cannot listen. If
    *port* is taken, the next free one is used; 0 takes any.
    """
    # The answers are told on the screen; the log keeps to defects.
    logs.configure(Settings(log_level="error", log_format="text"))
    with suppress(KeyboardInterrupt):  # Ctrl-C where a loop takes no signal handlers
        asyncio.run(_run_until_stopped(port, host, Screen(out or sys.stdout)))
    return 0


async def _run_until_stopped(port: int, host: str, screen: Screen) -> None:
    stop = asyncio.Event()
    with suppress(NotImplementedError):
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with running_demo(port, host=host, observe=screen.show) as demo:
        screen.greet(demo, wanted_port=port)
        await stop.wait()
    screen.say_goodbye()
