"""Checks of TLS: one handshake before anything is sent, so that no secret goes to an unproven host."""

from __future__ import annotations

import socket
import ssl
import time
import warnings
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from ticketbridge.engine.upstream.failures import certificate_fault
from ticketbridge.terminal import UsageError
from ticketbridge.workbench.probe.caller import ProbeTarget
from ticketbridge.workbench.probe.probe_findings import ProbeCheck, ProbeFinding, finding

_SOON: Final = 21
_DAY: Final = 86_400
_OLD = ssl.TLSVersion.TLSv1_1


def trust_of(ca: Path | None) -> ssl.SSLContext:
    """Return the trusted authorities: the machine's, or only those in the file *ca*."""
    try:
        return ssl.create_default_context(cafile=None if ca is None else str(ca))
    except (OSError, ssl.SSLError):
        raise UsageError(f"--ca {ca}: no file with certificates (PEM)") from None


def check_tls(target: ProbeTarget, trust: ssl.SSLContext) -> ProbeCheck:
    """Check version, chain, name and days left. After the finding `tls-untrusted` nothing may be sent."""
    if not target.is_tls:
        if _is_this_machine(target.host):
            return ProbeCheck("tls", (), ("http to this machine itself",))
        message = "The endpoint is called without TLS"
        return ProbeCheck("tls", (finding("no-tls", message, "http"),))
    try:
        version, certificate = _handshake(target, trust)
    except ssl.SSLCertVerificationError as error:
        reason = certificate_fault(error)
        message = "The endpoint cannot prove who it is"
        return ProbeCheck("tls", (finding("tls-untrusted", message, reason),))
    except ssl.SSLError as error:
        message = "There is no handshake"
        reason = (error.reason or "failed").lower().replace("_", " ")
        return ProbeCheck("tls", (finding("tls-untrusted", message, reason),))
    except OSError as error:
        got = f"no connection ({error.strerror or type(error).__name__})"
        return ProbeCheck("tls", (finding("no-answer", "Nobody listens there", got),))
    days = int((ssl.cert_time_to_seconds(str(certificate["notAfter"])) - time.time()) // _DAY)
    findings: list[ProbeFinding] = []
    if days < _SOON:
        findings.append(finding("tls-expires", "The certificate expires soon", f"{days} days left"))
    if _takes_old(target):
        message = "An old version of TLS is accepted"
        findings.append(finding("tls-version", message, "TLS 1.1 or older"))
    return ProbeCheck("tls", findings, (f"{version}, certificate for {days} more days",))


def _is_this_machine(host: str) -> bool:
    """Return whether *host* is this machine by its name or address, without a lookup."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _handshake(target: ProbeTarget, context: ssl.SSLContext) -> tuple[str, Mapping[str, Any]]:
    """Return the version and the verified certificate. Raises OSError, for example SSLError."""
    address = (target.host, urlsplit(target.url).port or 443)
    with (
        socket.create_connection(address, timeout=target.timeout) as plain,
        context.wrap_socket(plain, server_hostname=target.host) as secured,
    ):
        return secured.version() or "", secured.getpeercert() or {}


def _takes_old(target: ProbeTarget) -> bool:
    """Return whether a handshake with TLS 1.1 or older succeeds. Nothing is sent after it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # that these are old is the point
            context.minimum_version = ssl.TLSVersion.TLSv1
            context.maximum_version = _OLD
        context.set_ciphers("ALL:@SECLEVEL=0")
        version, _ = _handshake(target, context)
    except (OSError, ValueError):
        return False
    return version in {"TLSv1", "TLSv1.1"}
