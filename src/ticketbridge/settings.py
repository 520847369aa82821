"""The operator's settings: TICKETBRIDGE_* variables, each of which a flag may replace."""

from __future__ import annotations

import ipaddress
import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeVar, cast

from ticketbridge.mapping.networks import has_no_caller, is_too_wide, unmapped
from ticketbridge.mapping.spec import IPNetwork

T = TypeVar("T")
LogFormat = Literal["json", "text"]
_LEVELS = ("debug", "info", "warning", "error")


class SettingsError(Exception):
    """A setting that cannot be used; the text names the variable and what it takes."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How one service runs. *grace*: seconds to drain; *max_concurrency*: answers at once, per worker."""

    host: str = "127.0.0.1"
    port: int = 8080
    workers: int = 1
    mappings: tuple[str, ...] = ()
    log_format: LogFormat = "json"
    log_level: str = "info"
    trusted_proxies: tuple[IPNetwork, ...] = field(default=())
    max_concurrency: int = 1000
    grace: float = 30.0

    def as_environment(self) -> dict[str, str]:
        """The variables that `settings_from` reads these settings back from."""
        values = {
            "HOST": self.host,
            "PORT": str(self.port),
            "WORKERS": str(self.workers),
            "MAPPINGS": os.pathsep.join(self.mappings),
            "LOG_FORMAT": self.log_format,
            "LOG_LEVEL": self.log_level,
            "TRUSTED_PROXIES": ",".join(map(str, self.trusted_proxies)),
            "MAX_CONCURRENCY": str(self.max_concurrency),
            "GRACE": f"{self.grace:f}s",
        }
        return {f"TICKETBRIDGE_{name}": value for name, value in values.items()}


def settings_from(environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings that *environment* gives; SettingsError names the variable that is wrong."""
    read, default = _Reader(environment), Settings()
    return Settings(
        host=read("HOST", str, default.host, "an address to listen on"),
        port=read("PORT", _port, default.port, "a port from 0 to 65535"),
        workers=read("WORKERS", _count, default.workers, "a whole number from 1"),
        mappings=read("MAPPINGS", _paths, default.mappings, "paths, separated as in PATH"),
        log_format=read("LOG_FORMAT", _log_format, _default_format(), "json or text"),
        log_level=read("LOG_LEVEL", _log_level, default.log_level, ", ".join(_LEVELS)),
        trusted_proxies=read(
            "TRUSTED_PROXIES",
            _networks,
            default.trusted_proxies,
            "networks like 10.0.0.0/8, by comma",
        ),
        max_concurrency=read(
            "MAX_CONCURRENCY", _count, default.max_concurrency, "a whole number from 1"
        ),
        grace=read("GRACE", _seconds, default.grace, "a duration like 30s"),
    )


def doubts_of(settings: Settings) -> Iterator[str]:
    """What can be used, and is hardly meant."""
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


class _Reader:
    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    def __call__(self, name: str, parse: Callable[[str], T], default: T, wanted: str) -> T:
        text = self._environment.get(f"TICKETBRIDGE_{name}", "")
        if not text:
            return default
        try:
            return parse(text)
        except ValueError:
            raise SettingsError(f"TICKETBRIDGE_{name} must be {wanted}") from None


def _default_format() -> LogFormat:
    return "text" if sys.stderr.isatty() else "json"


def _port(text: str) -> int:
    port = int(text)
    if not 0 <= port <= 65535:
        raise ValueError
    return port


def _count(text: str) -> int:
    count = int(text)
    if count < 1:
        raise ValueError
    return count


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


def _seconds(text: str) -> float:
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h)", text, re.ASCII)
    if match is None:
        raise ValueError
    return float(match[1]) * {"ms": 0.001, "s": 1, "m": 60, "h": 3600}[match[2]]
