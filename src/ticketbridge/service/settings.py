"""The operator's settings: TICKETBRIDGE_* variables, each of which a flag can replace."""

from __future__ import annotations

import ipaddress
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeVar, cast

from ticketbridge.mapping.environment import Environment, VariableError
from ticketbridge.mapping.findings import nearest
from ticketbridge.mapping.networks import has_no_caller, is_too_wide, unmapped
from ticketbridge.mapping.spec import IPNetwork
from ticketbridge.terminal import UsageError

T = TypeVar("T")
LogFormat = Literal["json", "text"]
DEFAULT_CONNECTIONS = 2000
_PREFIX = "TICKETBRIDGE_"
_LOG_KEY = "TICKETBRIDGE_LOG_KEY"
_NAMED = re.compile(rb"\$\{(TICKETBRIDGE_[A-Za-z0-9_]+)")
_OF_KUBERNETES = re.compile(
    r"TICKETBRIDGE_([A-Z0-9_]+_)?(SERVICE_(HOST|PORT)(_[A-Z0-9_]+)?|PORT_[0-9]+_[A-Z0-9_]+)"
)
_SHORTEST_KEY = 16
_MOST_WORKERS = 256
_MOST_AT_ONCE = 999_999_999
_LONGEST = 86_400.0  # seconds, which is 24h
_LEVELS = ("debug", "info", "warning", "error")


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
        values = {
            "HOST": self.host,
            "PORT": str(self.port),
            "WORKERS": str(self.workers),
            "METRICS_PORT": str(self.metrics_port),
            "METRICS_HOST": self.metrics_host,
            "MAPPINGS": os.pathsep.join(self.mappings),
            "WATCH": str(int(self.watch)),
            "LOG_FORMAT": self.log_format,
            "LOG_LEVEL": self.log_level,
            "TRUSTED_PROXIES": ",".join(map(str, self.trusted_proxies)),
            "MAX_CONCURRENCY": str(self.max_concurrency),
            "MAX_CONNECTIONS": str(self.max_connections),
            "KEEP_ALIVE": f"{self.keep_alive:f}s",
            "GRACE": f"{self.grace:f}s",
            "ALLOW_OPEN": str(int(self.allow_open)),
            "LOG_KEY": self.log_key,
        }
        return {f"{_PREFIX}{name}": value for name, value in values.items()}


def settings_from(
    environment: Mapping[str, str] = os.environ, flags: Mapping[str, str] | None = None
) -> Settings:
    """Return the settings from *environment*. *flags*, by the same names, replace them.

    Raises SettingsError, which names the variable or the flag that is wrong.
    """
    read, default = _SettingsReader(environment, flags or {}), Settings()
    return Settings(
        host=read("HOST", _host, default.host, "an address to listen on"),
        port=read("PORT", _port, default.port, "a port from 0 to 65535"),
        workers=read(
            "WORKERS", _up_to(_MOST_WORKERS), default.workers, _from_one_to(_MOST_WORKERS)
        ),
        metrics_port=read(
            "METRICS_PORT",
            _port,
            default.metrics_port,
            "a port from 1 to 65535, or 0 for no metrics",
        ),
        metrics_host=read("METRICS_HOST", _host, default.metrics_host, "an address to listen on"),
        mappings=read("MAPPINGS", _paths, default.mappings, "paths, separated as in PATH"),
        watch=read("WATCH", _flag, default.watch, "1 or 0"),
        log_format=read("LOG_FORMAT", _log_format, _default_format(), "json or text"),
        log_level=read("LOG_LEVEL", _log_level, default.log_level, ", ".join(_LEVELS)),
        trusted_proxies=read(
            "TRUSTED_PROXIES",
            _networks,
            default.trusted_proxies,
            "networks like 10.0.0.0/8, by comma",
        ),
        max_concurrency=read(
            "MAX_CONCURRENCY",
            _up_to(_MOST_AT_ONCE),
            default.max_concurrency,
            _from_one_to(_MOST_AT_ONCE),
        ),
        max_connections=read(
            "MAX_CONNECTIONS",
            _up_to(_MOST_AT_ONCE),
            default.max_connections,
            _from_one_to(_MOST_AT_ONCE),
        ),
        keep_alive=read(
            "KEEP_ALIVE",
            _some_seconds,
            default.keep_alive,
            "a duration like 75s, above 0 and at most 24h",
        ),
        grace=read("GRACE", _seconds, default.grace, "a duration like 30s, at most 24h"),
        allow_open=read("ALLOW_OPEN", _flag, default.allow_open, "1 or 0"),
        log_key=_log_key(environment),
    )


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


class _SettingsReader:
    def __init__(self, environment: Mapping[str, str], flags: Mapping[str, str]) -> None:
        self._environment = environment
        self._flags = flags

    def __call__(self, name: str, parse: Callable[[str], T], default: T, wanted: str) -> T:
        flag = self._flags.get(name)
        text = self._environment.get(f"TICKETBRIDGE_{name}", "") if flag is None else flag
        if flag is None and not text:
            return default
        try:
            return parse(text)
        except ValueError:
            source = f"TICKETBRIDGE_{name}" if flag is None else _flag_of(name)
            raise SettingsError(f"{source} must be {wanted}, not {text!r}") from None


def _flag_of(name: str) -> str:
    return f"--{name.lower().replace('_', '-')}"


def _default_format() -> LogFormat:
    return "text" if sys.stderr.isatty() else "json"


def _host(text: str) -> str:
    if not text.strip():
        raise ValueError
    return text


def _port(text: str) -> int:
    port = _number(text)
    if port > 65535:
        raise ValueError
    return port


def _up_to(most: int) -> Callable[[str], int]:
    """Return a function that reads a whole number from 1 to *most*."""

    def count(text: str) -> int:
        number = _number(text)
        if not 1 <= number <= most:
            raise ValueError
        return number

    return count


def _from_one_to(most: int) -> str:
    return f"a whole number from 1 to {most}"


def _number(text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise ValueError
    return int(text)


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


def _log_format(text: str) -> LogFormat:
    if text not in {"json", "text"}:
        raise ValueError
    return cast(LogFormat, text)


def _log_level(text: str) -> str:
    if text.lower() not in _LEVELS:
        raise ValueError
    return text.lower()


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
