"""Callers who wait: so many connections, each with one request that is not answered.

Run as a process of its own. Prints a line when all requests are sent, and, when its input ends, how many
still wait for the first byte of an answer.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path


async def run(port: int, request: bytes, connections: int) -> int:
    """Ask, wait for the end of our input, and give the number of callers who have heard nothing."""
    made = [await asyncio.open_connection("127.0.0.1", port) for _ in range(connections)]
    for _, writer in made:
        writer.write(request)
        await writer.drain()
    print("waiting", flush=True)
    heard = [asyncio.create_task(reader.read(1)) for reader, _ in made]
    await asyncio.to_thread(sys.stdin.read)
    waiting = sum(not task.done() for task in heard)
    for _, writer in made:
        writer.close()
    return waiting


def main(arguments: Sequence[str]) -> int:
    """Port, a file with the request, and the number of connections."""
    port, request, connections = arguments
    print(asyncio.run(run(int(port), Path(request).read_bytes(), int(connections))))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
