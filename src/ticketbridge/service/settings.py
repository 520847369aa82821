"""The operator's settings: TICKETBRIDGE_* variables, each of which a flag can replace."""

from __future__ import annotations

import ipaddress
import os
import re
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

from ticketbridge.mapping.environment import Environment, VariableError
from ticketbridge.mapping.findings import nearest
from ticketbridge.mapping.networks import has_no_caller, is_too_wide, unmapped
from ticketbridge.mapping.spec import IPNetwork
from ticketbridge.terminal import UsageError

LogFormat = Literal["json", "text"]
DEFAULT_CONNECTIONS = 2000
_PREFIX = "TICKETBRIDGE_"
_LOG_KEY = "TICKETBRIDGE_LOG_KEY"
_NAMED = re.compile(rb"\$\{(TICKETBRIDGE_[A-Za-z0-9_]+)")
_OF_KUBERNETES = re.compile(
    r"TICKETBRIDGE_([A-Z0-9_]+_)?(SERVICE_(HOST|PORT)(_[A-Z0-9_]+)?|PORT_[0-9]+_[A-Z0-9_]+)"
)
_SHORTEST_KEY = 16
_MOST_AT_ONCE = 999_999_999
_LONGEST = 86_400.0  # seconds, which is 24h


class SettingsError(UsageError):
    """A setting that cannot be used; the text names the variable and what it takes."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How one service runs.

    *host* is the address on which the server listens, even if another server runs the application.
    *workers* is the number of processes. *max_concurrency* limits the answers at once, and
    *max_connections* the connections at once, both per worker. Connections that wait between two
    requests count too. *keep_alive* is the time in seconds after which such a connection is closed.
    *grace* is the time in seconds to finish answers at the end.

    *allow_open*: mappings with `access: open` are served although others can reach *host*. *watch*:
    mappings are read again when their files change. *log_key* is the key of the users' marks in the
    log; if it is "", each process makes one. If *metrics_port* is 0, nothing is counted.
    """

    host: str = "127.0.0.1"
    port: int = 8080
    workers: int = 1
    metrics_port: int = 9464
    metrics_host: str = "127.0.0.1"
    mappings: tuple[str, ...] = ()
    watch: bool = False
    log_format: LogFormat = "json"
    log_level: str = "info"
    trusted_proxies: tuple[IPNetwork, ...] = field(default=())
    max_concurrency: int = 1000
    max_connections: int = DEFAULT_CONNECTIONS
    keep_alive: float = 75.0
    grace: float = 30.0
    allow_open: bool = False
    log_key: str = field(default="", repr=False)

    def as_environment(self) -> dict[str, str]:
        """Return the variables from which `settings_from` reads these settings back."""
        written = {
            f"{_PREFIX}{name.upper()}": variable.write(getattr(self, name))
            for name, variable in _VARIABLES.items()
        }
        return {**written, _LOG_KEY: self.log_key}


def settings_from(
    environment: Mapping[str, str] = os.environ, flags: Mapping[str, str] | None = None
) -> Settings:
    """Return the settings from *environment*. *flags*, by the same names, replace them.

    Raises SettingsError, which names the variable or the flag that is wrong.
    """
    made: dict[str, Any] = {"log_format": "text" if sys.stderr.isatty() else "json"}
    for name, variable in _VARIABLES.items():
        flag = (flags or {}).get(name.upper())
        source = f"{_PREFIX}{name.upper()}" if flag is None else f"--{name.replace('_', '-')}"
        text = environment.get(source, "") if flag is None else flag
        if flag is None and not text:
            continue
        try:
            made[name] = variable.read(text)
        except ValueError:
            raise SettingsError(f"{source} must be {variable.wanted}, not {text!r}") from None
    return Settings(**made, log_key=_log_key(environment))


def doubts_of(settings: Settings) -> Iterator[str]:
    """Yield warnings: settings that work, but are probably a mistake."""
    if settings.max_connections < settings.max_concurrency:
        yield (
            f"TICKETBRIDGE_MAX_CONNECTIONS ({settings.max_connections}) is below"
            f" TICKETBRIDGE_MAX_CONCURRENCY ({settings.max_concurrency}), which is never reached so: each"
            " answer takes a connection; raise the first to about twice the second"
        )
    for network in settings.trusted_proxies:
        if is_too_wide(network):
            yield (
                f"TICKETBRIDGE_TRUSTED_PROXIES has {network}: everyone in it may name any address as"
                " the caller's, and so pass every `allow`; name the proxies in front alone"
            )
        elif has_no_caller(network):
            yield (
                f"TICKETBRIDGE_TRUSTED_PROXIES has {network}, from which nobody can connect;"
                " name the addresses of the proxies in front"
            )


def doubts_of_variables(
    environment: Mapping[str, str], sources: Iterable[bytes] = ()
) -> Iterator[str]:
    """Yield a warning for each variable with our prefix that nothing reads.

    *sources* are the files of the mappings, which may name such a variable. The variables that
    Kubernetes makes for a service called `ticketbridge` are known too.
    """
    known = {*Settings().as_environment(), f"{_LOG_KEY}_FILE"}
    named = {name.decode() for source in sources for name in _NAMED.findall(source)}
    named |= {f"{name}_FILE" for name in named}
    for name, value in sorted(environment.items()):
        if not name.startswith(_PREFIX) or not value or name in known | named:
            continue
        if _OF_KUBERNETES.fullmatch(name):
            continue
        near = nearest(name.removeprefix(_PREFIX), [each.removeprefix(_PREFIX) for each in known])
        meant = f': did you mean "{_PREFIX}{near}"?' if near else ""
        yield f"{name} is no setting, and nothing reads it{meant}"


def _host(text: str) -> str:
    if not text.strip():
        raise ValueError
    return text


def _whole_number(least: int, most: int) -> Callable[[str], int]:
    """Return a function that reads a whole number from *least* to *most*."""

    def read(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,9}", text) or not least <= int(text) <= most:
            raise ValueError
        return int(text)

    return read


def _flag(text: str) -> bool:
    if text not in {"1", "0"}:
        raise ValueError
    return text == "1"


def _log_key(environment: Mapping[str, str]) -> str:
    """Return the key, or the content of the file that `…_FILE` names, as with other secrets."""
    name = _LOG_KEY
    try:
        key = Environment(environment).look_up(name, "").text
    except VariableError as error:
        raise SettingsError(str(error)) from None
    wanted = f"a text of at least {_SHORTEST_KEY} characters"
    if not key and environment.get(f"{name}_FILE"):
        raise SettingsError(
            f"the file that {name}_FILE names is empty: it must have {wanted}"
            f" (or unset {name}_FILE; each start makes a new key then)"
        )
    if key and len(key.strip()) < _SHORTEST_KEY:
        raise SettingsError(f"{name} must be {wanted}, not counting blanks around it")
    return key


def _paths(text: str) -> tuple[str, ...]:
    return tuple(part for part in text.split(os.pathsep) if part)


def _one_of(words: Collection[str]) -> Callable[[str], str]:
    """Return a function that reads one of *words*."""

    def read(text: str) -> str:
        if text not in words:
            raise ValueError
        return text

    return read


def _networks(text: str) -> tuple[IPNetwork, ...]:
    parts = [part.strip() for part in text.split(",")]
    return tuple(unmapped(ipaddress.ip_network(part)) for part in parts if part)


def _some_seconds(text: str) -> float:
    seconds = _seconds(text)
    if not seconds:
        raise ValueError
    return seconds


def _seconds(text: str) -> float:
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h)", text, re.ASCII)
    if match is None:
        raise ValueError
    seconds = float(match[1]) * {"ms": 0.001, "s": 1, "m": 60, "h": 3600}[match[2]]
    if seconds > _LONGEST:
        raise ValueError
    return seconds


@dataclass(frozen=True, slots=True)
class _Setting:
    """The text of one setting: what reads it, or raises ValueError, what it must be, and what writes it."""

    read: Callable[[str], Any]
    wanted: str
    write: Callable[[Any], str] = str


def _count_up_to(most: int) -> _Setting:
    return _Setting(_whole_number(1, most), f"a whole number from 1 to {most}")


def _write_flag(value: bool) -> str:
    return str(int(value))


def _write_seconds(seconds: float) -> str:
    return f"{seconds:f}s"


_LEVELS = ("debug", "info", "warning", "error")
_VARIABLES: Mapping[str, _Setting] = MappingProxyType(
    {
        "host": _Setting(_host, "an address to listen on"),
        "port": _Setting(_whole_number(0, 65535), "a port from 0 to 65535"),
        "workers": _count_up_to(256),
        "metrics_port": _Setting(
            _whole_number(0, 65535), "a port from 1 to 65535, or 0 for no metrics"
        ),
        "metrics_host": _Setting(_host, "an address to listen on"),
        "mappings": _Setting(_paths, "paths, separated as in PATH", os.pathsep.join),
        "watch": _Setting(_flag, "1 or 0", _write_flag),
        "log_format": _Setting(_one_of(("json", "text")), "json or text"),
        "log_level": _Setting(lambda text: _one_of(_LEVELS)(text.lower()), ", ".join(_LEVELS)),
        "trusted_proxies": _Setting(
            _networks, "networks like 10.0.0.0/8, by comma", lambda value: ",".join(map(str, value))
        ),
        "max_concurrency": _count_up_to(_MOST_AT_ONCE),
        "max_connections": _count_up_to(_MOST_AT_ONCE),
        "keep_alive": _Setting(
            _some_seconds, "a duration like 75s, above 0 and at most 24h", _write_seconds
        ),
        "grace": _Setting(_seconds, "a duration like 30s, at most 24h", _write_seconds),
        "allow_open": _Setting(_flag, "1 or 0", _write_flag),
    }
)
"""The settings by their names, which in capitals are those of their variables; `log_key` stands apart."""
