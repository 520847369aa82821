"""SOAP 1.1 and 1.2: find an answer that reports a fault, whatever its status."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

_FAULT = ("Envelope", "Body", "Fault")
_CODES = (("faultcode",), ("Code", "Value"), ("Code", "Subcode", "Value"))
_STANDARD = re.compile(
    # SOAP 1.1, section 4.4.1; SOAP 1.2, section 5.4.6; and WS-Security 1.1, section 12.
    r"(?:Client|Server|Sender|Receiver|VersionMismatch|MustUnderstand|DataEncodingUnknown"
    r"|UnsupportedSecurityToken|UnsupportedAlgorithm|InvalidSecurity|InvalidSecurityToken"
    r"|FailedAuthentication|FailedCheck|SecurityTokenUnavailable|MessageExpired)(?:\.[A-Za-z]+)*"
)


def find_fault(body: Any) -> str | None:
    """Return what an envelope with a fault is called in the log; None if the document *body* is no such.

    It has the codes that the standards name. What else a platform says may be about a person.
    """
    faults = list(_follow(body, _FAULT))
    if not faults:
        return None
    found = [code for fault in faults for path in _CODES for code in _follow(fault, path)]
    names = [code.rpartition(":")[2] for code in found if isinstance(code, str)]
    told = dict.fromkeys(name for name in names if _STANDARD.fullmatch(name))
    return ", ".join(["a SOAP fault", *told])


def _follow(element: Any, path: tuple[str, ...]) -> Iterator[Any]:
    """Yield what is at *path*: the mapping may declare lists, or the platform sent several."""
    if not path:
        yield element
    elif isinstance(element, dict) and path[0] in element:
        child = element[path[0]]
        for each in child if isinstance(child, list) else [child]:
            yield from _follow(each, path[1:])
