"""The command's part: run the demo until someone stops it, and tell them what happens."""

from __future__ import annotations

import asyncio
import signal
import sys
from contextlib import suppress
from typing import TextIO

from ticketbridge import logs
from ticketbridge.demo.running import LOOPBACK, PORT, running_demo
from ticketbridge.demo.screen import Screen
from ticketbridge.settings import Settings


def run_demo(port: int = PORT, *, out: TextIO | None = None, host: str = LOOPBACK) -> int:
    """Run the demo until Ctrl-C or SIGTERM; the exit code. *out* is stdout by default.

    Where *port* is taken, the next free one is used; 0 takes any. Raises NoMappings where the
    demo's mapping is not installed, and SettingsError where it cannot listen.
    """
    # The answers are told on the screen; the log keeps to defects.
    logs.configure(Settings(log_level="error", log_format="text"))
    with suppress(KeyboardInterrupt):  # Ctrl-C where a loop takes no signal handlers
        asyncio.run(_until_stopped(port, host, Screen(out or sys.stdout)))
    return 0


async def _until_stopped(port: int, host: str, screen: Screen) -> None:
    stop = asyncio.Event()
    with suppress(NotImplementedError):
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with running_demo(port, host=host, observe=screen.show) as demo:
        screen.greet(demo, wanted_port=port)
        await stop.wait()
    screen.say_goodbye()
