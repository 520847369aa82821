"""Start the demo of an installed ticketbridge and send it the request that it prints."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
import tempfile
import urllib.request


def main(program: str) -> None:
    """Fail unless *program*'s demo answers its own curl with tickets."""
    running = subprocess.Popen(
        [program, "demo", "--port", "0"],
        stdout=subprocess.PIPE,
        text=True,
        cwd=tempfile.gettempdir(),  # nothing of the checkout is in reach
    )
    try:
        assert running.stdout is not None
        line = next(line for line in running.stdout if "curl " in line)
        words = shlex.split(line[line.index("curl ") :])
        url = next(word for word in words if word.startswith("http"))
        name, _, value = words[words.index("-H") + 1].partition(": ")
        request = urllib.request.Request(url, headers={name: value})  # noqa: S310 - loopback
        with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310 - loopback
            tickets = json.load(response)["tickets"]
    finally:
        running.terminate()
        running.wait(10)
    assert tickets
    print(
        f"{response.status}: {len(tickets)} tickets, {response.headers['X-Ticketbridge-Verdicts']}"
    )


if __name__ == "__main__":
    main(sys.argv[1])
