"""`/readyz`: whether pulls are answered here, and the state of each mapping."""

from __future__ import annotations

from ticketbridge.service.admission import Admission
from ticketbridge.service.mapping_set import BrokenMapping, MappingSet
from ticketbridge.service.replies import Reply, json_reply


def describe_readiness(mappings: MappingSet, load: Admission) -> Reply:
    """Return 200 if pulls are answered, else 503.

    A platform that is down, or a mapping that cannot be used, is named, but does not make the others wait. No
    reason is given, because everybody may ask; the log has it.
    """
    loaded = mappings.loaded
    status = "leaving" if load.is_leaving else "ready" if loaded else "no mappings"
    platforms = [
        {"platform": each.platform, "breaker": each.bridge.breaker, "digest": each.digest}
        for each in loaded
    ]
    document: dict[str, object] = {"status": status, "platforms": platforms}
    if mappings.broken:
        names = mappings.names
        document["broken"] = [_describe_broken(each, names[each.file]) for each in mappings.broken]
    return json_reply(document, 200 if status == "ready" else 503)


def _describe_broken(mapping: BrokenMapping, name: str) -> dict[str, object]:
    served = "the last good content" if mapping.is_served else "nothing"
    return {"file": name, "codes": mapping.codes, "served": served}
