"""The sockets of a server: where it listens, and what is said where it cannot."""

from __future__ import annotations

import asyncio
import errno
import os
import resource
import socket
import subprocess
import sys

import pytest

from ticketbridge.service import listening
from ticketbridge.service.listening import (
    allow_open_files,
    close_all,
    is_loopback,
    open_listeners,
    place_of,
    unread_bytes,
    url_of,
)
from ticketbridge.service.settings import SettingsError


def slip(host: str, port: int = 0) -> str:
    """What is said of a host and port on which nobody can listen."""
    with pytest.raises(SettingsError) as caught:
        open_listeners(host, port)
    return str(caught.value)


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", "localhost"])
def test_a_socket_takes_connections_at_once(host: str) -> None:
    """Sockets listen before anything else runs, and a client connects to the URL that is told."""
    listeners = open_listeners(host, 0)
    port = listeners[0].getsockname()[1]
    with socket.create_connection(("127.0.0.1", port), 5):
        pass

    assert url_of(listeners[0]) == f"http://127.0.0.1:{port}"
    assert place_of(listeners[0]).endswith(f":{port}")
    close_all(listeners)


def test_an_answer_does_not_wait_for_more() -> None:
    """The sockets name their protocol, so that the event loops switch Nagle's algorithm off."""
    (listener,) = open_listeners("127.0.0.1", 0)

    assert listener.proto == socket.IPPROTO_TCP
    listener.close()


@pytest.mark.skipif(not socket.has_ipv6, reason="this machine has no IPv6")
def test_an_ipv6_url_has_brackets() -> None:
    """A URL with an IPv6 address can be used as it is."""
    listeners = open_listeners("::1", 0)

    assert url_of(listeners[0]) == f"http://[::1]:{listeners[0].getsockname()[1]}"
    close_all(listeners)


def test_a_taken_port_is_named() -> None:
    """Where another program listens, the error says so, and what to do."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

        assert slip("127.0.0.1", port) == (
            f"cannot listen on 127.0.0.1, port {port}: another program listens there;"
            " name another port, or stop that program"
        )


@pytest.mark.parametrize(
    "host",
    ["nosuch.invalid", "[::1]", "127.0.0.1:80", "http://127.0.0.1", "unix:/tmp/x", "a..b", "x" * 300,
     "256.1.1.1", "a\x00b"],
)  # fmt: skip
def test_a_host_that_is_none_is_named(host: str) -> None:
    """A name that means no address is an error that says what a host is."""
    assert slip(host).startswith(f"cannot listen on {host!r}: no address or name of this machine")


def test_an_address_of_another_machine_is_named() -> None:
    """An address that this machine does not have is no place to listen."""
    assert slip("192.0.2.1", 8080) == (
        "cannot listen on 192.0.2.1, port 8080: this machine does not have that address"
    )


@pytest.mark.parametrize(
    ("number", "port", "said"),
    [
        (errno.EACCES, 80, "ports below 1024 need a privilege"),
        (errno.EACCES, 8080, "Permission denied"),
        (errno.EMFILE, 8080, "Too many open files"),
        (0, 8080, "it is not possible"),
    ],
)
def test_what_the_system_refuses_is_said_in_words(
    number: int, port: int, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No number of an error, and no text of Python's, is shown."""

    def refuse(*_: object) -> socket.socket:
        raise OSError(number, os.strerror(number)) if number else OSError("[Errno x]")

    monkeypatch.setattr(listening, "_bound_one", refuse)

    found = slip("127.0.0.1", port)
    assert said in found
    assert "Errno" not in found


def test_a_name_with_an_address_that_is_not_here_is_served_by_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """`localhost` may stand for IPv6 too where that is switched off."""
    here = listening.addresses_of("127.0.0.1")
    away = listening.addresses_of("192.0.2.1")
    monkeypatch.setattr(listening, "addresses_of", lambda _host: [*away, *here])

    listeners = open_listeners("both.example", 0)

    assert [listener.getsockname()[0] for listener in listeners] == ["127.0.0.1"]
    close_all(listeners)


@pytest.mark.parametrize(
    ("host", "is_so"),
    [
        ("127.0.0.1", True),
        ("127.1.2.3", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("192.0.2.1", False),
        ("::ffff:0.0.0.0", False),
    ],
)
def test_loopback_is_what_this_machine_alone_reaches(host: str, is_so: bool) -> None:
    """All addresses are not loopback, and one written as IPv6 is what it stands for."""
    assert is_loopback(host) == is_so


FILES = """
import resource, sys
from ticketbridge.service.listening import allow_open_files
soft, hard, wanted = map(int, sys.argv[1:])
resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
print(allow_open_files(wanted), resource.getrlimit(resource.RLIMIT_NOFILE)[0])
"""


@pytest.mark.parametrize(
    ("soft", "hard", "wanted", "allowed", "then"),
    [(100, 400, 300, 300, 300), (100, 400, 500, 400, 400), (350, 400, 300, 300, 350)],
    ids=["raised", "as far as it goes", "enough"],
)
def test_a_process_may_open_the_files_that_it_needs(
    soft: int, hard: int, wanted: int, allowed: int, then: int
) -> None:
    """The limit is raised as far as the system lets it be, never lowered, and one is told how far."""
    words = [sys.executable, "-c", FILES, *map(str, (soft, hard, wanted))]
    told = subprocess.run(words, capture_output=True, text=True, check=True).stdout  # noqa: S603

    assert told.split() == [str(allowed), str(then)]


def test_a_limit_that_the_system_does_not_change_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some systems refuse a limit below the one that they name."""

    def refuse(*_: object) -> None:
        raise ValueError

    monkeypatch.setattr(resource, "getrlimit", lambda _: (100, resource.RLIM_INFINITY))
    monkeypatch.setattr(resource, "setrlimit", refuse)

    assert allow_open_files(300) == 100


def test_where_all_ports_are_taken_the_first_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """After the last of the ports that may be tried there is no other one."""

    def taken(*_: object) -> None:
        raise OSError(errno.EADDRINUSE, "in use")

    monkeypatch.setattr(listening, "_bound", taken)
    with pytest.raises(SettingsError, match="no port from 65534 on is free"):
        open_listeners("127.0.0.1", 65534, more_ports=5)


def test_what_has_no_socket_has_nothing_unread() -> None:
    """Of such a connection the system tells nothing, and it is not taken for a busy one."""
    assert unread_bytes(asyncio.Transport()) == 0
