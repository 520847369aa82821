"""Time zones by their IANA names, which may come from a platform's data, and their clocks."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ticketbridge.jmes.errors import ArgumentFault

_LONGEST = 64
# The folder of a machine has more than IANA's names: `localtime`, `posixrules`, and `right/...`, whose
# clocks count leap seconds. None of these begins with a capital.
_NAME = re.compile(r"[A-Z][A-Za-z0-9_+-]*(?:/[A-Z][A-Za-z0-9_+-]*){0,2}")
_NO_ZONE = frozenset({"Factory"})


def zone_named(name: str | None) -> ZoneInfo | None:
    """Return the zone of this IANA name, or None for null. Raises ArgumentFault if there is none."""
    if name is None:
        return None
    if len(name) > _LONGEST or not _NAME.fullmatch(name):
        raise ArgumentFault("the text is no IANA name of a time zone, such as Europe/Madrid")
    zone = _known(name)
    if zone is None:
        # The name may be of the data: it is not shown.
        raise ArgumentFault("the IANA database has no time zone of this name")
    return zone


@lru_cache(maxsize=1024)
def _known(name: str) -> ZoneInfo | None:
    # A name that is not there would be looked for in several folders each time.
    try:
        return None if name in _NO_ZONE else ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def in_utc(moment: datetime, zone: ZoneInfo | None) -> datetime:
    """Return *moment* in UTC: by its own offset if it has one, else by the clock of *zone*.

    If the clock shows a time twice, it is the earlier one. Raises ArgumentFault without an offset and
    a zone, and for a time that the clock skips.
    """
    if moment.tzinfo is not None:
        return moment.astimezone(UTC)
    if zone is None:
        raise ArgumentFault(
            "the string has no offset, and date() no zone to read it in:"
            " write date(value, `null`, 'Europe/Madrid'), or the path of the zone's name"
        )
    found = moment.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if found.astimezone(zone).replace(tzinfo=None) != moment:
        raise ArgumentFault("the zone's clock skips this time")
    return found
