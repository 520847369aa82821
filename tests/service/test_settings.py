"""The operator's settings."""

from __future__ import annotations

from ipaddress import ip_network
from pathlib import Path

import pytest

from ticketbridge.service.settings import (
    Settings,
    SettingsError,
    doubts_of,
    doubts_of_variables,
    settings_from,
)


def test_defaults_are_those_of_the_documentation() -> None:
    """Without a variable each setting has its default."""
    settings = settings_from({"TICKETBRIDGE_LOG_FORMAT": "json"})

    assert settings == Settings()
    assert (settings.port, settings.workers, settings.grace) == (8080, 1, 30.0)


def test_each_variable_sets_its_setting() -> None:
    """Every variable is read, and written back the same for worker processes."""
    settings = settings_from(
        {
            "TICKETBRIDGE_HOST": "0.0.0.0",
            "TICKETBRIDGE_PORT": "9000",
            "TICKETBRIDGE_WORKERS": "4",
            "TICKETBRIDGE_MAPPINGS": "a.yaml:b",
            "TICKETBRIDGE_LOG_FORMAT": "text",
            "TICKETBRIDGE_LOG_LEVEL": "WARNING",
            "TICKETBRIDGE_TRUSTED_PROXIES": "10.0.0.0/8, 2001:db8::/32",
            "TICKETBRIDGE_MAX_CONCURRENCY": "5",
            "TICKETBRIDGE_MAX_CONNECTIONS": "11",
            "TICKETBRIDGE_KEEP_ALIVE": "620s",
            "TICKETBRIDGE_GRACE": "1.5m",
            "TICKETBRIDGE_ALLOW_OPEN": "1",
            "TICKETBRIDGE_LOG_KEY": "a-key-of-16-or-more",
        }
    )

    assert settings == Settings(
        host="0.0.0.0",
        port=9000,
        workers=4,
        mappings=("a.yaml", "b"),
        log_format="text",
        log_level="warning",
        trusted_proxies=(ip_network("10.0.0.0/8"), ip_network("2001:db8::/32")),
        max_concurrency=5,
        max_connections=11,
        keep_alive=620.0,
        grace=90.0,
        allow_open=True,
        log_key="a-key-of-16-or-more",
    )
    assert settings_from(settings.as_environment()) == settings


@pytest.mark.parametrize(
    ("name", "value", "wanted"),
    [
        ("PORT", "eighty", "0 to 65535"),
        ("PORT", "70000", "0 to 65535"),
        ("WORKERS", "0", "from 1"),
        ("MAX_CONCURRENCY", "-1", "from 1"),
        ("MAX_CONNECTIONS", "0", "from 1"),
        ("LOG_FORMAT", "xml", "json or text"),
        ("LOG_LEVEL", "loud", "debug, info, warning, error"),
        ("TRUSTED_PROXIES", "10.0.0.1/8", "networks"),
        ("KEEP_ALIVE", "75", "75s"),
        ("KEEP_ALIVE", "0s", "above 0"),
        ("GRACE", "30", "30s"),
        ("GRACE", "-1s", "30s"),
        ("GRACE", "25h", "at most 24h"),
        ("MAX_CONNECTIONS", "99999999999999999999999", "from 1 to 999999999"),
        ("MAX_CONCURRENCY", "1000000000", "from 1 to 999999999"),
        ("WORKERS", "257", "from 1 to 256"),
        ("PORT", "8_080", "0 to 65535"),
        ("PORT", "\uff18\uff10", "0 to 65535"),
        ("PORT", "-1", "0 to 65535"),
        ("WORKERS", "1e1", "from 1"),
        ("HOST", " ", "an address to listen on"),
        ("ALLOW_OPEN", "yes", "1 or 0"),
        ("LOG_KEY", "short", "at least 16 characters"),
        ("LOG_KEY", " " * 20, "at least 16 characters, not counting blanks"),
    ],
)
def test_a_wrong_setting_names_the_variable_and_what_it_takes(
    name: str, value: str, wanted: str
) -> None:
    """A setting that cannot be used is an error, never a default."""
    with pytest.raises(SettingsError, match=f"TICKETBRIDGE_{name} .*{wanted}"):
        settings_from({f"TICKETBRIDGE_{name}": value})


@pytest.mark.parametrize(
    ("name", "value"), [("PORT", "abc"), ("PORT", ""), ("HOST", ""), ("WORKERS", "none")]
)
def test_a_wrong_flag_is_named_as_a_flag(name: str, value: str) -> None:
    """What was given as a flag is called by the flag's name; it beats the variable, empty too."""
    with pytest.raises(SettingsError, match=f"^--{name.lower()} must be "):
        settings_from({f"TICKETBRIDGE_{name}": "1"}, {name: value})


def test_the_key_of_the_log_may_come_from_a_file(tmp_path: Path) -> None:
    """As with other secrets, `TICKETBRIDGE_LOG_KEY_FILE` names a file that holds it."""
    file = tmp_path / "key"
    file.write_text("a-key-of-16-or-more\n")

    assert settings_from({"TICKETBRIDGE_LOG_KEY_FILE": str(file)}).log_key == "a-key-of-16-or-more"
    with pytest.raises(SettingsError, match="TICKETBRIDGE_LOG_KEY_FILE"):
        settings_from({"TICKETBRIDGE_LOG_KEY_FILE": str(tmp_path / "none")})


@pytest.mark.parametrize("content", ["", "\n"])
def test_an_empty_file_is_no_key_of_the_log(tmp_path: Path, content: str) -> None:
    """Otherwise each start would make a new key, and no line of two starts would match."""
    file = tmp_path / "key"
    file.write_text(content)

    with pytest.raises(SettingsError, match=r"LOG_KEY_FILE names is empty: .* 16 characters"):
        settings_from({"TICKETBRIDGE_LOG_KEY_FILE": str(file)})


def test_the_key_of_the_log_is_never_shown() -> None:
    """Settings may be printed."""
    assert "a-key" not in repr(Settings(log_key="a-key-of-16-or-more"))


def test_a_proxy_written_as_ipv6_is_the_ipv4_one() -> None:
    """A peer's address is compared as IPv4, whichever way the network is written."""
    settings = settings_from({"TICKETBRIDGE_TRUSTED_PROXIES": "::ffff:10.0.0.1, ::ffff:a00:0/104"})

    assert settings.trusted_proxies == (ip_network("10.0.0.1"), ip_network("10.0.0.0/8"))


@pytest.mark.parametrize(
    ("networks", "doubted"),
    [
        ("0.0.0.0/0", ["0.0.0.0/0"]),
        ("::/0", ["::/0"]),
        ("::ffff:0:0/96", ["0.0.0.0/0"]),
        ("10.0.0.0/8, 0.0.0.0/1, 128.0.0.0/1", ["0.0.0.0/1", "128.0.0.0/1"]),
        ("2000::/3", ["2000::/3"]),
        ("0.0.0.0", ["0.0.0.0/32"]),
        ("127.0.0.1, 10.0.0.0/8, 172.16.0.0/12, fc00::/7, ::1, 2400:cb00::/32", []),
        ("", []),
    ],
)
def test_proxies_that_anyone_may_be_are_doubted(networks: str, doubted: list[str]) -> None:
    """Whoever is in a trusted network may name any address: one that strangers are in is a warning."""
    settings = settings_from({"TICKETBRIDGE_TRUSTED_PROXIES": networks})
    found = list(doubts_of(settings))

    assert len(found) == len(doubted)
    for text, network in zip(found, doubted, strict=True):
        assert text.startswith(f"TICKETBRIDGE_TRUSTED_PROXIES has {network}")


@pytest.mark.parametrize(("connections", "doubted"), [(999, True), (1000, False)])
def test_fewer_connections_than_answers_are_doubted(connections: int, doubted: bool) -> None:
    """Each answer under way has a connection: with fewer of these the number of answers says nothing."""
    (*found,) = doubts_of(Settings(max_concurrency=1000, max_connections=connections))

    assert [text.startswith("TICKETBRIDGE_MAX_CONNECTIONS (999) is below") for text in found] == (
        [True] if doubted else []
    )


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("TICKETBRIDGE_GRACES", ': did you mean "TICKETBRIDGE_GRACE"?'),
        ("TICKETBRIDGE_MAPPING", ': did you mean "TICKETBRIDGE_MAPPINGS"?'),
        ("TICKETBRIDGE_WORKERS_FILE", ': did you mean "TICKETBRIDGE_WORKERS"?'),
        ("TICKETBRIDGE_XYZ", ""),
    ],
)
def test_a_variable_that_nothing_reads_is_doubted(name: str, meant: str) -> None:
    """A misspelt setting is one that has its default, without a word otherwise."""
    variables = {name: "hidden", "TICKETBRIDGE_PORT": "1", "OTHER_GRACES": "1"}

    assert list(doubts_of_variables(variables)) == [
        f"{name} is no setting, and nothing reads it{meant}"
    ]


@pytest.mark.parametrize(
    "name",
    [
        *Settings().as_environment(),
        "TICKETBRIDGE_LOG_KEY_FILE",
        "TICKETBRIDGE_ACME_TOKEN",
        "TICKETBRIDGE_ACME_TOKEN_FILE",
        "TICKETBRIDGE_SERVICE_HOST",
        "TICKETBRIDGE_SERVICE_PORT_HTTP",
        "TICKETBRIDGE_PORT_8080_TCP_ADDR",
    ],
)
def test_a_variable_that_something_reads_is_not_doubted(name: str) -> None:
    """Settings, the variables of mappings and their files, and what Kubernetes makes for a service."""
    source = b"token: ${TICKETBRIDGE_ACME_TOKEN:-}"

    assert list(doubts_of_variables({name: "1"}, [source])) == []
